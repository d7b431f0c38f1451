"""The Python API: the same operations without a process."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

import tracker
from tracker import api
from tracker.errors import (
    Ambiguous,
    Blocked,
    Conflicted,
    Cycle,
    Invalid,
    Moved,
    NotATracker,
    NotFound,
    Refused,
    Taken,
)
from tracker.issues.filters import Filter


@pytest.fixture
def folder(tmp_path):
    beads = tmp_path / ".beads"
    beads.mkdir()
    (beads / "config.yaml").write_text("issue-prefix: t\n")
    (beads / "issues.jsonl").write_text("")
    (beads / ".gitignore").write_text("*.db*\n.jsonl.lock\n.local/\n")
    return tmp_path


@pytest.fixture
def issues(folder):
    with tracker.open(folder, actor="ann", owner="ann@example.com") as opened:
        yield opened


def test_the_example_of_the_module_runs(folder):
    code = textwrap.dedent(api.__doc__.partition("\n\n")[2].partition("Every answer")[0])
    code = code.replace('"path/to/repository"', '"."')
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (folder / ".beads" / "issues.jsonl").read_text().count("\n") == 2


def test_create_and_ask(issues):
    login = issues.create("Fix the login", priority=1, labels=["web", "auth"])
    docs = issues.create("Write the docs", needs=[login.id], description="all of it")
    assert (login.labels, login.created_by, login.owner) == (
        ("auth", "web"), "ann", "ann@example.com",
    )  # fmt: skip
    assert [issue.id for issue in issues.ready()] == [login.id]
    assert [issue.id for issue in issues.blocked()] == [docs.id]
    assert issues.get(docs.id.partition("-")[2]) == docs
    assert issues.search("ALL OF") == [docs]
    assert issues.list(Filter(labels=("web",))) == [login]
    with pytest.raises(NotFound, match="no issue found"):
        issues.get("t-none")
    with pytest.raises(Invalid, match="title is required"):
        issues.create("")
    assert len(issues.list()) == 2


def test_change_and_take_back(issues):
    one = issues.create("One")
    assert issues.update(one.id, priority=0, append_notes="found it").notes == "found it"
    assert issues.get(one.id).priority == 0
    issues.undo()
    assert issues.get(one.id) == one
    issues.undo()
    with pytest.raises(NotFound, match=one.id):
        issues.get(one.id)
    with pytest.raises(Moved, match="nothing to undo"):
        issues.undo()


def test_close_reopen_delete_restore(issues):
    one, two = issues.create("One"), issues.create("Two")
    issues.link(two.id, one.id)
    with pytest.raises(Blocked, match=f"open issues \\[{one.id}\\]"):
        issues.close(two.id)
    assert issues.close(one.id, "Fixed").close_reason == "Fixed"
    assert issues.close(two.id).status == "closed"
    assert issues.reopen(two.id, "came back").comments[0].text == "came back"
    assert issues.delete(two.id).status == "tombstone"
    assert issues.list() == []
    assert issues.restore(two.id).status == "open"


def test_links_labels_comments(issues):
    one, two = issues.create("One"), issues.create("Two")
    issues.link(two.id, one.id)
    with pytest.raises(Cycle, match="would create a cycle"):
        issues.link(one.id, two.id)
    issues.unlink(two.id, one.id)
    issues.link(one.id, two.id)
    assert issues.label(one.id, add=["b", "a"]).labels == ("a", "b")
    assert issues.label(one.id, remove=["a"]).labels == ("b",)
    assert issues.comment(one.id, "hello").author == "ann"
    assert [remark.text for remark in issues.get(one.id).comments] == ["hello"]


def test_a_claim_has_one_winner(folder, issues):
    one = issues.create("One")
    assert issues.claim(one.id).assignee == "ann"
    with (
        tracker.open(folder, actor="bob") as other,
        pytest.raises(Taken, match="already claimed by ann"),
    ):
        other.claim(one.id)


def test_what_another_process_wrote_is_seen(folder, issues):
    one = issues.create("One")
    with tracker.open(folder, actor="bob") as other:
        other.close(one.id, "done elsewhere")
    assert issues.get(one.id).close_reason == "done elsewhere"


def test_read_only_and_damaged_workspaces(folder, issues):
    one = issues.create("One")
    with tracker.open(folder, actor="ann", readonly=True) as reader:
        assert reader.ready() == [one]
        with pytest.raises(Refused, match="read-only"):
            reader.create("Two")
    log = folder / ".beads" / "issues.jsonl"
    assert issues.problems() == []
    log.write_text(f"<<<<<<< ours\n{log.read_text()}=======\n>>>>>>> theirs\n")
    assert issues.ready() == [one]
    assert "conflict markers" in issues.problems()[0]
    with pytest.raises(Conflicted, match="conflict markers"):
        issues.create("Two")


def test_open_names_what_is_missing(folder, tmp_path_factory):
    assert tracker.open(folder).list() == []
    with pytest.raises(NotATracker, match="no beads database found"):
        tracker.open(tmp_path_factory.mktemp("empty"))


def test_short_ids_that_fit_several_issues(issues):
    for name in ("t-abc1", "t-abc2"):
        issues.create("x", id=name)
    assert issues.get("abc1").id == "t-abc1"
    with pytest.raises(Ambiguous, match="t-abc1 t-abc2"):
        issues.get("abc")


def test_the_actor_is_the_login_unless_named(folder, monkeypatch):
    monkeypatch.setenv("LOGNAME", "carol")
    with tracker.open(os.fspath(folder)) as opened:
        assert opened.create("One").created_by == "carol"
