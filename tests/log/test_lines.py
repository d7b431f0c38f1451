"""Lines of a file: found as a second, slow reader finds them, and spliced without a loss."""

from __future__ import annotations

import json
import re
from itertools import pairwise

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.support.strategies import DEEP, MEMORIES, conflicts, files
from tracker.log import lines
from tracker.log.lines import (
    BOM,
    FoundLine,
    LineEdit,
    Problem,
    Unread,
    describe,
    find_line,
    newline_of,
    scan,
)

A, B, C = b'{"id":"bd-a"}', b'{"id":"bd-b"}', b'{"id":"bd-c"}'
PLACES = st.sampled_from([b"\n", b"\r\n", b"a", b"ab", b"\xc3\xa9", b" ", b""])


def join(data, edits):
    return b"".join(lines.apply(data, edits))


def objects(line):
    """The objects of one line by the standard library, or None where it is anything else."""

    def no_constant(name):
        raise ValueError(name)

    if b"[" * 1000 in line:
        return [DEEP] if line.rstrip(b"\r") == DEEP else None
    decoder = json.JSONDecoder(parse_constant=no_constant)
    found, rest = [], None
    try:
        text = line.decode()
        while (rest := text.lstrip(" \t\r")) != "":
            value, end = decoder.raw_decode(rest)
            if not isinstance(value, dict):
                return None
            found.append(rest[:end].encode())
            text = rest[end:]
    except ValueError:
        return None
    return found


def slowly(data):
    """(line number, raw object) of every record and (line number, "") of all that is none."""
    for number, row in enumerate(data.split(b"\n"), 1):
        line = row
        while line.startswith(BOM):  # several files may have been put behind each other
            line = line.removeprefix(BOM)
        if line.strip():
            found = objects(line)
            yield from [(number, b"")] if found is None else [(number, one) for one in found]


def slices(data):
    for item in scan(data):
        raw = data[item.start : item.end].strip(b" \t\r") if isinstance(item, FoundLine) else b""
        yield item.number, raw


@given(files(markers=True) | files())
@example(BOM + BOM + A)
@example(BOM + A + b"\n" + BOM + BOM + B)
@example(BOM + BOM)
def test_a_slow_reader_finds_the_same_records_on_the_same_lines(data):
    assert list(slices(data)) == list(slowly(data))


@given(files(markers=True) | files())
def test_records_are_slices_in_the_order_of_the_file(data):
    end = 0
    for item in scan(data):
        if isinstance(item, FoundLine):
            assert end <= item.start < item.end
            assert item.number == data.count(b"\n", 0, item.start) + 1
            if not data[item.start : item.end].endswith(DEEP):
                assert item.row == json.loads(data[item.start : item.end])
            end = item.end


@given(files(markers=True) | files())
def test_nothing_is_lost_where_nothing_is_edited(data):
    assert join(data, []) == data


@given(st.lists(PLACES, max_size=12).map(b"".join), st.data())
def test_edits_are_splices_and_the_final_newline_stays_as_it_was(data, draw):
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(data)), max_size=6)))
    pairs = list(zip(cuts[::2], cuts[1::2], strict=False))
    assume(all(one[1] < two[0] for one, two in pairwise(pairs)))
    edits = [LineEdit(start, end, draw.draw(PLACES)) for start, end in pairs]
    expected = bytearray(data)
    for start, end, text in reversed(edits):
        expected[start:end] = text
    if not data.endswith(b"\n"):
        assume(all(edit.start < len(data) for edit in edits))
        expected = re.sub(rb"\r?\n\Z", b"", bytes(expected)).replace(b"\r", b"")
        assert join(data, edits).replace(b"\r", b"") == expected
    else:
        assert join(data, draw.draw(st.permutations(edits))) == bytes(expected)


