"""`bd dep`: add, remove and list dependencies."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click

from tracker.cli.command import OneOf, group, ignored, pass_session
from tracker.cli.relations.edges import add_dependency, resolve_end
from tracker.errors import Invalid
from tracker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from tracker.cache.issues.queries import DependencyRow, IssueQueries, IssueRow
    from tracker.cli.session import Session
    from tracker.log.issue_log import Draft


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
    """Manage dependencies between issues."""


@dep.command(
    "add",
    examples=[
        "bd dep add bd-a1b2c bd-d3e4f",
        "bd dep add bd-a1b2c bd-d3e4f --type discovered-from",
        "bd dep add --file edges.txt",
    ],
    writes=True,
)
@click.argument("ids", nargs=-1, metavar="ID [ON]")
@click.option(
    "-t", "--type", "kind", default="blocks", metavar="TYPE", help="Dependency type  [blocks]"
)
@click.option(
    "--depends-on",
    "--blocked-by",
    "on",
    metavar="ID",
    help="The other issue: the first depends on ID",
)
@click.option("--blocks", metavar="ID", help="The other issue: ID depends on the first")
@click.option(
    "--file", metavar="FILE", help="Read many: each line is ID ON [TYPE] or a JSON object"
)
@ignored("--no-cycle-check")
@pass_session
def add(
    session: Session,
    /,
    ids: tuple[str, ...],
    *,
    kind: str,
    on: str | None,
    blocks: str | None,
    file: str | None,
) -> None:
    """Add a dependency: ID waits for ON."""
    if file is not None:
        if ids or on or blocks:
            raise click.UsageError("--file takes no other issues")

        add_all(session, file, kind)
        return
    ends = [*([blocks] if blocks is not None else []), *ids, *([on] if on is not None else [])]
    if len(ends) != 2:
        raise click.UsageError(
            "two issues are needed: bd dep add ID ON, or bd dep ID --blocks OTHER"
        )
    add_dependency(session, ends, kind, turned=blocks is not None)


@dep.command("remove", examples=["bd dep remove bd-a1b2c bd-d3e4f"], writes=True)
@click.argument("id")
@click.argument("on")
@click.option("-t", "--type", "kind", metavar="TYPE", help="Only the dependency of this type")
@pass_session
def remove(session: Session, /, id: str, on: str, kind: str | None) -> None:
    """Remove a dependency.

    Without --type, removes all dependencies of the first issue on the second.
    """
    from tracker.errors import NotFound
    from tracker.issues import actions

    workspace = session.tracker
    settings, who = workspace.settings(), workspace.who()

    def unlink(draft: Draft) -> tuple[str, str]:
        one = resolve_end(id, draft, settings.prefix)
        issue = draft.get_issue(one)
        targets = {edge.depends_on_id for edge in issue.dependencies} if issue else set()
        try:
            other = on if on in targets else resolve_end(on, draft, settings.prefix)
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


@dep.command(
    "list", examples=["bd dep list bd-a1b2c", "bd dep list bd-a1b2c --direction up --json"]
)
@click.argument("id")
@click.option(
    "--direction",
    default="down",
    metavar="down|up",
    help="Dependencies (down), or dependents (up)",
)
@click.option(
    "-t", "--type", "kind", default="", metavar="TYPE", help="Only dependencies of this type"
)
@pass_session
def list_(session: Session, /, id: str, direction: str, kind: str) -> None:
    """List the dependencies of an issue."""
    from tracker.model.status import TOMBSTONE
    from tracker.render.issue_json import linked

    workspace = session.tracker
    answers = workspace.answers
    row = _row(answers, workspace.resolve(id))
    up = direction == "up"
    edges = answers.edges_to(row) if up else answers.edges_of(row)
    edges = [edge for edge in edges if kind in {"", edge.type}]
    if session.json:
        there = [(e.row, e.type) for e in edges if e.row and e.row.status != TOMBSTONE]
        session.emit_raw(linked(answers, one, type) for one, type in there)
    elif not edges:
        session.say(f"\n{row.id} has no {'dependents' if up else 'dependencies'}")
    else:
        head = f"Issues that depend on {row.id}" if up else f"{row.id} depends on"
        session.say(f"\n📋 {head}:\n")
        for edge in edges:
            session.say(f"  {_line(edge)} via {one_line(edge.type)}")
        session.say()


def _row(answers: IssueQueries, id: str) -> IssueRow:
    from tracker.errors import NotFound

    row = answers.row(id)
    if row is None:
        raise NotFound(id)
    return row


def _line(edge: DependencyRow) -> str:
    from tracker.model.status import TOMBSTONE

    row, id = edge.row, one_line(edge.id)
    if row is None:
        return f"{id}: (not in this log)"
    if row.status == TOMBSTONE:
        return f"{id}: (deleted)"
    return f"{id}: {one_line(row.title)} [P{row.priority}] ({one_line(row.status)})"


@dep.command(
    "tree",
    examples=["bd dep tree bd-a1b2c", "bd dep tree bd-a1b2c --direction up --max-depth 3"],
)
@click.argument("id")
@click.option(
    "--direction",
    default="down",
    type=OneOf(["down", "up", "both"]),
    help="Dependencies (down), dependents (up) or both  [down]",
)
@click.option("--reverse", is_flag=True, help="Same as --direction up")
@click.option(
    "-d",
    "--max-depth",
    "--depth",
    default=50,
    type=click.IntRange(1),
    metavar="N",
    help="At most this many levels  [50]",
)
@click.option(
    "--status",
    default="",
    metavar="STATUS",
    help="Issues with this status only, and the paths to them",
)
@click.option(
    "-t", "--type", "kind", default="", metavar="TYPE", help="Only dependencies of this type"
)
@click.option("--show-all-paths", is_flag=True, help="Repeat an issue under each of its dependents")
@click.option(
    "--format",
    "form",
    type=OneOf(["text", "mermaid"]),
    default="text",
    help="Format  [text]",
)
@pass_session
def tree(session: Session, /, id: str, **given: Any) -> None:
    """Show the dependency tree of an issue."""
    from tracker.cache.issues.obstacles import Obstacles
    from tracker.cli.relations import dep_tree as trees

    workspace = session.tracker
    answers = workspace.answers
    root = _row(answers, workspace.resolve(id))
    direction = "up" if given["reverse"] else given["direction"]
    walk = trees.TreeWalk(answers, given["kind"], given["max_depth"], every=given["show_all_paths"])
    top = trees.TreeNode(None, root.id, root)
    nodes = walk.nodes(top, up=direction == "up")
    if direction == "both":
        nodes += walk.nodes(top, up=True)[1:]
    if given["status"]:
        nodes = trees.towards(nodes, given["status"])
    if walk.cut:
        session.warn(
            f"only the first {trees.MOST} nodes are shown (limit with --max-depth or --type)"
        )
    if session.json:
        session.emit_raw(trees.as_json(answers, node) for node in nodes)
    elif given["form"] == "mermaid":
        session.say("\n".join(trees.mermaid(nodes)))
    else:
        heads = {"down": "Dependency tree", "up": "Dependent tree", "both": "Full dependency graph"}
        session.say(f"\n🌲 {heads[direction]} for {root.id}:\n")
        session.say("\n".join(trees.drawn(nodes, ready=not Obstacles(answers).of(root.id))))
        session.say()


@dep.command("cycles", examples=["bd dep cycles", "bd dep cycles --json"])
@pass_session
def cycles(session: Session) -> None:
    """List dependency cycles."""
    answers = session.tracker.answers
    ways = [[_row(answers, id) for id in way] for way in answers.all_cycles()]
    if session.json:
        session.emit_raw(_array([answers.bare(row) for row in way]) for way in ways)
        return
    if not ways:
        session.say("\n✓ No dependency cycles detected\n")
        return
    session.say(f"\n⚠ Found {len(ways)} dependency cycles:\n")
    for number, way in enumerate(ways, 1):
        session.say(f"{number}. Cycle involving:")
        for row in way:
            session.say(f"   - {one_line(row.id)}: {one_line(row.title)}")
        session.say()


def _array(objects: list[str]) -> str:
    """An array within an array."""
    deeper = [one.replace("\n", "\n  ") + "\n    }" for one in objects]
    return "[\n    " + ",\n    ".join(deeper) + "\n  ]"


_NAMES = (("from", "issue_id", "id"), ("to", "depends_on_id", "on"))


class EdgeLine(NamedTuple):
    """What one line of the file says, and its number."""

    number: int
    one: str
    other: str
    kind: str


def add_all(session: Session, file: str, kind: str) -> None:
    """Make every dependency that the file names, all or none, in one write."""
    from tracker.errors import TrackerError
    from tracker.issues import actions

    wanted = list(_lines(session.read(file), kind))
    workspace = session.tracker
    settings, who = workspace.settings(), workspace.who()

    def link(draft: Draft) -> list[tuple[str, str, str]]:
        made = []
        for line in wanted:
            try:
                ends = [resolve_end(id, draft, settings.prefix) for id in (line.one, line.other)]
                actions.link(draft, ends[0], ends[1], line.kind, who)
            except TrackerError as error:
                error.message = f"{file}, line {line.number}: {error.message}"
                raise
            made.append((ends[0], ends[1], line.kind))
        return made

    made = workspace.write(link)
    if session.json:
        session.emit(
            [
                {"depends_on_id": other, "issue_id": one, "status": "added", "type": kind}
                for one, other, kind in made
            ]
        )
    else:
        session.say(f"✓ Added {len(made)} dependencies")


def _lines(text: str, kind: str) -> Iterator[EdgeLine]:
    for number, row in enumerate(text.splitlines(), 1):
        stripped = row.strip()
        if not stripped or stripped.startswith("#"):
            continue
        words = _members(stripped, number) if stripped[0] == "{" else stripped.split()
        if not 2 <= len(words) <= 3:
            raise Invalid(
                f"line {number} is not a dependency: {stripped[:60]!r}",
                hint="a line is ID ON [TYPE]",
            )
        yield EdgeLine(number, words[0], words[1], words[2] if len(words) == 3 else kind)


def _members(text: str, number: int) -> list[str]:
    from tracker import json_text

    try:
        found = json_text.loads(text)
    except ValueError:
        raise Invalid(
            f"line {number} is not a JSON object", hint='{"from": ID, "to": ID}'
        ) from None
    words = [next((found[name] for name in names if name in found), None) for names in _NAMES]
    words += [found["type"]] if "type" in found else []
    return [word for word in words if isinstance(word, str)]


@dep.command("relate", examples=["bd dep relate bd-a1b2c bd-d3e4f"], writes=True)
@click.argument("one")
@click.argument("other")
@pass_session
def relate(session: Session, /, one: str, other: str) -> None:
    """Mark two issues as related, without blocking."""
    _relate(session, one, other, related=True)


@dep.command("unrelate", examples=["bd dep unrelate bd-a1b2c bd-d3e4f"], writes=True)
@click.argument("one")
@click.argument("other")
@pass_session
def unrelate(session: Session, /, one: str, other: str) -> None:
    """Remove the relation between two issues."""
    _relate(session, one, other, related=False)


def _relate(session: Session, one: str, other: str, *, related: bool) -> None:
    from tracker.issues import actions

    workspace = session.tracker
    settings, who = workspace.settings(), workspace.who()

    def tie(draft: Draft) -> tuple[str, str]:
        ends = resolve_end(one, draft, settings.prefix), resolve_end(other, draft, settings.prefix)
        (actions.relate if related else actions.unrelate)(draft, *ends, who)
        return ends

    first, second = workspace.write(tie)
    if session.json:
        session.emit({"id1": first, "id2": second, "related" if related else "unrelated": True})
    elif related:
        session.say(f"✓ Linked {first} ↔ {second}")
    else:
        session.say(f"✓ Unlinked {first} ↔ {second}")
