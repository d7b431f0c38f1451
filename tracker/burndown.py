"""How much was open at which time, and when it will be done if things go on as they did lately."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

DAY = 86_400_000_000_000  # nanoseconds
LATELY = 28  # days that the forecast looks back


class Point(NamedTuple):
    """At an instant (nanoseconds since 1970): how many issues were open, and how many done."""

    at: int
    open: int
    done: int


class Burndown(NamedTuple):
    """The course of some issues. `rate` is how many more were closed than made a day, lately.

    `ends` is when nothing is left at that rate; 0 where there is nothing left, or it never ends.
    """

    points: list[Point]
    rate: float
    ends: int


def burndown(
    lives: Iterable[tuple[int, int]], now: int, start: int = 0, count: int = 120
) -> Burndown:
    """The course from `start` (0: from the first issue) until `now`, in about `count` points.

    A life is when an issue was made, and when it was closed (0: it is open). What was closed before
    it was made counts as closed at once; a time that is not known is the earliest one.

    Laws: the last point counts what is open now; open and done together never fall.
    """
    known = [(made, max(closed, made) if closed else 0) for made, closed in lives]
    first = min((made for made, _ in known if made), default=now)
    made = sorted(max(made, first) for made, _ in known)
    closed = sorted(max(closed, first) for _, closed in known if closed)
    begin = min(max(start, first) if start else first, now)
    step = max((now - begin) // count, DAY // 24, 1)
    stamps = [*range(begin, now, step), now]

    def point(at: int) -> Point:
        done = bisect_right(closed, at)
        return Point(at, bisect_right(made, at) - done, done)

    points = [point(at) for at in stamps]
    days = min(LATELY, max((now - first) / DAY, 1))
    before, last = point(now - int(days * DAY)), points[-1]
    rate = (last.done - before.done - (last.open + last.done - before.open - before.done)) / days
    ends = now + int(last.open / rate * DAY) if rate > 0 and last.open else 0
    return Burndown(points, rate, ends)
