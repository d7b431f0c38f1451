"""Creating at most once: idempotency keys, upsert, also from several processes and clones."""

from __future__ import annotations

import json

import pytest


def test_the_same_key_is_the_same_issue(bd):
    first = bd("create", "A", "--idempotency-key", "deploy/1 é", "--json").json
    again = bd("create", "A", "--idempotency-key", "deploy/1 é", "--json").json
    assert (first["created"], again["created"]) == (True, False)
    assert first["id"] == again["id"]
    assert len(bd.issues()) == 1
    assert bd.issue(first["id"])["metadata"] == {"idempotency_key": "deploy/1 é"}
    before = bd.file.read_bytes()
    said = bd("create", "A", "--idempotency-key", "deploy/1 é")
    assert said.out.startswith(f"✓ Created issue: {first['id']}\n")
    assert (
        bd("create", "A", "--idempotency-key", "deploy/1 é", "--silent").out.strip() == again["id"]
    )
    assert bd.file.read_bytes() == before, "an attempt that changes nothing changes no byte"
    other = bd("create", "A", "--idempotency-key", "deploy/1", "--silent").out.strip()
    assert other != first["id"]


def test_what_became_of_it_meanwhile_is_told(bd):
    id = bd("create", "A", "--idempotency-key", "k", "--silent").out.strip()
    bd("update", id, "--title", "Better", "--status", "in_progress")
    said = bd("create", "A", "--idempotency-key", "k", "--json").json
    assert (said["title"], said["status"], said["created"]) == ("Better", "in_progress", False)
    note = bd("create", "A", "--idempotency-key", "k").err
    assert f"{id} already exists for this key, with another title" in note
    bd("delete", id, "--force")
    said = bd("create", "A", "--idempotency-key", "k", code=1)
    assert f"belongs to {id}, which is deleted" in said.err
    assert f"bd restore {id}" in said.err


def test_a_key_goes_with_everything_else(bd):
    bd.write(bd.line("t-1"))
    words = ["create", "Child", "--parent", "t-1", "--metadata", '{"x":1.50}', "-l", "a"]
    id = bd(*words, "--idempotency-key", "k", "--silent").out.strip()
    assert id == "t-1.1"
    assert bd(*words, "--idempotency-key", "k", "--silent").out.strip() == id
    assert '"metadata":{"x":1.50,"idempotency_key":"k"}' in bd.file.read_text()
    assert bd("create", "X", "--id", "t-x", "--idempotency-key", "x", "--silent").out == "t-x\n"
    assert bd("create", "X", "--id", "t-x", "--idempotency-key", "x", "--silent").out == "t-x\n"
    assert len(bd.issues()) == 3


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--idempotency-key", ""], "idempotency key is empty"),
        (["--idempotency-key", "a\nb"], "control character"),
        (["--idempotency-key", "k", "--metadata", "[1]"], "not a JSON object"),
        (["--idempotency-key", "k", "--upsert"], "cannot specify both"),
        (["--upsert"], "--upsert needs an issue"),
    ],
)
def test_keys_that_make_no_sense(bd, words, why):
    said = bd("create", "A", *words, code=1)
    assert why in said.err
    assert bd.file.read_bytes() == b""
    bd("create", "A", "--idempotency-key", "k")
    assert len(bd.issues()) == 1


def test_clones_that_use_a_key_before_they_meet_make_one_issue(bd):
    """The id is made of the key alone, so a merge finds one issue and not two."""
    id = bd("create", "A", "-d", "ours", "--idempotency-key", "k", "--silent").out.strip()
    ours = bd.file.read_bytes()
    bd.write()
    assert bd("create", "A", "-a", "bob", "--idempotency-key", "k", "--silent").out.strip() == id
    theirs = bd.file.read_bytes()
    for name, data in (("o", b""), ("a", ours), ("b", theirs)):
        (bd.path / name).write_bytes(data)
    bd("merge-driver", "o", "a", "b", "7", ".beads/issues.jsonl")
    bd.file.write_bytes((bd.path / "a").read_bytes())
    assert [(i["id"], i["description"], i["assignee"]) for i in bd.issues()] == [
        (id, "ours", "bob")
    ]


