"""Look into a database that Beads left, within bounds.

A file of some kilobytes may hold a view without an end, a column that is worked out as a gigabyte,
or pages that lead to each other. So only tables are read and only by plain questions, and rows,
bytes and steps are bounded by the size of the file.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import closing, contextmanager
from math import isfinite
from typing import TYPE_CHECKING

from tracker import fileio
from tracker.issues.peers import Names
from tracker.log.config_file import names, value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any


_SETTINGS = ("issue_prefix", "allowed_prefixes", "status.custom", "types.custom")
_LEAST = 1 << 16  # bytes that every file is taken to have
_STEPS = 20  # of SQLite's machine for each byte of the file: a row takes a dozen bytes and more
_ROW = 8  # bytes that a row takes at least
_OFTEN = 100_000  # steps between two looks at their number
_FUNCTIONS = frozenset({"coalesce", "count"})


class Database:
    """An open database of another program. Every question raises sqlite3.Error where it fails."""

    def __init__(self, db: sqlite3.Connection, size: int) -> None:
        self._db = db
        self._size = max(size, _LEAST)
        self._left = self._size * _STEPS // _OFTEN
        db.row_factory = sqlite3.Row
        db.text_factory = lambda data: data.decode("utf-8", "replace")
        db.execute("PRAGMA trusted_schema = OFF")
        db.execute("PRAGMA cell_size_check = ON")
        db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, min(2 * self._size, fileio.LARGEST))
        db.set_progress_handler(self._step, _OFTEN)
        db.set_authorizer(_allow)

    def _step(self) -> bool:
        self._left -= 1
        return self._left < 0

    def rows(self, sql: str, values: Sequence[object] = ()) -> Iterator[sqlite3.Row]:
        """The answer to a question, as long as a file of this size can hold it."""
        count, held = self._size // _ROW, 4 * self._size
        try:
            for row in self._db.execute(sql, values):
                count -= 1
                held -= sum(len(cell) for cell in row if isinstance(cell, str | bytes))
                if count < 0 or held < 0:
                    raise sqlite3.DatabaseError("it holds more than a file of its size can")
                yield row
        except (UnicodeError, OverflowError) as error:  # in a name
            raise sqlite3.DatabaseError(f"it is damaged: {error}") from None

    def tables(self) -> set[str]:
        """The names of its tables, without views and what only looks like tables."""
        sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0"
        return {str(row[0]) for row in self.rows(sql)}

    def columns(self, table: str) -> list[str]:
        """The columns of a table that are kept, rather than worked out when they are read.

        None where there is no such table.
        """
        if table not in self.tables():
            return []
        found = self.rows(f'PRAGMA table_xinfo("{table}")')
        return [row["name"] for row in found if not row["hidden"] and '"' not in row["name"]]

    def table(self, name: str) -> list[dict[str, Any]]:
        """All rows of a table, bytes as text; none where there is no such table."""
        names = self.columns(name)
        if not names:
            return []
        found = self.rows(f'SELECT {", ".join(map(_quoted, names))} FROM "{name}"')
        return [dict(zip(names, map(_plain, row), strict=True)) for row in found]


def _quoted(name: str) -> str:
    return f'"{name}"'


def _plain(cell: Any) -> Any:
    """A cell as JSON can hold it."""
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace")
    return None if isinstance(cell, float) and not isfinite(cell) else cell


def _allow(
    action: int, one: str | None, two: str | None, _database: str | None, view: str | None
) -> int:
    """Whether a step of a question is plain: reading a table, by no view and no odd function."""
    if action == sqlite3.SQLITE_FUNCTION:
        is_plain = two in _FUNCTIONS
    elif action == sqlite3.SQLITE_PRAGMA:
        is_plain = one == "table_xinfo"
    else:
        is_plain = action in {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ} and view is None
    return sqlite3.SQLITE_OK if is_plain else sqlite3.SQLITE_DENY


@contextmanager
def opened(path: str) -> Iterator[Database]:
    """A copy of a database: to open the file itself may leave files beside it, or change it.

    Raises sqlite3.Error or OSError.
    """
    with tempfile.TemporaryDirectory(prefix="tracker-") as folder:
        copy = os.path.join(folder, "copy.db")
        for ending in ("", "-wal", "-journal"):
            if os.path.exists(path + ending):
                fileio.copy(path + ending, copy + ending)
        size = _size(copy) + _size(f"{copy}-wal")
        with closing(sqlite3.connect(copy)) as db:
            yield Database(db, size)


@contextmanager
def glanced(path: str) -> Iterator[Database]:
    """The file itself, for a short question: of it nothing is written.

    Where Beads has not yet moved its last writes into the file, it is a copy. Raises what `opened`
    raises.
    """
    if _size(f"{path}-wal"):
        with opened(path) as found:
            yield found
        return
    name = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    with closing(sqlite3.connect(f"file:{name}?immutable=1", uri=True)) as db:
        yield Database(db, _size(path))


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


def ids(path: str) -> set[str]:
    """The ids of its issues, without deleted and ephemeral ones. Raises what `opened` raises."""
    with opened(path) as db:
        columns = db.columns("issues")
        if "id" not in columns:
            raise sqlite3.DatabaseError("it has no table of issues")
        kept = ["1"]
        kept += ["status <> 'tombstone'"] * ("status" in columns)
        kept += [f"coalesce({name}, 0) = 0" for name in ("ephemeral", "wisp") if name in columns]
        sql = f"SELECT id FROM issues WHERE {' AND '.join(kept)}"
        return {str(row[0]) for row in db.rows(sql)}


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
        if not {"key", "value"}.issubset(db.columns("config")):
            return {}
        found = db.rows(f"SELECT key, value FROM config WHERE key IN ({marks})", _SETTINGS)
        return {key: text for key, text in found if isinstance(text, str) and text.strip()}
