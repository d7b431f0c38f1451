"""Verdicts: how they are recorded, which count, and what they do to trust."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import Invalid, NoMemory, NotFound
from tracker.issues.editing import Who
from tracker.log.issue_log import Log
from tracker.log.memory_codec import encode_memory, encode_outcome
from tracker.log.memory_log import OutcomeFile
from tracker.log.snapshot import Drafts, Snapshot
from tracker.memory import actions, outcomes
from tracker.memory.edits import MemoryAuthor
from tracker.memory.outcomes import About, Ledger
from tracker.memory.trust import trust
from tracker.model.issue import Issue
from tracker.model.memory import Memory, Outcome, Source, digest
from tracker.model.timestamps import stamp

NOW = 1_800_000_000 * 10**9
DAY = 86_400 * 10**9
ANN = Who("ann", NOW, nonce=7)
NOTHING = About()
MEMORY = Memory(key="a", content="use it")


def drafts_of(*memories, outcomes=(), private=()):
    files = {
        "memory.jsonl": b"".join(encode_memory(one) + b"\n" for one in memories),
        "outcomes.jsonl": b"".join(encode_outcome(one) + b"\n" for one in outcomes),
        ".local/memory.jsonl": b"".join(encode_memory(one) + b"\n" for one in private),
    }
    return Drafts(Snapshot("issues.jsonl", lambda file: files.get(file, b""), Log))


def recorded(drafts, key="a", verdict="success", about=NOTHING):
    return outcomes.record(drafts, key, verdict, about, ANN)


def value_of(drafts, key="a", credits=None, now=NOW):
    memory = actions.live(drafts.memories, key)
    ledger = Ledger(drafts.outcomes.every(), drafts.memories.get, credits or {})
    return trust(outcomes.own(memory), ledger.votes(memory), ledger.credits(memory.key), now).value


def test_a_verdict_says_about_what_by_whom_and_when():
    drafts = drafts_of(MEMORY)
    one = recorded(drafts, verdict="ok", about=About("bd-1", "t-1", "it worked", "0.5"))
    assert one == Outcome(
        id=f"{7:016x}", key="a", of=digest("use it"), verdict="success", weight="0.5",
        issue="bd-1", task="t-1", by="ann", at=stamp(NOW), note="it worked",
    )  # fmt: skip
    assert recorded(drafts, verdict="failure").id == f"{8:016x}"
    assert len(list(drafts.outcomes.every())) == 2


@pytest.mark.parametrize(
    ("key", "verdict", "about", "why"),
    [
        ("b", "success", About(), 'No memory with key "b"'),
        ("a", "meh", About(), "invalid verdict: meh"),
        ("a", "ok", About(weight="2"), "invalid weight"),
        ("a", "ok", About(weight="x"), "invalid weight"),
        ("a", "ok", About(note="x" * 1001), "note must be 1000"),
    ],
)
def test_bad_verdicts_are_refused(key, verdict, about, why):
    drafts = drafts_of(MEMORY)
    with pytest.raises((Invalid, NoMemory), match=why):
        recorded(drafts, key, verdict, about)
    assert drafts.written() == {}


def test_a_verdict_about_a_private_memory_stays_private():
    drafts = drafts_of(private=[MEMORY])
    recorded(drafts)
    assert list(drafts.written()) == [".local/outcomes.jsonl"]


def test_a_verdict_can_be_taken_back_and_that_too():
    drafts = drafts_of(MEMORY)
    one = recorded(drafts)
    assert value_of(drafts) > 0.7
    gone = outcomes.take_back(drafts.outcomes, one.id[:-2], ANN)
    assert (gone.voids, gone.by, gone.at) == (one.id, "ann", stamp(NOW))
    assert value_of(drafts) == pytest.approx(0.7)
    assert outcomes.take_back(drafts.outcomes, one.id, ANN) == one
    outcomes.take_back(drafts.outcomes, gone.id, ANN)
    assert value_of(drafts) == pytest.approx(0.7)  # what voids is no verdict, and is not voided
    with pytest.raises(NotFound, match='no outcome with id "zz"'):
        outcomes.take_back(drafts.outcomes, "zz", ANN)


def test_what_voids_a_void_gives_the_verdict_back():
    every = [Outcome(id="o", key="a"), Outcome(id="v", voids="o"), Outcome(id="w", voids="v")]
    assert list(outcomes.counted(every)) == ["o"]
    assert list(outcomes.counted(every[:2])) == []
    circle = [Outcome(id="o", key="a"), Outcome(id="v", voids="w"), Outcome(id="w", voids="v")]
    assert list(outcomes.counted(circle)) == ["o"]
    assert list(outcomes.counted([Outcome(id="o", voids="o")])) == []


def test_a_chain_of_voids_may_be_long():
    chain = [Outcome(id="o", key="a"), Outcome(id="v0", voids="o")]
    chain += [Outcome(id=f"v{n}", voids=f"v{n - 1}") for n in range(1, 5000)]
    assert list(outcomes.counted(chain)) == ["o"]
    assert list(outcomes.counted(chain[:-1])) == []


def test_of_two_outcomes_of_one_id_the_latest_counts_whoever_merged():
    one = b'{"id":"o","key":"a","verdict":"success","at":"2026-01-02T00:00:00Z"}\n'
    two = b'{"id":"o","key":"a","verdict":"failure","at":"2026-01-01T00:00:00Z"}\n'
    for data in (one + two, two + one, one + two + one):
        sheet = OutcomeFile(data, "outcomes.jsonl")
        assert sheet["o"].verdict == "success"
        assert "o stands again on line 2, and the latest one counts" in str(sheet.problems[0])
    assert OutcomeFile(two + two, "outcomes.jsonl").problems == ()


IDS = st.sampled_from(["a", "b", "c", "d"])


@given(st.lists(st.builds(Outcome, id=IDS, voids=IDS | st.just("")), max_size=6), st.randoms())
def test_what_counts_does_not_depend_on_the_order(every, chance):
    once = list({one.id: one for one in every}.values())
    mixed = chance.sample(once, len(once))
    assert set(outcomes.counted(once)) == set(outcomes.counted(mixed))
    assert set(outcomes.counted([*once, *once])) == set(outcomes.counted(once))


def test_verdicts_follow_a_memory_that_moves():
    drafts = drafts_of(MEMORY, outcomes=[
        Outcome(id="o", key="a", verdict="success", at=stamp(NOW)),
    ])  # fmt: skip
    before = value_of(drafts)
    actions.move(drafts.memories, "a", "b", MemoryAuthor(ANN))
    assert value_of(drafts, "b") == before > 0.7
    recorded(drafts, "a", "failure")
    ledger = Ledger(drafts.outcomes.every(), drafts.memories.get, {"a": [NOW]})
    assert {one.verdict for one in ledger.outcomes("b")} == {"success", "failure"}
    assert ledger.credits("b") == [NOW]
    assert ledger.outcomes("a") == []


def test_another_content_counts_half():
    for content, share in (("use it", 1.0), ("changed", 0.5)):
        drafts = drafts_of(Memory(key="a", content=content), outcomes=[
            Outcome(id="o", key="a", verdict="success", of=digest("use it"), at=stamp(NOW)),
        ])  # fmt: skip
        assert value_of(drafts) == pytest.approx((4 * 0.7 + share) / (4 + share))


def test_the_prior_is_the_writers():
    assert outcomes.own(Memory(key="a", confidence="0.25")) == 0.25
    assert outcomes.own(Memory(key="a", source=Source(origin="user"))) == 0.9
    assert outcomes.own(Memory(key="a")) == 0.7


def issue(status="closed", keys=("a",), reason="Completed"):
    metadata = json.dumps({"memories": list(keys)})
    return Issue(
        id="t-1",
        status=status,
        metadata=metadata,
        close_reason=reason,
        closed_at=stamp(NOW),
    )


def test_closed_work_gives_credit_and_reopening_takes_it_back():
    closing = {"closed", "tombstone"}
    assert outcomes.credits_of([issue()], closing) == {"a": [NOW]}
    for other in (issue("open"), issue("tombstone"), issue(reason="Cancelled by ann")):
        assert outcomes.credits_of([other], closing) == {}
    drafts = drafts_of(MEMORY)
    credits = outcomes.credits_of([issue()], closing)
    assert value_of(drafts, credits=credits) == pytest.approx((4 * 0.7 + 0.2) / 4.2)


@pytest.mark.parametrize(
    "metadata", ["", "{}", '{"memories":5}', '["memories"]', '{"memories":[1]}', '"memories" x']
)
def test_odd_metadata_gives_no_credit(metadata):
    assert outcomes.given(Issue(id="t-1", metadata=metadata)) == ()


def test_which_memories_an_issue_shows():
    assert outcomes.is_about(Memory(key="b", source=Source(issues=("t-1",))), issue())
    assert outcomes.is_about(MEMORY, issue())
    assert not outcomes.is_about(Memory(key="b"), issue())
