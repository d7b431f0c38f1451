"""Commands that read memories by their keys: `recall`, `memory get` and `memory show`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli import memoview
from tracker.cli.command import command, pass_session
from tracker.cli.plain import one_line
from tracker.errors import NoMemory, quoted

if TYPE_CHECKING:
    from tracker.cli.memoview import Desk
    from tracker.cli.session import Session
    from tracker.memory import Memory
    from tracker.recollection import Recollection


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
    content = at.content(row.n)
    if session.json:
        session.emit({"found": True, "key": row.key, "value": content})
        return
    session.say(content)
    if row.kept or row.stale:
        from tracker.memoline import decode_memory

        memory = decode_memory(at.line(row.n))
        memoview.remarks(session, memoview.Known(memory, row.trust, row.stale, row.private))


def _missing(at: Recollection, key: str) -> NoMemory:
    """The error for a key under which nothing is kept, with keys that may have been meant."""
    from tracker import keys
    from tracker.retrieval import near

    if at.is_forgotten(key.strip()):
        return NoMemory(key, hint=f"it was forgotten; bd memory restore {quoted(key.strip())}")
    return keys.missing(key, near(at, key))


def quickly(session: Session, key: str, *, plain: bool = False) -> bool:
    """Print the content of a memory that is plainly there; whether it was.

    Nothing is loaded for it that other memories would need. `plain` leaves JSON to who asks.
    """
    from tracker.glimpse import glimpse

    row = glimpse(session.place.beads, key)
    if row is None or (plain and session.json):
        return False
    if session.json:
        session.emit({"found": True, "key": key, "value": row["content"]})
        return True
    session.say(row["content"])
    if "conflicts" in row or row.get("source", {}).get("paths"):
        desk, memory = _found(session, key)
        memoview.remarks(session, desk.known(memory))
    return True


def _found(session: Session, key: str) -> tuple[Desk, Memory]:
    from tracker import remember

    desk = memoview.Desk(session.tracker.library)
    _amiss(session)
    return desk, remember.live(desk.drafts.memories, key)


def _amiss(session: Session) -> None:
    for text in session.tracker.amiss:
        if "memory.jsonl" in text or "outcomes.jsonl" in text:
            session.warn(text)


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
    from tracker import keys, remember

    desk = memoview.Desk(session.tracker.library)
    _amiss(session)
    notes = desk.drafts.memories

    def meant(name: str) -> list[Memory]:
        if not keys.is_pattern(name):
            return [remember.live(notes, name)]
        is_meant = keys.matcher(name)
        every = (notes.get(key) for key in notes.keys() if is_meant(key))  # noqa: SIM118
        found = [one for one in every if one and one.status != "tombstone"]
        if not found:
            raise NoMemory(name, keys.near(keys.prefix(name), notes.keys()))
        return found

    found = [one for several in session.each(names, meant) for one in several]
    several = len(names) > 1 or keys.is_pattern(names[0])
    if session.json:
        if several:
            session.emit_raw(memoview.fragment(desk.known(one)) for one in found)
        else:
            memoview.emit_one(session, desk.known(found[0]))
        return
    for number, one in enumerate(found):
        if several:
            session.say(("\n" if number else "") + f"== {one_line(one.key)}")
        session.say(one.content)
        memoview.remarks(session, desk.known(one))


@command("show", examples=["bd memory show climate/drift"])
@click.argument("key")
@pass_session
def show(session: Session, key: str) -> None:
    """Show a memory with all that is known about it."""
    desk, memory = _found(session, key)
    known = desk.known(memory)
    if session.json:
        memoview.emit_one(session, known)
        return
    for line in memoview.page(known, session.clock()):
        session.say(line)
