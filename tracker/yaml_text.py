"""Parse YAML that others wrote, within bounds.

A few lines of YAML may stand for billions of values (`b: [*a, *a]`), and a few kilobytes may nest
more deeply than Python can follow. What is read here can be walked through and printed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


LONGEST = 64 * 1024
"""Bytes: the reader is slow, and settings are short."""
DEEPEST = 32
"""Levels of nesting."""
MOST = 10_000
"""Values, each of them as often as it is used."""


def load(text: str | bytes) -> Any:
    """The document, in which every plain value is text. Raises ValueError, which says why not."""
    import yaml

    if len(text) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST // 1024} KB")
    try:
        found = yaml.load(text, Loader=_loader())  # noqa: S506  # nosec B506  # text only
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise ValueError(next(iter(str(error).splitlines()), "it is no YAML")) from None
    return _Expansion().copy(found, 0)


def _loader() -> Any:
    import yaml

    class Loader(yaml.BaseLoader):
        """Texts, lists and mappings alone, and not too deep."""

        depth = count = 0

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.depth > DEEPEST:
                raise ValueError(_DEEP)
            self.count += 1
            if self.count > MOST:
                raise ValueError(_MANY)
            self.depth += 1
            try:
                return super().compose_node(parent, index)
            finally:
                self.depth -= 1

    return Loader


class _Expansion:
    """Counts values while they are copied, so that each is there as often as it is used."""

    def __init__(self) -> None:
        self.count = 0

    def copy(self, value: Any, depth: int) -> Any:
        self.count += 1
        if self.count > MOST:
            raise ValueError(_MANY)
        if depth > DEEPEST:
            raise ValueError(_DEEP)
        if isinstance(value, dict):
            return {name: self.copy(held, depth + 1) for name, held in value.items()}
        if isinstance(value, list):
            return [self.copy(held, depth + 1) for held in value]
        return value


_MANY = f"it stands for more than {MOST:,} values"
_DEEP = f"it is nested more than {DEEPEST} levels deep"
