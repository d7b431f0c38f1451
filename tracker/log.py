"""The log as a value: a read-only mapping from id to issue over the bytes of a file.

Lines are found once and decoded when asked for. `Records` is what actions and questions need of
a log; `Log` is its slow and certain form, the cache gives a fast one with the same answers.
`Draft` is a log being edited, the only thing here that changes.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from tracker import lines
from tracker.codec import decode, encode, glance
from tracker.errors import Conflicted, Refused
from tracker.ids import is_top_level, prefix_of
from tracker.lines import Edit, Found, Problem, Unread
from tracker.model import Dependency, Issue, instant


class Records(Protocol):
    """What an action may ask of a log. Tombstones are records too."""

    def get_issue(self, id: str) -> Issue | None:
        """The issue of this very id."""

    def all_ids(self) -> Iterable[str]:
        """Every id, in any order."""

    def incoming(self, id: str) -> list[Dependency]:
        """Every edge that points to this id."""

    def prefixes(self) -> Mapping[str, int]:
        """How many top-level issues (no dot in the id) each prefix has."""

    def renamed(self, id: str) -> str | None:
        """The id of the issue that has `id` among its aliases; the smallest of several."""

    def forbid_edit(self, id: str) -> None:
        """Raise Refused where the record of this id cannot be replaced without a loss."""


class Log(Mapping[str, Issue]):
    """The issues of one file. `problems` lists what could not be read, with its place."""

    def __init__(self, data: bytes, path: str = "issues.jsonl") -> None:
        self.data = data
        self.path = path
        self.problems: tuple[Problem, ...] = ()
        self.markers: tuple[int, ...] = ()
        self._found: dict[str, Found] = {}
        self._twice: dict[str, list[int]] = {}
        self._issues: dict[str, Issue] = {}
        self._incoming: dict[str, dict[str, None]] | None = None
        self._read()

    def _read(self) -> None:
        problems: list[Problem] = []
        markers: list[int] = []
        side = ""
        for item in lines.scan(self.data):
            if isinstance(item, Unread):
                problems.append(Problem(self.path, item.number, item.why))
                if item.marker:
                    markers.append(item.number)
                    side = _side(side, item.marker)
            elif not side.startswith("|"):
                self._add(item, problems, conflicted=bool(side))
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))
        self.markers = tuple(markers)

    def _add(self, item: Found, problems: list[Problem], *, conflicted: bool) -> None:
        id = item.row.get("id")
        if not isinstance(id, str) or not id:
            if (item.row.get("_type") or "issue") == "issue":
                problems.append(Problem(self.path, item.number, "the record has no id"))
            return
        earlier = self._found.get(id)
        if earlier is not None and conflicted and self._stamp(earlier) > self._stamp(item):
            return  # the two sides of a conflict: show the newer one
        if earlier is not None and not conflicted:
            self._twice.setdefault(id, [earlier.number]).append(item.number)
            why = f"{id} stands again on line {item.number}, and the last one counts"
            problems.append(Problem(self.path, earlier.number, why))
            del self._found[id]
        self._found[id] = item

    def _stamp(self, found: Found) -> tuple[int, bytes]:
        text = found.row.get("updated_at")
        line = self.data[found.start : found.end]
        return instant(text) if isinstance(text, str) else 0, line

    def __getitem__(self, id: str) -> Issue:
        issue = self._issues.get(id)
        if issue is None:
            found = self._found[id]
            issue = self._issues[id] = decode(self.data[found.start : found.end])
        return issue

    def __contains__(self, id: object) -> bool:
        return id in self._found

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def glances(self) -> Iterator[Issue]:
        """Every issue without what is only carried; faster than decoding each."""
        return (glance(found.row) for found in self._found.values())

    def rows(self) -> Iterator[tuple[bytes, dict[str, Any]]]:
        """The line of every record, and what it parsed to."""
        return ((self.data[f.start : f.end], f.row) for f in self._found.values())

    @property
    def is_glued(self) -> bool:
        """Whether some record shares its line with another."""
        return any(found.glued for found in self._found.values())

    def line(self, id: str) -> bytes | None:
        """The bytes of the record, without the line ending."""
        found = self._found.get(id)
        return None if found is None else self.data[found.start : found.end]

    def number(self, id: str) -> int:
        """The line on which the record stands, counted from 1."""
        return self._found[id].number

    @property
    def repeated(self) -> Mapping[str, Sequence[int]]:
        """The lines of every id that stands more than once; the last of them counts."""
        return self._twice

    def get_issue(self, id: str) -> Issue | None:
        return self.get(id)

    def all_ids(self) -> Iterable[str]:
        return self._found.keys()

    def incoming(self, id: str) -> list[Dependency]:
        if self._incoming is None:
            self._incoming = {}
            for issue in self.glances():
                for edge in issue.dependencies:
                    self._incoming.setdefault(edge.depends_on_id, {})[issue.id] = None
        sources = self._incoming.get(id, ())
        return [e.at(s) for s in sources for e in self[s].dependencies if e.depends_on_id == id]

    def prefixes(self) -> Mapping[str, int]:
        return Counter(prefix_of(id) for id in self._found if is_top_level(id))

    def renamed(self, id: str) -> str | None:
        return min((i.id for i in self.glances() if id in i.aliases), default=None)

    def forbid_edit(self, id: str) -> None:
        if self.markers:
            raise Conflicted(self.path, self.markers)
        if id in self._twice:
            where = " and ".join(str(number) for number in self._twice[id])
            raise Refused(
                f"{id} stands more than once in {self.path} (lines {where}): nothing was written",
                hint="keep one of these lines, then try again; bd doctor lists them",
            )

    @property
    def is_sorted(self) -> bool:
        """Whether the ids ascend in byte order; an empty log is sorted."""
        ids = list(self._found)
        return all(one < two for one, two in itertools.pairwise(ids))

    def edits(
        self, changes: Mapping[str, bytes | None], places: Mapping[str, bytes] | None = None
    ) -> list[Edit]:
        """The edits that give each named record its new line (None takes the record away).

        `places` names the line that a new one is to stand in front of, b"" for the end. Raises
        Conflicted or Refused where something would be lost.
        """
        if self.markers:
            raise Conflicted(self.path, self.markers)
        for id in changes:
            self.forbid_edit(id)
        edits = [
            lines.replaced(self.data, self._found[id], line)
            for id, line in changes.items()
            if id in self._found
        ]
        ordered = sorted(self._found) if self.is_sorted else []
        for id, line in lines.by_id(changes, places or {}):
            if id not in self._found and line is not None:
                placed = (
                    lines.placed(self.data, line, places[id]) if places and id in places else None
                )
                edits.append(placed or self._insertion(id, line, ordered))
        return edits

    def _insertion(self, id: str, line: bytes, ordered: list[str]) -> Edit:
        at = bisect_left(ordered, id)
        if at < len(ordered):
            found = self._found[ordered[at]]
            return lines.ahead(self.data, found, line)
        if ordered:  # behind the last issue, which may not be the last line
            stop = self.data.find(b"\n", self._found[ordered[-1]].end)
            if 0 <= stop < len(self.data) - 1:
                return lines.inserted(self.data, stop + 1, line)
        return lines.appended(self.data, line)


def _side(side: str, marker: str) -> str:
    """The part of a conflict that a marker begins: the first character tells which.

    Between ||||||| and ======= stands the old base, which may hold conflicts of its own, with
    longer markers.
    """
    if side.startswith("|") and len(marker) != len(side):
        return side
    return "" if marker.startswith(">") else marker


class Draft:
    """A log being edited: what it was, and the records that have changed since."""

    def __init__(self, before: Records) -> None:
        self.before = before
        self.changes: dict[str, Issue | None] = {}

    def get_issue(self, id: str) -> Issue | None:
        if id in self.changes:
            return self.changes[id]
        return self.before.get_issue(id)

    def all_ids(self) -> Iterable[str]:
        yield from (id for id in self.before.all_ids() if id not in self.changes)
        yield from (id for id, issue in self.changes.items() if issue is not None)

    def incoming(self, id: str) -> list[Dependency]:
        edges = [e for e in self.before.incoming(id) if e.issue_id not in self.changes]
        for issue in self.changes.values():
            if issue is not None:
                edges += [e.at(issue.id) for e in issue.dependencies if e.depends_on_id == id]
        return edges

    def prefixes(self) -> Mapping[str, int]:
        counts = Counter(self.before.prefixes())
        for id, issue in self.changes.items():
            if is_top_level(id):
                was = self.before.get_issue(id) is not None
                counts[prefix_of(id)] += (issue is not None) - was
        return +counts

    def renamed(self, id: str) -> str | None:
        found = self.before.renamed(id)
        names = [found] if found is not None and found not in self.changes else []
        if found in self.changes:  # another that has not changed may have the alias too
            names = [one for one in self.before.all_ids() if self._keeps_alias(one, id)]
        names += [i.id for i in self.changes.values() if i and id in i.aliases]
        return min(names, default=None)

    def _keeps_alias(self, id: str, alias: str) -> bool:
        issue = None if id in self.changes else self.before.get_issue(id)
        return issue is not None and alias in issue.aliases

    def forbid_edit(self, id: str) -> None:
        self.before.forbid_edit(id)

    def put(self, issue: Issue) -> Issue:
        """Set the record of `issue.id`; setting what is already there changes nothing."""
        if issue != self.get_issue(issue.id):
            self.before.forbid_edit(issue.id)
            self.changes[issue.id] = issue
        return issue

    def drop(self, id: str) -> None:
        """Take the record away, line and all."""
        self.before.forbid_edit(id)
        self.changes[id] = None

    def written(self) -> dict[str, bytes | None]:
        """The new line of each record that differs from what it was."""
        return {
            id: None if issue is None else encode(issue)
            for id, issue in self.changes.items()
            if issue != self.before.get_issue(id)
        }
