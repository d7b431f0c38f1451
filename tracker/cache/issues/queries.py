"""Query the issue cache: pages, rows and stored JSON.

JSON is put together from stored text, so that a list of everything parses nothing. An object
begins with its brace and is indented as it stands in an array of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tracker.cache.database import Damaged, safe
from tracker.cache.issues.sql import SqlCondition, functions, hidden, ready, where
from tracker.issues.filters import NEW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from tracker.cache.database import Cache
    from tracker.issues.filters import Filter, Moment


Key = tuple[int, str, str, int]
"""As much of an issue as its JSON text needs: `n`, `id`, more members as text, its comments."""
FEW = 200  # rows up to which a query for each is faster than one for all


class IssueRow(NamedTuple):
    """What a line of text tells about an issue. `estimated` is in minutes, `comments` a count."""

    n: int
    id: str
    title: str
    status: str
    priority: int
    issue_type: str
    assignee: str
    labels: tuple[str, ...]
    pinned: bool
    estimated: int | None
    created_at: str
    updated_at: str
    parent: str
    comments: int


class IssueListPage(NamedTuple):
    """Some rows of an answer, and how many there are in all."""

    rows: list[IssueRow]
    total: int


class DependencyRow(NamedTuple):
    """An edge and the issue at its other end (None where there is none)."""

    type: str
    id: str
    row: IssueRow | None


_NEEDS = ',\n    "dependencies": [\n      {}\n    ]'
_COUNTS = (
    ',\n    "dependency_count": %d,\n    "dependent_count": %d,\n    "comment_count": %d%s\n  }'
)
ROW = (
    "i.n, i.id, i.title, i.status, i.priority, i.issue_type, i.assignee, i.labels, i.pinned, "
    "i.estimated, i.created_at, i.updated_at, i.parent, i.comments"
)
"""What `row_of` makes a row of, as columns of `issue i`."""
_PARENT = (
    "CASE i.parent WHEN '' THEN '' "
    "ELSE ',' || char(10) || '    \"parent\": ' || json_quote(i.parent) END"
)
BLOCKED = SqlCondition(
    "i.n IN (SELECT n FROM blocked) AND i.status <> 'pinned' AND i.pinned = 0 "
    "AND i.ephemeral = 0 AND i.template = 0",
    (),
)
_ORDERS = {
    "": "i.priority, i.created DESC, i.id",
    "priority": "i.priority, i.created DESC, i.id",
    "created": "i.created DESC, i.id",
    "updated": "i.updated DESC, i.id",
    "closed": "i.closed DESC, i.id",
    "status": "i.status, i.id",
    "id": "i.id",
    "title": "fold(i.title), i.id",
    "type": "i.issue_type, i.id",
    "assignee": "i.assignee, i.id",
}


def row_of(values: tuple[Any, ...]) -> IssueRow:
    """A row as the queries here select it."""
    labels = tuple(values[7].split("\x1f")[1:])
    return IssueRow._make((*values[:7], labels, bool(values[8]), *values[9:]))


class IssueQueries:
    """Questions to a cache at a moment."""

    def __init__(self, cache: Cache, at: Moment) -> None:
        self.cache = cache
        self.db = cache.db
        self.at = at
        functions(self.db)

    def listed(
        self,
        filter: Filter,
        sort: str = "",
        limit: int = 0,
        *,
        back: bool = False,
        ready: bool = False,
    ) -> IssueListPage:
        """What a filter accepts (or the `ready` ones of it), in the order of `query.order`."""
        return self._page(
            self._accepted(filter, ready=ready), _turned(_ORDERS[sort], back=back), limit
        )

    def keys(
        self, filter: Filter, sort: str = "", *, back: bool = False, ready: bool = False
    ) -> list[Key]:
        """All of `listed`, with only what `whole` needs; more members are the parent, if any."""
        condition = self._accepted(filter, ready=ready)
        order = _turned(_ORDERS[sort], back=back)
        # The plus keeps SQLite from following an index and so from reading the rows criss-cross.
        sql = (
            f"SELECT i.n, i.id, {_PARENT}, i.comments FROM issue i "
            f"WHERE {condition.sql} ORDER BY +{order}"
        )
        return self.db.execute(sql, condition.values).fetchall()

    def _accepted(self, filter: Filter, *, ready: bool) -> SqlCondition:
        return _both(self.is_ready(filter), filter, self) if ready else where(filter, self.at)

    def ready(
        self, filter: Filter, sort: str = "", limit: int = 0, *, deferred: bool = False
    ) -> IssueListPage:
        """What can be worked on now, in the order of `query.ready_order`."""
        fresh = f"i.created > {self.at.now - NEW}"
        order = {
            "": "i.priority, i.created, i.id",
            "priority": "i.priority, i.created, i.id",
            "hybrid": f"NOT ({fresh}), CASE WHEN {fresh} THEN i.priority ELSE 0 END, "
            "i.created, i.id",
            "oldest": "i.created, i.id",
        }[sort]
        return self._first(
            _both(self.is_ready(filter, deferred=deferred), filter, self), order, limit
        )

    def is_ready(self, filter: Filter, *, deferred: bool = False) -> SqlCondition:
        """The condition of `Graph.is_ready`, without what orchestrators keep for themselves."""
        sql = ready(str(self.at.now), self.at.closing, deferred=deferred)
        return SqlCondition(sql if filter.types else f"{sql} AND {hidden()}", ())

    def blocked(self, filter: Filter) -> IssueListPage:
        """What `Graph.is_blocked` holds for, most urgent first."""
        return self._page(_both(BLOCKED, filter, self), _ORDERS[""], 0)

    def found(
        self, condition: SqlCondition, filter: Filter, sort: str = "", limit: int = 0, *, back: bool
    ) -> IssueListPage:
        """What a condition holds for and a filter accepts, in the order of `query.order`."""
        order = _turned(_ORDERS[sort], back=back)
        return self._page(_both(condition, filter, self), order, limit)

    def how_many(self, condition: SqlCondition, filter: Filter) -> int:
        """How many issues a condition holds for that a filter accepts."""
        return self.count(_both(condition, filter, self))

    def _page(self, condition: SqlCondition, order: str, limit: int) -> IssueListPage:
        sql = f"SELECT {ROW} FROM issue i WHERE {condition.sql} ORDER BY {order}"
        values = condition.values
        if limit > 0:
            rows = self.db.execute(f"{sql} LIMIT ?", (*values, limit)).fetchall()
        else:
            rows = self.db.execute(sql, values).fetchall()
        total = len(rows) if limit <= 0 or len(rows) < limit else self.count(condition)
        return IssueListPage([row_of(row) for row in rows], total)

    def _first(self, condition: SqlCondition, order: str, limit: int) -> IssueListPage:
        """The same, where finding the rows is dear: one search gives their number as well."""
        if limit <= 0:
            return self._page(condition, order, limit)
        sql = f"SELECT i.n FROM issue i WHERE {condition.sql} ORDER BY {order}"
        found = self.db.execute(sql, condition.values).fetchall()
        row = f"SELECT {ROW} FROM issue i WHERE i.n = ?"
        rows = [row_of(self.db.execute(row, n).fetchone()) for n in found[:limit]]
        return IssueListPage(rows, len(found))

    def count(self, condition: SqlCondition) -> int:
        """How many issues a condition holds for."""
        sql = f"SELECT count(*) FROM issue i WHERE {condition.sql}"
        return int(self.db.execute(sql, condition.values).fetchone()[0])

    def grouped(self, filter: Filter, by: str) -> list[tuple[str, int]]:
        """How many accepted issues each value of a column (or each label) has, sorted by it."""
        condition = where(filter, self.at)
        column = {"type": "issue_type", "label": "coalesce(l.label, '')"}.get(by, by)
        column = column if by == "label" else f"i.{column}"
        join = "LEFT JOIN label l ON l.n = i.n" if by == "label" else ""
        sql = (
            f"SELECT {column}, count(*) FROM issue i {join} WHERE {condition.sql} "
            f"GROUP BY 1 ORDER BY 1"
        )
        return self.db.execute(sql, condition.values).fetchall()

    def row(self, id: str) -> IssueRow | None:
        """The row of this very id."""
        sql = f"SELECT {ROW} FROM issue i WHERE i.id = ?"
        found = self.db.execute(sql, (safe(id),)).fetchone()
        return None if found is None else row_of(found)

    def line(self, n: int) -> bytes:
        """The record as it stands in the log."""
        return bytes(self.db.execute("SELECT line FROM body WHERE n = ?", (n,)).fetchone()[0])

    def edges_of(self, row: IssueRow) -> list[DependencyRow]:
        """What an issue depends on, in the order of its record."""
        found = self.db.execute(
            f"SELECT e.type, e.target, {ROW} FROM edge e LEFT JOIN issue i ON i.id = e.target "
            "WHERE e.n = ? ORDER BY e.place",
            (row.n,),
        )
        return [_edge(values) for values in found]

    def edges_to(self, row: IssueRow) -> list[DependencyRow]:
        """What depends on an issue, by id."""
        found = self.db.execute(
            f"SELECT e.type, i.id, {ROW} FROM edge e JOIN issue i USING(n) "
            "WHERE e.target = ? ORDER BY i.id, e.place",
            (row.id,),
        )
        return [_edge(values) for values in found]

    def reasons(self, n: int) -> list[tuple[str, str, str]]:
        """Why an issue is blocked: the fields of `graph.Obstacle`; empty if it is not."""
        found = self.db.execute("SELECT reasons FROM blocked WHERE n = ?", (n,)).fetchone()
        if found is None:
            return []
        import json

        return [(kind, id, through) for kind, id, through in json.loads(found[0])]

    def cycles(self) -> list[list[str]]:
        """The circles that keep issues blocked, each from its smallest id."""
        ways: dict[int, list[str]] = {}
        for number, id in self.db.execute("SELECT number, id FROM cycle ORDER BY number, place"):
            ways.setdefault(number, []).append(id)
        return list(ways.values())

    def all_cycles(self) -> list[list[str]]:
        """Every circle of blocking edges among live issues, also one that blocks nobody."""
        from tracker.issues.graph import cycles
        from tracker.model.issue import BLOCKING

        closing, kinds = sorted(self.at.closing), sorted(BLOCKING)
        live = f"NOT IN ({','.join('?' * len(closing))})"
        edges: dict[str, list[str]] = {}
        for one, two in self.db.execute(
            "SELECT i.id, e.target FROM edge e "
            "JOIN issue i USING(n) JOIN issue t ON t.id = e.target "
            f"WHERE e.type IN ({','.join('?' * len(kinds))}) AND i.status {live} "
            f"AND t.status {live}",
            (*kinds, *closing, *closing),
        ):
            edges.setdefault(one, []).append(two)
        return cycles(edges)

    def descendants(self, id: str) -> frozenset[str]:
        """Everything below an issue by parent-child edges."""
        found = self.db.execute(
            "WITH RECURSIVE below(id) AS (VALUES(?) UNION SELECT i.id FROM below "
            "JOIN edge e ON e.target = below.id AND e.type = 'parent-child' "
            "JOIN issue i ON i.n = e.n) SELECT id FROM below",
            (safe(id),),
        )
        return frozenset(row[0] for row in found) - {id}

    def all_ids(self) -> list[str]:
        """Every id, sorted."""
        return [row[0] for row in self.db.execute("SELECT id FROM issue ORDER BY id")]

    def objects(
        self,
        rows: Sequence[IssueRow],
        *,
        edges: bool = True,
        extra: Callable[[IssueRow], str] | None = None,
    ) -> Iterator[str]:
        """Each row as `list --json` prints it; `extra(row)` gives more members as text."""
        told = extra or (lambda _: "")
        keys = [(row.n, row.id, told(row), row.comments) for row in rows]
        return self.whole(keys, edges=edges)

    def whole(self, keys: Sequence[Key], *, edges: bool = True) -> Iterator[str]:
        """The same for keys."""
        few = keys if len(keys) <= FEW else None
        own = self._own_edges(few)
        above = self._dependents(few)
        texts = self._texts(few)
        for n, id, more, comments in keys:
            mine = own.get(n, ())
            needs = _NEEDS.format(",\n      ".join(mine)) if edges and mine else ""
            yield texts[n] + needs + _COUNTS % (len(mine), above.get(id, 0), comments, more)

    def inside(self, keys: Sequence[Key]) -> list[bytes]:
        """The same for many, as pieces of UTF-8 that follow each other within a JSON array.

        Texts are copied once, from the cache into the answer, and never widened.
        """
        own = self._own_edges(None)
        above = self._dependents(None)
        texts = dict(self.db.execute("SELECT b.n, CAST(b.listed AS BLOB) FROM body b"))
        tails: dict[tuple[int, int, int, str], bytes] = {}
        pieces: list[bytes] = []
        add = pieces.append
        for n, id, more, comments in keys:
            mine = own.get(n, ())
            told = (len(mine), above.get(id, 0), comments, more)
            tail = tails.get(told)
            if tail is None:
                tail = tails[told] = (_COUNTS % told).encode()
            add(b",\n  " if pieces else b"\n  ")
            text = texts[n]
            if b"\0" in text or not (text.isascii() or _is_utf8(text)):
                raise Damaged
            add(text)
            if mine:
                add(_NEEDS.format(",\n      ".join(mine)).encode())
            add(tail)
        return pieces

    def bare(self, row: IssueRow) -> str:
        """The object of one issue without anything about its edges, still open at its end."""
        return str(self.db.execute("SELECT listed FROM body WHERE n = ?", (row.n,)).fetchone()[0])

    def _each(self, sql: str, keys: Sequence[Key] | None, name: str) -> Iterator[tuple[Any, ...]]:
        """Run a query for the keys, or for all if there are many; `{}` is its condition."""
        if keys is None:
            yield from self.db.execute(sql.format("1"))
            return
        for n, id, *_ in keys:
            value = n if name.endswith("n") else id
            yield from self.db.execute(sql.format(f"{name} = ?"), (value,))

    def _texts(self, keys: Sequence[Key] | None) -> dict[int, str]:
        return dict(self._each("SELECT b.n, b.listed FROM body b WHERE {}", keys, "b.n"))

    def _own_edges(self, keys: Sequence[Key] | None) -> dict[int, list[str]]:
        sql = (
            "SELECT e.n, e.record || ',' || char(10) "
            f"|| coalesce(b.text, {_GONE}) || char(10) || '      }}}}' "
            "FROM edge e LEFT JOIN issue t ON t.id = e.target "
            "LEFT JOIN brief b ON b.n = t.n WHERE {} ORDER BY e.n, e.place"
        )
        found: dict[int, list[str]] = {}
        for n, text in self._each(sql, keys, "e.n"):
            found.setdefault(n, []).append(text)
        return found

    def _dependents(self, keys: Sequence[Key] | None) -> dict[str, int]:
        sql = "SELECT e.target, count(*) FROM edge e WHERE {} GROUP BY e.target"
        return dict(self._each(sql, keys, "e.target"))


# What an edge tells of a target that is in no record, for readers who take it for an issue.
_GONE = """'        "id": ' || json_quote(e.target) || ',
        "title": "(not in this log)",
        "status": "tombstone",
        "priority": 4,
        "issue_type": "task",
        "updated_at": "1970-01-01T00:00:00Z"'"""


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _edge(values: tuple[Any, ...]) -> DependencyRow:
    kind, id, *rest = values
    return DependencyRow(kind, id, None if rest[0] is None else row_of(tuple(rest)))


def _both(condition: SqlCondition, filter: Filter, answers: IssueQueries) -> SqlCondition:
    more = where(filter, answers.at)
    return SqlCondition(f"({condition.sql}) AND ({more.sql})", (*condition.values, *more.values))


def _turned(order: str, *, back: bool) -> str:
    """The order from its other end, ties included."""
    if not back:
        return order
    terms = [term.strip() for term in order.split(", ")]
    return ", ".join(
        term.removesuffix(" DESC") if term.endswith(" DESC") else f"{term} DESC" for term in terms
    )
