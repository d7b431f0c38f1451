"""Maintain the tables `blocked` and `cycle` of the issue cache.

The rules are those of `graph`; here is only where they find the issues, and what must be worked
out again after a change: the neighbourhood of the issues whose status or edges are others now.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from tracker.cache.issues.sql import literals
from tracker.issues.graph import WAITS, Graph, cycles, gate_of, reachable
from tracker.model.issue import BLOCKING, PARENT, Dependency, Issue

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from tracker.issues.graph import Rules


Ties = tuple[tuple[str, str, str], ...]
"""The blocking edges of a record in their order: target, type, metadata."""


class Bare(NamedTuple):
    """What the rules look at."""

    status: str
    close_reason: str
    ties: Ties


_TIES = f"e.type IN ({literals(BLOCKING)})"


def _issue(id: str, bare: Bare) -> Issue:
    return Issue(
        id=id,
        status=bare.status,
        close_reason=bare.close_reason,
        dependencies=tuple(_edge(id, *tie) for tie in bare.ties),
    )


def _edge(id: str, target: str, kind: str, metadata: str) -> Dependency:
    extra = (("metadata", json.dumps(metadata)),) if metadata else ()
    return Dependency(issue_id=id, depends_on_id=target, type=kind, extra=extra)


class Everything:
    """All issues at once, for a cache that is being built."""

    def __init__(self, db: sqlite3.Connection) -> None:
        rows = db.execute("SELECT id, n, status, close_reason FROM issue").fetchall()
        self._rows = {row[0]: row for row in rows}
        self._ties: dict[int, list[tuple[str, str, str]]] = {}
        self._children: dict[str, list[str]] = {}
        self._issues: dict[str, Issue] = {}
        for n, id, target, kind, metadata in db.execute(
            "SELECT e.n, i.id, e.target, e.type, e.metadata FROM edge e JOIN issue i USING(n) "
            f"WHERE {_TIES} ORDER BY e.n, e.place"
        ):
            self._ties.setdefault(n, []).append((target, kind, metadata))
            if kind == PARENT:
                self._children.setdefault(target, []).append(id)

    def get(self, id: str, /) -> Issue | None:
        found = self._issues.get(id)
        if found is None and id in self._rows:
            _, n, status, reason = self._rows[id]
            bare = Bare(status, reason, tuple(self._ties.get(n, ())))
            found = self._issues[id] = _issue(id, bare)
        return found

    def children(self, id: str, /) -> list[str]:
        return self._children.get(id, [])

    def candidates(self, rules: Rules) -> Iterator[Issue]:
        """The issues that could be blocked at all."""
        for id, n, status, _ in self._rows.values():
            may_be = status == "blocked" or n in self._ties
            if may_be and status not in rules.closing and (issue := self.get(id)) is not None:
                yield issue


class Lookup:
    """Issues looked up in the tables one by one, for a change of a few."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._seen: dict[str, Issue | None] = {}
        self._gates: dict[str, list[str]] | None = None

    def get(self, id: str, /) -> Issue | None:
        if id not in self._seen:
            found = self.bare(id)
            self._seen[id] = None if found is None else _issue(id, found)
        return self._seen[id]

    def bare(self, id: str) -> Bare | None:
        """What decides about an issue and those around it, as the tables have it now."""
        row = self._db.execute(
            "SELECT n, status, close_reason FROM issue WHERE id = ?", (id,)
        ).fetchone()
        if row is None:
            return None
        n, status, reason = row
        ties = self._db.execute(
            f"SELECT target, type, metadata FROM edge e WHERE n = ? AND {_TIES} ORDER BY place",
            (n,),
        ).fetchall()
        return Bare(status, reason, tuple(ties))

    def children(self, id: str, /) -> list[str]:
        return self._sources("e.target = ? AND e.type = ?", id, PARENT)

    def waiting_on(self, id: str) -> list[str]:
        """Who has a blocking edge to it."""
        return self._sources(f"e.target = ? AND {_TIES}", id)

    def gated_by(self, id: str) -> list[str]:
        """Who waits for its children by a `waits-for` edge whose metadata names it."""
        if self._gates is None:
            self._gates = {}
            for source, metadata in self._db.execute(
                "SELECT i.id, e.metadata FROM edge e INDEXED BY edge_gate JOIN issue i USING(n) "
                "WHERE e.type = 'waits-for' AND e.metadata <> ''"
            ):
                tie = _edge(source, "", WAITS, metadata)
                self._gates.setdefault(gate_of(tie)[1], []).append(source)
        return self._gates.get(id, [])

    def _sources(self, condition: str, *values: str) -> list[str]:
        sql = (
            "SELECT i.id FROM edge e INDEXED BY edge_target JOIN issue i USING(n) "
            f"WHERE {condition}"
        )
        return [row[0] for row in self._db.execute(sql, values)]


