"""What people hang on an issue: labels and comments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tracker.cli.command import command, group, pass_session
from tracker.cli.issues import edited
from tracker.cli.plain import one_line, printable
from tracker.digits import whole
from tracker.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tracker.cli.session import Session
    from tracker.log import Draft
    from tracker.model import Comment


@group(
    "label",
    examples=["bd label add bd-a1b2c urgent", "bd label list-all --json"],
    json_errors="stdout",
)
def label() -> None:
    """Labels of issues."""


@label.command(
    "add", examples=["bd label add bd-a1b2c bd-d3e4f urgent"], json_errors="stderr", writes=True
)
@click.argument("words", nargs=-1, required=True, metavar="ID... LABEL")
@pass_session
def add(session: Session, words: tuple[str, ...]) -> None:
    """Add a label to issues; the last word is the label."""
    _label(session, words, added=True)


@label.command(
    "remove", examples=["bd label remove bd-a1b2c urgent"], json_errors="stderr", writes=True
)
@click.argument("words", nargs=-1, required=True, metavar="ID... LABEL")
@pass_session
def remove(session: Session, words: tuple[str, ...]) -> None:
    """Remove a label from issues; the last word is the label."""
    _label(session, words, added=False)


@command("tag", examples=["bd tag bd-a1b2c urgent", "bd tag bd-a1b2c bd-d3e4f urgent"], writes=True)
@click.argument("words", nargs=-1, required=True, metavar="ID... LABEL")
@pass_session
def tag(session: Session, words: tuple[str, ...]) -> None:
    """Add a label to issues: `label add`."""
    _label(session, words, added=True)


def _label(session: Session, words: tuple[str, ...], *, added: bool) -> None:
    from tracker import actions

    *ids, text = words
    if not ids:
        raise click.UsageError("an issue and a label are needed: bd label add ID LABEL")
    text = text.strip()
    labels = actions.Labels(add=(text,)) if added else actions.Labels(remove=(text,))
    who = session.tracker.who()
    done = edited(session, ids, lambda draft, id: actions.label(draft, id, labels, who).id)
    if session.json:
        status = "added" if added else "removed"
        session.emit([{"issue_id": id, "label": text, "status": status} for id in done])
        return
    did, to = ("Added", "to") if added else ("Removed", "from")
    for id in done:
        session.say(f"✓ {did} label '{text}' {to} {id}")


@label.command(
    "propagate", examples=["bd label propagate bd-a1b2c urgent"], json_errors="stderr", writes=True
)
@click.argument("id")
@click.argument("text", metavar="LABEL")
@click.option("--all", "every", is_flag=True, help="All that is below it, not only its children")
@pass_session
def propagate(session: Session, /, id: str, text: str, every: bool) -> None:
    """Add a label to the children of an issue."""
    from tracker.query import Filter

    workspace = session.tracker
    full = workspace.resolve(id)
    answers = workspace.answers
    below = Filter(under=answers.descendants(full)) if every else Filter(parent=full)
    ids = [row.id for row in answers.listed(below, "id").rows]
    if not ids:
        session.emit([]) if session.json else session.say(f"{full} has no children")
        return
    _label(session, (*ids, text), added=True)


@label.command("list", examples=["bd label list bd-a1b2c"])
@click.argument("id")
@pass_session
def list_(session: Session, id: str) -> None:
    """List the labels of an issue."""
    issue = session.tracker.issue(id)
    if session.json:
        session.emit(issue.labels)
    elif not issue.labels:
        session.say(f"\n{issue.id} has no labels")
    else:
        session.say(f"\n🏷 Labels for {issue.id}:")
        for one in issue.labels:
            session.say(f"  - {one_line(one)}")
        session.say()


@label.command("list-all", examples=["bd label list-all"])
@pass_session
def list_all(session: Session) -> None:
    """List every label that is in use, and how often."""
    _list_all(session)


@command("labels", examples=["bd labels --json"], json_errors="stdout")
@pass_session
def labels(session: Session) -> None:
    """List every label that is in use: `label list-all`."""
    _list_all(session)


def _list_all(session: Session) -> None:
    from tracker.query import Filter

    counts = [pair for pair in session.tracker.answers.grouped(Filter(), "label") if pair[0]]
    if session.json:
        session.emit([{"label": text, "count": count} for text, count in counts])
        return
    if not counts:
        session.say("\nNo labels found")
        return
    session.say(f"\n🏷 All labels ({len(counts)} unique):")
    width = max(len(one_line(text)) for text, _ in counts)
    for text, count in counts:
        session.say(f"  {one_line(text):<{width}}  ({count} issues)")
    session.say()


@group(
    "comments",
    examples=["bd comments bd-a1b2c", 'bd comments add bd-a1b2c "found the cause"'],
    json_errors="stdout",
    default="list",
)
def comments() -> None:
    """Comments on issues."""


@comments.command("list", examples=["bd comments bd-a1b2c --json"])
@click.argument("id")
@click.option("--local-time", is_flag=True, help="Show times in the zone of this machine")
@pass_session
def list_comments(session: Session, id: str, local_time: bool) -> None:
    """List the comments on an issue."""
    from tracker.cli.render import moment

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


def as_json(env: Mapping[str, str], one: Comment, issue_id: str) -> dict[str, Any]:
    """A comment as JSON; it belongs to the issue whose record holds it, whatever it says."""
    return {
        "id": identity(env, one.id),
        "issue_id": issue_id,
        "author": one.author,
        "text": one.text,
        "created_at": one.created_at,
    }


def identity(env: Mapping[str, str], id: int | str) -> int | str:
    """The id of a comment: a number as the log has it, or a text for clients of Beads 1.x."""
    from tracker.cli.about import compat_version

    major = compat_version(env).partition(".")[0]
    return str(id) if (whole(major) or 0) >= 1 else id


def commented(function: Callable[..., None]) -> Any:
    """The words and options of the two commands that add a comment."""
    for option in (
        click.option("-f", "--file", metavar="FILE", help="The text from a file; '-' is stdin"),
        click.option("-a", "--author", metavar="NAME", help="Whose comment it is  [--actor]"),
        click.argument("words", nargs=-1, required=True, metavar="ID TEXT"),
    ):
        function = option(function)
    return function


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
    _comment(session, words, author, file)


@command(
    "comment",
    examples=['bd comment bd-a1b2c "found the cause"'],
    json_errors="stdout",
    writes=True,
)
@commented
@pass_session
def comment(
    session: Session, /, words: tuple[str, ...], author: str | None, file: str | None
) -> None:
    """Add a comment to an issue."""
    _comment(session, words, author, file)


def _comment(
    session: Session, words: tuple[str, ...], author: str | None, file: str | None
) -> None:
    from tracker import actions
    from tracker.ids import resolve

    id, *rest = words
    if file is not None and rest:
        raise Invalid("cannot specify both a text and --file")
    if file is None and not rest:
        raise Invalid("comment text required", hint=f'bd comments add {id} "TEXT"')
    text = session.read(file).rstrip("\r\n") if file is not None else " ".join(rest)
    workspace = session.tracker
    settings, who = workspace.settings(), workspace.who()

    def add(draft: Draft) -> tuple[str, Comment]:
        full = resolve(id, draft, settings.prefix)
        return full, actions.comment(draft, full, text, who, author)

    full, made = workspace.write(add)
    if session.json:
        session.emit(as_json(session.env, made, full))
    else:
        session.say(f"Comment added to {full}")
