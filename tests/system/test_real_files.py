"""Files that projects really committed: read whole, edited without a loss, described rightly.

The data is third-party and stays outside of this project. By default some records of each file
are decoded and a few are edited; `-m deep` takes every one.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.support.strategies import edited
from tracker.errors import Conflicted, Refused
from tracker.log import lines
from tracker.log.issue_codec import decode, encode
from tracker.log.issue_log import Draft, Log
from tracker.log.lines import FoundLine, scan

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
PATTERNS = ("large/*.jsonl", "malformed/*.jsonl", "merges/*/*/[bot]*.jsonl")
FILES = sorted(path for pattern in PATTERNS for path in DATA.glob(pattern))
MARKED = "conflict marker"

pytestmark = pytest.mark.skipif(not FILES, reason=f"the shared data is not there: {DATA}")

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DATA)))


def sample(values, count):
    """So many values of a list, evenly spread, the first and the last among them."""
    values = list(values)
    if len(values) <= count:
        return values
    return [values[at * (len(values) - 1) // (count - 1)] for at in range(count)]


def after(log, changes):
    return b"".join(lines.apply(log.data, log.edits(changes)))


def editable(log):
    """The ids of records that stand once, and alone on their line."""
    found = [item for item in scan(log.data) if isinstance(item, FoundLine)]
    times = Counter(item.row.get("id") for item in found)
    return [
        id for item in found if (id := item.row.get("id")) and times[id] == 1 and not item.glued
    ]


def filled(row):
    return {key: value for key, value in row.items() if value not in (None, "")}


def check_records(log, count):
    for id in sample(log, count):
        again = encode(log[id])
        assert decode(again) == log[id]
        assert encode(decode(again)) == again
        old, new = json.loads(log.line(id)), json.loads(again)
        for key in old.keys() | new.keys():
            if key not in new:
                assert old[key] in (None, "", [], False)
            elif key not in old:
                assert key in {"title", "status", "priority", "issue_type"}
            elif key not in {"dependencies", "comments"}:
                assert old[key] == new[key]
            else:
                pairs = zip(old[key], new[key], strict=True)
                assert [filled(one | two) for one, two in pairs] == [filled(n) for n in new[key]]


def check_edits(log, count):
    old_lines = log.data.split(b"\n")
    for id in sample(editable(log), count):
        new = encode(edited(log[id]))
        result = after(log, {id: new})
        pairs = zip(old_lines, result.split(b"\n"), strict=True)
        ((old_line, new_line),) = [pair for pair in pairs if pair[0] != pair[1]]
        assert new_line == old_line.replace(log.line(id), new)
        assert after(Log(result), {id: log.line(id)}) == log.data


def check_insertions(log):
    for id in ("!first", "bd-mmmm", "~last"):
        other = Log(after(log, {id: b'{"id":"%s"}' % id.encode()}))
        assert [one for one in other if one != id] == list(log)
        assert other.is_sorted == log.is_sorted
        if not log.is_glued:
            assert after(other, {id: None}) == log.data


@each_file
def test_a_real_file_is_read_and_written_without_a_loss(path):
    data = path.read_bytes()
    log = Log(data, path.name)
    assert len(log) > 0 or not data
    assert b"".join(lines.apply(data, [])) == data
    check_records(log, 12)
    if log.markers:
        with pytest.raises(Conflicted):
            log.edits({})
    else:
        assert log.edits({}) == []
        check_edits(log, 2)
        check_insertions(log)


@pytest.mark.deep
@each_file
def test_every_record_of_a_real_file(path):
    log = Log(path.read_bytes())
    check_records(log, len(log))
    assert [issue.id for issue in log.glances()] == list(log)
    for id, found in zip(log, log.glances(), strict=True):
        assert found.title == log[id].title
        assert [e.key for e in found.dependencies] == [e.key for e in log[id].dependencies]
    if not log.markers:
        check_edits(log, 40)


def ids_by_json(data):
    """The ids by the standard library, or None where it does not read every line."""
    try:
        rows = [json.loads(line) for line in data.split(b"\n") if line.strip()]
    except ValueError:
        return None
    return [row["id"] for row in rows if row.get("_type") != "memory"]


@each_file
def test_what_other_readers_accept_is_no_problem_and_what_they_refuse_is_named(path):
    data = path.read_bytes()
    log, ids = Log(data), ids_by_json(data)
    if ids is None:
        assert log.problems or log.is_glued
    else:
        assert set(log) == set(ids)
        assert len(log.problems) == len(ids) - len(set(ids))
        assert all("stands again" in problem.why for problem in log.problems)


TWICE = "wt-391-forward-gh-1355-persistent-console-q9ba"
PROBLEMS = {
    "lprior-repo+oya_fcca2f6b229f_conflict_markers_3": [(n, MARKED) for n in (39, 73, 107)],
    "steveyegge+beads_9e9f9bc33895_conflict_markers_3": [(n, MARKED) for n in (570, 580, 582)],
    "jleechanorg+agent-orchestrator-ts_78010ef74e32_conflict_markers_9": [
        (68, "bd-8y9 stands again on line 71, and the last one counts"),
        (69, "bd-91ub stands again on line 72, and the last one counts"),
        (70, "bd-91z stands again on line 73, and the last one counts"),
        *((n, MARKED) for n in (174, 176, 179, 186, 188, 191, 272, 282, 283)),
    ],
    "hachej+boring-ui_4aaa86f4a118_duplicate_ids_21": [
        (227 + n, f"{TWICE}{dotted} stands again on line {248 + n}, and the last one counts")
        for n, dotted in enumerate(["", *(f".{child}" for child in range(1, 21))])
    ],
    "Dicklesworthstone+frankenlibc_fc5838a3ca08_invalid_8": [
        (686, "not JSON: Unterminated string starting at: column 768"),
        *((n, "not JSON: not a JSON object") for n in range(687, 694)),
    ],
    "jleechanorg+agent-orchestrator-ts_40082ef51892_invalid_9_blank_3": [
        (700, "not JSON: Unterminated string starting at: column 108"),
        *((n, "not JSON: not a JSON object") for n in (701, 702, 703, 705, 706, 708, 709, 710)),
    ],
    "hachej+boring-ui_3da1ba1191f8_invalid_9": [],
    "AgentWorkforce+relay_5cc8b8840672_duplicate_json_keys": [],
    "steveyegge+gastown_42a8db388698_crlf": [],
}
"""What is wrong with the malformed files, by line; the last three only look strange."""


def malformed(name):
    return Log((DATA / "malformed" / f"{name}.jsonl").read_bytes(), f"{name}.jsonl")


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_problems_of_a_malformed_file(name):
    log = malformed(name)
    assert [(problem.line, problem.why) for problem in log.problems] == PROBLEMS[name]
    assert log.markers == tuple(line for line, why in PROBLEMS[name] if why == MARKED)
    assert {problem.path for problem in log.problems} <= {f"{name}.jsonl"}


def test_every_malformed_file_is_described_here(shared):
    found = {path.stem for path in (shared / "data" / "malformed").glob("*.jsonl")}
    assert found == set(PROBLEMS)


def test_glued_records_are_all_read_and_one_of_them_is_edited_alone():
    log = malformed("hachej+boring-ui_3da1ba1191f8_invalid_9")
    glued = [item for item in scan(log.data) if isinstance(item, FoundLine) and item.glued]
    assert {item.number for item in glued} == {257, 260, 262, 264, 265, 267, 270, 271, 274}
    assert (len(glued), len(log), log.is_sorted) == (43, 404, True)
    id = glued[1].row["id"]
    result = after(log, {id: encode(edited(log[id]))})
    other = Log(result)
    assert other.is_sorted
    assert {one: other.line(one) for one in other if one != id} == {
        one: log.line(one) for one in log if one != id
    }
    before, behind = log.data.split(b"\n")[:256], log.data.split(b"\n")[257:]
    assert result.split(b"\n")[:256] == before
    assert result.split(b"\n")[-len(behind) :] == behind


def test_of_repeated_keys_the_last_counts():
    log = malformed("AgentWorkforce+relay_5cc8b8840672_duplicate_json_keys")
    line = log.line("agent-relay-321")
    assert line.count(b'"priority":') == 2
    assert encode(log["agent-relay-321"]).count(b'"priority":') == 1
    assert log["agent-relay-321"].priority == json.loads(line)["priority"]


def test_a_file_with_windows_line_endings_keeps_them():
    log = malformed("steveyegge+gastown_42a8db388698_crlf")
    assert len(log) == 2669
    id = list(log)[1000]
    result = after(log, {id: encode(edited(log[id])), "gt-aaaaa": b'{"id":"gt-aaaaa"}'})
    assert result.count(b"\r\n") == result.count(b"\n") == 2670


def test_duplicates_that_a_union_left_show_the_last_and_refuse_edits():
    log = malformed("hachej+boring-ui_4aaa86f4a118_duplicate_ids_21")
    every = log.data.split(b"\n")
    for number in range(21):
        id = json.loads(every[247 + number])["id"]
        assert log[id] == decode(every[247 + number])
        with pytest.raises(Refused, match=f"lines {227 + number} and {248 + number}"):
            log.edits({id: b"{}"})
    free = json.loads(every[0])["id"]
    draft = Draft(log)
    draft.put(edited(log[free]))
    assert len(after(log, draft.written()).split(b"\n")) == len(every)


@pytest.mark.parametrize("name", [name for name in PROBLEMS if "conflict" in name])
def test_every_id_of_both_sides_of_a_conflict_is_shown(name):
    log = malformed(name)
    rows = [json.loads(line) for line in log.data.split(b"\n") if line.startswith(b"{")]
    assert set(log) == {row["id"] for row in rows}
    with pytest.raises(Conflicted) as caught:
        log.forbid_edit(next(iter(log)))
    assert caught.value.lines == log.markers
