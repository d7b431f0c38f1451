"""`bd fmt`: rewrite the log in canonical form."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.cli.repository.check import count_repeated, record_file_of
from tracker.errors import Conflicted, Invalid, Refused
from tracker.log.paths import ARCHIVE_FILE, MEMORY_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from tracker.cli.session import Session


@command("fmt", examples=["bd fmt", "bd fmt --check"], writes=True)
@click.option(
    "--check", "only", is_flag=True, help="Change nothing; exit 1 if something would change"
)
@pass_session
def fmt(session: Session, only: bool) -> None:
    """Rewrite issues, archive and memories in canonical form.

    Lines are sorted, keys ordered, line ends LF, and identical lines dropped; values stay the
    same. Refused if a line cannot be read, or if lines of one id differ. Outcomes stay as they
    are: their lines are never edited and have no order.
    """
    from contextlib import ExitStack

    from tracker import small_files

    with ExitStack() as held:
        if not only:
            held.enter_context(session.tracker.store.held())
        found = [(path, data, canonical(data, name)) for path, name, data in _formed(session)]
        for path, data, after in () if only else found:
            if after != data:
                small_files.replace(path, data, after)
        if not only and any(after != data for _, data, after in found):
            session.tracker.note_rewrite()
    dropped = sum(count_repeated(data, os.path.basename(path)) for path, data, _ in found)
    _tell(session, [(data, after) for _, data, after in found], dropped, only=only)


def _formed(session: Session) -> Iterator[tuple[str, str, bytes]]:
    """The files that have a canonical form: path, name and content."""
    from tracker import small_files
    from tracker.fileio import read_log

    place = session.place
    if not os.path.exists(place.log):
        raise Invalid(f"{place.log} is missing", hint="bd init")
    yield place.log, os.path.basename(place.log), read_log(place.log)[0]
    for name in (ARCHIVE_FILE, MEMORY_FILE):
        path = os.path.join(place.beads, name)
        data = small_files.contents(path)
        if data is not None:
            yield path, name, data


def canonical(data: bytes, name: str = "issues.jsonl") -> bytes:
    """A file in canonical form; what is no record of its kind follows behind, as it is.

    Raises Conflicted or Refused where a line cannot be read.
    """
    from tracker.log.issue_codec import encode
    from tracker.log.lines import FoundLine, scan
    from tracker.log.memory_codec import encode_memory

    sheet = record_file_of(data, name)
    written: Callable[[Any], bytes] = encode_memory if name == MEMORY_FILE else encode
    if sheet.markers:
        raise Conflicted(name, sheet.markers)
    unclear = sheet.unclear
    if unclear:
        hint = "bd resolve" if sheet.is_repeat(unclear[0].line) else "bd check"
        raise Refused(f"{unclear[0]}: nothing was written", hint=hint)
    rows = [written(sheet[id]) for id in sorted(sheet)]
    rows += [
        data[item.start : item.end]
        for item in scan(data)
        if isinstance(item, FoundLine) and item.row.get(sheet.named) not in sheet
    ]
    return b"".join(row + b"\n" for row in rows)


def _tell(session: Session, found: list[tuple[bytes, bytes]], dropped: int, *, only: bool) -> None:
    changed, same = 0, True
    for before, after in found:
        known = set(before.split(b"\n"))
        changed += sum(row not in known for row in after.split(b"\n"))
        same &= before == after
    session.code = int(only and not same)
    if session.json:
        more = {"dropped": dropped} if dropped else {}
        session.emit({"changed": not same, "lines": changed, **more})
    elif same:
        session.say("✓ issues and memories are in canonical form")
    else:
        lines = "1 line" if changed == 1 else f"{changed} lines"
        verb = ("would be" if only else "was" if changed == 1 else "were") + " written anew"
        session.say(f"{lines} {verb}, and all {'would be' if only else 'were'} put in order")
    if dropped and not session.json:
        lines = "1 repeated line" if dropped == 1 else f"{dropped} repeated lines"
        session.say(f"{lines} {'would be' if only else 'was' if dropped == 1 else 'were'} dropped")
