"""`bd check`, which says what is wrong with a log, and `bd fmt`, which writes it canonically."""

from __future__ import annotations

import json

import pytest

from tests.support.branches import LOG, Work
from tests.support.scratch import bd, line, lines, tree, workspace
from tracker.cli.repository.fmt import canonical
from tracker.log.issue_codec import decode, encode
from tracker.log.issue_log import Log
from tracker.model.issue import Issue

OTHER = line("t-2").replace('"open"', '"in_progress"').encode() + b"\n"  # the same id again
MARKED = lines("t-1") + b"<<<<<<< a\n" + lines("t-2") + b"=======\n>>>>>>> b\n"
MIXED = b"".join(
    [
        b'{"id":"t-9","priority":2,"title":"Nine","status":"open","issue_type":"task"}\r\n',
        b'{ "title": "One \\u003c", "id": "t-1", "x": 1.50, "status": "open", "priority": 0}\r\n',
        b'{"_type":"memory","key":"a/b","value":"kept as it is"}\r\n',
    ]
)


@pytest.fixture
def root(tmp_path):
    return tmp_path / "plain"


@pytest.fixture
def work(tmp_path):
    return Work(tmp_path / "work", lines(*(f"t-{n}" for n in range(10, 40))))


# The file of the work tree.


def test_a_sound_log(root):
    workspace(root, lines("t-1", "t-2"))
    before = tree(root)
    assert bd(root, "check").out == "✓ nothing is wrong\n"
    assert bd(root, "check", "--json").json == {"ok": True, "findings": []}
    assert tree(root) == before


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (MARKED, "Conflict markers"),
        (lines("t-1") + b"{oops\n", "Unreadable lines"),
        (lines("t-1", "t-1"), "Repeated ids"),
    ],
)
def test_errors_make_the_exit_code_1(root, data, name):
    workspace(root, data)
    said = bd(root, "check", code=1)
    assert f"✗ {name}: issues.jsonl:" in said.out
    found = bd(root, "check", "--json", code=1).json
    assert not found["ok"]
    assert [one["name"] for one in found["findings"] if one["level"] == "error"] == [name]


def test_warnings_are_for_people(root):
    workspace(root, lines("t-1").replace(b'"status":"open"', b'"status":"odd"'))
    said = bd(root, "check")
    assert "⚠ Statuses: issues.jsonl:1: t-1: unknown status 'odd'" in said.out
    found = bd(root, "check", "--json").json
    assert found["ok"]
    assert found["findings"][0]["lines"] == [1]


def test_another_file(root):
    workspace(root, lines("t-1"))
    (root / "x.jsonl").write_bytes(MARKED)
    assert "✗ Conflict markers: x.jsonl:2" in bd(root, "check", "x.jsonl", code=1).out
    assert "there is no file" in bd(root, "check", "y.jsonl", code=1).err


# What is staged.


def stage(work, data):
    work.log.write_bytes(data)
    work.git("add", LOG)


def test_staged_counts_only_what_head_lacks(work):
    stage(work, work.data + b"{old\n")
    assert "not JSON" in work.bd("check", "--staged", code=1).out
    work.git("commit", "--quiet", "--message", "with a broken line")
    stage(work, work.data + lines("t-90"))
    assert work.bd("check", "--staged").out == "✓ nothing staged is wrong\n"
    assert work.bd("check", code=1).code == 1


def test_staged_looks_at_the_index_and_not_at_the_file(work):
    stage(work, work.data + lines("t-90"))
    good = work.data
    work.log.write_bytes(MARKED)
    assert work.bd("check", "--staged").code == 0
    stage(work, MARKED)
    work.log.write_bytes(good)
    found = work.bd("check", "--staged", "--json", code=1).json
    assert not found["ok"]
    assert "conflict markers" in found["findings"][0]["why"]


def test_a_mass_of_lost_records(work):
    rows = work.data.splitlines(keepends=True)
    stage(work, b"".join(rows[9:]))
    assert work.bd("check", "--staged").code == 0
    stage(work, b"".join(rows[12:]))
    assert "12 of 30 records are gone" in work.bd("check", "--staged", code=1).out
    said = work.bd("check", "--staged", env={"BD_ALLOW_LOSS": "1"})
    assert "BD_ALLOW_LOSS=1 lets that pass" in said.out


def test_new_circles_are_warnings(work):
    def edge(one, two):
        return [{"issue_id": one, "depends_on_id": two, "type": "blocks"}]

    work.change(t_10={"dependencies": edge("t-10", "t-11")})
    data = json.loads(line("t-11")) | {"dependencies": edge("t-11", "t-10")}
    rows = {json.loads(text)["id"]: text for text in work.data.splitlines()}
    rows["t-11"] = json.dumps(data, separators=(",", ":")).encode()
    stage(work, b"".join(rows[id] + b"\n" for id in sorted(rows)))
    assert "they wait for each other" in work.bd("check", "--staged").out


