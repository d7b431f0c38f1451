"""Merges as directories: base, ours, theirs, what must come out, and what is said about it.

To add one: make the directory with the three inputs, run the merge, read what came out, keep it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.merge_strategies import line_of
from tracker.log.issue_log import Log
from tracker.merge import text
from tracker.merge.fields import Decision
from tracker.merge.three_way import resolve_markers, three_way

CASES = Path(__file__).parent / "cases"
NAMES = sorted(path.name for path in CASES.iterdir() if path.is_dir())


@pytest.mark.parametrize("name", NAMES)
def test_case(name):
    case = CASES / name
    base, ours, theirs, expected = (
        (case / f"{side}.jsonl").read_bytes() for side in ("base", "ours", "theirs", "expected")
    )
    is_memory = name.startswith("memory-") and "among-issues" not in name
    path = ".beads/memory.jsonl" if is_memory else ".beads/issues.jsonl"
    merged = three_way(base, ours, theirs, path)
    assert merged.data.decode() == expected.decode()
    said = "".join(f"{decision}\n" for decision in merged.decisions)
    assert said == (case / "decisions.txt").read_text()
    assert three_way(base, theirs, ours, path) == merged


def test_there_are_many_cases():
    assert len(NAMES) >= 80


def test_the_halves_of_a_file_with_markers_are_merged():
    ours = line_of("bd-a", status="in_progress")
    theirs = line_of("bd-a", priority=0)
    other = line_of("bd-b")
    data = b"<<<<<<< HEAD\n" + ours + b"=======\n" + theirs + b">>>>>>> main\n" + other
    merged = resolve_markers(data)
    issue = Log(merged.data)["bd-a"]
    assert (issue.status, issue.priority) == ("in_progress", 0)
    assert merged.data.endswith(other)
    assert resolve_markers(other).data == other
    assert not resolve_markers(other).decisions


@pytest.mark.parametrize("other", [0, 1, 3])
def test_a_priority_that_is_missing_is_p0_and_the_more_urgent(other):
    base = line_of("bd-a")
    missing = base.replace(b'"priority":2,', b"")
    changed = line_of("bd-a", priority=other, updated_at="2027-01-01T00:00:00Z")
    for ours, theirs in ((missing, changed), (changed, missing)):
        assert Log(three_way(base, ours, theirs).data)["bd-a"].priority == 0
    assert Log(three_way(base, base, changed).data)["bd-a"].priority == other


@pytest.mark.parametrize(
    "torn",
    [
        b"<<<<<<< HEAD\n%s=======\n%s",
        b"<<<<<<< HEAD\n%s%s",
        b"%s=======\n%s",
        b"%s%s>>>>>>> main\n",
        b"<<<<<<< a\n%s||||||| b\n=======\n=======\n%s>>>>>>> c\n",
        b"<<<<<<< a\n" * 500 + b"%s%s",
        b"<<<<<<< a\n<<<<<<<<< b\n%s=========\n>>>>>>>>> b\n=======\n%s>>>>>>> a\n",
    ],
)
def test_markers_that_do_not_fit_together_lose_no_record(torn):
    data = torn % (line_of("bd-a"), line_of("bd-b"))
    log = Log(resolve_markers(data).data)
    assert set(log) == {"bd-a", "bd-b"}
    assert not log.problems


def test_an_issue_that_stands_under_both_its_names_is_not_lost():
    """One side copied the renamed issue back under its old id; the other gave that id away."""
    mine = line_of("bd-7", title="mine", created_at="2026-01-02T00:00:00Z")
    other = line_of("bd-7", title="other", created_at="2026-01-01T00:00:00Z")
    split = three_way(b"", mine, other).data
    (renamed,) = (id for id in Log(split) if id != "bd-7")
    assert Log(split)[renamed].title == "mine"
    copied = mine + split.splitlines(keepends=True)[1].replace(b'"status":"open"', b'"status":"x"')
    found = Log(three_way(b"", copied, other).data)
    assert sorted((issue.title, issue.status) for issue in found.values()) == [
        ("mine", "open"),
        ("mine", "x"),
        ("other", "open"),
    ]


def test_a_text_of_too_many_lines_is_one_value():
    long = "\n".join(map(str, range(text.LONGEST + 1)))
    assert text.weave("a\nb\nc", "A\nb\nc", "a\nb\nC") == text.Woven("A\nb\nC", clean=True)
    assert text.weave(long, "0\n" + long, long + "\nmore") is None
    lines = [
        line_of("bd-a", design=design, updated_at=f"2026-01-0{day}T00:00:00Z")
        for day, design in enumerate([long, "0\n" + long, long + "\nmore"], 1)
    ]
    issue = Log(three_way(*lines).data)["bd-a"]
    assert issue.design == long + "\nmore"
    assert '"field":"/design"' in dict(issue.extra)["conflicts"]


def test_a_decision_is_one_line():
    plain = Decision("bd-1", "title", "the newer edit", '"a"', '"b"')
    assert str(plain) == 'bd-1: title: kept "a", not "b" (the newer edit)'
    torn = Decision("bd-\n1\x1b[31m", "title", "the newer edit", '"a"' * 99, "")
    assert str(torn).isprintable()
    assert len(str(torn)) < 200


def test_who_keeps_an_id_is_said_by_title_on_one_line():
    mine = line_of("bd-7", title="m\x1b[31m" + "i" * 90, created_at="2026-01-02T00:00:00Z")
    other = line_of("bd-7", title="other\u202e", created_at="2026-01-01T00:00:00Z")
    (decision,) = three_way(b"", mine, other).decisions
    said = str(decision)
    assert said.isprintable()
    assert len(said) < 200
    assert (
        said.index("other") < said.index("keeps it") < said.index("iii") < said.index(" is bd-7x")
    )


def test_an_issue_that_is_nested_very_deeply_is_merged():
    deep = "[" * 900 + "]" * 900
    lines = [
        line_of("bd-a", labels=[label]).replace(b'"labels"', b'"deep":%s,"labels"' % deep.encode())
        for label in ("a", "b", "c")
    ]
    issue = Log(three_way(*lines).data)["bd-a"]
    assert issue.labels == ("b", "c")
    assert dict(issue.extra)["deep"] == deep
