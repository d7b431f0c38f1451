"""`bd forget`: forget a memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.cli.memory.manage import forgotten, names_given
from tracker.render import memories

if TYPE_CHECKING:
    from tracker.cli.session import Session


@command(
    "forget", examples=["bd forget auth-jwt", "bd forget auth-jwt --json"],
    json_errors="stdout", writes=True,
)  # fmt: skip
@click.argument("key")
@pass_session
def forget(session: Session, key: str) -> None:
    """Forget a memory; `bd memory restore` reverts it."""
    from tracker.errors import NoMemory

    try:
        (gone,) = session.tracker.library.forget([key])
    except NoMemory as error:
        if not session.json:
            session.code = 1
            session.complain(f"{error.message}\nHint: {error.hint}")
            return
        raise
    if session.json:
        session.emit({"deleted": "true", "key": gone.key})
    else:
        session.say(memories.said("forgot", gone))


@command("forget", examples=["bd memory forget climate/drift"], writes=True)
@names_given
@pass_session
def forget_(session: Session, names: tuple[str, ...]) -> None:
    """Forget memories, all or none; `bd memory restore` reverts it."""
    forgotten(session, names)
