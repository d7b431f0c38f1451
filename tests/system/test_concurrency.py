"""Many at once: writers beside each other, and beside a git that replaces the file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.support.command_lines import workspace

pytestmark = pytest.mark.unhurried

ROOT = Path(__file__).resolve().parents[2]
WRITER = """
import os, sys, time
from tracker.workspace import discovery
from tracker.api import LibraryCaller, Tracker
from tracker.errors import Conflicted
from tracker.workspace.workspace import Workspace

name, count = sys.argv[1], int(sys.argv[2])
issues = Tracker(Workspace(discovery.find(os.getcwd(), {}), LibraryCaller(name)))
for number in range(count):
    if len(sys.argv) > 3:
        issues.create(f"{name} {number}")
        issues.comment(sys.argv[3], f"{name} {number}")
        continue
    try:
        print(issues.create(f"{name} {number}").id, flush=True)
    except Conflicted:
        pass  # git has just left markers there: refused, and so not lost
    time.sleep(0.02)
"""


def writer(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", "-c", WRITER, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def crowd(folder: Path, processes: int, each: int) -> None:
    beads = workspace(folder)
    before = len((beads / "issues.jsonl").read_bytes().splitlines())
    running = [writer(folder, f"w{number}", str(each), "t-a") for number in range(processes)]
    for one in running:
        _, err = one.communicate()
        assert one.returncode == 0, err
    rows = [json.loads(line) for line in (beads / "issues.jsonl").read_bytes().splitlines()]
    assert len(rows) == len({row["id"] for row in rows}) == before + processes * each
    remarks = next(row["comments"] for row in rows if row["id"] == "t-a")
    assert len({remark["text"] for remark in remarks}) == len(remarks) == processes * each


def test_writers_beside_each_other_lose_nothing(tmp_path):
    crowd(tmp_path / "w", 4, 8)


@pytest.mark.deep
def test_sixteen_writers_beside_each_other_lose_nothing(tmp_path):
    crowd(tmp_path / "w", 16, 25)


def lines_anywhere(repo) -> str:
    """Everything that the work tree, all commits and all stashes hold of the log."""
    texts = [(repo.path / ".beads" / "issues.jsonl").read_text()]
    revisions = repo.git("rev-list", "--all", "--reflog").split()
    texts += [repo.git("show", f"{one}:.beads/issues.jsonl", may_fail=True) for one in revisions]
    return "\n".join(texts)


def beside_git(repo, rounds: int) -> None:
    """One writer writes while git switches, merges and stashes; nobody's line is lost."""
    beads = workspace(repo.path)
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "--message", "start")
    git_side: list[str] = []
    over = threading.Event()
    told: list[str] = []
    failures: list[str] = []

    def write() -> None:
        number = 0
        while not over.is_set():
            done = writer(repo.path, f"w{number}", "5")
            out, err = done.communicate()
            told.extend(out.split())
            failures.extend([err] if done.returncode else [])
            number += 1

    running = threading.Thread(target=write)
    running.start()
    try:
        for number in range(rounds):
            git_round(repo, number, git_side)
    finally:
        over.set()
        running.join()
    held = lines_anywhere(repo)
    assert failures == []
    assert told
    missing = [id for id in told + git_side if f'"id":"{id}"' not in held]
    assert missing == []
    assert (beads / "issues.jsonl").exists()


def git_round(repo, number: int, made: list[str]) -> None:
    """A branch with an issue of its own, merged back; a stash, popped."""
    git = repo.git
    git("add", "--all")
    git("commit", "--quiet", "--allow-empty", "--message", f"work {number}", may_fail=True)
    branch = f"side-{number}"
    git("branch", branch, may_fail=True)
    tree = repo.path.parent / "elsewhere"
    git("worktree", "add", "--quiet", "--force", str(tree), branch)
    log = tree / ".beads" / "issues.jsonl"
    id = f"g-{number:04}"
    log.write_text(log.read_text() + json.dumps({"id": id, "title": "by git"},
                                                separators=(",", ":")) + "\n")  # fmt: skip
    for words in (["add", "--all"], ["commit", "--quiet", "--message", id]):
        subprocess.run(["git", "-C", str(tree), *words], check=True)
    made.append(id)
    git("worktree", "remove", "--force", str(tree))
    git("stash", "push", "--quiet", may_fail=True)
    git("merge", "--quiet", "--no-edit", "-X", "theirs", branch, may_fail=True)
    if (repo.path / ".git" / "MERGE_HEAD").exists():
        git("merge", "--abort", may_fail=True)
    git("stash", "pop", "--quiet", may_fail=True)
    if "UU" in git("status", "--porcelain"):
        git("checkout", "--quiet", "--theirs", ".beads/issues.jsonl")
    git("checkout", "--quiet", branch, may_fail=True)
    git("checkout", "--quiet", "main", may_fail=True)
    time.sleep(0.01)


