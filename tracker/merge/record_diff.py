"""Compare two records field by field.

Values that mean the same are equal, however they are spelled (`values`), and lists are compared as
the merge names their elements: two clones see the same differences.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tracker.json_text import Member, members, quote
from tracker.merge import sets
from tracker.merge.fields import rule_of
from tracker.merge.rules import BOOKKEEPING, ISSUE, LATEST, MEMORY
from tracker.merge.values import ABSENT, attributes, elements, meaning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracker.merge.fields import Rules


_LISTS = {"dependencies": sets.EDGES, "comments": sets.REMARKS, "labels": sets.NAMES}
_DEEPEST = 4  # levels of objects that are taken apart
_QUIET = (BOOKKEEPING, LATEST)


class RecordDifference(NamedTuple):
    """A field that differs; `ABSENT` where it is not there.

    `field` names keys of objects behind dots. Of a list, `added` and `removed` are its elements.
    `quiet` fields tell nothing that a person would look for.
    """

    field: str
    old: Member
    new: Member
    added: tuple[Member, ...] = ()
    removed: tuple[Member, ...] = ()
    quiet: bool = False


def differences(
    old: bytes | None, new: bytes | None, *, memory: bool = False
) -> tuple[RecordDifference, ...]:
    """What two lines of a record say differently, in the order of the newer; None is no record."""
    before, after = _fields(old), _fields(new)
    rules = MEMORY if memory else ISSUE
    return tuple(
        found
        for name in {**after, **before}
        for found in _between(rules, name, before.get(name, ABSENT), after.get(name, ABSENT))
    )


def _fields(line: bytes | None) -> dict[str, Member]:
    if line is None:
        return {}
    text = line.decode("utf-8", "replace")
    try:
        return members(text)[0]
    except ValueError:
        return {"line": Member(text, quote(text))}


def _between(rules: Rules, name: str, old: Member, new: Member) -> Iterator[RecordDifference]:
    rule = rule_of(rules, name)
    if old.raw == new.raw or rule.mean(old) == rule.mean(new):
        return
    objects = [attributes(value) for value in (old, new) if meaning(value) is not None]
    if objects and all(objects) and name.count(".") < _DEEPEST:
        yield from _keys(name, old, new)
        return
    added, removed = _elements(name, old, new)
    yield RecordDifference(name, old, new, added, removed, quiet=rule in _QUIET)


def _keys(name: str, old: Member, new: Member) -> Iterator[RecordDifference]:
    before, after = attributes(old) or {}, attributes(new) or {}
    for key in {**after, **before}:
        values = before.get(key, ABSENT), after.get(key, ABSENT)
        yield from _between({}, f"{name}.{key}", *values)


def _elements(name: str, old: Member, new: Member) -> tuple[tuple[Member, ...], tuple[Member, ...]]:
    before, after = elements(old), elements(new)
    if not before and not after:
        return (), ()
    if before is None or after is None:
        return (), ()
    kind = _LISTS.get(name, sets.PLAIN)
    return tuple(_beyond(kind, after, before)), tuple(_beyond(kind, before, after))


def _beyond(kind: sets.Listing, values: list[Member], others: list[Member]) -> Iterator[Member]:
    """The elements that others lack, each as often as it is more there."""
    left = [kind.key(value) for value in others]
    for value in values:
        key = kind.key(value)
        if key in left:
            left.remove(key)
        else:
            yield value
