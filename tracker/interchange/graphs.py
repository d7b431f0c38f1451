"""Issues that are created together with what ties them: `create --graph`, the form of Beads 1.x.

    {"nodes": [{"key": "a", "title": "Cart"}, {"key": "b", "title": "Tax", "parent_key": "a"}],
     "edges": [{"from_key": "b", "to_key": "a", "type": "blocks"}]}

An edge says that `from` depends on `to`; `_id` in the place of `_key` names an issue of the log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tracker import actions, json_text, once
from tracker.codec import quote
from tracker.errors import Invalid, TrackerError
from tracker.fields import with_members
from tracker.ids import resolve
from tracker.interchange import attributes
from tracker.model import BLOCKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tracker.actions import New
    from tracker.change import Who
    from tracker.fields import Settings
    from tracker.model import Issue
    from tracker.once import Place

_TEXTS = {
    "title", "type", "description", "design", "acceptance_criteria", "notes", "assignee",
    "external_ref", "spec_id", "due_at", "defer_until",
}  # fmt: skip
_OTHERS = {
    "key", "priority", "labels", "metadata", "metadata_refs", "parent_key", "parent_id", "id",
    "estimated_minutes",
}  # fmt: skip
_NAMES = {"type": "issue_type"}


class Node(NamedTuple):
    """An issue to be created, its fields as `New` calls them, and the key that edges call it by."""

    key: str
    fields: Mapping[str, Any]
    parent: End | None = None
    refs: Mapping[str, str] = {}


class End(NamedTuple):
    """One end of an edge: a key of the graph, or an id of the log."""

    name: str
    is_key: bool


class Edge(NamedTuple):
    """`source` depends on `target`."""

    source: End
    target: End
    type: str = BLOCKS


class Graph(NamedTuple):
    """What is to be created, parents before their children."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def read(text: str) -> Graph:
    """The graph of a JSON document. Raises Invalid, which names the node or edge."""
    try:
        found = json_text.loads(text)
    except ValueError as error:
        raise Invalid(f"the graph is no JSON: {error}") from None
    if not isinstance(found, dict) or not isinstance(found.get("nodes"), list):
        raise Invalid(
            'the graph has no "nodes"',
            hint='{"nodes": [{"key": "a", "title": "..."}], "edges": []}',
        )
    if not isinstance(found.get("edges") or [], list):
        raise Invalid('"edges" of the graph is no list', hint='{"nodes": [...], "edges": []}')
    nodes = {node.key: node for node in _nodes(found["nodes"])}
    edges = tuple(_edges(found.get("edges") or []))
    ends = [end for edge in edges for end in (edge.source, edge.target)]
    ends += [node.parent for node in nodes.values() if node.parent is not None]
    refs = [key for node in nodes.values() for key in node.refs.values()]
    missing = [end.name for end in ends if end.is_key and end.name not in nodes]
    missing += [key for key in refs if key not in nodes]
    if missing:
        raise Invalid(f"no node has the key {missing[0]!r}", hint="parent_id, from_id, to_id: ids")
    return Graph(tuple(_parents_first(nodes)), edges)


def create(
    place: Place, graph: Graph, settings: Settings, who: Who, key: str | None = None
) -> dict[str, Issue]:
    """Every node as a new issue, by its key. Raises what `actions.create` and `link` raise.

    With an idempotency `key` each node is created once, however often this is tried.
    """
    draft = place.draft
    made: dict[str, Issue] = {}

    def id_of(end: End) -> str:
        return made[end.name].id if end.is_key else resolve(end.name, draft, settings.prefix)

    for number, node in enumerate(graph.nodes):
        mine = who._replace(nonce=who.nonce + 16 * number)
        parent = id_of(node.parent) if node.parent is not None else ""
        with _Named(f"node {node.key!r}"):
            new = actions.New(**node.fields, parent=parent)
            made[node.key] = _made(place, new, node.key, key, (settings, mine))
    for edge in graph.edges:
        with _Named(f"edge from {edge.source.name!r} to {edge.target.name!r}"):
            actions.link(draft, id_of(edge.source), id_of(edge.target), edge.type, who)
    for node in graph.nodes:
        refs = {name: made[target].id for name, target in node.refs.items()}
        if refs:
            with _Named(f"node {node.key!r}"):
                raw = with_members(made[node.key].metadata, refs, ())
                actions.update(draft, made[node.key].id, {"metadata": raw}, settings, who)
    return {key: draft.get_issue(issue.id) or issue for key, issue in made.items()}


