"""What the verbs of memory say is to be done next: commands that can be typed as they stand."""

from __future__ import annotations

import json
import re
import shlex

import pytest

KEY = "ops/it's a $KEY"
ENTRY = {"field": "/title", "value": "Other", "updated_at": "2026-01-02T00:00:00Z"}


def command(text):
    """The words of the last command that a text names, beside how it is used."""
    found = re.findall(r"bd memory [^\n;]+", text)
    named = [one for one in found if "[OPTIONS]" not in one and "--help" not in one]
    assert named, text
    return shlex.split(named[-1].removesuffix(" lists the values").rstrip(")"))


@pytest.fixture
def odd(bd):
    """A memory whose key a shell would take apart, with another value from a merge."""
    bd("init", "--quiet")
    row = {"key": KEY, "kind": "fact", "content": "One two three four five six.", "title": "T",
           "conflicts": [ENTRY]}  # fmt: skip
    (bd.beads / "memory.jsonl").write_text(json.dumps(row) + "\n")
    return bd


@pytest.mark.parametrize(
    ("words", "code", "verb"),
    [
        (["get", KEY], 0, "conflicts"),
        (["set", KEY], 1, "set"),
        (["append", KEY], 1, "append"),
        (["set", KEY, "x", "--if-hash", "none"], 1, "get"),
        (["set", KEY, "x", "--if-hash", "01234567"], 1, "get"),
        (["mv", "a", KEY], 1, "get"),
        (["history", KEY, "--full"], 0, ""),
        (["restore", KEY, "--rev", "9"], 1, "history"),
        (["resolve", KEY], 2, "conflicts"),
        (["resolve", KEY, "--take", "9"], 1, "conflicts"),
        (["resolve", KEY, "--take", "other", "--field", "x"], 1, "conflicts"),
        (["set", "b", "One two three four, five six!"], 0, "forget"),
    ],
)
def test_a_key_with_spaces_is_quoted_where_a_command_names_it(odd, words, code, verb):
    odd("memory", "set", "a", "Something else.")
    odd("memory", "append", KEY, "And seven.")
    odd("memory", "set", KEY, "One two three four five six.")
    said = odd("memory", *words, code=code)
    if not verb:
        assert said.out.startswith(f"{KEY}: ")
        return
    named = command(said.err)
    assert named[:3] == ["bd", "memory", verb]
    assert (named[3] == KEY) != (verb == "forget")


def test_what_was_forgotten_or_moved_is_named_so_too(odd):
    odd("memory", "forget", KEY)
    for words in (["recall", KEY], ["memory", "get", KEY]):
        assert command(odd(*words, code=1).err) == ["bd", "memory", "restore", KEY]
    odd("memory", "restore", KEY)
    assert f"{shlex.quote(KEY)}\n" in odd("memory", "purge", KEY).out
    odd("memory", "mv", KEY, "ops/plain")
    said = odd("memory", "restore", KEY, code=1)
    assert command(said.err) == ["bd", "memory", "mv", "ops/plain", KEY]


def test_a_plain_key_is_named_as_it_is(bd):
    bd("memory", "set", "climate/drift", "One.")
    assert 'bd memory set climate/drift "TEXT"' in bd("memory", "set", "climate/drift", code=1).err


@pytest.mark.parametrize(
    ("words", "why", "hint"),
    [
        (["set", "new/key", ""], "the text is empty", 'bd memory set new/key "TEXT"'),
        (["set", "new/key", "--pin"], "the text is empty", 'bd memory set new/key "TEXT"'),
        (["set", "a b", " "], "the text is empty", "bd memory set 'a b' \"TEXT\""),
        (["store", "new/key", " "], "the text is empty", 'bd memory set new/key "TEXT"'),
        (["set", "new/key"], "nothing to set", 'bd memory set new/key "TEXT"'),
        (["append", "new/key", ""], "the text is empty", 'bd memory append new/key "TEXT"'),
        (["append", "old", " "], "the text is empty", 'bd memory append old "TEXT"'),
        (["append", "old"], "nothing to append", 'bd memory append old "TEXT"'),
        (["set", "old", ""], "the text is empty", "bd memory forget KEY takes a memory away"),
        (["list", "--kind", "rumour"], "invalid kind: rumour", "valid: fact, note, decision,"),
        (["list", "--kind", "fact,Fact"], "invalid kind: Fact", "valid: fact, note, decision,"),
        (["search", "x", "--kind", "rumour"], "invalid kind: rumour", "valid: fact, note,"),
        (["archive", "old", "**", "--kind", "rumour"], "invalid kind: rumour", "valid: fact,"),
        (["set", "old", "--pin", "--origin", "x"], "invalid origin: x", "valid: user, agent,"),
        (["set", "old", "x", "--origin", "x"], "invalid origin: x", "valid: user, agent,"),
        (["set", "old", "--verdict", "x"], "invalid verdict: x", "valid: success, failure,"),
    ],
)
def test_what_was_meant_is_named(bd, words, why, hint):
    bd("memory", "set", "old", "A text.")
    said = bd("memory", *words, code=1)
    assert why in said.err
    assert f"\nHint: {hint}" in said.err


