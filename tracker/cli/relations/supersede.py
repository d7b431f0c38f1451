"""`bd supersede`: close an issue in favour of its replacement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.cli.relations.replacing import replace_issue

if TYPE_CHECKING:
    from tracker.cli.session import Session


@command("supersede", examples=["bd supersede bd-a1b2c --with bd-d3e4f"], writes=True)
@click.argument("id")
@click.option("--with", "by", required=True, metavar="ID", help="The issue that replaces it")
@pass_session
def supersede(session: Session, /, id: str, by: str) -> None:
    """Close an issue as superseded by another."""
    from tracker.issues.duplicates import supersede as action

    one, other = replace_issue(session, id, by, action)
    if session.json:
        session.emit({"superseded": one, "replacement": other, "status": "closed"})
    else:
        session.say(f"✓ Marked {one} as superseded by {other} (closed)")
