"""A team in which one works with us and another with a program that rewrites the whole file.

What that program drops is a table in docs/merging.md, and exactly what it says is lost: a fact of
ours that is missing must stand there, and everything that stands there is seen to get lost.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys

import pytest

from tests.support.branches import ATTRIBUTES, LOG
from tests.support.clones import Clone
from tests.support.old_program import OldProgram
from tests.support.repository import ROOT
from tests.support.scratch import bd, line
from tracker.merge.three_way import three_way
from tracker.setup.merge_driver import KEY, command

MINE = ("t-1", "t-2", "t-3", "t-4")  # whose fields only we change
SHARED = ("t-5", "t-6", "t-7", "t-8")
START = "".join(f"{line(id)}\n" for id in (*MINE, *SHARED)).encode()
ROW = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)


def dropped():
    """The table of the page: what the other program takes back."""
    text = (ROOT / "docs/merging.md").read_text()
    _, _, rest = text.partition("## Beside a program that rewrites the file\n")
    return set(ROW.findall(rest.partition("\n## ")[0]))


class Ours:
    """Somebody who works with us, and what must be found of it."""

    def __init__(self, folder, seed) -> None:
        self.folder = folder
        self.chance = random.Random(seed)
        self.facts: dict[tuple, object] = {}
        self.number = 0
        self.gone: list[tuple[str, str]] = []
        self.free = [f"{id}-{n}" for id in MINE for n in range(9)]

    def bd(self, *words):
        return bd(self.folder, *words, "--json").json

    def work(self) -> None:
        self.number += 1
        kind = self.chance.choice([*self.EDITS])
        getattr(self, kind)(f"{kind} {self.number} <ü>", self.chance.choice(MINE))

    EDITS = ("title", "description", "notes", "priority", "label", "unlabel", "comment", "edge",
             "unedge", "estimate", "due", "meta", "close", "create", "ref", "unknown",
             "assignee", "design", "defer", "spec", "pin", "delete")  # fmt: skip

    def field(self, id, name, value, *words) -> None:
        self.bd("update", id, *words)
        self.facts[id, name] = value

    def title(self, text, id) -> None:
        self.field(id, "title", text, "--title", text)

    def description(self, text, id) -> None:
        self.field(id, "description", text, "--description", text)

    def design(self, text, id) -> None:
        self.field(id, "design", text, "--design", text)

    def notes(self, text, id) -> None:
        self.bd("update", id, "--append-notes", text)
        self.facts[id, "notes", text] = True

    def priority(self, _text, id) -> None:
        value = self.chance.randrange(5)
        self.field(id, "priority", value, "--priority", str(value))

    def assignee(self, text, id) -> None:
        self.field(id, "assignee", text, "--assignee", text)

    def ref(self, text, id) -> None:
        self.field(id, "external_ref", text, "--external-ref", text)

    def estimate(self, _text, id) -> None:
        self.field(id, "estimated_minutes", self.number, "--estimate", str(self.number))

    def due(self, _text, id) -> None:
        day = f"2030-01-{self.number % 28 + 1:02d}"
        self.bd("update", id, "--due", day)
        self.facts[id, "due_at"] = bd(self.folder, "show", id, "--json").json[0]["due_at"]

    def defer(self, _text, id) -> None:
        self.bd("update", id, "--defer", f"2030-02-{self.number % 28 + 1:02d}")
        self.facts[id, "defer_until"] = self.record(id)["defer_until"]

    def spec(self, text, id) -> None:
        self.field(id, "spec_id", text, "--spec-id", text)

    def pin(self, _text, id) -> None:
        on = not self.record(id).get("pinned", False)
        self.bd("update", id, "--pinned" if on else "--no-pinned")
        self.facts.pop((id, "pinned"), None)
        self.facts.pop((id, "a pin, taken off"), None)
        self.facts[id, "pinned" if on else "a pin, taken off"] = on

    def delete(self, text, _id) -> None:
        """One of the issues that we made; restored in the next round but one."""
        if self.gone:
            id, title = self.gone.pop()
            self.bd("restore", id)
            self.facts = {fact: v for fact, v in self.facts.items() if fact[0] != id}
            self.facts[id, "an issue, restored"] = title
            return
        made = [fact[0] for fact in self.facts if fact[1:] == ("owner",)]
        if made:
            id = made[0]
            title = self.record(id)["title"]
            self.facts = {fact: v for fact, v in self.facts.items() if fact[0] != id}
            self.bd("delete", id, "--force", "--reason", text)
            self.facts |= {(id, "status"): "tombstone", (id, "delete_reason"): text}
            self.gone.append((id, title))

    def meta(self, text, id) -> None:
        self.bd("update", id, "--set-metadata", f"k{self.number}={text}")
        self.facts[id, "metadata", f"k{self.number}"] = True

    def unknown(self, text, id) -> None:
        """A field of another program, which we carry: here it comes by an import."""
        path = self.folder / LOG
        rows = [json.loads(row) for row in path.read_text().splitlines()]
        for row in rows:
            if row["id"] == id:
                row["zz_field"] = text
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
        self.facts[id, "any field that it does not know"] = text

    def label(self, _text, id) -> None:
        self.bd("label", "add", id, f"l{self.number}")
        self.facts[id, "labels", f"l{self.number}"] = True

    def unlabel(self, _text, id) -> None:
        for label in self.record(id).get("labels", [])[:1]:
            last = len(self.record(id)["labels"]) == 1
            self.bd("label", "remove", id, label)
            self.facts[id, "labels", label] = False
            if last:
                self.facts[id, "labels", label] = "last"

    def comment(self, text, id) -> None:
        self.bd("comments", "add", id, text)
        self.facts[id, "comments", text] = True

    def edge(self, _text, id) -> None:
        if self.free:
            target = self.free.pop()
            self.bd("create", f"for {id}", "--id", target)
            self.bd("dep", "add", id, target)
            self.facts[id, "dependencies", target] = True

    def unedge(self, _text, id) -> None:
        for edge in self.record(id).get("dependencies", [])[:1]:
            self.bd("dep", "remove", id, edge["depends_on_id"])
            self.facts[id, "dependencies", edge["depends_on_id"]] = False

    def close(self, text, id) -> None:
        if self.record(id)["status"] == "closed":
            self.bd("reopen", id)
            self.facts[id, "status"] = "open"
            self.facts.pop((id, "close_reason"), None)
        else:
            self.bd("close", id, "--reason", text, "--force")
            self.facts |= {(id, "status"): "closed", (id, "close_reason"): text}

    def create(self, text, _id) -> None:
        id = self.bd("create", text, "--labels", "new", "--estimate", "5")["id"]
        self.facts |= {
            (id, "title"): text,
            (id, "labels", "new"): True,
            (id, "owner"): "ann@example.com",
        }

    def record(self, id):
        return {row["id"]: row for row in self.records()}[id]

    def records(self):
        return [json.loads(row) for row in (self.folder / LOG).read_text().splitlines()]

    # What is found.

    def missing(self):
        """The kinds of facts of ours that are gone; they are then forgotten."""
        rows = {row["id"]: row for row in self.records()}
        found = set()
        for fact, expected in list(self.facts.items()):
            kind = self.lost(rows.get(fact[0]), fact[1:], expected)
            if kind:
                found.add(kind)
                del self.facts[fact]
        return found

    def lost(self, row, fact, expected):
        if row is None:
            return "issue"
        name, *member = fact
        if member:
            texts = {
                "labels": row.get("labels", []), "metadata": row.get("metadata", {}),
                "notes": row.get("notes", "").split("\n"),
                "comments": [one["text"] for one in row.get("comments", [])],
                "dependencies": [one["depends_on_id"] for one in row.get("dependencies", [])],
            }[name]  # fmt: skip
            there = member[0] in texts
            if expected == "last":
                return "the last label of an issue, removed" if there else None
            if there == expected:
                return None
            return name if expected else f"{name}, removed"
        if name == "an issue, restored":
            same = row["status"] != "tombstone" and row["title"] == expected
            return None if same else name
        key = {"any field that it does not know": "zz_field", "a pin, taken off": "pinned"}
        return None if row.get(key.get(name, name), False) == expected else name


def their_work(program, chance, number, facts):
    """One or two edits of theirs, on the issues that everybody changes, and what must be found."""
    id = chance.choice(SHARED)
    kind = chance.choice(["status", "label", "comment", "create", "text"])
    if kind == "status":
        program.update(id, status=chance.choice(["open", "in_progress", "blocked"]))
    elif kind == "label":
        program.label(id, f"b{number}")
        facts.add((id, "labels", f"b{number}"))
    elif kind == "comment":
        program.comment(id, f"theirs {number}")
        facts.add((id, "comments", f"theirs {number}"))
    elif kind == "create":
        facts.add((program.create(f"born {number}"), "title", f"born {number}"))
    else:
        program.update(id, notes=f"note {number}")
    program.flush()  # its commit hook


def found_of(rows, facts):
    """Those of their facts that are not in the log."""
    by_id = {row["id"]: row for row in rows}
    for id, name, value in facts:
        row = by_id.get(id, {})
        if name == "comments":
            held = [one["text"] for one in row.get(name, [])]
        else:
            held = row.get(name, [])
        if not (held == value or value in held):
            yield id, name, value


def rounds(count, seed, folder, join, theirs):
    """So many rounds in which both work, and then have the same file; what of ours was lost."""
    chance = random.Random(seed)
    ours = Ours(folder, seed)
    program = OldProgram(theirs / LOG, "bob")
    program.flush()
    join()  # its spelling is in the file from here on
    lost, facts = set(), set()
    for number in range(count):
        ours.work()
        if chance.random() < 0.9:
            their_work(program, chance, number, facts)
        join()
        assert not list(found_of(ours.records(), facts))
        lost |= ours.missing()
        ids = [row["id"] for row in ours.records()]
        assert len(ids) == len(set(ids))
    assert len(ours.facts) > count / 5
    return lost


def test_two_hundred_rounds(tmp_path):
    assert mixed(tmp_path, 200, seed=0) == dropped()  # the page says no more than what is true


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(1, 9))
def test_two_hundred_other_rounds(tmp_path, seed):
    assert mixed(tmp_path, 200, seed) <= dropped()


def mixed(tmp_path, count, seed):
    """The files are merged by the engine; git stands between in the tests below."""
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        (folder / ".beads").mkdir(parents=True)
        (folder / LOG).write_bytes(START)
        (folder / ".beads/config.yaml").write_text("issue-prefix: t\n")
    base = [START]

    def join():
        merged = three_way(base[0], (one / LOG).read_bytes(), (two / LOG).read_bytes()).data
        for folder in (one, two):
            (folder / LOG).write_bytes(merged)
        base[0] = merged

    return rounds(count, seed, one, join, two)


def team(tmp_path):
    """A repository in which the other works, and a clone of it in which we do."""
    other = Clone(tmp_path / "other", "bob")
    other.path.mkdir()
    other.git("init", "--quiet", "--initial-branch", "main")
    other.commit(
        {
            LOG: START, ".beads/config.yaml": b"issue-prefix: t\n",
            ".beads/.gitattributes": ATTRIBUTES,
            ".beads/.gitignore": b"*.db*\n.local/\n.jsonl.lock\n",
        }
    )  # fmt: skip
    other.git("clone", "--quiet", ".", str(tmp_path / "mine"))
    mine = Clone(tmp_path / "mine")
    for one in (mine, other):
        one.git("config", KEY, command(sys.executable))
    return mine, other


def by_git(tmp_path, count, seed=7):
    mine, other = team(tmp_path)

    def join():
        for one in (mine, other):
            one.git("add", "--all")
            one.git("commit", "--quiet", "--allow-empty", "--message", "work")
        mine.git("pull", "--quiet", "--no-rebase", "--no-edit")
        other.git("pull", "--quiet", "--no-edit", str(mine.path), "main")
        mine.git("fetch", "--quiet")
        assert b"<<<<<<<" not in mine.log.read_bytes()
        assert mine.log.read_bytes() == other.log.read_bytes()

    return rounds(count, seed, mine.path, join, other.path)


def test_a_few_rounds_with_git(tmp_path):
    assert by_git(tmp_path, 6) <= dropped()


@pytest.mark.deep
@pytest.mark.timeout(900)
def test_two_hundred_rounds_with_git(tmp_path):
    lost = by_git(tmp_path, 200)
    assert lost <= dropped()
    assert lost


def test_what_was_dropped_is_still_in_the_history(tmp_path):
    mine, other = team(tmp_path)
    mine.bd("update", "t-1", "--due", "2030-01-01")
    mine.git("commit", "--quiet", "--all", "--message", "due")
    program = OldProgram(other.log, "bob")
    program.update("t-5", title="theirs")
    other.git("commit", "--quiet", "--all", "--message", "theirs")
    other.git("pull", "--quiet", "--no-rebase", "--no-edit", str(mine.path), "main")
    assert b'"due_at"' in other.log.read_bytes()  # the merge has it
    program.flush()  # but not the program, which knew the issue
    other.git("commit", "--quiet", "--all", "--message", "unrelated")
    mine.git("pull", "--quiet", "--no-rebase", "--no-edit")
    assert "due_at" not in mine.show("t-1")
    told = mine.bd("history", "t-1").out
    assert "- due_at: 2030-01-01" in told
    assert "+ due_at: 2030-01-01" in told


def test_the_writer_is_as_described(tmp_path):
    """Otherwise the table above would be about nobody."""
    file = tmp_path / "issues.jsonl"
    file.write_text(
        json.dumps({**json.loads(line("t-2")), "labels": ["x"], "zz": 1, "title": "a<b",
                    "comments": [{"id": 900, "issue_id": "t-2", "author": "ann", "text": "hi",
                                  "created_at": "2026-01-01T00:00:00.5Z"}]})
        + "\n" + line("t-1") + "\n"
    )  # fmt: skip
    program = OldProgram(file, "bob")
    program.flush()
    text = file.read_text()
    rows = [json.loads(row) for row in text.splitlines()]
    assert [row["id"] for row in rows] == ["t-1", "t-2"]
    assert "a\\u003cb" in text
    assert "zz" not in rows[1]
    assert rows[1]["comments"][0]["id"] == 1
    edited = {**rows[1], "labels": [], "due_at": "2030-01-01T00:00:00Z", "title": "new",
              "comments": [], "updated_at": "2027-01-01T00:00:00Z"}  # fmt: skip
    file.write_text(f"{json.dumps(rows[0])}\n{json.dumps(edited)}\n")
    program.flush()
    now = json.loads(file.read_text().splitlines()[1])
    assert (now["title"], now["labels"], len(now["comments"])) == ("new", ["x"], 1)
    assert "due_at" not in now
    subprocess.run(["git", "--version"], check=True, capture_output=True)
