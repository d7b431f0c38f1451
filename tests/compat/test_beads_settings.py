"""What Beads keeps in its database alone: the prefix of ids, further statuses and types."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.support.scratch import BEADS_METADATA

HINT = "comes from the folder"
_ENDLESS = """WITH RECURSIVE n(key, value) AS
  (SELECT 'issue_prefix', 1 UNION ALL SELECT key, value + 1 FROM n) SELECT * FROM n"""


def database(beads: Path, *, wal: bool = False, name: str = "beads.db", **settings: str) -> Path:
    """A database as `bd init` of Beads leaves it; with `wal`, its settings stand beside it."""
    path = beads / name
    db = sqlite3.connect(path)
    if wal:
        db.execute("PRAGMA journal_mode = WAL")
    db.execute("CREATE TABLE issues (id TEXT, title TEXT, status TEXT, ephemeral INTEGER)")
    db.execute("CREATE TABLE config (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
    rows = [(key.replace("__", "."), value) for key, value in settings.items()]
    db.executemany("INSERT INTO config VALUES (?, ?)", rows)
    db.commit()
    held = {one: Path(one).read_bytes() for one in (str(path), f"{path}-wal") if wal}
    db.close()  # which would clear the file beside it away
    for one, data in held.items():
        Path(one).write_bytes(data)
    return path


@pytest.fixture
def theirs(bd):
    """An empty workspace as `bd init` of Beads leaves it: no log, and no setting in a file."""
    bd.file.unlink()
    (bd.beads / "config.yaml").write_text('# issue-prefix: ""\n')
    (bd.beads / "metadata.json").write_bytes(BEADS_METADATA)
    (bd.beads / ".gitignore").write_text("*.db\n*.db?*\nlast-touched\n.jsonl.lock\n")
    return bd


def test_the_first_issue_has_the_prefix_of_beads_init(theirs):
    database(theirs.beads, issue_prefix="acme")
    first = theirs("create", "First", "--silent").out.strip()
    assert first.startswith("acme-")
    assert HINT not in theirs("create", "Second").err
    assert theirs("init", "--dry-run", "--json").json["prefix"] == "acme"
    child = theirs("create", "Child", "--parent", first, "--silent").out.strip()
    assert child == f"{first}.1"


def test_settings_that_beads_has_not_yet_moved_into_the_file(theirs):
    database(theirs.beads, wal=True, issue_prefix="acme")
    assert theirs("create", "First", "--silent").out.startswith("acme-")


def test_a_database_of_another_name(theirs):
    database(theirs.beads, name="other.db", issue_prefix="acme")
    text = BEADS_METADATA.replace(b"beads.db", b"other.db")
    (theirs.beads / "metadata.json").write_bytes(text)
    assert theirs("create", "First", "--silent").out.startswith("acme-")


def test_the_prefix_counts_more_than_the_ids_in_the_log(theirs):
    """As in Beads, which may well hold issues of another prefix that it imported."""
    database(theirs.beads, issue_prefix="acme-")  # its users write the hyphen too
    theirs.write({"id": "old-1"}, {"id": "old-2"})
    assert theirs("create", "First", "--silent").out.startswith("acme-")


@pytest.mark.parametrize("line", ["issue-prefix: mine", 'issue_prefix: "mine"', "prefix: mine"])
def test_config_yaml_counts_more(theirs, line):
    database(theirs.beads, issue_prefix="acme")
    (theirs.beads / "config.yaml").write_text(f"{line}\n")
    assert theirs("create", "First", "--silent").out.startswith("mine-")


def test_statuses_types_and_prefixes_of_beads(theirs):
    database(
        theirs.beads, issue_prefix="acme", status__custom="review, testing",
        types__custom="incident", allowed_prefixes="ops",
    )  # fmt: skip
    theirs("create", "First", "--id", "ops-1", "--type", "incident")
    theirs("update", "ops-1", "--status", "testing")
    assert theirs.issue("ops-1")["status"] == "testing"
    said = theirs("update", "ops-1", "--status", "nonesuch", code=1).err
    assert "review" in said


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE config",
        "DELETE FROM config",
        "UPDATE config SET value = '  '",
        "UPDATE config SET value = x'00ff'",
        f"DROP TABLE config; CREATE VIEW config AS {_ENDLESS}",
    ],
    ids=["no table", "no row", "blank", "no text", "a view without an end"],
)
def test_a_database_that_says_nothing(theirs, sql):
    path = database(theirs.beads, issue_prefix="acme")
    db = sqlite3.connect(path)
    db.executescript(sql)
    db.close()
    said = theirs("create", "First")
    assert said.out.startswith("✓ Created issue: repo-")  # the folder's name
    assert HINT in said.err


def test_nothing_is_written_beside_the_database(theirs):
    path = database(theirs.beads, issue_prefix="acme")
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode = WAL")  # opening such a file makes two more
    db.close()
    before = path.read_bytes()
    theirs("list")
    theirs("create", "First")
    theirs("list")
    assert path.read_bytes() == before
    assert not list(theirs.beads.glob("beads.db-*"))