@given(st.lists(PLACES, max_size=12).map(b"".join), st.lists(PLACES, max_size=4).map(b"".join))
@example(b"x\na\nab", b"a")
@example(b"aaa\naa", b"aa")
@example(b"", b"")
@example(b"a", b"")
def test_a_line_is_found_where_a_search_through_all_lines_finds_it(data, line):
    assume(b"\n" not in line)
    split = data.split(b"\n")
    if line in split:
        assert find_line(data, line) == sum(len(one) + 1 for one in split[: split.index(line)])
    else:
        assert find_line(data, line) == -1


@given(files(plain=True))
def test_every_record_of_a_plain_file_is_found_by_its_line(data):
    for item in scan(data):
        line = data[item.start : item.end]
        at = find_line(data, line)
        assert data[at : at + len(line) + 1] == line + b"\n"
        assert at <= item.start


@pytest.mark.parametrize(
    "line",
    [
        b"<<<<<<< HEAD", b"=======", b">>>>>>> origin/main", b"||||||| merged common ancestors",
        b"|||||||", b"<<<<<<<<< Temporary merge branch 1", b">>>>>>>>> x", b"=======\r",
        b"<<<<<<< HEAD\r", b">>>>>>> \xff not UTF-8",
    ],
)  # fmt: skip
def test_what_is_a_conflict_marker(line):
    (before, marker, after) = scan(A + b"\n" + line + b"\n" + B)
    assert (before.number, after.number) == (1, 3)
    assert marker.why == "conflict marker"
    assert line.decode(errors="replace").startswith(marker.marker)
    assert len(marker.marker) in {7, 9}


@pytest.mark.parametrize(
    "line", [b"======", b"<<<<<<<HEAD", b" <<<<<<< HEAD", b"<<<<<<> HEAD", b"#######", b"=======x"]
)
def test_what_is_no_conflict_marker(line):
    (item,) = scan(line)
    assert isinstance(item, Unread)
    assert not item.marker


def test_markers_within_a_text_are_no_markers():
    (item,) = scan(b'{"id":"bd-a","title":"<<<<<<< HEAD"}')
    assert item.row["title"] == "<<<<<<< HEAD"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b'{"id":"bd-a","title":"unfin', "not JSON: Unterminated string starting at: column 22"),
        (b'{"id":"bd-a","title":[1 2]}', "not JSON: Expecting ',' delimiter: column 25"),
        (b'{"id":"bd-a" "x":1}', "not JSON: ',' or '}' is missing at column 14"),
        (A + b" and more", "not JSON: not a JSON object"),
        (b'{"id":"\xe9"}', "not UTF-8"),
        (b"[1]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b'{"id":"bd-a","n":NaN}', "not JSON: NaN is not JSON"),
        (b'{"x":' + b"[" * 5000 + b"]" * 5000 + b"}", "nested more than 200 levels deep"),
        (b'{"x":' + b"[" * 5000, "not JSON"),
    ],
    ids=range(10),
)
def test_what_cannot_be_read_says_why(line, why):
    before, item, after = scan(A + b"\r\n\r\n" + line + b"\r\n" + B)
    assert (before.number, after.number, after.row) == (1, 4, {"id": "bd-b"})
    assert isinstance(item, Unread)
    assert item.number == 3
    assert item.why.startswith(why)


def test_numbers_beyond_the_fast_parser_are_read():
    (item,) = scan(b'{"id":"bd-a","n":1e400,"m":' + b"9" * 5000 + b"}")
    assert item.row["id"] == "bd-a"


def test_blank_lines_count_and_are_nothing():
    assert list(scan(b"\n \n\t\r\n" + A + b"\n\n")) == [FoundLine(4, 6, 19, {"id": "bd-a"})]
    assert list(scan(b"")) == list(scan(b"\n")) == list(scan(BOM)) == []


def test_several_objects_on_one_line_are_several_records():
    data = BOM + A + B + b"\r\n " + C + b" \t" + A + b"\r\n"
    found = [(item.number, data[item.start : item.end], item.glued) for item in scan(data)]
    assert found == [(1, A, True), (1, B, True), (2, C, True), (2, A, True)]


