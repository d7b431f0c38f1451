"""Locks of writers, and what deletes lock files while they are held: `git clean -x`, people."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import threading
import time
from contextlib import contextmanager, suppress

import pytest

from tests.support.command_lines import workspace
from tests.support.workspaces import beads_of, changed, issue, lines_of, opened, put, sample
from tests.system.test_concurrency import writer
from tracker.errors import Locked
from tracker.locks import hold, hold_folder
from tracker.store import atomic
from tracker.workspace import runs
from tracker.workspace.claims import Claims
from tracker.workspace.discovery import find
from tracker.workspace.runs import Event

pytestmark = pytest.mark.unhurried


@pytest.fixture
def beads(tmp_path):
    return beads_of(tmp_path, lines_of(sample()))


@contextmanager
def elsewhere(work):
    """Within it another thread is in the middle of `work`, which is given a function to wait."""
    inside, go_on = threading.Event(), threading.Event()

    def pause():
        inside.set()
        assert go_on.wait(30)

    running = threading.Thread(target=work, args=(pause,))
    running.start()
    try:
        assert inside.wait(30)
        yield
    finally:
        go_on.set()
        running.join()


def delete_lock_files(beads):
    for name in (".jsonl.lock", ".local/log.lock", ".local/claims.lock"):
        (beads / name).unlink(missing_ok=True)


def delete_local_folder(beads):
    shutil.rmtree(beads / ".local")


@pytest.mark.parametrize("delete", [delete_lock_files, delete_local_folder])
def test_a_writer_stays_alone_when_its_lock_is_deleted(beads, delete):
    def write(pause):
        def plan(records):
            pause()
            return changed("bd-a", title="first")(records)

        opened(beads).rewrite(plan)

    second = opened(beads)
    second.caller.lock_timeout = 0.05
    with elsewhere(write):
        delete(beads)
        with pytest.raises(Locked) as caught:
            second.rewrite(changed("bd-b", title="second"))
        assert caught.value.path == str(beads)
    second.rewrite(changed("bd-b", title="second"))
    rows = [json.loads(line) for line in (beads / "issues.jsonl").read_bytes().splitlines()]
    titles = {row["id"]: row["title"] for row in rows}
    assert (titles["bd-a"], titles["bd-b"]) == ("first", "second")


def test_config_is_written_by_one_at_a_time_when_the_lock_is_deleted(bd):
    beads = bd.path / ".beads"
    bd.write({"id": "t-1"})
    bd("config", "set", "one", "1")
    before = (beads / "config.yaml").read_bytes()

    def write(pause):
        with hold_folder(str(beads)), hold(str(beads / ".jsonl.lock")):
            pause()

    with elsewhere(write):
        delete_lock_files(beads)
        answer = bd("config", "set", "two", "2", "--lock-timeout", "0.05", code=1)
        assert "another process has kept" in answer.err
        assert (beads / "config.yaml").read_bytes() == before
    bd("config", "set", "two", "2")
    assert b'two: "2"' in (beads / "config.yaml").read_bytes()


@pytest.mark.parametrize("is_git", [True, False])
def test_claims_are_made_by_one_at_a_time_when_the_lock_is_deleted(bd, is_git):
    bd.write({"id": "t-1"})
    place = find(str(bd.path), {})
    if not is_git:
        place = place._replace(common_dir=None)
    local = str(bd.path / ".beads" / ".local")

    def take(pause):
        with Claims(place, local).alone():
            pause()

    folder = bd.path / ".git" / "tracker" if is_git else bd.path / ".beads" / ".local"
    with elsewhere(take):
        (folder / "claims.lock").unlink()
        with pytest.raises(Locked), Claims(place, local, 0.05).alone():
            pass
        assert not is_git or shutil.rmtree(folder) is None
        with pytest.raises(Locked), Claims(place, local, 0.05).alone():
            pass
    with Claims(place, local, 0.05).alone():
        assert (folder / "claims.lock").exists()


def test_the_log_of_runs_is_written_by_one_at_a_time_when_the_lock_is_deleted(
    tmp_path, monkeypatch
):
    local = str(tmp_path / ".local")
    event = Event(1, "s", "note", text="hello")
    assert runs.append_events(local, event)
    monkeypatch.setattr(runs, "PATIENCE", 0.05)

    def shorten(pause):
        with hold_folder(local), hold(f"{runs.path_in(local)}.lock"):
            pause()

    with elsewhere(shorten):
        os.unlink(f"{runs.path_in(local)}.lock")
        assert not runs.append_events(local, event)
    assert runs.append_events(local, event)
    assert len(runs.read_events(local)) == 2


def test_the_folder_of_a_lock_may_be_deleted_while_it_is_opened(tmp_path, monkeypatch):
    path = str(tmp_path / "local" / "lock")
    real, lost = os.makedirs, []

    def makedirs(folder, **more):
        real(folder, **more)
        if len(lost) < 3:
            lost.append(os.rmdir(folder))

    monkeypatch.setattr(os, "makedirs", makedirs)
    with hold(path), pytest.raises(Locked), hold(path, 0.0):
        pass
    assert len(lost) == 3


@pytest.mark.parametrize("code", [errno.EBADF, errno.ENOLCK, errno.EACCES, errno.EINVAL])
def test_where_folders_have_no_locks_the_files_have_to_do(beads, monkeypatch, code):
    real = fcntl.flock

    def flock(handle, how):
        if os.path.isdir(f"/proc/self/fd/{handle}"):
            raise OSError(code, os.strerror(code))
        real(handle, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    with hold_folder(str(beads)), hold_folder(str(beads), 0.0):
        opened(beads).rewrite(changed("bd-a", title="new"))
    assert b'"title":"new"' in (beads / "issues.jsonl").read_bytes()


def test_a_folder_is_locked_for_one(tmp_path):
    with hold_folder(str(tmp_path)), pytest.raises(Locked), hold_folder(str(tmp_path), 0.0):
        pass
    with hold_folder(str(tmp_path), 0.0):
        assert os.listdir(tmp_path) == []
    with hold_folder(str(tmp_path / "missing"), 0.0):
        assert not (tmp_path / "missing").exists()


def test_a_folder_that_was_replaced_is_no_lock(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    with hold_folder(str(folder)):
        folder.rename(tmp_path / "old")
        folder.mkdir()
        with (
            hold_folder(str(folder), 0.0),
            pytest.raises(Locked),
            hold_folder(str(folder), 0.0),
        ):
            pass


@pytest.mark.parametrize("is_new", [False, True])
def test_a_temporary_file_that_git_clean_takes_away_is_written_again(beads, monkeypatch, is_new):
    space = opened(beads)
    if is_new:
        (beads / "issues.jsonl").unlink()
    real, lost = atomic._rename, []

    def rename(temporary, path, **more):
        if len(lost) < 2:
            lost.append(os.unlink(temporary))
        return real(temporary, path, **more)

    monkeypatch.setattr(atomic, "_rename", rename)
    assert space.rewrite(put(issue("bd-new", title="kept")))
    assert len(lost) == 2
    assert b"kept" in (beads / "issues.jsonl").read_bytes()


def deleting(beads, over):
    while not over.is_set():
        with suppress(OSError):
            delete_lock_files(beads)
        shutil.rmtree(beads / ".local", ignore_errors=True)
        for name in os.listdir(beads):
            if ".db-tmp" in name:
                (beads / name).unlink(missing_ok=True)
        time.sleep(0.005)


def test_a_crowd_loses_nothing_while_all_that_git_ignores_is_deleted(tmp_path):
    beads = workspace(tmp_path / "w")
    over = threading.Event()
    cleaner = threading.Thread(target=deleting, args=(beads, over))
    cleaner.start()
    try:
        running = [writer(tmp_path / "w", f"w{number}", "6") for number in range(3)]
        answers = [one.communicate() for one in running]
    finally:
        over.set()
        cleaner.join()
    assert [err for _, err in answers] == [""] * 3
    told = [id for out, _ in answers for id in out.split()]
    rows = [json.loads(line) for line in (beads / "issues.jsonl").read_bytes().splitlines()]
    held = [row["id"] for row in rows]
    assert len(told) == 18
    assert set(told) <= set(held)
    assert len(held) == len(set(held))
    assert set(told) <= set(opened(beads).answers.all_ids())
