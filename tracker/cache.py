"""The cache: a SQLite file that answers for the log, and follows it.

It is believed only if it is the very file that we left (its own size, times and inode stand in a
stamp beside it) and if the log is the file that it was made from. Else it follows the log, or is
built anew; where it cannot be written, an answer is worked out in memory. Nothing is ever written
to the log from it.

A log that is younger than two seconds against the last look is compared by content, whatever its
times say: a second edit within the clock's tick shows in no stamp (git calls this racy).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

APPLICATION_ID = 0x62647472  # "bdtr", in the header of the file
RACY = 2_000_000_000  # nanoseconds
LOCAL_IGNORE = "*\n"


class Source(NamedTuple):
    """The log that the cache answers for, where the cache may live, and what else it depends on.

    `config` is the text of config.yaml: closing statuses change who is blocked, and the parsed
    form is kept in the cache, because parsing it takes longer than any answer.
    """

    log: str
    cache: str
    local: str
    config: bytes
    now: int


class Gone(Exception):  # noqa: N818  (never leaves this module)
    """The cache cannot be used as it is."""


def stat_text(path: str) -> str:
    """What tells one state of a file from another; "" where there is no file."""
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    return text_of(found)


def text_of(found: os.stat_result) -> str:
    """The same, of a stat result."""
    return (
        f"{found.st_dev}:{found.st_ino}:{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}"
    )


def is_settled(stat: str, looked: int) -> bool:
    """Whether no edit since that look could have left the file's stamp unchanged."""
    if not stat:
        return True
    *_, changed, status_changed = stat.split(":")
    return looked - max(int(changed), int(status_changed)) > RACY


def read_log(path: str) -> tuple[bytes, str]:
    """The bytes of the log and the stat they belong to; empty where there is no file."""
    for _ in range(20):
        try:
            with open(path, "rb") as file:
                before = os.fstat(file.fileno())
                data = file.read()
                after = os.fstat(file.fileno())
        except FileNotFoundError:
            return b"", ""
        if text_of(before) == text_of(after):
            break
    return data, text_of(after)


class Cache:
    """An open connection whose tables answer for the log as it is now."""

    def __init__(self, db: sqlite3.Connection, state: Mapping[str, Any], *, kept: bool) -> None:
        self.db = db
        self.state = state
        self.kept = kept  # whether it is the file on disk, rather than one in memory

    @property
    def is_plain(self) -> bool:
        """Whether every line of the log is one record or nothing, ended by a bare newline."""
        return bool(self.state["plain"])

    @property
    def settings(self) -> dict[str, Any]:
        """The configuration, with dotted keys."""
        text = str(self.state["settings"])
        if text == "{}":
            return {}
        import json  # noqa: PLC0415

        return dict(json.loads(text))

    @property
    def problems(self) -> str:
        """The problems of the log as text, one a line; "" if there are none."""
        return str(self.state["problems"])

    def close(self) -> None:
        self.db.close()


def open_cache(source: Source) -> Cache:
    """The cache, fresh. Never fails because of the cache's own file."""
    try:
        return _fresh(source)
    except (Gone, sqlite3.Error, OSError, KeyError, ValueError, TypeError):
        return _refreshed(source)


def _fresh(source: Source) -> Cache:
    """The file as it stands, if it may be believed without reading the log."""
    stat = stat_text(source.log)
    cache = _believed(source)
    if cache.state["log"] == stat and is_settled(stat, cache.state["looked"]):
        return cache
    cache.close()
    raise Gone


def _believed(source: Source) -> Cache:
    """The file, if it is what we left and was made under the same rules; the log may differ."""
    with open(_stamp_path(source), encoding="ascii") as stamp:
        left, _, name = stamp.read().partition(" ")
    path = os.path.join(source.local, name)
    if not left or left != stat_text(path):
        raise Gone
    db = _connect(path)
    state = dict(db.execute("SELECT key, value FROM state"))
    if state["version"] != _version() or state["config"] != source.config:
        db.close()
        raise Gone
    return Cache(db, state, kept=True)


def _connect(path: str) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, timeout=5.0, check_same_thread=False)
    db.execute("PRAGMA synchronous = OFF")
    return db


def _version() -> str:
    from tracker import __version__  # noqa: PLC0415  (a cycle at import time otherwise)

    return f"{__version__} {sqlite3.sqlite_version}"


def _stamp_path(source: Source) -> str:
    return os.path.join(source.local, "cache.stamp")


def _refreshed(source: Source) -> Cache:
    """Read the log, and bring the file up to date under its lock, or answer from memory."""
    from tracker import refresh  # noqa: PLC0415  (codec, orjson, filelock: only when needed)

    return refresh.refreshed(source)


def save_stamp(source: Source, path: str) -> None:
    """Remember the cache's file as it is now."""
    temporary = f"{_stamp_path(source)}.{os.getpid()}"
    name = os.path.relpath(path, source.local)
    with open(temporary, "w", encoding="ascii") as stamp:
        stamp.write(f"{stat_text(path)} {name}")
    os.replace(temporary, _stamp_path(source))


def transaction(cache: Cache, change: Callable[[sqlite3.Connection], None]) -> None:
    """Run `change` as a whole or not at all."""
    cache.db.execute("BEGIN IMMEDIATE")
    try:
        change(cache.db)
    except BaseException:
        with suppress(sqlite3.Error):
            cache.db.execute("ROLLBACK")
        raise
    cache.db.execute("COMMIT")


def set_state(db: sqlite3.Connection, values: Iterable[tuple[str, object]]) -> None:
    """Write rows of the state table."""
    db.executemany("INSERT OR REPLACE INTO state VALUES(?,?)", list(values))
