"""One memory out of its file without parsing the others: for reads that have to start fast.

It finds what programs of ours write, and nothing else: where it finds nothing, or may be wrong, the
file has to be read as a whole.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from tracker.beside import MEMORY_FILE, PRIVATE
from tracker.words import TOMBSTONE

if TYPE_CHECKING:
    from collections.abc import Iterator

_MARKER = b"<<<<<<<"


def glimpse(beads: str, key: str) -> dict[str, Any] | None:
    """The live memory of a key as its line says; None where that is not certain."""
    name = json.dumps(key, ensure_ascii=False).encode("utf-8", "replace")
    for file in (PRIVATE + MEMORY_FILE, MEMORY_FILE):
        try:
            with open(os.path.join(beads, file), "rb") as held:
                data = held.read()
        except OSError:
            continue
        if name not in data:
            continue
        rows = list(_rows(data, b'"key":' + name))
        named = [row for row in rows if row.get("key") == key]
        if _MARKER in data or len(named) != 1 or len(rows) != len(named):
            return None
        row = named[0]
        return row if row.get("status") != TOMBSTONE and _is_text(row) else None
    return None


def _is_text(row: dict[str, Any]) -> bool:
    return isinstance(row.get("content"), str)


def _rows(data: bytes, part: bytes) -> Iterator[dict[str, Any]]:
    """The objects in whose lines these bytes stand; one without a key where a line is none."""
    at = data.find(part)
    while at >= 0:
        begin = data.rfind(b"\n", 0, at) + 1
        stop = data.find(b"\n", at)
        stop = len(data) if stop < 0 else stop
        try:
            row = json.loads(data[begin:stop])
        except (ValueError, RecursionError):
            row = {}
        yield row if isinstance(row, dict) else {}
        at = data.find(part, stop)
