"""`bd close`, `reopen`, `delete` and `restore`, as somebody who types them meets them."""

from __future__ import annotations

import pytest


def edge(id, on, type="blocks"):
    return {
        "issue_id": id, "depends_on_id": on, "type": type,
        "created_at": "2026-01-01T00:00:00Z", "created_by": "Ann",
    }  # fmt: skip


@pytest.fixture
def chain(bd):
    """t-2 waits for t-1, t-3 for t-2; t-4 is free."""
    bd.write(
        {"id": "t-1", "priority": 1},
        {"id": "t-2", "priority": 3, "dependencies": [edge("t-2", "t-1")]},
        {"id": "t-3", "dependencies": [edge("t-3", "t-2")]},
        {"id": "t-4"},
    )
    return bd


class TestClose:
    def test_the_answer(self, chain):
        answer = chain("close", "t-1")
        assert (answer.out, answer.err) == ("✓ Closed t-1: Closed\n", "")
        record = chain.issue("t-1")
        assert (record["status"], record["close_reason"]) == ("closed", "Closed")
        assert record["closed_at"] == record["updated_at"]
        assert "closed_by_session" not in record

    def test_the_answer_as_json(self, chain):
        answer = chain("close", "t-4", "t-1", "--reason", "done", "--json")
        assert answer.err == ""
        assert [issue["id"] for issue in answer.json] == ["t-4", "t-1"]
        assert answer.json[1] == {
            "id": "t-1", "title": "Title of t-1", "status": "closed", "priority": 1,
            "issue_type": "task", "created_at": "2026-01-01T00:00:00Z",
            "updated_at": answer.json[1]["closed_at"], "closed_at": answer.json[1]["closed_at"],
            "close_reason": "done",
        }  # fmt: skip

    @pytest.mark.parametrize(
        "words",
        [
            ["-r", "why"], ["--reason", "why"], ["--reason=why"], ["--resolution", "why"],
            ["-m", "why"], ["--message", "why"],
        ],
    )  # fmt: skip
    def test_the_reason(self, chain, words):
        assert chain("close", "t-1", *words).out == "✓ Closed t-1: why\n"
        assert chain.issue("t-1")["close_reason"] == "why"

    def test_a_reason_for_each(self, chain):
        answer = chain("close", "4", "nope", "t-1", "-r", "four", "-r", "none", "-r", "one", code=1)
        assert answer.out == "✓ Closed t-4: four\n✓ Closed t-1: one\n"
        answer = chain("close", "t-2", "-r", "a", "-r", "b", code=1)
        assert "2 reasons for 1 issues" in answer.err
        chain("close", "t-2", "t-3", "-r", "both")
        assert chain.issue("t-3")["close_reason"] == "both"

    def test_the_reason_from_a_file(self, chain):
        (chain.path / "why.md").write_text("Line one\nLine two\n")
        chain("close", "t-1", "--reason-file", "why.md")
        assert chain.issue("t-1")["close_reason"] == "Line one\nLine two"
        chain("close", "t-2", "--reason-file", "-", stdin="typed\n")
        assert chain.issue("t-2")["close_reason"] == "typed"
        answer = chain("close", "t-3", "--reason-file", "-", "-r", "x", code=1)
        assert "cannot specify both --reason and --reason-file" in answer.err

    def test_the_session(self, chain):
        chain("close", "t-1", "--session", "s1", BD_SESSION="s2")
        chain("close", "t-4", BD_SESSION="s2", CLAUDE_SESSION_ID="s3")
        chain("close", "t-2", CLAUDE_SESSION_ID="s3")
        sessions = [chain.issue(id)["closed_by_session"] for id in ("t-1", "t-4", "t-2")]
        assert sessions == ["s1", "s2", "s3"]

    def test_what_stands_in_the_way(self, chain):
        answer = chain("close", "t-2", code=1)
        assert answer.out == ""
        assert answer.err == (
            "Error: cannot close t-2: blocked by open issues [t-1] (use --force to override)\n"
            "Hint: bd blocked --why t-2\n"
        )
        answer = chain("close", "t-2", "--json", code=1)
        assert (answer.err, answer.json["code"]) == ("", "blocked")
        assert chain("close", "t-2", "--force").out == "✓ Closed t-2: Closed\n"

    def test_closing_all_of_a_chain_at_once_is_one_step(self, chain):
        before = chain.file.read_bytes()
        assert chain("close", "t-1", "t-2", "t-3").code == 0
        assert {issue["status"] for issue in chain.issues()} == {"closed", "open"}
        chain("undo")
        assert chain.file.read_bytes() == before

    def test_some_can_be_closed_and_some_cannot(self, chain):
        answer = chain("close", "t-4", "t-3", "nope", code=1)
        assert answer.out == "✓ Closed t-4: Closed\n"
        assert "cannot close t-3: blocked by open issues [t-2]" in answer.err
        assert 'no issue found matching "nope"' in answer.err
        answer = chain("close", "t-1", "t-3", "--json", code=1)
        assert [issue["id"] for issue in answer.json] == ["t-1"]
        assert [entry["id"] for entry in answer.error["failed"]] == ["t-3"]

    def test_an_unknown_id(self, chain):
        answer = chain("close", "nope", "--json", code=1)
        assert (answer.err, answer.json["error"]) == ("", 'no issue found matching "nope"')
        assert chain("close", "nope", code=1).err.startswith(
            'Error: no issue found matching "nope"'
        )

    def test_what_became_ready(self, chain):
        answer = chain("close", "t-1", "--suggest-next")
        assert answer.out == (
            '✓ Closed t-1: Closed\n\nNewly unblocked:\n  • t-2 "Title of t-2" (P3)\n'
        )
        answer = chain("close", "t-2", "--suggest-next", "--json")
        assert [issue["id"] for issue in answer.json["closed"]] == ["t-2"]
        assert [issue["id"] for issue in answer.json["unblocked"]] == ["t-3"]
        assert answer.json["unblocked"][0]["title"] == "Title of t-3"
        answer = chain("close", "t-3", "--suggest-next", "--json")
        assert [issue["id"] for issue in answer.json] == ["t-3"]
        assert chain("close", "t-4", "--suggest-next").out == "✓ Closed t-4: Closed\n"

    def test_what_is_closed_in_the_same_step_is_not_suggested(self, chain):
        answer = chain("close", "t-1", "t-2", "--suggest-next", "--json")
        assert [issue["id"] for issue in answer.json["unblocked"]] == ["t-3"]

    def test_once_more_changes_nothing(self, chain):
        chain("close", "t-1", "-r", "first")
        before = chain.file.read_bytes()
        for words in ([], ["-r", "first"]):
            answer = chain("close", "t-1", *words)
            assert (answer.out, answer.err) == ("✓ Closed t-1: first\n", "")
        assert chain.file.read_bytes() == before

    def test_a_second_reason_is_not_lost(self, chain):
        chain("close", "t-1", "-r", "first")
        answer = chain("close", "t-1", "t-4", "-r", "second")
        assert answer.out == "✓ Closed t-1: first\n✓ Closed t-4: second\n"
        assert answer.err == (
            "Note: t-1 was closed already: its reason stays, yours is a comment now"
            " (bd update t-1 --reason TEXT replaces it)\n"
        )
        assert [remark["text"] for remark in chain.issue("t-1")["comments"]] == ["second"]
        before = chain.file.read_bytes()
        answer = chain("close", "t-1", "-r", "second", "--json")
        assert (answer.err, answer.json[0]["close_reason"]) == ("", "first")
        assert chain.file.read_bytes() == before

    def test_children_that_are_left_open_are_counted(self, chain):
        def kid(id):
            return {"id": id, "dependencies": [edge(id, "t-4", "parent-child")]}

        chain.write({"id": "t-4"}, kid("t-4.1"), kid("t-4.2"), kid("t-4.3"))
        assert chain("close", "t-4.1").err == ""
        answer = chain("close", "t-4")
        assert answer.err == "Note: t-4 has 2 open children (bd list --parent t-4)\n"
        chain("reopen", "t-4")
        answer = chain("close", "t-4", "t-4.2")
        assert answer.err == "Note: t-4 has 1 open child (bd list --parent t-4)\n"
        chain("reopen", "t-4", "t-4.2")
        assert chain("close", "t-4", "--json").err == ""
        chain("reopen", "t-4")
        assert chain("close", "t-4", "t-4.2", "t-4.3").err == ""
        chain("reopen", "t-4", "t-4.3")
        answer = chain("update", "t-4", "--status", "closed")
        assert answer.err == "Note: t-4 has 1 open child (bd list --parent t-4)\n"
        assert chain("update", "t-4", "--status", "open").err == ""

    def test_what_waited_too_is_named_with_the_reason(self, chain):
        chain.write(
            {"id": "t-1"},
            {"id": "t-2", "status": "in_progress", "assignee": "bob",
             "dependencies": [edge("t-2", "t-1")]},
            {"id": "t-3", "dependencies": [edge("t-3", "t-1"), edge("t-3", "t-4")]},
            {"id": "t-4"},
            {"id": "t-5", "dependencies": [edge("t-5", "t-1", "related")]},
            {"id": "t-6", "status": "closed", "dependencies": [edge("t-6", "t-1")]},
            {"id": "t-7", "dependencies": [edge("t-7", "t-1")]},
        )  # fmt: skip
        assert chain("close", "t-1", "--suggest-next").out == (
            "✓ Closed t-1: Closed\n"
            '\nNewly unblocked:\n  • t-7 "Title of t-7" (P2)\n'
            "\nWaited for it too, and not ready:\n"
            '  • t-2 "Title of t-2" (P2): in progress, bob\n'
            '  • t-3 "Title of t-3" (P2): blocked by t-4 (open)\n'
        )
        chain("reopen", "t-1")
        answer = chain("close", "t-1", "--suggest-next", "--json")
        assert [one["id"] for one in answer.json["unblocked"]] == ["t-7"]

    def test_without_an_id_the_one_that_was_last_touched(self, chain):
        assert "no issue ID given" in chain("close", code=1).err
        chain("update", "t-4", "-p", "0")
        assert chain("close").out == "✓ Closed t-4: Closed\n"

    @pytest.mark.parametrize("flag", ["--continue", "--no-auto"])
    def test_flags_of_molecules_are_accepted(self, chain, flag):
        assert chain("close", "t-1", flag).out == "✓ Closed t-1: Closed\n"


