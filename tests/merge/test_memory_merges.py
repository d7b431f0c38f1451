"""Merges of memories, by the laws that hold for issues."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.memory_strategies import NAMES, memories
from tests.support.merge_strategies import line_of
from tracker.log.memory_codec import decode_memory, encode_memory
from tracker.log.memory_log import MemoryFile
from tracker.merge.text import LONGEST, holds
from tracker.merge.three_way import resolve_markers, three_way
from tracker.model.confidence import prior
from tracker.model.memory import Memory, Source

PATH = ".beads/memory.jsonl"
FEWER = settings(max_examples=settings().max_examples // 2)
TIMES = st.sampled_from([f"2026-01-0{day}T00:00:00Z" for day in range(1, 6)])


def file_of(found):
    return b"".join(encode_memory(found[key]) + b"\n" for key in sorted(found))


@st.composite
def sides(draw, base):
    """What one branch made of a file."""
    found = dict(base)
    for key in draw(st.sets(st.sampled_from(NAMES), max_size=3)):
        if key not in found:
            found[key] = replace(draw(memories(key=key)), updated_at=draw(TIMES))
            continue
        edits = draw(
            st.fixed_dictionaries(
                {"updated_at": TIMES},
                optional={
                    "content": st.sampled_from(["one", "one\ntwo", "zero\none", "", "three"]),
                    "title": st.sampled_from(["", "a", "b"]),
                    "tags": st.sampled_from([(), ("x",), ("x", "y")]),
                    "status": st.sampled_from(["active", "archived", "tombstone"]),
                    "source": st.builds(
                        Source,
                        by=st.sampled_from(["ann", "bob"]),
                        origin=st.sampled_from(["user", "agent"]),
                        issues=st.sampled_from([(), ("t-1",), ("t-1", "t-2")]),
                        paths=st.sampled_from([(), (("a", "1"),), (("a", "2"), ("b", "1"))]),
                    ),
                },
            )
        )
        found[key] = replace(found[key], **edits)
    return found


@st.composite
def triples(draw):
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=4))
    base = {key: draw(memories(key=key)) for key in names}
    return base, draw(sides(base)), draw(sides(base))


def both_of(one, two):
    """Who has written a text that is woven of two, and its origin."""
    names = {name for side in (one, two) for name in side.by.split(", ")} - {""}
    origins = sorted({one.origin, two.origin}, key=lambda name: (prior(None, name, ""), name))
    return ", ".join(sorted(names)), origins[0]


@FEWER
@given(triples())
def test_memories_merge_alike_from_either_side_and_nothing_is_lost(triple):
    base, ours, theirs = triple
    files = [file_of(side) for side in triple]
    merged = three_way(*files, PATH)
    assert merged == three_way(files[0], files[2], files[1], PATH)
    found = MemoryFile(merged.data, "memory.jsonl")
    assert found.problems == ()
    assert set(found) == {*ours, *theirs} | set(base)
    assert found.is_sorted
    for key in found:
        here, there = ours.get(key), theirs.get(key)
        sources = [side.source for side in (here, there) if side is not None]
        one = found[key]
        signed = {(s.by, s.origin) for s in sources}
        assert (one.source.by, one.source.origin) in signed | {both_of(sources[0], sources[-1])}
        held = json.loads(dict(one.extra).get("conflicts") or "[]")
        values = [entry["value"] for entry in held if "value" in entry] if held else []
        kept = [line for value in values for line in str(value).split("\n")]
        for side in (here, there):
            for line in filter(None, side.content.split("\n") if side else ()):
                before = base[key].content.split("\n") if key in base else []
                assert line in one.content.split("\n") or line in kept or line in before
    assert three_way(merged.data, merged.data, files[1], PATH).data == files[1]


@FEWER
@given(memories(), memories())
def test_a_file_of_another_spelling_is_a_side_like_any_other(one, two):
    if one.key == two.key:
        return
    data = encode_memory(one) + b"\n"
    both = b"".join(encode_memory(m) + b"\n" for m in sorted((one, two), key=lambda m: m.key))
    assert three_way(b"", data, both, PATH).data == both
    assert decode_memory(data) == one


@FEWER
@given(memories(key="a"), sides({}), st.sampled_from(["one", "one\ntwo", ""]), TIMES, TIMES)
def test_an_edit_follows_a_memory_that_was_moved(one, others, content, at, then):
    base = {key: m for key, m in others.items() if key not in {"a", "b"}}
    base["a"] = replace(one, content="one", status="active", moved_to="", updated_at=at)
    tombstone = Memory(key="a", status="tombstone", moved_to="b", updated_at=then)
    mover = base | {"a": tombstone, "b": replace(base["a"], key="b", updated_at=then)}
    editor = base | {"a": replace(base["a"], content=content, tags=("new",), updated_at=at)}
    files = [file_of(side) for side in (base, mover, editor)]
    merged = three_way(*files, PATH)
    assert merged == three_way(files[0], files[2], files[1], PATH)
    found = MemoryFile(merged.data, "memory.jsonl")
    assert found["a"] == tombstone
    assert found["b"].content == content
    assert "new" in found["b"].tags
    again = three_way(files[2], merged.data, files[2], PATH)
    assert again.data == merged.data


def test_no_edit_follows_where_two_memories_were_moved_to_one_key():
    """Whose text it would have joined is not sure: it stays behind, where `conflicts` names it."""
    at = "2026-01-0{}T00:00:00Z".format
    base = {key: Memory(key=key, content=f"of {key}", updated_at=at(1)) for key in ("a", "c")}
    gone = {
        key: Memory(key=key, status="tombstone", moved_to="b", updated_at=at(2)) for key in base
    }
    mover = gone | {"b": replace(base["c"], key="b", updated_at=at(2))}
    editor = {
        key: replace(one, content=f"edited {key}", updated_at=at(3)) for key, one in base.items()
    }
    files = [file_of(side) for side in (base, mover, editor)]
    merged = three_way(*files, PATH)
    assert merged == three_way(files[0], files[2], files[1], PATH)
    found = MemoryFile(merged.data, "memory.jsonl")
    assert [found[key].content for key in "abc"] == ["edited a", "of c", "edited c"]
    assert [found[key].moved_to for key in "ac"] == ["b", "b"]
    one = (
        file_of({"c": base["c"]}),
        file_of({k: mover[k] for k in "bc"}),
        file_of({"c": editor["c"]}),
    )
    assert MemoryFile(three_way(*one, PATH).data, PATH)["b"].content == "edited c"


# What both sides only added to.

LINES = st.lists(st.sampled_from(["a", "b", "c", "", "- a", "```"]), max_size=6)


def memory_line(content, day, **more):
    at = f"2026-01-0{day}T00:00:00Z"
    return encode_memory(Memory(key="k", content=content, updated_at=at, **more)) + b"\n"


@st.composite
def additions(draw):
    """Lines, and twice the same with others put in between."""
    base = draw(LINES)
    sides = []
    for _ in range(2):
        side = list(base)
        for line in draw(LINES):
            side.insert(draw(st.integers(0, len(side))), line)
        sides.append(side)
    return base, *sides


@given(additions(), st.sampled_from(["content", "notes"]))
def test_what_both_sides_only_added_is_all_there(triple, field):
    base, ours, theirs = ("\n".join(lines) for lines in triple)
    if field == "notes":
        path = "issues.jsonl"
        files = [line_of("bd-a", notes=text, updated_at=f"2026-01-0{day}T00:00:00Z")
                 for day, text in enumerate((base, ours, theirs), 1)]  # fmt: skip
    else:
        path = PATH
        files = [memory_line(text, day) for day, text in enumerate((base, ours, theirs), 1)]
    merged = three_way(*files, path)
    assert merged.data == three_way(files[0], files[2], files[1], path).data
    row = json.loads(merged.data)
    text = row.get(field, "")
    assert "conflicts" not in row
    assert all(holds(text, side) for side in (base, ours, theirs) if side)
    known = Counter([*ours.split("\n"), *theirs.split("\n")])
    assert not Counter(text.split("\n")) - known
    assert three_way(files[1], merged.data, files[1], path).data == merged.data
    assert three_way(merged.data, merged.data, files[2], path).data == files[2]


def test_a_log_may_be_of_any_length():
    long = "\n".join(map(str, range(LONGEST + 1)))
    sides = [f"{long}\nours 1\nours 2", f"before\n{long}\ntheirs"]
    files = [memory_line(text, day) for day, text in enumerate((long, *sides), 1)]
    row = json.loads(three_way(*files, PATH).data)
    assert row["content"] == f"before\n{long}\nours 1\nours 2\ntheirs"
    assert "conflicts" not in row
    edited = memory_line(f"{long}\nours".replace("7\n", "x\n", 1), 3)
    row = json.loads(three_way(files[0], files[1], edited, PATH).data)
    assert [entry["value"] for entry in row["conflicts"]] == [sides[0]]


def test_what_was_only_written_over_is_no_addition():
    files = [memory_line(text, day) for day, text in enumerate(("one", "two", "three"), 1)]
    row = json.loads(three_way(*files, PATH).data)
    assert (row["content"], row["conflicts"][0]["value"]) == ("three", "two")
    row = json.loads(three_way(b"", files[1], files[2], PATH).data)
    assert (row["content"], row.get("conflicts")) == ("two\nthree", None)


def test_lines_with_which_both_begin_stand_once():
    """Markers without a base between them make a memory look as if both had begun it."""
    ours, theirs = (memory_line(f"one\ntwo\n{name}", day) for day, name in ((2, "ann"), (3, "bob")))
    merged = three_way(b"", ours, theirs, PATH)
    assert json.loads(merged.data)["content"] == "one\ntwo\nann\nbob"
    data = b"<<<<<<< HEAD\n" + ours + b"=======\n" + theirs + b">>>>>>> main\n"
    assert resolve_markers(data, PATH).data == merged.data


def signed(base, ours, theirs):
    """Who the merge of two that appended says it was: name, origin."""
    files = [
        memory_line(text, day, source=Source(by=by, origin=origin))
        for day, (text, (by, origin)) in enumerate(
            (("1", base), ("1\n2", ours), ("1\n3", theirs)), 1
        )
    ]
    merged = three_way(*files, PATH)
    assert merged == three_way(files[0], files[2], files[1], PATH)
    assert not merged.decisions
    source = json.loads(merged.data).get("source", {})
    return source.get("by", ""), source.get("origin", "")


def test_a_woven_text_names_both_and_has_the_less_trusted_origin():
    ann, bob, tool = ("ann", "user"), ("bob", "agent"), ("ann", "tool")
    assert signed(ann, ann, bob) == ("ann, bob", "agent")
    assert signed(ann, bob, ann) == ("ann, bob", "agent")
    assert signed(("cat", "user"), bob, tool) == ("ann, bob", "tool")
    assert signed(ann, ann, ann) == ann
    assert signed(ann, ("ann, bob", "agent"), ("bob, cat", "import")) == ("ann, bob, cat", "import")
    assert signed(ann, ("", ""), ann) == ("ann", "")
    assert signed(("", ""), ("", ""), ("", "")) == ("", "")
