"""Calls of the system that fail, under every command that writes: see `tests/support/faults.py`."""

from __future__ import annotations

import io
import os
import random

import click
import pytest

from tests.support.fault_cases import CASES, NOT_HIT
from tests.support.fault_matrix import command, measured
from tests.support.faults import CHANGES, ROOM, Bench, Broken, Case, Unusable, kinds_of
from tools import fault_table as page
from tracker.cli import program
from tracker.cli.session import Session

pytestmark = pytest.mark.unhurried

PLAIN = Case(("comment", "t-a", "hello"))
LOG, TEMPORARY = "work/.beads/issues.jsonl", ".issues.jsonl.db-tmp"


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    try:
        made = Bench(tmp_path_factory.mktemp("faults"))
    except Unusable as error:
        pytest.skip(str(error))
    yield made
    made.close()


# The tool itself: a fault happens where it is said to, and nowhere else.


def first(bench, kind, call, part, case=PLAIN):
    """The first fault of a case of that kind, that call and a path with that part."""
    return next(
        fault
        for fault in bench.faults(case)
        if (fault.kind, fault.call) == (kind, call) and part in fault.path
    )


def hit(bench, fault=None):
    """PLAIN run from its beginning, with a fault or without."""
    bench.begin(PLAIN)
    return bench.run(*PLAIN.words, at=50, fault=fault)


def numbers(run):
    return [number for number, (_, _, is_hit) in enumerate(run.calls, 1) if is_hit]


def test_without_a_fault_nothing_is_hit(bench):
    run = hit(bench)
    assert (run.code, run.err, numbers(run)) == (0, "", [])
    known = bench.known(PLAIN).calls
    assert [name for name, _, _ in run.calls] == [name for name, _, _ in known]
    assert bench.state(PLAIN) == bench.known(PLAIN).new


@pytest.mark.parametrize(
    ("kind", "call", "part", "says"),
    [
        ("EACCES", "open", LOG, "Permission denied"),
        ("ENOSPC", "write", TEMPORARY, "No space left on device"),
        ("EIO", "rename", LOG, "Input/output error"),
    ],
)
def test_one_call_fails_as_it_is_told_to(bench, kind, call, part, says):
    fault = first(bench, kind, call, part)
    run = hit(bench, fault)
    assert numbers(run) == [fault.number]
    assert run.code == 1
    assert says in run.err
    assert bench.state(PLAIN) == bench.known(PLAIN).old


def test_a_write_that_is_cut_short_goes_on(bench):
    run = hit(bench, first(bench, "short", "write", TEMPORARY))
    assert run.code == 0
    assert len(run.calls) == len(bench.known(PLAIN).calls) + 1  # for the other half
    assert bench.state(PLAIN) == bench.known(PLAIN).new


@pytest.mark.parametrize(
    ("call", "part", "state"), [("write", TEMPORARY, "old"), ("rename", LOG, "new")]
)
def test_a_process_is_killed_after_the_call(bench, call, part, state):
    fault = first(bench, "kill", call, part)
    run = hit(bench, fault)
    assert run.code == -9
    assert len(run.calls) == fault.number
    assert bench.state(PLAIN) == getattr(bench.known(PLAIN), state)


def test_a_full_disk_stays_full(bench):
    fault = first(bench, "full", "write", TEMPORARY)
    run = hit(bench, fault)
    later = run.calls[fault.number :]
    assert run.code == 1
    assert {name for name, _, is_hit in later if is_hit} <= ROOM
    assert [name for name, _, is_hit in later if name in ROOM and not is_hit] == []
    assert ("unlink", False) in [(name, is_hit) for name, _, is_hit in later]


def test_a_dead_disk_stays_dead(bench):
    fault = first(bench, "dead", "write", TEMPORARY)
    run = hit(bench, fault)
    assert run.code == 1
    assert numbers(run) == list(range(fault.number, len(run.calls) + 1))


def test_calls_that_change_something_can_be_survived_or_not():
    assert {"EIO", "EACCES", "kill", "dead"} <= set(kinds_of("rename"))
    assert {"EIO", "ENOSPC", "EINTR", "short", "full", "kill", "dead"} <= set(kinds_of("write"))
    assert kinds_of("stat64") == ["EIO", "EACCES"]  # killed here is killed after the one before
    assert all("kill" in kinds_of(call) for call in CHANGES)


def spoilt(bench, run, **changed):
    """PLAIN that failed, as `judged` would see it had it left or said something else."""
    fault = first(bench, "EIO", "rename", LOG)
    done = hit(bench, fault)
    assert bench.judged(PLAIN, fault, done).left == "old"
    done = hit(bench, fault)
    for path, text in changed.items():
        (bench.root / "work" / path.replace("__", "/")).write_text(text)
    return lambda: bench.judged(PLAIN, fault, done._replace(**run))


