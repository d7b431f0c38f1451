"""The journal of writes, for `undo`: local, bounded, and nothing depends on it.

One JSON object a line in `.local/ops.jsonl`: when, what was typed, who, and the old and new line
of each record. The oldest half goes when the file has grown too large. Of a write that is larger
than several such files only the number of records is kept.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from tracker import lines

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

LIMIT = 10_000_000  # bytes
LARGEST = 4 * LIMIT  # bytes of one write
_OPEN = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_APPEND = _OPEN | os.O_CREAT | os.O_RDWR | os.O_APPEND
_NEW = _OPEN | os.O_CREAT | os.O_WRONLY | os.O_TRUNC


class Change(NamedTuple):
    """One record's line before and after; None where there is no record.

    `next` is the line that stood behind one that was taken away, so that undo finds its place.
    """

    file: str
    id: str
    old: bytes | None
    new: bytes | None
    next: bytes | None = None


class Op(NamedTuple):
    """One write; `number` counts from 1 in the journal as it is now, `undoes` is a `key`.

    `left_out` counts the records of a write that was too large to be kept: it cannot be undone.
    """

    number: int
    key: str
    at: int
    argv: tuple[str, ...]
    actor: str
    changes: tuple[Change, ...]
    undoes: str = ""
    left_out: int = 0


def path_in(local: str) -> str:
    """Where the journal of a workspace is."""
    return os.path.join(local, "ops.jsonl")


def append(local: str, op: Op) -> None:
    """Add one write. The caller holds the lock of the log."""
    path = path_in(local)
    if sum(len(c.old or b"") + len(c.new or b"") for c in op.changes) > LARGEST:
        op = op._replace(changes=(), left_out=len(op.changes))
    line = json.dumps(_row(op), ensure_ascii=True).encode() + b"\n"
    if _size(path) + len(line) > LIMIT:
        _shrink(path)
    with os.fdopen(os.open(path, _APPEND, 0o600), "a+b") as file:
        size = file.tell()
        if size and os.pread(file.fileno(), 1, size - 1) != b"\n":  # of a write that was cut off
            line = b"\n" + line
        file.write(line)


def _size(path: str) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0


def _shrink(path: str) -> None:
    """Keep the newest half."""
    try:
        with os.fdopen(os.open(path, _OPEN | os.O_RDONLY), "rb") as file:
            file.seek(-min(LIMIT // 2, _size(path)), os.SEEK_END)
            file.readline()
            kept = file.read()
    except FileNotFoundError:
        return
    with os.fdopen(os.open(f"{path}.new", _NEW, 0o600), "wb") as file:
        file.write(kept)
    os.replace(f"{path}.new", path)


def read(local: str) -> list[Op]:
    """Every write that is still known, oldest first; a damaged line is left out."""
    try:
        handle = os.open(path_in(local), _OPEN | os.O_RDONLY)
    except FileNotFoundError:
        return []
    with os.fdopen(handle, "rb") as file:
        return list(_ops(file))


def forget(local: str, names: Collection[str]) -> None:
    """Drop every line of these records from every write, and what was typed with them."""
    path = path_in(local)
    rows = []
    for op in read(local):
        kept = tuple(change for change in op.changes if change.id not in names)
        if len(kept) < len(op.changes):
            gone = len(op.changes) - len(kept)
            typed = (*op.argv[:2], "...") if len(op.argv) > 2 else op.argv
            op = op._replace(changes=(), argv=typed, left_out=gone + len(kept))  # noqa: PLW2901
        rows.append(json.dumps(_row(op), ensure_ascii=True).encode() + b"\n")
    with os.fdopen(os.open(f"{path}.new", _NEW, 0o600), "wb") as file:
        file.writelines(rows)
    os.replace(f"{path}.new", path)


def _ops(rows: Iterable[bytes]) -> Iterator[Op]:
    for number, row in enumerate(rows, 1):
        try:
            found = json.loads(row)
            changes = tuple(
                Change(
                    change["file"],
                    change["id"],
                    _bytes(change["old"]),
                    _bytes(change["new"]),
                    _bytes(change.get("next")),
                )
                for change in found["changes"]
            )
            yield Op(
                number, found["key"], int(found["at"]), tuple(found["argv"]), found["actor"],
                changes, found.get("undoes", ""), int(found.get("left_out", 0)),
            )  # fmt: skip
        except (ValueError, KeyError, TypeError, AttributeError):
            continue


def _row(op: Op) -> dict[str, Any]:
    row = {
        "key": op.key,
        "at": op.at,
        "argv": list(op.argv),
        "actor": op.actor,
        "changes": [
            {"file": c.file, "id": c.id, "old": _text(c.old), "new": _text(c.new)}
            | ({} if c.next is None else {"next": _text(c.next)})
            for c in op.changes
        ],
    }
    if op.undoes:
        row["undoes"] = op.undoes
    if op.left_out:
        row["left_out"] = op.left_out
    return row


def _text(line: bytes | None) -> str | None:
    # surrogateescape: a line may hold bytes that are no UTF-8
    return None if line is None else line.decode("utf-8", "surrogateescape")


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode("utf-8", "surrogateescape")


def placed(data: bytes, changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """The changes, those that go last and in the order of the file, with the line behind each."""
    gone = {change.old for change in changes if change.new is None and change.old is not None}
    if not gone:
        return changes
    known = lines.offsets(data, gone)
    found = [
        (known[change.old] if change.old in known else data.find(change.old), change)
        for change in changes
        if change.new is None and change.old is not None
    ]
    behind: dict[int, bytes | None] = {}
    for at, _ in sorted(found, key=_by_place, reverse=True):
        following = data.find(b"\n", at) + 1
        is_known = following in behind  # of a line that goes as well
        behind[at] = behind[following] if is_known else lines.behind(data, at, gone)
    kept = [change for change in changes if change.new is not None]
    goes = sorted(found, key=_by_place)
    return (*kept, *(change._replace(next=behind[at]) for at, change in goes))


def _by_place(found: tuple[int, Change]) -> tuple[int, str]:
    return found[0], found[1].id
