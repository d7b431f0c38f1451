"""Taking back a write: which one, and what it has to find to be taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker.beside import (
    CONFIG_FILE,
    MEMORY_FILE,
    OUTCOMES_FILE,
    PRIVATE,
    is_carried_name,
    key_of,
)
from tracker.errors import Moved, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker.journal import Change, Op
    from tracker.shelf import Shelf, Wanted


def choose(ops: Sequence[Op], number: int | None, log: str) -> Op:
    """The last write that can be taken back, or the one of that number. Raises Moved."""
    undone: set[str] = set()
    for op in reversed(ops):  # an undo that was itself undone does not count
        if op.undoes and op.key not in undone:
            undone.add(op.undoes)
    if number is None:
        able = [op for op in ops if not op.undoes and op.key not in undone]
    else:
        able = [op for op in ops if op.number == number]
    if not able:
        raise Moved(
            "nothing to undo" if number is None else f"there is no operation {number}",
            hint="bd op log",
        )
    op = able[-1]
    if op.key in undone:
        raise Moved(f"operation {op.number} is undone already", hint="bd op log")
    if op.left_out:
        raise Moved(
            f"operation {op.number} wrote {op.left_out} records, which is more than is kept",
            hint=f"git diff {log}",
        )
    return op


def plan(before: Shelf, op: Op) -> Wanted:
    """The lines that the write found. Raises Moved where one is not what it left."""
    wanted: dict[str, dict[str, bytes | None]] = {}
    for change in op.changes:
        if before.of(change.file).line(change.id) != change.new:
            raise Moved(
                f"{change.id} has changed since operation {op.number}: nothing was undone",
                hint=f"{_look(change)}; bd op log",
            )
        wanted.setdefault(change.file, {})[change.id] = change.old
    return wanted


def _look(change: Change) -> str:
    """The command that shows what a record says now."""
    file = change.file.removeprefix(PRIVATE)
    if file == OUTCOMES_FILE:
        return "bd memory outcomes"
    if file == CONFIG_FILE:
        return f"bd config get {quoted(change.id)}"
    if file == MEMORY_FILE or is_carried_name(change.id):
        return f"bd memory show {quoted(key_of(change.id))}"
    return f"bd show {quoted(change.id)}"


def places(op: Op) -> dict[str, dict[str, bytes]]:
    """By file, the line in front of which each record stood that the write took away."""
    found: dict[str, dict[str, bytes]] = {}
    for change in op.changes:
        if change.next is not None:
            found.setdefault(change.file, {})[change.id] = change.next
    return found
