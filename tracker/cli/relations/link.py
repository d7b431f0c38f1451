"""`bd link`: add a dependency in the fewest words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.cli.relations.edges import add_dependency

if TYPE_CHECKING:
    from tracker.cli.session import Session


@command(
    "link",
    examples=["bd link bd-a1b2c bd-d3e4f", "bd link bd-a1b2c bd-d3e4f --type related"],
    json_errors="stdout",
    writes=True,
)
@click.argument("id")
@click.argument("on")
@click.option(
    "-t", "--type", "kind", default="blocks", metavar="TYPE", help="Dependency type  [blocks]"
)
@pass_session
def link(session: Session, /, id: str, on: str, kind: str) -> None:
    """Add a dependency (same as `dep add`)."""
    add_dependency(session, [id, on], kind)
