"""The history of a record, with an index of commits."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from tracker import fileio
from tracker.fileio import make_local
from tracker.git import patches
from tracker.git.discovery import tracked
from tracker.git.patches import ARCHIVE, ISSUES, Patch
from tracker.git.repository import literal
from tracker.log.paths import LOGS
from tracker.small_files import contents
from tracker.text import fingerprint

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from typing import Any

    from tracker.git.patches import Commit, PatchedRecord
    from tracker.git.repository import Past, Repository
    from tracker.model.context import Place


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


class CommitWalk(NamedTuple):
    """The commits that touch some files, newest first, and the names that the files had."""

    names: tuple[str, ...]
    paths: tuple[str, ...]


class HistoryIndex:
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

    def walk(self, tip: str, shallow: str) -> CommitWalk | None:
        """The commits as they were found for this revision."""
        sql = "SELECT paths, names FROM walk WHERE tip = ? AND shallow = ?"
        for paths, packed in self._all(sql, bytes.fromhex(tip), shallow):
            size = len(tip) // 2
            names = (packed[at : at + size].hex() for at in range(0, len(packed), size))
            return CommitWalk(tuple(names), tuple(paths.split("\0")))
        return None

    def keep(self, tip: str, shallow: str, walk: CommitWalk) -> None:
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


HOW = ("-p", "-U0", "--text", "--no-renames")
RENAMES = 4  # times that the files may have had other names


class HistoryEntry(NamedTuple):
    """A commit and what it did to the record; None is what is not committed yet.

    Where the history of this clone begins (a shallow one), `is_first_known` and nothing is known
    of what was before.
    """

    commit: Commit | None
    change: PatchedRecord
    is_first_known: bool = False


class History:
    """The history of a workspace's records."""

    def __init__(self, repo: Repository, place: Place) -> None:
        self.repo = repo
        self.place = place
        self.shallow = _shallow(place)
        self._index = HistoryIndex(os.path.join(place.beads, ".local"))

    @property
    def is_shallow(self) -> bool:
        """Whether older commits are missing in this clone."""
        return bool(self.shallow)

    def of(self, ids: Collection[str], tip: str, kind: str = ISSUES) -> Iterator[HistoryEntry]:
        """Return the changes of these records in the commits up to `tip`. Raises GitFailed."""
        with self.repo.past() as past:
            walk = self._walk(past, tip)
            known, touched = self._index.known(), self._index.touched(kind, ids)
            asked = [name for name in walk.names if name not in known or name in touched]
            if not asked:
                return
            try:
                rows = past.patches(asked, walk.paths, patches.FORMAT)
                for read in patches.read(rows):
                    patch = _shown(past, read, walk.paths) if read.is_hidden else read
                    yield from self._found(patch, kind, ids, is_new=patch.commit.name not in known)
            finally:
                self._index.flush()

    def ids(self, kind: str = ISSUES) -> list[str]:
        """The records that any commit that was looked at changed."""
        return self._index.ids(kind)

    def paths(self, tip: str) -> tuple[str, ...]:
        """The names that the files ever had, from the top. Raises GitFailed."""
        with self.repo.past() as past:
            return self._walk(past, tip).paths

    def close(self) -> None:
        """Let go of what is kept."""
        self._index.close()

    def uncommitted(self) -> tuple[PatchedRecord, ...]:
        """What the files in the work tree say otherwise than HEAD."""
        return differing(self.repo, names_of(self.place), "HEAD")

    def _found(
        self, patch: Patch, kind: str, ids: Collection[str], *, is_new: bool
    ) -> Iterator[HistoryEntry]:
        is_edge = patch.commit.name in self.shallow
        if is_new and not is_edge:
            self._index.add(patch)
        for change in patch.changes:
            if change.kind == kind and change.id in ids:
                yield HistoryEntry(patch.commit, change, is_edge)

    # Which commits there are.

    def _walk(self, past: Past, tip: str) -> CommitWalk:
        shallow = " ".join(sorted(self.shallow))
        found = self._index.walk(tip, shallow)
        if found is None:
            found = self._walked(past, tip)
            self._index.keep(tip, shallow, found)
        self._index.covers(found.paths)
        return found

    def _walked(self, past: Past, tip: str) -> CommitWalk:
        """All commits, also those that touched the files when they had other names."""
        paths = names_of(self.place)
        names = past.names(paths, tip)
        for _ in range(RENAMES):
            older = self._older(names[-1], paths) if names else []
            if not older:
                break
            paths += older
            names = past.names(paths, tip)
        return CommitWalk(tuple(names), tuple(paths))

    def _older(self, name: str, paths: Sequence[str]) -> list[str]:
        """What a commit that brought the files had renamed them from."""
        if name in self.shallow:
            return []
        words = (
            "diff-tree",
            "-r",
            "-M",
            "-z",
            "--diff-filter=R",
            "--name-status",
            "--no-commit-id",
        )
        said = self.repo.tell(*words, name).split("\0")
        renamed = zip(said[1::3], said[2::3], strict=False)
        return [old for old, new in renamed if new in paths and old not in paths]


def _shown(past: Past, patch: Patch, paths: Sequence[str]) -> Patch:
    """A patch that git did not show, from the files themselves."""
    commit = patch.commit
    files = [
        (os.path.basename(path), past.blob(commit.name, path) or b"",
         [past.blob(parent, path) or b"" for parent in commit.parents])
        for path in paths
    ]  # fmt: skip
    return Patch(commit, patches.compared(files))


def names_of(place: Place) -> list[str]:
    """The files with records, from the top: as they are called now, and as Beads calls them."""
    top = place.top or ""
    folder = os.path.relpath(place.beads, top)
    names = (*LOGS, ARCHIVE, "memory.jsonl", "outcomes.jsonl")
    paths = [os.path.normpath(os.path.join(folder, name)) for name in names]
    return list(dict.fromkeys([os.path.relpath(place.log, top), *paths]))


def differing(repo: Repository, paths: Sequence[str], *revs: str) -> tuple[PatchedRecord, ...]:
    """How records differ between two revisions, or between one and the work tree.

    `--cached` before a revision compares it with the index. Raises GitFailed.
    """
    is_tree = len(revs) == 2 and "--cached" not in revs
    words = ["diff-tree" if is_tree else "diff-index", *(["-r"] if is_tree else []), *HOW]
    rows = repo.said(*words, *revs, "--", *map(literal, paths)).splitlines(keepends=True)
    return patches.between([*rows, *([] if len(revs) > 1 else _untracked(repo, paths))])


def _untracked(repo: Repository, paths: Sequence[str]) -> Iterator[bytes]:
    """Files that git does not have yet, as patches that add them."""
    for path in repo.tell("ls-files", "-z", "--others", "--", *map(literal, paths)).split("\0")[
        :-1
    ]:
        data = contents(os.path.join(repo.top, path)) or b""
        yield from (b"diff --git\n", b"+++ b/%s\n" % os.fsencode(path), b"@@ @@\n")
        yield from (b"+" + row for row in data.splitlines(keepends=True))


def _shallow(place: Place) -> frozenset[str]:
    """The commits whose parents are not in this clone."""
    data = contents(os.path.join(place.common_dir or "", "shallow")) if place.common_dir else None
    return frozenset((data or b"").decode("ascii", "replace").split())
