"""The records of a log by way of the cache: the fast form of `Log`, with the same answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker import lines
from tracker.codec import decode
from tracker.lines import Edit
from tracker.where import safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tracker.cache import Cache
    from tracker.log import Log
    from tracker.model import Dependency, Issue


_ANYWHERE: Mapping[str, bytes] = {}
MANY = 200  # edits, from where on finding each line costs more than reading them all


class Strayed(Exception):
    """The file does not hold what the cache says: read it as a whole instead."""


class CachedRecords:
    """What actions ask of a log. Only for logs of plain lines without a Problem."""

    def __init__(self, cache: Cache, data: bytes) -> None:
        self._db = cache.db
        self._sorted = bool(cache.state["sorted"])
        self._data = data

    @property
    def whole(self) -> Log:
        from tracker.log import Log

        return Log(self._data)

    def line(self, id: str) -> bytes | None:
        """The bytes of the record, without the line ending."""
        row = self._db.execute(
            "SELECT line FROM issue JOIN body USING(n) WHERE id = ?", (safe(id),)
        ).fetchone()
        return None if row is None else bytes(row[0])

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

    def forbid_edit(self, id: str) -> None:
        """Nothing is forbidden in a log without a Problem."""

    def edits(
        self, changes: Mapping[str, bytes | None], places: Mapping[str, bytes] = _ANYWHERE
    ) -> list[Edit]:
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
                edits.append(self._insertion(id, new, places.get(id)))
        return edits

    def _replacement(self, old: bytes, new: bytes | None) -> Edit:
        at = self._place(old)
        if new is None:
            return lines.without_line(self._data, at, at + len(old))
        return Edit(at, at + len(old), new)

    def _place(self, line: bytes) -> int:
        at = lines.find_line(self._data, line)
        if at < 0:
            raise Strayed
        return at

    def _insertion(self, id: str, line: bytes, behind: bytes | None) -> Edit:
        if behind is not None and (placed := lines.placed(self._data, line, behind)):
            return placed
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
        sql = f"SELECT line FROM issue JOIN body USING(n) WHERE {condition} LIMIT 1"
        row = self._db.execute(sql, (id,)).fetchone()
        return None if row is None else bytes(row[0])
