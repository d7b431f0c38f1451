"""`bd migrate`: databases of Beads and br, exports of Dolt, tickets in Markdown."""

from __future__ import annotations

import json
import os
import sqlite3
import time

import pytest

from tracker.interchange import beads as interchange_beads
from tracker.interchange import tickets
from tracker.interchange.tickets import File

SCHEMA = """
CREATE TABLE issues (id TEXT PRIMARY KEY, content_hash TEXT, title TEXT, description TEXT,
  design TEXT DEFAULT '', acceptance_criteria TEXT, notes TEXT, status TEXT, priority INTEGER,
  issue_type TEXT, assignee TEXT, estimated_minutes INTEGER, created_at DATETIME, created_by TEXT,
  owner TEXT, updated_at DATETIME, closed_at DATETIME, close_reason TEXT, external_ref TEXT,
  compaction_level INTEGER DEFAULT 0, original_size INTEGER, source_repo TEXT DEFAULT '.',
  ephemeral INTEGER DEFAULT 0, pinned INTEGER DEFAULT 0, is_template INTEGER, metadata TEXT,
  quality_score REAL, timeout_ns INTEGER DEFAULT 0, waiters TEXT, hook_bead TEXT DEFAULT '',
  defer_until DATETIME, brand_new TEXT);
CREATE TABLE labels (issue_id TEXT, label TEXT);
CREATE TABLE dependencies (issue_id TEXT, depends_on_id TEXT, type TEXT, created_at DATETIME,
  created_by TEXT, metadata TEXT DEFAULT '{}', thread_id TEXT DEFAULT '');
CREATE TABLE comments (id INTEGER PRIMARY KEY, issue_id TEXT, author TEXT, text TEXT,
  created_at DATETIME);
CREATE TABLE config (key TEXT PRIMARY KEY, value TEXT);
CREATE TABLE dirty_issues (issue_id TEXT PRIMARY KEY);
"""
BORN = {"created_at": "2026-01-01T00:00:00Z"}
TIME_IN_LINES = "2026-01-02T03:04:05.123456789-05:00"
TIME = "2026-01-02 03:04:05.123456789-05:00"


def database(path, *issues, wal=False, **tables):
    """A database as Beads makes it; `tables` are rows of the others."""
    db = sqlite3.connect(path)
    if wal:
        db.execute("PRAGMA journal_mode = WAL")
    db.executescript(SCHEMA)
    for issue in issues:
        row = {"title": f"Title of {issue['id']}", "status": "open", "priority": 2,
               "issue_type": "task", "created_at": TIME, "updated_at": TIME, **issue}  # fmt: skip
        db.execute(
            f"INSERT INTO issues({','.join(row)}) VALUES({','.join('?' * len(row))})",
            list(row.values()),
        )
    for table, rows in tables.items():
        for row in rows:
            db.execute(f"INSERT INTO {table} VALUES({','.join('?' * len(row))})", row)
    db.commit()
    db.close()
    return path


@pytest.fixture
def beads(bd):
    """A workspace of Beads whose database holds more than its log."""
    (bd.beads / "config.yaml").write_text("# issue-prefix: x\n")
    bd.write(
        bd.line("t-1", updated_at="2026-01-02T08:04:05.123456789Z", labels=["old"]),
        bd.line("t-2", title="later in the log", updated_at="2026-06-01T00:00:00Z"),
    )
    database(
        bd.beads / "beads.db",
        {"id": "t-1", "pinned": 1, "metadata": '{"x":1.50}', "timeout_ns": 5, "brand_new": "kept",
         "quality_score": 0.5, "waiters": '["a"]', "design": "D", **BORN},
        {"id": "t-2", "title": "older in the database", **BORN},
        {"id": "t-3", "status": "closed", "closed_at": "2026-02-02T00:00:00Z", "priority": 0},
        {"id": "t-4", "status": "tombstone"},
        {"id": "t-wisp", "ephemeral": 1},
        labels=[("t-1", "new"), ("t-1", "a"), ("t-3", "x")],
        dependencies=[("t-3", "t-1", "blocks", TIME, "ann", "{}", "")],
        comments=[(1, "t-3", "bob", "hello", "2026-01-03 00:00:00"), (2, "t-1", "eve", "hi", TIME)],
        config=[("issue_prefix", "tst"), ("status.custom", "review"), ("kv.memory.k", "text"),
                ("kv.a", "b"), ("compact_model", "x")],
        dirty_issues=[("t-1",), ("t-3",)],
    )  # fmt: skip
    return bd


