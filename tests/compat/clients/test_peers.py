"""The real Beads and br at work in one workspace with us.

BD_PEER and BR_PEER name the programs; else they are looked for in the folder CLIENTS, by the names
`bd-0.49.6` and `br`. Nothing here installs them: no package of 0.49 brings the program itself.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import time
from pathlib import Path

import pytest

from tests.issues.test_peers import CASES, line

NAMES = {"BD_PEER": "bd-0.49.6", "BR_PEER": "br"}
NAMED = {name: os.environ.get(name, "") for name in NAMES}  # before tests have theirs


def found(variable: str) -> str:
    """The program that a variable names, or that of its name in the folder of clients."""
    named = NAMED[variable]
    kept = Path(os.environ.get("CLIENTS") or "/nonexistent") / NAMES[variable]
    for path in (named, str(kept)):
        if path and os.access(path, os.X_OK):
            return os.path.abspath(path)
    pytest.skip(f"{NAMES[variable]} is not there: {variable}=PATH names it")


class Peer:
    """Another program in the folder of a scratch workspace, without its background process."""

    def __init__(self, work, path: str, *flags: str) -> None:
        self.work = work
        self.argv = [path, *flags]
        self.env = {**work.env, "BEADS_NO_DAEMON": "1", "BD_NO_DAEMON": "1", "RUST_LOG": "error",
                    "BD_ACTOR": "eve", "BEADS_ACTOR": "eve", "CI": "1",
                    "GIT_CONFIG_GLOBAL": str(work.home / ".gitconfig")}  # fmt: skip

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.argv, *words], cwd=self.work.path, env=self.env, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    def __call__(self, *words: str) -> str:
        done = self.run(*words)
        assert done.returncode == 0, (words, done)
        for sign in ("skipped", "failed", "Refusing"):
            assert sign not in done.stderr, (words, done.stderr)
        return done.stdout


@pytest.fixture
def beads(work) -> Peer:
    return Peer(work, found("BD_PEER"), "--no-daemon")


@pytest.fixture
def br(work) -> Peer:
    return Peer(work, found("BR_PEER"))


@pytest.fixture
def beside(work):
    work.run("git", "config", "user.name", "eve")
    work.run("git", "config", "user.email", "eve@example.com")
    work.run("git", "config", "beads.role", "maintainer")
    work.bd("setup", "beside")
    return work


# One workspace, each with the others.


class Facts:
    """What somebody was told is written, and whether the log still says so."""

    def __init__(self, work, seed: int) -> None:
        self.work = work
        self.chance = random.Random(seed)
        self.number = 0
        self.held: dict[tuple[str, str, str], str] = {}
        self.ids: list[str] = []

    def step(self, run, dialect: str) -> None:
        """One write of a program; its words differ little."""
        self.number += 1
        text = f"{dialect} {self.number} <ü>"
        kinds = ["create", "title", "notes", "priority", "label", "comment", "edge", "claim",
                 "close"]  # fmt: skip
        kind = self.chance.choice(kinds) if len(self.ids) > 2 else "create"
        id = self.chance.choice(self.ids) if self.ids else ""
        getattr(self, f"_{kind}")(run, id, text)

    def _create(self, run, _id: str, text: str) -> None:
        run("create", text, "--description", f"what {text} is")
        new = {row["id"] for row in self.rows()} - set(self.ids)
        assert len(new) == 1, (text, new)
        self.ids.append(new.pop())
        self.held[self.ids[-1], "title", ""] = text

    def _title(self, run, id: str, text: str) -> None:
        run("update", id, "--title", text)
        self.held[id, "title", ""] = text

    def _notes(self, run, id: str, text: str) -> None:
        run("update", id, "--notes", text)
        self.held[id, "notes", ""] = text

    def _priority(self, run, id: str, _text: str) -> None:
        value = str(self.chance.randrange(5))
        run("update", id, "--priority", value)
        self.held[id, "priority", ""] = value

    def _label(self, run, id: str, _text: str) -> None:
        run("label", "add", id, f"l{self.number}")
        self.held[id, "labels", f"l{self.number}"] = f"l{self.number}"

    def _comment(self, run, id: str, text: str) -> None:
        run("comments", "add", id, text)
        run("sync", "--flush-only")  # Beads keeps a comment to itself until then
        self.held[id, "comments", text] = text

    def _edge(self, run, id: str, _text: str) -> None:
        other = self.ids[0]
        if other != id and (id, "dependencies", other) not in self.held:
            run("dep", "add", id, other, "--type", "related")
            self.held[id, "dependencies", other] = other

    def _claim(self, run, id: str, text: str) -> None:
        run("update", id, "--assignee", text)
        self.held[id, "assignee", ""] = text

    def _close(self, run, id: str, text: str) -> None:
        if self.record(id)["status"] == "closed":
            run("reopen", id)
            self.held[id, "status", ""] = "open"
        else:
            run("close", id, "--reason", text)
            self.held[id, "status", ""] = "closed"

    def rows(self):
        return [json.loads(line) for line in self.work.log.read_text().splitlines()]

    def record(self, id: str):
        return next(row for row in self.rows() if row["id"] == id)

    def lost(self) -> list[object]:
        """What is no longer in the log."""
        rows = {row["id"]: row for row in self.rows()}
        assert len(rows) == len(self.rows())
        gone: list[object] = [id for id in self.ids if id not in rows]
        for (id, name, member), value in self.held.items():
            row = rows.get(id, {})
            if name == "comments":
                there = member in [one["text"] for one in row.get(name, [])]
            elif name == "dependencies":
                there = member in [one["depends_on_id"] for one in row.get(name, [])]
            elif name == "labels":
                there = member in row.get(name, [])
            else:
                there = str(row.get(name)) == value
            if not there:
                gone.append((id, name, value, row.get(name)))
        return gone


def played(work, programs, rounds: int, seed: int) -> Facts:
    facts = Facts(work, seed)
    facts.step(work.bd, "first")
    if "beads" in programs:
        programs["beads"].run("list")  # makes its database; a write of it would not
    for _ in range(rounds):
        order = list(programs)
        facts.chance.shuffle(order)
        for name in order:
            facts.step(programs[name], name)
            assert facts.lost() == [], name
    return facts


def everybody(work, facts: Facts, **programs: Peer) -> None:
    """All know the same issues at the end, and git would commit nothing of theirs."""
    assert {row["id"] for row in work.json("list", "--all", "-n", "0")} == set(facts.ids)
    for name, program in programs.items():
        program("sync", "--import-only")
        rows = json.loads(program("list", "--all", "--limit", "0", "--json"))
        assert {row["id"] for row in rows} == set(facts.ids), name
    names = work.run("git", "status", "--porcelain", "--untracked-files=all").splitlines()
    assert not [name for name in names if ".db" in name or "history" in name], names


@pytest.mark.timeout(1800)
def test_all_three_for_a_hundred_rounds(beside, beads, br):
    programs = {"ours": beside.bd, "beads": beads, "br": br}
    facts = played(beside, programs, 100, seed=1)
    assert len(facts.ids) > 30
    everybody(beside, facts, beads=beads, br=br)


@pytest.mark.timeout(1800)
def test_with_beads_for_a_hundred_rounds(beside, beads):
    facts = played(beside, {"ours": beside.bd, "beads": beads}, 100, seed=2)
    everybody(beside, facts, beads=beads)


@pytest.mark.timeout(1800)
def test_with_br_for_a_hundred_rounds(beside, br):
    facts = played(beside, {"ours": beside.bd, "br": br}, 100, seed=3)
    everybody(beside, facts, br=br)


# What the rules say is what the programs do.


def accepted(work, peer: Peer, fields) -> bool:
    """Whether a program takes what a file with such a record has, as its next write shows.

    Beads goes on without, and may write its database over the record.
    """
    for path in work.beads.glob("beads.db*"):
        path.unlink()
    other = line(id="t-2", title="Two") + b"\n"  # of the same content it would be the same issue
    work.log.write_bytes(other)
    peer.run("list")
    time.sleep(0.05)  # br compares the time of the file with that of its last look
    work.log.write_bytes(other + line(**fields) + b"\n")
    done = peer.run("update", "t-2", "--notes", "noted")
    complained = any(f"Auto-import {how}" in done.stderr for how in ("skipped", "failed"))
    return done.returncode == 0 and not complained and b"noted" in work.log.read_bytes()


@pytest.mark.parametrize("name", ["Beads", "br"])
def test_the_rules_are_those_of_the_programs(beside, name, request):
    """All of them in one test: what is wrong is seen at one look."""
    peer = request.getfixturevalue({"Beads": "beads", "br": "br"}[name])
    wrong = [
        (fields, refusing)
        for fields, refusing in CASES
        if accepted(beside, peer, fields) == (name in refusing)
    ]
    assert wrong == []


# The prefix, and other ids.


def test_our_first_issue_has_the_prefix_of_their_init(scratch):
    scratch.run("git", "config", "user.name", "eve")
    beads = Peer(scratch, found("BD_PEER"), "--no-daemon")
    beads("init", "--prefix", "acme", "--skip-hooks", "--quiet")
    assert scratch.bd("create", "First", "--silent").startswith("acme-")
    beads("sync", "--import-only")
    assert beads("create", "Second", "--description", "x", "--silent").startswith("acme-")
    assert len(scratch.json("list")) == 2


@pytest.mark.parametrize("name", ["beads", "br"])
def test_a_rename_with_the_step_that_it_names(beside, name, request):
    peer = request.getfixturevalue(name)
    one = beside.bd("create", "One", "--external-ref", "gh-1", "--silent").strip()
    beside.bd("create", "Two", "--deps", one, "--silent")
    peer.run("list")
    peer("update", one, "--title", "One of theirs")
    note = beside.json("rename", one, "shop-new")["note"]
    step = note[note.index("mv ") : note.index(" lets them")]
    beside.run("sh", "-c", step)
    peer.run("list")
    peer("update", "shop-new", "--notes", "by them")
    assert beside.issue("shop-new")["notes"] == "by them"
    assert beside.issue("shop-new")["title"] == "One of theirs"
    assert one not in [row["id"] for row in beside.json("list", "--all")]


@pytest.mark.parametrize("name", ["beads", "br"])
def test_they_refuse_our_cache_and_leave_the_log_alone(work, name, request):
    peer = request.getfixturevalue(name)
    work.bd("create", "One")
    before = work.log.read_bytes()
    assert peer.run("create", "Two").returncode != 0
    assert work.log.read_bytes() == before
    assert [row["title"] for row in work.json("list")] == ["One"]
    work.bd("setup", "beside")
    peer.run("list")
    peer("create", "Two", "--description", "x")
    assert len(work.json("list")) == 2
