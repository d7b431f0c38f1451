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