def test_rows_become_lines_as_beads_would_write_them(beads):
    held = interchange_beads.read_database(str(beads.beads / "beads.db"))
    rows = {one.id: json.loads(one.line) for one in held.arrivals}
    assert list(rows) == ["t-1", "t-2", "t-3", "t-4"], "what is ephemeral never was in a log"
    assert rows["t-3"] == {
        "id": "t-3", "title": "Title of t-3", "status": "closed", "priority": 0,
        "issue_type": "task", "created_at": "2026-01-02T03:04:05.123456789-05:00",
        "updated_at": "2026-01-02T03:04:05.123456789-05:00", "closed_at": "2026-02-02T00:00:00Z",
        "labels": ["x"],
        "dependencies": [{"issue_id": "t-3", "depends_on_id": "t-1", "type": "blocks",
                          "created_at": TIME_IN_LINES, "created_by": "ann"}],
        "comments": [{"id": 1, "issue_id": "t-3", "author": "bob", "text": "hello",
                      "created_at": "2026-01-03T00:00:00Z"}],
    }  # fmt: skip
    assert b'"metadata":{"x":1.50}' in held.arrivals[0].line
    assert rows["t-1"]["brand_new"] == "kept"
    assert (rows["t-1"]["timeout"], rows["t-1"]["waiters"], rows["t-1"]["pinned"]) == (
        5, ["a"], True,
    )  # fmt: skip
    assert held.dirty == {"t-1", "t-3"}
    assert held.settings == {"issue-prefix": "tst", "status.custom": "review"}
    assert (held.memories, held.values) == ({"k": "text"}, {"a": "b"})


def test_the_database_leads_where_it_was_not_exported(beads):
    said = beads("migrate", "--json").json
    assert {key: said[key] for key in ("created", "updated", "unchanged", "skipped")} == {
        "created": 2, "updated": 1, "unchanged": 0, "skipped": 1,
    }  # fmt: skip
    one = beads.issue("t-1")
    assert (one["labels"], one["design"], one["comments"][0]["text"]) == (["a", "new"], "D", "hi")
    assert beads.issue("t-2")["title"] == "later in the log"
    assert beads.issue("t-4")["status"] == "tombstone"
    assert "issue-prefix: tst\n" in (beads.beads / "config.yaml").read_text()
    assert said["settings"] == {"issue-prefix": "tst", "status.custom": "review"}
    again = beads("migrate", "--json").json
    assert (again["created"], again["updated"], again["settings"]) == (0, 0, {})


def test_nothing_happens_to_the_database_nor_in_a_dry_run(beads):
    def state():
        return {p.name: p.read_bytes() for p in beads.beads.iterdir() if p.is_file()}

    before = state()
    said = beads("migrate", "--dry-run")
    assert "beads.db: 4 issues, 2 of them not exported yet\nWould be 2 created" in said.out
    assert "  issue-prefix = tst (in config.yaml)\n" in said.out
    assert state() == before
    beads("migrate")
    after = state()
    assert {name for name in after if after[name] != before.get(name)} <= {
        "issues.jsonl", "memory.jsonl", "config.yaml", ".jsonl.lock",
    }  # fmt: skip
    assert "beads.db-wal" not in after


def test_the_way_out_where_the_log_is_missing(beads):
    beads.file.unlink()
    said = beads("list", code=1)
    assert "issues are only in beads.db" in said.err
    assert "Hint: bd migrate" in said.err
    assert "5 issues" in said.err or "4 issues" in said.err
    assert beads("migrate", "--inspect", "--json").json["sources"][0]["issues"] == 3
    beads("migrate")
    assert len(beads("list", "--all", "--json").json) == 3
    assert "all of its 3 issues are in the log" in beads("doctor", "--json", code=1).out


def test_doctor_compares(beads):
    assert "1 of 3 issues are only in beads.db" in beads("doctor", code=1).out
    beads("migrate")
    told = beads("doctor", "--json", code=1).out
    assert "is left alone; all of its 3 issues are in the log" in told


