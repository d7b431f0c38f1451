"""`bd show`: show an issue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, ignored, pass_session
from tracker.render.issue_json import by_issue, linked, shown
from tracker.render.issue_lines import blockers, short
from tracker.render.issue_page import RULE, IssueSheet, page, references

if TYPE_CHECKING:
    from typing import Any

    from tracker.cache.issues.queries import DependencyRow, IssueQueries, IssueRow
    from tracker.cli.session import Session


NO_WORK = frozenset({"pinned", "ephemeral", "template"})


@command(
    "show",
    examples=[
        "bd show bd-a1b2c",
        "bd show bd-a1b2c bd-d3e4f --json",
        "bd show bd-a1b2c --children",
        "bd show bd-a1b2c --as-of HEAD~3",
    ],
)
@click.argument("ids", nargs=-1, metavar="[ID...]")
@click.option(
    "--id",
    "more_ids",
    multiple=True,
    metavar="ID",
    help="Another id, even one that looks like an option",
)
@click.option("--short", "as_line", is_flag=True, help="Show one line for each issue")
@click.option("--children", is_flag=True, help="Show its children instead")
@click.option("--refs", is_flag=True, help="Show the issues that refer to it instead")
@click.option("--as-of", metavar="REV", help="As of a branch, commit or date")
@click.option("--local-time", is_flag=True, help="Show local times  [UTC]")
@click.option("--current", is_flag=True, hidden=True)
@click.option("--include-dependents", is_flag=True, hidden=True)
@click.option("--include-comments", is_flag=True, hidden=True)
@click.option("--long", is_flag=True, hidden=True)
@click.option("--thread", is_flag=True, hidden=True)
@ignored("-w", "--watch")
@pass_session
def show(session: Session, /, ids: tuple[str, ...], **given: Any) -> None:
    """Show issues in full.

    Without an ID, shows the issue you touched last.
    """
    rev = given["as_of"]
    if rev:
        from tracker.cli.revision import look_back

        look_back(session, rev, [*ids, *given["more_ids"]])
    away = frozenset() if rev else _archive(session, (*ids, *given["more_ids"]))
    workspace = session.tracker
    answers = workspace.answers

    def row(text: str) -> IssueRow:
        found = answers.row(workspace.resolve(text))
        assert found is not None
        return found

    rows = session.each(workspace.named((*ids, *given["more_ids"])), row)
    if not (session.flags.readonly or rev or rows[-1].id in away):
        workspace.touch(rows[-1].id)
    if given["children"] or given["refs"]:
        _say_edges(session, answers, rows, refs=given["refs"])
    elif given["as_line"] and not session.json:
        session.say("\n".join(short(row) for row in rows))
    else:
        told = [about(answers, row, local=given["local_time"]) for row in rows]
        told = [one._replace(archived=one.row.id in away) for one in told]
        if not rev:
            told = [with_memories(session, one) for one in told]
        if session.json:
            session.emit_raw(shown(answers, one, session.env) for one in told)
        else:
            session.say(f"{RULE}\n".join("\n".join(page(one)) for one in told))


def _archive(session: Session, texts: tuple[str, ...]) -> frozenset[str]:
    """The ids that were put away, if one of those is asked for."""
    from tracker.errors import NotFound, TrackerError

    for text in texts:
        try:
            session.tracker.resolve(text)
        except NotFound:
            from tracker.cli.archive_hint import look_into

            return look_into(session, texts)
        except TrackerError:
            continue
    return frozenset()


def about(answers: IssueQueries, row: IssueRow, *, local: bool = False) -> IssueSheet:
    """Everything that `show` tells."""
    needed = [edge for edge in answers.edges_to(row) if not _is_gone(edge)]
    told = IssueSheet(row, record(answers.line(row.n)), answers.edges_of(row), needed, local=local)
    if row.status in answers.at.closing:
        return told
    from tracker.cache.issues.obstacles import Obstacles

    asked = Obstacles(answers)
    obstacles = asked.of(row.id)
    blockage = asked.blockage(row.n)
    is_work = not NO_WORK.intersection(one.kind for one in obstacles) and row.status != "pinned"
    return told._replace(
        obstacles=[(one, asked.state(one.id)) for one in obstacles],
        blocked_by=blockers(row.id, blockage) if blockage and is_work else None,
    )


def with_memories(session: Session, told: IssueSheet) -> IssueSheet:
    """The page with the memories that came of the issue or that its work was given."""
    import os

    metadata = told.record.get("metadata")
    given = metadata.get("memories") if isinstance(metadata, dict) else None
    keys = [key for key in given if isinstance(key, str)] if isinstance(given, list) else []
    folder = session.place.beads
    files = (os.path.join(folder, name) for name in ("memory.jsonl", ".local/memory.jsonl"))
    if not (keys or any(map(_holds_anything, files))):
        return told
    from tracker.cache.memories.queries import MemoryFilter
    from tracker.render.memories import doubt, row_heading

    only = MemoryFilter(issue=told.row.id, given=tuple(keys), everything=True)
    found = session.memories.listed(only).rows
    return told._replace(memories=[(row.key, row_heading(row) + doubt(row)) for row in found])


def _holds_anything(path: str) -> bool:
    import os

    try:
        return os.stat(path).st_size > 0
    except OSError:
        return False


def _is_gone(edge: DependencyRow) -> bool:
    return edge.row is None or edge.row.status == "tombstone"


def record(line: bytes) -> dict[str, Any]:
    """The parsed line; of one that only a patient parser reads, the fields that a page shows."""
    import json

    try:
        found: dict[str, Any] = json.loads(line)
    except (ValueError, RecursionError):  # an integer of thousands of digits, a thousand brackets
        from dataclasses import asdict

        from tracker.log.issue_codec import decode

        found = asdict(decode(line))
        found["comments"] = list(found["comments"])
    return found


def _say_edges(
    session: Session, answers: IssueQueries, rows: list[IssueRow], *, refs: bool
) -> None:
    """What points to each of the issues: their children, or everything."""
    groups = []
    for row in rows:
        edges = [edge for edge in answers.edges_to(row) if not _is_gone(edge)]
        groups.append((row, [edge for edge in edges if refs or edge.type == "parent-child"]))
    if session.json:
        session.write(by_issue((row.id, _objects(answers, edges, refs)) for row, edges in groups))
    else:
        lines = (references(row, edges, children=not refs) for row, edges in groups)
        session.say("\n".join("\n".join(one) for one in lines))


def _objects(answers: IssueQueries, edges: list[DependencyRow], refs: bool) -> list[str]:
    rows = [edge.row for edge in edges if edge.row]
    if refs:
        return [linked(answers, row, edge.type) for row, edge in zip(rows, edges, strict=True)]
    return list(answers.objects(rows))
