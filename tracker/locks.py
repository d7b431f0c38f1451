"""Locks between processes, with bounded waiting."""

from __future__ import annotations

import errno
import os
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from tracker import fileio
from tracker.errors import Locked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


WAIT = 30.0  # seconds, Beads' default
_SOONEST, _LATEST = 0.001, 0.02  # seconds between two tries
_CLOEXEC = getattr(os, "O_CLOEXEC", 0)  # Windows has none
_TRIES = 20  # to make the folder of a lock that others keep taking away
_NO_LOCKS = frozenset({errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK})


@contextmanager
def hold(path: str, timeout: float = WAIT) -> Iterator[None]:
    """Hold the lock of this file. Raises Locked after `timeout` seconds.

    It is the flock call on the same file that Beads uses, so a `bd` of theirs waits for us too.
    On a file system without flock a second file stands for the lock.
    """
    try:
        handle = _locked(path, time.monotonic() + timeout, _open_file)
    except (ImportError, NotImplementedError):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with _held_softly(f"{path}.soft", timeout):
            yield
        return
    if handle is None:
        raise Locked(path, timeout)
    try:
        yield
    finally:
        _let_go(handle)


@contextmanager
def hold_folder(path: str, timeout: float = WAIT) -> Iterator[None]:
    """Hold the lock of a folder itself. Raises Locked after `timeout` seconds.

    `git clean -x` removes a lock file while somebody holds it, and the next writer locks a new
    one; a folder with tracked files in it stays. Where folders have no locks (NFS, Windows, one
    that may not be read), the lock file has to do, and this holds nothing.
    """
    handle: int | None = -1
    with suppress(ImportError, NotImplementedError, OSError):
        handle = _locked(path, time.monotonic() + timeout, _open_folder)
    if handle is None:
        raise Locked(path, timeout)
    try:
        yield
    finally:
        if handle >= 0:
            _let_go(handle)


def _let_go(handle: int) -> None:
    """Close a file; it is closed, and its lock gone, also where the system reports an error."""
    with suppress(OSError):
        os.close(handle)


def _open_file(path: str) -> int:
    flags = os.O_RDWR | os.O_CREAT
    for _ in range(_TRIES):
        with suppress(FileNotFoundError):
            return fileio.opened(path, flags, 0o644)
        fileio.make_folder(os.path.dirname(path))  # never there, or just taken away
    return fileio.opened(path, flags, 0o644)


def _open_folder(path: str) -> int:
    return os.open(path, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | _CLOEXEC)


def _locked(path: str, until: float, opened: Callable[[str], int]) -> int | None:
    """The open and locked file; None if it was not to be had in time."""
    import fcntl

    pause = _SOONEST
    while True:
        handle = opened(path)
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
