"""`bd epic`: show the progress of epics and close finished ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import group, pass_session
from tracker.render.issue_json import member
from tracker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tracker.cache.issues.queries import IssueRow
    from tracker.cli.session import Session
    from tracker.issues.lifecycle import Progress


@group("epic", examples=["bd epic status", "bd epic close-eligible --dry-run"])
def epic() -> None:
    """Show the progress of epics and close complete ones."""


@epic.command("status", examples=["bd epic status", "bd epic status --eligible-only --json"])
@click.option("--eligible-only", is_flag=True, help="Only epics with all children closed")
@pass_session
def status(session: Session, eligible_only: bool) -> None:
    """List open epics and how many of their children are closed."""
    from tracker.cache.issues.statistics import epics

    answers = session.tracker.answers
    found = epics(answers, complete=eligible_only)
    if session.json:
        session.emit_raw(_object(f"{answers.bare(row)}\n  }}", how) for row, how in found)
    elif not found:
        session.say("No epics eligible for closure" if eligible_only else "No open epics found")
    else:
        session.say("\n".join(_lines(row, how) for row, how in found))


def _lines(row: IssueRow, how: Progress) -> str:
    mark = "✓" if how.is_complete else "◐" if how.closed else "○"
    lines = [f"{mark} {one_line(row.id)} {one_line(row.title)}"]
    lines.append(f"   Progress: {how.closed}/{how.children} children closed ({how.percent}%)")
    return "\n".join([*lines, *(["   Eligible for closure"] if how.is_complete else []), ""])


def _object(epic: str, how: Progress) -> str:
    """An epic as JSON in an array, with its children counted."""
    inner = epic.replace("\n", "\n  ")
    counts = member("total_children", how.children) + member("closed_children", how.closed)
    eligible = member("eligible_for_close", how.is_complete)
    return f'{{\n    "epic": {inner}{counts}{eligible}\n  }}'


@epic.command(
    "close-eligible",
    examples=["bd epic close-eligible --dry-run", "bd epic close-eligible --json"],
    writes=True,
)
@click.option("--dry-run", is_flag=True, help="Show what would be closed")
@pass_session
def close_eligible(session: Session, dry_run: bool) -> None:
    """Close epics with all children closed.

    An epic that this completes is closed as well.
    """
    from tracker.cache.issues.statistics import epics as open_epics
    from tracker.cli.issue_options import as_json, edited
    from tracker.issues import lifecycle

    workspace = session.tracker
    settings, who = workspace.settings(), workspace.who()
    ids = _deepest_first([row for row, _ in open_epics(workspace.answers)])
    found = edited(
        session,
        ids,
        lambda draft, id: lifecycle.close_complete(draft, id, settings, who),
        dry=dry_run,
    )
    closed = [one for one in found if one is not None]
    if session.json:
        session.emit_raw(_object(as_json(issue), how) for issue, how in closed)
    elif not closed:
        session.say("No epics eligible for closure")
    else:
        did = "Would close" if dry_run else "✓ Closed"
        session.say(f"{did} {len(closed)} epic(s)")
        for issue, _ in closed:
            session.say(
                f"  - {issue.id}: {one_line(issue.title)}" if dry_run else f"  - {issue.id}"
            )


def _deepest_first(rows: Iterable[IssueRow]) -> list[str]:
    """The ids of epics, each before the epic that it belongs to."""
    from tracker.issues.graph import finished

    parents = {row.id: row.parent for row in rows}
    children: dict[str, list[str]] = {id: [] for id in sorted(parents)}
    for id in children:
        if parents[id] in children:
            children[parents[id]].append(id)
    return finished(children)
