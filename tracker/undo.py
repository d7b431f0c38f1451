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
from tracker.errors import Moved, NotYours, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tracker.change import Who
    from tracker.journal import Change, Op
    from tracker.shelf import Shelf, Wanted


def choose(ops: Sequence[Op], number: int | None, who: Who, *, anyone: bool = False) -> Op:
    """The last write of the caller, or the one of that number; with `anyone` also another's.

    Raises Moved where nothing can be taken back, and NotYours where only another's could be.
    """
    undone = undoing(ops)
    op = _last(ops, undone, who, anyone=anyone) if number is None else _numbered(ops, number)
    if op.key in undone:
        raise Moved(f"operation {op.number} is undone already", hint="bd op log")
    if op.missed:
        raise Moved(
            f"operation {op.number} could not be noted in the journal, so it cannot be undone",
            hint="git diff; bd op log; bd undo N takes back an earlier write",
        )
    if not (anyone or is_own(op, who)):
        raise NotYours(f"operation {op.number} was written by {named(op, who)}", op.number)
    if op.rewrote:
        raise Moved(
            f"operation {op.number} ({' '.join(('bd', *op.argv[1:]))}) rewrote whole files, "
            "so it cannot be undone",
            hint="git diff; bd undo N takes back an earlier write",
        )
    if op.left_out:
        raise Moved(
            f"operation {op.number} wrote {op.left_out} records, which is more than is kept",
            hint="git diff; bd op log",
        )
    return op


def undoing(ops: Sequence[Op]) -> dict[str, Op]:
    """By the key of each write that is undone, the one that did it."""
    undone: dict[str, Op] = {}
    for op in reversed(ops):  # an undo that was itself undone does not count
        if op.undoes and op.key not in undone:
            undone.setdefault(op.undoes, op)
    return undone


def is_own(op: Op, who: Who) -> bool:
    """Whether the caller wrote it: the same session where both have one, else the same actor."""
    if op.session and who.session:
        return op.session == who.session
    return op.actor == who.name


def named(op: Op, who: Who) -> str:
    """Whose write it is; by the session where the name is the caller's own."""
    return op.actor if op.actor != who.name else f"another session of {op.actor} ({op.session})"


def _last(ops: Sequence[Op], undone: Mapping[str, Op], who: Who, *, anyone: bool) -> Op:
    """The last write of the caller that counts.

    One that may be anybody's counts as well, and where another has undone the caller's last write,
    the one before is not meant.
    """
    able = [op for op in ops if not op.undoes]
    for op in reversed(able):
        by = undone.get(op.key)
        if by is None and (anyone or is_own(op, who) or not op.key):
            return op
        if by is not None and is_own(op, who) and not (anyone or is_own(by, who)):
            raise Moved(
                f"your last write, operation {op.number}, was undone by {named(by, who)} already",
                hint="bd op log; bd undo N takes back an earlier write",
            )
    others = [op for op in able if op.key not in undone]
    if not others:
        raise Moved("nothing to undo", hint="bd op log")
    number = others[-1].number
    raise NotYours(
        f"no write of yours is left to undo; the last one, operation {number}, was written by "
        f"{named(others[-1], who)}",
        number,
    )


def _numbered(ops: Sequence[Op], number: int) -> Op:
    found = next((op for op in ops if op.number == number), None)
    if found is None:
        raise Moved(f"there is no operation {number}", hint="bd op log")
    return found


def plan(before: Shelf, op: Op, ops: Sequence[Op] = ()) -> Wanted:
    """The lines that the write found. Raises Moved where one is not what it left.

    `ops` are all writes that are known: they tell who changed a record since.
    """
    wanted: dict[str, dict[str, bytes | None]] = {}
    for change in op.changes:
        if not before.is_left(change):
            raise Moved(
                f"{change.id} has changed since operation {op.number}{_by(change, op, ops)}: "
                "nothing was undone",
                hint=f"{_look(change)}; bd op log",
            )
        wanted.setdefault(change.file, {})[change.id] = change.old
    return wanted


def _by(change: Change, op: Op, ops: Sequence[Op]) -> str:
    """Who wrote the record after this operation, where the journal knows."""
    for later in reversed(ops):
        if later.number > op.number and any(
            (one.file, one.id) == (change.file, change.id) for one in later.changes
        ):
            return f" (operation {later.number}, by {later.actor})"
    return ""


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
