"""Locks between processes: bounded waiting, released by the system when a process dies."""

from __future__ import annotations

import errno
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tracker.errors import Locked

if TYPE_CHECKING:
    from collections.abc import Iterator

WAIT = 30.0  # seconds, Beads' default
_SOONEST, _LATEST = 0.001, 0.02  # seconds between two tries
_NO_LOCKS = frozenset({errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK})


@contextmanager
def hold(path: str, timeout: float = WAIT) -> Iterator[None]:
    """Hold the lock of this file. Raises Locked after `timeout` seconds.

    It is the flock call on the same file that Beads uses, so a `bd` of theirs waits for us too.
    On a file system without flock a second file stands for the lock.
    """
    os.makedirs(os.path.dirname(path), exist_ok=True)
    try:
        handle = _locked(path, time.monotonic() + timeout)
    except (ImportError, NotImplementedError):
        with _held_softly(f"{path}.soft", timeout):
            yield
        return
    if handle is None:
        raise Locked(path, timeout)
    try:
        yield
    finally:
        os.close(handle)


def _locked(path: str, until: float) -> int | None:
    """The open and locked file; None if it was not to be had in time."""
    import fcntl

    pause = _SOONEST
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_there(handle, path):
                kept, handle = handle, -1
                return kept
        except BlockingIOError:
            left = until - time.monotonic()
            if left <= 0:
                return None
            time.sleep(min(pause, left))
            pause = min(pause * 2, _LATEST)
        except OSError as error:
            if error.errno in _NO_LOCKS:
                raise NotImplementedError from error
            raise
        finally:
            if handle >= 0:
                os.close(handle)


def _is_there(handle: int, path: str) -> bool:
    """Whether the file is still the one of that name: `git clean -x` takes locks away."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False


@contextmanager
def _held_softly(path: str, timeout: float) -> Iterator[None]:
    from filelock import SoftFileLock, Timeout  # 45 ms; elsewhere flock will do

    lock = SoftFileLock(path, timeout=timeout, mode=0o644, thread_local=False, poll_interval=0.01)
    try:
        lock.acquire()
    except Timeout:
        raise Locked(path, timeout) from None
    try:
        yield
    finally:
        lock.release()
