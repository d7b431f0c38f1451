"""List and settle the conflicts that a merge left in a memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tracker.errors import Invalid
from tracker.issues import conflicts
from tracker.issues.conflicts import ConflictSubject
from tracker.issues.editing import CONFLICTS, after
from tracker.json_text import in_order, members
from tracker.log.memory_codec import MEMORY_RANK, decode_memory, encode_memory
from tracker.memory import actions
from tracker.model.memory import Memory

if TYPE_CHECKING:
    from typing import Any

    from tracker.issues.conflicts import ConflictEntry, Settlement
    from tracker.log.memory_log import MemoryDraft
    from tracker.memory.edits import MemoryAuthor


_BOUND = frozenset({"key", "updated_at", "tags", "related", "supersedes", CONFLICTS})


def entries(memory: Memory) -> list[ConflictEntry]:
    """What merges kept of a memory, in the order in which it is numbered."""
    return conflicts.entries(memory.extra)


def standing(memory: Memory, field: str) -> Any:
    """The value that stands now under a pointer, parsed; None where there is none."""
    name, *rest = conflicts.parts(field)
    found = members(encode_memory(memory).decode())[0].get(name)
    value: Any = found.value if found else None
    for part in rest:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def settle(notes: MemoryDraft, key: str, choice: Settlement, hand: MemoryAuthor) -> Memory:
    """Let a value stand, and forget the others of that field. Raises Invalid, or NoMemory.

    Of a key that was moved, `other` is what was written there afterwards: it goes to the new key.
    """
    left = notes.get(key)
    if left is not None and is_left(left):
        return _settle_left(notes, left, choice, hand)
    memory = actions.live(notes, key)
    found = entries(memory)
    taken = conflicts.chosen(ConflictSubject(memory.key, "memory "), found, choice)
    raws = {name: one.raw for name, one in members(encode_memory(memory).decode())[0].items()}
    for field, value in conflicts.values(taken, choice).items():
        name, *rest = conflicts.parts(field)
        if name in _BOUND:
            raise Invalid(f"{name} cannot be set like this", hint="bd help memory set")
        raws[name] = conflicts.put_in(raws.get(name, ""), rest, value.raw)
    raws.pop(CONFLICTS, None)
    if others := conflicts.left(found, taken):
        raws[CONFLICTS] = others
    raws["updated_at"] = f'"{after(memory.updated_at, hand.who)}"'
    return notes.put(decode_memory(in_order(raws, MEMORY_RANK)))


def is_left(memory: Memory) -> bool:
    """Whether a key was moved on one branch and written on another, so that its text stayed."""
    return bool(memory.moved_to and memory.content)


def _settle_left(
    notes: MemoryDraft, left: Memory, choice: Settlement, hand: MemoryAuthor
) -> Memory:
    """What is to become of a text that stayed behind under a key that was moved."""
    memory = actions.live(notes, left.key)
    if choice.text is not None or choice.take != conflicts.KEPT:
        if choice.text is None and choice.take not in {conflicts.OTHER, "1"}:
            raise Invalid(f"--take is kept or other, not {choice.take!r}")
        content = left.content if choice.text is None else choice.text
        memory = actions.put(notes, memory.key, {"content": content}, hand)
    bare = Memory(key=left.key, kind=left.kind, created_at=left.created_at, status=left.status)
    at = after(left.updated_at, hand.who)
    notes.put(replace(bare, moved_to=left.moved_to, updated_at=at), private=False)
    return memory