def test_before_the_first_commit(tmp_path):
    work = Work.__new__(Work)
    work.path, work.log = tmp_path / "new", tmp_path / "new" / LOG
    workspace(work.path, lines("t-1"))
    work.git("init", "--quiet")
    stage(work, lines("t-1"))
    assert work.bd("check", "--staged").code == 0
    stage(work, MARKED)
    assert work.bd("check", "--staged", code=1).code == 1


def test_staged_takes_no_file_and_needs_git(work, root, monkeypatch):
    assert work.bd("check", "--staged").code == 0
    assert work.bd("check", "--staged", LOG, code=2).code == 2
    workspace(root, lines("t-1"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(root.parent))
    assert "no repository of git" in bd(root, "check", "--staged", code=1).err


# bd fmt.


def test_the_canonical_form(root):
    log = workspace(root, MIXED) / "issues.jsonl"
    said = bd(root, "fmt", "--check", code=1)
    assert said.out == "3 lines would be written anew, and all would be put in order\n"
    assert log.read_bytes() == MIXED
    said = bd(root, "fmt")
    assert said.out == "3 lines were written anew, and all were put in order\n"
    assert log.read_bytes() == (
        b'{"id":"t-1","title":"One <","status":"open","priority":0,"issue_type":"task","x":1.50}\n'
        b'{"id":"t-9","title":"Nine","status":"open","priority":2,"issue_type":"task"}\n'
        b'{"_type":"memory","key":"a/b","value":"kept as it is"}\n'
    )
    assert "in canonical form" in bd(root, "fmt").out
    assert bd(root, "fmt", "--check", "--json").json == {"changed": False, "lines": 0}
    assert bd(root, "show", "t-9", "--json").json[0]["title"] == "Nine"


def test_the_canonical_form_of_what_is_beside_the_log(root):
    beads = workspace(root, lines("t-1"))
    (beads / "archive.jsonl").write_bytes(lines("t-9", "t-8"))
    (beads / "memory.jsonl").write_bytes(
        b'{"content":"Two \\u003c","key":"b","confidence":0.50,"x":1.50}\r\n\r\n'
        b'{"kind":"note","key":"a","content":"One"}\r\n{"_type":"other","key":5}\r\n'
    )
    outcomes = b'{"verdict":"success","id":"o2","key":"b"}\r\n{"id":"o1","key":"b"}\n'
    (beads / "outcomes.jsonl").write_bytes(outcomes)
    before = told(root)
    said = bd(root, "fmt", "--check", "--json", code=1)
    assert said.json == {"changed": True, "lines": 3}
    bd(root, "fmt")
    assert (beads / "archive.jsonl").read_bytes() == lines("t-8", "t-9")
    assert (beads / "memory.jsonl").read_bytes() == (
        b'{"key":"a","kind":"note","content":"One"}\n'
        b'{"key":"b","kind":"fact","content":"Two <","confidence":0.50,"x":1.50}\n'
        b'{"_type":"other","key":5}\n'
    )
    assert (beads / "outcomes.jsonl").read_bytes() == outcomes
    assert told(root) == before
    assert bd(root, "fmt").out == "✓ issues and memories are in canonical form\n"
    (beads / "memory.jsonl").write_bytes(b'{"content":"One","kind":"fact","key":"a"}\n')
    said = bd(root, "fmt")
    assert said.out == "1 line was written anew, and all were put in order\n"


def told(root):
    """What commands say of the memories."""
    return [bd(root, "memory", *words, "--json").json for words in (["list"], ["outcomes"])]


def test_where_one_file_cannot_be_read_none_is_written(root):
    beads = workspace(root, lines("t-2", "t-1"))
    (beads / "memory.jsonl").write_bytes(b'{"key":"b"}\n{oops\n{"key":"a"}\n')
    assert "memory.jsonl:2: not JSON" in bd(root, "fmt", code=1).err
    assert (beads / "issues.jsonl").read_bytes() == lines("t-2", "t-1")
    (beads / "memory.jsonl").write_bytes(b'<<<<<<< a\n{"key":"b"}\n=======\n>>>>>>> b\n')
    assert "memory.jsonl holds conflict markers" in bd(root, "fmt", code=1).err
    (beads / "memory.jsonl").write_bytes(b'{"key":"b"}\n{"key":"a"}\n')
    bd(root, "fmt")
    assert (beads / "issues.jsonl").read_bytes() == lines("t-1", "t-2")
    assert (beads / "memory.jsonl").read_bytes().startswith(b'{"key":"a",')


@pytest.mark.parametrize("data", [MARKED, lines("t-1") + b"{oops\n", lines("t-2", "t-1") + OTHER])
def test_it_refuses_what_it_cannot_read(root, data):
    log = workspace(root, lines("t-2", "t-1")) / "issues.jsonl"
    bd(root, "fmt")
    assert log.read_bytes() == lines("t-1", "t-2")
    log.write_bytes(data)
    assert "nothing was written" in bd(root, "fmt", code=1).err
    assert bd(root, "fmt", "--check", code=1).err
    assert log.read_bytes() == data


@pytest.mark.parametrize(
    "again",
    [
        lines("t-2"),
        lines("t-2", "t-2"),
        lines("t-2").replace(b"\n", b"\r\n"),
        lines("t-2").replace(b'","', b'" , "'),
        lines("t-2").replace(b"t-2", rb"\u0074-2"),
        b"  " + lines("t-2").strip() + lines("t-2"),
    ],
)
def test_of_lines_that_say_the_same_one_stays(root, again):
    beads = workspace(root, lines("t-2", "t-1") + again)
    count = again.count(b'"id"')
    what = "1 repeated line was" if count == 1 else f"{count} repeated lines were"
    said = bd(root, "update", "t-2", "--notes", "x", code=1)
    assert "Error: t-2 stands more than once in issues.jsonl (lines 1 and 3" in said.err
    assert "Hint: bd fmt\n" in said.err
    assert bd(root, "fmt", "--check", "--json", code=1).json["dropped"] == count
    assert bd(root, "fmt").out.splitlines()[-1] == f"{what} dropped"
    assert (beads / "issues.jsonl").read_bytes() == lines("t-1", "t-2")
    assert "dropped" not in bd(root, "fmt", "--json").json
    bd(root, "update", "t-2", "--notes", "x")


def test_repeated_memories_and_archived_issues_are_dropped_too(root):
    beads = workspace(root, lines("t-1"))
    (beads / "archive.jsonl").write_bytes(lines("t-9", "t-9"))
    (beads / "memory.jsonl").write_bytes(b'{"key":"a","content":"One"}\n' * 3)
    (beads / "outcomes.jsonl").write_bytes(b'{"id":"o","key":"a","verdict":"success"}\n' * 2)
    said = bd(root, "memory", "append", "a", "more", code=1)
    assert "a stands more than once in memory.jsonl" in said.err
    assert "Hint: bd fmt\n" in said.err
    assert bd(root, "fmt").out.endswith("3 repeated lines were dropped\n")
    assert (beads / "archive.jsonl").read_bytes() == lines("t-9")
    assert (beads / "memory.jsonl").read_bytes() == b'{"key":"a","kind":"fact","content":"One"}\n'
    assert (beads / "outcomes.jsonl").read_bytes().count(b"\n") == 2
    bd(root, "memory", "append", "a", "more")


def test_lines_of_one_id_that_differ_are_left_to_resolve(root):
    beads = workspace(root, lines("t-2", "t-1") + OTHER + lines("t-2"))
    said = bd(root, "fmt", code=1)
    assert "issues.jsonl:1: t-2 stands again on line 3" in said.err
    assert "Hint: bd resolve\n" in said.err
    assert "Hint: bd resolve\n" in bd(root, "close", "t-2", code=1).err
    bd(root, "resolve")
    assert bd(root, "fmt", "--check").out
    assert (beads / "issues.jsonl").read_bytes().count(b"\n") == 2


def test_it_respects_read_only_and_newer_files(root):
    beads = workspace(root, lines("t-2", "t-1"))
    assert "read-only" in bd(root, "--readonly", "fmt", code=1).err
    (beads / "metadata.json").write_text('{"tracker": {"reader": 1, "writer": 9}}')
    assert "newer version" in bd(root, "fmt", code=1).err
    assert (beads / "issues.jsonl").read_bytes() == lines("t-2", "t-1")
    (beads / "metadata.json").unlink()
    bd(root, "fmt")
    assert (beads / "issues.jsonl").read_bytes() == lines("t-1", "t-2")


def test_what_a_record_says_stays():
    issue = Issue(id="t-1", title="x", extra=(("conflicts", '[{"field":"/title"}]'),))
    data = canonical(encode(issue).replace(b',"', b' , "') + b"\n\n" + lines("t-0"))
    assert decode(data.splitlines()[1]) == issue
    assert canonical(data) == data
    assert list(Log(data)) == ["t-0", "t-1"]
    assert canonical(b"") == b""
