"""A database in the place of that of Beads, or named by somebody, that is made to do harm."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing

import pytest

from tracker.interchange import beads, claude_flow
from tracker.workspace import beads_database

ONE = "CREATE TABLE issues(id, title, status); INSERT INTO issues VALUES('bd-1', 'One', 'open');"
ENDLESS = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT"
TEN = ", ".join(f"t{n}" for n in range(12))
EVIL = {
    "issues without an end": f"CREATE VIEW issues AS {ENDLESS} 'bd-' || n AS id, 'T' AS title, "
    "'open' AS status FROM c;",
    "settings without an end": f"{ONE} CREATE VIEW config AS {ENDLESS} 'issue_prefix' AS key, "
    "n AS value FROM c;",
    "labels without an end": f"{ONE} CREATE VIEW labels AS {ENDLESS} 'bd-1' AS issue_id, "
    "n AS label FROM c;",
    "comments without an end": f"{ONE} CREATE VIEW comments AS {ENDLESS} 'bd-1' AS issue_id, "
    "n AS text FROM c;",
    "memories without an end": f"CREATE VIEW memory_entries AS {ENDLESS} n AS key, n AS value "
    "FROM c;",
    "a join of itself": "".join(f"CREATE TABLE t{n}(x); INSERT INTO t{n} VALUES(1),(2),(3),(4),(5),"
    "(6),(7),(8),(9);" for n in range(12))
    + f"CREATE VIEW issues AS SELECT 'bd-1' AS id, 'T' AS title FROM {TEN};",
    "a column of half a gigabyte": "CREATE TABLE issues(id, status); INSERT INTO issues VALUES("
    "'bd-1', 'open'); ALTER TABLE issues ADD COLUMN title TEXT GENERATED ALWAYS AS "
    "(hex(zeroblob(400000000)));",
    "an id that takes long": "CREATE TABLE issues(n); INSERT INTO issues VALUES(1); ALTER TABLE "
    "issues ADD COLUMN id TEXT GENERATED ALWAYS AS (printf('%.*c', 400000000, 'x'));",
    "a virtual table": "CREATE VIRTUAL TABLE issues USING fts5(id, title, status); "
    "INSERT INTO issues VALUES('bd-1', 'T', 'open');",
    "other columns": "CREATE TABLE issues(x); INSERT INTO issues VALUES(1); CREATE TABLE "
    "labels(x); INSERT INTO labels VALUES(1); CREATE TABLE config(x); INSERT INTO config VALUES(1)",
    "names that quote": f'{ONE} CREATE TABLE labels("issue_id", "a""b", label);'
    "INSERT INTO labels VALUES('bd-1', 1, 'x');",
}  # fmt: skip
"""By name: what makes the database."""
COMMANDS = (
    ["list"], ["show", "bd-1"], ["create", "New"], ["info"], ["config", "list"], ["doctor"],
    ["migrate", "--dry-run"], ["migrate"], ["memory", "import", ".beads/beads.db"],
)  # fmt: skip
CELLS = (
    None, 0, -1, 1.5, float("inf"), float("-inf"), 2**63 - 1, -(2**63), 1e300, 1e15, 1e18, "", "x",
    "²", b"\xff\x00", b"x", "a\0b", "2026-01-01 00:00:00 +0000 UTC m=+0.1", "{", "[" * 5000,
    '{"a":1}', "9" * 5000, 1700000000, "\x1b[31m", "bd-1", "x" * 20000,
)  # fmt: skip
TABLES = {
    "issues": "id title description status priority issue_type assignee created_at updated_at "
    "closed_at due_at metadata waiters ephemeral pinned compaction_level timeout external_ref "
    "estimated_minutes quality_score",
    "labels": "issue_id label", "comments": "id issue_id author text created_at",
    "dependencies": "issue_id depends_on_id type created_at created_by metadata",
    "config": "key value", "dirty_issues": "issue_id",
    "memory_entries": "key namespace value content tags created_at updated_at expires_at status",
    "patterns": "id name pattern_data confidence created_at updated_at content",
}  # fmt: skip


def put(path, sql):
    with closing(sqlite3.connect(path)) as db:
        db.executescript(sql)


def answers(bd, *commands):
    for words in commands:
        found = bd.run(*words)
        assert found.code in {0, 1}, (words, found)
        assert "Traceback" not in found.err
        yield found


@pytest.mark.parametrize("log", [True, False], ids=["a log", "no log"])
@pytest.mark.parametrize("name", EVIL)
def test_nothing_in_it_runs_or_takes_for_ever(bd, name, log):
    put(bd.beads / "beads.db", EVIL[name])
    before = (bd.beads / "beads.db").read_bytes()
    if log:
        bd.write({"id": "t-1"})
    else:
        bd.file.unlink()
    found = list(answers(bd, *COMMANDS))
    assert (bd.beads / "beads.db").read_bytes() == before
    if log:
        assert "t-1" in found[0].out
        assert bd.issue("t-1")["title"] == "Title of t-1"


def test_a_table_is_read_beside_views_and_odd_columns(bd):
    """The success: what is plain is there."""
    path = str(bd.beads / "beads.db")
    put(path, EVIL["labels without an end"] + "ALTER TABLE issues ADD COLUMN more "
        "GENERATED ALWAYS AS (hex(zeroblob(400000000)));")  # fmt: skip
    assert beads_database.ids(path) == {"bd-1"}
    assert b'"title":"One"' in beads.read_database(path).arrivals[0].line
    bd("migrate")
    assert bd.issue("bd-1")["title"] == "One"


def test_a_view_is_no_table(tmp_path):
    path = str(tmp_path / "some.db")
    put(path, EVIL["issues without an end"])
    with beads_database.opened(path) as db:
        assert db.tables() == set()
        assert db.table("issues") == []
        for sql in ("SELECT id FROM issues", "SELECT count(*) FROM issues", f"{ENDLESS} n FROM c",
                    "SELECT printf('x')", "ATTACH 'other.db' AS other", "PRAGMA journal_mode = WAL",
                    "CREATE TABLE more(x)"):  # fmt: skip
            with pytest.raises(sqlite3.DatabaseError):
                list(db.rows(sql))


def test_pages_that_lead_to_each_other_have_an_end(tmp_path):
    """All leaves of a tree are one: a file of kilobytes with rows without number."""
    path = tmp_path / "some.db"
    put(path, "PRAGMA page_size = 512; CREATE TABLE issues(id, title, status);"
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 4000) "
        "INSERT INTO issues SELECT 'bd-' || n, 'T', 'open' FROM c;")  # fmt: skip
    data = bytearray(path.read_bytes())
    roots = [at for at in range(0, len(data), 512) if data[at] == 5]
    assert len(roots) > 2
    for at in roots[1:]:  # each inner page leads to the first of them, again and again
        cells = int.from_bytes(data[at + 3 : at + 5], "big")
        for cell in range(cells):
            start = int.from_bytes(data[at + 12 + 2 * cell : at + 14 + 2 * cell], "big")
            data[at + start : at + start + 4] = (roots[1] // 512 + 1).to_bytes(4, "big")
    path.write_bytes(data)
    with pytest.raises(sqlite3.DatabaseError):
        beads_database.ids(str(path))


def test_rows_steps_and_bytes_have_an_end(tmp_path, monkeypatch):
    path = str(tmp_path / "some.db")
    put(path, "CREATE TABLE issues(id, title, status);"
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 9000) "
        "INSERT INTO issues SELECT 'bd-' || n, hex(zeroblob(50)), 'open' FROM c;")  # fmt: skip
    assert len(beads_database.ids(path)) == 9000
    assert len(beads.read_database(path).arrivals) == 9000
    for name, value in (("_ROW", 1 << 20), ("_STEPS", 0)):
        with monkeypatch.context() as patch:
            patch.setattr(beads_database, name, value)
            patch.setattr(beads_database, "_OFTEN", 1000)
            with pytest.raises(sqlite3.DatabaseError):
                beads_database.ids(path)
    with beads_database.opened(path) as db:
        db._size = 10_000
        with pytest.raises(sqlite3.DatabaseError, match="more than a file of its size can"):
            db.table("issues")


@pytest.mark.parametrize("seed", range(6))
def test_cells_of_any_type(bd, seed):
    chance = random.Random(seed)
    path = bd.beads / "beads.db"
    with closing(sqlite3.connect(path)) as db, db:
        for table, names in TABLES.items():
            columns = names.split()
            db.execute(f"CREATE TABLE {table}({','.join(columns)})")
            for number in range(6):
                row = [f"bd-{number}" if name in {"id", "issue_id"} and chance.random() < 0.9
                       else chance.choice(CELLS) for name in columns]  # fmt: skip
                db.execute(f"INSERT INTO {table} VALUES({','.join('?' * len(row))})", row)
    list(answers(bd, *COMMANDS, ["list", "--all", "--json"], ["doctor"]))
    claude_flow.read_database(str(path), everything=True)


def test_damaged_bytes(bd):
    path = bd.beads / "beads.db"
    put(path, "CREATE TABLE issues(id PRIMARY KEY, title, status); WITH RECURSIVE c(n) AS (SELECT "
        "1 UNION ALL SELECT n + 1 FROM c WHERE n < 300) INSERT INTO issues SELECT 'bd-' || n, "
        "hex(randomblob(50)), 'open' FROM c; CREATE TABLE config(key, value);")  # fmt: skip
    good = path.read_bytes()
    chance = random.Random(1)
    for _ in range(15):
        data = bytearray(good)
        for _ in range(chance.randrange(1, 30)):
            data[chance.randrange(100, len(data))] = chance.randrange(256)
        path.write_bytes(data)
        list(answers(bd, ["list"], ["doctor"], ["migrate", "--dry-run"]))
