"""`bd kv`: values under names, for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import group, pass_session
from tracker.errors import Invalid, NoMemory
from tracker.text import one_line

if TYPE_CHECKING:
    from tracker.cli.session import Session
    from tracker.log.snapshot import Drafts
    from tracker.model.memory import Memory


SPACE = "kv/"
"""Where they are among the memories: put away from the start, so that no search brings them up."""


@group(
    "kv",
    examples=["bd kv set release 1.4", "bd kv get release", "bd kv list --json"],
    default="list",
)
def kv() -> None:
    """Keep key-value pairs that travel with git."""


def _not_set(session: Session, name: str) -> None:
    session.code = 1
    if session.json:
        session.emit({"key": name, "value": "", "found": False})
    else:
        session.complain(f"{one_line(name)} (not set)")


@kv.command("set", examples=["bd kv set release 1.4"], writes=True)
@click.argument("name")
@click.argument("value")
@pass_session
def set_(session: Session, /, name: str, value: str) -> None:
    """Set a value."""
    from tracker.memory import actions

    if not value.strip():
        raise Invalid("the value is empty", hint=f"bd kv clear {name}")
    workspace = session.tracker
    hand = workspace.library.hand()

    def change(drafts: Drafts) -> Memory:
        notes = drafts.memories
        made = actions.put(notes, SPACE + name, {"content": value, "kind": "status"}, hand)
        return actions.archive(notes, made.key, hand)

    held = workspace.edit(change).content
    if session.json:
        session.emit({"key": name, "value": held})
    else:
        session.say(f"Set {one_line(name)} = {one_line(held)}")


@kv.command("get", examples=["bd kv get release", "bd kv get release --json"])
@click.argument("name")
@pass_session
def get(session: Session, /, name: str) -> None:
    """Print a value; exit 1 if it is not set."""
    try:
        value = session.tracker.library.get(SPACE + name).content
    except NoMemory:
        _not_set(session, name)
        return
    if session.json:
        session.emit({"key": name, "value": value, "found": True})
    else:
        session.say(value)


@kv.command("list", examples=["bd kv list", "bd kv list --json"])
@pass_session
def list_(session: Session) -> None:
    """List all values."""
    found = {
        memory.key.removeprefix(SPACE): memory.content
        for memory in session.tracker.library.find(f"{SPACE}**")
    }
    if session.json:
        session.emit(found)
    elif not found:
        session.say("No values are set: bd kv set NAME VALUE")
    else:
        for name, value in found.items():
            session.say(f"{one_line(name)} = {one_line(value)}")


@kv.command("clear", examples=["bd kv clear release"], writes=True)
@click.argument("name")
@pass_session
def clear(session: Session, /, name: str) -> None:
    """Remove a value."""
    try:
        session.tracker.library.forget([SPACE + name])
    except NoMemory:
        _not_set(session, name)
        return
    if session.json:
        session.emit({"key": name, "deleted": True})
    else:
        session.say(f"Cleared {one_line(name)}")
