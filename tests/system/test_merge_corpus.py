"""Merges that really happened: nothing that either side says gets lost."""

from __future__ import annotations

import importlib.util
import json
import time
from collections import Counter

import pytest

from tests.support.repository import SHARED
from tracker.log.issue_log import Log
from tracker.merge.three_way import resolve_markers, three_way

INDEX = SHARED / "data" / "merges" / "index.jsonl"
LISTED = INDEX.read_text().splitlines() if INDEX.is_file() else []
FOLDERS = [json.loads(line)["dir"] for line in LISTED]
MALFORMED = sorted((SHARED / "data" / "malformed").glob("*.jsonl"))

pytestmark = pytest.mark.skipif(not FOLDERS, reason=f"the shared merges are not there: {INDEX}")


@pytest.fixture(scope="module")
def scorer():
    place = SHARED / "tools" / "score_merges.py"
    found = importlib.util.spec_from_file_location("score_merges", place)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def files_of(folder):
    place = SHARED / "data" / "merges" / folder
    return [(place / f"{side}.jsonl").read_bytes() for side in ("base", "ours", "theirs")]


def unfollowed(data):
    """The result with edges to renamed issues pointed back: the scorer knows no renames."""
    rows = [json.loads(line) for line in data.splitlines()]
    names = {
        row["id"]: alias
        for row in rows
        for alias in row.get("aliases", ())
        if row["id"].startswith(f"{alias}x")
    }
    for row in rows:
        for edge in row.get("dependencies", ()) if row.get("id") not in names else ():
            edge["depends_on_id"] = names.get(edge["depends_on_id"], edge["depends_on_id"])
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows) if names else data


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_fact_gets_lost(folder, scorer):
    base, ours, theirs = files_of(folder)
    merged = three_way(base, ours, theirs)
    assert merged == three_way(base, theirs, ours)
    log = Log(merged.data)
    assert not log.markers
    assert not log.problems
    if any(Log(resolve_markers(side).data).is_sorted for side in (ours, theirs)):
        assert log.is_sorted
    sides = [scorer.File(data, {}) for data in (base, ours, theirs, unfollowed(merged.data))]
    for key in set().union(*(side.between for side in sides)):  # records that two versions have
        for side in sides:
            side.rec.pop(key, None)
            side.raw.pop(key, None)
    facts = scorer.measure(*sides[:3])[1]
    lost, examples = scorer.lost(facts, *sides)
    assert facts
    assert not lost, examples


@pytest.mark.parametrize("folder", FOLDERS)
def test_merging_the_result_again_changes_nothing(folder):
    base, ours, theirs = files_of(folder)
    result = three_way(base, ours, theirs).data
    for side in (resolve_markers(ours).data, resolve_markers(theirs).data):
        assert three_way(side, side, result).data == result
        assert three_way(side, result, result).data == result


@pytest.mark.skipif(not MALFORMED, reason="the malformed files are not there")
@pytest.mark.parametrize("path", MALFORMED, ids=lambda path: path.stem)
def test_files_that_were_committed_broken_merge(path):
    data = path.read_bytes()
    before = Log(data)
    cut = data[: len(data) // 2]
    merged = three_way(b"", data, cut)
    log = Log(merged.data)
    assert not log.markers
    assert set(log) >= set(before)
    assert not log.repeated
    assert merged == three_way(b"", cut, data)


def test_most_of_what_is_said_is_routine(scorer):
    """The reports stay short enough to be read: less than one line for ten records."""
    said = Counter()
    records = 0
    for folder in FOLDERS:
        base, ours, theirs = files_of(folder)
        said.update(decision.field for decision in three_way(base, ours, theirs).decisions)
        records += len(base.splitlines())
    assert said.total() < records / 10


def test_ten_thousand_lines_take_a_moment():
    """5 % edited on each side; measured 0.12 s, and a slow machine may take far longer."""
    line = (
        '{"id":"bd-%05d","title":"Title %d","description":"%s","status":"open","priority":2,'
        '"issue_type":"task","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}\n'
    )
    rows = [(line % (n, n, "word " * 150)).encode() for n in range(10_000)]
    ours = [row.replace(b'"Title', b'"Ours') if n % 20 == 0 else row for n, row in enumerate(rows)]
    theirs = [
        row.replace(b":2,", b":1,") if n % 20 < 2 and n % 3 else row for n, row in enumerate(rows)
    ]
    base, one, two = b"".join(rows), b"".join(ours), b"".join(theirs)
    started = time.process_time()
    merged = three_way(base, one, two)
    assert time.process_time() - started < 2
    assert merged.data.count(b'"Ours') == 500
    assert merged.data.count(b":1,") == two.count(b":1,")
