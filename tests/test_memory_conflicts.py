"""What two clones wrote of one memory apart: who is told of it, and what settles it."""

from __future__ import annotations

import pytest
from clones import bare, clone

KEY = "climate/drift"


@pytest.fixture
def ann(tmp_path):
    """A clone that has merged what another wrote over the same lines of a memory and an issue."""
    remote = bare(tmp_path / "remote", "t-1")
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


def test_notes_of_an_issue_are_treated_alike(ann):
    assert fields(ann, "conflicts") == ["notes"]
    ann.bd("update", "t-1", "--append-notes", "Three.")
    assert fields(ann, "conflicts") == ["notes"]
    assert "of 1 memory too" in ann.bd("conflicts").err
    ann.bd("update", "t-1", "--notes", "All.")
    assert ann.bd("conflicts", "--json").json == []
