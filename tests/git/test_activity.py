"""Traces of git: fresh ones are waited for, those of a dead git or of a moved clock stop nobody."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from contextlib import contextmanager

import pytest

from tests.support.workspaces import beads_of, changed, issue, lines_of, opened, put, sample
from tracker.errors import Refused
from tracker.git import activity
from tracker.git.activity import GitWork
from tracker.store import store

pytestmark = pytest.mark.unhurried

HOUR = 3600.0
TRACES = ("index.lock", "refs/stash", "index", ".", "index.stash.{pid}")


@pytest.fixture
def tracked(repo):
    """A log that git knows, in a repository where git has been quiet for a while."""
    beads = beads_of(repo.path, lines_of(sample()))
    repo.commit({})
    rest(repo)
    return repo, beads


def rest(repo):
    """Let git have been quiet for a while."""
    for name in (".git", ".git/index"):
        os.utime(repo.path / name, (time.time() - 60,) * 2)


@pytest.fixture
def slept(monkeypatch):
    """The seconds that were waited for, on a clock that waiting moves and nothing else."""
    now, found = [1000.0], []

    def sleep(seconds):
        found.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", sleep)
    return found


def trace(repo, name, age, pid=""):
    """A trace of that age in seconds; below zero it is from the future. Git is quiet otherwise."""
    path = repo.path / ".git" / name.format(pid=pid or os.getpid())
    if not path.is_dir():
        path.touch()
        rest(repo)
    os.utime(path, (time.time() - age,) * 2)
    return path


@contextmanager
def process(program, folder):
    """A process of that name which works in a folder: its id."""
    if not os.path.isdir("/proc/self"):
        pytest.skip("this system does not list its processes in /proc")
    name = folder.parent / program
    shutil.copy(shutil.which("sleep"), name)
    running = subprocess.Popen([str(name), "60"], cwd=folder)
    try:
        yield str(running.pid)
    finally:
        running.kill()
        running.wait()


def title(beads):
    return opened(beads).issue("bd-a").title


@pytest.mark.parametrize("name", TRACES)
@pytest.mark.parametrize("ahead", [3.0, HOUR, 20 * 365 * 24 * HOUR])
def test_a_trace_from_the_future_is_not_waited_for(tracked, slept, name, ahead):
    repo, beads = tracked
    trace(repo, name, -ahead)
    opened(beads).rewrite(changed("bd-a", title="new"))
    assert title(beads) == "new"
    assert slept == []


@pytest.mark.parametrize("ahead", [0.0, 0.5, 1.5])
def test_the_clock_of_a_file_server_may_be_a_little_ahead(tracked, slept, ahead):
    repo, _ = tracked
    work = GitWork(str(repo.path), str(repo.path / ".git"), None)
    assert work.trace() == ""
    lock = trace(repo, "index.lock", -ahead)
    assert work.trace() == str(lock)


@pytest.mark.parametrize("name", ["index.lock", "index.stash.{pid}"])
def test_a_trace_from_the_future_counts_for_a_moment_beside_a_living_git(tracked, slept, name):
    repo, beads = tracked
    with process("git", repo.path) as pid:
        path = trace(repo, name, -HOUR, pid)
        space = opened(beads)
        space.rewrite(changed("bd-a", title="new"))
    assert title(beads) == "new"
    assert activity.WATCH / 2 < sum(slept) < activity.WATCH + activity.WAIT / 2
    assert space.caller.notes == [
        f"waiting for git ({path}); if no git command is running, delete that file"
    ]


def test_a_stash_of_a_process_that_is_no_git_has_died(tracked, slept):
    repo, beads = tracked
    with process("not-git", repo.path) as other, process("git", repo.path.parent) as away:
        for pid in (other, away, "1"):
            trace(repo, "index.stash.{pid}", 0.0, pid)
        opened(beads).rewrite(changed("bd-a", title="new"))
    assert title(beads) == "new"
    assert slept == []


def test_a_stash_that_does_not_end_stops_nobody_for_ever(tracked, slept):
    """`git stash --patch` waits for a person; the process of a dead one may be any git now."""
    repo, beads = tracked
    with process("git", repo.path) as pid:
        path = trace(repo, "index.stash.{pid}", 0.0, pid)
        work = GitWork(str(repo.path), str(repo.path / ".git"), None)
        assert work.trace() == str(path)
        trace(repo, "index.stash.{pid}", activity.WAIT + 1, pid)
        assert work.trace() == ""
        opened(beads).rewrite(changed("bd-a", title="new"))
    assert title(beads) == "new"


def test_a_wait_that_ends_soon_is_not_told_and_a_long_one_names_the_file(tracked, monkeypatch):
    repo, beads = tracked
    monkeypatch.setattr(activity, "TELL", 0.3)
    for seconds in (0.05, 0.6):
        lock = trace(repo, "index.lock", 0.0)
        timer = threading.Timer(seconds, lock.unlink)
        timer.start()
        space = opened(beads)
        space.rewrite(put(issue(f"bd-{seconds}")))
        timer.join()
        told = [f"waiting for git ({lock}); if no git command is running, delete that file"]
        assert space.caller.notes == (told if seconds > 0.3 else [])


def test_a_git_that_stays_busy_is_named_in_the_refusal(tracked, slept, monkeypatch):
    repo, beads = tracked
    before = (beads / "issues.jsonl").read_bytes()
    lock = trace(repo, "index.lock", 0.0)
    monkeypatch.setattr(activity, "WAIT", 1e9)
    monkeypatch.setattr(GitWork, "wait", lambda _: time.sleep(1.0))
    with pytest.raises(Refused) as caught:
        opened(beads).rewrite(changed("bd-a", title="new"))
    assert caught.value.message == f"git is at work here ({lock}): nothing was written"
    assert caught.value.hint == (
        "try again when it is done; if no git command is running, delete that file"
    )
    assert sum(slept) >= store.PERSISTENCE
    assert (beads / "issues.jsonl").read_bytes() == before
    lock.unlink()
    opened(beads).rewrite(changed("bd-a", title="new"))
    assert title(beads) == "new"


def test_the_command_says_on_stderr_what_it_waits_for(bd, monkeypatch):
    bd.write({"id": "t-1"})
    bd.repo.commit({})
    monkeypatch.setattr(activity, "TELL", 0.0)
    monkeypatch.setattr(activity, "WAIT", 0.2)
    for words, said in ((["--json"], False), ([], True), (["-q"], False)):
        lock = trace(bd.repo, "index.lock", 0.0)
        answer = bd("create", "x", *words)
        assert (f"Note: waiting for git ({lock}); if no git command" in answer.err) == said
        assert answer.out
    assert len(bd.file.read_bytes().splitlines()) == 4


def test_without_a_list_of_processes_a_living_one_may_be_git(tracked, monkeypatch):
    """macOS has no /proc: there only the age tells."""
    repo, _ = tracked
    work = GitWork(str(repo.path), str(repo.path / ".git"), None)
    path = trace(repo, "index.stash.{pid}", 0.0)
    assert work.trace() == ""
    real = os.path.exists
    monkeypatch.setattr(os.path, "exists", lambda name: name != "/proc/self" and real(name))
    assert work.trace() == str(path)
