"""A writer that is killed leaves the old log or the new one."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.command_lines import workspace

pytestmark = pytest.mark.unhurried

ROOT = Path(__file__).resolve().parents[2]
WRITER = """
import itertools, os, sys
from tracker.cache import refresh
from tracker.store import journal, store
from tracker.workspace import discovery
from tracker.api import LibraryCaller, Tracker
from tracker.workspace.workspace import Workspace

for _ in sys.stdin:  # a process for each line, without loading the program again
    if os.fork():
        os.wait()
        print("over", flush=True)
        continue
    issues = Tracker(Workspace(discovery.find(os.getcwd(), {}), LibraryCaller("ann")))
    issues.comment("t-a", "the first one loads what writing needs")
    print("ready", os.getpid(), flush=True)
    for number in itertools.count():
        issues.comment("t-a", f"remark {number} " + "x" * 2000)
        print(number, flush=True)
"""


def python(folder: Path, code: str, *before: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*before, sys.executable, "-P", "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def killed(writers: subprocess.Popen[str], moment: float) -> int:
    """Kill a writer some time after its first write; how many it said were done."""
    assert writers.stdin is not None
    assert writers.stdout is not None
    writers.stdin.write("next\n")
    writers.stdin.flush()
    word, number = writers.stdout.readline().split()
    assert word == "ready"
    time.sleep(moment)
    os.kill(int(number), signal.SIGKILL)
    told = list(iter(writers.stdout.readline, "over\n"))
    assert "" not in told
    return 1 + len(told)


def killings(folder: Path, count: int) -> None:
    beads = workspace(folder)
    log = beads / "issues.jsonl"
    others = [line for line in log.read_bytes().splitlines() if b'"id":"t-a"' not in line]
    chance = random.Random(1)
    written = 0
    writers = python(folder, WRITER)
    for _ in range(count):
        told = killed(writers, chance.uniform(0, 0.06))
        lines = log.read_bytes().splitlines()
        records = {row["id"]: row for row in map(json.loads, lines)}
        assert [line for line in lines if b'"id":"t-a"' not in line] == others
        remarks = len(records["t-a"].get("comments", []))
        # What it said is there; one more may be, which it had no time to tell of.
        assert written + told <= remarks <= written + told + 1
        written = remarks
    writers.communicate()
    assert writers.returncode == 0
    done = subprocess.run(
        [sys.executable, "-P", "-m", "tracker", "update", "t-b", "--priority", "0"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "BD_ACTOR": "ann"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert written > count  # some were killed later than in their second write
    assert not [name for name in os.listdir(beads) if "db-tmp" in name]


def test_a_killed_writer_leaves_the_old_log_or_the_new_one(tmp_path):
    killings(tmp_path / "w", 25)


@pytest.mark.deep
def test_two_hundred_killed_writers(tmp_path):
    killings(tmp_path / "w", 200)


ONE = """
import os
from tracker.workspace import discovery
from tracker.api import LibraryCaller, Tracker
from tracker.workspace.workspace import Workspace

issues = Tracker(Workspace(discovery.find(os.getcwd(), {}), LibraryCaller("ann")))
issues.update("t-a", priority=0)
os.write(1, b"told\\n")
"""
CALL = re.compile(r"^\d+\s+(\w+)\((.*)")


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_the_answer_comes_after_the_log_is_on_disk(tmp_path):
    workspace(tmp_path / "w")
    calls = "trace=openat,write,writev,fsync,rename,renameat,renameat2,link,linkat"
    trace = tmp_path / "trace"
    writer = python(tmp_path / "w", ONE, "strace", "-f", "-y", "-o", str(trace), "-e", calls)
    out, _ = writer.communicate()
    assert out == "told\n"
    steps = []
    for line in trace.read_text().splitlines():
        match = CALL.match(line)
        if match is None:
            continue
        name, rest = match.groups()
        if name.startswith("write") and ".issues.jsonl.db-tmp" in rest.partition(",")[0]:
            steps.append("write")
        elif name == "fsync" and ".issues.jsonl.db-tmp" in rest:
            steps.append("fsync")
        elif name.startswith("rename") and ".issues.jsonl.db-tmp" in rest:
            steps.append("rename")
        elif name == "fsync" and rest.split(">")[0].endswith("/.beads"):
            steps.append("fsync folder")
        elif name == "write" and '"told' in rest:
            steps.append("answer")
    assert list(dict.fromkeys(steps)) == ["write", "fsync", "rename", "fsync folder", "answer"]
