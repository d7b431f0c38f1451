"""Bringing a cache up to what its files say: under its lock, or in memory where that fails.

What the tables are is the business of a look (`tracker.cache.Look`); here is what holds for all.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING

from tracker import cache as caches
from tracker import fileio, stamps
from tracker.cache import Cache, Gone
from tracker.errors import TrackerError
from tracker.locks import hold

if TYPE_CHECKING:
    from tracker.cache import Look, Sourced

LOCK_WAIT = 2.0  # seconds; then the answer is worked out in memory
PAGE = 16_384  # bytes: a record and its listed form are two kilobytes and more
_UNUSABLE = (Gone, OSError, *caches.DAMAGE)


def refreshed(source: Sourced) -> Cache:
    """A cache that answers for its files as they are now, on disk if that is possible."""
    try:
        make_local(source.local)
        with hold(caches.lock_path(source.local, source.name), LOCK_WAIT):
            return _touched(source) or followed(source, source.look())
    except (TrackerError, sqlite3.Error, OSError):
        return in_memory(source.look())


def rebuilt(source: Sourced) -> Cache:
    """A new cache in the place of one that is damaged, on disk if that is possible."""
    try:
        make_local(source.local)
        with hold(caches.lock_path(source.local, source.name), LOCK_WAIT):
            return built(source, source.look())
    except (TrackerError, sqlite3.Error, OSError):
        return in_memory(source.look())


def make_local(local: str) -> None:
    """The folder for what never leaves this clone, ignored by git from within."""
    ignore = os.path.join(local, ".gitignore")
    if not os.path.exists(ignore):
        fileio.make_folder(local)
        with suppress(FileExistsError):
            fileio.create(ignore, caches.LOCAL_IGNORE.encode(), 0o666)


def _touched(source: Sourced) -> Cache | None:
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


def _looked(source: Sourced, cache: Cache, stat: str) -> Cache:
    """Remember that the files had this content, if that saves the next reader a look."""
    if cache.state["log"] != stat or caches.is_settled(stat, source.now):
        caches.note(source, cache, stat)
    return cache


def followed(source: Sourced, look: Look) -> Cache:
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


def built(source: Sourced, look: Look) -> Cache:
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
    was = stamps.last_path(source.local, source.name)
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


def _placed(temporary: str, source: Sourced) -> str:
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


def in_memory(look: Look) -> Cache:
    """The same tables without a file: slower, and never wrong."""
    db = caches.connect(":memory:")
    look.fill(db)
    return Cache(db, dict(db.execute("SELECT key, value FROM state")))
