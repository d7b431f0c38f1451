"""What becomes of an interrupted write, as a decision and on the disk."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.killing import killed_at
from tests.support.scratch import bd
from tests.support.workspaces import Caller, beads_of, issue, lines_of, opened, sample
from tracker.errors import Conflicted
from tracker.log.issue_codec import encode
from tracker.log.issue_log import Log
from tracker.log.memory_codec import encode_memory
from tracker.model.memory import Memory, Outcome
from tracker.store import journal
from tracker.store.journal import Journal
from tracker.store.open_write import is_pending
from tracker.store.recovery import BACK, DONE, DROP, FORWARD, TORN, OpenWrite, decide
from tracker.workspace import discovery
from tracker.workspace.workspace import Workspace

pytestmark = pytest.mark.unhurried

FEWER = settings(max_examples=settings().max_examples // 2)
FILES = st.lists(st.builds(OpenWrite, st.booleans(), st.booleans()), max_size=4)


@given(FILES, st.booleans(), st.booleans())
def test_every_write_ends_whole_or_not_at_all(files, failed, has_lines):
    fate = decide(files, failed=failed, has_lines=has_lines)
    new = [one for one in files if one.is_new]
    if not new:
        assert fate == DROP
    elif len(new) == len(files):
        assert fate == (DONE if not failed else BACK if has_lines else TORN)
    elif fate == FORWARD:
        assert not failed
        assert all(one.is_new or one.is_ready for one in files)
    else:
        assert fate == (BACK if has_lines else TORN)


@given(FILES, st.booleans())
def test_what_was_said_to_have_failed_is_never_completed(files, has_lines):
    assert decide(files, failed=True, has_lines=has_lines) in {DROP, BACK, TORN}


@given(FILES, st.booleans())
def test_completing_comes_before_taking_back(files, has_lines):
    """Having the lines changes nothing where the rest lies ready."""
    if decide(files, failed=False, has_lines=has_lines) == FORWARD:
        assert decide(files, failed=False, has_lines=not has_lines) == FORWARD
    done = [one._replace(is_new=True) for one in files]
    if files:
        assert decide(done, failed=False, has_lines=has_lines) == DONE


# On the disk.

NAMES = ("outcomes.jsonl", "memory.jsonl", "archive.jsonl", "issues.jsonl")
"""In the order in which they are written."""


def put_away(drafts):
    """An issue into the archive, with a memory and a verdict: all four files."""
    drafts.archive.put(drafts.issues.get_issue("bd-b"))
    drafts.issues.drop("bd-b")
    drafts.memories.put(Memory(key="new", content="by us"))
    drafts.outcomes.add(Outcome(id="o-1", key="new", verdict="success"))


def start(folder: Path) -> Path:
    beads = beads_of(folder, lines_of(sample()))
    (beads / "memory.jsonl").write_bytes(encode_memory(Memory(key="held", content="x")) + b"\n")
    (beads / "archive.jsonl").write_bytes(encode(issue("bd-z")) + b"\n")
    (beads / "outcomes.jsonl").write_bytes(b'{"id":"o-0"}\n')
    return beads


def every(beads):
    return {name: (beads / name).read_bytes() for name in NAMES}


def ours(beads):
    """By file, whether it is as our write leaves it."""
    found = every(beads)
    return [
        b"o-1" in found["outcomes.jsonl"], b"by us" in found["memory.jsonl"],
        b'"bd-b"' in found["archive.jsonl"], "bd-b" not in Log(found["issues.jsonl"]),
    ]  # fmt: skip


def cut(beads, count):
    """Interrupt the write when so many files are in their places."""

    def work():
        from tracker.store import atomic

        left = [count]
        real = atomic.Replacement.put

        def put(self):
            if not left[0]:
                os.kill(os.getpid(), 9)
            left[0] -= 1
            return real(self)

        atomic.Replacement.put = put
        opened(beads).edit(put_away)

    assert killed_at(10**9, work)


THEIRS = {
    "outcomes.jsonl": b'{"id":"theirs"}\n',
    "memory.jsonl": encode_memory(Memory(key="theirs")) + b"\n",
    "archive.jsonl": encode(issue("zz-theirs")) + b"\n",
    "issues.jsonl": encode(issue("zz-theirs")) + b"\n",
}
NEXT = {
    "write": lambda beads: opened(beads).edit(lambda drafts: drafts.issues.put(issue("zz-next"))),
    "log": lambda beads: opened(beads).operations(),
    "read": lambda beads: opened(beads).answers.all_ids(),
    "recall": lambda beads: bd(beads.parent, "recall", "held"),
    "lock": lambda beads: opened(beads).store.held().__enter__(),
}


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("then", NEXT)
def test_an_interrupted_write_is_completed_by_whoever_comes_next(tmp_path, count, then):
    beads = start(tmp_path)
    cut(beads, count)
    assert ours(beads) == [number < count for number in range(4)]
    NEXT[then](beads)
    assert ours(beads) == [True] * 4
    (op, *_) = opened(beads).operations()
    assert (len(op.changes), op.session) == (4, "")


@FEWER
@given(
    st.integers(0, 3),
    st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["more", "before", "touch"])),
    st.sampled_from(sorted(NEXT)),
)
def test_whatever_another_program_does_meanwhile_no_record_is_lost(
    tmp_path_factory, count, theirs, then
):
    beads = start(tmp_path_factory.mktemp("w"))
    before = every(beads)
    cut(beads, count)
    for name, what in theirs.items():
        data = before[name] if what == "before" else (beads / name).read_bytes()
        (beads / "other").write_bytes(data + (THEIRS[name] if what == "more" else b""))
        (beads / "other").replace(beads / name)
    NEXT[then](beads)
    state = ours(beads)
    assert state in ([False] * 4, [True] * 4), state
    if not theirs and count:
        assert state == [True] * 4
    for name, what in theirs.items():
        assert what != "more" or THEIRS[name] in (beads / name).read_bytes()
    for name in NAMES:
        lines = set((beads / name).read_bytes().splitlines())
        assert {line for line in before[name].splitlines() if b'"bd-b"' not in line} <= lines
    done = [op for op in opened(beads).operations() if len(op.changes) == 4]
    assert len(done) == state[0]
    if done:
        opened(beads).undo(done[0].number)
        assert ours(beads) == [False] * 4


def test_new_files_that_an_open_note_names_are_not_swept(tmp_path):
    beads = start(tmp_path)
    cut(beads, 1)
    staged = [name for name in os.listdir(beads) if "db-tmp" in name]
    assert len(staged) == 3
    opened(beads).edit(lambda drafts: drafts.issues.put(issue("zz-next")))
    assert ours(beads) == [True] * 4
    assert "zz-next" in Log((beads / "issues.jsonl").read_bytes())
    assert not [name for name in os.listdir(beads) if "db-tmp" in name]


def test_without_its_new_files_the_write_is_taken_back(tmp_path):
    """As `git clean -x` leaves it."""
    beads = start(tmp_path)
    before = every(beads)
    cut(beads, 2)
    for name in os.listdir(beads):
        if "db-tmp" in name:
            (beads / name).unlink()
    assert opened(beads).operations() == []
    assert every(beads) == before


def test_a_write_too_large_to_be_kept_is_completed_by_its_files(tmp_path, monkeypatch):
    monkeypatch.setattr(journal, "LARGEST", 10)
    beads = start(tmp_path)
    cut(beads, 2)
    (op,) = opened(beads).operations()
    assert (op.left_out, op.changes) == (4, ())
    assert ours(beads) == [True] * 4


def test_and_if_that_cannot_be_it_stays_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr(journal, "LARGEST", 10)
    beads = start(tmp_path)
    cut(beads, 2)
    state = ours(beads)
    data = every(beads)["issues.jsonl"]
    (beads / "issues.jsonl").write_bytes(data + THEIRS["issues.jsonl"])
    (op,) = opened(beads).operations()
    assert op.left_out == 4
    assert ours(beads) == state
    assert opened(beads).edit(lambda drafts: drafts.issues.put(issue("zz-next")))


def test_markers_are_resolved_before_the_write_is_taken_back(tmp_path):
    beads = start(tmp_path)
    before = every(beads)
    cut(beads, 3)
    archive, log = beads / "archive.jsonl", beads / "issues.jsonl"
    held = archive.read_bytes()
    archive.write_bytes(b"<<<<<<< a\n" + held + b"=======\n>>>>>>> b\n")
    log.write_bytes(before["issues.jsonl"] + THEIRS["issues.jsonl"])  # not to be completed
    with pytest.raises(Conflicted, match="conflict markers"):
        opened(beads).edit(lambda drafts: drafts.memories.put(Memory(key="next")))
    with opened(beads).store.held():
        archive.write_bytes(held)
    opened(beads).edit(lambda drafts: drafts.memories.put(Memory(key="next")))
    assert ours(beads) == [False] * 4
    assert every(beads)["archive.jsonl"] == before["archive.jsonl"]


@pytest.mark.parametrize(
    "files",
    [
        [["issues.jsonl", "../../precious", "", "1:2:3:4:5"]],
        [["../precious", ".precious.db-tmp1", "", "1:2:3:4:5"]],
        [["issues.jsonl", ".issues.jsonl.db-tmp1/../../precious", "", "1:2:3:4:5"]],
        [["memory.jsonl", "precious", "", ""]], [], [["issues.jsonl"]], 5, [[1, 2, 3, 4]],
    ],
)  # fmt: skip
def test_a_note_that_names_other_files_touches_none(tmp_path, files):
    """A clone may bring a journal of anybody's making."""
    import json

    beads = start(tmp_path)
    (tmp_path / "precious").write_bytes(b"precious")
    opened(beads).edit(put_away)
    before = every(beads)
    path = beads / ".local" / "ops.jsonl"
    row = {"key": "k", "at": 1, "argv": [], "actor": "eve", "session": "", "changes": [],
           "files": files, "number": 2, "state": "open"}  # fmt: skip
    path.write_bytes(path.read_bytes() + json.dumps(row).encode() + b"\n")
    assert is_pending(str(beads / ".local"))
    assert len(opened(beads).operations()) == 1
    assert every(beads) == before
    assert (tmp_path / "precious").read_bytes() == b"precious"
    assert not is_pending(str(beads / ".local"))


