"""Separate two issues that have the same id.

They are strangers if both their titles and their moments of creation differ. Where both sides gave
the id away, who was created earlier keeps it; where one did, its issue does. The other is called
`<id>x` and four characters of a hash of what no edit changes, has the old id among its aliases, and
the edges of its own side follow it. Where one side knows an issue by such a name already, the other
side's is put beside it, and never merged with the stranger that has the id now.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from tracker.json_text import quote
from tracker.merge.fields import Decision, clipped, is_edited, remark_id
from tracker.merge.inputs import row_of
from tracker.merge.rules import ISSUE
from tracker.model.ids import Seed, hashed
from tracker.model.issue import Comment
from tracker.model.timestamps import instant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tracker.merge.inputs import Key, MergeRow, Rows
    from tracker.model.issue import Issue


BASE = 0
SECOND = 1_000_000_000  # nanoseconds


class Separated(NamedTuple):
    """The records of base, ours and theirs, each issue under a name of its own."""

    sides: tuple[Rows, Rows, Rows]
    decisions: list[Decision]


class _Move(NamedTuple):
    """An issue that gets another name on the sides that have it under the old one.

    `titles` are that of the issue which keeps the old name, if one does, and its own.
    """

    old: Key
    new: Key
    rows: dict[int, MergeRow]
    is_live: bool
    is_new: bool
    titles: tuple[str, str]


def are_strangers(one: MergeRow, two: MergeRow) -> bool:
    """Whether two records of one id are two issues; a time without a fraction is its second."""
    if one is two or one.text("title") == two.text("title"):
        return False
    first, second = one.text("created_at"), two.text("created_at")
    if not first or not second or first == second:
        return False
    a, b = instant(first), instant(second)
    if a == b:
        return a == 0
    return a // SECOND != b // SECOND or (a % SECOND != 0 and b % SECOND != 0)


def part(sides: tuple[Rows, Rows, Rows]) -> Separated:
    """The sides with every issue under a name of its own, and what was renamed.

    Memories are left alone: their keys are names, and the same name is the same memory.
    """
    moves = [move for key in _contested(sides) for move in _moves(key, sides)]
    if not moves:
        return Separated(sides, [])
    parted = [dict(side) for side in sides]
    for move in moves:
        for number in move.rows:
            del parted[number][move.old]
    decisions = []
    for move in moves:
        for number, row in move.rows.items():
            is_told = move.is_new and number != BASE
            new = _renamed(row, move.new[1], is_told=is_told) if move.is_live else row
            parted[number][move.new] = new
        if move.is_live and move.is_new:
            stays, goes = (clipped(quote(title)) for title in move.titles)
            why = f"two issues have this id: {stays} keeps it, {goes} is {move.new[1]} now"
            decisions.append(Decision(move.old[1], "", why))
    names = [
        {m.old[1]: m.new[1] for m in moves if m.is_live and number in m.rows} for number in range(3)
    ]
    for number in (1, 2, BASE):  # the base last: what stood in it is asked for
        _follow(parted, number, names)
    return Separated((parted[0], parted[1], parted[2]), decisions)


def other_names(row: MergeRow, id: str) -> Iterator[str]:
    """The names that an issue gets where another one keeps its id, the shortest first.

    Nothing that an edit changes goes into them, so every clone finds the same.
    """
    created = row.text("created_at")
    at = instant(created) // SECOND
    seed = Seed(id, "" if at else created, row.text("created_by"), at, 0)
    return (f"{id}x{hashed(seed, length)}" for length in range(4, 9))


def _contested(sides: Sequence[Rows]) -> Iterator[Key]:
    base, ours, theirs = sides
    changed = [key for key, row in ours.items() if row is not theirs.get(key)]
    changed += [key for key, row in theirs.items() if row is not base.get(key)]
    for key in sorted(set(changed)):
        rows = [row for side in sides if (row := side.get(key)) and row.is_issue]
        if any(are_strangers(rows[0], row) for row in rows[1:]):
            yield key


def _moves(key: Key, sides: Sequence[Rows]) -> Iterator[_Move]:
    """What has to leave an id that several issues claim."""
    found = [(_Claim(group, key, sides)) for group in _issues(key, sides)]
    if len(found) < 2:
        return
    claims = [claim for claim in found if claim.is_live and claim.known is None]
    keeper = min(claims, key=_Claim.age, default=None)
    for claim in found:
        if claim is not keeper:
            new = claim.known or claim.name()
            titles = (keeper.title if keeper else "", claim.title)
            yield _Move(key, new, claim.rows, claim.is_live, claim.known is None, titles)


def _issues(key: Key, sides: Sequence[Rows]) -> Iterator[dict[int, MergeRow]]:
    """The different issues that stand under one id, each with the sides that mean it.

    Two sides mean the same one also where only the third connects them: one kept the title, the
    other the time.
    """
    groups: list[dict[int, MergeRow]] = []
    for number, side in enumerate(sides):
        if key not in side:
            continue
        row = side[key]
        same = [g for g in groups if not all(are_strangers(row, other) for other in g.values())]
        groups = [group for group in groups if group not in same]
        groups.append({n: r for group in same for n, r in group.items()} | {number: row})
    yield from groups


def _born(row: MergeRow) -> tuple[int, bytes]:
    return instant(row.text("created_at")), row.line


class _Claim:
    """One of the issues that stand under an id."""

    def __init__(self, rows: dict[int, MergeRow], key: Key, sides: Sequence[Rows]) -> None:
        self.rows = rows
        self.row = rows.get(BASE) or min(rows.values(), key=_born)
        self.key = key
        self.sides = sides
        self.known = self._known()
        self.is_live = self._is_live()

    @property
    def title(self) -> str:
        return self.row.text("title")

    def _names(self) -> Iterator[Key]:
        """The names that the issue gets elsewhere, the shortest first."""
        return (("", name) for name in other_names(self.row, self.key[1]))

    def _known(self) -> Key | None:
        """Under which name a side knows it already that has something else under the id."""
        for name in self._names():
            there = {n: side[name] for n, side in enumerate(self.sides) if name in side}
            if there.keys() & self.rows.keys():
                continue  # a side that has it twice: both stay
            if any(not are_strangers(row, self.row) for row in there.values()):
                return name
        return None

    def name(self) -> Key:
        """A name that no other issue has."""
        for name in self._names():
            if not any(name in side for side in self.sides):
                return name
        return name

    def _is_live(self) -> bool:
        """Whether it will be in the result: not if one side deleted what the other left alone."""
        if BASE not in self.rows or self.known is not None:
            return True
        there = [number for number in (1, 2) if number in self.rows]
        if len(there) == 1:
            return is_edited(ISSUE, self.row.record, self.rows[there[0]].record)
        return bool(there)

    def age(self) -> tuple[bool, int, str, str, bytes]:
        """What tells who keeps the id: the first of those that it was given to since the base.

        The rest only matters for stamps that are no times.
        """
        created = self.row.text("created_at")
        text = (created, self.title, self.row.line)
        return BASE in self.rows, instant(created), *text


def under(issue: Issue, id: str) -> Issue:
    """The issue under another id, its edges and comments with it."""
    edges = tuple(
        replace(edge, issue_id=id) if edge.issue_id == issue.id else edge
        for edge in issue.dependencies
    )
    remarks = tuple(
        replace(remark, issue_id=id) if remark.issue_id == issue.id else remark
        for remark in issue.comments
    )
    return replace(issue, id=id, dependencies=edges, comments=remarks)


def _renamed(row: MergeRow, id: str, *, is_told: bool) -> MergeRow:
    issue = row.issue
    new = under(issue, id)
    return row_of(_told(new, issue.id) if is_told else new)


def _told(issue: Issue, old: str) -> Issue:
    """The renamed issue with its old id as an alias, and a comment that says so."""
    text = f"merge renamed {old} to {issue.id}; another branch had given {old} to another issue"
    known = {remark.text for remark in issue.comments if remark.author == "tracker"}
    remark = Comment(
        id=remark_id(issue.id, text),
        issue_id=issue.id,
        author="tracker",
        text=text,
        created_at=issue.updated_at or issue.created_at,
    )
    carried = {name for name, _ in issue.extra}
    if text not in known and "comments" not in carried:
        issue = replace(issue, comments=(*issue.comments, remark))
    if "aliases" in carried:
        return issue
    return replace(issue, aliases=tuple(sorted({*issue.aliases, old})))


def _follow(sides: list[Rows], number: int, names: Sequence[dict[str, str]]) -> None:
    """Point the edges of one side to the new names, in records that a side has changed.

    An edge that the base has meant what the base means by the id: it only follows with the base.
    """
    mine = names[number]
    for key, row in sides[number].items() if mine else ():
        before = sides[BASE].get(key)
        if not row.is_issue or all(side.get(key) is row for side in sides):
            continue
        if not any(f'"{old}"'.encode() in row.line for old in mine):
            continue
        issue = row.issue
        old = {edge.key for edge in before.issue.dependencies} if before else set()
        edges = tuple(
            replace(edge, depends_on_id=mine[edge.depends_on_id])
            if edge.depends_on_id in mine
            and (edge.key not in old or edge.depends_on_id in names[BASE])
            else edge
            for edge in issue.dependencies
        )
        if edges != issue.dependencies:
            sides[number][key] = row_of(replace(issue, dependencies=edges))
