"""Whether the last write in the journal was left open.

Apart from `tracker.store.journal`, since every command asks.
"""

from __future__ import annotations

import os
from contextlib import suppress

from tracker import fileio

STATE = b', "state": "'
"""What stands before the state of a write, which ends its line."""
DONE = "done"
TAIL = 64
"""Bytes in which the number and the state of the last line stand."""
END = 7
"""Bytes from the state to the end of its line."""


def path_in(local: str) -> str:
    """Where the journal of a workspace is."""
    return os.path.join(local, "ops.jsonl")


def is_pending(local: str) -> bool:
    """Whether somebody writes at this moment, or was interrupted."""
    with suppress(OSError):  # of a disk that fails: whoever writes finds out
        handle = fileio.opened(path_in(local), links=fileio.NEVER)
        try:
            return state_of(tail(handle, os.fstat(handle).st_size)) not in {"", DONE}
        finally:
            os.close(handle)
    return False


def tail(handle: int, size: int) -> bytes:
    """The last bytes of a file."""
    os.lseek(handle, max(0, size - TAIL), os.SEEK_SET)
    return os.read(handle, TAIL)


def state_of(end: bytes) -> str:
    """The state of a line by its end, "" where it has none: it was cut off, or is an old one."""
    _, has_state, state = end.rpartition(STATE)
    return state[:4].decode("ascii", "replace") if has_state and len(state) == END else ""
