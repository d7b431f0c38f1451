"""Compare the issue cache with the log it was made from.

SQLite has no checksums: a bit that flips on the disk can change an answer and nothing else.
"""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

from tracker.cache.database import CacheUnusable, believed
from tracker.cache.issues import follow

if TYPE_CHECKING:
    from tracker.cache.issues.source import IssueSource

TABLES = {
    "issue": "SELECT id, * FROM issue",
    "body": "SELECT i.id, b.line, b.listed FROM body b JOIN issue i USING(n)",
    "brief": "SELECT i.id, b.text FROM brief b JOIN issue i USING(n)",
    "edge": "SELECT i.id, e.* FROM edge e JOIN issue i USING(n)",
    "label": "SELECT i.id, l.label FROM label l JOIN issue i USING(n)",
    "blocked": "SELECT i.id, k.reasons FROM blocked k JOIN issue i USING(n)",
    "cycle": "SELECT id, * FROM cycle",
}
"""Each table with the id of the issue that a row is about; `n` numbers differ between caches."""


def differences(source: IssueSource, data: bytes) -> list[str]:
    """Return the ids of the issues for which the cache holds something else than the log says.

    Empty where there is no cache, where it is older than the log, and where both agree. A cache
    that cannot be read at all gives `["?"]`; the next read rebuilds such a one by itself.
    """
    try:
        with closing(believed(source)) as cache:
            if cache.state["content"] != hashlib.sha256(data).digest():
                return []
            held = _contents(cache.db)
    except (CacheUnusable, OSError, ValueError, KeyError):
        return []
    except sqlite3.Error:
        return ["?"]
    with closing(follow.in_memory(source, data, "")) as fresh:
        wanted = _contents(fresh.db)
    return sorted({str(id) for table in TABLES for id, *_ in held[table] ^ wanted[table]})


def _contents(db: sqlite3.Connection) -> dict[str, set[tuple[Any, ...]]]:
    found = {}
    for table, query in TABLES.items():
        cursor = db.execute(query)
        columns = [column[0] for column in cursor.description]
        kept = [at for at, column in enumerate(columns) if column != "n"]
        found[table] = {tuple(row[at] for at in kept) for row in cursor}
    return found
