"""Lines that several clones append to one memory: all are there at the end, each of them once."""

from __future__ import annotations

import json
import random

import pytest

from tests.support.clones import bare, clone
from tests.support.depth import first_of

KEYS = ("swarm/log", "swarm/other")


def held(one):
    """The memories of a clone by their keys."""
    data = (one.path / ".beads" / "memory.jsonl").read_text()
    return {row["key"]: row for row in map(json.loads, data.splitlines())}


@pytest.fixture
def team(tmp_path):
    remote = bare(tmp_path / "remote", "t-1")
    return [clone(remote, name) for name in ("ann", "bob", "cat")]


def settle(team):
    for _ in range(2):
        for one in team:
            one.sync()
    files = {(one.path / ".beads" / "memory.jsonl").read_bytes() for one in team}
    assert len(files) == 1
    return held(team[0])


def test_a_log_that_two_clones_begin_holds_both(team):
    ann, bob, _ = team
    ann.bd("memory", "append", "swarm/log", "ann began")
    bob.bd("memory", "append", "swarm/log", "bob began")
    ann.bd("memory", "append", "swarm/log", "ann went on")
    found = settle(team)["swarm/log"]
    assert sorted(found["content"].splitlines()) == ["ann began", "ann went on", "bob began"]
    assert found["source"]["by"] == "ann, bob"
    assert "conflicts" not in found
    assert ann.bd("memory", "get", "swarm/log").out.count("began") == 2
    assert bob.bd("memory", "conflicts", "--json").json == []


def test_notes_of_an_issue_are_joined_alike(team):
    ann, bob, cat = team
    for one in team:
        one.bd("update", "t-1", "--append-notes", f"{one.name} was here")
    settle(team)
    for one in team:
        notes = one.show("t-1")["notes"].splitlines()
        assert sorted(notes) == [f"{name} was here" for name in ("ann", "bob", "cat")]
    assert ann.show("t-1") == bob.show("t-1") == cat.show("t-1")


@pytest.mark.parametrize("seed", first_of(3))
def test_every_line_of_three_clones_is_there_once(team, seed):
    chance = random.Random(seed)
    told = []
    for number in range(24):
        one = chance.choice(team)
        key = chance.choice(KEYS)
        text = f"{one.name} {number}"
        one.bd("memory", "append", key, text)
        told.append((key, text))
        if chance.random() < 0.35:
            one.sync()
    rows = settle(team)
    lines = {key: row["content"].splitlines() for key, row in rows.items()}
    assert sorted((key, line) for key in lines for line in lines[key]) == sorted(told)
    assert not any("conflicts" in row for row in rows.values())
    for one in team:  # what somebody wrote stands in the order in which it was written
        for key, found in lines.items():
            own = [line for line in found if line.startswith(one.name)]
            assert own == [text for of, text in told if of == key and text.startswith(one.name)]


def commit(one):
    one.git("add", "--all")
    one.git("commit", "--quiet", "--allow-empty", "--message", "step")


@pytest.mark.parametrize("seed", first_of(3))
def test_branches_that_git_merges_crosswise_lose_no_line(tmp_path, seed):
    """Three branches, merged by git in any direction: criss-cross and virtual bases."""
    one = clone(bare(tmp_path / "remote", "t-1"), "ann")
    one.bd("setup", "git")
    names = ["main", "one", "two"]
    for name in names[1:]:
        one.git("branch", name)
    chance = random.Random(seed)
    told = {name: [] for name in names}
    for number in range(30):
        branch, other = chance.sample(names, 2)
        one.git("switch", "--quiet", branch)
        if chance.random() < 0.6:
            text = f"{branch} {number}"
            one.bd("memory", "append", "swarm/log", text)
            told[branch].append(text)
            commit(one)
        else:
            one.git("merge", "--quiet", "--no-edit", other)
    one.git("switch", "--quiet", "main")
    for name in names[1:]:
        one.git("merge", "--quiet", "--no-edit", name)
    row = held(one)["swarm/log"]
    lines = row["content"].splitlines()
    assert set(lines) == {text for texts in told.values() for text in texts}
    assert "conflicts" not in row
    assert len(lines) == len(set(lines))
