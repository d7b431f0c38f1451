"""`bd memory history`: show the earlier texts of a memory."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.errors import Invalid, quoted
from tracker.render import memories
from tracker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tracker.cli.session import Session
    from tracker.git.history import HistoryEntry
    from tracker.workspace.memory_history import MemoryText


_SHORT = 10  # characters of a commit's name


@command(
    "history",
    examples=["bd memory history climate/drift", "bd memory history climate/drift --json"],
)
@click.argument("key")
@click.option("--full", is_flag=True, help="Show whole texts")
@pass_session
def history(session: Session, key: str, full: bool) -> None:
    """Show earlier texts of a memory, newest first.

    They come from commits and from the writes of this clone. Bring one back with
    `bd memory restore KEY --rev HASH`.
    """
    name, found = _texts(session, key)
    if session.json:
        session.emit([
            {
                "rev": number, "hash": one.hash, "at": _stamp(one.at), "by": one.by,
                "commit": one.commit or None, "why": one.why, "status": one.status,
                "content": one.content,
            }
            for number, one in reversed(list(enumerate(found, 1)))
        ])  # fmt: skip
        return
    session.say(f"{one_line(name)}: {len(found)} text{'s' * (len(found) != 1)}, the newest first")
    for number, one in reversed(list(enumerate(found, 1))):
        where = f"commit {one.commit[:_SHORT]}" if one.commit else "not committed"
        status = "" if one.status == "active" else f" [{one_line(one.status)}]"
        session.say(
            f"\n{number:3}  {one.hash}  {_stamp(one.at)[:16].replace('T', ' ')}"
            f"  {one_line(one.by)}{status}  {where}: {memories.beginning(one.why)}"
        )
        for line in one.content.split("\n") if full else [memories.beginning(one.content)]:
            session.say(f"     {line}")


def revision(session: Session, key: str, rev: str) -> MemoryText:
    """One text of a memory, by its number or its hash. Raises Invalid, or NoMemory."""
    from tracker.workspace.memory_history import chosen

    name, found = _texts(session, key)
    text = chosen(found, rev)
    if text is None:
        raise Invalid(f"{name} has no text {rev!r}", hint=f"bd memory history {quoted(name)}")
    return text


def latest(session: Session, key: str) -> MemoryText | None:
    """The text that a memory had last. Raises NoMemory where it never had one."""
    return _texts(session, key)[1][-1]


def _texts(session: Session, key: str) -> tuple[str, list[MemoryText]]:
    """The key as it is now, and every text that it had, under any of its names."""
    from tracker.memory import actions
    from tracker.model import memory_keys
    from tracker.workspace import memory_history

    notes = session.tracker.library.notes()
    name = actions.current(notes.get, key.strip())
    moved = (one.key for one in notes.glances() if one.moved_to)
    older = [each for each in moved if actions.current(notes.peek, each) == name]
    names = list(dict.fromkeys([key.strip(), name, *older]))
    found = memory_history.texts(_entries(session, names), session.tracker.operations(), names)
    if not found:
        raise memory_keys.missing(key, notes.keys())
    return name, found


def _entries(session: Session, names: Sequence[str]) -> Iterator[HistoryEntry]:
    """What commits did to the memory; nothing where there is no git, or no commit."""
    from tracker.errors import TrackerError
    from tracker.git import revisions
    from tracker.git.history import History
    from tracker.git.patches import MEMORIES

    try:
        repo = revisions.repository(session.place, session.env)
        tip = repo.commit_of("HEAD")
    except TrackerError:
        return
    if tip is not None:
        with closing(History(repo, session.place)) as history:
            yield from history.of(names, tip, MEMORIES)


def _stamp(nanoseconds: int) -> str:
    from tracker.model.timestamps import stamp

    return stamp(nanoseconds)
