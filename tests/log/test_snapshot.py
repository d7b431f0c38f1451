"""Several files in one write: whole or not at all, in order, and every other byte as it was."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.memory_strategies import NAMES, memories, outcomes
from tests.support.strategies import conflicts, files
from tests.support.workspaces import beads_of, issue, lines_of, opened, sample
from tracker.errors import Conflicted, Moved, Refused
from tracker.log.issue_codec import encode
from tracker.log.issue_log import Log
from tracker.log.memory_codec import encode_memory, encode_outcome
from tracker.log.memory_log import Carried, MemoryFile, OutcomeFile
from tracker.log.paths import BESIDE, carried_name
from tracker.log.snapshot import Drafts, Snapshot
from tracker.model.memory import Memory, Outcome
from tracker.store import atomic

FEWER = settings(max_examples=settings().max_examples // 2)
ONE = Memory(key="climate/drift", content="one")
TWO = Memory(key="auth", content="two")
BEADS = b'{"_type":"memory","key":"auth-jwt","value":"use RS256"}'


@pytest.fixture
def beads(tmp_path):
    return beads_of(tmp_path, lines_of(sample()))


def text_of(beads, name):
    path = beads / name
    return path.read_bytes() if path.exists() else None


def every(beads):
    return {name: text_of(beads, name) for name in (*BESIDE, "issues.jsonl")}


def put_memory(*found, private=None):
    def action(drafts):
        for one in found:
            drafts.memories.put(one, private=private)

    return action


def put_away(id):
    """The issue to the archive, with an outcome and a memory: all four files."""

    def action(drafts):
        issue = drafts.issues.get_issue(id)
        drafts.archive.put(issue)
        drafts.issues.drop(id)
        drafts.memories.put(ONE)
        drafts.outcomes.add(Outcome(id="o-1", key=ONE.key, verdict="success"))

    return action


# One write.


def test_a_write_makes_only_the_files_that_it_writes_to(beads):
    before = every(beads)
    opened(beads).edit(put_memory(ONE))
    assert every(beads) == before | {"memory.jsonl": encode_memory(ONE) + b"\n"}
    opened(beads).edit(put_memory(TWO, private=True))
    assert text_of(beads, ".local/memory.jsonl") == encode_memory(TWO) + b"\n"
    assert os.stat(beads / ".local" / "memory.jsonl").st_mode & 0o777 == 0o600
    opened(beads).edit(put_memory(replace(TWO, content="three")))
    assert text_of(beads, "memory.jsonl") == encode_memory(ONE) + b"\n"
    assert b"three" in text_of(beads, ".local/memory.jsonl")


def test_memories_are_sorted_and_outcomes_stand_in_their_order(beads):
    workspace = opened(beads)
    workspace.edit(put_memory(ONE))
    workspace.edit(put_memory(TWO))
    assert list(MemoryFile(text_of(beads, "memory.jsonl"), "")) == ["auth", "climate/drift"]
    for id in ("o-9", "o-1", "o-5"):
        workspace.edit(lambda drafts, id=id: drafts.outcomes.add(Outcome(id=id, key="auth")))
    assert list(OutcomeFile(text_of(beads, "outcomes.jsonl"), "")) == ["o-9", "o-1", "o-5"]


def test_one_write_changes_four_files_and_undo_puts_back_all(beads):
    (beads / "memory.jsonl").write_bytes(encode_memory(TWO) + b"\n")
    (beads / "archive.jsonl").write_bytes(encode(issue("bd-z")) + b"\n")
    (beads / "outcomes.jsonl").write_bytes(b'{"id":"o-0"}\n')
    before = every(beads)
    workspace = opened(beads)
    workspace.edit(put_away("bd-b"))
    assert b"bd-b" in text_of(beads, "archive.jsonl")
    assert "bd-b" not in Log(text_of(beads, "issues.jsonl"))
    assert list(MemoryFile(text_of(beads, "memory.jsonl"), "")) == ["auth", "climate/drift"]
    (op,) = workspace.operations()
    assert [change.file for change in op.changes] == [
        "outcomes.jsonl", "memory.jsonl", "archive.jsonl", "issues.jsonl",
    ]  # fmt: skip
    assert opened(beads).answers.row("bd-b") is None
    workspace.undo()
    assert every(beads) == before
    assert opened(beads).answers.row("bd-b") is not None
    workspace.undo(len(workspace.operations()))
    assert b"bd-b" in text_of(beads, "archive.jsonl")


def test_what_only_loses_records_is_written_last(beads, monkeypatch):
    order = []
    real = atomic.Replacement.put

    def noted(self):
        order.append(os.path.basename(self.path))
        return real(self)

    monkeypatch.setattr(atomic.Replacement, "put", noted)
    workspace = opened(beads)
    workspace.edit(put_away("bd-b"))
    assert order == ["outcomes.jsonl", "memory.jsonl", "archive.jsonl", "issues.jsonl"]
    order.clear()
    workspace.undo()  # the archive loses what the issues gain
    assert order == ["issues.jsonl", "outcomes.jsonl", "memory.jsonl", "archive.jsonl"]


def test_undo_refuses_where_a_memory_has_moved_since(beads):
    workspace = opened(beads)
    workspace.edit(put_memory(ONE))
    workspace.edit(put_memory(replace(ONE, content="newer")))
    with pytest.raises(Moved, match="climate/drift has changed"):
        workspace.undo(1)
    workspace.undo(2)
    assert text_of(beads, "memory.jsonl") == encode_memory(ONE) + b"\n"


def test_a_write_that_changes_nothing_touches_nothing(beads):
    workspace = opened(beads)
    workspace.edit(put_away("bd-b"))
    before = {name: (beads / name).stat() for name in BESIDE if (beads / name).exists()}
    workspace.edit(put_memory(ONE))
    workspace.edit(lambda drafts: drafts.outcomes.add(Outcome(id="o-1", key="another")))
    assert {name: (beads / name).stat() for name in before} == before
    assert len(workspace.operations()) == 1


# Files as they are.


LINES = st.sampled_from([
    b"", b"# a remark", b'{"key":"cut', b"[]", b'{"kind":"no key"}', b'{"key":"odd","x":1e400}',
])  # fmt: skip


@st.composite
def memory_files(draw):
    """A file of memories as programs and accidents leave it."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=5))
    body = [encode_memory(draw(memories(key=name))) for name in names]
    for line in draw(st.lists(LINES, unique=True, max_size=2)):
        body.insert(draw(st.integers(0, len(body))), line)
    newline = draw(st.sampled_from([b"\n", b"\r\n"]))
    end = newline if draw(st.booleans()) else b""
    return newline.join(body) + (end if body else b"")


