"""`bd blocked`: list blocked issues and what blocks them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.cli.filter_options import chosen, filtered
from tracker.cli.queries.listing import print_reasons
from tracker.render import issue_lines
from tracker.render.issue_json import member, parent

if TYPE_CHECKING:
    from typing import Any

    from tracker.cache.issues.queries import IssueRow
    from tracker.cli.session import Session


@command(
    "blocked",
    examples=["bd blocked", "bd blocked --parent bd-a1b2c --json", "bd blocked --why bd-d3e4f"],
)
@filtered("under", "priority", "assignee", "no_assignee", "label", "label_any", "type")
@click.option("--why", metavar="ID", help="Explain what blocks ID, down to the ready issues")
@pass_session
def blocked(session: Session, /, why: str | None, **given: Any) -> None:
    """List blocked issues and what blocks them.

    There is no limit.
    """
    if why is not None:
        print_reasons(session, why)
        return
    from tracker.cache.issues.obstacles import Obstacles

    answers = session.tracker.answers
    page = answers.blocked(chosen(session, given))
    obstacles = Obstacles(answers)
    reasons = obstacles.blockages(page.rows)
    circles = {id: way for way in reversed(answers.cycles()) for id in way}
    if session.json:

        def more(row: IssueRow) -> str:
            by = issue_lines.blockers(row.id, reasons[row.id])
            circle = member("cycle", circles[row.id]) if row.id in circles else ""
            count = member("blocked_by_count", len(by))
            return parent(row) + count + member("blocked_by", by) + circle

        session.emit_raw(answers.objects(page.rows, edges=False, extra=more), total=page.total)
    elif not page.rows:
        session.say("\n✨ No blocked issues\n")
    elif session.terminal is not None:
        from tracker.render import tables

        session.say(f"\n🚫 Blocked issues ({page.total}):\n")
        by = {row.id: (issue_lines.blockers(row.id, reasons[row.id]), ()) for row in page.rows}
        session.say(tables.issues(session.terminal, page.rows, by) + "\n", styled=True)
        if circles:
            session.say(issue_lines.circles(answers.cycles()))
    else:
        session.say(f"\n🚫 Blocked issues ({page.total}):\n")
        session.say(
            "\n".join(
                issue_lines.held(row, reasons[row.id], circles.get(row.id, [])) for row in page.rows
            )
        )
