"""`bd op`: list and show writes of this clone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import group, pass_session
from tracker.cli.history.operations import NUMBER, describe, differences, print_fields, title_of
from tracker.errors import Moved
from tracker.store.journal import undoing

if TYPE_CHECKING:
    from typing import Any

    from tracker.cli.session import Session
    from tracker.log.record_file import RecordChange


SHOWN = 20


@group("op", examples=["bd op log", "bd op show 1"], default="log")
def op() -> None:
    """Inspect the writes of this clone."""


@op.command("log", examples=["bd op log", "bd op log -n 0 --json"])
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=0),
    default=SHOWN,
    metavar="N",
    help="Maximum number; 0 for all",
)
@pass_session
def log(session: Session, limit: int) -> None:
    """List the writes of this clone, newest first."""
    ops = session.tracker.operations()
    undone = undoing(ops)
    numbers = {op.key: op.number for op in ops}
    shown = ops[::-1][: limit or len(ops)]
    if session.json:
        session.emit([describe(op, undone) for op in shown], total=len(ops))
        return
    for one in shown:
        mark = f"  [undoes #{numbers[one.undoes]}]" if one.undoes in numbers else ""
        mark += "  [undone]" if one.key in undone else ""
        session.say(title_of(one) + mark + ("  [not in the journal]" if one.missed else ""))
    if not ops:
        session.say("No writes yet")
    elif len(shown) < len(ops):
        session.say(f"showing {len(shown)} of {len(ops)} (bd op log -n 0 shows all)")


@op.command("show", examples=["bd op show 1"])
@click.argument("number", type=NUMBER, metavar="N")
@pass_session
def show(session: Session, number: int) -> None:
    """Print what an operation changed, field by field."""
    ops = session.tracker.operations()
    found = next((one for one in ops if one.number == number), None)
    if found is None:
        raise Moved(f"there is no operation {number}", hint="bd op log")
    if session.json:
        undone = undoing(ops)
        changes = [_changed(change) for change in found.changes]
        session.emit({**describe(found, undone), "changes": changes})
        return
    session.say(title_of(found))
    for change in found.changes:
        what = "created" if change.old is None else "removed" if change.new is None else "changed"
        session.say(f"{change.id} ({change.file}): {what}")
        print_fields(session, change.old, change.new)


def _changed(change: RecordChange) -> dict[str, Any]:
    fields = [field._asdict() for field in differences(change.old, change.new)]
    return {"file": change.file, "id": change.id, "fields": fields}
