"""Files of memories, the pure answer about them, and the cache that has to give the same."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

from tracker.cache.database import Cache, bounded, safe
from tracker.cache.memories.queries import MemoryQueries
from tracker.cache.memories.source import MemorySource
from tracker.cache.refresh import in_memory, open_cache
from tracker.log.issue_log import Log
from tracker.log.paths import ARCHIVE_FILE, MEMORY_FILE, OUTCOMES_FILE, PRIVATE
from tracker.log.snapshot import Drafts, Snapshot
from tracker.memory import actions
from tracker.memory import outcomes as verdicts
from tracker.memory.trust import Trust, trust
from tracker.model.memory import Memory, digest
from tracker.model.status import CLOSING
from tracker.model.timestamps import instant

LOG = "issues.jsonl"
FILES = (
    LOG, MEMORY_FILE, OUTCOMES_FILE, PRIVATE + MEMORY_FILE, PRIVATE + OUTCOMES_FILE, ARCHIVE_FILE,
)  # fmt: skip
TABLES = {
    "line": "SELECT file, line FROM line ORDER BY 1, 2",
    "memory": "SELECT l.line, m.* FROM memory m JOIN line l USING(n) ORDER BY 1, m.file",
    "page": "SELECT l.line, g.* FROM page g JOIN line l USING(n) ORDER BY 1, l.file",
    "tag": "SELECT l.line, t.tag FROM tag t JOIN line l USING(n) ORDER BY 1, 2, l.file",
    "about": "SELECT l.line, a.issue FROM about a JOIN line l USING(n) ORDER BY 1, 2, l.file",
    "instead": "SELECT l.line, i.key FROM instead i JOIN line l USING(n) ORDER BY 1, 2, l.file",
    "outcome": "SELECT l.line, o.* FROM outcome o JOIN line l USING(n) ORDER BY 1, o.file",
    "credit": "SELECT l.line, c.key, c.issue, c.at, c.archived FROM credit c JOIN line l USING(n) "
    "ORDER BY 1, 2, 3, 4, 5",
    "given": "SELECT l.line, g.issue FROM given g JOIN line l USING(n) ORDER BY 1, 2",
    "word": "SELECT l.line, w.* FROM word w JOIN line l ON l.n = w.rowid ORDER BY 1, l.file",
    "loose": "SELECT (SELECT count(*) FROM page) - (SELECT count(*) FROM memory), "
    "(SELECT count(*) FROM word) - (SELECT count(*) FROM memory WHERE shown "
    "AND status <> 'tombstone')",
}


def put_files(beads: Path, files: dict[str, bytes]) -> None:
    """Make the folder hold exactly these files of memories and issues."""
    for name in FILES:
        path = beads / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name in files:
            path.write_bytes(files[name])
        else:
            path.unlink(missing_ok=True)


def source(beads: Path, now: int = 0, config: bytes = b"") -> MemorySource:
    log, local = str(beads / LOG), str(beads / ".local")
    return MemorySource(log, str(beads), local, config, now or time.time_ns())


def opened(beads: Path, now: int = 0, config: bytes = b"") -> MemoryQueries:
    """What the cache says now, from the disk."""
    return MemoryQueries(open_cache(source(beads, now, config)), now or time.time_ns(), nothing)


def afresh(beads: Path, now: int = 0, config: bytes = b"") -> MemoryQueries:
    """What a cache says that is made in memory, and never followed anything."""
    cache: Cache = in_memory(source(beads, now, config).look())
    return MemoryQueries(cache, now or time.time_ns(), nothing)


def nothing(_paths: object) -> list[str]:
    """No file has changed."""
    return []


def dump(at: MemoryQueries) -> dict[str, list[tuple[object, ...]]]:
    """Everything that the tables say, without the numbers that hold them together."""
    found = {}
    for name, sql in TABLES.items():
        cursor = at.db.execute(sql)
        columns = [column[0] for column in cursor.description]
        kept = [number for number, column in enumerate(columns) if column != "n"]
        found[name] = [tuple(row[number] for number in kept) for row in cursor]
    found["problems"] = [(line,) for line in at.problems]
    return found


class Known(NamedTuple):
    """What the files say of a memory, worked out without any cache."""

    memory: Memory
    private: bool
    trust: Trust
    why: str


def known(files: dict[str, bytes], now: int) -> dict[str, Known]:
    """By key, every memory that is no tombstone."""
    shelf = Snapshot(LOG, lambda file: files.get(file, b""), lambda data: Log(data, LOG))
    drafts = Drafts(shelf)
    notes = drafts.memories
    issues = shelf.issues_with(b'"memories"')
    credits = verdicts.credits_of(issues, CLOSING, shelf.issues_with(b'"memories"', archived=True))
    ledger = verdicts.Ledger(drafts.outcomes.every(), notes.get, credits)
    live = [memory for memory in notes.every() if memory.status != "tombstone"]
    gone = replaced(
        {
            one.key: (
                instant(one.updated_at),
                [actions.current(notes.get, other) for other in one.supersedes],
            )
            for one in live
            if one.status != "archived" and not is_over(one, now) and one.supersedes
        }
    )
    found = {}
    for one in live:
        value = trust(verdicts.own(one), ledger.votes(one), ledger.credits(one.key), now)
        why = (
            "archived" if one.status == "archived"
            else "expired" if is_over(one, now)
            else "superseded" if one.key in gone
            else "doubted" if value.is_doubted
            else ""
        )  # fmt: skip
        found[one.key] = Known(one, notes.is_private(one.key), value, why)
    return found


def replaced(live: dict[str, tuple[int, list[str]]]) -> set[str]:
    """The keys whose place another takes, by the rule's own words and not by the program's.

    Of two that supersede each other, by whatever way, the one that changed later stays; of two of
    one time that with the larger key.
    """
    leads = {(key, other) for key, (_, others) in live.items() for other in others}
    for _ in live:
        leads |= {(one, two) for one, middle in leads for start, two in leads if start == middle}
    gone = set()
    for key, (changed, others) in live.items():
        for other in others:
            is_circle = (other, key) in leads
            stays = is_circle and (live[other][0], other) > (changed, key)
            if other != key and not stays:
                gone.add(other)
    return gone


def is_over(memory: Memory, now: int) -> bool:
    over = bounded(instant(memory.expires_at))
    return over != 0 and over <= now


def told(one: Known) -> tuple[object, ...]:
    """As much of a memory as a row tells, in the order of `row_told`."""
    memory, source = one.memory, one.memory.source
    return (
        safe(memory.key), safe(memory.kind), safe(memory.status), one.private, memory.pinned,
        any(name == "conflicts" and raw[:1] == "[" and raw != "[]" for name, raw in memory.extra),
        digest(memory.content),
        *(bounded(instant(text)) for text in (memory.created_at, memory.updated_at,
                                              memory.verified_at, memory.expires_at)),
        safe(memory.title), safe(memory.description), tags_of(memory),
        safe(memory.verdict), safe(source.origin), safe(source.by), one.trust, one.why,
    )  # fmt: skip


def tags_of(memory: Memory) -> tuple[str, ...]:
    """The tags as a page holds them, between separators."""
    tags = tuple(safe(tag).replace("\x1f", " ") for tag in memory.tags)
    return () if tags == ("",) else tags


def row_told(row: object) -> tuple[object, ...]:
    """The same of a row."""
    return (
        *row[1:12], row.title, row.description, row.tags, row.verdict, row.origin, row.by,
        row.trust, row.why,
    )  # fmt: skip
