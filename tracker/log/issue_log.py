"""The issues of a log, read only, and a draft of their next state.

`Records` is what actions and questions need of a log; `Log` is its slow and certain form, the cache
gives a fast one with the same answers. `Draft` is a log being edited, the only thing here that
changes.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from tracker.log.issue_codec import decode, encode, glance
from tracker.log.record_file import RecordFile
from tracker.model.ids import is_top_level, prefix_of
from tracker.model.issue import Issue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tracker.log.lines import LineEdit
    from tracker.model.issue import Dependency


class Records(Protocol):
    """What an action may ask of a log. Tombstones are records too."""

    def get_issue(self, id: str) -> Issue | None:
        """The issue of this very id."""

    def all_ids(self) -> Iterable[str]:
        """Every id, in any order."""

    def below(self, id: str) -> Iterable[str]:
        """Every id that begins with this one and a dot."""

    def mentioning(self, text: str) -> Iterable[Issue]:
        """At least every issue whose line holds this text, which is plain ASCII."""

    def incoming(self, id: str) -> list[Dependency]:
        """Every edge that points to this id."""

    def prefixes(self) -> Mapping[str, int]:
        """How many top-level issues (no dot in the id) each prefix has."""

    def renamed(self, id: str) -> str | None:
        """The id of the issue that has `id` among its aliases; the smallest of several."""

    def forbid_edit(self, id: str) -> None:
        """Raise Refused where the record of this id cannot be replaced without a loss."""


class Editable(Records, Protocol):
    """What a writer may ask of a log: its lines, and how its bytes change."""

    @property
    def whole(self) -> Log:
        """The same records, all of them read: for whoever looks at most of them."""

    def line(self, id: str) -> bytes | None:
        """The bytes of the record, without the line ending."""

    def edits(
        self, changes: Mapping[str, bytes | None], places: Mapping[str, bytes] = ...
    ) -> list[LineEdit]:
        """The edits that give each named record its new line."""


class Log(RecordFile[Issue]):
    """The issues of one file, and how they hang together."""

    def __init__(self, data: bytes, path: str = "issues.jsonl") -> None:
        self._incoming: dict[str, dict[str, None]] | None = None
        super().__init__(data, path)

    @property
    def whole(self) -> Log:
        return self

    def decoded(self, line: bytes) -> Issue:
        return decode(line)

    def glances(self) -> Iterator[Issue]:
        """Every issue without what is only carried; faster than decoding each."""
        return (glance(found.row) for found in self._found.values())

    def get_issue(self, id: str) -> Issue | None:
        return self.get(id)

    def all_ids(self) -> Iterable[str]:
        return self._found.keys()

    def below(self, id: str) -> Iterable[str]:
        return [one for one in self._found if one.startswith(f"{id}.")]

    def mentioning(self, text: str) -> Iterable[Issue]:
        part = text.encode()
        return [self[id] for id in self._found if part in (self.line(id) or b"")]

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


class Draft:
    """A log being edited: what it was, and the records that have changed since."""

    def __init__(self, before: Records) -> None:
        self.before = before
        self.changes: dict[str, Issue | None] = {}
        self._past: list[tuple[str, bool, Issue | None]] = []
        self._known: dict[str, bool] = {}
        # Which changed issues may point to an id, and which may lie below it: each that ever did.
        self._pointing: dict[str, dict[str, None]] = {}
        self._below: dict[str, dict[str, None]] = {}

    def mark(self) -> int:
        """Return a point that `back_to` can return to."""
        return len(self._past)

    def back_to(self, mark: int) -> None:
        """Undo every change since a mark."""
        while len(self._past) > mark:
            id, was_changed, before = self._past.pop()
            if was_changed:
                self.changes[id] = before
            else:
                del self.changes[id]

    def get_issue(self, id: str) -> Issue | None:
        if id in self.changes:
            return self.changes[id]
        return self.before.get_issue(id)

    def all_ids(self) -> Iterable[str]:
        yield from (id for id in self.before.all_ids() if id not in self.changes)
        yield from (id for id, issue in self.changes.items() if issue is not None)

    def below(self, id: str) -> Iterable[str]:
        yield from (one for one in self.before.below(id) if one not in self.changes)
        yield from (one for one in self._below.get(id, ()) if self.changes.get(one) is not None)

    def mentioning(self, text: str) -> Iterable[Issue]:
        yield from (one for one in self.before.mentioning(text) if one.id not in self.changes)
        yield from (issue for issue in self.changes.values() if issue is not None)

    def incoming(self, id: str) -> list[Dependency]:
        edges = [e for e in self.before.incoming(id) if e.issue_id not in self.changes]
        for source in self._pointing.get(id, ()):
            issue = self.changes.get(source)
            if issue is not None:
                edges += [e.at(issue.id) for e in issue.dependencies if e.depends_on_id == id]
        return edges

    def prefixes(self) -> Mapping[str, int]:
        counts = Counter(self._prefixes)
        for id, issue in self.changes.items():
            if is_top_level(id):
                counts[prefix_of(id)] += (issue is not None) - self._was(id)
        return +counts

    @cached_property
    def _prefixes(self) -> Mapping[str, int]:
        return self.before.prefixes()

    def _was(self, id: str) -> bool:
        """Whether the log had this record before."""
        if id not in self._known:
            self._known[id] = self.before.get_issue(id) is not None
        return self._known[id]

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
            self._change(issue.id, issue)
        return issue

    def drop(self, id: str) -> None:
        """Take the record away, line and all."""
        self._change(id, None)

    def _change(self, id: str, issue: Issue | None) -> None:
        self.before.forbid_edit(id)
        self._past.append((id, id in self.changes, self.changes.get(id)))
        self.changes[id] = issue
        for edge in issue.dependencies if issue is not None else ():
            self._pointing.setdefault(edge.depends_on_id, {})[id] = None
        above = id
        while "." in above:
            above = above.rpartition(".")[0]
            self._below.setdefault(above, {})[id] = None

    def written(self) -> dict[str, bytes | None]:
        """The new line of each record that differs from what it was."""
        return {
            id: None if issue is None else encode(issue)
            for id, issue in self.changes.items()
            if issue != self.before.get_issue(id)
        }
