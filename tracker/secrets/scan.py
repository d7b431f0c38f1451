"""Find and redact secrets in records.

What the changed records held before never counts, wherever in them it stood, so that a record that
holds a secret can still be edited, moved and renamed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from tracker.errors import SecretFound, quoted
from tracker.json_text import DEEP, members, quote
from tracker.log.paths import MEMORY_FILE
from tracker.secrets import rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    from tracker.json_text import Member
    from tracker.secrets.rules import Finding


K = TypeVar("K")

_STRING = r'"[^"\\]*(?:\\.[^"\\]*)*"'


class Spotted(NamedTuple):
    """A finding in a record: the path of the field, the line and the column within its text."""

    field: str
    line: int
    column: int
    finding: Finding

    def __str__(self) -> str:
        place = f"{rules.veiled(self.field)}, line {self.line}, column {self.column}"
        return f"{place}: {self.finding}"


class SecretPolicy(NamedTuple):
    """What to do about a secret: put a mark in its place, or let those of a fingerprint pass."""

    redact: bool = False
    allowed: frozenset[str] = frozenset()


class Screened(NamedTuple):
    """The lines to write, what to warn of, and each value that has given way to a mark."""

    lines: dict[Any, bytes | None]
    warnings: tuple[str, ...] = ()
    marks: tuple[tuple[str, str], ...] = ()


def spotted(line: bytes) -> list[Spotted]:
    """Every finding in the texts of a record. A line that is no object is one text."""
    text = line.decode("utf-8", "replace")
    if not rules.hinted(text):
        return []
    return [
        Spotted(field, *_place(value, one.start), one)
        for field, value in _texts(text)
        for one in rules.find(value)
    ]


def screened(
    lines: Mapping[K, bytes | None], old: Iterable[bytes], policy: Callable[[], SecretPolicy]
) -> Screened:
    """The lines as they may be written; `old` are those that they replace.

    The policy is asked for only where something is found. Raises SecretFound, unless it says to
    redact or to let pass.
    """
    found = {key: spotted(line) for key, line in lines.items() if line is not None}
    found = {key: spots for key, spots in found.items() if spots}
    if not found:
        return Screened(dict(lines))
    redact, allowed = policy()
    known = allowed.union(one.finding.fingerprint for line in old for one in spotted(line))
    new = {
        key: [one for one in spots if one.finding.fingerprint not in known]
        for key, spots in found.items()
    }
    if redact:
        return _redacted(lines, new)
    refused = {key: [one for one in spots if one.finding.refuses] for key, spots in new.items()}
    prints = dict.fromkeys(one.finding.fingerprint for spots in refused.values() for one in spots)
    if prints:
        raise SecretFound(_told(refused, len(lines)), [*prints])
    doubtful = [f"this may be a secret: {one}" for one in _told(new, len(lines))]
    if doubtful:
        doubtful[-1] += f"\nHint: {_way_out(new)}"
    return Screened(dict(lines), tuple(doubtful))


def brought(before: Iterable[bytes], after: Iterable[bytes]) -> dict[bytes, list[Spotted]]:
    """What lines hold that none of those before held: lines that are new, and what is in them."""
    old = list(before)
    known = set(old)
    found = {line: spotted(line) for line in after if line not in known}
    found = {line: spots for line, spots in found.items() if spots}
    if not found:
        return {}
    seen = {one.finding.fingerprint for line in old for one in spotted(line)}
    new = {
        line: [one for one in spots if one.finding.fingerprint not in seen]
        for line, spots in found.items()
    }
    return {line: spots for line, spots in new.items() if spots}


def replaced(value: Any, marks: Mapping[str, str]) -> Any:
    """A value made of records, lists and texts with the marks in all of its texts."""
    if isinstance(value, str):
        for secret, mark in marks.items():
            value = value.replace(secret, mark)
        return value
    if isinstance(value, dict):
        return {key: replaced(item, marks) for key, item in value.items()}
    if isinstance(value, list | tuple):
        items = [replaced(item, marks) for item in value]
        return value._make(items) if hasattr(value, "_make") else type(value)(items)
    if hasattr(value, "__dataclass_fields__"):
        from dataclasses import fields, replace

        names = [field.name for field in fields(value)]
        return replace(value, **{name: replaced(getattr(value, name), marks) for name in names})
    return value


def _way_out(found: Mapping[Any, Iterable[Spotted]]) -> str:
    """What to do about what was written; `found` has the file and the name of each record."""
    held = {key: [one.finding.fingerprint for one in spots] for key, spots in found.items()}
    prints = ",".join(dict.fromkeys(one for several in held.values() for one in several))
    keys = [key[-1] for key, several in held.items() if several and key[0] == MEMORY_FILE]
    back, more = "bd undo", ""
    if keys:
        back, more = f"bd memory purge {' '.join(map(quoted, keys))} --force", " or --local"
    again = f"{back}, then again with --redact{more}"
    return f"it is written. If it is one: {again}; if not: --allow-secret {prints}"


def _told(found: Mapping[Any, Iterable[Spotted]], count: int) -> list[str]:
    """Each finding once; where several records are written, with the name of its record."""
    told: dict[str, None] = {}
    for key, spots in found.items():
        name = f"{rules.veiled(str(key[-1]))}: " if count > 1 and isinstance(key, tuple) else ""
        told.update((f"{name}{one}", None) for one in spots)
    return [*told]


def _redacted(lines: Mapping[K, bytes | None], new: Mapping[K, list[Spotted]]) -> Screened:
    written: dict[Any, bytes | None] = dict(lines)
    marks: dict[str, str] = {}
    for key, spots in new.items():
        line = lines[key]
        if line is not None and spots:
            written[key] = _marked(line, {one.finding.fingerprint for one in spots}, marks)
    told = tuple(f"redacted: {one}" for one in _told(new, len(lines)))
    return Screened(written, told, tuple(marks.items()))


def _marked(line: bytes, prints: set[str], marks: dict[str, str]) -> bytes:
    """A line with a mark in the place of each of these findings; `marks` gets to know them."""

    def string(match: re.Match[str]) -> str:
        text = _text_of(match[0])
        found = [one for one in rules.find(text) if one.fingerprint in prints]
        marks.update((text[one.start : one.end], rules.mark(one)) for one in found)
        return quote(rules.redacted(text, found)) if found else match[0]

    return re.sub(_STRING, string, line.decode(), flags=re.DOTALL).encode()


def _text_of(token: str) -> str:
    import json

    try:
        return str(json.loads(token, strict=False))
    except ValueError:
        return token


def _texts(text: str) -> Iterator[tuple[str, str]]:
    """Path and value of each text in a record, names of fields included.

    What repeated keys hide from those who read JSON stands in the line all the same.
    """
    try:
        found, _ = members(text)
    except ValueError:
        yield "line", text
        yield from (("line", value) for value in _strings(text) if "\\" in text)
        return
    seen = set()
    for path, value in _fields(found):
        seen.add(value)
        yield path, value
    yield from (("line", value) for value in _strings(text) if value not in seen)


def _fields(found: Mapping[str, Member]) -> Iterator[tuple[str, str]]:
    for name, member in found.items():
        yield "name of a field", name
        if member.value is DEEP:
            yield from ((name, value) for value in _strings(member.raw))
        else:
            yield from _walk(name, member.value)


def _strings(text: str) -> Iterator[str]:
    """Every string of a JSON text."""
    return (_text_of(token[0]) for token in re.finditer(_STRING, text, re.DOTALL))


def _walk(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield f"{path}, a key", name
            yield from _walk(f"{path}/{name}", item)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _walk(f"{path}/{number}", item)


def _place(text: str, at: int) -> tuple[int, int]:
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
