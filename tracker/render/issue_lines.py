"""Issues as lines, trees and tables.

What comes from the log is put on one line and stripped of what could steer a terminal; the shapes
are those of Beads 0.49 without a terminal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from tracker.cache.issues.obstacles import CachedObstacle, Chain, ChainLink, IssueState
    from tracker.cache.issues.queries import IssueListPage, IssueRow
    from tracker.cache.issues.statistics import Totals


ICONS = {
    "open": "○", "in_progress": "◐", "blocked": "●", "closed": "✓", "deferred": "❄",
    "pinned": "📌",
}  # fmt: skip
LEGEND = "Status: ○ open  ◐ in_progress  ● blocked  ✓ closed  ❄ deferred"
BADGES = {"epic": "EPIC", "bug": "BUG"}
DEEPEST = 40  # levels that are indented; a longer chain goes on in a straight line


def icon(status: str) -> str:
    """The sign of a status; `?` for those that Beads does not know."""
    return ICONS.get(status, "?")


def priority(row: IssueRow) -> str:
    """`● P2`, without the bullet once the issue is closed."""
    return f"P{row.priority}" if row.status == "closed" else f"● P{row.priority}"


def tail(row: IssueRow) -> str:
    """Who does it, and its labels, as a line ends with them."""
    who = f" @{one_line(row.assignee)}" if row.assignee else ""
    labels = f" [{' '.join(one_line(label) for label in row.labels)}]" if row.labels else ""
    return who + labels


def relations(blocked_by: Sequence[str], blocks: Sequence[str]) -> str:
    """`(blocked by: a, b, blocks: c)`, or nothing."""
    parts = [("blocked by", blocked_by), ("blocks", blocks)]
    told = ", ".join(f"{what}: {', '.join(map(one_line, ids))}" for what, ids in parts if ids)
    return f" ({told})" if told else ""


def line(row: IssueRow, blocked_by: Sequence[str] = (), blocks: Sequence[str] = ()) -> str:
    """One issue of `bd list`."""
    pin = "📌 " if row.pinned else ""
    return (
        f"{icon(row.status)} {pin}{one_line(row.id)} [{priority(row)}] [{one_line(row.issue_type)}]"
        f"{tail(row)} - {one_line(row.title)}{relations(blocked_by, blocks)}"
    )


def compact(row: IssueRow, blocked_by: Sequence[str] = (), blocks: Sequence[str] = ()) -> str:
    """One issue as agents get it, who pay for every word."""
    return f"{one_line(row.id)}: {one_line(row.title)}{relations(blocked_by, blocks)}"


def long(row: IssueRow) -> str:
    """One issue of `bd list --long`."""
    status = one_line(row.status)
    lines = [f"{one_line(row.id)} [{priority(row)}] [{one_line(row.issue_type)}] {status}"]
    lines.append(f"  {one_line(row.title)}")
    if row.assignee:
        lines.append(f"  Assignee: {one_line(row.assignee)}")
    if row.labels:
        lines.append(f"  Labels: [{' '.join(one_line(label) for label in row.labels)}]")
    return "\n".join([*lines, ""])


def found(row: IssueRow) -> str:
    """One issue of `bd search`."""
    return (
        f"{one_line(row.id)} [P{row.priority}] [{one_line(row.issue_type)}] {one_line(row.status)}"
        f"{tail(row)} - {one_line(row.title)}"
    )


def short(row: IssueRow) -> str:
    """One issue in a tree, or as `bd show --short` prints it."""
    return (
        f"{icon(row.status)} {one_line(row.id)} ● P{row.priority} [{one_line(row.issue_type)}]"
        f" {one_line(row.title)}"
    )


def ranked(number: int, row: IssueRow, *more: str) -> str:
    """One issue of `bd ready`, with further lines below it."""
    told = [f"{number}. [● P{row.priority}] [{one_line(row.issue_type)}] {compact(row)}"]
    if row.estimated:  # in the words of Beads, which programs look for
        told.append(f"Estimate: {row.estimated} min")
    if row.assignee:
        told.append(f"Assignee: {one_line(row.assignee)}")
    return "\n   ".join([*told, *more])


def held(row: IssueRow, reasons: Sequence[CachedObstacle], way: Sequence[str]) -> str:
    """One issue of `bd blocked`."""
    lines = [f"[● P{row.priority}] {compact(row)}"]
    by = blockers(row.id, reasons)
    if by:
        ids = " ".join(map(one_line, by))
        lines.append(f"  Blocked by {len(by)} open dependencies: [{ids}]")
    else:
        lines.append("  Its status is blocked; no dependency holds it")
    through = next((one.through for one in reasons if one.through not in {row.id, one.id}), "")
    if through:
        lines.append(f"  It waits through its parent {one_line(through)}")
    if way:
        lines.append(f"  {circle(way)}")
    return "\n".join([*lines, ""])


def blockers(id: str, reasons: Iterable[CachedObstacle]) -> list[str]:
    """The ids of what really holds an issue, each once."""
    return list(dict.fromkeys(reason.id for reason in reasons if reason.id != id))


def arrows(way: Sequence[str]) -> str:
    """`a → b → a`."""
    return " → ".join(map(one_line, [*way, *way[:1]]))


def tree(rows: Sequence[IssueRow]) -> Iterator[str]:
    """Rows as trees, each below its parent where that is among them; by priority, then id.

    The numbers of children are compared as numbers.
    """
    known = {row.id for row in rows}
    below: dict[str, list[IssueRow]] = {}
    for row in sorted(rows, key=lambda row: (row.priority, _natural(row.id))):
        below.setdefault(row.parent if row.parent in known else "", []).append(row)
    drawn: set[str] = set()
    for root in below.get("", []):
        yield from _branch(root, below, drawn)
    for row in rows:  # parents that form a circle hang from no root
        if row.id not in drawn:
            yield from _branch(row, below, drawn)


def _natural(id: str) -> list[str]:
    return [part.zfill(9) if part.isdigit() else part for part in id.split(".")]


def _branch(root: IssueRow, below: dict[str, list[IssueRow]], drawn: set[str]) -> Iterator[str]:
    waiting = [(root, "", "")]
    while waiting:
        row, start, indent = waiting.pop()
        if row.id in drawn:
            continue
        drawn.add(row.id)
        yield start + short(row)
        children = [child for child in below.get(row.id, []) if child.id not in drawn]
        for child in reversed(children):
            last = child is children[-1]
            mark, bar = ("└── ", "    ") if last else ("├── ", "│   ")
            waiting.append((child, indent + mark, indent + bar))


def summary(rows: Collection[IssueRow]) -> str:
    """What stands below a tree."""
    counts = {
        status: sum(row.status == status for row in rows) for status in ("open", "in_progress")
    }
    told = f"{counts['open']} open, {counts['in_progress']} in progress"
    return f"\n{'-' * 80}\nTotal: {len(rows)} issues ({told})\n\n{LEGEND}"


def edges(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Dependencies as text: the issue, then what it depends on."""
    for source, target in pairs:
        yield f"{one_line(source)} {one_line(target)}"


