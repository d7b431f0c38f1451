"""The file of what agents did: `.local/runs.jsonl`, appended to, bounded, never in git."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from tracker import runs
from tracker.errors import Locked
from tracker.locks import hold, hold_folder
from tracker.times import stamp

if TYPE_CHECKING:
    from tracker.runs import Event

LIMIT = 1_000_000  # bytes; the oldest half goes
DAY = 86_400 * 10**9
PATIENCE = 2.0  # seconds to wait for another writer
_OPEN = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_APPEND = _OPEN | os.O_CREAT | os.O_WRONLY | os.O_APPEND
_NEW = _OPEN | os.O_CREAT | os.O_WRONLY | os.O_TRUNC


def path_in(local: str) -> str:
    """Where the log of a workspace is."""
    return os.path.join(local, "runs.jsonl")


def append(local: str, *events: Event) -> bool:
    """Note what happened; False where that cannot be written."""
    data = b"".join(map(runs.encode, events))
    path = path_in(local)
    try:
        _make(local)
        with hold_folder(local, PATIENCE), hold(f"{path}.lock", PATIENCE):
            _shorten(path)
            handle = os.open(path, _APPEND, 0o600)
            try:
                os.write(handle, data)
            finally:
                os.close(handle)
    except (OSError, Locked):
        return False
    return True


def read(local: str) -> list[Event]:
    """Everything that is still known, oldest first."""
    try:
        with os.fdopen(os.open(path_in(local), _OPEN | os.O_RDONLY), "rb") as file:
            return list(runs.decode(file))
    except OSError:
        return []


def _shorten(path: str) -> None:
    with suppress(FileNotFoundError):
        if os.lstat(path).st_size <= LIMIT:
            return
        with os.fdopen(os.open(path, _OPEN | os.O_RDONLY), "rb") as file:
            file.seek(-LIMIT // 2, os.SEEK_END)
            file.readline()
            kept = file.read()
        with os.fdopen(os.open(f"{path}.new", _NEW, 0o600), "wb") as file:
            file.write(kept)
        os.replace(f"{path}.new", path)


def resume(local: str, session: str, now: int) -> None:
    """Make this the session of whoever names none, for a day, until it is ended."""
    with suppress(OSError):
        _make(local)
        handle = os.open(_pointer(local), _NEW, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(json.dumps({"session": session, "at": now}).encode())


def resumed(local: str, now: int) -> str:
    """The session that was restored here within a day and has not ended; "" where there is none."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        with os.fdopen(os.open(_pointer(local), _OPEN | os.O_RDONLY), "rb") as file:
            held = json.loads(file.read())
        if now - DAY < int(held["at"]):
            return str(held["session"])
    return ""


def leave(local: str, session: str, now: int) -> None:
    """Take that back where it is this session."""
    if resumed(local, now) == session:
        with suppress(OSError):
            os.unlink(_pointer(local))


def _make(local: str) -> None:
    if not os.path.exists(os.path.join(local, ".gitignore")):
        from tracker.refresh import make_local  # much is behind it that a hook does not need

        make_local(local)


def _pointer(local: str) -> str:
    return os.path.join(local, "session.json")


def usual(root: str, now: int) -> str:
    """The session where nobody names one: this work tree, this day."""
    return f"{os.path.basename(root) or 'work'}-{stamp(now)[:10]}"
