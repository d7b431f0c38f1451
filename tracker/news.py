"""What has come into the log from outside that a person should look at, for the next read to say.

Git hooks say it too, but a rebase fires none. While the cache follows a changed log it sees which
circles are new and which records have come with conflicts; that goes into its state, in a row which
is there only then, so that an answer from a warm cache pays nothing. The next answer as text tells
it and takes the row away. A cache that is made anew has nothing to compare with, and says nothing.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from tracker import cache as caches
from tracker.errors import Locked
from tracker.locks import hold
from tracker.waits import read_cycles

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from tracker.cache import Cache, Source

NEWS = "news"
MOST = 20  # lines that are kept until somebody reads as text


class Before(NamedTuple):
    """What is known when a change has not been followed yet."""

    circles: frozenset[frozenset[str]]
    conflicts: Mapping[str, set[str]]


def before(db: sqlite3.Connection, rows: Mapping[str, Mapping[str, Any]]) -> Before:
    """The circles, and what was in conflict in those records that now are; `rows` are by id."""
    held = {}
    for id, row in rows.items():
        if row.get("conflicts"):
            found = db.execute(
                "SELECT b.line FROM body b JOIN issue i USING(n) WHERE i.id = ?", (id,)
            ).fetchone()
            held[id] = _fields_of(bytes(found[0])) if found else set()
    return Before(_circles(db), held)


def _circles(db: sqlite3.Connection) -> frozenset[frozenset[str]]:
    return frozenset(frozenset(way) for way in read_cycles(db))


def _fields_of(line: bytes) -> set[str]:
    if b'"conflicts"' not in line:
        return set()
    from tracker.damage import Version

    return {field for _, field in Version(line).conflicts}


def keep(db: sqlite3.Connection, was: Before, rows: Mapping[str, Mapping[str, Any]]) -> None:
    """Put what is new since into the state, behind what nobody was told yet."""
    ways = [way for way in read_cycles(db) if frozenset(way) not in was.circles]
    if not (ways or was.conflicts):
        return
    from tracker.damage import circle, conflict, fields

    found = [circle(way) for way in ways]
    for id, old in sorted(was.conflicts.items()):
        new = set(fields(rows[id])) - old
        found += [conflict(id, new)] if new else []
    if found:
        held = db.execute("SELECT value FROM state WHERE key = ?", (NEWS,)).fetchone()
        lines = dict.fromkeys([*(held[0].split("\n") if held else ()), *found])
        caches.set_state(db, [(NEWS, "\n".join([*lines][:MOST]))])


def take(source: Source, cache: Cache) -> list[str]:
    """What is to be told, which is forgotten with that; told again where it cannot be forgotten."""
    text = cache.state.get(NEWS)
    if not text:
        return []
    with suppress(OSError, Locked, *caches.DAMAGE), hold(caches.lock_path(source.local), 0.0):
        if cache.is_as_left:
            caches.change(source, cache, _forget)
    return str(text).split("\n")


def _forget(db: sqlite3.Connection) -> None:
    db.execute("DELETE FROM state WHERE key = ?", (NEWS,))
