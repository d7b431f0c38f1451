"""`bd stale`: list issues that nobody has touched for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.cli.filter_options import chosen, filtered, limit_of, limited, say_limit
from tracker.render import issue_lines
from tracker.render.issue_json import parent
from tracker.text import one_line

if TYPE_CHECKING:
    from typing import Any

    from tracker.cache.issues.queries import IssueRow
    from tracker.cli.session import Session


DAY = 86_400_000_000_000  # nanoseconds


@command(
    "stale",
    examples=["bd stale", "bd stale --days 14 --status in_progress", "bd stale -d 7 --json"],
)
@click.option(
    "-d",
    "--days",
    default=30,
    type=click.IntRange(min=0),
    metavar="N",
    help="Days without an update  [30]",
)
@filtered("status", "assignee", "label", "type")
@limited("50")
@pass_session
def stale(session: Session, /, days: int, **given: Any) -> None:
    """List open issues without recent updates, oldest first."""
    from tracker.issues.filters import Span

    now = session.clock()
    filter = chosen(session, given, hide_closed=True, updated=Span(before=max(now - days * DAY, 1)))
    answers = session.tracker.answers
    page = answers.listed(filter, "updated", limit_of(session, given["limit"], 50), back=True)
    if session.json:
        session.emit_raw(answers.objects(page.rows, edges=False, extra=parent), total=page.total)
    elif not page.rows:
        session.say("\n✨ No stale issues found (all active)\n")
    else:
        count = f"{len(page.rows)} of {page.total}" if len(page.rows) < page.total else page.total
        session.say(f"\n⏰ Stale issues ({count} not updated in {days}+ days):\n")
        rows = (_aged(number, row, now) for number, row in enumerate(page.rows, 1))
        session.say("\n".join(rows))
        say_limit(session, page)


def _aged(number: int, row: IssueRow, now: int) -> str:
    from tracker.model.timestamps import instant

    days = max(now - instant(row.updated_at), 0) // DAY
    lines = [f"{number}. [● P{row.priority}] {issue_lines.compact(row)}"]
    lines.append(f"   Status: {one_line(row.status)}, Last updated: {days} days ago")
    if row.assignee:
        lines.append(f"   Assignee: {one_line(row.assignee)}")
    return "\n".join([*lines, ""])
