"""`bd priority`: set the priority of an issue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import PRIORITY, command, pass_session
from tracker.cli.issues.quick_update import update_field

if TYPE_CHECKING:
    from tracker.cli.session import Session


@command("priority", examples=["bd priority bd-a1b2c 0", "bd priority bd-a1b2c P3"], writes=True)
@click.argument("id")
@click.argument("value", type=PRIORITY, metavar="P")
@pass_session
def priority(session: Session, /, id: str, value: int) -> None:
    """Set the priority of an issue, 0 (most urgent) to 4."""
    update_field(session, id, {"priority": value}, f"✓ Set priority of {{}} to P{value}")
