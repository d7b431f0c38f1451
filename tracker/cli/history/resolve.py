"""`bd resolve`: settle what a merge left open.

Three things may be left: a file with conflict markers (no driver ran), files of an interrupted
merge of Beads, and in single records the values that gave way (`tracker.cli.history.conflicts`).
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

import click

from tracker import small_files
from tracker.cli.command import command, pass_session
from tracker.errors import Invalid, NotATracker, Refused, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager
    from typing import Any

    from tracker.cli.session import Session
    from tracker.git.unmerged import Repaired
    from tracker.model.context import Place


RECORDS = ("archive.jsonl", "memory.jsonl", "outcomes.jsonl")  # and the log


@command(
    "resolve",
    examples=[
        "bd resolve",
        "bd resolve .beads/issues.jsonl",
        "bd resolve bd-a1b2 --field title --take other",
        'bd resolve bd-a1b2 --field title --text "A better one"',
    ],
    writes=True,
)
@click.argument("what", default="", metavar="[FILE|ID]")
@click.option("--file", "file", metavar="F", help="File with conflict markers, of any name")
@click.option("--leftovers", is_flag=True, help="Finish an interrupted merge of Beads")
@click.option("--field", default="", metavar="F", help="Resolve this field of the issue only")
@click.option("--take", metavar="kept|other|N", help="Value to use for the issue")
@click.option("--text", metavar="T", help="Use a text of your own for the issue")
@click.option("--dry-run", is_flag=True, help="Show what would be done")
@pass_session
def resolve(session: Session, /, what: str, **given: Any) -> None:
    """Resolve conflict markers, or a merge conflict of an issue.

    Without arguments, merge every file of the workspace that has conflict markers as the merge
    driver would have: from git's index, or else from the markers. Several lines of one id, left by
    a merge by lines, become one. A copy of the original file goes into .beads/.local.
    """
    from tracker.cli.history.conflicts import settle_one, show_one

    settles = given["take"] is not None or given["text"] is not None
    if given["take"] is not None and given["text"] is not None:
        raise click.UsageError("--take and --text exclude each other")
    if given["leftovers"]:
        _leftovers(session, dry=given["dry_run"])
    elif settles or given["field"]:
        if not what:
            raise click.UsageError("which issue? bd conflicts lists them")
        settle_one(session, what, given)
    elif what and not given["file"] and not _is_file(session, what):
        show_one(session, what)
    else:
        _files(session, given["file"] or what, dry=given["dry_run"])


def _is_file(session: Session, word: str) -> bool:
    if os.path.isfile(os.path.join(session.folder, word)) or word.endswith(".jsonl"):
        return True
    return "/" in word and not _is_memory(session, word)


def _is_memory(session: Session, word: str) -> bool:
    try:
        return session.memories.row(word) is not None
    except NotATracker:  # a file may be merged anywhere
        return False


# Files.


class FileResult(NamedTuple):
    """A file that was merged."""

    path: str
    found: Repaired
    is_unmerged: bool
    backup: str = ""


def _files(session: Session, named: str, *, dry: bool) -> None:
    """Merge one file, or each of the workspace that needs it."""
    try:
        place = session.place
    except NotATracker:
        if not named:
            raise
        place = None
    paths = [os.path.realpath(os.path.join(session.folder, named))] if named else _usual(place)
    done: list[FileResult] = []
    with ExitStack() as held:
        if place is not None and not dry:
            held.enter_context(_lock(session))
        for path in paths:
            one = _merge(session, place, path, dry=dry)
            if one is not None:
                done.append(one)
        if place is not None and any(_is_kept_by(place, one) for one in done):
            _note_rewrite(session, place)
    _tell_files(session, done, named, dry=dry)
    if place is not None and done and not dry:
        from tracker.cli.driver_notice import register
        from tracker.setup.merge_driver import is_missing

        if is_missing(place):
            register(session)


def _usual(place: Place | None) -> list[str]:
    if place is None:
        return []
    names = [place.log, *(os.path.join(place.beads, name) for name in RECORDS)]
    return [path for path in dict.fromkeys(names) if os.path.isfile(path)]


def _lock(session: Session) -> AbstractContextManager[None]:
    """Nobody else of us writes meanwhile. The log is not read: that would warn of the markers."""
    from tracker.workspace.workspace import Workspace

    return Workspace(session.place, session).store.held()


def _merge(session: Session, place: Place | None, path: str, *, dry: bool) -> FileResult | None:
    """Merge a file; None where nothing is to be done."""
    from tracker.git.unmerged import repaired

    data = small_files.contents(path)
    if data is None:
        raise Invalid(f"there is no file {path}")
    stages = _stages(session, path)
    found = repaired(data, stages, os.path.basename(path))
    if found is None:
        return FileResult(path, _untouched(data), True) if stages else None
    if dry:
        return FileResult(path, found, bool(stages))
    backup = _backup(place, path, data)
    small_files.replace(path, data, found.data)
    return FileResult(path, found, bool(stages), backup)


def _is_kept_by(place: Place, done: FileResult) -> bool:
    """Whether a file of the workspace was written."""
    return bool(done.backup) and os.path.dirname(done.path) == os.path.realpath(place.beads)


def _note_rewrite(session: Session, place: Place) -> None:
    """Have `undo` know that whole files were written."""
    from tracker.workspace.workspace import Workspace

    Workspace(place, session).note_rewrite()


def _untouched(data: bytes) -> Repaired:
    from tracker.git.unmerged import Repaired

    return Repaired(data, (), "")


def _stages(session: Session, path: str) -> dict[int, bytes]:
    """What git's index holds of a file that it could not merge."""
    from tracker.git.discovery import git_of
    from tracker.git.repository import GitFailed, Repository

    top = git_of(os.path.dirname(path))[0]
    if top is None:
        return {}
    try:
        return Repository(top, session.env).stages(os.path.relpath(path, top))
    except GitFailed:
        return {}


