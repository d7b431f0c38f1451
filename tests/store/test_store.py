"""Writing the log: whole or not at all, and nothing but the records that were named."""

from __future__ import annotations

import os
import random
import shutil
import stat
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.repository import Repository
from tests.support.strategies import conflicts, files
from tests.support.workspaces import (
    IGNORED,
    beads_of,
    changed,
    dropped,
    issue,
    lines_of,
    opened,
    put,
    remarked,
    sample,
)
from tracker import small_files
from tracker.cache import database as caches
from tracker.errors import Conflicted, Locked, Moved, NotFound, Refused, TrackerError
from tracker.fileio import read_log
from tracker.git import activity
from tracker.locks import hold
from tracker.log.issue_codec import encode
from tracker.log.issue_log import Log
from tracker.store import atomic, store
from tracker.workspace import discovery
from tracker.workspace.workspace import Workspace

pytestmark = pytest.mark.unhurried

HERE = Path(__file__).resolve().parent
FEWER = settings(max_examples=settings().max_examples // 2)


@pytest.fixture
def beads(tmp_path):
    return beads_of(tmp_path, lines_of(sample()))


def log_of(beads):
    return (beads / "issues.jsonl").read_bytes()


def signature(path):
    found = path.stat()
    return found.st_ino, found.st_mtime_ns, found.st_size, path.read_bytes()


def leftovers(beads):
    return [name for name in os.listdir(beads) if "tmp" in name or name.endswith(".new")]


# What is written.


@pytest.mark.parametrize(
    "plan",
    [
        changed("bd-a", title="Title of bd-a"),
        put(),
        lambda _: {"bd-missing": None},
        put(sample()[3]),
    ],
)
def test_a_write_that_changes_nothing_touches_nothing(beads, plan):
    before = signature(beads / "issues.jsonl")
    workspace = opened(beads)
    assert workspace.rewrite(plan) == ()
    assert signature(beads / "issues.jsonl") == before
    assert workspace.operations() == []
    assert workspace.rewrite(changed("bd-a", title="other"))
    assert signature(beads / "issues.jsonl") != before


def test_a_write_changes_its_own_lines_alone(beads):
    before = log_of(beads).splitlines()
    opened(beads).rewrite(changed("bd-c", title="new"))
    after = log_of(beads).splitlines()
    assert [n for n, (one, two) in enumerate(zip(before, after, strict=True)) if one != two] == [2]


@FEWER
@given(files(), st.randoms(use_true_random=False))
def test_all_other_lines_of_any_file_keep_their_bytes(tmp_path_factory, data, chance):
    beads = beads_of(tmp_path_factory.mktemp("w"), data)
    log = Log(data)
    id = chance.choice([*log, "bd-new"])
    try:
        opened(beads).rewrite(lambda _before: {id: encode(issue(id, title="set by us"))})
    except Refused:
        assert log.repeated or log.markers
        assert log_of(beads) == data
        return
    after = Log(log_of(beads))
    assert after.get(id).title == "set by us"
    # A record that shared its line may have one of its own now, blanks and all.
    assert {other: after.line(other).strip() for other in after if other != id} == {
        other: log.line(other).strip() for other in log if other != id
    }
    assert len(after.problems) == len(log.problems)


def test_malformed_real_files_survive_a_hundred_writes(shared, tmp_path, request):
    paths = sorted((shared / "data" / "malformed").glob("*.jsonl"), key=os.path.getsize)
    deep = "deep" in (request.config.getoption("-m") or "").replace("not deep", "")
    for number, path in enumerate(paths if deep else paths[:4]):
        data = path.read_bytes()
        hundred_writes(
            beads_of(tmp_path / str(number), data), data, 100 if number == 0 or deep else 8
        )


@pytest.mark.deep
def test_every_malformed_real_file_survives_a_hundred_writes(shared, tmp_path):
    for number, path in enumerate(sorted((shared / "data" / "malformed").glob("*.jsonl"))):
        data = path.read_bytes()
        hundred_writes(beads_of(tmp_path / str(number), data), data, 100)


def hundred_writes(beads, data, count):
    """Creates, edits and removals of records of our own among all the others."""
    chance = random.Random(1)
    workspace = opened(beads)
    if Log(data).markers:
        with pytest.raises(Conflicted, match="conflict markers") as caught:
            workspace.rewrite(put(issue("zz-new")))
        assert caught.value.hint == "bd resolve"
        assert log_of(beads) == data
        return
    mine = set()
    for number in range(count):
        kind = chance.choice(["create", "create", "edit", "drop"]) if mine else "create"
        id = f"{chance.choice('az')}z-{number}" if kind == "create" else chance.choice([*mine])
        if kind == "create":
            workspace.rewrite(put(issue(id)))
            mine.add(id)
        elif kind == "edit":
            workspace.rewrite(remarked(id, f"remark {number}"))
        else:
            workspace.rewrite(dropped(id))
            mine.discard(id)
        found = log_of(beads).split(b"\n")
        assert sorted(line for line in found if not line.startswith(OURS)) == sorted(
            data.split(b"\n")
        )
    workspace.rewrite(dropped(*mine))
    assert log_of(beads) == data


OURS = (b'{"id":"az-', b'{"id":"zz-')


def test_the_mode_of_the_file_is_kept(beads):
    log = beads / "issues.jsonl"
    for mode in (0o600, 0o664, 0o640):
        log.chmod(mode)
        opened(beads).rewrite(remarked("bd-a", oct(mode)))
        assert stat.S_IMODE(log.stat().st_mode) == mode


def test_a_log_that_is_not_there_yet(tmp_path):
    beads = beads_of(tmp_path)
    (beads / "config.yaml").touch()
    (beads / "issues.jsonl").unlink()
    opened(beads).rewrite(put(issue("bd-a")))
    assert log_of(beads) == lines_of([issue("bd-a")])


def test_a_log_behind_a_link_is_replaced_where_it_is(repo):
    real = repo.path / "elsewhere.jsonl"
    real.write_bytes(lines_of(sample()))
    beads = beads_of(repo.path)
    (beads / "issues.jsonl").unlink()
    (beads / "issues.jsonl").symlink_to("../elsewhere.jsonl")
    opened(beads).rewrite(changed("bd-a", title="new"))
    assert (beads / "issues.jsonl").is_symlink()
    assert b'"title":"new"' in real.read_bytes()
    assert [name for name in os.listdir(repo.path) if "tmp" in name] == []


# Files beside the log.


def test_the_temporary_file_is_one_that_the_ignore_file_of_beads_covers(beads, monkeypatch):
    seen = []
    real = atomic._rename

    def rename(temporary, path, **how):
        seen.append((os.path.dirname(temporary), os.path.basename(temporary)))
        return real(temporary, path, **how)

    monkeypatch.setattr(atomic, "_rename", rename)
    opened(beads).rewrite(changed("bd-a", title="new"))
    assert seen == [(str(beads), f".issues.jsonl.db-tmp{os.getpid()}")]
    (beads / ".gitignore").write_text("*.db?*\n")
    done = subprocess.run(
        ["git", "check-ignore", "--no-index", "-q", ".beads/.issues.jsonl.db-tmp1"],
        cwd=Repository(beads.parent).path,
        check=False,
    )
    assert done.returncode == 0
    assert leftovers(beads) == []


def test_what_a_dead_writer_left_is_swept(beads):
    for name in (".issues.jsonl.db-tmp1", ".issues.jsonl.db-tmp99999"):
        (beads / name).write_bytes(b"half")
    (beads / ".issues.jsonl.mine").write_bytes(b"another's")
    assert opened(beads).answers.all_ids()
    assert len(leftovers(beads)) == 2
    opened(beads).rewrite(changed("bd-a", title="new"))
    assert leftovers(beads) == []
    assert (beads / ".issues.jsonl.mine").exists()


def locks_in(beads):
    return sorted(name for name in os.listdir(beads) if name.endswith(".lock"))


def test_the_lock_of_beads_is_taken_only_where_git_ignores_it(repo):
    beads = beads_of(repo.path, lines_of(sample()), ignored="beads.db*\n.local/\n")
    repo.commit({})
    opened(beads).rewrite(changed("bd-a", title="new"))
    assert repo.git("status", "--porcelain", "--untracked-files=all").split() == [
        "M", ".beads/issues.jsonl",
    ]  # fmt: skip
    assert (locks_in(beads), locks_in(beads / ".local")) == ([], ["cache.lock", "log.lock"])
    (beads / ".gitignore").write_text(IGNORED)
    opened(beads).rewrite(changed("bd-a", title="newer"))
    assert (locks_in(beads), locks_in(beads / ".local")) == (
        [".jsonl.lock"], ["cache.lock", "log.lock"],
    )  # fmt: skip


@pytest.mark.parametrize("name", [".jsonl.lock", ".local/log.lock"])
def test_a_lock_that_another_holds_is_waited_for_and_named(beads, name):
    workspace = opened(beads)
    workspace.rewrite(changed("bd-a", title="first"))
    workspace.caller.lock_timeout = 0.05
    before = log_of(beads)
    with hold(str(beads / name)), pytest.raises(Locked, match="has kept") as caught:
        workspace.rewrite(changed("bd-a", title="second"))
    assert caught.value.path.endswith(name)
    assert log_of(beads) == before
    workspace.rewrite(changed("bd-a", title="third"))
    assert log_of(beads) != before


def test_a_lock_that_is_taken_away_is_no_lock(tmp_path):
    """`git clean -x` removes the file; whoever comes then must not be alone with a new one."""
    path = str(tmp_path / "lock")
    with hold(path):
        os.unlink(path)
    with hold(path), pytest.raises(Locked), hold(path, 0.0):
        pass
    entered = []
    with hold(path):
        waiting = threading.Thread(target=lambda: _enter(path, entered))
        waiting.start()
        time.sleep(0.05)
        os.unlink(path)
    waiting.join()
    assert entered == [True]


def _enter(path, entered):
    with hold(path, 5.0):
        entered.append(os.path.exists(path))


def test_without_flock_a_file_stands_for_the_lock(tmp_path, monkeypatch):
    def nothing(_path, _until, _open):
        raise NotImplementedError

    path = str(tmp_path / "lock")
    monkeypatch.setattr("tracker.locks._locked", nothing)
    with hold(path), pytest.raises(Locked), hold(path, 0.05):
        pass
    with hold(path, 0.05):
        assert os.listdir(tmp_path) == ["lock.soft"]


# What may not be written.


def with_place(beads, **fields):
    workspace = opened(beads)
    return Workspace(workspace.place._replace(**fields), workspace.caller)


@pytest.mark.parametrize(
    ("fields", "message", "hint"),
    [
        ({"backend": "dolt"}, "keeps its issues in Dolt", "bd migrate"),
        ({"writer": 2}, "newer version", "pip install"),
    ],
)
def test_a_workspace_that_we_may_not_write(beads, fields, message, hint):
    before = signature(beads / "issues.jsonl")
    workspace = with_place(beads, **fields)
    assert workspace.answers.all_ids()
    with pytest.raises(Refused, match=message) as caught:
        workspace.rewrite(changed("bd-a", title="new"))
    assert hint in caught.value.hint
    assert signature(beads / "issues.jsonl") == before
    assert opened(beads).rewrite(changed("bd-a", title="new"))


def test_markers_refuse_every_write(beads):
    one, *rest = log_of(beads).splitlines()
    data = b"\n".join([*conflicts(one, one.replace(b"Title", b"Other")), *rest]) + b"\n"
    (beads / "issues.jsonl").write_bytes(data)
    assert opened(beads).answers.row("bd-b").title == "Title of bd-b"
    for plan in (changed("bd-b", title="new"), put(issue("bd-z")), dropped("bd-c")):
        with pytest.raises(Conflicted) as caught:
            opened(beads).rewrite(plan)
        assert caught.value.hint == "bd resolve"
    assert log_of(beads) == data


def test_a_caller_who_only_reads(beads):
    workspace = opened(beads)
    workspace.caller.readonly = True
    with pytest.raises(Refused, match="read-only"):
        workspace.rewrite(changed("bd-a", title="new"))
    workspace.caller.readonly = False
    assert workspace.rewrite(changed("bd-a", title="new"))


def test_an_error_of_the_plan_writes_nothing(beads):
    before = signature(beads / "issues.jsonl")

    def plan(_before):
        raise NotFound("bd-x")

    with pytest.raises(NotFound):
        opened(beads).rewrite(plan)
    assert signature(beads / "issues.jsonl") == before
    assert leftovers(beads) == []


# A file system that does not want to.


def failing(call, after=0):
    """An os function that fails with ENOSPC from some call on."""
    count = iter(range(10_000))
    os_open = os.open

    def fail(*words, **more):
        only_reads = call is os_open and not words[1] & (os.O_WRONLY | os.O_RDWR)
        if not only_reads and next(count) >= after:
            raise OSError(28, "No space left on device")
        return call(*words, **more)

    return fail


@pytest.mark.parametrize("name", ["fsync", "replace", "open", "fchmod"])
def test_any_failing_step_leaves_the_old_log(beads, name, monkeypatch):
    opened(beads).rewrite(changed("bd-a", title="first"))
    before = signature(beads / "issues.jsonl")
    with monkeypatch.context() as patch:
        patch.setattr(atomic.os, name, failing(getattr(os, name)))
        with pytest.raises(Refused, match="No space left") as caught:
            opened(beads).rewrite(changed("bd-a", title="second"))
    assert "free some space" in caught.value.hint
    assert signature(beads / "issues.jsonl") == before
    assert leftovers(beads) == []
    assert opened(beads).rewrite(changed("bd-a", title="third"))


SMALL_DISK = """
import os, subprocess, sys
sys.path[:0] = sys.argv[1:3]
from pathlib import Path
from tests.support.workspaces import beads_of, changed, issue, lines_of, opened, put
from tracker.errors import Refused
disk = Path(sys.argv[3])
subprocess.run(["mount", "-t", "tmpfs", "-o", sys.argv[4], "none", str(disk)], check=True)
log = lines_of([issue(f"bd-{n}", description="x" * 900) for n in range(300)])
beads = beads_of(disk, log)
opened(beads).rewrite(changed("bd-1", title="first"))
first = (beads / "issues.jsonl").read_bytes()
assert first != log
subprocess.run(["mount", "-o", "remount," + sys.argv[5], str(disk)], check=True)
answers = opened(beads).answers
assert answers.row("bd-1").title == "first"
try:
    opened(beads).rewrite(put(issue("bd-new", description="y" * 2_500_000)))
except Refused as error:
    print(error.message)
assert (beads / "issues.jsonl").read_bytes() == first
assert not [name for name in os.listdir(beads) if "tmp" in name]
subprocess.run(["mount", "-o", "remount,rw,size=50m", str(disk)], check=True)
opened(beads).rewrite(changed("bd-1", title="second"))
assert opened(beads).answers.row("bd-1").title == "second"
print("done")
"""


@pytest.mark.parametrize(
    ("size", "then", "why"),
    [("size=3m", "size=3m", "No space left on device"), ("size=9m", "ro", "Read-only file system")],
)
def test_a_real_disk_that_is_full_or_read_only(tmp_path, size, then, why):
    words = ["unshare", "-rm", sys.executable, "-P", "-c", SMALL_DISK]
    if (
        shutil.which("unshare") is None
        or subprocess.run(["unshare", "-rm", "true"], check=False, capture_output=True).returncode
    ):
        pytest.skip("this system gives nobody a file system of their own (unshare -rm)")
    (tmp_path / "disk").mkdir()
    done = subprocess.run(
        [*words, str(HERE), str(HERE.parent), str(tmp_path / "disk"), size, then],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert why in said[0]
    assert "the log is as it was" in said[0]
    assert said[-1] == "done"


# Others who write the same file.


@contextmanager
def just_before(monkeypatch, what):
    """Run `what` once in the moment between the look at the log and its replacement."""
    waiting = [what]
    real = atomic.Replacement.put

    def put_later(self):
        if waiting:
            waiting.pop()()
        return real(self)

    with monkeypatch.context() as patch:
        patch.setattr(atomic.Replacement, "put", put_later)
        yield


@pytest.mark.parametrize("how", ["by rename", "in place"])
@pytest.mark.parametrize("warm", [True, False])
def test_a_file_that_is_replaced_meanwhile_keeps_both_edits(beads, monkeypatch, how, warm):
    log = beads / "issues.jsonl"
    if warm:
        assert opened(beads).answers.all_ids()

    def other():
        data = log.read_bytes().replace(b"Title of bd-b", b"Edit of the other")
        if how == "in place":
            log.write_bytes(data)
        else:
            (beads / "other").write_bytes(data)
            (beads / "other").replace(log)

    with just_before(monkeypatch, other):
        opened(beads).rewrite(changed("bd-a", title="our edit"))
    found = Log(log.read_bytes())
    assert found["bd-a"].title == "our edit"
    assert found["bd-b"].title == "Edit of the other"
    assert opened(beads).answers.row("bd-b").title == "Edit of the other"


def test_a_file_that_appears_meanwhile_is_not_lost(tmp_path, monkeypatch):
    beads = beads_of(tmp_path)
    (beads / "config.yaml").touch()
    (beads / "issues.jsonl").unlink()

    def other():
        (beads / "issues.jsonl").write_bytes(lines_of([issue("bd-theirs")]))

    with just_before(monkeypatch, other):
        opened(beads).rewrite(put(issue("bd-ours")))
    assert set(Log(log_of(beads))) == {"bd-ours", "bd-theirs"}


def test_a_file_that_goes_away_meanwhile(beads, monkeypatch):
    with just_before(monkeypatch, (beads / "issues.jsonl").unlink):
        opened(beads).rewrite(put(issue("bd-ours")))
    assert set(Log(log_of(beads))) == {"bd-ours"}


def test_a_file_that_never_rests_is_given_up(beads, monkeypatch):
    log = beads / "issues.jsonl"
    monkeypatch.setattr(store, "PERSISTENCE", 0.05)
    real = atomic.Replacement.put

    def touched(self):
        os.utime(log)
        return real(self)

    monkeypatch.setattr(atomic.Replacement, "put", touched)
    data = log_of(beads)
    with pytest.raises(Refused, match="kept changing"):
        opened(beads).rewrite(changed("bd-a", title="new"))
    assert log_of(beads) == data
    assert leftovers(beads) == []


# Git, which does not take our lock.


@pytest.fixture
def tracked(repo):
    beads = beads_of(repo.path, lines_of(sample()))
    repo.commit({}, "start")
    rest(repo)
    return repo, beads


def rest(repo):
    """Let git have been quiet for a while."""
    old = time.time() - 60
    for name in (".git", ".git/index", ".git/refs/stash"):
        with suppress(FileNotFoundError):
            os.utime(repo.path / name, (old, old))


@pytest.fixture
def restless(tracked, monkeypatch):
    """A git that has been at work just now, however slow this machine is, and that nobody sees."""
    monkeypatch.setattr(activity, "RECENT", 3600.0)
    monkeypatch.setattr(activity, "QUIET", 600.0)
    monkeypatch.setattr(activity, "WATCH", 0.2)
    monkeypatch.setattr(activity, "_processes", lambda _top: [])
    os.utime(tracked[0].path / ".git")
    return tracked


@pytest.fixture
def pauses(monkeypatch):
    """How often we have waited for git."""
    found = []
    real = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: found.append(seconds) or real(seconds))
    return found


def later(seconds, what):
    timer = threading.Timer(seconds, what)
    timer.start()
    return timer


def test_the_lock_of_gits_index_is_waited_for(tracked):
    repo, beads = tracked
    lock = repo.path / ".git" / "index.lock"
    lock.touch()
    timer = later(0.2, lock.unlink)
    started = time.monotonic()
    opened(beads).rewrite(changed("bd-a", title="new"))
    timer.join()
    assert time.monotonic() - started > 0.15
    assert Log(log_of(beads))["bd-a"].title == "new"


def test_a_lock_that_a_dead_git_left_does_not_stop_us(tracked, monkeypatch):
    repo, beads = tracked
    (repo.path / ".git" / "index.lock").touch()
    monkeypatch.setattr(activity, "WAIT", 0.1)
    started = time.monotonic()
    opened(beads).rewrite(changed("bd-a", title="new"))
    assert time.monotonic() - started > 0.09
    assert Log(log_of(beads))["bd-a"].title == "new"


def test_an_old_lock_is_not_waited_for_at_all(tracked, pauses):
    repo, beads = tracked
    lock = repo.path / ".git" / "index.lock"
    lock.touch()
    os.utime(lock, (1, 1))
    rest(repo)
    opened(beads).rewrite(changed("bd-a", title="new"))
    assert pauses == []


def test_a_stash_under_way_is_waited_for_and_one_that_died_is_not(tracked, pauses, monkeypatch):
    repo, beads = tracked
    monkeypatch.setattr(activity, "_is_git", lambda id: id == str(os.getpid()))
    monkeypatch.chdir(repo.path)
    alive = repo.path / ".git" / f"index.stash.{os.getpid()}"
    alive.touch()
    timer = later(0.2, alive.unlink)
    started = time.monotonic()
    opened(beads).rewrite(changed("bd-a", title="new"))
    timer.join()
    assert time.monotonic() - started > 0.15
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (repo.path / ".git" / f"index.stash.{gone.pid}").touch()
    (repo.path / ".git" / "index.stash.no-number").touch()
    rest(repo)
    assert pauses
    pauses.clear()
    opened(beads).rewrite(changed("bd-a", title="newer"))
    assert pauses == []


def test_a_quiet_git_costs_nothing(tracked, pauses):
    repo, beads = tracked
    opened(beads).rewrite(changed("bd-a", title="new"))
    assert pauses == []
    repo.git("status")
    os.utime(repo.path / ".git")
    opened(beads).rewrite(changed("bd-a", title="newer"))
    assert pauses


def sweeping(monkeypatch, sweep, times=1):
    """Let git put its file in the place of ours right after our rename, so many times."""
    real = atomic._sync_folder
    left = [times]

    def swept(folder):
        real(folder)
        if left[0]:
            left[0] -= 1
            sweep()

    monkeypatch.setattr(atomic, "_sync_folder", swept)


def test_what_git_sweeps_away_is_written_again(restless, monkeypatch):
    """`git stash` has saved the work tree before our write, and resets it afterwards."""
    repo, beads = restless
    sweeping(monkeypatch, lambda: repo.git("reset", "--quiet", "--hard"), times=2)
    written = opened(beads).rewrite(put(issue("bd-new")))
    assert [change.id for change in written] == ["bd-new"]
    assert "bd-new" in Log(log_of(beads))
    assert opened(beads).answers.row("bd-new") is not None
    assert [len(op.changes) for op in opened(beads).operations()] == [1]


def test_a_removal_that_git_takes_back_is_repeated(restless, monkeypatch):
    repo, beads = restless
    sweeping(monkeypatch, lambda: repo.git("reset", "--quiet", "--hard"))
    opened(beads).rewrite(dropped("bd-c"))
    assert "bd-c" not in Log(log_of(beads))


@pytest.mark.parametrize("id", ["bd-a", "bd-c", "bd-o"])  # the first line, one within, the last
def test_a_removal_is_repeated_wherever_the_line_stood(restless, monkeypatch, id):
    repo, beads = restless
    assert (min(Log(log_of(beads))), max(Log(log_of(beads)))) == ("bd-a", "bd-o")
    sweeping(monkeypatch, lambda: repo.git("reset", "--quiet", "--hard"))
    written = opened(beads).rewrite(dropped(id))
    assert [(change.id, change.new) for change in written] == [(id, None)]
    assert id not in Log(log_of(beads))


@pytest.mark.parametrize("id", ["aa-first", "bd-b", "zz-last"])
def test_what_stands_is_not_written_again_wherever_the_line_is(restless, monkeypatch, id):
    """Git replaces the file by one that has our line too: it is done, and only once."""
    _, beads = restless
    swept = []

    def same():
        swept.append(1)
        (beads / "other").write_bytes(log_of(beads))
        (beads / "other").replace(beads / "issues.jsonl")

    sweeping(monkeypatch, same)
    opened(beads).rewrite(put(issue(id, title="Ours")))
    assert Log(log_of(beads))[id].title == "Ours"
    assert swept == [1]
    assert [len(op.changes) for op in opened(beads).operations()] == [1]


def test_a_removal_that_stands_is_not_repeated(restless, monkeypatch):
    _, beads = restless
    tries = []

    def same():
        tries.append(1)
        (beads / "other").write_bytes(log_of(beads))
        (beads / "other").replace(beads / "issues.jsonl")

    sweeping(monkeypatch, same, times=3)
    opened(beads).rewrite(dropped("bd-a"))
    assert "bd-a" not in Log(log_of(beads))
    assert tries == [1]


@pytest.mark.parametrize(
    ("file", "is_there"),
    [
        ("memory.jsonl", lambda shelf: "k" in shelf.memories()),
        ("archive.jsonl", lambda shelf: shelf.archive.line("x-1") is not None),
    ],
)
def test_a_file_that_a_plan_only_looked_at_counts_as_well(beads, file, is_there):
    """The log alone is written; what the plan concluded from the other holds no more."""
    seen = []

    def plan(shelf):
        seen.append(is_there(shelf))
        if len(seen) == 1:
            (beads / file).write_bytes(b'{"key":"k","id":"x-1","content":"moved"}\n')
        return {"issues.jsonl": changed("bd-a", title=f"look {len(seen)}")(shelf.issues)}

    written = opened(beads).revise(plan)
    assert [change.file for change in written] == ["issues.jsonl"]
    assert seen == [False, True]
    assert Log(log_of(beads))["bd-a"].title == "look 2"


def test_what_another_keeps_beside_ours_is_not_written_again(restless, monkeypatch):
    _, beads = restless
    tries = []

    def more():
        tries.append(1)
        with (beads / "issues.jsonl").open("ab") as file:
            file.write(lines_of([issue("zz-theirs")]))

    sweeping(monkeypatch, more)
    opened(beads).rewrite(put(issue("bd-new")))
    assert {"bd-new", "zz-theirs"} <= set(Log(log_of(beads)))
    assert tries == [1]
    assert log_of(beads).count(b"bd-new") == 2  # the id and the title of one line


def test_a_file_that_git_puts_there_after_our_last_look_comes_back(restless, monkeypatch):
    """The moment between the look and the exchange, which nothing else closes."""
    _, beads = restless
    log = beads / "issues.jsonl"
    real = small_files.exchange
    theirs = lines_of([*sample(), issue("zz-theirs")])
    calls = []

    def late(one, other):
        if not calls:
            (beads / "other").write_bytes(theirs)
            (beads / "other").replace(log)
        calls.append(1)
        return real(one, other)

    monkeypatch.setattr(atomic, "exchange", late)
    opened(beads).rewrite(put(issue("bd-new")))
    if len(calls) < 3:
        pytest.skip("this system cannot exchange two files")
    assert {"bd-new", "zz-theirs"} <= set(Log(log_of(beads)))
    assert leftovers(beads) == []


def test_two_files_change_places(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("1")
    two.write_text("2")
    if not small_files.exchange(str(one), str(two)):
        pytest.skip("this system cannot exchange two files")
    assert (one.read_text(), two.read_text()) == ("2", "1")
    with pytest.raises(FileNotFoundError):
        small_files.exchange(str(one), str(tmp_path / "none"))


def test_where_files_cannot_be_exchanged_they_are_renamed(restless, monkeypatch):
    _, beads = restless
    monkeypatch.setattr(small_files, "_call", lambda: (None, ()))
    opened(beads).rewrite(put(issue("bd-new")))
    assert "bd-new" in Log(log_of(beads))


def test_a_linked_worktree_has_a_git_of_its_own(tracked):
    repo, _ = tracked
    other = repo.path.parent / "other"
    repo.git("worktree", "add", "--quiet", str(other), "-b", "side")
    place = discovery.find(str(other), {})
    lock = Path(place.git_dir) / "index.lock"
    lock.touch()
    timer = later(0.2, lock.unlink)
    started = time.monotonic()
    opened(other / ".beads").rewrite(changed("bd-a", title="new"))
    timer.join()
    assert time.monotonic() - started > 0.15


# Undo.


UNDONE = {
    "create": put(issue("bd-ab", labels=("x",))),
    "edit": changed("bd-n", title="new"),
    "drop": dropped("bd-c"),
    "several": lambda before: {
        **dropped("bd-a")(before), **put(issue("bd-zz"))(before),
        **changed("bd-o", notes="more")(before),
    },
}  # fmt: skip


@pytest.mark.parametrize("name", UNDONE)
def test_undo_puts_back_every_byte(beads, name):
    before = log_of(beads)
    workspace = opened(beads)
    workspace.rewrite(UNDONE[name])
    after = log_of(beads)
    assert after != before
    assert workspace.undo().number == 1
    assert log_of(beads) == before
    with pytest.raises(Moved, match="nothing to undo"):
        workspace.undo()
    assert workspace.undo(2).number == 2  # the undo itself
    assert log_of(beads) == after
    assert workspace.undo().number == 1  # and then the write counts again
    assert log_of(beads) == before


@pytest.mark.parametrize("newline", [b"\r\n", b"\n"])
def test_undo_in_a_file_of_another_program(tmp_path, newline):
    spaced = encode(issue("bd-b")).replace(b'"id":', b' "id" : ')
    data = newline.join([encode(issue("bd-a")), b"not a record", spaced, encode(issue("bd-c"))])
    beads = beads_of(tmp_path, data)
    workspace = opened(beads)
    workspace.rewrite(changed("bd-b", title="new"))
    assert log_of(beads) != data
    workspace.undo()
    assert log_of(beads) == data


def test_undo_refuses_what_has_moved(beads):
    workspace = opened(beads)
    workspace.rewrite(changed("bd-a", title="one"))
    workspace.rewrite(changed("bd-a", title="two"))
    before = log_of(beads)
    with pytest.raises(Moved, match="bd-a has changed since operation 1"):
        workspace.undo(1)
    assert log_of(beads) == before
    workspace.undo()
    workspace.undo()
    assert log_of(beads) == lines_of(sample())


# What the system is asked to do, and in which order.


def test_a_write_reads_the_file_once_and_writes_it_once(beads, monkeypatch):
    workspace = opened(beads)
    workspace.rewrite(changed("bd-a", title="warm"))
    reads = []
    real = read_log
    monkeypatch.setattr(
        "tracker.store.store.read_log", lambda path: reads.append(path) or real(path)
    )
    writes = []
    replace_file = atomic._rename
    monkeypatch.setattr(
        atomic,
        "_rename",
        lambda *words, **how: writes.append(words) or replace_file(*words, **how),
    )
    workspace.rewrite(changed("bd-a", title="new"))
    assert len(reads) == len(writes) == 1


def test_a_write_through_a_cache_that_lies_is_a_write_of_the_log(beads):
    """The tables were changed behind our back, and the stamp vouches for them."""
    workspace = opened(beads)
    cache = workspace.answers.cache
    path = cache.path
    workspace.refresh()
    with caches.sqlite3.connect(path) as db:
        db.execute('UPDATE body SET line = CAST(\'{"id":"bd-c"}\' AS BLOB) WHERE n = 3')
    db.close()
    caches.save_stamp(str(beads / ".local"), path)
    before = Log(log_of(beads))
    opened(beads).rewrite(lambda _: {"bd-c": encode(replace(before["bd-c"], title="new"))})
    after = Log(log_of(beads))
    assert after["bd-c"].title == "new"
    assert {id: after.line(id) for id in after if id != "bd-c"} == {
        id: before.line(id) for id in before if id != "bd-c"
    }


def test_a_write_starts_no_process_and_leaves_none(beads, monkeypatch):
    monkeypatch.setattr(subprocess, "Popen", None)
    monkeypatch.setattr(os, "fork", None)
    opened(beads).rewrite(changed("bd-a", title="new"))
    assert threading.active_count() == 1


def test_errors_are_ours(beads):
    (beads / "issues.jsonl").unlink()
    (beads / "issues.jsonl").mkdir()
    with pytest.raises(TrackerError, match="is a folder"):
        opened(beads).rewrite(put(issue("bd-a")))


def test_what_is_swept_away_at_once_is_noticed_as_well(tracked, monkeypatch):
    """Git replaces the file before we have so much as looked at what we left there."""
    _, beads = tracked
    data = log_of(beads)
    real = atomic.Replacement.put
    tries = []

    def put_and_lose(self):
        done = real(self)
        if done and not tries:
            (beads / "other").write_bytes(data)
            (beads / "other").replace(beads / "issues.jsonl")
        tries.append(done)
        return done

    monkeypatch.setattr(atomic.Replacement, "put", put_and_lose)
    opened(beads).rewrite(put(issue("bd-new")))
    assert tries == [True, True]
    assert "bd-new" in Log(log_of(beads))
    assert opened(beads).answers.row("bd-new") is not None
