"""`bd undo` and `bd op`: what was written here, and taking it back."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.scratch import bd, lines, tree, workspace
from tracker.cli.history.operations import differences
from tracker.errors import Moved, NotYours
from tracker.issues.editing import Who
from tracker.store.journal import Op, choose, is_own, undoing

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def root(tmp_path):
    workspace(tmp_path, lines("a-1", "a-2"), config__yaml=b"issue-prefix: a\n")
    return tmp_path


def log(root):
    return (root / ".beads/issues.jsonl").read_bytes()


WRITES = [
    ("create", "New"),
    ("update", "a-1", "--title", "Other"),
    ("close", "a-1", "-r", "done"),
    ("close", "a-1", "a-2"),
    ("delete", "a-2", "--force"),
    ("dep", "add", "a-1", "a-2"),
    ("comments", "add", "a-1", "A remark"),
    ("label", "add", "a-1", "x"),
]


@pytest.mark.parametrize("words", WRITES, ids=lambda words: words[0])
def test_every_write_can_be_taken_back_byte_for_byte(root, words):
    before = log(root)
    bd(root, *words)
    after = log(root)
    assert after != before
    said = bd(root, "undo")
    assert said.out.startswith("✓ Undid #1  20")
    assert f"bd {words[0]}" in said.out
    assert log(root) == before
    bd(root, "undo", "2")  # what undid can be undone as well
    assert log(root) == after


def test_one_after_the_other_to_the_beginning(root):
    states = [log(root)]
    for title in ("one", "two", "three"):
        bd(root, "update", "a-1", "--title", title)
        states.append(log(root))
    for state in states[-2::-1]:
        bd(root, "undo")
        assert log(root) == state
    said = bd(root, "undo", code=1)
    assert "nothing to undo" in said.err
    assert "bd op log" in said.err


def test_a_number_names_one(root):
    bd(root, "update", "a-1", "--title", "one")
    bd(root, "update", "a-2", "--title", "two")
    for number in ("1", "#1"):
        answer = bd(root, "undo", number, "--dry-run", "--json").json
        assert answer["number"] == 1
    bd(root, "undo", "#1")
    titles = {issue["id"]: issue["title"] for issue in bd(root, "list", "--json").json}
    assert titles == {"a-1": "Title of a-1", "a-2": "two"}
    assert "undone already" in bd(root, "undo", "1", code=1).err
    assert "no operation 77" in bd(root, "undo", "77", code=1).err
    assert bd(root, "undo", "x", code=2).err
    assert bd(root, "undo", "-1", code=2).err


def test_an_undo_is_undone_by_its_number(root):
    bd(root, "create", "One")
    made = (root / ".beads/issues.jsonl").read_bytes()
    bd(root, "undo")
    (undone, *_) = bd(root, "op", "log", "--json").json
    bd(root, "undo", str(undone["number"]))
    assert (root / ".beads/issues.jsonl").read_bytes() == made


def test_what_has_changed_since_is_not_touched(root):
    bd(root, "update", "a-1", "--title", "one")
    bd(root, "update", "a-2", "--title", "two")
    bd(root, "undo", "1")
    bd(root, "update", "a-2", "--title", "three")
    before = log(root)
    said = bd(root, "undo", "2", code=1)
    moved = "a-2 has changed since operation 2 (operation 4, by ann): nothing was undone"
    assert moved in said.err
    assert log(root) == before
    dry = bd(root, "undo", "2", "--dry-run")
    assert "a-2 has changed since, so nothing would be undone" in dry.out
    assert bd(root, "undo", "2", "--dry-run", "--json").json["changed_since"] == ["a-2"]


def test_a_dry_run_shows_and_writes_nothing(root):
    bd(root, "update", "a-1", "--title", "Other", "-p", "0")
    before = tree(root, set())
    said = bd(root, "undo", "--dry-run")
    assert said.out.startswith("Would undo #1")
    assert "  a-1: restored\n" in said.out
    assert "  title: Other → Title of a-1\n" in said.out
    assert "  priority: 0 → 2\n" in said.out
    assert log(root) == before[".beads/issues.jsonl"][0]
    answer = bd(root, "undo", "--dry-run", "--json").json
    assert answer["dry_run"]
    assert answer["changes"] == [{"file": "issues.jsonl", "id": "a-1", "action": "restored"}]
    assert len(bd(root, "op", "log", "--json").json) == 1


def test_what_undo_does_to_each_record(root):
    id = bd(root, "create", "New", "--silent").out.strip()
    assert f"  {id}: removed" in bd(root, "undo", "--dry-run").out
    said = bd(root, "undo", "--json")
    assert said.json["changes"] == [{"file": "issues.jsonl", "id": id, "action": "removed"}]
    assert not said.err
    assert f"  {id}: brought back" in bd(root, "undo", "2").out


def test_markers_stop_it(root):
    bd(root, "update", "a-1", "--title", "one")
    held = log(root)
    (root / ".beads/issues.jsonl").write_bytes(b"<<<<<<< a\n" + held + b"=======\n>>>>>>> b\n")
    assert "bd resolve" in bd(root, "undo", code=1).err
    (root / ".beads/issues.jsonl").write_bytes(held)
    bd(root, "undo")


def test_read_only_mode(root):
    bd(root, "update", "a-1", "--title", "one")
    assert bd(root, "undo", "--readonly", code=1).err.startswith("Error: operation 'undo'")
    bd(root, "undo")


# Settings.

CONFIG = b"# status.custom: old\nissue-prefix: a  # ours\n\n#types.custom:\nno-push: true"


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
@pytest.mark.parametrize(
    "words",
    [
        ("set", "status.custom", "review"), ("set", "issue-prefix", "b"), ("set", "new.key", "x"),
        ("set", "no-push", "false"), ("set", "types.custom", "a,b"),
        ("set-many", "issue_prefix=b", "new.key=x", "other=y", "no-push=false"),
        ("unset", "issue_prefix"), ("unset", "no-push"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_settings_are_taken_back_byte_for_byte(root, words, end):
    path = root / ".beads/config.yaml"
    before = CONFIG + end if end != b"\r\n" else CONFIG.replace(b"\n", end) + end
    path.write_bytes(before)
    bd(root, "update", "a-1", "--title", "Earlier")
    bd(root, "config", *words)
    after = path.read_bytes()
    assert after != before
    assert bd(root, "undo", "--json").json["command"].startswith("bd config")
    assert path.read_bytes() == before
    bd(root, "undo", "3")
    assert path.read_bytes() == after
    bd(root, "undo")
    assert path.read_bytes() == before
    assert bd(root, "undo", "--json").json["number"] == 1


def test_a_setting_that_a_comment_names_too_is_unset_and_comes_back(root):
    path = root / ".beads/config.yaml"
    before = b"# no-push: false\nissue-prefix: a\nno-push: true\nx: y\n"
    path.write_bytes(before)
    bd(root, "config", "unset", "no-push")
    assert path.read_bytes() == before.replace(b"no-push: true\n", b"")
    bd(root, "undo")
    assert path.read_bytes() == before


def test_a_setting_that_changed_since_is_not_taken_back(root):
    path = root / ".beads/config.yaml"
    bd(root, "config", "set", "no-push", "true")
    path.write_bytes(path.read_bytes().replace(b"true", b"false"))
    said = bd(root, "undo", code=1)
    assert "no-push has changed since operation 1" in said.err
    assert "Hint: bd config get no-push; bd op log\n" in said.err


# The list.


def test_the_list_is_newest_first_and_marks_what_was_undone(root):
    assert bd(root, "op", "log").out == "No writes yet\n"
    bd(root, "update", "a-1", "--title", "one two")
    bd(root, "close", "a-1", "a-2", "--actor", "bob")
    bd(root, "undo", "--any")
    rows = bd(root, "op", "log").out.splitlines()
    stamp = r"\d{4}-\d\d-\d\d \d\d:\d\d"
    patterns = [
        rf"#3  {stamp}  ann  bd undo --any  \(2 records\)  \[undoes #2\]",
        rf"#2  {stamp}  bob  bd close a-1 a-2 --actor bob  \(2 records\)  \[undone\]",
        rf"#1  {stamp}  ann  bd update a-1 --title 'one two'  \(1 record\)",
    ]
    assert len(rows) == 3
    for row, pattern in zip(rows, patterns, strict=True):
        assert re.fullmatch(pattern, row)
    assert bd(root, "op").out == bd(root, "op", "log").out


def test_the_list_says_how_much_it_leaves_out(root):
    for number in range(23):
        bd(root, "update", "a-1", "--title", f"title {number}")
    rows = bd(root, "op", "log").out.splitlines()
    assert len(rows) == 21
    assert rows[-1] == "showing 20 of 23 (bd op log -n 0 shows all)"
    assert len(bd(root, "op", "log", "-n", "0").out.splitlines()) == 23
    assert bd(root, "op", "log", "-n", "2").out.startswith("#23")
    answer = bd(root, "op", "log", "-n", "2", "--json", "--envelope").json
    assert (answer["shown"], answer["total"]) == (2, 23)


def test_the_list_as_json(root):
    bd(root, "close", "a-1", "a-2")
    bd(root, "undo")
    newest, oldest = bd(root, "op", "log", "--json").json
    assert (newest["number"], newest["undone"]) == (2, False)
    assert newest["undoes"] == oldest["key"]
    assert (oldest["command"], oldest["records"], oldest["undone"]) == ("bd close a-1 a-2", 2, True)
    assert oldest["ids"] == ["a-1", "a-2"]
    assert oldest["at"].endswith("Z")


def test_what_was_typed_cannot_steer_the_terminal(root):
    bd(root, "update", "a-1", "--notes", "\x1b[31mred\nline\x1b[0m" + "x" * 200)
    rows = bd(root, "op", "log").out.splitlines()
    assert len(rows) == 1
    assert rows[0].isprintable()
    assert "…" in rows[0]


# One of them.


def test_show_names_the_fields(root):
    bd(root, "update", "a-1", "--title", "Other", "--notes", "N")
    said = bd(root, "op", "show", "#1")
    assert "a-1 (issues.jsonl): changed\n" in said.out
    assert "  title: Title of a-1 → Other\n" in said.out
    assert "  + notes: N\n" in said.out
    answer = bd(root, "op", "show", "1", "--json").json
    fields = {field["name"]: field for field in answer["changes"][0]["fields"]}
    assert fields["notes"] == {"name": "notes", "old": None, "new": "N"}
    assert set(fields) == {"title", "notes", "updated_at"}
    said = bd(root, "op", "show", "9", code=1)
    assert "there is no operation 9" in said.err


def test_differences_of_lines_that_are_no_records():
    assert differences(b'{"a":1}', b'{"a":1}') == []
    assert differences(b"{broken", None) == [("line", "{broken", None)]
    assert differences(None, json.dumps({"a": [1]}).encode()) == [("a", None, [1])]
    assert differences(b'{"a":1,"b":2}', b'{"b":3,"c":4}') == [
        ("b", 2, 3), ("c", None, 4), ("a", 1, None),
    ]  # fmt: skip


@pytest.mark.parametrize("config", [b"", b"issue-prefix: t\n"])
def test_a_record_that_was_taken_out_of_an_unsorted_log_comes_back_to_its_place(tmp_path, config):
    every = ("t-c", "t-a", "t-d", "t-b")
    for log in (lines(*every), lines(*every)[:-1]):
        folder = tmp_path / str(len(log))
        beads = workspace(folder, log, config__yaml=config)
        for ids in (["t-a"], ["t-d", "t-a"], ["t-c"], ["t-b"], ["t-b", "t-c", "t-d"]):
            bd(folder, "delete", *ids, "--force", "--hard")
            left = (beads / "issues.jsonl").read_bytes()
            assert [id for id in every if f'"{id}"'.encode() not in left] == sorted(
                ids, key=every.index
            )
            bd(folder, "undo")
            assert (beads / "issues.jsonl").read_bytes() == log, ids
    beads = workspace(tmp_path / "all", lines(*every), config__yaml=config)
    bd(tmp_path / "all", "delete", *every, "--force", "--hard")
    bd(tmp_path / "all", "undo")
    assert (beads / "issues.jsonl").read_bytes() == lines(*every)


def test_a_refused_undo_leads_to_what_has_changed(root):
    bd(root, "memory", "set", "a key", "One")
    bd(root, "undo")  # it can be done
    bd(root, "memory", "set", "a key", "One")
    first = bd(root, "op", "log", "--json").json[0]["number"]
    bd(root, "memory", "append", "a key", "Two")
    said = bd(root, "undo", str(first), code=1)
    assert "a key has changed since" in said.err
    assert "Hint: bd memory show 'a key'; bd op log\n" in said.err
    assert "Two" in bd(root, "memory", "show", "a key").out
    bd(root, "update", "a-1", "--title", "One")
    issue = bd(root, "op", "log", "--json").json[0]["number"]
    bd(root, "update", "a-1", "--title", "Two")
    assert "Hint: bd show a-1; bd op log\n" in bd(root, "undo", str(issue), code=1).err
    bd(root, "config", "set", "issue-prefix", "a")
    bd(root, "rename-prefix", "b")
    renamed = bd(root, "op", "log", "--json").json[0]["number"]
    config = root / ".beads" / "config.yaml"
    config.write_text(config.read_text().replace("issue-prefix: b", "issue-prefix: c"))
    assert (
        "Hint: bd config get issue-prefix; bd op log\n"
        in bd(root, "undo", str(renamed), code=1).err
    )


# Whose write.


def as_(session, actor="ann"):
    return {"BD_ACTOR": actor, "BD_SESSION": session}


def titles(root):
    return {issue["id"]: issue["title"] for issue in bd(root, "list", "--all", "--json").json}


def test_undo_takes_back_ones_own_write_and_leaves_those_of_others(root):
    bd(root, "update", "a-1", "--title", "ann's")
    bd(root, "update", "a-2", "--title", "bob's", "--actor", "bob")
    said = bd(root, "undo", "--json")
    assert (said.json["number"], said.json["actor"]) == (1, "ann")
    assert titles(root) == {"a-1": "Title of a-1", "a-2": "bob's"}
    said = bd(root, "undo", "--json", code=1)
    error = json.loads(said.err)
    assert error["code"] == "not-yours"
    assert error["error"] == (
        "no write of yours is left to undo; the last one, operation 2, was written by bob: "
        "nothing was undone"
    )
    assert error["hint"] == "bd op show 2; bd undo 2 --any"
    assert titles(root)["a-2"] == "bob's"
    bd(root, *error["hint"].partition("; bd ")[2].split())
    assert titles(root)["a-2"] == "Title of a-2"


def test_a_number_of_another_is_refused_with_the_name(root):
    bd(root, "update", "a-1", "--title", "ann's")
    bd(root, "update", "a-2", "--title", "bob's", "--actor", "bob")
    for dry in ([], ["--dry-run"]):
        said = bd(root, "undo", "2", *dry, code=1)
        assert "operation 2 was written by bob: nothing was undone" in said.err
        assert "Hint: bd op show 2; bd undo 2 --any\n" in said.err
    assert titles(root) == {"a-1": "ann's", "a-2": "bob's"}
    bd(root, "undo", "2", "--actor", "bob")
    assert titles(root) == {"a-1": "ann's", "a-2": "Title of a-2"}
    bd(root, "undo", "1", "--any", "--actor", "bob")
    assert titles(root)["a-1"] == "Title of a-1"


def test_sessions_of_one_actor_are_told_apart(root):
    bd(root, "update", "a-1", "--title", "one", env=as_("s1"))
    bd(root, "update", "a-2", "--title", "two", env={"BD_ACTOR": "ann", "CLAUDE_SESSION_ID": "s2"})
    rows = bd(root, "op", "log", "--json").json
    assert [(row["actor"], row["session"]) for row in rows] == [("ann", "s2"), ("ann", "s1")]
    said = bd(root, "undo", "2", code=1, env=as_("s1"))
    assert "operation 2 was written by another session of ann (s2): nothing was undone" in said.err
    assert bd(root, "undo", "--json", env=as_("s1")).json["number"] == 1
    assert "no write of yours is left to undo" in bd(root, "undo", code=1, env=as_("s1")).err
    assert titles(root) == {"a-1": "Title of a-1", "a-2": "two"}
    bd(root, "undo")  # who has no session is known by the name
    assert titles(root)["a-2"] == "Title of a-2"


def test_a_session_may_undo_what_its_actor_wrote_without_one(root):
    bd(root, "update", "a-1", "--title", "one")
    assert bd(root, "undo", "--json", env=as_("s1")).json["number"] == 1
    bd(root, "update", "a-1", "--title", "two", "--actor", "bob")
    bd(root, "undo", code=1, env=as_("s1"))


def test_who_changed_a_record_since_is_named(root):
    bd(root, "update", "a-1", "--title", "ann's")
    bd(root, "label", "add", "a-1", "x", "--actor", "bob")
    said = bd(root, "undo", code=1)
    assert "a-1 has changed since operation 1 (operation 2, by bob): nothing was undone" in said.err
    bd(root, "undo", "--actor", "bob")
    bd(root, "undo")
    assert log(root) == lines("a-1", "a-2")


def test_ones_last_write_that_another_took_back_is_not_passed_over(root):
    bd(root, "update", "a-1", "--title", "first")
    bd(root, "update", "a-2", "--title", "second")
    bd(root, "undo", "--any", "--actor", "bob")
    said = bd(root, "undo", code=1)
    assert "your last write, operation 2, was undone by bob already" in said.err
    assert titles(root) == {"a-1": "first", "a-2": "Title of a-2"}
    bd(root, "undo", "1")
    assert titles(root)["a-1"] == "Title of a-1"


def test_any_takes_back_the_last_write_of_all(root):
    bd(root, "update", "a-1", "--title", "ann's")
    bd(root, "update", "a-2", "--title", "bob's", "--actor", "bob")
    assert bd(root, "undo", "--any", "--dry-run", "--json").json["actor"] == "bob"
    assert bd(root, "undo", "--any", "--json").json["actor"] == "bob"
    assert bd(root, "undo", "--any", "--json").json["actor"] == "ann"
    assert "nothing to undo" in bd(root, "undo", "--any", code=1).err


NAMES = st.sampled_from(["ann", "bob"])
SESSIONS = st.sampled_from(["", "s1", "s2"])
WHO = st.builds(lambda name, session: Who(name, 0, session=session), NAMES, SESSIONS)


@st.composite
def histories(draw):
    """Writes of several, some of which take back an earlier one."""
    ops = []
    for number in range(1, draw(st.integers(0, 8)) + 1):
        undoes = draw(st.sampled_from(["", *(op.key for op in ops)]))
        ops.append(Op(
            number, f"k{number}", 0, ("bd",), draw(NAMES), (), undoes,
            session=draw(SESSIONS), missed=draw(st.booleans()) and not undoes,
        ))  # fmt: skip
    return ops


@given(histories(), WHO, st.none() | st.integers(1, 9))
def test_what_is_chosen_is_ones_own_and_counts(ops, who, number):
    try:
        op = choose(ops, number, who)
    except (Moved, NotYours):
        return
    assert is_own(op, who)
    assert op.key not in undoing(ops)
    assert not op.missed
    assert number in {None, op.number}
    if number is None:
        own = [one for one in ops if is_own(one, who) and not one.undoes]
        later = [one for one in own if one.number > op.number]
        undone = undoing(ops)
        assert all(one.key in undone and is_own(undone[one.key], who) for one in later)


@given(histories(), WHO)
def test_anyone_means_the_last_of_all(ops, who):
    able = [op for op in ops if not op.undoes and op.key not in undoing(ops)]
    try:
        assert choose(ops, None, who, anyone=True) == able[-1]
    except Moved:
        assert not able or able[-1].missed


@given(WHO, WHO)
def test_what_is_ones_own_is_the_same_from_both_sides(one, other):
    def wrote(who):
        return Op(1, "k", 0, (), who.name, (), session=who.session)

    assert is_own(wrote(one), one)
    assert is_own(wrote(one), other) == is_own(wrote(other), one)


# Many at once.

CROWD = """
import io, json, os, random, sys
from tracker.cli import main

