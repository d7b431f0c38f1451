"""Add, remove and list labels, for `label` and `tag`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.issue_options import edited
from tracker.text import one_line

if TYPE_CHECKING:
    from tracker.cli.session import Session


def change_labels(session: Session, words: tuple[str, ...], *, added: bool) -> None:
    """Add or remove a label; `words` are the issues and, last, the label."""
    from tracker.issues import actions

    *ids, text = words
    if not ids:
        raise click.UsageError("an ID and a label are required: bd label add ID LABEL")
    text = text.strip()
    labels = actions.Labels(add=(text,)) if added else actions.Labels(remove=(text,))
    who = session.tracker.who()
    same: set[str] = set()
    done = edited(
        session, ids, lambda draft, id: actions.label(draft, id, labels, who).id, unchanged=same
    )
    if session.json:
        row = {"label": text, "status": "added" if added else "removed"}
        unchanged = {"changed": False}
        session.emit([{"issue_id": id, **row, **(unchanged if id in same else {})} for id in done])
        return
    did, to = ("Added", "to") if added else ("Removed", "from")
    for id in done:
        if id in same and session.terminal is not None:
            session.say(
                f"Unchanged {id}: {'already has' if added else 'does not have'} label {text}"
            )
        else:
            session.say(f"✓ {did} label '{text}' {to} {id}")


def list_all_labels(session: Session) -> None:
    """Print every label with the number of its issues."""
    from tracker.issues.filters import Filter

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