def test_nothing_is_lost_beside_git(repo):
    beside_git(repo, 12)


@pytest.mark.deep
def test_nothing_is_lost_beside_five_hundred_rounds_of_git(repo):
    beside_git(repo, 500)


READER = """
import os, sys
from tracker.issues.filters import Filter
from tracker.api import LibraryCaller
from tracker.workspace import discovery
from tracker.workspace.workspace import Workspace

seen = 0
while not os.path.exists("over"):
    workspace = Workspace(discovery.find(os.getcwd(), {}), LibraryCaller("reader"))
    answers = workspace.answers
    page = answers.listed(Filter(), "created")
    assert page.total == len(page.rows) >= seen, (seen, page.total)
    assert len(list(answers.objects(page.rows))) == page.total
    seen = page.total
    workspace.refresh()
print(seen)
"""


def test_readers_beside_writers_see_more_and_more(tmp_path):
    beads = workspace(tmp_path / "w")
    before = len((beads / "issues.jsonl").read_bytes().splitlines())
    reading = [python(tmp_path / "w", READER) for _ in range(2)]
    writing = [writer(tmp_path / "w", f"w{number}", "8", "t-a") for number in range(2)]
    for one in writing:
        _, err = one.communicate()
        assert one.returncode == 0, err
    (tmp_path / "w" / "over").touch()
    for one in reading:
        out, err = one.communicate()
        assert one.returncode == 0, err
        assert before <= int(out) <= before + 16
    names = {name for name in os.listdir(beads) if "tmp" in name or "journal" in name}
    assert names == set()


def python(folder: Path, code: str, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", "-c", code, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


RESTLESS = """
import os, random, sys, time
from tracker.workspace import discovery
from tracker.api import LibraryCaller, Tracker
from tracker.errors import Conflicted, Locked
from tracker.workspace.workspace import Workspace

name = sys.argv[1]
chance = random.Random(name)
issues = Tracker(Workspace(discovery.find(os.getcwd(), {}), LibraryCaller(name)))
number = 0
while not os.path.exists("../over"):
    number += 1
    try:
        print(issues.create(f"{name} {number}").id, flush=True)
    except (Conflicted, Locked):
        pass  # refused, and so not lost
    time.sleep(chance.random() / 50)
"""


def beside_stashes(repo, rounds: int, writers: int) -> tuple[int, list[str], list[str]]:
    """Writers beside a git that stashes and pops without a rest.

    How many issues they made, those that are nowhere, and those that a commit lacks although one
    before it had them: nobody removes any.
    """
    workspace(repo.path)
    (repo.path / ".beads" / ".gitattributes").write_text("issues.jsonl merge=union\n")
    for number in range(100):
        (repo.path / f"file-{number}").touch()
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "--message", "start")
    running = [python(repo.path, RESTLESS, f"w{number}") for number in range(writers)]
    time.sleep(0.5)
    for _ in range(rounds):
        repo.git("stash", "push", "--quiet")
        for _ in range(50):
            repo.git("stash", "pop", "--quiet", may_fail=True)
            if not repo.git("stash", "list"):
                break
            repo.git("commit", "--quiet", "--all", "--message", "work", may_fail=True)
    (repo.path.parent / "over").touch()
    made = []
    for one in running:
        out, err = one.communicate()
        assert one.returncode == 0, err
        made += out.split()
    repo.git("commit", "--quiet", "--all", "--message", "end", may_fail=True)
    held = lines_anywhere(repo)
    lost = [id for id in made if f'"id":"{id}"' not in held]
    return len(made), lost, taken_back(repo)


def taken_back(repo) -> list[str]:
    """What is in a commit and not in the next, of which nothing was ever removed."""
    found = []
    for row in repo.git("log", "--format=%H %P").splitlines():
        commit, *parents = row.split()
        now = ids_at(repo, commit)
        for parent in parents:
            found += sorted(ids_at(repo, parent) - now)
    return found


def ids_at(repo, commit: str) -> set[str]:
    text = repo.git("show", f"{commit}:.beads/issues.jsonl", may_fail=True)
    return {json.loads(line)["id"] for line in text.splitlines()}


@pytest.mark.deep  # a race by its nature: one green run proves little
def test_nothing_is_lost_beside_a_git_that_stashes(repo):
    made, lost, back = beside_stashes(repo, 25, 2)
    assert made > 0
    assert (lost, back) == ([], [])


@pytest.mark.deep
@pytest.mark.timeout(900)
def test_nothing_is_lost_beside_five_hundred_stashes(repo):
    made, lost, back = beside_stashes(repo, 500, 4)
    assert made > 20
    assert (lost, back) == ([], [])
