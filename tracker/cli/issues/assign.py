"""`bd assign`: set the assignee of an issue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.cli.issues.quick_update import update_field

if TYPE_CHECKING:
    from tracker.cli.session import Session


@command("assign", examples=["bd assign bd-a1b2c ann", 'bd assign bd-a1b2c ""'], writes=True)
@click.argument("id")
@click.argument("name")
@pass_session
def assign(session: Session, /, id: str, name: str) -> None:
    """Assign an issue.

    An empty NAME makes it unassigned.
    """
    told = f"✓ Assigned {{}} to {name}" if name else "✓ Unassigned {}"
    update_field(session, id, {"assignee": name}, told)
