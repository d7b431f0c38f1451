"""Print memories as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker.render.memories import MemoryFacts, against, fragment, known

if TYPE_CHECKING:
    from typing import Any

    from tracker.cache.memories.queries import FoundMemory
    from tracker.cli.session import Session
    from tracker.model.memory import Memory


def say_limit(session: Session, found: FoundMemory) -> None:
    """Tell how much was left out, and how to see it."""
    if len(found.rows) < found.total:
        session.note(f"Showing {len(found.rows)} of {found.total} memories (-n 0 shows all)")
    if found.hidden:
        session.note(f"{found.hidden} more are put away, over or replaced (--all)")


def print_written(session: Session, memory: Memory) -> MemoryFacts:
    """A memory that was just written; of one that is gone, as it was."""
    from tracker.memory.outcomes import own
    from tracker.memory.trust import Trust

    at = session.tracker.recollection
    row = at.row(memory.key)
    if row is None:
        return MemoryFacts(memory, Trust(own(memory), own(memory)))
    return known(at, row)._replace(memory=memory)


def emit_memory(session: Session, known: MemoryFacts, **more: Any) -> None:
    """One memory as the JSON document."""
    session.write(fragment(known, **more).replace("\n  ", "\n") + "\n")


def remarks(session: Session, known: MemoryFacts) -> None:
    """Tell people what to know before they believe a memory."""
    for line in against(known):
        session.note(line)
