"""The frame of the command line, with commands made for the test."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import signal
import subprocess
import sys
import types
from pathlib import Path
from typing import NamedTuple

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tracker
from tests.house.test_house import every_command
from tracker import errors
from tracker.cli import ALIASES, COMMANDS, COMMON, main
from tracker.cli.argv import boolean, duration
from tracker.cli.command import (
    DURATION,
    PRIORITY,
    Command,
    Group,
    Listed,
    command,
    group,
    ignored,
    pass_session,
    priority,
)
from tracker.cli.memory import SECTIONS
from tracker.cli.session import HELD, Session
from tracker.text import one_line, printable

ROOT = Path(__file__).resolve().parents[2]
# Unbuffered streams would hide what happens when the last of the answer is handed over.
PROCESS = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": ""}


class Answer(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


def bd(*words, env=None, stdin="", cwd="/", program="bd"):
    out, err = io.StringIO(), io.StringIO()
    code = main([program, *words], env or {}, io.StringIO(stdin), out, err, str(cwd))
    return Answer(code, out.getvalue(), err.getvalue())


@pytest.fixture
def bare(monkeypatch):
    """A table with nothing in it but `version`."""
    for section in COMMANDS:
        monkeypatch.setitem(COMMANDS, section, {})
    monkeypatch.setitem(COMMANDS, "About", {"version": "about.version:version"})
    for alias in list(ALIASES):
        monkeypatch.delitem(ALIASES, alias)


@pytest.fixture
def install(bare, monkeypatch):
    """Put a command into the bare table, as a module of its own."""

    def put(made, *, section="Repository"):
        module = types.ModuleType(f"tracker.cli.trial_{made.name}")
        module.made = made
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(COMMANDS[section], made.name, f"trial_{made.name}:made")
        return made

    return put


@pytest.fixture
def trial(install):
    """`bd trial`: whatever the function that it is given does."""

    def put(function, **more):
        return install(command("trial", examples=["bd trial"], **more)(function))

    return put


@pytest.fixture
def echo(trial):
    """`bd trial [WORD...]` answers with what it was given, as one JSON document."""

    @click.argument("words", nargs=-1, metavar="TITLE...")
    @click.option("--title")
    @click.option("-d", "--description")
    @click.option("-p", "--priority", type=PRIORITY)
    @click.option("--lease", type=DURATION)
    @click.option("-l", "--labels", cls=Listed)
    @click.option("-f", "--force", is_flag=True)
    @click.option("-n", "--near", is_flag=True)
    @click.option("--pinned/--no-pinned", default=None)
    @click.option("--pair", nargs=2)
    @ignored("--mol-type", value=True)
    @ignored("--event", "-e")
    @pass_session
    def show(session, **given):
        flags = {name: getattr(session.flags, name) for name in session.flags.__slots__}
        said = {name: value for name, value in flags.items() if value is not None}
        session.emit({**given, "flags": {k: v for k, v in said.items() if v is not False}})

    return trial(show)


@pytest.fixture
def fails(trial):
    """`bd trial ID...`: every id that begins with "x" fails."""

    def act(id):
        if id == "lock":
            raise errors.Locked("the lock", 1)
        if id.startswith("x"):
            raise errors.NotFound(id, near=["bd-a1"])
        return id.upper()

    def put(json_errors):
        @click.argument("ids", nargs=-1)
        @pass_session
        def each(session, ids):
            done = session.each(ids, act)
            if session.json:
                session.emit(done)
            else:
                session.say(" ".join(done))

        trial(each, json_errors=json_errors)

    return put


# The table


def test_every_row_is_a_command_with_help_and_an_example():
    rows = [(name, where) for section in COMMANDS.values() for name, where in section.items()]
    assert ("version", "about.version:version") in rows
    for name, where in rows:
        module, _, attribute = where.partition(":")
        made = getattr(__import__(f"tracker.cli.{module}", fromlist=[attribute]), attribute)
        assert isinstance(made, Command), name
        assert made.name == name
        assert made.examples, f"bd {name} has no example"
        assert made.help, f"bd {name} says nothing about itself"
        if isinstance(made, Group):
            for inner in (made.get_command(None, sub) for sub in made.list_commands(None)):
                assert inner.examples, f"bd {name} {inner.name} has no example"
                assert inner.help, f"bd {name} {inner.name} says nothing about itself"


def test_no_name_stands_twice_and_every_alias_leads_somewhere():
    names = [name for section in COMMANDS.values() for name in section]
    assert len({*names, *ALIASES}) == len(names) + len(ALIASES)
    assert set(ALIASES.values()) <= set(names)


@pytest.mark.usefixtures("bare")
def test_an_alias_runs_its_command_and_is_listed_beside_it(monkeypatch):
    monkeypatch.setitem(ALIASES, "release", "version")
    assert bd("release").out == bd("version").out == "bd version 0.49.6 (tracker)\n"
    assert "version, release" in bd("help", "--all").out


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"], ["help", "--json"]])
def test_help_shows_the_daily_commands_in_four_groups_and_leads_to_the_rest(words):
    answer = bd(*words)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("Usage: bd [OPTIONS] COMMAND [ARGS]...\n")
    assert answer.out.endswith("\nbd help --all lists every command\n")
    at = [answer.out.index(f"\n{group}:\n  ") for group in ("Plan", "Work", "Remember", "Share")]
    assert at == sorted(at)
    assert "Plan:\n  create, new         Create an issue\n" in answer.out
    assert "-C, --directory DIR" in answer.out
    assert "--sandbox" not in answer.out
    assert "\n  count " not in answer.out


def test_daily_commands_are_about_fifteen_and_all_exist():
    daily = [name for names in COMMON.values() for name in names]
    assert 12 <= len(daily) <= 16
    assert len(set(daily)) == len(daily)
    assert set(daily) <= {name for rows in COMMANDS.values() for name in rows}


@pytest.mark.parametrize("words", [["help", "--all"], ["help", "--all", "--json"]])
def test_the_whole_help_shows_every_section(words):
    answer = bd(*words)
    assert (answer.code, answer.err) == (0, "")
    for section, rows in COMMANDS.items():
        assert f"\n{section}:\n" in answer.out or not section
        for name in rows if section else ():
            assert re.search(rf"^  {name}(,| )", answer.out, re.MULTILINE), name
    assert "help --all" not in answer.out
    assert "-C, --directory DIR" in answer.out


def test_the_line_of_every_command_is_short():
    shown = {name: command.get_short_help_str(limit=60) for name, command in every_command()}
    assert len(shown) > 150
    assert not {name: line for name, line in shown.items() if not 0 < len(line) <= 60}


def test_the_help_of_memory_shows_daily_verbs_first_and_those_of_claude_flow_last():
    lines = bd("memory", "--help").out.splitlines()
    headings = ["Daily use:", "Maintenance:", "Names of claude-flow:"]
    daily, more, claude_flow = map(lines.index, headings)
    assert daily < more < claude_flow
    verbs = [line.split()[0] for line in lines[daily + 1 : more] if line.startswith("  ")]
    assert verbs[:2] == ["set", "get"]
    assert len(verbs) == 12
    last = lines[claude_flow + 1 : lines.index("Examples:")]
    assert [line.split()[0] for line in last if line] == ["store", "retrieve", "delete", "clear"]
    every = [line.split()[0] for line in lines[daily:] if re.match(r"  [a-z]+ {2,}\S", line)]
    assert sorted(every) == sorted(name for rows in SECTIONS.values() for name in rows)


def test_help_of_a_command_wins_over_all():
    assert bd("help", "version", "--all") == bd("version", "--help")


def test_the_options_of_create_are_grouped():
    text = bd("create", "--help").out
    at = [text.index(f"\n{group}:\n  ") for group in ("Basics", "Planning", "Files", "Expert")]
    assert at == sorted(at)
    assert at[0] < text.index("  -p, --priority P") < at[1] < text.index("  --due WHEN") < at[2]
    assert at[2] < text.index("  --stdin ") < at[3] < text.index("  --idempotency-key")
    assert "\nOptions:" not in text


def test_a_section_without_name_works_and_is_not_listed(install):
    install(command("quietly", examples=["bd quietly"])(lambda: None), section="")
    assert bd("quietly") == Answer(0, "", "")
    assert "quietly" not in bd("help", "--all").out


@pytest.mark.parametrize("words", [["version", "--help"], ["help", "version"], ["version", "-h"]])
def test_a_command_shows_its_help_with_examples_and_one_line_of_global_flags(words):
    answer = bd(*words)
    assert (answer.code, answer.err) == (0, "")
    assert "Usage: bd version" in answer.out
    assert "Examples:\n  bd version\n  bd version --json\n" in answer.out
    assert "Global flags: --json, -C DIR" in answer.out


# The version


@pytest.mark.parametrize(
    ("program", "words", "line"),
    [
        ("bd", ["version"], "bd version 0.49.6 (tracker)"),
        ("/usr/bin/bd", ["--version"], "bd version 0.49.6 (tracker)"),
        ("bd", ["-V"], "bd version 0.49.6 (tracker)"),
        ("tracker", ["version"], "bd version 0.49.6 (tracker)"),
        ("/opt/bin/tracker", ["--version"], f"tracker {tracker.__version__}"),
    ],
)
def test_version_lines(program, words, line):
    assert bd(*words, program=program) == Answer(0, line + "\n", "")


def test_the_reported_version_can_be_another():
    env = {"BD_COMPAT_VERSION": "1.1.0"}
    assert bd("--version", env=env).out == "bd version 1.1.0 (tracker)\n"
    assert bd("version", "--json", env=env).json == {"version": "1.1.0", "build": "tracker"}
    assert bd("version", env={"BD_COMPAT_VERSION": ""}).out == "bd version 0.49.6 (tracker)\n"


# Unknown commands


@pytest.mark.usefixtures("bare")
def test_an_unknown_command_is_named_with_what_is_near():
    assert bd("version").code == 0
    answer = bd("versoin")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        'Error: unknown command "versoin" for "bd"\n\nDid you mean this?\n\tversion\n\n'
        "Run 'bd --help' for usage.\n"
    )


@pytest.mark.usefixtures("bare")
def test_an_unknown_command_far_from_all():
    assert bd("qqqq").err == (
        'Error: unknown command "qqqq" for "bd"\nRun \'bd --help\' for usage.\n'
    )


@pytest.mark.usefixtures("bare")
def test_an_unknown_command_as_json():
    answer = bd("vers", "--json")
    assert (answer.code, answer.out) == (2, "")
    assert json.loads(answer.err) == {
        "error": 'unknown command "vers" for "bd"',
        "code": "usage",
        "hint": "did you mean version?",
    }


# Global flags


@pytest.mark.parametrize(
    "words",
    [
        ["--actor", "ann", "trial", "a", "b", "-f"],
        ["trial", "--actor", "ann", "a", "b", "-f"],
        ["trial", "a", "--actor=ann", "-f", "b"],
        ["trial", "-f", "a", "b", "--actor", "ann"],
        ["--actor", "bob", "trial", "--actor", "carl", "-f", "a", "b", "--actor", "ann"],
    ],
)
@pytest.mark.usefixtures("echo")
def test_global_flags_stand_anywhere_and_the_last_one_wins(words):
    answer = bd(*words)
    assert (answer.code, answer.err) == (0, "")
    assert answer.json["flags"] == {"actor": "ann"}
    assert (answer.json["words"], answer.json["force"]) == (["a", "b"], True)


PLAIN = [["one"], ["two"], ["-f"], ["-d", "--json"], ["--title", "-q"], ["-l", "a,b"], ["--pinned"]]
SPRINKLED = [["--json"], ["-q"], ["--no-daemon"], ["--actor", "ann"], ["--sandbox"], ["-C=/"]]


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_global_flags_change_nothing_else(data):
    @click.argument("words", nargs=-1)
    @click.option("-d")
    @click.option("--title")
    @click.option("-l", cls=Listed)
    @click.option("-f", is_flag=True)
    @click.option("--pinned/--no-pinned")
    @pass_session
    def show(session, **given):
        seen.append(given)

    seen = []
    made = command("sprinkled", examples=["bd sprinkled"])(show)
    plain = data.draw(st.lists(st.sampled_from(PLAIN), max_size=6))
    mixed = list(plain)
    for flag in data.draw(st.lists(st.sampled_from(SPRINKLED), max_size=4)):
        mixed.insert(data.draw(st.integers(0, len(mixed))), flag)
    module = types.ModuleType("tracker.cli.trial_sprinkled")
    module.made = made
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, module.__name__, module)
        patch.setitem(COMMANDS[""], "sprinkled", "trial_sprinkled:made")
        for parts in (plain, mixed):
            answer = bd("sprinkled", *(word for part in parts for word in part))
            assert (answer.code, answer.err) == (0, "")
    assert seen[0] == seen[1]


@pytest.mark.usefixtures("echo")
def test_flags_that_beads_has_and_that_mean_nothing_are_accepted_silently():
    answer = bd(
        *("--sandbox", "--no-daemon", "trial", "--no-daemon", "--no-auto-flush", "--allow-stale"),
        *("--no-auto-import", "--no-db", "--profile", "--dolt-auto-commit", "on", "word"),
    )
    assert (answer.code, answer.err) == (0, "")
    assert answer.json["words"] == ["word"]
    assert answer.json["flags"] == {}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("2m", 120), ("500ms", 0.5), ("7", 7), ("1h30m", 5400), ("0", 0), ("1.5s", 1.5)],
)
@pytest.mark.usefixtures("echo")
def test_lock_timeout_in_seconds(text, seconds):
    assert bd("trial", "--lock-timeout", text).json["flags"] == {"lock_timeout": seconds}
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5s", "5 s", "5x", "s", "5s5", "nan", "1e3", "٣s"])
@pytest.mark.usefixtures("echo")
def test_what_is_no_duration(text):
    assert duration("5s") == 5
    with pytest.raises(ValueError, match="invalid duration"):
        duration(text)
    answer = bd("trial", f"--lock-timeout={text}")
    assert answer.code == 2
    assert f'--lock-timeout: invalid duration "{text}"' in answer.err
    assert "Invalid value for '--lease': invalid duration" in bd("trial", f"--lease={text}").err


def test_the_environment_speaks_where_no_flag_does(trial):
    @pass_session
    def show(session):
        session.say(f"{session.json} {session.flags.db} {session.lock_timeout}")

    trial(show)
    env = {"BD_JSON": "1", "BD_DB": "/a.db", "BD_LOCK_TIMEOUT": "2s"}
    assert bd("trial", env=env).out == "True /a.db 2.0\n"
    words = ["--json=false", "--db=/b.db", "--lock-timeout=3s"]
    assert bd("trial", *words, env=env).out == "False /b.db 3.0\n"
    assert bd("trial").out == "False None None\n"
    answer = bd("trial", env={"BD_LOCK_TIMEOUT": "soon"})
    assert (answer.code, answer.out) == (1, "")
    assert 'BD_LOCK_TIMEOUT: invalid duration "soon"' in answer.err


def test_a_command_may_have_an_option_of_the_same_name(trial):
    @click.option("--db", type=int)
    @click.option("-q", is_flag=True)
    @pass_session
    def show(session, db, q):
        session.say(f"{db} {q} {session.flags.db} {session.flags.quiet}")

    trial(show)
    assert bd("--db", "x.db", "trial", "--db", "7", "-q").out == "7 True x.db False\n"


# cobra's habits


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["-f=true"], {"force": True}),
        (["--force=1"], {"force": True}),
        (["--force=false"], {"force": False}),
        (["--force", "--force=0"], {"force": False}),
        (["--force=F", "--force=T"], {"force": True}),
        (["-fn"], {"force": True, "near": True}),
        (["-fn=false"], {"force": True, "near": False}),
        (["--pinned=true"], {"pinned": True}),
        (["--pinned=false"], {"pinned": False}),
        (["--no-pinned=false"], {"pinned": True}),
        (["--json", "--json=false"], {"flags": {}}),
        (["-d=text"], {"description": "text"}),
        (["-dtext"], {"description": "text"}),
        (["-d==x"], {"description": "=x"}),
        (["-d", "text"], {"description": "text"}),
        (["-fd", "text"], {"description": "text", "force": True}),
        (["--description="], {"description": ""}),
        (["--description=a=b"], {"description": "a=b"}),
        (["--description", "--force"], {"description": "--force", "force": False}),
        (["-d", "-"], {"description": "-"}),
        (["--pair", "-a", "-b"], {"pair": ["-a", "-b"]}),
        (["--pair=-a", "-b"], {"pair": ["-a", "-b"]}),
        (["a", "-f", "b"], {"words": ["a", "b"], "force": True}),
        (["a", "--", "-f", "--json"], {"words": ["a", "-f", "--json"], "force": False}),
        (["-", ""], {"words": ["-", ""]}),
        (["--lease", "30m"], {"lease": 1800}),
    ],
)
@pytest.mark.usefixtures("echo")
def test_words_are_read_as_cobra_reads_them(words, expected):
    answer = bd("trial", *words)
    assert (answer.code, answer.err) == (0, "")
    assert {name: answer.json[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--force=maybe"], "'--force' is true or false, not 'maybe'."),
        (["--json=maybe"], "'--json' is true or false, not 'maybe'."),
        (["--description"], "Option '--description' requires an argument."),
        (["-d"], "Option '-d' requires an argument."),
        (["--pair", "one"], "Option '--pair' requires an argument."),
        (["--actor"], "Option '--actor' requires an argument."),
    ],
)
@pytest.mark.usefixtures("echo")
def test_words_that_make_no_sense(words, message):
    assert bd("trial").code == 0
    answer = bd("trial", *words)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        f"Error: {message}\nUsage: bd trial [OPTIONS] TITLE...\nRun 'bd trial --help' for usage.\n"
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], None),
        (["-l", ""], []),
        (["-l", "a"], ["a"]),
        (["-l", " a , b,,", "--labels=c"], ["a", "b", "c"]),
        (["-l", "a", "-l", ""], ["a"]),
    ],
)
@pytest.mark.usefixtures("echo")
def test_lists_take_commas_and_repetition(words, expected):
    assert bd("trial", *words).json["labels"] == expected


def test_the_words_of_a_list_have_a_type(trial):
    @click.option("-p", "numbers", cls=Listed, type=priority)
    @pass_session
    def show(session, numbers):
        session.emit(numbers)

    trial(show)
    assert bd("trial", "-p", "P0,3").json == [0, 3]
    assert 'invalid priority "high"' in bd("trial", "-p", "1,high").err


@pytest.mark.parametrize("text", ["0", "4", "P0", "p3", " 2 "])
@pytest.mark.usefixtures("echo")
def test_priorities(text):
    assert bd("trial", "-p", text).json["priority"] == int(text.strip()[-1])


@pytest.mark.parametrize("text", ["high", "5", "-1", "P5", "", "PP1", "1.0", "٣"])
@pytest.mark.usefixtures("echo")
def test_what_is_no_priority_is_a_failure_as_in_beads(text):
    assert bd("trial", "-p", "1").code == 0
    answer = bd("trial", "-p", text)
    assert (answer.code, answer.out) == (1, "")
    said, *hint = answer.err.splitlines()
    assert said == f'Error: invalid priority "{text}": use 0 to 4 or P0 to P4'
    assert hint == (["Hint: did you mean P1?"] if text in {"high", "PP1"} else [])


@pytest.mark.usefixtures("echo")
def test_flags_that_mean_nothing_here_are_accepted_and_people_are_told():
    answer = bd("trial", "--mol-type", "swarm", "word", "-e", "--mol-type=x")
    assert (answer.code, answer.json["words"]) == (0, ["word"])
    assert answer.err == "Note: --mol-type, -e do nothing here\n"
    assert bd("trial", "--event").err == "Note: --event does nothing here\n"
    for flag in ("--json", "-q"):
        assert bd("trial", "--mol-type", "swarm", flag).err == ""
    assert "--mol-type" not in bd("trial", "--help").out


# Unknown options


@pytest.mark.parametrize(
    ("word", "message", "hint"),
    [
        ("--forse", "No such option '--forse'. Did you mean '--force'?", ""),
        ("--jsn", "No such option '--jsn'. Did you mean '--json'?", ""),
        ("-json", "No such option '-j'.", "did you mean --json?"),
        ("--dashes", "No such option '--dashes'.", "--title=--dashes"),
        ("--zzzz=it's", "No such option '--zzzz'.", "--title='--zzzz=it'\"'\"'s'"),
    ],
)
@pytest.mark.usefixtures("echo")
def test_unknown_options_are_met_with_what_may_be_meant(word, message, hint):
    answer = bd("trial", word)
    assert (answer.code, answer.out) == (2, "")
    first, *rest = answer.err.splitlines()
    assert first == f"Error: {message}"
    assert rest[-2:] == ["Usage: bd trial [OPTIONS] TITLE...", "Run 'bd trial --help' for usage."]
    assert [line for line in rest if line.startswith("Hint: ") and hint in line] == rest[:-2]
    assert bool(hint) == bool(rest[:-2])


@pytest.mark.usefixtures("echo")
def test_the_hint_for_a_title_with_a_dash_works():
    assert bd("trial", "--title=--dash title").json["title"] == "--dash title"


def test_the_hint_for_another_word_with_a_dash_works(trial):
    @click.argument("word")
    @pass_session
    def show(session, word):
        session.say(word)

    trial(show)
    assert "Hint: a word that begins with a dash: -- -5\n" in bd("trial", "-5").err
    assert bd("trial", "--", "-5").out == "-5\n"


@pytest.mark.parametrize("word", ["- the cause\n- the cure", "--dash title", "-x = 3", "-- so"])
@pytest.mark.usefixtures("echo")
def test_a_sentence_that_begins_with_a_dash_is_no_option(word):
    """Agents write lists, and no option has a blank in its name."""
    answer = bd("trial", "a", word, "-f", "--json").json
    assert (answer["words"], answer["force"]) == (["a", word], True)
    assert bd("trial", "-f", "--", word, "--force").json["words"] == [word, "--force"]
    assert bd("trial", "-x", word).code == 2


@pytest.mark.usefixtures("echo")
def test_wrong_usage_as_json():
    answer = bd("trial", "--forse", "--json")
    assert (answer.code, answer.out) == (2, "")
    assert json.loads(answer.err) == {
        "error": "No such option '--forse'. Did you mean '--force'?",
        "code": "usage",
        "hint": "bd trial --help",
    }
    assert answer.err.startswith("{\n  ")
    assert bd("trial", "--forse", "--", "--json").err.startswith("Error: ")


# Groups


@pytest.fixture
def dep(install):
    def put(**more):
        @group("dep", examples=["bd dep add a b"], **more)
        def dep():
            """Dependencies."""

        @dep.command("add", examples=["bd dep add a b"], writes=True)
        @click.argument("issue")
        @click.argument("target")
        @pass_session
        def add(session, issue, target):
            session.say(f"add {issue} {target} {session.json}")

        @dep.command("link", examples=["bd dep link a --blocks b"])
        @click.argument("issue", required=bool(more.get("strict", True)))
        @click.option("--blocks")
        @pass_session
        def link(session, issue, blocks):
            session.say(f"link {issue} {blocks} {session.json}")

        @dep.command("fail", examples=["bd dep fail"])
        def fail():
            raise errors.Invalid("no")

        install(dep)

    return put


@pytest.mark.parametrize(
    "words",
    [
        ["--json", "dep", "add", "a", "b"],
        ["dep", "--json", "add", "a", "b"],
        ["dep", "add", "a", "--json", "b"],
    ],
)
def test_global_flags_stand_anywhere_in_a_group(dep, words):
    dep()
    assert bd(*words) == Answer(0, "add a b True\n", "")


def test_a_group_without_default(dep):
    dep()
    assert bd("dep") == bd("dep", "--help") == bd("help", "dep")
    assert "Commands:\n  add" in bd("dep").out
    answer = bd("dep", "ad")
    assert answer.code == 2
    assert 'unknown command "ad" for "bd dep"\n\nDid you mean this?\n\tadd\n' in answer.err
    assert "Run 'bd dep --help' for usage." in answer.err
    assert bd("dep", "--blocks", "b", "a").code == 2


@pytest.mark.parametrize(
    "words", [["a", "--blocks", "b"], ["--blocks", "b", "a"], ["--json", "a", "--blocks=b"]]
)
def test_what_names_no_command_of_a_group_goes_to_its_default(dep, words):
    dep(default="link")
    assert bd("dep", *words) == Answer(0, f"link a b {'--json' in words}\n", "")
    assert bd("dep", "add", "a", "b").out == "add a b False\n"


def test_a_bare_group_shows_help_where_its_default_needs_words(dep):
    dep(default="link")
    assert "Usage: bd dep [OPTIONS] COMMAND" in bd("dep").out


def test_a_bare_group_runs_a_default_that_needs_no_words(install):
    @group("todo", examples=["bd todo"], default="list")
    def todo():
        """Things to do."""

    @todo.command("list", examples=["bd todo list"])
    @pass_session
    def listing(session):
        session.say("nothing to do")

    install(todo)
    assert bd("todo") == bd("todo", "list") == Answer(0, "nothing to do\n", "")


def test_the_commands_of_a_group_report_errors_where_the_group_does(dep):
    dep(json_errors="stdout")
    answer = bd("dep", "fail", "--json")
    assert (answer.code, answer.err) == (1, "")
    assert answer.json == {"error": "no", "code": "invalid"}


def test_a_command_that_writes_is_refused_when_only_reading_is_allowed(dep):
    dep()
    assert bd("dep", "add", "a", "b").out == "add a b False\n"
    for words, env in ((["--readonly"], {}), ([], {"BD_READONLY": "true"})):
        answer = bd("dep", "add", "a", "b", *words, env=env)
        assert (answer.code, answer.out) == (1, "")
        assert "operation 'dep add' is not allowed in read-only mode" in answer.err
    assert bd("dep", "link", "a", "--readonly").code == 0


# Errors


def boom(error):
    @pass_session
    def act(session):
        raise error

    return act


def test_a_failure_in_text(trial):
    trial(lambda: None)
    assert bd("trial") == Answer(0, "", "")
    trial(boom(errors.NotFound("x\x1b[31m1", near=["bd-a1"])))
    assert bd("trial") == Answer(
        1, "", 'Error: no issue found matching "x1"\nHint: did you mean bd-a1?\n'
    )
    trial(boom(errors.Invalid("bad")))
    assert bd("trial") == Answer(1, "", "Error: bad\n")


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_failure_as_json_goes_where_the_command_says(trial, stream):
    trial(boom(errors.NotFound("x1", near=["bd-a1"])), json_errors=stream)
    answer = bd("trial", "--json")
    text, other = (answer.out, answer.err) if stream == "stdout" else (answer.err, answer.out)
    assert (answer.code, other) == (1, "")
    assert text == (
        '{\n  "error": "no issue found matching \\"x1\\"",\n'
        '  "code": "not-found",\n  "hint": "did you mean bd-a1?"\n}\n'
    )


def test_there_is_never_a_second_document_on_stdout(trial):
    @pass_session
    def act(session):
        session.emit({"done": 1})
        raise errors.Invalid("too late")

    trial(act, json_errors="stdout")
    answer = bd("trial", "--json")
    assert (answer.code, answer.json) == (1, {"done": 1})
    assert json.loads(answer.err)["error"] == "too late"


def test_all_of_several_ids_are_tried(fails):
    fails("stdout")
    assert bd("trial", "a", "b") == Answer(0, "A B\n", "")
    answer = bd("trial", "x1", "a", "x2", "b")
    assert (answer.code, answer.out) == (1, "A B\n")
    assert answer.err == (
        'Error: no issue found matching "x1"\nError: no issue found matching "x2"\n'
        "Hint: did you mean bd-a1?\n"
    )


def test_all_of_several_ids_as_json(fails):
    fails("stdout")
    answer = bd("trial", "x1", "a", "--json")
    assert (answer.code, answer.json) == (1, ["A"])
    assert json.loads(answer.err) == {
        "error": 'no issue found matching "x1"',
        "code": "not-found",
        "hint": "did you mean bd-a1?",
        "failed": [
            {"error": 'no issue found matching "x1"', "code": "not-found", "id": "x1"},
        ],
    }


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_where_every_id_fails_that_is_the_answer(fails, stream):
    fails(stream)
    assert bd("trial", "x1").err.startswith('Error: no issue found matching "x1"\n')
    answer = bd("trial", "x1", "x2", "--json")
    text, other = (answer.out, answer.err) if stream == "stdout" else (answer.err, answer.out)
    assert (answer.code, other) == (1, "")
    assert json.loads(text)["code"] == "not-found"
    assert [entry["id"] for entry in json.loads(text)["failed"]] == ["x1", "x2"]
    assert "failed" not in bd("trial", "x1", "--json").out + bd("trial", "x1", "--json").err


def test_what_stands_in_the_way_of_every_id_is_met_once(fails):
    fails("stderr")
    answer = bd("trial", "a", "lock", "b", "lock")
    assert (answer.code, answer.out) == (1, "A\n")
    assert answer.err.count("Error: ") == 1


def test_a_bug_is_called_one(trial):
    trial(boom(KeyError("gone\x1b[2J")))
    answer = bd("trial")
    assert (answer.code, answer.out) == (3, "")
    lines = answer.err.splitlines()
    assert lines[0] == "Error: KeyError: 'gone\\x1b[2J'"
    assert lines[-3].startswith("  at ")
    assert "test_command.py" in lines[-3]
    assert str(ROOT) not in answer.err
    assert lines[-2].startswith(f"This is a bug in tracker {tracker.__version__}, Python 3")
    assert lines[-1] == "Hint: BD_DEBUG=1 prints the whole traceback"
    whole = bd("trial", env={"BD_DEBUG": "1"})
    assert whole.err.startswith("Traceback (most recent call last):")
    assert whole.code == 3


def test_a_bug_as_json(trial):
    trial(boom(ZeroDivisionError()), json_errors="stdout")
    answer = bd("trial", "--json")
    assert (answer.code, answer.err) == (3, "")
    assert answer.json["error"] == "ZeroDivisionError"
    assert answer.json["code"] == "bug"


@pytest.mark.parametrize(
    ("number", "code"), [(errno.EACCES, 1), (errno.ENOSPC, 1), (errno.EBADF, 3)]
)
def test_the_state_of_the_machine_is_no_bug(trial, number, code):
    trial(boom(OSError(number, os.strerror(number), "some/file")))
    answer = bd("trial")
    assert answer.code == code
    assert os.strerror(number) in answer.err
    assert ("This is a bug" in answer.err) == (code == 3)


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt(), 130), (click.Abort(), 130)])
def test_an_interruption_is_quiet(trial, error, code):
    trial(boom(error))
    assert bd("trial") == Answer(code, "", "")


def test_a_command_chooses_its_exit_code(trial):
    @pass_session
    def act(session):
        session.say("two warnings")
        session.code = 1

    trial(act)
    assert bd("trial") == Answer(1, "two warnings\n", "")


class Full(io.StringIO):
    """A stream whose disk is full, or whose reader has gone."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def write(self, text):
        raise self.error


