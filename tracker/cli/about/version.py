"""`bd version`: the version of Beads that bd is compatible with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker.cli.command import command, pass_session
from tracker.version import compat_version, line

if TYPE_CHECKING:
    from tracker.cli.session import Session


@command("version", examples=["bd version", "bd version --json"])
@pass_session
def version(session: Session) -> None:
    """Print the version."""
    if session.json:
        session.emit({"version": compat_version(session.env), "build": "tracker"})
    else:
        session.say(line(session.env))
