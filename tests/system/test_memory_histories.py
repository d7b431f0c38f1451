"""Random histories in real git: what is remembered survives whatever branches do to it.

Two clones of one repository, three branches, and everything that people do to commits: merges,
rebases of what is not shared, cherry-picks, squashes. One seed replays one history. `Oracle` keeps
what must be true at the end: nothing conflicts, every verdict counts once, and whoever wrote a text
can find it.
"""

from __future__ import annotations

import io
import os
import random
import shutil
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.support.branches import ATTRIBUTES
from tests.support.repository import Repository
from tests.support.scratch import bd, line
from tracker.cli import main
from tracker.log.memory_log import MemoryFile, OutcomeFile
from tracker.memory.outcomes import counted
from tracker.setup.merge_driver import KEY, command

BRANCHES = ("main", "one", "two")
KEYS = ("a", "b/c", "b/d/e", "f")


class Person(Repository):
    """A clone and who works in it."""

    def __init__(self, path: Path, name: str) -> None:
        self.path = path
        self.name = name
        self.git("config", KEY, command(sys.executable))
        self.git("config", "rerere.enabled", "false")
        self.texts: dict[str, set[str]] = {}

    def bd(self, *words: str, code: int = 0):
        return bd(self.path, *words, code=code, env={"BD_ACTOR": self.name})

    def try_bd(self, *words: str) -> bool:
        """Run a command that may have nothing to do; whether it did."""
        env = {**os.environ, "BD_ACTOR": self.name}
        err = io.StringIO()
        code = main(["bd", *words], env, io.StringIO(), io.StringIO(), err, str(self.path))
        assert code in {0, 1}, err.getvalue()
        return code == 0

    def commit_all(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)

    @property
    def branch(self) -> str:
        return self.git("branch", "--show-current").strip()

    def data(self, name: str) -> bytes:
        return (self.path / ".beads" / name).read_bytes()


def world(folder: Path) -> tuple[Person, Person]:
    """A bare repository with the three branches, and two clones of it."""
    first = Repository(folder / "first")
    first.commit({
        ".beads/issues.jsonl": f"{line('t-1')}\n".encode(),
        ".beads/memory.jsonl": b"", ".beads/outcomes.jsonl": b"",
        ".beads/config.yaml": b"issue-prefix: t\n", ".beads/.gitattributes": ATTRIBUTES,
        ".beads/.gitignore": b"beads.db*\n.local/\n.jsonl.lock\n.*.db-tmp*\n",
    })  # fmt: skip
    for branch in BRANCHES[1:]:
        first.git("branch", branch)
    first.git("clone", "--quiet", "--bare", ".", str(folder / "bare"))
    people = []
    for name in ("ann", "bob"):
        first.git("clone", "--quiet", str(folder / "bare"), str(folder / name))
        people.append(Person(folder / name, name))
        for branch in BRANCHES[1:]:
            people[-1].git("branch", "--quiet", branch, f"origin/{branch}")
    return people[0], people[1]