@pytest.mark.parametrize("json_errors", ["stdout", "stderr"])
def test_an_answer_that_cannot_be_written_is_a_failure(trial, json_errors):
    trial(lambda: click.get_current_context().obj.say("text"), json_errors=json_errors)
    err = io.StringIO()
    full = Full(OSError(errno.ENOSPC, "No space left on device"))
    assert main(["bd", "trial", "--json"], {}, None, full, err, "/") == 1
    assert json.loads(err.getvalue())["error"] == "cannot write the answer: No space left on device"


def test_a_failure_that_nobody_can_be_told_is_still_one(trial):
    trial(boom(errors.Invalid("bad")), json_errors="stdout")
    assert main(["bd", "version"], {}, None, Full(BrokenPipeError()), None, "/") == 0
    assert main(["bd", "trial", "--json"], {}, None, Full(BrokenPipeError()), None, "/") == 1
    assert main(["bd", "trial"], {}, None, None, Full(BrokenPipeError()), "/") == 1


# The answer


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, größe ✓ 👩‍🚀\u00a0\u3000", None),
        ("two\n\tlines\n", None),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b2Jgone", "gone"),
        ("\x1b]never ended", "never ended"),
        ("\x1bcreset \x1b(B", "reset "),
        ("bell\x07 back\x08 del\x7f nul\x00 nel\x85", "bell back del nul nel "),
        ("over\rwritten\r\n", "over written\n"),
        ("\u202egnp\u202c.\u2066x\u2069", r"\u202egnp\u202c.\u2066x\u2069"),
        ("half \ud83d pair", "half \ufffd pair"),
    ],
)
def test_text_of_others_cannot_steer_a_terminal(trial, text, shown):
    shown = text if shown is None else shown
    assert printable(text) == shown
    assert one_line(text) == shown.replace("\n", " ")

    trial(lambda: click.get_current_context().obj.say(text))
    assert bd("trial").out == shown + "\n"


