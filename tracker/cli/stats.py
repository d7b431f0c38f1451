"""`bd stats`: how many issues there are of each sort."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tracker.cli.command import command, pass_session

if TYPE_CHECKING:
    from tracker.cli.session import Session
    from tracker.totals import Totals


@command("stats", examples=["bd stats", "bd stats --json", "bd stats --assigned"])
@click.option("--assigned", is_flag=True, help="Only of what is assigned to you")
@click.option("--no-activity", is_flag=True, hidden=True)
@click.option("--all", "everything", is_flag=True, hidden=True)
@pass_session
def stats(session: Session, /, assigned: bool, **_: bool) -> None:
    """Count issues by status, and what is ready and blocked.

    Deleted issues are part of no figure but their own.
    """
    from tracker.query import Filter
    from tracker.totals import totals

    filter = Filter(assignee=session.actor) if assigned else Filter()
    found = totals(session.tracker.answers, filter)
    if session.json:
        session.emit({"summary": _document(found)})
    else:
        from tracker.cli.render import statistics

        session.say("\n".join(statistics(found)))


def _document(found: Totals) -> dict[str, Any]:
    """The figures under the names of Beads."""
    lead = int(found.lead) if found.lead == int(found.lead) else found.lead
    return {
        "total_issues": found.total,
        "open_issues": found.open,
        "in_progress_issues": found.in_progress,
        "closed_issues": found.closed,
        "blocked_issues": found.blocked,
        "deferred_issues": found.deferred,
        "ready_issues": found.ready,
        "tombstone_issues": found.tombstone,
        "pinned_issues": found.pinned,
        "epics_eligible_for_closure": found.eligible,
        "average_lead_time_hours": lead,
    }
