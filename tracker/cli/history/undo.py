"""`bd undo`: take back a write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.cli.history.operations import NUMBER, describe, print_fields, title_of

if TYPE_CHECKING:
    from tracker.cli.session import Session
    from tracker.log.record_file import RecordChange
    from tracker.store.journal import Op


LISTED = 20  # records of one write that are listed


@command(
    "undo", examples=["bd undo", "bd undo --dry-run", "bd undo 12", "bd undo --any"], writes=True
)
@click.argument("number", type=NUMBER, required=False, metavar="[N]")
@click.option("--any", "anyone", is_flag=True, help="Undo writes of others too")
@click.option("--dry-run", is_flag=True, help="Show what would be undone")
@pass_session
def undo(session: Session, number: int | None, anyone: bool, dry_run: bool) -> None:
    """Undo your last write in this clone, or operation N.

    Yours is what this session wrote (BD_SESSION or CLAUDE_SESSION_ID), or this actor where either
    has no session; --any undoes what somebody else wrote.

    Each record gets its old line again, byte for byte, unless it has changed since. An undo is an
    operation too, with a number (bd op log): undoing that brings back what it took.
    """
    workspace = session.tracker
    choose = workspace.undoable if dry_run else workspace.undo
    op = choose(number, anyone=anyone)
    moved = _moved(session, op) if dry_run else []
    if session.json:
        rows = [{"file": c.file, "id": c.id, "action": _effect(c)} for c in op.changes]
        more = {"changed_since": moved} if dry_run else {}
        session.emit({**describe(op, ()), "dry_run": dry_run, "changes": rows, **more})
        return
    session.say(f"{'Would undo' if dry_run else '✓ Undid'} {title_of(op)}")
    for change in op.changes[:LISTED]:
        session.say(f"  {change.id}: {_effect(change)}")
        if dry_run:
            print_fields(session, change.new, change.old)
    if len(op.changes) > LISTED:
        session.say(f"  and {len(op.changes) - LISTED} more (--json lists all)")
    for id in moved:
        session.say(f"  {id} has changed since, so nothing would be undone")


def _moved(session: Session, op: Op) -> list[str]:
    """The records that are no longer what the write left."""
    shelf = session.tracker.shelf()
    return [one.id for one in op.changes if not shelf.is_left(one)]


def _effect(change: RecordChange) -> str:
    """What undoing does to a record."""
    if change.old is None:
        return "removed"
    return "brought back" if change.new is None else "restored"
