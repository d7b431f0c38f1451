"""Draw the tree of `bd dep tree`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker.model.status import TOMBSTONE
from tracker.render.issue_json import member
from tracker.render.mermaid import escaped
from tracker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tracker.cache.issues.queries import DependencyRow, IssueQueries, IssueRow


MOST = 10_000  # places of one tree: every path through a dense graph would never end
DEEPEST = 40  # levels that are indented


class TreeNode:
    """One place of a tree: an issue may have several, and one that is gone has no row.

    `up` tells that it depends on the one above it, rather than the other way round.
    """

    __slots__ = ("above", "depth", "id", "last", "row", "truncated", "up")

    def __init__(
        self, above: TreeNode | None, id: str, row: IssueRow | None, *, up: bool = False
    ) -> None:
        self.above = above
        self.id = id
        self.row = row
        self.up = up
        self.depth: int = 0 if above is None else above.depth + 1
        self.last = self.truncated = False

    def way(self) -> Iterator[TreeNode]:
        """The place itself and all above it, the root last."""
        node: TreeNode | None = self
        while node is not None:
            yield node
            node = node.above


class TreeWalk:
    """A walk over dependencies, depth first, that never goes in circles.

    `kind` is the only type of edge that is followed, "" for all; `every` shows an issue in each
    place that it has, not only in the first. `cut` tells whether the tree grew too large.
    """

    def __init__(self, answers: IssueQueries, kind: str, deepest: int, *, every: bool) -> None:
        self.answers = answers
        self.kind = kind
        self.deepest = deepest
        self.every = every
        self.cut = False

    def nodes(self, root: TreeNode, *, up: bool) -> list[TreeNode]:
        """The tree below its root: what that depends on, or (`up`) what depends on it."""
        seen = {root.id}
        found: list[TreeNode] = []
        waiting = [root]
        while waiting:
            if len(found) == MOST:
                self.cut = True
                break
            node = waiting.pop()
            found.append(node)
            below = self._below(node, seen, up=up)
            if node.depth >= self.deepest:
                node.truncated = bool(below)
                continue
            seen.update(edge.id for edge in below)
            waiting += [TreeNode(node, edge.id, edge.row, up=up) for edge in reversed(below)]
        return found

    def _below(self, node: TreeNode, seen: set[str], *, up: bool) -> list[DependencyRow]:
        row = node.row
        if row is None or row.status == TOMBSTONE:
            return []
        above = {one.id for one in node.way()}
        edges: dict[str, DependencyRow] = {}
        for edge in self.answers.edges_to(row) if up else self.answers.edges_of(row):
            fits = self.kind in {"", edge.type} and edge.id not in above
            if fits and (self.every or edge.id not in seen):
                edges.setdefault(edge.id, edge)
        return list(edges.values())


def towards(nodes: Sequence[TreeNode], status: str) -> list[TreeNode]:
    """Only the issues of a status, and the way to them from the root, which always stays."""
    kept = {id(nodes[0])}
    for node in nodes:
        if node.row is not None and node.row.status == status:
            kept.update(id(one) for one in node.way())
    return [node for node in nodes if id(node) in kept]


def drawn(nodes: Sequence[TreeNode], *, ready: bool) -> Iterator[str]:
    """The tree as text; `ready` is about its root."""
    for node in {id(node.above): node for node in nodes}.values():
        node.last = True
    for node in nodes:
        tail = " [READY]" if ready and not node.depth else ""
        yield _indent(node) + _label(node) + tail + (" …" if node.truncated else "")


def _indent(node: TreeNode) -> str:
    if node.above is None:
        return ""
    bars = ["    " if one.last else "│   " for one in node.above.way() if one.above is not None]
    return "".join(bars[:-DEEPEST:-1]) + ("└── " if node.last else "├── ")


def _label(node: TreeNode) -> str:
    id, row = one_line(node.id), node.row
    if row is None:
        external = id.removeprefix("external:")
        return f"{id}: (not in this log)" if external == id else f"⏳ {external} (external)"
    if row.status == TOMBSTONE:
        return f"{id}: (deleted)"
    return f"{id}: {one_line(row.title)} [P{row.priority}] ({one_line(row.status)})"


def mermaid(nodes: Iterable[TreeNode]) -> Iterator[str]:
    """The tree as a diagram for Mermaid; arrows lead to what is depended on."""
    names: dict[str, str] = {}
    arrows: dict[str, None] = {}
    yield "flowchart TD"
    for node in nodes:
        if node.id not in names:
            names[node.id] = f"n{len(names)}"
            yield f'  {names[node.id]}["{escaped(_label(node))}"]'
        if node.above is not None:
            ends = (node.id, node.above.id) if node.up else (node.above.id, node.id)
            arrows[f"  {names[ends[0]]} --> {names[ends[1]]}"] = None
    yield from arrows


def as_json(answers: IssueQueries, node: TreeNode) -> str:
    """A place as an element of a JSON array."""
    above = node.above.id if node.above is not None else ""
    if node.row is None:
        start = f"{{{member('id', node.id)[1:]}{member('missing', True)}"
    else:
        start = answers.bare(node.row)
    more = {"depth": node.depth, "parent_id": above, "truncated": node.truncated}
    return start + "".join(member(name, value) for name, value in more.items()) + "\n  }"