def graphviz(rows: Iterable[IssueRow], pairs: Iterable[tuple[str, str, str]]) -> Iterator[str]:
    """Issues and their dependencies (source, target, type) in the language of Graphviz."""
    yield "digraph dependencies {"
    yield "  rankdir=LR;"
    for row in rows:
        label = f"{one_line(row.id)}\n{one_line(row.title)}"
        yield f"  {quoted(row.id)} [label={quoted(label)}];"
    for source, target, kind in pairs:
        style = "" if kind == "blocks" else f" [label={quoted(kind)}]"
        yield f"  {quoted(source)} -> {quoted(target)}{style};"
    yield "}"


def quoted(text: str) -> str:
    """A string of Graphviz."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def moment(text: str, *, local: bool = False) -> str:
    """A stored time as `2026-11-20 10:18`, in UTC or by the machine's clock; "" for none."""
    if text.endswith("Z") and len(text) >= 20 and not local:
        return one_line(text[:16].replace("T", " "))
    if not text:
        return ""
    from datetime import UTC, datetime

    from tracker.model.timestamps import instant

    seconds = instant(text) // 1_000_000_000
    if not seconds:
        return one_line(text)
    try:
        return datetime.fromtimestamp(seconds, None if local else UTC).isoformat(" ")[:16]
    except (OverflowError, OSError, ValueError):
        return one_line(text)


def until(text: str, *, local: bool = False) -> str:
    """` until 2026-11-20 10:18 UTC`, or nothing where there is no such time."""
    return f" until {moment(text, local=local)}{'' if local else ' UTC'}" if text else ""


def phrase(
    obstacle: CachedObstacle, own: str, state: IssueState | None, *, local: bool = False
) -> str:
    """Why an issue is not ready, in a few words; `state` is that of the obstacle."""
    kind, id, through = obstacle
    status = one_line(state.status) if state else "gone"
    other = one_line(id)
    via = f"parent {one_line(through)} " if through not in {own, id} else ""
    if kind == "deferred":
        whose = "" if id == own else f"parent {other} "
        return f"{whose}deferred{until(state.defer_until if state else '', local=local)}"
    if kind == "status" and id == own and state and state.status == "in_progress":
        return f"in progress, {one_line(state.assignee)}" if state.assignee else "in progress"
    if kind == "status":
        return f"status {status}" if id == own else f"parent {other} has status {status}"
    sayings = {
        "blocks": f"blocked by {other} ({status})",
        "conditional-blocks": f"waits for {other} to fail ({status})",
        "waits-for": f"waits for the children of {other}",
        "child": f"its child {other} ({status})",
        "ephemeral": "ephemeral",
        "template": "a template",
        "pinned": "pinned",
    }
    return via + sayings.get(kind, f"{one_line(kind)} {other}")


_ENDS = {
    "ready": "can be worked on",
    "circle": "waits for the above: a circle",
    "told": "see above",
    "in_progress": "in progress",
}


