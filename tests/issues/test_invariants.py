"""What a log should hold to: each invariant on a log that holds it and on one that breaks it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from tests.support.strategies import files
from tracker.issues import invariants
from tracker.issues.invariants import INVARIANTS, Terms, findings, missing_targets, subject, told
from tracker.log.issue_log import Log
from tracker.log.lines import Problem


def record(name, **fields):
    """A line in order, changed by `fields`; None takes one away."""
    whole = {
        "id": name,
        "title": "T",
        "status": "open",
        "priority": 2,
        "issue_type": "task",
        "created_at": "2026-01-01T00:00:00Z",
        **fields,
    }
    return json.dumps({name: value for name, value in whole.items() if value is not None})


def edge(to, type="blocks"):
    return {"depends_on_id": to, "type": type}


def comment(id, text):
    return {"id": id, "author": "ann", "text": text}


def log(*rows):
    return Log("".join(f"{row}\n" for row in rows).encode(), "log")


def broken(found_log, terms=None):
    """The names of the invariants that do not hold, with where and why."""
    seen = subject(found_log, *([terms] if terms else []))
    return {one.name: [(p.line, p.why) for p in found] for one, found in findings(seen) if found}


GOOD = (
    record("a-1", dependencies=[edge("a-2"), edge("a-3", "parent-child"), edge("external:x:y")]),
    record("a-2", comments=[comment(1, "x"), comment(2, "y"), comment(1, "x")]),
    record("a-3", status="closed", closed_at="2026-01-02T00:00:00Z", close_reason="done"),
    record("a-4", status="tombstone", title="", priority=9, issue_type="odd", deleted_at="x",
           dependencies=[edge("nowhere")]),
    record("a-5", title="x" * 500, priority=0, issue_type="dec"),
    record("a-6", priority=4, status="hooked"),
)  # fmt: skip


def test_a_log_in_order_has_no_finding():
    assert broken(log(*GOOD)) == {}
    assert broken(log()) == {}


BROKEN = [
    (["<<<<<<< ours", record("a-1"), "=======", ">>>>>>> b"], "Conflict markers",
     [(1, "conflict marker"), (3, "conflict marker"), (4, "conflict marker")]),
    ([record("a-1"), "{oops", '["a"]'], "Unreadable lines",
     [(2, "not JSON"), (3, "not a JSON object")]),
    ([record("a-1", id=None), record("a-2")], "Unreadable lines",
     [(1, "the record has no id")]),
    ([record("a-1"), record("a-2"), record("a-1"), record("a-1")], "Repeated ids",
     [(1, "a-1 stands on lines 1, 3, 4")]),
    ([record("a-1", dependencies=[edge("a-2")]), record("a-2", dependencies=[edge("a-1")])],
     "Cycles", [(1, "a-1 → a-2 → a-1")]),
    ([record("a-1", dependencies=[edge("a-1")])], "Cycles", [(1, "a-1 → a-1")]),
    ([record("a-1", dependencies=[edge("a-9", "parent-child")])], "Missing parents",
     [(1, "a-1: its parent a-9 is missing")]),
    ([record("a-1"), record("a-2", dependencies=[edge("a-9", "related")])], "Missing targets",
     [(2, "a-2: related a-9, which is missing")]),
    ([record("a-1", title="x" * 501)], "Titles", [(1, "a-1: the title has 501 bytes")]),
    ([record("a-1", title=None)], "Titles", [(1, "a-1: there is no title")]),
    ([record("a-1", status="review")], "Statuses", [(1, "a-1: unknown status 'review'")]),
    ([record("a-1", issue_type="ticket")], "Types", [(1, "a-1: unknown type 'ticket'")]),
    ([record("a-1", priority=5)], "Priorities", [(1, "a-1: priority 5")]),
    ([record("a-1", priority=-1)], "Priorities", [(1, "a-1: priority -1")]),
    ([record("a-1", status="closed")], "Closing times", [(1, "a-1: closed without closed_at")]),
    ([record("a-1", conflicts=[{"field": "/title", "value": "x"}, {"field": "/notes"}, 7]),
      record("a-2", conflicts="odd")], "Kept values",
     [(1, "a-1: both branches changed notes, ti")]),
    ([record("a-1", closed_at="2026-01-01T00:00:00Z", close_reason="x")], "Closing fields",
     [(1, "a-1: open, and has closed_at, close_reason")]),
    ([record("a-1", comments=[comment(7, "x"), comment(7, "y")])], "Comment ids",
     [(1, "a-1: several comments have the id 7")]),
    ([record("a-2"), record("a-1"), record("a-0")], "Order",
     [(2, "a-1 stands behind a-2: the lines are not sorted")]),
    ([record("a-1", description="x" * 2_000_001)], "Long lines", [(1, "a-1 takes 2,000,")]),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "name", "expected"), BROKEN)
def test_what_breaks_an_invariant(rows, name, expected):
    found = broken(log(*rows))
    assert len(found.get(name, [])) == len(expected), found
    for (line, why), (at, start) in zip(found[name], expected, strict=True):
        assert line == at
        assert why.startswith(start)


def test_every_invariant_was_broken_above():
    assert {name for _, name, _ in BROKEN} | {"Size", "Archive"} == {one.name for one in INVARIANTS}


def test_the_size_of_the_file(monkeypatch):
    held = log(*GOOD)
    assert "Size" not in broken(held)
    monkeypatch.setattr(invariants, "LARGE_FILE", len(held.data) - 1)
    assert "close to what forges take" in broken(held)["Size"][0][1]
    monkeypatch.setattr(invariants, "HUGE_FILE", len(held.data) - 1)
    assert "refused by most forges" in broken(held)["Size"][0][1]


def test_an_issue_that_is_live_and_archived():
    terms = invariants.Terms(elsewhere=frozenset({"a-2", "a-9"}))
    seen = invariants.subject(log(record("a-1"), record("a-2")), terms)
    (problem,) = {one.name: found for one, found in invariants.findings(seen)}["Archive"]
    assert problem.why == "a-2 is in the archive too, and counts as live"


def test_the_configuration_may_allow_more():
    held = log(
        record("a-1", status="review", issue_type="ticket", dependencies=[edge("a-9")]),
        record("a-2", status="done", close_reason="x"),
    )
    assert set(broken(held)) == {"Statuses", "Types", "Missing targets", "Closing fields"}
    words = Terms(
        frozenset({"review"}),
        frozenset({"ticket"}),
        frozenset({"closed", "done"}),
        frozenset({"a-9"}),
    )
    assert broken(held, words) == {}


def test_the_worst_stands_first():
    rank = {invariants.ERROR: 0, invariants.WARNING: 1, invariants.INFO: 2}
    levels = [rank[one.level] for one in INVARIANTS]
    assert levels == sorted(levels)
    assert all(one.fix for one in INVARIANTS if one.level != invariants.INFO)


def test_a_long_list_says_how_much_longer_it_is():
    problems = [Problem("p", line, "why") for line in range(1, 13)]
    assert told(problems[:10]).splitlines()[-1] == "p:10: why"
    assert told(problems).splitlines()[-1] == "... and 2 more"
    assert len(told(problems).splitlines()) == 11


@given(files(markers=True))
def test_any_file_can_be_checked(data):
    held = Log(data, "log")
    seen = subject(held)
    height = data.count(b"\n") + 1
    for _, problems in findings(seen):
        assert all(1 <= problem.line <= height for problem in problems)
    assert all(
        one.id in held and one.edge.depends_on_id not in held for one in missing_targets(seen)
    )


def test_real_logs_can_be_checked(shared):
    logs = sorted((shared / "data/malformed").glob("*.jsonl"))
    found = {path.name: broken(Log(path.read_bytes())) for path in logs}
    marked = {name for name, names in found.items() if "Conflict markers" in names}
    assert marked == {path.name for path in logs if "conflict_markers" in path.name}
    twice = {name for name, names in found.items() if "Repeated ids" in names}
    assert {path.name for path in logs if "duplicate_ids" in path.name} <= twice
