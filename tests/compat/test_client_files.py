"""What programs made for `bd` find in `.beads`: files, their times, and SQL."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from contextlib import closing

import pytest

from tests.support.client_calls import LOG
from tests.support.command_lines import READS
from tests.support.scratch import bd as run
from tests.support.scratch import beads_database


def times(folder) -> dict[str, tuple[int, int, int]]:
    """Size, inode and time of every file that stands in a folder itself."""
    found = {entry.name: entry.stat() for entry in os.scandir(folder) if entry.is_file()}
    return {name: (stat.st_size, stat.st_ino, stat.st_mtime_ns) for name, stat in found.items()}


@pytest.fixture
def work(bd):
    """A workspace whose clock is that of the machine, so that its log is young."""
    bd.write(*LOG)
    bd.now = time.time_ns()
    bd("list")
    return bd


def moved(work) -> bool:
    """Whether a viewer that remembers the time of `beads.db` sees another one."""
    at = (work.beads / "beads.db").stat().st_mtime_ns
    before, work.seen = getattr(work, "seen", at), at
    return before != at


def test_the_database_is_there_after_init(tmp_path):
    run(tmp_path, "init", "--prefix", "t")
    names = sorted(name for name in os.listdir(tmp_path / ".beads") if name.endswith(".db"))
    assert names == ["beads.db"]  # clients take the first by name
    held = json.loads((tmp_path / ".beads/metadata.json").read_text())
    assert (held["database"], held["jsonl_export"]) == ("beads.db", "issues.jsonl")
    lists = [name for name in os.listdir(tmp_path / ".beads") if name.endswith(".jsonl")]
    filled = [name for name in lists if (tmp_path / ".beads" / name).stat().st_size]
    assert filled == []  # the first one with anything in it is taken for the issues
    assert not (tmp_path / ".beads/bd.sock").exists()  # a stale one breaks those who connect


WRITES = [
    ["create", "New"], ["update", "t-a", "--priority", "0"], ["comment", "t-a", "hello"],
    ["label", "add", "t-a", "new"], ["dep", "add", "t-c", "t-g"], ["dep", "remove", "t-c", "t-g"],
    ["close", "t-a"], ["reopen", "t-a"], ["delete", "t-h", "--force"], ["restore", "t-h"],
    ["note", "t-a", "n"], ["undo"],
]  # fmt: skip


def test_every_change_moves_the_time_that_viewers_watch(work):
    moved(work)
    for words in WRITES:
        time.sleep(0.006)  # more than the clock of a file system ticks
        work(*words)
        assert moved(work), words


def test_a_change_that_the_cache_leaves_to_the_next_reader_moves_it_too(work):
    work.write(*LOG, '{"id":"t-odd",')  # with a Problem the log is always read as a whole
    work("list", "-q")
    moved(work)
    time.sleep(0.006)
    assert "t-odd" not in work("update", "t-a", "--priority", "0", "-q").out
    assert moved(work)
    assert work("list", "--id", "t-a", "--json", "-q").json[0]["priority"] == 0
    many = [f"x{n}" for n in range(600)]
    work.write(*LOG, *({"id": f"t-{name}"} for name in many))
    work("list")
    moved(work)
    time.sleep(0.006)
    work("update", *(f"t-{name}" for name in many), "--priority", "4", "-q")
    assert moved(work)
    assert work("count", "--priority", "4", "--json").json == {"count": 600}


def test_reading_moves_nothing_at_any_age_of_the_log(work):
    """Not even when a log that was young at the last look is old enough to be believed."""
    work.repo.commit({})
    for words in READS:
        work(*words, code=int("t-none" in words))
    work.now = time.time_ns() - 10**9  # each look at the clock takes a second
    work("update", "t-a", "--priority", "0")
    before = times(work.beads)
    for age in (0, 1, 3, 60):
        work.now = time.time_ns() + age * 10**9
        for words in (["list", "--json"], ["ready", "--json"], ["show", "t-a", "--json"],
                      ["stats", "--json"], ["blocked", "--json"], ["epic", "status", "--json"],
                      ["list"], ["prime"], ["search", "title"], ["count"]):  # fmt: skip
            work(*words)
        assert times(work.beads) == before, age
    looked = (work.beads / ".local/cache.stamp").read_text().split("\n")[2]
    assert int(looked) > work.file.stat().st_mtime_ns + 2 * 10**9  # it is believed from here on


def test_a_log_that_git_touched_without_changing_it_is_no_news(work):
    before = times(work.beads)["beads.db"]
    data = work.file.read_bytes()
    work.file.unlink()
    work.file.write_bytes(data)
    assert work("count").out == f"{len(LOG) - 1}\n"
    assert times(work.beads)["beads.db"] == before
    work.file.write_bytes(data.replace(b'"title":"Title of t-c"', b'"title":"Title of t-C"'))
    assert "Title of t-C" in work("show", "t-c").out
    assert times(work.beads)["beads.db"] != before


# What four programs ask by SQL, in our words.

QUERIES = {
    "the board of a terminal": (
        "SELECT i.id, i.title, i.description, i.design, i.acceptance_criteria, i.notes, i.status, "
        "i.priority, i.issue_type, i.assignee, i.sender, i.ephemeral, i.pinned, i.is_template, "
        "i.created_at, i.created_by, i.updated_at, i.closed_at, i.close_reason, i.hook_bead, "
        "i.role_bead, i.agent_state, i.last_activity, i.role_type, i.rig, i.mol_type, "
        "(SELECT d.depends_on_id FROM dependencies d WHERE d.issue_id = i.id "
        "AND d.type = 'parent-child' LIMIT 1) AS parent, "
        "(SELECT GROUP_CONCAT(l.label) FROM labels l WHERE l.issue_id = i.id) AS labels, "
        "(SELECT COUNT(*) FROM comments c WHERE c.issue_id = i.id) AS comments "
        "FROM issues i WHERE i.status != 'closed' AND i.deleted_at IS NULL "
        "AND i.id NOT IN (SELECT issue_id FROM blocked_issues_cache) ORDER BY i.priority, i.id"
    ),
    "what is ready": "SELECT id FROM ready_issues",
    "who made it": "SELECT value FROM metadata WHERE key = 'bd_version'",
    "a feed": (
        "SELECT id, issue_id, event_type, actor, old_value, new_value, comment, created_at "
        "FROM events ORDER BY created_at DESC LIMIT 50"
    ),
    "remarks": "SELECT id, issue_id, author, text, created_at FROM comments WHERE issue_id = 't-a'",
    "edges": "SELECT issue_id, depends_on_id, type FROM dependencies WHERE depends_on_id = 't-a'",
    "what waits": (
        "SELECT i.id, i.external_ref FROM issues i JOIN blocked_issues_cache b ON b.issue_id = i.id"
    ),
}


@pytest.fixture
def database(work):
    with closing(sqlite3.connect(f"file:{work.beads / 'beads.db'}?mode=ro", uri=True)) as db:
        db.row_factory = sqlite3.Row
        yield db


def test_viewers_find_by_sql_what_the_commands_say(work, database):
    asked = {name: database.execute(query).fetchall() for name, query in QUERIES.items()}
    assert {row["id"] for row in asked["what is ready"]} == {
        one["id"] for one in work("ready", "--json").json
    }
    first = dict(asked["the board of a terminal"][0])
    assert (first["id"], first["labels"], first["comments"]) == ("t-a", "money,ui", 1)
    assert first["closed_at"] is None
    assert None not in {first[name] for name in ("description", "sender", "hook_bead", "rig")}
    parents = {row["id"]: row["parent"] for row in asked["the board of a terminal"]}
    assert parents["t-e.1"] == "t-e"
    assert [tuple(row) for row in asked["what waits"]] == [("t-b", "gh-2")]
    assert [tuple(row) for row in asked["who made it"]] == [("0.49.6",)]
    assert {row["issue_id"] for row in asked["edges"]} == {"t-b", "t-z"}
    (remark,) = asked["remarks"]
    assert (remark["id"], remark["author"], remark["text"]) == (1, "ann", "hello")
    assert {"created", "closed", "commented"} <= {row["event_type"] for row in asked["a feed"]}


def test_a_viewer_that_stays_connected_sees_what_comes(work, database):
    assert database.execute("SELECT title FROM issues WHERE id = 't-c'").fetchone()[0]
    work("update", "t-c", "--title", "Seen")
    assert database.execute("SELECT title FROM issues WHERE id = 't-c'").fetchone()[0] == "Seen"
    with pytest.raises(sqlite3.OperationalError):
        database.execute("UPDATE issues SET title = 'x'")


def test_a_view_is_read_only_for_who_may_write_the_file(work):
    with closing(sqlite3.connect(work.beads / "beads.db")) as db:
        for statement in ("UPDATE issues SET title = 'x'", "DELETE FROM labels"):
            with pytest.raises(sqlite3.OperationalError, match="is a view"):
                db.execute(statement)


# Where clients point to.


@pytest.mark.parametrize("made", [True, False])
def test_a_database_that_is_not_there_yet_has_its_log_beside_it(tmp_path, made):
    here, there = tmp_path / "here", tmp_path / "data"
    here.mkdir()
    if made:
        there.mkdir()
    env = {"BEADS_DB": str(there / "test.db")}
    said = run(here, "init", "--prefix", "test", env=env)
    assert "✓ bd initialized successfully!" in said.out
    assert "Issue prefix: test" in said.out
    assert "initialized already" in run(here, "init", "--prefix", "test", env=env).out
    made_id = run(here, "create", "One", "--json", env=env).json["id"]
    assert made_id.startswith("test-")
    assert json.loads((there / "issues.jsonl").read_text())["id"] == made_id
    assert (there / "test.db").exists()
    assert run(here, "info", "--json", env=env).json["database_path"] == str(there / "test.db")
    assert [one["id"] for one in run(here, "--db", env["BEADS_DB"], "list", "--json").json] == [
        made_id
    ]
    assert os.listdir(here) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    said = run(tmp_path, "init", env={"BEADS_DB": str(tmp_path / "file/x.db")}, code=1)
    assert said.err.startswith(f"Error: cannot make the folder {tmp_path}/file: ")
    assert run(tmp_path, "init", env={"BEADS_DB": str(tmp_path / "new/x.db")}).out


def test_the_folder_may_be_named_by_the_environment_and_by_a_redirect(work, tmp_path):
    other = tmp_path / "elsewhere"
    (other / ".beads").mkdir(parents=True)
    env = {"BEADS_DIR": str(work.beads)}
    assert work("show", "t-a", "--json", cwd=other, **env).json[0]["id"] == "t-a"
    (other / ".beads" / "redirect").write_text(f"{work.beads}\n")
    assert work("where", "--json", cwd=other).json["path"] == str(work.beads)
    assert work("show", "t-a", "--json", cwd=other, BEADS_PATH="/ignored").json


def test_a_database_of_beads_makes_room_for_one_that_viewers_can_follow(bd):
    bd.write({"id": "t-1"})
    beads_database(bd.beads / "beads.db", "t-1", "t-2")
    theirs = (bd.beads / "beads.db").read_bytes()
    said = bd("migrate")
    assert "mv .beads/beads.db .beads/beads.db.old; rm .beads/.local/cache.db\n" in said.err
    bd("create", "New")
    assert (bd.beads / "beads.db").read_bytes() == theirs
    (bd.beads / "beads.db").rename(bd.beads / "beads.db.old")
    (bd.beads / ".local/cache.db").unlink()
    bd("list")
    with closing(sqlite3.connect(bd.beads / "beads.db")) as db:
        assert db.execute("SELECT count(*) FROM issues").fetchone() == (3,)
    assert "beads.db.old" not in bd.repo.git("status", "--porcelain", "--untracked-files=all")
    before = (bd.beads / "beads.db").stat().st_mtime_ns
    bd("create", "Newer")
    assert (bd.beads / "beads.db").stat().st_mtime_ns > before
