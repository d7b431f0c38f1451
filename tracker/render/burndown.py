"""Burndown figures and their chart."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from tracker.render.svg import COLOURS, cut, escaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


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


WIDE, HIGH = 960, 460
LEFT, RIGHT, TOP, BOTTOM = 56, 24, 92, 44
_AHEAD = 1.35  # a forecast may lengthen the axis by a third
_STYLE = (
    COLOURS
    + """
.grid{stroke:var(--line)}.base{stroke:var(--dim)}
.area{fill:var(--in_progress);opacity:.18}
.open{fill:none;stroke:var(--in_progress);stroke-width:2.4;stroke-linejoin:round}
.done{fill:none;stroke:var(--ready);stroke-width:2;stroke-linejoin:round}
.ahead{fill:none;stroke:var(--in_progress);stroke-width:1.8;stroke-dasharray:5 5}
"""
)


class Axes:
    """From instants and counts to pixels."""

    def __init__(self, course: Burndown) -> None:
        points = course.points
        self.first, self.now = points[0].at, points[-1].at
        span = max(self.now - self.first, DAY)
        limit = self.first + int(span * _AHEAD)
        self.last = max(self.now, min(course.ends, limit)) if course.ends else self.now
        self.last = max(self.last, self.first + DAY)
        self.step = _step(max(max(point.open, point.done) for point in points))
        self.top = max(-(-max(max(p.open, p.done) for p in points) // self.step), 1) * self.step

    def x(self, at: int) -> float:
        """Where an instant is."""
        return round(LEFT + (WIDE - LEFT - RIGHT) * (at - self.first) / (self.last - self.first), 1)

    def y(self, count: float) -> float:
        """Where a count is."""
        return round(HIGH - BOTTOM - (HIGH - TOP - BOTTOM) * count / self.top, 1)


def _step(most: int) -> int:
    """A round number of which a handful reach the top."""
    size = 1
    while True:
        for step in (size, 2 * size, 5 * size):
            if step * 5 >= most:
                return step
        size *= 10


def svg(course: Burndown, title: str) -> str:
    """The picture of a course, as one document."""
    axes = Axes(course)
    size = f'width="{WIDE}" height="{HIGH}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {WIDE} {HIGH}" role="img">',
        f"<title>{escaped(title)}</title><style>{_STYLE}</style>",
        '<rect width="100%" height="100%" fill="var(--bg)"/>',
        f'<text class="name" x="24" y="36">{escaped(cut(title, 84))}</text>',
        *_legend(course),
        *_rows(axes),
        *_columns(axes),
        *_curves(axes, course),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _forecast(course: Burndown) -> str:
    if not course.points[-1].open:
        return "nothing is left"
    if not course.ends:
        return "more is made than done lately" if course.rate < 0 else "no end in sight"
    if course.ends > course.points[-1].at + 3650 * DAY:
        return "no end in sight"
    return f"done on {_day(course.ends):%Y-%m-%d} if it goes on like this"


def _legend(course: Burndown) -> Iterator[str]:
    last, at = course.points[-1], 24
    for kind, word in (("open", f"{last.open} open"), ("done", f"{last.done} done"),
                       ("ahead", _forecast(course))):  # fmt: skip
        if kind != "ahead" or course.ends:
            yield f'<path class="{kind}" d="M{at} 62h22"/>'
            at += 30
        yield f'<text class="dim" x="{at}" y="66">{word}</text>'
        at += 26 + len(word) * 7


def _rows(axes: Axes) -> Iterator[str]:
    for count in range(0, axes.top + 1, axes.step):
        y = axes.y(count)
        kind = "grid" if count else "base"
        yield f'<path class="{kind}" d="M{LEFT} {y}H{WIDE - RIGHT}"/>'
        yield f'<text class="dim" x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{count}</text>'


def _day(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1_000_000_000, UTC)


def _columns(axes: Axes) -> Iterator[str]:
    """The dates below: days, weeks, months or years, whatever gives a handful."""
    days = (axes.last - axes.first) / DAY
    form = "%b %d" if days < 300 else "%b %Y" if days < 3000 else "%Y"
    for at in _dates(_day(axes.first), days):
        x = axes.x(int(at.timestamp()) * 1_000_000_000)
        if LEFT <= x <= WIDE - RIGHT - 10:
            yield f'<path class="base" d="M{x} {HIGH - BOTTOM}v5"/>'
            yield (f'<text class="dim" x="{x}" y="{HIGH - BOTTOM + 20}" text-anchor="middle">'
                   f"{at:{form}}</text>")  # fmt: skip


def _dates(first: datetime, days: float) -> Iterator[datetime]:
    start = first.replace(hour=0, minute=0, second=0, microsecond=0)
    if days < 70:
        step = next(step for step in (1, 2, 3, 7, 14) if days / step <= 10)
        yield from (start + timedelta(days=at) for at in range(0, int(days) + step + 1, step))
        return
    months = next((step for step in (1, 2, 3, 6, 12, 24, 60) if days / 30 / step <= 10), 120)
    for at in range(0, int(days / 28) + months + 1, months):
        month = start.month - 1 + at
        yield start.replace(year=start.year + month // 12, month=month % 12 + 1, day=1)


def _curves(axes: Axes, course: Burndown) -> Iterator[str]:
    points = course.points
    opened = " ".join(f"{axes.x(p.at)},{axes.y(p.open)}" for p in points)
    done = " ".join(f"{axes.x(p.at)},{axes.y(p.done)}" for p in points)
    base = axes.y(0)
    yield (f'<polygon class="area" points="{axes.x(axes.first)},{base} {opened} '
           f'{axes.x(axes.now)},{base}"/>')  # fmt: skip
    yield f'<polyline class="done" points="{done}"/>'
    yield f'<polyline class="open" points="{opened}"/>'
    last = points[-1]
    if course.ends and last.open:
        share = min(1.0, (axes.last - axes.now) / (course.ends - axes.now))
        end = axes.y(last.open * (1 - share))
        yield (f'<path class="ahead" d="M{axes.x(axes.now)} {axes.y(last.open)}'
               f'L{axes.x(axes.last)} {end}"/>')  # fmt: skip