def test_other_policies_and_other_databases(beads, tmp_path):
    other = database(
        tmp_path / "old.db", {"id": "t-2", "title": "from elsewhere", **BORN}, {"id": "o-1"}
    )
    said = beads("migrate", str(other), "--on-conflict", "theirs", "--json").json
    assert (said["created"], said["updated"], said["kind"]) == (1, 1, "beads-sqlite")
    assert beads.issue("t-2")["title"] == "from elsewhere"


def test_what_is_no_source(bd, tmp_path):
    assert "Nothing to migrate" in bd("migrate").out
    assert bd("migrate", "--json").json["created"] == 0
    (tmp_path / "x.db").write_bytes(b"rubbish")
    (tmp_path / "y.db").write_bytes(sqlite_file(tmp_path))
    (tmp_path / "empty").mkdir()
    for name, why in (
        ("nope", "there is no"), ("x.db", "is no database"), ("y.db", "it has no table of issues"),
        ("empty", "no ticket in"),
    ):  # fmt: skip
        assert why in bd("migrate", str(tmp_path / name), code=1).err
    bd("list")
    assert "is no database" in bd("migrate", str(bd.beads / "beads.db"), code=1).err, "it is ours"


def sqlite_file(folder):
    path = folder / "made.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE other (x)")
    db.close()
    return path.read_bytes()


def test_times_of_every_form():
    for value, meant in (
        ("2026-01-02T03:04:05.425514932-05:00", "2026-01-02T03:04:05.425514932-05:00"),
        (TIME, "2026-01-02T03:04:05.123456789-05:00"),
        ("2026-01-02 03:04:05", "2026-01-02T03:04:05Z"),
        ("2026-01-02 03:04:05.5 +0100 CET m=+0.5", "2026-01-02T03:04:05.5+01:00"),
        (1_767_323_045, "2026-01-02T03:04:05Z"),
        (1_767_323_045_000_001, "2026-01-02T03:04:05.000001Z"),
        ("2026-01-02 03:04:05.5 +0000 UTC", "2026-01-02T03:04:05.5Z"),
        ("yesterday", "yesterday"),
    ):
        assert interchange_beads._time(value) == meant


# br and other logs.


def test_a_file_of_br(bd, shared):
    path = shared / "data/large/Dicklesworthstone+beads_rust_745c0bf.jsonl"
    said = bd("migrate", str(path), "--json").json
    assert (said["kind"], said["created"]) == ("jsonl", said["issues"])
    assert bd.file.read_bytes() == path.read_bytes()
    assert bd("migrate", str(path), "--json").json["updated"] == 0


def test_a_repository_of_another_project(bd, tmp_path):
    other = tmp_path / "other" / ".beads"
    other.mkdir(parents=True)
    (other / "issues.jsonl").write_text(bd.line("o-1") + "\n")
    assert bd("migrate", str(tmp_path / "other"), "--json").json["kind"] == "jsonl"
    database(other / "beads.db", {"id": "o-2"})
    assert bd("migrate", str(other), "--json").json["kind"] == "beads-sqlite"
    assert {issue["id"] for issue in bd.issues()} == {"o-1", "o-2"}
    (other / "bad.jsonl").write_text("not json\n")
    assert "cannot be read as a whole" in bd("migrate", str(other / "bad.jsonl"), code=1).err


# Dolt.


@pytest.fixture
def dolt(bd):
    (bd.beads / "metadata.json").write_text(
        '{"database": "dolt", "backend": "dolt", "dolt_mode": "embedded", "x": 1}'
    )
    store = bd.beads / "embeddeddolt" / "noms"
    store.mkdir(parents=True)
    (store / "data").write_bytes(b"x")
    os.utime(store / "data", (1, 1))
    bd.write(bd.line("t-1", _type="issue"), '{"_type":"memory","key":"k","value":"v"}')
    return bd


