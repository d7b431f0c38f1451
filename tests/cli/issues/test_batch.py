"""`bd batch`: a script of commands is one write and one undo, or nothing."""

from __future__ import annotations

import io
import json
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.cli import COMMANDS as EVERY
from tracker.cli.issues import batch
from tracker.errors import Invalid
from tracker.interchange.script import ScriptLine, named, read, short_form


def words_of(text):
    return [list(line.words) for line in read(text)]


# Scripts.


def test_words_are_those_of_a_shell():
    text = (
        "# a comment\n"
        "\n"
        "create 'one two' \"it's\" a\\ b # the rest\n"
        '  bd note t-1 "two\nlines"\n'
        "create long \\\n  --priority 1\n"
        "close t-1 -r 'no # comment'\r\n"
        "create a#b"
    )
    assert [(line.number, list(line.words)) for line in read(text)] == [
        (3, ["create", "one two", "it's", "a b"]),
        (4, ["note", "t-1", "two\nlines"]),
        (6, ["create", "long", "--priority", "1"]),
        (8, ["close", "t-1", "-r", "no # comment"]),
        (9, ["create", "a#b"]),
    ]


@given(st.lists(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=4), max_size=4))
def test_whatever_is_quoted_comes_back(commands):
    import shlex

    commands = [["note", *words] for words in commands]
    text = "".join(f"{shlex.join(words)}\n" for words in commands)
    if not any(set("\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029") & set(text)):
        assert words_of(text) == commands
    assert words_of(json.dumps(commands) if commands else "[]") == commands


@pytest.mark.skipif(subprocess.run(["sh", "-c", "true"], check=False).returncode != 0, reason="sh")
def test_a_shell_agrees():
    text = 'set -- a\\ b "c\\"d" \'e\\f\' g\\\\h "i $j" k#l # m\nprintf "%s\\n" "$@"\n'
    done = subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=True)
    ours = words_of(text.splitlines()[0])[0][2:]
    assert [w.replace("$j", "") for w in ours] == done.stdout.splitlines()


def test_names_stand_for_ids_where_a_word_begins():
    line = ScriptLine(
        1, ("create", "mail a@e", "--deps", "@e,blocks:@e", "@e", "@ee", "--parent=@e")
    )
    assert named(line, {"e": "t-1"}).words == (
        "create", "mail a@e", "--deps", "t-1,blocks:t-1", "t-1", "@ee", "--parent=t-1",
    )  # fmt: skip


def test_the_words_of_beads_1():
    assert short_form(["create", "bug", "P1", "Fix", "it"]) == [
        "create", "Fix it", "--type", "bug", "--priority", "P1",
    ]  # fmt: skip
    assert short_form(["create", "bug", "1", "x", "-l", "y"])[1] == "bug"
    assert short_form(["update", "t-1", "status=closed", "title=a=b"]) == [
        "update", "t-1", "--status=closed", "--title=a=b",
    ]  # fmt: skip
    assert short_form(["update", "t-1", "t-2"]) == ["update", "t-1", "t-2"]
    assert short_form(["close", "t-1", "done", "at last"]) == [
        "close", "t-1", "--reason", "done at last",
    ]  # fmt: skip
    for ids in (["t-1", "t-2"], ["t-1", "a1b"], ["t-1"]):
        assert short_form(["close", *ids]) == ["close", *ids]


def test_json_scripts():
    text = '["create A", ["note", "t-1", 5], {"command": "dep add", "args": ["@a", "t-1"]}, ""]'
    assert words_of(text) == [["create", "A"], ["note", "t-1", "5"], ["dep", "add", "@a", "t-1"]]
    assert read('[{"command": "q", "args": ["x"], "as": "a"}]')[0].name == "a"
    for text in ('[{"args": []}]', "[5]", '["create \'A"]'):
        with pytest.raises(Invalid, match="element 1 is no command"):
            read(text)
    with pytest.raises(Invalid, match="no JSON array"):
        read("[")


# The command.