class TestReopen:
    def test_the_answer(self, bd):
        bd.write({"id": "t-1", "status": "closed", "closed_at": "2026-02-01T00:00:00Z"})
        assert bd("reopen", "t-1").out == "↻ Reopened t-1\n"
        assert bd.issue("t-1")["status"] == "open"
        assert "closed_at" not in bd.issue("t-1")
        bd("close", "t-1")
        assert bd("reopen", "t-1", "-r", "It is back").out == "↻ Reopened t-1: It is back\n"
        [comment] = bd.issue("t-1")["comments"]
        assert (comment["text"], comment["author"]) == ("It is back", "Ann Example")
        bd("close", "t-1", "-r", "x", BD_SESSION="s")
        [issue] = bd("reopen", "t-1", "--reason=r", "--json").json
        assert not {"closed_at", "close_reason", "closed_by_session", "comments"} & issue.keys()

    def test_an_open_one_stays_as_it_is(self, bd):
        bd.write({"id": "t-1"})
        before = bd.file.read_bytes()
        answer = bd("reopen", "t-1")
        assert (answer.out, answer.err) == ("↻ Reopened t-1\n", "")
        assert bd.file.read_bytes() == before

    def test_the_reason_is_not_lost_where_it_is_open(self, bd):
        bd.write({"id": "t-1"})
        for _ in range(2):
            assert bd("reopen", "t-1", "-r", "It is back", "--json").err == ""
        note = "Note: t-1 was not closed; your reason was added as a comment (bd show t-1)\n"
        assert bd("reopen", "t-1", "-r", "It is back").err == note
        assert [remark["text"] for remark in bd.issue("t-1")["comments"]] == ["It is back"]

    def test_an_unknown_id_is_reported_on_the_other_stream(self, bd):
        bd.write({"id": "t-1", "status": "closed"})
        answer = bd("reopen", "nope", "--json", code=1)
        assert (answer.out, answer.error["code"]) == ("", "not-found")
        assert bd("reopen", "nope", "t-1", code=1).out == "↻ Reopened t-1\n"
        assert bd("reopen", code=2).out == ""


