"""`bd statuses`: list the statuses an issue can have."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tracker.cli.command import command, pass_session
from tracker.render.issue_lines import icon
from tracker.text import one_line

if TYPE_CHECKING:
    from tracker.cli.session import Session


class Status(NamedTuple):
    """What a status means: its category, and whether it keeps those waiting that depend on it."""

    category: str
    means: str


STATUSES = {
    "open": Status("active", "Not begun; ready unless something stands in its way"),
    "in_progress": Status("wip", "Somebody works on it"),
    "blocked": Status("wip", "Held by something that is no issue"),
    "deferred": Status("frozen", "Put off, to a time or until undefer"),
    "closed": Status("done", "Done"),
    "pinned": Status("frozen", "Kept for reference; blocks nobody"),
    "hooked": Status("wip", "An agent has it on its hook"),
}
"""The built-in statuses; a tombstone is what `delete` leaves, and nobody sets it."""


@command("statuses", examples=["bd statuses", "bd statuses --json"])
@pass_session
def statuses(session: Session) -> None:
    """List the issue statuses."""
    from tracker.log.config_file import closing_statuses, names

    held = session.tracker.config
    closing = closing_statuses(held)
    own = {
        name: "done" if name in closing else "wip"
        for name in (*names(held, "status.custom"), *sorted(closing))
        if name not in STATUSES and name != "tombstone"
    }
    if session.json:
        core = [
            {"name": name, "category": one.category, "icon": icon(name), "description": one.means}
            for name, one in STATUSES.items()
        ]
        more = [{"name": name, "category": category} for name, category in own.items()]
        session.emit({"built_in_statuses": core, "custom_statuses": more})
        return
    session.say("Statuses:")
    for name, one in STATUSES.items():
        session.say(f"  {icon(name)} {name:13}{one.means}")
    if own:
        session.say("\nFrom config.yaml (status.custom, status.closed):")
        for name, category in own.items():
            what = "counts as closed" if category == "done" else "blocks until it is closed"
            session.say(f"  {icon(name)} {one_line(name):13} {what}")
    else:
        session.say("\nMore: bd config set status.custom review,testing")
