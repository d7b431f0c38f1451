"""`bd update`, as somebody who types it meets it."""

from __future__ import annotations

import json

import pytest

FULL = {
    "id": "t-1",
    "description": "old",
    "notes": "first",
    "assignee": "ann",
    "due_at": "2026-05-01T00:00:00Z",
    "metadata": {"a": 1, "b": {"c": [1.50, 12345678901234567890]}},
    "labels": ["x", "y"],
    "pinned": True,
}


def test_the_answer(bd):
    bd.write({"id": "t-1"}, {"id": "t-2", "labels": ["x"], "dependencies": []})
    answer = bd("update", "t-1", "2", "--priority", "0")
    assert (answer.out, answer.err) == ("✓ Updated issue: t-1\n✓ Updated issue: t-2\n", "")
    answer = bd("update", "t-1", "t-2", "--title", "New", "--json")
    assert answer.err == ""
    stamps = {key: value for key, value in answer.json[1].items() if key == "updated_at"}
    assert answer.json[1] == {
        "id": "t-2", "title": "New", "status": "open", "priority": 0, "issue_type": "task",
        "created_at": "2026-01-01T00:00:00Z", **stamps, "labels": ["x"],
    }  # fmt: skip
    assert [issue["id"] for issue in answer.json] == ["t-1", "t-2"]
    assert answer.out.startswith('[\n  {\n    "id": "t-1",\n')
    assert bd.issue("t-2")["updated_at"] == stamps["updated_at"] > "2027-01-15T08:00:00Z"


def test_dependencies_and_comments_are_no_part_of_the_answer(bd):
    bd.write({"id": "t-1"}, {"id": "t-2"})
    bd("dep", "add", "t-2", "t-1")
    bd("comments", "add", "t-2", "hello")
    [issue] = bd("update", "t-2", "-p", "1", "--json").json
    assert not {"dependencies", "comments", "comment_count"} & issue.keys()
    assert {"dependencies", "comments"} < bd.issue("t-2").keys()