class TestDelete:
    def test_without_force_it_is_only_shown(self, chain):
        before = chain.file.read_bytes()
        for words in (["t-1"], ["t-1", "--dry-run"], ["t-1", "--dry-run", "--force"]):
            answer = chain("delete", *words)
            assert answer.out == (
                "⚠️  DELETE PREVIEW\n\nIssues to delete:\n  t-1: Title of t-1\n"
                "    is a dependency of t-2\n\nNothing was deleted; use --force to delete.\n"
            )
        answer = chain("delete", "t-4", "--json")
        assert answer.json == {"dry_run": True, "would_delete": ["t-4"], "dependents": {}}
        assert "Records to delete:" in chain("delete", "t-4", "--hard").out
        assert chain.file.read_bytes() == before

    def test_several_that_others_depend_on_need_more_words(self, chain):
        answer = chain("delete", "t-1", "t-4", code=1)
        assert answer.out.startswith("⚠️  DELETE PREVIEW\n")
        assert "other issues depend on some of these" in answer.err
        assert chain("delete", "t-1", "t-4", "--dry-run").err == ""
        assert chain("delete", "t-4", "t-3").code == 0
        assert chain("delete", "t-1", "t-2", "t-3").code == 0

    def test_the_answer(self, chain):
        answer = chain("delete", "t-4", "--force", "--reason", "a mistake")
        assert answer.out == "✓ Deleted t-4\n"
        record = chain.issue("t-4")
        assert record["status"] == "tombstone"
        assert record["title"] == "Title of t-4"
        assert record["deleted_by"] == "Ann Example"
        assert record["delete_reason"] == "a mistake"
        assert record["original_type"] == "task"
        chain("delete", "t-3", "-f")
        assert chain.issue("t-3")["delete_reason"] == "delete"

    def test_the_answer_as_json(self, chain):
        assert chain("delete", "t-4", "--force", "--json").json == {
            "deleted": "t-4", "dependencies_removed": 0, "references_updated": 0,
        }  # fmt: skip
        assert chain("delete", "t-1", "t-3", "--force", "--json").json == {
            "deleted": ["t-1", "t-3"], "deleted_count": 2, "events_removed": 0, "labels_removed": 0,
            "orphaned_issues": ["t-2"], "dependencies_removed": 0, "references_updated": 0,
        }  # fmt: skip

    def test_only_the_own_records_change(self, chain):
        before = chain.file.read_text().splitlines()
        answer = chain("delete", "t-1", "t-3", "--force")
        assert answer.out == ("✓ Deleted 2 issue(s)\n  t-1\n  t-3\n  ⚠ Orphaned 1 issue(s): t-2\n")
        assert chain.file.read_text().splitlines()[1::2] == before[1::2]
        assert "t-2" in chain("ready").out  # an edge to a tombstone counts as absent

    def test_with_all_that_wait_for_it(self, chain):
        chain("dep", "relate", "t-4", "t-1")
        answer = chain("delete", "t-1", "--cascade", "--force", "--json")
        assert answer.json["deleted"] == ["t-1", "t-2", "t-3"]
        assert answer.json["orphaned_issues"] == ["t-4"]
        assert chain.issue("t-4")["status"] == "open"

    def test_ids_from_a_file(self, chain):
        (chain.path / "ids.txt").write_text("# old ones\nt-3\n\n  t-4  \n")
        answer = chain("delete", "--from-file", "ids.txt", "--force", "--json")
        assert answer.json["deleted"] == ["t-3", "t-4"]
        answer = chain("delete", "--from-file", "-", "--force", stdin="t-2\n")
        assert answer.out == "✓ Deleted t-2\n"
        assert "no issue ID given" in chain("delete", "--from-file", "-", code=1).err

    def test_hard_takes_the_record_away(self, chain):
        lines = chain.file.read_text().splitlines()
        assert chain("delete", "t-4", "--hard", "--force").out == "✓ Deleted t-4\n"
        assert chain.file.read_text().splitlines() == lines[:3]
        chain("undo")
        assert chain.file.read_text().splitlines() == lines

    def test_unknown_ids_fail_and_the_others_are_deleted(self, chain):
        answer = chain("delete", "nope", "--force", "--json", code=1)
        assert (answer.out, answer.error["code"]) == ("", "not-found")
        assert 'matching "nope"' in chain("delete", "nope", code=1).err
        answer = chain("delete", "nope", "t-4", "--force", code=1)
        assert answer.out == "✓ Deleted t-4\n"
        assert 'matching "nope"' in answer.err


