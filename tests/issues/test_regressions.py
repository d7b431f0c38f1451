"""What is told about two versions of a file: everything that is new and wrong, and nothing else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.issues import regressions
from tracker.issues.regressions import Version


def record(id, *edges, **fields):
    dependencies = [{"depends_on_id": to, "type": kind} for to, kind in edges]
    return json.dumps({"id": id, "title": "T", "dependencies": dependencies, **fields})


def version(*rows):
    return Version("".join(f"{row}\n" for row in rows).encode())


def many(count):
    return [record(f"a-{number:03}") for number in range(count)]


# Loss.


@pytest.mark.parametrize(
    ("before", "after", "is_mass"),
    [
        (49, 39, True), (50, 40, False), (50, 39, True), (1000, 800, False), (1000, 799, True),
        (10, 0, True), (9, 0, False), (30, 21, False), (0, 50, False), (50, 50, False),
    ],
)  # fmt: skip
def test_more_than_a_fifth_and_at_least_ten_is_a_mass(before, after, is_mass):
    lost = regressions.lost(version(*many(before)), [version(*many(after))])
    assert lost.is_mass is is_mass
    assert len(lost.names) == max(0, before - after)
    assert lost.of == before


def test_a_loss_names_the_first_records():
    assert str(regressions.lost(version(*many(12)), [version()])) == (
        "12 of 12 records are gone (a-000, a-001, a-002, ...)"
    )
    assert str(regressions.lost(version(*many(2)), [version()])) == (
        "2 of 2 records are gone (a-000, a-001)"
    )


@given(st.sets(st.integers(0, 30)), st.sets(st.integers(0, 30)), st.sets(st.integers(0, 30)))
def test_lost_is_what_is_nowhere_any_more(before, stays, moves):
    rows = many(31)
    lost = regressions.lost(
        version(*(rows[n] for n in before)),
        [version(*(rows[n] for n in stays)), version(*(rows[n] for n in moves))],
    )
    assert lost.names == tuple(sorted(f"a-{n:03}" for n in before - stays - moves))


def test_what_has_another_name_now_or_is_deleted_is_not_lost():
    before = version(record("a-1"), record("a-2"), record("a-3"))
    after = version(record("b-1", aliases=["a-1", 5]), record("a-2", status="tombstone"))
    assert regressions.lost(before, [after]).names == ("a-3",)


def test_memories_go_by_their_key():
    before = Version(b'{"key":"a/b","content":"x"}\n{"key":"a/c"}\n', "memory.jsonl")
    assert not before.unread
    assert regressions.lost(before, [Version(b'{"key":"a/b"}\n')]).names == ("a/c",)


# Lines.


def test_lines_that_hold_no_record_are_told_only_if_they_are_new():
    before = version(record("a-1"), "{oops", "{oops", '["x"]')
    moved = version('["x"]', "{oops", record("a-1"), record("a-2"), "{oops")
    assert regressions.unreadable(before, moved) == []
    worse = version("{oops", record("a-1"), "{oops", "{oops", "7", '["x"]', '{"title":"no id"}')
    assert regressions.unreadable(before, worse) == [
        "line 4: not JSON: a key is missing at column 2",
        "line 5: not a JSON object",
        "line 7: the record has no id",
    ]


def test_conflict_markers_are_told_on_one_line():
    assert regressions.markers(version(record("a-1"))) == []
    block = ["<<<<<<< ours", record("a-1"), "=======", record("a-1"), ">>>>>>> theirs"]
    assert regressions.markers(version(*block)) == ["conflict markers on line 1, 3, 5 (bd resolve)"]
    assert regressions.markers(version(*block, *block)) == [
        "conflict markers on line 1, 3, 5, 6, 8, ... (bd resolve)"
    ]
    assert regressions.unreadable(version(), version(*block)) == []


# What a merge breaks.


def test_only_new_circles_are_told():
    one = [record("a-1", ("a-2", "blocks")), record("a-2", ("a-1", "blocks"))]
    two = [record("b-1", ("b-2", "blocks")), record("b-2", ("b-1", "blocks"))]
    straight = [record("b-1", ("b-2", "blocks")), record("b-2")]
    assert regressions.new_circles(version(*one, *straight), version(*one, *straight)) == []
    assert regressions.new_circles(version(*one, *straight), version(*one, *two)) == [
        "they wait for each other: b-1 → b-2 → b-1 (bd dep cycles)"
    ]


def test_a_closing_status_of_the_configuration_ends_a_circle():
    circle = [record("a-1", ("a-2", "blocks")), record("a-2", ("a-1", "blocks"), status="done")]
    assert len(regressions.new_circles(version(), version(*circle))) == 1
    closing = frozenset({"closed", "tombstone", "done"})
    assert regressions.new_circles(version(), version(*circle), closing) == []


def test_only_new_edges_to_nowhere_are_told():
    none = frozenset(), frozenset()
    old = record("a-1", ("gone", "related"))
    assert regressions.new_orphans(version(old), version(old), none) == []
    new = record("a-2", ("a-0", "parent-child"), ("a-9", "blocks"), ("external:x:y", "blocks"))
    assert regressions.new_orphans(version(old), version(old, new), none) == [
        "a-2: its parent a-0 is missing",
        "a-2: blocks a-9, which is missing",
    ]
    archived = frozenset(), frozenset({"a-0"})
    assert regressions.new_orphans(version(old), version(old, new), archived) == [
        "a-2: blocks a-9, which is missing"
    ]


def test_a_target_that_left_the_archive_is_missing_since():
    edge = record("a-1", ("a-0", "parent-child"))
    archived = frozenset({"a-0"})
    assert regressions.new_orphans(version(edge), version(edge), (archived, archived)) == []
    assert regressions.new_orphans(version(edge), version(edge), (archived, frozenset())) == [
        "a-1: its parent a-0 is missing"
    ]


def test_only_new_conflicts_are_told():
    def conflicted(id, *fields):
        return record(id, conflicts=[{"field": field, "value": "x"} for field in fields])

    before = version(conflicted("a-1", "/title"), conflicted("a-2", "/notes"))
    assert regressions.new_conflicts(before, before) == []
    after = version(conflicted("a-1", "/title", "/priority", "/assignee"), conflicted("a-2"))
    assert regressions.new_conflicts(before, after) == [
        "a-1: both branches changed assignee, priority (bd show a-1)"
    ]


@pytest.mark.parametrize("odd", ["x", 7, {}, [7, "x", {"field": 3}], None])
def test_conflicts_in_another_form_are_none(odd):
    assert regressions.new_conflicts(version(), version(record("a-1", conflicts=odd))) == []
    assert version(record("a-1", conflicts=odd)).names == {"a-1"}
