"""`bd memory conflicts` and `bd memory resolve`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cache.memories.queries import disputed
from tracker.cli.command import command, pass_session
from tracker.errors import quoted
from tracker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from tracker.cli.session import Session
    from tracker.issues.conflicts import ConflictEntry
    from tracker.model.memory import Memory


@command("conflicts", examples=["bd memory conflicts", "bd memory conflicts climate/drift --json"])
@click.argument("names", nargs=-1, metavar="[KEY...]")
@pass_session
def conflicts(session: Session, names: tuple[str, ...]) -> None:
    """List merge conflicts of memories.

    Resolve one with `bd memory resolve KEY`, or by editing the field. Appending does not count.
    """
    from tracker.cli.memory.recall import row_of
    from tracker.render.memories import known

    at = session.memories
    rows = session.each(names, lambda name: row_of(at, name)) if names else disputed(at)
    _tell(session, [known(at, row).memory for row in rows])


def _tell(session: Session, memories: Sequence[Memory]) -> None:
    from tracker.memory.conflicts import entries, is_left, standing
    from tracker.render.memories import settles, shown

    rows = [(one, held) for one in memories if (held := entries(one))]
    lost = [one for one in memories if is_left(one)]
    if session.json:
        told: list[dict[str, Any]] = [
            {
                "key": memory.key,
                "conflicts": [
                    {"n": n, **_entry(entry), "kept": standing(memory, entry.field)}
                    for n, entry in enumerate(held, 1)
                ],
            }
            for memory, held in rows
        ]
        apart = [{"key": one.key, "moved_to": one.moved_to, "content": one.content} for one in lost]
        session.emit(told + apart)
        return
    if not rows and not lost:
        session.say("✓ no merge kept two values of a field")
    for memory, held in rows:
        session.say(one_line(memory.key))
        for n, entry in enumerate(held, 1):
            session.say(f"  {one_line(entry.name)}")
            session.say(f"      kept:  {shown(standing(memory, entry.field))}")
            session.say(f"      {n}:{'':<5}{shown(entry.value.value)} ({one_line(entry.at)})")
    for one in lost:
        session.say(
            f"{one_line(one.key)} was moved to {one_line(one.moved_to)} on one branch"
            f" and written on another:\n      1:     {shown(one.content)}"
        )
    keys = [one.key for one, _ in rows] + [one.key for one in lost]
    if keys:
        session.say(f"\n{settles(quoted(one_line(keys[0])) if len(keys) == 1 else 'KEY')}")


@command(
    "resolve",
    examples=[
        "bd memory resolve climate/drift --take other",
        'bd memory resolve climate/drift --field title --text "A better one"',
    ],
    writes=True,
)
@click.argument("key")
@click.option("--field", default="", metavar="F", help="Resolve this field only")
@click.option("--take", metavar="kept|other|N", help="Value to use")
@click.option("--text", metavar="T", help="Use a text of your own instead")
@pass_session
def resolve(session: Session, key: str, field: str, take: str | None, text: str | None) -> None:
    """Resolve a merge conflict of a memory."""
    from tracker.issues.conflicts import Settlement
    from tracker.memory.conflicts import entries, settle

    if (take is None) == (text is None):
        raise click.UsageError(
            "one of --take kept|other|N and --text T is needed; "
            f"bd memory conflicts {quoted(key)} lists the values"
        )
    choice = Settlement(take or "", field, text)
    (memory,) = session.tracker.library.change(
        lambda notes, one, hand: settle(notes, one, choice, hand), [key]
    )
    left = entries(memory)
    if session.json:
        session.emit({"key": memory.key, "conflicts": [_entry(entry) for entry in left]})
        return
    names = ", ".join(dict.fromkeys(one_line(entry.name) for entry in left))
    session.say(f"✓ settled {one_line(memory.key)}" + (f"; left: {names}" if left else ""))


def _entry(entry: ConflictEntry) -> dict[str, Any]:
    return {"field": entry.name, "value": entry.value.value, "updated_at": entry.at}
