"""Archive closed issues, and compact old ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from tracker.errors import Invalid, NotFound, Refused
from tracker.issues.editing import changed, live
from tracker.issues.lookup import resolve
from tracker.json_text import quote
from tracker.log.issue_log import Draft, Log
from tracker.model import validation
from tracker.model.issue import PARENT
from tracker.model.status import TOMBSTONE
from tracker.model.timestamps import instant, stamp
from tracker.text import whole_number

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from tracker.issues.editing import Who
    from tracker.log.record_file import Lines
    from tracker.log.snapshot import Snapshot
    from tracker.model.issue import Issue


Reasons = dict[str, str]


class ArchiveRequest(NamedTuple):
    """What to put away: issues that ended before an instant in nanoseconds, or named ones.

    `closing` are the statuses that count as closed; deleted issues go only if `deleted` says so.
    """

    closing: Collection[str]
    before: int = 0
    ids: frozenset[str] = frozenset()
    deleted: bool = False


class ArchiveSplit(NamedTuple):
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


def whole(shelf: Snapshot) -> Log:
    """Every issue, wherever it is kept."""
    if not len(shelf.archive):
        return shelf.issues.whole
    return Log(together(shelf.issues.whole.data, shelf.archive.data), shelf.log)


def parted(log: Log, wish: ArchiveRequest) -> ArchiveSplit:
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
    return ArchiveSplit(tuple(id for id in log if id in going), staying)


def _is_meant(issue: Issue, wish: ArchiveRequest) -> bool:
    is_deleted = issue.status == TOMBSTONE
    if issue.status not in wish.closing and not is_deleted:
        return False
    if wish.ids:
        return issue.id in wish.ids
    if is_deleted and not wish.deleted:
        return False
    ended = issue.deleted_at if is_deleted else issue.closed_at
    return 0 < instant(ended or issue.updated_at) < wish.before


def _held(issues: Iterable[Issue], going: Collection[str], wish: ArchiveRequest) -> Reasons:
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


def put_away(shelf: Snapshot, wish: ArchiveRequest) -> tuple[dict[str, Lines], ArchiveSplit]:
    """By file the lines after it, and what was decided. Raises Refused where a named one stays."""
    log = shelf.issues.whole
    found = parted(log, wish)
    if wish.ids and found.staying:
        id, why = next(iter(found.staying.items()))
        raise Refused(
            f"{id} cannot be archived: {why}",
            hint="bd archive --dry-run lists what can be archived",
        )
    lines = {id: log.line(id) for id in found.going}
    gone: dict[str, bytes | None] = dict.fromkeys(found.going)
    return ({"archive.jsonl": lines, shelf.log: gone} if lines else {}), found


def bring_back(
    shelf: Snapshot, texts: Iterable[str], prefix: str
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


DAY = 86_400_000_000_000  # nanoseconds
AGES = {1: 30, 2: 90}
"""Days after which a closed issue may be made short, and then once more, as in Beads."""
TEXTS = ("description", "design", "notes", "acceptance_criteria")


class CompactionCandidate(NamedTuple):
    """An issue that may be made short; its size is in bytes of text."""

    issue: Issue
    size: int
    days: int


class Compacted(NamedTuple):
    """What became of it, in bytes of text."""

    issue: Issue
    before: int
    after: int


def size(issue: Issue) -> int:
    """How much text an issue holds, in bytes."""
    return sum(len(getattr(issue, name).encode(errors="replace")) for name in TEXTS)


def level(issue: Issue) -> int:
    """How often it was made short."""
    raw = dict(issue.extra).get("compaction_level", "0")
    return whole_number(raw) or 0


def candidates(
    issues: Iterable[Issue], tier: int, now: int, closing: Collection[str]
) -> list[CompactionCandidate]:
    """The issues that are closed for long enough and hold text, those with the most text first."""
    found = []
    for issue in issues:
        if issue.status not in closing or issue.status == TOMBSTONE or level(issue) >= tier:
            continue
        days = (now - instant(issue.closed_at)) // DAY if issue.closed_at else 0
        if days >= AGES[tier] and size(issue):
            found.append(CompactionCandidate(issue, size(issue), days))
    return sorted(found, key=lambda one: (-one.size, one.issue.id))


def compact(draft: Draft, id: str, summary: str, tier: int, who: Who) -> Compacted:
    """Put a summary in the place of all texts of an issue. Raises Invalid, or Refused if longer."""
    issue = live(draft, id)
    text = validation.text("summary", summary).strip()
    if not text:
        raise Invalid("the summary is empty", hint="--summary FILE, or - for standard input")
    before, after = size(issue), len(text.encode())
    if after >= before:
        raise Refused(f"the summary ({after} bytes) is not shorter than {id} ({before} bytes)")
    short = dict.fromkeys(TEXTS, "") | {"description": text}
    marks = {
        "compaction_level": str(max(tier, level(issue))),
        "compacted_at": quote(stamp(who.now)),
        "original_size": dict(issue.extra).get("original_size", str(before)),
    }
    new = changed(issue, who, short)
    extra = tuple(sorted({**dict(new.extra), **marks}.items()))
    return Compacted(draft.put(replace(new, extra=extra)), before, after)


def outdated(issues: Iterable[Issue], days: int, now: int) -> list[str]:
    """The ids of what was deleted at least so many days ago."""
    return sorted(
        issue.id
        for issue in issues
        if issue.status == TOMBSTONE and now - instant(issue.deleted_at) >= days * DAY
    )
