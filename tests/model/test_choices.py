"""Errors for values outside a closed set, and the values that they suggest."""

from __future__ import annotations

import pytest

from tracker.model.choices import closest, listed, not_a_choice, not_a_priority
from tracker.model.issue import STATUSES, TYPES


@pytest.mark.parametrize(
    ("values", "text"),
    [(["a"], "a"), (["a", "b"], "a or b"), (("a", "b", "c"), "a, b or c")],
)
def test_values_are_joined_for_a_sentence(values, text):
    assert listed(values) == text


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("close", "closed"),
        ("Closed", "closed"),
        ("colsed", "closed"),
        ("done", "closed"),
        ("in-progress", "in_progress"),
        ("in progress", "in_progress"),
        ("wip", "in_progress"),
        ("later", "deferred"),
        ("def", "deferred"),
        ("bogus", ""),
        ("", ""),
    ],
)
def test_a_near_status_is_suggested(value, meant):
    assert closest(value, STATUSES) == meant


@pytest.mark.parametrize(
    ("value", "meant"),
    [("Bug", "bug"), ("defect", "bug"), ("featur", "feature"), ("story", "feature"), ("zzz", "")],
)
def test_a_near_type_is_suggested(value, meant):
    assert closest(value, TYPES) == meant


def test_a_word_is_suggested_only_where_it_is_valid():
    assert closest("done", ["open", "closed"]) == "closed"
    assert closest("done", ["text", "svg"]) == ""


def test_the_error_lists_the_values_and_hints_at_the_closest():
    near = not_a_choice("status", "close", ["open", "closed"], hint="bd statuses")
    assert (near.message, near.hint) == (
        'invalid status "close": use open or closed',
        "did you mean closed?",
    )
    far = not_a_choice("status", "zzz", ["open", "closed"], hint="bd statuses")
    assert far.hint == "bd statuses"
    assert not_a_choice("status", "zzz", ["open", "closed"]).hint is None


@pytest.mark.parametrize(
    ("value", "meant"),
    [("high", "P1"), ("Critical", "P0"), ("medium", "P2"), ("low", "P3"), ("trivial", "P4")],
)
def test_words_for_a_priority_lead_to_its_number(value, meant):
    assert not_a_priority(value).hint == f"did you mean {meant}?"
    assert not_a_priority(7).hint is None
