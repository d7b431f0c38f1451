"""Locks between processes: bounded waiting, released by the system when a process dies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from tracker.errors import Locked

WAIT = 30.0  # seconds, Beads' default


@contextmanager
def hold(path: str, timeout: float = WAIT) -> Iterator[None]:
    """Hold the lock of this file. Raises Locked after `timeout` seconds.

    It is the flock call on the same file that Beads uses, so a `bd` of theirs waits for us too.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415  (45 ms that a read does not need)

    os.makedirs(os.path.dirname(path), exist_ok=True)
    lock = FileLock(path, timeout=timeout, mode=0o644, thread_local=False, poll_interval=0.01)
    try:
        lock.acquire()
    except Timeout:
        raise Locked(path, timeout) from None
    try:
        yield
    finally:
        lock.release()
