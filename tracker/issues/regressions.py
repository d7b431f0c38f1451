"""Find what one version of a log broke against another.

Nothing here knows where the versions come from; git hooks compare what is staged with a commit.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from tracker.issues import invariants
from tracker.issues.graph import Rules, cycles, waiting_edges
from tracker.log import lines
from tracker.log.issue_log import Log
from tracker.model.issue import PARENT
from tracker.model.status import CLOSING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any


FEWEST = 10
"""Losses below this number are nobody's mass loss,"""
SHARE = 5
"""nor are those of a fifth of the records or less."""


class Version:
    """A file of records as it once was: their names, and the lines that hold none."""

    def __init__(self, data: bytes, path: str = "issues.jsonl") -> None:
        self.data = data
        self.path = path
        self.names: set[str] = set()
        self.aliases: set[str] = set()
        self.conflicts: dict[tuple[str, str], None] = {}
        self.unread: list[lines.Unread] = []
        for item in lines.scan(data):
            if isinstance(item, lines.Unread):
                self.unread.append(item)
            else:
                self._add(item.number, item.row)

    def _add(self, number: int, row: dict[str, Any]) -> None:
        name = row.get("id") or row.get("key")
        if not isinstance(name, str):
            self.unread.append(lines.Unread(number, "the record has no id"))
            return
        self.names.add(name)
        aliases = row.get("aliases")
        if isinstance(aliases, list):
            self.aliases.update(alias for alias in aliases if isinstance(alias, str))
        self.conflicts.update(((name, field), None) for field in fields(row))

    @property
    def markers(self) -> list[int]:
        """The lines that are conflict markers."""
        return [item.number for item in self.unread if item.marker]

    @cached_property
    def log(self) -> Log:
        """The same as issues."""
        return Log(self.data, self.path)

    def texts(self) -> Iterator[tuple[lines.Unread, bytes]]:
        """The lines that cannot be read, with their bytes; markers are none of them."""
        rows = self.data.split(b"\n") if self.unread else []
        return ((item, rows[item.number - 1]) for item in self.unread if not item.marker)


class Lost(NamedTuple):
    """Records that are gone, and how many there were."""

    names: tuple[str, ...]
    of: int

    @property
    def is_mass(self) -> bool:
        """Whether it is more than a slip of somebody who deletes."""
        return len(self.names) >= FEWEST and len(self.names) * SHARE > self.of

    def __str__(self) -> str:
        shown = ", ".join(self.names[:3]) + (", ..." if len(self.names) > 3 else "")
        return f"{len(self.names)} of {self.of} records are gone ({shown})"


def lost(before: Version, after: Iterable[Version]) -> Lost:
    """The records of one file that are in none of several others any more.

    Those are the file itself and the ones that records may move to, such as the archive; what has
    another id and its old one among its aliases is not gone.
    """
    gone = set(before.names)
    for version in after:
        gone -= version.names
        gone -= version.aliases
    return Lost(tuple(sorted(gone)), len(before.names))


def unreadable(before: Version, after: Version) -> list[str]:
    """Lines that hold no record and were not there before, wherever they stood."""
    known = Counter(text for _, text in before.texts())
    new = []
    for item, text in after.texts():
        known[text] -= 1
        if known[text] < 0:
            new.append(f"line {item.number}: {item.why}")
    return new


def markers(version: Version) -> list[str]:
    """One line about all conflict markers; old ones are as bad as new ones."""
    found = version.markers
    if not found:
        return []
    shown = ", ".join(map(str, found[:5])) + (", ..." if len(found) > 5 else "")
    return [f"conflict markers on line {shown} (bd resolve)"]


def fields(row: Mapping[str, Any]) -> list[str]:
    """The fields of a record of which a merge kept several values."""
    entries = row.get("conflicts")
    dicts = [e for e in entries if isinstance(e, dict)] if isinstance(entries, list) else []
    named = [entry.get("field") for entry in dicts]
    return [field.removeprefix("/") for field in named if isinstance(field, str)]


def conflict(name: str, fields: Iterable[str]) -> str:
    """What is said about a record with such fields."""
    return f"{name}: both branches changed {', '.join(sorted(fields))} (bd show {name})"


def circle(way: Sequence[str]) -> str:
    """What is said about issues that wait for each other."""
    return f"they wait for each other: {' → '.join([*way, way[0]])} (bd dep cycles)"


def new_conflicts(before: Version, after: Version) -> list[str]:
    """Fields of which a merge has kept both values since."""
    new: dict[str, list[str]] = {}
    for name, field in after.conflicts:
        if (name, field) not in before.conflicts:
            new.setdefault(name, []).append(field)
    return [conflict(name, found) for name, found in sorted(new.items())]


def new_circles(before: Version, after: Version, closing: frozenset[str] = CLOSING) -> list[str]:
    """Issues that have come to wait for each other; a circle that has changed is a new one."""
    known = {frozenset(way) for way in _circles(before, closing)}
    return [circle(way) for way in _circles(after, closing) if frozenset(way) not in known]


def _circles(version: Version, closing: frozenset[str]) -> list[list[str]]:
    return cycles(waiting_edges(version.log.glances(), Rules(0, closing)))


def new_orphans(
    before: Version, after: Version, archived: tuple[frozenset[str], frozenset[str]]
) -> list[str]:
    """Edges that have come to lead nowhere; `archived` are the ids put away, before and after."""
    known = set(_missing(before, archived[0]))
    return [
        f"{id}: its parent {target} is missing"
        if kind == PARENT
        else f"{id}: {kind} {target}, which is missing"
        for id, kind, target in _missing(after, archived[1])
        if (id, kind, target) not in known
    ]


def _missing(version: Version, archived: frozenset[str]) -> Iterator[tuple[str, str, str]]:
    seen = invariants.subject(version.log, invariants.Terms(elsewhere=archived))
    return ((id, edge.type, edge.depends_on_id) for id, edge in invariants.missing_targets(seen))
