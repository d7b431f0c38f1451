"""What agents did: the log of events, what is told of a session, and the file that holds it."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from tracker.cli.argv import Flags
from tracker.cli.hooks.agent import read
from tracker.workspace import runs
from tracker.workspace.runs import KINDS, Event

SECOND = 10**9
TEXT = st.text(max_size=8)


def events():
    names = st.sampled_from(["s1", "s2"])
    tasks = st.sampled_from(["t-1", "task-2", ""])
    verdicts = st.sampled_from(["", "success", "failure", "mixed"])
    made = st.builds(
        Event, st.just(0), names, st.sampled_from(KINDS), task=tasks, text=TEXT,
        verdict=verdicts, file=TEXT, key=TEXT, code=st.sampled_from(["", "0", "1"]),
        keys=st.lists(TEXT, max_size=2).map(tuple),
    )  # fmt: skip
    return st.lists(made, max_size=12).map(
        lambda found: [one._replace(at=at * SECOND) for at, one in enumerate(found, 1)]
    )


@given(events())
def test_what_is_written_is_read_again(made):
    lines = b"".join(map(runs.encode, made)).splitlines()
    assert list(runs.decode(lines)) == made


@given(events())
def test_a_session_counts_its_own_events_and_no_other(made):
    own = [one for one in made if one.session == "s1"]
    run = runs.run("s1", made)
    assert run == runs.run("s1", own)
    counts = run.counts()
    for kind, name in (("edit", "edits"), ("note", "notes"), ("command", "commands")):
        assert counts[name] == sum(one.kind == kind for one in own)
    verdicts = ("success", "failure", "mixed", "unknown", "open")
    assert sum(counts[f"tasks_{name}"] for name in verdicts) == counts["tasks"]
    assert runs.run("s1", []).counts()["minutes"] == 0


@given(events())
def test_a_task_is_open_until_it_is_done(made):
    run = runs.run("s1", made)
    for task in run.tasks:
        last = [
            one.kind
            for one in made
            if one.session == "s1" and one.task == task.name and one.kind in {"task", "done"}
        ][-1]
        assert bool(task.ended) == (last == "done")


def test_the_task_that_is_meant_at_its_end():
    log = [
        Event(1, "s1", "task", task="task-aa", text="first", keys=("k1",)),
        Event(2, "s2", "task", task="named", text="elsewhere", keys=("k2",)),
        Event(3, "s1", "task", task="task-bb", text="second", keys=("k3",)),
    ]
    assert runs.begun("task-aa", "s1", log).keys == ("k1",)
    assert runs.begun("named", "s1", log).keys == ("k2",)
    assert runs.begun("bd-1", "s1", log).keys == ("k3",)  # the last that nobody named
    done = [*log, Event(4, "s1", "done", task="task-bb")]
    assert runs.begun("bd-1", "s1", done).keys == ("k1",)
    assert runs.begun("bd-1", "s3", log) is None


def test_a_damaged_line_is_left_out(tmp_path):
    local = str(tmp_path / ".local")
    assert runs.append_events(local, Event(1, "s1", "note", text="one"))
    with open(runs.path_in(local), "ab") as file:
        file.write(b'{"half":\n[]\n{"at":5,"session":"s1","kind":"note"}\n')
    assert runs.append_events(local, Event(2, "s1", "note", text="two"))
    assert [one.text for one in runs.read_events(local)] == ["one", "two"]


def test_the_log_stays_small_and_keeps_what_is_new(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "LIMIT", 2_000)
    local = str(tmp_path / ".local")
    for number in range(100):
        runs.append_events(local, Event(number + 1, "s1", "note", text=f"note {number}"))
    found = [one.text for one in runs.read_events(local)]
    assert found[-1] == "note 99"
    assert 5 < len(found) < 60
    assert found == [f"note {number}" for number in range(100 - len(found), 100)]


def test_what_cannot_be_written_is_no_failure(tmp_path):
    (tmp_path / ".local").write_text("no folder")
    assert not runs.append_events(str(tmp_path / ".local"), Event(1, "s1", "note"))
    assert runs.read_events(str(tmp_path / ".local")) == []


def test_a_session_that_was_restored_is_that_of_the_day(tmp_path):
    local = str(tmp_path)
    assert runs.resumed(local, 1) == ""
    runs.resume(local, "swarm-1", SECOND)
    assert runs.resumed(local, 3600 * SECOND) == "swarm-1"
    assert runs.resumed(local, 25 * 3600 * SECOND) == ""
    runs.leave(local, "another", 2 * SECOND)
    assert runs.resumed(local, 3 * SECOND) == "swarm-1"
    runs.leave(local, "swarm-1", 2 * SECOND)
    assert runs.resumed(local, 3 * SECOND) == ""
    (tmp_path / "session.json").write_text(json.dumps(["broken"]))
    assert runs.resumed(local, 1) == ""


# The words of a hook.


def words(*given, known="description task-id used* success? format?- operation- k", main=""):
    flags = Flags({})
    return read(given, known, main, flags), flags


def test_every_spelling_of_a_flag_is_the_same():
    for spelled in (
        ["--task-id", "T"], ["--task-id=T"], ["-t", "T"],
        ["--taskId", "T"], ["--taskId=T"], ["--task_id", "T"],
    ):  # fmt: skip
        found, _ = words(*spelled, "--success")
        assert found.values == {"task-id": "T", "success": True}, spelled


def test_yes_and_no_in_all_forms():
    for text, meant in (("true", True), ("1", True), ("yes", True), ("false", False), ("0", False),
                        ("no", False), ("False", False)):  # fmt: skip
        assert words("--success", text)[0].switch("success") is meant
        assert words(f"--success={text}")[0].switch("success") is meant
    found = words("--success", "fix the login", main="description")[0]
    assert (found.switch("success"), found.text("description")) == (True, "fix the login")
    assert words("--k", "3")[0].switch("success") is None


def test_flags_without_a_meaning_are_read_past():
    found, _ = words("--format", "true", "--operation", "edit", "--colour", "red", "--description",
                     "what", "--fast", "--k=5")  # fmt: skip
    assert found.values == {"description": "what", "k": "5"}
    assert found.unknown == ["--colour", "--fast"]


def test_texts_may_begin_with_a_dash_and_lists_may_be_repeated():
    found, _ = words("--description", "- an item", "--used", "a,b", "--used=c", "--", "--tail")
    assert found.text("description") == "- an item"
    assert found.lists["used"] == ["a", "b", "c"]
    assert words("--k", "-1")[0].text("k") == "-1"


def test_global_flags_are_known_anywhere():
    found, flags = words(
        "--description", "x", "--json", "--actor", "ann", "--lock-timeout=2m", "-q"
    )
    assert (flags.json, flags.actor, flags.lock_timeout, flags.quiet) == (True, "ann", 120.0, True)
    assert found.values == {"description": "x"}
    assert words("--help")[0].help


@given(st.lists(st.text(max_size=12)))
def test_any_words_are_read_without_an_error(given):
    read(given, "description task-id used* success?", "description", Flags({}))
