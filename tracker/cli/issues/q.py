"""`bd q`: create an issue and print only its id."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import PRIORITY, Listed, command, pass_session

if TYPE_CHECKING:
    from tracker.cli.session import Session


@command(
    "q",
    examples=['bd q "Fix the login"', "bd q Fix the login -t bug -p 1 -l web", 'id=$(bd q "Next")'],
    writes=True,
)
@click.argument("words", nargs=-1, required=True, metavar="TITLE...")
@click.option(
    "-p", "--priority", type=PRIORITY, default=2, metavar="P", help="Priority, 0 to 4  [2]"
)
@click.option(
    "-t", "--type", "kind", default="task", metavar="TYPE", help="Type: bug, epic...  [task]"
)
@click.option("-l", "--labels", "--label", cls=Listed, help="Labels")
@pass_session
def q(
    session: Session,
    /,
    words: tuple[str, ...],
    *,
    priority: int,
    kind: str,
    labels: tuple[str, ...] | None,
) -> None:
    """Create an issue and print only its id."""
    from tracker.cli.issues import create
    from tracker.model.issue import New

    new = New(" ".join(words), priority=priority, issue_type=kind, labels=labels or ())
    create.answer(session, create.created(session, new), silent=True)