def chain(own: str, found: Chain) -> Iterator[str]:
    """What stands in the way, level by level, down to what can be worked on."""
    last = _lasts(found.links)
    bars: list[str] = []
    way = [own]
    for link, is_last in zip(found.links, last, strict=True):
        del bars[link.depth :], way[link.depth + 1 :]
        yield "".join(bars[:DEEPEST]) + ("└── " if is_last else "├── ") + _link(link, way[-1])
        bars.append("    " if is_last else "│   ")
        way.append(link.obstacle.id)
    if found.circle:
        yield circle(found.circle)


def _lasts(links: Sequence[ChainLink]) -> list[bool]:
    """Of each link whether no other one hangs from the same place below it."""
    followed: list[bool] = []  # by depth, seen from the end
    found = []
    for link in reversed(links):
        del followed[link.depth + 1 :]
        followed += [False] * (link.depth + 1 - len(followed))
        found.append(not followed[link.depth])
        followed[link.depth] = True
    return found[::-1]


def _link(link: ChainLink, own: str) -> str:
    state = link.state
    told = phrase(link.obstacle, own, state)
    if state and link.obstacle.kind in {"blocks", "conditional-blocks", "child"}:
        told += f": {one_line(state.title)}"
    end = _ENDS.get(link.end, "")
    if link.end == "in_progress" and state and state.assignee:
        end = f"in progress, {one_line(state.assignee)}"
    return f"{told} ← {end}" if end else told


def verdict(row: IssueRow, found: Chain, *, done: bool) -> str:
    """The issue, and whether it can be worked on."""
    if done:
        return f"{short(row)}\nNot ready: it is done"
    return f"{short(row)}\n{'Not ready:' if found.links else 'Ready: yes'}"


def circle(way: Sequence[str]) -> str:
    """Issues that wait for each other."""
    return f"⚠ They wait for each other: {arrows(way)}"


def circles(ways: Sequence[Sequence[str]]) -> str:
    """What `bd ready` says about all circles: how many issues, and the first way around."""
    count = len({id for way in ways for id in way})
    more = f" and {len(ways) - 1} more" if len(ways) > 1 else ""
    issues = "1 issue waits for itself" if count == 1 else f"{count} issues wait for each other"
    return f"⚠ {issues}: {arrows(ways[0])}{more} (bd dep cycles)"


def because(row: IssueRow, done: Sequence[str]) -> str:
    """Why an issue is ready; `done` are those that it had to wait for."""
    what = "open" if row.status == "open" else "put off until a time that has passed"
    before = f", and done: {', '.join(map(one_line, done))}" if done else ""
    return f"Why: {what}, nothing blocks it{before}"


_AWAY = {
    "blocked": "blocked (bd blocked)",
    "deferred": "deferred (bd list --deferred)",
    "no work": "pinned, ephemeral or templates",
    "kept": "kept by orchestrators (--type)",
}


def away(counts: Mapping[str, int]) -> str:
    """What `bd ready` leaves out, and why."""
    told = [
        f"{count} {_AWAY.get(why, one_line(why).replace('_', ' '))}"
        for why, count in counts.items()
    ]
    return f"Not ready: {', '.join(told)}" if told else "Nothing that matches is hidden"


def counted(page: IssueListPage) -> str:
    """`50 of 233 issues`, or `7 issues` where these are all."""
    shown = f"{len(page.rows)} of " if len(page.rows) < page.total else ""
    return f"{shown}{page.total} issues"


def group(by: str, value: Any) -> str:
    """The name of a group of `bd count`."""
    if by == "priority":
        return f"P{value}"
    return one_line(str(value)) or {"assignee": "(unassigned)", "label": "(no labels)"}.get(by, "")


def statistics(found: Totals) -> Iterator[str]:
    """The figures of `bd stats` in columns; what is nought and unusual is left out."""
    usual = {"open", "in_progress", "closed", "deferred"}
    others = {
        one_line(status).replace("_", " ").title(): count
        for status, count in found.statuses.items()
        if status not in usual
    }
    summary = {
        "Total Issues": found.total,
        "Open": found.open,
        "In Progress": found.in_progress,
        "Blocked": found.blocked,
        "Closed": found.closed,
        "Ready to Work": found.ready,
    }
    more: dict[str, Any] = {
        "Deferred": found.deferred,
        **{f"Status {name}": count for name, count in others.items()},
        "Deleted": found.tombstone and f"{found.tombstone} (tombstones)",
        "Pinned": found.pinned,
        "Epics Ready to Close": found.eligible,
        "Avg Lead Time": found.lead and f"{found.lead:.1f} hours",
    }
    yield "\n📊 Issue Database Status\n\nSummary:"
    yield from (_figure(name, value) for name, value in summary.items())
    extended = [_figure(name, value) for name, value in more.items() if value]
    if extended:
        yield from ("\nExtended:", *extended)
    yield ""


def _figure(name: str, value: Any) -> str:
    return f"  {name + ':':24}{value}"
