"""Writing the log: the only place where its bytes change.

Take the lock; wait while git holds its index; read; let a pure action change a draft; put the
changed lines into a sibling file; look again, and start over if anything moved meanwhile, because
git does not take our lock; rename; then patch the cache and append to the journal. A crash leaves
the old file or the new one.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import NamedTuple

from tracker import cache as caches
from tracker import lines, refresh
from tracker.cache import Cache, Gone, Source
from tracker.errors import Refused
from tracker.journal import Change
from tracker.locks import WAIT, hold
from tracker.log import Log
from tracker.places import Place
from tracker.records import CachedRecords, Strayed

Editable = Log | CachedRecords
Plan = Callable[[Editable], Mapping[str, bytes | None]]

READER = 1  # the newest version of the files that this program reads and writes
WRITER = 1
GIT_WAIT = 10.0  # seconds; a lock that git left behind when it died must not stop us for ever
TRIES = 100


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
        self._git_is_gone = False
        self._folder = os.path.dirname(place.log)

    def rewrite(
        self, plan: Plan, record: Callable[[tuple[Change, ...]], None] | None = None
    ) -> Written:
        """Give records the lines that a plan names for them; `record` runs before the lock goes.

        Raises Refused, Conflicted or Locked, and then nothing was written.
        """
        self._allowed()
        with self._errors(), hold(os.path.join(self.place.beads, ".jsonl.lock"), self.timeout):
            self._sweep()
            for _ in range(TRIES):
                self._wait_for_git()
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

    def _allowed(self) -> None:
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
            with hold(os.path.join(self.source.local, "cache.lock"), refresh.LOCK_WAIT):
                cache = refresh.followed(self.source, data, stat)
        except (OSError, sqlite3.Error, Gone, Refused):
            return None
        if cache.is_plain:
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
        edits = before.edits({change.id: change.new for change in changes})
        pieces = lines.apply(data, edits)
        new_stat = self._replace(pieces, stat)
        if new_stat is None:
            return None
        if cache is not None:
            with suppress(OSError, sqlite3.Error, Gone, Refused):
                self._patch(cache, changes, pieces, (stat, new_stat))
        return changes

    def _replace(self, pieces: Iterable[bytes | memoryview], seen: str) -> str | None:
        """Put a new file in the place of the log, unless the log is no longer what was seen."""
        temporary = os.path.join(self._folder, f".{self.name}.db-tmp{os.getpid()}")
        mode = os.stat(self.place.log).st_mode & 0o7777 if seen else 0o644
        handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | _BINARY, mode)
        try:
            with os.fdopen(handle, "wb") as file:
                file.writelines(pieces)
                file.flush()
                if seen and hasattr(os, "fchmod"):
                    os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            if self._git_is_busy() or caches.stat_text(self.place.log) != seen:
                return None
            _rename(temporary, self.place.log)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(temporary)
        found = caches.stat_text(self.place.log)
        _sync_folder(self._folder)
        return found

    def _patch(
        self,
        cache: Cache,
        changes: Iterable[Change],
        pieces: Iterable[bytes | memoryview],
        stats: tuple[str, str],
    ) -> None:
        content = hashlib.sha256()
        for piece in pieces:
            content.update(piece)
        with hold(os.path.join(self.source.local, "cache.lock"), refresh.LOCK_WAIT):
            refresh.patched(self.source, cache, changes, (content.digest(), *stats))

    def _git_is_busy(self) -> bool:
        folder = self.place.git_dir
        if folder is None or self._git_is_gone:
            return False
        return os.path.exists(os.path.join(folder, "index.lock"))

    def _wait_for_git(self) -> None:
        """A checkout, merge or stash replaces files while it holds the lock of its index."""
        until = time.monotonic() + GIT_WAIT
        while self._git_is_busy():
            if time.monotonic() > until:
                self._git_is_gone = True  # it died and left the lock behind
            time.sleep(0.005)

    def _sweep(self) -> None:
        """Remove what writers left behind that died; the lock says that none is alive."""
        start = f".{self.name}.db-tmp"
        for name in os.listdir(self._folder):
            if name.startswith(start):
                with suppress(OSError):
                    os.unlink(os.path.join(self._folder, name))


_BINARY = getattr(os, "O_BINARY", 0)


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


def _rename(temporary: str, path: str) -> None:
    """Replace a file; Windows refuses while a reader has it open, so try for a moment."""
    for attempt in range(20):
        try:
            os.replace(temporary, path)
        except PermissionError:
            if os.name != "nt" or attempt == 19:
                raise
            time.sleep(0.01 * (attempt + 1))
        else:
            return


def _sync_folder(folder: str) -> None:
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

