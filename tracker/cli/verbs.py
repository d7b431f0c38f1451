"""Short verbs: the commonest edits in the fewest words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import PRIORITY, Listed, command, pass_session
from tracker.cli.issues import answer, edited
from tracker.errors import Invalid

if TYPE_CHECKING:
    from tracker.actions import Changes
    from tracker.cli.session import Session


@command(
    "q",
    examples=['bd q "Fix the login"', "bd q Fix the login -t bug -p 1 -l web", 'id=$(bd q "Next")'],
    writes=True,
)
@click.argument("words", nargs=-1, required=True, metavar="TITLE...")
@click.option("-p", "--priority", type=PRIORITY, default=2, metavar="P", help="0 to 4  [2]")
@click.option("-t", "--type", "kind", default="task", metavar="TYPE", help="bug, epic...  [task]")
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
    """Create an issue and print its id alone; the words are its title."""
    from tracker.actions import New
    from tracker.cli import create

    new = New(" ".join(words), priority=priority, issue_type=kind, labels=labels or ())
    create.answer(session, create.created(session, new), silent=True)


@command(
    "note",
    examples=['bd note bd-a1b2c "the cause is in the cache"', "bd note bd-a1b2c --file found.md"],
    writes=True,
)
@click.argument("id")
@click.argument("words", nargs=-1, metavar="TEXT")
@click.option("-f", "--file", metavar="FILE", help="The text from a file; '-' is stdin")
@click.option("--stdin", is_flag=True, help="The text from the standard input")
@pass_session
def note(
    session: Session, /, id: str, words: tuple[str, ...], *, file: str | None, stdin: bool
) -> None:
    """Add a text to the notes of an issue, on a line of its own."""
    sources = [bool(words), file is not None, stdin]
    if sum(sources) > 1:
        raise Invalid("cannot specify more than one of a text, --file and --stdin")
    name = "-" if stdin else file
    text = " ".join(words) if name is None else session.read(name).rstrip("\r\n")
    if not text.strip():
        raise Invalid("note text required", hint=f'bd note {id} "TEXT"')
    _update(session, id, {"append_notes": text}, "✓ Note added to {}")


@command("assign", examples=["bd assign bd-a1b2c ann", 'bd assign bd-a1b2c ""'], writes=True)
@click.argument("id")
@click.argument("name")
@pass_session
def assign(session: Session, /, id: str, name: str) -> None:
    """Say who is to do an issue; "" is nobody."""
    told = f"✓ Assigned {{}} to {name}" if name else "✓ Unassigned {}"
    _update(session, id, {"assignee": name}, told)


@command("priority", examples=["bd priority bd-a1b2c 0", "bd priority bd-a1b2c P3"], writes=True)
@click.argument("id")
@click.argument("value", type=PRIORITY, metavar="P")
@pass_session
def priority(session: Session, /, id: str, value: int) -> None:
    """Set the priority of an issue: 0, the most urgent, to 4."""
    _update(session, id, {"priority": value}, f"✓ Set priority of {{}} to P{value}")


def _update(session: Session, id: str, changes: Changes, told: str) -> None:
    """Change one issue and say so; `{}` in the text stands for its id."""
    from tracker import actions

    workspace = session.tracker
    settings, who = workspace.settings(), workspace.who()
    issues = edited(
        session, [id], lambda draft, full: actions.update(draft, full, changes, settings, who)
    )
    workspace.touch(issues[-1].id)
    answer(session, issues, lambda issue: told.replace("{}", issue.id, 1))
