"""Replace a file atomically.

Git does not take our lock. So a replacement remembers what was seen of the file, and steps back
where that is no longer what is there.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from tracker import fileio
from tracker.errors import Refused
from tracker.fileio import stat_text, text_of
from tracker.small_files import exchange

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracker.git.activity import GitWork


Pieces = list[bytes | memoryview]


class Replacement:
    """A file and what it is to become; `seen` is the stat of what was read, "" for no file.

    `temporary` is the name of the new content beside it; `own` the stat of that, once written.
    `is_done` tells whether it was put in its place, whatever has happened to the file since.
    """

    def __init__(
        self, path: str, seen: str, git: GitWork, temporary: str = "", own: str = ""
    ) -> None:
        self.path = path
        self.seen = seen
        self.own = own
        self.is_done = False
        self._git = git
        folder, name = os.path.split(path)
        self.temporary = temporary or f".{name}.db-tmp{os.getpid()}"
        self._temporary = os.path.join(folder, self.temporary)

    def write(self, pieces: Pieces) -> bool:
        """Put the new content on the disk beside the file; False if that has gone meanwhile."""
        is_private = os.path.basename(os.path.dirname(self.path)) == ".local"
        try:
            mode = 0o600 if is_private else 0o644
            if self.seen:
                mode = os.stat(self.path).st_mode & 0o7777
        except FileNotFoundError:
            return False
        handle = fileio.created(self._temporary, mode)
        with os.fdopen(handle, "wb") as file:
            file.writelines(pieces)
            file.flush()
            if self.seen and hasattr(os, "fchmod"):
                os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
            self.own = text_of(os.fstat(file.fileno()))
        return True

    @property
    def is_put(self) -> bool:
        """Whether the file is the new content: a rename keeps all that tells it but one time."""
        return bool(self.own) and unnamed(stat_text(self.path)) == unnamed(self.own)

    @property
    def is_as_seen(self) -> bool:
        """Whether the file is still what was seen."""
        return stat_text(self.path) == self.seen

    @property
    def is_ready(self) -> bool:
        """Whether the file is what was seen, and the new content lies beside it."""
        staged = unnamed(stat_text(self._temporary))
        return self.is_as_seen and staged == unnamed(self.own) != ""

    def give_back(self) -> bool:
        """Put a file back that came after our last look, and that our exchange has displaced."""
        displaced = unnamed(stat_text(self._temporary))
        if not (self.is_put and self.seen) or displaced in {
            "", unnamed(self.seen), unnamed(self.own)
        }:  # fmt: skip
            return False
        os.replace(self._temporary, self.path)
        return True

    def is_current(self) -> bool:
        """Whether the file is still what was seen, and git is not at work."""
        return not self._git.is_busy() and self.is_as_seen

    def put(self) -> bool:
        """Give the new content the name of the file, unless that is no longer what was seen.

        Where git has been at work just now the files are exchanged, so that one which it puts
        there after our last look is found, and put back.
        """
        is_recent = self._git.is_recent()
        if not self.is_current():
            return False
        is_put = self._exchange() if is_recent and self.seen else self._rename()
        if is_put:
            self.is_done = True
            self.discard()
        return is_put

    def _rename(self) -> bool:
        return _rename(self._temporary, self.path, new=not self.seen)

    def _exchange(self) -> bool:
        with suppress(FileNotFoundError):
            if not exchange(self._temporary, self.path):
                return self._rename()
            if unnamed(stat_text(self._temporary)) == unnamed(self.seen):
                return True
            exchange(self._temporary, self.path)
        return False

    def settled(self) -> str:
        """See that the new name is on the disk; the stat that the file has then."""
        found = stat_text(self.path)
        _sync_folder(os.path.dirname(self.path))
        return found if unnamed(found) == unnamed(self.own) else self.own

    def discard(self) -> None:
        """Remove what is left beside the file; the next writer removes what stays."""
        with suppress(OSError):
            os.unlink(self._temporary)


def unnamed(stat: str) -> str:
    """A stat without the time that moves when a file is renamed."""
    return stat.rpartition(":")[0]


def is_temporary(name: str, of: str) -> bool:
    """Whether this is what a writer calls the new content of a file of that name."""
    start, is_ours, number = name.partition(".db-tmp")
    return is_ours != "" and start == f".{of}" and "/" not in number and os.sep not in number


def sweep(folder: str, names: set[str]) -> None:
    """Remove what writers of these files left behind that died; the lock says that none lives."""
    try:
        found = os.listdir(folder)
    except OSError:
        return
    for name in found:
        if any(is_temporary(name, of) for of in names):
            with suppress(OSError):
                os.unlink(os.path.join(folder, name))


def _rename(temporary: str, path: str, *, new: bool = False) -> bool:
    """Give a file its name; a `new` one only if there is none, so that no other is lost.

    False where there was one, or where the temporary file is gone.
    """
    if new:
        try:
            os.link(temporary, path)
        except (FileExistsError, FileNotFoundError):  # `git clean` took the temporary file away
            return False
        except OSError:  # a file system without links
            os.replace(temporary, path)
        return True
    for attempt in range(20):  # Windows refuses while a reader has it open
        try:
            os.replace(temporary, path)
        except FileNotFoundError:
            return False
        except PermissionError:
            if os.name != "nt" or attempt == 19:
                raise
            time.sleep(0.01 * (attempt + 1))
        else:
            return True
    return False


def _sync_folder(folder: str) -> None:
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):  # not every file system can, and the file is replaced already
            os.fsync(handle)
    finally:
        os.close(handle)


class Unwritable:
    """Turns an error of the file system into a refusal that names the file.

    `left` tells what an interrupted write has left, "" where the file is as it was.
    """

    def __init__(self, path: str, left: Callable[[], str]) -> None:
        self._path = path
        self._left = left

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError) and not isinstance(error, Refused):
            left = self._left() or "the log is as it was"
            raise Refused(
                f"cannot write {self._path}: {error.strerror or error}; {left}",
                hint="make the folder writable, or free some space, and try again",
            ) from error