@pytest.mark.parametrize(
    ("words", "field", "value"),
    [
        (["--title", "New"], "title", "New"),
        (["--title=--x"], "title", "--x"),
        (["-d", "new"], "description", "new"),
        (["--description", ""], "description", None),
        (["--allow-empty-description", "-d", ""], "description", None),
        (["--body=b"], "description", "b"),
        (["-m", "b"], "description", "b"),
        (["--design", "d"], "design", "d"),
        (["--acceptance", "a"], "acceptance_criteria", "a"),
        (["--acceptance-criteria", "a"], "acceptance_criteria", "a"),
        (["--notes", "n"], "notes", "n"),
        (["--append-notes", "more"], "notes", "first\nmore"),
        (["-s", "in_progress"], "status", "in_progress"),
        (["--status", "blocked"], "status", "blocked"),
        (["-p", "P0"], "priority", 0),
        (["-t", "enhancement"], "issue_type", "feature"),
        (["-a", "bob"], "assignee", "bob"),
        (["--assignee", ""], "assignee", None),
        (["-e", "15"], "estimated_minutes", 15),
        (["--due", ""], "due_at", None),
        (["--due", "2027-02-01"], "due_at", "2027-02-01T00:00:00Z"),
        (["--defer", "tomorrow"], "defer_until", "2027-01-16T00:00:00Z"),
        (["--external-ref", "gh-1"], "external_ref", "gh-1"),
        (["--spec-id", "s"], "spec_id", "s"),
        (["--add-label", "z", "--add-label", "w"], "labels", ["w", "x", "y", "z"]),
        (["--remove-label", "x,nope"], "labels", ["y"]),
        (["--set-labels", "b,a"], "labels", ["a", "b"]),
        (["--set-labels", "b", "--set-labels", "a"], "labels", ["a", "b"]),
        (["--set-labels", ""], "labels", None),
        (["--labels", "q"], "labels", ["q"]),
        (["--metadata", "{}"], "metadata", {}),
        (["--metadata", '{"z": 2}'], "metadata", {"z": 2}),
        (["--unset-metadata", "b", "--set-metadata", "a=2"], "metadata", {"a": 2}),
        (["--metadata", '{"z":1}', "--set-metadata", "y=a b"], "metadata", {"z": 1, "y": "a b"}),
        (["--no-pinned"], "pinned", None),
        (["--unpin"], "pinned", None),
        (["--pinned=false"], "pinned", None),
        (["--ephemeral"], "ephemeral", True),
        (["--persistent"], "ephemeral", None),
        (["--status", "closed"], "status", "closed"),
        (["--status", "closed", "-r", "Completed"], "close_reason", "Completed"),
        (["--status", "closed", "--session", "s1"], "closed_by_session", "s1"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)  # fmt: skip
def test_each_flag_does_what_it_says(bd, words, field, value):
    bd.write(FULL)
    bd("update", "t-1", *words)
    assert bd.issue("t-1").get(field) == value


@pytest.mark.parametrize("words", [["-d", "-"], ["--body-file", "-"], ["--stdin"]])
def test_the_description_from_the_standard_input(bd, words):
    bd.write({"id": "t-1"})
    bd("update", "t-1", *words, stdin="from there\n")
    assert bd.issue("t-1")["description"] == "from there"


def test_numbers_of_metadata_keep_their_spelling(bd):
    raw = '{"big":12345678901234567890123,"f":1.50,"e":1e400}'
    bd.write(bd.line("t-1", metadata={})[:-3] + raw + "}")
    answer = bd("update", "t-1", "--set-metadata", "k=2.0", "--json")
    assert '"big":12345678901234567890123,"f":1.50,"e":1e400,"k":2.0' in bd.file.read_text()
    for text in ('"big": 12345678901234567890123', '"f": 1.50', '"e": 1e400', '"k": 2.0'):
        assert text in answer.out


def test_a_parent_is_set_changed_and_taken_away(bd):
    bd.write({"id": "t-1"}, {"id": "t-2"}, {"id": "t-3"})
    bd("update", "t-3", "--parent", "1")
    assert [e["depends_on_id"] for e in bd.issue("t-3")["dependencies"]] == ["t-1"]
    bd("update", "t-3", "--parent", "t-2")
    assert [e["depends_on_id"] for e in bd.issue("t-3")["dependencies"]] == ["t-2"]
    bd("update", "t-3", "--parent", "")
    assert "dependencies" not in bd.issue("t-3")
    assert "parent issue nope not found" in bd("update", "t-3", "--parent", "nope", code=1).err
    bd("update", "t-3", "--parent", "t-1")
    assert "cycle" in bd("update", "t-1", "--parent", "t-3", code=1).err


def test_what_closing_leaves_goes_when_it_is_open_again(bd):
    bd.write({"id": "t-1"})
    bd("update", "t-1", "--status", "closed", "--reason", "Completed", BD_SESSION="s9")
    assert {"closed_at", "close_reason", "closed_by_session"} < bd.issue("t-1").keys()
    bd("update", "t-1", "--status", "open")
    assert not {"closed_at", "close_reason", "closed_by_session"} & bd.issue("t-1").keys()


def test_custom_statuses(bd):
    (bd.beads / "config.yaml").write_text("status:\n  custom: review, qa\nstatus.closed: done\n")
    bd.write({"id": "t-1"})
    bd("update", "t-1", "--status", "review")
    bd("update", "t-1", "--status", "done", "--reason", "yes")
    assert bd.issue("t-1")["close_reason"] == "yes"
    answer = bd("update", "t-1", "--status", "bogus", code=1)
    assert answer.err.startswith('Error: invalid status "bogus": use open, in_progress')
    assert "review, qa" in answer.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-t", "x"], 'invalid issue type "x": use bug, feature, task, epic or chore'),
        (["--status", "bogus"], 'invalid status "bogus"'),
        (["--status", "tombstone"], "cannot set status to tombstone directly; use 'bd delete'"),
        (["--notes", "a", "--append-notes", "b"], "cannot specify both --notes and --append-notes"),
        (["--metadata", "x"], "invalid JSON in --metadata: must be valid JSON"),
        (["--set-metadata", "x"], 'invalid --set-metadata "x": use KEY=VALUE'),
        (["-e", "-1"], "estimate must be a non-negative number of minutes"),
        (["--title", ""], "validation failed: title is required"),
        (["--title", "x" * 501], "validation failed: title must be 500 characters or less"),
        (["--due", "x"], 'invalid --due format "x". Examples:'),
        (["--reason", "x"], "a reason needs a status that closes the issue"),
        (["--lease", "5m"], "--lease goes with --claim"),
        (["--claim", "--lease", "0"], "--lease goes with --claim"),
        (["--parent", "t-1"], "cannot add dependency: t-1 cannot depend on itself"),
        (["--add-label", "a\tb"], "label holds a control character"),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, list) else None,
)  # fmt: skip
def test_what_cannot_be_is_refused_and_changes_nothing(bd, words, message):
    bd.write({"id": "t-1"})
    bd("update", "t-1", "--priority", "1")
    before = bd.file.read_bytes()
    answer = bd("update", "t-1", *words, code=1)
    assert answer.out == ""
    assert answer.err.startswith(f"Error: {message}"), answer.err
    answer = bd("update", "t-1", *words, "--json", code=1)
    assert (answer.out, answer.error["error"][: len(message)]) == ("", message)
    assert bd.file.read_bytes() == before