class TestRestore:
    def test_the_issue_is_as_it_was(self, chain):
        chain("update", "t-4", "--status", "in_progress", "--add-label", "x")
        chain("comments", "add", "t-4", "remark")
        was = chain.issue("t-4")
        chain("delete", "t-4", "--force")
        answer = chain("restore", "t-4")
        assert answer.out == "✓ Restored t-4: Title of t-4 (in_progress)\n"
        assert chain.issue("t-4") == {**was, "updated_at": chain.issue("t-4")["updated_at"]}

    def test_others_find_everything_in_place(self, chain):
        chain("delete", "t-1", "--force")
        assert "t-2" in chain("ready").out
        chain("restore", "t-1")
        assert "t-2" not in chain("ready").out

    def test_the_answer_as_json(self, chain):
        chain("delete", "t-1", "t-4", "--force")
        answer = chain("restore", "t-1", "nope", "t-4", "--json", code=1)
        assert [(issue["id"], issue["status"]) for issue in answer.json] == [
            ("t-1", "open"), ("t-4", "open"),
        ]  # fmt: skip
        assert answer.error["failed"][0]["id"] == "nope"

    def test_what_is_not_deleted_stays_as_it_is(self, chain):
        before = chain.file.read_bytes()
        assert chain("restore", "t-1").out == "✓ Restored t-1: Title of t-1 (open)\n"
        assert chain.file.read_bytes() == before

    def test_a_deleted_issue_cannot_be_changed_otherwise(self, chain):
        chain("delete", "t-4", "--force")
        for words in (["close", "t-4"], ["reopen", "t-4"], ["update", "t-4", "-p", "0"],
                      ["label", "add", "t-4", "x"], ["comments", "add", "t-4", "x"],
                      ["dep", "add", "t-4", "t-1"], ["update", "t-4", "--claim"]):  # fmt: skip
            assert "Error: t-4 is deleted\nHint: bd restore t-4\n" in chain(*words, code=1).err
        chain("restore", "t-4")
        assert chain("close", "t-4").code == 0
