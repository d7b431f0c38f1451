"""What a whole side lost: a mass deletion, or a field that a tool stripped from most records.

A merge carries both out as they are said; these are only warnings.
"""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from tracker.rules import BOOKKEEPING, ISSUE
from tracker.settle import Decision

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracker.sides import Rows

FEWEST = 5
"""Losses below this number are nobody's mass deletion."""
_EMPTY: tuple[object, ...] = (None, "", [], {})


def losses(sides: tuple[Rows, Rows, Rows]) -> list[Decision]:
    """What either side removed from more than half of the records of the base."""
    base = sides[0]
    found = []
    for side in sides[1:]:
        gone = len(base.keys() - side.keys())
        if gone >= FEWEST and gone * 2 > len(base):
            why = f"one branch removed {gone} of {len(base)} records"
            found.append(Decision("", "", why))
        found += _stripped(base, side)
    return found


def _stripped(base: Rows, side: Rows) -> Iterator[Decision]:
    emptied: Counter[str] = Counter()
    for key, row in base.items():
        other = side.get(key)
        if other is not None and other is not row:
            now = other.fields
            emptied.update(
                name
                for name, value in row.fields.items()
                if not now.get(name) and now.get(name) in _EMPTY and value not in _EMPTY
            )
    for name, count in sorted(emptied.items()):
        if count < FEWEST or ISSUE.get(name) is BOOKKEEPING:
            continue
        sign = b'"%s":' % name.encode(errors="replace")
        rows = (row for key, row in base.items() if key in side and sign in row.line)
        having = sum(1 for _ in islice(rows, count * 2))
        if count * 2 > having:
            yield Decision("", name, f"one branch emptied it in {count} of {having} records")