def test_a_wrong_priority_is_reported_where_clients_look_for_it(bd):
    bd.write({"id": "t-1"})
    answer = bd("update", "t-1", "--priority", "9", "--json", code=1)
    assert answer.err == ""
    assert answer.json["error"].startswith('invalid priority "9": use 0 to 4 or P0 to P4')
    assert bd("update", "t-1", "--priority", "9", code=1).err.startswith("Error: invalid priority")
    answer = bd("update", "t-1", "--priorty", "9", "--json", code=2)
    assert (answer.out, answer.error["code"]) == ("", "usage")


def test_an_unknown_id_fails_and_the_others_are_done(bd):
    bd.write({"id": "t-1"}, {"id": "t-2"})
    answer = bd("update", "nope", "-p", "1", "--json", code=1)
    assert (answer.out, answer.error["code"]) == ("", "not-found")
    assert answer.error["error"] == 'no issue found matching "nope"'
    answer = bd("update", "t-1", "nope", "t-2", "zilch", "-p", "0", code=1)
    assert answer.out == "✓ Updated issue: t-1\n✓ Updated issue: t-2\n"
    assert 'matching "nope"' in answer.err
    assert 'matching "zilch"' in answer.err
    assert [issue["priority"] for issue in bd.issues()] == [0, 0]
    answer = bd("update", "t-1", "nope", "-p", "1", "--json", code=1)
    assert [issue["id"] for issue in answer.json] == ["t-1"]
    assert [entry["id"] for entry in answer.error["failed"]] == ["nope"]


def test_what_fails_for_one_id_leaves_no_part_of_it_behind(bd):
    bd.write({"id": "t-1"}, {"id": "t-2", "status": "tombstone"})
    before = bd.file.read_text().splitlines()
    answer = bd("update", "t-1", "t-2", "--title", "New", code=1)
    assert "t-2 is deleted" in answer.err
    assert "bd restore t-2" in answer.err
    assert bd.file.read_text().splitlines()[1] == before[1]


def test_nothing_to_do(bd):
    bd.write({"id": "t-1"})
    before = bd.file.read_bytes()
    assert bd("update", "t-1").out == "No updates specified\n"
    assert bd("update").out == "No updates specified\n"
    assert bd("update", "--json").json == []
    assert [issue["title"] for issue in bd("update", "t-1", "--json").json] == ["Title of t-1"]
    assert "no issue found" in bd("update", "t-9", code=1).err
    assert bd.file.read_bytes() == before


def test_an_update_that_changes_nothing_changes_no_byte(bd):
    odd = bd.line("t-1", labels=["y", "x"], title="a\\u003cb").replace(
        ',"priority"', ' , "priority"'
    )
    bd.write(odd, {"id": "t-2"})
    before = bd.file.read_bytes()
    stat = bd.file.stat()
    answer = bd("update", "t-1", "--status", "open", "-p", "2", "--add-label", "x", "--due", "")
    assert answer.out == "✓ Updated issue: t-1\n"
    assert bd.file.read_bytes() == before
    assert (bd.file.stat().st_ino, bd.file.stat().st_mtime_ns) == (stat.st_ino, stat.st_mtime_ns)
    assert not (bd.beads / ".local" / "ops.jsonl").exists()


