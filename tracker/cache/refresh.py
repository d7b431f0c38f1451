"""Open a cache that is up to date: refresh it, rebuild it, or build it in memory.

A `tracker.cache.database.FileState` knows the tables of its cache; what is here holds for all.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING

from tracker import fileio
from tracker.cache import database
from tracker.cache import database as caches
from tracker.cache.database import (
    DAMAGE,
    Cache,
    CacheUnusable,
    believed,
    is_settled,
    lock_path,
    note,
)
from tracker.errors import TrackerError
from tracker.fileio import make_local

if TYPE_CHECKING:
    from tracker.cache.database import CacheSource, FileState


LOCK_WAIT = 2.0  # seconds; then the answer is worked out in memory
PAGE = 16_384  # bytes: a record and its listed form are two kilobytes and more
_UNUSABLE = (CacheUnusable, OSError, *caches.DAMAGE)


def refreshed(source: CacheSource) -> Cache:
    """A cache that answers for its files as they are now, on disk if that is possible."""
    from tracker.locks import hold

    try:
        make_local(source.local)
        with hold(caches.lock_path(source.local, source.name), LOCK_WAIT):
            return _touched(source) or followed(source, source.look())
    except (TrackerError, sqlite3.Error, OSError):
        return in_memory(source.look())


def rebuilt(source: CacheSource) -> Cache:
    """A new cache in the place of one that is damaged, on disk if that is possible."""
    from tracker.locks import hold

    try:
        make_local(source.local)
        with hold(caches.lock_path(source.local, source.name), LOCK_WAIT):
            return built(source, source.look())
    except (TrackerError, sqlite3.Error, OSError):
        return in_memory(source.look())


def _touched(source: CacheSource) -> Cache | None:
    """The file on disk, if what it answers for has only another stamp."""
    try:
        cache = caches.believed(source)
    except _UNUSABLE:
        return None
    try:
        if _sizes(cache.state["log"]) == _sizes(source.stat()):
            content, stat = source.content(cache.state)
            if content == cache.state["content"]:
                return _looked(source, cache, stat)
    except _UNUSABLE:
        pass
    cache.close()
    return None


def _sizes(stats: str) -> list[str]:
    return [stat and stat.split(":")[2] for stat in stats.split(" ")]


def _looked(source: CacheSource, cache: Cache, stat: str) -> Cache:
    """Remember that the files had this content, if that saves the next reader a look."""
    if cache.state["log"] != stat or caches.is_settled(stat, source.now):
        caches.note(source, cache, stat)
    return cache


def followed(source: CacheSource, look: FileState) -> Cache:
    """The file on disk brought up to what was found; the caller holds its lock."""
    try:
        cache = caches.believed(source)
    except _UNUSABLE:
        return built(source, look)
    try:
        looked = cache.state["looked"]
        if cache.state["log"] == look.stat and caches.is_settled(look.stat, looked):
            return cache
        if look.content(cache.state) == cache.state["content"]:
            return _looked(source, cache, look.stat)
        look.follow(cache)
    except _UNUSABLE:
        cache.close()
        return built(source, look)
    return cache


def built(source: CacheSource, look: FileState) -> Cache:
    """A new file in the place of whatever is there; the caller holds its lock."""
    temporary = os.path.join(source.local, f"{source.name}.new")
    with suppress(FileNotFoundError):
        os.unlink(temporary)  # of somebody who died
    db = caches.connect(temporary, new=True)
    try:
        db.execute(f"PRAGMA page_size = {PAGE}")
        db.execute("PRAGMA journal_mode = OFF")
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        look.fill(db)
        db.close()
        path = _placed(temporary, source)
    finally:
        db.close()
        with suppress(FileNotFoundError):
            os.unlink(temporary)
    was = database.last_path(source.local, source.name)
    _remove_other(was, path, (source.local, os.path.dirname(source.local)))
    left = caches.save_stamp(source.local, path, source.name)
    return caches.opened(source, path, left)


def _remove_other(old: str, path: str, folders: tuple[str, str]) -> None:
    """Take away the file at the place where the cache was, if it has another by now.

    Only in these folders: what says where it was may have come with a clone.
    """
    if old and old != path and os.path.dirname(old) in folders and is_ours(old):
        remove(old)


def is_ours(path: str) -> bool:
    """Whether a file is a database that this program wrote."""
    try:
        header = fileio.start_of(path, 100)
    except OSError:
        return False
    return int.from_bytes(header[68:72], "big") == caches.APPLICATION_ID


def remove(path: str) -> list[str]:
    """Remove a database, and what SQLite has put beside it; the paths that were there."""
    removed = []
    for ending in ("-journal", "-wal", "-shm", ""):
        with suppress(OSError):
            os.unlink(path + ending)
            removed.append(path + ending)
    return removed


def _placed(temporary: str, source: CacheSource) -> str:
    """Give the new file its name, or another where something is in the way."""
    path = source.home()
    try:
        with suppress(FileNotFoundError):
            os.unlink(f"{path}-journal")  # of a writer that died: it belongs to the old file
        os.replace(temporary, path)
    except OSError:
        path = os.path.join(source.local, f"{source.name}.db")
        os.replace(temporary, path)
    return path


def in_memory(look: FileState) -> Cache:
    """The same tables without a file: slower, and never wrong."""
    db = caches.connect(":memory:")
    look.fill(db)
    return Cache(db, dict(db.execute("SELECT key, value FROM state")))


def _still(stats: str, held: str, looked: int) -> set[int]:
    """The files, by number, that are as they were at a look and lay still by then."""
    pairs = zip(stats.split(" "), held.split(" "), strict=False)
    return {n for n, (now, was) in enumerate(pairs) if now == was and is_settled(now, looked)}


def open_cache(source: CacheSource, *, anew: bool = False) -> Cache:
    """The cache, fresh. Never fails because of the cache's own file.

    `anew` believes nothing that is there: for whoever has met damage.
    """
    if anew:
        return rebuilt(source)
    try:
        return _fresh(source)
    except (CacheUnusable, OSError, *DAMAGE):
        return _refreshed(source)


def _fresh(source: CacheSource) -> Cache:
    """The file as it stands, if the log is the one that it was made from."""
    stat = source.stat()
    cache = believed(source)
    try:
        if cache.state["log"] == stat and is_settled(stat, cache.state["looked"]):
            return cache
        same = (cache.state["content"], stat)
        if source.is_likely(stat, cache.state) and source.content(cache.state) == same:
            return looked(source, cache, stat)
    except BaseException:
        cache.close()
        raise
    cache.close()
    raise CacheUnusable


def looked(source: CacheSource, cache: Cache, stat: str) -> Cache:
    """The cache, whose log has just been compared; remembered where that saves the next look."""
    state = cache.state
    if _still(stat, stat, source.now) > _still(stat, state["log"], state["looked"]):
        from tracker.errors import Locked
        from tracker.locks import hold

        with suppress(OSError, Locked), hold(lock_path(source.local, source.name), 0.0):
            note(source, cache, stat)
    return cache


def _refreshed(source: CacheSource) -> Cache:
    """Read the log, and bring the file up to date under its lock, or answer from memory."""
    return refreshed(source)
