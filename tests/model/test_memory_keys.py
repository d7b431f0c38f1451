"""Keys of memories, and patterns of them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import Invalid, NoMemory
from tracker.model import memory_keys


@pytest.mark.parametrize(
    "key",
    ["a", "climate/patterns/drift", "swarm/coder/step-1", "é/ü", "with space", "a:b", "x" * 200],
)
def test_a_key_is_segments_joined_by_slashes(key):
    assert memory_keys.check(f" {key}\n") == key


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("", "it is empty"),
        ("  ", "it is empty"),
        ("a//b", "a segment is empty"),
        ("/a", "a segment is empty"),
        ("a/", "a segment is empty"),
        ("../a", "are no segments"),
        ("a/./b", "are no segments"),
        ("a/*", "are for patterns"),
        ("a?", "are for patterns"),
        ("a\x1b[0m", "a control character"),
        ("a\\b", "a backslash"),
        ("a /b", "begins or ends with a space"),
        ("x" * 201, r"200 characters or less \(got 201\)"),
    ],
)
def test_a_key_that_could_not_be_typed_back_is_refused(key, why):
    with pytest.raises(Invalid, match=why):
        memory_keys.check(key)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Always use RS256 for JWT signing", "always-use-rs256-for-jwt-signing"),
        ("one two three four five six seven eight nine", "one-two-three-four-five-six-seven-eight"),
        ("snake_case & punctuation!!", "snake-case-punctuation"),
        ("Über größe", "über-größe"),
        ("x" * 70, "x" * 60),
        (f"{'a' * 40} {'b' * 40}", "a" * 40),
    ],
)
def test_a_text_without_a_key_gets_one_of_its_first_words(text, key):
    assert memory_keys.slug(text) == key
    assert memory_keys.check(key) == key


def test_a_text_without_words_needs_a_key():
    assert memory_keys.slug("a!") == "a"
    with pytest.raises(Invalid, match="no words") as caught:
        memory_keys.slug("!!! ...")
    assert caught.value.hint == "give it one with --key KEY"


@given(st.text(max_size=300))
def test_the_key_of_any_text_is_a_key(text):
    try:
        key = memory_keys.slug(text)
    except Invalid:
        assert not re.search(r"[^\W_]", text)
        return
    assert len(key) <= 60
    assert memory_keys.check(key) == key


EVERY = ["a", "ab", "a/b", "a/b/c", "a/bc", "a/b/c/d", "b/a/c", "a/x.y"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("a", ["a"]),
        ("a/*", ["a/b", "a/b/c", "a/bc", "a/b/c/d", "a/x.y"]),
        ("a/", ["a/b", "a/b/c", "a/bc", "a/b/c/d", "a/x.y"]),
        ("a/**", ["a/b", "a/b/c", "a/bc", "a/b/c/d", "a/x.y"]),
        ("a/b*", ["a/b", "a/bc"]),
        ("*", ["a", "ab"]),
        ("**", EVERY),
        ("*/b", ["a/b"]),
        ("*/*/c", ["a/b/c", "b/a/c"]),
        ("**/c", ["a/b/c", "b/a/c"]),
        ("a/**/d", ["a/b/c/d"]),
        ("a/**/b", ["a/b"]),
        ("a?", ["ab"]),
        ("a?b", []),
        ("[ab]/*/c", ["a/b/c", "b/a/c"]),
        ("[!a]/*", ["b/a/c"]),
        ("a[b", []),
        ("a[z-b]", []),
        ("a/x.y", ["a/x.y"]),
        ("a/x?y", ["a/x.y"]),
    ],
)
def test_patterns(pattern, found):
    assert [key for key in EVERY if memory_keys.matcher(pattern)(key)] == found
    assert all(key.startswith(memory_keys.prefix(pattern)) for key in found)


@given(st.text("ab/*?[]!-", max_size=8), st.text("ab/", max_size=6))
def test_any_pattern_is_one(pattern, key):
    if memory_keys.matcher(pattern)(key):
        assert key.startswith(memory_keys.prefix(pattern))
    assert memory_keys.matcher(key.rstrip("/"))(key.rstrip("/"))


def test_a_namespace_is_put_before_a_key_once():
    assert memory_keys.under("climate", "drift") == "climate/drift"
    assert memory_keys.under("climate/", "climate/drift") == "climate/drift"
    assert memory_keys.under("default", "drift") == memory_keys.under("", "drift") == "drift"


def test_keys_that_were_meant():
    known = ["climate/patterns/drift", "climate/patterns/noise", "auth"]
    assert memory_keys.near("drift", known) == ["climate/patterns/drift"]
    assert memory_keys.near("climate/patern/drift", known)[0] == "climate/patterns/drift"
    assert memory_keys.near("pnpm", ["use-pnpm-not-npm", "pnpms"]) == ["pnpms", "use-pnpm-not-npm"]
    assert memory_keys.near("Use_PNPM", ["use-pnpm-not-npm", "npm", "use"]) == ["use-pnpm-not-npm"]
    assert memory_keys.near("--", ["use-pnpm"]) == []
    assert memory_keys.near("climate", known) == [
        "climate/patterns/drift",
        "climate/patterns/noise",
    ]
    error = memory_keys.missing("drift", known)
    assert isinstance(error, NoMemory)
    assert (error.message, error.hint) == (
        'No memory with key "drift"', "did you mean climate/patterns/drift?",
    )  # fmt: skip
    assert memory_keys.missing("zzz", []).hint == "bd memory list shows every key"
