"""What a database that Beads wrote holds and the files do not: issues, and settings."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from tracker import fileio
from tracker.config import names, value
from tracker.peers import Names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SETTINGS = ("issue_prefix", "allowed_prefixes", "status.custom", "types.custom")
_STEPS = 10_000_000  # of SQLite's machine, after which a question is given up


@contextmanager
def opened(path: str) -> Iterator[sqlite3.Connection]:
    """A connection to a copy: to open the file itself may leave files beside it, or change it.

    Raises sqlite3.Error or OSError.
    """
    with tempfile.TemporaryDirectory(prefix="tracker-") as folder:
        copy = os.path.join(folder, "copy.db")
        for ending in ("", "-wal", "-journal"):
            if os.path.exists(path + ending):
                fileio.copy(path + ending, copy + ending)
        with closing(sqlite3.connect(copy)) as db:
            yield db


@contextmanager
def glanced(path: str) -> Iterator[sqlite3.Connection]:
    """A connection for a short question: to the file itself, of which nothing is written.

    Where Beads has not yet moved its last writes into the file, it is one to a copy. A question
    that takes very long is given up: the file may come from anywhere. Raises what `opened` raises.
    """
    if _size(path + "-wal"):
        with opened(path) as db:
            db.set_progress_handler(lambda: 1, _STEPS)
            yield db
        return
    name = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    with closing(sqlite3.connect(f"file:{name}?immutable=1", uri=True)) as db:
        db.set_progress_handler(lambda: 1, _STEPS)
        yield db


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


def ids(path: str) -> set[str]:
    """The ids of its issues, without deleted and ephemeral ones. Raises what `opened` raises."""
    with opened(path) as db:
        columns = {row[1] for row in db.execute("PRAGMA table_info(issues)")}
        kept = ["1"]
        kept += ["status <> 'tombstone'"] * ("status" in columns)
        kept += [f"coalesce({name}, 0) = 0" for name in ("ephemeral", "wisp") if name in columns]
        sql = f"SELECT id FROM issues WHERE {' AND '.join(kept)}"
        return {str(row[0]) for row in db.execute(sql)}


def settled(config: Mapping[str, Any], path: str | None) -> Mapping[str, Any]:
    """The configuration with what only the database says: `init` of Beads writes the prefix there.

    It also holds further prefixes, statuses and types. What config.yaml says wins; a database that
    cannot be read says nothing. Nothing is created or changed beside it.
    """
    if path is None:
        return config
    try:
        held = _settings(path)
    except (OSError, sqlite3.Error):
        return config
    if value(config, "prefix"):
        held.pop("issue_prefix", None)
    return {**{key: held[key] for key in held if not value(config, key)}, **config}


def known_names(config: Mapping[str, Any], path: str | None) -> Names:
    """The statuses and types that Beads has been told of: in its database, types also in the file.

    Without a database it has been told of no status: it reads them nowhere else.
    """
    held = settled({}, path)
    types = names(held, "types.custom") or names(config, "types.custom")
    return Names(names(held, "status.custom"), types)


def _settings(path: str) -> dict[str, str]:
    marks = ",".join("?" * len(_SETTINGS))
    with glanced(path) as db:
        found = db.execute(f"SELECT key, value FROM config WHERE key IN ({marks})", _SETTINGS)
        return {key: text for key, text in found if isinstance(text, str) and text.strip()}
