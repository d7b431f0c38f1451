"""What may have become of a cache: each state is made by a function of the `.beads` folder.

Every state is made in a workspace whose cache has been built. A command must answer the same in
each of them, and write the same bytes.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from tests.support.workspaces import beads_of, issue, lines_of, opened
from tracker.cache import database as caches
from tracker.fileio import stat_text

_BEADS_TABLES = """
CREATE TABLE issues(id TEXT PRIMARY KEY, title TEXT NOT NULL, status TEXT NOT NULL,
  priority INTEGER NOT NULL, issue_type TEXT NOT NULL);
CREATE TABLE dependencies(issue_id TEXT, depends_on_id TEXT, type TEXT);
CREATE TABLE labels(issue_id TEXT, label TEXT);
CREATE TABLE metadata(key TEXT PRIMARY KEY, value TEXT);
INSERT INTO issues VALUES('bd-beads', 'Only here', 'open', 0, 'task');
INSERT INTO metadata VALUES('bd_version', '0.49.6');
"""


def built(beads: Path) -> Path:
    """The file of the cache, after it has been built."""
    workspace = opened(beads)
    path = Path(workspace.answers.cache.path)
    workspace.close() if hasattr(workspace, "close") else workspace.refresh()
    return path


def vouch(beads: Path, path: Path) -> None:
    """Make the stamp say that the file is what we left."""
    caches.save_stamp(str(beads / ".local"), str(path))


def _fresh(_beads: Path) -> None:
    """As it was left."""


def _missing(beads: Path) -> None:
    (beads / "beads.db").unlink()


def _nothing_local(beads: Path) -> None:
    shutil.rmtree(beads / ".local")


def _empty(beads: Path) -> None:
    (beads / "beads.db").write_bytes(b"")


def _stale(beads: Path) -> None:
    """It answers for an older log, and has missed every edit since."""
    log = beads / "issues.jsonl"
    data = log.read_bytes()
    log.write_bytes(lines_of([issue("bd-a", title="older"), issue("bd-gone")]))
    built(beads)
    log.write_bytes(data)


def _corrupt(beads: Path) -> None:
    path = beads / "beads.db"
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 4000] = os.urandom(4000)
    path.write_bytes(bytes(data))


def _zeroed(beads: Path) -> None:
    path = beads / "beads.db"
    path.write_bytes(bytes(path.stat().st_size))


def _truncated(beads: Path) -> None:
    path = beads / "beads.db"
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2 + 123)


def _no_database(beads: Path) -> None:
    """Rubbish for which the stamp vouches."""
    path = beads / "beads.db"
    path.write_bytes(b"rubbish" * 5000)
    vouch(beads, path)


def _no_tables(beads: Path) -> None:
    """A database of ours with nothing in it, for which the stamp vouches."""
    path = beads / "beads.db"
    path.unlink()
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA application_id = {caches.APPLICATION_ID}")
        db.execute("CREATE TABLE other(x)")
    vouch(beads, path)


def _another_version(beads: Path) -> None:
    """The tables of another version, with other answers in them."""
    path = beads / "beads.db"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE state SET value = '0.0.1 1' WHERE key = 'version'")
        db.execute("UPDATE issue SET title = 'from another version'")
        db.execute("DROP TABLE blocked")
    vouch(beads, path)


def _another_repository(beads: Path) -> None:
    """The cache of another log, stamp and all."""
    with tempfile.TemporaryDirectory() as folder:
        other = beads_of(Path(folder), lines_of([issue("other-a"), issue("bd-a", title="other")]))
        built(other)
        shutil.copy(other / "beads.db", beads / "beads.db")
        shutil.copy(other / ".local" / "cache.stamp", beads / ".local" / "cache.stamp")


def _another_repository_vouched(beads: Path) -> None:
    _another_repository(beads)
    vouch(beads, beads / "beads.db")


def _of_beads(beads: Path) -> None:
    """A real database of Beads; it stays byte for byte."""
    path = beads / "beads.db"
    path.unlink()
    with closing(sqlite3.connect(path)) as db:
        db.executescript(_BEADS_TABLES)


def _in_wal_mode(beads: Path) -> None:
    with closing(sqlite3.connect(beads / "beads.db")) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("UPDATE issue SET title = 'changed by somebody'")
        db.commit()


def _unwritable_file(beads: Path) -> None:
    """Nothing can take the place of the file: it is a folder, and not an empty one."""
    path = beads / "beads.db"
    path.unlink()
    path.mkdir()
    (path / "something").touch()


def _unwritable_folder(beads: Path) -> None:
    """Nothing can be put into the local folder: it is a file."""
    shutil.rmtree(beads / ".local")
    (beads / ".local").write_text("not a folder")
    (beads / "beads.db").unlink()


def _torn(beads: Path) -> None:
    """A writer was killed in the middle of a change: the old pages wait in the journal."""
    path = beads / "beads.db"
    script = (
        "import os, sqlite3, sys\n"
        "db = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "db.execute('PRAGMA cache_size = 1')\n"
        "db.execute('PRAGMA cache_spill = 1')\n"
        "db.execute('BEGIN IMMEDIATE')\n"
        "db.execute(\"UPDATE issue SET title = 'torn ' || hex(randomblob(3000))\")\n"
        "os._exit(9)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=False)


def _rubbish_stamp(beads: Path) -> None:
    (beads / ".local" / "cache.stamp").write_bytes(b"\xff\x00 no stamp")


def _before_a_reboot(beads: Path) -> None:
    """What was left before the system stopped may not have reached the disk."""
    stamp = beads / ".local" / "cache.stamp"
    _, _, *rest = stamp.read_text().split("\n")
    with closing(sqlite3.connect(beads / "beads.db")) as db, db:
        db.execute("UPDATE issue SET title = 'never flushed'")
    left = stat_text(str(beads / "beads.db"))
    stamp.write_text("\n".join([left, "00000000-0000-0000-0000-000000000000", *rest]))


STATES = {
    "fresh": _fresh,
    "missing": _missing,
    "nothing local": _nothing_local,
    "empty": _empty,
    "stale": _stale,
    "corrupt": _corrupt,
    "zeroed": _zeroed,
    "truncated": _truncated,
    "no database": _no_database,
    "no tables": _no_tables,
    "another version": _another_version,
    "another repository": _another_repository,
    "another repository, vouched for": _another_repository_vouched,
    "of Beads": _of_beads,
    "in WAL mode": _in_wal_mode,
    "unwritable file": _unwritable_file,
    "unwritable folder": _unwritable_folder,
    "torn": _torn,
    "rubbish stamp": _rubbish_stamp,
    "before a reboot": _before_a_reboot,
}
"""By name: what makes this state out of a cache that has been built."""
