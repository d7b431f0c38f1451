"""`bd types`: list the types an issue can have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker.cli.command import command, pass_session
from tracker.text import one_line

if TYPE_CHECKING:
    from tracker.cli.session import Session


TYPES = {
    "task": "Work to be done; what an issue is unless something else is said",
    "bug": "Something that does not do what it should",
    "feature": "Something new",
    "chore": "Upkeep that nobody notices from outside",
    "epic": "A large piece of work, made of its children",
    "decision": "What was decided, and why",
    "spike": "Finding something out within a set time",
    "story": "What somebody wants to do, and what for",
    "milestone": "A point to be reached",
}
"""The types that people use; those of orchestrators are accepted and not listed."""


@command("types", examples=["bd types", "bd types --json"])
@pass_session
def types(session: Session) -> None:
    """List the issue types."""
    from tracker.log.config_file import names
    from tracker.model.issue import TYPE_ALIASES

    own = names(session.tracker.config, "types.custom")
    if session.json:
        core = [{"name": name, "description": means} for name, means in TYPES.items()]
        session.emit({"core_types": core, "custom_types": own, "aliases": TYPE_ALIASES})
        return
    session.say("Types:")
    for name, means in TYPES.items():
        session.say(f"  {name:12}{means}")
    if own:
        session.say("\nFrom config.yaml (types.custom):")
        session.say("\n".join(f"  {one_line(name)}" for name in own))
    else:
        session.say("\nMore: bd config set types.custom review,research")
