"""Writing the log: the only place where its bytes change.

Take the lock; wait while git is at work; read; let a pure action change a draft; put the changed
lines into a sibling file; look again, and start over if anything moved meanwhile, because git does
not take our lock; rename; see that git does not sweep it away; then patch the cache and append to
the journal. A crash leaves the old file or the new one.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from tracker import cache as caches
from tracker import lines, refresh
from tracker.cache import Cache, Gone, Source
from tracker.errors import Locked, Refused
from tracker.exchange import exchange
from tracker.gitwork import GitWork
from tracker.journal import Change
from tracker.locks import WAIT, hold
from tracker.log import Log
from tracker.records import CachedRecords, Strayed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tracker.places import Place

Editable = Log | CachedRecords
Plan = Callable[[Editable], Mapping[str, bytes | None]]
Pieces = list[bytes | memoryview]

READER = 1  # the newest version of the files that this program reads and writes
WRITER = 1
PERSISTENCE = 20.0  # seconds of trying while another program keeps replacing the file
PAUSE = 0.002  # seconds before the second try; the longest pause is fifty times that


_ANYWHERE: Mapping[str, bytes] = {}


class Written(NamedTuple):
    """What a write did: nothing, if `changes` is empty."""

    changes: tuple[Change, ...]


class Store:
    """The log of a workspace, for writing."""

    def __init__(self, place: Place, source: Source, timeout: float = WAIT) -> None:
        self.place = place
        self.source = source
        self.timeout = timeout
        self.name = os.path.basename(place.log)
        self._git = GitWork(place.top, place.git_dir, place.common_dir)
        self._folder = os.path.dirname(place.log)
        self._places = _ANYWHERE

    def rewrite(
        self,
        plan: Plan,
        record: Callable[[tuple[Change, ...]], None] | None = None,
        places: Mapping[str, bytes] = _ANYWHERE,
    ) -> Written:
        """Give records the lines that a plan names for them; `record` runs before the lock goes.

        `places` names the line that a new one is to stand in front of, b"" for the end. Raises
        Refused, Conflicted or Locked, and then nothing was written.
        """
        self._check_allowed()
        self._places = places
        with self._errors(), ExitStack() as held:
            for path in lock_paths(self.place.beads, self.source.local):
                held.enter_context(hold(path, self.timeout))
            self._sweep()
            for _ in _tries():
                self._git.wait()
                data, stat = caches.read_log(self.place.log)
                changes = self._attempt(plan, data, stat)
                if changes is not None:
                    if changes and record is not None:
                        with suppress(OSError):  # the journal is a convenience
                            refresh.make_local(self.source.local)
                            record(changes)
                    return Written(changes)
        raise Refused(
            f"{self.place.log} kept changing while it was being written: nothing was written",
            hint="try again when the other program is done",
        )

    @contextmanager
    def held(self) -> Iterator[None]:
        """Within it nobody else of us writes the log: for those who replace all of it.

        Raises Refused or Locked.
        """
        self._check_allowed()
        with ExitStack() as held:
            for path in lock_paths(self.place.beads, self.source.local):
                held.enter_context(hold(path, self.timeout))
            self._git.wait()
            yield

    def _check_allowed(self) -> None:
        if self.place.backend == "dolt":
            raise Refused(
                "this workspace keeps its issues in Dolt, and the log is only an export of it",
                hint="bd migrate",
            )
        if self.place.writer > WRITER:
            raise Refused(
                f"this workspace was written by a newer version ({self.place.writer}): read only",
                hint="pip install --upgrade bd-tracker",
            )

    def _errors(self) -> _Unwritable:
        return _Unwritable(self.place.log)

    def _attempt(self, plan: Plan, data: bytes, stat: str) -> tuple[Change, ...] | None:
        """One try; None if the file moved under it."""
        cache = self._cache(data, stat)
        if cache is not None:
            try:
                return self._through(plan, CachedRecords(cache, data), (data, stat), cache)
            except (Strayed, sqlite3.Error):
                pass  # the cache is not what it says: the log itself is
            finally:
                cache.close()
        return self._through(plan, Log(data, self.name), (data, stat), None)

    def _cache(self, data: bytes, stat: str) -> Cache | None:
        """The cache on disk, if it answers for these very bytes and all lines are plain."""
        try:
            refresh.make_local(self.source.local)
            with hold(caches.lock_path(self.source.local), refresh.LOCK_WAIT):
                cache = refresh.followed(self.source, data, stat)
        except (OSError, sqlite3.Error, Gone, Locked):
            return None
        if cache.is_plain:
            cache.release()
            return cache
        cache.close()
        return None

    def _through(
        self, plan: Plan, before: Editable, seen: tuple[bytes, str], cache: Cache | None
    ) -> tuple[Change, ...] | None:
        data, stat = seen
        wanted = plan(before)
        changes = tuple(
            Change(self.name, id, old, new)
            for id, new in wanted.items()
            if (old := before.line(id)) != new
        )
        if not changes:
            return ()
        changes = _placed(data, changes)
        edits = before.edits({change.id: change.new for change in changes}, self._places)
        pieces = lines.apply(data, edits)
        new_stat = self._replace(pieces, stat)
        if not new_stat or self._is_swept(changes, new_stat):
            return None
        if cache is not None and not self._places:  # a place of its own may break the order
            with suppress(OSError, sqlite3.Error, Gone, Locked):
                self._patch(cache, changes, pieces, (stat, new_stat))
        return changes

    def _replace(self, pieces: Pieces, seen: str) -> str:
        """Put a new file in the place of the log; "" if the log is no longer what was seen."""
        temporary = os.path.join(self._folder, f".{self.name}.db-tmp{os.getpid()}")
        try:
            mode = os.stat(self.place.log).st_mode & 0o7777 if seen else 0o644
        except FileNotFoundError:
            return ""
        handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | _BINARY, mode)
        try:
            with os.fdopen(handle, "wb") as file:
                file.writelines(pieces)
                file.flush()
                if seen and hasattr(os, "fchmod"):
                    os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
                own = caches.text_of(os.fstat(file.fileno()))
            if not self._put(temporary, seen):
                return ""
        finally:
            with suppress(FileNotFoundError):
                os.unlink(temporary)
        found = caches.stat_text(self.place.log)
        _sync_folder(self._folder)
        return found if _unnamed(found) == _unnamed(own) else own

    def _put(self, temporary: str, seen: str) -> bool:
        """Give the new file the name of the log, unless that is no longer what was seen.

        Where git has been at work just now the files are exchanged, so that one which it puts
        there after our last look is found, and put back.
        """
        log = self.place.log
        is_recent = self._git.is_recent()
        if self._git.is_busy() or caches.stat_text(log) != seen:
            return False
        if not is_recent or not seen:
            return _rename(temporary, log, new=not seen)
        with suppress(FileNotFoundError):
            if not exchange(temporary, log):
                return _rename(temporary, log)
            if _unnamed(caches.stat_text(temporary)) == _unnamed(seen):
                return True
            exchange(temporary, log)
        return False

    def _is_swept(self, changes: Iterable[Change], left: str) -> bool:
        """Whether git has put a file in the place of ours that does not hold what we wrote.

        It may be in a stash, but also in one that is nowhere: then written twice is better.
        """
        for _ in itertools.chain([None], self._git.moments()):
            self._git.wait()
            if caches.stat_text(self.place.log) != left:
                data, left = caches.read_log(self.place.log)
                if not all(_holds(data, change) for change in changes):
                    return True
        return False

    def _patch(
        self,
        cache: Cache,
        changes: Iterable[Change],
        pieces: Pieces,
        stats: tuple[str, str],
    ) -> None:
        content = hashlib.sha256()
        for piece in pieces:
            content.update(piece)
        with hold(caches.lock_path(self.source.local), refresh.LOCK_WAIT):
            refresh.patched(self.source, cache, changes, (content.digest(), *stats))

    def _sweep(self) -> None:
        """Remove what writers left behind that died; the lock says that none is alive."""
        start = f".{self.name}.db-tmp"
        for name in os.listdir(self._folder):
            if name.startswith(start):
                with suppress(OSError):
                    os.unlink(os.path.join(self._folder, name))


_BINARY = getattr(os, "O_BINARY", 0)


def lock_paths(beads: str, local: str) -> list[str]:
    """The locks that a writer takes, in this order.

    Ours always; that of Beads too, where its file would not show up in `git status`. A Beads that
    ignores it uses it; one that does not has none.
    """
    shared = os.path.join(beads, ".jsonl.lock")
    try:
        refresh.make_local(local)
    except OSError:
        return [shared]
    own = os.path.join(local, "log.lock")
    is_known = os.path.exists(shared) or refresh.is_ignored(beads, ".jsonl.lock")
    return [own, shared] if is_known else [own]


def _tries() -> Iterator[None]:
    """Goes on for a while, with pauses of random length, so as not to keep step with the other."""
    over = time.monotonic() + PERSISTENCE
    yield
    import random

    for number in itertools.count(1):
        if time.monotonic() > over:
            return
        time.sleep(PAUSE * random.uniform(0.5, min(number, 50)))  # noqa: S311  (no secret)
        yield


def _placed(data: bytes, changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """The changes, those that go last and in the order of the file, with the line behind each."""
    gone = {change.old for change in changes if change.new is None and change.old is not None}
    if not gone:
        return changes
    found = [
        (data.find(change.old), change)
        for change in changes
        if change.new is None and change.old is not None
    ]
    kept = [change for change in changes if change.new is not None]
    return (
        *kept,
        *(change._replace(next=lines.behind(data, at, gone)) for at, change in sorted(found)),
    )


def _holds(data: bytes, change: Change) -> bool:
    if change.new is None:
        return change.old is None or lines.find_line(data, change.old) < 0
    return lines.find_line(data, change.new) >= 0


class _Unwritable:
    """Turns an error of the file system into a refusal that names the file."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            raise Refused(
                f"cannot write {self._path}: {error.strerror or error}; the log is as it was",
                hint="make the folder writable, or free some space, and try again",
            ) from error


def _unnamed(stat: str) -> str:
    """A stat without the time that moves when a file is renamed."""
    return stat.rpartition(":")[0]


def _rename(temporary: str, path: str, *, new: bool = False) -> bool:
    """Give a file its name; a `new` one only if there is none, so that no other is lost."""
    if new:
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        except OSError:  # a file system without links
            os.replace(temporary, path)
        return True
    for attempt in range(20):  # Windows refuses while a reader has it open
        try:
            os.replace(temporary, path)
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
        with suppress(OSError):  # not every file system can, and the log is replaced already
            os.fsync(handle)
    finally:
        os.close(handle)
