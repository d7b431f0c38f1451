"""`close --claim-next`, `ready --claim` and `edit`, as somebody who types them meets them."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest


def edge(id, on, type="blocks"):
    return {"issue_id": id, "depends_on_id": on, "type": type}


@pytest.fixture
def work(bd):
    """t-2 waits for t-1; t-3 is bob's; t-4 is free and least urgent."""
    bd.write(
        {"id": "t-1"}, {"id": "t-2", "priority": 1, "dependencies": [edge("t-2", "t-1")]},
        {"id": "t-3", "priority": 0, "assignee": "bob"}, {"id": "t-4", "priority": 4},
    )  # fmt: skip
    return bd


class TestClaimNext:
    def test_what_became_ready_by_it(self, work):
        answer = work("close", "t-1", "--claim-next", "--suggest-next")
        assert answer.out == (
            '✓ Closed t-1: Closed\n\nNewly unblocked:\n  • t-2 "Title of t-2" (P1)\n\n'
            "✓ Claimed t-2: Title of t-2 (P1)\n"
        )
        assert work.issue("t-2")["assignee"] == "Ann Example"
        assert work.issue("t-2")["status"] == "in_progress"

    def test_as_json(self, work):
        answer = work("close", "t-1", "--claim-next", "--json")
        assert answer.err == ""
        assert [issue["id"] for issue in answer.json["closed"]] == ["t-1"]
        assert answer.json["claimed"]["id"] == "t-2"
        assert set(answer.json) == {"closed", "claimed"}
        both = work("close", "t-2", "--claim-next", "--suggest-next", "--json").json
        assert both["claimed"]["id"] == "t-4"
        last = work("close", "t-4", "--claim-next", "--json").json
        assert last["claimed"] is None

    def test_nothing_is_left(self, work):
        work("close", "t-1", "t-2", "t-4", "--claim-next")
        assert work("close", "t-3", "--claim-next").out.endswith("\n✨ No ready work to claim\n")

    def test_what_goes_wrong(self, work):
        answer = work("close", "nope", "--claim-next", "--json", code=1)
        assert answer.json["code"] == "not-found"
        assert "assignee" not in work.issue("t-1")


def work_of(answer):
    return [issue["id"] for issue in answer.json]


class TestReadyClaim:
    def test_the_first_that_nobody_has(self, work):
        assert work("ready", "--claim").out == "✓ Claimed t-1: Title of t-1 (P2)\n"
        assert work.issue("t-1")["assignee"] == "Ann Example"
        answer = work("ready", "--claim", "--json", "--actor", "bob")
        assert [issue["id"] for issue in answer.json] == ["t-4"]
        assert work("ready", "--claim", "--json").json == []
        assert work("ready", "--claim").out == "✨ No ready work to claim\n"

    def test_of_what_is_asked_for(self, work):
        assert work("ready", "--claim", "--priority", "4", "--json").json[0]["id"] == "t-4"

    def test_an_epic_is_not_work_for_one(self, bd):
        bd.write({"id": "t-1", "issue_type": "epic", "priority": 0}, {"id": "t-2"})
        assert work_of(bd("ready", "--claim", "--json")) == ["t-2"]
        assert work_of(bd("ready", "--claim", "--json")) == []
        assert work_of(bd("ready", "--claim", "--type", "epic", "--json")) == ["t-1"]

    def test_what_goes_wrong(self, work):
        before = work.file.read_bytes()
        answer = work("ready", "--claim", "--readonly", "--json", code=1)
        assert (answer.out, answer.error["code"]) == ("", "refused")
        assert work.file.read_bytes() == before


class Terminal(io.StringIO):
    def isatty(self):
        return True


class TestEdit:
    @pytest.fixture
    def edit(self, bd, tmp_path, monkeypatch):
        """`bd edit` at a terminal, with an editor that runs this Python on the text."""
        from tracker.cli import main

        monkeypatch.setenv("TMPDIR", str(tmp_path))
        monkeypatch.setattr("tempfile.tempdir", None)
        script = tmp_path / "editor.py"

        def run(*words, code=0, does="", **env):
            script.write_text(
                f"import sys\npath = sys.argv[-1]\ntext = open(path).read()\n{does}\n"
            )
            out, err = Terminal(), Terminal()
            found = main(
                ["bd", "edit", *words],
                {**bd.env, "EDITOR": f"{sys.executable} {script}", **env},
                Terminal(), out, err, str(bd.path), clock=bd.clock,
            )  # fmt: skip
            assert found == code, err.getvalue()
            return out.getvalue(), err.getvalue()

        run.left = lambda: sorted(path.name for path in tmp_path.glob("t-*"))
        return run

    def test_the_description(self, bd, edit):
        bd.write({"id": "t-1", "description": "old\nlines"})
        out, _ = edit("1", does="open(path, 'w').write(text + 'new\\n')")
        assert out == "✓ Updated description of t-1\n"
        assert bd.issue("t-1")["description"] == "old\nlines\nnew"
        assert edit.left() == []

    @pytest.mark.parametrize(
        ("flag", "name"),
        [
            ("--title", "title"), ("--design", "design"), ("--notes", "notes"),
            ("--acceptance", "acceptance_criteria"), ("--description", "description"),
        ],
    )  # fmt: skip
    def test_each_text(self, bd, edit, flag, name):
        bd.write({"id": "t-1"})
        edit("t-1", flag, does="open(path, 'w').write('changed\\n')")
        assert bd.issue("t-1")[name] == "changed"

    def test_no_change(self, bd, edit):
        bd.write({"id": "t-1", "description": "old"})
        before = bd.file.read_bytes()
        assert edit("t-1") == ("No changes made\n", "")
        assert edit("t-1", "--json") == ("[]\n", "")
        assert bd.file.read_bytes() == before

    def test_it_is_asked_for_and_there_is_a_terminal(self, bd, edit):
        bd.write({"id": "t-1"})
        _, err = edit("t-1", code=1, EDITOR="")
        assert err == (
            "Error: no editor: set $EDITOR or $VISUAL\nHint: bd update t-1 --description TEXT\n"
        )
        _, err = edit("t-1", EDITOR="", VISUAL=f"{sys.executable} -c pass", code=0)
        assert err == ""
        answer = bd("edit", "t-1", "--notes", "--json", code=1, EDITOR="touch")
        assert answer.error["error"] == "an editor needs a terminal"
        assert answer.error["hint"] == "bd update t-1 --notes TEXT"

    def test_what_goes_wrong_loses_nothing(self, bd, edit):
        bd.write({"id": "t-1", "description": "old"})
        log = f"log = {str(bd.file)!r}; "
        _, err = edit(
            "t-1", code=1,
            does=f"{log}t = open(log).read().replace('old', 'their'); open(log, 'w').write(t)\n"
            "open(path, 'w').write('my text')",
        )  # fmt: skip
        assert "has changed meanwhile" in err
        assert bd.issue("t-1")["description"] == "their"
        (left,) = edit.left()
        assert left in err
        assert "my text" in (Path(bd.env["HOME"]).parent / left).read_text()
        _, err = edit("t-1", code=1, does="sys.exit(3)")
        assert "failed (3): nothing was changed" in err
        _, err = edit("t-1", code=1, EDITOR="/no/such/editor")
        assert "/no/such/editor cannot be run" in err
        _, err = edit("t-1", code=1, EDITOR="'")
        assert "$EDITOR is not a command" in err
        _, err = edit("t-1", "--title", code=1, does="open(path, 'w').write('')")
        assert "title is required" in err
        _, err = edit("nope", code=1)
        assert "no issue found" in err
