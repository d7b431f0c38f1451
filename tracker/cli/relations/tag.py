"""`bd tag`: add a label."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.cli.relations.labelling import change_labels

if TYPE_CHECKING:
    from tracker.cli.session import Session


@command("tag", examples=["bd tag bd-a1b2c urgent", "bd tag bd-a1b2c bd-d3e4f urgent"], writes=True)
@click.argument("words", nargs=-1, required=True, metavar="ID... LABEL")
@pass_session
def tag(session: Session, words: tuple[str, ...]) -> None:
    """Add a label to issues (same as `label add`)."""
    change_labels(session, words, added=True)
