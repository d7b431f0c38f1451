"""Whatever three files hold, their merge comes to an end, and to a good one."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.cache.test_database import follow as follow_versions
from tests.support.merge_rubbish import MARKS, files, texts, triples
from tracker.cache.issues import follow
from tracker.cache.issues.source import IssueSource
from tracker.git.unmerged import repaired
from tracker.log.conflict_markers import has_markers
from tracker.log.issue_log import Log
from tracker.log.lines import BOM
from tracker.merge.three_way import resolve_markers, three_way

ONE, TWO = b'{"id":"t-1","title":"One"}\n', b'{"id":"t-2","title":"Two"}\n'
PATHS = ("issues.jsonl", "memory.jsonl", "outcomes.jsonl")
BLOCK = b"<<<<<<< ours\n" + ONE + b"=======\n" + TWO + b">>>>>>> theirs\n"


@example((b"", b"", BOM + BLOCK), "issues.jsonl")
@example((b"<<<<<<<x\n", ONE, BOM + b"======= x\n" + TWO), "issues.jsonl")
@example((ONE, TWO, b"======= x\r\r\n"), "issues.jsonl")
@example((ONE, b"\r>>>>>>> theirs\r\n", ONE + b"\x85\n"), "outcomes.jsonl")
@example((b"{}", b"", b'{"id":""}{"id":"a"}\n{"id":"a","title":"A"}'), "issues.jsonl")
@given(triples(), st.sampled_from(PATHS))
def test_any_three_files_are_merged(versions, path):
    base, ours, theirs = versions
    merged = three_way(base, ours, theirs, path)
    assert merged == three_way(base, theirs, ours, path)
    assert not has_markers(merged.data)
    log = Log(merged.data, path)
    assert not log.markers
    is_marked = any(map(has_markers, versions))
    if path == "issues.jsonl" and not is_marked and merged.data not in versions:
        assert not log.repeated
    assert three_way(ours, ours, merged.data, path).data == merged.data
    if not any(b"|||||||" in data for data in versions):  # a base between markers may delete
        assert texts(ours) - texts(base) <= texts(merged.data)
        assert texts(theirs) - texts(base) <= texts(merged.data)


@example(BOM + BLOCK, (b"", ONE, TWO))
@example(b"<<<<<<< ours\n" + BOM + ONE + b"=======\n" + BOM + TWO + b">>>>>>>\n", (b"", ONE, TWO))
@given(files(), triples())
def test_any_file_is_without_markers_once_it_is_resolved(data, versions):
    for stages in ({}, dict(enumerate(versions, 1)), dict(enumerate(versions[1:], 2))):
        found = repaired(data, stages, "issues.jsonl")
        assert (found is None) == (not has_markers(data))
        if found is not None:
            assert not has_markers(found.data)
            assert not Log(found.data).markers
            known = texts(b"\n".join(versions)) if stages else set()
            if b"|||||||" not in data:
                assert texts(data) - known <= texts(found.data)


@given(st.lists(st.sampled_from([*MARKS, ONE, TWO, BOM + ONE]), max_size=120))
def test_markers_within_markers_to_any_depth(parts):
    data = b"\n".join(parts)
    assert not has_markers(resolve_markers(data).data)


def test_many_conflicts_within_each_other():
    data = b"<<<<<<< a\n" * 5000 + ONE + b"=======\n" * 5000 + TWO + b">>>>>>> b\n" * 5000
    assert resolve_markers(data).data == ONE + TWO


# A byte order mark in front of a marker or a record.


@pytest.mark.parametrize("mark", [BOM, BOM + BOM])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r\r\n"])
def test_an_editor_put_a_mark_in_front_of_a_conflict(bd, mark, end):
    bd.file.write_bytes(mark + BLOCK.replace(b"\n", end))
    assert "bd resolve" in bd("list").err
    assert "conflict markers" in bd("create", "x", code=1).err
    answer = bd("resolve")
    assert "merged .beads/issues.jsonl from the conflict markers: 2 records" in answer.out
    assert not has_markers(bd.file.read_bytes())
    assert [row["title"] for row in bd("list", "--json", "--sort", "id").json] == ["One", "Two"]
    assert bd("list").err == ""
    assert "no conflict markers" in bd("resolve").out


def test_both_branches_of_a_file_that_begins_with_a_mark(bd):
    block = BLOCK.replace(ONE, BOM + ONE).replace(TWO, BOM + TWO)
    bd.file.write_bytes(block)
    bd("resolve")
    assert bd.file.read_bytes() == BOM + ONE + TWO
    assert bd("list").err == ""


def test_the_driver_and_git_with_a_mark_in_front_of_a_marker(repo, bd):
    """A file that was committed with its markers, and met another change."""
    (bd.path / "base").write_bytes(ONE)
    (bd.path / "ours").write_bytes(BOM + BLOCK)
    (bd.path / "theirs").write_bytes(ONE + b'{"id":"t-3","title":"Three"}\n')
    done = bd.start("merge-driver", "base", "ours", "theirs", "7", ".beads/issues.jsonl")
    _, err = done.communicate()
    assert done.returncode == 0, err
    assert list(Log((bd.path / "ours").read_bytes())) == ["t-1", "t-2", "t-3"]


def test_files_of_two_programs_put_together_are_understood(bd):
    bd.file.write_bytes(BOM + ONE + BOM + TWO)
    assert [row["id"] for row in bd("list", "--json", "--sort", "id").json] == ["t-1", "t-2"]
    bd("update", "t-2", "--title", "Second")
    assert bd("list").err == ""
    assert bd.file.read_bytes().startswith(BOM + ONE + BOM + b'{"id":"t-2","title":"Second"')
    bd("create", "Third", "--id", "t-3")
    assert [row["title"] for row in bd("list", "--json", "--sort", "id").json] == [
        "One", "Second", "Third",
    ]  # fmt: skip


@given(files(), files())
def test_a_cache_follows_such_files_as_it_would_read_them(tmp_path_factory, before, after):
    follow_versions(tmp_path_factory.mktemp("w"), [before, after])


def test_what_was_written_into_an_unmerged_file_by_hand_stays(bd):
    """A line that is half typed is no record, and is not thrown away either."""
    stages = {1: b"", 2: ONE, 3: TWO}
    typed = BLOCK + b'{"id":"t-1","title":"By hand"}\n{"id":"t-9","ti\n{"n":1}\n'
    found = repaired(typed, stages, "issues.jsonl")
    assert found.edited == ("t-1",)
    assert found.data == b'{"id":"t-1","title":"By hand"}\n' + TWO + b'{"id":"t-9","ti\n{"n":1}\n'


@pytest.mark.parametrize(
    "versions",
    [(b"\0\xff", b"\x80rubbish", b"{"), (ONE, b"\xff\xfe{\0}\0", TWO), (b"", b"[1]\n", b"[2]\n")],
)
def test_what_is_no_log_is_left_to_git(bd, versions):
    names = ("base", "ours", "theirs")
    for name, data in zip(names, versions, strict=True):
        (bd.path / name).write_bytes(data)
    command = ["merge-driver", *names, "7", ".beads/issues.jsonl"]
    answer = bd.run(*command)
    assert answer.code == 1
    assert "holds no records" in answer.err
    assert (bd.path / "ours").read_bytes() == versions[1]
    git = ["git", "merge-file", "--marker-size=7", "ours", "base", "theirs"]
    done = subprocess.run(git, cwd=bd.path, check=False, capture_output=True)
    assert done.returncode != 0


def test_a_mark_within_a_file_makes_it_no_plain_one():
    source = IssueSource("issues.jsonl", "", "", b"", 1)
    cache = follow.in_memory(source, BOM + ONE + BOM + TWO, "")
    assert not cache.is_plain
    assert cache.problems == ""