@given(st.text())
def test_printable_text_holds_nothing_that_steers(text):
    safe = printable(text)
    assert printable(safe) == safe
    assert "\x1b" not in safe
    assert "\n" not in one_line(text)
    safe.encode()


def test_styled_text_of_ours_is_left_alone(trial):
    trial(lambda: click.get_current_context().obj.say("\x1b[1mbold\x1b[0m", styled=True))
    assert bd("trial").out == "\x1b[1mbold\x1b[0m\n"


def test_warnings_and_notes(trial):
    @pass_session
    def act(session):
        session.note("nobody asked")
        session.warn("line 3 of the log is not JSON")

    trial(act)
    assert bd("trial").err == "Note: nobody asked\nWarning: line 3 of the log is not JSON\n"
    assert bd("trial", "--json").err == "Warning: line 3 of the log is not JSON\n"
    assert bd("trial", "-q").err == ""


def test_json_is_printed_as_beads_prints_it(trial):
    value = [{"id": "bd-a1", "title": "größe <b> & \ud800 \x1b", "labels": [], "n": 10**30}]
    trial(lambda: click.get_current_context().obj.emit(value))
    answer = bd("trial", "--json")
    assert answer.out == (
        '[\n  {\n    "id": "bd-a1",\n    "title": "größe <b> & \\ud800 \\u001b",\n'
        '    "labels": [],\n    "n": 1000000000000000000000000000000\n  }\n]\n'
    )
    assert answer.json == value


