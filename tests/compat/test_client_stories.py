"""How seventeen programs made for `bd` use it in a sitting: what they call, in their order.

`tests/compat/clients` runs those for real that can be had. Here each of them is a short story that
is told by its own calls, with what it does to their answers.
"""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from typing import Any

import pytest


class Client:
    """A program that calls `bd` with its habits: flags before and after, and an environment."""

    def __init__(self, bd: Any, *, first: str = "", last: str = "", **env: str) -> None:
        self.bd, self.first, self.last, self.env = bd, first.split(), last.split(), env

    def text(self, *words: str, code: int = 0) -> str:
        return self.bd(*self.first, *words, *self.last, code=code, **self.env).out

    def __call__(self, *words: str) -> Any:
        """The document; its two streams are read as one."""
        said = self.bd(*self.first, *words, *self.last, **self.env)
        return json.loads(said.out + said.err)

    def made(self, *words: str) -> str:
        return self(*words)["id"]


def ids(issues: list[dict[str, Any]]) -> list[str]:
    return [issue["id"] for issue in issues]


def sql(bd, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{bd.beads / 'beads.db'}?mode=ro", uri=True)) as db:
        return db.execute(query).fetchall()


def test_a_mode_of_an_editor_that_reads_numbers(bd):
    """beads.el: the word after `bd version `, `--db` everywhere, integers for ids of comments."""
    word = re.match(r"bd version ([^ \n]+)", Client(bd).text("version"))
    assert word
    assert word[1] == "0.49.6"
    path = Client(bd, last="--json")("info")["database_path"]
    client = Client(bd, first=f"--db {path}", last="--json")
    id = client.made(
        "create", "Write", "-t", "feature", "-p", "P1", "--assignee", "eve", "-d=- text",
        "--design", "d", "--acceptance", "a", "--external-ref", "x-1", "-l", "one", "-l", "two",
    )  # fmt: skip
    (bd.path / "plan.md").write_text("## First\n\n### Type\nbug\n\n## Second\n")
    assert len(client("create", "--file", "plan.md")) == 2
    client("comments", "add", id, "said")
    assert isinstance(client("comments", id)[0]["id"], int)
    for words in (["list", "--all"], ["ready"], ["blocked"], ["stats"], ["epic", "status"],
                  ["count"], ["dep", "tree", id], ["dep", "cycles"], ["label", "list-all"],
                  ["formula", "list"], ["worktree", "list"], ["worktree", "info"]):  # fmt: skip
        client(*words)
    assert client("update", id, "--status", "in_progress")[0]["status"] == "in_progress"
    assert client("close", id, "--reason", "done")[0]["closed_at"]
    assert "closed_at" not in client("reopen", id)[0]
    assert client("delete", id, "--force")["deleted"] == id
    assert len(client.bd("quickstart").out) > 100


def test_a_board_in_an_editor(bd):
    """Beads-Kanban: asks `stats` whether `bd` works, shows many at once."""
    client = Client(bd, last="--json")
    assert client("stats")["summary"]["total_issues"] == 0
    found = [
        client.made("create", "--title", f"Card {n}", "--priority", str(n % 5), "--type", "task")
        for n in range(6)
    ]
    full = client.made(
        "create", "--title=Full", "--description", "d", "--notes", "n", "--estimate", "60",
        "--due", "2027-05-01", "--defer", "2027-04-01", "--spec-id", "s", "--labels", "a,b",
        "--ephemeral", "--deps", f"blocks:{found[0]},related:{found[1]}",
    )  # fmt: skip
    assert len(client("list", "--all", "--limit", "0")) == 7
    shown = client("show", *found, full)
    assert len(shown) == 7
    assert shown[-1]["estimated_minutes"] == 60
    assert shown[-1]["due_at"].startswith("2027-05-01")
    assert {one["dependency_type"] for one in shown[-1]["dependencies"]} == {"blocks", "related"}
    client("update", found[0], "--due", "", "--defer", "tomorrow", "--metadata", '{"column":"x"}')
    client("dep", "add", found[2], found[3], "--type", "blocks")
    client("dep", "remove", found[2], found[3])
    client("label", "add", found[4], "new")
    client("comments", "add", found[5], "- one\n- two", "--author", "eve")
    assert client("show", found[5])[0]["comments"][0]["author"] == "eve"


def test_a_desktop_program_with_a_poll(bd):
    """w3dev33: the number decides its mode, lists go by commas, times of files wake it up."""
    text = Client(bd).text("--version")
    assert text.startswith("bd ")
    number = next(w for w in text.split() if w[0].isdigit() and "." in w)
    assert tuple(map(int, number.split(".")[:2])) < (0, 50)  # the log is what it reads
    assert '"dolt"' not in (bd.beads / "config.yaml").read_text()
    client = Client(bd, last="--no-daemon --json", BEADS_PATH="/ignored")
    one = client.made("create", "One", "--priority", "1", "--type", "bug")
    two = client.made("create", "Two", "--labels", "x")
    client("update", two, "--labels", "y,z")
    assert client("show", two)[0]["labels"] == ["y", "z"]
    client("update", one, "--status", "in_progress")
    both = client("list", "--status", "open,in_progress", "--type", "bug,task", "--limit=0")
    assert set(ids(both)) == {one, two}
    assert ids(client("list", "--priority", "0,1", "--status", "in_progress")) == [one]
    seen = (bd.beads / "beads.db").stat().st_mtime_ns
    for _ in range(3):  # a poll
        for words in (["list", "--all"], ["ready"], ["stats"], ["count", "--by-status"]):
            client(*words)
        assert (bd.beads / "beads.db").stat().st_mtime_ns == seen
        assert not (bd.beads / "beads.db-wal").exists()
    client("close", one)
    assert (bd.beads / "beads.db").stat().st_mtime_ns > seen
    away = bd("show", "t-nope", "--json", code=1)
    assert away.out == ""
    assert re.search("no issue found|not found", away.err)
    client("delete", two, "--force", "--hard")
    assert two not in bd.file.read_text()


def test_a_plugin_that_reads_both_streams_as_one(bd):
    """nvim-beads."""
    client = Client(bd, last="--json")
    epic = client.made("create", "Epic", "--type", "epic")
    child = client.made("create", "A child of it", "--parent", epic, "--description", "")
    assert child == f"{epic}.1"
    assert ids(client("list", "--parent", epic)) == [child]
    assert client("show", child)[0]["parent"] == epic
    assert client("update", child, "--status", "closed")[0]["status"] == "closed"
    assert set(ids(client("list", "--all"))) == {epic, child}
    client("delete", child, "--force")
    assert client("list", "--status", "closed") == []
    assert "error" in json.loads(bd("show", "t-nope", "--json", code=1).err)
    assert Client(bd).text("sync", "--flush-only") == ""


def test_a_dashboard_that_picks_ids_out_of_text(bd):
    """beads-dashboard: `Created issue: [\\w-]+`, bodies from files, the log by `export`."""
    client = Client(bd)
    (bd.path / "body.md").write_text("# Body\n\n- list\n")
    text = client.text("create", "--title=- Dash", "--priority=0", "--body-file=body.md")
    found = re.search(r"Created issue: ([\w-]+)", text)
    assert found
    id = found[1]
    assert bd.issue(id)["description"] == "# Body\n\n- list"
    client.text("update", id, "--acceptance-criteria", "a test", "--body-file", "body.md")
    client.text("update", id, "--set-labels", "x,y", "--assignee", "")
    other = re.search(r"Created issue: ([\w-]+)", client.text("create", "--title", "Other"))
    assert other
    assert "✓ Added dependency" in client.text("dep", "add", id, other[1])
    listed = Client(bd, last="--json")("dep", "list", id)
    assert [(one["id"], one["dependency_type"]) for one in listed] == [(other[1], "blocks")]
    assert client.text("close", other[1], "--reason", "x").startswith("✓ Closed")
    lines = [json.loads(line) for line in client.text("export").splitlines()]
    assert ids(lines) == sorted([id, other[1]])
    assert isinstance(lines, list)


def test_a_board_in_a_terminal_by_sql_and_commands(bd):
    """abacus: `--db`, labels set and emptied, the id up to the blank."""
    assert re.search(r"v?(\d+\.\d+\.\d+)", Client(bd).text("--version"))
    client = Client(bd, first=f"--db {bd.beads / 'beads.db'}")
    text = client.text("create", "--title", "Card", "--type", "bug", "--priority", "2",
                       "--labels", "a", "--description", "d")  # fmt: skip
    id = text.partition("Created issue: ")[2].split()[0]
    client.text("update", id, "--set-labels", "b", "--set-labels", "c", "--estimate", "5")
    assert sql(bd, f"SELECT label FROM labels WHERE issue_id = '{id}' ORDER BY 1") == [
        ("b",), ("c",)
    ]  # fmt: skip
    client.text("update", id, "--set-labels", "")
    assert sql(bd, "SELECT count(*) FROM labels") == [(0,)]
    client.text("comments", "add", id, "--author", "eve", "--", "- found")
    assert sql(bd, "SELECT author, text FROM comments") == [("eve", "- found")]
    client.text("update", id, "--add-label", "x", "--add-label", "y", "--remove-label", "x")
    other = client.text("create", "Other", "--silent").strip()
    client.text("dep", "add", id, other, "--type", "parent-child")
    assert sql(bd, "SELECT depends_on_id FROM dependencies WHERE type = 'parent-child'") == [
        (other,)
    ]
    client.text("reopen", id)
    client.text("delete", other, "--force")
    assert sql(bd, f"SELECT deleted_at IS NULL FROM issues WHERE id = '{other}'") == [(0,)]


def test_a_terminal_program_with_many_keys(bd):
    """davidcforbes/beads-tui."""
    client = Client(bd, last="--json")
    one, two = client.made("create", "One", "-l", "x"), client.made("create", "Two")
    assert client("labels") == [{"label": "x", "count": 1}]
    client("update", one, "--claim")
    client("dep", "add", two, one)
    assert [one["blocked_by_count"] for one in client("blocked")] == [1]
    for words in (["stats"], ["list", "--status", "open", "--label", "x"], ["dep", "cycles"],
                  ["dep", "tree", two, "--max-depth", "3"], ["dep", "list", two],
                  ["label", "list", one], ["comments", one], ["info"]):  # fmt: skip
        client(*words)
    text = Client(bd)
    assert text.text("daemon", "--start") == text.text("daemon", "--stop") == ""
    text.text("dep", "relate", one, two)
    text.text("dep", "unrelate", one, two)
    text.text("export", "-o", "all.jsonl")
    text.text("import", "-i", "all.jsonl", "--dry-run")
    assert len((bd.path / "all.jsonl").read_text().splitlines()) == 2
    epic = client.made("create", "Epic", "-t", "epic")
    text.text("update", one, "--due", "2027-01-01", "--parent", epic)
    text.text("sync", "--status")


def test_a_feed_of_events(bd):
    """beady: the log, `events` by SQL, and a few commands."""
    client = Client(bd)
    id = client.text("create", "--title", "Seen", "--silent").strip()
    client.text("label", "add", id, "new")
    client.text("close", id)
    kinds = {row[0] for row in sql(bd, "SELECT event_type FROM events ORDER BY created_at DESC")}
    assert {"created", "closed"} <= kinds
    assert json.loads(client.text("export"))["id"] == id


def test_a_workflow_that_brings_its_own_words(bd, tmp_path):
    """gsd-beads: ids alone, filters of 1.x, and its own PRIME.md."""
    folder = tmp_path / "new"
    folder.mkdir()
    assert bd("init", "--prefix", "gsd", "-q", cwd=folder).out == ""
    client = Client(bd)
    epic = client.text("create", "Phase 1", "-t", "epic", "-p", "1", "--silent").strip()
    task = client.text("create", "Plan", "--parent", epic, "-d", "see ROADMAP", "--silent").strip()
    listed = Client(bd, last="--json")
    assert ids(listed("list", "--exclude-type", "epic")) == [task]
    assert ids(listed("list", "--desc-contains", "roadmap", "--limit", "0")) == [task]
    assert ids(listed("list", "--id", f"{epic},{task}", "--all")) == [epic, task]
    assert client.text("comment", task, "- done\n- with it")
    client.text("close", task, "--reason", "- all of it")
    assert bd.issue(task)["close_reason"] == "- all of it"
    assert "bd ready" in client.text("prime")
    (bd.beads / "PRIME.md").write_text("Only this.\n")
    assert client.text("prime") == "Only this.\n"


def test_an_editor_of_the_generation_of_1_x(bd, tmp_path):
    """vscode-beads 0.14: asks for the version, then whether there is a server, then by `--`."""
    client = Client(bd, first="--json", BD_COMPAT_VERSION="1.1.0", BEADS_DIR=str(bd.beads))
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", Client(bd, BD_COMPAT_VERSION="1.1.0").text("version"))
    assert found
    assert tuple(map(int, found.groups())) >= (1, 0, 5)
    assert client("dolt", "show")["embedded"] is True
    id = client.made("create", "--title=Card", "--type=task", "--priority=2", "--description=d")
    other = client.made("create", "--title=--Other")
    client("update", id, "--description", "", "--allow-empty-description")
    client("update", id, "--set-labels", "a", "--set-labels", "b")
    assert client("comments", "add", id, "--", "- a text")["id"].isdecimal()
    client("dep", "add", "--type", "blocks", "--", id, other)
    shown = client("show", "--include-dependents", "--include-comments", "--", id)[0]
    assert isinstance(shown["comments"][0]["id"], str)
    assert shown["dependencies"][0]["id"] == other
    assert client("show", other)[0]["dependents"][0]["id"] == id
    assert len(client("list", "--all", "--limit", "0")) == 2
    assert client("ready", "--limit", "0")[0]["id"] == other
    assert client("info")["database_path"]
    client("close", "--reason=x", "--", other)
    folder = tmp_path / "new"
    folder.mkdir()
    bd("init", "--non-interactive", "--skip-agents", "--skip-hooks", cwd=folder)


def test_a_board_on_the_web_of_either_generation(bd):
    """beads-web: `-C`, memories, and what changed since."""
    client = Client(bd, first=f"-C {bd.path}", last="--json")
    id = client.made("create", "--title", "Card", "--description", "d", "--type", "task")
    stamp = client("show", id)[0]["updated_at"]
    assert ids(client("list", "--updated-after=2020-01-01T00:00:00Z", "--all", "--limit=0")) == [id]
    assert client("list", f"--updated-after={stamp}", "--all") == []
    client("remember", "Prices are in cents", "--key", "prices")
    assert client("memories")["prices"] == "Prices are in cents"
    client("update", id, "--status", "in_progress", "--type", "bug", "--parent", "")
    client("close", id, "--reason", "ok")
    assert Client(bd).text("comment", id, "text", "--author", "eve")
    listed = {path.name for path in bd.beads.iterdir() if path.suffix == ".jsonl"}
    filled = [name for name in sorted(listed) if (bd.beads / name).stat().st_size]
    assert filled[0] == "issues.jsonl"


def test_a_terminal_program_of_queries(bd):
    """perles: the database says its version, the commands do the rest."""
    client = Client(bd)
    epic = client.text("create", "Epic", "-t", "epic", "--silent").strip()
    text = client.text("create", "Child", "--parent", epic, "-p", "1", "-t", "bug", "--json")
    id = json.loads(text)["id"]
    assert sql(bd, "SELECT value FROM metadata WHERE key = 'bd_version'") == [("0.49.6",)]
    client.text("update", id, "--status", "in_progress", "--priority", "0")
    client.text("update", id, "--set-labels", "a,b", "--title", "- New")
    assert sql(bd, f"SELECT title, status FROM issues WHERE id = '{id}'") == [
        ("- New", "in_progress")
    ]
    client.text("comments", "add", id, "x")
    client.text("close", id, "--reason", "done")
    client.text("reopen", id)
    client.text("delete", id, "--force", "--cascade")
    assert ids(Client(bd, last="--json")("list", "--all")) == [epic]


# What prompts and hooks tell agents to type.


@pytest.mark.parametrize("words", [["prime"], ["prime", "--hook-json"], ["prime", "--full"]])
def test_a_hook_at_the_start_of_a_session(bd, tmp_path, words):
    """opencode-beads and claude-beads: the text goes into the session, and is nothing elsewhere."""
    id = bd("create", "Show tax", "--silent").out.strip()
    text = bd(*words).out
    assert id in text
    assert "bd ready" in text
    (tmp_path / "elsewhere").mkdir()
    assert bd(*words, cwd=tmp_path / "elsewhere") == (0, "", "")


def test_a_session_as_prompts_describe_it(bd):
    client = Client(bd, last="--json")
    first = client.made("create", "Login fails", "-t", "bug", "-p", "1", "-d", "on slow lines")
    assert client("ready")[0]["id"] == first
    assert client("update", first, "--claim")[0]["status"] == "in_progress"
    found = client.made("create", "Retry", "-p", "2", "--deps", f"discovered-from:{first}")
    assert client("dep", "add", found, first)["status"] == "added"
    client("update", found, "--append-notes", "- see issue above", "--design", "- retry thrice")
    assert client("close", first, "--reason", "Waits longer", "--suggest-next")["unblocked"]
    assert ids(client("search", "retry")) == [found]
    Client(bd).text("hooks", "run", "pre-commit")
    Client(bd).text("sync", "--flush-only")
    Client(bd).text("stats")
