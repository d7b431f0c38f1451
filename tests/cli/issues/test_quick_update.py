"""Short verbs, epics, deferral and small lists, as somebody who types them meets them."""

from __future__ import annotations

import pytest

from tracker.cli.unsupported import ABSENT


def edge(id, on, type="parent-child"):
    return {"issue_id": id, "depends_on_id": on, "type": type}


class TestQ:
    def test_the_words_are_the_title_and_the_answer_is_the_id(self, bd):
        answer = bd("q", "Fix", "the login", "-p", "P1", "-t", "bug", "-l", "web,auth", "-l", "x")
        assert answer.err == ""
        (issue,) = bd.issues()
        assert answer.out == f"{issue['id']}\n"
        assert issue["title"] == "Fix the login"
        assert (issue["priority"], issue["issue_type"]) == (1, "bug")
        assert issue["labels"] == ["auth", "web", "x"]
        assert issue["created_by"] == "Ann Example"

    def test_as_json(self, bd):
        made = bd("q", "Next", "--json").json
        assert (made["title"], made["priority"], made["issue_type"]) == ("Next", 2, "task")

    def test_what_goes_wrong(self, bd):
        assert "Missing argument 'TITLE...'" in bd("q", code=2).err
        answer = bd("q", "x", "-t", "nope", "--json", code=1)
        assert (answer.out, answer.error["code"]) == ("", "invalid")
        assert bd("q", "x", "-p", "high", code=1).err.startswith('Error: invalid priority "high"')
        assert bd.issues() == []


class TestNote:
    def test_it_is_added_on_a_line_of_its_own(self, bd):
        bd.write({"id": "t-1"}, {"id": "t-2", "notes": "old"})
        assert bd("note", "t-1", "first").out == "✓ Note added to t-1\n"
        assert bd("note", "2", "two", "words").out == "✓ Note added to t-2\n"
        assert bd.issue("t-1")["notes"] == "first"
        assert bd.issue("t-2")["notes"] == "old\ntwo words"
        answer = bd("note", "t-1", "second", "--json")
        assert [issue["notes"] for issue in answer.json] == ["first\nsecond"]
        assert answer.err == ""

    def test_from_a_file_or_the_standard_input(self, bd):
        bd.write({"id": "t-1"})
        (bd.path / "n.md").write_text("a\nb\n")
        bd("note", "t-1", "--file", "n.md")
        bd("note", "t-1", "--stdin", stdin="c\n")
        bd("note", "t-1", "-f", "-", stdin="d\n")
        assert bd.issue("t-1")["notes"] == "a\nb\nc\nd"

    def test_what_goes_wrong(self, bd):
        bd.write({"id": "t-1"})
        before = bd.file.read_bytes()
        assert "note text required" in bd("note", "t-1", code=1).err
        assert "note text required" in bd("note", "t-1", "--stdin", stdin=" \n", code=1).err
        assert "more than one of" in bd("note", "t-1", "x", "--file", "n.md", code=1).err
        assert bd("note", "nope", "x", "--json", code=1).error["code"] == "not-found"
        assert bd.file.read_bytes() == before