@pytest.mark.timeout(20)
def test_a_file_that_lost_all_its_newlines_is_read_in_a_moment():
    one = '{"id":"bd-%d","title":"' + "é" * 60 + '"}'
    data = "".join(one % number for number in range(20_000)).encode()
    ids = [item.row["id"] for item in scan(data)]
    assert ids == [f"bd-{number}" for number in range(20_000)]


@pytest.mark.parametrize(
    ("data", "newline"),
    [
        (b"", b"\n"), (A, b"\n"), (A + b"\n" + B + b"\r\n", b"\n"),
        (A + b"\r\n" + B + b"\n", b"\r\n"), (b"\n" + A + b"\r\n", b"\n"), (b"\r\n", b"\r\n"),
    ],
)  # fmt: skip
def test_the_newline_of_a_file_is_that_of_its_first_line(data, newline):
    assert newline_of(data) == newline


def found(data, number):
    return [item for item in scan(data) if isinstance(item, FoundLine)][number]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (A + b"\n" + B + b"\n" + C + b"\n", A + b"\nNEW\n" + C + b"\n"),
        (A + b"\r\n" + B + b"\r\n", A + b"\r\nNEW\r\n"),
        (A + b"\n" + B, A + b"\nNEW"),
        (A + b"\n  " + B + b" \n" + C, A + b"\nNEW\n" + C),
        (A + b'\n  {"id":"bd-b","x":"\\ud800"} \r\n' + C, A + b"\nNEW\r\n" + C),
        (A + B + b"\n" + C, A + b"\nNEW\n" + C),
        (A + B + b"\r\n" + C, A + b"\r\nNEW\r\n" + C),
        (A + b"\t" + B + C + b"\r\n", A + b"\r\nNEW\r\n" + C + b"\r\n"),
        (BOM + A + B, BOM + A + b"\nNEW"),
    ],
)
def test_another_line_for_the_second_record(data, expected):
    assert join(data, [lines.replaced(data, found(data, 1), b"NEW")]) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (A + b"\n" + B + b"\n" + C + b"\n", A + b"\n" + C + b"\n"),
        (A + b"\r\n" + B + b"\r\n" + C, A + b"\r\n" + C),
        (A + b"\n" + B, A),
        (A + b"\r\n" + B, A),
        (A + b"\n  " + B + b" \n" + C, A + b"\n" + C),
        (A + b'\n  {"id":"bd-b","x":"\\ud800"} \r\n' + C, A + b"\n" + C),
        (A + B + b"\n" + C, A + b"\n" + C),
        (A + b" " + B + b"\t" + C, A + C),
    ],
)
def test_the_second_record_is_taken_away_with_its_line(data, expected):
    assert join(data, [lines.replaced(data, found(data, 1), None)]) == expected


