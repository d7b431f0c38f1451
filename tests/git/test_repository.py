"""What `tracker.git` answers, with real git, and that it leaves nothing behind."""

from __future__ import annotations

import gc
import os
import signal
import stat
import time
import warnings

import pytest

from tests.support.clones import Clone
from tests.support.repository import Repository
from tracker.checks.staged import Git
from tracker.git import process, repository
from tracker.git.repository import GitFailed


@pytest.fixture
def first(repo):
    """A repository with two commits of one file and one of another."""
    repo.commit({"a.txt": b"one\n"}, "first")
    repo.commit({"a.txt": b"two\n"}, "second\n\nwith more to say")
    repo.commit({"b.txt": b"\xff\x00raw"}, "third")
    return repo


@pytest.fixture
def ours(first):
    return repository.Repository(str(first.path), os.environ)


def test_a_question_is_answered_with_what_git_says(first):
    said = process.ask(str(first.path), os.environ, "rev-parse", "HEAD")
    assert said is not None
    assert (said.code, said.text) == (0, first.git("rev-parse", "HEAD"))
    refused = process.ask(str(first.path), os.environ, "rev-parse", "--verify", "nothing")
    assert refused is not None
    assert refused.code != 0
    nowhere = {**os.environ, "PATH": str(first.path)}
    assert process.ask(str(first.path), nowhere, "rev-parse", "HEAD") is None


def test_what_a_hook_of_another_repository_left_is_not_believed(first, tmp_path, ours):
    other = Repository(tmp_path / "other")
    other.commit({"c.txt": b"other\n"})
    leaked = {**os.environ, "GIT_DIR": f"{other.path}/.git", "GIT_WORK_TREE": str(other.path),
              "GIT_INDEX_FILE": f"{other.path}/.git/index", "GIT_PREFIX": "x/",
              "GIT_LITERAL_PATHSPECS": "1"}  # fmt: skip
    assert os.path.samefile(leaked["GIT_DIR"], other.git("rev-parse", "--absolute-git-dir").strip())
    said = process.ask(str(first.path), leaked, "rev-parse", "HEAD")
    assert said is not None
    assert said.text == first.git("rev-parse", "HEAD")
    found = repository.Repository(str(first.path), leaked)
    assert found.blob("HEAD", "a.txt") == b"two\n"
    assert found.blob("", "b.txt") == b"\xff\x00raw"
    assert found.commit_of("HEAD") == ours.commit_of("HEAD")


def test_history_is_read_from_this_repository_whatever_the_environment(
    first, tmp_path, monkeypatch
):
    other = Repository(tmp_path / "other")
    other.commit({"a.txt": b"other\n"}, "of the other")
    for name, value in (
        ("GIT_DIR", f"{other.path}/.git"), ("GIT_WORK_TREE", str(other.path)),
        ("GIT_OBJECT_DIRECTORY", f"{other.path}/.git/objects"), ("GIT_LITERAL_PATHSPECS", "1"),
    ):  # fmt: skip
        monkeypatch.setenv(name, value)
    with repository.Repository(str(first.path), os.environ).past() as past:
        assert len(past.names(["a.txt"], "HEAD")) == 2
        assert past.blob("HEAD", "a.txt") == b"two\n"


def test_the_index_of_a_hook_is_used_where_it_is_wanted(first, tmp_path):
    index = tmp_path / "index"
    index.write_bytes((first.path / ".git/index").read_bytes())
    (first.path / "a.txt").write_text("three\n")
    first.git("add", "a.txt")
    assert repository.Repository(str(first.path), os.environ).blob("", "a.txt") == b"three\n"
    for name in (str(index), os.path.relpath(index, first.path)):
        hooked = Git(str(first.path), {**os.environ, "GIT_INDEX_FILE": name})
        assert hooked.ask("cat-file", "blob", ":a.txt") == b"two\n"


def test_blobs_come_in_the_order_of_their_names(ours):
    assert ours.blobs([]) == []
    names = ["HEAD:a.txt", "HEAD:nowhere", "HEAD~2:a.txt", "HEAD:b.txt", "HEAD", "no such:thing x"]
    assert ours.blobs(names) == [b"two\n", None, b"one\n", b"\xff\x00raw", None, None]
    assert ours.blob("HEAD~1", "b.txt") is None
    assert ours.blob("--help", "a.txt") is None
    with pytest.raises(GitFailed):
        ours.blobs(["HEAD:a.txt\nHEAD:b.txt"])


