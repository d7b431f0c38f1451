"""Three-way merge of lists as sets, and of append-only files."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, NamedTuple

from tracker.json_text import Member
from tracker.log.lines import cut
from tracker.merge.values import ABSENT, array, attributes, bag, elements, meaning, when
from tracker.model.issue import BLOCKS, PARENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any


GROWING = ("outcomes.jsonl", "interactions.jsonl")


def grows(path: str) -> bool:
    """Whether a file of that name is one of them."""
    return path.replace("\\", "/").rpartition("/")[2] in GROWING


def union_lines(base: bytes, ours: bytes, theirs: bytes) -> bytes:
    """What either side has and neither took away, each line once; the same from either side.

    What the base held keeps its order; what is new comes behind it, sorted.
    """
    known, *held = (dict.fromkeys(cut(side)) for side in (base, ours, theirs))
    kept = [line for line in known if all(line in side for side in held)]
    new = {line for side in held for line in side if line not in known}
    return b"".join(line + b"\n" for line in [*kept, *sorted(new)])


Merge = Callable[[Member, Member, Member], Member]


class Listing(NamedTuple):
    """What names an element, whether it can stand twice, and how a merged list is sorted."""

    key: Callable[[Member], Hashable]
    once: bool = True
    order: Callable[[Member], Any] | None = None

    def mean(self, value: Member) -> Hashable:
        """What a list holds, in whatever order; what else the value means if it is no list."""
        found = elements(value)
        if found is None:
            return meaning(value)
        keys = [self.key(item) for item in found]
        return (frozenset(keys) or None) if self.once else bag(keys)


def _by_text(value: Member) -> tuple[str, str]:
    return str(value.value), value.raw


def _by_age(value: Member) -> tuple[int, str]:
    return when(attributes(value) or {}, "created_at"), value.raw


def _edge(value: Member) -> Hashable:
    """An edge is named by its target and its type."""
    found = attributes(value) or {}
    target, kind = (found.get(name, ABSENT) for name in ("depends_on_id", "type"))
    if not isinstance(target.value, str):
        return meaning(value)
    named = kind.value or BLOCKS
    return target.value, named if isinstance(named, str) else meaning(kind)


def _remark(value: Member) -> Hashable:
    """A comment is named by author and text: programs number and stamp comments anew."""
    found = attributes(value)
    if found is None:
        return meaning(value)
    return meaning(found.get("author", ABSENT)), meaning(found.get("text", ABSENT))


PLAIN = Listing(meaning, once=False)
NAMES = Listing(meaning, order=_by_text)
ENTRIES = Listing(meaning, order=lambda value: (value.raw,))
EDGES = Listing(_edge, order=_by_age)
REMARKS = Listing(_remark, once=False, order=_by_age)


def parents(edges: Member) -> set[str]:
    """The targets of the edges to a parent."""
    keys = [_edge(value) for value in elements(edges) or []]
    return {str(key[0]) for key in keys if isinstance(key, tuple) and key[1:] == (PARENT,)}


def merge(kind: Listing, sides: Sequence[list[Member]], combine: Merge) -> Member:
    """The merged list of a base and an older and a newer side."""
    groups = [_grouped(kind, side) for side in sides]
    found: list[Member] = []
    for key in _sequence(*groups):
        base, one, two = (group.get(key, []) for group in groups)
        for number in range(_count(len(base), len(one), len(two), once=kind.once)):
            first, second = one[number : number + 1], two[number : number + 1]
            if first and second:
                before = base[number] if number < len(base) else ABSENT
                found.append(combine(before, first[0], second[0]))
            else:
                found += first or second
    return array(sorted(found, key=kind.order) if kind.order else found)


def union(kind: Listing, whole: Member, more: Iterable[Member]) -> Member:
    """The list with those elements that it does not hold yet."""
    found = elements(whole)
    if found is None:
        return whole
    known = {kind.key(value) for value in found}
    new = {kind.key(value): value for value in more if kind.key(value) not in known}
    if not new:
        return whole
    return array(sorted([*found, *new.values()], key=kind.order))


def listed(value: Member) -> Member:
    """A value as a list: what is none is its only element."""
    return array([value]) if elements(value) is None else value


def _count(base: int, one: int, two: int, *, once: bool) -> int:
    if once:
        base, one, two = min(base, 1), min(one, 1), min(two, 1)
    if one == base:
        return two
    return one if two == base else max(one, two)


def _grouped(kind: Listing, values: list[Member]) -> dict[Hashable, list[Member]]:
    groups: dict[Hashable, list[Member]] = {}
    for value in values:
        groups.setdefault(kind.key(value), []).append(value)
    if kind.order:  # so that the first of two equal comments meets the first
        return {key: sorted(group, key=kind.order) for key, group in groups.items()}
    return groups


_Groups = dict[Hashable, list[Member]]


def _sequence(base: _Groups, older: _Groups, newer: _Groups) -> Iterable[Hashable]:
    """Every key once: in the order of the side that moved what all share, else of the older."""
    shared = base.keys() & older.keys() & newer.keys()
    moved = [key for key in newer if key in shared] != [key for key in base if key in shared]
    return {**newer, **older} if moved else {**older, **newer}
