"""Add and print comments, for `comment` and `comments`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.errors import Invalid
from tracker.render.issue_json import identity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from tracker.cli.session import Session
    from tracker.log.issue_log import Draft
    from tracker.model.issue import Comment


def as_json(env: Mapping[str, str], one: Comment, issue_id: str) -> dict[str, Any]:
    """A comment as JSON; it belongs to the issue whose record holds it, whatever it says."""
    return {
        "id": identity(env, one.id),
        "issue_id": issue_id,
        "author": one.author,
        "text": one.text,
        "created_at": one.created_at,
    }


def commented(function: Callable[..., None]) -> Any:
    """The words and options of the two commands that add a comment."""
    for option in (
        click.option(
            "-f", "--file", metavar="FILE", help="Read the text from FILE; '-' is standard input"
        ),
        click.option("-a", "--author", metavar="NAME", help="Author of the comment  [--actor]"),
        click.argument("words", nargs=-1, required=True, metavar="ID TEXT"),
    ):
        function = option(function)
    return function


def add_comment_to(
    session: Session, words: tuple[str, ...], author: str | None, file: str | None
) -> None:
    """Add a comment to an issue; `words` are its id and the text."""
    from tracker.issues import actions
    from tracker.issues.lookup import resolve

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
