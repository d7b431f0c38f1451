"""Parse and print RFC 3339 timestamps."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:[.,](\d{1,12}))?\s*([Zz]|[+-]\d\d:?\d\d)?\Z",
    re.ASCII,
)
_USUAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z", re.ASCII).fullmatch
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(text: str) -> int:
    """Nanoseconds since 1970 of an RFC 3339 time; without an offset it is UTC. 0 if it is none."""
    try:
        if _USUAL(text):  # twice as fast
            passed = datetime.fromisoformat(text) - _EPOCH
            seconds = passed.days * 86_400 + passed.seconds
            return seconds * 1_000_000_000 + passed.microseconds * 1000
        match = _TIME.match(text)
        if match is None:
            return 0
        day, clock, fraction, offset = match.groups()
        zone = "+00:00" if offset is None or offset in "Zz" else offset
        passed = datetime.fromisoformat(f"{day}T{clock}{zone}") - _EPOCH
    except ValueError:
        return 0
    seconds = passed.days * 86_400 + passed.seconds
    return seconds * 1_000_000_000 + int((fraction or "")[:9].ljust(9, "0"))


EARLIEST = -62_135_596_800 * 1_000_000_000
LATEST = 253_402_300_799 * 1_000_000_000
"""The year 1 and the end of the year 9999, beyond which no time can be written."""


def stamped(nanoseconds: float) -> str:
    """The time as `stamp` writes it; "" for one that cannot be written."""
    return stamp(int(nanoseconds)) if EARLIEST <= nanoseconds <= LATEST else ""


def stamp(nanoseconds: int) -> str:
    """The time as the log holds it: UTC, `Z`, microseconds, no trailing zeros."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    text = datetime.fromtimestamp(seconds, UTC).isoformat()[:19]
    fraction = f"{rest // 1000:06d}".rstrip("0")
    return f"{text}.{fraction}Z" if fraction else f"{text}Z"
