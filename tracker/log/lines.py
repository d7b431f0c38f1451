"""Split a JSONL file into lines, and splice changed lines into it.

Nothing here knows what a record means beyond its id. What cannot be read is a `Problem` and keeps
its bytes; so does everything that an edit does not name.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

from tracker.json_text import DEEPEST, depths, members, skip_space

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from typing import Any


BOM = b"\xef\xbb\xbf"
MARKER = re.compile(rb"(?:\xef\xbb\xbf)*(<{7,}|\|{7,}|={7,}|>{7,})(?: [^\n]*|\r*)\Z")
"""A line, without its newline, that is a conflict marker; the group are its characters.

An editor may have put byte order marks in front of it, or carriage returns behind.
"""


class Problem(NamedTuple):
    """Something in a file that a person should look at; `line` counts from 1."""

    path: str
    line: int
    why: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.why}"


class FoundLine(NamedTuple):
    """One JSON object of the file: `data[start:end]` on line `number`, and what it parsed to."""

    number: int
    start: int
    end: int
    row: dict[str, Any]
    glued: bool = False


class Unread(NamedTuple):
    """A line that holds no object: `marker` is the characters of a conflict marker, or ""."""

    number: int
    why: str
    marker: str = ""


class LineEdit(NamedTuple):
    """`data[start:end]` becomes `text`."""

    start: int
    end: int
    text: bytes


def scan(data: bytes) -> Iterator[FoundLine | Unread]:
    """Every line that is not blank, in order; two objects on one line are two results."""
    import orjson

    start = number = 0
    size = len(data)
    while start < size:
        number += 1
        stop = data.find(b"\n", start)
        stop = size if stop < 0 else stop
        line = data[start:stop]
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            if line.strip():
                yield from _slowly(data, number, start, stop)
        else:
            if isinstance(row, dict):
                yield FoundLine(number, start, stop - line.endswith(b"\r"), row)
            else:
                yield Unread(number, "not a JSON object")
        start = stop + 1


def _slowly(data: bytes, number: int, start: int, stop: int) -> Iterator[FoundLine | Unread]:
    """A line that the fast parser refused: markers, several objects, odd numbers, or rubbish."""
    line = data[start:stop]
    marker = MARKER.match(line)
    if marker:
        yield Unread(number, "conflict marker", marker[1].decode())
        return
    if line.startswith(BOM):  # of the file, or of one that was put behind another
        yield from _marked(data, number, start, stop)
        return
    if _is_deep(line):
        yield Unread(number, f"nested more than {DEEPEST} levels deep")
        return
    try:
        text = line.removesuffix(b"\r").decode()
        spans = list(_objects(text))
    except UnicodeDecodeError:
        yield Unread(number, "not UTF-8")
    except json.JSONDecodeError as error:
        yield Unread(number, f"not JSON: {error.msg}: column {error.colno}")
    except ValueError as error:
        yield Unread(number, f"not JSON: {error}")
    else:
        if len(spans) == 1:
            yield FoundLine(number, start, stop - line.endswith(b"\r"), spans[0][2])
            return
        done = 0
        for begin, end, row in spans:
            start += len(text[done:begin].encode())
            yield FoundLine(number, start, start + len(text[begin:end].encode()), row, glued=True)
            start += len(text[begin:end].encode())
            done = end


def _marked(data: bytes, number: int, start: int, stop: int) -> Iterator[FoundLine | Unread]:
    """A line behind its byte order marks."""
    while data.startswith(BOM, start):
        start += len(BOM)
    for item in scan(data[start:stop]):
        if isinstance(item, FoundLine):
            yield FoundLine(number, item.start + start, item.end + start, item.row, item.glued)
        else:
            yield Unread(number, item.why, item.marker)


def _objects(text: str) -> Iterator[tuple[int, int, dict[str, Any]]]:
    at = skip_space(text, 0)
    while at < len(text):
        found, end = members(text, at)
        yield at, end, {name: member.value for name, member in found.items()}
        at = skip_space(text, end)


def _is_deep(line: bytes) -> bool:
    if line.count(b"]") + line.count(b"}") <= DEEPEST:
        return False
    return any(depth > DEEPEST for _, depth in depths(line.decode(errors="replace")))


def cut(data: bytes) -> list[bytes]:
    """The lines without their ends and byte order marks; empty ones are none."""
    found = data.split(b"\n")
    if b"\r" in data:
        found = [line.removesuffix(b"\r") for line in found]
    if BOM in data:
        found = [_unmarked(line) for line in found]
    return list(filter(None, found))


def is_plain(data: bytes) -> bool:
    """Whether every line ends with a bare newline and begins without a byte order mark."""
    return not (b"\r" in data or data.startswith(BOM) or b"\n" + BOM in data)


def _unmarked(line: bytes) -> bytes:
    while line.startswith(BOM):
        line = line[len(BOM) :]
    return line


def newline_of(data: bytes) -> bytes:
    """The line ending of the file: that of its first line."""
    at = data.find(b"\n")
    return b"\r\n" if at > 0 and data[at - 1 : at] == b"\r" else b"\n"


def replaced(data: bytes, found: FoundLine, line: bytes | None) -> LineEdit:
    """The edit that gives a record another line of its own, or takes it away with its line."""
    if found.glued:
        start, end, first, last = _room(data, found)
        newline = newline_of(data) if line is not None else b""
        text = (b"" if first else newline) + (line or b"") + (b"" if last else newline)
        return LineEdit(start, end, text)
    if line is None:
        return without_line(data, found.start, found.end)
    return LineEdit(found.start, found.end, line)


def _room(data: bytes, found: FoundLine) -> tuple[int, int, bool, bool]:
    """A glued record with the blanks around it; whether it is the first and last of its line."""
    begin = data.rfind(b"\n", 0, found.start) + 1
    stop = data.find(b"\n", found.end)
    stop = len(data) if stop < 0 else stop
    before = data[begin : found.start].rstrip(b" \t")
    behind = data[found.end : stop].lstrip(b" \t")
    return begin + len(before), stop - len(behind), not _unmarked(before), behind in {b"", b"\r"}


def without_line(data: bytes, start: int, end: int) -> LineEdit:
    """The edit that takes a record away with its line."""
    stop = data.find(b"\n", end)
    return LineEdit(start, stop + 1 if stop >= 0 else len(data), b"")


def inserted(data: bytes, before: int, line: bytes) -> LineEdit:
    """The edit that puts a new line in front of the line that begins at `before`."""
    return LineEdit(before, before, line + newline_of(data))


def ahead(data: bytes, found: FoundLine, line: bytes) -> LineEdit:
    """The edit that puts a new line in front of a record, even where others share its line."""
    start, _, first, _ = _room(data, found)
    if first:
        return inserted(data, start, line)
    return LineEdit(start, found.start, newline_of(data) + line + newline_of(data))


def appended(data: bytes, line: bytes) -> LineEdit:
    """The edit that adds a last line."""
    return inserted(data, len(data), line)


def apply(data: bytes, edits: Iterable[LineEdit]) -> list[bytes | memoryview]:
    """The file after the edits, as pieces to write one after the other; nothing is copied.

    A file without a final newline stays without one.
    """
    view = memoryview(data)
    newline = newline_of(data)
    pieces: list[bytes | memoryview] = []
    at = 0
    for start, end, text in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        _add(pieces, view[at:start])
        if start == len(data) and _is_open(pieces):
            pieces.append(newline)
        _add(pieces, text)
        at = end
    _add(pieces, view[at:])
    if pieces and _is_open([data]) and pieces[-1][-1:] == b"\n":
        last = pieces.pop()
        _add(pieces, last[: len(last) - 1 - (last[-2:-1] == b"\r")])
    return pieces


def _add(pieces: list[bytes | memoryview], piece: bytes | memoryview) -> None:
    if len(piece):
        pieces.append(piece)


def _is_open(pieces: Sequence[bytes | memoryview]) -> bool:
    """Whether the last line lacks its newline."""
    return bool(pieces) and pieces[-1][-1:] not in {b"", b"\n"} and pieces[-1] != BOM


def find_line(data: bytes, line: bytes) -> int:
    """Where this very line begins in the file, or -1; only for files of plain lines."""
    at = data.find(line)
    while at >= 0:
        end = at + len(line)
        if (at == 0 or data[at - 1] == 10) and (end == len(data) or data[end] == 10):
            return at
        at = data.find(line, at + 1)
    return -1


def lines_with(data: bytes, word: bytes) -> Iterator[tuple[int, int]]:
    """Where each line begins and ends in which these bytes stand."""
    at = data.find(word)
    while at >= 0:
        begin = data.rfind(b"\n", 0, at) + 1
        stop = data.find(b"\n", at)
        stop = len(data) if stop < 0 else stop
        yield begin, stop
        at = data.find(word, stop)


def by_id(
    changes: Mapping[str, bytes | None], places: Mapping[str, bytes]
) -> list[tuple[str, bytes | None]]:
    """The changes by id; those that have a place of their own first, in the order given."""
    return sorted(changes.items(), key=lambda change: "" if change[0] in places else change[0])


def placed(data: bytes, line: bytes, behind: bytes) -> LineEdit | None:
    """The edit that puts a line in front of another (b"" for the end), if that is there."""
    if not behind:
        return appended(data, line)
    at = find_line(data, behind)
    return inserted(data, at, line) if at >= 0 else None


def behind(data: bytes, end: int, gone: Collection[bytes]) -> bytes | None:
    """The first line behind a place that is not among those; b"" at the end of the file.

    With the blank lines before it, which alone tell no place: None where nothing else is there.
    """
    start = at = data.find(b"\n", end) + 1
    while 0 < at < len(data):
        stop = data.find(b"\n", at)
        line = data[at : stop if stop >= 0 else len(data)]
        is_gone = line in gone
        if is_gone and start < at:
            return None
        if line.strip() and not is_gone:
            return data[start : at + len(line)]
        start = stop + 1 if is_gone else start
        at = stop + 1
    return None if 0 < start < len(data) else b""


def offsets(data: bytes, wanted: Collection[bytes]) -> dict[bytes, int]:
    """Where each of these stands that is a line of its own, the first place of several."""
    found: dict[bytes, int] = {}
    at = 0
    for line in data.split(b"\n"):
        if line in wanted:
            found.setdefault(line, at)
        at += len(line) + 1
    return found


def describe(problems: Sequence[Problem], limit: int = 5) -> str:
    """One line about all problems, for a warning."""
    shown = "; ".join(f"line {p.line}: {p.why}" for p in problems[:limit])
    more = f"; and {len(problems) - limit} more" if len(problems) > limit else ""
    return f"{problems[0].path}: {shown}{more}"
