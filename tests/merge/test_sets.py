"""Files that only grow: merged as sets of lines, by git's merges too."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.support.branches import ATTRIBUTES, Work
from tracker.merge.sets import GROWING, grows, union_lines
from tracker.merge.three_way import resolve_markers, three_way

PATH = ".beads/outcomes.jsonl"

line_sets = st.lists(st.sampled_from([b'{"id":"%d"}' % n for n in range(6)]), unique=True)


def file_of(rows):
    return b"".join(row + b"\n" for row in rows)


@given(line_sets, line_sets, line_sets)
def test_a_line_is_there_if_a_side_added_it_or_none_took_it_away(base, ours, theirs):
    merged = union_lines(*map(file_of, (base, ours, theirs)))
    assert merged == union_lines(*map(file_of, (base, theirs, ours)))
    wanted = {
        row
        for row in {*base, *ours, *theirs}
        if (row in ours and row in theirs) or (row not in base)
    }
    found = merged.splitlines()
    assert len(found) == len(set(found))
    assert set(found) == wanted
    assert [row for row in base if row in wanted] == found[: len(wanted & set(base))]


@given(line_sets, line_sets)
def test_what_one_side_left_alone_is_as_the_other_has_it(base, other):
    one, two = file_of(base), file_of(other)
    for merged in (three_way(one, one, two, PATH), three_way(one, two, one, PATH),
                   three_way(one, two, two, PATH)):  # fmt: skip
        assert merged == (two, ())


def test_ends_of_lines_make_no_line_another():
    assert union_lines(b"a\r\nb\n", b"a\nb\r\nc", b"a\nb\n\nd\r\n") == b"a\nb\nc\nd\n"


def test_a_mark_and_ends_of_lines_stay_those_of_the_file():
    mark = b"\xef\xbb\xbf"
    base, ours, theirs = (
        file_of([b'{"id":"%d"}' % n for n in ns]) for ns in ((1,), (1, 2), (1, 3))
    )
    merged = file_of([b'{"id":"%d"}' % n for n in (1, 2, 3)])
    assert three_way(base, ours, theirs, PATH).data == merged
    for one, two in ((ours, mark + theirs), (mark + ours, theirs)):
        assert three_way(base, one, two, PATH).data == mark + merged
    windows = [data.replace(b"\n", b"\r\n") for data in (base, ours, theirs, merged)]
    assert three_way(*windows[:3], PATH).data == windows[3]


def test_only_these_names_are_merged_so():
    assert all(grows(name) and grows(f"x/{name}") and grows(f"x\\{name}") for name in GROWING)
    assert not any(grows(name) for name in ("issues.jsonl", "memory.jsonl", "my-outcomes.jsonl"))


def test_lines_between_conflict_markers_all_stay():
    held = b'{"id":"1"}\n<<<<<<< a\n{"id":"3"}\n=======\n{"id":"2"}\n>>>>>>> b\n'
    merged = resolve_markers(held, PATH)
    assert merged.data == b'{"id":"1"}\n{"id":"2"}\n{"id":"3"}\n'
    assert [str(one) for one in merged.decisions] == ["merged conflict markers"]
    other = b'{"id":"1"}\n{"id":"4"}\n'
    assert three_way(b'{"id":"1"}\n', held, other, PATH) == three_way(
        b'{"id":"1"}\n', other, held, PATH
    )
    assert three_way(b'{"id":"1"}\n', held, other, PATH).data == merged.data + b'{"id":"4"}\n'


def test_repeated_lines_lose_no_verdict(tmp_path):
    """What git's own union made of branches that had merged each other, and then took away."""
    work = Work(tmp_path / "w")
    one, two, three = (b'{"id":"%d"}' % number for number in (1, 2, 3))
    work.commit({
        ".beads/.gitattributes": ATTRIBUTES, PATH: file_of([two, three, one, two, three])
    })  # fmt: skip
    work.git("switch", "--quiet", "--create", "other")
    work.commit({PATH: file_of([two, three, one])})
    work.git("switch", "--quiet", "main")
    work.commit({PATH: file_of([one, two, three])})
    work.git("merge", "--quiet", "--no-edit", "other")
    assert sorted(work.git("show", f"HEAD:{PATH}").encode().splitlines()) == [one, two, three]