def fill(db: sqlite3.Connection, rules: Rules) -> None:
    """Work out everything, for tables that hold nothing of it yet."""
    issues = Everything(db)
    graph = Graph(issues, rules)
    candidates = list(issues.candidates(rules))
    _save_blockage(db, graph, candidates)
    _save_cycles(db, cycles(_waiting(graph, candidates)))


def states(db: sqlite3.Connection, ids: Iterable[str]) -> dict[str, Bare | None]:
    """What decides about these issues now, for `follow` to compare with afterwards."""
    lookup = Lookup(db)
    return {id: lookup.bare(id) for id in ids}


def follow(db: sqlite3.Connection, rules: Rules, before: Mapping[str, Bare | None]) -> None:
    """Bring both tables up to date after these issues changed from what they were."""
    lookup = Lookup(db)
    changed = [id for id, bare in before.items() if lookup.bare(id) != bare]
    if not changed:
        return
    near = _near(lookup, {id: before[id] for id in changed})
    graph = Graph(lookup, rules)
    issues = [issue for id in sorted(near) if (issue := lookup.get(id)) is not None]
    db.executemany(
        "DELETE FROM blocked WHERE n = (SELECT n FROM issue WHERE id = ?)",
        [(issue.id,) for issue in issues],
    )
    _save_blockage(db, graph, issues)
    _follow_cycles(db, graph, near)


def _near(lookup: Lookup, changed: Mapping[str, Bare | None]) -> set[str]:
    """Everything whose blockage may depend on these issues, themselves included."""
    near = set(changed)
    for id, before in changed.items():
        now = lookup.bare(id)
        ties = [*(before.ties if before else ()), *(now.ties if now else ())]
        parents = {target for target, kind, _ in ties if kind == PARENT}
        for one in {id, *parents}:  # somebody may wait for the children of a parent
            near.update(lookup.waiting_on(one))
            near.update(lookup.gated_by(one))
    return reachable(near, lookup.children)


def _save_blockage(db: sqlite3.Connection, graph: Graph, issues: Iterable[Issue]) -> None:
    rows = [
        (json.dumps(reasons), issue.id)
        for issue in issues
        if not graph.rules.is_closed(issue) and (reasons := graph.blockage(issue))
    ]
    db.executemany("INSERT OR REPLACE INTO blocked SELECT n, ? FROM issue WHERE id = ?", rows)


def _waiting(graph: Graph, issues: Iterable[Issue]) -> dict[str, list[str]]:
    """Who waits for whom, as `graph.waiting_edges` has it, from these issues on."""
    edges: dict[str, list[str]] = {}
    waiting = list(issues)
    while waiting:
        issue = waiting.pop()
        if issue.id in edges or graph.rules.is_closed(issue):
            continue
        targets = [found for id in graph.waits_for(issue) if (found := graph.issues.get(id))]
        live = [found for found in targets if not graph.rules.is_closed(found)]
        edges[issue.id] = [found.id for found in live]
        waiting += live
    return edges


def _follow_cycles(db: sqlite3.Connection, graph: Graph, near: Collection[str]) -> None:
    """Only circles that something near is part of can be new or gone."""
    issues = [issue for id in near if (issue := graph.issues.get(id)) is not None]
    edges = _waiting(graph, issues)
    looked_at = {*near, *edges}
    ways = [way for way in read_cycles(db) if looked_at.isdisjoint(way)]
    _save_cycles(db, [*ways, *cycles(edges)])


def read_cycles(db: sqlite3.Connection) -> list[list[str]]:
    """The circles as they were saved."""
    ways: dict[int, list[str]] = {}
    for number, id in db.execute("SELECT number, id FROM cycle ORDER BY number, place"):
        ways.setdefault(number, []).append(id)
    return list(ways.values())


def _save_cycles(db: sqlite3.Connection, ways: Iterable[list[str]]) -> None:
    db.execute("DELETE FROM cycle")
    db.executemany(
        "INSERT INTO cycle VALUES(?,?,?)",
        [(n, place, id) for n, way in enumerate(sorted(ways)) for place, id in enumerate(way)],
    )