@FEWER
@given(memory_files(), st.sampled_from(NAMES))
def test_all_other_memories_keep_their_bytes(tmp_path_factory, data, key):
    beads = beads_of(tmp_path_factory.mktemp("w"), b"")
    (beads / "memory.jsonl").write_bytes(data)
    before = MemoryFile(data, "memory.jsonl")
    workspace = opened(beads)
    workspace.edit(lambda drafts: drafts.memories.put(Memory(key=key, content="by us")))
    now = text_of(beads, "memory.jsonl")
    after = MemoryFile(now, "memory.jsonl")
    assert after[key] == Memory(key=key, content="by us")
    assert {k: after.line(k) for k in after if k != key} == {
        k: before.line(k) for k in before if k != key
    }
    assert len(after.problems) == len(before.problems)
    workspace.undo()
    assert text_of(beads, "memory.jsonl") == data


def test_conflict_markers_in_any_file_refuse_the_whole_write(beads):
    two = encode_memory(replace(ONE, content="theirs"))
    (beads / "memory.jsonl").write_bytes(b"\n".join(conflicts(encode_memory(ONE), two)) + b"\n")
    before = every(beads)
    with pytest.raises(Conflicted, match=r"memory\.jsonl holds conflict markers \(line 1, 3, 5\)"):
        opened(beads).edit(put_away("bd-b"))
    assert every(beads) == before
    opened(beads).edit(lambda drafts: drafts.issues.drop("bd-b"))
    assert text_of(beads, "memory.jsonl") == before["memory.jsonl"]


