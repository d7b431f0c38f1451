"""`bd state` and `bd set-state`: labels of the form `dimension:value`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, group, pass_session
from tracker.cli.plain import one_line

if TYPE_CHECKING:
    from tracker.cli.session import Session


@group(
    "state",
    examples=[
        "bd state bd-a1b2c health",
        "bd state list bd-a1b2c",
        "bd state bd-a1b2c mode --json",
    ],
    default="get",
)
def state() -> None:
    """States of an issue beside its status, such as health or mode."""


@state.command("get", examples=["bd state get bd-a1b2c health"])
@click.argument("id")
@click.argument("dimension", required=False, metavar="[DIMENSION]")
@pass_session
def get(session: Session, /, id: str, dimension: str | None) -> None:
    """Print the value of one dimension, or of each."""
    from tracker.states import states

    if dimension is None:
        _list(session, id)
        return
    issue = session.tracker.issue(id)
    value = states(issue.labels).get(dimension)
    if session.json:
        session.emit({"issue_id": issue.id, "dimension": dimension, "value": value})
    else:
        session.say(one_line(value) if value else f"(no {dimension} state set)")


@state.command("list", examples=["bd state list bd-a1b2c --json"])
@click.argument("id")
@pass_session
def list_(session: Session, /, id: str) -> None:
    """Print the value of each dimension."""
    _list(session, id)


def _list(session: Session, id: str) -> None:
    from tracker.states import states

    issue = session.tracker.issue(id)
    found = states(issue.labels)
    if session.json:
        session.emit({"issue_id": issue.id, "states": found})
    elif not found:
        session.say(f"{issue.id} has no state labels")
    else:
        session.say(f"States of {issue.id}:")
        for dimension, value in found.items():
            session.say(f"  {one_line(dimension)}: {one_line(value)}")


@command(
    "set-state",
    examples=["bd set-state bd-a1b2c health=failing --reason 'No answer since nine'"],
    writes=True,
)
@click.argument("id")
@click.argument("text", metavar="DIMENSION=VALUE")
@click.option("-r", "--reason", default="", metavar="TEXT", help="Why; it becomes a comment")
@pass_session
def set_state(session: Session, /, id: str, text: str, reason: str) -> None:
    """Set one state of an issue; the label of the old one goes."""
    from tracker import states
    from tracker.ids import resolve

    wanted = states.setting(text)
    workspace = session.tracker
    prefix, who = workspace.settings().prefix, workspace.who()
    turn = workspace.write(
        lambda draft: states.set_state(draft, resolve(id, draft, prefix), wanted, reason, who)
    )
    if session.json:
        from tracker.cli.marks import identity

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
