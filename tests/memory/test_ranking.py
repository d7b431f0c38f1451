"""How memories are scored and chosen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.memory_workspace import replaced
from tracker.memory.ranking import (
    DAY,
    EXACT,
    HALF_LIVES,
    OTHER,
    PREFIX,
    TERMS,
    RecallCandidate,
    chosen,
    cut,
    lexical,
    place,
    ranked,
    recency,
    strong,
    superseded,
    telling,
    weight,
)
from tracker.model.memory import KINDS

NOW = 1_800_000_000 * 10**9

names = st.text("ab/", min_size=1, max_size=5)
candidates = st.lists(
    st.builds(
        RecallCandidate,
        names,
        st.sampled_from([*KINDS, "odd"]),
        st.floats(1e-6, 20),
        st.floats(0, 20),
        st.floats(0, 1),
        st.integers(0, NOW),
        st.floats(0, 1),
        st.booleans(),
        st.booleans(),
        st.booleans(),
    ),
    max_size=8,
    unique_by=lambda one: one.key,
)


def one(key="k", **fields):
    return RecallCandidate(key, **{"bm25": 1.0, "coverage": 1.0, "since": NOW, **fields})


def keys(found):
    return [each.key for each in found]


def test_every_kind_has_its_half_life():
    assert set(HALF_LIVES) == set(KINDS)
    assert recency("log", 14 * DAY) == pytest.approx(0.5)
    assert recency("fact", 365 * DAY) == pytest.approx(0.5)
    assert recency("of ours", 60 * DAY) == recency("note", 60 * DAY) == pytest.approx(0.5)
    assert recency("fact", -DAY) == 1.0
    for kind in ("pattern", "procedure", "pitfall"):
        assert recency(kind, 180 * DAY) == pytest.approx(0.5, abs=1e-9)
    assert recency("status", 30 * DAY) == pytest.approx(0.5, abs=1e-9)


def test_a_memory_of_which_nothing_is_said_is_a_plain_fact():
    (found,) = ranked([RecallCandidate("k")], "", NOW)
    assert (found.pinned, found.stale, found.archived, found.trust) == (1.0, 1.0, 1.0, 1.0)
    assert found.candidate.kind == "fact"


def test_an_unknown_age_is_half_an_age_and_no_more():
    assert recency("fact", None) == recency("log", None) == 0.5
    assert recency("fact", 0) == 1.0
    unknown, young, old = (ranked([one(since=since)], "", NOW)[0].recency for since in (0, NOW, 1))
    assert unknown == pytest.approx(0.925)
    assert young == pytest.approx(1.0)
    assert old == pytest.approx(0.85)  # of 1970: a time that is known, however early


def test_the_score_is_the_product_of_its_factors():
    asked = one(trust=0.5, since=NOW - 365 * DAY, pinned=True, stale=True, archived=True)
    (found,) = ranked([asked], "", NOW)
    factors = (found.rel, found.recency, found.trust, found.pinned, found.stale, found.archived)
    assert factors == pytest.approx((1.0, 0.925, 0.89, 1.10, 0.80, 0.60))
    assert found.score == pytest.approx(0.925 * 0.89 * 1.10 * 0.80 * 0.60)


def test_words_are_measured_against_the_best_and_by_coverage():
    half = [one("a", bm25=8.0), one("b", bm25=4.0), one("c", bm25=8.0, coverage=0.0)]
    assert lexical(half) == pytest.approx([1.0, 0.5, 0.75])
    pairs = [one("a", bm25=8.0, pairs=5.0), one("b", bm25=9.0), one("c", bm25=1.0)]
    assert lexical(pairs) == pytest.approx([1.0, 0.9, 0.1])
    assert lexical([one(bm25=0.0)]) == [0.0]
    assert lexical([]) == []


def test_rare_terms_weigh_more_and_none_weighs_nothing():
    assert weight(1000, 1) > weight(1000, 500) > weight(1000, 1000) > 0
    assert weight(1, 1) > 0
    many = [f"t{n}" for n in range(2 * TERMS)]
    rare = {term: 5 + n % 7 for n, term in enumerate(many)} | {"t90": 1, "t3": 0}
    kept = telling(many, rare)
    assert len(kept) == TERMS
    assert "t90" in kept
    assert "t3" not in kept
    assert kept == [term for term in many if term in set(kept)]
    assert telling(["a", "b", "c"], {"a": 1, "b": 0, "c": 9}) == ["a", "c"]


def test_a_key_that_is_the_question_is_first_and_then_those_that_begin_with_it():
    found = [one("other", bm25=9.0), one("api/limits/x", bm25=1.0), one("api/limits", bm25=0.0)]
    assert keys(ranked(found, " api/limits/ ", NOW)) == ["api/limits", "api/limits/x", "other"]
    assert keys(ranked(found, "limits", NOW))[0] == "other"
    assert (place("a/b", "a/b"), place("a/b", "a/*"), place("a/b", "b"), place("a", " ")) == (
        EXACT, PREFIX, OTHER, OTHER,
    )  # fmt: skip


def test_another_measure_of_nearness_can_be_used():
    found = [one("words", bm25=9.0), one("meaning", bm25=1.0)]
    assert keys(ranked(found, "", NOW)) == ["words", "meaning"]
    assert keys(ranked(found, "", NOW, rel=lambda all: [0.1, 0.9][: len(all)])) == [
        "meaning", "words",
    ]  # fmt: skip


@given(candidates, names)
def test_the_answer_does_not_depend_on_the_order_of_the_candidates(found, question):
    first = ranked(found, question, NOW)
    assert ranked(list(reversed(found)), question, NOW) == first
    assert sorted(keys(first)) == sorted(each.key for each in found)


@given(candidates)
def test_all_but_nearness_is_bounded(found):
    for each in ranked(found, "", NOW):
        assert each.rel * 0.85 * 0.78 * 0.80 * 0.60 <= each.score <= each.rel * 1.1 + 1e-9


@given(candidates)
def test_what_answers_twice_as_well_is_never_buried_by_age_and_trust_alone(found):
    plain = [each._replace(pinned=False, stale=False, archived=False) for each in found]
    order = ranked(plain, "", NOW)
    for at, each in enumerate(order):
        assert not any(later.rel > 2 * each.rel for later in order[at + 1 :])


def test_what_hardly_answers_is_left_out_so_long_as_a_few_are_left():
    found = [one(f"k{n}", bm25=bm25) for n, bm25 in enumerate([10.0, 9.0, 1.0, 0.9, 0.8])]
    assert keys(strong(ranked(found, "", NOW))) == ["k0", "k1", "k2"]
    assert keys(strong(ranked(found[:2], "", NOW))) == ["k0", "k1"]
    named = [*found, one("x/y", bm25=0.0), one("x/z", bm25=0.0)]
    assert keys(strong(ranked(named, "x/", NOW)))[:2] == ["x/y", "x/z"]


FORMS = [("first in full " * 5, "first"), ("second in full", "second"), ("third", "third")]


def test_the_first_is_given_in_full_and_the_others_in_brief():
    choice = chosen(FORMS, 3, 2000)
    assert choice.texts == [FORMS[0][0], "second", "third"]
    assert choice.shown == "3 of 3 shown"
    assert chosen(FORMS, 2, 2000).shown == "2 of 3 shown"
    assert chosen(FORMS, 0, 2000).shown == "0 of 3 shown"
    assert chosen([], 3, 2000) == ([], 0)


def test_what_is_too_long_is_brief_or_cut_and_the_best_is_always_there():
    assert chosen(FORMS, 3, 40).texts == ["first", "second", "third"]
    assert chosen(FORMS, 3, 12).texts == ["first"]
    assert chosen(FORMS, 3, 5).texts == ["fir…"]
    assert chosen(FORMS, 3, 0).texts == []


@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=9))), st.integers(-2, 90))
def test_the_budget_is_never_exceeded(forms, budget):
    def size(text):
        return len(text.encode("utf-8", "surrogatepass"))

    choice = chosen(forms, 3, budget, size)
    assert sum(size(text) + 1 for text in choice.texts) <= max(budget, 0)
    assert len(choice.texts) <= 3
    assert choice.total == len(forms)


def test_a_text_is_cut_with_a_mark():
    assert cut("hello world", 11) == "hello world"
    assert cut("hello world", 8) == "hello w…"
    assert cut("hello world", 7) == "hello…"
    assert not cut("hello", 0)
    assert cut("ééé", 5, lambda text: len(text.encode())) == "é…"


# Memories that take the place of others.


@pytest.mark.parametrize(
    ("live", "gone"),
    [
        ({"new": (2, ["old"])}, {"old": ["new"]}),
        ({"new": (1, ["old"]), "old": (2, [])}, {"old": ["new"]}),  # no circle: age is nothing
        ({"a": (1, ["c"]), "b": (2, ["c"])}, {"c": ["a", "b"]}),
        ({"a": (1, ["b", "b"])}, {"b": ["a"]}),
        ({"a": (1, ["a"])}, {}),
        ({"a": (1, ["b"]), "b": (2, ["a"])}, {"a": ["b"]}),
        ({"a": (2, ["b"]), "b": (1, ["a"])}, {"b": ["a"]}),
        ({"a": (1, ["b"]), "b": (1, ["a"])}, {"a": ["b"]}),  # of one time: the larger key stays
        # A circle of three: none that is newer than who supersedes it goes.
        ({"a": (1, ["b"]), "b": (2, ["c"]), "c": (3, ["a"])}, {"a": ["c"]}),
        ({"a": (3, ["b"]), "b": (1, ["c"]), "c": (2, ["a"])}, {"b": ["a"]}),
        ({"a": (3, ["b"]), "b": (2, ["c"]), "c": (1, ["a"])}, {"b": ["a"], "c": ["b"]}),
        # Beside a circle: one that is in none supersedes the newest of it all the same.
        ({"a": (1, ["b"]), "b": (2, ["a"]), "x": (0, ["b"])}, {"a": ["b"], "b": ["x"]}),
        # From a circle to one that leads nowhere, though it is newer.
        ({"a": (1, ["b", "z"]), "b": (2, ["a"]), "z": (9, [])}, {"a": ["b"], "z": ["a"]}),
    ],
)  # fmt: skip
def test_what_supersedes_is_named_and_of_a_circle_the_newest_stays(live, gone):
    assert superseded(live) == gone
    assert replaced(live) == gone.keys()


LETTERS = st.sampled_from("abcde")


@given(st.dictionaries(LETTERS, st.tuples(st.integers(0, 3), st.lists(LETTERS, max_size=3))))
def test_superseded_memories_are_those_of_the_rule(live):
    gone = superseded(live)
    assert gone.keys() == replaced(live)
    for key, by in gone.items():
        assert by == sorted(one for one in set(by) if key in live[one][1])
    left = {key for key, (_, others) in live.items() if others} - gone.keys()
    assert left or not any(set(others) - {key} for key, (_, others) in live.items())