def test_what_could_not_be_taken_back_at_once_is_by_the_next(tmp_path, monkeypatch):
    """A disk that fails in the middle, and goes on failing while the first files are put back."""
    from tracker.errors import Refused
    from tracker.store import atomic

    beads = start(tmp_path)
    before = every(beads)
    real = atomic.Replacement.put
    left = [2]

    def failing(self):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(5, "Input/output error")
        return real(self)

    with monkeypatch.context() as patch:
        patch.setattr(atomic.Replacement, "put", failing)
        with pytest.raises(Refused, match="Input/output error"):
            opened(beads).edit(put_away)
    assert ours(beads) == [True, True, False, False]
    assert opened(beads).operations() == []
    assert every(beads) == before  # and not completed: it was said to have failed


@pytest.mark.parametrize("count", range(4))
def test_whoever_is_interrupted_from_the_keyboard_has_written_nothing(tmp_path, monkeypatch, count):
    from tracker.store import atomic

    beads = start(tmp_path)
    before = every(beads)
    real = atomic.Replacement.put
    left = [count]

    def put(self):
        left[0] -= 1
        if left[0] == -1:
            raise KeyboardInterrupt
        return real(self)

    with monkeypatch.context() as patch:
        patch.setattr(atomic.Replacement, "put", put)
        with pytest.raises(KeyboardInterrupt):
            opened(beads).edit(put_away)
    assert every(beads) == before
    assert opened(beads).operations() == []
    assert not [name for name in os.listdir(beads) if "db-tmp" in name]


