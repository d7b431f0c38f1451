"""Many clones of one repository in which people edit and sync at the same time: nothing is lost.

The numbers in docs/sync.md are what this prints with `-s`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.clones import Clone, bare, clone
from tests.support.sync_worker import SHARED
from tracker.sync import TRIES

HERE = Path(__file__).resolve().parents[1] / "support"
EDITS = 30


def worked(people: list[Clone], edits: int = EDITS) -> list[dict]:
    """Let everybody work at once, each in a process, and return what each has done."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent)])}
    running = [
        subprocess.Popen(
            [sys.executable, str(HERE / "sync_worker.py"), str(one.path), one.name, str(edits)],
            env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for one in people
    ]  # fmt: skip
    done = [process.communicate() for process in running]
    assert [process.returncode for process in running] == [0] * len(people), [e for _, e in done]
    return [json.loads(out) for out, _ in done]


def records(person: Clone) -> dict[str, dict]:
    rows = [json.loads(text) for text in person.log.read_text().splitlines()]
    assert len({row["id"] for row in rows}) == len(rows)
    return {row["id"]: row for row in rows}


def settled(people: list[Clone], found: list[dict]) -> dict[str, dict]:
    """A last round of syncs, after which everybody has all that anybody has done."""
    for one in people:
        assert one.sync()["pushed"] is True
    held = {one.log.read_bytes() for one in people if one.sync()["pushed"]}
    assert len(held) == 1
    rows = records(people[0])
    assert len(rows) == len(SHARED) + sum(len(one["created"]) for one in found)
    for one in found:
        assert rows.keys() >= set(one["created"])
        for id, label in one["labels"]:
            assert label in rows[id]["labels"]
        for id, text in one["comments"]:
            assert [c["text"] for c in rows[id]["comments"]].count(text) == 1
        assert {rows[id]["status"] for id in one["closed"]} <= {"closed"}
    return rows


def moves(remote: Path) -> list[str]:
    """Where the branch has been, newest first: each is an ancestor of the next, nobody forced."""
    server = Clone(remote)
    found = server.git("reflog", "show", "--format=%H", "main").split()
    for new, old in pairwise(found):
        server.git("merge-base", "--is-ancestor", old, new)
    assert "+<<<<<<<" not in server.git("log", "-p", "--format=", "main", "--", ".beads")
    return found


@pytest.fixture
def remote(tmp_path):
    path = bare(tmp_path / "remote", *SHARED)
    Clone(path).git("config", "core.logAllRefUpdates", "always")  # and force is not forbidden
    return path


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "count",
    [5, pytest.param(20, marks=pytest.mark.deep), pytest.param(50, marks=pytest.mark.deep)],
)
def test_every_edit_of_everybody_is_everywhere(remote, count, capsys):
    people = [clone(remote, f"p{number}") for number in range(count)]
    begin = time.monotonic()
    found = worked(people)
    seconds = time.monotonic() - begin
    pushes = len(moves(remote))
    settled(people, found)
    assert all(all(one["pushed"]) for one in found)
    moves(remote)
    tries = [number for one in found for number in one["retries"]]
    assert max(tries) < TRIES
    row = [count, count * EDITS, len(tries), pushes, sum(tries), max(tries), round(seconds)]
    with capsys.disabled():
        sys.stdout.write(f"\n| {' | '.join(map(str, row))} |\n")


def test_several_agents_in_each_clone(remote):
    """They share a work tree: while one merges into it, the other writes."""
    people = [clone(remote, name) for name in ("p0", "p1")]
    helpers = [Clone(one.path, f"{one.name}-too") for one in people]
    found = worked([*people, *helpers], 10)
    settled(people, found)
    moves(remote)
    assert [one.status() for one in people] == [[], []]
