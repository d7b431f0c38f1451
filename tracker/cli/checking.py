"""`bd check`, which finds what is wrong with a log, and `bd fmt`, which writes it canonically."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from tracker.beside import ARCHIVE_FILE, MEMORY_FILE, OUTCOMES_FILE
from tracker.cli.command import command, pass_session
from tracker.errors import Conflicted, Invalid, NotATracker, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tracker.check import Subject
    from tracker.cli.session import Session
    from tracker.sheet import Sheet
    from tracker.versions import Git

SIGNS = {"error": "✗", "warning": "⚠", "info": "·"}
SHOWN = 10
OTHERS = (ARCHIVE_FILE, MEMORY_FILE, OUTCOMES_FILE)  # beside the log

Finding = dict[str, Any]


@command(
    "check",
    examples=[
        "bd check", "bd check --staged", "bd check --against origin/main", "bd check --json FILE",
    ],
)  # fmt: skip
@click.argument("file", default="", metavar="[FILE]")
@click.option("--staged", is_flag=True, help="What is staged, and only what HEAD lacks")
@click.option("--against", metavar="REV", help="The same, and only what came since REV was left")
@pass_session
def check(session: Session, file: str, staged: bool, against: str | None) -> None:
    """Check a log: markers, unreadable lines, cycles, lost records.

    The exit code is 1 where there is an error; warnings are for people. With --staged it is what
    the pre-commit hook refuses: BD_ALLOW_LOSS=1 lets a mass of lost records pass, and
    --allow-secret what only looks like a secret. With --against it is the same of all commits of
    this branch that REV lacks, as a pull request is checked.
    """
    staged = staged or against is not None
    if staged and file:
        raise click.UsageError("--staged takes no FILE: it is about all files that are staged")
    if staged:
        found = list(_staged(session, against))
    elif os.path.basename(file) in OTHERS:
        found = list(_unreadable(os.path.basename(file), _contents(session, file)))
    else:
        found = list(_findings(_subject(session, file)))
        found += [] if file else _beside(session)
    errors = sum(one["level"] == "error" for one in found)
    session.code = int(bool(errors))
    if session.json:
        session.emit({"ok": not errors, "findings": found})
        return
    for one in found:
        session.say(f"{SIGNS[one['level']]} {one['name']}: {one['why']}")
        if one["fix"]:
            session.say(f"    {one['fix']}")
    if not found:
        what = "nothing new" if against else "nothing staged" if staged else "nothing"
        session.say(f"✓ {what} is wrong")


def _subject(session: Session, file: str) -> Subject:
    from tracker import check as checks
    from tracker.checkup import subject
    from tracker.log import Log

    if not file:
        place = session.place
        if not os.path.exists(place.log):
            raise Invalid(f"{place.log} is missing", hint="bd init")
        return subject(place)
    return checks.subject(Log(_contents(session, file), os.path.basename(file)))


def _contents(session: Session, file: str) -> bytes:
    from tracker.files import contents

    data = contents(os.path.realpath(os.path.join(session.folder, file)))
    if data is None:
        raise Invalid(f"there is no file {file}")
    return data


def _beside(session: Session) -> Iterator[Finding]:
    """What is wrong with the files beside the log."""
    from tracker.files import contents

    for name in OTHERS:
        data = contents(os.path.join(session.place.beads, name))
        yield from _unreadable(name, data or b"")
        if name == MEMORY_FILE:
            yield from _kept(data or b"")


def _kept(data: bytes) -> Iterator[Finding]:
    from tracker.check import told
    from tracker.checkup import KEPT_FIX, kept_memories

    problems = kept_memories(data)
    if problems:
        yield {
            "name": "Kept memories",
            "level": "warning",
            "count": len(problems),
            "why": told(problems, SHOWN).replace("\n", "\n    "),
            "lines": [problem.line for problem in problems],
            "fix": KEPT_FIX,
        }


def _unreadable(name: str, data: bytes) -> Iterator[Finding]:
    from tracker.check import told
    from tracker.checkup import beside, mending

    sheet = beside(name, data)
    problems = sheet.problems
    if problems:
        yield {
            "name": f"Lines of {name}",
            "level": "error",
            "count": len(problems),
            "why": told(problems, SHOWN).replace("\n", "\n    "),
            "lines": [problem.line for problem in problems],
            "fix": mending([sheet]),
        }


def _findings(seen: Subject) -> Iterator[Finding]:
    from tracker.check import findings, told

    for invariant, problems in findings(seen):
        if problems:
            yield {
                "name": invariant.name,
                "level": invariant.level,
                "count": len(problems),
                "why": told(problems, SHOWN).replace("\n", "\n    "),
                "lines": [problem.line for problem in problems],
                "fix": invariant.fix,
            }


def _staged(session: Session, against: str | None) -> Iterator[Finding]:
    """What the hook would refuse, then what a person should look at."""
    from tracker.cli.flags import boolean
    from tracker.inspection import ALLOW_LOSS, arrived, staged
    from tracker.versions import Git

    with suppress(NotATracker):
        _ = session.place  # raises where what is staged is about a folder that is not to be trusted
    git = Git(session.folder, session.env, seconds=60)
    if not git.dir:
        raise Refused("this is no repository of git, so nothing is staged", hint="git init")
    allow_loss = boolean(session.env.get(ALLOW_LOSS, "")) or False
    name = "New" if against else "Staged"
    since = _left(git, against) if against else ""
    found = staged(git, since, allow_loss=allow_loss, allowed_secrets=session.allowed_secrets)
    for line in found.refused:
        yield {"name": name, "level": "error", "why": line, "fix": ""}
    for line in found.allowed:
        yield {"name": name, "level": "warning", "why": line, "fix": ""}
    if git.ask("rev-parse", "--verify", "--quiet", "HEAD") is None:
        return
    for line in arrived(git, since or "HEAD"):
        if line not in found.refused:
            yield {"name": name, "level": "warning", "why": line, "fix": ""}


def _left(git: Git, revision: str) -> str:
    """Where this branch left another one. Raises Refused where that is not known."""
    from tracker.revisions import NoRevision

    words = ("--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    name = os.fsdecode(git.ask("rev-parse", *words) or b"").strip()
    if not name:
        raise NoRevision(
            f"there is no revision {revision!r}", hint="git fetch origin; git branch -r"
        )
    base = os.fsdecode(git.ask("merge-base", name, "HEAD") or b"").split()
    if not base:
        raise Refused(
            f"this clone does not know where HEAD left {revision}", hint="git fetch --unshallow"
        )
    return base[0]


@command("fmt", examples=["bd fmt", "bd fmt --check"], writes=True)
@click.option("--check", "only", is_flag=True, help="Change nothing; exit code 1 where it would")
@pass_session
def fmt(session: Session, only: bool) -> None:
    """Write the log, its archive and the memories canonically: sorted, keys in order, LF.

    What records say stays the same, and of lines that say the same one stays. It is refused where
    a line cannot be read, or where lines of one id differ. Outcomes stay as they are: their lines
    are never edited, and have no order.
    """
    from contextlib import ExitStack

    from tracker import files

    with ExitStack() as held:
        if not only:
            held.enter_context(session.tracker.store.held())
        found = [(path, data, canonical(data, name)) for path, name, data in _formed(session)]
        for path, data, after in () if only else found:
            if after != data:
                files.replace(path, data, after)
        if not only and any(after != data for _, data, after in found):
            session.tracker.note_rewrite()
    dropped = sum(_repeats(data, os.path.basename(path)) for path, data, _ in found)
    _tell(session, [(data, after) for _, data, after in found], dropped, only=only)


def _formed(session: Session) -> Iterator[tuple[str, str, bytes]]:
    """The files that have a canonical form: path, name and content."""
    from tracker import files
    from tracker.cache import read_log

    place = session.place
    if not os.path.exists(place.log):
        raise Invalid(f"{place.log} is missing", hint="bd init")
    yield place.log, os.path.basename(place.log), read_log(place.log)[0]
    for name in (ARCHIVE_FILE, MEMORY_FILE):
        path = os.path.join(place.beads, name)
        data = files.contents(path)
        if data is not None:
            yield path, name, data


def canonical(data: bytes, name: str = "issues.jsonl") -> bytes:
    """A file in canonical form; what is no record of its kind follows behind, as it is.

    Raises Conflicted or Refused where a line cannot be read.
    """
    from tracker.codec import encode
    from tracker.lines import Found, scan
    from tracker.memoline import encode_memory

    sheet = _sheet(data, name)
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
        if isinstance(item, Found) and item.row.get(sheet.named) not in sheet
    ]
    return b"".join(row + b"\n" for row in rows)


def _sheet(data: bytes, name: str) -> Sheet[Any]:
    from tracker.log import Log
    from tracker.memories import Memories

    return Memories(data, name) if name == MEMORY_FILE else Log(data, name)


def _repeats(data: bytes, name: str) -> int:
    """How many lines say what another says."""
    return sum(len(found) - 1 for found in _sheet(data, name).repeated.values())


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
