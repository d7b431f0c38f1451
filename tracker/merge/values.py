"""Compare JSON values by meaning.

A value is a `Member` of the codec: the text that it was, beside what that parsed to. Absent,
`null`, `""` and `[]` mean the same; so do `1.0` and `1`, and two forms of one instant under a name
that ends in `_at`. Values that a merge puts together have only their text.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING

from tracker.json_text import Member, members, quote, skip_space
from tracker.model.timestamps import instant

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


Record = Mapping[str, Member]
Meaning = Callable[[Member], Hashable]

ABSENT = Member(None, "")
_TIMES = frozenset({"due", "due_at", "defer_until", "timestamp", "last_activity"})
_NUMBER = re.compile(r"(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,9}))?\Z", re.ASCII)


def _number(text: str) -> Hashable:
    """A number without a float on the way: its sign, its digits, and where the point stands."""
    match = _NUMBER.match(text)
    if match is None:
        return "number", text
    sign, whole, fraction, exponent = match.groups()
    fraction = fraction or ""
    digits = (whole + fraction).lstrip("0")
    short = digits.rstrip("0")
    if not short:
        return "number", "0"
    return "number", sign + short, int(exponent or 0) - len(fraction) + len(digits) - len(short)


_decoder = json.JSONDecoder(parse_int=_number, parse_float=_number)


def meaning(value: Member) -> Hashable:
    """What the value says; None if it says nothing. Too deeply nested, it is its text."""
    if isinstance(value.value, str):
        return value.value or None
    if not value.raw:
        return None
    try:
        return _meant(_decoder.decode(value.raw))
    except RecursionError:
        return "deep", value.raw


def _meant(found: Any, name: str = "") -> Hashable:
    if isinstance(found, str):
        at = instant(found) if is_time(name) else 0
        return ("time", at) if at else found or None
    if isinstance(found, list):
        return ("list", tuple(_meant(item) for item in found)) if found else None
    if isinstance(found, dict):
        said = ((key, _meant(item, key)) for key, item in found.items())
        return "object", frozenset(pair for pair in said if pair[1] is not None)
    if isinstance(found, bool):
        return "flag", found
    return found if isinstance(found, tuple) else None


def moment(value: Member) -> Hashable:
    """The instant of a time; of anything else what it means."""
    at = instant(value.value) if isinstance(value.value, str) else 0
    return ("time", at) if at else meaning(value)


def is_time(name: str) -> bool:
    """Whether values under this name are compared as instants."""
    return name.endswith("_at") or name in _TIMES


def when(record: Record, name: str) -> int:
    """The instant under this name, in nanoseconds; 0 if there is none."""
    value = record.get(name, ABSENT).value
    return instant(value) if isinstance(value, str) else 0


def earliness(record: Record, name: str) -> tuple[bool, int, str]:
    """What sorts records by a time, those first that have one; Go's zero time is none."""
    at = when(record, name)
    return at <= 0, at, record.get(name, ABSENT).raw


def pick(base: Member, one: Member, two: Member, mean: Meaning) -> Member | None:
    """The value that moved, or None if both moved apart.

    Spelling counts only where the meaning does not decide: the base's, else the smaller.
    """
    if two.raw in {one.raw, base.raw}:
        return one
    if one.raw == base.raw:
        return two
    first, second, before = mean(one), mean(two), mean(base)
    if first == second:
        return base if before == first else min(one, two, key=lambda value: value.raw)
    if second == before:
        return one
    return two if first == before else None


def elements(value: Member) -> list[Member] | None:
    """The elements of an array, none if there is no value; None if it is something else."""
    if meaning(value) is None:
        return []
    if not value.raw.startswith("["):
        return None
    found = []
    at = skip_space(value.raw, 1)
    try:
        while value.raw[at] != "]":
            item, end = _decoder.raw_decode(value.raw, at)
            found.append(Member(item, value.raw[at:end]))
            at = skip_space(value.raw, end)
            if value.raw[at] == ",":
                at = skip_space(value.raw, at + 1)
    except RecursionError:
        return None
    return found


def attributes(value: Member) -> Record | None:
    """The keys of an object, none if there is no value; None if it is something else."""
    if value.raw.startswith("{"):
        return members(value.raw)[0]
    return {} if meaning(value) is None else None


def text(value: str) -> Member:
    """A string as a value."""
    return Member(value, quote(value))


def array(values: Iterable[Member]) -> Member:
    """An array put together; no value if it is empty."""
    inner = ",".join(value.raw for value in values)
    return Member(None, f"[{inner}]") if inner else ABSENT


def mapping(record: Record) -> Member:
    """An object put together, without what is absent."""
    pairs = [f"{quote(name)}:{value.raw}" for name, value in record.items() if value.raw]
    return Member(None, "{" + ",".join(pairs) + "}")


def bag(items: Iterable[Hashable]) -> Hashable:
    """The same for the same items in any order; None without any."""
    return frozenset(Counter(items).items()) or None