def _made(
    place: Place, new: New, node: str, key: str | None, context: tuple[Settings, Who]
) -> Issue:
    if key is None:
        return actions.create(place.draft, new, *context)
    return once.once(place, new, f"{key}/{node}", *context).issue


class _Named:
    """Says in an error which part of the graph it is about."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, TrackerError):
            error.message = f"{self._what}: {error.message}; nothing was written"


def _nodes(found: Iterable[Any]) -> Iterator[Node]:
    seen: set[str] = set()
    for number, node in enumerate(found, 1):
        key = node.get("key") if isinstance(node, dict) else None
        if not isinstance(key, str) or not key:
            raise Invalid(f'node {number} has no "key"')
        if key in seen:
            raise Invalid(f"two nodes have the key {key!r}")
        seen.add(key)
        yield _node(key, node)


def _node(key: str, node: Mapping[str, Any]) -> Node:
    unknown = node.keys() - _TEXTS - _OTHERS
    if unknown:
        raise Invalid(f"node {key!r}: unknown field {min(unknown)!r}")
    texts = (_TEXTS | {"id"}) & node.keys()
    odd = [name for name in sorted(texts) if not isinstance(node[name], str | None)]
    if odd or not isinstance(node.get("labels") or [], list):
        raise Invalid(f"node {key!r}: {odd[0] if odd else 'labels'!r} is of another type")
    fields: dict[str, Any] = {
        _NAMES.get(name, name): node[name] for name in _TEXTS & node.keys() if node[name]
    }
    if "title" not in fields:
        raise Invalid(f"node {key!r} has no title")
    fields["labels"] = tuple(map(str, node.get("labels") or ()))
    for name in ("priority", "estimated_minutes", "id"):
        if node.get(name) is not None:
            fields[name] = node[name]
    if isinstance(fields.get("priority"), str):
        fields["priority"] = attributes.priority(fields["priority"])
    if node.get("metadata"):
        fields["metadata"] = _raw(node["metadata"])
    refs = node.get("metadata_refs") or {}
    if not isinstance(refs, dict):
        raise Invalid(f"node {key!r}: 'metadata_refs' is of another type")
    return Node(key, fields, _end(node, "parent"), {str(k): str(v) for k, v in refs.items()})


def _raw(value: Any) -> str:
    return value if isinstance(value, str) else quote(value)


def _end(row: Mapping[str, Any], name: str) -> End | None:
    for suffix in ("key", "id"):
        value = row.get(f"{name}_{suffix}")
        if isinstance(value, str) and value:
            return End(value, suffix == "key")
    return None


def _edges(found: Iterable[Any]) -> Iterator[Edge]:
    for number, row in enumerate(found, 1):
        source, target = (
            (_end(row, "from"), _end(row, "to")) if isinstance(row, dict) else (None, None)
        )
        if source is None or target is None:
            raise Invalid(f'edge {number} needs "from_key" or "from_id", and "to_key" or "to_id"')
        yield Edge(source, target, str(row.get("type") or BLOCKS))


def _parents_first(nodes: Mapping[str, Node]) -> list[Node]:
    """The nodes in their order, but none before its parent. Raises Invalid for a circle."""
    done: dict[str, Node] = {}
    for node in nodes.values():
        way: list[Node] = []
        at: Node | None = node
        while at is not None and at.key not in done:
            if at in way:
                raise Invalid(f"node {at.key!r} is its own parent")
            way.append(at)
            at = nodes[at.parent.name] if at.parent is not None and at.parent.is_key else None
        done.update((one.key, one) for one in reversed(way))
    return list(done.values())
