"""The issues in a database that Beads wrote, which may never have reached the log."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def opened(path: str) -> Iterator[sqlite3.Connection]:
    """A connection to a copy: to open the file itself may leave files beside it, or change it.

    Raises sqlite3.Error or OSError.
    """
    with tempfile.TemporaryDirectory(prefix="tracker-") as folder:
        copy = os.path.join(folder, "copy.db")
        for ending in ("", "-wal", "-journal"):
            if os.path.exists(path + ending):
                shutil.copyfile(path + ending, copy + ending)
        with closing(sqlite3.connect(copy)) as db:
            yield db


def ids(path: str) -> set[str]:
    """The ids of its issues, without deleted and ephemeral ones. Raises what `opened` raises."""
    with opened(path) as db:
        names = {row[1] for row in db.execute("PRAGMA table_info(issues)")}
        kept = ["1"]
        kept += ["status <> 'tombstone'"] * ("status" in names)
        kept += [f"coalesce({name}, 0) = 0" for name in ("ephemeral", "wisp") if name in names]
        sql = f"SELECT id FROM issues WHERE {' AND '.join(kept)}"
        return {str(row[0]) for row in db.execute(sql)}
