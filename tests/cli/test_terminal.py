"""Comfort at a terminal: colours, tables, a pager, patience; and nothing of it for programs."""

from __future__ import annotations

import io
import json
import os
import re
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.render.test_issue_lines import row
from tests.support.repository import ROOT
from tracker.cli import terminal
from tracker.cli.terminal import Paged, Patience
from tracker.render import colour, tables
from tracker.text import Terminal, printable

CODES = re.compile(r"\x1b\[[0-9;]*m")
SCREEN = Terminal(80, 24, colour=True)


class Tty(io.StringIO):
    """A stream that somebody looks at."""

    def isatty(self):
        return True

    def fileno(self):
        raise OSError("there is no file")


def at_terminal(bd, *words, code=0, colours=True, **env):
    """What a person sees who types these words."""
    from tracker.cli import main

    out, err = Tty(), Tty()
    env = {**bd.env, **({"TERM": "xterm"} if colours else {}), "BD_NO_PAGER": "1", **env}
    found = main(["bd", *words], env, Tty(), out, err, str(bd.path), clock=bd.clock)
    assert found == code, out.getvalue() + err.getvalue()
    return out.getvalue(), err.getvalue()


def plain(text):
    return CODES.sub("", text)


@pytest.fixture
def shop(bd):
    edge = {"issue_id": "t-b", "depends_on_id": "t-a", "type": "blocks"}
    bd.write(
        bd.line("t-a", title="Fix the cart when it is restored on another device after a sale",
                priority=0, issue_type="bug", labels=["ui", "web"], assignee="ann"),
        bd.line("t-b", title="Evil \x1b[31mred\x07 \u202etext", dependencies=[edge],
                estimated_minutes=90, description="○ t-a ● P0 is quoted\nLABELS: none"),
        bd.line("t-c", status="closed", closed_at="2026-02-01T00:00:00Z"),
    )  # fmt: skip
    return bd


READS = [
    ["list"], ["list", "--all"], ["list", "--tree"], ["list", "--long"], ["ready"], ["blocked"],
    ["show", "t-b"], ["search", "t-"], ["stats"], ["dep", "tree", "t-b"], ["graph"],
    ["blocked", "--why", "t-b"], ["show", "t-b", "--short"],
]  # fmt: skip


@pytest.mark.parametrize("words", READS)
def test_a_terminal_gets_colours_and_the_same_words(shop, words):
    shown, _ = at_terminal(shop, *words)
    assert CODES.search(shown)
    bare, _ = at_terminal(shop, *words, NO_COLOR="1")
    assert bare == plain(shown)
    assert "\x1b" not in plain(shown)
    assert "\x07" not in shown
    assert "\u202e" not in shown


@pytest.mark.parametrize("words", READS)
def test_programs_get_plain_lines_as_ever(shop, words):
    told = shop(*words)
    assert "\x1b" not in told.out
    assert shop(*words, CLICOLOR_FORCE="0").out == told.out
    forced = shop(*words, CLICOLOR_FORCE="1").out
    assert CODES.search(forced)
    assert "\x1b" not in plain(forced)
    assert shop(*words, CLICOLOR_FORCE="1", NO_COLOR="1").err == told.err


def test_whoever_wants_no_colours_or_reads_as_a_program_gets_none(shop):
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}, {"CLICOLOR": "0"}, {"BD_AGENT_MODE": "1"}):
        assert "\x1b" not in at_terminal(shop, "list", **env)[0]
    assert json.loads(at_terminal(shop, "list", "--json")[0]) == shop("list", "--json").json
    agent = shop("list", BD_AGENT_MODE="1").out
    assert at_terminal(shop, "list", BD_AGENT_MODE="1")[0] == agent
    assert at_terminal(shop, "list", "--flat", NO_COLOR="1")[0] == shop("list").out
    assert at_terminal(shop, "ready", "--plain", NO_COLOR="1")[0] == shop("ready").out


def test_what_is_meant_for_programs_steers_no_terminal_either(shop):
    shop.write(shop.line("t-a", title="a\x9b31mb\u202ec\x7f"))
    for words in (["list", "--json"], ["show", "t-a", "--json"], ["export"]):
        shown, _ = at_terminal(shop, *words)
        piped = shop(*words).out
        assert "\x9b" in piped
        assert "\x9b" not in shown
        assert "\u202e" not in shown
        assert json.loads(shown) == json.loads(piped)
    shown, _ = at_terminal(shop, "graph", "--svg")
    assert "\x9b" not in shown


def test_remarks_and_errors_are_coloured_where_somebody_looks(shop):
    _, err = at_terminal(shop, "show", "t-none", code=1)
    assert err.startswith("\x1b[1;31mError:\x1b[0m no issue found")
    assert plain(err) == shop("show", "t-none", code=1).err
    _, err = at_terminal(shop, "list", "-n", "1")
    assert "\x1b[2mNote:\x1b[0m Showing 1 of 2" in err
    out, _ = at_terminal(shop, "update", "t-a", "-p", "1")
    assert out.startswith("\x1b[32m✓\x1b[0m Updated")
    out, _ = at_terminal(shop, "list", "--help")
    assert "\x1b[1mExamples:\x1b[0m" in out
    assert plain(out) == shop("list", "--help").out