def _backup(place: Place | None, path: str, data: bytes) -> str:
    """Keep the file as it was, where git does not see it."""
    from tracker.fileio import make_local

    folder, name = os.path.split(path)
    if place is not None and folder == place.beads:
        folder = os.path.join(place.beads, ".local")
        make_local(folder)
    number = 0
    while True:
        backup = os.path.join(folder, f"{name}.pre-resolve{f'.{number}' if number else ''}")
        if small_files.create(backup, data):
            return backup
        if small_files.contents(backup) == data:
            return backup
        number += 1


def _tell_files(session: Session, done: list[FileResult], named: str, *, dry: bool) -> None:
    start = os.path.realpath(session.folder)
    unmerged = [os.path.relpath(one.path, start) for one in done if one.is_unmerged]
    if session.json:
        session.emit({
            "resolved": [_row(one) for one in done if one.found.source],
            "left": [f"git add {path}" for path in unmerged],
            "dry_run": dry,
        })  # fmt: skip
        return
    for one in done:
        _say_file(session, one, os.path.relpath(one.path, start), dry=dry)
    if not done:
        session.say(f"✓ no conflict markers in {named or 'any file of the workspace'}")
        session.note("values that merges kept beside others: bd conflicts")
    elif unmerged and not dry:
        session.say(f"Git still waits for it: git add {' '.join(map(quoted, unmerged))}")


def _say_file(session: Session, one: FileResult, name: str, *, dry: bool) -> None:
    found = one.found
    if not found.source:
        session.say(f"✓ {name} holds no conflict markers")
        return
    origin = _ORIGINS[found.source]
    count = _count(found.data)
    session.say(f"{'Would merge' if dry else '✓ merged'} {name} from {origin}: {count} records")
    for decision in found.decisions:
        session.say(f"  {decision}")
    for id in found.edited:
        session.say(f"  {id}: as it was corrected in the file")
    if one.backup:
        session.say(
            f"  (as it was: {os.path.relpath(one.backup, os.path.realpath(session.folder))})"
        )