PLAN = """\
# the shop
epic = create "Checkout" -t epic --silent
cart = create bug 1 Cart total is wrong
update @cart --parent @epic --add-label ui
tax = create "Show tax" --parent @epic --deps @cart
comment @cart "coupons twice"
close @cart -r "fixed"
"""


def test_a_script_is_one_write_and_one_undo(bd):
    bd.write(bd.line("t-1"))
    before = bd.file.read_bytes()
    said = bd("batch", stdin=PLAN)
    assert said.err == ""
    assert said.out.endswith("✓ 6 commands, 3 issues changed in one write (bd undo)\n")
    issues = {issue["title"]: issue for issue in bd.issues()}
    cart, tax = issues["Cart total is wrong"], issues["Show tax"]
    assert (cart["issue_type"], cart["priority"], cart["status"]) == ("bug", 1, "closed")
    assert (cart["labels"], cart["comments"][0]["text"]) == (["ui"], "coupons twice")
    assert [e["depends_on_id"] for e in tax["dependencies"]] == [
        issues["Checkout"]["id"], cart["id"],
    ]  # fmt: skip
    assert len(bd("op", "log", "--json").json) == 1
    bd("undo")
    assert bd.file.read_bytes() == before


def test_json_gives_the_results(bd):
    answer = bd("batch", "--json", stdin=PLAN).json
    assert (answer["commands"], answer["changed"], answer["dry_run"]) == (6, 3, False)
    assert answer["results"][1]["line"] == 3
    assert answer["results"][1]["command"][:2] == ["create", "Cart total is wrong"]
    assert answer["results"][1]["result"]["priority"] == 1
    assert answer["results"][5]["result"][0]["close_reason"] == "fixed"


@pytest.mark.parametrize(
    ("bad", "why", "code"),
    [
        ("close t-nope", "no issue found", 1),
        ("update t-1 --priority 9", "invalid priority", 1),
        ("close t-2 t-nope", "no issue found", 1),
        ("create", "title required", 1),
        ("create A --bogus", "No such option '--bogus'", 1),
        ("list", "'list' cannot be part of a batch", 1),
        ("undo", "cannot be part of a batch", 1),
        ("dep list t-1", "cannot be part of a batch", 1),
        ("create 'A", "a quotation is not closed", 1),
        ("x = close t-2", "", 0),
        ("x = label list t-1", "creates no issue", 1),
    ],
)
def test_an_error_names_the_line_and_nothing_is_written(bd, bad, why, code):
    bd.write(bd.line("t-1"), bd.line("t-2"))
    before = bd.file.read_bytes()
    said = bd("batch", stdin=f"create First\n\n{bad}\n", code=code)
    if code:
        assert "line 3: " in said.err
        assert why in said.err
        assert said.out == ""
        assert bd.file.read_bytes() == before
        assert bd("batch", "--json", stdin=f"create First\n\n{bad}\n", code=1).error["error"]
    else:
        assert len(bd.issues()) == 3


def test_a_dry_run_tells_and_writes_nothing(bd):
    said = bd("batch", "--dry-run", stdin=PLAN)
    assert "✓ Created issue: t-" in said.out
    assert said.out.endswith("⚠ [DRY RUN] 6 commands would change 3 issues\n")
    assert bd.file.read_bytes() == b""
    assert bd("batch", "--dry-run", "--json", stdin=PLAN).json["dry_run"] is True


