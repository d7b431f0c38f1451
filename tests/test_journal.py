"""The journal: local, bounded, and readable whatever has happened to it."""

from __future__ import annotations

import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spaces import beads_of, changed, issue, lines_of, opened, put, sample

from tracker import journal
from tracker.errors import Moved
from tracker.journal import Change, Op

OP = Op(1, "k1", 5, ("bd", "x"), "ann", (Change("issues.jsonl", "bd-a", b"old", b"new"),))


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
    change = Change("issues.jsonl", "bd-é", *sides)
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
    large = OP._replace(key="large", changes=(Change("f", "i", None, b"x" * 2500),))
    for op in (OP, large, OP):
        append(str(tmp_path), op)
    assert ops(tmp_path)[-1].key == "k1"
    append(str(tmp_path), large)
    assert ops(tmp_path)[-1].key == "large"


def test_of_a_very_large_write_only_the_number_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(journal, "LARGEST", 500)
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
    with pytest.raises(OSError, match="symbolic links"):
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
        str(beads / ".local"), OP._replace(changes=(Change("issues.jsonl", "bd-x", odd, b"\xff"),))
    )
    assert ops(beads / ".local")[-1].changes[0][2:4] == (odd, b"\xff")
    workspace.undo(1)
    assert (beads / "issues.jsonl").read_bytes() == before
