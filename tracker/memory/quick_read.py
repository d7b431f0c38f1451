"""Read one memory without parsing the others.

It finds what programs of ours write, and nothing else: where it finds nothing, or may be wrong, the
file has to be read as a whole.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from tracker import fileio
from tracker.log.paths import MEMORY_FILE, OUTCOMES_FILE, PRIVATE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


_MARKER = b"<<<<<<<"
_SUCCESS = b'"verdict":"success"'
_REMARKABLE = frozenset({"conflicts", "expires_at"})


def glimpse(beads: str, key: str) -> str | None:
    """The content of a memory of which nothing else has to be said; None where that is not certain.

    What is archived, may be over, was replaced, may be doubted, names files or has values of a
    merge has more to it than its content.
    """
    name = json.dumps(key, ensure_ascii=False).encode("utf-8", "replace")
    try:
        return _glimpse(beads, key, name)
    except OSError:
        return None


def _glimpse(beads: str, key: str, name: bytes) -> str | None:
    held = [data for file in (PRIVATE + MEMORY_FILE, MEMORY_FILE)
            if name in (data := _read(os.path.join(beads, file)))]  # fmt: skip
    if not held or any(_MARKER in data or _may_be_replaced(data, name) for data in held):
        return None
    rows = list(_rows(held[0], b'"key":' + name))
    if len(rows) != 1 or rows[0].get("key") != key or not _is_plain(rows[0]):
        return None
    if _may_be_doubted(beads, name):
        return None
    content = rows[0].get("content")
    return content if isinstance(content, str) else None


def _read(path: str) -> bytes:
    try:
        return fileio.read(path, fileio.LARGEST)
    except FileNotFoundError:
        return b""


def _may_be_replaced(data: bytes, name: bytes) -> bool:
    """Whether one of the lines in which a key stands is about what memories replace."""
    return any(b'"supersedes"' in line or b'"moved_to"' in line for line in _lines(data, name))


def _may_be_doubted(beads: str, name: bytes) -> bool:
    """Whether any verdict about a key is against it."""
    every = (_read(os.path.join(beads, file)) for file in (PRIVATE + OUTCOMES_FILE, OUTCOMES_FILE))
    return any(_SUCCESS not in line for data in every for line in _lines(data, name))


def _is_plain(row: dict[str, Any]) -> bool:
    source = row.get("source", {})
    return (
        row.get("status", "active") == "active"
        and row.keys().isdisjoint(_REMARKABLE)
        and isinstance(source, dict)
        and "paths" not in source
    )


def _lines(data: bytes, part: bytes) -> Iterator[bytes]:
    """The lines in which these bytes stand."""
    at = data.find(part)
    while at >= 0:
        stop = data.find(b"\n", at)
        stop = len(data) if stop < 0 else stop
        yield data[data.rfind(b"\n", 0, at) + 1 : stop]
        at = data.find(part, stop)


def _rows(data: bytes, part: bytes) -> Iterator[dict[str, Any]]:
    """The objects in whose lines these bytes stand; one without a key where a line is none."""
    for line in _lines(data, part):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = {}
        yield row if isinstance(row, dict) else {}