def test_without_an_id_it_is_the_one_that_was_last_touched(bd):
    bd.write({"id": "t-1"}, {"id": "t-2"})
    answer = bd("update", "--priority", "1", code=1)
    assert "no issue ID given, and none was touched before" in answer.err
    bd("update", "t-2", "t-1", "-p", "1")
    assert bd("update", "-p", "0").out == "✓ Updated issue: t-1\n"
    bd("close", "t-2")
    assert bd("update", "--notes", "x").out == "✓ Updated issue: t-2\n"
    (bd.beads / ".local" / "last-touched").write_text("gone-1\n")
    assert 'matching "gone-1"' in bd("update", "-p", "0", code=1).err


def test_what_beads_last_touched_counts_too(bd):
    bd.write({"id": "t-1"})
    (bd.beads / "last-touched").write_text("t-1\n")
    assert bd("update", "-p", "0").out == "✓ Updated issue: t-1\n"


def test_short_forms_and_ambiguity(bd):
    bd.write({"id": "t-abc"}, {"id": "t-abd"}, {"id": "t-xyz"})
    assert bd("update", "xyz", "-p", "0").out == "✓ Updated issue: t-xyz\n"
    answer = bd("update", "ab", "-p", "0", code=1)
    assert answer.err.startswith('Error: ambiguous ID "ab" matches 2 issues: [t-abc t-abd]\n')
    assert bd("update", "t-xyzz", "-p", "0", code=1).err.endswith("did you mean t-xyz?\n")


def test_clocks_that_go_backwards_never_make_an_older_issue(bd):
    bd.write({"id": "t-1", "updated_at": "2030-01-01T00:00:00Z"})
    bd("update", "t-1", "-p", "0")
    assert bd.issue("t-1")["updated_at"] == "2030-01-01T00:00:00.000001Z"


def test_members_that_nobody_knows_survive(bd):
    strange = {"zeta": {"deep": [1, {"x": None}]}, "alpha": 1.0, "id": "t-1", "quality_score": 0.5}
    bd.write(json.dumps({**strange, "title": "x", "status": "open"}))
    bd("update", "t-1", "--title", "y")
    record = bd.issue("t-1")
    assert {name: record[name] for name in strange} == strange
    assert '"alpha":1.0' in bd.file.read_text()


def test_readonly(bd):
    bd.write({"id": "t-1"})
    bd("update", "t-1", "-p", "1")
    answer = bd("update", "t-1", "-p", "0", "--readonly", code=1)
    assert "operation 'update' is not allowed in read-only mode" in answer.err
    assert bd.issue("t-1")["priority"] == 1


def test_a_log_with_a_problem_is_written_around_it_and_it_says_so(bd):
    bd.write({"id": "t-1"}, "{broken", {"id": "t-2"})
    answer = bd("update", "t-2", "-p", "0")
    assert answer.out == "✓ Updated issue: t-2\n"
    assert answer.err.startswith("Warning: ")
    assert "issues.jsonl:2: not JSON" in answer.err
    assert bd("update", "t-2", "-p", "1", "-q").err == ""
    assert bd.file.read_text().splitlines()[1] == "{broken"


def test_conflict_markers_forbid_every_write(bd):
    bd.write({"id": "t-1"})
    bd("update", "t-1", "-p", "1")
    lines = bd.file.read_text()
    bd.file.write_text(f"<<<<<<< HEAD\n{lines}=======\n{lines}>>>>>>> other\n")
    before = bd.file.read_bytes()
    answer = bd("update", "t-1", "-p", "0", code=1)
    assert "holds conflict markers (line 1, 3, 5): nothing was written" in answer.err
    assert answer.err.endswith("Hint: bd resolve\n")
    assert bd.file.read_bytes() == before
