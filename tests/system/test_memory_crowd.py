"""Many who remember at once: every key is there, and of two who append to one, both texts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command_lines import workspace

ROOT = Path(__file__).resolve().parents[2]
WRITER = """
import os, sys
from tracker.workspace import discovery
from tracker.api import LibraryCaller
from tracker.workspace.workspace import Workspace

name, count = sys.argv[1], int(sys.argv[2])
library = Workspace(discovery.find(os.getcwd(), {}), LibraryCaller(name)).library
for number in range(count):
    library.put(f"{name}/{number}", {"content": f"{name} {number}"})
    library.append("shared/log", f"{name} {number}")
    library.record(["shared/log"], "ok")
"""


def crowd(folder: Path, processes: int, each: int) -> None:
    beads = workspace(folder)
    running = [
        subprocess.Popen(
            [sys.executable, "-P", "-c", WRITER, f"w{number}", str(each)],
            cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for number in range(processes)
    ]  # fmt: skip
    for one in running:
        _, err = one.communicate()
        assert one.returncode == 0, err
    rows = [json.loads(line) for line in (beads / "memory.jsonl").read_bytes().splitlines()]
    keys = [row["key"] for row in rows]
    wanted = {f"w{n}/{k}" for n in range(processes) for k in range(each)}
    assert keys == sorted({*wanted, "shared/log"})
    said = next(row["content"] for row in rows if row["key"] == "shared/log").split("\n")
    assert sorted(said) == sorted(f"w{n} {k}" for n in range(processes) for k in range(each))
    outcomes = (beads / "outcomes.jsonl").read_bytes().splitlines()
    assert len({json.loads(line)["id"] for line in outcomes}) == processes * each == len(outcomes)


def test_who_remember_at_once_lose_nothing(tmp_path):
    crowd(tmp_path / "w", 3, 6)


@pytest.mark.deep
def test_eight_writers_of_fifty_keys_make_four_hundred(tmp_path):
    crowd(tmp_path / "w", 8, 50)