@pytest.mark.parametrize("data", [A, A + b"\n", A + b"\r\n", b" " + A + b" "])
@pytest.mark.parametrize("mark", [b"", BOM])
def test_the_only_record_is_taken_away(mark, data):
    assert join(mark + data, [lines.replaced(mark + data, found(mark + data, 0), None)]) == mark


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", b"NEW\n"),
        (BOM, BOM + b"NEW\n"),
        (A, A + b"\nNEW"),
        (A + b"\n", A + b"\nNEW\n"),
        (A + b"\r\n" + B, A + b"\r\n" + B + b"\r\nNEW"),
        (A + b"\r\n", A + b"\r\nNEW\r\n"),
        (BOM + A, BOM + A + b"\nNEW"),
    ],
)
def test_a_last_line_is_added(data, expected):
    assert join(data, [lines.appended(data, b"NEW")]) == expected


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_everything_at_once_at_the_end_of_a_file(end):
    data = A + b"\n" + B + b"\n" + C + end
    gone = [lines.replaced(data, found(data, number), None) for number in range(3)]
    new = [lines.appended(data, b"ONE"), lines.appended(data, b"TWO")]
    assert join(data, gone) == b""
    assert join(data, gone[1:]) == A + end
    assert join(data, gone[:2]) == C + end
    assert join(data, gone + new) == b"ONE\nTWO" + end
    assert join(data, gone[1:] + new) == A + b"\nONE\nTWO" + end
    assert join(data, gone[:1] + new) == B + b"\n" + C + b"\nONE\nTWO" + end
    assert join(data, [gone[2], lines.ahead(data, found(data, 2), b"NEW")]) == (
        A + b"\n" + B + b"\nNEW" + end
    )


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (A + b"\n" + B + b"\n", A + b"\nNEW\n" + B + b"\n"),
        (A + b"\r\n" + B, A + b"\r\nNEW\r\n" + B),
        (A + b"\n\n \n" + B, A + b"\n\n \nNEW\n" + B),
        (A + b" " + B + C, A + b"\nNEW\n" + B + C),
    ],
)
def test_a_new_line_ahead_of_the_second_record(data, expected):
    assert join(data, [lines.ahead(data, found(data, 1), b"NEW")]) == expected


@pytest.mark.parametrize("mark", [b"", BOM])
def test_a_new_line_ahead_of_the_first_record_stands_behind_the_mark(mark):
    for data in (mark + A, mark + A + B, mark + b"  " + A + b"\n"):
        expected = mark + b"NEW\n" + data.removeprefix(mark)
        assert join(data, [lines.ahead(data, found(data, 0), b"NEW")]) == expected


def test_pieces_are_views_of_the_file_and_not_copies():
    data = A + b"\n" + B + b"\n" + C + b"\n"
    pieces = lines.apply(data, [lines.replaced(data, found(data, 1), b"NEW")])
    assert [type(piece) for piece in pieces] == [memoryview, bytes, memoryview]
    assert all(piece.obj is data for piece in pieces if isinstance(piece, memoryview))


def test_problems_are_described_on_one_line():
    problems = [Problem("issues.jsonl", number, f"why {number}") for number in range(1, 8)]
    assert str(problems[0]) == "issues.jsonl:1: why 1"
    assert describe(problems[:2]) == "issues.jsonl: line 1: why 1; line 2: why 2"
    assert describe(problems, 3) == (
        "issues.jsonl: line 1: why 1; line 2: why 2; line 3: why 3; and 4 more"
    )


def test_conflicts_are_markers_with_lines_between_them():
    data = b"\n".join(conflicts(A, B, base=C) + list(MEMORIES))
    markers = [item.marker[0] for item in scan(data) if isinstance(item, Unread)]
    assert markers == ["<", "|", "=", ">"]
    keys = [item.row.get("key") for item in scan(data) if isinstance(item, FoundLine)]
    assert keys == [None, None, None, "a-b", "z"]


@given(
    st.lists(st.sampled_from([b"a", b"b", b"c", b"", b" "]), max_size=7),
    st.sampled_from([b"\n", b"\r\n"]), st.booleans(), st.sampled_from([b"a", b"b"]),
)  # fmt: skip
def test_a_line_that_was_taken_away_comes_back_to_its_place(rows, newline, ended, gone):
    """Also between blank lines; where nothing but them is behind it, it has no place."""
    assume(rows.count(gone) == 1 and rows.count(b"c") <= 1)
    assume(all(rows.count(row) <= 1 for row in (b"a", b"b")))
    data = newline.join(rows) + (newline if ended else b"")
    at = data.find(gone)
    behind = lines.behind(data, at, {gone})
    left = join(data, [lines.without_line(data, at, at + len(gone))])
    rest = [row for row in rows[rows.index(gone) + 1 :] if row.strip()]
    if behind is None:
        assert not rest
    elif behind and (newline in left or newline == b"\n"):  # else nothing tells the ending
        assert join(left, [lines.placed(left, gone, behind)]) == data
