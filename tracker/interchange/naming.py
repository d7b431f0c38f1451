"""What a dependency of a plan names: the item of that number or title, or one near it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tracker.model import TITLE_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tracker.interchange.plans import Item

_LONGEST = 2 * TITLE_LIMIT  # characters of a name: a title, and what may stand behind it
_ENDS = re.compile(r"(?:\W|\b(?:is|are|be|complete[d]?|done|finished|ready)\b)+\Z", re.IGNORECASE)
_AND = re.compile(r"\s+(?:and|&)\s+")
_WORDS = re.compile(r"\b(?:depends on|blocked by|waits for)\s+(.+)\Z", re.IGNORECASE)


def named(text: str, item: Item, items: Sequence[Item]) -> Iterator[tuple[str, Item | None]]:
    """The items that a text names for an item; None for a name that no item has.

    A title may hold an `and`: what stands on either side of one is looked for where nothing is
    called the whole.
    """
    rest = [text]
    while rest:
        text = rest[0]
        whole = next(_named(text, item, items), None) if len(text) <= _LONGEST else None
        first, *rest = [text] if whole is not None else _AND.split(text, maxsplit=1)
        if rest:
            whole = next(_named(first, item, items), None)
        yield first.strip(" `"), whole


def overlooked(item: Item, items: Sequence[Item]) -> str:
    """What reads like a dependency within a title, and names an item; else nothing."""
    match = _WORDS.search(item.title)
    if match is None or next(_named(match[1], item, items), None) is None:
        return ""
    return match[0]


def _named(text: str, item: Item, items: Sequence[Item]) -> Iterator[Item]:
    """The items that a text may name, the likeliest first and of those the nearest.

    By number or whole title anywhere; by how a title begins only beside it or beside what it
    stands below, since elsewhere the same words mean something else.
    """
    wanted = _ENDS.sub("", text).casefold()
    exact = {text.strip(" .").casefold(), wanted} - {""}
    number = wanted.removeprefix("#").removeprefix("task ").removeprefix("item ")
    way = _way(item, items)
    beside = [one for group in reversed(_groups(way, items)) for one in group]
    near = [*beside, *(one for top in (way[:-1] or items)[::-1] for one in top.walk())]
    near += [one for top in items for one in top.walk()]
    yield from (o for o in near if o is not item and o.number.casefold() in {number, wanted} - {""})
    for one in near:
        if one is not item and (_plain(one) in exact or one.title.casefold() in exact):
            yield one
    begins = re.compile(rf"\W*{re.escape(wanted)}\b")
    yield from (one for one in beside if one is not item and wanted and begins.match(_plain(one)))


def _groups(way: Sequence[Item], items: Sequence[Item]) -> list[Sequence[Item]]:
    """What stands beside each item of a way, from the top."""
    return [items, *(one.children for one in way[:-1])]


def _plain(item: Item) -> str:
    """A title without the number and the id in front of it."""
    title = item.title.casefold()
    if item.number and title.startswith(item.number.casefold()):
        title = title[len(item.number) :].lstrip(" .):-")
    return re.sub(r"\A[a-z][\w.]*-\w+:\s+", "", title)


def _way(item: Item, items: Sequence[Item]) -> list[Item]:
    """The items from the top down to this one."""
    for one in items:
        if one is item:
            return [one]
        below = _way(item, one.children)
        if below:
            return [one, *below]
    return []
