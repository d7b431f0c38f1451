"""Files that a command makes for people: `--output FILE`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tracker.errors import Refused, TrackerError

if TYPE_CHECKING:
    from tracker.cli.session import Session


def save(session: Session, name: str, text: str) -> None:
    """Write a file, over one that is there. Raises Refused where that would be our own."""
    path = os.path.join(session.folder, name)
    if os.path.commonpath([os.path.realpath(path), session.place.beads]) == session.place.beads:
        raise Refused(f"{name} is in .beads, where the issues are", hint="name another file")
    if session.readonly:
        raise Refused("nothing is written in read-only mode", hint="leave --readonly out")
    try:
        with open(path, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise TrackerError(f"cannot write {name}: {error.strerror}") from None