def test_revisions_and_parents(ours, first):
    head = first.git("rev-parse", "HEAD").strip()
    before = first.git("rev-parse", "HEAD^").strip()
    assert ours.commit_of("HEAD") == head
    assert ours.commit_of("HEAD~9") is None
    assert ours.commit_of("--all") is None
    assert ours.parents("HEAD") == [before]
    assert ours.parents("HEAD~2") == []
    with pytest.raises(GitFailed, match="no commit"):
        ours.parents("nothing")


def test_the_sides_of_a_conflict(ours, first):
    assert ours.stages("a.txt") == {}
    first.git("checkout", "--quiet", "-b", "other", "HEAD~1")
    first.commit({"a.txt": b"theirs\n", "new.txt": b"new of theirs\n"})
    first.git("checkout", "--quiet", "main")
    first.commit({"a.txt": b"ours\n", "new.txt": b"new of ours\n"})
    first.git("merge", "other", may_fail=True)
    assert ours.stages("a.txt") == {1: b"two\n", 2: b"ours\n", 3: b"theirs\n"}
    assert ours.stages("new.txt") == {2: b"new of ours\n", 3: b"new of theirs\n"}


def test_settings_are_read_and_changed(ours, first):
    assert ours.config("merge.tracker.driver") is None
    ours.set_config("merge.tracker.driver", "a %A || b")
    assert ours.config("merge.tracker.driver", scope="local") == "a %A || b"
    assert ours.config("merge.tracker.driver", scope="global") is None
    assert first.git("config", "merge.tracker.driver") == "a %A || b\n"
    ours.set_config("merge.tracker.driver", None)
    assert ours.config("merge.tracker.driver") is None


def test_attributes_of_paths(ours, first):
    (first.path / ".gitattributes").write_text("a.txt merge=tracker\n")
    found = ours.attribute("merge", ["a.txt", "b.txt"])
    assert found == {"a.txt": "tracker", "b.txt": "unspecified"}


def test_the_path_of_what_git_keeps(ours, first, tmp_path):
    assert os.path.samefile(ours.path("HEAD"), first.path / ".git/HEAD")
    first.git("worktree", "add", "--quiet", str(tmp_path / "linked"))
    linked = repository.Repository(str(tmp_path / "linked"), os.environ)
    assert os.path.samefile(linked.path("HEAD"), first.path / ".git/worktrees/linked/HEAD")
    assert os.path.samefile(linked.path("hooks"), first.path / ".git/hooks")


def test_what_fails_says_why(ours):
    assert ours.tell("rev-parse", "--abbrev-ref", "HEAD") == "main\n"
    with pytest.raises(GitFailed, match=r"^git merge-base: fatal: .*nothing") as found:
        ours.tell("merge-base", "HEAD", "nothing")
    assert "nothing" in found.value.said


def test_another_git_with_the_index_is_waited_for(ours, first, monkeypatch):
    from threading import Timer

    lock = first.path / ".git/index.lock"
    (first.path / "a.txt").write_text("three\n")
    lock.touch()
    timer = Timer(0.2, lock.unlink)
    timer.start()
    ours.tell("add", "a.txt")
    timer.join()
    assert ours.blob("", "a.txt") == b"three\n"
    monkeypatch.setattr(repository, "INDEX_WAIT", 0.1)
    lock.touch()
    with pytest.raises(GitFailed, match=r"index\.lock"):
        ours.tell("add", "b.txt")


def test_git_that_takes_too_long_is_stopped(first, tmp_path, monkeypatch):
    program = tmp_path / "bin/git"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexec sleep 30\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    env = {**os.environ, "PATH": f"{program.parent}:/bin:/usr/bin"}
    slow = repository.Repository(str(first.path), env)
    monkeypatch.setattr(repository, "LONGEST", 0.2)
    monkeypatch.setattr(process, "SECONDS", 0.2)
    begin = time.monotonic()
    with pytest.raises(GitFailed, match="longer than"):
        slow.tell("rev-parse", "HEAD")
    with pytest.raises(GitFailed, match="takes too long"):
        slow.tell("status")  # which asks for the names of filters first
    assert time.monotonic() - begin < 10


