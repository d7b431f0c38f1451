"""The files of a workspace as one value, and all of them being edited at once.

A plan is given a `Shelf` and names the new line of each record, by file and name; a file is read
when it is first asked for. Actions get `Drafts`, which have a draft for each kind of record:

    def put_away(drafts):
        issue = drafts.issues.get_issue("bd-1")
        drafts.archive.put(issue)           # archive.jsonl
        drafts.issues.drop("bd-1")          # the log
        memory = drafts.memories.get("climate/drift")
        drafts.memories.put(replace(memory, pinned=True))
        drafts.outcomes.add(outcome)        # outcomes.jsonl, always the first to be written

    workspace.edit(put_away)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from tracker.beside import (
    ARCHIVE_FILE,
    CONFIG_FILE,
    MEMORY_FILE,
    OUTCOMES_FILE,
    PRIVATE,
    is_carried_name,
)
from tracker.lines import Found, lines_with, scan
from tracker.log import Draft, Log
from tracker.sheet import Sheet

if TYPE_CHECKING:
    from tracker.configlines import ConfigDraft, ConfigLines
    from tracker.journal import Change
    from tracker.lines import Edit, Problem
    from tracker.log import Editable
    from tracker.memories import Carried, Notes, Outcomes, Verdicts
    from tracker.memory import Memory
    from tracker.model import Issue

T = TypeVar("T")

Lines = Mapping[str, bytes | None]
Wanted = Mapping[str, Lines]
"""By file, the new line of each named record; None takes it away."""


_ANYWHERE: Mapping[str, bytes] = {}


class Lined(Protocol):
    """What the writer needs of any file: lines by name, and how the bytes change."""

    def line(self, name: str, /) -> bytes | None:
        """The bytes of the record, without the line ending."""

    def edits(self, changes: Lines, places: Mapping[str, bytes] = ..., /) -> list[Edit]:
        """The edits that give each named record its new line."""


class Shared(Lined, Protocol):
    """What is asked of a file of memories while it is edited."""

    def get(self, key: str, /) -> Memory | None:
        """The memory of this key, tombstones included."""

    def glance(self, key: str, /) -> Memory:
        """The same without what is only carried."""

    def forbid_edit(self, key: str, /) -> None:
        """Raise Refused where this record cannot be replaced without a loss."""

    def __contains__(self, key: object, /) -> bool: ...
    def __iter__(self) -> Iterator[str]: ...


class Shelf:
    """The log of issues, called `log` in the folder, and the files beside it.

    `read` gives the bytes of a file, `issues` what answers for those of the log, `memories` for
    those of the shared memories where there is something faster than to read them all.
    """

    def __init__(
        self,
        log: str,
        read: Callable[[str], bytes],
        issues: Callable[[bytes], Editable],
        memories: Callable[[bytes], Shared] | None = None,
    ) -> None:
        self.log = log
        self._read = read
        self._issues = issues
        self._memories = memories
        self._sheets: dict[str, Any] = {}

    @cached_property
    def issues(self) -> Editable:
        """The log of issues."""
        return self._issues(self._read(self.log))

    @property
    def archive(self) -> Log:
        """Issues that were put away."""
        return self._sheet(ARCHIVE_FILE, Log)

    def memories(self, *, private: bool = False) -> Shared:
        """The memories that all clones share, or those that stay here."""
        from tracker.memories import Memories

        if self._memories and not private:
            memories = self._memories
            return self._sheet(MEMORY_FILE, lambda data, _: memories(data))
        return self._sheet(PRIVATE + MEMORY_FILE if private else MEMORY_FILE, Memories)

    def outcomes(self, *, private: bool = False) -> Outcomes:
        """The outcomes that all clones share, or those that stay here."""
        from tracker.memories import Outcomes

        return self._sheet(PRIVATE + OUTCOMES_FILE if private else OUTCOMES_FILE, Outcomes)

    @property
    def config(self) -> ConfigLines:
        """The settings."""
        from tracker.configlines import ConfigLines

        return self._sheet(CONFIG_FILE, ConfigLines)

    @cached_property
    def carried(self) -> Carried:
        """The memories among the issues."""
        from tracker.memories import Carried

        return Carried(self._read(self.log), self.log)

    def issues_with(self, word: bytes, *, archived: bool = False) -> Iterator[Issue]:
        """The issues in whose lines these bytes stand, without what is only carried.

        Faster than looking at all of them: for what few issues have.
        """
        from tracker.codec import glance

        data = self._read(ARCHIVE_FILE if archived else self.log)
        for begin, stop in lines_with(data, word):
            for item in scan(data[begin:stop]):
                id = item.row.get("id") if isinstance(item, Found) else None
                if isinstance(item, Found) and isinstance(id, str) and id:
                    yield glance(item.row)

    def memories_saying(self, words: Iterable[str]) -> Iterator[Memory]:
        """The memories in whose lines one of these words stands, in any case; for questions."""
        from tracker.memoline import glance

        for file in (MEMORY_FILE, PRIVATE + MEMORY_FILE):
            data = self._read(file)
            lowered = data.lower()
            spans: set[tuple[int, int]] = set()
            for word in words:
                spans.update(lines_with(lowered, word.encode("utf-8", "replace").lower()))
            for begin, stop in sorted(spans):
                for item in scan(data[begin:stop]):
                    key = item.row.get("key") if isinstance(item, Found) else None
                    if isinstance(item, Found) and isinstance(key, str) and key:
                        yield glance(item.row)

    def memories_with(self, word: bytes) -> Iterator[Memory]:
        """The memories in whose lines these bytes stand, tombstones too."""
        from tracker.memoline import decode_memory

        for file in (MEMORY_FILE, PRIVATE + MEMORY_FILE):
            data = self._read(file)
            for begin, stop in lines_with(data, word):
                for item in scan(data[begin:stop]):
                    key = item.row.get("key") if isinstance(item, Found) else None
                    if isinstance(item, Found) and isinstance(key, str) and key:
                        yield decode_memory(data[begin + item.start : begin + item.end])

    def _sheet(self, file: str, kind: Callable[[bytes, str], T]) -> T:
        if file not in self._sheets:
            self._sheets[file] = kind(self._read(file), file)
        found: T = self._sheets[file]
        return found

    def of(self, file: str) -> Lined:
        """The file of that name; any that is not known is the log of issues."""
        if file == ARCHIVE_FILE:
            return self.archive
        if file == CONFIG_FILE:
            return self.config
        private = file.startswith(PRIVATE)
        if file.removeprefix(PRIVATE) == MEMORY_FILE:
            return self.memories(private=private)
        if file.removeprefix(PRIVATE) == OUTCOMES_FILE:
            return self.outcomes(private=private)
        return _Issues(self)

    def is_left(self, change: Change) -> bool:
        """Whether a record is as a write left it."""
        line = self.of(change.file).line(change.id)
        if change.file != CONFIG_FILE:
            return line == change.new
        from tracker.configlines import is_left

        return is_left(line, change.new)

    @property
    def problems(self) -> list[Problem]:
        """What could not be read in the files that were asked for."""
        read: list[object] = list(self._sheets.values())
        if "issues" in self.__dict__:
            read.insert(0, self.issues)
        return [one for sheet in read if isinstance(sheet, Sheet) for one in sheet.problems]


class _Issues:
    """The log of issues with the memories in it, as one file of lines."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def line(self, name: str) -> bytes | None:
        is_carried = is_carried_name(name)
        return self._shelf.carried.line(name) if is_carried else self._shelf.issues.line(name)

    def edits(self, changes: Lines, places: Mapping[str, bytes] = _ANYWHERE) -> list[Edit]:
        carried = {name: line for name, line in changes.items() if is_carried_name(name)}
        issues = {name: line for name, line in changes.items() if name not in carried}
        edits = self._shelf.issues.edits(issues, places)
        return edits + (self._shelf.carried.edits(carried, places) if carried else [])


