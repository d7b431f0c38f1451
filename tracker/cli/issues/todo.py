"""`bd todo`: a short list of tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import PRIORITY, group, pass_session

if TYPE_CHECKING:
    from tracker.cli.session import Session


@group(
    "todo",
    examples=["bd todo", 'bd todo add "Answer the mail" -p 1', "bd todo done bd-a1b2c"],
    default="list",
)
def todo() -> None:
    """Manage issues of type task."""


@todo.command("list", examples=["bd todo list", "bd todo list --all --json"])
@click.option("--all", "everything", is_flag=True, help="Include closed tasks")
@pass_session
def list_(session: Session, everything: bool) -> None:
    """List open tasks."""
    from tracker.issues.filters import Filter
    from tracker.render import issue_lines
    from tracker.render.issue_json import parent

    answers = session.tracker.answers
    page = answers.listed(Filter(types=("task",), hide_closed=not everything))
    if session.json:
        session.emit_raw(answers.objects(page.rows, extra=parent))
    elif not page.rows:
        session.say('No open tasks: bd todo add "TITLE"')
    else:
        session.say("\n".join(map(issue_lines.line, page.rows)))


@todo.command("add", examples=['bd todo add "Answer the mail"'], writes=True)
@click.argument("words", nargs=-1, required=True, metavar="TITLE...")
@click.option(
    "-p", "--priority", type=PRIORITY, default=2, metavar="P", help="Priority, 0 to 4  [2]"
)
@click.option("-d", "--description", default="", metavar="TEXT", help="Description")
@pass_session
def add(session: Session, /, words: tuple[str, ...], priority: int, description: str) -> None:
    """Create a task with the words as its title."""
    from tracker.cli.issues import create
    from tracker.model.issue import New

    new = New(" ".join(words), description, priority=priority)
    create.answer(session, create.created(session, new))


@todo.command("done", examples=["bd todo done bd-a1b2c", "bd todo done 7f 3k"], writes=True)
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("-r", "--reason", default="", metavar="TEXT", help="Reason  [Completed]")
@pass_session
def done(session: Session, /, ids: tuple[str, ...], reason: str) -> None:
    """Close tasks."""
    from tracker.cli.issues.close import close_plainly

    close_plainly(session, ids, reason, "Completed")
