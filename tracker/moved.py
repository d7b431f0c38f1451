"""A memory that one branch moved to another key and the other branch edited: the edit follows it.

Without this the edit would stay behind in the tombstone of the old key, where nobody looks for it.
It follows only where that is certain: the new key began with the move, and the other side has done
nothing under it. Else what was written stays in the tombstone, and `bd memory conflicts` names it.
"""

from __future__ import annotations

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
        for key, row in sides[mover].items():
            new = _followed(sides, key, row, mover, editor)
            if new is None:
                continue
            before, edited = sides[BASE][key], sides[editor][key]
            found[BASE] = {**found[BASE], new: _under(before, new)}
            found[editor] = {**found[editor], new: _under(edited, new), key: row}
            why = f"moved to {new[1]} on one branch, edited on the other: the edit follows"
            said.append(Decision(key[1], "", why))
    return (found[BASE], found[OURS], found[THEIRS]), said


def _followed(
    sides: tuple[Rows, Rows, Rows], key: Key, row: Row, mover: int, editor: int
) -> Key | None:
    """The new key of a memory that one side has moved and the other edited."""
    before, edited = sides[BASE].get(key), sides[editor].get(key)
    if row.is_issue or key[0] or before is None or edited is None:
        return None
    if row is before or edited is before or _is_gone(before) or _is_gone(edited):
        return None
    new = _end(sides[mover], row)
    if new is None or new not in sides[mover]:
        return None
    held = sides[editor].get(new)
    if held is not None and (held is not sides[BASE].get(new) or not _is_gone(held)):
        return None
    return new if is_edited(MEMORY, before.record, edited.record) else None


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
