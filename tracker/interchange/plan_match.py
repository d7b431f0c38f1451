"""Match the items of a plan with existing issues.

An item is known by its file, its headings, its number and its title; `metadata.plan` of its issue
says what they were. Where one of these has changed the others still find it. Laws: the same plan
again changes nothing; no item is ever two issues; nothing is reopened, and nothing is closed
because it is gone from the plan. What the plan did not change since is left as people have made it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from tracker.interchange.plan_parse import HEADING, PlanItem
from tracker.json_text import members
from tracker.model.timestamps import instant
from tracker.model.validation import members_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator
    from typing import Any

    from tracker.log.issue_log import Records
    from tracker.model.issue import Issue


FIELD = "plan"
_ALIKE = 0.8  # of 1: so much of a title stays where somebody only words it better
_RATHER = 0.5  # enough to ask whether it is the same
_NEEDLE = re.compile(r"[A-Za-z0-9_.-]+")

Path = tuple[str, ...]
Items = Sequence[PlanItem]


class PlanPosition(NamedTuple):
    """Where an item stands: the titles above it, its number and title, which of several it is."""

    path: Path
    number: str
    title: str
    nth: int = 0


def inner(place: PlanPosition) -> Path:
    """The path of what stands below an item; the second of two with one title says so."""
    last = f"{place.title} ({place.nth + 1})" if place.nth else place.title
    return (*place.path, last)


class KnownIssues(NamedTuple):
    """An issue that was made of an item, where that stood then, and what it said.

    `away` tells that it was put into the archive, where nothing is edited.
    """

    issue: Issue
    place: PlanPosition
    was: Mapping[str, Any]
    away: bool = False

    @property
    def inner(self) -> Path:
        """The path of what stands below it."""
        return inner(self.place)


Places = Mapping[int, PlanPosition]


class Match(NamedTuple):
    """The items of a plan, each with its issue if it has one; `absent` are those of no item."""

    known: dict[int, KnownIssues]
    places: dict[int, PlanPosition]
    absent: list[KnownIssues]


def known(records: Records, file: str, *, away: bool = False) -> list[KnownIssues]:
    """The issues that a file of this name became, deleted ones too; `away` is of an archive."""
    needle = max(_NEEDLE.findall(file), key=len, default="")
    found = [one for issue in records.mentioning(needle) if (one := _known(issue, file))]
    return sorted((one._replace(away=away) for one in found), key=lambda one: one.issue.id)


def _known(issue: Issue, file: str) -> KnownIssues | None:
    raw = (members_of(issue.metadata) or {}).get(FIELD)
    value = members(f'{{"plan":{raw}}}')[0]["plan"].value if raw else None
    if not isinstance(value, dict) or value.get("file") != file:
        return None
    path = tuple(str(title) for title in value.get("path") or ())
    place = PlanPosition(
        path, str(value.get("number", "")), str(value.get("title", "")), value.get("nth", 0)
    )
    was = value.get("was")
    return KnownIssues(issue, place, was if isinstance(was, dict) else {})


def remembered(file: str, place: PlanPosition, was: Mapping[str, Any]) -> str:
    """What `metadata.plan` of an issue is to say, as JSON."""
    said: dict[str, Any] = {"file": file, "path": list(place.path), "title": place.title}
    if place.number:
        said["number"] = place.number
    if place.nth:
        said["nth"] = place.nth
    if was:
        said["was"] = {name: was[name] for name in sorted(was)}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def match(items: Sequence[PlanItem], before: Iterable[KnownIssues]) -> Match:
    """Which item is which issue; items go by `id()`, since two may be equal in everything."""
    places: dict[int, PlanPosition] = {}
    _place(items, (), places)
    found = _Matching(places, list(before))
    found.below(items, ())
    while found.moved(items):
        pass
    found.headings(items)
    return Match(found.known, places, found.left)


def successors(found: Match, new: Sequence[PlanItem]) -> list[tuple[KnownIssues, PlanItem]]:
    """The issues of no item, each with the new item that may be the same work under another title.

    That is one in the same place: as many are gone there as have come, or their titles share half
    of their characters.
    """
    pairs: list[tuple[KnownIssues, PlanItem]] = []
    for path in dict.fromkeys(one.place.path for one in found.absent):
        old = [one for one in found.absent if one.place.path == path]
        came = [item for item in new if found.places[id(item)].path == path]
        old.sort(key=lambda one: (instant(one.issue.created_at), one.issue.id))
        if len(old) == len(came):
            pairs += zip(old, came, strict=True)
        else:
            pairs += ((old[n], came[m]) for m, n in _by_likeness(came, old, _RATHER))
    return pairs


def _place(items: Sequence[PlanItem], path: Path, places: dict[int, PlanPosition]) -> None:
    seen: Counter[str] = Counter()
    for item in items:
        nth = seen[item.title]
        seen[item.title] += 1
        places[id(item)] = PlanPosition(path, item.number, item.title, nth)
        _place(item.children, inner(places[id(item)]), places)


def _folded(title: str) -> str:
    return " ".join(re.findall(r"\w+", title.casefold()))


class _Matching:
    """Items and issues that are being brought together; `left` are issues without an item."""

    def __init__(self, places: Mapping[int, PlanPosition], left: list[KnownIssues]) -> None:
        self.places = places
        self.known: dict[int, KnownIssues] = {}
        self.left = left

    def below(self, items: Sequence[PlanItem], path: Path) -> None:
        """Match items with the issues that stood below this path, and so on downwards."""
        for way in (_same, _titled, _retitled, _numbered, _alike):
            open_items = [item for item in items if id(item) not in self.known]
            candidates = [one for one in self.left if one.place.path == path]
            for item, one in way(open_items, candidates, self.places):
                self._take(item, one)
        for item in items:
            if id(item) in self.known:
                self.below(item.children, self.known[id(item)].inner)

    def _take(self, item: PlanItem, one: KnownIssues) -> None:
        self.known[id(item)] = one
        self.left.remove(one)

    def moved(self, items: Sequence[PlanItem]) -> bool:
        """Match what stands elsewhere now, where number and title leave no doubt."""
        every = [item for top in items for item in top.walk() if id(item) not in self.known]
        pairs = _unique(
            every,
            self.left,
            lambda item: (item.number, _folded(item.title), item.kind == HEADING),
            lambda one: (
                one.place.number,
                _folded(one.place.title),
                one.issue.issue_type == "epic",
            ),
        )
        for item, one in pairs:
            if one in self.left and id(item) not in self.known:  # not below one before
                self._take(item, one)
                self.below(item.children, one.inner)
        return bool(pairs)

    def headings(self, items: Sequence[PlanItem]) -> None:
        """A heading with another title is known by what stands below it."""
        for top in items:
            for item in top.walk():
                if id(item) in self.known or item.kind != HEADING:
                    continue
                paths = {
                    self.known[id(child)].place.path
                    for child in item.children
                    if id(child) in self.known
                }
                old = [one for one in self.left if paths == {one.inner}]
                if len(old) == 1:
                    self._take(item, old[0])


Pairs = Iterable[tuple[PlanItem, KnownIssues]]


def _unique(
    items: Iterable[PlanItem],
    candidates: Iterable[KnownIssues],
    of_item: Callable[[PlanItem], Hashable],
    of_known: Callable[[KnownIssues], Hashable],
) -> list[tuple[PlanItem, KnownIssues]]:
    """Pairs that have the same key, which no other item and no other issue has."""
    by_key: dict[Hashable, list[PlanItem]] = {}
    for item in items:
        by_key.setdefault(of_item(item), []).append(item)
    others: dict[Hashable, list[KnownIssues]] = {}
    for one in candidates:
        others.setdefault(of_known(one), []).append(one)
    return [
        (found[0], others[key][0])
        for key, found in by_key.items()
        if len(found) == 1 and len(others.get(key, ())) == 1
    ]


def _same(items: Items, candidates: Sequence[KnownIssues], places: Places) -> Pairs:
    return _unique(items, candidates, lambda item: places[id(item)][1:], lambda one: one.place[1:])


def _titled(items: Items, candidates: Sequence[KnownIssues], places: Places) -> Pairs:
    return _unique(
        items,
        candidates,
        lambda item: (_folded(item.title), places[id(item)].nth),
        lambda one: (_folded(one.place.title), one.place.nth),
    )


def _retitled(items: Items, candidates: Sequence[KnownIssues], _places: Places) -> Pairs:
    """Somebody gave the issue the title that the plan has now."""
    return _unique(
        items,
        candidates,
        lambda item: _folded(item.title),
        lambda one: _folded(one.issue.title),
    )


def _numbered(items: Items, candidates: Sequence[KnownIssues], _places: Places) -> Pairs:
    return _unique(
        [item for item in items if item.number],
        [one for one in candidates if one.place.number],
        lambda item: item.number,
        lambda one: one.place.number,
    )


def _alike(items: Items, candidates: Sequence[KnownIssues], _places: Places) -> Pairs:
    """The pairs whose titles differ least, the most alike first."""
    for n, m in _by_likeness(items, candidates, _ALIKE):
        yield items[n], candidates[m]


def _by_likeness(
    items: Items, candidates: Sequence[KnownIssues], least: float
) -> Iterator[tuple[int, int]]:
    """Which item goes with which issue, by their titles: each at most once."""
    from difflib import SequenceMatcher

    scored = [
        (SequenceMatcher(None, _folded(one.place.title), _folded(item.title)).ratio(), n, m)
        for n, item in enumerate(items)
        for m, one in enumerate(candidates)
        if item.number == one.place.number
    ]
    taken: set[tuple[str, int]] = set()
    for score, n, m in sorted(scored, key=lambda row: (-row[0], row[1], row[2])):
        if score >= least and not taken & {("item", n), ("issue", m)}:
            taken |= {("item", n), ("issue", m)}
            yield n, m
