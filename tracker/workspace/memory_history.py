"""The earlier texts of a memory.

A text that was overwritten before it was committed is only in the journal; one that another clone
wrote is only in commits. Of the same text at several places the earliest is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tracker.log.memory_codec import decode_memory
from tracker.log.paths import MEMORY_FILE, PRIVATE, is_carried_name, key_of
from tracker.model.memory import digest
from tracker.model.timestamps import instant
from tracker.text import whole_number

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from tracker.git.history import HistoryEntry
    from tracker.log.record_file import RecordChange
    from tracker.model.memory import Memory
    from tracker.store.journal import Op


_SECOND = 10**9


class MemoryText(NamedTuple):
    """One content that a memory has had: when (nanoseconds since 1970), by whom, and how it came.

    The time is what the record says, since a commit may come much later.

    `commit` is the full name of one, or "" where it is only in the journal; `why` is its subject,
    or what was typed. `status` is what the memory was then. `private` is a text that never was
    anywhere but in this clone.
    """

    content: str
    at: int
    by: str
    commit: str
    why: str
    status: str
    private: bool = False

    @property
    def hash(self) -> str:
        """What tells it from the others."""
        return digest(self.content)


def texts(
    entries: Iterable[HistoryEntry], ops: Iterable[Op], keys: Collection[str]
) -> list[MemoryText]:
    """Every content that these keys have had, each once, the oldest first."""
    found = [*_committed(entries), *_written(ops, keys)]
    shared = {one.content for one in found if not one.private}
    first: dict[tuple[str, str], MemoryText] = {}
    for one in sorted(found, key=lambda one: (one.at, not one.commit, one.why[:7] == "before:")):
        if one.content:
            known = one._replace(private=one.content not in shared)
            first.setdefault((one.content, one.status), known)
    return list(first.values())


def _committed(entries: Iterable[HistoryEntry]) -> Iterator[MemoryText]:
    """What commits say; of what a shallow clone begins with, too."""
    for entry in entries:
        commit = entry.commit
        memory = _memory(entry.change.new)
        if commit is not None and memory is not None:
            at = instant(memory.updated_at) or commit.time * _SECOND
            yield MemoryText(
                memory.content, at, commit.author, commit.name, commit.subject, memory.status
            )


def _written(ops: Iterable[Op], keys: Collection[str]) -> Iterator[MemoryText]:
    """What this clone wrote, and what it found when it wrote something else."""
    for op in ops:
        for change in op.changes:
            is_memory = change.file in {MEMORY_FILE, PRIVATE + MEMORY_FILE}
            name = key_of(change.id) if is_carried_name(change.id) else change.id
            if (is_memory or is_carried_name(change.id)) and name in keys:
                yield from _around(op, change)


def _around(op: Op, change: RecordChange) -> Iterator[MemoryText]:
    typed = " ".join(op.argv[1:])
    for line, why in ((change.old, f"before: {typed}"), (change.new, typed)):
        memory = _memory(line)
        if memory is not None:
            by = op.actor if line is change.new else memory.source.by
            at = instant(memory.updated_at) or op.at
            is_private = change.file == PRIVATE + MEMORY_FILE
            yield MemoryText(memory.content, at, by, "", why, memory.status, is_private)


def _memory(line: bytes | None) -> Memory | None:
    if line is None:
        return None
    try:
        return decode_memory(line)
    except (ValueError, UnicodeDecodeError):
        return None


def chosen(found: list[MemoryText], rev: str) -> MemoryText | None:
    """The text of a number (1 is the oldest) or of a hash, from its first eight digits on."""
    number = whole_number(rev) if len(rev) < 8 else None
    if number is not None:
        return found[number - 1] if 1 <= number <= len(found) else None
    return next((one for one in reversed(found) if rev and rev.startswith(one.hash)), None)
