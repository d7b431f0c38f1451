"""The page of `bd show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tracker.render.issue_lines import BADGES, icon, moment, phrase
from tracker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from tracker.cache.issues.obstacles import CachedObstacle, IssueState
    from tracker.cache.issues.queries import DependencyRow, IssueRow


RULE = "\n" + "─" * 60
_TEXTS = (
    ("DESCRIPTION", "description"),
    ("DESIGN", "design"),
    ("NOTES", "notes"),
    ("ACCEPTANCE CRITERIA", "acceptance_criteria"),
)
_RELATED = frozenset({"related", "relates-to"})
_OUT = (("PARENT", "↑"), ("DEPENDS ON", "→"), ("DISCOVERED FROM", "◊"))
_IN = (("CHILDREN", "↳"), ("BLOCKS", "←"), ("DISCOVERED", "◊"))
_GROUPS = {"parent-child": 0, "discovered-from": 2}


class IssueSheet(NamedTuple):
    """What a page is made of: the row, the record as parsed JSON, its edges, what is in its way.

    `obstacles` come with the states of the issues that they name; they are None for an issue that
    is done. `blocked_by` is None for one that is not blocked. `local` prints times by the
    machine's clock. `memories` are the keys and beginnings of what was learned in its work.
    `archived` tells that the issue was put away.
    """

    row: IssueRow
    record: dict[str, Any]
    needs: Sequence[DependencyRow]
    needed: Sequence[DependencyRow]
    obstacles: Sequence[tuple[CachedObstacle, IssueState | None]] | None = None
    blocked_by: list[str] | None = None
    local: bool = False
    memories: Sequence[tuple[str, str]] = ()
    archived: bool = False

    def text(self, name: str) -> str:
        """A field of the record that is a text, else nothing."""
        value = self.record.get(name)
        return value if isinstance(value, str) else ""


def page(of: IssueSheet) -> Iterator[str]:
    """The lines."""
    yield ""
    yield _title(of)
    yield from _head(of)
    for heading, name in _TEXTS:
        if of.text(name):
            yield from ("", heading, of.text(name))
    if of.row.labels:
        yield from ("", f"LABELS: {', '.join(map(one_line, of.row.labels))}")
    yield from _links(of)
    if of.memories:
        yield from ("", "MEMORIES", *(f"  {one_line(key)}: {text}" for key, text in of.memories))
    comments = comments_of(of.record)
    if comments:
        yield from ("", "COMMENTS")
    for comment in comments:
        yield f"  {moment(comment['created_at'], local=of.local)} {one_line(comment['author'])}"
        yield from (f"    {line}" for line in comment["text"].split("\n"))
    yield ""


def _title(of: IssueSheet) -> str:
    row = of.row
    badge = f" [{BADGES[row.issue_type]}]" if row.issue_type in BADGES else ""
    status = one_line(row.status).upper()
    return (
        f"{icon(row.status)} {one_line(row.id)}{badge} · {one_line(row.title)}"
        f"   [● P{row.priority} · {status}]"
    )


def _head(of: IssueSheet) -> Iterator[str]:
    row = of.row
    if of.archived:
        yield f"Archived (bd restore {one_line(row.id)} brings it back)"
    if row.status == "tombstone":
        yield _deleted(of)
    people = (
        ("Owner", of.text("created_by")), ("Assignee", row.assignee), ("Type", row.issue_type),
    )  # fmt: skip
    times = [
        (name, moment(of.text(field), local=of.local)[:10])
        for name, field in (
            ("Created", "created_at"), ("Updated", "updated_at"), ("Due", "due_at"),
            ("Deferred", "defer_until"),
        )
    ]  # fmt: skip
    yield from filter(None, (_joined(people), _joined(times)))
    if row.estimated:
        from tracker.text import spent

        yield f"Estimate: {spent(row.estimated)}"
    for name, field in (
        ("Close reason", "close_reason"), ("External", "external_ref"), ("Spec", "spec_id"),
    ):  # fmt: skip
        if of.text(field):
            yield f"{name}: {one_line(of.text(field))}"
    if of.obstacles is not None:
        yield readiness(row.id, of.obstacles, local=of.local)
    fields = conflicts(of.record)
    if fields:
        yield f"Conflicts: {', '.join(fields)} (bd conflicts; bd resolve {one_line(row.id)})"


def _joined(pairs: Iterable[tuple[str, str]]) -> str:
    return " · ".join(f"{name}: {one_line(value)}" for name, value in pairs if value)


def _deleted(of: IssueSheet) -> str:
    when = moment(of.text("deleted_at"), local=of.local)[:10]
    who = of.text("deleted_by")
    told = " ".join(filter(None, ("deleted", when, f"by {one_line(who)}" if who else "")))
    reason = of.text("delete_reason")
    return f"({told}: {one_line(reason)})" if reason else f"({told})"


def readiness(
    id: str, obstacles: Iterable[tuple[CachedObstacle, IssueState | None]], *, local: bool = False
) -> str:
    """Whether an issue can be worked on, and if not, everything that stands in its way."""
    told = ", ".join(phrase(one, id, state, local=local) for one, state in obstacles)
    return f"Not ready: {told}" if told else "Ready: yes"


def conflicts(record: dict[str, Any]) -> list[str]:
    """The fields of which a merge kept two values."""
    found = record.get("conflicts")
    entries = found if isinstance(found, list) else []
    fields = (entry.get("field") for entry in entries if isinstance(entry, dict))
    names = (field.removeprefix("/") for field in fields if isinstance(field, str))
    return list(dict.fromkeys(map(one_line, names)))


def comments_of(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The comments of a record with the five members that Beads gives them."""
    found = record.get("comments")
    texts = ("author", "text", "created_at")
    comments = []
    for entry in found if isinstance(found, list) else []:
        if isinstance(entry, dict):
            id = entry.get("id")
            plain = {name: entry.get(name) for name in texts}
            comments.append(
                {
                    "id": id if isinstance(id, str) or type(id) is int else 0,
                    "issue_id": record["id"],
                    **{n: value if isinstance(value, str) else "" for n, value in plain.items()},
                }
            )
    return comments


