"""How the cache of memories is filled, and how it follows files that have changed.

Following is a set difference of what counts in each file. A file of plain lines, which is the usual
case, is not even parsed where it did not change; any other is read as a sheet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tracker import cache as caches
from tracker import lines
from tracker.cache import APPLICATION_ID, Gone
from tracker.codec import glance
from tracker.config import closing_statuses, parse
from tracker.lines import Found, Unread
from tracker.memories import Memories, Outcomes, is_carried
from tracker.memosource import LOG, MEMORY, OUTCOMES, PRIVATE_MEMORY, PRIVATE_OUTCOMES
from tracker.memotables import INDEXES, RANK, TABLES, Writer, count, remove, show
from tracker.outcomes import credits_of
from tracker.where import safe

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tracker.cache import Cache
    from tracker.memosource import MemorySource

Object = dict[str, Any]
State = list[tuple[str, object]]
MEMORIES = (PRIVATE_MEMORY, MEMORY)
VERDICTS = (PRIVATE_OUTCOMES, OUTCOMES)
_PATHS = {
    PRIVATE_MEMORY: ".local/memory.jsonl", MEMORY: "memory.jsonl", LOG: "issues.jsonl",
    PRIVATE_OUTCOMES: ".local/outcomes.jsonl", OUTCOMES: "outcomes.jsonl",
}  # fmt: skip
_NAMED = {**dict.fromkeys(MEMORIES, "key"), **dict.fromkeys(VERDICTS, "id")}


class Difference(NamedTuple):
    """What a file no longer holds, by number, and what it holds since; its problems as text."""

    gone: list[int]
    added: list[tuple[bytes, Object]]
    problems: str = ""


def fill(
    source: MemorySource,
    db: sqlite3.Connection,
    data: Sequence[bytes],
    state: Callable[[], State],
) -> None:
    """Make the tables, and put all that counts of every file into them."""
    db.execute("BEGIN")
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    for statement in [*TABLES.split(";\n"), RANK]:
        db.execute(statement)
    writer = Writer(db)
    seen: set[str] = set()
    problems = []
    for file, found in enumerate(data):
        difference = _difference(file, found, {}, {})
        problems.append(difference.problems)
        for line, row in difference.added:
            _put(source, writer, file, (line, row), seen)
        writer.flush()
    for statement in INDEXES.split(";\n"):
        db.execute(statement)
    count(db)
    caches.set_state(db, [
        *state(), ("version", caches.version(source.name)), ("config", source.config),
        ("settings", "{}"),
        *((f"problems:{file}", text) for file, text in enumerate(problems)),
    ])  # fmt: skip
    db.execute("COMMIT")


def follow(source: MemorySource, cache: Cache, data: Mapping[int, bytes], state: State) -> None:
    """Change what differs in these files. Raises Gone where a new cache is made sooner."""
    db = cache.db
    differences = {}
    for file, found in data.items():
        held = {
            bytes(line): n
            for n, line in db.execute("SELECT n, line FROM line WHERE file = ?", (file,))
        }
        names = _names(db, file)
        difference = _difference(file, found, held, names)
        if len(difference.gone) + len(difference.added) > max(1000, len(held) // 4):
            raise Gone
        differences[file] = difference

    def change(db: sqlite3.Connection) -> None:
        writer = Writer(db)
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
        caches.set_state(db, [*state, *texts])

    caches.change(source, cache, change)


def _names(db: sqlite3.Connection, file: int) -> dict[int, str]:
    """The names of a file's records, by the numbers of their lines."""
    table = "outcome" if file in VERDICTS else "memory"
    return dict(
        db.execute(f"SELECT n, {_NAMED.get(file, 'key')} FROM {table} WHERE file = ?", (file,))
    )


def _put(
    source: MemorySource,
    writer: Writer,
    file: int,
    pair: tuple[bytes, Object],
    seen: set[str] | None,
) -> set[str]:
    """Add one record; the keys of memories among it. `seen` are those that have been shown."""
    line, row = pair
    if file in VERDICTS:
        writer.outcome(file, line, row)
        return set()
    if file == LOG and not is_carried(row):
        found = credits_of([glance(row)], closing_statuses(parse(source.config)))
        writer.credits(file, line, row["id"], found)
        return set()
    key = safe(row["key"])
    shown = seen is not None and key not in seen
    writer.memory(file, line, row, shown=shown)
    if seen is not None:
        seen.add(key)
    return {key}


def _difference(
    file: int, data: bytes, held: Mapping[bytes, int], names: Mapping[int, str]
) -> Difference:
    if file == LOG:
        return _of_log(data, held)
    plain = _plain(file, data, held, names)
    return plain or _of_sheet(file, data, held)


def _plain(
    file: int, data: bytes, held: Mapping[bytes, int], names: Mapping[int, str]
) -> Difference | None:
    """The difference of a file whose lines are one record each; None if they are not."""
    if b"\r" in data or data.startswith(lines.BOM):
        return None
    every = list(filter(bytes.strip, data.split(b"\n")))
    found = set(every)
    new = b"\n".join(sorted(found - held.keys()))
    added = []
    name = _NAMED[file]
    for one in lines.scan(new):
        if isinstance(one, Unread) or one.glued or not isinstance(one.row.get(name), str):
            return None
        added.append((new[one.start : one.end], one.row))
    gone = {n for line, n in held.items() if line not in found}
    kept = [one for n, one in names.items() if n not in gone]
    count = len(kept) + len(added)
    if len({"", *kept, *(safe(row[name]) for _, row in added)}) <= count:
        return None  # a name that is empty, or stands twice
    if file in MEMORIES and len(every) > count:
        return None  # a line that stands twice is a problem, if not among outcomes
    return Difference(sorted(gone), added)


def _of_sheet(file: int, data: bytes, held: Mapping[bytes, int]) -> Difference:
    kind: type[Memories | Outcomes] = Memories if file in MEMORIES else Outcomes
    sheet = kind(data, _PATHS[file])
    problems = "\n".join(safe(str(problem)) for problem in sheet.problems)
    return _compared(sheet.rows(), held, problems)


def _of_log(data: bytes, held: Mapping[bytes, int]) -> Difference:
    """Of memories among issues the first of a key counts, as it does for Beads; else the last."""
    memories: dict[str, tuple[bytes, Object]] = {}
    issues: dict[str, tuple[bytes, Object]] = {}
    for one in lines.scan(data):
        if isinstance(one, Found):
            pair = (data[one.start : one.end], one.row)
            if is_carried(one.row):
                memories.setdefault(one.row["key"], pair)
            elif isinstance(one.row.get("id"), str):
                issues[one.row["id"]] = pair
    return _compared([*memories.values(), *issues.values()], held)


def _compared(
    rows: Iterable[tuple[bytes, Object]], held: Mapping[bytes, int], problems: str = ""
) -> Difference:
    found = dict(rows)
    gone = sorted(n for line, n in held.items() if line not in found)
    added = [(line, row) for line, row in found.items() if line not in held]
    return Difference(gone, added, problems)