class TestShortVerbs:
    def test_assign(self, bd):
        bd.write({"id": "t-1"})
        assert bd("assign", "t-1", "ann {}").out == "✓ Assigned t-1 to ann {}\n"
        assert bd.issue("t-1")["assignee"] == "ann {}"
        assert bd("assign", "1", "bob", "--json").json[0]["assignee"] == "bob"
        assert bd("assign", "t-1", "").out == "✓ Unassigned t-1\n"
        assert "assignee" not in bd.issue("t-1")
        assert bd("assign", "nope", "bob", "--json", code=1).error["code"] == "not-found"
        assert "Missing argument 'NAME'" in bd("assign", "t-1", code=2).err

    def test_priority(self, bd):
        bd.write({"id": "t-1"})
        assert bd("priority", "t-1", "0").out == "✓ Set priority of t-1 to P0\n"
        assert bd.issue("t-1")["priority"] == 0
        assert bd("priority", "t-1", "P4", "--json").json[0]["priority"] == 4
        assert "invalid priority" in bd("priority", "t-1", "high", code=1).err
        assert bd("priority", "nope", "1", "--json", code=1).error["code"] == "not-found"

    def test_tag(self, bd):
        bd.write({"id": "t-1"}, {"id": "t-2"})
        assert bd("tag", "t-1", "x").out == "✓ Added label 'x' to t-1\n"
        answer = bd("tag", "t-1", "t-2", "y", "--json")
        assert [row["issue_id"] for row in answer.json] == ["t-1", "t-2"]
        assert bd.issue("t-1")["labels"] == ["x", "y"]
        assert "an ID and a label are required" in bd("tag", "x", code=2).err
        assert bd("tag", "nope", "x", "--json", code=1).error["code"] == "not-found"

    def test_link(self, bd):
        bd.write({"id": "t-1"}, {"id": "t-2"})
        answer = bd("link", "t-1", "2")
        assert answer.out == "✓ Added dependency: t-1 depends on t-2 (blocks)\n"
        answer = bd("link", "t-1", "t-2", "-t", "related", "--json")
        assert answer.json == {
            "depends_on_id": "t-2", "issue_id": "t-1", "status": "added", "type": "related",
        }  # fmt: skip
        assert len(bd.issue("t-1")["dependencies"]) == 2
        assert bd("link", "t-2", "t-1", "--json", code=1).json["code"] == "cycle"

    def test_relate_and_unrelate_by_themselves(self, bd):
        bd.write({"id": "t-1"}, {"id": "t-2"})
        assert bd("relate", "t-1", "t-2").out == "✓ Linked t-1 ↔ t-2\n"
        assert [e["type"] for e in bd.issue("t-2")["dependencies"]] == ["relates-to"]
        assert bd("unrelate", "t-1", "t-2", "--json").json == {
            "id1": "t-1", "id2": "t-2", "unrelated": True,
        }  # fmt: skip
        assert "does not exist" in bd("unrelate", "t-1", "t-2", code=1).err
        assert "no issue found" in bd("relate", "t-1", "nope", code=1).err

    def test_labels_by_itself(self, bd):
        bd.write({"id": "t-1", "labels": ["x"]})
        assert bd("labels", "--json").json == [{"label": "x", "count": 1}]


class TestChildren:
    @pytest.fixture
    def family(self, bd):
        bd.write(
            {"id": "t-1", "issue_type": "epic"},
            {"id": "t-2", "dependencies": [edge("t-2", "t-1")]},
            {"id": "t-3", "dependencies": [edge("t-3", "t-1")], "status": "closed"},
            {"id": "t-4", "dependencies": [edge("t-4", "t-2")]},
        )
        return bd

    def test_as_list_with_a_parent(self, family):
        answer = family("children", "1")
        assert answer.out == "○ t-2 [● P2] [task] - Title of t-2\n"
        assert answer.err == "Note: 1 closed not shown (--all shows them)\n"
        assert family("children", "t-1", "--json").out == (
            family("list", "--parent", "t-1", "--json").out
        )
        assert family("children", "t-1", "--json").err == ""

    def test_what_it_can_be_limited_to(self, family):
        ids = [i["id"] for i in family("children", "t-1", "--all", "--json").json]
        assert ids == ["t-2", "t-3"]
        answer = family("children", "t-1", "--status", "closed", "--json")
        assert [issue["id"] for issue in answer.json] == ["t-3"]
        assert family("children", "t-1", "--type", "bug").out == ""
        tree = family("children", "t-1", "--pretty").out.split("\n")
        assert [line[-6:] for line in tree[:3]] == ["of t-1", "of t-2", "of t-4"]
        assert "  Title of t-2" in family("children", "t-1", "--long").out

    def test_what_goes_wrong(self, family):
        assert family("children", "t-4", "--json").json == []
        answer = family("children", "nope", "--json", code=1)
        assert (answer.out, answer.error["code"]) == ("", "not-found")
        assert "Missing argument 'ID'" in family("children", code=2).err


class TestStale:
    @pytest.fixture
    def aged(self, bd):
        bd.write(
            {"id": "t-1", "updated_at": "2026-12-01T00:00:00Z", "priority": 1, "assignee": "ann"},
            {"id": "t-2", "updated_at": "2026-11-01T00:00:00Z", "status": "in_progress"},
            {"id": "t-3", "updated_at": "2027-01-15T00:00:00Z"},
            {"id": "t-4", "status": "closed"},
            {"id": "t-5", "status": "tombstone"},
        )
        return bd

    def test_the_oldest_first_and_nothing_that_is_done(self, aged):
        assert aged("stale").out == (
            "\n⏰ Stale issues (2 not updated in 30+ days):\n\n"
            "1. [● P2] t-2: Title of t-2\n   Status: in_progress, Last updated: 75 days ago\n\n"
            "2. [● P1] t-1: Title of t-1\n   Status: open, Last updated: 45 days ago\n"
            "   Assignee: ann\n\n"
        )

    def test_what_it_can_be_limited_to(self, aged):
        def ids(*words):
            return [issue["id"] for issue in aged("stale", *words, "--json").json]

        assert ids() == ["t-2", "t-1"]
        assert ids("--days", "60") == ["t-2"]
        assert ids("-d", "0") == ["t-2", "t-1", "t-3"]
        assert ids("--status", "open") == ["t-1"]
        assert ids("-a", "ann") == ["t-1"]
        assert ids("-n", "1") == ["t-2"]
        answer = aged("stale", "-n", "1")
        assert "(1 of 2 not updated in 30+ days)" in answer.out
        assert answer.err == "Note: Showing 1 of 2 issues (--limit 0 shows all)\n"
        assert aged("stale", "-n", "1", "--json", "--envelope").json["total"] == 2

    def test_none(self, bd):
        assert bd("stale").out == "\n✨ No stale issues found (all active)\n\n"
        assert bd("stale", "--json").json == []

    def test_what_goes_wrong(self, aged):
        assert 'invalid status "bogus"' in aged("stale", "-s", "bogus", code=1).err
        assert aged("stale", "--days", "-1", "--json", code=2).error["code"] == "usage"


