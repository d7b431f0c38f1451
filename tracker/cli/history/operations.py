"""Print what a write changed, for `undo` and `op`."""

from __future__ import annotations

import shlex
import time
from typing import TYPE_CHECKING, NamedTuple

import click

from tracker.text import one_line, whole_number

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from typing import Any

    from tracker.cli.session import Session
    from tracker.store.journal import Op

_LONGEST = 70  # characters of a command, a value


def _number(value: object) -> int:
    number = whole_number(str(value).removeprefix("#"))
    if number is None:
        raise click.BadParameter(f"{str(value)!r} is no number of an operation (bd op log)")
    return number


_number.__name__ = "n"
NUMBER = click.types.FuncParamType(_number)
"""The number of an operation as `bd op log` prints it: 12 or #12."""


class FieldChange(NamedTuple):
    """A field that a write changed; None where it is not there."""

    name: str
    old: Any
    new: Any


def describe(op: Op, undone: Collection[str]) -> dict[str, Any]:
    """Return an operation as the JSON that `op log` and `op show` print."""
    from tracker.model.timestamps import stamp

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


def title_of(op: Op) -> str:
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


def print_fields(session: Session, old: bytes | None, new: bytes | None) -> None:
    """Print each field that differs between two lines of one record."""
    for name, before, after in differences(old, new):
        if before is None or after is None:
            sign = "+" if before is None else "-"
            session.say(f"  {sign} {name}: {_value(after if before is None else before)}")
        else:
            session.say(f"  {name}: {_value(before)} → {_value(after)}")


def differences(old: bytes | None, new: bytes | None) -> list[FieldChange]:
    """The fields in which two lines of a record differ, in the order of the newer line."""
    before, after = _fields(old), _fields(new)
    return [
        FieldChange(name, before.get(name), after.get(name))
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
