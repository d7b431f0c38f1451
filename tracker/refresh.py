"""How the cache of a log is filled, and how it follows a log that has changed.

Following is a set difference of lines: what the cache holds and the file does not is removed, what
the file holds and the cache does not is added, and what others wait for is worked out again for
the neighbourhood of the change. A log with a Problem is read as a whole, each time it changes.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from typing import TYPE_CHECKING, Any

from tracker import cache as caches
from tracker import fileio, lines, news, upkeep, waits
from tracker.cache import Cache, Gone, Source
from tracker.config import closing_statuses, parse, value
from tracker.graph import Rules
from tracker.log import Log
from tracker.schema import INSERTS, Writer, digest
from tracker.tables import ISSUE_INDEXES, ISSUES, fingerprint
from tracker.upkeep import LOCK_WAIT as LOCK_WAIT
from tracker.upkeep import make_local as make_local
from tracker.views import views
from tracker.where import safe

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping

    from tracker.journal import Change

Row = tuple[bytes, dict[str, Any]]


class Look:
    """The log of a source as it was found."""

    def __init__(self, source: Source, data: bytes, stat: str) -> None:
        self.source = source
        self.data = data
        self.stat = stat
        self._content = b""

    def content(self, _held: Mapping[str, Any]) -> bytes:
        """The SHA-256 of the log."""
        self._content = self._content or hashlib.sha256(self.data).digest()
        return self._content

    def follow(self, cache: Cache) -> None:
        """Change only what differs. Raises Gone where the file is not made of plain lines."""
        _follow(self.source, cache, self.data, (self.content(cache.state), self.stat))

    def fill(self, db: sqlite3.Connection) -> None:
        """Make the tables, and put everything into them."""
        _fill(db, self.source, self.data, self.stat)


def followed(source: Source, data: bytes, stat: str) -> Cache:
    """The file on disk brought up to this content of the log; the caller holds its lock."""
    return upkeep.followed(source, Look(source, data, stat))


def in_memory(source: Source, data: bytes, stat: str) -> Cache:
    """The same tables without a file: slower, and never wrong."""
    return upkeep.in_memory(Look(source, data, stat))


def _follow(source: Source, cache: Cache, data: bytes, proof: tuple[bytes, str]) -> None:
    if not (cache.state["plain"] and lines.is_plain(data)):
        raise Gone
    if cache.state["views"] != fingerprint(*_views(source)):
        raise Gone
    held = dict(cache.db.execute("SELECT digest, id FROM issue"))
    most = max(1000, len(held) // 4)
    ids: list[str] = []
    added: dict[str, Row] = {}
    for ended in io.BytesIO(data):
        line = ended.rstrip(b"\n")
        known = held.pop(digest(line), None) if line else None
        if known is not None:
            ids.append(known)
        elif line and not line.isspace():
            row = _parsed(line)
            if row is not None:
                ids.append(row["id"])
                added[row["id"]] = (line, row)
    if len(added) + len(held) > most:
        raise Gone  # a new file is made sooner
    if len(set(ids)) != len(ids):
        raise Gone  # a repeated id is a Problem
    gone = [id for id in held.values() if id not in added]
    content, stat = proof
    state = [
        ("log", stat), ("looked", source.now), ("content", content), ("sorted", _in_order(ids)),
    ]  # fmt: skip
    rows = {id: row for id, (_, row) in added.items()}

    def change(db: sqlite3.Connection) -> None:
        was = news.before(db, rows)
        patch(db, source, gone, added)
        news.keep(db, was, rows)
        caches.set_state(db, state)

    caches.change(source, cache, change)


def _in_order(ids: list[str]) -> bool:
    return all(map(str.__lt__, ids, ids[1:]))


def _parsed(line: bytes) -> dict[str, Any] | None:
    """The record of a plain line; None where it is no issue. Raises Gone where it is a Problem."""
    found = list(lines.scan(line))
    if len(found) != 1 or isinstance(found[0], lines.Unread) or found[0].glued:
        raise Gone
    row = found[0].row
    if not _is_issue(row):
        return None
    if safe(row["id"]) != row["id"]:
        raise Gone
    return row


def _is_issue(row: Mapping[str, Any]) -> bool:
    """Whether an object is an issue rather than of another kind. Raises Gone without an id."""
    id = row.get("id")
    if isinstance(id, str) and id:
        return True
    if (row.get("_type") or "issue") == "issue":
        raise Gone
    return False


def home(source: Source) -> str:
    """Where the file goes: beside the log if git ignores it there, else into the local folder."""
    folder, name = os.path.split(source.cache)
    if folder == source.local:
        return source.cache
    is_plain_folder = os.path.basename(folder) != ".beads"
    if (is_plain_folder or is_ignored(folder, name)) and not _is_foreign(source.cache):
        return source.cache
    return os.path.join(source.local, "cache.db")


def is_ignored(folder: str, name: str) -> bool:
    """Whether the ignore file of this very folder covers a file in it."""
    from fnmatch import fnmatchcase

    try:
        text = fileio.read(os.path.join(folder, ".gitignore")).decode()
    except (OSError, UnicodeDecodeError):
        return False
    patterns = [line.strip() for line in text.split("\n")]
    covered = False
    for pattern in patterns:
        if pattern and not pattern.startswith("#"):
            plain = pattern.removeprefix("!").removeprefix("/")
            if fnmatchcase(name, plain):
                covered = not pattern.startswith("!")
    return covered


def _is_foreign(path: str) -> bool:
    """Whether another program has put a database there since the place was looked at."""
    try:
        header = fileio.start_of(path, 100)
    except OSError:
        return False
    if len(header) < 100 or not header.startswith(b"SQLite format 3\0"):
        return False
    return int.from_bytes(header[68:72], "big") != caches.APPLICATION_ID


def _fill(db: sqlite3.Connection, source: Source, data: bytes, stat: str) -> None:
    _tables(db, source)
    try:
        ids = _put(db, _plain_rows(data))
        about = _state_of_plain(ids, data)
    except Gone:
        for table in INSERTS:
            db.execute(f"DELETE FROM {table}")
        log = Log(data, os.path.basename(source.log))
        _put(db, log.rows())
        about = _state_of(log)
    for statement in ISSUE_INDEXES.split(";\n"):
        db.execute(statement)
    waits.fill(db, _rules(source))
    settings = parse(source.config)
    caches.set_state(db, [
        *about,
        ("version", caches.version()), ("views", fingerprint(*_views(source))),
        ("config", source.config),
        ("settings", json.dumps(settings)), ("log", stat), ("looked", source.now),
        ("content", hashlib.sha256(data).digest()), ("bd_version", "0.49.6"),
        ("issue_prefix", value(settings, "issue-prefix")),
    ])  # fmt: skip
    db.execute("COMMIT")


def _tables(db: sqlite3.Connection, source: Source) -> None:
    db.execute("BEGIN")
    db.execute(f"PRAGMA application_id = {caches.APPLICATION_ID}")
    for statement in [*ISSUES.split(";\n"), *_views(source)]:
        db.execute(statement)


def _views(source: Source) -> list[str]:
    return views(_rules(source).closing)


def _put(db: sqlite3.Connection, rows: Iterable[Row]) -> list[str]:
    """Write the records; their ids in the order of the file."""
    writer = Writer(db)
    ids = []
    for line, row in rows:
        writer.put(line, row)
        ids.append(row["id"])
    writer.flush()
    return ids


def _plain_rows(data: bytes) -> Iterator[Row]:
    """The records of a log, none kept for longer than it is needed.

    Raises Gone where a line is more than one record or a Problem: then the log as a whole decides.
    """
    seen: set[str] = set()
    for found in lines.scan(data):
        if isinstance(found, lines.Unread) or found.glued:
            raise Gone
        if _is_issue(found.row):
            id = found.row["id"]
            if id in seen:
                raise Gone
            seen.add(id)
            yield data[found.start : found.end], found.row


def _state_of_plain(ids: list[str], data: bytes) -> list[tuple[str, object]]:
    plain = lines.is_plain(data) and all(safe(id) == id for id in ids)
    return [("plain", plain), ("sorted", _in_order(ids)), ("markers", 0), ("problems", "")]


def _state_of(log: Log) -> list[tuple[str, object]]:
    return [
        ("plain", False), ("sorted", log.is_sorted), ("markers", len(log.markers)),
        ("problems", safe("\n".join(str(problem) for problem in log.problems))),
    ]  # fmt: skip


def _rules(source: Source) -> Rules:
    return Rules(source.now, closing_statuses(parse(source.config)))


def patch(
    db: sqlite3.Connection, source: Source, gone: Iterable[str], added: Mapping[str, Row]
) -> None:
    """Take `gone` away, add `added`, and work out again who is blocked."""
    gone = list(gone)
    before = waits.states(db, {*gone, *added})
    numbers = {id: _number(db, id) for id in before}
    writer = Writer(db)
    writer.remove(n for n in numbers.values() if n is not None)
    db.executemany("DELETE FROM blocked WHERE n = ?", [(numbers[id],) for id in gone])
    for id, (line, row) in added.items():
        writer.put(line, row, numbers[id])
    writer.flush()
    waits.follow(db, _rules(source), before)


def patched(
    source: Source, cache: Cache, changes: Iterable[Change], proof: tuple[bytes, str, str]
) -> bool:
    """Whether a write of ours was followed; `proof` is the new digest and the old and new stat.

    The caller holds the cache's lock. Nothing happens where somebody else was faster, or where it
    would take longer than to begin again.
    """
    content, before, after = proof
    changes = tuple(changes)
    if cache.state["log"] != before or not cache.is_as_left or _is_much(cache, len(changes)):
        return False
    gone: list[str] = []
    added: dict[str, Row] = {}
    for change in changes:
        if change.new is None:
            if not cache.state["sorted"]:
                raise Gone  # without this record the others may be in order: whoever reads looks
            gone.append(change.id)
        else:
            row = _parsed(change.new)
            if row is None:
                raise Gone
            added[change.id] = (change.new, row)
    state = [("log", after), ("looked", source.now), ("content", content)]

    def run(db: sqlite3.Connection) -> None:
        patch(db, source, gone, added)
        caches.set_state(db, state)

    caches.change(source, cache, run)
    return True


def _is_much(cache: Cache, count: int) -> bool:
    """Whether so many records are sooner written anew, with all others, by whoever reads next."""
    last = cache.db.execute("SELECT coalesce(max(n), 0) FROM issue").fetchone()[0]
    return count > max(500, int(last) // 10)


def _number(db: sqlite3.Connection, id: str) -> int | None:
    row = db.execute("SELECT n FROM issue WHERE id = ?", (id,)).fetchone()
    return None if row is None else int(row[0])