def test_two_processes_at_once_make_one_issue(bd):
    runs = [
        bd.start("create", "A", "--idempotency-key", "k", "--json", "--actor", f"a{n}")
        for n in range(4)
    ]
    answers = []
    for run in runs:
        out, err = run.communicate(timeout=60)
        assert run.returncode == 0, err
        answers.append(json.loads(out))
    assert len({answer["id"] for answer in answers}) == 1
    assert sorted(answer["created"] for answer in answers) == [False, False, False, True]
    assert len(bd.issues()) == 1


# Upsert.


def test_upsert_by_another_name(bd):
    words = ["--external-ref", "gh-9", "--upsert", "--json"]
    first = bd("create", "A", "-p", "0", "-a", "ann", "-l", "x", *words).json
    bd("update", first["id"], "--status", "in_progress", "--append-notes", "mine")
    second = bd("create", "B", "-d", "text", "-l", "y", *words).json
    assert second["id"] == first["id"]
    assert (second["title"], second["created"]) == ("B", False)
    issue = bd.issue(first["id"])
    assert (issue["priority"], issue["assignee"], issue["notes"]) == (0, "ann", "mine")
    assert (issue["description"], issue["labels"]) == ("text", ["x", "y"])
    assert issue["status"] == "in_progress"
    before = bd.file.read_bytes()
    assert "Created" in bd("create", "B", "-d", "text", "--external-ref", "gh-9", "--upsert").out
    assert bd.file.read_bytes() == before
    assert "Updated issue" in bd("create", "C", "--external-ref", "gh-9", "--upsert").out
    bd("create", "D", "--external-ref", "gh-90", "--upsert")
    assert len(bd.issues()) == 2, "gh-90 only begins with gh-9"


def test_upsert_sets_p0_and_clears_what_is_given_empty(bd):
    bd("create", "A", "--id", "t-1", "-p", "3", "-a", "ann", "--due", "2027-05-05")
    bd("create", "A", "--id", "t-1", "--upsert", "-p", "0", "-a", "", "--due", "")
    issue = bd.issue("t-1")
    assert issue["priority"] == 0
    assert "assignee" not in issue
    assert "due_at" not in issue


def test_upsert_of_dependencies_and_parents(bd):
    bd.write(bd.line("t-1"), bd.line("t-2"))
    bd("create", "A", "--id", "t-a", "--upsert", "--deps", "t-1")
    bd("create", "A", "--id", "t-a", "--upsert", "--deps", "related:t-2")
    edges = {(e["type"], e["depends_on_id"]) for e in bd.issue("t-a")["dependencies"]}
    assert edges == {("blocks", "t-1"), ("related", "t-2")}
    bd("create", "K", "--external-ref", "k", "--upsert", "--parent", "t-1")
    bd("create", "K", "--external-ref", "k", "--upsert", "--parent", "t-2")
    child = next(issue for issue in bd.issues() if issue["title"] == "K")
    assert [e["depends_on_id"] for e in child["dependencies"]] == ["t-2"]


def test_upsert_where_it_is_not_clear_which(bd):
    bd.write(bd.line("t-1", external_ref="gh-1"), bd.line("t-2", external_ref="gh-1"))
    assert "matches 2 issues: [t-1 t-2]" in bd(
        "create", "A", "--external-ref", "gh-1", "--upsert", code=1
    ).err  # fmt: skip
    bd("delete", "t-1", "--force")
    bd("create", "A", "--external-ref", "gh-1", "--upsert")
    assert bd.issue("t-2")["title"] == "A"
    bd("delete", "t-2", "--force")
    assert "is deleted" in bd("create", "B", "--external-ref", "gh-1", "--upsert", code=1).err


def test_a_dry_run_of_both(bd):
    for words in (["--idempotency-key", "k"], ["--external-ref", "r", "--upsert"]):
        assert "Would create issue" in bd("create", "A", *words, "--dry-run").out
    assert bd.file.read_bytes() == b""