def test_an_interrupted_undo_is_an_undo(tmp_path):
    beads = start(tmp_path)
    before = every(beads)
    opened(beads).edit(put_away)

    def work():
        from tracker.store import atomic

        real = atomic._sync_folder

        def dying(folder):
            real(folder)
            os.kill(os.getpid(), 9)

        atomic._sync_folder = dying
        opened(beads).undo()

    assert killed_at(10**9, work)
    assert [bool(op.undoes) for op in opened(beads).operations()] == [False, True]
    assert every(beads) == before
    opened(beads).undo(2)
    assert ours(beads) == [True] * 4


def test_a_file_that_our_exchange_displaced_comes_back(tmp_path):
    """Git put its file there after our last look, and we died before it could be given back."""
    beads = start(tmp_path)
    before = every(beads)

    def work():
        from tracker.store import atomic

        def dying(temporary, path):
            (beads / "other").write_bytes(before["issues.jsonl"] + THEIRS["issues.jsonl"])
            (beads / "other").replace(path)
            shutil.move(path, f"{path}.kept")
            os.replace(temporary, path)
            os.replace(f"{path}.kept", temporary)
            os.kill(os.getpid(), 9)

        atomic.exchange = dying
        from tracker.git import activity

        activity.GitWork.is_recent = lambda self: True
        opened(beads).edit(lambda drafts: drafts.issues.drop("bd-b"))

    assert killed_at(10**9, work)
    assert opened(beads).operations() == []
    assert every(beads)["issues.jsonl"] == before["issues.jsonl"] + THEIRS["issues.jsonl"]


def test_a_reader_waits_for_no_writer_and_takes_nothing_from_one(tmp_path):
    beads = start(tmp_path)
    opened(beads).edit(lambda drafts: drafts.issues.put(issue("zz-next")))
    with opened(beads).store.held():
        book = Journal(str(beads / ".local"))
        book.note(opened(beads).operations()[0]._replace(key="under way"))
        assert len(opened(beads).answers.all_ids()) == len(sample()) + 1
        assert is_pending(str(beads / ".local"))
        book.close()
    assert [op.key for op in opened(beads).operations()][1:] == ["under way"]


def test_a_read_in_a_hook_of_git_leaves_the_files_to_git(tmp_path, repo):
    beads = start(repo.path)
    cut(beads, 2)
    state = ours(beads)
    lock = repo.path / ".git" / "index.lock"
    lock.touch()
    assert opened(beads).answers.all_ids()
    assert ours(beads) == state
    lock.unlink()
    assert opened(beads).answers.all_ids()
    assert ours(beads) == [True] * 4


def test_a_reader_leaves_what_is_open_to_a_writer(tmp_path):
    beads = start(tmp_path)
    cut(beads, 1)
    state = ours(beads)
    caller = Caller()
    caller.readonly = True
    reader = Workspace(discovery.find(str(beads.parent), {}), caller)
    assert reader.operations() == []
    assert reader.answers.row("bd-b") is not None
    assert ours(beads) == state
    assert Journal(str(beads / ".local")).unfinished() is not None
