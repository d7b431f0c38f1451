"""All files of a workspace as one value, and drafts of their next state.

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

from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from tracker.log.issue_log import Draft, Log
from tracker.log.lines import FoundLine, lines_with, scan
from tracker.log.paths import (
    ARCHIVE_FILE,
    CONFIG_FILE,
    MEMORY_FILE,
    OUTCOMES_FILE,
    PRIVATE,
    is_carried_name,
)
from tracker.log.record_file import RecordFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    from tracker.log.config_edit import ConfigDraft, ConfigLines
    from tracker.log.issue_log import Editable
    from tracker.log.lines import LineEdit, Problem
    from tracker.log.memory_log import Carried, MemoryDraft, OutcomeDraft, OutcomeFile
    from tracker.log.record_file import Lined, Lines, RecordChange, Shared
    from tracker.model.issue import Issue
    from tracker.model.memory import Memory


T = TypeVar("T")


_ANYWHERE: Mapping[str, bytes] = {}


class Snapshot:
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
        from tracker.log.memory_log import MemoryFile

        if self._memories and not private:
            memories = self._memories
            return self._sheet(MEMORY_FILE, lambda data, _: memories(data))
        return self._sheet(PRIVATE + MEMORY_FILE if private else MEMORY_FILE, MemoryFile)

    def outcomes(self, *, private: bool = False) -> OutcomeFile:
        """The outcomes that all clones share, or those that stay here."""
        from tracker.log.memory_log import OutcomeFile

        return self._sheet(PRIVATE + OUTCOMES_FILE if private else OUTCOMES_FILE, OutcomeFile)

    @property
    def config(self) -> ConfigLines:
        """The settings."""
        from tracker.log.config_edit import ConfigLines

        return self._sheet(CONFIG_FILE, ConfigLines)

    @cached_property
    def carried(self) -> Carried:
        """The memories among the issues."""
        from tracker.log.memory_log import Carried

        return Carried(self._read(self.log), self.log)

    def issues_with(self, word: bytes, *, archived: bool = False) -> Iterator[Issue]:
        """The issues in whose lines these bytes stand, without what is only carried.

        Faster than looking at all of them: for what few issues have.
        """
        from tracker.log.issue_codec import glance

        data = self._read(ARCHIVE_FILE if archived else self.log)
        for begin, stop in lines_with(data, word):
            for item in scan(data[begin:stop]):
                id = item.row.get("id") if isinstance(item, FoundLine) else None
                if isinstance(item, FoundLine) and isinstance(id, str) and id:
                    yield glance(item.row)

    def memories_saying(self, words: Iterable[str]) -> Iterator[Memory]:
        """The memories in whose lines one of these words stands, in any case; for questions."""
        from tracker.log.memory_codec import glance

        for file in (MEMORY_FILE, PRIVATE + MEMORY_FILE):
            data = self._read(file)
            lowered = data.lower()
            spans: set[tuple[int, int]] = set()
            for word in words:
                spans.update(lines_with(lowered, word.encode("utf-8", "replace").lower()))
            for begin, stop in sorted(spans):
                for item in scan(data[begin:stop]):
                    key = item.row.get("key") if isinstance(item, FoundLine) else None
                    if isinstance(item, FoundLine) and isinstance(key, str) and key:
                        yield glance(item.row)

    def memories_with(self, word: bytes) -> Iterator[Memory]:
        """The memories in whose lines these bytes stand, tombstones too."""
        from tracker.log.memory_codec import decode_memory

        for file in (MEMORY_FILE, PRIVATE + MEMORY_FILE):
            data = self._read(file)
            for begin, stop in lines_with(data, word):
                for item in scan(data[begin:stop]):
                    key = item.row.get("key") if isinstance(item, FoundLine) else None
                    if isinstance(item, FoundLine) and isinstance(key, str) and key:
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

    def is_left(self, change: RecordChange) -> bool:
        """Whether a record is as a write left it."""
        line = self.of(change.file).line(change.id)
        if change.file != CONFIG_FILE:
            return line == change.new
        from tracker.log.config_edit import is_left

        return is_left(line, change.new)

    @property
    def problems(self) -> list[Problem]:
        """What could not be read in the files that were asked for."""
        read: list[object] = list(self._sheets.values())
        if "issues" in self.__dict__:
            read.insert(0, self.issues)
        return [one for sheet in read if isinstance(sheet, RecordFile) for one in sheet.problems]


class _Issues:
    """The log of issues with the memories in it, as one file of lines."""

    def __init__(self, shelf: Snapshot) -> None:
        self._shelf = shelf

    def line(self, name: str) -> bytes | None:
        is_carried = is_carried_name(name)
        return self._shelf.carried.line(name) if is_carried else self._shelf.issues.line(name)

    def edits(self, changes: Lines, places: Mapping[str, bytes] = _ANYWHERE) -> list[LineEdit]:
        carried = {name: line for name, line in changes.items() if is_carried_name(name)}
        issues = {name: line for name, line in changes.items() if name not in carried}
        edits = self._shelf.issues.edits(issues, places)
        return edits + (self._shelf.carried.edits(carried, places) if carried else [])


class Drafts:
    """Every file being edited; what is not asked for is not read."""

    def __init__(self, before: Snapshot) -> None:
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
    def memories(self) -> MemoryDraft:
        """Memories, shared and private."""
        from tracker.log.memory_log import MemoryDraft, MemoryFiles

        before = self.before
        return MemoryDraft(
            MemoryFiles(
                before.memories, lambda: before.memories(private=True), lambda: before.carried
            )
        )

    @cached_property
    def outcomes(self) -> OutcomeDraft:
        """Verdicts about memories."""
        from tracker.log.memory_log import OutcomeDraft

        before = self.before
        return OutcomeDraft(before.outcomes, lambda: before.outcomes(private=True))

    @cached_property
    def config(self) -> ConfigDraft:
        """The settings."""
        from tracker.log.config_edit import ConfigDraft

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
