"""Extract changed records from patches.

Git compares lines, and a line is a record, so a patch without context holds exactly the records
that moved, with their bytes before and after. Of a merge it is asked for the combined form, in
which each parent has a column: a merge changed a record itself only where it differs from every
parent.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from tracker.log import lines
from tracker.log.lines import FoundLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


ISSUES, MEMORIES, OUTCOMES = "issue", "memory", "outcome"
_FILES = {"memory.jsonl": MEMORIES, "outcomes.jsonl": OUTCOMES}
_NAMED = {
    kind: re.compile(rb'\{(?:"_type":"\w*",)?"%s":"([^"\\]+)"' % name).match
    for kind, name in ((ISSUES, b"id"), (MEMORIES, b"key"), (OUTCOMES, b"id"))
}
_FILE = re.compile(rb'([^/"]+)"?$')
_GLUED = re.compile(rb"\}\s*\{")
ARCHIVE = "archive.jsonl"


class Commit(NamedTuple):
    """A commit; `time` is the author's, in seconds since 1970, `subject` its first line."""

    name: str
    parents: tuple[str, ...]
    author: str
    email: str
    time: int
    subject: str


FORMAT = "%x00%H%x00%P%x00%an%x00%ae%x00%at%x00%s"
"""What git is to print before each patch, for `read`."""


class PatchedRecord(NamedTuple):
    """What a commit did to one record; None where there is none.

    `file` is where the record is now, else where it was. A record that went to the archive or came
    back is one change; `left` is then the file that it left.
    """

    kind: str
    id: str
    file: str
    old: bytes | None
    new: bytes | None
    left: str = ""


class Patch(NamedTuple):
    """A commit and what it did to records.

    `is_hidden` where git did not show it: in the combined form it heeds the attribute `-diff`.
    """

    commit: Commit
    changes: tuple[PatchedRecord, ...]
    is_hidden: bool = False


def between(rows: Iterable[bytes]) -> tuple[PatchedRecord, ...]:
    """What a single patch does to records; no line of the format stands before it."""
    reader = _Reader()
    for row in rows:
        reader.take(row)
    return reader.changes()


def read(rows: Iterable[bytes]) -> Iterator[Patch]:
    """The patches that git prints, each as soon as the next one begins."""
    commit: Commit | None = None
    reader = _Reader()
    for row in rows:
        if row.startswith(b"\0"):
            if commit:
                yield Patch(commit, reader.changes(), reader.is_hidden)
            commit = _commit(row)
            reader = _Reader()
        else:
            reader.take(row)
    if commit:
        yield Patch(commit, reader.changes(), reader.is_hidden)


def compared(files: Iterable[tuple[str, bytes, list[bytes]]]) -> tuple[PatchedRecord, ...]:
    """The same from whole files: the name of each, and what it holds here and in each parent."""
    reader = _Reader()
    for name, here, parents in files:
        reader.open(name)
        mine, theirs = set(here.splitlines()), [set(data.splitlines()) for data in parents]
        for line in sorted(mine.union(*theirs)):
            held = line in mine
            signs = b"".join(
                b" " if (line in one) == held else b"+" if held else b"-" for one in theirs
            )
            if signs.strip():
                reader.add(signs, line)
    return reader.changes()


def _commit(row: bytes) -> Commit:
    fields = row.rstrip(b"\n").decode("utf-8", "replace").split("\0")
    _, name, parents, author, email, at, subject = fields
    return Commit(name, tuple(parents.split()), author, email, int(at or 0), subject)


class _Reader:
    """The lines of one patch, gathered by record."""

    def __init__(self) -> None:
        self._file = ""
        self._kind = ISSUES
        self._columns = 0  # 0 before the first hunk of a file
        self.is_hidden = False
        self._moved: dict[tuple[str, str], dict[str, list[tuple[bytes, bytes]]]] = {}

    def take(self, row: bytes) -> None:
        """One line of the patch."""
        if row.startswith(b"diff --"):
            self._columns = 0
        elif row.startswith(b"@@"):
            self._columns = len(row) - len(row.lstrip(b"@")) - 1
        elif not self._columns:
            if row.startswith((b"--- ", b"+++ ")) and row != b"+++ /dev/null\n":
                match = _FILE.search(row.rstrip(b"\t\n"))
                self.open(match[1].decode("utf-8", "replace") if match else "")
            self.is_hidden |= row == b"Binary files differ\n"
        elif row[:1] in b"+- ":
            self.add(row[: self._columns], row[self._columns :].rstrip(b"\r\n"))

    def open(self, name: str) -> None:
        """The lines that come are of this file."""
        self._file = name
        self._kind = _FILES.get(name, ISSUES)

    def add(self, signs: bytes, line: bytes) -> None:
        """A line that came or went, with a sign for each parent."""
        for id, part in _records(line, self._kind):
            files = self._moved.setdefault((self._kind, id), {})
            files.setdefault(self._file, []).append((signs, part))

    def changes(self) -> tuple[PatchedRecord, ...]:
        """What the patch did to each record."""
        found = (_change(kind, id, files) for (kind, id), files in self._moved.items())
        return tuple(change for change in found if change)


def _records(line: bytes, kind: str) -> Iterator[tuple[str, bytes]]:
    """The records of a line by name: one, but for lines that are glued or hold none."""
    match = _NAMED[kind](line)
    if match and line.endswith(b"}") and not _GLUED.search(line):
        yield match[1].decode("utf-8", "replace"), line
        return
    names = ("key", "id") if kind == MEMORIES else ("id", "key")
    for found in lines.scan(line):
        if isinstance(found, FoundLine):
            id = next((v for n in names if isinstance(v := found.row.get(n), str) and v), "")
            if id:
                yield id, line[found.start : found.end]


def _change(
    kind: str, id: str, files: dict[str, list[tuple[bytes, bytes]]]
) -> PatchedRecord | None:
    """The net effect of the lines of one record in the files where it moved."""
    old: dict[str, bytes] = {}
    new: dict[str, bytes] = {}
    for file, rows in sorted(files.items(), key=lambda pair: pair[0] == ARCHIVE):
        columns = len(rows[0][0])
        sides = [_column(rows, number) for number in range(columns)]
        if any(before == after for before, after in sides):
            continue  # as one of the parents had it
        before = next((gone[-1] for gone, _ in sides if gone), None)
        after = next((come[-1] for _, come in sides if come), None)
        if before is not None:
            old[file] = before
        if after is not None:
            new[file] = after
    was, now = next(iter(old), ""), next(iter(new), "")
    left = was if was and now and (was == ARCHIVE) != (now == ARCHIVE) else ""
    if old.get(was) == new.get(now) and not left:
        return None
    return PatchedRecord(kind, id, now or was, old.get(was), new.get(now), left)


def _column(rows: list[tuple[bytes, bytes]], number: int) -> tuple[list[bytes], list[bytes]]:
    """What one parent had and the commit has not, and the other way round."""
    gone = [line for signs, line in rows if signs[number : number + 1] == b"-"]
    come = [line for signs, line in rows if signs[number : number + 1] == b"+"]
    return gone, come
