"""Trust moves with verdicts, and forgets them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.memory.trust import DAY, HALF_LIFE, PRIOR, Trust, Vote, decay, latest, trust
from tracker.model.confidence import prior

NOW = 1_800_000_000 * 10**9

votes = st.lists(
    st.builds(
        Vote,
        st.sampled_from(["success", "failure", "mixed"]),
        st.floats(0, 1),
        st.integers(0, NOW),
        st.sampled_from(["", "t-1", "t-2", "t-3"]),
        st.sampled_from(["ann", "bob"]),
        st.text("abc", max_size=2),
        st.sampled_from([0.5, 1.0]),
    ),
    max_size=12,
)
credits = st.lists(st.integers(0, NOW), max_size=30)


def vote(verdict, about="t-1", at=NOW, weight=1.0, **more):
    return Vote(verdict, weight, at, about, **more)


def test_without_a_verdict_trust_is_the_prior():
    assert all(trust(own, [], [], NOW) == Trust(own, own) for own in (0.0, 0.6, 0.7, 0.75, 1.0))
    assert trust(0.7, [], [], NOW).value == pytest.approx(0.7)
    assert trust(0.7, [], [], NOW).word == "unproven"


def test_the_formula():
    mixed = [vote("success", "a"), vote("success", "b"), vote("failure", "c"), vote("mixed", "d")]
    found = trust(0.5, mixed, [], NOW)
    assert (found.good, found.bad) == (2.5, 1.5)
    assert found.value == pytest.approx((4 * 0.5 + 2.5) / (4 + 2.5 + 2 * 1.5))
    assert (found.ups, found.downs, found.last) == (2, 1, NOW)


def test_a_verdict_is_halved_by_age_and_by_being_about_another_content():
    old = trust(0.5, [vote("success", at=NOW - HALF_LIFE)], [], NOW)
    other = trust(0.5, [vote("success", share=0.5)], [], NOW)
    assert old.good == pytest.approx(0.5)
    assert other.good == pytest.approx(0.5)
    assert decay(-5) == 1.0


def test_the_latest_verdict_of_a_person_about_a_task_counts():
    first, second = vote("success", at=NOW - 9), vote("failure", at=NOW)
    elsewhere, another = vote("success", "t-2"), vote("success", by="bob")
    assert latest([second, first]) == [second]
    assert len(latest([first, second, elsewhere, another])) == 3
    assert latest([vote("success", id="a"), vote("failure", id="b")])[0].id == "b"
    repeated = [vote("success", about="", at=NOW - n, id=str(n)) for n in range(10)]
    assert trust(0.5, repeated, [], NOW).good == pytest.approx(1.0)


def test_what_is_no_verdict_counts_for_nothing():
    odd = [vote("maybe"), vote("", "b"), vote("success", "c", weight=-3.0)]
    assert trust(0.7, odd, [], NOW).value == pytest.approx(0.7)
    heavy = trust(0.7, [vote("success", weight=1e9)], [], NOW)
    assert heavy.good == 1.0


def test_credit_is_small_and_never_outweighs_the_prior():
    one = trust(0.6, [], [NOW], NOW)
    assert one.good == pytest.approx(0.2)
    assert one.value > 0.6
    assert one.ups == 0
    assert one.credits == 1
    many = trust(0.6, [], [NOW] * 1000, NOW)
    assert many.good == pytest.approx(PRIOR * 0.6)
    assert many.word == "unproven"


def test_in_the_order_of_answers_a_claim_counts_half_and_verdicts_in_full():
    assert trust(1.0, [], [], NOW).ranking == pytest.approx(0.85)
    assert trust(0.0, [], [], NOW).ranking == pytest.approx(0.35)
    assert trust(0.7, [], [], NOW).ranking == trust(0.7, [], [], NOW).value
    many = [vote("success", str(n)) for n in range(400)]
    assert trust(0.0, many, [], NOW).ranking == pytest.approx(1.0, abs=0.01)
    bad = [vote("failure", str(n)) for n in range(400)]
    assert trust(1.0, bad, [], NOW).ranking == pytest.approx(0.0, abs=0.01)


def test_words_for_it():
    def word(*verdicts, own=0.7):
        return trust(own, [vote(one, str(n)) for n, one in enumerate(verdicts)], [], NOW).word

    good, bad = "success", "failure"
    assert word() == "unproven"
    assert word(good) == "established"
    assert word(*[good] * 4) == "proven"
    assert word(bad, bad) == "doubted"
    assert word(*[bad] * 3) == "harmful"
    assert word(own=0.1) == "unproven"  # its writer was not sure, and nobody has said otherwise
    assert not trust(0.1, [], [], NOW).is_doubted


def test_the_word_is_about_the_present_text():
    def word(*given, own=0.7):
        numbered = [one._replace(about=str(n)) for n, one in enumerate(given)]
        return trust(own, numbered, [], NOW).word

    bad, good, mixed = vote("failure"), vote("success"), vote("mixed")
    before = [bad._replace(share=0.5)] * 5
    assert word(*[bad] * 5) == "harmful"
    assert word(*before) == "corrected"
    assert word(*before, mixed) == word(*before, bad) == "doubted"  # this text was judged, too
    assert word(*before, *[bad] * 3) == "harmful"
    assert word(*before, good) == "established"
    assert word(before[0]) == "unproven"  # which would not have been doubted
    assert (word(bad), word(bad, bad)) == ("unproven", "doubted")
    assert word(*before[:2]) == "corrected"  # as it had been doubted, whatever half of that says
    assert word(*before[:2], good._replace(share=0.5)) == "established"  # as it had been
    assert word(*[good._replace(share=0.5)] * 9) == "established"  # no text is proven by another
    assert word(*[good] * 4) == "proven"


def test_the_word_counts_a_part_of_a_verdict_as_that_part():
    def word(count, verdict, weight):
        given = [vote(verdict, str(n), weight=weight) for n in range(count)]
        return trust(0.7, given, [], NOW).word

    assert word(11, "failure", 0.25) != "harmful"
    assert word(12, "failure", 0.25) == word(3, "failure", 1) == "harmful"
    assert word(5, "success", 0.5) == "established"
    assert word(6, "success", 0.5) == word(4, "success", 1) == "proven"
    assert trust(0.1, [vote("failure", weight=0)], [], NOW).word == "unproven"


def test_priors_are_those_of_the_origin_unless_the_writer_says():
    assert prior(0.2, "user", "") == 0.2
    assert prior(7.0, "user", "") == 1.0
    assert prior(None, "user", "") == 0.9
    assert prior(None, "distilled", "success") == 0.75
    assert prior(None, "distilled", "failure") == 0.6
    assert prior(None, "", "") == prior(None, "agent", "") == 0.7


@given(st.floats(0, 1), votes, credits)
def test_trust_stays_within_bounds_and_does_not_depend_on_the_order(own, given, closed):
    found = trust(own, given, closed, NOW)
    assert 0.0 <= found.value <= 1.0
    assert trust(own, list(reversed(given)), list(reversed(closed)), NOW) == found


@given(st.floats(0, 1), votes, credits, st.text("xyz", min_size=1, max_size=2))
def test_a_good_verdict_never_lowers_trust_and_a_bad_one_never_raises_it(own, given, closed, task):
    before = trust(own, given, closed, NOW).value
    more = [*given, vote("success", f"new-{task}")]
    less = [*given, vote("failure", f"new-{task}")]
    assert trust(own, more, closed, NOW).value >= before - 1e-12
    assert trust(own, less, closed, NOW).value <= before + 1e-12


def test_an_old_verdict_fades_towards_the_prior():
    harsh = [vote("failure", at=NOW - days * DAY) for days in (0, 180, 3600)]
    values = [trust(0.7, [one], [], NOW).value for one in harsh]
    assert values == sorted(values)
    assert values[-1] == pytest.approx(0.7, abs=0.001)
