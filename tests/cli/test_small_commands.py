"""todo, state, lint, human, sql and orphans, as somebody who types them meets them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.support import strategies as strategies
from tracker.issues import invariants, relations
from tracker.issues.editing import Who
from tracker.log.issue_codec import encode
from tracker.log.issue_log import Draft, Log
from tracker.model.issue import Issue

WHO = Who("ann", strategies.NOW, nonce=1)


class TestTodo:
    def test_add_list_and_done(self, bd):
        assert bd("todo").out == 'No open tasks: bd todo add "TITLE"\n'
        answer = bd("todo", "add", "Answer", "the mail", "-p", "1", "-d", "all of it")
        (issue,) = bd.issues()
        id = issue["id"]
        assert answer.out.startswith(f"✓ Created issue: {id}\n  Title: Answer the mail\n")
        assert (issue["issue_type"], issue["priority"]) == ("task", 1)
        assert issue["description"] == "all of it"
        assert bd("todo").out == f"○ {id} [● P1] [task] - Answer the mail\n"
        assert bd("todo", "list", "--json").json[0]["id"] == id
        assert bd("todo", "done", id).out == f"✓ Closed {id}: Completed\n"
        assert bd("todo", "--json").json == []
        assert bd("todo", "list", "--all").out.startswith(f"✓ {id} [P1]")

    def test_only_tasks(self, bd):
        bd.write({"id": "t-1", "issue_type": "bug"}, {"id": "t-2"})
        assert [issue["id"] for issue in bd("todo", "--json").json] == ["t-2"]
        assert bd("todo", "done", "t-2", "-r", "did it", "--json").json[0]["close_reason"] == (
            "did it"
        )
        assert bd("todo", "done", "t-2").err == ""
        assert "yours is a comment now" in bd("todo", "done", "t-2", "-r", "twice").err
        assert [remark["text"] for remark in bd.issue("t-2")["comments"]] == ["twice"]
        assert bd("todo", "add", "x", "--json").json["title"] == "x"

    def test_what_goes_wrong(self, bd):
        assert "Missing argument 'TITLE...'" in bd("todo", "add", code=2).err
        assert bd("todo", "done", "nope", "--json", code=1).error["code"] == "not-found"
        assert "invalid priority" in bd("todo", "add", "x", "-p", "9", code=1).err
        assert "unexpected extra argument" in bd("todo", "list", "x", code=2).err


class TestState:
    def test_set_and_get(self, bd):
        bd.write({"id": "t-1", "labels": ["web"]})
        assert bd("set-state", "t-1", "health=ok").out == "✓ Set health = ok on t-1\n"
        answer = bd("set-state", "1", "health=bad", "--reason", "no answer")
        assert answer.out == "✓ Set health = bad on t-1\n  Previous: ok\n"
        record = bd.issue("t-1")
        assert record["labels"] == ["health:bad", "web"]
        assert [c["text"] for c in record["comments"]] == ["health: ok → bad\nno answer"]
        assert bd("state", "t-1", "health").out == "bad\n"
        assert bd("state", "t-1", "mode").out == "(no mode state set)\n"
        for words in (["list", "t-1"], ["t-1"]):
            assert bd("state", *words).out == "States of t-1:\n  health: bad\n"

    def test_as_json(self, bd):
        bd.write({"id": "t-1"})
        answer = bd("set-state", "t-1", "a=b", "-r", "why", "--json").json
        assert isinstance(answer.pop("event_id"), int)
        assert answer == {
            "issue_id": "t-1", "dimension": "a", "old_value": "", "new_value": "b", "changed": True,
        }  # fmt: skip
        assert bd("state", "t-1", "a", "--json").json == {
            "issue_id": "t-1", "dimension": "a", "value": "b",
        }  # fmt: skip
        assert bd("state", "t-1", "x", "--json").json["value"] is None
        assert bd("state", "list", "t-1", "--json").json == {
            "issue_id": "t-1", "states": {"a": "b"},
        }  # fmt: skip

    def test_once_more_changes_nothing(self, bd):
        bd.write({"id": "t-1", "labels": ["a:b"]})
        before = bd.file.read_bytes()
        answer = bd("set-state", "t-1", "a=b", "-r", "again")
        assert answer.out == "(no change: a already set to b)\n"
        assert not bd("set-state", "t-1", "a=b", "--json").json["changed"]
        assert bd.file.read_bytes() == before

    def test_what_goes_wrong(self, bd):
        bd.write({"id": "t-1"})
        before = bd.file.read_bytes()
        for text in ("health", "health=", "=ok", "a:b=c"):
            assert "expected DIMENSION=VALUE" in bd("set-state", "t-1", text, code=1).err
        assert bd("set-state", "nope", "a=b", "--json", code=1).error["code"] == "not-found"
        assert bd("state", "nope", "a", "--json", code=1).error["code"] == "not-found"
        assert bd("state", "list", "nope", code=1).err.startswith("Error: no issue found")
        assert "Missing argument 'ID'" in bd("state", "get", code=2).err
        assert bd("state", "list", "t-1").out == "t-1 has no state labels\n"
        assert bd.file.read_bytes() == before

    @given(
        st.lists(st.text("ab:", max_size=4)), st.text("ab", min_size=1), st.text("ab", min_size=1)
    )
    def test_a_dimension_has_one_value_and_all_else_stays(self, labels, dimension, value):
        issue = Issue(id="t-1", title="t", labels=tuple(sorted(set(labels) - {""})))
        draft = Draft(Log(encode(issue) + b"\n"))
        relations.set_state(draft, "t-1", (dimension, value), "", WHO)
        after = draft.get_issue("t-1").labels
        assert [one for one in after if one.startswith(f"{dimension}:")] == [f"{dimension}:{value}"]
        others = [one for one in issue.labels if not one.startswith(f"{dimension}:")]
        assert [one for one in after if not one.startswith(f"{dimension}:")] == others
        assert relations.states(after)[dimension] == value


class TestLint:
    def test_what_is_missing(self, bd):
        bd.write(
            {"id": "t-1", "issue_type": "bug"},
            {"id": "t-2", "description": "## Acceptance criteria\n- it works"},
            {"id": "t-3", "issue_type": "epic", "acceptance_criteria": "all children"},
            {"id": "t-4", "issue_type": "chore"},
            {"id": "t-5", "status": "closed"},
        )
        answer = bd("lint", code=1)
        assert answer.out == (
            "Template warnings (1 issues, 2 warnings):\n\nt-1 [bug]: Title of t-1\n"
            "  ⚠ Missing: ## Steps to Reproduce\n  ⚠ Missing: ## Acceptance Criteria\n\n"
        )
        assert bd("lint", "--json").json == {"total": 2, "issues": 1, "results": [{
            "id": "t-1", "title": "Title of t-1", "type": "bug",
            "missing": ["## Steps to Reproduce", "## Acceptance Criteria"], "warnings": 2,
        }]}  # fmt: skip

    def test_what_is_looked_at(self, bd):
        bd.write(
            {"id": "t-1"}, {"id": "t-2", "status": "closed"}, {"id": "t-3", "issue_type": "bug"}
        )

        def ids(*words):
            return [row["id"] for row in bd("lint", *words, "--json").json["results"]]

        assert ids() == ["t-1", "t-3"]
        assert ids("--status", "all") == ["t-1", "t-2", "t-3"]
        assert ids("-s", "closed") == ["t-2"]
        assert ids("-t", "bug,epic") == ["t-3"]
        assert ids("2", "t-1") == ["t-2", "t-1"]
        assert bd("lint", "-t", "epic").out == ("✓ No template warnings found (0 issues checked)\n")

    def test_what_goes_wrong(self, bd):
        assert bd("lint", "nope", "--json", code=1).error["code"] == "not-found"
        assert 'invalid status "bogus"' in bd("lint", "-s", "bogus", code=1).err

    def test_forms_of_a_heading(self):
        there = "x\n  Success Criteria:\n- a"
        for text in ("## Success Criteria", "# success criteria:", "**Success Criteria**", there):
            assert not invariants.missing_sections(
                Issue(id="t-1", issue_type="epic", description=text)
            )
        for text in ("", "the success criteria are met", "## Success"):
            assert invariants.missing_sections(Issue(id="t-1", issue_type="epic", description=text))


class TestHuman:
    def test_it_names_commands_that_are_there(self, bd):
        told = bd("human", "--json").json
        names = [name for lines in told.values() for name in lines]
        assert {"create", "ready", "close", "undo"} <= set(names)
        assert all(line for lines in told.values() for line in lines.values())
        assert "  bd create      Create an issue" in bd("human").out
        assert bd("human", "--nope", "--json", code=2).error["code"] == "usage"


class TestSql:
    def test_what_can_be_asked(self, bd):
        bd.write({"id": "t-1", "assignee": "ann"}, {"id": "t-2", "labels": ["x"]})
        ask = "SELECT id, assignee FROM issues ORDER BY id"
        assert bd("sql", ask, "--json").json == [
            {"id": "t-1", "assignee": "ann"}, {"id": "t-2", "assignee": ""},
        ]  # fmt: skip
        assert bd("sql", ask).out.startswith("id | assignee\nt-1 | ann\n")
        assert bd("sql", "SELECT 'a,b' AS x, 1 AS n", "--csv").out == 'x,n\n"a,b",1\n'
        assert bd("sql", "SELECT count(*) AS n FROM labels", "--json").json == [{"n": 1}]
        assert bd("sql", "SELECT 1 WHERE 0", "--json").json == []

    def test_nothing_can_be_written(self, bd):
        bd.write({"id": "t-1"})
        before = bd.file.read_bytes()
        bd("list")
        for text in (
            "DELETE FROM issue", "DROP TABLE issue", "UPDATE issue SET title = 'x'",
            "ATTACH 'x.db' AS x", "PRAGMA user_version = 7", "CREATE TABLE x(y)",
            "INSERT INTO label VALUES(1, 'x')", "VACUUM",
        ):  # fmt: skip
            answer = bd("sql", text, "--json", code=1)
            assert answer.error["code"] in {"refused", "invalid"}, text
        assert bd("sql", "SELECT title FROM issues", "--json").json == [{"title": "Title of t-1"}]
        assert bd.file.read_bytes() == before
        assert not (bd.path / "x.db").exists()

    def test_what_goes_wrong(self, bd):
        answer = bd("sql", "SELECT nope FROM issues", code=1)
        assert answer.err == (
            "Error: SQL: no such column: nope\nHint: bd info --schema lists the tables\n"
        )
        assert bd("sql", "SELECT 1; SELECT 2", "--json", code=1).error["code"] == "invalid"
        assert "Missing argument 'QUERY'" in bd("sql", code=2).err


class TestOrphans:
    def test_what_commits_name_and_nobody_closed(self, bd):
        bd.write({"id": "t-1"}, {"id": "t-2", "status": "closed"}, {"id": "t-3"}, {"id": "t-3.1"})
        assert bd("orphans").out == "✓ No orphaned issues found\n"
        bd.repo.commit({"a": b"1"}, "Fix the login (t-1)\n\nAnd t-2.")
        name = bd.repo.commit({"a": b"2"}, "Again t-1, t-3.1")
        bd.repo.commit({"a": b"3"}, "t-30, xt-3 and t-3.2")
        rows = bd("orphans", "--json").json
        assert rows == [
            {"issue_id": id, "title": f"Title of {id}", "status": "open", "latest_commit": name,
             "latest_commit_message": "Again t-1, t-3.1"} for id in ("t-1", "t-3.1")
        ]  # fmt: skip
        latest = f"   Latest commit: {name[:8]} - Again t-1, t-3.1\n"
        assert bd("orphans").out == (
            "🔍 Found 2 orphaned issue(s):\n\n"
            f"1. t-1: Title of t-1\n   Status: open\n{latest}\n"
            f"2. t-3.1: Title of t-3.1\n   Status: open\n{latest}\n"
        )
        assert name in bd("orphans", "--details").out

    def test_closing_them(self, bd):
        edge = {"issue_id": "t-2", "depends_on_id": "t-3", "type": "blocks"}
        bd.write({"id": "t-1"}, {"id": "t-2", "dependencies": [edge]}, {"id": "t-3"})
        name = bd.repo.commit({"a": b"1"}, "Do t-1 and t-2")
        answer = bd("orphans", "--fix", "--json", code=1)
        assert [(row["issue_id"], row["status"]) for row in answer.json] == [
            ("t-1", "closed"), ("t-2", "open"),
        ]  # fmt: skip
        assert answer.error["failed"][0]["code"] == "blocked"
        assert bd.issue("t-1")["close_reason"] == f"Implemented in commit {name[:8]}"

    def test_what_goes_wrong(self, bd, tmp_path):
        bd.write({"id": "t-1"})
        place = tmp_path / "plain"
        (place / ".beads").mkdir(parents=True)
        (place / ".beads" / "issues.jsonl").write_text(bd.line("t-1") + "\n")
        answer = bd("orphans", "--json", cwd=place, code=1)
        assert (answer.out, answer.error["code"]) == ("", "refused")


class TestContext:
    def test_who_and_where(self, bd):
        bd.write({"id": "t-1"})
        found = bd("context", "--json", BD_SESSION="s1").json
        assert (found["prefix"], found["actor"], found["session"]) == ("t", "Ann Example", "s1")
        assert (found["repo_root"], found["is_worktree"]) == (str(bd.path), False)
        assert "is worktree: no\n" in bd("context").out
        assert bd("ping").out == "ok: 1 issues\n"
        assert bd("ping", "--json").json == {"ok": True, "issue_count": 1}

    def test_what_goes_wrong(self, bd, tmp_path):
        for name in ("context", "ping"):
            answer = bd(name, "--json", cwd=tmp_path, code=1)
            assert answer.error["code"] == "no-workspace"


class TestConfigOfSeveral:
    def test_set_many_and_show(self, bd):
        answer = bd("config", "set-many", "types.custom=a,b", "x.y=1")
        assert answer.out == (
            "Set types.custom = a,b (in config.yaml)\nSet x.y = 1 (in config.yaml)\n"
        )
        answer = bd("config", "set-many", "x.y=2", "--json")
        assert answer.json == [{"key": "x.y", "value": "2"}]
        found = bd("config", "show", "--json", BD_X_Y="9").json
        assert {"key": "x.y", "value": "9", "source": "BD_X_Y"} in found
        assert "types.custom = a,b  (config.yaml)\n" in bd("config", "show").out
        bd("config", "unset", "issue-prefix")
        assert "issue-prefix = repo  (the issues)" in bd("config", "show").out

    def test_what_goes_wrong(self, bd):
        bd("config", "set-many", "a.b=1")
        before = (bd.beads / "config.yaml").read_bytes()
        assert "expected KEY=VALUE" in bd("config", "set-many", "a.b=2", "c", code=1).err
        answer = bd("config", "set-many", "a.b=2", "hierarchy.max-depth=x", "--json", code=1)
        assert answer.error["code"] == "invalid"
        assert (bd.beads / "config.yaml").read_bytes() == before
        (bd.beads / "config.yaml").write_text("c: {d: 1}\n")
        answer = bd("config", "set-many", "a.b=2", "c.d=2", code=1)
        assert "says c.d in a way that only an editor can change: nothing was written" in answer.err
        assert (bd.beads / "config.yaml").read_bytes() == b"c: {d: 1}\n"
        assert bd("config", "set-many", "a.b=2", "e.f=2").err == ""
        assert "unexpected extra argument" in bd("config", "show", "x", code=2).err


class TestPropagate:
    def test_to_the_children_or_to_all_below(self, bd):
        def child(id, parent):
            edge = {"issue_id": id, "depends_on_id": parent, "type": "parent-child"}
            return {"id": id, "dependencies": [edge]}

        bd.write({"id": "t-1"}, child("t-2", "t-1"), child("t-3", "t-2"))
        assert bd("label", "propagate", "t-1", "x").out == "✓ Added label 'x' to t-2\n"
        answer = bd("label", "propagate", "1", "y", "--all", "--json")
        assert [row["issue_id"] for row in answer.json] == ["t-2", "t-3"]
        assert bd("label", "propagate", "t-3", "x").out == "t-3 has no children\n"
        assert bd("label", "propagate", "nope", "x", "--json", code=1).error["code"] == "not-found"


class TestManyEdges:
    def test_lines_and_objects(self, bd):
        bd.write({"id": "t-1"}, {"id": "t-2"}, {"id": "t-3"})
        (bd.path / "e.txt").write_text(
            '# first\n1 2\n\n{"from": "t-2", "to": "t-3", "type": "x"}\n'
        )
        assert bd("dep", "add", "--file", "e.txt").out == "✓ Added 2 dependencies\n"
        assert bd.issue("t-2")["dependencies"][0]["type"] == "x"
        answer = bd("dep", "add", "--file", "-", "-t", "related", "--json", stdin="t-1 t-3\n")
        assert answer.json == [
            {"depends_on_id": "t-3", "issue_id": "t-1", "status": "added", "type": "related"}
        ]

    def test_what_goes_wrong_changes_nothing(self, bd):
        bd.write({"id": "t-1"}, {"id": "t-2"})
        before = bd.file.read_bytes()
        for text, why in (
            ("t-1 t-2\nt-2 t-1\n", "-, line 2: cannot add dependency: would create a cycle"),
            ("t-1\n", "line 1 is not a dependency: 't-1'"),
            ("t-1 t-2 blocks more\n", "line 1 is not a dependency"),
            ("{\n", "line 1 is not a JSON object"),
            ('{"from": "t-1"}\n', "line 1 is not a dependency"),
            ("t-1 nope\n", '-, line 1: no issue found matching "nope"'),
        ):
            assert why in bd("dep", "add", "--file", "-", code=1, stdin=text).err
        assert "--file takes no other issues" in bd("dep", "add", "x", "--file", "f", code=2).err
        assert "two issues are needed" in bd("dep", "add", code=2).err
        assert bd("dep").out.startswith("Usage: bd dep")
        assert bd.file.read_bytes() == before


class TestWhatIsNotThere:
    def test_no_server_and_no_database(self, bd):
        for verb in ("start", "stop", "status"):
            assert bd("dolt", verb, "--json").json == {"running": False, "embedded": True}
            assert bd("dolt", verb).out.startswith("There is no server")
            assert "unexpected extra argument" in bd("dolt", verb, "x", code=2).err
        answer = bd("repair", "--json", code=1)
        assert answer.error["hint"].startswith("bd doctor")
