"""Parse the documents of `create --file` and `create --graph`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from tracker import json_text
from tracker.errors import Invalid, TrackerError
from tracker.interchange import plan_attributes
from tracker.interchange import plan_attributes as said
from tracker.interchange.markdown import blocks, plain
from tracker.issues import actions, idempotent_create
from tracker.issues.lookup import resolve
from tracker.issues.relations import EXTERNAL
from tracker.json_text import quote
from tracker.model.issue import BLOCKS
from tracker.model.validation import with_members

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from tracker.issues.editing import Who
    from tracker.issues.idempotent_create import RecordLookup
    from tracker.log.issue_log import Draft
    from tracker.model.issue import Issue, New
    from tracker.model.validation import Settings


_SECTIONS = {
    "priority": "priority", "type": "issue_type", "description": "description",
    "design": "design", "acceptance criteria": "acceptance_criteria",
    "acceptance": "acceptance_criteria", "notes": "notes", "assignee": "assignee",
    "labels": "labels", "dependencies": "needs", "deps": "needs", "estimate": "estimate",
}  # fmt: skip
WAYS = {"blocked-by": BLOCKS, "depends-on": BLOCKS}


class IssueForm(NamedTuple):
    """One issue of a document: where its heading is, its fields, and what it depends on."""

    line: int
    title: str
    fields: dict[str, Any]
    needs: tuple[str, ...]


def read_forms(text: str) -> list[IssueForm]:
    """The issues of a document. Raises Invalid, which names the line."""
    rows = text.split("\n")
    heads = [
        (node.map[0], node.map[1], int(node.tag[1:]), " ".join(plain(node).split()))
        for node in blocks(text)
        if node.type == "heading" and node.map and node.tag in {"h1", "h2", "h3"}
    ]
    ends = [*(head[0] for head in heads), len(rows)][1:]
    parts = [
        (*head, "\n".join(rows[head[1] : end])) for head, end in zip(heads, ends, strict=False)
    ]
    forms: list[list[tuple[int, str, str]]] = []
    is_open = False
    for start, _, level, title, body in parts:
        if level == 3 and is_open:
            forms[-1].append((start, title, body))
        else:
            is_open = level == 2
            if is_open:
                forms.append([(start, title, body)])
    return [_form(sections) for sections in forms]


def _form(sections: Sequence[tuple[int, str, str]]) -> IssueForm:
    (line, title, body), *rest = sections
    found: dict[str, str] = {"description": body.strip()}
    for _, name, text in rest:
        key = _SECTIONS.get(name.strip(" :").lower(), "")
        if key and key != "description":
            found[key] = text.strip()
            continue
        more = text.strip() if key else f"### {name}\n{text.rstrip()}"
        found["description"] = f"{found['description']}\n\n{more}".strip()
    try:
        return IssueForm(
            line + 1, title, dict(_fields(found)), tuple(_needs(found.get("needs", "")))
        )
    except TrackerError as error:
        error.message = f"line {line + 1}: {title!r}: {error.message}"
        raise


def _fields(found: dict[str, str]) -> Iterator[tuple[str, Any]]:
    for name in ("description", "design", "acceptance_criteria", "notes"):
        if found.get(name):
            yield name, found[name]
    if found.get("assignee"):
        yield "assignee", said.name(found["assignee"].split("\n")[0])
    if found.get("issue_type"):
        yield "issue_type", found["issue_type"].split()[0].lower()
    if found.get("labels"):
        yield "labels", tuple(dict.fromkeys(re.split(r"[,\s]+", found["labels"].strip(", "))))
    if found.get("priority"):
        priority = said.priority(found["priority"])
        if priority is None:
            raise Invalid(f"invalid priority {found['priority']!r}", hint="0 to 4, or P0 to P4")
        yield "priority", priority
    if found.get("estimate"):
        minutes = said.minutes(found["estimate"])
        if minutes is None:
            raise Invalid(f"invalid estimate {found['estimate']!r}", hint="30 min, 4 hours, 2 days")
        yield "estimated_minutes", minutes


def _needs(text: str) -> Iterator[str]:
    for row in text.split("\n"):
        for part in row.strip().removeprefix("-").removeprefix("*").split(","):
            if part.strip():
                yield part.strip()


def create_forms(
    draft: Draft, forms: Sequence[IssueForm], settings: Settings, who: Who
) -> list[Issue]:
    """Every form as a new issue. Raises what `actions.create` and `link` raise, with the line."""
    made: list[Issue] = []
    for number, form in enumerate(forms):
        mine = who._replace(nonce=who.nonce + 16 * number, now=who.now + 1000 * number)
        with _InForm(form):
            made.append(
                actions.create(draft, actions.New(form.title, **form.fields), settings, mine)
            )
    titles = {issue.title.casefold(): issue.id for issue in reversed(made)}
    for form, issue in zip(forms, made, strict=True):
        for text in form.needs:
            with _InForm(form):
                for kind, on in _resolved(draft, text, titles, settings.prefix):
                    actions.link(draft, issue.id, on, kind, who)
    return [draft.get_issue(issue.id) or issue for issue in made]


def _resolved(
    draft: Draft, text: str, titles: dict[str, str], prefix: str
) -> Iterator[tuple[str, str]]:
    """The types and ids that one entry names: a title, or ids with blanks between them."""
    kind, colon, rest = text.partition(":")
    if text.casefold() in titles:
        yield BLOCKS, titles[text.casefold()]
    elif colon and rest.strip().casefold() in titles:
        yield WAYS.get(kind, kind), titles[rest.strip().casefold()]
    else:
        for word in text.split():
            kind, colon, rest = word.partition(":")
            is_plain = not colon or word.startswith(EXTERNAL)
            on = word if is_plain else rest
            on = on if on.startswith(EXTERNAL) else resolve(on, draft, prefix)
            yield BLOCKS if is_plain else WAYS.get(kind, kind), on


class _InForm:
    """Says in an error which issue of the document it is about."""

    def __init__(self, form: IssueForm) -> None:
        self._form = form

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, TrackerError):
            where = f"line {self._form.line}: {self._form.title!r}"
            error.message = f"{where}: {error.message}; nothing was written"


_TEXTS = {
    "title", "type", "description", "design", "acceptance_criteria", "notes", "assignee",
    "external_ref", "spec_id", "due_at", "defer_until",
}  # fmt: skip
_OTHERS = {
    "key", "priority", "labels", "metadata", "metadata_refs", "parent_key", "parent_id", "id",
    "estimated_minutes",
}  # fmt: skip
_NAMES = {"type": "issue_type"}


class GraphNode(NamedTuple):
    """An issue to be created, its fields as `New` calls them, and the key that edges call it by."""

    key: str
    fields: Mapping[str, Any]
    parent: GraphEnd | None = None
    refs: Mapping[str, str] = {}


class GraphEnd(NamedTuple):
    """One end of an edge: a key of the graph, or an id of the log."""

    name: str
    is_key: bool


class GraphEdge(NamedTuple):
    """`source` depends on `target`."""

    source: GraphEnd
    target: GraphEnd
    type: str = BLOCKS


class GraphDocument(NamedTuple):
    """What is to be created, parents before their children."""

    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]


def read_graph(text: str) -> GraphDocument:
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
    return GraphDocument(tuple(_parents_first(nodes)), edges)


def create_graph(
    place: RecordLookup, graph: GraphDocument, settings: Settings, who: Who, key: str | None = None
) -> dict[str, Issue]:
    """Every node as a new issue, by its key. Raises what `actions.create` and `link` raise.

    With an idempotency `key` each node is created once, however often this is tried.
    """
    draft = place.draft
    made: dict[str, Issue] = {}

    def id_of(end: GraphEnd) -> str:
        return made[end.name].id if end.is_key else resolve(end.name, draft, settings.prefix)

    for number, node in enumerate(graph.nodes):
        mine = who._replace(nonce=who.nonce + 16 * number)
        parent = id_of(node.parent) if node.parent is not None else ""
        with _InGraph(f"node {node.key!r}"):
            new = actions.New(**node.fields, parent=parent)
            made[node.key] = _made(place, new, node.key, key, (settings, mine))
    for edge in graph.edges:
        with _InGraph(f"edge from {edge.source.name!r} to {edge.target.name!r}"):
            actions.link(draft, id_of(edge.source), id_of(edge.target), edge.type, who)
    for node in graph.nodes:
        refs = {name: made[target].id for name, target in node.refs.items()}
        if refs:
            with _InGraph(f"node {node.key!r}"):
                raw = with_members(made[node.key].metadata, refs, ())
                actions.update(draft, made[node.key].id, {"metadata": raw}, settings, who)
    return {key: draft.get_issue(issue.id) or issue for key, issue in made.items()}


def _made(
    place: RecordLookup, new: New, node: str, key: str | None, context: tuple[Settings, Who]
) -> Issue:
    if key is None:
        return actions.create(place.draft, new, *context)
    return idempotent_create.once(place, new, f"{key}/{node}", *context).issue


class _InGraph:
    """Says in an error which part of the graph it is about."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, TrackerError):
            error.message = f"{self._what}: {error.message}; nothing was written"


