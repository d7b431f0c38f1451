"""`bd restore`: bring deleted or archived issues back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.cli.issue_options import answer, edited
from tracker.text import one_line

if TYPE_CHECKING:
    from tracker.cli.session import Session


@command("restore", examples=["bd restore bd-a1b2c"], writes=True)
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@pass_session
def restore(session: Session, ids: tuple[str, ...]) -> None:
    """Restore deleted and archived issues."""
    from tracker.cli.archive_hint import restore_archived
    from tracker.issues import actions

    restore_archived(session, ids)
    who = session.tracker.who()
    issues = edited(session, ids, lambda draft, id: actions.restore(draft, id, who))
    answer(
        session,
        issues,
        lambda issue: f"✓ Restored {issue.id}: {one_line(issue.title)} ({issue.status})",
    )
