"""Refuse secrets before they are written; fingerprints that are allowed.

What looks like a secret and is none passes by its fingerprint, as somebody said with
`--allow-secret`. That is remembered in this clone, so that the hook before a commit knows it too; a
team shares such fingerprints in `config.yaml`, under `secrets.allow`.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from tracker import fileio
from tracker.errors import SecretFound
from tracker.git.discovery import refuse_tracked, tracked_below
from tracker.log.config_file import names
from tracker.log.paths import PRIVATE
from tracker.secrets import rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from tracker.log.record_file import Wanted
    from tracker.log.snapshot import Snapshot
    from tracker.model.context import Caller
    from tracker.secrets.scan import SecretPolicy


T = TypeVar("T")

NAME = "secrets-allow"
KEY = "secrets.allow"


class Gate:
    """The gate of one caller; `cautions` tells what the last write brought that may be a secret."""

    def __init__(self, policy: Callable[[], SecretPolicy]) -> None:
        self.cautions: tuple[str, ...] = ()
        self._policy = policy
        self._marks: dict[str, str] = {}

    def passed(self, shelf: Snapshot, wanted: Wanted) -> Wanted:
        """The lines that may be written, by file and name. Raises SecretFound.

        What never leaves this clone may hold anything, and is no excuse for what does.
        """
        self.cautions, self._marks = (), {}
        shared = {file: lines for file, lines in wanted.items() if not file.startswith(PRIVATE)}
        doubtful = {
            (file, name): line
            for file, lines in shared.items()
            for name, line in lines.items()
            if line is not None and rules.hinted(line.decode("utf-8", "replace"))
        }
        if not doubtful:  # as nearly always
            return wanted
        from tracker.secrets import scan

        before = (shelf.of(file).line(name) for file, lines in shared.items() for name in lines)
        found = scan.screened(doubtful, (line for line in before if line), self._policy)
        self.cautions, self._marks = found.warnings, dict(found.marks)
        if not self._marks:
            return wanted
        lines = found.lines
        return {
            file: {name: lines.get((file, name), line) for name, line in held.items()}
            for file, held in wanted.items()
        }

    def marked(self, value: T) -> T:
        """Records and texts as the last write has them, with a mark in place of each secret."""
        if not self._marks:
            return value
        from tracker.secrets.scan import replaced

        return replaced(value, self._marks)  # type: ignore[no-any-return]


def cleared(
    texts: Mapping[str, str], policy: Callable[[], SecretPolicy], *, undone: str = "written"
) -> dict[str, str]:
    """Texts on their way to git, by what each is called, as they may be written.

    Raises SecretFound, unless the policy says to redact or to let pass; `undone` is what was not.
    """
    found = {name: [one for one in rules.find(text) if one.refuses] for name, text in texts.items()}
    if not any(found.values()):
        return dict(texts)
    redact, allowed = policy()
    new = {
        name: [one for one in several if one.fingerprint not in allowed]
        for name, several in found.items()
    }
    if not redact and any(new.values()):
        told = [f"{name}: {one}" for name, several in new.items() for one in several]
        prints = [one.fingerprint for several in new.values() for one in several]
        raise SecretFound(told, prints, undone=undone)
    return {name: rules.redacted(text, new[name]) for name, text in texts.items()}


def policy(local: str, config: Mapping[str, Any], caller: Caller) -> SecretPolicy:
    """What this caller says about secrets; what passes is remembered."""
    from tracker.secrets.scan import SecretPolicy

    said = caller.allowed_secrets
    if said:
        refuse_tracked(local)
        _remember(local, said)
    return SecretPolicy(caller.redact, allowed(local, config) | said)


def allowed(local: str, config: Mapping[str, Any]) -> frozenset[str]:
    """The fingerprints that a clone and its configuration let pass."""
    own = set() if tracked_below(local) else _remembered(local)
    return frozenset({*own, *names(config, KEY)})


def _remember(local: str, fingerprints: Iterable[str]) -> None:
    """Let these pass from now on; where that cannot be written, nothing is lost."""
    from tracker.fileio import make_local

    new = sorted(set(fingerprints) - _remembered(local))
    with suppress(OSError):
        make_local(local)
        text = "".join(f"{one}\n" for one in new)
        fileio.append(os.path.join(local, NAME), text.encode("ascii", "replace"), 0o666)


def _remembered(local: str) -> set[str]:
    try:
        return set(fileio.read(os.path.join(local, NAME)).decode("ascii", "replace").split())
    except OSError:
        return set()
