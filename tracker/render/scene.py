"""What `bd graph` shows, and the critical path."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tracker.issues.filters import Filter
from tracker.issues.graph import cycles, finished
from tracker.model.issue import BLOCKING, PARENT
from tracker.model.status import PARENT_LEVELS, TOMBSTONE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from tracker.cache.issues.queries import DependencyRow, IssueQueries, IssueRow


class PathTask(NamedTuple):
    """A piece of work: `minutes` where somebody estimated it, and what has to be done before."""

    minutes: int | None
    needs: Collection[str]


class Path(NamedTuple):
    """The longest chain, what comes first at its start.

    `start` tells for every task how many minutes of work come before it at least. `unestimated` are
    the tasks of the chain without an estimate.
    """

    ids: tuple[str, ...]
    minutes: int
    unestimated: int
    start: dict[str, int]


def order(needs: Mapping[str, Collection[str]]) -> tuple[list[str], dict[str, list[str]]]:
    """Every id behind all that it needs, and the needs that this holds for.

    Of a circle one need is left out, for it can never be met; so are needs of what is not there.
    """
    edges = {id: sorted(to for to in wanted if to in needs) for id, wanted in needs.items()}
    ids = finished(dict(sorted(edges.items())))
    place = {id: at for at, id in enumerate(ids)}
    kept = {id: [to for to in edges[id] if place[to] < place[id]] for id in ids}
    return ids, kept


def layers(needs: Mapping[str, Collection[str]]) -> dict[str, int]:
    """For each id how many steps come before it at least: 0 for what needs nothing."""
    ids, kept = order(needs)
    found: dict[str, int] = {}
    for id in ids:
        found[id] = max((found[to] + 1 for to in kept[id]), default=0)
    return found


def critical_path(tasks: Mapping[str, PathTask]) -> Path:
    """The longest chain of the tasks.

    Laws: no chain is longer; each task of it needs the one before; `minutes` is the sum of its
    estimates.
    """
    ids, kept = order({id: task.needs for id, task in tasks.items()})
    best: dict[str, tuple[int, int]] = {}  # minutes and steps up to the end of each task
    came: dict[str, str] = {}
    start: dict[str, int] = {}
    for id in ids:
        before = max(kept[id], key=lambda to: best[to], default="")
        minutes, steps = best.get(before, (0, 0))
        came[id] = before
        start[id] = minutes
        best[id] = (minutes + max(tasks[id].minutes or 0, 0), steps + 1)
    end = max(sorted(ids), key=lambda id: best[id], default="")
    chain = []
    while end:
        chain.append(end)
        end = came[end]
    chain.reverse()
    unestimated = sum(tasks[id].minutes is None for id in chain)
    return Path(tuple(chain), best[chain[-1]][0] if chain else 0, unestimated, start)


WAITING = frozenset(BLOCKING - {PARENT})
"""Types of edges that make one issue wait for another."""


class SceneItem(NamedTuple):
    """An issue of a picture.

    `state` is ready, blocked, in_progress, deferred, closed, or open: none of these.
    """

    row: IssueRow
    state: str


class SceneLink(NamedTuple):
    """`first` has to be done before `then`."""

    first: str
    then: str
    type: str


class Scene(NamedTuple):
    """The issues by id, the parents that they have (shown or not), and how they hang together.

    `focus` is the issue that was asked for, "" for none. `path` runs through what is not done, past
    groups, which are no work; `places` numbers its steps from 1.
    """

    items: dict[str, SceneItem]
    groups: dict[str, SceneItem]
    links: list[SceneLink]
    path: Path
    circles: list[list[str]]
    places: dict[str, int]
    focus: str = ""

    @property
    def steps(self) -> tuple[str, ...]:
        """The critical path, if there is more than one step to it."""
        return self.path.ids if len(self.path.ids) > 1 else ()

    def step(self, id: str) -> int:
        """Which step of the critical path an issue is, from 1; 0 for none."""
        return self.places.get(id, 0)

    def parent(self, id: str) -> str:
        """The group that an issue or a group belongs to; "" where there is none."""
        item = self.items.get(id) or self.groups.get(id)
        parent = item.row.parent if item else ""
        return parent if parent in self.groups and parent != id else ""

    def ancestors(self, id: str, levels: int = 0) -> list[str]:
        """The groups around an issue, the nearest first; only so many `levels` up, 0 for all."""
        found: dict[str, None] = {}
        while (id := self.parent(id)) and id not in found:
            found[id] = None
            if len(found) == levels:
                break
        return list(found)

    def enclosing(self, ids: Iterable[str]) -> set[str]:
        """The groups around any of these issues. Each group is visited once, however deep."""
        found: set[str] = set()
        for one in ids:
            group = self.parent(one)
            while group and group not in found:
                found.add(group)
                group = self.parent(group)
        return found

    def counts(self) -> dict[str, tuple[int, int]]:
        """For each group how many issues are in it, however deep, and how many of them closed."""
        below: dict[str, list[str]] = {id: [] for id in (*self.groups, *self.items)}
        for id in below:
            if parent := self.parent(id):
                below[parent].append(id)
        found: dict[str, tuple[int, int]] = {}
        for id in finished(below):
            inner = [found[child] for child in below[id] if child in found]
            own = [self.items[child].state for child in below[id] if child in self.items]
            total = len(own) + sum(count for count, _ in inner)
            found[id] = (total, own.count("closed") + sum(closed for _, closed in inner))
        return found

    def needs(self) -> dict[str, list[str]]:
        """For each issue what comes before it by a link."""
        found: dict[str, list[str]] = {id: [] for id in self.items}
        for link in self.links:
            found[link.then].append(link.first)
        return found


def everything(answers: IssueQueries, *, closed: bool = False) -> Scene:
    """All that is open, or (`closed`) all there is."""
    return _scene(answers, answers.listed(Filter(hide_closed=not closed)).rows)


def around(answers: IssueQueries, row: IssueRow, depth: int = 0, *, closed: bool = True) -> Scene:
    """One issue with what it waits for and what waits for it; of an epic all that belongs to it.

    Only so many steps away (`depth`, 0 for any), and without (`closed`) what is done.
    """
    below = sorted(answers.descendants(row.id))
    start = [row, *(found for id in below if (found := answers.row(id)))]
    rows = {one.id: one for one in start if one.status != TOMBSTONE}
    for up in (False, True) if not below else (False,):
        _spread(answers, rows, start, depth, up=up)
    closing = answers.at.closing
    shown = [one for one in rows.values() if closed or one.id == row.id
             or one.status not in closing]  # fmt: skip
    return _scene(answers, shown)._replace(focus=row.id)


def _spread(
    answers: IssueQueries,
    rows: dict[str, IssueRow],
    start: Iterable[IssueRow],
    depth: int,
    *,
    up: bool,
) -> None:
    """Add what those wait for, and what that waits for in turn; or (`up`) what waits for them."""
    seen = {row.id for row in start}
    edge_rows, steps = list(start), 0
    while edge_rows and (not depth or steps < depth):
        steps += 1
        found: dict[str, IssueRow] = {}
        for row in edge_rows:
            edges: list[DependencyRow] = answers.edges_to(row) if up else answers.edges_of(row)
            for edge in edges:
                other = edge.row
                if other is None or edge.type not in WAITING or other.status == TOMBSTONE:
                    continue
                if other.id not in seen:
                    found[other.id] = other
        seen.update(found)
        rows.update(found)
        edge_rows = list(found.values())


def _scene(answers: IssueQueries, rows: Iterable[IssueRow]) -> Scene:
    shown = {row.id: row for row in rows}
    ready = _ready(answers)
    blocked = {n for (n,) in answers.db.execute("SELECT n FROM blocked")}
    closing = answers.at.closing

    def item(row: IssueRow) -> SceneItem:
        if row.status in closing:
            return SceneItem(row, "closed")
        if row.status in {"in_progress", "deferred"}:
            return SceneItem(row, row.status)
        state = "ready" if row.n in ready else "blocked" if row.n in blocked else "open"
        return SceneItem(row, state)

    items = {id: item(row) for id, row in shown.items()}
    groups = _groups(answers, items)
    found = Scene(items, {id: item(row) for id, row in groups.items()}, _links(answers, shown),
                  Path((), 0, 0, {}), [], {})  # fmt: skip
    tasks = _tasks(found)
    ways = cycles({id: task.needs for id, task in tasks.items()})
    path = critical_path(tasks)
    around = {found.parent(id) for id in tasks}
    chain = tuple(id for id in path.ids if id not in around or tasks[id].minutes)
    unestimated = sum(tasks[id].minutes is None for id in chain)
    found = found._replace(path=path._replace(ids=chain, unestimated=unestimated), circles=ways)
    return found._replace(places={id: at for at, id in enumerate(found.steps, 1)})


def _ready(answers: IssueQueries) -> set[int]:
    condition = answers.is_ready(Filter(types=("any",)))
    found = answers.db.execute(f"SELECT i.n FROM issue i WHERE {condition.sql}", condition.values)
    return {n for (n,) in found}


def _groups(answers: IssueQueries, items: dict[str, SceneItem]) -> dict[str, IssueRow]:
    """The live parents of the issues, and theirs in turn."""
    groups: dict[str, IssueRow] = {}
    waiting = [item.row.parent for item in items.values()]
    while waiting:
        id = waiting.pop()
        if not id or id in groups:
            continue
        row = items[id].row if id in items else answers.row(id)
        if row is not None and row.status != TOMBSTONE:
            groups[id] = row
            waiting.append(row.parent)
    return groups


def _links(answers: IssueQueries, shown: dict[str, IssueRow]) -> list[SceneLink]:
    kinds = sorted(WAITING)
    found = answers.db.execute(
        "SELECT e.target, i.id, e.type FROM edge e JOIN issue i USING(n) "
        f"WHERE e.type IN ({','.join('?' * len(kinds))}) ORDER BY i.id, e.place",
        kinds,
    )
    links = (SceneLink(*values) for values in found)
    return [link for link in links if link.first in shown and link.then in shown]


def _tasks(scene: Scene) -> dict[str, PathTask]:
    """What is not done as tasks: each needs what it waits for, also by way of its parents.

    Parents count as far up as they do for `ready`.
    """
    live = {id for id, item in scene.items.items() if item.state != "closed"}
    told = scene.enclosing(id for id in live if scene.items[id].row.estimated is not None)
    own = {id: [to for to in needs if to in live] for id, needs in scene.needs().items()}
    children: dict[str, list[str]] = {}
    for id in live:
        children.setdefault(scene.parent(id), []).append(id)
    tasks = {}
    for id in sorted(live):
        inherited = [to for group in scene.ancestors(id, PARENT_LEVELS)
                     for to in own.get(group, ())]  # fmt: skip
        needs = dict.fromkeys([*own[id], *inherited, *sorted(children.get(id, ()))])
        minutes = scene.items[id].row.estimated
        if id in children:
            minutes = 0 if id in told else minutes or 0
        tasks[id] = PathTask(minutes, list(needs))
    return tasks
