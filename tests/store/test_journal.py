"""The journal: local, bounded, and readable whatever has happened to it."""

from __future__ import annotations

import json
import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.scratch import bd, lines, workspace
from tests.support.workspaces import beads_of, changed, issue, lines_of, opened, put, sample
from tracker.errors import Moved
from tracker.log.record_file import RecordChange
from tracker.store import journal
from tracker.store.journal import Op, StagedFile
from tracker.store.open_write import is_pending, path_in

pytestmark = pytest.mark.unhurried

OP = Op(1, "k1", 5, ("bd", "x"), "ann", (RecordChange("issues.jsonl", "bd-a", b"old", b"new"),))


def append(local, op):
    """A write that is noted, and done."""
    book = journal.Journal(local)
    book.note(op)
    book.close()


def ops(local):
    return journal.read(str(local))


def raw(local):
    return (local / "ops.jsonl").read_bytes()


@given(
    st.lists(st.binary(max_size=30) | st.none(), min_size=2, max_size=2),
    st.lists(st.text(st.characters(), max_size=8), max_size=3),
    st.text(max_size=5),
)
def test_what_is_appended_is_read_again(tmp_path_factory, sides, argv, actor):
    local = tmp_path_factory.mktemp("local")
    change = RecordChange("issues.jsonl", "bd-é", *sides)
    op = Op(1, "key", 7, tuple(argv), actor, (change,))
    append(str(local), op)
    append(str(local), op._replace(undoes="key"))
    assert ops(local) == [op, op._replace(number=2, undoes="key")]
    assert raw(local).isascii()


def test_there_may_be_none(tmp_path):
    assert ops(tmp_path) == []
    append(str(tmp_path), OP)
    assert ops(tmp_path) == [OP]


@pytest.mark.parametrize(
    "damage",
    [
        b"not JSON", b"\xff\xfe", b"[]", b"5", b"null", b"{}", b'{"key":"k"}', b"",
        b'{"key":"k","at":1,"argv":[],"actor":"a","changes":5}',
        b'{"key":"k","at":1,"argv":[],"actor":"a","changes":[{"file":"f","id":"i","old":5}]}',
        b'{"key":"k","at":1,"argv":[],"actor":"a","changes":[{"file":"f","id":"i","old":5,"new":5}]}',
        b'{"key":"k","at":"x","argv":[],"actor":"a","changes":[]}',
        b'{"key":"k","at":1,"argv":7,"actor":"a","changes":[]}',
        b'{"key":"k","at":1,"argv":[],"act',
    ],
)  # fmt: skip
def test_a_damaged_line_is_left_out_and_counted(tmp_path, damage):
    append(str(tmp_path), OP)
    with (tmp_path / "ops.jsonl").open("ab") as file:
        file.write(damage + b"\n")
    append(str(tmp_path), OP)
    assert ops(tmp_path) == [OP, OP._replace(number=3)]


def test_a_line_that_was_cut_off_does_not_take_the_next_with_it(tmp_path):
    append(str(tmp_path), OP)
    with (tmp_path / "ops.jsonl").open("ab") as file:
        file.write(b'{"key":"k2","at":1')
    append(str(tmp_path), OP)
    assert ops(tmp_path) == [OP, OP._replace(number=3)]


def test_the_oldest_go_when_it_has_grown(tmp_path, monkeypatch):
    monkeypatch.setattr(journal, "LIMIT", 3000)
    keys = [f"k{number}" for number in range(100)]
    for key in keys:
        append(str(tmp_path), OP._replace(key=key))
        assert len(raw(tmp_path)) <= 3000
    kept = [op.key for op in ops(tmp_path)]
    assert 10 < len(kept) < 50
    assert kept == keys[-len(kept) :]
    assert os.listdir(tmp_path) == ["ops.jsonl"]


def test_a_line_longer_than_half_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr(journal, "LIMIT", 3000)
    large = OP._replace(key="large", changes=(RecordChange("f", "i", None, b"x" * 2500),))
    for op in (OP, large, OP):
        append(str(tmp_path), op)
    assert ops(tmp_path)[-1].key == "k1"
    append(str(tmp_path), large)
    assert ops(tmp_path)[-1].key == "large"


