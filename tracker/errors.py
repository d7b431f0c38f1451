"""Every error, with its exit code and hint.

    TrackerError       exit 1; a message, and a hint that can be typed
    ├── NotATracker    no workspace here
    ├── NotFound       no issue has this id
    ├── NoMemory       nothing is kept under this key
    ├── Ambiguous      several issues match this id
    ├── Invalid        a value breaks a rule of the model
    ├── Cycle          a dependency would make an issue wait for itself
    ├── Refused        the workspace or the record may not be written now
    │   ├── Conflicted the log holds conflict markers
    │   ├── Blocked    an issue cannot be closed, because something open stands in its way
    │   ├── SecretFound  a text holds what must not get into git
    │   └── NotYours   somebody else wrote what was to be undone
    ├── Taken          somebody else has claimed the issue
    ├── Moved          the record is not what it was when the operation ran
    └── Locked         another process kept the lock for too long

Anything else that reaches the command line is a bug of ours (exit 3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


SHOWN = 20
"""How many findings an error tells."""


def quoted(text: str) -> str:
    """A path or a key as a shell takes it, for hints."""
    from shlex import quote

    return quote(text)


class TrackerError(Exception):
    """Something a person can act on.

    `code` is the slug that `--json` prints, `hint` the next step.
    """

    code = "error"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class NotATracker(TrackerError):
    """There is no workspace here or above."""

    code = "no-workspace"

    def __init__(self, where: str, *, why: str = "", hint: str = "bd init") -> None:
        detail = f": {why}" if why else ""
        super().__init__(f"no beads database found in {where} or above{detail}", hint=hint)
        self.where = where


class NotFound(TrackerError):
    """No issue has this id."""

    code = "not-found"

    def __init__(self, id: str, near: Sequence[str] = ()) -> None:
        hint = f"did you mean {', '.join(near)}?" if near else "bd list --all shows every id"
        super().__init__(f'no issue found matching "{id}"', hint=hint)
        self.id = id
        self.near = tuple(near)


class NoMemory(TrackerError):
    """Nothing is kept under this key; `near` are keys that may have been meant."""

    code = "not-found"

    def __init__(self, key: str, near: Sequence[str] = (), *, hint: str = "") -> None:
        shown = f"did you mean {', '.join(near)}?" if near else "bd memory list shows every key"
        super().__init__(f'No memory with key "{key}"', hint=hint or shown)
        self.key = key
        self.near = tuple(near)


class Ambiguous(TrackerError):
    """Several issues match this id."""

    code = "ambiguous"

    def __init__(self, id: str, matches: Sequence[str]) -> None:
        shown = " ".join(matches[:10]) + (" ..." if len(matches) > 10 else "")
        super().__init__(
            f'ambiguous ID "{id}" matches {len(matches)} issues: [{shown}]',
            hint="use more characters to disambiguate",
        )
        self.id = id
        self.matches = tuple(matches)


class Invalid(TrackerError):
    """A value breaks a rule of the model."""

    code = "invalid"


class Cycle(TrackerError):
    """A dependency would make an issue wait for itself; `path` starts and ends with it."""

    code = "cycle"

    def __init__(self, path: Sequence[str]) -> None:
        super().__init__(
            f"cannot add dependency: would create a cycle ({' → '.join(path)})",
            hint=f"bd dep tree {path[0]} shows its dependencies",
        )
        self.path = tuple(path)


class Refused(TrackerError):
    """The workspace or the record may not be written now."""

    code = "refused"


class Conflicted(Refused):
    """The log holds conflict markers, so nothing may be written to it."""

    code = "conflict-markers"

    def __init__(self, path: str, lines: Sequence[int]) -> None:
        where = ", ".join(str(line) for line in lines[:5])
        more = f" and {len(lines) - 5} more" if len(lines) > 5 else ""
        super().__init__(
            f"{path} holds conflict markers (line {where}{more}): nothing was written",
            hint="bd resolve",
        )
        self.lines = tuple(lines)


class Blocked(Refused):
    """An issue cannot be closed, because open issues stand in its way."""

    code = "blocked"

    def __init__(self, id: str, by: Sequence[str]) -> None:
        super().__init__(
            f"cannot close {id}: blocked by open issues [{' '.join(by)}] (use --force to override)",
            hint=f"bd blocked --why {id}",
        )
        self.id = id
        self.by = tuple(by)


class SecretFound(Refused):
    """A text holds what must not get into git; `fingerprints` name it without telling it."""

    code = "secret"

    def __init__(
        self, found: Sequence[str], fingerprints: Sequence[str], *, undone: str = "written"
    ) -> None:
        more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        shown = "; ".join(found[:SHOWN]) + more
        prints = ",".join(dict.fromkeys(fingerprints))
        ways = "--redact replaces it; " if undone == "written" else ""
        super().__init__(
            f"this looks like a secret, and git never forgets: {shown}; nothing was {undone}",
            hint=f"{ways}--allow-secret {prints} if it is not a secret",
        )
        self.fingerprints = tuple(fingerprints)


class NotYours(Refused):
    """What was to be undone is the write of somebody else, or of another session."""

    code = "not-yours"

    def __init__(self, found: str, number: int) -> None:
        super().__init__(
            f"{found}: nothing was undone", hint=f"bd op show {number}; bd undo {number} --any"
        )
        self.number = number


class Taken(TrackerError):
    """Somebody else, or another session of the same name, has claimed the issue."""

    code = "taken"

    def __init__(self, id: str, holder: str, caller: str = "") -> None:
        own = "that is your name: continue if you claimed it, else another session did; bd ready"
        hint = own if holder == caller else "bd ready"
        super().__init__(f"{id}: issue already claimed by {holder}", hint=hint)
        self.id = id
        self.holder = holder


class Moved(TrackerError):
    """A record is not what it was when the operation ran."""

    code = "moved"


class Locked(TrackerError):
    """Another process kept the lock for too long."""

    code = "locked"

    def __init__(self, path: str, seconds: float) -> None:
        super().__init__(
            f"another process has kept {path} for {seconds:g} s; nothing was written",
            hint="try again; --lock-timeout 2m waits longer",
        )
        self.path = path
