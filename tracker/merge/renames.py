"""Follow a rename on one branch into the edits of the other."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from tracker.json_text import in_order
from tracker.log.memory_codec import MEMORY_RANK
from tracker.merge.fields import Decision, is_edited
from tracker.merge.id_collisions import are_strangers, under
from tracker.merge.inputs import MergeRow, Rows, row_of
from tracker.merge.rules import MEMORY
from tracker.merge.values import text
from tracker.model.status import TOMBSTONE
from tracker.model.timestamps import instant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tracker.merge.inputs import Key
    from tracker.model.issue import Dependency


BASE, OURS, THEIRS = range(3)


def follow_moves(sides: tuple[Rows, Rows, Rows]) -> tuple[tuple[Rows, Rows, Rows], list[Decision]]:
    """The sides with each such edit under the new key, and what is said about it."""
    found = list(sides)
    said: list[Decision] = []
    for mover, editor in ((OURS, THEIRS), (THEIRS, OURS)):
        ends = {key: new for key in sides[BASE] if (new := _moved(sides, key, mover)) is not None}
        arrivals = Counter(ends.values())
        for key, new in ends.items():
            row = sides[mover][key]
            if arrivals[new] > 1 or not _is_followed(sides, key, new, editor):
                continue
            before, edited = sides[BASE][key], sides[editor][key]
            found[BASE] = {**found[BASE], new: _under(before, new)}
            found[editor] = {**found[editor], new: _under(edited, new), key: row}
            why = f"moved to {new[1]} on one branch, edited on the other: the edit follows"
            said.append(Decision(key[1], "", why))
    return (found[BASE], found[OURS], found[THEIRS]), said


def _moved(sides: tuple[Rows, Rows, Rows], key: Key, mover: int) -> Key | None:
    """The new key of a memory of the base that one side has moved."""
    before, row = sides[BASE][key], sides[mover].get(key)
    if row is None or row is before or row.is_issue or key[0] or _is_gone(before):
        return None
    return _end(sides[mover], row)


def _is_followed(sides: tuple[Rows, Rows, Rows], key: Key, new: Key, editor: int) -> bool:
    """Whether the other side edited what was moved, and has done nothing under the new key."""
    before, edited = sides[BASE][key], sides[editor].get(key)
    if edited is None or edited is before or _is_gone(edited):
        return False
    held = sides[editor].get(new)
    if held is not None and (held is not sides[BASE].get(new) or not _is_gone(held)):
        return False
    return is_edited(MEMORY, before.record, edited.record)


def _end(rows: Rows, row: MergeRow) -> Key | None:
    """Where a chain of moves ends; None where it ends nowhere."""
    seen: set[Key] = set()
    while _is_gone(row):
        key = "", row.text("moved_to")
        found = rows.get(key)
        if found is None or key in seen:
            return None
        seen.add(key)
        row = found
    return row.key if seen else None


def _is_gone(row: MergeRow) -> bool:
    return row.text("status") == TOMBSTONE


def _under(row: MergeRow, key: Key) -> MergeRow:
    """The same record under another key."""
    raws = {name: one.raw for name, one in row.record.items()}
    return MergeRow(key, in_order({**raws, "key": text(key[1]).raw}, MEMORY_RANK), is_issue=False)


Sides = tuple[Rows, Rows, Rows]


class _Rename(NamedTuple):
    """An issue of the base, the name that it has in the result, and its name on either side."""

    old: Key
    new: Key
    names: Mapping[int, Key]


def follow_renames(sides: Sides) -> tuple[Sides, list[Decision]]:
    """The sides with each renamed issue under its new name, and what was decided."""
    renames = list(_renames(sides))
    if not renames:
        return sides, []
    followed = [dict(side) for side in sides]
    known: dict[int, MergeRow] = {}
    decisions = []
    for number, side in enumerate(followed):
        names = {name[1]: r.new[1] for r in renames for name in (r.old, r.names.get(number, r.old))}
        _point(side, sides, names, known)
    for rename in renames:
        for number, side in enumerate(followed):
            _move(side, rename, rename.names.get(number, rename.old))
        if _is_news(rename, sides):
            why = f"one branch renamed it, the other edited it: it is {rename.new[1]} now"
            decisions.append(Decision(rename.old[1], "", why))
    return (followed[0], followed[1], followed[2]), decisions


def _renames(sides: Sides) -> Iterator[_Rename]:
    base = sides[BASE]
    found = {number: dict(_renamed_on(base, sides[number])) for number in (1, 2)}
    taken: set[Key] = set()
    for old in sorted({*found[1], *found[2]}):
        names = {number: found[number][old] for number in (1, 2) if old in found[number]}
        new = max(names.items(), key=lambda pair: _age(sides[pair[0]][pair[1]]))[1]
        if new not in taken and _is_free(new, old, names, sides):
            taken.add(new)
            yield _Rename(old, new, names)


def _renamed_on(base: Rows, side: Rows) -> Iterator[tuple[Key, Key]]:
    """The old and the new key of each issue that a side has under another id than the base."""
    gone = {key[1]: key for key, row in base.items() if key not in side and row.is_issue}
    if not gone:
        return
    for key in sorted(key for key in side if key not in base):
        row = side[key]
        if not row.is_issue or b'"aliases"' not in row.line:
            continue
        for alias in row.issue.aliases:
            if alias in gone and _is_same(base[gone[alias]], row):
                yield gone.pop(alias), key
                break


def _is_same(one: MergeRow, two: MergeRow) -> bool:
    created = one.text("created_at")
    same_maker = one.text("created_by") == two.text("created_by")
    return bool(created) and created == two.text("created_at") and same_maker


def _age(row: MergeRow) -> tuple[int, Key]:
    return instant(row.text("updated_at")), row.key


def _is_free(new: Key, old: Key, names: Mapping[int, Key], sides: Sides) -> bool:
    """Whether nothing else has the new name, and the other side's old one is still this issue."""
    for number in (1, 2):
        own = names.get(number, old)
        if own != new and new in sides[number]:
            return False
        there = sides[number].get(old) if number not in names else None
        if there is not None and are_strangers(there, sides[BASE][old]):
            return False
    return True