def fragment(value):
    return json.dumps(value, indent=2, ensure_ascii=False).replace("\n", "\n  ")


@pytest.mark.parametrize("count", [0, 1, 3])
@pytest.mark.parametrize("flags", [[], ["--envelope"]])
@pytest.mark.parametrize("total", [None, 7])
def test_ready_made_objects_make_the_same_document(trial, count, flags, total):
    rows = [{"id": f"bd-{n}", "labels": ["a\nb"], "none": {}} for n in range(count)]

    trial(lambda: click.get_current_context().obj.emit(rows, total=total))
    plain = bd("trial", "--json", *flags)
    trial(lambda: click.get_current_context().obj.emit_raw(map(fragment, rows), total=total))
    assert bd("trial", "--json", *flags) == plain
    if flags:
        shown = {"total": total if total is not None else count, "shown": count}
        assert plain.json == {"data": rows, **shown}
    else:
        assert plain.json == rows


def test_an_object_has_no_envelope(trial):
    trial(lambda: click.get_current_context().obj.emit({"id": "bd-a1"}))
    assert bd("trial", "--json", "--envelope").json == {"id": "bd-a1"}


# What a command asks for


def test_text_from_files_and_the_standard_input(trial, tmp_path):
    @click.argument("name")
    @pass_session
    def act(session, name):
        session.emit(session.read(name))

    trial(act)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "notes.md").write_bytes("\ufeffgröße\n".encode())
    (tmp_path / "latin.md").write_bytes("größe".encode("latin-1"))
    assert bd("trial", "-", stdin="from a pipe\n").json == "from a pipe\n"
    assert bd("trial", "sub/notes.md", cwd=tmp_path).json == "größe\n"
    assert bd("-C", "sub", "trial", "notes.md", cwd=tmp_path).json == "größe\n"
    for name, why in (("none.md", "No such file"), ("latin.md", "not UTF-8"), ("sub", "folder")):
        answer = bd("trial", name, cwd=tmp_path)
        assert (answer.code, answer.out) == (1, "")
        assert f"Error: cannot read {name}: " in answer.err
        assert why in answer.err