def test_a_key_that_stands_twice_is_read_and_not_replaced(beads):
    lines = encode_memory(ONE) + b"\n" + encode_memory(replace(ONE, content="last")) + b"\n"
    (beads / "memory.jsonl").write_bytes(lines)
    workspace = opened(beads)
    assert workspace.preview(lambda drafts: drafts.memories.get(ONE.key)).content == "last"
    assert workspace.amiss == [
        "memory.jsonl:1: climate/drift stands again on line 2, and the last one counts"
    ]
    with pytest.raises(Refused, match="stands more than once"):
        workspace.edit(put_memory(replace(ONE, content="new")))
    workspace.edit(put_memory(TWO))
    assert set(lines.splitlines()) < set(text_of(beads, "memory.jsonl").splitlines())


def test_an_outcome_that_a_union_of_git_repeated_is_no_problem():
    line = encode_outcome(Outcome(id="o-1", key="a"))
    sheet = OutcomeFile(line + b"\n" + line + b"\n", "outcomes.jsonl")
    assert (list(sheet), sheet.problems) == (["o-1"], ())
    other = encode_outcome(Outcome(id="o-1", key="b"))
    assert len(OutcomeFile(line + b"\n" + other + b"\n", "outcomes.jsonl").problems) == 1


@FEWER
@given(st.lists(outcomes(), unique_by=lambda one: one.id, max_size=4))
def test_outcomes_are_only_ever_added(found):
    data = b"".join(encode_outcome(one) + b"\n" for one in found)
    drafts = Drafts(shelf_of({"outcomes.jsonl": data}))
    for one in found:
        drafts.outcomes.add(replace(one, key="changed"))
    assert drafts.outcomes.written() == {}
    drafts.outcomes.add(Outcome(id="new one"))
    assert list(drafts.outcomes.written()["outcomes.jsonl"]) == ["new one"]
    assert [one.id for one in drafts.outcomes.every()] == [*(one.id for one in found), "new one"]


def shelf_of(data):
    return Snapshot("issues.jsonl", lambda file: data.get(file, b""), Log)


# Memories among the issues.


@FEWER
@given(files())
def test_memories_among_the_issues_are_found_wherever_they_stand(data):
    found = Carried(data, "issues.jsonl")
    lines = data.replace(b"\r", b"").split(b"\n")
    named = {"memory a-b": b'"key":"a-b"', "memory z": b'"key":"z"'}
    assert set(found) == {
        name for name, part in named.items() if any(part in line for line in lines)
    }
    for name in found:
        assert found[name].key == name.removeprefix("memory ")


def test_a_memory_among_the_issues_is_read_and_moves_when_it_is_edited(tmp_path):
    log = BEADS + b"\n" + lines_of(sample()) + BEADS.replace(b"-jwt", b"-b") + b"\n"
    beads = beads_of(tmp_path, log)
    workspace = opened(beads)
    assert workspace.answers.all_ids()
    carried = workspace.preview(lambda drafts: drafts.memories.get("auth-jwt"))
    assert carried == Memory(key="auth-jwt", content="use RS256")
    assert workspace.preview(lambda drafts: drafts.memories.keys()) == ["auth-b", "auth-jwt"]
    workspace.edit(put_memory(carried))
    assert text_of(beads, "issues.jsonl") == log
    workspace.edit(put_memory(replace(carried, content="use ES256")))
    assert text_of(beads, "issues.jsonl") == log.removeprefix(BEADS + b"\n")
    assert b"ES256" in text_of(beads, "memory.jsonl")
    assert len(opened(beads).answers.all_ids()) == len(sample())
    workspace.undo()
    assert text_of(beads, "issues.jsonl") == log
    workspace.edit(lambda drafts: drafts.memories.drop("auth-jwt"))
    assert carried_name("auth-jwt") not in Carried(text_of(beads, "issues.jsonl"), "")
    workspace.undo()
    assert text_of(beads, "issues.jsonl") == log


def test_the_file_of_memories_wins_over_the_log(tmp_path):
    beads = beads_of(tmp_path, BEADS + b"\n")
    (beads / "memory.jsonl").write_bytes(b'{"key":"auth-jwt","kind":"fact","content":"ours"}\n')
    workspace = opened(beads)
    assert workspace.preview(lambda drafts: drafts.memories.get("auth-jwt")).content == "ours"
    (beads / "memory.jsonl").unlink()
    assert workspace.preview(lambda drafts: drafts.memories.get("auth-jwt")).content == "use RS256"


