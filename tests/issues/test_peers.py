"""What others refuse to read: the rules, and that neither writes nor merges make such records."""

from __future__ import annotations

import json
import random

import pytest

from tests.issues.test_action_laws import acts_on
from tracker.errors import TrackerError
from tracker.issues import peers
from tracker.log.issue_codec import encode
from tracker.log.issue_log import Draft, Log
from tracker.merge.three_way import three_way

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


# What every write and every merge of records that all can read gives is such a record again.

IDS = ("t-1", "t-2", "t-1.1")


def healthy(chance: random.Random, id: str):
    """A record that Beads and br read, closed or deleted as they do it."""

    def stamp() -> str:
        return f"2026-01-02T00:00:{chance.randrange(60):02}.5Z"

    status = chance.choice(["open", "in_progress", "deferred", "closed", "tombstone"])
    at = stamp()
    ended = {
        "closed": {"closed_at": at, "close_reason": chance.choice(["", "done"])},
        "tombstone": {"deleted_at": at, "deleted_by": "ann", "original_type": "task"},
    }.get(status, {})
    return record(
        id=id, title=chance.choice("abü"), status=status, priority=chance.randrange(5),
        description=chance.choice(["", "d", "e"]), notes=chance.choice(["", "n", "o"]),
        assignee=chance.choice(["", "ann"]), updated_at=at, due_at=chance.choice([..., stamp()]),
        created_at=chance.choice([AT, AT, "2026-01-01T05:00:00+05:00", "2026-01-01T00:00:01Z"]),
        labels=sorted(set(chance.choices("uvw", k=2))),
        comments=[{**COMMENT, "issue_id": id, "text": chance.choice("ab"), "created_at": stamp()}
                  for _ in range(chance.randrange(3))],
        dependencies=[{**EDGE, "issue_id": id, "depends_on_id": on}
                      for on in IDS if on != id and chance.random() < 0.3],
        **ended,
    )  # fmt: skip


def healthy_file(chance: random.Random) -> bytes:
    rows = [healthy(chance, id) for id in IDS]
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def test_every_action_writes_what_others_can_read():
    names = set()
    for seed in range(60):
        data = healthy_file(random.Random(seed))
        assert peers.refusals(data.splitlines()) == []
        for name, act in acts_on("t-1", "t-2").items():
            draft = Draft(Log(data))
            try:
                act(draft)
            except TrackerError:
                continue
            names.add(name)
            lines = [encode(issue) for id in draft.all_ids() if (issue := draft.get_issue(id))]
            assert peers.refusals(lines) == [], (seed, name)
    assert len(names) > 15


def test_every_merge_writes_what_others_can_read():
    for seed in range(400):
        chance = random.Random(seed)
        base, one, two = (healthy_file(chance) for _ in range(3))
        merged = three_way(chance.choice([base, base, b""]), one, two).data
        # The id of a child that two branches made is none for br: docs/merging.md says so.
        found = [row for row in peers.refusals(merged.splitlines()) if "small" not in row.why]
        assert found == [], seed


# What writes refuse, because others would.


def test_titles_are_measured_in_bytes(bd):
    bd("create", "ü" * 250)
    assert "500 bytes of UTF-8 or less (got 502)" in bd("create", "ü" * 251, code=1).err
    bd.write({"id": "t-1"})
    bd("update", "t-1", "--title", "漢" * 166)
    bd("update", "t-1", "--title", "漢" * 167, code=1)
    assert len(bd.issue("t-1")["title"]) == 166


def test_an_external_reference_names_one_issue(bd):
    gone = {"status": "tombstone", "deleted_at": AT}
    bd.write({"id": "t-1", "external_ref": "gh-1"}, {"id": "t-2"},
             {"id": "t-3", "external_ref": "gh-3", **gone})  # fmt: skip
    assert "already belongs to t-1" in bd("create", "New", "--external-ref", "gh-1", code=1).err
    assert "already belongs to t-1" in bd("update", "t-2", "--external-ref", "gh-1", code=1).err
    said = bd("create", "New", "--external-ref", "gh-3", code=1).err
    assert "t-3, which is deleted" in said
    assert "bd restore t-3" in said
    bd("update", "t-1", "--external-ref", "gh-1", "--title", "The same again")
    bd("update", "t-1", "--external-ref", "gh-9")
    bd("create", "New", "--external-ref", "gh-1")