@pytest.fixture
def git(tmp_path, monkeypatch):
    """A work tree whose identity is ann, and a `git` that counts how often it is started."""
    calls = tmp_path / "calls"
    real = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout
    bin = tmp_path / "bin"
    bin.mkdir()
    (bin / "git").write_text(f'#!/bin/sh\necho x >> {calls}\nexec {real.strip()} "$@"\n')
    (bin / "git").chmod(0o755)
    env = {
        "PATH": f"{bin}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "GIT_CONFIG_NOSYSTEM": "1",
        "USER": "login",
    }
    for name, person in (("mine", "Ann"), ("other", "Eve")):
        folder = tmp_path / name
        folder.mkdir()
        for words in (
            ["init", "-q"],
            ["config", "user.name", f"{person} Example"],
            ["config", "user.email", f"{person.lower()}@example.com"],
        ):
            subprocess.run(["git", *words], cwd=folder, env=env, check=True)
    calls.unlink()
    return env, tmp_path, lambda: calls.read_text().count("x") if calls.exists() else 0


def who(trial):
    @pass_session
    def act(session):
        session.say(f"{session.actor} <{session.owner}> {session.session_id}".strip())

    trial(act)


def test_one_git_process_tells_who_is_asking(trial, git):
    env, folder, calls = git
    who(trial)
    assert bd("version", env=env, cwd=folder / "mine").code == 0
    assert calls() == 0
    assert bd("trial", env=env, cwd=folder / "mine").out == "Ann Example <ann@example.com>\n"
    assert calls() == 1