def test_what_a_hook_leaves_running_is_not_waited_for(first):
    hook = first.path / ".git/hooks/post-commit"
    hook.write_text("#!/bin/sh\nsleep 60 & echo $! > .git/left\n")
    hook.chmod(0o755)
    begin = time.monotonic()
    acting = repository.Repository(str(first.path), os.environ, acts=True)
    acting.tell("commit", "--quiet", "--allow-empty", "-m", "x")
    took = time.monotonic() - begin
    os.kill(int((first.path / ".git/left").read_text()), signal.SIGTERM)  # it was still there
    assert took < 30


# History.


def test_the_commits_of_a_path_newest_first(ours, first):
    with ours.past() as past:
        names = past.names(["a.txt"], "HEAD")
        assert names == first.git("rev-list", "HEAD~1").split()
        assert [past.blob(name, "a.txt") for name in names] == [b"two\n", b"one\n"]
        assert past.blob(names[0], "b.txt") is None
        assert past.blob("no such revision", "b.txt") is None
        assert past.blob("HEAD\nHEAD", "a.txt") is None
        assert past.blob("HEAD", "") is None  # a folder
        assert past.blob("HEAD", "b.txt") == b"\xff\x00raw"
        assert past.names(["a.txt"], "HEAD~2") == names[1:]
        assert past.names(["a.txt"], "HEAD", "^HEAD~2") == names[:1]
        assert past.names(["nowhere"], "HEAD") == []


def test_the_messages_of_commits(ours, first):
    with ours.past() as past:
        found = list(past.messages())
        assert [name for name, _ in found] == first.git("rev-list", "HEAD").split()
        told = [message.strip() for _, message in found]
        assert told == ["third", "second\n\nwith more to say", "first"]
        with pytest.raises(GitFailed, match="nothing"):
            list(past.messages("nothing"))


def test_what_commits_did_to_a_path(ours, first):
    with ours.past() as past:
        names = past.names(["a.txt"], "HEAD")
        rows = list(past.patches(names, ["a.txt"], "%x00%H"))
        assert [row for row in rows if row[:1] == b"\0"] == [f"\0{n}\n".encode() for n in names]
        assert [row for row in rows if row[:1] in b"+-" and row[1:2] not in b"+-"] == [
            b"-one\n", b"+two\n", b"+one\n",
        ]  # fmt: skip


def test_names_of_sha256_are_understood(tmp_path):
    path = tmp_path / "new"
    path.mkdir()
    new = Clone(path)
    new.git("init", "--quiet", "--object-format=sha256")
    name = new.commit({"a.txt": b"one\n"}, "first")
    assert len(name) == 64
    found = repository.Repository(str(path), os.environ)
    assert found.blobs(["HEAD:a.txt", "HEAD:b.txt"]) == [b"one\n", None]
    with found.past() as past:
        assert past.names(["a.txt"], "HEAD") == [name]
        assert [past.blob(name, "a.txt"), past.blob(name, "b.txt")] == [b"one\n", None]


def test_a_path_is_no_pattern(ours, first):
    first.commit({"*": b"star\n"}, "star")
    with ours.past() as past:
        assert past.names(["*"], "HEAD") == [first.git("rev-parse", "HEAD").strip()]


def test_history_of_no_revision_is_an_error(ours):
    with ours.past() as past:
        assert len(past.names(["a.txt", "b.txt"], "HEAD")) == 3
        for rev in ("nothing", "--output=x"):
            with pytest.raises(GitFailed, match="bad revision"):
                past.names(["a.txt"], rev)
        with pytest.raises(GitFailed, match="diff-tree"):
            list(past.patches(["0" * 40], ["a.txt"], "--nonsense"))


def test_history_that_is_not_read_to_its_end_leaves_nothing_open(ours, first):
    for number in range(30):
        first.commit({"a.txt": b"%d\n" % number})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with ours.past() as past:
            names = past.names(["a.txt"], "HEAD")
            one = next(iter(past.patches(names, ["a.txt"], "%x00%H")))
            assert past.blob(one[1:-1].decode(), "a.txt") == b"29\n"
        gc.collect()
    if not os.path.isdir("/proc/self/fd"):
        return
    open_files = (f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd"))
    held = [os.readlink(name) for name in open_files if os.path.lexists(name)]
    assert not [name for name in held if name.startswith(str(first.path))]
