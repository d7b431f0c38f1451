"""Export issues in the format of Obsidian Tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker.model.issue import BLOCKS
from tracker.model.status import CLOSED, TOMBSTONE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tracker.model.issue import Issue


BOXES = {
    "open": " ", "in_progress": "/", "hooked": "/", "blocked": "!", "deferred": ">",
    CLOSED: "x", TOMBSTONE: "-",
}  # fmt: skip
PRIORITIES = {0: "🔺", 1: "⏫", 2: "🔼", 3: "🔽", 4: "⏬"}


def tasks(issues: Sequence[Issue]) -> Iterator[str]:
    """The lines of a document: by the day of the last edit, latest first, children indented."""
    yield "# Changes Log"
    known = {issue.id: issue for issue in issues}
    below: dict[str, list[Issue]] = {}
    for issue in issues:
        parent = issue.parent if issue.parent in known else ""
        below.setdefault(parent, []).append(issue)
    days: dict[str, list[Issue]] = {}
    for issue in below.get("", []):
        days.setdefault(_day(issue.updated_at or issue.created_at), []).append(issue)
    drawn: set[str] = set()
    for day in sorted(days, reverse=True):
        yield f"\n## {day or 'Without a date'}\n"
        for issue in days[day]:
            yield from _branch(issue, below, drawn)
    lost = [issue for issue in issues if issue.id not in drawn]
    if lost:  # parents that form a circle hang from nothing
        yield "\n## In a circle\n"
        yield from (_task(issue) for issue in lost)


def _branch(root: Issue, below: Mapping[str, list[Issue]], drawn: set[str]) -> Iterator[str]:
    waiting = [(root, "")]
    while waiting:
        issue, indent = waiting.pop()
        if issue.id in drawn:
            continue
        drawn.add(issue.id)
        yield indent + _task(issue)
        waiting += [(child, indent + "  ") for child in reversed(below.get(issue.id, []))]


def _task(issue: Issue) -> str:
    parts = [
        f"- [{BOXES.get(issue.status, ' ')}]",
        " ".join(issue.title.split()),
        PRIORITIES.get(issue.priority, ""),
        f"#{issue.issue_type}",
        *(f"#{'-'.join(label.split())}" for label in issue.labels),
        f"🆔 {issue.id}",
        *(f"⛔ {edge.depends_on_id}" for edge in issue.dependencies if edge.type == BLOCKS),
        *_dates(issue),
    ]
    return " ".join(part for part in parts if part)


def _dates(issue: Issue) -> Iterator[str]:
    signs = {"\N{HEAVY PLUS SIGN}": issue.created_at, "🛫": issue.defer_until, "📅": issue.due_at}
    ends = {"✅": issue.closed_at, "❌": issue.deleted_at}
    for sign, time in (signs | ends).items():
        if time:
            yield f"{sign} {_day(time)}"


def _day(time: str) -> str:
    return time[:10]