@pytest.mark.parametrize(
    ("run", "files", "why"),
    [
        ({"code": 0}, {}, "exit 0, and it is old"),
        ({"code": 3}, {}, "did not end well"),
        ({"code": -14}, {}, "did not end well"),
        ({"out": "Comment added to t-a\n"}, {}, "success was printed, and it is old"),
        ({}, {".beads/issues.jsonl": '{"id":"t-a","ti'}, "neither old nor new"),
        ({}, {".beads/issues.jsonl": ""}, "neither old nor new"),
        ({}, {".beads/memory.jsonl": ""}, "neither old nor new"),
        ({}, {".beads/.other.db-tmp1": "torn"}, "left behind"),
        ({}, {".beads/.local/ops.jsonl": ""}, ""),
    ],
)
def test_a_broken_promise_is_found(bench, run, files, why):
    judged = spoilt(bench, run, **files)
    if not why:  # an undo that is refused is honest
        assert judged().undone == "refused"
        return
    with pytest.raises(Broken, match=why):
        judged()


# What is hit.


def commands():
    """The names of every command that writes, aliases beside each other."""
    session = Session(["bd"], {}, stdin=None, stdout=io.StringIO(), stderr=io.StringIO(), cwd="/")
    found = {}

    def walk(group, context, words):
        for name in group.list_commands(context):
            one = group.get_command(context, name)
            if getattr(one, "writes", False) and not one.hidden:
                found.setdefault(one.callback, set()).add(" ".join([*words, name]))
            if isinstance(one, click.Group):
                walk(one, click.Context(one, parent=context, obj=session), [*words, name])

    root = program(session)
    walk(root, click.Context(root, obj=session), [])
    return list(found.values())


def test_every_command_that_writes_is_hit_or_says_why_not():
    cases = {command(case) for case in CASES}
    missing = [names for names in commands() if not names & (cases | NOT_HIT.keys())]
    assert missing == []
    assert not cases & NOT_HIT.keys()
    assert len({case.words + case.before for case in CASES}) == len(CASES)


# What was found by it and mended, each with the first call that it was found at.

FOUND = [
    # A lock that is released with an error made the command say that nothing was done.
    ("comment t-a hello", "EIO", "close", "log.lock", 0),
    ("memory append a/one One more line", "EIO", "close", "log.lock", 0),
    # Two settings were two writes, and undo knew of neither.
    ("config set-many a.b=1 a.c=2", "kill", "rename", "config.yaml", -9),
    ("config set status.custom review", "ENOSPC", "write", "config.yaml.db-tmp", 1),
    # What a writer left that died was never removed where it was not beside the log.
    ("setup claude", "kill", "create", ".CLAUDE.md.db-tmp", -9),
    ("setup codex", "dead", "write", ".AGENTS.md.db-tmp", 1),
    ("setup git", "EACCES", "unlink", ".init.json.db-tmp", 0),
    ("export -o out.jsonl", "kill", "write", ".out.jsonl.db-tmp", -9),
    ("merge-driver base ours theirs", "kill", "write", ".ours.db-tmp", -9),
    ("hooks install", "kill", "write", "pre-commit.db-tmp", -9),
    ("hooks uninstall", "EIO", "unlink", "post-merge.old.db-tmp", 0),
    # A folder that could not be looked at was said to hold no hook.
    ("hooks uninstall", "EACCES", "lstat64", "hooks/pre-commit", 1),
    # Half an entry stayed at the end of the file.
    ("audit record --kind tool_call --tool-name make", "full", "write", "interactions.jsonl", 1),
    # On a full disk undo did not know of a write that the journal had no room for.
    ("batch", "full", "write", "ops.jsonl", 1),
]


@pytest.mark.parametrize("found", FOUND, ids=str)
def test_what_was_found_stays_mended(bench, found):
    name, kind, call, part, code = found
    case = next(case for case in CASES if case.name == name)
    assert bench.outcome(case, first(bench, kind, call, part, case)).code == code


SEED = os.environ.get("BD_FAULT_SEED", "1")


def test_a_sample_of_all_faults_breaks_no_promise(bench):
    """A few commands by chance, and some of their calls; `make deep` hits every call of each."""
    cases = random.Random(SEED).sample(CASES, 4)
    found = measured(bench, cases, 10, SEED)
    assert found.broken == []
    hit = sum(
        n for row in found.rows.values() for kind in row["faults"].values() for n in kind.values()
    )
    assert hit == 40


@pytest.mark.deep
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_fault_of_any_call_breaks_a_promise(bench, case):
    assert measured(bench, [case]).broken == []


def test_the_table_counts_what_was_found():
    rows = {
        "close": {"calls": 9, "undo": {"this": 3, "refused": 1},
                  "faults": {"EIO": {"old": 2, "new": 1}, "kill": {"completed": 1}}},
        "fmt": {"calls": 4, "undo": {}, "faults": {"EIO": {"old": 5}}},
    }  # fmt: skip
    assert page.table(rows, ["kill", "EIO", "short"]).splitlines() == [
        "| command | calls | kill | EIO | undo |",
        "|---|---|---|---|---|",
        "| close | 9 | 0 / 0 / 1 | 2 / 1 | 1 refused, 3 this |",
        "| fmt | 4 |  | 5 / 0 |  |",
        "| **all** | | 1 | 8 | |",
    ]


def test_the_page_says_how_much_of_the_matrix_was_measured():
    assert page.Measured({}).extent == "Every call of every case was hit."
    assert page.Measured({}, 20, "1").extent == "A sample: 20 faults of each case, by seed 1."
