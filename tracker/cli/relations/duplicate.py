"""`bd duplicate`: close an issue as a duplicate of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.cli.relations.replacing import replace_issue

if TYPE_CHECKING:
    from tracker.cli.session import Session


@command("duplicate", examples=["bd duplicate bd-a1b2c --of bd-d3e4f"], writes=True)
@click.argument("id")
@click.option("--of", required=True, metavar="ID", help="The issue to keep")
@pass_session
def duplicate(session: Session, /, id: str, of: str) -> None:
    """Close an issue as a duplicate of another."""
    from tracker.issues.duplicates import duplicate as action

    one, other = replace_issue(session, id, of, action)
    if session.json:
        session.emit({"duplicate": one, "canonical": other, "status": "closed"})
    else:
        session.say(f"✓ Marked {one} as duplicate of {other} (closed)")