def test_every_command_of_a_script_works_in_one(bd):
    """No command that is let in asks what only the written log could answer."""
    scripts = {
        "assign": "assign t-1 bob", "close": "close t-1 --suggest-next", "comment": "comment t-1 x",
        "comments": "comments add t-1 x", "create": "create X --parent t-1 --dry-run",
        "defer": "defer t-1 --until +2d", "delete": "delete t-1 --force --cascade",
        "dep": "dep t-1 --depends-on t-2", "duplicate": "duplicate t-1 --of t-2",
        "label": "label add t-1 t-2 x", "link": "link t-1 t-2", "note": "note t-1 x",
        "priority": "priority t-1 0", "q": "q X", "relate": "relate t-1 t-2",
        "reopen": "reopen t-3 --reason x", "restore": "restore t-4",
        "set-state": "set-state t-1 dim=value", "supersede": "supersede t-1 --with t-2",
        "tag": "tag t-1 x", "todo": "todo add X", "undefer": "undefer t-5",
        "unrelate": "unrelate t-6 t-7", "update": "update t-1 --claim",
    }  # fmt: skip
    assert scripts.keys() == batch.COMMANDS
    assert {name for rows in EVERY.values() for name in rows} >= batch.COMMANDS

    def tied(one, other):
        edge = {"issue_id": one, "depends_on_id": other, "type": "relates-to"}
        return bd.line(one, dependencies=[edge])

    log = [
        bd.line("t-1"), bd.line("t-2"),
        bd.line("t-3", status="closed", closed_at="2026-01-01T00:00:00Z"),
        bd.line("t-4", status="tombstone"), bd.line("t-5", status="deferred"),
        tied("t-6", "t-7"), tied("t-7", "t-6"),
    ]  # fmt: skip
    for script in scripts.values():
        bd.write(*log)
        before = bd.file.read_bytes()
        bd("batch", "--json", stdin=f"{script}\ncreate Also\n")
        assert bd.file.read_bytes() != before, script


def test_what_a_line_leaves_the_next_one_sees(bd):
    bd(
        "batch",
        stdin="create A --id t-a\nclose -r done\nreopen t-a\nnote t-a x\ncreate B --deps t-a",
    )
    assert bd.issue("t-a")["notes"] == "x"
    assert bd("batch", stdin="create C --id t-c\ncreate D --id t-c", code=1).err.startswith(
        "Error: line 2: create D --id t-c: issue t-c already exists"
    )
    bd("batch", stdin="create C --id t-c --silent\n")
    bd("note", "t-c", "by its full id")
    bd("update", "--priority", "0")
    assert bd.issue("t-c")["priority"] == 0, "it was the last one touched"


def test_a_claim_in_a_script_has_one_winner(bd):
    bd.write(bd.line("t-1"), bd.line("t-2"))
    script = "update t-1 --claim\nupdate t-2 --claim\n"
    bd("batch", "--actor", "ann", stdin=script)
    assert bd.issue("t-1")["assignee"] == "ann"
    said = bd("batch", "--actor", "bob", stdin=script, code=1)
    assert "line 1: update t-1 --claim: t-1: issue already claimed by ann" in said.err


def test_files_and_nothing_at_all(bd):
    (bd.path / "s.txt").write_text("create A\n")
    bd("batch", "s.txt")
    bd("batch", "-f", "s.txt", "-m", "ignored")
    assert len(bd.issues()) == 2
    assert "0 commands, 0 issues" in bd("batch", stdin="# nothing\n").out
    assert bd("batch", "--json", stdin="").json["results"] == []
    assert "cannot read nope" in bd("batch", "nope", code=1).err

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    assert "no script" in bd("batch", stdin=Terminal(), code=1).err
    assert "read-only mode" in bd("batch", "--readonly", stdin="create A", code=1).err


def test_a_thousand_commands(bd):
    bd.write(*(bd.line(f"t-{n}") for n in range(300)))
    script = 'e = create "Epic" -t epic\n' + "".join(
        f'create "Task {n}" --parent @e\nnote t-{n % 300} "{n}"\n' for n in range(500)
    )
    assert "✓ 1001 commands, 801 issues changed" in bd("batch", stdin=script).out
    assert len(bd.issues()) == 801
    epic = next(one["id"] for one in bd.issues() if one["title"] == "Epic")
    assert bd.issue(f"{epic}.500")["title"] == "Task 499"
    assert bd.issue("t-1")["notes"] == "1\n301"
    undone = bd("undo").out
    assert "(801 records)" in undone
    assert "and 781 more" in undone
    assert len(bd.issues()) == 300
