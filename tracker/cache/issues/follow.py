"""Bring the issue cache up to date with the log; notices about outside changes."""

from __future__ import annotations

import hashlib
import io
import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from tracker import fileio
from tracker.cache import database as caches
from tracker.cache import refresh
from tracker.cache.database import CacheUnusable, safe
from tracker.cache.issues import blocked
from tracker.cache.issues.blocked import read_cycles
from tracker.cache.issues.tables import INSERTS, IssueWriter, digest, views
from tracker.cache.schema import ISSUE_INDEXES, ISSUES
from tracker.errors import Locked
from tracker.fileio import is_ignored
from tracker.issues.graph import Rules
from tracker.locks import hold
from tracker.log import lines
from tracker.log.config_file import closing_statuses, parse, value
from tracker.log.issue_log import Log
from tracker.text import fingerprint

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Protocol

    from tracker.cache.database import Cache, CacheSource
    from tracker.log.record_file import RecordChange

    class IssueInputs(CacheSource, Protocol):
        """What the issue cache follows: a log, and where the cache of it may live."""

        @property
        def log(self) -> str: ...
        @property
        def cache(self) -> str: ...


NEWS = "news"
MOST = 20  # lines that are kept until somebody reads as text


class Before(NamedTuple):
    """What is known when a change has not been followed yet."""

    circles: frozenset[frozenset[str]]
    conflicts: Mapping[str, set[str]]


def before(db: sqlite3.Connection, rows: Mapping[str, Mapping[str, Any]]) -> Before:
    """The circles, and what was in conflict in those records that now are; `rows` are by id."""
    held = {}
    for id, row in rows.items():
        if row.get("conflicts"):
            found = db.execute(
                "SELECT b.line FROM body b JOIN issue i USING(n) WHERE i.id = ?", (id,)
            ).fetchone()
            held[id] = _fields_of(bytes(found[0])) if found else set()
    return Before(_circles(db), held)


def _circles(db: sqlite3.Connection) -> frozenset[frozenset[str]]:
    return frozenset(frozenset(way) for way in read_cycles(db))


def _fields_of(line: bytes) -> set[str]:
    if b'"conflicts"' not in line:
        return set()
    from tracker.issues.regressions import Version

    return {field for _, field in Version(line).conflicts}


def keep(db: sqlite3.Connection, was: Before, rows: Mapping[str, Mapping[str, Any]]) -> None:
    """Put what is new since into the state, behind what nobody was told yet."""
    ways = [way for way in read_cycles(db) if frozenset(way) not in was.circles]
    if not (ways or was.conflicts):
        return
    from tracker.issues.regressions import circle, conflict, fields

    found = [circle(way) for way in ways]
    for id, old in sorted(was.conflicts.items()):
        new = set(fields(rows[id])) - old
        found += [conflict(id, new)] if new else []
    if found:
        held = db.execute("SELECT value FROM state WHERE key = ?", (NEWS,)).fetchone()
        lines = dict.fromkeys([*(held[0].split("\n") if held else ()), *found])
        caches.set_state(db, [(NEWS, "\n".join([*lines][:MOST]))])


def take(source: IssueInputs, cache: Cache) -> list[str]:
    """What is to be told, which is forgotten with that; told again where it cannot be forgotten."""
    text = cache.state.get(NEWS)
    if not text:
        return []
    with suppress(OSError, Locked, *caches.DAMAGE), hold(caches.lock_path(source.local), 0.0):
        if cache.is_as_left:
            caches.change(source, cache, _forget)
    return str(text).split("\n")


def _forget(db: sqlite3.Connection) -> None:
    db.execute("DELETE FROM state WHERE key = ?", (NEWS,))


Row = tuple[bytes, dict[str, Any]]


class IssueFileState:
    """The log of a source as it was found."""

    def __init__(self, source: IssueInputs, data: bytes, stat: str) -> None:
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


def followed(source: IssueInputs, data: bytes, stat: str) -> Cache:
    """The file on disk brought up to this content of the log; the caller holds its lock."""
    return refresh.followed(source, IssueFileState(source, data, stat))


def in_memory(source: IssueInputs, data: bytes, stat: str) -> Cache:
    """The same tables without a file: slower, and never wrong."""
    return refresh.in_memory(IssueFileState(source, data, stat))


