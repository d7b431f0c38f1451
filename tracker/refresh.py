"""How the cache is built, and how it follows a log that has changed.

Following is a set difference of lines: what the cache holds and the file does not is removed, what
the file holds and the cache does not is added, and what others wait for is worked out again for
the neighbourhood of the change. A log with a Problem is read as a whole, each time it changes.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from tracker import cache as caches
from tracker.cache import Cache, Gone, Source
from tracker.config import closing_statuses, parse
from tracker.errors import TrackerError
from tracker.graph import Family, Graph, Rules, cycles, reachable
from tracker.journal import Change
from tracker.lines import BOM
from tracker.locks import hold
from tracker.log import Log
from tracker.model import BLOCKING, PARENT, Dependency, Issue
from tracker.schema import INDEXES, TABLES, Writer, digest, views

Row = tuple[bytes, dict[str, Any]]
LOCK_WAIT = 2.0  # seconds; then the answer is worked out in memory


def refreshed(source: Source) -> Cache:
    """A cache that answers for the log as it is now, on disk if that is possible."""
    data, stat = caches.read_log(source.log)
    try:
        make_local(source.local)
        with hold(os.path.join(source.local, "cache.lock"), LOCK_WAIT):
            return followed(source, data, stat)
    except (TrackerError, sqlite3.Error, OSError, Gone):
        return in_memory(source, data, stat)


def make_local(local: str) -> None:
    """The folder for what never leaves this clone, ignored by git from within."""
    ignore = os.path.join(local, ".gitignore")
    if not os.path.exists(ignore):
        os.makedirs(local, exist_ok=True)
        with open(ignore, "w", encoding="ascii") as file:
            file.write(caches.LOCAL_IGNORE)


def followed(source: Source, data: bytes, stat: str) -> Cache:
    """The file on disk brought up to date; the caller holds its lock."""
    try:
        cache = caches._believed(source)  # noqa: SLF001  (one module in two files)
    except (Gone, sqlite3.Error, OSError, KeyError, ValueError):
        return built(source, data, stat)
    try:
        return _brought_up(source, cache, data, stat)
    except (Gone, sqlite3.Error, ValueError):
        cache.close()
        return built(source, data, stat)


def _brought_up(source: Source, cache: Cache, data: bytes, stat: str) -> Cache:
    content = hashlib.sha256(data).digest()
    if content != cache.state["content"]:
        _follow(source, cache, data, content, stat)
    elif cache.state["log"] != stat or caches.is_settled(stat, source.now):
        news = [("log", stat), ("looked", source.now)]
        caches.transaction(cache, lambda db: caches.set_state(db, news))
        caches.save_stamp(source, path_of(cache))
    state = dict(cache.db.execute("SELECT key, value FROM state"))
    return Cache(cache.db, state, kept=True)


def path_of(cache: Cache) -> str:
    """The file behind a connection."""
    return str(cache.db.execute("PRAGMA database_list").fetchone()[2])


def _follow(source: Source, cache: Cache, data: bytes, content: bytes, stat: str) -> None:
    """Change only what differs. Raises Gone where the file is not made of plain lines."""
    if not cache.state["plain"] or b"\r" in data or data.startswith(BOM):
        raise Gone
    held = {key: (n, id) for n, id, key in cache.db.execute("SELECT n, id, digest FROM issue")}
    ids: list[str] = []
    added: dict[str, Row] = {}
    for line in data.split(b"\n"):
        known = held.pop(digest(line), None) if line else None
        if known is not None:
            ids.append(known[1])
        elif line:
            row = _parsed(line)
            if "id" in row:
                ids.append(row["id"])
                added[row["id"]] = (line, row)
    if len(set(ids)) != len(ids):
        raise Gone  # a repeated id is a Problem
    gone = {id: n for n, id in held.values()}
    in_order = all(one < two for one, two in zip(ids, ids[1:], strict=False))
    news = [
        ("log", stat), ("looked", source.now), ("content", content), ("sorted", in_order),
    ]  # fmt: skip

    def change(db: sqlite3.Connection) -> None:
        patch(db, source, gone, added)
        caches.set_state(db, news)

    caches.transaction(cache, change)
    caches.save_stamp(source, path_of(cache))


def _parsed(line: bytes) -> dict[str, Any]:
    import orjson  # noqa: PLC0415

    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise Gone from None
    if not isinstance(row, dict):
        raise Gone
    id = row.get("id")
    if isinstance(id, str) and id:
        return row
    if row.get("_type", "issue") == "issue":
        raise Gone
    return {}


def built(source: Source, data: bytes, stat: str) -> Cache:
    """A new file in the place of whatever is there."""
    path = home(source)
    temporary = f"{path}.{os.getpid()}.new"
    with suppress(FileNotFoundError):
        os.unlink(temporary)
    db = caches._connect(temporary)  # noqa: SLF001
    try:
        db.execute("PRAGMA journal_mode = OFF")
        _fill(db, source, data, stat)
        db.close()
        with suppress(FileNotFoundError):
            os.unlink(f"{path}-journal")  # of a writer that died: it belongs to the old file
        os.replace(temporary, path)
    except BaseException:
        db.close()
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    caches.save_stamp(source, path)
    db = caches._connect(path)  # noqa: SLF001
    return Cache(db, dict(db.execute("SELECT key, value FROM state")), kept=True)


def home(source: Source) -> str:
    """Where the file goes: beside the log if git ignores it there, else into the local folder."""
    folder, name = os.path.split(source.cache)
    if folder == source.local:
        return source.cache
    try:
        with open(os.path.join(folder, ".gitignore"), encoding="utf-8") as file:
            patterns = set(file.read().split())
    except (OSError, UnicodeDecodeError):
        patterns = set()
    ignored = not patterns.isdisjoint({name, "*.db", "*.db*", "beads.db*", "*", "/" + name})
    inside = os.path.basename(folder) == ".beads"
    return source.cache if ignored or not inside else os.path.join(source.local, "cache.db")


def in_memory(source: Source, data: bytes, stat: str) -> Cache:
    """The same tables without a file: slower, and never wrong."""
    db = caches._connect(":memory:")  # noqa: SLF001
    _fill(db, source, data, stat)
    return Cache(db, dict(db.execute("SELECT key, value FROM state")), kept=False)


def _fill(db: sqlite3.Connection, source: Source, data: bytes, stat: str) -> None:
    log = Log(data, os.path.basename(source.log))
    db.execute("BEGIN")
    db.execute(f"PRAGMA application_id = {caches.APPLICATION_ID}")
    for statement in (TABLES + views()).split(";\n"):
        db.execute(statement)
    writer = Writer(db)
    for line, row in log.rows():
        writer.put(line, row)
    for statement in INDEXES.split(";\n"):
        db.execute(statement)
    family = Family(log.glances())
    _save_blockage(db, Graph(family, _rules(source)), family)
    _save_cycles(db, source)
    caches.set_state(db, _state(source, log, data, stat))
    db.execute("COMMIT")


def _state(source: Source, log: Log, data: bytes, stat: str) -> list[tuple[str, object]]:
    plain = not (log.problems or log.is_glued or b"\r" in data or data.startswith(BOM))
    return [
        ("version", caches._version()),  # noqa: SLF001
        ("config", source.config), ("settings", json.dumps(parse(source.config))),
        ("log", stat), ("looked", source.now), ("content", hashlib.sha256(data).digest()),
        ("plain", plain), ("sorted", log.is_sorted), ("markers", len(log.markers)),
        ("problems", "\n".join(str(problem) for problem in log.problems)),
        ("bd_version", "0.49.6"),
    ]  # fmt: skip


def _rules(source: Source) -> Rules:
    return Rules(source.now, closing_statuses(parse(source.config)))


def patch(
    db: sqlite3.Connection, source: Source, gone: Mapping[str, int], added: Mapping[str, Row]
) -> None:
    """Take `gone` (id to number) away, add `added`, and work out again who is blocked."""
    touched = set(gone) | set(added)
    lookup = Lookup(db)
    near = neighbourhood(lookup, touched)
    waits = _waits(db, touched)
    writer = Writer(db)
    numbers = {id: _number(db, id) for id in touched}
    writer.remove(n for n in numbers.values() if n is not None)
    for id, (line, row) in added.items():
        writer.put(line, row, numbers[id])
    lookup = Lookup(db)
    near |= neighbourhood(lookup, touched)
    graph = Graph(lookup, _rules(source))
    issues = [issue for id in near if (issue := lookup.get(id)) is not None]
    db.executemany(
        "DELETE FROM blocked WHERE n = (SELECT n FROM issue WHERE id = ?)",
        [(issue.id,) for issue in issues],
    )
    _save_blockage(db, graph, issues)
    if waits != _waits(db, touched):
        _save_cycles(db, source)


def patched(
    source: Source, cache: Cache, changes: Iterable[Change], proof: tuple[bytes, str, str]
) -> None:
    """Follow a write of ours; `proof` is the new content's digest and the old and new stat.

    The caller holds the cache's lock. Nothing happens where somebody else was faster.
    """
    content, before, after = proof
    if dict(cache.db.execute("SELECT key, value FROM state"))["log"] != before:
        return
    gone: dict[str, int] = {}
    added: dict[str, Row] = {}
    for change in changes:
        if change.new is None:
            gone[change.id] = 0
        else:
            added[change.id] = (change.new, _parsed(change.new))
    news = [("log", after), ("looked", source.now), ("content", content)]

    def run(db: sqlite3.Connection) -> None:
        patch(db, source, gone, added)
        caches.set_state(db, news)

    caches.transaction(cache, run)
    caches.save_stamp(source, path_of(cache))


def _number(db: sqlite3.Connection, id: str) -> int | None:
    row = db.execute("SELECT n FROM issue WHERE id = ?", (id,)).fetchone()
    return None if row is None else row[0]


def _waits(db: sqlite3.Connection, ids: Iterable[str]) -> set[tuple[str, str, str, str]]:
    """What decides about cycles: status and blocking edges of these issues."""
    found = set()
    for id in ids:
        found.update(
            db.execute(
                "SELECT i.id, i.status, coalesce(e.target, ''), coalesce(e.type, '') "
                "FROM issue i LEFT JOIN edge e ON e.n = i.n WHERE i.id = ?",
                (id,),
            ),
        )
    return found


def neighbourhood(lookup: Lookup, touched: Iterable[str]) -> set[str]:
    """Everything whose blockage may depend on these issues, themselves included."""
    near = set(touched)
    for id in tuple(near):
        issue = lookup.get(id)
        edges = issue.dependencies if issue is not None else ()
        parents = [edge.depends_on_id for edge in edges if edge.type == PARENT]
        for one in (id, *parents):  # somebody may wait for the children of a parent
            near.update(lookup.waiting_on(one))
            near.update(lookup.gated_by(one))
    return reachable(near, lookup.children)


class Lookup:
    """Issues out of the tables, with what the rules of `graph` look at."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._seen: dict[str, Issue | None] = {}

    def get(self, id: str, /) -> Issue | None:
        if id not in self._seen:
            self._seen[id] = self._load(id)
        return self._seen[id]

    def _load(self, id: str) -> Issue | None:
        row = self._db.execute(
            "SELECT n, status, close_reason, defer_until, pinned, ephemeral, template "
            "FROM issue WHERE id = ?",
            (id,),
        ).fetchone()
        if row is None:
            return None
        n, status, reason, until, pinned, ephemeral, template = row
        edges = self._db.execute(
            "SELECT target, type, metadata FROM edge WHERE n = ? ORDER BY place", (n,)
        )
        return Issue(
            id=id,
            status=status,
            close_reason=reason,
            defer_until=until,
            pinned=bool(pinned),
            ephemeral=bool(ephemeral),
            is_template=bool(template),
            dependencies=tuple(
                Dependency(
                    issue_id=id,
                    depends_on_id=target,
                    type=kind,
                    extra=(("metadata", json.dumps(metadata)),) if metadata else (),
                )
                for target, kind, metadata in edges
            ),
        )

    def _sources(self, sql: str, *values: str) -> list[str]:
        return [
            row[0] for row in self._db.execute(f"SELECT i.id FROM edge e {sql}", values)  # noqa: S608
        ]

    def children(self, id: str, /) -> list[str]:
        return self._sources("JOIN issue i USING(n) WHERE e.target = ? AND e.type = ?", id, PARENT)

    def waiting_on(self, id: str) -> list[str]:
        """Who has an edge to it."""
        return self._sources("JOIN issue i USING(n) WHERE e.target = ?", id)

    def gated_by(self, id: str) -> list[str]:
        """Who waits for its children by a `waits-for` edge whose metadata names it."""
        return self._sources(
            "JOIN issue i USING(n) WHERE e.type = 'waits-for' AND instr(e.metadata, ?)", id
        )


