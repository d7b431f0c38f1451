"""Closed issues that were put away: which may go, and how they come back.

`archive.jsonl` holds them in the same form. Laws: an id stands in the log or in the archive, and
where a merge left it in both the log wins; families go and come as a whole, so the numbers of
children never repeat; what an open issue names stays; putting away and bringing back leaves every
record as it was, byte for byte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tracker.errors import NotFound, Refused
from tracker.ids import resolve
from tracker.log import Draft, Log
from tracker.model import PARENT, Issue, instant
from tracker.words import TOMBSTONE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from tracker.shelf import Lines, Shelf

Reasons = dict[str, str]


class Wish(NamedTuple):
    """What to put away: issues that ended before an instant in nanoseconds, or named ones.

    `closing` are the statuses that count as closed; deleted issues go only if `deleted` says so.
    """

    closing: Collection[str]
    before: int = 0
    ids: frozenset[str] = frozenset()
    deleted: bool = False


class Parted(NamedTuple):
    """The ids that go, in order, and why others that were meant stay."""

    going: tuple[str, ...]
    staying: Mapping[str, str]


def together(log: bytes, archive: bytes) -> bytes:
    """The log with the issues of the archive that it does not hold behind its own."""
    if not archive.strip():
        return log
    live = Log(log)
    away = [line for line, row in Log(archive).rows() if row["id"] not in live]
    end = b"" if not log or log.endswith(b"\n") else b"\n"
    return log + end + b"".join(line + b"\n" for line in away) if away else log


def whole(shelf: Shelf) -> Log:
    """Every issue, wherever it is kept."""
    if not len(shelf.archive):
        return shelf.issues.whole
    return Log(together(shelf.issues.whole.data, shelf.archive.data), shelf.log)


def parted(log: Log, wish: Wish) -> Parted:
    """Which issues go. Of those that only age chose, each that must stay just stays."""
    issues = list(log.glances())
    meant = {issue.id for issue in issues if _is_meant(issue, wish)}
    staying: Reasons = {}
    for id in wish.ids - meant:
        issue = log.get_issue(id)
        staying[id] = "it is not closed" if issue is not None else "there is no such issue"
    going = set(meant)
    while going:
        kept = {id: why for id, why in _held(issues, going, wish).items() if id in going}
        if not kept:
            break
        staying |= kept
        going -= kept.keys()
    return Parted(tuple(id for id in log if id in going), staying)


def _is_meant(issue: Issue, wish: Wish) -> bool:
    is_deleted = issue.status == TOMBSTONE
    if issue.status not in wish.closing and not is_deleted:
        return False
    if wish.ids:
        return issue.id in wish.ids
    if is_deleted and not wish.deleted:
        return False
    ended = issue.deleted_at if is_deleted else issue.closed_at
    return 0 < instant(ended or issue.updated_at) < wish.before


def _held(issues: Iterable[Issue], going: Collection[str], wish: Wish) -> Reasons:
    """What keeps issues here: somebody open who names them, or a family that stays."""
    found: Reasons = {}
    present = {issue.id for issue in issues}
    for issue in issues:
        is_going = issue.id in going
        is_open = issue.status not in wish.closing and issue.status != TOMBSTONE
        for edge in issue.dependencies:
            other = edge.depends_on_id
            if is_going and edge.type == PARENT and other in present and other not in going:
                found.setdefault(issue.id, f"its parent {other} stays")
            if not is_going and other in going:
                if is_open:
                    found.setdefault(other, f"{issue.id} is open and names it")
                elif edge.type == PARENT:
                    found.setdefault(other, f"its child {issue.id} stays")
    return found


def put_away(shelf: Shelf, wish: Wish) -> tuple[dict[str, Lines], Parted]:
    """By file the lines after it, and what was decided. Raises Refused where a named one stays."""
    log = shelf.issues.whole
    found = parted(log, wish)
    if wish.ids and found.staying:
        id, why = next(iter(found.staying.items()))
        raise Refused(f"{id} cannot be put away: {why}", hint="bd archive --dry-run tells what can")
    lines = {id: log.line(id) for id in found.going}
    gone: dict[str, bytes | None] = dict.fromkeys(found.going)
    return ({"archive.jsonl": lines, shelf.log: gone} if lines else {}), found


def bring_back(
    shelf: Shelf, texts: Iterable[str], prefix: str
) -> tuple[dict[str, Lines], list[str]]:
    """By file the lines after the issues and their families came back. Raises NotFound."""
    archive = shelf.archive
    wanted: dict[str, None] = {}
    for text in texts:
        wanted.update(dict.fromkeys(_family(archive, found_in(archive, text, prefix))))
    back = {id: archive.line(id) for id in wanted if shelf.issues.line(id) is None}
    gone: dict[str, bytes | None] = dict.fromkeys(wanted)
    return {shelf.log: back, "archive.jsonl": gone}, list(back)


def found_in(archive: Log, text: str, prefix: str) -> str:
    """The id in the archive that a text means. Raises NotFound or Ambiguous."""
    if not len(archive):
        raise NotFound(text)
    return resolve(text, Draft(archive), prefix)


def _family(archive: Log, id: str) -> list[str]:
    """An issue, what is above it, and all that is below any of these."""
    found = {id: None}
    waiting = [id]
    while waiting:
        one = waiting.pop()
        issue = archive.get_issue(one)
        near = [edge.issue_id for edge in archive.incoming(one) if edge.type == PARENT]
        near += [issue.parent] if issue is not None and issue.parent else []
        for other in near:
            if other not in found and other in archive:
                found[other] = None
                waiting.append(other)
    return [one for one in archive if one in found]
