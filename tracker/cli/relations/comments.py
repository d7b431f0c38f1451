"""`bd comments`: list or add comments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import group, pass_session
from tracker.cli.relations.commenting import add_comment_to, as_json, commented
from tracker.text import one_line, printable

if TYPE_CHECKING:
    from tracker.cli.session import Session


@group(
    "comments",
    examples=["bd comments bd-a1b2c", 'bd comments add bd-a1b2c "found the cause"'],
    json_errors="stdout",
    default="list",
)
def comments() -> None:
    """List or add comments on an issue."""


@comments.command("list", examples=["bd comments bd-a1b2c --json"])
@click.argument("id")
@click.option("--local-time", is_flag=True, help="Show local times  [UTC]")
@pass_session
def list_comments(session: Session, id: str, local_time: bool) -> None:
    """List the comments on an issue."""
    from tracker.render.issue_lines import moment

    issue = session.tracker.issue(id)
    if session.json:
        session.emit([as_json(session.env, one, issue.id) for one in issue.comments])
    elif not issue.comments:
        session.say(f"No comments on {issue.id}")
    else:
        session.say(f"\nComments on {issue.id}:\n")
        for one in issue.comments:
            when = moment(one.created_at, local=local_time)
            session.say(f"[{one_line(one.author)}] at {when}")
            session.say("\n".join(f"  {row}" for row in printable(one.text).split("\n")))
            session.say()


@comments.command(
    "add",
    examples=['bd comments add bd-a1b2c "found the cause"', "bd comments add bd-a1b2c -f note.md"],
    writes=True,
)
@commented
@pass_session
def add_comment(
    session: Session, /, words: tuple[str, ...], author: str | None, file: str | None
) -> None:
    """Add a comment to an issue."""
    add_comment_to(session, words, author, file)