class TestEpic:
    @pytest.fixture
    def epics(self, bd):
        """t-1 is half done, t-2 and t-3 below it complete, t-4 has no children, t-5 is closed."""
        bd.write(
            {"id": "t-1", "issue_type": "epic", "priority": 1},
            {"id": "t-1.1", "status": "closed", "dependencies": [edge("t-1.1", "t-1")]},
            {"id": "t-1.2", "status": "tombstone", "dependencies": [edge("t-1.2", "t-1")]},
            {"id": "t-2", "issue_type": "epic", "dependencies": [edge("t-2", "t-1")]},
            {"id": "t-2.1", "status": "closed", "dependencies": [edge("t-2.1", "t-2")]},
            {"id": "t-4", "issue_type": "epic", "priority": 3},
            {"id": "t-5", "issue_type": "epic", "status": "closed"},
        )
        return bd

    def test_status(self, epics):
        assert epics("epic", "status").out == (
            "◐ t-1 Title of t-1\n   Progress: 1/2 children closed (50%)\n\n"
            "✓ t-2 Title of t-2\n   Progress: 1/1 children closed (100%)\n"
            "   Eligible for closure\n\n"
            "○ t-4 Title of t-4\n   Progress: 0/0 children closed (0%)\n\n"
        )
        found = epics("epic", "status", "--eligible-only", "--json").json
        assert [row.pop("epic")["id"] for row in found] == ["t-2"]
        assert found == [{"total_children": 1, "closed_children": 1, "eligible_for_close": True}]
        assert len(epics("epic", "status", "--json").json) == 3

    def test_close_eligible_also_closes_what_that_completes(self, epics):
        before = epics.file.read_bytes()
        answer = epics("epic", "close-eligible", "--dry-run")
        expected = "Would close 2 epic(s)\n  - t-2: Title of t-2\n  - t-1: Title of t-1\n"
        assert answer.out == expected
        assert epics.file.read_bytes() == before
        assert epics("epic", "close-eligible").out == "✓ Closed 2 epic(s)\n  - t-2\n  - t-1\n"
        assert epics.issue("t-1")["close_reason"] == "All children completed"
        assert epics("epic", "close-eligible").out == "No epics eligible for closure\n"
        assert epics("epic", "status", "--eligible-only").out == "No epics eligible for closure\n"

    def test_as_json(self, epics):
        found = epics("epic", "close-eligible", "--json").json
        assert [(row["epic"]["id"], row["epic"]["status"]) for row in found] == [
            ("t-2", "closed"), ("t-1", "closed"),
        ]  # fmt: skip
        assert epics("epic", "close-eligible", "--json").json == []

    def test_what_goes_wrong(self, bd):
        bd.write(
            {"id": "t-1", "issue_type": "epic", "dependencies": [edge("t-1", "t-3", "blocks")]},
            {"id": "t-2", "status": "closed", "dependencies": [edge("t-2", "t-1")]},
            {"id": "t-3"},
        )
        answer = bd("epic", "close-eligible", "--json", code=1)
        assert (answer.out, answer.error["code"]) == ("", "blocked")
        assert "unknown command" in bd("epic", "nope", code=2).err
        bd.write()
        assert bd("epic", "status").out == "No open epics found\n"