def test_an_export_of_dolt_becomes_the_log(dolt):
    before = dolt.file.read_bytes()
    assert "keeps its issues in Dolt" in dolt("create", "A", code=1).err
    assert "Would make" in dolt("migrate", "--dry-run").out
    dolt("create", "A", code=1)
    said = dolt("migrate")
    assert "1 issues; Dolt is not used any more" in said.out
    assert dolt.file.read_bytes() == before
    assert json.loads((dolt.beads / "metadata.json").read_text()) == {
        "database": "dolt", "x": 1, "backend": "jsonl", "jsonl_export": "issues.jsonl",
    }  # fmt: skip
    dolt("create", "A")
    assert len(dolt.issues()) == 3
    assert "Nothing to migrate" in dolt("migrate").out


def test_an_export_that_is_older_than_dolt(dolt):
    later = time.time() + 60
    os.utime(dolt.beads / "embeddeddolt/noms/data", (later, later))
    said = dolt("migrate", code=1)
    assert "Dolt has changed since issues.jsonl was exported" in said.err
    assert "bd export --all -o .beads/issues.jsonl" in said.err
    fresh = dolt.path / "fresh.jsonl"
    fresh.write_text(dolt.line("t-1") + "\n" + dolt.line("t-2") + "\n")
    assert dolt("migrate", "fresh.jsonl", "--json").json["created"] == 1
    dolt("update", "t-2", "-p", "1")


def test_an_old_export_is_taken_by_force_and_a_missing_one_is_not(dolt):
    later = time.time() + 60
    os.utime(dolt.beads / "embeddeddolt/noms/data", (later, later))
    dolt.file.rename(dolt.path / "away")
    assert "is missing" in dolt("migrate", "--force", code=1).err
    (dolt.path / "away").rename(dolt.file)
    assert dolt("migrate", "--force", "--json").json["kind"] == "beads-dolt"


# Tickets.

TK = """\
---
id: nw-5c46
status: in_progress
deps: [nw-1a2b]
links: []
created: 2026-01-02T03:04:05Z
type: feature
priority: 1
assignee: Ann Example
parent: nw-9z9z
external-ref: gh-7
tags: [ui, cart]
---
# Add the cart

It holds things.

## Design

Simple.

## Acceptance Criteria

- works

## Steps

One.
"""


def ticket(text, name="x.md"):
    [one] = tickets.read([File(name, text.encode(), 10**18)], "t").arrivals
    return json.loads(one.line)


def test_a_ticket_of_tk():
    found = ticket(TK)
    assert found == {
        "id": "nw-5c46", "title": "Add the cart", "status": "in_progress", "priority": 1,
        "issue_type": "feature", "assignee": "Ann Example", "external_ref": "gh-7",
        "description": "It holds things.\n\n## Steps\n\nOne.", "design": "Simple.",
        "acceptance_criteria": "- works", "labels": ["cart", "ui"],
        "created_at": "2026-01-02T03:04:05Z", "updated_at": "2001-09-09T01:46:40Z",
        "metadata": {"ticket": {"file": "x.md"}},
        "dependencies": [
            {"issue_id": "nw-5c46", "depends_on_id": "nw-9z9z", "type": "parent-child",
             "created_at": "2026-01-02T03:04:05Z"},
            {"issue_id": "nw-5c46", "depends_on_id": "nw-1a2b", "type": "blocks",
             "created_at": "2026-01-02T03:04:05Z"},
        ],
    }  # fmt: skip


def test_tickets_of_other_programs():
    bean = ticket(
        "---\ntitle: Fix it\nstatus: completed\npriority: critical\nblocking:\n- p-b\n"
        "updated_at: 2026-03-03\norder: 5\n---\nText.\n", "p-a1--fix-it.md",
    )  # fmt: skip
    assert (bean["id"], bean["title"], bean["status"], bean["priority"]) == (
        "p-a1", "Fix it", "closed", 0,
    )  # fmt: skip
    assert bean["closed_at"] == "2026-03-03T00:00:00Z"
    assert bean["metadata"]["ticket"] == {"file": "p-a1--fix-it.md", "order": "5"}
    backlog = ticket(
        "---\nid: task-7\ntitle: A\nstatus: To Do\nassignee: ['@ann']\nlabels: []\n"
        "created_date: '2026-01-02 03:04'\ndependencies: []\npriority: high\n---\n"
        "## Description\n\nD\n"
    )
    assert (backlog["id"], backlog["status"], backlog["assignee"]) == ("task-7", "open", "ann")
    assert (backlog["created_at"], backlog["description"]) == ("2026-01-02T03:04:00Z", "D")
    tbd = ticket("---\ntype: is\nid: is-01\nkind: bug\nstatus: open\ntitle: B\n"
                 "dependencies:\n- type: related\n  target: is-02\n---\n")  # fmt: skip
    assert tbd["issue_type"] == "bug"
    assert tbd["dependencies"][0]["type"] == "related"
    assert ticket("---\nid: 12\nstatus: odd\n---\n# T\n")["id"] == "t-12"


