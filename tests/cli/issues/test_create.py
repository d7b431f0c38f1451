"""`bd create`, as somebody who types it meets it."""

from __future__ import annotations

import json
import re

import pytest

ISSUE = re.compile(r"t-[0-9a-z]{5}\Z")


def made(bd, *words, **more):
    """The record that a create of one issue leaves in the log."""
    id = bd("create", "--silent", *words, **more).out.strip()
    return bd.issue(id)


def test_the_answer_as_text(bd):
    answer = bd(
        "create", "Task title", "--type", "task", "--priority", "1", "--assignee", "architect"
    )
    id = answer.out.splitlines()[0].removeprefix("✓ Created issue: ")
    assert ISSUE.match(id)
    assert answer.out == (
        f"✓ Created issue: {id}\n  Title: Task title\n  Priority: P1\n  Status: open\n"
    )
    assert answer.err == ""
    record = bd.issue(id)
    assert record["assignee"] == "architect"
    assert record["created_by"] == "Ann Example"
    assert record["owner"] == "ann@example.com"
    assert record["created_at"] == record["updated_at"]


def test_the_answer_as_json_is_one_object_without_labels_and_dependencies(bd):
    bd.write({"id": "t-1"})
    answer = bd(
        "create", "Phase 7: Implement ML bandwidth predictor v4", "--type", "feature",
        "--priority", "1", "--assignee", "ml-developer", "-d", "d", "--design", "e",
        "--acceptance", "a", "--notes", "n", "-e", "30", "--due", "2027-02-01",
        "--external-ref", "gh-9", "-l", "x,y", "--deps", "t-1", "--json",
    )  # fmt: skip
    assert answer.err == ""
    assert answer.json == {
        "id": answer.json["id"],
        "title": "Phase 7: Implement ML bandwidth predictor v4",
        "description": "d",
        "design": "e",
        "acceptance_criteria": "a",
        "notes": "n",
        "status": "open",
        "priority": 1,
        "issue_type": "feature",
        "assignee": "ml-developer",
        "owner": "ann@example.com",
        "estimated_minutes": 30,
        "created_at": answer.json["created_at"],
        "created_by": "Ann Example",
        "updated_at": answer.json["created_at"],
        "due_at": "2027-02-01T00:00:00Z",
        "external_ref": "gh-9",
    }
    assert answer.out.startswith('{\n  "id": "t-')
    assert answer.out.endswith('"\n}\n')
    record = bd.issue(answer.json["id"])
    assert record["labels"] == ["x", "y"]
    assert [edge["depends_on_id"] for edge in record["dependencies"]] == ["t-1"]


def test_silent_prints_the_id_alone(bd):
    answer = bd("create", "One", "--silent")
    assert ISSUE.match(answer.out.rstrip("\n"))
    assert answer.err == ""
    assert bd("new", "Two", "--silent").out != answer.out