def _save_blockage(db: sqlite3.Connection, graph: Graph, issues: Iterable[Issue]) -> None:
    rows = []
    for issue in issues:
        if graph.rules.is_closed(issue):
            continue
        reasons = graph.blockage(issue)
        if reasons:
            rows.append((json.dumps(reasons), issue.id))
    db.executemany(
        "INSERT OR REPLACE INTO blocked SELECT n, ? FROM issue WHERE id = ?",
        rows,
    )


def _save_cycles(db: sqlite3.Connection, source: Source) -> None:
    """Only blocked issues can wait in a circle, so only these are looked at."""
    closing = sorted(_rules(source).closing)
    marks = ",".join("?" * len(closing))
    kinds = sorted(BLOCKING)
    edges: dict[str, list[str]] = {}
    for one, two in db.execute(
        f"SELECT i.id, e.target FROM blocked b JOIN issue i USING(n) JOIN edge e USING(n) "  # noqa: S608
        f"JOIN issue t ON t.id = e.target JOIN blocked tb ON tb.n = t.n "
        f"WHERE e.type IN ({','.join('?' * len(kinds))}) AND i.status NOT IN ({marks}) "
        f"AND t.status NOT IN ({marks})",
        (*kinds, *closing, *closing),
    ):
        edges.setdefault(one, []).append(two)
    db.execute("DELETE FROM cycle")
    db.executemany(
        "INSERT INTO cycle VALUES(?,?,?)",
        [
            (number, place, id)
            for number, way in enumerate(cycles(edges))
            for place, id in enumerate(way)
        ],
    )
