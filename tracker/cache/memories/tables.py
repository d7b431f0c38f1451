"""Tables of the memory cache and the rows of a record.

`line` holds what counts of each file, byte for byte, and `memory`, `outcome` and `credit` what it
means, by the number of its line. Of several memories with one key the first file's is `shown`, and
only those stand in the full-text index `word`, unless they are tombstones. `given` are the issues
of the log that name memories, and `worth` are the credits that count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tracker.cache.database import bounded, safe
from tracker.cache.memories.files import ARCHIVE, OUTCOMES
from tracker.cache.memories.tokens import indexed, parts
from tracker.memory.outcomes import SYNONYMS, counted
from tracker.model.confidence import prior
from tracker.model.memory import Outcome, digest
from tracker.model.status import TOMBSTONE
from tracker.model.timestamps import instant

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping


_BATCH = 500  # lines that wait for their INSERT
HEAD = 400  # characters of a content that are shown without reading its line
_TEXTS = ("/title", "/description", "/content")
_OF_MEMORY = ("memory", "page", "tag", "about", "instead")
_INSERTS = {
    "line": "INSERT INTO line VALUES(?,?,?)",
    "memory": f"INSERT INTO memory VALUES({','.join('?' * 16)})",
    "page": f"INSERT INTO page VALUES({','.join('?' * 8)})",
    "tag": "INSERT OR IGNORE INTO tag VALUES(?,?)",
    "about": "INSERT OR IGNORE INTO about VALUES(?,?)",
    "instead": "INSERT OR IGNORE INTO instead VALUES(?,?)",
    "outcome": f"INSERT INTO outcome VALUES({','.join('?' * 12)})",
    "credit": "INSERT INTO credit VALUES(?,?,?,?,?)",
    "given": "INSERT INTO given VALUES(?,?)",
    "word": "INSERT INTO word(rowid, key, title, description, tags, content, aux) "
    "VALUES(?,?,?,?,?,?,?)",
}

Object = dict[str, Any]


class Memo(NamedTuple):
    """A memory as its line was understood, every text as SQLite can hold it."""

    key: str
    kind: str
    status: str
    title: str
    description: str
    content: str
    tags: tuple[str, ...]
    issues: tuple[str, ...]
    paths: tuple[tuple[str, str], ...]
    kept: tuple[str, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """What the index is given, by its columns."""
        named = [path.rpartition("/")[2] for path, _ in self.paths]
        texts = [self.key, self.title, self.description, " ".join(self.tags), self.content]
        names = parts("\n".join([*texts, *self.kept]))
        aux = " ".join([*names, *named, *self.issues, *map(indexed, self.kept)])
        return (*map(indexed, texts), aux)


def memo_of(row: Mapping[str, Any]) -> Memo:
    """The object of a line as `memoline` understands it, many times as fast."""
    content = row.get("content")
    if "content" not in row:
        content = row.get("value")
    source = row.get("source")
    source = source if isinstance(source, dict) else {}
    return Memo(
        safe(row["key"]),
        _text(row, "kind") or "fact",
        _text(row, "status") or "active",
        _text(row, "title"),
        _text(row, "description"),
        safe(content) if isinstance(content, str) else "",
        _texts(row, "tags"),
        _texts(source, "issues"),
        _paths(source.get("paths")),
        tuple(_kept(row.get("conflicts"))),
    )


def _kept(conflicts: object) -> Iterator[str]:
    """The texts that merges kept of a memory: what stands beside what was written last."""
    for entry in conflicts if isinstance(conflicts, list) else ():
        if isinstance(entry, dict) and entry.get("field") in _TEXTS:
            value = entry.get("value")
            yield from [safe(value)] if isinstance(value, str) else []


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return safe(value) if isinstance(value, str) else ""


def _texts(row: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = row.get(name)
    if not (isinstance(value, list) and all(isinstance(one, str) for one in value)):
        return ()
    return tuple(map(safe, value))


def _joined(texts: Iterable[str]) -> str:
    return "\x1f".join(text.replace("\x1f", " ") for text in texts)


def _paths(value: object) -> tuple[tuple[str, str], ...]:
    if not (isinstance(value, dict) and all(isinstance(blob, str) for blob in value.values())):
        return ()
    return tuple((safe(path), safe(blob)) for path, blob in value.items())


def _number(row: Mapping[str, Any], name: str) -> float | None:
    value = row.get(name)
    return float(value) if type(value) is int or type(value) is float else None


def _moment(row: Mapping[str, Any], name: str) -> int:
    text = row.get(name)
    return bounded(instant(text)) if isinstance(text, str) and text else 0


class MemoryWriter:
    """Puts lines into the tables, many at a time; nothing is there before `flush`."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        found = db.execute("SELECT coalesce(max(n), 0) FROM line").fetchone()
        self._next = int(found[0]) + 1
        self._rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in _INSERTS}

    def memory(self, file: int, line: bytes, row: Object, *, shown: bool = False) -> str:
        """Add a memory; its key."""
        memo = memo_of(row)
        n = self._line(file, line)
        rows = self._rows
        source = row.get("source")
        source = source if isinstance(source, dict) else {}
        verdict, origin = _text(row, "verdict"), _text(source, "origin")
        rows["memory"].append((
            n, memo.key, file, shown, memo.kind, memo.status, row.get("pinned") is True,
            isinstance(row.get("conflicts"), list) and bool(row["conflicts"]),
            prior(_number(row, "confidence"), origin, verdict), _digest(row),
            _moment(row, "created_at"), _moment(row, "updated_at"),
            _moment(row, "verified_at"), _moment(row, "expires_at"), _text(row, "moved_to"),
            _joined(text for pair in memo.paths for text in pair),
        ))  # fmt: skip
        rows["page"].append((
            n, memo.title, memo.description, " ".join(memo.content[: 2 * HEAD].split())[:HEAD],
            _joined(memo.tags), verdict, origin, _text(source, "by"),
        ))  # fmt: skip
        rows["tag"] += [(n, tag) for tag in memo.tags]
        rows["about"] += [(n, issue) for issue in memo.issues]
        rows["instead"] += [(n, key) for key in _texts(row, "supersedes")]
        if shown and memo.status != TOMBSTONE:
            rows["word"].append((n, *memo.words))
        self._flush_many()
        return memo.key

    def outcome(self, file: int, line: bytes, row: Object) -> None:
        """Add an outcome; which of them count is another question."""
        weight = _number(row, "weight")
        verdict = _text(row, "verdict")
        self._rows["outcome"].append((
            self._line(file, line), safe(row["id"]), file, _text(row, "key"), _text(row, "of"),
            SYNONYMS.get(verdict, verdict),
            1.0 if weight is None else weight, _about(row), _text(row, "by"),
            _moment(row, "at"), _text(row, "voids"), False,
        ))  # fmt: skip
        self._flush_many()

    def credits(
        self, file: int, line: bytes, issue: tuple[str, bool], found: Mapping[str, list[int]]
    ) -> None:
        """Add what an issue says for the memories that its work was given.

        `issue` is its id, and whether it names any; of one id the log counts, not the archive.
        """
        n, id = self._line(file, line), safe(issue[0])
        times = [(safe(key), at) for key, every in found.items() for at in every]
        self._rows["credit"] += [(n, key, id, bounded(at), file == ARCHIVE) for key, at in times]
        if issue[1] and file != ARCHIVE:
            self._rows["given"].append((n, id))

    def _flush_many(self) -> None:
        if len(self._rows["line"]) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Write what has been put."""
        for name, rows in self._rows.items():
            self._db.executemany(_INSERTS[name], rows)
            rows.clear()

    def _line(self, file: int, line: bytes) -> int:
        n = self._next
        self._next += 1
        self._rows["line"].append((n, file, line))
        return n


def _digest(row: Mapping[str, Any]) -> str:
    content = row.get("content")
    if "content" not in row:
        content = row.get("value")
    return digest(content if isinstance(content, str) else "")


def _about(row: Mapping[str, Any]) -> str:
    issue, task = _text(row, "issue"), _text(row, "task")
    return f"issue {issue}" if issue else task and f"task {task}"


def remove(db: sqlite3.Connection, numbers: Iterable[int]) -> set[str]:
    """Take lines away with what they mean; the keys of the memories that were among them."""
    keys = set()
    for n in numbers:
        found = db.execute("SELECT key, shown, status FROM memory WHERE n = ?", (n,)).fetchone()
        if found is not None:
            keys.add(found[0])
            if found[1] and found[2] != TOMBSTONE:
                db.execute("DELETE FROM word WHERE rowid = ?", (n,))
        for table in ("line", *_OF_MEMORY, "outcome", "credit", "given"):
            db.execute(f"DELETE FROM {table} WHERE n = ?", (n,))
    return keys


def show(db: sqlite3.Connection, keys: Iterable[str]) -> None:
    """Of the memories with these keys, show the one of the first file, and index it."""
    for key in keys:
        sql = "SELECT n, shown, status FROM memory WHERE key = ? ORDER BY file, n"
        for at, (n, shown, status) in enumerate(db.execute(sql, (key,)).fetchall()):
            if bool(shown) != (at == 0):
                db.execute("UPDATE memory SET shown = ? WHERE n = ?", (at == 0, n))
                if status != TOMBSTONE:
                    _index(db, n, shown=at == 0)


def _index(db: sqlite3.Connection, n: int, *, shown: bool) -> None:
    if not shown:
        db.execute("DELETE FROM word WHERE rowid = ?", (n,))
        return
    from tracker.log.lines import FoundLine, scan

    line = bytes(db.execute("SELECT line FROM line WHERE n = ?", (n,)).fetchone()[0])
    found = next(one for one in scan(line) if isinstance(one, FoundLine))
    db.execute(_INSERTS["word"], (n, *memo_of(found.row).words))


def known(db: sqlite3.Connection) -> int:
    """How many memories there are, tombstones apart."""
    sql = "SELECT count(*) FROM memory WHERE shown AND status <> 'tombstone'"
    return int(db.execute(sql).fetchone()[0])


def count(db: sqlite3.Connection) -> None:
    """Say which outcomes count: of one id that of the shared file, and none that is taken back."""
    db.execute("UPDATE outcome SET counts = (voids = '') WHERE counts <> (voids = '')")
    db.execute(
        "UPDATE outcome SET counts = 0 WHERE file <> ? AND counts AND EXISTS "
        "(SELECT 1 FROM outcome o WHERE o.id = outcome.id AND o.file > outcome.file)",
        (OUTCOMES,),
    )
    if db.execute("SELECT 1 FROM outcome WHERE voids <> '' LIMIT 1").fetchone():
        rows = db.execute("SELECT id, voids FROM outcome ORDER BY file").fetchall()
        every = {id: Outcome(id=id, voids=voids) for id, voids in rows}
        stand = counted(every.values())
        back = [(id,) for id in every if id not in stand]
        db.executemany("UPDATE outcome SET counts = 0 WHERE id = ?", back)
