"""The file of what agents did: `.local/runs.jsonl`, appended to, bounded, never in git."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from tracker import fileio, json_text, runs
from tracker.errors import Locked
from tracker.gitdir import refuse_tracked
from tracker.locks import hold, hold_folder
from tracker.times import stamp

if TYPE_CHECKING:
    from tracker.runs import Event

LIMIT = 1_000_000  # bytes; the oldest half goes
MOST = 100 * LIMIT  # that are read: one write may be long
DAY = 86_400 * 10**9
PATIENCE = 2.0  # seconds to wait for another writer


def path_in(local: str) -> str:
    """Where the log of a workspace is."""
    return os.path.join(local, "runs.jsonl")


def append(local: str, *events: Event) -> bool:
    """Note what happened; False where that cannot be written."""
    data = b"".join(map(runs.encode, events))
    path = path_in(local)
    try:
        refuse_tracked(local)
        _make(local)
        with hold_folder(local, PATIENCE), hold(f"{path}.lock", PATIENCE):
            _shorten(path)
            fileio.append(path, data)
    except (OSError, Locked):
        return False
    return True


def read(local: str) -> list[Event]:
    """Everything that is still known, oldest first."""
    try:
        return list(runs.decode(fileio.read(path_in(local), MOST).split(b"\n")))
    except OSError:
        return []


def _shorten(path: str) -> None:
    with suppress(FileNotFoundError):
        if os.lstat(path).st_size > LIMIT:
            kept = fileio.read(path, MOST)[-LIMIT // 2 :].partition(b"\n")[2]
            fileio.replace(path, kept)


def resume(local: str, session: str, now: int) -> None:
    """Make this the session of whoever names none, for a day, until it is ended."""
    with suppress(OSError):
        refuse_tracked(local)
        _make(local)
        fileio.replace(_pointer(local), json.dumps({"session": session, "at": now}).encode())


def resumed(local: str, now: int) -> str:
    """The session that was restored here within a day and has not ended; "" where there is none."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        held = json_text.loads(fileio.read(_pointer(local)))
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