def test_a_hook_of_another_repository_does_not_change_who_is_asking(trial, git):
    env, folder, _ = git
    who(trial)
    env["GIT_DIR"] = str(folder / "other" / ".git")
    assert bd("trial", env=env, cwd=folder / "mine").out == "Ann Example <ann@example.com>\n"
    del env["GIT_DIR"]
    assert bd("trial", env=env, cwd=folder / "other").out == "Eve Example <eve@example.com>\n"


def test_names_given_on_purpose_come_before_git(trial, git):
    env, folder, calls = git
    who(trial)
    given = {**env, "BEADS_ACTOR": "second", "GIT_AUTHOR_EMAIL": "a@b.c", "BD_SESSION": "s1"}
    assert bd("trial", env=given, cwd=folder / "mine").out == "second <a@b.c> s1\n"
    given["BD_ACTOR"] = "first"
    assert bd("trial", env=given, cwd=folder / "mine").out == "first <a@b.c> s1\n"
    assert bd("trial", "--actor", "flag", env=given, cwd=folder).out == "flag <a@b.c> s1\n"
    assert calls() == 0


def test_without_git_the_login_name_stands(trial, git, tmp_path):
    env, folder, _ = git
    who(trial)
    assert bd("trial", env=env, cwd=folder / "mine").out.startswith("Ann")
    empty = {**env, "PATH": str(tmp_path / "none"), "CLAUDE_SESSION_ID": "c1"}
    assert bd("trial", env=empty, cwd=folder / "mine").out == "login <> c1\n"
    del empty["USER"]
    assert bd("trial", env=empty, cwd=tmp_path / "gone").out == "unknown <> c1\n"


