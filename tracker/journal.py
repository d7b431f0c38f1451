"""The journal of writes, for `undo`: local, bounded, and nothing depends on it.

One JSON object a line in `.local/ops.jsonl`: when, what was typed, who, and the old and new line
of each record. The oldest half goes when the file has grown too large.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

LIMIT = 10_000_000  # bytes
_OPEN = os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


class Change(NamedTuple):
    """One record's line before and after; None where there is no record."""

    file: str
    id: str
    old: bytes | None
    new: bytes | None


class Op(NamedTuple):
    """One write; `number` counts from 1 in the journal as it is now, `undoes` is a `key`."""

    number: int
    key: str
    at: int
    argv: tuple[str, ...]
    actor: str
    changes: tuple[Change, ...]
    undoes: str = ""


def path_in(local: str) -> str:
    """Where the journal of a workspace is."""
    return os.path.join(local, "ops.jsonl")


def append(local: str, op: Op) -> None:
    """Add one write. The caller holds the lock of the log."""
    path = path_in(local)
    line = json.dumps(_row(op), ensure_ascii=True).encode() + b"\n"
    handle = os.open(path, _OPEN | os.O_WRONLY | os.O_APPEND, 0o600)
    with os.fdopen(handle, "ab") as file:
        if file.tell() + len(line) > LIMIT:
            _shrink(path)
            append_to(path, line)
        else:
            file.write(line)


def append_to(path: str, line: bytes) -> None:
    """Add a line to a file."""
    with open(path, "ab") as file:
        file.write(line)


def _shrink(path: str) -> None:
    with open(path, "rb") as file:
        rows = file.read().splitlines(keepends=True)
    kept: list[bytes] = []
    size = 0
    for row in reversed(rows):
        size += len(row)
        if size > LIMIT // 2:
            break
        kept.append(row)
    with open(f"{path}.new", "wb") as file:
        file.writelines(reversed(kept))
    os.replace(f"{path}.new", path)


def read(local: str) -> list[Op]:
    """Every write that is still known, oldest first; a damaged line is left out."""
    try:
        handle = os.open(path_in(local), _OPEN & ~os.O_CREAT | os.O_RDONLY)
    except FileNotFoundError:
        return []
    with os.fdopen(handle, "rb") as file:
        return list(_ops(file))


def _ops(rows: Iterable[bytes]) -> Iterator[Op]:
    number = 0
    for row in rows:
        try:
            found = json.loads(row)
            changes = tuple(
                Change(change["file"], change["id"], _bytes(change["old"]), _bytes(change["new"]))
                for change in found["changes"]
            )
            number += 1
            yield Op(
                number, found["key"], found["at"], tuple(found["argv"]), found["actor"], changes,
                found.get("undoes", ""),
            )  # fmt: skip
        except (ValueError, KeyError, TypeError):
            number += 1


def _row(op: Op) -> dict[str, Any]:
    row = {
        "key": op.key,
        "at": op.at,
        "argv": list(op.argv),
        "actor": op.actor,
        "changes": [
            {"file": c.file, "id": c.id, "old": _text(c.old), "new": _text(c.new)}
            for c in op.changes
        ],
    }
    return {**row, "undoes": op.undoes} if op.undoes else row


def _text(line: bytes | None) -> str | None:
    # surrogateescape: a line may hold bytes that are no UTF-8
    return None if line is None else line.decode("utf-8", "surrogateescape")


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode("utf-8", "surrogateescape")
