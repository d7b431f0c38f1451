"""Files of which git is told not to see changes: who writes, syncs or asks doctor is told."""

from __future__ import annotations

import json
import os

import pytest

from tests.support.clones import bare, clone
from tests.support.repository import Repository
from tests.support.scratch import bd, lines, workspace
from tracker.git import discovery

LOG = ".beads/issues.jsonl"
MARKS = ("skip-worktree", "assume-unchanged")


@pytest.fixture(params=[2, 3, 4], ids="version {}".format)
def work(repo, request):
    """A repository with a workspace and other files, whose index is of this version."""
    workspace(repo.path, lines("t-1"))
    (repo.path / ".beads/.gitignore").write_text("beads.db*\n.local/\n.jsonl.lock\n")
    for name in ("a/.beads/issues.jsonl", ".beads/issues.jsonl.old", "z", ".beads/memory.jsonl"):
        (repo.path / name).parent.mkdir(parents=True, exist_ok=True)
        (repo.path / name).touch()
    repo.commit({})
    if request.param == 3:  # git writes it where an entry has further flags
        (repo.path / "later").touch()
        repo.git("add", "--intent-to-add", "later")
    else:
        repo.git("update-index", f"--index-version={request.param}")
    index = (repo.path / ".git/index").read_bytes()
    assert index[4:8] == request.param.to_bytes(4, "big")
    return repo


def mark(work, name=LOG):
    return discovery.mark_of(str(work.path), str(work.path / ".git"), str(work.path / name))


@pytest.mark.parametrize("kind", MARKS)
def test_the_mark_is_found_in_every_kind_of_index(work, kind):
    for other in ("a/.beads/issues.jsonl", ".beads/issues.jsonl.old", "z"):
        work.git("update-index", f"--{kind}", "--", other)
    assert mark(work) == ""
    work.git("update-index", f"--{kind}", "--", LOG)
    assert mark(work) == kind
    assert [mark(work, name) for name in ("z", "later", "none", ".beads/memory.jsonl")] == [
        kind, "", "", "",
    ]  # fmt: skip
    work.git("update-index", f"--no-{kind}", "--", LOG)
    assert mark(work) == ""


def test_an_index_that_cannot_be_read_says_nothing(work):
    index = work.path / ".git/index"
    for data in (b"", b"DIRC", index.read_bytes()[:80], os.urandom(500)):
        index.write_bytes(data)
        assert mark(work) == ""
    index.unlink()
    assert mark(work) == ""


@pytest.mark.parametrize("kind", MARKS)
@pytest.mark.parametrize("more", [[], ["--json"]])
def test_the_write_that_is_hidden_says_so(repo, kind, more):
    root = repo.path
    workspace(root, lines("t-1"), config__yaml=b"issue-prefix: t\n")
    (root / ".beads/.gitignore").write_text("beads.db*\n.local/\n.jsonl.lock\n")
    repo.commit({})
    assert bd(root, "create", "One", *more).err == ""
    repo.git("update-index", f"--{kind}", "--", LOG)
    fix = f"git -C {root} update-index --no-{kind} -- {LOG}"
    said = f"Warning: git does not see changes of {LOG}, marked {kind} ({fix})\n"
    assert bd(root, "create", "Two", *more).err == said
    assert bd(root, "list", *more).err == ""
    assert bd(root, "update", "t-1", "--title", "Title of t-1", *more).err == ""  # nothing written
    assert "git does not see" not in bd(root, "memory", "set", "a", "b", *more).err
    status = Repository.git(repo, "status", "--porcelain", LOG)
    assert status == ""  # this is what it is about
    repo.git(*fix.split()[3:])
    assert bd(root, "create", "Three", *more).err == ""
    assert Repository.git(repo, "status", "--porcelain", LOG) != ""


@pytest.mark.parametrize("kind", MARKS)
def test_doctor_names_what_is_hidden(repo, kind):
    root = repo.path
    bd(root, "init", "-p", "a")
    (root / ".beads/memory.jsonl").write_bytes(b"")
    repo.commit({})
    answer = bd(root, "doctor", "--json", "--check", "hidden").json
    assert answer["checks"][0]["status"] == "ok"
    for name in ("issues.jsonl", "memory.jsonl"):
        repo.git("update-index", f"--{kind}", "--", f".beads/{name}")
    for fixed in ("issues.jsonl", "memory.jsonl"):
        [one] = bd(root, "doctor", "--json", "--check", "hidden", code=1).json["checks"]
        assert f".beads/{fixed}" in one["message"]
        assert kind in one["message"]
        repo.git(*one["fix"].split()[3:])
    assert bd(root, "doctor", "--json", "--check", "hidden").json["overall_ok"]


@pytest.mark.parametrize("kind", MARKS)
def test_sync_commits_nothing_that_it_cannot_see(tmp_path, kind):
    ann = clone(bare(tmp_path / "remote", "t-1"), "ann")
    ann.create("seen")
    assert ann.sync()["committed"]
    ann.git("update-index", f"--{kind}", "--", LOG)
    assert f"marked {kind}" in ann.bd("create", "hidden").err
    said = ann.bd("sync", "--json", code=1)
    error = json.loads(said.err or said.out)
    assert (
        error["error"] == f"git does not see changes of {LOG}, marked {kind}: nothing was committed"
    )
    ann.git(*error["hint"].split()[3:])
    assert ann.sync()["committed"]
    assert "hidden" in ann.git("show", f"origin/main:{LOG}")