def test_the_workspace_is_looked_for_only_when_asked(trial, tmp_path):
    @pass_session
    def act(session):
        session.say(session.place.root)

    trial(act)
    (tmp_path / ".beads").mkdir()
    (tmp_path / ".beads" / "issues.jsonl").write_text("")
    (tmp_path / "deep").mkdir()
    assert bd("trial", cwd=tmp_path / "deep").out == f"{tmp_path}\n"
    assert bd("-C", str(tmp_path), "trial").out == f"{tmp_path}\n"
    nowhere = bd("trial", "--json", cwd="/")
    assert nowhere.code == 1
    assert json.loads(nowhere.err)["code"] == "no-workspace"


def test_clock_and_nonce_are_the_callers():
    given = Session(
        ["bd"], {}, stdin=None, stdout=None, stderr=None, cwd="/", clock=lambda: 5, nonce=lambda: 7
    )
    assert (given.clock(), given.nonce()) == (5, 7)
    own = Session(["bd"], {}, stdin=None, stdout=None, stderr=None, cwd="/")
    assert own.clock() > 10**18
    assert 0 <= own.nonce() < 2**64
    assert own.nonce() != own.nonce()


@pytest.mark.parametrize(
    ("text", "value"), [("1", True), ("True", True), (" f ", False), ("0", False), ("yes", None)]
)
def test_booleans_as_go_reads_them(text, value):
    assert boolean(text) is value