session, rounds = sys.argv[1], int(sys.argv[2])
chance = random.Random(session)
env = {**os.environ, "BD_ACTOR": "ann", "BD_SESSION": session}

def bd(*words):
    out, err = io.StringIO(), io.StringIO()
    code = main(["bd", *words], env, io.StringIO(), out, err, os.getcwd())
    return code, out.getvalue(), err.getvalue()

for number in range(rounds):
    text = f"{session} {number}"
    if chance.random() < 0.5:
        done = bd("create", text, "--json")
    else:
        done = bd("comments", "add", chance.choice(["a-1", "a-2"]), text, "--json")
    assert done[0] == 0, done
    code, out, err = bd("undo", "--json") if chance.random() < 0.6 else (0, "", "")
    taken = json.loads(out) if out else None
    error = json.loads(err)["error"] if code else ""
    print(json.dumps([text, taken and [taken["session"], taken["command"]], error]), flush=True)
"""


def crowd(folder, sessions, rounds):
    beads = workspace(folder, lines("a-1", "a-2"), config__yaml=b"issue-prefix: a\n")
    running = [
        subprocess.Popen(
            [sys.executable, "-P", "-c", CROWD, f"s{number}", str(rounds)], cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for number in range(sessions)
    ]  # fmt: skip
    written, undone, refused = set(), set(), []
    for number, one in enumerate(running):
        out, err = one.communicate()
        assert one.returncode == 0, err
        for text, taken, error in map(json.loads, out.splitlines()):
            written.add(text)
            refused += [error] if error else []
            if taken:
                session, command = taken
                assert session == f"s{number}"
                undone.add(next(word for word in shlex.split(command) if word.startswith("s")))
    assert all("has changed since operation" in error for error in refused)
    held = (beads / "issues.jsonl").read_text()
    there = {text for text in written if json.dumps(text) in held}
    assert there == written - undone
    ops = {row["key"]: row for row in bd(folder, "op", "log", "-n", "0", "--json").json}
    took = [row for row in ops.values() if row.get("undoes")]
    assert len(took) == len(undone)
    assert all(row["session"] == ops[row["undoes"]]["session"] for row in took)
    assert len(ops) == len(written) + len(undone)
    return len(undone), len(refused)


def test_nobody_in_a_crowd_takes_back_the_write_of_another(tmp_path):
    undone, _ = crowd(tmp_path, 4, 10)
    assert undone > 5


@pytest.mark.deep
def test_nobody_in_a_large_crowd_takes_back_the_write_of_another(tmp_path):
    undone, refused = crowd(tmp_path, 16, 40)
    assert undone > 100
    assert refused


def unsorted(root):
    path = root / ".beads/issues.jsonl"
    path.write_bytes(b"".join(reversed(path.read_bytes().splitlines(keepends=True))))
    return ("fmt",)


def conflicted(root):
    path = root / ".beads/issues.jsonl"
    one, two = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"<<<<<<< ours\n" + one + b"=======\n" + two + b">>>>>>> theirs\n")
    return ("resolve",)


def left_over(root):
    (root / ".beads/beads.left.jsonl").write_bytes(lines("a-1", "a-2", "a-3"))
    return ("resolve", "--leftovers")


@pytest.mark.parametrize("prepare", [unsorted, conflicted, left_over])
def test_a_command_that_rewrites_whole_files_is_named_and_not_undone(root, prepare):
    bd(root, "update", "a-1", "--title", "Earlier")
    words = prepare(root)
    bd(root, *words)
    after = log(root)
    said = bd(root, "undo", code=1)
    assert f"operation 2 (bd {' '.join(words)}) rewrote whole files" in said.err
    assert "bd undo N" in said.err
    assert log(root) == after
    assert f"bd {words[0]}" in bd(root, "op", "log").out
    if prepare is not left_over:  # whose merge has changed that record since
        bd(root, "undo", "1")
        assert b"Earlier" not in log(root)


def test_a_command_that_rewrites_nothing_is_no_operation(root):
    bd(root, "fmt")  # the canonical form of the lines
    known = bd(root, "op", "log").out
    bd(root, "fmt")
    bd(root, "fmt", "--check")
    bd(root, "resolve", "--leftovers", "--dry-run")
    assert bd(root, "op", "log").out == known


def test_a_configuration_that_cannot_be_read_is_named_by_reads_and_writes(root, monkeypatch):
    from tracker import fileio

    assert bd(root, "list").code == 0
    real = fileio.read

    def read(path, *more, **named):
        if str(path).endswith("config.yaml"):
            raise PermissionError(13, "Permission denied", path)
        return real(path, *more, **named)

    monkeypatch.setattr(fileio, "read", read)
    before = log(root)
    for words in (("list",), ("create", "New"), ("close", "a-1")):
        assert "config.yaml cannot be read: Permission denied" in bd(root, *words, code=1).err
    assert log(root) == before
    assert "config.yaml" in bd(root, "doctor", code=1).out


@pytest.mark.parametrize(("state", "is_found"), [("done", False), ("open", True), ("back", True)])
def test_doctor_names_a_write_whose_note_is_open(root, state, is_found):
    from tracker.checks import doctor
    from tracker.workspace.discovery import find

    bd(root, "create", "New")
    journal = root / ".beads/.local/ops.jsonl"
    data = journal.read_bytes()
    assert data.endswith(b'"state": "done"}\n')
    journal.write_bytes(data.replace(b'"state": "done"', f'"state": "{state}"'.encode()))
    (found,) = doctor.interrupted(doctor.DoctorContext(find(str(root), {}), {}))
    assert (found.status == doctor.WARNING) is is_found
    assert ("interrupted" in found.message) is is_found
