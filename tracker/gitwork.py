"""Whether git is at work in the files beside us, read from what it leaves in its own folder.

Git does not take our lock. A checkout, merge or reset holds `index.lock` while it replaces files.
`git stash`, and whatever stashes by itself, holds nothing for some milliseconds between saving the
work tree (with an `index.stash.<pid>`) and resetting it, and `git merge` nothing between its look
at the files and its lock: what is written in between is in neither side. So a writer waits for what
it sees, and looks again after it has written, until whatever git was at work then has ended.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

WAIT = 10.0  # seconds; a lock that git left behind when it died must not stop us for ever
RECENT = 1.0  # seconds; a git whose last trace is older is done, or has not looked yet
QUIET = 0.1  # seconds in which a git that we cannot see goes on to its next step
WATCH = 2.0  # seconds to watch what was written beside a git that does not end
_PAUSE = 0.004


class GitWork:
    """The git of one work tree; `folder` is its git dir, `common` the one that worktrees share."""

    def __init__(self, top: str | None, folder: str | None, common: str | None) -> None:
        self._top = top
        self._folder = folder
        self._common = common or folder

    def wait(self) -> None:
        """Wait until git is not at work, or has died and left its lock behind."""
        until = time.monotonic() + WAIT
        while self.is_busy() and time.monotonic() < until:
            time.sleep(_PAUSE)

    def is_busy(self) -> bool:
        """Whether git is replacing files, or will in a moment, having saved them to a stash."""
        if self._folder is None:
            return False
        age = _age(os.path.join(self._folder, "index.lock"))
        return (age is not None and age < WAIT) or self._is_stashing(self._folder)

    def _is_stashing(self, folder: str) -> bool:
        stash = os.path.join(self._common or folder, "refs", "stash")
        age = _age(stash)
        if age is not None and age < QUIET:
            return not _is_newer(os.path.join(folder, "index"), stash)
        try:
            names = os.listdir(folder)
        except OSError:
            return False
        return any(name.startswith("index.stash.") and _lives(name.split(".")[2]) for name in names)

    def is_recent(self) -> bool:
        """Whether git has left a trace just now."""
        return self._youngest() < RECENT

    def _youngest(self) -> float:
        if self._folder is None or self._common is None:
            return RECENT
        traces = (self._folder, os.path.join(self._folder, "index"),
                  os.path.join(self._common, "refs", "stash"))  # fmt: skip
        return min([age for trace in traces if (age := _age(trace)) is not None], default=RECENT)

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
    return [id for id in ids if _is_git(id) and _is_in(top, id)]


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


def _age(path: str) -> float | None:
    """Seconds since a file was changed; None where there is none."""
    try:
        return time.time() - os.stat(path).st_mtime  # the clock of the files
    except OSError:
        return None


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
