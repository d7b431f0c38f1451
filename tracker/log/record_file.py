"""A file of records by name, above its lines.

Lines are found once and decoded when asked for. A sheet never changes; `edits` says how its bytes
would, and leaves every byte alone that belongs to no record that was named.
"""

from __future__ import annotations

import itertools
from abc import abstractmethod
from bisect import bisect_left
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from tracker.errors import Conflicted, Refused
from tracker.log import lines
from tracker.log.lines import Problem, Unread
from tracker.model.timestamps import instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any, ClassVar

    from tracker.log.lines import FoundLine, LineEdit
    from tracker.model.memory import Memory


T = TypeVar("T")


class RecordFile(Mapping[str, T]):
    """The records of one file. `problems` lists what could not be read, with its place."""

    named: ClassVar[str] = "id"
    """The field that names a record."""
    kind: ClassVar[str] = "issue"
    """What these are called under `_type`; objects of another type are no problem."""
    dated: ClassVar[str] = "updated_at"
    """The field that tells which of several records is the latest."""
    grows: ClassVar[bool] = False
    """Whether records are only ever added: new ones go last, and the same may stand twice.

    The lines of branches are joined in whatever order, so of different records of one name the
    latest counts; elsewhere the last one.
    """

    def __init__(self, data: bytes, path: str) -> None:
        self.data = data
        self.path = path
        self.problems: tuple[Problem, ...] = ()
        self.markers: tuple[int, ...] = ()
        self._found: dict[str, FoundLine] = {}
        self._twice: dict[str, list[FoundLine]] = {}
        self._records: dict[str, T] = {}
        self._read()

    @abstractmethod
    def decoded(self, line: bytes) -> T:
        """The record of a line."""

    def _items(self) -> Iterable[FoundLine | Unread]:
        return lines.scan(self.data)

    def _read(self) -> None:
        problems: list[Problem] = []
        markers: list[int] = []
        side = ""
        for item in self._items():
            if isinstance(item, Unread):
                problems.append(Problem(self.path, item.number, item.why))
                if item.marker:
                    markers.append(item.number)
                    side = _side(side, item.marker)
            elif not side.startswith("|"):
                self._add(item, problems, conflicted=bool(side))
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))
        self.markers = tuple(markers)

    def _add(self, item: FoundLine, problems: list[Problem], *, conflicted: bool) -> None:
        name = item.row.get(self.named)
        if not isinstance(name, str) or not name:
            if (item.row.get("_type") or self.kind) == self.kind:
                problems.append(Problem(self.path, item.number, f"the record has no {self.named}"))
            return
        earlier = self._found.get(name)
        if earlier is not None and conflicted and self._stamp(earlier) > self._stamp(item):
            return  # the two sides of a conflict: show the newer one
        if earlier is not None and not conflicted:
            if self.grows and self._bytes(earlier) == self._bytes(item):
                return
            self._twice.setdefault(name, [earlier]).append(item)
            which = "latest" if self.grows else "last"
            why = f"{name} stands again on line {item.number}, and the {which} one counts"
            problems.append(Problem(self.path, earlier.number, why))
            if self.grows and self._stamp(earlier) > self._stamp(item):
                return
            del self._found[name]
        self._found[name] = item

    def _stamp(self, found: FoundLine) -> tuple[int, bytes]:
        text = found.row.get(self.dated)
        return instant(text) if isinstance(text, str) else 0, self._bytes(found)

    def _bytes(self, found: FoundLine) -> bytes:
        return self.data[found.start : found.end]

    def __getitem__(self, name: str) -> T:
        record = self._records.get(name)
        if record is None:
            record = self._records[name] = self.decoded(self._bytes(self._found[name]))
        return record

    def __contains__(self, name: object) -> bool:
        return name in self._found

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def rows(self) -> Iterator[tuple[bytes, dict[str, Any]]]:
        """The line of every record, and what it parsed to."""
        return ((self._bytes(f), f.row) for f in self._found.values())

    @property
    def is_glued(self) -> bool:
        """Whether some record shares its line with another."""
        return any(found.glued for found in self._found.values())

    def line(self, name: str) -> bytes | None:
        """The bytes of the record, without the line ending."""
        found = self._found.get(name)
        return None if found is None else self._bytes(found)

    def number(self, name: str) -> int:
        """The line on which the record stands, counted from 1."""
        return self._found[name].number

    @property
    def repeated(self) -> Mapping[str, Sequence[int]]:
        """The lines of every name that stands more than once; the last of them counts."""
        return {name: [one.number for one in found] for name, found in self._twice.items()}

    def is_alike(self, name: str) -> bool:
        """Return whether all repeated lines agree with each other."""
        return all(self.decoded(self._bytes(one)) == self[name] for one in self._twice[name])

    def is_repeat(self, line: int) -> bool:
        """Whether a record of a name that stands more than once is on this line."""
        return any(one.number == line for found in self._twice.values() for one in found)

    @property
    def unclear(self) -> list[Problem]:
        """The problems without the lines that only say again what another says."""
        again = {one.number for name, found in self._twice.items() if self.is_alike(name)
                 for one in found[:-1]}  # fmt: skip
        return [problem for problem in self.problems if problem.line not in again]

    def layers(self) -> list[bytes]:
        """The file without the names that stand more than once, with their first lines, and so on.

        Empty where no name does. A name that has no line left stands there with its last one.
        """
        count = max(map(len, self._twice.values()), default=-1)
        return [self._layer(at) for at in range(-1, count)]

    def _layer(self, at: int) -> bytes:
        layer = bytearray(self.data)
        for found in self._twice.values():
            stays = None if at < 0 else found[min(at, len(found) - 1)]
            for one in found:
                if one is not stays:
                    layer[one.start : one.end] = b" " * (one.end - one.start)
        return bytes(layer)

    def forbid_edit(self, name: str) -> None:
        """Raise Refused where the record of this name cannot be replaced without a loss."""
        if self.markers:
            raise Conflicted(self.path, self.markers)
        if name in self._twice:
            where = " and ".join(str(found.number) for found in self._twice[name])
            raise Refused(
                f"{name} stands more than once in {self.path} (lines {where}): nothing was written",
                hint="bd fmt" if self.is_alike(name) else "bd resolve",
            )

    @property
    def is_sorted(self) -> bool:
        """Whether the names ascend in byte order; an empty file is sorted."""
        return all(one < two for one, two in itertools.pairwise(self._found))

    def edits(
        self, changes: Mapping[str, bytes | None], places: Mapping[str, bytes] | None = None
    ) -> list[LineEdit]:
        """The edits that give each named record its new line (None takes the record away).

        `places` names the line that a new one is to stand in front of, b"" for the end. Raises
        Conflicted or Refused where something would be lost.
        """
        if self.markers:
            raise Conflicted(self.path, self.markers)
        for name in changes:
            self.forbid_edit(name)
        edits = [
            lines.replaced(self.data, self._found[name], line)
            for name, line in changes.items()
            if name in self._found
        ]
        ordered = sorted(self._found) if self.is_sorted and not self.grows else []
        for name, line in lines.by_id(changes, places or {}):
            if name not in self._found and line is not None:
                placed = (
                    lines.placed(self.data, line, places[name])
                    if places and name in places
                    else None
                )
                edits.append(placed or self._insertion(name, line, ordered))
        return edits

    def _insertion(self, name: str, line: bytes, ordered: list[str]) -> LineEdit:
        at = bisect_left(ordered, name)
        if at < len(ordered):
            found = self._found[ordered[at]]
            return lines.ahead(self.data, found, line)
        if ordered:  # behind the last record, which may not be the last line
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


class RecordChange(NamedTuple):
    """One record's line before and after; None where there is no record.

    `next` is the line that stood behind one that was taken away, so that undo finds its place.
    """

    file: str
    id: str
    old: bytes | None
    new: bytes | None
    next: bytes | None = None


Lines = Mapping[str, bytes | None]
Wanted = Mapping[str, Lines]
"""By file, the new line of each named record; None takes it away."""


class Lined(Protocol):
    """What the writer needs of any file: lines by name, and how the bytes change."""

    def line(self, name: str, /) -> bytes | None:
        """The bytes of the record, without the line ending."""

    def edits(self, changes: Lines, places: Mapping[str, bytes] = ..., /) -> list[LineEdit]:
        """The edits that give each named record its new line."""


class Shared(Lined, Protocol):
    """What is asked of a file of memories while it is edited."""

    def get(self, key: str, /) -> Memory | None:
        """The memory of this key, tombstones included."""

    def glance(self, key: str, /) -> Memory:
        """The same without what is only carried."""

    def forbid_edit(self, key: str, /) -> None:
        """Raise Refused where this record cannot be replaced without a loss."""

    def __contains__(self, key: object, /) -> bool: ...
    def __iter__(self) -> Iterator[str]: ...