# Whole processes

SCRIPT = """
import signal, sys, time, types
import click
from tracker.cli import COMMANDS, run
from tracker.cli.command import command, pass_session

# A shell that runs the tests in the background has its children ignore the interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
module = types.ModuleType("tracker.cli.trial")
sys.modules["tracker.cli.trial"] = module

@command("flood", examples=["bd flood"])
@pass_session
def flood(session):
    for number in range(200_000):
        session.say(f"line {number}")

@command("wait", examples=["bd wait"])
@pass_session
def wait(session):
    session.say("waiting")
    session.flush()
    time.sleep(60)

@command("parrot", examples=["bd parrot"])
@click.argument("word")
@pass_session
def parrot(session, word):
    session.say(f"{word} {session.read('-')} ✓")
    session.note(word)

for made in (flood, wait, parrot):
    setattr(module, made.name, made)
    COMMANDS[""][made.name] = f"trial:{made.name}"
sys.exit(run())
"""


@pytest.fixture
def start(tmp_path):
    """Start a process of `bd`; it is gone when the test is."""
    script = tmp_path / "bd.py"
    script.write_text(SCRIPT)
    started = []

    def go(*words, env=None, **more):
        process = subprocess.Popen(
            [sys.executable, str(script), *words],
            env={**PROCESS, **(env or {})},
            stderr=subprocess.PIPE,
            **{"stdout": subprocess.PIPE, **more},
        )
        started.append(process)
        return process

    yield go
    for process in started:
        process.kill()
        process.communicate()


def test_a_reader_that_has_seen_enough_is_no_error(start):
    process = start("flood")
    assert process.stdout.readline() == b"line 0\n"
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(30) == 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
@pytest.mark.parametrize("words", [["flood"], ["version"], ["version", "--json"]])
def test_a_full_disk_is_an_error(start, words):
    assert start("version").wait(30) == 0
    with open("/dev/full", "w") as full:
        process = start(*words, stdout=full)
        assert b"cannot write the answer: No space left on device" in process.stderr.read()
        assert process.wait(30) == 1


def test_a_long_answer_and_a_flushed_one_are_not_held_back():
    out = io.StringIO()
    session = Session(["bd"], {}, stdin=None, stdout=out, stderr=io.StringIO(), cwd="/")
    session.hold()
    session.say("short")
    assert out.getvalue() == ""
    session.flush()
    assert out.getvalue() == "short\n"
    session.hold()
    session.say("x" * HELD)
    assert out.getvalue() == f"short\n{'x' * HELD}\n"


def test_an_interrupt_from_the_keyboard_is_quiet(start):
    process = start("wait")
    assert process.stdout.readline() == b"waiting\n"
    process.send_signal(signal.SIGINT)
    assert process.stderr.read() == b""
    assert process.wait(30) == 130


@pytest.mark.parametrize(
    "locale",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1:strict"},
    ],
)
def test_everything_is_utf8_whatever_the_locale(start, locale):
    process = start("parrot", "größe", env=locale, stdin=subprocess.PIPE)
    out, err = process.communicate("→ ß".encode(), timeout=30)
    assert out.decode() == "größe → ß ✓\n"
    assert err.decode() == "Note: größe\n"
    assert process.returncode == 0


def test_it_runs_as_a_module_and_in_a_folder_that_is_gone(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    done = subprocess.run(
        ["sh", "-c", f'rmdir "{gone}"; exec "{sys.executable}" -P -m tracker version'],
        cwd=gone,
        env=PROCESS,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"bd version 0.49.6 (tracker)\n", b"")


def loaded(code):
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        env=PROCESS,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.splitlines()[-1].split())


def test_version_loads_click_and_the_frame_alone():
    run = "import sys; sys.argv[1:] = ['version']\nfrom tracker.cli import run; run()"
    more = loaded(run) - loaded("import click")
    frame = {"about", "about.version", "argv", "command", "session", "terminal"}
    assert more == {"gc", "tracker", "tracker.cli", "tracker.errors", "tracker.text"} | {
        "tracker.version", *(f"tracker.cli.{module}" for module in frame)
    }  # fmt: skip