def _nodes(found: Iterable[Any]) -> Iterator[GraphNode]:
    seen: set[str] = set()
    for number, node in enumerate(found, 1):
        key = node.get("key") if isinstance(node, dict) else None
        if not isinstance(key, str) or not key:
            raise Invalid(f'node {number} has no "key"')
        if key in seen:
            raise Invalid(f"two nodes have the key {key!r}")
        seen.add(key)
        yield _node(key, node)


def _node(key: str, node: Mapping[str, Any]) -> GraphNode:
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
        fields["priority"] = plan_attributes.priority(fields["priority"])
    if node.get("metadata"):
        fields["metadata"] = _raw(node["metadata"])
    refs = node.get("metadata_refs") or {}
    if not isinstance(refs, dict):
        raise Invalid(f"node {key!r}: 'metadata_refs' is of another type")
    return GraphNode(key, fields, _end(node, "parent"), {str(k): str(v) for k, v in refs.items()})


def _raw(value: Any) -> str:
    return value if isinstance(value, str) else quote(value)


def _end(row: Mapping[str, Any], name: str) -> GraphEnd | None:
    for suffix in ("key", "id"):
        value = row.get(f"{name}_{suffix}")
        if isinstance(value, str) and value:
            return GraphEnd(value, suffix == "key")
    return None


def _edges(found: Iterable[Any]) -> Iterator[GraphEdge]:
    for number, row in enumerate(found, 1):
        source, target = (
            (_end(row, "from"), _end(row, "to")) if isinstance(row, dict) else (None, None)
        )
        if source is None or target is None:
            raise Invalid(f'edge {number} needs "from_key" or "from_id", and "to_key" or "to_id"')
        yield GraphEdge(source, target, str(row.get("type") or BLOCKS))


def _parents_first(nodes: Mapping[str, GraphNode]) -> list[GraphNode]:
    """The nodes in their order, but none before its parent. Raises Invalid for a circle."""
    done: dict[str, GraphNode] = {}
    for node in nodes.values():
        way: list[GraphNode] = []
        at: GraphNode | None = node
        while at is not None and at.key not in done:
            if at in way:
                raise Invalid(f"node {at.key!r} is its own parent")
            way.append(at)
            at = nodes[at.parent.name] if at.parent is not None and at.parent.is_key else None
        done.update((one.key, one) for one in reversed(way))
    return list(done.values())