class Drafts:
    """Every file being edited; what is not asked for is not read."""

    def __init__(self, before: Shelf) -> None:
        self.before = before

    @cached_property
    def issues(self) -> Draft:
        """The log of issues."""
        return Draft(self.before.issues)

    @cached_property
    def archive(self) -> Draft:
        """Issues that were put away; the log wins where an id stands in both."""
        return Draft(self.before.archive)

    @cached_property
    def memories(self) -> Notes:
        """Memories, shared and private."""
        from tracker.memories import Notes, Pile

        before = self.before
        return Notes(
            Pile(before.memories, lambda: before.memories(private=True), lambda: before.carried)
        )

    @cached_property
    def outcomes(self) -> Verdicts:
        """Verdicts about memories."""
        from tracker.memories import Verdicts

        before = self.before
        return Verdicts(before.outcomes, lambda: before.outcomes(private=True))

    @cached_property
    def config(self) -> ConfigDraft:
        """The settings."""
        from tracker.configlines import ConfigDraft

        return ConfigDraft(self.before.config)

    def written(self) -> dict[str, dict[str, bytes | None]]:
        """By file, the new line of each record that differs from what it was."""
        found: dict[str, dict[str, bytes | None]] = {}
        for file, lines in self._written():
            if lines:
                found.setdefault(file or self.before.log, {}).update(lines)
        return found

    def _written(self) -> Iterable[tuple[str, dict[str, bytes | None]]]:
        used = self.__dict__
        if "outcomes" in used:
            yield from self.outcomes.written().items()
        if "memories" in used:
            yield from self.memories.written().items()
        if "archive" in used:
            yield ARCHIVE_FILE, self.archive.written()
        if "config" in used:
            yield CONFIG_FILE, self.config.written()
        if "issues" in used:
            yield "", self.issues.written()
