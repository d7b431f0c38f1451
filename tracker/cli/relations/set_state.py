"""`bd set-state`: set a `dimension:value` label."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.text import one_line

if TYPE_CHECKING:
    from tracker.cli.session import Session


@command(
    "set-state",
    examples=["bd set-state bd-a1b2c health=failing --reason 'No answer since nine'"],
    writes=True,
)
@click.argument("id")
@click.argument("text", metavar="DIMENSION=VALUE")
@click.option("-r", "--reason", default="", metavar="TEXT", help="Reason, added as a comment")
@pass_session
def set_state(session: Session, /, id: str, text: str, reason: str) -> None:
    """Set a custom state of an issue.

    The state is a label, DIMENSION:VALUE; it replaces the label of the old value.
    """
    from tracker.issues import relations
    from tracker.issues.lookup import resolve

    wanted = relations.setting(text)
    workspace = session.tracker
    prefix, who = workspace.settings().prefix, workspace.who()
    turn = workspace.write(
        lambda draft: relations.set_state(draft, resolve(id, draft, prefix), wanted, reason, who)
    )
    if session.json:
        from tracker.render.issue_json import identity

        event = {"event_id": identity(session.env, turn.comment)} if turn.comment else {}
        session.emit(
            {
                "issue_id": turn.id,
                "dimension": turn.dimension,
                "old_value": turn.old,
                "new_value": turn.new,
                "changed": turn.old != turn.new,
                **event,
            }
        )
    elif turn.old == turn.new:
        session.say(f"(no change: {turn.dimension} already set to {turn.new})")
    else:
        session.say(f"✓ Set {turn.dimension} = {turn.new} on {turn.id}")
        if turn.old:
            session.say(f"  Previous: {one_line(turn.old)}")
