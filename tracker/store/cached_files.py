"""Records of a file, answered by its cache.

`CachedRecords` are those of the log of issues, `CachedMemories` those of the shared memories.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING

from tracker.cache.database import safe
from tracker.cache.memories.files import MEMORY
from tracker.log import lines
from tracker.log.issue_codec import decode
from tracker.log.lines import LineEdit
from tracker.log.paths import MEMORY_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from tracker.cache.database import Cache
    from tracker.log.issue_log import Log
    from tracker.log.memory_log import MemoryFile
    from tracker.log.record_file import RecordFile
    from tracker.model.issue import Dependency, Issue
    from tracker.model.memory import Memory


_ANYWHERE: Mapping[str, bytes] = {}
MANY = 200  # edits, from where on finding each line costs more than reading them all


class CacheMismatch(Exception):
    """The file does not hold what the cache says: read it as a whole instead."""


class _Cached(ABC):
    """Records by name, and the edits of a file of plain lines without a Problem."""

    def __init__(self, cache: Cache, data: bytes) -> None:
        self._db = cache.db
        self._data = data

    @property
    @abstractmethod
    def whole(self) -> RecordFile[Any]:
        """The same records, all of them read: for whoever looks at most of them."""

    @abstractmethod
    def line(self, id: str) -> bytes | None:
        """The bytes of the record, without the line ending."""

    @abstractmethod
    def _insertion(self, id: str, line: bytes) -> LineEdit:
        """The edit that adds a record where its name belongs. Raises Strayed."""

    def edits(
        self, changes: Mapping[str, bytes | None], places: Mapping[str, bytes] = _ANYWHERE
    ) -> list[LineEdit]:
        """The edits that give each named record its new line. Raises Strayed.

        `places` names the line that a new one is to stand in front of, b"" for the end.
        """
        if len(changes) > MANY:
            return self.whole.edits(changes, places)
        edits = []
        for id, new in lines.by_id(changes, places):
            old = self.line(id)
            if old is not None:
                edits.append(self._replacement(old, new))
            elif new is not None:
                behind = places.get(id)
                placed = None if behind is None else lines.placed(self._data, new, behind)
                edits.append(placed or self._insertion(id, new))
        return edits

    def _replacement(self, old: bytes, new: bytes | None) -> LineEdit:
        at = self._place(old)
        if new is None:
            return lines.without_line(self._data, at, at + len(old))
        return LineEdit(at, at + len(old), new)

    def _place(self, line: bytes) -> int:
        at = lines.find_line(self._data, line)
        if at < 0:
            raise CacheMismatch
        return at

    def _first(self, sql: str, *values: object) -> bytes | None:
        row = self._db.execute(f"{sql} LIMIT 1", values).fetchone()
        return None if row is None else bytes(row[0])


class CachedMemories(_Cached):
    """What is asked of the file of shared memories."""

    _SQL = f"SELECT line FROM memory m JOIN line USING(n) WHERE m.file = {MEMORY} AND "

    @cached_property
    def whole(self) -> MemoryFile:
        from tracker.log.memory_log import MemoryFile

        return MemoryFile(self._data, MEMORY_FILE)

    def line(self, id: str) -> bytes | None:
        return self._first(f"{self._SQL} m.key = ?", safe(id))

    def get(self, key: str) -> Memory | None:
        """The memory of this key, tombstones included."""
        from tracker.log.memory_codec import decode_memory

        line = self.line(key)
        return None if line is None else decode_memory(line)

    def glance(self, key: str) -> Memory:
        return self.whole.glance(key)

    def forbid_edit(self, id: str) -> None:
        """Nothing is forbidden in a file without a Problem."""

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.line(key) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self.whole)

    def _insertion(self, id: str, line: bytes) -> LineEdit:
        """Between its neighbours, which have to stand side by side; else somebody has to look."""
        after = self._first(f"{self._SQL} m.key > ? ORDER BY m.key", id)
        before = self._first(f"{self._SQL} m.key < ? ORDER BY m.key DESC", id)
        start = 0 if before is None else self._place(before) + len(before) + 1
        if after is None and start >= len(self._data):
            return lines.appended(self._data, line)
        if after is None or start != self._place(after):
            raise CacheMismatch
        return lines.inserted(self._data, start, line)


class CachedRecords(_Cached):
    """What actions ask of a log."""

    def __init__(self, cache: Cache, data: bytes) -> None:
        super().__init__(cache, data)
        self._sorted = bool(cache.state["sorted"])

    @property
    def whole(self) -> Log:
        from tracker.log.issue_log import Log

        return Log(self._data)

    def line(self, id: str) -> bytes | None:
        return self._first("SELECT line FROM issue JOIN body USING(n) WHERE id = ?", safe(id))

    def forbid_edit(self, id: str) -> None:
        """Nothing is forbidden in a file without a Problem."""

    def get_issue(self, id: str) -> Issue | None:
        line = self.line(id)
        return None if line is None else decode(line)

    def all_ids(self) -> Iterable[str]:
        return [row[0] for row in self._db.execute("SELECT id FROM issue")]

    def below(self, id: str) -> Iterable[str]:
        found = self._db.execute(
            "SELECT id FROM issue WHERE id >= ? AND id < ?", (f"{safe(id)}.", f"{safe(id)}/")
        )
        return [row[0] for row in found]

    def mentioning(self, text: str) -> Iterable[Issue]:
        found = self._db.execute("SELECT line FROM body WHERE instr(line, ?)", (text.encode(),))
        return [decode(bytes(row[0])) for row in found]

    def incoming(self, id: str) -> list[Dependency]:
        """Every edge that points to this id, out of the records that hold them."""
        found = self._db.execute(
            "SELECT DISTINCT i.id FROM edge e JOIN issue i USING(n) WHERE e.target = ?", (safe(id),)
        )
        edges: list[Dependency] = []
        for (source,) in found.fetchall():
            issue = self.get_issue(source)
            own = issue.dependencies if issue is not None else ()
            edges += [edge.at(source) for edge in own if edge.depends_on_id == id]
        return edges

    def prefixes(self) -> Mapping[str, int]:
        return dict(
            self._db.execute(
                "SELECT prefix, count(*) FROM issue WHERE prefix <> char(10) GROUP BY prefix"
            ).fetchall()
        )

    def renamed(self, id: str) -> str | None:
        row = self._db.execute(
            "SELECT min(id) FROM issue WHERE aliases <> '' AND instr(aliases, ?)",
            (f"\x1f{safe(id)}\x1f",),
        ).fetchone()
        return row[0]  # type: ignore[no-any-return]

    def _insertion(self, id: str, line: bytes) -> LineEdit:
        if self._sorted:
            after = self._neighbour("id > ? ORDER BY id", id)
            if after is not None:
                return lines.inserted(self._data, self._place(after), line)
            before = self._neighbour("id < ? ORDER BY id DESC", id)
            if before is not None:
                stop = self._place(before) + len(before) + 1
                if stop < len(self._data):  # lines that are no issues stand behind the last one
                    return lines.inserted(self._data, stop, line)
        return lines.appended(self._data, line)

    def _neighbour(self, condition: str, id: str) -> bytes | None:
        return self._first(f"SELECT line FROM issue JOIN body USING(n) WHERE {condition}", id)
