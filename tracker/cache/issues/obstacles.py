"""Explain from the cache why an issue is not ready.

The kinds of obstacles and their order are those of `graph.Graph.obstacles`. For an issue that is
done only its status is named, since the cache keeps no blockage of what is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tracker.model.status import PARENT_LEVELS, TOMBSTONE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from tracker.cache.issues.queries import IssueQueries, IssueRow


WAITING = frozenset({"open", "blocked", "deferred"})
CHILD = "child"  # the kind of an issue that a `waits-for` edge waits for
ISSUES = frozenset({"blocks", "conditional-blocks", CHILD})
"""Kinds of obstacles that are issues which have to be done first."""
HOLDING = ("blocks", "conditional-blocks", "waits-for")
"""Types of edges by which an issue waits for another."""


class CachedObstacle(NamedTuple):
    """`graph.Obstacle`: what holds or defers an issue, and through whom."""

    kind: str
    id: str
    through: str


class IssueState(NamedTuple):
    """What decides about an issue by itself; `defer` is in nanoseconds, 0 without a time."""

    n: int
    id: str
    title: str
    status: str
    defer: int
    defer_until: str
    pinned: bool
    ephemeral: bool
    template: bool
    parent: str
    assignee: str


_STATE = (
    "SELECT n, id, title, status, defer, defer_until, pinned, ephemeral, template, parent, "
    "assignee FROM issue WHERE id = ?"
)


class Obstacles:
    """Questions about why issues are not ready."""

    def __init__(self, answers: IssueQueries) -> None:
        self._answers = answers
        self._db = answers.db
        self._at = answers.at

    def state(self, id: str) -> IssueState | None:
        """What is known about an issue; None where there is none, or only its tombstone."""
        row = self._db.execute(_STATE, (id,)).fetchone()
        return None if row is None or row[3] == TOMBSTONE else IssueState(*row)

    def of(self, id: str) -> list[CachedObstacle]:
        """Everything that keeps an issue from being ready, nearest first; empty if it is."""
        row = self._db.execute(_STATE, (id,)).fetchone()
        one = IssueState(*row)
        flags = {"pinned": one.pinned, "ephemeral": one.ephemeral, "template": one.template}
        kinds = [kind for kind, is_set in flags.items() if is_set]
        if self.is_closed(one) or self._status(one) not in WAITING:
            kinds = ["status", *kinds]
        found = [CachedObstacle(kind, id, id) for kind in kinds]
        if self.is_closed(one):
            return found
        for state in (one, *self._ancestors(one)):
            if self._is_deferred(state):
                found.append(CachedObstacle("deferred", state.id, state.id))
            found += [reason for reason in self.blockage(state.n) if reason.through == state.id]
        return found

    def blockage(self, n: int) -> list[CachedObstacle]:
        """Why an issue is blocked: its own reasons, else those of the nearest blocked ancestor."""
        return [CachedObstacle(*reason) for reason in self._answers.reasons(n)]

    def blockages(self, rows: Iterable[IssueRow]) -> dict[str, list[CachedObstacle]]:
        """The same for several issues, by id; those that nothing blocks are left out."""
        found = ((row.id, self.blockage(row.n)) for row in rows)
        return {id: reasons for id, reasons in found if reasons}

    def holds(self, row: IssueRow) -> list[str]:
        """The issues that this one keeps waiting by an edge of their own, by id."""
        marks = ",".join("?" * len(HOLDING))
        sources = self._db.execute(
            "SELECT DISTINCT i.id, i.n FROM edge e JOIN blocked k USING(n) JOIN issue i USING(n) "
            f"WHERE e.target = ? AND e.type IN ({marks}) ORDER BY i.id",
            (row.id, *HOLDING),
        ).fetchall()
        return [
            id
            for id, n in sources
            if any(reason[1:] == (row.id, id) for reason in self.blockage(n))
        ]

    def circle(self, id: str) -> list[str]:
        """The circle of waiting that an issue is part of; empty if it is in none."""
        return next((way for way in self._answers.cycles() if id in way), [])

    def children_waited_for(self, id: str, through: str) -> list[str]:
        """The children, not yet done, that a `waits-for` edge of `through` to `id` waits for."""
        rows = self._db.execute(
            "SELECT e.metadata FROM edge e JOIN issue i USING(n) "
            "WHERE i.id = ? AND e.target = ? AND e.type = 'waits-for' ORDER BY e.place",
            (through, id),
        )
        spawners = dict.fromkeys(_spawner(row[0]) or id for row in rows)
        closing = sorted(self._at.closing)
        found = []
        for spawner in spawners:
            found += self._db.execute(
                "SELECT DISTINCT i.id FROM edge e JOIN issue i USING(n) WHERE e.target = ? "
                f"AND e.type = 'parent-child' AND i.status NOT IN ({','.join('?' * len(closing))}) "
                "ORDER BY i.id",
                (spawner, *closing),
            ).fetchall()
        return [row[0] for row in found]

    def is_closed(self, one: IssueState) -> bool:
        """Done, by the statuses that the configuration calls closed."""
        return one.status in self._at.closing

    def _status(self, one: IssueState) -> str:
        if one.status == "deferred" and not self._is_deferred(one):
            return "open"
        return one.status

    def _is_deferred(self, one: IssueState) -> bool:
        if one.status == "deferred" and not one.defer:
            return True
        return one.defer > self._at.now

    def _ancestors(self, one: IssueState) -> Iterator[IssueState]:
        """The live parents, nearest first, each once even where they form a circle."""
        seen = {one.id}
        parent = one.parent
        while parent and parent not in seen and len(seen) <= PARENT_LEVELS:
            seen.add(parent)
            above = self.state(parent)
            if above is None:
                return
            if not self.is_closed(above):
                yield above
            parent = above.parent


def _spawner(metadata: str) -> str:
    from tracker import json_text

    try:
        found: Any = json_text.loads(metadata or "{}")
    except ValueError:
        return ""
    return str(found.get("spawner_id") or "") if isinstance(found, dict) else ""


class ChainLink(NamedTuple):
    """One obstacle of a chain: how deep it stands, what it is, and how the chain ends there.

    `end` is "" where more stands in the way below, `ready` for work that can be taken up, `circle`
    for an issue that stands above in the same chain, `told` for one that was followed elsewhere,
    and otherwise the status that has to change, or the kind of the obstacle.
    """

    depth: int
    obstacle: CachedObstacle
    state: IssueState | None
    end: str


class Chain(NamedTuple):
    """All that an issue waits for, depth first, and the first circle on the way (or nothing)."""

    links: list[ChainLink]
    circle: list[str]


def chain(obstacles: Obstacles, id: str) -> Chain:
    """Every obstacle of an issue, and below each what stands in the way of that in its turn."""
    links: list[ChainLink] = []
    circle = obstacles.circle(id)
    told = {id}
    way = [id]
    waiting = [(0, one) for one in reversed(obstacles.of(id))]
    while waiting:
        depth, obstacle = waiting.pop()
        del way[depth + 1 :]
        below: list[CachedObstacle] = []
        if obstacle.kind in ISSUES and obstacle.id in way:
            end = "circle"
            circle = circle or obstacles.circle(obstacle.id) or way[way.index(obstacle.id) :]
        elif obstacle.kind in ISSUES and obstacle.id in told:
            end = "told"
        else:
            below, end = _below(obstacles, obstacle)
        links.append(ChainLink(depth, obstacle, obstacles.state(obstacle.id), end))
        if obstacle.kind in ISSUES:
            told.add(obstacle.id)
        way.append(obstacle.id if obstacle.kind in ISSUES else "")
        waiting += [(depth + 1, one) for one in reversed(below)]
    return Chain(links, circle)


def _below(obstacles: Obstacles, obstacle: CachedObstacle) -> tuple[list[CachedObstacle], str]:
    """What stands in the way of an obstacle, or how the chain ends with it."""
    kind, id, through = obstacle
    if kind == "waits-for":
        children = obstacles.children_waited_for(id, through)
        return [CachedObstacle(CHILD, child, id) for child in children], ""
    state = obstacles.state(id)
    if kind not in ISSUES or state is None:
        return [], kind
    found = obstacles.of(id)
    below = [one for one in found if one != CachedObstacle("status", id, id)]
    if below and not obstacles.is_closed(state):
        return below, ""
    return [], state.status if found else "ready"
