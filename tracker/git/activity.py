"""Detect whether git is working on the same files right now.

Git does not take our lock. A checkout, merge or reset holds `index.lock` while it replaces files.
`git stash`, and whatever stashes by itself, holds nothing for some milliseconds between saving the
work tree (with an `index.stash.<pid>`) and resetting it, and `git merge` nothing between its look
at the files and its lock: what is written in between is in neither side. So a writer waits for what
it sees, and looks again after it has written, until whatever git was at work then has ended.

What git left behind when it died must not stop us: a trace counts while it is fresh. One that is
dated in the future (the clock was set back, the machine resumed) has no age; it counts for as long
as we have seen it, and only while a git process is there.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from tracker.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


WAIT = 10.0  # seconds; a lock that git left behind when it died must not stop us for ever
RECENT = 1.0  # seconds; a git whose last trace is older is done, or has not looked yet
QUIET = 0.1  # seconds in which a git that we cannot see goes on to its next step
WATCH = 2.0  # seconds to watch what was written beside a git that does not end
SKEW = 2.0  # seconds by which the clock of a file server may be ahead of ours
TELL = 1.0  # seconds of waiting before we say what we wait for
_PAUSE = 0.004
_NEVER = float("inf")
_REMEDY = "if no git command is running, delete that file"


class GitWork:
    """The git of one work tree; `folder` is its git dir, `common` the one that worktrees share."""

    def __init__(
        self,
        top: str | None,
        folder: str | None,
        common: str | None,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self._top = top
        self._folder = folder
        self._common = common or folder
        self._tell = tell
        self._first: dict[tuple[str, int, int], float] = {}

    def wait(self) -> None:
        """Wait until git is not at work, or has died and left its lock behind."""
        start = time.monotonic()
        told = False
        while (trace := self.trace()) and time.monotonic() < start + WAIT:
            if self._tell and not told and time.monotonic() > start + TELL:
                told = True
                self._tell(f"waiting for git ({trace}); {_REMEDY}")
            time.sleep(_PAUSE)

    def is_busy(self) -> bool:
        """Whether git is replacing files, or will in a moment, having saved them to a stash."""
        return bool(self.trace())

    def trace(self) -> str:
        """The file that says so; "" where git is not at work."""
        if self._folder is None:
            return ""
        lock = os.path.join(self._folder, "index.lock")
        age, is_dated = self._look(lock)
        if age < WAIT and (is_dated or _processes(self._top or "")):
            return lock
        return self._stash(self._folder)

    def forbid(self) -> None:
        """Raise Refused if git is at work."""
        trace = self.trace()
        if trace:
            raise Refused(
                f"git is at work here ({trace}): nothing was written",
                hint=f"try again when it is done; {_REMEDY}",
            )

    def _look(self, path: str) -> tuple[float, bool]:
        """Seconds since a file was changed, and whether its own date says so.

        Infinite where there is none. Where the date is in the future, the last seconds of its time
        begin when we first see it.
        """
        try:
            found = os.stat(path)
        except OSError:
            return _NEVER, True
        age = time.time() - found.st_mtime  # the clock of the files
        if age >= -SKEW:
            return max(age, 0.0), True
        now = time.monotonic()
        seen = self._first.setdefault((path, found.st_ino, found.st_mtime_ns), now)
        return WAIT - WATCH + now - seen, False

    def _stash(self, folder: str) -> str:
        """What a stash under way has left."""
        stash = os.path.join(self._common or folder, "refs", "stash")
        if self._look(stash)[0] < QUIET:
            return "" if _is_newer(os.path.join(folder, "index"), stash) else stash
        try:
            names = os.listdir(folder)
        except OSError:
            return ""
        for name in names:
            path = os.path.join(folder, name)
            if name.startswith("index.stash.") and self._look(path)[0] < WAIT:
                id = name.split(".")[2]
                if _lives(id) and _may_be_git(self._top or "", id):
                    return path
        return ""

    def is_recent(self) -> bool:
        """Whether git has left a trace just now."""
        return self._youngest() < RECENT

    def _youngest(self) -> float:
        if self._folder is None or self._common is None:
            return RECENT
        traces = (self._folder, os.path.join(self._folder, "index"),
                  os.path.join(self._common, "refs", "stash"))  # fmt: skip
        return min(RECENT, *(self._look(trace)[0] for trace in traces))

    def moments(self) -> Iterator[None]:
        """Short pauses, as long as git may still sweep away what has just been written.

        That is until every git process has ended that is there now, since a later one finds what
        was written; where none can be seen (another container's), for as long as one takes to go
        on to its next step.
        """
        age = self._youngest()
        if age >= RECENT and not self.is_busy():
            return
        processes = _processes(self._top or "")
        if not processes and age > QUIET and not self.is_busy():
            return
        start = time.monotonic()
        over = False
        while not over and time.monotonic() < start + WATCH:
            time.sleep(_PAUSE)
            passed = time.monotonic() > start + QUIET
            over = not (any(map(_lives, processes)) if processes else self.is_busy() or not passed)
            yield


def _processes(top: str) -> list[str]:
    """The ids of the git processes in a work tree; of another user's it is not known where."""
    try:
        ids = [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []
    top = os.path.realpath(top)
    return [id for id in ids if _is_git(id) and _is_in(top, id)]


def _may_be_git(top: str, id: str) -> bool:
    """Whether a process is a git of this work tree, as far as the system tells: ids come again."""
    return not os.path.exists("/proc/self") or (_is_git(id) and _is_in(os.path.realpath(top), id))


def _is_git(id: str) -> bool:
    try:
        with open(f"/proc/{id}/comm", "rb") as file:
            return file.read().startswith(b"git")
    except OSError:
        return False


def _is_in(top: str, id: str) -> bool:
    try:
        folder = os.readlink(f"/proc/{id}/cwd")
    except PermissionError:
        return True
    except OSError:
        return False
    return folder == top or folder.startswith(top.rstrip("/") + "/")


def _is_newer(one: str, other: str) -> bool:
    try:
        return os.stat(one).st_mtime_ns > os.stat(other).st_mtime_ns
    except OSError:
        return False


def _lives(id: str) -> bool:
    """Whether there is a process of this id, not only its remains."""
    if not id.isdigit():
        return False
    try:
        with open(f"/proc/{id}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] not in {b"Z", b"X"}
    except FileNotFoundError:
        return not os.path.exists("/proc/self") and _answers(int(id))
    except (OSError, IndexError):
        return True


def _answers(id: int) -> bool:
    try:
        os.kill(id, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True