class History:
    """One history; `steps` tells what was done, for who looks for a fault."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.people = world(folder)
        self.chance = random.Random(seed)
        self.verdicts: set[str] = set()
        self.void: set[str] = set()
        self.steps: list[str] = []

    def run(self, steps: int) -> None:
        for number in range(steps):
            person = self.chance.choice(self.people)
            act = self.chance.choices(
                [self.remember, self.switch, self.merge, self.share, self.pick, self.rebase,
                 self.squash],
                [10, 3, 3, 3, 1, 1, 1],
            )[0]  # fmt: skip
            self.steps.append(f"{number} {person.name} {person.branch}: {act.__name__}")
            act(person, number)

    # What is remembered.

    def remember(self, person: Person, number: int) -> None:
        for extra in range(self.chance.randrange(1, 4)):
            self.verb(person, f"{person.name} {number}.{extra}")
        person.commit_all(f"step {number}")

    def verb(self, person: Person, text: str) -> None:
        key, other = self.chance.sample(KEYS, 2)
        verb = self.chance.choice(
            ["set", "set", "append", "append", "ok", "bad", "ok", "mv", "forget", "restore",
             "archive", "pin", "verify", "link", "void", "tag"]
        )  # fmt: skip
        self.steps.append(f"    {verb} {key} {text}")
        if verb in {"set", "append"}:
            made = person.bd("memory", verb, key, text, "--json").json
            person.texts.setdefault(made["key"], set()).add(made["content"])
        elif verb in {"ok", "bad"}:
            if person.try_bd("memory", verb, key, "--note", text, "--task", text):
                self.verdicts.add(text)
        elif verb == "void":
            listed = person.bd("memory", "outcomes", "--json").json
            if listed:
                one = self.chance.choice(listed)
                person.bd("memory", "void", one["id"])
                self.void.add(one["note"])
        elif verb == "tag":
            person.try_bd("memory", "set", key, "--tag", text)
        else:
            more = [other] if verb in {"mv", "link"} else []
            person.try_bd("memory", verb, key, *more)

    # What is done to commits.

    def switch(self, person: Person, _number: int) -> None:
        person.git("switch", "--quiet", self.chance.choice(BRANCHES))

    def merge(self, person: Person, number: int) -> None:
        other = self.chance.choice([branch for branch in BRANCHES if branch != person.branch])
        person.git("merge", "--quiet", "--no-edit", "-m", f"merge {number}", other)

    def share(self, person: Person, number: int) -> None:
        """Fetch, merge what others have shared, push."""
        branch = person.branch
        person.git("fetch", "--quiet")
        person.git("merge", "--quiet", "--no-edit", "-m", f"pull {number}", f"origin/{branch}")
        person.git("push", "--quiet", "origin", branch)

    def pick(self, person: Person, _number: int) -> None:
        """Take a single commit of another branch over here."""
        other = self.chance.choice([branch for branch in BRANCHES if branch != person.branch])
        found = person.git("rev-list", "--no-merges", f"HEAD..{other}").split()
        if found:
            commit = self.chance.choice(found)
            person.git("cherry-pick", "--allow-empty", "--keep-redundant-commits", commit)

    def rebase(self, person: Person, _number: int) -> None:
        """Put what this clone has not shared on top of what another has."""
        person.git("fetch", "--quiet")
        person.git("rebase", "--quiet", f"origin/{person.branch}")

    def squash(self, person: Person, number: int) -> None:
        other = self.chance.choice([branch for branch in BRANCHES if branch != person.branch])
        person.git("merge", "--quiet", "--squash", other)
        person.commit_all(f"squash {number}")

    # The end.

    def end(self) -> None:
        """Everything is merged into main, in both clones."""
        for person in self.people:
            for branch in BRANCHES:
                person.git("switch", "--quiet", branch)
                self.share(person, -1)
        for person in self.people:
            person.git("switch", "--quiet", "main")
            for branch in BRANCHES[1:]:
                person.git("fetch", "--quiet")
                person.git("merge", "--quiet", "--no-edit", branch)
                person.git("merge", "--quiet", "--no-edit", f"origin/{branch}")
            self.share(person, -1)
        for person in self.people:
            person.git("switch", "--quiet", "main")
            self.share(person, -2)

    def check(self) -> None:
        one, two = self.people
        assert one.data("memory.jsonl") == two.data("memory.jsonl")
        assert sorted(one.data("outcomes.jsonl").splitlines()) == sorted(
            two.data("outcomes.jsonl").splitlines()
        )
        memories = MemoryFile(one.data("memory.jsonl"), "memory.jsonl")
        assert memories.problems == ()
        assert memories.is_sorted
        sheet = OutcomeFile(one.data("outcomes.jsonl"), "outcomes.jsonl")
        assert sheet.problems == ()
        told = Counter(outcome.note for outcome in sheet.values() if not outcome.voids)
        assert set(told) == self.verdicts
        assert set(told.values()) <= {1}
        assert {one.note for one in counted(sheet.values()).values()} == self.verdicts - self.void
        for person in self.people:
            self.check_texts(person)
            self.check_caches(person)

    def check_texts(self, person: Person) -> None:
        """Whoever wrote a text finds it in the history of its key, and can have it back."""
        for key, texts in person.texts.items():
            found = {
                row["content"]: row["hash"]
                for row in person.bd("memory", "history", key, "--json").json
            }
            assert texts <= set(found), (key, texts - set(found))
            text = min(texts)
            person.bd("memory", "restore", key, "--rev", found[text])
            assert text in person.bd("memory", "get", key).out
            person.git("checkout", "--", ".")

    def check_caches(self, person: Person) -> None:
        lists = ("list", "--all", "--json"), ("outcomes", "--json"), ("stats", "--json")
        before = [person.bd("memory", *words).out for words in lists]
        for path in (person.path / ".beads").glob("*.db*"):
            path.unlink()
        for path in (person.path / ".beads" / ".local").glob("*.db"):
            path.unlink()
        assert [person.bd("memory", *words).out for words in lists] == before


def play(folder: Path, seed: int, steps: int) -> None:
    history = History(folder, seed)
    try:
        history.run(steps)
        history.end()
        history.check()
    except BaseException:
        print("\n".join(history.steps))  # noqa: T201  (pytest shows it where the test fails)
        raise
    shutil.rmtree(folder)


@pytest.mark.parametrize("seed", range(2))
def test_what_is_remembered_survives_branches(tmp_path, seed):
    play(tmp_path / "w", seed, 14)


@pytest.mark.deep
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(100, 300))
def test_two_hundred_histories(tmp_path, seed):
    play(tmp_path / "w", seed, 40)
