"""Parse dates as people type them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tracker.errors import Invalid

if TYPE_CHECKING:
    from datetime import tzinfo


EXAMPLES = "+6h, tomorrow, next monday, 2025-01-15"

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_UNITS = {
    "h": "h", "hour": "h", "d": "d", "day": "d", "w": "w", "week": "w", "m": "m", "month": "m",
    "y": "y", "year": "y",
}  # fmt: skip
_NUMBERS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10,
}  # fmt: skip
_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}

_SHORT = re.compile(r"([+-]?)(\d{1,6})([hdwmy])\Z", re.ASCII)
_STAMP = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[t ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9})\d*)?\s*(z|[+-]\d\d:?\d\d)?)?\Z",
    re.ASCII,
)
_AHEAD = re.compile(r"in (\w+) (hour|day|week|month|year)s?\Z", re.ASCII)
_BEHIND = re.compile(r"(\w+) (hour|day|week|month|year)s? ago\Z", re.ASCII)
_TURN = re.compile(r"(next|last) (day|week|month|year)\Z", re.ASCII)
_WEEKDAY = re.compile(r"(?:(next|last|this|on) )?([a-z]+)\Z", re.ASCII)
_AT = re.compile(r"(.+?),? (?:at )?(noon|midnight|\d{1,2}(?::\d\d)?(?: ?[ap]m)?)\Z", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2})(?::(\d\d))?(?: ?([ap])m)?\Z", re.ASCII)


def when(text: str, now: int, flag: str = "--due", zone: tzinfo | None = None) -> int:
    """The instant that a text means, in nanoseconds since 1970. Raises Invalid, naming `flag`.

    `[+-]N{h,d,w,m,y}` (`m` is months), `YYYY-MM-DD` (midnight), `YYYY-MM-DD HH:MM[:SS]`, RFC 3339,
    tomorrow, next monday at 9am, in 3 days, 3 days ago. A day without a time is its first moment;
    what counts from `now` keeps the time of day. Without a zone in the text it is `zone`, which is
    the machine's own by default.
    """
    words = " ".join(text.lower().split())
    try:
        found = _stamped(words, zone)
        if found is None:
            found = _spoken(words, now, zone)
    except (ValueError, OverflowError, OSError):  # no such day, or beyond what a clock can show
        found = None
    if found is None:
        raise Invalid(f'invalid {flag} format "{text}". Examples: {EXAMPLES}')
    return found


def _stamped(words: str, zone: tzinfo | None) -> int | None:
    match = _STAMP.match(words)
    if match is None:
        return None
    day, clock, fraction, offset = match.groups()
    spelled = f"{day}T{clock or '00:00'}{(offset or '').upper()}"
    moment = datetime.fromisoformat(spelled)
    if offset is None:
        moment = moment.replace(tzinfo=zone)
    return _nanoseconds(moment) + int((fraction or "").ljust(9, "0"))


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000_000  # never with a fraction, and never after 9999


def _spoken(words: str, now: int, zone: tzinfo | None) -> int | None:
    if words == "now":
        return now
    here = datetime.fromtimestamp(now // 1_000_000_000, zone).replace(tzinfo=None)
    day = _day(words, here)
    if day is not None:
        return _nanoseconds(day.replace(tzinfo=zone))
    at = _AT.match(words)
    if at is not None:
        return _at_clock(at[1], at[2], here, zone)
    distance = _distance(words)
    if distance is None:
        return None
    count, unit = distance
    if unit == "h":
        return now + count * 3_600_000_000_000
    moved = _moved(here, count, unit).replace(tzinfo=zone)
    return _nanoseconds(moved) + now % 1_000_000_000


def _at_clock(words: str, clock: str, here: datetime, zone: tzinfo | None) -> int | None:
    """A day and a time of that day."""
    start = _day(words, here)
    if start is None and len(words) == len("2025-01-15") and _STAMP.match(words):
        start = datetime.fromisoformat(words)
    if start is None:
        distance = _distance(words)
        if distance is None or distance[1] == "h":
            return None
        start = _moved(here, *distance)
    hours = _hours(clock)
    if hours is None:
        return None
    hour, minute = hours
    exact = start.replace(hour=hour, minute=minute, second=0, tzinfo=zone)
    return _nanoseconds(exact)


def _hours(clock: str) -> tuple[int, int] | None:
    if clock in {"noon", "midnight"}:
        return (12 if clock == "noon" else 0), 0
    match = _CLOCK.match(clock)
    if match is None:
        return None
    hour, minute, half = int(match[1]), int(match[2] or 0), match[3]
    if half is None:
        return (hour, minute) if match[2] else None  # a bare number could be anything
    if not 1 <= hour <= 12:
        return None
    return hour % 12 + (12 if half == "p" else 0), minute


def _day(words: str, here: datetime) -> datetime | None:
    """The first moment of a day that is named by a word."""
    midnight = here.replace(hour=0, minute=0, second=0)
    if words in _DAYS:
        return midnight + timedelta(days=_DAYS[words])
    turn = _TURN.match(words)
    if turn is not None:
        return _moved(midnight, 1 if turn[1] == "next" else -1, _UNITS[turn[2]])
    match = _WEEKDAY.match(words)
    if match is None:
        return None
    named = [at for at, name in enumerate(_WEEKDAYS) if match[2] in {name, name[:3]}]
    if not named:
        return None
    ahead = (named[0] - here.weekday()) % 7
    if match[1] == "last":
        return midnight + timedelta(days=ahead - 7)
    return midnight + timedelta(days=ahead or 7)


def _distance(words: str) -> tuple[int, str] | None:
    """How far from now, and in which unit."""
    short = _SHORT.match(words)
    if short is not None:
        return int(short[1] + short[2]), short[3]
    for pattern, sign in ((_AHEAD, 1), (_BEHIND, -1)):
        match = pattern.match(words)
        if match is not None:
            count = _NUMBERS.get(match[1]) or (int(match[1]) if match[1].isdigit() else 0)
            return (sign * count, _UNITS[match[2]]) if count or match[1] == "0" else None
    return None


def _moved(start: datetime, count: int, unit: str) -> datetime:
    """The same time of day so many days, weeks, months or years away.

    A month that is too short gives its last day.
    """
    if unit in {"d", "w"}:
        return start + timedelta(days=count * (7 if unit == "w" else 1))
    months = start.year * 12 + start.month - 1 + count * (12 if unit == "y" else 1)
    year, month = divmod(months, 12)
    first = start.replace(year=year, month=month + 1, day=1)
    for day in range(start.day, 28, -1):
        try:
            return first.replace(day=day)
        except ValueError:
            continue
    return first.replace(day=min(start.day, 28))
