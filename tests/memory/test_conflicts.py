"""What two clones wrote of one memory apart: who is told of it, and what settles it."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.support.clones import Clone, bare, clone
from tests.support.scratch import bd as run

KEY = "climate/drift"


@pytest.fixture(scope="module")
def merged(tmp_path_factory):
    """A clone that has merged what another wrote over the same lines of a memory and an issue."""
    remote = bare(tmp_path_factory.mktemp("team") / "remote", "t-1")
    ann, bob = clone(remote, "ann"), clone(remote, "bob")
    ann.bd("memory", "set", KEY, "One.\nTwo.", "--title", "First")
    ann.bd("update", "t-1", "--notes", "One.\nTwo.")
    ann.sync()
    bob.sync()
    bob.bd("memory", "set", KEY, "One.\nA zebra, says bob.", "--title", "Bob's")
    bob.bd("update", "t-1", "--notes", "One.\nBob.")
    bob.sync()
    ann.bd("memory", "set", KEY, "One.\nAn okapi, says ann.", "--title", "Ann's")
    ann.bd("update", "t-1", "--notes", "One.\nAnn.")
    ann.sync()
    return ann


@pytest.fixture
def ann(merged, tmp_path):
    """A copy of that clone, to work in."""
    shutil.copytree(merged.path, tmp_path / "ann", symlinks=True)
    return Clone(tmp_path / "ann", "ann")


def fields(ann, *words):
    """The fields of which merges kept other values."""
    (one,) = ann.bd(*words, "--json").json
    return [entry["field"] for entry in one["conflicts"]]


def test_adding_a_line_chooses_between_nothing(ann):
    assert fields(ann, "memory", "conflicts") == ["content", "title"]
    said = ann.bd("memory", "append", KEY, "Three.")
    assert said.err == (
        f"Note: {KEY} has other values from a merge: content, title (bd memory conflicts {KEY})\n"
    )
    assert fields(ann, "memory", "conflicts") == ["content", "title"]
    assert "A zebra, says bob." in ann.bd("memory", "conflicts").out
    said = ann.bd("memory", "set", KEY, "Both were seen.")
    assert "has other values from a merge: title (bd" in said.err
    assert fields(ann, "memory", "conflicts") == ["title"]
    assert ann.bd("memory", "set", KEY, "--title", "Theirs").err == ""
    assert ann.bd("memory", "conflicts", "--json").json == []


def test_agents_are_told_with_the_command_that_settles_it(ann):
    left = f", other values from a merge: bd memory resolve {KEY} --take kept|other)"
    words = ["hooks", "pre-task", "the okapi that ann saw", "--json"]
    assert left in ann.bd("prime").out
    assert ann.bd(*words).json["context"].count(left) == 1
    ann.bd("memory", "resolve", KEY, "--take", "other")
    assert f"[{KEY}] Bob's (" in ann.bd("prime").out
    assert "from a merge" not in ann.bd("prime").out
    assert "from a merge" not in ann.bd("hooks", "pre-task", "the zebra that bob saw").out


def test_notes_of_an_issue_are_treated_alike(ann):
    assert fields(ann, "conflicts") == ["notes"]
    ann.bd("update", "t-1", "--append-notes", "Three.")
    assert fields(ann, "conflicts") == ["notes"]
    assert "of 1 memory too" in ann.bd("conflicts").err
    ann.bd("update", "t-1", "--notes", "All.")
    assert ann.bd("conflicts", "--json").json == []


def test_show_tells_what_was_kept_and_what_settles_it(ann):
    shown = ann.bd("memory", "show", KEY).out
    assert f"⚠ {KEY} has other values from a merge: content, title" in shown
    assert shown.split("An okapi, says ann.\n\n")[1].splitlines() == [
        (
            f"Other values from a merge (bd memory resolve {KEY} --field F --take kept|other|N,"
            " or --text T):"
        ),
        f"  1: content: One. A zebra, says bob. ({kept(ann)[0]['updated_at']})",
        f"  2: title: Bob's ({kept(ann)[1]['updated_at']})",
    ]
    assert ann.bd("memory", "conflicts").out.endswith(
        f"\n\nbd memory resolve {KEY} --field F --take kept|other|N, or --text T\n"
    )
    ann.bd("memory", "resolve", KEY, "--field", "content", "--take", "1")
    assert ann.bd("memory", "get", KEY).out == "One.\nA zebra, says bob.\n"
    ann.bd("memory", "resolve", KEY, "--take", "kept")
    assert "merge" not in ann.bd("memory", "show", KEY).out


def test_what_was_kept_is_found_until_it_is_settled(ann):
    for question in ("zebra", "who saw a zebra?", "Bob's", "okapi"):
        found = ann.bd("memory", "search", question)
        assert found.out.startswith("1 memory for"), question
        assert "other values from a merge" in found.out
    ann.bd("memory", "resolve", KEY, "--take", "kept")
    assert ann.bd("memory", "search", "zebra", "--json").json == []
    assert len(ann.bd("memory", "search", "okapi", "--json").json) == 1


@pytest.mark.parametrize(
    "conflicts",
    [
        "zebra", {"field": "/content", "value": "zebra"}, ["zebra"], [None], [["zebra"]],
        [{"field": "/content", "value": ["zebra"]}], [{"field": ["/content"], "value": "zebra"}],
        [{"field": "/content"}], [{"field": "/mood", "value": "zebra"}],
    ],
)  # fmt: skip
def test_conflicts_in_another_form_are_no_texts(bd, conflicts):
    row = {"key": "a", "content": "okapi", "conflicts": conflicts}
    other = {"field": "/content", "value": "tapirHouse", "updated_at": ""}
    rows = [row, {"key": "b", "content": "okapi", "conflicts": [other]}]
    (bd.beads / "memory.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    assert bd("memory", "search", "zebra", "--json").json == []
    assert len(bd("memory", "search", "okapi", "--json").json) == 2
    for word in ("tapirHouse", "house"):
        assert [one["key"] for one in bd("memory", "search", word, "--json").json] == ["b"]


def test_the_words_for_issues_lead_to_those_for_memories(ann):
    hint = f"bd memory conflicts {KEY}; bd memory resolve {KEY} --take kept|other|N, or --text T"
    for words in (["resolve", KEY], ["resolve", KEY, "--take", "other"], ["conflicts", KEY],
                  ["resolve", KEY, "--field", "title", "--text", "T"]):  # fmt: skip
        said = ann.bd(*words, code=1)
        assert said.err.endswith(f"Error: {KEY} is a memory\nHint: {hint}\n"), words
    assert f"there is no file {ann.path / 'climate' / 'none'}" in (
        ann.bd("resolve", "climate/none", code=1).err
    )
    assert 'no issue found matching "t-9"' in ann.bd("resolve", "t-9", code=1).err
    assert ann.bd("resolve", "t-1").out.startswith("t-1: ")


def test_a_file_may_be_resolved_where_no_workspace_is(tmp_path):
    assert "there is no file" in run(tmp_path, "resolve", "climate/none", code=1).err


def kept(ann):
    (one,) = ann.bd("memory", "conflicts", "--json").json
    return one["conflicts"]
