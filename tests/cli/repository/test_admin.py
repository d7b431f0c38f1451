"""`worktree`, `audit` and `admin`, as somebody who types them meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import strategies as strategies
from tracker.errors import TrackerError
from tracker.issues import archive
from tracker.issues.editing import Who
from tracker.log.issue_codec import encode
from tracker.log.issue_log import Draft, Log

WHO = Who("ann", strategies.NOW, nonce=1)


class TestWorktree:
    @pytest.fixture
    def tree(self, bd):
        bd.write({"id": "t-1"})
        bd.repo.commit({}, "start")
        return bd

    def test_create_list_and_remove(self, tree):
        answer = tree("worktree", "create", "fix")
        path = tree.path / "fix"
        assert answer.out == f"✓ Created worktree: {path}\n  Branch: fix\n"
        assert answer.err == ""
        assert tree.repo.git("status", "--porcelain") == ""
        assert tree("list", cwd=path).out == tree("list").out
        tree("close", "t-1", cwd=path)
        assert tree.issue("t-1")["status"] == "open"  # the other log is the other branch's
        assert tree("worktree", "list").out == (
            f"repo  main  {tree.path} (main)\nfix   fix  {path} (linked)\n"
        )
        tree("worktree", "remove", "fix", "--force")
        assert not path.exists()
        assert "fix" in tree.repo.git("branch", "--list")
        assert "/fix/" not in (tree.path / ".git" / "info" / "exclude").read_text()

    def test_as_json(self, tree):
        made = tree("worktree", "create", "../beside", "--branch", "b/x", "--json").json
        path = str(tree.path.parent / "beside")
        assert made == {
            "name": "beside", "path": path, "branch": "b/x", "is_main": False,
            "beads_state": "local",
        }  # fmt: skip
        assert [one["is_main"] for one in tree("worktree", "list", "--json").json] == [True, False]
        assert tree("worktree", "--json").json == {"is_worktree": False}
        found = tree("worktree", "info", "--json", cwd=Path(path)).json
        assert found["is_worktree"]
        assert found["main_path"] == str(tree.path)
        assert tree("worktree", "remove", "b/x", "--json").json == {
            "removed": path,
            "branch": "b/x",
        }

    def test_which_one_this_is(self, tree):
        assert tree("worktree").out == "This is the main work tree, not a linked one\n"
        tree("worktree", "create", "fix")
        text = tree("worktree", "info", cwd=tree.path / "fix").out
        assert text.endswith(f"Branch: fix\nMain: {tree.path}\nIssues: those of this branch\n")

    def test_a_branch_that_is_there_already(self, tree):
        tree.repo.git("branch", "old")
        assert (
            tree("worktree", "create", "elsewhere", "-b", "old", "--json").json["branch"] == "old"
        )

    def test_what_is_not_committed_is_not_there_yet(self, tree):
        tree("q", "new")
        answer = tree("worktree", "create", "fix")
        assert answer.err.startswith("Note: issues that are not committed are not there yet")
        assert tree("count", cwd=tree.path / "fix").out == "1\n"

    def test_what_goes_wrong(self, tree, tmp_path):
        tree("worktree", "create", "fix")
        (tree.path / "fix" / "new.txt").write_text("mine")
        answer = tree("worktree", "remove", "fix", code=1)
        assert "contains modified or untracked files" in answer.err
        assert "bd worktree remove fix --force" in answer.err
        assert (tree.path / "fix" / "new.txt").read_text() == "mine"
        assert "is there already" in tree("worktree", "create", "fix", code=1).err
        assert (
            tree("worktree", "create", "fix2", "-b", "fix", "--json", code=1).error["code"] == "git"
        )
        assert "is the main work tree" in tree("worktree", "remove", "repo", code=1).err
        inside = tree("worktree", "remove", ".", cwd=tree.path / "fix", code=1)
        assert "is where you are" in inside.err
        answer = tree("worktree", "remove", "nope", "--json", code=1)
        assert answer.error == {
            "error": 'no worktree found matching "nope"', "code": "not-found",
            "hint": "there are repo, fix; bd worktree list",
        }  # fmt: skip
        tree.repo.git("checkout", "--quiet", "--orphan", "nothing")
        assert "there is no commit yet" in tree("worktree", "create", "new", code=1).err
        (tmp_path / "plain").mkdir()
        answer = tree("worktree", "list", "--json", cwd=tmp_path / "plain", code=1)
        assert answer.error["code"] == "refused"


class TestAudit:
    def entries(self, bd):
        return [
            json.loads(line) for line in (bd.beads / "interactions.jsonl").read_text().splitlines()
        ]

    def test_record(self, bd):
        bd.write({"id": "t-1"})
        answer = bd(
            "audit", "record", "--kind", "llm_call", "--model", "m", "--prompt", "why <b>?",
            "--response", "ü", "--issue-id", "1", "--tool-name", "x", "--exit-code", "0",
            "--error", "e",
        )  # fmt: skip
        (entry,) = self.entries(bd)
        assert answer.out == f"{entry['id']}\n"
        assert entry["id"].startswith("int-")
        assert len(entry["id"]) == 12
        assert list(entry) == [
            "id", "kind", "created_at", "actor", "issue_id", "model", "prompt", "response",
            "error", "tool_name", "exit_code",
        ]  # fmt: skip
        assert (entry["issue_id"], entry["exit_code"], entry["actor"]) == ("t-1", 0, "Ann Example")

    def test_record_of_the_standard_input(self, bd):
        text = '{"kind": "tool_call", "tool_name": "make", "extra": {"a": 1}}'
        made = bd("audit", "record", "--stdin", "--exit-code", "2", "--json", stdin=text).json
        (entry,) = self.entries(bd)
        assert made == {"id": entry["id"], "kind": "tool_call"}
        assert (entry["tool_name"], entry["exit_code"], entry["extra"]) == ("make", 2, {"a": 1})

    def test_label_and_list(self, bd):
        first = bd("audit", "record", "--kind", "tool_call").out.strip()
        made = bd(
            "audit", "label", first, "--label", "bad", "--reason", "it guessed", "--json"
        ).json
        assert (made["parent_id"], made["label"]) == (first, "bad")
        assert self.entries(bd)[1]["reason"] == "it guessed"
        assert [row["kind"] for row in bd("audit", "list", "--json").json] == ["tool_call", "label"]
        assert bd("audit", "list", "-n", "1", "--json", "--envelope").json["total"] == 2
        lines = bd("audit", "list").out.splitlines()
        assert lines[0].startswith(f"{first}  2027-01-15 ")
        assert bd("audit", "label", first, "--label", "good").out.startswith("int-")

    def test_what_was_there_stays_and_a_torn_line_ends(self, bd):
        path = bd.beads / "interactions.jsonl"
        path.write_text('{"id":"int-1","kind":"x"}\nnot json\n{"id":"int-2"')
        bd("audit", "record", "--kind", "y")
        lines = path.read_text().splitlines()
        assert lines[:3] == ['{"id":"int-1","kind":"x"}', "not json", '{"id":"int-2"']
        assert [row["kind"] for row in bd("audit", "list", "--json").json] == ["x", "y"]

    def test_what_goes_wrong(self, bd, tmp_path):
        bd.write({"id": "t-1"})
        assert bd("audit", "list").out.startswith("No interactions yet")
        assert "--kind is needed" in bd("audit", "record", code=1).err
        for text in ("", "[1]", "{"):
            answer = bd("audit", "record", "--stdin", code=1, stdin=text)
            assert "no JSON object" in answer.err
        assert "unknown field: zz" in bd("audit", "record", "--stdin", code=1, stdin='{"zz":1}').err
        answer = bd("audit", "record", "--kind", "x", "--issue-id", "nope", "--json", code=1)
        assert answer.error["code"] == "not-found"
        answer = bd("audit", "record", "--kind", "x", "--prompt", "p" * 1_000_001, code=1)
        assert "1000000 characters" in answer.err
        assert bd("audit", "label", "int-0", "--label", "x", "--json", code=1).error["code"] == (
            "not-found"
        )
        assert "Missing option '--label'" in bd("audit", "label", "int-0", code=2).err
        assert bd("audit", "list", "--issue-id", "nope", code=1).err.startswith("Error: no issue")
        assert not (bd.beads / "interactions.jsonl").exists()
        (bd.beads / "interactions.jsonl").symlink_to(tmp_path / "elsewhere")
        bd("audit", "record", "--kind", "x", code=1)
        assert not (tmp_path / "elsewhere").exists()


OLD = {"status": "closed", "closed_at": "2026-01-01T00:00:00Z"}


class TestCleanup:
    @pytest.fixture
    def log(self, bd):
        bd.write(
            {"id": "t-1", **OLD}, {"id": "t-2", **OLD, "closed_at": "2027-01-10T00:00:00Z"},
            {"id": "t-3"}, {"id": "t-4", **OLD, "pinned": True},
            {"id": "t-5", **OLD, "ephemeral": True},
        )  # fmt: skip
        return bd

    def test_what_would_be_deleted(self, log):
        before = log.file.read_bytes()
        answer = log("admin", "cleanup", "--dry-run", "--json")
        assert answer.json["would_delete"] == ["t-1", "t-2", "t-5"]
        assert "Nothing was deleted; use --force to delete." in log("admin", "cleanup", code=1).out
        aged = log("admin", "cleanup", "--older-than", "30", "--dry-run", "--json")
        assert aged.json["would_delete"] == ["t-1", "t-5"]
        only = log("admin", "cleanup", "--ephemeral", "--dry-run", "--json")
        assert only.json["would_delete"] == ["t-5"]
        assert log.file.read_bytes() == before

    def test_deleting(self, log):
        answer = log("admin", "cleanup", "--force", "--older-than", "30", "--json")
        assert answer.json["deleted"] == ["t-1", "t-5"]
        assert log.issue("t-1")["delete_reason"] == "admin cleanup"
        assert log("cleanup", "--force", "--hard").out == "✓ Deleted t-2\n"
        assert [one["id"] for one in log.issues()] == ["t-1", "t-3", "t-4", "t-5"]
        assert log("admin", "cleanup").out == "No closed issues to delete\n"
        assert log("admin", "cleanup", "--json").json == {"deleted": [], "deleted_count": 0}

    def test_what_goes_wrong(self, log):
        answer = log("admin", "cleanup", "--older-than", "-1", "--json", code=2)
        assert answer.error["code"] == "usage"
        assert log("admin", "cleanup", "--force", "--readonly", "--json", code=1).error["code"] == (
            "refused"
        )


class TestCompact:
    @pytest.fixture
    def log(self, bd):
        bd.write(
            {"id": "t-1", **OLD, "description": "long " * 20, "notes": "n", "design": "d"},
            {"id": "t-2", **OLD, "closed_at": "2027-01-10T00:00:00Z", "description": "long " * 9},
            {"id": "t-3", "description": "long " * 9}, {"id": "t-4", **OLD},
        )  # fmt: skip
        return bd

    def test_what_could_be_made_short(self, log):
        assert log("admin", "compact").out == (
            "Closed for 30 days and not short yet: 1 issues\nText in them: 102 bytes\n"
        )
        assert log("admin", "compact", "--stats", "--json").json == {
            "tier": 1, "candidates": 1, "total_size_bytes": 102,
        }  # fmt: skip
        (row,) = log("admin", "compact", "--analyze", "--json").json
        assert (row["id"], row["size_bytes"], row["age_days"]) == ("t-1", 102, 379)
        assert row["description"] == "long " * 20
        assert log("admin", "compact", "--analyze", "--id", "t-3", "--json").json == []
        assert log("admin", "compact", "--analyze").out == (
            "t-1  102 bytes, closed 379 days ago: Title of t-1\n"
        )

    def test_a_summary_in_its_place(self, log):
        dry = log("admin", "compact", "--apply", "--id", "1", "--summary", "-", "--dry-run",
                  stdin="Short.\n")  # fmt: skip
        assert dry.out == "Would compact t-1: 102 → 6 bytes\n"
        (log.path / "s.md").write_text("Short.\n")
        answer = log("compact", "--apply", "--id", "t-1", "--summary", "s.md", "--json")
        assert answer.json == {
            "success": True, "compacted_id": "t-1", "original_size": 102, "compacted_size": 6,
            "saved_bytes": 96, "reduction_pct": 94.1, "tier": 1,
        }  # fmt: skip
        record = log.issue("t-1")
        assert record["description"] == "Short."
        assert not {"notes", "design"} & set(record)
        assert (record["compaction_level"], record["original_size"]) == (1, 102)
        assert log("admin", "compact", "--analyze", "--json").json == []
        log("undo")
        assert log.issue("t-1")["description"] == "long " * 20

    def test_records_of_deleted_issues(self, bd):
        gone = {"status": "tombstone", "deleted_at": "2026-12-01T00:00:00Z"}
        bd.write({"id": "t-1", **gone}, {"id": "t-2", **gone, "deleted_at": "2027-01-10T00:00:00Z"})
        dry = bd("admin", "compact", "--prune", "--dry-run", "--json").json
        assert dry == {"pruned_count": 1, "pruned": ["t-1"], "older_than_days": 30, "dry_run": True}
        assert bd("admin", "compact", "--prune").out == (
            "✓ Took 1 records of deleted issues out of the log\n"
        )
        assert [one["id"] for one in bd.issues()] == ["t-2"]
        assert bd("admin", "compact", "--purge-tombstones", "--json").json["pruned"] == ["t-2"]

    def test_what_goes_wrong(self, log):
        before = log.file.read_bytes()
        words = ["admin", "compact", "--apply", "--summary", "-"]
        assert "not closed for long enough" in log(*words, "--id", "t-2", code=1, stdin="x").err
        assert "is not shorter" in log(*words, "--id", "t-1", code=1, stdin="x" * 200).err
        assert "the summary is empty" in log(*words, "--id", "t-1", code=1, stdin=" ").err
        assert "no issue found" in log(*words, "--id", "nope", code=1, stdin="x").err
        assert "--apply needs --id ID" in log(*words, code=2).err
        assert log("admin", "compact", "--auto", "--json", code=1).error["code"] == "refused"
        answer = log("admin", "reset", "--force", "--json", code=1)
        assert answer.error["hint"].startswith("bd uninstall")
        assert log("reset", code=1).err.startswith("Error: admin reset is not part")
        assert log.file.read_bytes() == before
        log(*words, "--id", "t-2", "--force", stdin="x")
        assert log.issue("t-2")["description"] == "x"

    @given(strategies.issues(), st.text(max_size=40))
    def test_only_the_texts_give_way(self, issue, summary):
        draft = Draft(Log(encode(issue) + b"\n"))
        try:
            done = archive.compact(draft, issue.id, summary, 1, WHO)
        except TrackerError:
            assert not draft.changes
            return
        assert done.before == archive.size(issue)
        assert archive.size(done.issue) == done.after < done.before
        marks = {"compaction_level", "compacted_at", "original_size"}
        lost = {name for name, _ in issue.extra} - {name for name, _ in done.issue.extra}
        assert lost <= {*archive.TEXTS, "conflicts", "updated_at"} | marks
        for name in ("title", "status", "labels", "dependencies", "comments", "close_reason"):
            assert getattr(done.issue, name) == getattr(issue, name)
