"""Files that a command makes for people: `--output FILE`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker import output as outputs
from tracker.errors import Refused

if TYPE_CHECKING:
    from tracker.cli.session import Session


def save(session: Session, name: str, text: str | bytes) -> None:
    """Write a file, over one that is there. Raises Refused where that would be our own."""
    if session.readonly:
        raise Refused("nothing is written in read-only mode", hint="leave --readonly out")
    data = text.encode("utf-8", "backslashreplace") if isinstance(text, str) else text
    outputs.write(session.folder, name, data, session.place)