@pytest.mark.parametrize("width", [20, 40, 60, 80, 160])
def test_a_table_fits_and_loses_no_word(shop, width):
    shown, _ = at_terminal(shop, "list", NO_COLOR="1", COLUMNS=str(width))
    from rich.cells import cell_len

    assert max(map(cell_len, shown.splitlines())) <= width
    squeezed = re.sub(r"\s", "", shown)
    assert all(word in squeezed for word in ("Fix", "restored", "another", "device", "sale"))
    assert "t-b" in squeezed
    assert ("bug" in shown) == (width >= 70)


@given(st.text())
def test_paint_changes_no_text(text):
    text = printable(text)
    assert plain(colour.painted(text)) == text
    assert plain(colour.remark(text)) == text
    assert plain(colour.helped(text)) == text


@given(st.text(), st.text(), st.lists(st.text(), max_size=3), st.integers(20, 200))
def test_a_table_shows_any_text_harmlessly(title, who, labels, width):
    shown = tables.issues(SCREEN._replace(width=width), [row(
        "t-a", title=title, assignee=who, labels=tuple(labels))])  # fmt: skip
    bare = plain(shown).replace("\n", "")
    assert printable(bare) == bare


def test_a_bar_has_its_whole_width():
    parts = [(1, "a", "red"), (0, "b", ""), (2, "c", "green")]
    bar = tables.bar(Terminal(40, 24, colour=False), parts).splitlines()
    assert bar == ["█" * 40, "■ 1 a  ■ 2 c"]
    assert tables.bar(SCREEN, [(0, "a", "red")]) == ""


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({}, ("less",)),
        ({"PAGER": "more -s"}, ("more", "-s")),
        ({"PAGER": "more", "BD_PAGER": "most"}, ("most",)),
        ({"PAGER": ""}, ()),
        ({"PAGER": "cat"}, ()),
        ({"BD_NO_PAGER": "1"}, ()),
        ({"PAGER": "'"}, ()),
        ({"TERM": "dumb"}, ()),
    ],
)
def test_which_pager(env, words):
    seen = terminal.terminal(Tty(), {"TERM": "xterm", **env}, paging=True)
    assert seen.pager == words
    assert terminal.terminal(Tty(), {"TERM": "xterm", **env}, paging=False).pager == ()
    assert terminal.terminal(io.StringIO(), {"TERM": "xterm", **env}, paging=True).pager == ()


def test_the_size_is_that_of_the_environment_where_it_says_one():
    seen = terminal.terminal(Tty(), {"COLUMNS": "123", "LINES": "45"}, paging=False)
    assert (seen.width, seen.height) == (123, 45)
    seen = terminal.terminal(Tty(), {"COLUMNS": "x", "LINES": "0"}, paging=False)
    assert (seen.width, seen.height) == (80, 24)


def keeper(path):
    """A pager that keeps what it is given."""
    return (
        f"{sys.executable} -c 'import sys; open(sys.argv[1], \"w\").write(sys.stdin.read())' {path}"
    )


def test_only_a_long_answer_goes_to_the_pager(shop, tmp_path):
    shop.write(*(shop.line(f"t-{at}") for at in range(40)))
    env = {"BD_NO_PAGER": "", "BD_PAGER": keeper(tmp_path / "seen"), "COLUMNS": "80"}
    out, err = at_terminal(shop, "list", "-n", "30", LINES="24", **env)
    assert out == ""
    seen = (tmp_path / "seen").read_text()
    assert "t-17" in seen
    assert "Showing 30 of 40" in err  # after the pager
    (tmp_path / "seen").unlink()
    assert "t-17" in at_terminal(shop, "list", LINES="100", **env)[0]
    assert "t-17" in at_terminal(shop, "list", "--no-pager", LINES="24", **env)[0]
    env["BD_PAGER"] = "no-such-program"
    assert "t-17" in at_terminal(shop, "list", LINES="24", **env)[0]
    assert not (tmp_path / "seen").exists()


def test_a_pager_that_is_left_early_is_no_failure(shop):
    shop.write(*(shop.line(f"t-{at}", title="x" * 400) for at in range(400)))
    pager = f"{sys.executable} -c 'import sys; sys.stdin.readline()'"
    out, _ = at_terminal(shop, "list", "--all", LINES="24", BD_NO_PAGER="", BD_PAGER=pager)
    assert out == ""


def test_errors_follow_what_was_held_back(shop):
    env = {"BD_NO_PAGER": "", "BD_PAGER": "no-such-program"}
    out, err = at_terminal(shop, "show", "t-a", "t-none", code=1, **env)
    assert "t-a" in out
    assert "no issue found" in err


def test_what_is_held_back_comes_in_order():
    out, err = Tty(), Tty()
    paged = Paged(out, err, {}, SCREEN._replace(pager=("no-such-program",)))
    paged.write("one\n")
    paged.aside("note\n")
    assert out.getvalue() == ""
    paged.end()
    assert (out.getvalue(), err.getvalue()) == ("one\n", "note\n")