def _move(side: Rows, rename: _Rename, own: Key) -> None:
    row = side.pop(own, None)
    if row is None:
        return
    if own != rename.new:
        issue = under(row.issue, rename.new[1])
        if own != rename.old and not any(name == "aliases" for name, _ in issue.extra):
            names = {*issue.aliases, own[1]} - {rename.new[1]}
            issue = replace(issue, aliases=tuple(sorted(names)))
        row = row_of(issue)
    side[rename.new] = row


def _point(side: Rows, sides: Sides, names: Mapping[str, str], known: dict[int, MergeRow]) -> None:
    """Let the edges of a side lead to the new names, except in records that all sides share.

    `known` holds what has become of a row, since two sides may have the same one.
    """
    marks = [f'"{old}"'.encode() for old, new in names.items() if old != new]
    for key, row in side.items():
        if not row.is_issue or all(other.get(key) is row for other in sides):
            continue
        if id(row) not in known and any(mark in row.line for mark in marks):
            known[id(row)] = _pointed(row, names)
        side[key] = known.get(id(row), row)


def _pointed(row: MergeRow, names: Mapping[str, str]) -> MergeRow:
    issue = row.issue
    moved = tuple(
        replace(edge, depends_on_id=names.get(edge.depends_on_id, edge.depends_on_id))
        for edge in issue.dependencies
    )
    if moved == issue.dependencies:
        return row
    first: dict[tuple[str, str], Dependency] = {}
    for edge in moved:
        first.setdefault(edge.key, edge)
    return row_of(replace(issue, dependencies=tuple(first.values())))


def _is_news(rename: _Rename, sides: Sides) -> bool:
    """Whether the other side had something to add."""
    if len(set(rename.names.values())) > 1:
        return True
    before = sides[BASE][rename.old]
    return any(
        rename.old in sides[number] and sides[number][rename.old] is not before for number in (1, 2)
    )
