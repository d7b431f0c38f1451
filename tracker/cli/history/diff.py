"""`bd diff`: compare the records of two revisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click

from tracker.cli.command import command, pass_session
from tracker.cli.history.history import action_of, title_of
from tracker.cli.revision import name_of
from tracker.errors import Invalid
from tracker.git import revisions
from tracker.git.history import differing, names_of
from tracker.git.patches import ISSUES, MEMORIES, OUTCOMES
from tracker.merge.record_diff import differences
from tracker.model.status import TOMBSTONE
from tracker.render.record_diff import objects, told
from tracker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from tracker.cli.session import Session
    from tracker.git.patches import PatchedRecord
    from tracker.git.repository import Repository
    from tracker.merge.record_diff import RecordDifference


@command(
    "diff",
    examples=["bd diff", "bd diff main", "bd diff main..feature --json", "bd diff HEAD~5 HEAD"],
)
@click.argument("revs", nargs=-1, metavar="[REV | REV..REV | REV REV]")
@click.option(
    "--staged", "--cached", "staged", is_flag=True, help="Compare staged changes with HEAD"
)
@click.option("--short", is_flag=True, help="One line for each record")
@pass_session
def diff(session: Session, revs: tuple[str, ...], staged: bool, short: bool) -> None:
    """Show changed issues and memories, by default since HEAD.

    One revision is compared with the files, two with each other; A...B shows what B changed
    since it left A. Records that only moved or were reformatted are not listed.
    """
    repo = revisions.repository(session.place, session.env)
    names = _compared(session, repo, revs)
    if staged and len(names) > 1:
        raise click.UsageError("--staged takes one revision at most")
    paths = list(dict.fromkeys([*names_of(session.place), *_renamed(session, repo, names)]))
    changes = _joined(differing(repo, paths, *(["--cached"] if staged else []), *names))
    rows = [_Compared(c, differences(c.old, c.new, memory=c.kind == MEMORIES)) for c in changes]
    rows = [one for one in rows if one.fields or one.change.left]
    rows.sort(key=lambda one: (one.change.kind, one.change.id))
    _say_diff(session, rows, names, short=short)


def _joined(changes: Sequence[PatchedRecord]) -> list[PatchedRecord]:
    """The changes, with an issue that got another id as one of them."""
    gone = {c.id: c for c in changes if c.kind == ISSUES and c.new is None}
    left = dict.fromkeys(changes)
    for change in changes if gone else ():
        if change.kind == ISSUES and change.old is None and change.new is not None:
            old = next((gone[id] for id in _once(change.new) if id in gone), None)
            if old is not None:
                left.pop(old, None)
                left.pop(change)
                left[change._replace(old=old.old)] = None
    return list(left)


def _once(line: bytes) -> Sequence[str]:
    """The ids that an issue had before."""
    from tracker.merge.inputs import MergeRow

    return MergeRow(("", ""), line, is_issue=True).issue.aliases if b'"aliases"' in line else ()


def _compared(session: Session, repo: Repository, revs: tuple[str, ...]) -> list[str]:
    """The full names of what is compared; one is compared with the files."""
    if len(revs) > 2 or (len(revs) == 2 and any(".." in rev for rev in revs)):
        raise click.UsageError("two revisions at most: bd diff A..B")
    if len(revs) == 1 and "..." in revs[0]:
        one, two = (side or "HEAD" for side in revs[0].split("...", 1))
        names = [name_of(session, repo, one), name_of(session, repo, two)]
        base = repo.ask("merge-base", *names).text.split()
        if not base:
            raise Invalid(f"{one} and {two} have no commit in common", hint=f"bd diff {one}..{two}")
        return [base[0], names[1]]
    sides = (
        revs[0].split("..", 1) if len(revs) == 1 and ".." in revs[0] else list(revs or ("HEAD",))
    )
    return [name_of(session, repo, side or "HEAD") for side in sides]


def _renamed(session: Session, repo: Repository, names: list[str]) -> Iterator[str]:
    """The log's name in each of the revisions, if it had another one there."""
    for name in names:
        try:
            yield revisions.at(repo, session.place, name, name).path
        except revisions.NoRevision:
            continue


class _Compared(NamedTuple):
    change: PatchedRecord
    fields: tuple[RecordDifference, ...]

    @property
    def action(self) -> str:
        """What became of the record."""
        return action_of(self.change)


_SIGNS = {"created": "+", "removed": "-"}
_PLURALS = {ISSUES: "issues", MEMORIES: "memories", OUTCOMES: "outcomes"}


def _say_diff(session: Session, rows: list[_Compared], names: list[str], *, short: bool) -> None:
    if session.json:
        session.emit(_listed(rows, names))
        return
    for one in rows:
        session.say(_verdict(one.change) if one.change.kind == OUTCOMES else _line(one))
        if not short and one.action == "changed" and one.change.kind != OUTCOMES:
            for line in told(one.fields):
                session.say(f"    {line}")
    session.say(_summary(rows))


def _line(one: _Compared) -> str:
    sign = _SIGNS.get(one.action, "~")
    more = "" if one.action in {"created", "removed", "changed"} else f" ({one.action})"
    if one.change.kind != MEMORIES:
        return f"{sign} {one_line(one.change.id)}  {title_of(one.change)}{more}"
    status = next((field for field in one.fields if field.field == "status"), None)
    if status is not None and TOMBSTONE in {status.old.value, status.new.value}:
        more = " (forgotten)" if status.new.value == TOMBSTONE else " (restored)"
    return f"{sign} memory {one_line(one.change.id)}  {title_of(one.change)}{more}"


def _verdict(change: PatchedRecord) -> str:
    """Who judged which memory; a line that cannot be read is its id alone."""
    from tracker.log.memory_codec import decode_outcome
    from tracker.render import memories

    sign = "-" if change.new is None else "+" if change.old is None else "~"
    try:
        outcome = decode_outcome(change.new or change.old or b"")
    except ValueError:
        return f"{sign} verdict {one_line(change.id)}"
    if outcome.voids:
        return f"{sign} verdict {one_line(outcome.voids)} taken back by {one_line(outcome.by)}"
    return f"{sign} verdict {memories.verdict(outcome)}"


def _summary(rows: list[_Compared]) -> str:
    parts = []
    for kind, noun in _PLURALS.items():
        actions = [one.action for one in rows if one.change.kind == kind]
        counts = {action: actions.count(action) for action in dict.fromkeys(actions)}
        if counts:
            said = ", ".join(f"{count} {action}" for action, count in counts.items())
            parts.append(f"{noun}: {said}")
    return "; ".join(parts) or "No record differs"


def _listed(rows: list[_Compared], names: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"from": names[0], "to": names[1] if len(names) > 1 else None}
    for kind, plural in _PLURALS.items():
        found[plural] = [
            {"id": one.change.id, "file": one.change.file, "action": one.action,
             "fields": objects(one.fields)}
            for one in rows if one.change.kind == kind
        ]  # fmt: skip
    return found
