"""`bd recall`, `bd memory get` and `bd memory show`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.cli.memory.output import emit_memory, remarks
from tracker.errors import NoMemory, quoted
from tracker.render import memories
from tracker.text import one_line

if TYPE_CHECKING:
    from tracker.cache.memories.queries import MemoryQueries, MemoryRow
    from tracker.cli.session import Session


@command(
    "recall",
    examples=["bd recall auth/jwt", "bd recall auth/jwt --json"],
    json_errors="stdout",
)
@click.argument("key")
@pass_session
def recall(session: Session, key: str) -> None:
    """Print the memory with this exact key."""
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
    known = memories.known(at, row)
    if session.json:
        told = {"found": True, "key": row.key, "value": known.memory.content}
        session.emit(told | memories.unfit(known))
        return
    session.say(known.memory.content)
    remarks(session, known)


def row_of(at: MemoryQueries, key: str) -> MemoryRow:
    """The memory of a key, wherever it was moved. Raises NoMemory."""
    row = at.row(key.strip())
    if row is None:
        raise _missing(at, key)
    return row


def _missing(at: MemoryQueries, key: str) -> NoMemory:
    """The error for a key under which nothing is kept, with keys that may have been meant."""
    from tracker.cache.memories.search import near
    from tracker.model import memory_keys

    name = at.moved.get(key.strip(), key.strip())
    if at.is_forgotten(name):
        return NoMemory(key, hint=f"it was forgotten; bd memory restore {quoted(name)}")
    return memory_keys.missing(key, near(at, key))


def quickly(session: Session, key: str, *, plain: bool = False) -> bool:
    """Print the content of a memory that is plainly there; whether it was.

    Nothing is loaded for it that other memories would need. `plain` leaves JSON to who asks.
    """
    from tracker.memory.quick_read import glimpse
    from tracker.store.open_write import is_pending

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
    """Print the content of memories; patterns are accepted."""
    say(session, names)


def say(session: Session, names: tuple[str, ...]) -> None:
    """The memories of these keys and patterns, as `get` prints them."""
    if len(names) == 1 and quickly(session, names[0], plain=True):
        return
    from tracker.model import memory_keys

    at = session.memories
    found = [
        memories.known(at, row)
        for rows in session.each(names, lambda name: _meant(at, name))
        for row in rows
    ]
    is_one = len(names) == 1 and not memory_keys.is_pattern(names[0])
    if session.json:
        if is_one:
            emit_memory(session, found[0])
        else:
            session.emit_raw(map(memories.fragment, found))
        return
    for number, one in enumerate(found):
        if not is_one:
            session.say(("\n" if number else "") + f"== {one_line(one.memory.key)}")
        session.say(one.memory.content)
        remarks(session, one)


def _meant(at: MemoryQueries, name: str) -> list[MemoryRow]:
    """The memories of a key or a pattern. Raises NoMemory."""
    from tracker.model import memory_keys

    if not memory_keys.is_pattern(name):
        return [row_of(at, name)]
    from tracker.cache.memories.queries import MemoryFilter

    start = memory_keys.prefix(name)
    found = at.listed(MemoryFilter(start, memory_keys.matcher(name), everything=True)).rows
    if not found:
        raise NoMemory(name, memory_keys.near(start, at.keys()))
    return found


@command("show", examples=["bd memory show climate/drift"])
@click.argument("key")
@pass_session
def show(session: Session, key: str) -> None:
    """Show a memory with its fields, trust and warnings."""
    at = session.memories
    known = memories.known(at, row_of(at, key))
    if session.json:
        emit_memory(session, known)
        return
    for line in memories.page(known, session.clock()):
        session.say(line)
