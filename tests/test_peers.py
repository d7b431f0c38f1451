"""What others refuse to read: the rules, and that neither writes nor merges make such records."""

from __future__ import annotations

import json

import pytest

from tracker import peers
from tracker.merge import three_way

AT = "2026-01-01T00:00:00Z"
COMMENT = {"id": 1, "issue_id": "t-1", "author": "ann", "text": "hi", "created_at": AT}
EDGE = {"issue_id": "t-1", "depends_on_id": "t-2", "type": "blocks", "created_at": AT}


def record(**fields):
    row = {"id": "t-1", "title": "One", "status": "open", "priority": 2, "issue_type": "task",
           "created_at": AT, "updated_at": AT, **fields}  # fmt: skip
    return {name: value for name, value in row.items() if value is not ...}


def line(**fields) -> bytes:
    return json.dumps(record(**fields)).encode()


def who(*lines: bytes, names=peers.NONE) -> set[str]:
    """The programs that refuse one of these records."""
    found = peers.refusals([line(id="t-2"), *lines], names)
    return {program for one in found for program in one.program.split(" and ")}


BOTH, BEADS, BR = {"Beads", "br"}, {"Beads"}, {"br"}


CASES = [
    ({}, set()),
    ({"zz": {"any": [1.5, None]}, "conflicts": [{"field": "/a"}], "aliases": ["t-0"]}, set()),
    ({"comments": [COMMENT], "dependencies": [EDGE], "labels": ["ü", "a b"]}, set()),
    ({"comments": [{**COMMENT, "created_at": ""}]}, BOTH),
    ({"comments": [{k: v for k, v in COMMENT.items() if k != "created_at"}]}, BR),
    ({"comments": [{**COMMENT, "id": "0190-abc"}]}, BOTH),
    ({"dependencies": [{**EDGE, "created_at": ""}]}, BOTH),
    ({"dependencies": [{k: v for k, v in EDGE.items() if k != "created_at"}]}, BR),
    ({"dependencies": [{**EDGE, "metadata": {}}]}, BOTH),
    ({"created_at": ""}, BOTH),
    ({"created_at": "2026-01-01 00:00:00"}, BOTH),
    ({"created_at": "2026-02-30T00:00:00Z"}, BOTH),
    ({"created_at": "2026-01-01T00:00:00.123456789+05:30", "updated_at": AT}, set()),
    ({"created_at": "2026-01-01T00:00:01Z"}, BR),
    ({"updated_at": ...}, BR),
    ({"due_at": ""}, BOTH),
    ({"due_at": None}, set()),
    ({"title": "ü" * 251}, BOTH),
    ({"title": "ü" * 250}, set()),
    ({"title": ""}, BOTH),
    ({"title": "  "}, BR),
    ({"priority": 5}, BOTH),
    ({"priority": 1.0}, BOTH),
    ({"priority": None}, BR),
    ({"estimated_minutes": 2**31}, BR),
    ({"estimated_minutes": -1}, BEADS),
    ({"status": "review"}, BEADS),
    ({"issue_type": "spike"}, BEADS),
    ({"closed_at": AT}, BEADS),
    ({"status": "closed"}, set()),
    ({"status": "tombstone", "deleted_at": AT, "closed_at": AT}, set()),
    ({"deleted_at": AT}, BEADS),
    ({"id": "T-1"}, BR),
    ({"id": "t-a_b"}, BR),
    ({"id": "t-2.1"}, set()),
    ({"id": "t-2.1xabcd"}, BR),
    ({"id": "t-9.1"}, BEADS),
    ({"description": "x" * 102_401}, BR),
    ({"description": "x" * 2_097_152}, BOTH),
    ({"external_ref": "gh 9"}, BR),
    ({"ephemeral": True}, BR),
    ({"labels": None}, BR),
    ({"agent_state": "odd"}, BEADS),
    ({"notes": "half \ud800"}, BR),
]  # fmt: skip
"""Fields of a record, and who refuses it; `...` leaves a field out."""


@pytest.mark.parametrize(("fields", "refusing"), CASES)
def test_who_refuses_a_record(fields, refusing):
    assert who(line(**fields)) == refusing


def test_what_beads_has_been_told_of_is_no_reason():
    told = peers.Names(statuses=("review",), types=("spike",))
    assert who(line(status="review", issue_type="spike"), names=told) == set()


def test_who_refuses_lines_that_are_in_order_each():
    one, two = line(external_ref="gh-9"), line(id="t-3", external_ref="gh-9")
    assert who(one) == set()
    assert who(one, two) == BOTH
    assert who(b'{"_type":"memory","key":"a","value":"b"}') == BOTH
    assert who(b"<<<<<<< ours") == BOTH
    assert who(b"") == set()
    assert who(line()[:-1] + b',"title":"again"}') == BR


# What the merge writes.


@pytest.mark.parametrize(
    "extra",
    [
        {"created_at": ..., "updated_at": ...},
        {"created_at": "", "updated_at": None},
        {"comments": [{"author": "ann", "text": "hi"}]},
        {"comments": [{"author": "ann", "text": "hi", "created_at": None}]},
        {"dependencies": [{"depends_on_id": "t-2"}]},
    ],
    ids=["no times", "empty times", "a bare comment", "a comment without its time", "a bare edge"],
)
def test_a_merge_writes_no_empty_time(extra):
    base, one, two = (line(title=title, **extra) + b"\n" for title in ("One", "Two", "Three"))
    merged = json.loads(three_way(base, one, two).data)
    assert "merge kept title" in merged["comments"][-1]["text"]
    assert b'"created_at":""' not in three_way(base, one, two).data
    stamps = [item.get("created_at", AT) for item in merged["comments"]]
    assert all(stamps)


def test_the_comment_of_a_merge_has_the_time_of_its_record():
    only = {"created_at": AT, "updated_at": ...}
    base, one, two = (line(title=title, **only) + b"\n" for title in ("One", "Two", "Three"))
    assert json.loads(three_way(base, one, two).data)["comments"][0]["created_at"] == AT
    born = (line(title="One", created_at=AT, updated_at=...),
            line(title="Two", created_at="2026-02-01T00:00:00Z", updated_at=...))  # fmt: skip
    one, two = three_way(b"", *(row + b"\n" for row in born)).data.splitlines()
    assert json.loads(two)["comments"][0]["created_at"] == "2026-02-01T00:00:00Z"
    assert b"comments" not in one
