"""What a write may not bring into git: where every line on its way to a shared file is looked at.

What looks like a secret and is none passes by its fingerprint, as somebody said with
`--allow-secret`. That is remembered in this clone, so that the hook before a commit knows it too; a
team shares such fingerprints in `config.yaml`, under `secrets.allow`.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from tracker import fileio, secrets
from tracker.beside import PRIVATE
from tracker.config import names
from tracker.errors import SecretFound
from tracker.gitdir import refuse_tracked, tracked_below

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tracker.caller import Caller
    from tracker.screen import Policy
    from tracker.shelf import Shelf, Wanted

T = TypeVar("T")

NAME = "secrets-allow"
KEY = "secrets.allow"


class Gate:
    """The gate of one caller; `cautions` tells what the last write brought that may be a secret."""

    def __init__(self, policy: Callable[[], Policy]) -> None:
        self.cautions: tuple[str, ...] = ()
        self._policy = policy
        self._marks: dict[str, str] = {}

    def passed(self, shelf: Shelf, wanted: Wanted) -> Wanted:
        """The lines that may be written, by file and name. Raises SecretFound.

        What never leaves this clone may hold anything, and is no excuse for what does.
        """
        self.cautions, self._marks = (), {}
        shared = {file: lines for file, lines in wanted.items() if not file.startswith(PRIVATE)}
        doubtful = {
            (file, name): line
            for file, lines in shared.items()
            for name, line in lines.items()
            if line is not None and secrets.hinted(line.decode("utf-8", "replace"))
        }
        if not doubtful:  # as nearly always
            return wanted
        from tracker import screen

        before = (shelf.of(file).line(name) for file, lines in shared.items() for name in lines)
        found = screen.screened(doubtful, (line for line in before if line), self._policy)
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
        from tracker.screen import replaced

        return replaced(value, self._marks)  # type: ignore[no-any-return]


def cleared(
    texts: Mapping[str, str], policy: Callable[[], Policy], *, undone: str = "written"
) -> dict[str, str]:
    """Texts on their way to git, by what each is called, as they may be written.

    Raises SecretFound, unless the policy says to redact or to let pass; `undone` is what was not.
    """
    found = {
        name: [one for one in secrets.find(text) if one.refuses] for name, text in texts.items()
    }
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
    return {name: secrets.redacted(text, new[name]) for name, text in texts.items()}


def policy(local: str, config: Mapping[str, Any], caller: Caller) -> Policy:
    """What this caller says about secrets; what passes is remembered."""
    from tracker.screen import Policy

    said = caller.allowed_secrets
    if said:
        refuse_tracked(local)
        _remember(local, said)
    return Policy(caller.redact, allowed(local, config) | said)


def allowed(local: str, config: Mapping[str, Any]) -> frozenset[str]:
    """The fingerprints that a clone and its configuration let pass."""
    own = set() if tracked_below(local) else _remembered(local)
    return frozenset({*own, *names(config, KEY)})


def _remember(local: str, fingerprints: Iterable[str]) -> None:
    """Let these pass from now on; where that cannot be written, nothing is lost."""
    from tracker.refresh import make_local

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
