"""The transcript in docs/agents.md is what really happens, line by line."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "agents.md"
BLOCK = re.compile(r"^````console\n(.*?)^````$", re.MULTILINE | re.DOTALL)
TIME = re.compile(r"\d+(?= min\b|m old)")


def steps(page: str) -> list[tuple[str, str]]:
    """Each command of the page, and what it prints there."""
    found: list[tuple[str, str]] = []
    for block in BLOCK.findall(page):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], ""))
            else:
                command, said = found[-1]
                found[-1] = (command, f"{said}{line}\n")
    return [(command, said.strip("\n")) for command, said in found]


class Shell:
    """As much of a shell as the page needs; `bd` runs within this process."""

    def __init__(self, bd) -> None:
        self.bd = bd
        self.cwd = bd.path
        self.env: dict[str, str] = {}

    def run(self, command: str) -> str:
        words = shlex.split(command)
        if words[0] == "export":
            name, _, value = words[1].partition("=")
            self.env[name] = value
            return ""
        if words[0] == "cd":
            self.cwd = Path(os.path.normpath(self.cwd / words[1]))
            return ""
        if words[0] == "bd":
            answer = self.bd(*words[1:], cwd=self.cwd, **self.env)
            said = answer.out + answer.err
        else:
            done = subprocess.run(words, cwd=self.cwd, capture_output=True, text=True, check=True)
            said = done.stdout + done.stderr
        return TIME.sub("0", said).strip("\n")


@pytest.fixture
def shell(bd):
    shutil.rmtree(bd.beads)
    return Shell(bd)


def test_the_transcript_is_what_happens(shell):
    told = steps(PAGE.read_text(encoding="utf-8"))
    assert len(told) >= 20
    found = [(command, shell.run(command)) for command, _ in told]
    assert found == told


def test_the_transcript_shows_what_it_promises():
    said = dict(steps(PAGE.read_text(encoding="utf-8")))
    second = next(text for command, text in said.items() if "--task-id try-2 --desc" in command)
    assert "Avoid: [climate/pitfalls/detrend]" in second
    failed = next(
        text for command, text in said.items() if "--task-id shop-drift --check" in command
    )
    assert "failure" in failed
    elsewhere = next(text for command, text in said.items() if "Predict the rain" in command)
    assert "Avoid: [climate/pitfalls/detrend]" in elsewhere
    assert "established" in elsewhere
