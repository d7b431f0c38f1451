"""Actions on memories, by their laws and by cases."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.memory_strategies import memories
from tracker.errors import Invalid, Moved, NoMemory
from tracker.issues.editing import Who
from tracker.log.issue_log import Log
from tracker.log.memory_codec import encode_memory
from tracker.log.snapshot import Drafts, Snapshot
from tracker.memory import actions as memory_actions
from tracker.memory.actions import ABSENT
from tracker.memory.edits import MemoryAuthor, MemoryTarget
from tracker.model import memory
from tracker.model.memory import Memory, Source
from tracker.model.timestamps import instant, stamp

NOW = 1_800_000_000 * 10**9
T = stamp(NOW)
BLOBS = {"src/api.py": "b" * 40}
HAND = MemoryAuthor(Who("ann", NOW, session="s-1"), "agent", lambda path: BLOBS.get(path, ""))
OLD = Memory(
    key="climate/drift", content="old", title="Drift", tags=("ml",),
    created_at="2026-01-01T00:00:00Z", updated_at="2026-01-01T00:00:00Z",
    source=Source(by="bob", paths=(("src/api.py", "a" * 40),)),
)  # fmt: skip


def notes_of(*found, private=()):
    def lines(some):
        return b"".join(encode_memory(one) + b"\n" for one in some)

    files = {"memory.jsonl": lines(found), ".local/memory.jsonl": lines(private)}
    return Drafts(Snapshot("issues.jsonl", lambda file: files.get(file, b""), Log)).memories


# What is set.


def test_a_new_memory_says_who_when_and_from_what():
    notes = notes_of()
    wish = {
        "content": "Detrend first.", "title": "Drift", "kind": "pattern", "tags": ["ml", "ml"],
        "confidence": "0.9", "paths": ["src/api.py", "gone.py"], "issues": ["bd-1"],
        "verdict": "success", "related": ["noise"], "pinned": True,
    }  # fmt: skip
    made = memory_actions.put(notes, " climate/drift ", wish, HAND)
    assert made == Memory(
        key="climate/drift", kind="pattern", content="Detrend first.", title="Drift", tags=("ml",),
        confidence="0.9", verdict="success", related=("noise",), pinned=True, created_at=T,
        updated_at=T, source=Source(
            by="ann", origin="agent", issues=("bd-1",), session="s-1",
            paths=(("src/api.py", "b" * 40), ("gone.py", "")),
        ),
    )  # fmt: skip
    assert notes.get("climate/drift") == made


def test_a_write_changes_what_it_names_and_the_time():
    notes = notes_of(OLD)
    new = memory_actions.put(notes, "climate/drift", {"title": "Other", "add_tags": ["x"]}, HAND)
    assert new == replace(OLD, title="Other", tags=("ml", "x"), updated_at=T)
    again = memory_actions.put(notes, "climate/drift", {"remove_tags": ["ml"], "title": ""}, HAND)
    assert (again.title, again.tags) == ("", ("x",))
    assert instant(again.updated_at) == NOW + 1000


def test_a_new_content_is_its_writers_and_renews_the_files():
    new = memory_actions.put(notes_of(OLD), "climate/drift", {"content": "new"}, HAND)
    assert new.source == Source(
        by="ann", origin="agent", session="s-1", paths=(("src/api.py", "b" * 40),)
    )
    same = memory_actions.put(
        notes_of(OLD), "climate/drift", {"content": "old", "title": "x"}, HAND
    )
    assert same.source == OLD.source


def test_source_lists_grow_and_an_empty_one_clears():
    notes = notes_of(OLD)
    more = memory_actions.put(notes, OLD.key, {"issues": ["bd-1"], "paths": ["gone.py"]}, HAND)
    assert more.source.issues == ("bd-1",)
    assert dict(more.source.paths) == {"src/api.py": "a" * 40, "gone.py": ""}
    none = memory_actions.put(notes, OLD.key, {"issues": [], "paths": []}, HAND)
    assert (none.source.issues, none.source.paths) == ((), ())


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        ({"content": ""}, "the text is empty"),
        ({"content": " \n"}, "the text is empty"),
        ({"content": "x" * 64_001}, r"content must be 64000 characters or less \(got 64001\)"),
        ({"content": "a\0b"}, "NUL"),
        ({"content": "\ud800"}, "not valid UTF-8"),
        ({"content": "x", "kind": "rumour"}, "invalid kind: rumour"),
        ({"content": "x", "title": "a\nb"}, "control character"),
        ({"content": "x", "title": "x" * 201}, "200 characters or less"),
        ({"content": "x", "description": "x" * 1001}, "description must be 1000"),
        ({"content": "x", "verdict": "meh"}, "invalid verdict"),
        ({"content": "x", "confidence": "2"}, "from 0 to 1"),
        ({"content": "x", "confidence": "nan"}, "from 0 to 1"),
        ({"content": "x", "confidence": "high"}, "from 0 to 1"),
        ({"content": "x", "tags": [str(n) for n in range(101)]}, "tags must be 100 or fewer"),
        ({"content": "x", "paths": [str(n) for n in range(101)]}, "100 files at most"),
        ({"content": "x", "tags": [" "]}, "tags is empty"),
        ({"content": "x", "expires_at": "soon"}, "use a time such as"),
        ({"content": "x", "related": ["a//b"]}, "a segment is empty"),
        ({"content": "x", "colour": "red"}, "unknown field: colour"),
    ],
)  # fmt: skip
def test_bad_values_are_refused_and_nothing_is_put(wish, why):
    notes = notes_of(OLD)
    assert memory_actions.put(notes_of(OLD), "a", {"content": "x"}, HAND).content == "x"
    with pytest.raises(Invalid, match=why):
        memory_actions.put(notes, "a", wish, HAND)
    assert notes.written() == {}


@pytest.mark.parametrize(("typed", "stored"), [("0.70", "0.70"), ("1", "1"), (".5", "0.5")])
def test_confidence_is_a_number_in_the_file(typed, stored):
    made = memory_actions.put(notes_of(), "a", {"content": "x", "confidence": typed}, HAND)
    assert made.confidence == stored


def test_an_old_value_that_breaks_a_rule_is_in_nobodys_way():
    odd = replace(OLD, kind="rumour", title="x" * 500, content="y" * 70_000)
    new = memory_actions.put(notes_of(odd), OLD.key, {"add_tags": ["x"]}, HAND)
    assert (new.kind, new.tags) == ("rumour", ("ml", "x"))


def test_a_content_can_be_compared_before_it_is_set():
    held = hashlib.sha256(b"old").hexdigest()
    for expected in (held, held[:8], held[:12].upper()):
        notes = notes_of(OLD)
        where = MemoryTarget(expected=expected)
        assert memory_actions.put(notes, OLD.key, {"content": "new"}, HAND, where).content == "new"
    with pytest.raises(Moved, match=f"holds {held[:8]} now, not 00000000"):
        memory_actions.put(
            notes_of(OLD), OLD.key, {"content": "n"}, HAND, MemoryTarget(expected="00000000")
        )
    with pytest.raises(Moved, match="holds nothing"):
        memory_actions.put(
            notes_of(), "a", {"content": "n"}, HAND, MemoryTarget(expected="00000000")
        )
    with pytest.raises(Invalid, match="too short"):
        memory_actions.put(
            notes_of(OLD), OLD.key, {"content": "n"}, HAND, MemoryTarget(expected="00")
        )
    assert memory_actions.put(
        notes_of(), "a", {"content": "n"}, HAND, MemoryTarget(expected=ABSENT)
    )
    with pytest.raises(Moved, match="holds something already"):
        memory_actions.put(
            notes_of(OLD), OLD.key, {"content": "n"}, HAND, MemoryTarget(expected=ABSENT)
        )


def test_appending_keeps_what_was_there():
    notes = notes_of(OLD)
    assert memory_actions.append(notes, OLD.key, "more", HAND).content == "old\nmore"
    assert memory_actions.append(notes, "new/key", "first", HAND).content == "first"
    with pytest.raises(Invalid, match="nothing to append"):
        memory_actions.append(notes, OLD.key, " ", HAND)
    full = replace(OLD, content="x" * 64_000)
    with pytest.raises(Invalid, match="64000 characters or less"):
        memory_actions.append(notes_of(full), OLD.key, "y", HAND)


# Life.


def test_forgetting_leaves_a_tombstone_that_restore_brings_back():
    notes = notes_of(OLD)
    assert memory_actions.forget(notes, OLD.key, HAND) == OLD
    with pytest.raises(NoMemory) as caught:
        memory_actions.live(notes, OLD.key)
    assert caught.value.hint == "it was forgotten; bd memory restore climate/drift"
    back = memory_actions.restore(notes, OLD.key, HAND)
    assert replace(back, updated_at=OLD.updated_at) == OLD
    with pytest.raises(NoMemory):
        memory_actions.restore(notes, "other", HAND)


def test_a_forgotten_key_can_begin_anew():
    notes = notes_of(OLD)
    memory_actions.forget(notes, OLD.key, HAND)
    new = memory_actions.put(notes, OLD.key, {"content": "fresh"}, HAND)
    assert (new.content, new.title, new.tags, new.status) == ("fresh", "", (), "active")
    assert instant(new.updated_at) > NOW


def test_archiving_puts_away_and_restore_brings_back():
    notes = notes_of(OLD)
    assert memory_actions.archive(notes, OLD.key, HAND).status == "archived"
    assert memory_actions.restore(notes, OLD.key, HAND).status == "active"


def test_an_old_text_can_be_given_back():
    notes = notes_of(OLD)
    memory_actions.put(notes, OLD.key, {"content": "new"}, HAND)
    assert memory_actions.give(notes, OLD.key, "old", HAND).content == "old"
    assert memory_actions.give(notes, "gone", "text", HAND).content == "text"
    memory_actions.forget(notes, OLD.key, HAND)
    assert memory_actions.give(notes, OLD.key, "older", HAND).status == "active"


def test_moving_leaves_a_name_behind_that_still_means_the_memory():
    notes = notes_of(OLD)
    moved = memory_actions.move(notes, OLD.key, "weather/drift", HAND)
    assert replace(moved, key=OLD.key, updated_at=OLD.updated_at) == OLD
    left = notes.get(OLD.key)
    assert (left.status, left.moved_to, left.content) == ("tombstone", "weather/drift", "")
    assert memory_actions.live(notes, OLD.key) == moved
    assert memory_actions.put(notes, OLD.key, {"content": "new"}, HAND).key == "weather/drift"
    assert memory_actions.append(notes, OLD.key, "more", HAND).content == "new\nmore"
    with pytest.raises(Invalid, match="was moved to weather/drift") as caught:
        memory_actions.restore(notes, OLD.key, HAND)
    assert caught.value.hint == "bd memory mv weather/drift climate/drift"
    back = memory_actions.move(notes, "weather/drift", OLD.key, HAND)
    assert memory_actions.live(notes, "weather/drift") == back
    assert notes.get(OLD.key).status == "active"


def test_moving_to_a_key_that_is_taken_is_refused():
    other = replace(OLD, key="b")
    with pytest.raises(Invalid, match="b is taken"):
        memory_actions.move(notes_of(OLD, other), OLD.key, "b", HAND)
    notes = notes_of(OLD)
    assert memory_actions.move(notes, OLD.key, OLD.key, HAND) == OLD
    assert notes.written() == {}


def test_names_that_lead_in_a_circle_mean_nothing():
    one = Memory(key="a", status="tombstone", moved_to="b")
    two = Memory(key="b", status="tombstone", moved_to="a")
    with pytest.raises(NoMemory):
        memory_actions.live(notes_of(one, two), "a")


def test_links_need_both_ends():
    notes = notes_of(OLD, replace(OLD, key="b"))
    assert memory_actions.link(notes, OLD.key, "b", HAND).related == ("b",)
    assert memory_actions.supersede(notes, "b", OLD.key, HAND).supersedes == ("b",)
    with pytest.raises(NoMemory):
        memory_actions.link(notes, OLD.key, "c", HAND)
    with pytest.raises(Invalid, match="related to itself"):
        memory_actions.link(notes, "b", "b", HAND)
    with pytest.raises(Invalid, match="supersede itself"):
        memory_actions.supersede(notes, "b", "b", HAND)


def test_verifying_renews_the_time_and_the_files():
    found = memory_actions.verify(notes_of(OLD), OLD.key, HAND)
    assert found.source.paths == (("src/api.py", "b" * 40),)
    assert found.verified_at == found.updated_at == T


def test_pinning():
    notes = notes_of(OLD)
    assert memory_actions.pin(notes, OLD.key, HAND).pinned
    assert not memory_actions.pin(notes, OLD.key, HAND, pinned=False).pinned


def test_what_stays_private_stays_private():
    notes = notes_of(private=[OLD])
    memory_actions.put(notes, OLD.key, {"content": "new"}, HAND)
    assert list(notes.written()) == [".local/memory.jsonl"]
    memory_actions.move(notes, OLD.key, "b", HAND)
    assert list(notes.written()) == [".local/memory.jsonl"]
    assert notes.written()[".local/memory.jsonl"][OLD.key] is None
    memory_actions.forget(notes, "b", HAND)
    assert notes.get("b") is None
    assert list(notes.written()) == [".local/memory.jsonl"]


def test_an_edit_settles_the_conflict_of_its_field():
    entries = '[{"field":"/content","value":"x"},{"field":"/title","value":"y"}]'
    held = replace(OLD, extra=(("conflicts", entries), ("zz", "1.0")))
    one = memory_actions.put(notes_of(held), OLD.key, {"content": "new"}, HAND)
    assert dict(one.extra) == {"conflicts": '[{"field":"/title","value":"y"}]', "zz": "1.0"}
    grown = memory_actions.append(notes_of(held), OLD.key, "more", HAND)
    assert dict(grown.extra)["conflicts"] == entries


# Laws.

WISHES = st.fixed_dictionaries(
    {},
    optional={
        "content": st.sampled_from(["one", "two\nthree"]),
        "title": st.sampled_from(["", "a title"]),
        "kind": st.sampled_from(memory.KINDS),
        "add_tags": st.lists(st.sampled_from(["x", "y"]), max_size=2),
        "remove_tags": st.lists(st.sampled_from(["x", "y"]), max_size=2),
        "issues": st.lists(st.sampled_from(["bd-1", "bd-2"]), max_size=2),
        "pinned": st.booleans(),
        "verdict": st.sampled_from(["", *memory.VERDICTS]),
        "expires_at": st.sampled_from(["", "2027-01-01T00:00:00Z"]),
    },
)
ACTIONS = st.one_of(
    WISHES.map(lambda wish: lambda notes, hand: memory_actions.put(notes, "a", wish, hand)),
    st.just(lambda notes, hand: memory_actions.append(notes, "a", "more", hand)),
    st.just(lambda notes, hand: memory_actions.verify(notes, "a", hand)),
    st.just(lambda notes, hand: memory_actions.pin(notes, "a", hand)),
    st.just(lambda notes, hand: memory_actions.forget(notes, "a", hand)),
    st.just(lambda notes, hand: memory_actions.archive(notes, "a", hand)),
    st.just(lambda notes, hand: memory_actions.restore(notes, "a", hand)),
    st.just(lambda notes, hand: memory_actions.link(notes, "a", "b", hand)),
    st.just(lambda notes, hand: memory_actions.move(notes, "a", "c", hand)),
)


@given(memories(key="a"), memories(key="b"), st.lists(ACTIONS, max_size=4))
def test_actions_change_only_what_they_name_and_time_only_grows(one, other, actions):
    notes = notes_of(one, other)
    for action in actions:
        before = {key: notes.get(key) for key in notes.keys()}  # noqa: SIM118  (no mapping)
        try:
            action(notes, HAND)
        except (Invalid, NoMemory):
            assert {key: notes.get(key) for key in before} == before
            continue
        for key, was in before.items():
            now = notes.get(key)
            if was != now:
                assert instant(now.updated_at) > instant(was.updated_at)
                assert key != "b"
            carried = {pair for pair in was.extra if pair[0] != "conflicts"}
            if now.status != "tombstone" and was.status != "tombstone":
                known = {name for name, _ in carried} & set(memory.MEMORY_FIELDS)
                assert {pair for pair in carried if pair[0] not in known} <= set(now.extra)


@given(memories(key="a"), WISHES)
def test_asking_for_what_is_there_changes_nothing(one, wish):
    notes = notes_of(replace(one, content=one.content or "x", status="active"))
    try:
        first = memory_actions.put(notes, "a", wish, HAND)
    except Invalid:
        return
    again = notes_of(first)
    assert memory_actions.put(again, "a", wish, HAND) == first
    assert again.written() == {}
