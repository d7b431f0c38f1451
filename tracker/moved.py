"""A memory that one branch moved to another key and the other branch edited: the edit follows it.

Without this the edit would stay behind in the tombstone of the old key, where nobody looks for it.
It follows only where that is certain: the new key began with the move, no other memory was moved
there, and the other side has done nothing under it. Else what was written stays in the tombstone,
and `bd memory conflicts` names it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tracker.codec import in_order
from tracker.memoline import MEMORY_RANK
from tracker.rules import MEMORY
from tracker.settle import Decision, is_edited
from tracker.sides import Row
from tracker.values import text
from tracker.words import TOMBSTONE

if TYPE_CHECKING:
    from tracker.sides import Key, Rows

BASE, OURS, THEIRS = range(3)


def follow(sides: tuple[Rows, Rows, Rows]) -> tuple[tuple[Rows, Rows, Rows], list[Decision]]:
    """The sides with each such edit under the new key, and what is said about it."""
    found = list(sides)
    said: list[Decision] = []
    for mover, editor in ((OURS, THEIRS), (THEIRS, OURS)):
        ends = {key: new for key in sides[BASE] if (new := _moved(sides, key, mover)) is not None}
        arrivals = Counter(ends.values())
        for key, new in ends.items():
            row = sides[mover][key]
            if arrivals[new] > 1 or not _is_followed(sides, key, new, editor):
                continue
            before, edited = sides[BASE][key], sides[editor][key]
            found[BASE] = {**found[BASE], new: _under(before, new)}
            found[editor] = {**found[editor], new: _under(edited, new), key: row}
            why = f"moved to {new[1]} on one branch, edited on the other: the edit follows"
            said.append(Decision(key[1], "", why))
    return (found[BASE], found[OURS], found[THEIRS]), said


def _moved(sides: tuple[Rows, Rows, Rows], key: Key, mover: int) -> Key | None:
    """The new key of a memory of the base that one side has moved."""
    before, row = sides[BASE][key], sides[mover].get(key)
    if row is None or row is before or row.is_issue or key[0] or _is_gone(before):
        return None
    return _end(sides[mover], row)


def _is_followed(sides: tuple[Rows, Rows, Rows], key: Key, new: Key, editor: int) -> bool:
    """Whether the other side edited what was moved, and has done nothing under the new key."""
    before, edited = sides[BASE][key], sides[editor].get(key)
    if edited is None or edited is before or _is_gone(edited):
        return False
    held = sides[editor].get(new)
    if held is not None and (held is not sides[BASE].get(new) or not _is_gone(held)):
        return False
    return is_edited(MEMORY, before.record, edited.record)


def _end(rows: Rows, row: Row) -> Key | None:
    """Where a chain of moves ends; None where it ends nowhere."""
    seen: set[Key] = set()
    while _is_gone(row):
        key = "", row.text("moved_to")
        found = rows.get(key)
        if found is None or key in seen:
            return None
        seen.add(key)
        row = found
    return row.key if seen else None


def _is_gone(row: Row) -> bool:
    return row.text("status") == TOMBSTONE


def _under(row: Row, key: Key) -> Row:
    """The same record under another key."""
    raws = {name: one.raw for name, one in row.record.items()}
    return Row(key, in_order({**raws, "key": text(key[1]).raw}, MEMORY_RANK), is_issue=False)
