"""`bd state`: read `dimension:value` labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import group, pass_session
from tracker.text import one_line

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
    """Show custom states of an issue, such as health or mode."""


@state.command("get", examples=["bd state get bd-a1b2c health"])
@click.argument("id")
@click.argument("dimension", required=False, metavar="[DIMENSION]")
@pass_session
def get(session: Session, /, id: str, dimension: str | None) -> None:
    """Print one state of an issue, or all of them."""
    from tracker.issues.relations import states

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
    """Print all states of an issue."""
    _list(session, id)


def _list(session: Session, id: str) -> None:
    from tracker.issues.relations import states

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
