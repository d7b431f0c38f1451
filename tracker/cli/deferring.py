"""Commands that put issues off, and that take them up again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.cli.issues import answer, edited
from tracker.cli.plain import one_line

if TYPE_CHECKING:
    from tracker.cli.session import Session


@command(
    "defer",
    examples=["bd defer bd-a1b2c", "bd defer bd-a1b2c bd-d3e4f --until 'next monday'"],
    writes=True,
)
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--until", metavar="WHEN", help="Ready again then: +6h, tomorrow, 2027-01-15")
@pass_session
def defer(session: Session, ids: tuple[str, ...], until: str | None) -> None:
    """Put issues off: out of ready until a time, or until undefer."""
    from tracker import actions
    from tracker.cli.render import until as shown

    time = ""
    if until:
        from tracker.cli.dates import when
        from tracker.model import stamp

        time = stamp(when(until, session.clock(), "--until"))
    settings, who = session.tracker.settings(), session.tracker.who()
    issues = edited(session, ids, lambda draft, id: actions.defer(draft, id, time, settings, who))
    answer(session, issues, lambda issue: f"* Deferred {issue.id}{shown(issue.defer_until)}")


@command("undefer", examples=["bd undefer bd-a1b2c", "bd undefer bd-a1b2c --json"], writes=True)
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@pass_session
def undefer(session: Session, ids: tuple[str, ...]) -> None:
    """Take up issues again that were put off."""
    from tracker import actions

    settings, who = session.tracker.settings(), session.tracker.who()
    issues = edited(session, ids, lambda draft, id: actions.undefer(draft, id, settings, who))
    answer(session, issues, lambda i: f"* Undeferred {i.id} (now {one_line(i.status)})")
