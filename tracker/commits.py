"""Which commits changed which records, remembered in `.local/history.db`.

Commits never change, so nothing here is ever wrong, only missing. Without the file, or where it
cannot be written, nothing is known and nothing kept.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from tracker import fileio
from tracker.gitdir import tracked
from tracker.refresh import make_local
from tracker.tables import fingerprint

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from tracker.patches import Patch

BATCH = 500  # patches that wait to be written
BUSY = 2.0  # seconds
WALKS = 8  # revisions whose commits are remembered

TABLES = """
CREATE TABLE covered(paths TEXT);
CREATE TABLE walk(tip BLOB PRIMARY KEY, at INTEGER, shallow TEXT, paths TEXT, names BLOB);
CREATE TABLE done(n INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE);
CREATE TABLE record(r INTEGER PRIMARY KEY, kind TEXT, id TEXT, UNIQUE(kind, id));
CREATE TABLE touched(r INTEGER, n INTEGER, PRIMARY KEY(r, n)) WITHOUT ROWID
"""


class Walk(NamedTuple):
    """The commits that touch some files, newest first, and the names that the files had."""

    names: tuple[str, ...]
    paths: tuple[str, ...]


class Index:
    """Which commits changed which records; without its file, nothing is known and nothing kept."""

    def __init__(self, local: str) -> None:
        self._path = os.path.join(local, "history.db")
        self._waiting: list[Patch] = []
        self._records: dict[tuple[str, str], int] = {}
        self._db = self._opened()

    def _opened(self) -> sqlite3.Connection | None:
        if tracked(self._path):
            return None  # one that came with the repository is nobody's to believe
        with suppress(sqlite3.OperationalError, OSError):
            make_local(os.path.dirname(self._path))
            fileio.forbid_links(self._path)
            try:
                return _connected(self._path)
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:  # damaged: it can be made anew
                os.unlink(self._path)
                return _connected(self._path)
        return None

    def close(self) -> None:
        """Let go of the file."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def known(self) -> set[str]:
        """The commits that were looked at."""
        return {name.hex() for (name,) in self._all("SELECT name FROM done")}

    def touched(self, kind: str, ids: Collection[str]) -> set[str]:
        """Those of them that changed one of these records."""
        marks = ",".join("?" * len(ids))
        sql = (
            "SELECT d.name FROM record r JOIN touched t ON t.r = r.r JOIN done d ON d.n = t.n "
            f"WHERE r.kind = ? AND r.id IN ({marks})"
        )
        return {name.hex() for (name,) in self._all(sql, kind, *ids)}

    def ids(self, kind: str) -> list[str]:
        """The records of a kind that have any history."""
        return [id for (id,) in self._all("SELECT id FROM record WHERE kind = ?", kind)]

    def walk(self, tip: str, shallow: str) -> Walk | None:
        """The commits as they were found for this revision."""
        sql = "SELECT paths, names FROM walk WHERE tip = ? AND shallow = ?"
        for paths, packed in self._all(sql, bytes.fromhex(tip), shallow):
            size = len(tip) // 2
            names = (packed[at : at + size].hex() for at in range(0, len(packed), size))
            return Walk(tuple(names), tuple(paths.split("\0")))
        return None

    def keep(self, tip: str, shallow: str, walk: Walk) -> None:
        """Remember them, and forget those of older questions."""
        packed = b"".join(map(bytes.fromhex, walk.names))
        row = (bytes.fromhex(tip), shallow, "\0".join(walk.paths), packed)
        newest = "SELECT coalesce(max(at), 0) + 1 FROM walk"
        oldest = f"SELECT tip FROM walk ORDER BY at DESC LIMIT -1 OFFSET {WALKS}"
        keep = (
            "INSERT OR REPLACE INTO walk(tip, shallow, paths, names, at) "
            f"VALUES(?, ?, ?, ?, ({newest}))"
        )
        self._write([(keep, [row]), (f"DELETE FROM walk WHERE tip IN ({oldest})", [()])])

    def covers(self, paths: Sequence[str]) -> None:
        """Forget what was found without looking at all of these files."""
        held = {p for (text,) in self._all("SELECT paths FROM covered") for p in text.split("\0")}
        if not held.issuperset(paths):
            text = "\0".join(sorted(held.union(paths)))
            tables = ("covered", "done", "record", "touched")
            clear = [(f"DELETE FROM {table}", [()]) for table in tables]
            self._write([*clear, ("INSERT INTO covered VALUES(?)", [(text,)])])

    def add(self, patch: Patch) -> None:
        """Remember which records a commit changed."""
        self._waiting.append(patch)
        if len(self._waiting) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Write down what has been added."""
        names = [(bytes.fromhex(patch.commit.name),) for patch in self._waiting]
        rows = [(c.kind, c.id, *name) for p, name in zip(self._waiting, names, strict=True)
                for c in p.changes]  # fmt: skip
        self._waiting.clear()
        if names:
            self._write([
                ("INSERT OR IGNORE INTO done(name) VALUES(?)", names),
                ("INSERT OR IGNORE INTO record(kind, id) VALUES(?, ?)", [row[:2] for row in rows]),
                (_TOUCH, rows),
            ])  # fmt: skip

    def _all(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            return self._db.execute(sql, values).fetchall() if self._db else []
        except sqlite3.Error:
            self._db = None
            return []

    def _write(self, steps: Sequence[tuple[str, Sequence[Sequence[object]]]]) -> None:
        """All of it or nothing; where it cannot be written, nothing is kept from then on."""
        db = self._db
        if db is None:
            return
        try:
            db.execute("BEGIN IMMEDIATE")
            for sql, rows in steps:
                db.executemany(sql, rows)
            db.execute("COMMIT")
        except sqlite3.Error:
            self._db = None


_TOUCH = (
    "INSERT OR IGNORE INTO touched SELECT r.r, d.n FROM record r, done d "
    "WHERE r.kind = ? AND r.id = ? AND d.name = ?"
)


def _connected(path: str) -> sqlite3.Connection:
    """The file with the tables of this version in it. Raises sqlite3.Error."""
    db = sqlite3.connect(path, isolation_level=None, timeout=BUSY)
    try:
        db.execute("PRAGMA synchronous = OFF")
        own = fingerprint(TABLES) & 0x7FFFFFFF  # as much as the header of the file can hold
        if _version(db) != own:
            db.execute("BEGIN IMMEDIATE")
            if _version(db) != own:  # nobody was faster
                found = "SELECT name FROM sqlite_master WHERE type = 'table'"
                for (name,) in db.execute(found).fetchall():
                    db.execute(f'DROP TABLE "{name}"')
                for statement in TABLES.split(";\n"):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {own}")
            db.execute("COMMIT")
    except BaseException:
        db.close()
        raise
    return db


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])