_ORIGINS = {
    "index": "the versions in git's index",
    "markers": "the conflict markers",
    "repeats": "the lines of ids that stand more than once",
}


def _count(data: bytes) -> int:
    from tracker.issues.regressions import Version

    return len(Version(data).names)


def _row(one: FileResult) -> dict[str, Any]:
    return {
        "path": one.path,
        "from": one.found.source,
        "records": _count(one.found.data),
        "decisions": list(one.found.decisions),
        "corrected": list(one.found.edited),
        "backup": one.backup,
    }


# Leftovers of Beads.


class Recovery(NamedTuple):
    """What files of an interrupted merge bring into the log; where they and its copy are now."""

    names: list[str]
    news: list[str]
    decisions: list[str]
    folder: str = ""
    backup: str = ""


def _leftovers(session: Session, *, dry: bool) -> None:
    """Bring what they hold into the log, and put them away."""
    if dry:
        done = _recovered(session.place, dry=True)
    else:
        with _lock(session):
            done = _recovered(session.place, dry=False)
            if done.backup:
                _note_rewrite(session, session.place)
    if session.json:
        session.emit({**done._asdict(), "dry_run": dry})
        return
    if not done.names:
        session.say("✓ no merge of Beads left anything here")
        return
    would = "would be " if dry else ""
    count = "1 record" if len(done.news) == 1 else f"{len(done.news)} records"
    session.say(f"{', '.join(done.names)}: {count} {would}brought into the log")
    for line in (*done.news, *done.decisions):
        session.say(f"  {line}")
    start = os.path.realpath(session.folder)
    if done.folder:
        session.say(f"The files are in {os.path.relpath(done.folder, start)}")
    if done.backup:
        session.say(f"The log as it was is in {os.path.relpath(done.backup, start)}")


def _recovered(place: Place, *, dry: bool) -> Recovery:
    from tracker.errors import Conflicted
    from tracker.git.unmerged import LEFTOVERS, recovered
    from tracker.log.issue_log import Log

    log = Log(small_files.contents(place.log) or b"", os.path.basename(place.log))
    if log.markers:
        raise Conflicted(log.path, log.markers)
    held = {
        f"beads.{side}{end}": small_files.contents(os.path.join(place.beads, f"beads.{side}{end}"))
        for side in LEFTOVERS
        for end in (".jsonl", ".meta.json")
    }
    names = [name for name, data in held.items() if data is not None]
    sides = {side: held[f"beads.{side}.jsonl"] or b"" for side in LEFTOVERS
             if f"beads.{side}.jsonl" in names}  # fmt: skip
    if not names:
        return Recovery([], [], [])
    merged = recovered(log.data, sides)
    after = Log(merged.data)
    news = [id for id in {**after, **log} if after.line(id) != log.line(id)]
    done = Recovery(names, news, [str(decision) for decision in merged.decisions])
    if dry:
        return done
    backup = ""
    if merged.data != log.data:
        backup = _backup(place, place.log, log.data)
        small_files.replace(place.log, log.data, merged.data)
    return done._replace(folder=_put_away(place, names), backup=backup)


def _put_away(place: Place, names: Iterable[str]) -> str:
    """Move them to where git does not see them, and return the folder."""
    from tracker.fileio import make_local

    local = os.path.join(place.beads, ".local")
    make_local(local)
    folder, number = os.path.join(local, "leftovers"), 1
    while os.path.lexists(folder):
        number += 1
        folder = os.path.join(local, f"leftovers-{number}")
    try:
        os.mkdir(folder)
        for name in names:
            os.rename(os.path.join(place.beads, name), os.path.join(folder, name))
    except OSError as error:
        raise Refused(f"cannot move them to {folder}: {error.strerror}") from None
    return folder
