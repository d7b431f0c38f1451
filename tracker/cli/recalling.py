"""Commands that read memories by their keys: `recall`, `memory get` and `memory show`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from tracker.cli import memoview
from tracker.cli.command import command, pass_session
from tracker.cli.plain import one_line
from tracker.errors import NoMemory, quoted

if TYPE_CHECKING:
    from tracker.cli.session import Session
    from tracker.recollection import Recollection, Row


@command(
    "recall",
    examples=["bd recall auth/jwt", "bd recall auth/jwt --json"],
    json_errors="stdout",
)
@click.argument("key")
@pass_session
def recall(session: Session, key: str) -> None:
    """Print what is remembered under this very key; `bd memory search` looks for more."""
    if quickly(session, key):
        return
    at = session.memories
    row = at.row(key.strip())
    if row is None:
        error = _missing(at, key)
        session.code = 1
        if session.json:
            session.emit({"found": False, "key": key, "value": ""})
            return
        session.complain(f"{error.message}\nHint: {error.hint}")
        return
    known = memoview.known(at, row)
    if session.json:
        told = {"found": True, "key": row.key, "value": known.memory.content}
        session.emit(told | memoview.unfit(known))
        return
    session.say(known.memory.content)
    memoview.remarks(session, known)


def row_of(at: Recollection, key: str) -> Row:
    """The memory of a key, wherever it was moved. Raises NoMemory."""
    row = at.row(key.strip())
    if row is None:
        raise _missing(at, key)
    return row


def _missing(at: Recollection, key: str) -> NoMemory:
    """The error for a key under which nothing is kept, with keys that may have been meant."""
    from tracker import keys
    from tracker.retrieval import near

    name = at.moved.get(key.strip(), key.strip())
    if at.is_forgotten(name):
        return NoMemory(key, hint=f"it was forgotten; bd memory restore {quoted(name)}")
    return keys.missing(key, near(at, key))


def quickly(session: Session, key: str, *, plain: bool = False) -> bool:
    """Print the content of a memory that is plainly there; whether it was.

    Nothing is loaded for it that other memories would need. `plain` leaves JSON to who asks.
    """
    from tracker.glimpse import glimpse
    from tracker.pending import is_pending

    beads = session.place.beads
    if (plain and session.json) or is_pending(os.path.join(beads, ".local")):
        return False
    content = glimpse(beads, key)
    if content is None:
        return False
    if session.json:
        session.emit({"found": True, "key": key, "value": content})
    else:
        session.say(content)
    return True


@command(
    "get",
    examples=["bd memory get climate/drift", "bd memory get 'climate/*' --json"],
)
@click.argument("names", nargs=-1, required=True, metavar="KEY...")
@pass_session
def get(session: Session, names: tuple[str, ...]) -> None:
    """Print the content of memories, and nothing else; a pattern means several."""
    say(session, names)


def say(session: Session, names: tuple[str, ...]) -> None:
    """The memories of these keys and patterns, as `get` prints them."""
    if len(names) == 1 and quickly(session, names[0], plain=True):
        return
    from tracker import keys

    at = session.memories
    found = [
        memoview.known(at, row)
        for rows in session.each(names, lambda name: _meant(at, name))
        for row in rows
    ]
    is_one = len(names) == 1 and not keys.is_pattern(names[0])
    if session.json:
        if is_one:
            memoview.emit_one(session, found[0])
        else:
            session.emit_raw(map(memoview.fragment, found))
        return
    for number, one in enumerate(found):
        if not is_one:
            session.say(("\n" if number else "") + f"== {one_line(one.memory.key)}")
        session.say(one.memory.content)
        memoview.remarks(session, one)


def _meant(at: Recollection, name: str) -> list[Row]:
    """The memories of a key or a pattern. Raises NoMemory."""
    from tracker import keys

    if not keys.is_pattern(name):
        return [row_of(at, name)]
    from tracker.recollection import Only

    start = keys.prefix(name)
    found = at.listed(Only(start, keys.matcher(name), everything=True)).rows
    if not found:
        raise NoMemory(name, keys.near(start, at.keys()))
    return found


@command("show", examples=["bd memory show climate/drift"])
@click.argument("key")
@pass_session
def show(session: Session, key: str) -> None:
    """Show a memory with all that is known about it."""
    at = session.memories
    known = memoview.known(at, row_of(at, key))
    if session.json:
        memoview.emit_one(session, known)
        return
    for line in memoview.page(known, session.clock()):
        session.say(line)
