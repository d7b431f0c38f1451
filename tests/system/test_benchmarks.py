"""The generated logs are what the benchmarks claim, and the figures are what was measured."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections import Counter
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from benchmarks import branches, generate, run, workspace
from benchmarks.run import Budget, Row
from tracker.log.issue_codec import decode, encode
from tracker.log.issue_log import Log
from tracker.model.issue import BLOCKING, BLOCKS, PARENT
from tracker.model.timestamps import instant

ROOT = Path(__file__).resolve().parents[2]
COUNT = 3000

FAKE = """#!/bin/sh
echo "$* cache=$(test -e .beads/beads.db && echo warm || echo cold)" \
    "log=$(cksum < .beads/issues.jsonl | tr ' ' -)" >> ../calls
: > .beads/beads.db
case "$1" in
    version) echo "bd version 0.0 (fake)" ;;
    ready|show|list|stats|create|update|close|import) ;;
    comments) test ! -e ../broken || { echo "the disk is full" >&2; exit 1; } ;;
    *) echo "Error: No such command '$1'." >&2; exit 2 ;;
esac
"""


@pytest.fixture(scope="module")
def data():
    return generate.log(COUNT)


@pytest.fixture(scope="module")
def issues(data):
    return [decode(line) for line in data.splitlines()]


@pytest.fixture
def bd(tmp_path):
    path = tmp_path / "bin" / "bd"
    path.parent.mkdir()
    path.write_text(FAKE)
    path.chmod(0o755)
    return path


@pytest.fixture
def place(tmp_path, bd, monkeypatch):
    monkeypatch.setattr(workspace, "SETTLED", 0.0)
    scratch = workspace.Workspace(tmp_path / "scratch", bd, 200)
    yield scratch
    scratch.close()


def calls(place):
    return [line.split(" cache=") for line in (place.root / "calls").read_text().splitlines()]


# The generator


def test_the_same_seed_gives_the_same_bytes_in_every_process():
    wanted = hashlib.sha256(generate.log(200)).hexdigest()
    assert hashlib.sha256(generate.log(200)).hexdigest() == wanted
    for salt in ("1", "2"):
        ran = subprocess.run(
            [sys.executable, "-m", "benchmarks.generate", "200"],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": salt},
            capture_output=True,
            check=True,
        )
        assert hashlib.sha256(ran.stdout).hexdigest() == wanted
    assert generate.log(200, seed=2) != generate.log(200)


def test_lines_are_canonical_sorted_and_without_problems(data):
    lines = data.splitlines()
    assert [encode(decode(line)) for line in lines] == lines
    ids = [generate.identity(line).encode() for line in lines]
    assert ids == sorted(set(ids))
    assert len(ids) == COUNT
    log = Log(data)
    assert log.problems == ()
    assert log.is_sorted


def cyclic(edges):
    sorter = TopologicalSorter()
    for one, other in edges:
        sorter.add(one, other)
    try:
        sorter.prepare()
    except CycleError:
        return True
    return False


def test_blocking_edges_form_no_cycle_and_mostly_go_to_older_issues(issues):
    edges = [
        (issue.id, edge.depends_on_id)
        for issue in issues
        for edge in issue.dependencies
        if edge.type in BLOCKING
    ]
    assert not cyclic(edges)
    assert cyclic([*edges, (edges[0][1], edges[0][0])])
    born = {issue.id: instant(issue.created_at) for issue in issues}
    blocks = [
        (issue.id, edge.depends_on_id)
        for issue in issues
        for edge in issue.dependencies
        if edge.type == BLOCKS
    ]
    assert {target for _, target in edges} <= born.keys()
    older = sum(born[target] < born[source] for source, target in blocks)
    assert 0.8 * len(blocks) < older < len(blocks)


def test_proportions_are_those_of_real_logs(data, issues):
    assert 750 < len(data) / COUNT < 1100
    statuses = Counter(issue.status for issue in issues)
    bounds = {
        "closed": (0.57, 0.67),
        "open": (0.20, 0.30),
        "in_progress": (0.03, 0.07),
        "tombstone": (0.03, 0.07),
    }
    for status, (low, high) in bounds.items():
        assert low < statuses[status] / COUNT < high, status
    assert 0.015 < (statuses["blocked"] + statuses["deferred"]) / COUNT < 0.05
    assert 1.8 < sum(len(issue.labels) for issue in issues) / COUNT < 2.2
    assert 0.45 < sum(bool(issue.dependencies) for issue in issues) / COUNT < 0.55
    types = Counter(edge.type for issue in issues for edge in issue.dependencies)
    assert set(types) == {
        BLOCKS, PARENT, "conditional-blocks", "waits-for", "related", "discovered-from",
    }  # fmt: skip
    assert {issue.priority for issue in issues} == {0, 1, 2, 3, 4}
    for name in ("comments", "metadata", "due_at", "defer_until", "design", "notes", "assignee"):
        assert 0 < sum(bool(getattr(issue, name)) for issue in issues) < COUNT / 2, name
    sizes = sorted(len(line) for line in data.splitlines())
    assert sizes[COUNT // 10] < 600
    assert sizes[-COUNT // 100] > 2000


def test_closing_fields_and_parents_agree_with_the_record(issues):
    by_id = {issue.id: issue for issue in issues}
    assert any("." in id for id in by_id)
    for issue in issues:
        assert bool(issue.closed_at) == bool(issue.close_reason) == (issue.status == "closed")
        assert bool(issue.deleted_at) == (issue.status == "tombstone")
        assert instant(issue.created_at) <= instant(issue.updated_at)
        assert issue.parent == issue.id.rpartition(".")[0]
        assert not issue.parent or by_id[issue.parent].issue_type == "epic"


@pytest.mark.parametrize(("share", "gone"), [(0.01, 29), (0.05, 143), (0.0001, 1)])
def test_edited_changes_the_stated_share(data, share, gone):
    """Of n changed lines a twentieth is removed, and as many are new."""
    after = generate.edited(data, share)
    old, new = set(data.splitlines()), set(after.splitlines())
    assert (len(old - new), len(new - old)) == (gone, gone)
    before = {issue.id: issue for issue in map(decode, old - new)}
    now = {issue.id: issue for issue in map(decode, new - old)}
    few = round(COUNT * share) - gone if gone > 1 else 0
    assert len(now.keys() - before.keys()) == len(before.keys() - now.keys()) == few
    for id in now.keys() & before.keys():
        assert instant(now[id].updated_at) > instant(before[id].updated_at)
    assert Log(after).is_sorted
    assert generate.edited(data, share) == after
    assert generate.edited(data, share, seed=7) != after


def test_branches_change_the_base_apart(data):
    base, ours, theirs = generate.branches(data, 0.05)
    assert base == data
    sets = [set(side.splitlines()) for side in (base, ours, theirs)]
    mine, other = ({generate.identity(line) for line in side - sets[0]} for side in sets[1:])
    known = {generate.identity(line) for line in sets[0]}
    assert len(mine) == len(other) == 143
    assert mine & other
    assert not (mine - known) & (other - known)


def test_memories_are_sorted_and_have_unique_keys():
    lines = generate.memories(50).splitlines()
    keys = [json.loads(line)["key"] for line in lines]
    assert keys == sorted(set(keys))
    assert len(keys) == 50
    assert generate.memories(50).splitlines() == lines


# The figures


def test_ratio_is_of_the_medians():
    assert run.ratio([30.0, 500.0, 20.0], [10.0, 9.0, 90.0]) == 3.0


def test_budgets_above_ten_thousand_stand_or_grow():
    assert [Budget(6, 12).at(size) for size in (1000, 10_000, 100_000)] == [6, 6, 12]
    assert [Budget(60, None).at(size) for size in (1000, 10_000, 100_000)] == [60, 60, 600]


def test_table():
    rows = [
        Row("ready", 1000, "measured", 6, "ms", (50.0, 70.04, 90.0), (10.0, 10.0, 10.0)),
        Row("close", 10_000, "measured", 10, "ms", (101.0,), (10.0,)),
        Row("recall", 10_000, "not built", 6),
        Row("memory of a write", 100_000, "measured", 400, "MB", (399.0, 400.0, 402.0)),
        Row("memory of a warm read", 100_000, "failed", 100, "MB"),
    ]
    assert run.table(rows) == (
        "| work | size | ms | x bare | budget | within? |\n"
        "| --- | ---: | ---: | ---: | ---: | --- |\n"
        "| ready | 1,000 | 70.0 | 7.0 | 6 | no |\n"
        "| close | 10,000 | 101.0 | 10.1 | 10 | no |\n"
        "| recall | 10,000 | not built | - | 6 | - |\n"
        "\n"
        "| work | size | MB | limit | within? |\n"
        "| --- | ---: | ---: | ---: | --- |\n"
        "| memory of a write | 100,000 | 400.0 | 400 | yes |\n"
        "| memory of a warm read | 100,000 | failed | 100 | - |"
    )
    assert run.table(rows[:1]).endswith("| no |")


def test_figures_hold_every_run():
    slow, absent = run.figures(
        [
            Row("ready", 10, "measured", 6, "ms", (50.0, 70.0), (10.0, 20.0)),
            Row("recall", 10, "not built", 6),
        ],
    )
    assert (slow["median"], slow["bare"], slow["ratio"], slow["within"]) == (60, 15, 4, True)
    assert slow["runs"] == (50.0, 70.0)
    assert (absent["state"], absent["median"], absent["within"]) == ("not built", None, None)


# A whole run, with a program that does nothing


def main(bd, *argv):
    return run.main(["--sizes", "40", "--runs", "2", "--bd", str(bd), *argv])


def test_every_row_is_printed_and_what_is_not_built_says_so(bd, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(workspace, "SETTLED", 0.0)
    path = tmp_path / "figures.json"
    assert main(bd, "--json", str(path)) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith("bd version 0.0 (fake); Python ")
    names = [work.name for work in (*run.WORKS, *run.PEAKS)]
    printed = [line.split(" | ") for line in out.splitlines() if line.startswith("| ")]
    assert [line[0][2:] for line in printed if line[1] == "40"] == names
    rows = {row["work"]: row for row in json.loads(path.read_text())["rows"]}
    assert list(rows) == names
    missing = [name for name, row in rows.items() if row["state"] == "not built"]
    fake = {"ready", "show", "list", "stats", "create", "update", "close", "import", "comments"}
    assert missing == [work.name for work in run.WORKS if work.command[0] not in fake]
    assert {"recall", "pre-task", "merge driver, 5 % on each side"} < set(missing)
    assert len(rows["ready"]["runs"]) == 2
    assert rows["ready"]["ratio"] == rows["ready"]["median"] / rows["ready"]["bare"]
    assert rows["memory of a write"]["median"] > 1


def test_a_command_that_fails_is_shown(bd, place, monkeypatch, capsys):
    assert main(bd, "--only", "comment") == 0
    assert "| comment | 40 |" in capsys.readouterr().out
    monkeypatch.setattr(run, "Workspace", lambda *_: place)
    (place.root / "broken").touch()
    assert main(bd, "--only", "comment") == 1
    out, err = capsys.readouterr()
    assert "| comment | 200 | failed | - | 10 | - |" in out
    assert err.startswith("comment: ")
    assert err.endswith("exit code 1\nthe disk is full\n")


def test_a_program_or_row_that_is_not_there_is_wrong_usage(bd, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(workspace, "SETTLED", 0.0)
    assert main(bd, "--only", "show") == 0
    for argv, why in (
        (["--bd", str(tmp_path / "none")], "no program at"),
        (["--only", "yodel"], "no row is named like 'yodel'"),
        (["--runs", "0"], "--runs counts from 1"),
        (["--sizes", "10,x"], "--sizes"),
    ):
        with pytest.raises(SystemExit) as caught:
            main(bd, *argv)
        assert caught.value.code == 2
        assert why in capsys.readouterr().err


def test_reads_see_a_warm_cache_and_a_log_that_nobody_touched(place):
    row = run.measured(run.WORKS[0], place, 2)
    assert [state.split()[0] for _, state in calls(place)] == ["cold", "warm", "warm"]
    assert len({state.split()[1] for _, state in calls(place)}) == 1
    assert (len(row.own), len(row.bare), row.state) == (2, 2, "measured")


def work(name):
    return next(work for work in run.WORKS if work.name == name)


def test_cold_reads_find_no_cache(place):
    run.measured(work("ready, cold cache"), place, 2)
    assert [state.split()[0] for _, state in calls(place)] == ["cold", "cold", "cold"]


def test_git_changes_one_percent_between_two_reads(place):
    run.measured(work("ready, after git changed 1 %"), place, 2)
    logs = [state.split()[1] for _, state in calls(place)]
    assert logs == logs[:2] * 3
    assert logs[0] != logs[1]
    assert place.path.read_bytes() == generate.edited(place.log, 0.01)
    place.restore()
    assert place.path.read_bytes() == place.log


def test_each_close_names_another_issue_that_can_be_closed(place):
    run.measured(work("close"), place, 3)
    ids = [call.split()[1] for call, _ in calls(place)]
    assert len(set(ids)) == 4
    for id in ids:
        issue = Log(place.log)[id]
        assert (issue.status, issue.dependencies) == ("open", ())
        assert issue.issue_type != "epic"


def test_the_import_begins_with_an_empty_log(place):
    run.measured(work("import"), place, 1)
    call, state = calls(place)[0]
    assert state == "cold log=4294967295-0"
    assert Path(call.split()[2]).read_bytes() == place.log


def test_the_scratch_place_is_a_clean_repository(place, monkeypatch):
    status = subprocess.run(
        ["git", "status", "--porcelain", "--ignored"],
        cwd=place.beads.parent,
        env=place.environment,
        capture_output=True,
        check=True,
    )
    assert status.stdout == b""
    assert (place.beads / "config.yaml").read_text() == "issue-prefix: bench\n"
    assert json.loads((place.beads / "metadata.json").read_bytes())["database"] == "beads.db"
    (place.beads / "issues.jsonl").touch()
    monkeypatch.setenv("BEADS_DIR", "elsewhere")
    monkeypatch.setenv("BENCH_KEPT", "yes")
    del place.environment
    assert place.environment["BENCH_KEPT"] == "yes"
    assert "BEADS_DIR" not in place.environment


def test_settle_waits_for_a_young_file_only(place, monkeypatch):
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)
    monkeypatch.setattr(workspace, "SETTLED", 100.0)
    place.settle()
    assert 90 < slept[0] <= 100
    monkeypatch.setattr(workspace, "SETTLED", -100.0)
    place.settle()
    assert slept[1:] == [0.0]


def test_memories_are_there_for_recall_alone(place):
    recall = work("recall")
    recall.before(place)
    path = place.beads / "memory.jsonl"
    first = path.stat().st_mtime_ns
    assert path.read_bytes() == generate.memories(200)
    assert f'"key":"{place.key}"'.encode() in path.read_bytes()
    changed = generate.edited_memories(path.read_bytes(), 0.01).splitlines()
    both = zip(changed, path.read_bytes().splitlines(), strict=True)
    assert sum(one != other for one, other in both) == 2
    recall.before(place)
    assert path.stat().st_mtime_ns == first
    place.restore()
    assert not path.exists()


def test_peak_is_the_memory_of_the_program_alone(place):
    ballast = b"x" * 80_000_000
    small = place.peak((sys.executable, "-c", "pass"))
    large = place.peak((sys.executable, "-c", "x = b'x' * 40_000_000"))
    assert len(ballast) > small * 1_000_000
    assert 35 < large - small < 60


# Branches.


def test_what_branches_cost_is_printed_as_a_table(monkeypatch, capsys):
    monkeypatch.setattr(branches, "ISSUES", 50)
    monkeypatch.setattr(branches, "REBASED", 2)
    assert branches.main(["--runs", "1", "--commits", "5"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert rows[0] == "| work | ms | x bare |"
    assert rows[2].startswith("| bare Python | ")
    assert rows[2].endswith(" | 1.0 |")
    names = [row.split(" | ")[0] for row in rows[3:]]
    assert names == [
        "| merge driver, 50 lines", "| git merge-file, which leaves conflicts",
        "| git rebase of 2 commits", "| the same with our hooks",
        "| bd history, 5 commits, the first time", "| bd history, later",
    ]  # fmt: skip


def test_a_past_has_so_many_commits_that_touch_the_log(tmp_path):
    path = branches.past_of(tmp_path / "past", commits=7, issues=3)
    words = ["git", "-C", str(path), "rev-list", "HEAD", "--", branches.LOG]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert len(done.stdout.split()) == 7
    assert len((path / branches.LOG).read_text().splitlines()) == 3
