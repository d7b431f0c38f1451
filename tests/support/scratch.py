"""A folder in which `bd` is tried, and what is in it byte for byte."""

from __future__ import annotations

import io
import json
import os
import sqlite3
from pathlib import Path
from typing import NamedTuple

from tracker.cli import main

CACHE = {"beads.db", ".local"}

LINE = (
    '{{"id":"{id}","title":"{title}","status":"open","priority":2,"issue_type":"task",'
    '"created_at":"2026-01-0{day}T00:00:00Z","updated_at":"2026-01-0{day}T00:00:00Z"}}'
)
BEADS_METADATA = b'{\n  "database": "beads.db",\n  "jsonl_export": "issues.jsonl"\n}'
BEADS_IGNORED = b"# SQLite databases\n*.db\n*.db?*\n*.db-journal\nbd.sock\nlast-touched\nredirect\n"


def line(id: str, title: str = "", day: int = 1) -> str:
    return LINE.format(id=id, title=title or f"Title of {id}", day=day)


def lines(*ids: str) -> bytes:
    return "".join(f"{line(id)}\n" for id in ids).encode()


class Said(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def all(self):
        return self.out + self.err


def bd(folder, *words, code=0, stdin="", env=None):
    """Run one command line there; the exit code must be `code`."""
    out, err = io.StringIO(), io.StringIO()
    own = {**os.environ, "BD_ACTOR": "ann", **(env or {})}
    given = stdin if isinstance(stdin, io.TextIOBase) else io.StringIO(stdin)
    found = main(["bd", *words], own, given, out, err, str(folder))
    said = Said(found, out.getvalue(), err.getvalue())
    assert code is None or said.code == code, said
    return said


def workspace(folder: Path, log: bytes, **files: bytes) -> Path:
    """A `.beads` as another program leaves it; `files` name more, with `__` for a dot."""
    beads = folder / ".beads"
    beads.mkdir(parents=True)
    (beads / "issues.jsonl").write_bytes(log)
    for name, data in files.items():
        (beads / name.replace("__", ".")).write_bytes(data)
    return beads


def beads_database(path: Path, *ids: str, wal: bool = False) -> None:
    """A database as Beads makes it; with `wal`, its issues are only in the file beside it."""
    db = sqlite3.connect(path)
    if wal:
        db.execute("PRAGMA journal_mode = WAL")
    db.execute("CREATE TABLE issues (id TEXT, title TEXT, status TEXT, ephemeral INTEGER)")
    db.executemany("INSERT INTO issues VALUES (?, 'x', 'open', 0)", [(id,) for id in ids])
    db.commit()
    held = {name: Path(name).read_bytes() for name in (str(path), f"{path}-wal") if wal}
    db.close()  # which would clear the file beside it away
    for name, data in held.items():
        Path(name).write_bytes(data)


def files(folder: Path, skip: frozenset[str] | set[str] = frozenset()) -> dict[str, bytes]:
    """Every file below by its path; `skip` names files and folders."""
    return {name: data for name, (data, _) in tree(folder, skip).items() if data is not None}


def tree(folder: Path, skip: frozenset[str] | set[str] = frozenset(CACHE)):
    """Bytes and modification time of everything below; a folder that holds a cache has no time."""
    found = {}
    for at, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - skip)
        path = Path(at)
        time = 0 if path.name == ".beads" else path.stat().st_mtime_ns
        found[os.path.relpath(at, folder)] = (None, time)
        for name in sorted(set(names) - skip):
            one = path / name
            data = os.readlink(one).encode() if one.is_symlink() else one.read_bytes()
            found[os.path.relpath(one, folder)] = (data, one.lstat().st_mtime_ns)
    return found