@pytest.mark.parametrize(
    ("words", "field", "value"),
    [
        (["--title", "x"], "title", "x"),
        (["--title=--x"], "title", "--x"),
        (["--title=-x"], "title", "-x"),
        (["--", "-x"], "title", "-x"),
        (["x", "-d", "text"], "description", "text"),
        (["x", "-d=text"], "description", "text"),
        (["x", "--description", "text"], "description", "text"),
        (["x", "--body", "text"], "description", "text"),
        (["x", "-m", "text"], "description", "text"),
        (["x", "--message", "text"], "description", "text"),
        (["x", "--design", "text"], "design", "text"),
        (["x", "--acceptance", "text"], "acceptance_criteria", "text"),
        (["x", "--acceptance-criteria", "text"], "acceptance_criteria", "text"),
        (["x", "--notes", "text"], "notes", "text"),
        (["x", "--append-notes", "text"], "notes", "text"),
        (["x", "-p", "0"], "priority", 0),
        (["x", "-p", "P4"], "priority", 4),
        (["x", "--priority=p3"], "priority", 3),
        (["x"], "priority", 2),
        (["x", "-t", "bug"], "issue_type", "bug"),
        (["x", "--type", "enhancement"], "issue_type", "feature"),
        (["x", "--type", "feat"], "issue_type", "feature"),
        (["x"], "issue_type", "task"),
        (["x"], "status", "open"),
        (["x", "-a", "bob"], "assignee", "bob"),
        (["x", "--assignee", "bob"], "assignee", "bob"),
        (["x", "-l", "b,a", "-l", "c"], "labels", ["a", "b", "c"]),
        (["x", "--label", "a", "--label", "a"], "labels", ["a"]),
        (["x", "--labels", " a , ,b "], "labels", ["a", "b"]),
        (["x", "--id", "t-mine"], "id", "t-mine"),
        (["x", "--id", "other-1", "--force"], "id", "other-1"),
        (["x", "-e", "90"], "estimated_minutes", 90),
        (["x", "--estimate", "0"], "estimated_minutes", 0),
        (["x", "--due", "2027-03-01T10:00:00+02:00"], "due_at", "2027-03-01T08:00:00Z"),
        (["x", "--defer", "2027-03-01"], "defer_until", "2027-03-01T00:00:00Z"),
        (["x", "--external-ref", "gh-9"], "external_ref", "gh-9"),
        (["x", "--spec-id", "docs/s.md"], "spec_id", "docs/s.md"),
        (["x", "--metadata", '{"a": 1}'], "metadata", {"a": 1}),
        (["x", "--mol-type", "swarm"], "mol_type", "swarm"),
        (["x", "--wisp-type", "patrol"], "wisp_type", "patrol"),
        (["x", "--ephemeral"], "ephemeral", True),
        (["x", "--actor", "eve"], "created_by", "eve"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_each_flag_does_what_it_says(bd, words, field, value):
    assert made(bd, *words)[field] == value


@pytest.mark.parametrize(
    "flag", ["--validate", "--repo=x", "--rig=x", "--prefix=x", "--event-actor=x", "--skills=x"]
)
def test_flags_of_orchestrators_are_accepted_and_said_to_do_nothing(bd, flag):
    answer = bd("create", "x", flag)
    assert "does nothing here" in answer.err
    answer = bd("create", "x", flag, "--json")
    assert answer.err == ""
    assert answer.json["title"] == "x"


def test_due_from_now_on_counts_from_the_clock(bd):
    record = made(bd, "x", "--due", "+2d")
    assert record["due_at"].startswith("2027-01-17T08:00:")


@pytest.mark.parametrize(
    "words",
    [
        ["-d", "-"],
        ["--description=-"],
        ["--body-file", "-"],
        ["--description-file=-"],
        ["--stdin"],
        ["--stdin", "-d", "-"],
    ],
    ids=" ".join,
)
def test_the_description_from_the_standard_input(bd, words):
    record = made(bd, "x", *words, stdin="one\n\ntwo\n\n")
    assert record["description"] == "one\n\ntwo"


@pytest.mark.parametrize(
    ("flag", "field"),
    [
        ("--body-file", "description"),
        ("--description-file", "description"),
        ("--design-file", "design"),
    ],
)
def test_texts_from_files(bd, flag, field):
    (bd.path / "text.md").write_text("\ufeff# Über\r\n", encoding="utf-8")
    assert made(bd, "x", f"{flag}=text.md")[field] == "# Über"
    assert "cannot read gone.md" in bd("create", "x", flag, "gone.md", code=1).err


def test_metadata_from_a_file(bd):
    (bd.path / "m.json").write_text('{"n": 12345678901234567890}\n')
    assert made(bd, "x", "--metadata", "@m.json")["metadata"] == {"n": 12345678901234567890}


def test_a_child_has_the_id_of_its_parent_and_a_number(bd):
    parent = made(bd, "Epic", "-t", "epic", "-l", "big")["id"]
    first = made(bd, "One", "--parent", parent)
    assert first["id"] == f"{parent}.1"
    assert [(e["type"], e["depends_on_id"]) for e in first["dependencies"]] == [
        ("parent-child", parent)
    ]
    assert "labels" not in first
    second = made(bd, "Two", "--parent", parent[2:], "--inherit-labels", "-l", "own")
    assert second["id"] == f"{parent}.2"
    assert second["labels"] == ["big", "own"]
    assert "labels" not in made(bd, "Three", "--parent", parent, "--no-inherit-labels")


@pytest.mark.parametrize(
    ("deps", "edges"),
    [
        (["t-1"], [("blocks", "t-1")]),
        (["blocks:t-1"], [("blocks", "t-1")]),
        (["blocked-by:t-1"], [("blocks", "t-1")]),
        (["depends-on:t-1"], [("blocks", "t-1")]),
        (["discovered-from:t-1"], [("discovered-from", "t-1")]),
        (["related:t-1,t-2"], [("related", "t-1"), ("blocks", "t-2")]),
        (["1"], [("blocks", "t-1")]),
        (["external:p:c"], [("blocks", "external:p:c")]),
        (["related:external:p:c"], [("related", "external:p:c")]),
        (["t-1", "t-1"], [("blocks", "t-1")]),
        (["parent-child:t-1"], [("parent-child", "t-1")]),
    ],
)
def test_a_new_issue_depends_on_what_deps_name(bd, deps, edges):
    bd.write({"id": "t-1"}, {"id": "t-2"})
    record = made(bd, "x", *(word for one in deps for word in ("--deps", one)))
    assert [(e["type"], e["depends_on_id"]) for e in record["dependencies"]] == edges
    assert all(edge["created_by"] == "Ann Example" for edge in record["dependencies"])


def test_waiting_for_the_children_of_another(bd):
    bd.write({"id": "t-1"})
    [edge] = made(bd, "x", "--waits-for", "t-1")["dependencies"]
    assert (edge["type"], json.loads(edge["metadata"])) == ("waits-for", {"gate": "all-children"})
    [edge] = made(bd, "y", "--waits-for", "1", "--waits-for-gate", "any-children")["dependencies"]
    assert json.loads(edge["metadata"]) == {"gate": "any-children"}
    assert "waits-for-gate" in bd(
        "create", "z", "--waits-for", "t-1", "--waits-for-gate", "none", code=1
    ).err  # fmt: skip


def test_dry_run_writes_nothing(bd):
    bd.write({"id": "t-1"})
    before = bd.file.read_bytes()
    answer = bd(
        "create", "x", "--dry-run", "-a", "bob", "-d", "text", "-l", "a,b", "--deps", "related:1"
    )
    assert answer.out == (
        "⚠ [DRY RUN] Would create issue:\n  ID: (will be generated)\n  Title: x\n  Type: task\n"
        "  Priority: P2\n  Status: open\n  Assignee: bob\n  Description: text\n  Labels: a, b\n"
        "  Dependencies: related:t-1\n"
    )
    assert bd("create", "x", "--dry-run", "--id", "t-z").out.splitlines()[1] == "  ID: t-z"
    shown = bd("create", "x", "--dry-run", "--json")
    assert (shown.json["id"], shown.json["title"], shown.err) == ("", "x", "")
    assert (
        "parent issue nope not found"
        in bd("create", "x", "--dry-run", "--parent", "nope", code=1).err
    )
    assert bd.file.read_bytes() == before
    assert not (bd.beads / ".local" / "ops.jsonl").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "title required"),
        ([""], "validation failed: title is required"),
        (["  "], "validation failed: title is required"),
        (["x" * 501], "validation failed: title must be 500 characters or less (got 501)"),
        (["one\ntwo"], "validation failed: title must be a single line"),
        (["x", "-p", "high"], 'invalid priority "high": use 0 to 4 or P0 to P4'),
        (["x", "-p", "9"], 'invalid priority "9"'),
        (["x", "-t", "foo"], 'invalid issue type "foo": use bug, feature, task, epic'),
        (["x", "-t", "Bug"], 'invalid issue type "Bug"'),
        (["x", "--id", "foo-1"], "prefix mismatch: database uses 't-' but ID 'foo-1' doesn't"),
        (["x", "--id", "t-1"], "issue t-1 already exists"),
        (["x", "--id", "../../etc/passwd"], "invalid id '../../etc/passwd'"),
        (["x", "--id=-rf", "--force"], "invalid id '-rf'"),
        (["x", "--id", "t-2", "--parent", "t-1"], "cannot specify both --id and --parent flags"),
        (["x", "--parent", "nope"], "parent issue nope not found"),
        (["x", "--deps", "nope"], 'no issue found matching "nope"'),
        (["x", "--deps", "blocks:"], 'no issue found matching ""'),
        (["x", "--due", "someday"], 'invalid --due format "someday". Examples: +6h, tomorrow,'),
        (["x", "--defer", "x"], 'invalid --defer format "x"'),
        (["x", "-e", "-5"], "estimate must be a non-negative number of minutes"),
        (["x", "--metadata", "{"], "invalid JSON in --metadata: must be valid JSON"),
        (["x", "-l", "a\x1bb"], "label holds a control character"),
        (["x", "-d", "a", "--body-file", "-"], "cannot specify both --description and --body-file"),
        (["x", "-d", "a", "--stdin"], "cannot specify both --stdin and another description"),
        (["x", "--stdin", "--design-file", "-"], "standard input can be used for only one field"),
        (["x", "--notes", "a", "--append-notes", "b"], "cannot specify both --notes and --append"),
        (["x", "--title", "y"], "cannot specify different titles as both an argument and --title"),
        (["x", "--mol-type", "y"], 'invalid mol-type "y": use swarm, patrol or work'),
        (["x", "--file", "plan.md"], "--file and --graph stand alone"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else None,
)
def test_what_cannot_be_created_is_refused_and_nothing_is_written(bd, words, message):
    bd.write({"id": "t-1"})
    made(bd, "this works")
    before = bd.file.read_bytes()
    answer = bd("create", *words, code=1)
    assert answer.err.startswith(f"Error: {message}"), answer.err
    assert answer.out == ""
    assert bd.file.read_bytes() == before
    answer = bd("create", *words, "--json", code=1)
    assert answer.out == ""
    assert answer.error["error"].startswith(message)
    assert bd.file.read_bytes() == before


def test_a_title_of_500_characters_is_fine_and_the_same_title_twice_makes_two(bd):
    ids = {made(bd, "x" * 500)["id"] for _ in range(3)}
    assert len(ids) == 3


def test_one_title_given_twice_is_one_title(bd):
    assert made(bd, "x", "--title", "x")["title"] == "x"


def test_more_words_than_a_title_are_left_out_and_it_says_so(bd):
    answer = bd("create", "Fix", "the", "login")
    assert bd.issues()[0]["title"] == "Fix"
    assert "quote it: 'Fix the login'" in answer.err
    assert bd("create", "Fix", "the", "login", "--json").err == ""


def test_it_says_where_the_prefix_comes_from_unless_it_is_configured(bd):
    assert bd("create", "x").err == ""
    (bd.beads / "config.yaml").unlink()
    answer = bd("create", "x")
    assert answer.err == (
        "Note: the prefix 't' comes from the issues; bd config set issue-prefix t settles it\n"
    )
    bd.write()
    answer = bd("create", "x")
    assert "the prefix 'repo' comes from the folder" in answer.err
    assert answer.out.startswith("✓ Created issue: repo-")
    assert bd("create", "x", "--json").err == ""


def test_ids_of_other_forms_work_in_every_place(bd):
    (bd.beads / "config.yaml").write_text("issue-prefix: novacron\n")
    bd("create", "One", "--id", "novacron-init-4", "-p", "1")
    bd("create", "Two", "--id", "novacron-38p", "-p", "1")
    answer = bd("dep", "novacron-38p", "--depends-on", "novacron-init-4", "--type", "blocks")
    assert answer.out == ("✓ Added dependency: novacron-38p depends on novacron-init-4 (blocks)\n")
    assert "novacron-38p" in bd("blocked").out
    assert "novacron-init-4" in bd("ready").out
    assert "novacron-38p" not in bd("ready").out
    listed = bd("list", "--status", "open", "--priority", "1").out
    assert "novacron-init-4" in listed
    assert "novacron-38p" in listed
    assert bd("update", "novacron-init-4", "--status", "in_progress").out == (
        "✓ Updated issue: novacron-init-4\n"
    )
    bd("update", "novacron-init-4", "--status", "closed", "--reason", "Completed")
    record = bd.issue("novacron-init-4")
    assert (record["status"], record["close_reason"]) == ("closed", "Completed")
    assert record["closed_at"] == record["updated_at"]
    assert "novacron-38p" in bd("ready").out


def test_a_required_description(bd):
    (bd.beads / "config.yaml").write_text("issue-prefix: t\ncreate.require-description: true\n")
    assert "description" in made(bd, "x", "-d", "y")
    assert "description is required" in bd("create", "x", code=1).err


def test_custom_types_and_prefixes(bd):
    (bd.beads / "config.yaml").write_text(
        "issue-prefix: t\ntypes.custom: ticket\nallowed-prefixes: other\n"
    )
    assert made(bd, "x", "-t", "ticket")["issue_type"] == "ticket"
    assert made(bd, "x", "--id", "other-1")["id"] == "other-1"


def test_the_new_issue_is_the_one_that_was_last_touched(bd):
    id = made(bd, "x")["id"]
    assert bd("update", "--status", "in_progress").out == f"✓ Updated issue: {id}\n"


def test_wrong_usage(bd):
    answer = bd("create", "x", "-e", "soon", "--json", code=2)
    assert answer.out == ""
    assert answer.error["code"] == "usage"
    assert "No such option '--descripton'" in bd("create", "x", "--descripton", "y", code=2).err
    assert bd.issues() == []


def test_the_standard_input_is_left_alone_unless_asked_for(bd):
    assert "description" not in made(bd, "x", stdin="not for you")


def test_help_names_every_flag(bd):
    help = bd("create", "--help").out
    for flag in (
        "--body-file",
        "--acceptance",
        "--deps",
        "--waits-for",
        "--external-ref",
        "--silent",
    ):
        assert flag in help
