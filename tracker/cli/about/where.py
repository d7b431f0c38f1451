"""`bd where`: the path of the workspace."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tracker.cli.command import command, pass_session

if TYPE_CHECKING:
    from tracker.cli.session import Session


@command("where", examples=["bd where", "bd where --json"])
@pass_session
def where(session: Session) -> None:
    """Print the path of this workspace."""
    from tracker.cli.settings import prefix

    place = session.place
    source = redirected_from(session, place.beads)
    answer = {
        "path": place.beads,
        **({"redirected_from": source} if source else {}),
        "prefix": prefix(session),
        "database_path": place.cache,
        "jsonl_path": place.log,
    }
    if session.json:
        session.emit(answer)
        return
    session.say(place.beads)
    if source:
        session.say(f"  (via redirect from {source})")
    session.say(f"  prefix: {answer['prefix']}")
    session.say(f"  log: {place.log}")
    session.say(f"  database: {place.cache}")


def redirected_from(session: Session, beads: str) -> str:
    """The folder whose `redirect` led to this one; "" where none did."""
    named = session.flags.db or session.env.get("BEADS_DB")
    if named and not session.flags.directory:
        return ""
    start = session.folder
    if not session.flags.directory:
        start = os.path.join(start, session.env.get("BEADS_DIR") or "")
    start = os.path.realpath(start)
    while True:
        for folder in (os.path.join(start, ".beads"), start):
            if os.path.isfile(os.path.join(folder, "redirect")):
                return folder if os.path.realpath(folder) != beads else ""
        if os.path.realpath(os.path.join(start, ".beads")) == beads or start == "/":
            return ""
        start = os.path.dirname(start)
