"""`bd note`: add to the notes of an issue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.cli.issues.quick_update import update_field
from tracker.errors import Invalid

if TYPE_CHECKING:
    from tracker.cli.session import Session


@command(
    "note",
    examples=['bd note bd-a1b2c "the cause is in the cache"', "bd note bd-a1b2c --file found.md"],
    writes=True,
)
@click.argument("id")
@click.argument("words", nargs=-1, metavar="TEXT")
@click.option("-f", "--file", metavar="FILE", help="Read the text from FILE; '-' is standard input")
@click.option("--stdin", is_flag=True, help="Read the text from standard input")
@pass_session
def note(
    session: Session, /, id: str, words: tuple[str, ...], *, file: str | None, stdin: bool
) -> None:
    """Append a line to the notes of an issue."""
    sources = [bool(words), file is not None, stdin]
    if sum(sources) > 1:
        raise Invalid("cannot specify more than one of a text, --file and --stdin")
    name = "-" if stdin else file
    text = " ".join(words) if name is None else session.read(name).rstrip("\r\n")
    if not text.strip():
        raise Invalid("note text required", hint=f'bd note {id} "TEXT"')
    update_field(session, id, {"append_notes": text}, "✓ Note added to {}")
