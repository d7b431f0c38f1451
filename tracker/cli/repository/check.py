"""`bd check`: check the log for errors."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from tracker.cli.command import command, pass_session
from tracker.errors import Invalid, NotATracker, Refused
from tracker.log.paths import ARCHIVE_FILE, MEMORY_FILE, OUTCOMES_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracker.checks.staged import Git
    from tracker.cli.session import Session
    from tracker.issues.invariants import CheckSubject
    from tracker.log.record_file import RecordFile


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
@click.option("--staged", is_flag=True, help="Check staged changes against HEAD")
@click.option("--against", metavar="REV", help="Check the commits of this branch that REV lacks")
@pass_session
def check(session: Session, file: str, staged: bool, against: str | None) -> None:
    """Check the log for conflict markers, cycles and lost records.

    Exit 1 if there is an error; warnings do not count. With --staged it is what
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


def _subject(session: Session, file: str) -> CheckSubject:
    from tracker.checks.doctor import subject
    from tracker.issues import invariants as checks
    from tracker.log.issue_log import Log

    if not file:
        place = session.place
        if not os.path.exists(place.log):
            raise Invalid(f"{place.log} is missing", hint="bd init")
        return subject(place)
    return checks.subject(Log(_contents(session, file), os.path.basename(file)))


def _contents(session: Session, file: str) -> bytes:
    from tracker.small_files import contents

    data = contents(os.path.realpath(os.path.join(session.folder, file)))
    if data is None:
        raise Invalid(f"there is no file {file}")
    return data


def _beside(session: Session) -> Iterator[Finding]:
    """What is wrong with the files beside the log."""
    from tracker.small_files import contents

    for name in OTHERS:
        data = contents(os.path.join(session.place.beads, name))
        yield from _unreadable(name, data or b"")
        if name == MEMORY_FILE:
            yield from _kept(data or b"")


def _kept(data: bytes) -> Iterator[Finding]:
    from tracker.checks.doctor import KEPT_FIX, kept_memories
    from tracker.issues.invariants import told

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
    from tracker.checks.doctor import beside, mending
    from tracker.issues.invariants import told

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


def _findings(seen: CheckSubject) -> Iterator[Finding]:
    from tracker.issues.invariants import findings, told

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
    from tracker.checks.hooks import ALLOW_LOSS, arrived, staged
    from tracker.checks.staged import Git
    from tracker.cli.argv import boolean

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
    from tracker.git.revisions import NoRevision

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


def record_file_of(data: bytes, name: str) -> RecordFile[Any]:
    """Return the records of a file, by the codec of its name."""
    from tracker.log.issue_log import Log
    from tracker.log.memory_log import MemoryFile

    return MemoryFile(data, name) if name == MEMORY_FILE else Log(data, name)


def count_repeated(data: bytes, name: str) -> int:
    """How many lines say what another says."""
    return sum(len(found) - 1 for found in record_file_of(data, name).repeated.values())