def test_of_a_very_large_write_only_the_number_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(journal, "LARGEST", 1000)
    beads = beads_of(tmp_path, lines_of(sample()))
    workspace = opened(beads)
    workspace.rewrite(changed("bd-a", title="small"))
    assert ops(beads / ".local")[-1].left_out == 0
    workspace.rewrite(put(*(issue(f"zz-{number}") for number in range(9))))
    assert ops(beads / ".local")[-1].left_out == 9
    before = (beads / "issues.jsonl").read_bytes()
    with pytest.raises(Moved, match="9 records"):
        workspace.undo()
    assert (beads / "issues.jsonl").read_bytes() == before
    workspace.undo(1)
    assert (beads / "issues.jsonl").read_bytes() != before


def test_a_write_that_escapes_make_large_is_large(tmp_path, monkeypatch):
    monkeypatch.setattr(journal, "LARGEST", 1000)
    for size, left_out in ((100, 0), (300, 1)):
        change = RecordChange("f", "i", None, "é".encode() * size)
        append(tmp_path, OP._replace(key=f"k{size}", changes=(change,)))
        assert ops(tmp_path)[-1].left_out == left_out


def test_what_was_missed_is_taken_over_once(tmp_path, monkeypatch):
    """Also by a writer that is killed before it removes the file, or whose file stays."""
    book = journal.Journal(str(tmp_path))
    append(tmp_path, OP)
    book.miss(OP._replace(key="k2"))
    assert [(op.key, op.missed) for op in ops(tmp_path)] == [("k1", False), ("k2", True)]
    for key in ("k3", "k4"):
        with monkeypatch.context() as patch:
            patch.setattr(journal.os, "unlink", lambda _: os.open(str(tmp_path / "none"), 0))
            append(tmp_path, OP._replace(key=key))
    assert [op.key for op in ops(tmp_path)] == ["k1", "k2", "k3", "k4"]


def test_nobody_else_may_read_it(tmp_path):
    append(str(tmp_path), OP)
    assert stat.S_IMODE((tmp_path / "ops.jsonl").stat().st_mode) == 0o600


def test_a_link_is_not_written_through(tmp_path):
    beads = beads_of(tmp_path, lines_of(sample()))
    workspace = opened(beads)
    workspace.rewrite(changed("bd-a", title="one"))
    assert len(workspace.operations()) == 1
    target = tmp_path / "precious"
    target.write_bytes(b"precious\n")
    (beads / ".local" / "ops.jsonl").unlink()
    (beads / ".local" / "ops.jsonl").symlink_to(target)
    workspace.rewrite(changed("bd-a", title="two"))
    assert workspace.answers.row("bd-a").title == "two"
    assert target.read_bytes() == b"precious\n"
    with pytest.raises(OSError, match="symbolic link"):
        append(str(beads / ".local"), OP)


def test_a_journal_that_cannot_be_written_stops_no_write(tmp_path):
    beads = beads_of(tmp_path, lines_of(sample()))
    (beads / ".local").mkdir()
    (beads / ".local" / "ops.jsonl").mkdir()
    workspace = opened(beads)
    assert workspace.rewrite(changed("bd-a", title="one"))
    assert workspace.answers.row("bd-a").title == "one"


def test_lines_that_are_no_text_are_undone_byte_for_byte(tmp_path):
    odd = b'{"id":"bd-b","title":"\xe9"}'
    beads = beads_of(tmp_path, lines_of([issue("bd-a")]) + odd + b"\n")
    before = (beads / "issues.jsonl").read_bytes()
    workspace = opened(beads)
    workspace.rewrite(changed("bd-a", title="new"))
    append(
        str(beads / ".local"),
        OP._replace(changes=(RecordChange("issues.jsonl", "bd-x", odd, b"\xff"),)),
    )
    assert ops(beads / ".local")[-1].changes[0][2:4] == (odd, b"\xff")
    workspace.undo(1)
    assert (beads / "issues.jsonl").read_bytes() == before


# Open and done.


def test_a_note_counts_when_it_is_closed(tmp_path):
    book = journal.Journal(str(tmp_path))
    book.note(OP)
    assert (ops(tmp_path), is_pending(str(tmp_path))) == ([], True)
    book.close()
    assert (ops(tmp_path), is_pending(str(tmp_path))) == ([OP], False)


def test_a_note_that_is_dropped_leaves_nothing(tmp_path):
    append(tmp_path, OP)
    before = raw(tmp_path)
    book = journal.Journal(str(tmp_path))
    book.note(OP)
    book.give_up()
    assert is_pending(str(tmp_path))
    book.drop()
    assert raw(tmp_path) == before
    append(tmp_path, OP)
    assert [op.number for op in ops(tmp_path)] == [1, 2]