def _follow(source: IssueInputs, cache: Cache, data: bytes, proof: tuple[bytes, str]) -> None:
    if not (cache.state["plain"] and lines.is_plain(data)):
        raise CacheUnusable
    if cache.state["views"] != fingerprint(*_views(source)):
        raise CacheUnusable
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
        raise CacheUnusable  # a new file is made sooner
    if len(set(ids)) != len(ids):
        raise CacheUnusable  # a repeated id is a Problem
    gone = [id for id in held.values() if id not in added]
    content, stat = proof
    state = [
        ("log", stat), ("looked", source.now), ("content", content), ("sorted", _in_order(ids)),
    ]  # fmt: skip
    rows = {id: row for id, (_, row) in added.items()}

    def change(db: sqlite3.Connection) -> None:
        was = before(db, rows)
        patch(db, source, gone, added)
        keep(db, was, rows)
        caches.set_state(db, state)

    caches.change(source, cache, change)


def _in_order(ids: list[str]) -> bool:
    return all(map(str.__lt__, ids, ids[1:]))


def _parsed(line: bytes) -> dict[str, Any] | None:
    """The record of a plain line; None where it is no issue. Raises Gone where it is a Problem."""
    found = list(lines.scan(line))
    if len(found) != 1 or isinstance(found[0], lines.Unread) or found[0].glued:
        raise CacheUnusable
    row = found[0].row
    if not _is_issue(row):
        return None
    if safe(row["id"]) != row["id"]:
        raise CacheUnusable
    return row


def _is_issue(row: Mapping[str, Any]) -> bool:
    """Whether an object is an issue rather than of another kind. Raises Gone without an id."""
    id = row.get("id")
    if isinstance(id, str) and id:
        return True
    if (row.get("_type") or "issue") == "issue":
        raise CacheUnusable
    return False


def home(source: IssueInputs) -> str:
    """Where the file goes: beside the log if git ignores it there, else into the local folder."""
    folder, name = os.path.split(source.cache)
    if folder == source.local:
        return source.cache
    is_plain_folder = os.path.basename(folder) != ".beads"
    if (is_plain_folder or is_ignored(folder, name)) and not _is_foreign(source.cache):
        return source.cache
    return os.path.join(source.local, "cache.db")


def _is_foreign(path: str) -> bool:
    """Whether another program has put a database there since the place was looked at."""
    try:
        header = fileio.start_of(path, 100)
    except OSError:
        return False
    if len(header) < 100 or not header.startswith(b"SQLite format 3\0"):
        return False
    return int.from_bytes(header[68:72], "big") != caches.APPLICATION_ID


def _fill(db: sqlite3.Connection, source: IssueInputs, data: bytes, stat: str) -> None:
    _tables(db, source)
    try:
        ids = _put(db, _plain_rows(data))
        about = _state_of_plain(ids, data)
    except CacheUnusable:
        for table in INSERTS:
            db.execute(f"DELETE FROM {table}")
        log = Log(data, os.path.basename(source.log))
        _put(db, log.rows())
        about = _state_of(log)
    for statement in ISSUE_INDEXES.split(";\n"):
        db.execute(statement)
    blocked.fill(db, _rules(source))
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


def _tables(db: sqlite3.Connection, source: IssueInputs) -> None:
    db.execute("BEGIN")
    db.execute(f"PRAGMA application_id = {caches.APPLICATION_ID}")
    for statement in [*ISSUES.split(";\n"), *_views(source)]:
        db.execute(statement)


def _views(source: IssueInputs) -> list[str]:
    return views(_rules(source).closing)


def _put(db: sqlite3.Connection, rows: Iterable[Row]) -> list[str]:
    """Write the records; their ids in the order of the file."""
    writer = IssueWriter(db)
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
            raise CacheUnusable
        if _is_issue(found.row):
            id = found.row["id"]
            if id in seen:
                raise CacheUnusable
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


def _rules(source: IssueInputs) -> Rules:
    return Rules(source.now, closing_statuses(parse(source.config)))


def patch(
    db: sqlite3.Connection, source: IssueInputs, gone: Iterable[str], added: Mapping[str, Row]
) -> None:
    """Take `gone` away, add `added`, and work out again who is blocked."""
    gone = list(gone)
    before = blocked.states(db, {*gone, *added})
    numbers = {id: _number(db, id) for id in before}
    writer = IssueWriter(db)
    writer.remove(n for n in numbers.values() if n is not None)
    db.executemany("DELETE FROM blocked WHERE n = ?", [(numbers[id],) for id in gone])
    for id, (line, row) in added.items():
        writer.put(line, row, numbers[id])
    writer.flush()
    blocked.follow(db, _rules(source), before)


def patched(
    source: IssueInputs,
    cache: Cache,
    changes: Iterable[RecordChange],
    proof: tuple[bytes, str, str],
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
                raise CacheUnusable  # without this record the others may be in order
            gone.append(change.id)
        else:
            row = _parsed(change.new)
            if row is None:
                raise CacheUnusable
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
