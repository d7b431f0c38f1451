"""JSON that others wrote."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.json_text import DEEPEST, is_deep, loads

_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=20,
)  # fmt: skip


@given(_values, st.booleans())
def test_what_python_reads_is_read(value, as_bytes):
    text = json.dumps(value, ensure_ascii=False)
    assert loads(text.encode() if as_bytes else text) == value
    assert loads("\ufeff" + text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("9" * 4300, "9" * 4300), ("-" + "9" * 9000, "-" + "9" * 9000), ("9" * 3000, int("9" * 3000)),
     ("1e999", "1e999"), ("-1e999", "-1e999"), ("1e308", 1e308), ("[1e999]", ["1e999"])],
    ids=lambda one: str(one)[:12],
)  # fmt: skip
def test_a_number_that_python_cannot_hold_is_its_text(text, value):
    assert loads(text) == value


@pytest.mark.parametrize(
    "text", ["NaN", "[Infinity]", "-Infinity", "", "{", b"\xff", "[" * 90_000, '{"a":' * 5000 + "1"]
)
def test_what_is_none(text):
    with pytest.raises(ValueError, match=r"."):
        loads(text)


def test_nesting_has_an_end():
    def nested(levels):
        return "[" * levels + "]" * levels

    assert loads(nested(DEEPEST))
    for levels in (DEEPEST + 1, 900, 5000, 100_000):
        with pytest.raises(ValueError, match="nested more than 200 levels"):
            loads(nested(levels))
    wide = "[" + ",".join(["[1]"] * 5000) + "]"
    assert len(loads(wide)) == 5000
    assert not is_deep([{"a": [1]}], 3)
    assert is_deep([{"a": [1]}], 2)
