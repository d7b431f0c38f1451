"""Eight writers, four work trees, git, kills and clocks at once: nothing that was told is lost."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tests.support.soaking import FILES, Soak, lost

SEED = os.environ.get("SOAK_SEED", "1")
SECONDS = float(os.environ.get("SOAK_S", "0"))


def soaked(folder, seconds, pause):
    soak = Soak(folder, SEED, pause)
    soak.run(SECONDS or seconds)
    told = soak.told()
    assert [one["text"] for one in told if one["kind"] == "bug"] == []
    assert soak.refused == []
    assert lost(told, soak.settled()) == []
    return soak.acts, Counter(one["kind"] for one in told)


def test_nothing_is_lost_in_half_a_minute(tmp_path):
    """The machine has other tests to run beside it: the writers rest for most of the time."""
    acts, kinds = soaked(tmp_path, 30, pause=2)
    assert acts["kill"] > 0
    assert sum(acts.values()) > 10
    assert sum(kinds.values()) > 20
    assert len(kinds) > 5


@pytest.mark.deep
@pytest.mark.timeout(3600)
def test_nothing_is_lost_in_half_an_hour(tmp_path):
    acts, kinds = soaked(tmp_path, 1800, pause=0.5)
    assert min(acts.values()) > 20
    assert min(kinds[kind] for kind in ("create", "comment", "label", "remark", "append")) > 200


# The model: it finds what is missing, and lets go what was taken back.

TOLD = [
    {"kind": "create", "id": "t-a", "text": "w1 1"},
    {"kind": "comment", "id": "t-a", "text": "w1 2"},
    {"kind": "label", "id": "t-a", "text": "w1 3"},
    {"kind": "remark", "id": "t-a", "text": "w1 4"},
    {"kind": "close", "id": "t-a", "text": "w1 5"},
    {"kind": "append", "id": "shared/log", "text": "w1 6"},
    {"kind": "remember", "id": "w1/7", "text": "w1 7"},
    {"kind": "verdict", "id": "shared/log", "text": "w1 8"},
]
HELD = {
    "issues.jsonl": b'{"id":"t-a","title":"w1 1","comments":[{"text":"w1 2"}],"labels":["w1-3"],'
    b'"notes":"more\\nw1 4","status":"closed"}\n',
    "archive.jsonl": b"",
    "memory.jsonl": b'{"key":"lessons/w1-5","content":"w1 5"}\n'
    b'{"key":"shared/log","content":"begin\\nw1 6"}\n{"key":"w1/7","content":"w1 7"}\n',
    "outcomes.jsonl": b'{"id":"x","note":"w1 8"}\n',
}


def test_what_is_there_is_not_lost():
    assert HELD.keys() == set(FILES)
    assert lost(TOLD, HELD) == []
    assert lost([], dict.fromkeys(FILES, b"")) == []


@pytest.mark.parametrize("one", TOLD, ids=lambda one: one["kind"])
def test_what_is_missing_is_named_unless_it_was_taken_back(one):
    other = one["text"][:-1] + "99"
    missing = {
        name: data.replace(one["text"].encode(), other.encode()).replace(
            one["text"].replace(" ", "-").encode(), other.encode()
        )
        for name, data in HELD.items()
    }
    assert lost(TOLD, missing) == [f"{one['kind']} {one['id']}: {one['text']}"]
    undone = {"kind": "undo", "id": "", "text": f"bd something '{one['text']}' --json"}
    assert lost([*TOLD, undone], missing) == []


def test_a_record_that_is_archived_is_not_lost_and_one_that_is_twice_there_is_found():
    moved = {**HELD, "issues.jsonl": b"", "archive.jsonl": HELD["issues.jsonl"]}
    assert lost([*TOLD, {"kind": "archive", "id": "t-a", "text": "t-a"}], moved) == []
    with pytest.raises(AssertionError, match="t-a"):
        lost(TOLD, {**HELD, "issues.jsonl": 2 * HELD["issues.jsonl"]})
