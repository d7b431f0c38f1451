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
from clones import Clone, bare, clone
from conftest import Repository
from worker import SHARED

from tracker.sync import TRIES

HERE = Path(__file__).resolve().parent
EDITS = 30


def worked(people: list[Clone]) -> list[dict]:
    """Let everybody work at once, each in a process, and return what each has done."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent)])}
    running = [
        subprocess.Popen(
            [sys.executable, str(HERE / "worker.py"), str(one.path), one.name, str(EDITS)],
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


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "count",
    [5, pytest.param(20, marks=pytest.mark.deep), pytest.param(50, marks=pytest.mark.deep)],
)
def test_every_edit_of_everybody_is_everywhere(tmp_path, count, capsys):
    remote = bare(tmp_path / "remote", *SHARED)
    server = Clone(remote)
    server.git("config", "core.logAllRefUpdates", "always")  # and force is not forbidden
    people = [clone(remote, f"p{number}") for number in range(count)]
    begin = time.monotonic()
    found = worked(people)
    seconds = time.monotonic() - begin

    for one in people:
        assert one.sync()["pushed"] is True
    held = {one.log.read_bytes() for one in [*people, people[0]] if one.sync()["pushed"]}
    assert len(held) == 1
    assert all(all(one["pushed"]) for one in found)

    rows = records(people[0])
    assert len(rows) == len(SHARED) + sum(len(one["created"]) for one in found)
    for one in found:
        assert rows.keys() >= set(one["created"])
        for id, label in one["labels"]:
            assert label in rows[id]["labels"]
        for id, text in one["comments"]:
            assert [c["text"] for c in rows[id]["comments"]].count(text) == 1
        assert {rows[id]["status"] for id in one["closed"]} <= {"closed"}

    history = server.git("log", "-p", "--format=", "main", "--", ".beads")
    assert "+<<<<<<<" not in history
    moves = server.git("reflog", "show", "--format=%H", "main").split()
    assert_only_added(server, moves)
    tries = [number for one in found for number in one["retries"]]
    assert max(tries) < TRIES
    pushes = len(moves)
    with capsys.disabled():
        sys.stdout.write(f"\n| {count} | {count * EDITS} | {len(tries)} | {pushes} | {sum(tries)} | "
              f"{max(tries)} | {seconds:.0f} |\n")  # fmt: skip


def assert_only_added(server: Repository, moves: list[str]) -> None:
    """Every place where the branch has been is an ancestor of the next: nobody forced anything."""
    assert moves
    for new, old in pairwise(moves):
        server.git("merge-base", "--is-ancestor", old, new)
