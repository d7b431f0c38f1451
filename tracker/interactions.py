"""`interactions.jsonl`: what agents did, one JSON object a line, only ever added to.

The form is that of Beads. Nothing here reads it back but `read`; git merges it line by line.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tracker import fileio, json_text
from tracker.errors import Invalid
from tracker.locks import WAIT, hold, hold_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FILE = "interactions.jsonl"
KEYS = (
    "id", "kind", "created_at", "actor", "issue_id", "model", "prompt", "response", "error",
    "tool_name", "exit_code", "parent_id", "label", "reason", "extra",
)  # fmt: skip
"""The keys in the order of the file; those without a value are left out."""
LONGEST = 1_000_000  # characters of one entry


def made_id(nonce: int) -> str:
    """The id of an entry, from 64 random bits."""
    return f"int-{nonce & 0xFFFFFFFF:08x}"


def append(beads: str, entry: Mapping[str, Any], timeout: float = WAIT) -> None:
    """Add an entry at the end, under the lock, on the disk before this returns. Raises Invalid."""
    known = {key: entry[key] for key in KEYS if entry.get(key) not in (None, "", {})}
    line = json.dumps(known, ensure_ascii=False, separators=(",", ":"))
    if len(line) > LONGEST:
        raise Invalid(
            f"an interaction may be {LONGEST} characters long (this one has {len(line)})",
            hint="put the long text into a file and name it",
        )
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
    with hold_folder(beads, timeout), hold(os.path.join(beads, ".jsonl.lock"), timeout):
        handle = fileio.opened(os.path.join(beads, FILE), flags, 0o644, links=fileio.NEVER)
        with os.fdopen(handle, "r+b", buffering=0):
            size = os.fstat(handle).st_size
            torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
            data = (b"\n" if torn else b"") + line.encode("utf-8", "backslashreplace") + b"\n"
            try:
                fileio.write(handle, data)
                os.fsync(handle)
            except OSError:
                with suppress(OSError):  # no part of an entry stays
                    os.ftruncate(handle, size)
                raise


def read(beads: str) -> Iterator[dict[str, Any]]:
    """Every entry, oldest first; lines that hold none are passed over."""
    try:
        data = fileio.read(os.path.join(beads, FILE), fileio.LARGEST)
    except FileNotFoundError:
        return
    for line in data.split(b"\n"):
        try:
            found = json_text.loads(line.decode("utf-8", "replace"))
        except ValueError:
            continue
        if isinstance(found, dict) and isinstance(found.get("id"), str):
            yield found
