"""`bd label`: add, remove and list labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, group, pass_session
from tracker.cli.relations.labelling import change_labels, list_all_labels
from tracker.text import one_line

if TYPE_CHECKING:
    from tracker.cli.session import Session


@group(
    "label",
    examples=["bd label add bd-a1b2c urgent", "bd label list-all --json"],
    json_errors="stdout",
)
def label() -> None:
    """Manage the labels of issues."""


@label.command(
    "add", examples=["bd label add bd-a1b2c bd-d3e4f urgent"], json_errors="stderr", writes=True
)
@click.argument("words", nargs=-1, required=True, metavar="ID... LABEL")
@pass_session
def add(session: Session, words: tuple[str, ...]) -> None:
    """Add a label to issues.

    The last word is the label.
    """
    change_labels(session, words, added=True)


@label.command(
    "remove", examples=["bd label remove bd-a1b2c urgent"], json_errors="stderr", writes=True
)
@click.argument("words", nargs=-1, required=True, metavar="ID... LABEL")
@pass_session
def remove(session: Session, words: tuple[str, ...]) -> None:
    """Remove a label from issues.

    The last word is the label.
    """
    change_labels(session, words, added=False)


@label.command(
    "propagate", examples=["bd label propagate bd-a1b2c urgent"], json_errors="stderr", writes=True
)
@click.argument("id")
@click.argument("text", metavar="LABEL")
@click.option("--all", "every", is_flag=True, help="All descendants, not only children")
@pass_session
def propagate(session: Session, /, id: str, text: str, every: bool) -> None:
    """Add a label to the children of an issue."""
    from tracker.issues.filters import Filter

    workspace = session.tracker
    full = workspace.resolve(id)
    answers = workspace.answers
    below = Filter(under=answers.descendants(full)) if every else Filter(parent=full)
    ids = [row.id for row in answers.listed(below, "id").rows]
    if not ids:
        session.emit([]) if session.json else session.say(f"{full} has no children")
        return
    change_labels(session, (*ids, text), added=True)


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
    """List all labels and how many issues have each."""
    list_all_labels(session)


@command("labels", examples=["bd labels --json"], json_errors="stdout")
@pass_session
def labels(session: Session) -> None:
    """List all labels (same as `label list-all`)."""
    list_all_labels(session)