@given(st.text(alphabet="ab\n\x1b[1m"), st.integers(1, 10))
def test_rows_are_counted_as_a_screen_shows_them(text, width):
    lines = CODES.sub("", text).split("\n")[:-1]
    assert terminal.rows(text, width) == sum(max(1, -(-len(line) // width)) for line in lines)


def test_what_takes_long_says_so_and_then_goes(monkeypatch):
    monkeypatch.setattr(terminal, "PATIENCE", 0.01)
    err = Tty()
    patience = Patience(err, "bd doctor")
    limit = time.monotonic() + 10
    while "bd doctor ..." not in err.getvalue():
        assert time.monotonic() < limit
        time.sleep(0.01)
    patience.stop()
    shown = err.getvalue()
    assert shown.endswith("\r\x1b[K")
    time.sleep(0.25)
    assert err.getvalue() == shown


def test_what_may_ask_at_the_terminal_is_announced_by_a_line(monkeypatch):
    monkeypatch.setattr(terminal, "PATIENCE", 0.01)
    err = Tty()
    patience = Patience(err, "bd sync", turns=False)
    limit = time.monotonic() + 10
    while not err.getvalue():
        assert time.monotonic() < limit
        time.sleep(0.01)
    time.sleep(0.15)
    patience.stop()
    assert err.getvalue() == "\rbd sync is at work ...\n\x1b[K"


def test_nobody_is_hurried_who_types(shop, monkeypatch):
    monkeypatch.setattr(terminal, "PATIENCE", 0.01)

    class Slow(Tty):
        def read(self, size=-1):
            time.sleep(0.2)
            return "One\n"

    from tracker.cli import main

    out, err = Tty(), Tty()
    env = {**shop.env, "TERM": "xterm"}
    words = ["bd", "create", "Two", "--stdin"]
    assert main(words, env, Slow(), out, err, str(shop.path), clock=shop.clock) == 0
    assert "at work" not in err.getvalue()
    assert "..." not in err.getvalue().partition("\r\x1b[K")[2]


def test_what_is_quick_says_nothing(shop):
    out, err = at_terminal(shop, "list")
    assert "..." not in err
    assert out


def test_a_real_terminal(shop):
    """The same through a pseudo-terminal of the system."""
    pty = pytest.importorskip("pty")
    parent, child = pty.openpty()
    pid = os.fork()
    if not pid:
        os.setsid()
        for number in (0, 1, 2):
            os.dup2(child, number)
        os.chdir(shop.path)
        env = {**shop.env, "TERM": "xterm", "PYTHONPATH": str(ROOT), "BD_NO_PAGER": "1"}
        os.execve(sys.executable, [sys.executable, "-P", "-m", "tracker", "ready"], env)
    os.close(child)
    seen = b""
    while True:
        try:
            piece = os.read(parent, 4096)
        except OSError:
            break
        if not piece:
            break
        seen += piece
    os.close(parent)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert "\x1b[36mt-a\x1b[0m" in seen.decode()


@pytest.mark.parametrize(
    ("words", "told", "program"),
    [
        (("label", "add", "t-a", "ui"), "Unchanged t-a: already has label ui", "✓ Added label"),
        (("label", "remove", "t-a", "x"), "Unchanged t-a: does not have label x", "✓ Removed"),
        (("tag", "t-a", "ui"), "Unchanged t-a: already has label ui", "✓ Added label"),
        (("dep", "add", "t-a", "t-b"), "Unchanged t-a: already depends on t-b (blocks)", "✓ Added"),
        (("update", "t-a", "-p", "1"), "Unchanged t-a: Cart", "✓ Updated issue: t-a"),
        (("priority", "t-a", "1"), "Unchanged t-a: Cart", "t-a"),
        (("reopen", "t-a"), "Unchanged t-a: Cart", "↻ Reopened t-a"),
    ],
)
def test_what_changed_nothing_says_so_at_a_terminal_and_in_json(bd, words, told, program):
    bd("init", "--prefix", "t")
    bd("create", "Cart", "--id", "t-a", "-p", "1")
    bd("create", "Till", "--id", "t-b")
    bd("dep", "add", "t-a", "t-b")
    first = bd("label", "add", "t-a", "ui", "--json").json
    assert "changed" not in first[0]
    log = (bd.path / ".beads" / "issues.jsonl").read_bytes()
    assert told in plain(at_terminal(bd, *words)[0])
    assert program in bd(*words).out
    document = bd(*words, "--json").json
    row = document[0] if isinstance(document, list) else document
    assert row["changed"] is False
    assert (bd.path / ".beads" / "issues.jsonl").read_bytes() == log


def test_what_changed_something_is_told_as_ever(bd):
    bd("init", "--prefix", "t")
    bd("create", "Cart", "--id", "t-a", "-p", "1")
    assert "✓ Updated issue: t-a" in plain(at_terminal(bd, "update", "t-a", "-p", "2")[0])
    assert "changed" not in bd("update", "t-a", "-p", "3", "--json").json[0]
    twice = bd("update", "t-a", "t-a", "-p", "4", "--json").json
    assert "changed" not in twice[0]
