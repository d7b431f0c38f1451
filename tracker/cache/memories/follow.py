"""Bring the memory cache up to date with the memory files.

Following is a set difference of what counts in each file. A file of plain lines, which is the usual
case, is not even parsed where it did not change; any other is read as a sheet.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

from tracker.cache import database as caches
from tracker.cache.database import APPLICATION_ID, CacheUnusable, safe
from tracker.cache.memories.files import (
    ARCHIVE,
    DIGEST,
    ISSUES,
    LOG,
    MEMORY,
    OUTCOMES,
    PRIVATE_MEMORY,
    PRIVATE_OUTCOMES,
    relevant,
)
from tracker.cache.memories.tables import MemoryWriter, count, known, remove, show
from tracker.cache.refresh import LOCK_WAIT
from tracker.cache.schema import MEMORIES, MEMORY_INDEXES
from tracker.locks import hold
from tracker.log import lines
from tracker.log.config_file import closing_statuses, parse
from tracker.log.issue_codec import glance
from tracker.log.lines import FoundLine, Unread
from tracker.log.memory_log import MemoryFile, OutcomeFile, is_carried
from tracker.log.paths import ARCHIVE_FILE, MEMORY_FILE, OUTCOMES_FILE, PRIVATE
from tracker.memory.outcomes import credits_of, given

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tracker.cache.database import Cache, CacheSource
    from tracker.log.record_file import RecordChange


Object = dict[str, Any]
State = list[tuple[str, object]]
MEMORY_FILES = (PRIVATE_MEMORY, MEMORY)
VERDICTS = (PRIVATE_OUTCOMES, OUTCOMES)
_PATHS = {
    PRIVATE_MEMORY: PRIVATE + MEMORY_FILE, MEMORY: MEMORY_FILE, LOG: "issues.jsonl",
    PRIVATE_OUTCOMES: PRIVATE + OUTCOMES_FILE, OUTCOMES: OUTCOMES_FILE, ARCHIVE: ARCHIVE_FILE,
}  # fmt: skip
_NUMBERS = {path: number for number, path in _PATHS.items()}


class MemoryFileDifference(NamedTuple):
    """What a file no longer holds, by number, and what it holds since; its problems as text."""

    gone: list[int]
    added: list[tuple[bytes, Object]]
    problems: str = ""


def fill(
    source: CacheSource,
    db: sqlite3.Connection,
    data: Sequence[bytes],
    state: Callable[[], State],
) -> None:
    """Make the tables, and put all that counts of every file into them."""
    db.execute("BEGIN")
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    for statement in MEMORIES.split(";\n"):
        db.execute(statement)
    writer = MemoryWriter(db)
    seen: set[str] = set()
    problems = []
    for file, found in enumerate(data):
        difference = _difference(file, found, {}, db)
        problems.append(difference.problems)
        for line, row in difference.added:
            _put(source, writer, file, (line, row), seen)
        writer.flush()
    for statement in MEMORY_INDEXES.split(";\n"):
        db.execute(statement)
    count(db)
    caches.set_state(db, [
        *state(), ("version", caches.version(source.name)), ("config", source.config),
        ("settings", "{}"), ("known", known(db)),
        *((f"problems:{file}", text) for file, text in enumerate(problems)),
    ])  # fmt: skip
    db.execute("COMMIT")


def follow(source: CacheSource, cache: Cache, data: Mapping[int, bytes], state: State) -> None:
    """Change what differs in these files. Raises Gone where a new cache is made sooner."""
    db = cache.db
    differences = {}
    for file, found in data.items():
        held = dict(db.execute("SELECT line, n FROM line WHERE file = ?", (file,)).fetchall())
        difference = _difference(file, found, held, db)
        if len(difference.gone) + len(difference.added) > max(1000, len(held) // 4):
            raise CacheUnusable
        differences[file] = difference

    _apply(source, cache, differences, state)


def _apply(
    source: CacheSource,
    cache: Cache,
    differences: Mapping[int, MemoryFileDifference],
    state: State,
) -> None:
    def change(db: sqlite3.Connection) -> None:
        writer = MemoryWriter(db)
        keys: set[str] = set()
        for file, difference in differences.items():
            keys |= remove(db, difference.gone)
            for pair in difference.added:
                keys |= _put(source, writer, file, pair, None)
        writer.flush()
        show(db, sorted(keys))
        if any(file in VERDICTS for file in differences):
            count(db)
        texts = ((f"problems:{file}", one.problems) for file, one in differences.items())
        caches.set_state(db, [*state, ("known", known(db)), *texts])

    caches.change(source, cache, change)


class MemoryLineEdit(NamedTuple):
    """What one of our writes did to a file: its new content in pieces, its stats before and now."""

    file: str
    changes: Sequence[RecordChange]
    pieces: Sequence[bytes | memoryview]
    stats: tuple[str, str]


def patched(source: CacheSource, edits: Iterable[MemoryLineEdit]) -> None:
    """Follow a write of ours without a look at the files.

    Raises Gone, or what the file system raises, where that cannot be; nothing has changed then.
    """
    with hold(caches.lock_path(source.local, source.name), LOCK_WAIT):
        cache = caches.believed(source)
        try:
            _patch(source, cache, edits)
        finally:
            cache.close()


def _patch(source: CacheSource, cache: Cache, edits: Iterable[MemoryLineEdit]) -> None:
    stats, content = cache.state["log"].split(" "), bytearray(cache.state["content"])
    differences = {}
    for edit in edits:
        file = _NUMBERS.get(edit.file, LOG)
        before, after = edit.stats
        if stats[file] != before:
            raise CacheUnusable  # it has not followed another write yet
        stats[file] = after
        if file not in ISSUES:
            differences[file] = _difference_of(cache, file, edit.changes)
            digest = hashlib.sha256()
            for piece in edit.pieces:
                digest.update(piece)
            content[file * DIGEST : (file + 1) * DIGEST] = digest.digest()
        elif any(_is_relevant(line) for one in edit.changes for line in (one.old, one.new)):
            raise CacheUnusable
    # The other files have not been looked at, so the time of the last look stays.
    looked = cache.state["looked"]
    state = [("log", " ".join(stats)), ("looked", looked), ("content", bytes(content))]
    _apply(source, cache, differences, state)


def _is_relevant(line: bytes | None) -> bool:
    return line is not None and any(relevant(line))


def _difference_of(
    cache: Cache, file: int, changes: Iterable[RecordChange]
) -> MemoryFileDifference:
    """What our write changed in a file of plain lines. Raises Gone where it is none."""
    if cache.state[f"problems:{file}"]:
        raise CacheUnusable
    gone, added = [], []
    table, name = ("outcome", "id") if file in VERDICTS else ("memory", "key")
    sql = f"SELECT n FROM {table} JOIN line l USING(n) WHERE l.file = ? AND {name} = ? AND line = ?"
    for one in changes:
        if one.old is not None:
            found = cache.db.execute(sql, (file, safe(one.id), one.old)).fetchone()
            if found is None:
                raise CacheUnusable
            gone.append(found[0])
        if one.new is not None:
            rows = list(lines.scan(one.new))
            if len(rows) != 1 or isinstance(rows[0], Unread) or rows[0].glued:
                raise CacheUnusable
            added.append((one.new, rows[0].row))
    return MemoryFileDifference(gone, added)


def _put(
    source: CacheSource,
    writer: MemoryWriter,
    file: int,
    pair: tuple[bytes, Object],
    seen: set[str] | None,
) -> set[str]:
    """Add one record; the keys of memories among it. `seen` are those that have been shown."""
    line, row = pair
    if file in VERDICTS:
        writer.outcome(file, line, row)
        return set()
    if file in ISSUES and not is_carried(row):
        issue = glance(row)
        found = credits_of([issue], closing_statuses(parse(source.config)))
        writer.credits(file, line, (issue.id, bool(given(issue))), found)
        return set()
    key = safe(row["key"])
    shown = seen is not None and key not in seen
    writer.memory(file, line, row, shown=shown)
    if seen is not None:
        seen.add(key)
    return {key}


def _difference(
    file: int, data: bytes, held: Mapping[bytes, int], db: sqlite3.Connection
) -> MemoryFileDifference:
    if file in ISSUES:
        return _of_issues(file, data, held)
    plain = _plain(file, data, held)
    if plain is None or not _is_single(file, plain, db, is_new=not held):
        return _of_sheet(file, data, held)
    return plain


def _plain(file: int, data: bytes, held: Mapping[bytes, int]) -> MemoryFileDifference | None:
    """The difference of a file whose lines are one record each; None if they are not."""
    if not lines.is_plain(data):
        return None
    every = data.split(b"\n")
    found = set(every)
    new = b"\n".join(sorted(found - held.keys()))
    added = []
    for one in lines.scan(new):
        if isinstance(one, Unread) or one.glued:
            return None
        added.append((new[one.start : one.end], one.row))
    gone = sorted(n for line, n in held.items() if line not in found)
    count = len(held) - len(gone) + len(added)
    if file in MEMORY_FILES and len(every) - every.count(b"") > count:
        return None  # a line that stands twice is a problem, if not among outcomes
    return MemoryFileDifference(gone, added)


def _is_single(
    file: int, found: MemoryFileDifference, db: sqlite3.Connection, *, is_new: bool
) -> bool:
    """Whether every new record has a name, and no other in its file has that."""
    name = "id" if file in VERDICTS else "key"
    table = "outcome" if file in VERDICTS else "memory"
    given = [row.get(name) for _, row in found.added]
    names = {safe(one) for one in given if isinstance(one, str)}
    if len(names - {""}) < len(given):
        return False
    if is_new:
        return True
    gone = set(found.gone)
    sql = f"SELECT n FROM {table} WHERE file = ? AND {name} = ?"
    return all(n in gone for one in names for (n,) in db.execute(sql, (file, one)))


def _of_sheet(file: int, data: bytes, held: Mapping[bytes, int]) -> MemoryFileDifference:
    kind: type[MemoryFile | OutcomeFile] = MemoryFile if file in MEMORY_FILES else OutcomeFile
    sheet = kind(data, _PATHS[file])
    problems = "\n".join(safe(str(problem)) for problem in sheet.problems)
    return _compared(sheet.rows(), held, problems)


def _of_issues(file: int, data: bytes, held: Mapping[bytes, int]) -> MemoryFileDifference:
    """Of memories in the log the first of a key counts, as it does for Beads; else the last."""
    memories: dict[str, tuple[bytes, Object]] = {}
    issues: dict[str, tuple[bytes, Object]] = {}
    for one in lines.scan(data):
        if isinstance(one, FoundLine):
            pair = (data[one.start : one.end], one.row)
            if is_carried(one.row):
                if file == LOG:
                    memories.setdefault(one.row["key"], pair)
            elif isinstance(one.row.get("id"), str) and one.row["id"]:
                issues[one.row["id"]] = pair
    return _compared([*memories.values(), *issues.values()], held)


def _compared(
    rows: Iterable[tuple[bytes, Object]], held: Mapping[bytes, int], problems: str = ""
) -> MemoryFileDifference:
    found = dict(rows)
    gone = sorted(n for line, n in held.items() if line not in found)
    added = [(line, row) for line, row in found.items() if line not in held]
    return MemoryFileDifference(gone, added, problems)