def test_a_folder_of_tickets(bd):
    folder = bd.path / ".tickets"
    folder.mkdir()
    (folder / "nw-5c46.md").write_text(TK)
    (folder / "nw-1a2b.md").write_text("---\nid: nw-1a2b\nstatus: closed\n---\n# First\n")
    (folder / "README.md").write_text("# no ticket\n")
    assert (
        bd("migrate").out.splitlines()[1]
        == "  .tickets holds 3 files of tickets: bd migrate .tickets"
    )
    assert bd("migrate", "--inspect").out.splitlines()[1] == "  tickets: .tickets (3 issues)"
    said = bd("migrate", ".tickets")
    assert said.out == ".tickets: 2 issues\n✓ 2 created, 0 updated\n  no tickets: README.md\n"
    assert bd("blocked", "--json").json == []
    assert bd("migrate", ".", "--json").json["unchanged"] == 2
    bd("update", "nw-5c46", "-p", "0")
    again = bd("migrate", ".tickets", "--json").json
    assert (again["updated"], again["left_out"]) == (0, ["README.md"])
    assert bd.issue("nw-5c46")["priority"] == 0


@pytest.mark.parametrize(
    ("files", "why"),
    [
        (
            {"a.md": "---\nid: x-1\n---\n", "b.md": "---\nid: x-1\n---\n"},
            "two files are the ticket",
        ),
        ({"a.md": "---\nid: [\n---\n"}, "a.md: "),
        ({"a.md": "---\nid: '!!'\n---\n"}, "can be no id"),
        ({"a.md": "no front matter\n"}, "no ticket in"),
        ({"a.md": "---\n- x\n---\n", "b.md": "---\nx: y\n---\n"}, "no ticket in"),
    ],
)
def test_folders_that_cannot_be_read(bd, files, why):
    (bd.path / "d").mkdir()
    for name, text in files.items():
        (bd.path / "d" / name).write_text(text)
    assert why in bd("migrate", "d", code=1).err
    assert bd.file.read_bytes() == b""
    (bd.path / "e").mkdir()
    (bd.path / "e" / "a.md").write_text(TK)
    assert bd("migrate", "e", "--json").json["created"] == 1


def test_memories_and_values_of_the_database_come_along(bd):
    values = [("kv.memory.auth-jwt", "RS256"), ("kv.release", "1.4"), ("issue_prefix", "t")]
    path = database(bd.beads / "beads.db", {"id": "t-1"}, config=values)
    assert bd("migrate").out.splitlines()[1] == "✓ 1 created, 0 updated; memories: 2 created"
    assert bd("recall", "auth-jwt").out == "RS256\n"
    assert bd("kv", "get", "release").out == "1.4\n"
    assert [one["key"] for one in bd("memory", "list", "--json").json] == ["auth-jwt"]
    again = bd("migrate", str(path), "--json").json
    assert again["memories"]["unchanged"] == 2


def test_memories_of_claude_flow_are_pointed_at(bd):
    (bd.path / ".swarm").mkdir()
    sqlite3.connect(bd.path / ".swarm" / "memory.db").execute(
        "CREATE TABLE memory_entries (key TEXT, value TEXT, namespace TEXT)"
    ).connection.close()
    line = "  claude-flow-memories: .swarm/memory.db (bd memory import .swarm/memory.db)\n"
    assert bd("migrate", "--inspect").out == f"0 issues in the log\n{line}"
    assert bd("migrate").out.endswith(
        "\n  .swarm/memory.db holds memories: bd memory import .swarm/memory.db\n"
    )
    said = bd("migrate", ".swarm/memory.db", code=1)
    assert "bd memory import" in said.err
