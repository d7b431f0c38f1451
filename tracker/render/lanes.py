"""Layout of the dependency picture in lanes.

Only whole numbers: columns, and rows within a lane; how large they are is the drawing's business.
Issues that hang together stand in the column of their step, so that every arrow leads to the right;
the others fill rows below them. Rows are found by sweeping over the columns and moving each issue
to the middle of its neighbours (Sugiyama, Tagawa and Toda, 1981), as near as its column allows
(isotonic regression by pooling, Kruskal 1964).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tracker.issues.graph import reachable
from tracker.render import scene

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


_SWEEPS = 6


class Box(NamedTuple):
    """A cell of a lane."""

    lane: int
    column: int
    row: int


class Lane(NamedTuple):
    """The members of one group (`id` is "" for those of none), in so many columns and rows."""

    id: str
    columns: int
    rows: int


class Lanes(NamedTuple):
    """All lanes in their order, and the cell of every issue that is no group itself."""

    lanes: list[Lane]
    places: dict[str, Box]


def arrange(
    ids: Sequence[str],
    parents: Mapping[str, str],
    needs: Mapping[str, Iterable[str]],
    *,
    apart: bool = False,
) -> Lanes:
    """Place the issues; their order decides where nothing else does.

    `parents` gives the group of each issue and each group, "" for none; needs that lead to groups
    place nothing. Lanes share their columns, or each stands for itself (`apart`); then what is in
    no group and does not hang together has a lane for each piece.

    Laws: every issue that has no members has a cell of its own; it stands to the right of all that
    it needs (in its own lane, where those are apart), unless they need each other.
    """
    groups = _groups(ids, parents)
    cards = [id for id in ids if id not in groups]
    known = set(cards)
    own = {id: [to for to in needs.get(id, ()) if to in known] for id in cards}
    teams = _teams(cards, groups, parents)
    if apart:
        home = {id: group for group, held in teams for id in held}
        own = {id: [to for to in own[id] if home[to] == home[id]] for id in cards}
        teams = [*teams[:-1], *(("", held) for held in _pieces(teams[-1][1], own))]
    linked = {id for id in cards if own[id]} | {to for wanted in own.values() for to in wanted}
    columns = {id: at for id, at in scene.layers(own).items() if id in linked}
    shared = max([_least(len(cards)), *(at + 1 for at in columns.values())])
    lanes: list[Lane] = []
    places: dict[str, Box] = {}
    for group, held in teams:
        rows = _rows([id for id in held if id in linked], columns, own)
        used = max(rows.values(), default=-1) + 1
        loose = [id for id in held if id not in linked]
        wide = max([1, -(-len(loose) // _tall(len(loose))), *(columns[id] + 1 for id in rows)])
        wide = wide if apart else shared
        places.update((id, Box(len(lanes), columns[id], row)) for id, row in rows.items())
        for at, id in enumerate(loose):
            places[id] = Box(len(lanes), at % wide, used + at // wide)
        if held or group:
            lanes.append(Lane(group, wide, used + -(-len(loose) // wide)))
    return Lanes(lanes, places)


def _least(count: int) -> int:
    """Columns of a picture of so many issues, for those that do not hang together."""
    return 3 if count < 20 else 4


def _tall(count: int) -> int:
    """How many of so many loose issues stand below each other, so that it looks square."""
    return max(int((3 * count) ** 0.5), 1)


def _teams(
    cards: Iterable[str], groups: set[str], parents: Mapping[str, str]
) -> list[tuple[str, list[str]]]:
    """Each group with those that are directly in it; last what is in none."""
    members: dict[str, list[str]] = {}
    for id in cards:
        members.setdefault(_group(parents, groups, id), []).append(id)
    return [(group, members.get(group, [])) for group in [*_nested(groups, parents), ""]]


def _pieces(ids: Sequence[str], needs: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """The issues by what hangs together, the largest piece first; last all that stand alone."""
    near: dict[str, list[str]] = {id: list(needs[id]) for id in ids}
    for id in ids:
        for to in needs[id]:
            near[to].append(id)
    place = {id: at for at, id in enumerate(ids)}
    pieces, alone, seen = [], [], set[str]()
    for id in ids:
        if id not in seen:
            piece = reachable([id], near.__getitem__)
            seen |= piece
            held = sorted(piece, key=place.__getitem__)
            pieces.append(held) if len(held) > 1 else alone.append(id)
    return [*sorted(pieces, key=len, reverse=True), alone]


def _groups(ids: Iterable[str], parents: Mapping[str, str]) -> set[str]:
    """Every issue that has members, or members of members."""
    found: set[str] = set()
    for id in ids:
        parent = parents.get(id, "")
        while parent and parent not in found:
            found.add(parent)
            parent = parents.get(parent, "")
    return found


def _group(parents: Mapping[str, str], groups: set[str], id: str) -> str:
    parent = parents.get(id, "")
    return parent if parent in groups else ""


def _nested(groups: set[str], parents: Mapping[str, str]) -> list[str]:
    """The groups, each below the one around it."""
    below: dict[str, list[str]] = {}
    order = [id for id in parents if id in groups]
    for id in order:
        below.setdefault(_group(parents, groups, id), []).append(id)
    found: dict[str, None] = {}
    for start in [*below.get("", []), *order]:  # groups that are in each other hang from none
        waiting = [start]
        while waiting:
            id = waiting.pop()
            if id not in found:
                found[id] = None
                waiting += reversed(below.get(id, []))
    return list(found)


def _rows(
    ids: Sequence[str], columns: Mapping[str, int], needs: Mapping[str, Sequence[str]]
) -> dict[str, int]:
    """The rows of the issues of one lane that hang together with others."""
    held = set(ids)
    before = {id: [to for to in needs[id] if to in held] for id in ids}
    after: dict[str, list[str]] = {id: [] for id in ids}
    for id, wanted in before.items():
        for to in wanted:
            after[to].append(id)
    by_column: dict[int, list[str]] = {}
    for id in ids:
        by_column.setdefault(columns[id], []).append(id)
    rows = {id: float(at) for held_ids in by_column.values() for at, id in enumerate(held_ids)}
    for sweep in range(_SWEEPS):
        near = after if sweep % 2 else before
        for column in sorted(by_column, reverse=bool(sweep % 2)):
            _settle(by_column[column], near, rows)
    used = {row: at for at, row in enumerate(sorted(set(rows.values())))}
    return {id: used[row] for id, row in rows.items()}


def _settle(column: list[str], near: Mapping[str, Sequence[str]], rows: dict[str, float]) -> None:
    """Move the issues of a column towards their neighbours; no two of them share a row."""
    wished = {
        id: sum(rows[other] for other in near[id]) / len(near[id]) if near[id] else rows[id]
        for id in column
    }
    column.sort(key=lambda id: (wished[id], rows[id]))
    for at, (id, place) in enumerate(zip(column, _pooled(
        [wished[id] - at for at, id in enumerate(column)]
    ), strict=True)):  # fmt: skip
        rows[id] = round(place) + at


def _pooled(wishes: Iterable[float]) -> list[float]:
    """The numbers nearest to the wishes that never fall."""
    pools: list[tuple[float, int]] = []
    for wish in wishes:
        total, count = wish, 1
        while pools and pools[-1][0] / pools[-1][1] > total / count:
            more, others = pools.pop()
            total, count = total + more, count + others
        pools.append((total, count))
    return [total / count for total, count in pools for _ in range(count)]
