"""Dependencies: `bd dep`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tracker.cli.command import group, ignored, pass_session
from tracker.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracker.answers import Answers, Row
    from tracker.cli.session import Session
    from tracker.log import Draft

OPEN_ENDS = ("down", "up", "both")


@group(
    "dep",
    examples=[
        "bd dep add bd-a1b2c bd-d3e4f",
        "bd dep bd-a1b2c --depends-on bd-d3e4f --type blocks",
        "bd dep bd-d3e4f --blocks bd-a1b2c",
        "bd dep tree bd-a1b2c",
    ],
    json_errors="stdout",
    default="add",
)
def dep() -> None:
    """What depends on what."""


@dep.command(
    "add",
    examples=["bd dep add bd-a1b2c bd-d3e4f", "bd dep add bd-a1b2c bd-d3e4f --type discovered-from"],
    writes=True,
)
@click.argument("ids", nargs=-1, metavar="ID [ON]")
@click.option("-t", "--type", "kind", default="blocks", help="The type of the dependency  [blocks]")
@click.option("--depends-on", "--blocked-by", "on", metavar="ID", help="What the first depends on")
@click.option("--blocks", metavar="ID", help="What depends on the first")
@ignored("--no-cycle-check")
@pass_session
def add(
    session: Session, ids: tuple[str, ...], kind: str, on: str | None, blocks: str | None
) -> None:
    """Make one issue depend on another: ID waits for ON."""
    from tracker import actions
    from tracker.links import EXTERNAL

    ends = [*ids, *([on] if on else [])]
    if blocks:
        ends = [blocks, *ends]
    if len(ends) != 2:
        raise click.UsageError("two issues are needed: bd dep add ID ON, or bd dep ID --blocks OTHER")
    workspace = session.tracker
    settings, who = workspace.settings(), workspace.who()

    def link(draft: Draft) -> tuple[str, str]:
        one, other = (
            id if id.startswith(EXTERNAL) else _full(id, draft, settings.prefix) for id in ends
        )
        actions.link(draft, one, other, kind, who)
        return one, other

    one, other = workspace.write(link)
    if session.json:
        session.emit({"depends_on_id": other, "issue_id": one, "status": "added", "type": kind})
    elif blocks:
        session.say(f"✓ Added dependency: {other} blocks {one}")
    else:
        session.say(f"✓ Added dependency: {one} depends on {other} ({kind})")


def _full(id: str, draft: Draft, prefix: str) -> str:
    from tracker.ids import resolve

    return resolve(id, draft, prefix)


@dep.command("remove", examples=["bd dep remove bd-a1b2c bd-d3e4f"], writes=True)
@click.argument("id")
@click.argument("on")
@click.option("-t", "--type", "kind", help="Only the one of this type")
@pass_session
def remove(session: Session, id: str, on: str, kind: str | None) -> None:
    """Take a dependency away; without --type every one between the two."""
    from tracker import actions
    from tracker.errors import NotFound

    workspace = session.tracker
    settings, who = workspace.settings(), workspace.who()

    def unlink(draft: Draft) -> tuple[str, str]:
        one = _full(id, draft, settings.prefix)
        try:
            other = _full(on, draft, settings.prefix)
        except NotFound:
            other = on  # an edge may point to what is not there any more
        actions.unlink(draft, one, other, kind, who)
        return one, other

    one, other = workspace.write(unlink)
    if session.json:
        session.emit({"depends_on_id": other, "issue_id": one, "status": "removed"})
    else:
        session.say(f"✓ Removed dependency: {one} no longer depends on {other}")


dep.add_command(remove, "rm")


@dep.command("list", examples=["bd dep list bd-a1b2c", "bd dep list bd-a1b2c --direction up --json"])
@click.argument("id")
@click.option("--direction", default="down", metavar="down|up", help="What it depends on, or what depends on it")
@click.option("-t", "--type", "kind", help="Only dependencies of this type")
@pass_session
def list_(session: Session, id: str, direction: str, kind: str | None) -> None:
    """List what an issue depends on."""
    workspace = session.tracker
    answers = workspace.answers
    row = answers.row(workspace.resolve(id))
    assert row is not None  # noqa: S101  (resolve found it)
    up = direction == "up"
    edges = answers.edges_to(row) if up else answers.edges_of(row)
    edges = [edge for edge in edges if kind in (None, edge.type)]
    if session.json:
        session.emit_raw(
            answers.bare(edge.row) + f',\n    "dependency_type": {_quoted(edge.type)}\n  }}'
            for edge in edges
            if edge.row is not None
        )
        return
    if not edges:
        what = "no dependents" if up else "no dependencies"
        session.say(f"\n{row.id} has {what}")
        return
    session.say(f"\n📋 Issues that depend on {row.id}:\n" if up else f"\n📋 {row.id} depends on:\n")
    for edge in edges:
        if edge.row is None:
            session.say(f"  {edge.id}: (not in this log) via {edge.type}")
        else:
            one = edge.row
            session.say(f"  {one.id}: {one.title} [P{one.priority}] ({one.status}) via {edge.type}")
    session.say()


def _quoted(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)


@dep.command(
    "tree",
    examples=["bd dep tree bd-a1b2c", "bd dep tree bd-a1b2c --direction up --max-depth 3"],
)
@click.argument("id")
@click.option("--direction", default="down", type=click.Choice(OPEN_ENDS), help="[down]")
@click.option("--reverse", is_flag=True, help="The same as --direction up")
@click.option("-d", "--max-depth", "--depth", default=50, type=click.IntRange(1), help="Levels  [50]")
@click.option("--status", help="Only issues of this status, and the way to them")
@click.option("-t", "--type", "kind", help="Only dependencies of this type")
@click.option("--show-all-paths", is_flag=True, help="Show an issue under each that depends on it")
@click.option("--format", "form", type=click.Choice(["text", "mermaid"]), default="text")
@pass_session
def tree(session: Session, id: str, **given: Any) -> None:
    """Show the tree of what an issue depends on."""
    workspace = session.tracker
    answers = workspace.answers
    root = answers.row(workspace.resolve(id))
    assert root is not None  # noqa: S101  (resolve found it)
    direction = "up" if given["reverse"] else given["direction"]
    walk = _Walk(answers, given["kind"], given["max_depth"], given["show_all_paths"])
    ways = ["down", "up"] if direction == "both" else [direction]
    trees = [list(walk.nodes(root, up=way == "up")) for way in ways]
    nodes = [trees[0][0], *(node for one in trees for node in one[1:])]
    if given["status"]:
        nodes = _towards(nodes, given["status"])
    if session.json:
        session.emit_raw(_node_text(answers, node) for node in nodes)
    elif given["form"] == "mermaid":
        _mermaid(session, nodes, up=direction == "up")
    else:
        heads = {"down": "Dependency tree", "up": "Dependent tree", "both": "Full dependency graph"}
        session.say(f"\n🌲 {heads[direction]} for {root.id}:\n")
        _draw(session, nodes, ready=_is_ready(answers, root))
        session.say()


class Node:
    """One place of a tree; `number` tells it from other places of the same issue."""

    __slots__ = ("above", "depth", "id", "number", "row", "truncated")

    def __init__(self, number: int, above: Node | None, id: str, row: Row | None) -> None:
        self.number = number
        self.above = above
        self.id = id
        self.row = row
        self.depth: int = 0 if above is None else above.depth + 1
        self.truncated = False


class _Walk:
    """A walk over dependencies, depth first, that never goes in circles."""

    def __init__(self, answers: Answers, kind: str | None, deepest: int, every: bool) -> None:
        self.answers = answers
        self.kind = kind
        self.deepest = deepest
        self.every = every

    def nodes(self, root: Row, *, up: bool) -> Iterator[Node]:
        seen = {root.id}
        waiting = [Node(0, None, root.id, root)]
        count = 0
        while waiting:
            node = waiting.pop()
            below = self._below(node, up=up)
            if node.depth >= self.deepest:
                node.truncated = bool(below)
                below = []
            yield node
            fresh = []
            for id, row in below:
                if (id in seen and not self.every) or self._is_above(node, id):
                    continue
                seen.add(id)
                count += 1
                fresh.append(Node(count, node, id, row))
            waiting += reversed(fresh)

    def _below(self, node: Node, *, up: bool) -> list[tuple[str, Row | None]]:
        if node.row is None:
            return []
        edges = self.answers.edges_to(node.row) if up else self.answers.edges_of(node.row)
        return [(edge.id, edge.row) for edge in edges if self.kind in (None, edge.type)]

    def _is_above(self, node: Node | None, id: str) -> bool:
        while node is not None:
            if node.id == id:
                return True
            node = node.above
        return False


def _towards(nodes: list[Node], status: str) -> list[Node]:
    kept: set[int] = {0}
    for node in nodes:
        if node.row is not None and node.row.status == status:
            above: Node | None = node
            while above is not None:
                kept.add(id(above))
                above = above.above
    return [node for node in nodes if id(node) in kept or node.depth == 0]


def _is_ready(answers: Answers, row: Row) -> bool:
    from tracker.query import Filter

    condition = answers.is_ready(Filter(types=(row.issue_type,)))
    sql = f"SELECT 1 FROM issue i WHERE i.n = ? AND {condition.sql}"  # noqa: S608
    return answers.db.execute(sql, (row.n, *condition.values)).fetchone() is not None


def _node_text(answers: Answers, node: Node) -> str:
    above = node.above.id if node.above is not None else ""
    more = (
        f'"depth": {node.depth},\n    "parent_id": {_quoted(above)},\n'
        f'    "truncated": {"true" if node.truncated else "false"}\n  }}'
    )
    if node.row is None:
        return f'{{\n    "id": {_quoted(node.id)},\n    "missing": true,\n    {more}'
    return f"{answers.bare(node.row)},\n    {more}"


def _draw(session: Session, nodes: list[Node], *, ready: bool) -> None:
    last: dict[int, bool] = {}
    below: dict[int, list[Node]] = {}
    for node in nodes:
        if node.above is not None:
            below.setdefault(id(node.above), []).append(node)
    for siblings in below.values():
        for node in siblings:
            last[id(node)] = node is siblings[-1]
    for node in nodes:
        session.say(_prefix(node, last) + _label(node, ready=ready and node.depth == 0))


def _prefix(node: Node, last: dict[int, bool]) -> str:
    if node.above is None:
        return ""
    parts = ["└── " if last[id(node)] else "├── "]
    above: Node | None = node.above
    while above is not None and above.above is not None:
        parts.append("    " if last[id(above)] else "│   ")
        above = above.above
    return "".join(reversed(parts))


def _label(node: Node, *, ready: bool) -> str:
    if node.row is None:
        if node.id.startswith("external:"):
            return f"⏳ {node.id.removeprefix('external:')} (external)"
        return f"{node.id}: (not in this log)"
    row = node.row
    tail = (" [READY]" if ready else "") + (" …" if node.truncated else "")
    return f"{row.id}: {row.title} [P{row.priority}] ({row.status}){tail}"


def _mermaid(session: Session, nodes: list[Node], *, up: bool) -> None:
    session.say("flowchart TD")
    for node in {node.id: node for node in nodes}.values():
        title = node.row.title if node.row is not None else "not in this log"
        quoted = title.replace('"', "#quot;").replace("\n", " ")
        session.say(f'  {_name(node.id)}["{node.id}: {quoted}"]')
    for node in nodes:
        if node.above is not None:
            ends = (node.id, node.above.id) if up else (node.above.id, node.id)
            session.say(f"  {_name(ends[0])} --> {_name(ends[1])}")


def _name(id: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in id)


@dep.command("cycles", examples=["bd dep cycles", "bd dep cycles --json"])
@pass_session
def cycles(session: Session) -> None:
    """Show issues that wait for each other in a circle."""
    answers = session.tracker.answers
    found = [[answers.row(id) for id in way] for way in answers.all_cycles()]
    rows = [[row for row in way if row is not None] for way in found]
    if session.json:
        session.emit([[_brief(row) for row in way] for way in rows])
        return
    if not rows:
        session.say("\n✓ No dependency cycles detected\n")
        return
    session.say(f"\n⚠ Found {len(rows)} dependency cycles:\n")
    for number, way in enumerate(rows, 1):
        session.say(f"{number}. Cycle involving:")
        for row in way:
            session.say(f"   - {row.id}: {row.title}")
        session.say()


def _brief(row: Row) -> dict[str, object]:
    names = ("id", "title", "status", "priority", "issue_type", "created_at", "updated_at")
    return {name: getattr(row, name) for name in names}


@dep.command("relate", examples=["bd dep relate bd-a1b2c bd-d3e4f"], writes=True)
@click.argument("one")
@click.argument("other")
@pass_session
def relate(session: Session, one: str, other: str) -> None:
    """Tie two issues to each other; neither waits."""
    _relate(session, one, other, related=True)


@dep.command("unrelate", examples=["bd dep unrelate bd-a1b2c bd-d3e4f"], writes=True)
@click.argument("one")
@click.argument("other")
@pass_session
def unrelate(session: Session, one: str, other: str) -> None:
    """Untie two issues."""
    _relate(session, one, other, related=False)


def _relate(session: Session, one: str, other: str, *, related: bool) -> None:
    from tracker import actions

    workspace = session.tracker
    settings, who = workspace.settings(), workspace.who()

    def tie(draft: Draft) -> tuple[str, str]:
        ends = _full(one, draft, settings.prefix), _full(other, draft, settings.prefix)
        (actions.relate if related else actions.unrelate)(draft, *ends, who)
        return ends

    first, second = workspace.write(tie)
    if session.json:
        session.emit({"id1": first, "id2": second, "related" if related else "unrelated": True})
    elif related:
        session.say(f"✓ Linked {first} ↔ {second}")
    else:
        session.say(f"✓ Unlinked {first} ↔ {second}")
