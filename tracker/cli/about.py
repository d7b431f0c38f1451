"""Which program this is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker.cli.command import command, pass_session
from tracker.cli.plain import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tracker.cli.session import Session

BEADS = "0.49.6"
"""The Beads whose commands and files these are; clients choose their ways by this number."""


def compat_version(env: Mapping[str, str]) -> str:
    """The number that `bd version` reports: clients for Beads 1.x want to see a 1.x."""
    return one_line(env.get("BD_COMPAT_VERSION", "")).strip() or BEADS


def line(env: Mapping[str, str]) -> str:
    """What `bd version` prints: one dotted number, and none in the brackets."""
    return f"bd version {compat_version(env)} (tracker)"


@command("version", examples=["bd version", "bd version --json"])
@pass_session
def version(session: Session) -> None:
    """Print the version."""
    if session.json:
        session.emit({"version": compat_version(session.env), "build": "tracker"})
    else:
        session.say(line(session.env))