def _links(of: IssueSheet) -> Iterator[str]:
    """The edges in both directions under their headings; the related ones once each."""
    related: dict[str, str] = {}
    for side, headings in ((of.needs, _OUT), (of.needed, _IN)):
        groups: list[list[str]] = [[], [], []]
        for edge in side:
            number = _GROUPS.get(edge.type, 1)
            if edge.type in _RELATED:
                related.setdefault(edge.id, entry("↔", edge))
            else:
                groups[number].append(entry(headings[number][1], edge, plain=number != 1))
        for (heading, _), lines in zip(headings, groups, strict=True):
            if lines:
                yield from ("", heading, *lines)
    if related:
        yield from ("", "RELATED", *related.values())


def entry(arrow: str, edge: DependencyRow, *, plain: bool = True) -> str:
    """One edge; where the heading does not say its type (`plain`), a type other than blocks is."""
    via = "" if plain or edge.type == "blocks" else f" ({one_line(edge.type)})"
    row = edge.row
    if row is None:
        return f"  {arrow} ? {one_line(edge.id)} (not in this log){via}"
    badge = f"({BADGES[row.issue_type]}) " if row.issue_type in BADGES else ""
    gone = " (deleted)" if row.status == "tombstone" else ""
    return (
        f"  {arrow} {icon(row.status)} {one_line(row.id)}: {badge}{one_line(row.title)}"
        f" ● P{row.priority}{via}{gone}"
    )


def references(row: IssueRow, edges: Sequence[DependencyRow], *, children: bool) -> Iterator[str]:
    """What points to an issue: its children, or everything by the type of the edge."""
    what = "Children of" if children else "References to"
    mark = "↳ " if children else ""
    yield f"\n{mark}{what} {one_line(row.id)} ({len(edges)}):"
    if children:
        yield from (entry("↳", edge) for edge in edges)
        return
    for kind in dict.fromkeys(edge.type for edge in edges):
        yield f"\n{one_line(kind)}:"
        yield from (entry("←", edge) for edge in edges if edge.type == kind)
