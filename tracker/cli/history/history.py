"""`bd history`: show what each commit did to an issue."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

import click

from tracker.cli.command import command, pass_session
from tracker.cli.revision import look_back
from tracker.errors import Ambiguous, NotFound, Refused, quoted
from tracker.git import revisions
from tracker.git.history import History, HistoryEntry
from tracker.git.patches import ARCHIVE, ISSUES, MEMORIES
from tracker.merge.record_diff import differences
from tracker.render.record_diff import born, cut, objects, told
from tracker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from tracker.cli.session import Session
    from tracker.git.patches import Commit, PatchedRecord
    from tracker.model.issue import Issue


SHORT = 10  # characters of a commit's name


@command(
    "history",
    examples=[
        "bd history bd-a1b2c",
        "bd history bd-a1b2c -n 3 --json",
        "bd history bd-a1b2c --ref origin/main",
    ],
)
@click.argument("id", required=False, metavar="[ID]")
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Maximum number; 0 for all",
)
@click.option("--ref", metavar="REV", help="As of a branch, commit or date  [HEAD]")
@click.option("--all", "everything", is_flag=True, help="Other issues that had this id too")
@pass_session
def history(
    session: Session, id: str | None, limit: int, ref: str | None, everything: bool
) -> None:
    """Show what each commit changed in an issue, newest first.

    Uncommitted changes come first. Deleted issues are found by their full id.
    """
    repo = revisions.repository(session.place, session.env)
    tip = look_back(session, ref).name if ref else repo.commit_of("HEAD")
    word = session.tracker.named([id] if id else [])[0]
    with closing(History(repo, session.place)) as found:
        told = _Telling(session, limit)
        subject = _subject(session, found, word, tip)
        told.begin(subject)
        entries = _entries(found, subject, tip, with_files=not ref)
        for entry in entries:
            if not everything and subject.is_stranger(entry.change):
                told.strangers += 1
            elif not told.add(entry):
                break
        told.end(subject, found)


class HistorySubject(NamedTuple):
    """Whose history is asked for; `issue` is None where the record is gone."""

    id: str
    issue: Issue | None = None
    line: bytes = b""

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids that the issue has had."""
        return (self.id, *(self.issue.aliases if self.issue else ()))

    def is_stranger(self, change: PatchedRecord) -> bool:
        """Whether a record that stood under one of the ids is another issue."""
        from tracker.merge.id_collisions import are_strangers
        from tracker.merge.inputs import MergeRow

        if self.issue is None:
            return False
        mine = MergeRow(("", self.id), self.line, is_issue=True)
        other = MergeRow(("", change.id), change.new or change.old or b"", is_issue=True)
        return are_strangers(mine, other)


def _subject(session: Session, found: History, word: str, tip: str | None) -> HistorySubject:
    """The issue that is in the log, else one that was in it once. Raises NotFound."""
    workspace = session.tracker
    try:
        id = workspace.resolve(word)
    except NotFound as error:
        id = _once(found, word, tip, error)
        return HistorySubject(id)
    row = workspace.answers.row(id)
    if row is None:  # it was put away
        return HistorySubject(id)
    return HistorySubject(id, workspace.issue(id), workspace.answers.line(row.n))


def _once(found: History, word: str, tip: str | None, error: NotFound) -> str:
    if tip is None:
        raise error
    for _ in found.of((word,), tip):
        return word
    if word in found.ids(MEMORIES):
        raise Refused(f"{word} is a memory", hint=f"bd memory history {quoted(word)}")
    part = word if "-" in word else f"-{word}"
    known = [id for id in found.ids() if id.startswith(part) or (part != word and part in id)]
    known = [id for id in known if next(found.of((id,), tip), None)]  # on this branch
    if len(known) > 1:
        raise Ambiguous(word, sorted(known))
    if not known:
        raise error
    return known[0]


