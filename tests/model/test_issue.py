"""The records: frozen values, times that are compared as instants."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.strategies import issues, texts
from tracker.log.issue_codec import KEY_ORDER, encode
from tracker.model.issue import (
    BLOCKING,
    DEFAULTS,
    DEPENDENCY_TYPES,
    FIELDS,
    KINDS,
    PARENT,
    STATUSES,
    TYPE_ALIASES,
    TYPES,
    Comment,
    Dependency,
    Issue,
)
from tracker.model.status import CLOSED, TOMBSTONE
from tracker.model.timestamps import instant, stamp

SECOND = 1_000_000_000
BASE = 1_795_151_872 * SECOND  # 2026-11-20T05:17:52Z

OFFSETS = st.timedeltas(timedelta(hours=-14), timedelta(hours=14)).map(
    lambda delta: timezone(timedelta(minutes=delta // timedelta(minutes=1))),
)
MOMENTS = st.datetimes(timezones=OFFSETS)


@given(MOMENTS)
def test_an_instant_is_that_of_datetime_whatever_the_offset(moment):
    expected = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000
    assert instant(moment.isoformat()) == expected
    assert instant(moment.isoformat(sep=" ")) == expected
    assert instant(moment.isoformat().replace("T", "t")) == expected


@given(MOMENTS, MOMENTS)
def test_instants_are_in_the_order_of_time(one, two):
    assert (instant(one.isoformat()) < instant(two.isoformat())) == (one < two)


@given(st.integers(instant("0001-01-01T00:00:00Z"), instant("9999-12-31T23:59:59.999999999Z")))
def test_a_stamp_is_its_instant_in_whole_microseconds(nanoseconds):
    assert instant(stamp(nanoseconds)) == nanoseconds // 1000 * 1000
    assert stamp(instant(stamp(nanoseconds))) == stamp(nanoseconds)


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("2026-11-20T05:17:52Z", BASE),
        ("2026-11-20t05:17:52z", BASE),
        ("2026-11-20 05:17:52", BASE),
        ("2026-11-20T05:17:52+00:00", BASE),
        ("2026-11-20T00:17:52-05:00", BASE),
        ("2026-11-20T10:47:52+0530", BASE),
        ("2026-11-20 05:17:52 +00:00", BASE),
        ("2026-11-20T05:17:52.4Z", BASE + 400_000_000),
        ("2026-11-20T05:17:52,4Z", BASE + 400_000_000),
        ("2026-11-20T05:17:52.425514932Z", BASE + 425_514_932),
        ("2026-11-20T05:17:52.425514932999Z", BASE + 425_514_932),
        ("1969-12-31T23:59:59.5Z", -SECOND // 2),
        ("1970-01-01T00:00:00Z", 0),
    ],
)
def test_every_form_of_a_time_that_logs_hold(text, nanoseconds):
    assert instant(text) == nanoseconds


@pytest.mark.parametrize(
    "text",
    [
        "", "yesterday", "2026-11-20", "2026-11-20T05:17Z", "2026-11-20T05:17:52Z ",
        "2026-02-30T05:17:52Z", "2026-11-20T25:17:52Z", "2026-11-20T05:17:60Z",
        "2026-11-20T05:17:52.Z", "2026-11-20T05:17:52+5", "2026-11-20T05:17:52+25:00",
        "x2026-11-20T05:17:52Z", "٢٠٢٦-11-20T05:17:52Z", "2026-11-20T05:17:52.\u0661Z",
        "0000-01-01T00:00:00Z", "1795151872",
    ],
)  # fmt: skip
def test_what_is_no_time_is_zero(text):
    assert instant("2026-11-20T05:17:52Z") == BASE
    assert instant(text) == 0


@given(texts())
def test_any_text_may_stand_where_a_time_should(text):
    assert isinstance(instant(text), int)


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (BASE, "2026-11-20T05:17:52Z"),
        (BASE + 999, "2026-11-20T05:17:52Z"),
        (BASE + 1_000, "2026-11-20T05:17:52.000001Z"),
        (BASE + 420_000_000, "2026-11-20T05:17:52.42Z"),
        (BASE + SECOND - 1, "2026-11-20T05:17:52.999999Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
        (instant("0001-01-01T00:00:00Z"), "0001-01-01T00:00:00Z"),
    ],
)
def test_how_a_stamp_is_written(nanoseconds, text):
    assert stamp(nanoseconds) == text


def test_a_record_cannot_be_changed_in_place():
    issue = Issue(id="bd-a", title="one")
    assert replace(issue, title="two").title == "two"
    with pytest.raises(FrozenInstanceError):
        issue.title = "two"
    assert issue.title == "one"


@given(issues())
def test_records_are_values(issue):
    twin = replace(issue)
    assert twin == issue
    assert hash(twin) == hash(issue)
    assert {encode(twin)} == {encode(issue)}


def test_the_parent_is_the_edge_and_never_the_dots():
    blocker = Dependency(issue_id="bd-a.1", depends_on_id="bd-z")
    above = Dependency(issue_id="bd-a.1", depends_on_id="bd-b", type=PARENT)
    assert Issue(id="bd-a.1").parent == ""
    assert Issue(id="bd-a.1", dependencies=(blocker,)).parent == ""
    assert Issue(id="bd-a.1", dependencies=(blocker, above)).parent == "bd-b"


def test_what_makes_two_edges_the_same():
    edge = Dependency(issue_id="bd-a", depends_on_id="bd-b", created_by="ann")
    assert edge.key == replace(edge, created_by="bob").key
    assert edge.key != replace(edge, type="related").key
    assert edge.key != replace(edge, depends_on_id="bd-c").key


def test_an_edge_seen_from_outside_starts_at_the_record_that_holds_it():
    edge = Dependency(issue_id="bd-x", depends_on_id="bd-b", extra=(("metadata", '"{}"'),))
    assert edge.at("bd-a") == replace(edge, issue_id="bd-a")
    assert edge.at("bd-x") is edge


def test_the_fields_stand_in_the_order_of_the_file():
    known = [name for name in KEY_ORDER if name in FIELDS]
    assert [name for name in FIELDS if name in KEY_ORDER] == known
    assert set(FIELDS) - set(KEY_ORDER) == {"aliases"}
    assert set(KINDS) == set(FIELDS) == {field.name for field in fields(Issue)} - {"extra"}


def test_every_default_but_status_and_type_is_empty():
    filled = {name for name in FIELDS if name != "id" and DEFAULTS[name]}
    assert filled == {"status", "issue_type"}
    assert all(getattr(Comment(), field.name) in (0, "", ()) for field in fields(Comment))


def test_the_words_of_the_model_agree_with_each_other():
    assert {CLOSED, TOMBSTONE, DEFAULTS["status"]} <= set(STATUSES)
    assert set(DEPENDENCY_TYPES) >= BLOCKING
    assert set(TYPE_ALIASES.values()) <= set(TYPES)
    assert not set(TYPE_ALIASES) & set(TYPES)
    assert DEFAULTS["issue_type"] in TYPES