def test_a_kind_of_another_program_can_be_asked_for(bd):
    (bd.beads / "memory.jsonl").write_text('{"key":"a","kind":"rumour","content":"Text."}\n')
    for words in (["list"], ["search", "text"]):
        found = bd("memory", *words, "--kind", "rumour", "--json").json
        assert [one["key"] for one in found] == ["a"]
        assert bd("memory", *words, "--kind", "note", "--json").json == []
    bd("forget", "a")
    assert "invalid kind" in bd("memory", "list", "--kind", "rumour", code=1).err


# What is said of what was there before.


def test_a_text_under_a_forgotten_key_begins_anew_and_says_so(bd):
    bd("init", "--quiet")
    (bd.path / "api.py").write_text("one\n")
    bd("memory", "set", "a", "Old.", "--kind", "pitfall", "--title", "T", "--tag", "x,y", "--pin",
       "--path", "api.py", "--related", "b", "--confidence", "0.5")  # fmt: skip
    bd("forget", "a")
    said = bd("memory", "set", "a", "New.", "--tag", "z")
    assert said.out == "Remembered [a]: New.\n"
    assert said.err == (
        "Note: a was forgotten before and begins anew, without its kind, title, confidence,"
        " related, pinned, paths (bd undo and bd memory restore a bring all of it back)\n"
    )
    bd("undo")
    bd("memory", "restore", "a")
    one = bd("memory", "get", "a", "--json").json
    assert (one["kind"], one["title"], one["tags"]) == ("pitfall", "T", ["x", "y"])
    bd("forget", "a")
    for verb in (["memory", "append", "a", "New."], ["remember", "New.", "--key", "a"]):
        (warning,) = bd(*verb, "--json").json["warnings"]
        assert "without its kind, title, tags," in warning
        bd("undo")
    bd("memory", "restore", "a")
    assert bd("memory", "set", "a", "New.").err == ""


def test_a_plain_memory_that_was_forgotten_leaves_nothing_behind(bd):
    bd("init", "--quiet")
    bd("remember", "Old.", "--key", "a")
    bd("forget", "a")
    assert bd("remember", "New.", "--key", "a").err == ""


def test_what_is_so_already_is_said_to_be_unchanged(bd):
    bd("memory", "set", "a", "One.")
    bd("memory", "set", "b", "Two.")
    before = (bd.beads / "memory.jsonl").read_bytes()
    assert bd("memory", "restore", "a").out == "Unchanged [a]: One.\n"
    assert bd("memory", "restore", "a", "--rev", "1").out == "Unchanged [a]: One.\n"
    assert bd("memory", "unpin", "a", "--json").json[0]["action"] == "unchanged"
    assert (bd.beads / "memory.jsonl").read_bytes() == before
    bd("memory", "archive", "a")
    assert bd("memory", "restore", "a", "b", "a").out == (
        "Restored [a]: One.\nUnchanged [b]: Two.\n"
    )
    assert bd("memory", "mv", "b", "c").out == "Moved [b] to [c]\n"
    for old in "bc":
        assert bd("memory", "mv", old, "c").out == "Unchanged [c]: Two.\n"
    assert bd("memory", "pin", "b").out == "Pinned [c]: Two.\n"
    assert bd("memory", "pin", "b").out == "Unchanged [c]: Two.\n"
