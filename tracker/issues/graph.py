"""Which issues are ready, which are blocked and why; cycles and trees.

Pure questions about issues at a moment. They are the oracle: whatever the cache answers must be
what these functions answer. The rules, in one place:

- An edge `blocks` holds while its target exists and is neither closed nor tombstone nor pinned;
  any other status holds, custom ones included.
- `conditional-blocks` ("only if the target fails") holds until the target is closed for a reason
  that says so; `waits-for` holds until all (or any) children of the spawner are closed.
- Edges to what is missing, deleted or outside (`external:`) hold nothing; nor do they lead to a
  grandparent.
- An issue is *held* by its own edges, and *blocked* if it is held, has the status `blocked`, or if
  that is so for a live ancestor by `parent-child`.
- An issue is *deferred* if its `defer_until` lies ahead, or if its status is `deferred` without a
  time that has passed.
- It is *ready* if it is open, and neither it nor a live ancestor is blocked or deferred.
- What is pinned, ephemeral or a template is no work: never ready, never listed as blocked.

docs/ready.md tells them to users, with tables that the tests run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from tracker import json_text
from tracker.model.issue import BLOCKING, BLOCKS, PARENT
from tracker.model.status import CLOSING, HIDDEN_IDS, HIDDEN_TYPES, PARENT_LEVELS, TOMBSTONE
from tracker.model.timestamps import instant

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from tracker.model.issue import Dependency, Issue


WAITING = frozenset({"open", "blocked", "deferred"})  # statuses of work that nobody has begun
WAITS = "waits-for"
ANY_CHILD = "any-children"
FAILURE_WORDS = (
    "failed", "rejected", "wontfix", "won't fix", "canceled", "cancelled", "abandoned", "blocked",
    "error", "timeout", "aborted",
)  # fmt: skip
"""Words in a closing reason by which Beads tells that the work failed."""


class Issues(Protocol):
    """What the rules need: an issue by id, and who is below it, as `Family` has them.

    Edges come with their `extra`, which is where a `waits-for` edge keeps its gate.
    """

    def get(self, id: str, /) -> Issue | None:
        """The issue of this id."""

    def children(self, id: str, /) -> Iterable[str]:
        """The ids of its children by `parent-child` edges."""


class Obstacle(NamedTuple):
    """One reason why an issue is not ready.

    `kind` is an edge type, `status`, `deferred`, `pinned`, `ephemeral` or `template`.

    `id` is the issue that holds or defers it; `through` the ancestor by which that reaches it, or
    the issue itself.
    """

    kind: str
    id: str
    through: str


class Rules(NamedTuple):
    """What the configuration changes about the rules; `now` is in nanoseconds since 1970."""

    now: int
    closing: frozenset[str] = CLOSING

    def is_closed(self, issue: Issue) -> bool:
        """Done or gone: closed, tombstone, or a status that the configuration calls closed."""
        return issue.status in self.closing

    def holds(self, issue: Issue | None) -> bool:
        """Whether an issue keeps those waiting that depend on it."""
        return issue is not None and issue.status not in self.closing and issue.status != "pinned"

    def is_deferred(self, issue: Issue) -> bool:
        """Put off to a later time, or without one."""
        until = instant(issue.defer_until) if issue.defer_until else 0
        if issue.status == "deferred":
            return not until or until > self.now
        return until > self.now

    def status(self, issue: Issue) -> str:
        """The status that counts: a deferral whose time has passed is open again."""
        if issue.status == "deferred" and not self.is_deferred(issue):
            return "open"
        return issue.status


def failed(issue: Issue) -> bool:
    """Whether the closing reason says that the work was not done."""
    reason = issue.close_reason.lower()
    return any(word in reason for word in FAILURE_WORDS)


def gate_of(edge: Dependency) -> tuple[str, str]:
    """Which children a `waits-for` edge waits for (all-children, any-children), and whose."""
    settings: object = {}
    for name, raw in edge.extra:
        if name == "metadata":
            try:
                value = json_text.loads(raw)
                settings = json_text.loads(value) if isinstance(value, str) else value
            except ValueError:
                settings = {}
    found = settings if isinstance(settings, dict) else {}
    return str(found.get("gate", "all-children")), str(found.get("spawner_id") or "")


def flags(issue: Issue) -> list[str]:
    """What says that a record is no work: pinned, ephemeral, template."""
    named = {"pinned": issue.pinned, "ephemeral": issue.ephemeral, "template": issue.is_template}
    return [flag for flag, is_set in named.items() if is_set]


class Graph:
    """The rules applied to some issues."""

    def __init__(self, issues: Issues, rules: Rules) -> None:
        self.issues = issues
        self.rules = rules

    def holding(self, issue: Issue) -> list[Obstacle]:
        """Its own edges that hold it, in the order of the record; parents are no part of this."""
        return [
            Obstacle(edge.type, edge.depends_on_id, issue.id)
            for edge in issue.dependencies
            if edge.type in BLOCKING and edge.type != PARENT and self._holds(edge)
        ]

    def _present(self, id: str) -> Issue | None:
        found = self.issues.get(id)
        return None if found is None or found.status == TOMBSTONE else found

    def _holds(self, edge: Dependency) -> bool:
        target = self._present(edge.depends_on_id)
        if target is None:
            return False
        if edge.type == WAITS:
            return self._waits(edge)
        if self.rules.holds(target):
            return True
        return edge.type != BLOCKS and self.rules.is_closed(target) and not failed(target)

    def _waits(self, edge: Dependency) -> bool:
        gate, spawner = gate_of(edge)
        if self._present(spawner or edge.depends_on_id) is None:
            return False
        closed = [
            self.rules.is_closed(child)
            for id in self.issues.children(spawner or edge.depends_on_id)
            if (child := self.issues.get(id)) is not None
        ]
        if gate == ANY_CHILD:
            return bool(closed) and not any(closed)
        return not all(closed)

    def ancestors(self, issue: Issue) -> Iterator[Issue]:
        """The live parents, nearest first, each once even where they form a circle."""
        seen = {issue.id}
        parent = issue.parent
        while parent and parent not in seen and len(seen) <= PARENT_LEVELS:
            seen.add(parent)
            above = self._present(parent)
            if above is None:
                return
            if not self.rules.is_closed(above):
                yield above
            parent = above.parent

    def waits_for(self, issue: Issue) -> Iterator[str]:
        """Whom an issue waits for or inherits from, done or not: what a cycle is made of."""
        for edge in issue.dependencies:
            if edge.type in BLOCKING and edge.type != PARENT:
                yield edge.depends_on_id
            if edge.type == WAITS:
                gate, spawner = gate_of(edge)
                if gate != ANY_CHILD:
                    yield from self.issues.children(spawner or edge.depends_on_id)
        above = next(self.ancestors(issue), None)
        yield issue.parent if above is None else above.id

    def _reasons(self, one: Issue) -> list[Obstacle]:
        reasons = self.holding(one)
        if one.status == "blocked":
            reasons.append(Obstacle("status", one.id, one.id))
        return reasons

    def blockage(self, issue: Issue) -> list[Obstacle]:
        """Why an issue is blocked: its own reasons, else those of the nearest blocked ancestor."""
        line = (issue, *self.ancestors(issue))
        return next((reasons for one in line if (reasons := self._reasons(one))), [])

    def is_blocked(self, issue: Issue) -> bool:
        """Whether `bd blocked` lists it."""
        if self.rules.is_closed(issue) or issue.status == "pinned" or flags(issue):
            return False
        return bool(self.blockage(issue))

    def obstacles(self, issue: Issue) -> list[Obstacle]:
        """Everything that keeps an issue from being ready, nearest first; empty if it is."""
        kinds = flags(issue)
        if self.rules.is_closed(issue) or self.rules.status(issue) not in WAITING:
            kinds = ["status", *kinds]
        reasons = [Obstacle(kind, issue.id, issue.id) for kind in kinds]
        for one in (issue, *self.ancestors(issue)):
            if self.rules.is_deferred(one):
                reasons.append(Obstacle("deferred", one.id, one.id))
            reasons += self._reasons(one)
        return reasons

    def is_ready(self, issue: Issue, *, deferred: bool = False) -> bool:
        """Whether it can be worked on now.

        With `deferred`, times that lie ahead do not count; the issue's own status still does.
        """
        if self.rules.status(issue) != "open":
            return False
        return all(deferred and o.kind == "deferred" for o in self.obstacles(issue))


def is_hidden(issue_type: str, id: str, patterns: Iterable[str] = HIDDEN_IDS) -> bool:
    """Whether `ready` leaves it out unless a type is asked for."""
    return issue_type in HIDDEN_TYPES or any(pattern in id for pattern in patterns)


class EpicFamily:
    """Issues by id that also know their children: what `Graph` needs, from any mapping."""

    def __init__(self, issues: Iterable[Issue]) -> None:
        self._issues = {issue.id: issue for issue in issues}
        self._children: dict[str, list[str]] = {}
        for issue in self._issues.values():
            for edge in issue.dependencies:
                if edge.type == PARENT:
                    self._children.setdefault(edge.depends_on_id, []).append(issue.id)

    def get(self, id: str, /) -> Issue | None:
        return self._issues.get(id)

    def children(self, id: str, /) -> list[str]:
        return self._children.get(id, [])

    def __iter__(self) -> Iterator[Issue]:
        return iter(self._issues.values())

    def below(self, id: str) -> set[str]:
        """Every descendant."""
        return reachable([id], self.children) - {id}


def reachable(starts: Iterable[str], following: Callable[[str], Iterable[str]]) -> set[str]:
    """Everything that can be reached, the starts included."""
    seen = set(starts)
    waiting = list(seen)
    while waiting:
        for id in following(waiting.pop()):
            if id not in seen:
                seen.add(id)
                waiting.append(id)
    return seen


def path(start: str, goal: str, following: Callable[[str], Iterable[str]]) -> list[str]:
    """A shortest way from `start` to `goal`, both included; empty if there is none."""
    came: dict[str, str] = {start: ""}
    waiting = [start]
    for id in waiting:
        if id == goal:
            way = [id]
            while came[way[-1]]:
                way.append(came[way[-1]])
            return way[::-1]
        for following_id in following(id):
            if following_id not in came:
                came[following_id] = id
                waiting.append(following_id)
    return []


def cycles(edges: Mapping[str, Collection[str]]) -> list[list[str]]:
    """Every group of issues that wait for each other, as one closed way each.

    Each starts with its smallest id (which is not repeated at the end); sorted by that.
    """
    found = []
    for group in _components(edges):
        first = min(group)
        if len(group) > 1 or first in edges.get(first, ()):
            found.append(_round(first, group, edges))
    return sorted(found)


def _round(first: str, group: Collection[str], edges: Mapping[str, Collection[str]]) -> list[str]:
    home = ""  # the first issue, as what the way comes back to

    def onward(id: str) -> list[str]:
        return sorted(home if to == first else to for to in edges.get(id, ()) if to in group)

    return path(first, home, onward)[:-1]


def _components(edges: Mapping[str, Collection[str]]) -> Iterator[set[str]]:
    """Strongly connected components, by Kosaraju's algorithm: time grows with the edges."""
    incoming: dict[str, list[str]] = {}
    for id, targets in edges.items():
        for to in targets:
            incoming.setdefault(to, []).append(id)
    seen: set[str] = set()

    def before(id: str) -> Iterator[str]:
        return (source for source in incoming.get(id, ()) if source not in seen)

    for root in reversed(finished(edges)):
        if root not in seen:
            group = reachable([root], before)
            seen |= group
            yield group


def finished(edges: Mapping[str, Collection[str]]) -> list[str]:
    """Every issue behind all that it leads to, except by way of itself."""
    done: list[str] = []
    seen: set[str] = set()
    for root in edges:
        work = [] if root in seen else [(root, iter(edges[root]))]
        seen.add(root)
        while work:
            id, rest = work[-1]
            to = next((to for to in rest if to not in seen), None)
            if to is None:
                work.pop()
                done.append(id)
            else:
                seen.add(to)
                work.append((to, iter(edges.get(to, ()))))
    return done


def waiting_edges(issues: Iterable[Issue], rules: Rules) -> dict[str, list[str]]:
    """Who waits for whom among issues that are not done.

    A parent that is done passes on what its own parent waits for, so the edge leads past it.
    """
    family = EpicFamily(issues)
    graph = Graph(family, rules)
    live = {issue.id: issue for issue in family if not rules.is_closed(issue)}
    return {id: [to for to in graph.waits_for(issue) if to in live] for id, issue in live.items()}