FILES = (StagedFile("issues.jsonl", ".issues.jsonl.db-tmp7", "", "1:2:3:4:5"),)


@pytest.mark.parametrize("failed", [False, True])
def test_what_was_interrupted_is_found_by_the_next(tmp_path, failed):
    append(tmp_path, OP)
    book = journal.Journal(str(tmp_path))
    assert book.unfinished() is None
    noted = OP._replace(key="k2", files=FILES, session="s1", undoes="k1")
    book.note(noted)
    if failed:
        book.give_up()
    other = journal.Journal(str(tmp_path))
    assert other.unfinished() == (noted._replace(number=2), failed)
    other.close()
    assert ops(tmp_path) == [OP, noted._replace(number=2)]
    assert other.unfinished() is None


def test_an_open_note_that_was_damaged_is_cut_off(tmp_path):
    append(tmp_path, OP)
    before = raw(tmp_path)
    with (tmp_path / "ops.jsonl").open("ab") as file:
        file.write(b'{"key": 5, "number": 2, "state": "open"}\n')
    book = journal.Journal(str(tmp_path))
    assert book.unfinished() is None
    assert raw(tmp_path) == before


def test_a_note_that_the_disk_has_no_room_for_leaves_no_part(tmp_path, monkeypatch):
    append(tmp_path, OP)
    before = raw(tmp_path)
    real = os.write
    monkeypatch.setattr(journal.os, "write", lambda handle, data: real(handle, data[:9]))
    append(tmp_path, OP)  # a part at a time is no failure
    assert ops(tmp_path) == [OP, OP._replace(number=2)]
    whole = raw(tmp_path)

    def full(handle, data):
        if len(data) < 30:
            raise OSError(28, "No space left on device")
        return real(handle, data[:9])

    monkeypatch.setattr(journal.os, "write", full)
    with pytest.raises(OSError, match="No space"):
        append(tmp_path, OP)
    assert raw(tmp_path) == whole != before


@pytest.mark.parametrize("call", ["fstat", "read", "close", "lseek"])
def test_a_disk_that_fails_leaves_the_question_to_writers(tmp_path, monkeypatch, call):
    append(tmp_path, OP)
    real = getattr(os, call)

    def failing(*words):
        if call == "close":
            real(*words)
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, failing)
        found = is_pending(str(tmp_path))
    assert found is False


# Other versions.

OLD = (
    b'{"key": "k1", "at": 5, "argv": ["bd", "x"], "actor": "ann", "changes": [{"file": '
    b'"issues.jsonl", "id": "bd-a", "old": "old", "new": "new"}]}\n'
)


def test_lines_of_an_older_version_count(tmp_path):
    (tmp_path / "ops.jsonl").write_bytes(OLD + OLD.replace(b"k1", b"k2"))
    assert ops(tmp_path) == [OP, OP._replace(key="k2", number=2)]
    append(tmp_path, OP._replace(key="k3"))
    with (tmp_path / "ops.jsonl").open("ab") as file:
        file.write(OLD.replace(b"k1", b"k4"))  # both versions beside each other
    append(tmp_path, OP._replace(key="k5"))
    assert [(op.key, op.number) for op in ops(tmp_path)] == [
        ("k1", 1), ("k2", 2), ("k3", 3), ("k4", 4), ("k5", 5),
    ]  # fmt: skip


def test_numbers_stay_when_the_oldest_go(tmp_path, monkeypatch):
    monkeypatch.setattr(journal, "LIMIT", 3000)
    for number in range(1, 60):
        append(tmp_path, OP._replace(key=f"k{number}"))
        assert [(op.key, op.number) for op in ops(tmp_path)][-1] == (f"k{number}", number)
    found = ops(tmp_path)
    assert all(op.key == f"k{op.number}" for op in found)
    assert found[0].number > 1
    journal.forget(str(tmp_path), {"bd-a"})
    assert [op.number for op in ops(tmp_path)] == [op.number for op in found]


# A journal that cannot be written.


def make_folder(path):
    path.mkdir()


def make_link(path):
    path.symlink_to(path.parent / "elsewhere")


