"""`bd defer`: defer issues until a date."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.cli.issue_options import answer, edited

if TYPE_CHECKING:
    from tracker.cli.session import Session


@command(
    "defer",
    examples=["bd defer bd-a1b2c", "bd defer bd-a1b2c bd-d3e4f --until 'next monday'"],
    writes=True,
)
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--until", metavar="WHEN", help="Defer until WHEN: +6h, tomorrow, 2027-01-15")
@pass_session
def defer(session: Session, ids: tuple[str, ...], until: str | None) -> None:
    """Defer issues.

    A deferred issue is not ready until the given time, or until `bd undefer`.
    """
    from tracker.issues import actions
    from tracker.render.issue_lines import until as shown

    time = ""
    if until:
        from tracker.cli.dates import when
        from tracker.model.timestamps import stamp

        time = stamp(when(until, session.clock(), "--until"))
    settings, who = session.tracker.settings(), session.tracker.who()
    issues = edited(session, ids, lambda draft, id: actions.defer(draft, id, time, settings, who))
    answer(session, issues, lambda issue: f"* Deferred {issue.id}{shown(issue.defer_until)}")
