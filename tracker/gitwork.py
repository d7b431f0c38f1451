"""Whether git is at work in the files beside us, read from what it leaves in its own folder.

Git does not take our lock. A checkout, merge or reset holds `index.lock` while it replaces files.
`git stash`, and whatever stashes by itself, holds nothing for some milliseconds between saving the
work tree (with an `index.stash.<pid>`) and resetting it, and `git merge` nothing between its look
at the files and its lock: what is written in between is in neither side. So a writer waits for what
it sees, and looks again after it has written, until git has been quiet for a while.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

WAIT = 10.0  # seconds; a lock that git left behind when it died must not stop us for ever
QUIET = 0.1  # seconds without a trace of git after which nothing of that kind can be under way
WATCH = 0.5  # seconds to watch what was written beside a git that never rests
_PAUSE = 0.004


class GitWork:
    """The git of one work tree; `folder` is its git dir, `common` the one that worktrees share."""

    def __init__(self, folder: str | None, common: str | None) -> None:
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
        return (age is not None and age < WAIT) or self._is_stashing()

    def _is_stashing(self) -> bool:
        if self._folder is None or self._common is None:
            return False
        age = _age(os.path.join(self._common, "refs", "stash"))
        if age is not None and age < QUIET:
            return not self._has_reset(os.path.join(self._common, "refs", "stash"))
        try:
            names = os.listdir(self._folder)
        except OSError:
            return False
        return any(name.startswith("index.stash.") and _lives(name) for name in names)

    def _has_reset(self, stash: str) -> bool:
        """Whether the index was written after the stash was saved: then it is all over."""
        try:
            index = os.stat(os.path.join(self._folder or "", "index"))
            return index.st_mtime_ns > os.stat(stash).st_mtime_ns
        except OSError:
            return False

    def is_quiet(self) -> bool:
        """Whether there has been no trace of git for a while."""
        if self._folder is None or self._common is None:
            return True
        traces = (self._folder, os.path.join(self._folder, "index"),
                  os.path.join(self._common, "refs", "stash"))  # fmt: skip
        ages = [age for trace in traces if (age := _age(trace)) is not None]
        return not self.is_busy() and all(age > QUIET for age in ages)

    def moments(self) -> Iterator[None]:
        """Short pauses, as long as git may still sweep away what has just been written."""
        until = time.monotonic() + WATCH
        while not self.is_quiet() and time.monotonic() < until:
            time.sleep(_PAUSE)
            yield


def _age(path: str) -> float | None:
    """Seconds since a file was changed; None where there is none."""
    try:
        return time.time() - os.stat(path).st_mtime
    except OSError:
        return None


def _lives(name: str) -> bool:
    """Whether the process in whose name a file was made is still there."""
    pid = name.split(".")[2]
    if not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
