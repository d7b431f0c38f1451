"""What `bd graph` shows: some issues, what waits for what among them, and the critical path.

Arrows lead from what comes first to what waits for it. An issue with children is a group: it is
done when they are, so its own estimate counts only where none of theirs does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tracker import critical
from tracker.critical import Path, Task
from tracker.graph import cycles, finished
from tracker.model import BLOCKING, PARENT
from tracker.query import Filter
from tracker.words import PARENT_LEVELS, TOMBSTONE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tracker.answers import Answers, Edge, Row

WAITING = frozenset(BLOCKING - {PARENT})
"""Types of edges that make one issue wait for another."""


class Item(NamedTuple):
    """An issue of a picture.

    `state` is ready, blocked, in_progress, deferred, closed, or open: none of these.
    """

    row: Row
    state: str


class Link(NamedTuple):
    """`first` has to be done before `then`."""

    first: str
    then: str
    type: str


class Scene(NamedTuple):
    """The issues by id, the parents that they have (shown or not), and how they hang together.

    `focus` is the issue that was asked for, "" for none. `path` runs through what is not done, past
    groups, which are no work; `places` numbers its steps from 1.
    """

    items: dict[str, Item]
    groups: dict[str, Item]
    links: list[Link]
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


def everything(answers: Answers, *, closed: bool = False) -> Scene:
    """All that is open, or (`closed`) all there is."""
    return _scene(answers, answers.listed(Filter(hide_closed=not closed)).rows)


def around(answers: Answers, row: Row, depth: int = 0, *, closed: bool = True) -> Scene:
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
    answers: Answers, rows: dict[str, Row], start: Iterable[Row], depth: int, *, up: bool
) -> None:
    """Add what those wait for, and what that waits for in turn; or (`up`) what waits for them."""
    seen = {row.id for row in start}
    edge_rows, steps = list(start), 0
    while edge_rows and (not depth or steps < depth):
        steps += 1
        found: dict[str, Row] = {}
        for row in edge_rows:
            edges: list[Edge] = answers.edges_to(row) if up else answers.edges_of(row)
            for edge in edges:
                other = edge.row
                if other is None or edge.type not in WAITING or other.status == TOMBSTONE:
                    continue
                if other.id not in seen:
                    found[other.id] = other
        seen.update(found)
        rows.update(found)
        edge_rows = list(found.values())


def _scene(answers: Answers, rows: Iterable[Row]) -> Scene:
    shown = {row.id: row for row in rows}
    ready = _ready(answers)
    blocked = {n for (n,) in answers.db.execute("SELECT n FROM blocked")}
    closing = answers.at.closing

    def item(row: Row) -> Item:
        if row.status in closing:
            return Item(row, "closed")
        if row.status in {"in_progress", "deferred"}:
            return Item(row, row.status)
        state = "ready" if row.n in ready else "blocked" if row.n in blocked else "open"
        return Item(row, state)

    items = {id: item(row) for id, row in shown.items()}
    groups = _groups(answers, items)
    found = Scene(items, {id: item(row) for id, row in groups.items()}, _links(answers, shown),
                  Path((), 0, 0, {}), [], {})  # fmt: skip
    tasks = _tasks(found)
    ways = cycles({id: task.needs for id, task in tasks.items()})
    path = critical.path(tasks)
    around = {found.parent(id) for id in tasks}
    chain = tuple(id for id in path.ids if id not in around or tasks[id].minutes)
    unestimated = sum(tasks[id].minutes is None for id in chain)
    found = found._replace(path=path._replace(ids=chain, unestimated=unestimated), circles=ways)
    return found._replace(places={id: at for at, id in enumerate(found.steps, 1)})


def _ready(answers: Answers) -> set[int]:
    condition = answers.is_ready(Filter(types=("any",)))
    found = answers.db.execute(f"SELECT i.n FROM issue i WHERE {condition.sql}", condition.values)
    return {n for (n,) in found}


def _groups(answers: Answers, items: dict[str, Item]) -> dict[str, Row]:
    """The live parents of the issues, and theirs in turn."""
    groups: dict[str, Row] = {}
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


def _links(answers: Answers, shown: dict[str, Row]) -> list[Link]:
    kinds = sorted(WAITING)
    found = answers.db.execute(
        "SELECT e.target, i.id, e.type FROM edge e JOIN issue i USING(n) "
        f"WHERE e.type IN ({','.join('?' * len(kinds))}) ORDER BY i.id, e.place",
        kinds,
    )
    links = (Link(*values) for values in found)
    return [link for link in links if link.first in shown and link.then in shown]


def _tasks(scene: Scene) -> dict[str, Task]:
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
        tasks[id] = Task(minutes, list(needs))
    return tasks