class TestDefer:
    def test_until_somebody_takes_it_up_again(self, bd):
        bd.write({"id": "t-1", "defer_until": "2026-01-01T00:00:00Z"}, {"id": "t-2"})
        assert bd("defer", "t-1", "2").out == "* Deferred t-1\n* Deferred t-2\n"
        assert bd.issue("t-1")["status"] == "deferred"
        assert "defer_until" not in bd.issue("t-1")
        assert bd("ready", "--json").json == []
        answer = bd("undefer", "t-1", "t-2")
        assert answer.out == "* Undeferred t-1 (now open)\n* Undeferred t-2 (now open)\n"
        assert len(bd("ready", "--json").json) == 2

    def test_to_a_time(self, bd):
        bd.write({"id": "t-1"}, {"id": "t-2", "status": "in_progress"})
        answer = bd("defer", "t-1", "--until", "2027-02-01")
        assert answer.out == "* Deferred t-1 until 2027-02-01 00:00 UTC\n"
        answer = bd("defer", "t-2", "--until=+2d", "--json")
        assert answer.json[0]["defer_until"].startswith("2027-01-17T")
        answer = bd("undefer", "t-1", "--json")
        assert answer.json[0]["status"] == "open"
        assert "defer_until" not in bd.issue("t-1")

    def test_what_was_not_put_off_stays_as_it_is(self, bd):
        bd.write({"id": "t-1", "status": "in_progress"})
        before = bd.file.read_bytes()
        assert bd("undefer", "t-1").out == "* Undeferred t-1 (now in_progress)\n"
        assert bd.file.read_bytes() == before

    def test_what_goes_wrong(self, bd):
        bd.write({"id": "t-1"}, {"id": "t-2", "status": "closed"})
        before = bd.file.read_bytes()
        assert "is in the past" in bd("defer", "t-1", "--until", "yesterday", code=1).err
        assert "invalid --until format" in bd("defer", "t-1", "--until", "soonish", code=1).err
        for verb in ("defer", "undefer"):
            answer = bd(verb, "t-2", "--json", code=1)
            assert (answer.out, answer.error["hint"]) == ("", "bd reopen t-2")
            assert bd(verb, "nope", code=1).err.startswith("Error: no issue found")
        assert bd.file.read_bytes() == before
        answer = bd("defer", "nope", "t-1", "--json", code=1)
        assert [issue["id"] for issue in answer.json] == ["t-1"]


class TestKinds:
    def test_types(self, bd):
        assert bd("types").out.startswith("Types:\n  task        Work to be done")
        found = bd("types", "--json").json
        assert [one["name"] for one in found["core_types"]][:5] == [
            "task", "bug", "feature", "chore", "epic",
        ]  # fmt: skip
        assert found["custom_types"] == []
        bd("config", "set", "types.custom", "review,research")
        assert bd("types", "--json").json["custom_types"] == ["review", "research"]
        assert bd("types").out.endswith("(types.custom):\n  review\n  research\n")

    def test_every_type_that_is_listed_is_accepted(self, bd):
        for one in bd("types", "--json").json["core_types"]:
            bd("q", "x", "-t", one["name"])

    def test_statuses(self, bd):
        bd.write({"id": "t-1"})
        bd("config", "set", "status.custom", "review")
        bd("config", "set", "status.closed", "wontfix")
        found = bd("statuses", "--json").json
        names = [one["name"] for one in found["built_in_statuses"]]
        for name in names:
            bd("update", "t-1", "--status", name)
        assert found["custom_statuses"] == [
            {"name": "review", "category": "wip"}, {"name": "wontfix", "category": "done"},
        ]  # fmt: skip
        text = bd("statuses").out
        assert "  ○ open         Not begun" in text
        assert "  ? wontfix       counts as closed\n" in text

    def test_what_goes_wrong(self, bd):
        for name in ("types", "statuses"):
            assert bd(name, "--nope", "--json", code=2).error["code"] == "usage"


class TestFringe:
    @pytest.mark.parametrize("name", ABSENT)
    def test_one_line_says_that_it_is_not_part(self, bd, name):
        for words in ([], ["list"], ["--help"], ["add", "x", "--flag=1"]):
            if (name, words) == ("formula", ["list"]):
                continue
            answer = bd(name, *words, code=1)
            first = answer.err.split("\n")[0]
            assert first.startswith(f"Error: bd {name} is not part of this tool: ")
            assert answer.out == ""
        error = bd(name, "show", "x", "--json", code=1).error
        assert error["code"] == "not-part"
        assert error["hint"]

    def test_a_menu_that_asks_for_formulas_is_answered(self, bd):
        assert bd("formula", "list", "--json").json == []
        assert bd("formula", "list").out == "No formulas found\n"

    def test_no_name_hides_a_command(self):
        from tracker.cli import ALIASES, COMMANDS

        assert not ABSENT.keys() & {name for rows in COMMANDS.values() for name in rows}
        assert not ABSENT.keys() & ALIASES.keys()