def test_a_private_memory_stands_before_a_shared_one(beads):
    workspace = opened(beads)
    workspace.edit(put_memory(ONE))
    workspace.edit(put_memory(replace(ONE, content="mine"), private=True))
    assert workspace.preview(lambda drafts: drafts.memories.get(ONE.key)).content == "mine"
    assert workspace.preview(lambda drafts: drafts.memories.is_private(ONE.key))
    workspace.edit(lambda drafts: drafts.memories.drop_private(ONE.key))
    assert workspace.preview(lambda drafts: drafts.memories.get(ONE.key)) == ONE
    assert not workspace.preview(lambda drafts: drafts.memories.is_private(ONE.key))


# Other programs, and errors.


@pytest.mark.parametrize("name", ["memory.jsonl", "issues.jsonl", "outcomes.jsonl"])
def test_a_file_that_moves_between_two_renames_keeps_both_edits(beads, monkeypatch, name):
    """Whatever moved: no outcome is written twice, and no text is appended twice."""
    (beads / "memory.jsonl").write_bytes(encode_memory(TWO) + b"\n")
    (beads / "outcomes.jsonl").write_bytes(b"")
    theirs = {
        "memory.jsonl": encode_memory(Memory(key="theirs")) + b"\n",
        "issues.jsonl": encode(issue("zz-theirs")) + b"\n",
        "outcomes.jsonl": encode_outcome(Outcome(id="theirs")) + b"\n",
    }[name]
    real = atomic.Replacement.put
    waiting = [name]

    def late(self):
        if waiting and self.path.endswith(name):
            waiting.pop()
            with (beads / name).open("ab") as file:
                file.write(theirs)
        return real(self)

    monkeypatch.setattr(atomic.Replacement, "put", late)

    def action(drafts):
        drafts.issues.put(replace(drafts.issues.get_issue("bd-a"), title="new"))
        was = drafts.memories.get("auth")
        drafts.memories.put(replace(was, content=was.content + " more"))
        drafts.outcomes.add(Outcome(id="o-1", key="auth"))

    opened(beads).edit(action)
    assert not waiting
    assert theirs in text_of(beads, name)
    assert Log(text_of(beads, "issues.jsonl"))["bd-a"].title == "new"
    assert MemoryFile(text_of(beads, "memory.jsonl"), "")["auth"].content == "two more"
    assert text_of(beads, "outcomes.jsonl").count(b'"o-1"') == 1
    assert [name for name in os.listdir(beads) if "tmp" in name] == []
    (op,) = opened(beads).operations()
    assert len(op.changes) == 3


def test_a_file_that_cannot_be_put_takes_those_before_it_back(beads, monkeypatch):
    before = every(beads)
    real = atomic.Replacement.put

    def failing(self):
        if self.path.endswith("issues.jsonl"):
            raise OSError(5, "Input/output error")
        return real(self)

    with monkeypatch.context() as patch:
        patch.setattr(atomic.Replacement, "put", failing)
        with pytest.raises(Refused, match="Input/output error"):
            opened(beads).edit(put_away("bd-b"))
    after = every(beads)
    assert after["issues.jsonl"] == before["issues.jsonl"]
    assert not any(after[name] for name in BESIDE)
    assert opened(beads).operations() == []
    opened(beads).edit(put_away("bd-b"))
    assert b"bd-b" in text_of(beads, "archive.jsonl")


def test_what_a_dead_writer_left_of_any_file_is_swept(beads):
    (beads / ".memory.jsonl.db-tmp77").write_bytes(b"half")
    (beads / ".other.jsonl.db-tmp77").write_bytes(b"another's")
    (beads / ".local").mkdir()
    (beads / ".local" / ".memory.jsonl.db-tmp77").write_bytes(b"half")
    opened(beads).edit(put_memory(ONE))
    assert [name for name in os.listdir(beads) if "tmp" in name] == [".other.jsonl.db-tmp77"]
    assert [name for name in os.listdir(beads / ".local") if "tmp" in name] == []
