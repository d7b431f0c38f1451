"""`bd edit`: edit a text of an issue in $EDITOR."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.cli.issue_options import answer
from tracker.errors import Invalid, Moved, Refused

if TYPE_CHECKING:
    from typing import Any

    from tracker.cli.session import Session
    from tracker.log.issue_log import Draft
    from tracker.model.issue import Issue


FIELDS = {
    "description": "description",
    "title": "title",
    "design": "design",
    "notes": "notes",
    "acceptance": "acceptance_criteria",
}
"""The texts, by the option that asks for each; the first is what is edited without one."""


def _options(function: Any) -> Any:
    for name in reversed(FIELDS):
        help = f"Edit the {name}{'  [the default]' if name == 'description' else ''}"
        function = click.option(f"--{name}", "field", flag_value=name, help=help)(function)
    return function


@command(
    "edit",
    examples=["EDITOR=vi bd edit bd-a1b2c", "bd edit bd-a1b2c --design"],
    patience="",
    writes=True,
)
@click.argument("id")
@_options
@pass_session
def edit(session: Session, /, id: str, field: str | None) -> None:
    """Edit a field of an issue in your editor.

    The editor is $EDITOR or $VISUAL; a terminal is needed. If the field changed in the log
    meanwhile, nothing is overwritten, and bd prints the name of the file with your edit.
    """
    option = field or "description"
    words = _editor(session, id, option)
    issue = session.tracker.issue(id)
    name = FIELDS[option]
    old: str = getattr(issue, name)
    path = _written(issue.id, option, old)
    _run(session, words, path)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    new = text.strip() if option == "title" else text.rstrip("\n")
    if new == old.rstrip("\n"):
        os.unlink(path)
        session.emit([]) if session.json else session.say("No changes made")
        return
    changed = _store(session, issue, (name, new), path)
    os.unlink(path)
    answer(session, [changed], lambda one: f"✓ Updated {option} of {one.id}")


def _editor(session: Session, id: str, option: str) -> list[str]:
    import shlex

    instead = f"bd update {id} --{option} TEXT"
    named = session.env.get("VISUAL") or session.env.get("EDITOR")
    if not named:
        raise Refused("no editor: set $EDITOR or $VISUAL", hint=instead)
    streams = (session.stdin, session.stdout)
    if not all(stream is not None and stream.isatty() for stream in streams):
        raise Refused("an editor needs a terminal", hint=instead)
    try:
        words = shlex.split(named)
    except ValueError:
        words = []
    if not words:
        raise Invalid(f"$EDITOR is not a command: {named!r}", hint=instead)
    return words


def _written(id: str, option: str, text: str) -> str:
    """A file of our own with the text in it, readable by nobody else."""
    import tempfile

    handle, path = tempfile.mkstemp(prefix=f"{id}-{option}-".replace("/", "-"), suffix=".md")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text + "\n" if text else "")
    return path


def _run(session: Session, words: list[str], path: str) -> None:
    import subprocess

    try:
        done = subprocess.run([*words, path], cwd=session.folder, env=session.env, check=False)
    except OSError as error:
        os.unlink(path)
        raise Refused(f"{words[0]} cannot be run: {error.strerror}", hint="EDITOR=vi") from None
    if done.returncode:
        raise Refused(f"{words[0]} failed ({done.returncode}): nothing was changed; see {path}")


def _store(session: Session, was: Issue, edit: tuple[str, str], path: str) -> Issue:
    from tracker.issues import actions

    name, text = edit
    workspace = session.tracker
    settings, who = workspace.settings(), workspace.who()

    def change(draft: Draft) -> Issue:
        now = draft.get_issue(was.id)
        if now is None or getattr(now, name) != getattr(was, name):
            raise Moved(
                f"the {name} of {was.id} has changed meanwhile: nothing was overwritten",
                hint=f"your text is in {path}; bd show {was.id}",
            )
        return actions.update(draft, was.id, {name: text}, settings, who)  # type: ignore[misc]

    try:
        return workspace.write(change)
    except Invalid as error:
        error.hint = f"your text is in {path}"
        raise