def _entries(
    found: History, subject: HistorySubject, tip: str | None, *, with_files: bool
) -> Iterator[HistoryEntry]:
    changes = found.uncommitted() if with_files and tip else ()
    for change in changes:
        if change.kind == ISSUES and change.id in subject.ids:
            yield HistoryEntry(None, change)
    if tip:
        yield from found.of(subject.ids, tip)


class _Telling:
    """Says each entry as soon as it is there; for programs all at the end."""

    def __init__(self, session: Session, limit: int) -> None:
        self.session = session
        self.limit = limit
        self.count = 0
        self.strangers = 0
        self.rows: list[dict[str, Any]] = []

    def begin(self, subject: HistorySubject) -> None:
        title = f": {one_line(subject.issue.title)}" if subject.issue else " is not in the log now"
        if not self.session.json:
            self.session.say(f"{one_line(subject.id)}{title}")

    def add(self, entry: HistoryEntry) -> bool:
        """Whether more are wanted; what changed only the spelling is not one."""
        found = differences(entry.change.old, entry.change.new)
        if not found and not entry.change.left:
            return True
        self.count += 1
        if self.session.json:
            self.rows.append(_row(entry, objects(found)))
        else:
            self.session.say(_heading(entry.commit))
            for line in _body(entry):
                self.session.say(f"  {line}")
            self.session.flush()
        return self.count != self.limit

    def end(self, subject: HistorySubject, found: History) -> None:
        if self.session.json:
            self.session.emit(self.rows)
        if not self.count:
            self.session.note(f"no commit has {subject.id} yet (git add .beads && git commit)")
        if self.limit and self.count == self.limit:
            self.session.note(f"showing the newest {self.count} (-n 0 shows all)")
        if self.strangers:
            self.session.note(
                f"{self.strangers} more are about other issues that had this id (--all shows them)"
            )
        if found.is_shallow and self.count != self.limit:
            self.session.note("older commits are not in this clone (git fetch --unshallow)")


def action_of(change: PatchedRecord, *, known: bool = True) -> str:
    """What became of the record, in one word."""
    if not known:
        return "found"
    if change.left:
        return "archived" if change.file == ARCHIVE else "unarchived"
    if change.old is None:
        return "created"
    return "removed" if change.new is None else "changed"


def _row(entry: HistoryEntry, fields: list[dict[str, Any]]) -> dict[str, Any]:
    commit, change = entry.commit, entry.change
    about: dict[str, Any] = {"commit": None}
    if commit:
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(commit.time))
        about = {
            "commit": commit.name, "parents": list(commit.parents), "author": commit.author,
            "email": commit.email, "at": at, "subject": commit.subject,
        }  # fmt: skip
    action = action_of(change, known=not entry.is_first_known)
    return {**about, "id": change.id, "file": change.file, "action": action, "fields": fields}


def _heading(commit: Commit | None) -> str:
    if commit is None:
        return "not committed yet"
    at = time.strftime("%Y-%m-%d %H:%M", time.localtime(commit.time))
    merge = " (merge)" if len(commit.parents) > 1 else ""
    who = f"{one_line(commit.author)}: {one_line(commit.subject)}"
    return f"{commit.name[:SHORT]}  {at}  {who}{merge}"


def _body(entry: HistoryEntry) -> Iterator[str]:
    change = entry.change
    found = differences(change.old, change.new, memory=change.kind == MEMORIES)
    if entry.is_first_known:
        yield "was there already: what came before is not in this clone"
    elif change.left:
        yield f"moved from {change.left} to {change.file}"
    if change.new is None:
        yield f"removed ({title_of(change)})"
    elif change.old is None:
        if not entry.is_first_known:
            yield f"created: {title_of(change)}"
        yield from born(found)
    else:
        yield from told(found)


def title_of(change: PatchedRecord) -> str:
    """What the record is called, now or when it was last there; a memory, how it begins."""
    from tracker.merge.inputs import MergeRow

    row = MergeRow(("", change.id), change.new or change.old or b"", is_issue=True)
    title = row.text("title")
    if change.kind == MEMORIES and not title:
        return cut(row.text("content") or change.id)
    return one_line(title or row.text("description") or change.id)
