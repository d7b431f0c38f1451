"""`bd human`: the commands that people need most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session

if TYPE_CHECKING:
    from tracker.cli.session import Session


ESSENTIAL = {
    "Every day": ("ready", "create", "show", "update", "close", "list", "search"),
    "What depends on what": ("dep", "blocked", "epic"),
    "Talking": ("comments", "label", "note"),
    "When something went wrong": ("undo", "restore", "doctor", "resolve"),
    "Beginning and sharing": ("init", "sync", "prime"),
}


@command("human", examples=["bd human"])
@pass_session
def human(session: Session) -> None:
    """List the commands that people use most."""
    ctx = click.get_current_context().find_root()
    root = ctx.command
    assert isinstance(root, click.Group)
    told = {
        section: {
            name: found.get_short_help_str(80)
            for name in names
            if (found := root.get_command(ctx, name))
        }
        for section, names in ESSENTIAL.items()
    }
    if session.json:
        session.emit(told)
        return
    for section, lines in told.items():
        session.say(f"\n{section}:")
        for name, line in lines.items():
            session.say(f"  {session.program} {name:<10}  {line}")
    session.say(f"\n{session.program} COMMAND --help has examples; --json is for programs.")
