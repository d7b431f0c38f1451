"""`bd undefer`: make deferred issues available again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.cli.issue_options import answer, edited
from tracker.text import one_line

if TYPE_CHECKING:
    from tracker.cli.session import Session


@command("undefer", examples=["bd undefer bd-a1b2c", "bd undefer bd-a1b2c --json"], writes=True)
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@pass_session
def undefer(session: Session, ids: tuple[str, ...]) -> None:
    """Make deferred issues open again."""
    from tracker.issues import actions

    settings, who = session.tracker.settings(), session.tracker.who()
    issues = edited(session, ids, lambda draft, id: actions.undefer(draft, id, settings, who))
    answer(session, issues, lambda i: f"* Undeferred {i.id} (now {one_line(i.status)})")
