"""Files that nobody would write: what a merge must come to an end with all the same."""

from __future__ import annotations

import re

from hypothesis import strategies as st

from tracker.log.lines import BOM, MARKER

DEEP = b'{"id":"a","x":' + b"[" * 300 + b"]" * 300 + b"}"
MARKS = (
    b"<<<<<<< ours", b"<<<<<<<", b"<<<<<<<<< x", b"=======", b"======= x", b"|||||||",
    b"||||||| base", b">>>>>>> theirs", b">>>>>>>", b">>>>>>>>", b"<<<<<<<x", b"<<<<<<<\r",
)  # fmt: skip
RECORDS = (
    b'{"id":"a","title":"A"}', b'{"id":"a","title":"B","updated_at":"2026-01-01T00:00:00Z"}',
    b'{"id":"b","labels":["x"]}', b'{"id":"a"}{"id":"b"}', b' {"id":"a"} ', b'{"id":"a","id":"b"}',
    b'{"id":"b","labels":"x","dependencies":[{"depends_on_id":"a","type":"blocks"}]}',
    b'{"key":"k","content":"c"}', b'{"key":"k","content":"d"}', b'{"id":"\\ud800"}',
    b'{"_type":"memory","key":"k","content":"d"}', b'{"id":"a","n":NaN}', b'{"id":"a","n":1e999}',
    b'{"id":"c","conflicts":5}', b'{"id":"c","conflicts":[1,{"field":3}],"title":"t"}',
    b'{"id":"c","comments":{"a":1}}', b'{"id":"c","comments":[null,3,{"text":5}],"title":5}',
    b'{"id":"d","title":"T","created_at":"x","updated_at":5,"priority":"z","status":[]}',
    b'{"id":"d","title":"U","created_at":"2026-01-01T00:00:00Z","aliases":"q"}', DEEP,
    b'{"id":"d.1","moved_to":"k","key":"z"}', b'{"id":"a","title":"A","title":"B"}',
    b'{"id":"a","n":123456789012345678901234567890}', b'{"id":"A\\u0000"}',
    b'{"id":"a","n":' + b"9" * 5000 + b"}", '{"id":"ü","title":"ü"}'.encode(), b'{"id":""}',
)  # fmt: skip
RUBBISH = (
    b"", b"\0", b"\r", b'{"id":', b'"a"}', b"  ", b"\x85", b"\xe2\x80\xa8", b"\xff\xfe", b"rubbish",
    b"[]", b"null", b"{}", b"\x0b", b"\x0c", b"\x1c", b"5", b'"text"', b"one\rtwo",
)  # fmt: skip

_parts = st.sampled_from(MARKS) | st.sampled_from(RECORDS) | st.sampled_from(RUBBISH)
_marks = st.sampled_from([b""] * 5 + [BOM, BOM + BOM])
_ends = st.sampled_from([b"\n"] * 8 + [b"\r\n", b"\r\r\n", b"", b"\n\n"])
_lines = st.tuples(_marks, _parts | st.binary(max_size=8), _ends).map(b"".join)


@st.composite
def files(draw):
    """A file of such lines, or of any bytes; perhaps cut off."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=60))
    data = b"".join(draw(st.lists(_lines, max_size=9)))
    return data[: draw(st.integers(0, len(data)))] if draw(st.integers(0, 7)) == 0 else data


@st.composite
def triples(draw):
    """A base and two sides, which may go on with the base."""
    base = draw(files())
    sides = [base * draw(st.booleans()) + draw(files()) for _ in range(2)]
    return base, *sides


def texts(data: bytes) -> set[bytes]:
    """The lines that are neither records nor markers, without what may surround them."""
    lines = data.replace(b"\r\n", b"\n").split(b"\n")
    kept = (line for line in lines if not MARKER.match(line) and b"{" not in line)
    return {re.sub(b"^(%s)*" % BOM, b"", line).strip() for line in kept} - {b""}
