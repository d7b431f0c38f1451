"""Parse the three inputs of a merge; equal lines are never parsed.

A record is named by its `id`; one without by `_type` and `key`, as Beads 1.x writes memories into
the issues. In a file of memories it is the other way round. What has neither is a line that is
carried.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from tracker.json_text import members
from tracker.log import lines
from tracker.log.issue_codec import decode, encode
from tracker.log.lines import FoundLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from tracker.merge.values import Record
    from tracker.model.issue import Issue


Key = tuple[str, str]
"""How a record is named: ("", its id), or what kind of record it is and its key."""

_FIRST = {
    name: re.compile(rb'\{(?:"_type":"\w*",)?"%s":"([^"\\]+)"' % name.encode()).match
    for name in ("id", "key")
}


class MergeRow:
    """One record of a file, and the line that it is; parsed when asked."""

    __slots__ = ("_fields", "_record", "is_issue", "key", "line")

    def __init__(
        self, key: Key, line: bytes, *, is_issue: bool, fields: dict[str, Any] | None = None
    ) -> None:
        self.key = key
        self.line = line
        self.is_issue = is_issue
        self._fields = fields
        self._record: Record | None = None

    @property
    def fields(self) -> dict[str, Any]:
        """What the line says, without what numbers lose in a float."""
        if self._fields is None:
            found = next(iter(lines.scan(self.line)))
            self._fields = found.row if isinstance(found, FoundLine) else {}
        return self._fields

    @property
    def record(self) -> Record:
        """The fields with the text that each was."""
        if self._record is None:
            self._record = members(self.line.decode())[0]
        return self._record

    @property
    def issue(self) -> Issue:
        """The record as an issue."""
        return decode(self.line)

    def text(self, name: str) -> str:
        """The field, if it is a text."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else ""


Names = tuple[str, str]
Rows = dict[Key, MergeRow]


class Side(NamedTuple):
    """One file: its records in order, the lines that hold none, the records that stand twice."""

    rows: Rows
    unread: list[bytes]
    repeated: list[MergeRow]

    @property
    def is_sorted(self) -> bool:
        """Whether the ids ascend; neither records without one matter nor lines that hold none."""
        ids = [key for key in self.rows if not key[0]]
        if ids == sorted(ids):
            return True
        before: list[MergeRow] = []
        for key in ids:
            row = self.rows[key]
            while before and key < before[-1].key and not before[-1].fields:
                before.pop()
            if not before or before[-1].key < key:
                before.append(row)
            elif row.fields:
                return False
        return True


def row_of(issue: Issue) -> MergeRow:
    """The row of an issue that a merge has changed."""
    return MergeRow(("", issue.id), encode(issue), is_issue=True)


def read(files: Sequence[bytes], names: Names) -> list[Side]:
    """The sides of a merge; a line that stands in several files is one row."""
    cut = [lines.cut(data) for data in files]
    shared = set(cut[0]).intersection(*cut[1:])
    known: dict[bytes, MergeRow | list[MergeRow | bytes]] = {}
    for line, row in _glanced(shared, names):
        known[line] = row or _parsed(line, names)
    sides = [_side(side, known, names) for side in cut]
    if _is_enough(sides):
        return sides
    known = {}
    return [_side(side, known, names) for side in cut]


def _is_enough(sides: Sequence[Side]) -> bool:
    """Whether nothing depends on a line that was only glanced at and holds no record after all."""
    if any(side.repeated for side in sides):
        return False
    base, ours, theirs = (side.rows for side in sides)
    for key in {**base, **ours, **theirs}:
        rows = base.get(key), ours.get(key), theirs.get(key)
        is_shared = rows[0] is rows[1] is rows[2]
        if not is_shared and not all(row.fields for row in rows if row):
            return False
    return True


def _side(
    cut: Sequence[bytes], known: dict[bytes, MergeRow | list[MergeRow | bytes]], names: Names
) -> Side:
    for line in cut:
        if line not in known:
            known[line] = _parsed(line, names)
    found = [known[line] for line in cut]
    plain = {item.key: item for item in found if isinstance(item, MergeRow)}
    if len(plain) == len(found):
        return Side(plain, [], [])
    return _odd_side(found)


def _odd_side(found: Iterable[MergeRow | list[MergeRow | bytes]]) -> Side:
    """The same for a file where a line holds no record, or several, or an id stands twice."""
    rows: Rows = {}
    unread: dict[bytes, None] = {}
    repeated: list[MergeRow] = []
    for items in found:
        for item in [items] if isinstance(items, MergeRow) else items:
            if isinstance(item, bytes):
                unread[item] = None
                continue
            if item.key in rows and rows[item.key] is not item:
                repeated.append(rows[item.key])
            rows.pop(item.key, None)  # of several the last counts, and stands there
            rows[item.key] = item
    return Side(rows, list(unread), repeated)


def _glanced(lines: Iterable[bytes], names: Names) -> Iterator[tuple[bytes, MergeRow | None]]:
    """The record of each line that looks as programs write it, without parsing."""
    first = _FIRST[names[0]]
    name = b'"%s"' % names[0].encode()
    is_issue = names[0] == "id"
    for line in lines:
        match = first(line)
        inner = line.find(b"}")  # searching from there is fast: most lines hold no other object
        if match is None or line.count(name) > 1 or line[-1:] != b"}" or b"}{" in line[inner:]:
            yield line, None
            continue
        try:
            yield line, MergeRow(("", match[1].decode()), line, is_issue=is_issue)
        except UnicodeDecodeError:
            yield line, None


def _parsed(line: bytes, names: Names) -> MergeRow | list[MergeRow | bytes]:
    """The record of a line, or several, or the line itself where it holds none."""
    import orjson

    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        return _several(line, names)
    key = _key(row, names) if isinstance(row, dict) else None
    return [line] if key is None else _row(key, line, row, names)


def _several(line: bytes, names: Names) -> MergeRow | list[MergeRow | bytes]:
    """The same for a line that the fast parser refuses."""
    found: list[MergeRow | bytes] = []
    for item in lines.scan(line):
        if not isinstance(item, FoundLine):
            return [line]
        key = _key(item.row, names)
        text = line[item.start : item.end]
        found.append(text if key is None else _row(key, text, item.row, names))
    if len(found) == 1 and isinstance(found[0], MergeRow):
        return found[0]
    return found if found or line.isspace() else [line]


def _row(key: Key, line: bytes, row: dict[str, Any], names: Names) -> MergeRow:
    is_issue = (key[0] == "") == (names[0] == "id")
    return MergeRow(key, line.strip(), is_issue=is_issue, fields=row)


def _key(row: dict[str, Any], names: Names) -> Key | None:
    first, second = (row.get(name) for name in names)
    if isinstance(first, str) and first:
        return "", first
    if isinstance(second, str) and second:
        kind = row.get("_type")
        return kind if isinstance(kind, str) and kind else "record", second
    return None
