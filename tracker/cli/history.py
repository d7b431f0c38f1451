"""`bd undo` and `bd op`: the writes of this clone, and how to take one back."""

from __future__ import annotations

import shlex
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from tracker.cli.command import command, group, pass_session
from tracker.cli.plain import one_line
from tracker.digits import whole
from tracker.errors import Moved
from tracker.undo import undoing

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from tracker.cli.session import Session
    from tracker.journal import Change, Op

SHOWN = 20
_LONGEST = 70  # characters of a command, a value


def _number(value: object) -> int:
    number = whole(str(value).removeprefix("#"))
    if number is None:
        raise click.BadParameter(f"{str(value)!r} is no number of an operation (bd op log)")
    return number


_number.__name__ = "n"
NUMBER = click.types.FuncParamType(_number)
"""The number of an operation as `bd op log` prints it: 12 or #12."""

LISTED = 20  # records of one write that are listed


class Field(NamedTuple):
    """A field that a write changed; None where it is not there."""

    name: str
    old: Any
    new: Any


@command(
    "undo", examples=["bd undo", "bd undo --dry-run", "bd undo 12", "bd undo --any"], writes=True
)
@click.argument("number", type=NUMBER, required=False, metavar="[N]")
@click.option("--any", "anyone", is_flag=True, help="Undo it whoever wrote it")
@click.option("--dry-run", is_flag=True, help="Show what would be put back")
@pass_session
def undo(session: Session, number: int | None, anyone: bool, dry_run: bool) -> None:
    """Take back your last write in this clone, or operation N.

    Yours is what this session wrote (BD_SESSION or CLAUDE_SESSION_ID), or this actor where either
    has no session; --any takes back what somebody else wrote.

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
        session.emit({**_told(op, ()), "dry_run": dry_run, "changes": rows, **more})
        return
    session.say(f"{'Would undo' if dry_run else '✓ Undid'} {_title(op)}")
    for change in op.changes[:LISTED]:
        session.say(f"  {change.id}: {_effect(change)}")
        if dry_run:
            _say_fields(session, change.new, change.old)
    if len(op.changes) > LISTED:
        session.say(f"  and {len(op.changes) - LISTED} more (--json lists all)")
    for id in moved:
        session.say(f"  {id} has changed since, so nothing would be undone")


def _moved(session: Session, op: Op) -> list[str]:
    """The records that are no longer what the write left."""
    shelf = session.tracker.shelf()
    return [one.id for one in op.changes if not shelf.is_left(one)]


def _effect(change: Change) -> str:
    """What undoing does to a record."""
    if change.old is None:
        return "removed"
    return "brought back" if change.new is None else "restored"


@group("op", examples=["bd op log", "bd op show 1"], default="log")
def op() -> None:
    """Look at the writes of this clone."""


@op.command("log", examples=["bd op log", "bd op log -n 0 --json"])
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=0),
    default=SHOWN,
    metavar="N",
    help="How many; 0 is all",
)
@pass_session
def log(session: Session, limit: int) -> None:
    """List the writes, the newest first."""
    ops = session.tracker.operations()
    undone = undoing(ops)
    numbers = {op.key: op.number for op in ops}
    shown = ops[::-1][: limit or len(ops)]
    if session.json:
        session.emit([_told(op, undone) for op in shown], total=len(ops))
        return
    for one in shown:
        mark = f"  [undoes #{numbers[one.undoes]}]" if one.undoes in numbers else ""
        mark += "  [undone]" if one.key in undone else ""
        session.say(_title(one) + mark + ("  [not in the journal]" if one.missed else ""))
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
        session.emit({**_told(found, undone), "changes": changes})
        return
    session.say(_title(found))
    for change in found.changes:
        what = "created" if change.old is None else "removed" if change.new is None else "changed"
        session.say(f"{change.id} ({change.file}): {what}")
        _say_fields(session, change.old, change.new)


def _told(op: Op, undone: Collection[str]) -> dict[str, Any]:
    from tracker.model import stamp

    return {
        "number": op.number,
        "key": op.key,
        "at": stamp(op.at),
        "actor": op.actor,
        "session": op.session,
        "command": _typed(op.argv),
        "records": op.records,
        "ids": [change.id for change in op.changes],
        "undone": op.key in undone,
        "undoable": not (op.missed or op.left_out or op.key in undone),
        **({"undoes": op.undoes} if op.undoes else {}),
    }


def _title(op: Op) -> str:
    """`#12  2026-11-20 10:18  ann  bd close bd-a1  (1 record)`."""
    at = time.strftime("%Y-%m-%d %H:%M", time.localtime(op.at // 1_000_000_000))
    count = f"{op.records} record{'' if op.records == 1 else 's'}"
    return f"#{op.number}  {at}  {one_line(op.actor)}  {_cut(_typed(op.argv))}  ({count})"


def _typed(argv: Sequence[str]) -> str:
    """The command line, with the program's name alone."""
    if not argv:
        return ""
    return shlex.join([argv[0].replace("\\", "/").rpartition("/")[2], *argv[1:]])


def _cut(text: str) -> str:
    text = one_line(text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _changed(change: Change) -> dict[str, Any]:
    fields = [field._asdict() for field in differences(change.old, change.new)]
    return {"file": change.file, "id": change.id, "fields": fields}


def _say_fields(session: Session, old: bytes | None, new: bytes | None) -> None:
    for name, before, after in differences(old, new):
        if before is None or after is None:
            sign = "+" if before is None else "-"
            session.say(f"  {sign} {name}: {_value(after if before is None else before)}")
        else:
            session.say(f"  {name}: {_value(before)} → {_value(after)}")


def differences(old: bytes | None, new: bytes | None) -> list[Field]:
    """The fields in which two lines of a record differ, in the order of the newer line."""
    before, after = _fields(old), _fields(new)
    return [
        Field(name, before.get(name), after.get(name))
        for name in {**after, **before}
        if before.get(name) != after.get(name)
    ]


def _fields(line: bytes | None) -> dict[str, Any]:
    from tracker import json_text

    if line is None:
        return {}
    text = line.decode("utf-8", "replace")
    try:
        found = json_text.loads(text)
    except ValueError:
        return {"line": text}
    return found if isinstance(found, dict) else {"line": text}


def _value(value: Any) -> str:
    import json

    return _cut(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
