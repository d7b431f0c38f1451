"""A memory and its line: nothing is lost, and nothing is repaired."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.memory_strategies import MISFITS, memories, outcomes
from tests.support.strategies import foreign
from tracker.json_text import members
from tracker.log import memory_codec
from tracker.log.memory_codec import decode_memory, decode_outcome, encode_memory, encode_outcome
from tracker.model import memory
from tracker.model.memory import Memory, Outcome, Source

FULL = Memory(
    key="climate/patterns/drift",
    kind="pattern",
    title="Drift is seasonal",
    description="When a forecast drifts",
    content="Detrend <first> & then fit.",
    tags=("ml", "climate"),
    verdict="success",
    confidence="0.70",
    source=Source(
        by="ann",
        origin="agent",
        issues=("bd-1",),
        paths=(("src/api.py", "0" * 40),),
        session="s-1",
    ),
    created_at="2026-01-01T00:00:00Z",
    updated_at="2026-01-02T00:00:00Z",
    verified_at="2026-01-03T00:00:00Z",
    expires_at="2027-01-01T00:00:00Z",
    supersedes=("climate/old",),
    related=("climate/patterns/noise",),
    pinned=True,
    status="archived",
    extra=(("conflicts", '[{"field":"/kind"}]'), ("zz", "1.0")),
)
LINE = (
    b'{"key":"climate/patterns/drift","kind":"pattern","title":"Drift is seasonal",'
    b'"description":"When a forecast drifts","content":"Detrend <first> & then fit.",'
    b'"tags":["ml","climate"],"verdict":"success","confidence":0.70,'
    b'"source":{"by":"ann","origin":"agent","issues":["bd-1"],"paths":{"src/api.py":"'
    + b"0"
    * 40
    + b'"},"session":"s-1"},"created_at":"2026-01-01T00:00:00Z",'
    b'"updated_at":"2026-01-02T00:00:00Z","verified_at":"2026-01-03T00:00:00Z",'
    b'"expires_at":"2027-01-01T00:00:00Z","supersedes":["climate/old"],'
    b'"related":["climate/patterns/noise"],"pinned":true,"status":"archived",'
    b'"conflicts":[{"field":"/kind"}],"zz":1.0}'
)


def test_the_line_of_a_memory_is_what_the_format_says():
    assert encode_memory(FULL) == LINE
    assert decode_memory(LINE) == FULL
    assert encode_memory(Memory(key="a")) == b'{"key":"a","kind":"fact"}'


def test_the_line_of_an_outcome_is_what_the_format_says():
    one = Outcome(
        id="o-1", key="a", of="0a1b2c3d", verdict="failure", weight="0.5", issue="bd-1",
        task="t", by="ann", at="2026-01-01T00:00:00Z", note="broke",
    )  # fmt: skip
    line = (
        b'{"id":"o-1","key":"a","of":"0a1b2c3d","verdict":"failure","weight":0.5,"issue":"bd-1",'
        b'"task":"t","by":"ann","at":"2026-01-01T00:00:00Z","note":"broke"}'
    )
    assert encode_outcome(one) == line
    assert decode_outcome(line) == one
    assert encode_outcome(Outcome(id="o-2", voids="o-1")) == b'{"id":"o-2","voids":"o-1"}'


@given(memories())
def test_a_memory_survives_its_line(one):
    line = encode_memory(one)
    assert decode_memory(line) == one
    assert json.loads(line)["key"] == one.key
    assert b"\n" not in line


@given(outcomes())
def test_an_outcome_survives_its_line(one):
    assert decode_outcome(encode_outcome(one)) == one


@given(memories().flatmap(lambda one: st.tuples(st.just(one), foreign(encode_memory(one)))))
def test_another_spelling_says_the_same(pair):
    one, line = pair
    found = decode_memory(line)
    carried = {name for name, _ in one.extra} | {"confidence", "source"}
    for name in memory.MEMORY_FIELDS:
        if name not in carried:
            assert getattr(found, name) == getattr(one, name)
    assert decode_memory(encode_memory(found)) == found


@given(memories(), st.data())
def test_a_value_of_an_odd_type_is_carried(one, data):
    name = data.draw(st.sampled_from(memory.MEMORY_FIELDS[1:]))
    raw = data.draw(st.sampled_from(MISFITS[memory_codec._TYPES[Memory][name]]))
    found = {key: member.raw for key, member in members(encode_memory(one).decode())[0].items()}
    line = "{" + ",".join(f"{json.dumps(k)}:{v}" for k, v in (found | {name: raw}).items()) + "}"
    if name == "source" and raw == "{}":
        return
    read = decode_memory(line)
    assert dict(read.extra)[name] == raw
    assert members(encode_memory(read).decode())[0][name].raw == raw


def test_numbers_do_not_pass_through_a_float():
    line = b'{"key":"a","kind":"fact","confidence":0.70000000000000000001,"x":1e400,"n":-0.0}'
    again = encode_memory(decode_memory(line))
    assert json.loads(again.replace(b"1e400", b"1")) == json.loads(line.replace(b"1e400", b"1"))
    assert b'"confidence":0.70000000000000000001' in again
    assert b'"n":-0.0' in again
    assert b'"x":1e400' in again


def test_what_beads_calls_a_memory_is_one():
    found = decode_memory(b'{"_type":"memory","key":"auth-jwt","value":"use RS256"}')
    assert found == Memory(key="auth-jwt", content="use RS256")
    assert encode_memory(found) == b'{"key":"auth-jwt","kind":"fact","content":"use RS256"}'
    both = decode_memory(b'{"key":"k","content":"ours","value":"theirs"}')
    assert (both.content, both.extra) == ("ours", (("value", '"theirs"'),))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b'{"kind":"fact"}', "has no key"),
        (b'{"key":""}', "has no key"),
        (b'{"key":5}', "has no key"),
        (b'{"key":"a"} x', "unexpected text"),
        (b"[]", "not a JSON object"),
    ],
)
def test_a_line_without_a_memory_is_an_error(line, why):
    with pytest.raises(ValueError, match=why):
        decode_memory(line)
    assert decode_memory(b'{"key":"a"}') == Memory(key="a")


def test_an_outcome_needs_an_id():
    with pytest.raises(ValueError, match="has no id"):
        decode_outcome(b'{"key":"a","verdict":"success"}')
    assert decode_outcome(b'{"id":"o"}') == Outcome(id="o")


def test_the_namespace_is_all_but_the_last_segment():
    found = [Memory(key=key).namespace for key in ("climate/patterns/drift", "a")]
    assert found == ["climate/patterns", ""]


def test_the_digest_tells_contents_apart():
    assert memory.digest("one") == memory.digest("one") != memory.digest("two")
    assert len(memory.digest("\ud800")) == 8


@given(memories())
def test_a_glance_sees_what_the_record_says(one):
    found = memory_codec.glance(json.loads(encode_memory(one).replace(b"1e400", b"1")))
    carried = {name for name, _ in one.extra} | {"confidence", "source"}
    for name in memory.MEMORY_FIELDS:
        if name not in carried:
            assert getattr(found, name) == getattr(one, name), name
    assert found.source.issues == one.source.issues
    assert found.source.by == one.source.by


def test_a_glance_keeps_what_merges_kept_and_leaves_odd_values():
    row = {"key": "a", "tags": ["x", 1], "pinned": "yes", "confidence": 0.5, "source": [],
           "value": "by Beads", "conflicts": [{"field": "/title"}], "title": 5}  # fmt: skip
    found = memory_codec.glance(row)
    assert found == Memory(
        key="a", content="by Beads", confidence="0.5",
        extra=(("conflicts", '[{"field": "/title"}]'),),
    )  # fmt: skip
    one = memory_codec.glance_outcome({"id": "o", "weight": 0.25, "key": 5, "x": 1})
    assert one == Outcome(id="o", weight="0.25")
