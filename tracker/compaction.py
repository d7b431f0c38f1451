"""Making old closed issues short: their texts give way to a summary that somebody wrote.

What they said stays in git's history (`bd history ID`), and `bd undo` brings it back.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from tracker import fields
from tracker.change import changed, live
from tracker.codec import quote
from tracker.digits import whole
from tracker.errors import Invalid, Refused
from tracker.model import instant, stamp
from tracker.words import TOMBSTONE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from tracker.change import Who
    from tracker.log import Draft
    from tracker.model import Issue

DAY = 86_400_000_000_000  # nanoseconds
AGES = {1: 30, 2: 90}
"""Days after which a closed issue may be made short, and then once more, as in Beads."""
TEXTS = ("description", "design", "notes", "acceptance_criteria")


class Candidate(NamedTuple):
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
    return whole(raw) or 0


def candidates(
    issues: Iterable[Issue], tier: int, now: int, closing: Collection[str]
) -> list[Candidate]:
    """The issues that are closed for long enough and hold text, those with the most text first."""
    found = []
    for issue in issues:
        if issue.status not in closing or issue.status == TOMBSTONE or level(issue) >= tier:
            continue
        days = (now - instant(issue.closed_at)) // DAY if issue.closed_at else 0
        if days >= AGES[tier] and size(issue):
            found.append(Candidate(issue, size(issue), days))
    return sorted(found, key=lambda one: (-one.size, one.issue.id))


def compact(draft: Draft, id: str, summary: str, tier: int, who: Who) -> Compacted:
    """Put a summary in the place of all texts of an issue. Raises Invalid, or Refused if longer."""
    issue = live(draft, id)
    text = fields.text("summary", summary).strip()
    if not text:
        raise Invalid("the summary is empty", hint="--summary FILE, or - for the standard input")
    before, after = size(issue), len(text.encode())
    if after >= before:
        raise Refused(f"the summary ({after} bytes) is no shorter than {id} ({before} bytes)")
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
