"""Dates as people type them, by an explicit clock and zone, and by the machine's own."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.cli.dates import when
from tracker.errors import Invalid

BERLIN = ZoneInfo("Europe/Berlin")
HERE = timezone(timedelta(hours=-5))
FRACTION = 123_456_789
# A Wednesday.
NOW = int(datetime(2026, 3, 18, 10, 30, 15, tzinfo=HERE).timestamp()) * 10**9 + FRACTION


def at(text: str, zone=HERE) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()) * 10**9


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-15", "2026-01-15 00:00"),
        ("2026-01-15T09:05", "2026-01-15 09:05"),
        ("2026-01-15 09:05:07", "2026-01-15 09:05:07"),
        ("2026-01-15t09:05:07", "2026-01-15 09:05:07"),
        (" Tomorrow ", "2026-03-19 00:00"),
        ("yesterday", "2026-03-17 00:00"),
        ("today", "2026-03-18 00:00"),
        ("today at 5pm", "2026-03-18 17:00"),
        ("tomorrow 9:30", "2026-03-19 09:30"),
        ("tomorrow, at noon", "2026-03-19 12:00"),
        ("tomorrow at 12am", "2026-03-19 00:00"),
        ("tomorrow at 12 PM", "2026-03-19 12:00"),
        ("next monday", "2026-03-23 00:00"),
        ("next Monday at 9am", "2026-03-23 09:00"),
        ("fri", "2026-03-20 00:00"),
        ("this friday", "2026-03-20 00:00"),
        ("wednesday", "2026-03-25 00:00"),
        ("last wednesday", "2026-03-11 00:00"),
        ("last friday", "2026-03-13 00:00"),
        ("next week", "2026-03-25 00:00"),
        ("last month", "2026-02-18 00:00"),
        ("next year", "2027-03-18 00:00"),
        ("in 3 days at 8:15", "2026-03-21 08:15"),
        ("2026-04-01 9am", "2026-04-01 09:00"),
        ("+1d 9am", "2026-03-19 09:00"),
    ],
)
def test_a_day_begins_at_its_first_moment_and_a_time_is_exact(text, expected):
    assert when(text, NOW, zone=HERE) == at(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+6h", "2026-03-18 16:30:15"),
        ("6h", "2026-03-18 16:30:15"),
        ("-1h", "2026-03-18 09:30:15"),
        ("2d", "2026-03-20 10:30:15"),
        ("-1w", "2026-03-11 10:30:15"),
        ("+1m", "2026-04-18 10:30:15"),
        ("-3m", "2025-12-18 10:30:15"),
        ("+2y", "2028-03-18 10:30:15"),
        ("in 3 days", "2026-03-21 10:30:15"),
        ("3 days ago", "2026-03-15 10:30:15"),
        ("a week ago", "2026-03-11 10:30:15"),
        ("in an hour", "2026-03-18 11:30:15"),
        ("two months ago", "2026-01-18 10:30:15"),
        ("0d", "2026-03-18 10:30:15"),
    ],
)
def test_a_distance_keeps_the_time_of_day(text, expected):
    assert when(text, NOW, zone=HERE) == at(expected) + FRACTION


def test_now_is_now():
    assert when("now", NOW, zone=HERE) == NOW


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-15T09:05:07Z", "2026-01-15T09:05:07+00:00"),
        ("2026-01-15t09:05:07z", "2026-01-15T09:05:07+00:00"),
        ("2026-01-15T09:05:07+05:30", "2026-01-15T09:05:07+05:30"),
        ("2026-01-15 09:05:07 -0800", "2026-01-15T09:05:07-08:00"),
    ],
)
def test_a_zone_in_the_text_counts(text, expected):
    found = when(text, NOW, zone=BERLIN)
    assert found == int(datetime.fromisoformat(expected).timestamp()) * 10**9


def test_a_fraction_of_a_second_is_kept_to_the_nanosecond():
    assert when("2026-01-15T09:05:07.25Z", NOW) % 10**9 == 250_000_000
    assert when("2026-01-15T09:05:07.1234567891Z", NOW) % 10**9 == 123_456_789


@pytest.mark.parametrize(
    ("start", "text", "expected"),
    [
        ("2026-01-31", "+1m", "2026-02-28"),
        ("2028-02-29", "+1y", "2029-02-28"),
        ("2028-01-31", "+1m", "2028-02-29"),
        ("2026-03-31", "-1m", "2026-02-28"),
        ("2026-12-31", "+2m", "2027-02-28"),
        ("2026-05-31", "+1m", "2026-06-30"),
    ],
)
def test_a_month_that_is_too_short_gives_its_last_day(start, text, expected):
    assert when(text, at(start), zone=HERE) == at(expected)


def test_a_day_is_no_24_hours_where_the_clocks_change():
    before = at("2026-03-28 12:00", BERLIN)  # the night after, clocks go forward
    assert when("+1d", before, zone=BERLIN) == at("2026-03-29 12:00", BERLIN)
    assert when("+1d", before, zone=BERLIN) - before == 23 * 3600 * 10**9
    assert when("+24h", before, zone=BERLIN) - before == 24 * 3600 * 10**9


def test_the_zone_is_the_machines_own_by_default(monkeypatch):
    assert when("2026-07-01", NOW) == at("2026-07-01", UTC)
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    assert when("2026-07-01", NOW) == at("2026-07-01", BERLIN)
    assert when("2026-01-01", NOW) == at("2026-01-01", BERLIN)
    assert when("tomorrow at 9am", NOW) == at("2026-03-19 09:00", BERLIN)


@pytest.mark.parametrize(
    "text",
    [
        "", "  ", "x", "2026-13-01", "2026-02-30", "2026-1-5", "26-01-05", "2026-01-05 25:00",
        "tomorrow at 25:00", "tomorrow at 13pm", "tomorrow at 9", "tomorrow at", "next", "in days",
        "in some days", "5", "+6", "+6x", "h", "+ 6h", "next monday next monday", "monday tuesday",
        "9999999y", "in 99999999999 days", "12345 years ago", "0000-01-01", "٣d",
        "2026-01-05 09:00 at 9am", "+6h at 9am", "in " + "9" * 5000 + " days",
    ],
)  # fmt: skip
def test_what_is_no_date_is_refused_by_the_name_of_its_flag(text):
    assert when("+6h", NOW, "--due-after", HERE) > NOW
    with pytest.raises(Invalid) as caught:
        when(text, NOW, "--due-after", HERE)
    assert caught.value.message == (
        f'invalid --due-after format "{text}". Examples: +6h, tomorrow, next monday, 2025-01-15'
    )


@given(st.text() | st.from_regex(r"\A(in |next |last )?[+-]?\d{0,9} ?[a-z]{0,8}( at \d{1,2}pm)?\Z"))
def test_any_text_is_a_date_or_refused(text):
    try:
        found = when(text, NOW, zone=HERE)
    except Invalid:
        return
    assert isinstance(found, int)
    assert when(f"  {text.upper()} ", NOW, zone=HERE) == found


@given(st.integers(10**14, 9 * 10**18))
def test_what_is_printed_can_be_typed(nanoseconds):
    seconds, rest = divmod(nanoseconds, 10**9)
    text = f"{datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()}.{rest:09d}"
    for spelling in (text, text.replace("T", " "), f"{text}Z", f"{text}+00:00"):
        assert when(spelling, NOW, zone=UTC) == nanoseconds