WRONG = {"a folder": make_folder, "a pipe": os.mkfifo, "a link": make_link}


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("again", [False, True])
def test_a_write_without_a_note_is_said_and_undo_knows(tmp_path, kind, again):
    log = lines("a-1", "a-2")
    beads = workspace(tmp_path, log)
    bd(tmp_path, "update", "a-1", "--title", "Noted")
    path = beads / ".local" / "ops.jsonl"
    noted = path.read_bytes()
    path.unlink()
    WRONG[kind](path)
    said = bd(tmp_path, "update", "a-2", "--title", "Not noted")
    assert said.out.startswith("✓ Updated")
    assert said.err.count("the journal cannot be written (") == 1
    assert b"Not noted" in (beads / "issues.jsonl").read_bytes()
    held = (beads / "issues.jsonl").read_bytes()
    assert "cannot read the journal" in bd(tmp_path, "undo", code=1).err
    assert "cannot read the journal" in bd(tmp_path, "op", "log", code=1).err
    path.rmdir() if kind == "a folder" else path.unlink()
    path.write_bytes(noted)
    if again:
        bd(tmp_path, "update", "a-2", "--priority", "0")
        bd(tmp_path, "undo")
    assert (beads / "issues.jsonl").read_bytes() == held
    said = bd(tmp_path, "undo", "--json", code=1)
    assert json.loads(said.err)["code"] == "moved"
    assert "operation 2 could not be noted in the journal" in said.err
    assert (beads / "issues.jsonl").read_bytes() == held
    row = bd(tmp_path, "op", "log", "--json").json[-2]
    assert (row["number"], row["command"], row["records"], row["undoable"]) == (
        2, "bd update a-2 --title 'Not noted'", 1, False,
    )  # fmt: skip
    assert "[not in the journal]" in bd(tmp_path, "op", "log").out
    bd(tmp_path, "undo", "1")
    assert b"Title of a-1" in (beads / "issues.jsonl").read_bytes()


def test_that_a_write_is_missing_is_known_without_its_name(tmp_path):
    """The disk had room for the name of a file, and for no byte in it."""
    workspace(tmp_path, lines("a-1"))
    bd(tmp_path, "update", "a-1", "--title", "Noted")
    (tmp_path / ".beads" / ".local" / "ops.missed").touch()
    assert "could not be noted" in bd(tmp_path, "undo", code=1).err
    assert "could not be noted" in bd(tmp_path, "undo", "--any", code=1).err
    bd(tmp_path, "update", "a-1", "--title", "Noted again")
    assert not (tmp_path / ".beads" / ".local" / "ops.missed").exists()
    bd(tmp_path, "undo")
    assert "operation 2 could not be noted" in bd(tmp_path, "undo", code=1).err


@pytest.mark.parametrize("call", ["write", "fsync", "open"])
def test_an_undo_that_cannot_be_noted_is_refused(tmp_path, monkeypatch, call):
    beads = workspace(tmp_path, lines("a-1"))
    bd(tmp_path, "update", "a-1", "--title", "Other")
    held = (beads / "issues.jsonl").read_bytes()
    path = path_in(str(beads / ".local"))
    real = getattr(os, call)

    def failing(what, *more, **others):
        is_journal = (
            what == path if call == "open" else os.readlink(f"/proc/self/fd/{what}") == path
        )
        if is_journal and (call != "open" or more[0] & os.O_RDWR):
            raise OSError(28, "No space left on device")
        return real(what, *more, **others)

    with monkeypatch.context() as patch:
        patch.setattr(os, call, failing)
        said = bd(tmp_path, "undo", code=1)
    assert "cannot write the journal: No space left on device; nothing was undone" in said.err
    assert (beads / "issues.jsonl").read_bytes() == held
    bd(tmp_path, "undo")
    assert (beads / "issues.jsonl").read_bytes() == lines("a-1")


def test_a_very_large_file_in_its_place_is_not_read_as_a_whole(tmp_path):
    (tmp_path / "ops.jsonl").write_bytes(b"")
    os.truncate(tmp_path / "ops.jsonl", 5_000_000_000)
    with (tmp_path / "ops.jsonl").open("ab") as file:
        file.write(b"\n" + OLD)
    assert [op.key for op in ops(tmp_path)] == ["k1"]
    append(tmp_path, OP._replace(key="k2"))
    assert (tmp_path / "ops.jsonl").stat().st_size < 3 * journal.LIMIT
    assert [op.key for op in ops(tmp_path)] == ["k1", "k2"]
