"""The memory and outcome files, and drafts of their next state.

`Memories` and `Outcomes` are sheets over the bytes of `memory.jsonl` and `outcomes.jsonl`;
`Carried` are the memories that Beads 1.x keeps among the issues. `Notes` is all of them being
edited: a private memory stands before a shared one, and both before a carried one, which moves to
the file of memories when it is edited. `Verdicts` are outcomes being added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tracker.log import lines
from tracker.log.lines import FoundLine
from tracker.log.memory_codec import (
    MEMORY,
    TYPE,
    decode_memory,
    decode_outcome,
    encode_memory,
    encode_outcome,
    glance,
    glance_outcome,
)
from tracker.log.paths import MEMORY_FILE, OUTCOMES_FILE, PRIVATE, carried_name, key_of
from tracker.log.record_file import RecordFile
from tracker.model.memory import Memory, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from tracker.log.lines import Unread
    from tracker.log.record_file import Shared


class MemoryFile(RecordFile[Memory]):
    """The memories of one file, by key. Tombstones are records too."""

    named = "key"
    kind = MEMORY

    def decoded(self, line: bytes) -> Memory:
        return decode_memory(line)

    def glance(self, key: str) -> Memory:
        """The memory without what is only carried; much faster, for questions."""
        return glance(self._found[key].row)


class OutcomeFile(RecordFile[Outcome]):
    """The outcomes of one file, by id. A merge by other hands may repeat a line."""

    kind = "outcome"
    dated = "at"
    grows = True

    def decoded(self, line: bytes) -> Outcome:
        return decode_outcome(line)

    def glances(self) -> Iterator[Outcome]:
        """Every outcome without what is only carried; much faster, for questions."""
        return (glance_outcome(found.row) for found in self._found.values())


class Carried(RecordFile[Memory]):
    """The memories among the issues of a log, named `memory <key>`; of several the first counts."""

    grows = True

    def decoded(self, line: bytes) -> Memory:
        return decode_memory(line)

    def _items(self) -> Iterator[FoundLine | Unread]:
        """Only of lines that hold the word as a whole text, which is fast to find."""
        known: set[str] = set()
        for begin, stop in lines.lines_with(self.data, b'"%s"' % MEMORY.encode()):
            for item in lines.scan(self.data[begin:stop]):
                if not isinstance(item, FoundLine) or not is_carried(item.row):
                    continue
                name = carried_name(item.row["key"])
                if name not in known:
                    known.add(name)
                    start, end = begin + item.start, begin + item.end
                    yield FoundLine(0, start, end, {"id": name}, item.glued)


def is_carried(row: Mapping[str, Any]) -> bool:
    """Whether a line of the log of issues is a memory as Beads 1.x writes them."""
    key = row.get("key")
    return row.get(TYPE) == MEMORY and isinstance(key, str) and bool(key) and not row.get("id")


class InFile(NamedTuple):
    """Where a record stands: in the shared file or the private one."""

    private: bool
    name: str


class MemoryFiles(NamedTuple):
    """The three places of memories; each is read when it is asked for."""

    shared: Callable[[], Shared]
    private: Callable[[], Shared]
    carried: Callable[[], Carried]


class MemoryDraft:
    """Memories being edited: what they were, and those that have changed since."""

    def __init__(self, before: MemoryFiles) -> None:
        self._before = before
        self._changes: dict[InFile, Memory | None] = {}
        self._uncarried: dict[str, None] = {}

    def get(self, key: str) -> Memory | None:
        """The memory of this very key, tombstones included."""
        for private in (True, False):
            place = InFile(private, key)
            found = self._changes[place] if place in self._changes else self._was(place)
            if found is not None:
                return found
        name = carried_name(key)
        return None if name in self._uncarried else self._before.carried().get(name)

    def is_private(self, key: str) -> bool:
        """Whether this memory never leaves the clone."""
        place = InFile(private=True, name=key)
        return (self._changes[place] if place in self._changes else self._was(place)) is not None

    def keys(self) -> list[str]:
        """Every key, sorted; those of tombstones too."""
        before = self._before
        found = {*before.shared(), *before.private()}
        found |= {key_of(name) for name in before.carried() if name not in self._uncarried}
        for _, key in self._changes:
            if self.get(key) is None:
                found.discard(key)
            else:
                found.add(key)
        return sorted(found)

    def every(self) -> Iterator[Memory]:
        """Every memory by key, tombstones included."""
        return (found for key in self.keys() if (found := self.get(key)) is not None)

    def glances(self) -> Iterator[Memory]:
        """The same without what is only carried; much faster, for questions."""
        return (found for key in self.keys() if (found := self.peek(key)) is not None)

    def peek(self, key: str) -> Memory | None:
        """The memory of this very key, without what is only carried."""
        if any(changed == key for _, changed in self._changes):
            return self.get(key)
        for sheet in (self._before.private(), self._before.shared()):
            if key in sheet:
                return sheet.glance(key)
        return self.get(key)

    def put(self, memory: Memory, *, private: bool | None = None) -> Memory:
        """Set the memory of a key where it stands, or where `private` says.

        Setting what is there changes nothing; a carried memory moves to the shared file else.
        """
        is_private = self.is_private(memory.key) if private is None else private
        place = InFile(is_private, memory.key)
        was = self._changes[place] if place in self._changes else self._was(place)
        if was is None and not is_private:
            was = self._before.carried().get(carried_name(memory.key))
        if memory != was:
            self._sheet(place).forbid_edit(memory.key)
            self._changes[place] = memory
            if not is_private:
                self._uncarry(memory.key)
        return memory

    def drop(self, key: str) -> None:
        """Take every record of a key away, line and all."""
        for private in (True, False):
            place = InFile(private, key)
            if place in self._changes or self._was(place) is not None:
                self._sheet(place).forbid_edit(key)
                self._changes[place] = None
        self._uncarry(key)

    def drop_private(self, key: str) -> None:
        """Take the private record of a key away, line and all."""
        place = InFile(private=True, name=key)
        self._sheet(place).forbid_edit(key)
        self._changes[place] = None

    def written(self) -> dict[str, dict[str, bytes | None]]:
        """By file, the new line of each record that differs from what it was.

        Memories among the issues stand under `""`, by their names there.
        """
        found: dict[str, dict[str, bytes | None]] = {}
        for place, memory in self._changes.items():
            if memory != self._was(place):
                file = PRIVATE + MEMORY_FILE if place.private else MEMORY_FILE
                line = None if memory is None else encode_memory(memory)
                found.setdefault(file, {})[place.name] = line
        if self._uncarried:
            found[""] = dict.fromkeys(self._uncarried)
        return found

    def _was(self, place: InFile) -> Memory | None:
        return self._sheet(place).get(place.name)

    def _sheet(self, place: InFile) -> Shared:
        return self._before.private() if place.private else self._before.shared()

    def _uncarry(self, key: str) -> None:
        name = carried_name(key)
        if name in self._before.carried():
            self._uncarried[name] = None


class OutcomeDraft:
    """Outcomes being added, in the shared file or the private one; none is ever changed."""

    def __init__(
        self, shared: Callable[[], OutcomeFile], private: Callable[[], OutcomeFile]
    ) -> None:
        self._shared = shared
        self._private = private
        self._added: dict[InFile, Outcome] = {}

    def get(self, id: str) -> Outcome | None:
        """The outcome of this very id."""
        for private in (True, False):
            found = self._added.get(InFile(private, id)) or self._sheet(private=private).get(id)
            if found is not None:
                return found
        return None

    def is_private(self, id: str) -> bool:
        """Whether this outcome never leaves the clone."""
        return InFile(private=True, name=id) in self._added or id in self._private()

    def every(self) -> Iterator[Outcome]:
        """Every outcome, once, without what is only carried."""
        shared, private = self._shared(), self._private()
        yield from shared.glances()
        yield from (one for one in private.glances() if one.id not in shared)
        yield from self._added.values()

    def add(self, outcome: Outcome, *, private: bool = False) -> Outcome:
        """Record an outcome; one that is there already is not added again."""
        sheet = self._sheet(private=private)
        if outcome.id not in sheet:
            sheet.forbid_edit(outcome.id)
            self._added[InFile(private, outcome.id)] = outcome
        return outcome

    def written(self) -> dict[str, dict[str, bytes | None]]:
        """By file, the line of each outcome that was added."""
        found: dict[str, dict[str, bytes | None]] = {}
        for place, outcome in self._added.items():
            file = PRIVATE + OUTCOMES_FILE if place.private else OUTCOMES_FILE
            found.setdefault(file, {})[place.name] = encode_outcome(outcome)
        return found

    def _sheet(self, *, private: bool) -> OutcomeFile:
        return self._private() if private else self._shared()
