"""Query the memory cache by key and filter.

A row tells all that a line of text needs; the record itself is read where it is printed whole.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from tracker.cache.database import MANY, safe
from tracker.memory.ranking import superseded
from tracker.memory.trust import Trust, Vote, trust

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tracker.cache.database import Cache
    from tracker.memory.ranking import Ranked


if TYPE_CHECKING:
    Stale = Callable[[Sequence[tuple[str, str]]], list[str]]

_Term = tuple[str, tuple[Any, ...]]

ELSEWHERE = 0.5
"""The share of a verdict that counts where it was about another content."""
LAST = "\U0010ffff"  # no key goes on with it
ORDERS = {
    "key": "m.key",
    "updated": "m.updated DESC, m.key",
    "created": "m.created DESC, m.key",
    "trust": "m.key",
}


class MemoryFilter(NamedTuple):
    """What an answer is limited to; empty asks nothing. Every one of `tags` has to be there.

    No kind of `besides` is meant. `is_meant` judges keys, all of which begin with `prefix`.
    `issue` asks for what came of an issue, or is among `given`, the keys that its work was
    given. The last edit lies between `after` and `before`, where they are not 0. `stale` asks
    for memories that name a file which has changed, `kept` for those that hold other values of
    a merge. `state` is archived, expired or deleted; without one, and without `everything`,
    what is archived, expired or superseded stays out.
    """

    prefix: str = ""
    is_meant: Callable[[str], bool] | None = None
    kinds: tuple[str, ...] = ()
    besides: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    issue: str = ""
    given: tuple[str, ...] = ()
    after: int = 0
    before: int = 0
    pinned: bool = False
    stale: bool = False
    kept: bool = False
    state: str = ""
    everything: bool = False


EVERYWHERE = MemoryFilter()


class MemoryCondition(NamedTuple):
    """A condition on `memory m`, and the values of its question marks."""

    sql: str
    values: tuple[Any, ...]


class MemoryRow(NamedTuple):
    """A memory as a line of text tells of it. Times are in nanoseconds since 1970, 0 for unknown.

    `head` is the beginning of the content on one line; `private` never leaves the clone; `kept` has
    other values of a merge; `stale` are the files that it names and that have changed. `why` says
    what is against it: archived, expired or superseded, which keeps it out of answers, or doubted;
    "" if nothing is.
    """

    n: int
    key: str
    kind: str
    status: str
    private: bool
    pinned: bool
    kept: bool
    digest: str
    created: int
    updated: int
    verified: int
    expires: int
    title: str
    description: str
    head: str
    tags: tuple[str, ...]
    verdict: str
    origin: str
    by: str
    trust: Trust
    stale: tuple[str, ...]
    why: str
    ranked: Ranked | None = None

    @property
    def name(self) -> str:
        """The title, or else the beginning of the content."""
        return self.title or self.head


class FoundMemory(NamedTuple):
    """The rows of an answer, and how many there are in all.

    `hidden` is how many more `everything` would find; `terms` are those that were looked for, each
    with the number of memories that hold it.
    """

    rows: list[MemoryRow]
    total: int
    hidden: int = 0
    terms: tuple[tuple[str, int], ...] = ()


_ROW = (
    "m.n, m.key, m.kind, m.status, m.file = 0, m.pinned, m.kept, m.digest, m.created, "
    "m.updated, m.verified, m.expires, g.title, g.description, g.head, g.tags, g.verdict, "
    "g.origin, g.by, m.paths, m.prior, m.digest"
)
_FROM = "FROM memory m JOIN page g USING(n)"


class MemoryQueries:
    """Questions to a cache at a moment; `stale` tells which of some files have changed."""

    def __init__(self, cache: Cache, now: int, stale: Stale) -> None:
        self.cache = cache
        self.db = cache.db
        self.now = now
        self.stale = stale
        self.db.create_function("is_meant", 1, self._is_meant)
        self._judge: Callable[[str], bool] = bool

    @property
    def problems(self) -> list[str]:
        """What could not be read in the files of memories and outcomes, one line each."""
        names = sorted(name for name in self.cache.state if name.startswith("problems:"))
        texts = map(self.cache.text, names)
        return [line for text in texts if text for line in text.split("\n")]

    @property
    def warnings(self) -> list[str]:
        """The same for a reader: one line, which does not grow with the damage."""
        found = self.problems
        more = f"; and {len(found) - 3} more (bd doctor lists them)" if found[3:] else ""
        return [f"{'; '.join(found[:3])}{more}"] if found else []

    @property
    def known(self) -> int:
        """How many memories there are, those that stay out of answers too."""
        return int(self.cache.state["known"])

    # Rows.

    def listed(
        self, only: MemoryFilter = EVERYWHERE, limit: int = 0, order: str = "key"
    ) -> FoundMemory:
        """The memories that are meant; `order` is one of ORDERS, limit 0 is none."""
        late = only.stale or order == "trust"  # neither is known to the tables
        condition = self.where(only)
        sql = f"SELECT {_ROW} {_FROM} WHERE {condition.sql} ORDER BY {ORDERS[order]} LIMIT ?"
        most = -1 if late or limit <= 0 else limit
        rows = self._rows(self.db.execute(sql, (*condition.values, most)).fetchall())
        if late:
            rows = [row for row in rows if row.stale or not only.stale]
        if order == "trust":
            rows.sort(key=lambda row: (-row.trust.value, row.key))
        total = len(rows) if len(rows) != most else self._count(condition)
        hidden = 0
        if self.away and not (only.everything or only.state or late):
            hidden = self._count(self.where(only._replace(everything=True))) - total
        return FoundMemory(rows[:limit] if limit > 0 else rows, total, hidden)

    def _count(self, condition: MemoryCondition) -> int:
        sql = f"SELECT count(*) {_FROM} WHERE {condition.sql}"
        return int(self.db.execute(sql, condition.values).fetchone()[0])

    def rows(self, numbers: Sequence[int]) -> list[MemoryRow]:
        """The rows of these memories, in this order."""
        sql = f"SELECT {_ROW} {_FROM} WHERE m.n = ?"
        return self._rows([self.db.execute(sql, (n,)).fetchone() for n in numbers])

    def row(self, key: str) -> MemoryRow | None:
        """The memory of a key, wherever it was moved; None where there is none."""
        now = self.moved.get(safe(key), safe(key))
        sql = "SELECT n FROM memory WHERE key = ? AND shown AND status <> 'tombstone'"
        found = self.db.execute(sql, (now,)).fetchone()
        return self.rows([found[0]])[0] if found else None

    def line(self, n: int) -> bytes:
        """The record as it stands in its file."""
        return bytes(self.db.execute("SELECT line FROM line WHERE n = ?", (n,)).fetchone()[0])

    def content(self, n: int) -> str:
        """The whole text of a memory."""
        from tracker import json_text

        held = json_text.loads(self.line(n))
        text = held.get("content") if "content" in held else held.get("value")
        return text if isinstance(text, str) else ""

    def is_forgotten(self, key: str) -> bool:
        """Whether a tombstone is all there is under a key."""
        sql = "SELECT 1 FROM memory WHERE key = ? AND shown AND status = 'tombstone'"
        return self.db.execute(sql, (safe(key),)).fetchone() is not None

    def keys(self, prefix: str = "") -> list[str]:
        """The keys that begin with this, sorted."""
        sql = (
            "SELECT key FROM memory WHERE key >= ? AND key < ? AND shown "
            "AND status <> 'tombstone' ORDER BY key"
        )
        return [row[0] for row in self.db.execute(sql, (safe(prefix), safe(prefix) + LAST))]

    def _rows(self, found: Sequence[tuple[Any, ...]]) -> list[MemoryRow]:
        trusts = self.trusts([(one[1], one[-2], one[-1]) for one in found])
        return [self._row(one, trusts[one[1]]) for one in found]

    def _row(self, values: tuple[Any, ...], found: Trust) -> MemoryRow:
        *known, tags, verdict, origin, by, paths, _, _ = values
        stale = tuple(self.stale(files(paths))) if paths else ()
        row = MemoryRow._make((*known, _split(tags), verdict, origin, by, found, stale, "", None))
        return row._replace(
            private=bool(row.private),
            pinned=bool(row.pinned),
            kept=bool(row.kept),
            why=self._why(row),
        )

    def is_over(self, row: MemoryRow) -> bool:
        """Whether the time has passed until when a memory holds."""
        return row.expires != 0 and row.expires <= self.now

    def _why(self, row: MemoryRow) -> str:
        if row.status == "archived":
            return "archived"
        if self.is_over(row):
            return "expired"
        if row.key in self.superseded:
            return "superseded"
        return "doubted" if row.trust.is_doubted else ""

    # Trust.

    def trusts(self, wanted: Iterable[tuple[str, float, str]]) -> dict[str, Trust]:
        """By key, how far each memory is trusted; given with its prior and its content's digest."""
        given = {key: (prior, digest) for key, prior, digest in wanted}
        called = {key: key for key in given}
        called |= {old: new for old, new in self.moved.items() if new in given}
        votes: dict[str, list[Vote]] = {}
        credits: dict[str, list[int]] = {}
        for names in _some(list(called)):
            marks = ",".join("?" * len(names))
            for old, of, *vote in self.db.execute(
                "SELECT key, of, verdict, weight, at, about, by, id FROM outcome "
                f"WHERE counts AND key IN ({marks})",
                names,
            ):
                key = called[old]
                share = 1.0 if of in {"", given[key][1]} else ELSEWHERE
                votes.setdefault(key, []).append(Vote._make((*vote, share)))
            sql = f"SELECT key, at FROM worth WHERE key IN ({marks})"
            for old, at in self.db.execute(sql, names):
                credits.setdefault(called[old], []).append(at)
        judged = votes.keys() | credits.keys()
        return {
            key: trust(prior, votes.get(key, ()), credits.get(key, ()), self.now)
            if key in judged
            else Trust(prior, prior)
            for key, (prior, _) in given.items()
        }

    @cached_property
    def moved(self) -> dict[str, str]:
        """Every key that was moved, and where its memory is now."""
        sql = "SELECT key, moved_to FROM memory WHERE moved_to <> '' AND shown AND status = ?"
        step = dict(self.db.execute(sql, ("tombstone",)))
        return {key: _end(key, step) for key in step}

    @cached_property
    def superseded(self) -> dict[str, list[str]]:
        """The keys that live memories take the place of, each with those that do."""
        live: dict[str, tuple[int, list[str]]] = {}
        sql = (
            "SELECT m.key, m.updated, i.key FROM instead i JOIN memory m USING(n) "
            "WHERE m.shown AND m.status NOT IN ('tombstone', 'archived') "
            "AND (m.expires = 0 OR m.expires > ?)"
        )
        for key, updated, other in self.db.execute(sql, (self.now,)):
            live.setdefault(key, (updated, []))[1].append(self.moved.get(other, other))
        return superseded(live)

    @cached_property
    def away(self) -> str:
        """The numbers of what stays out of answers, with commas between them."""
        sql = (
            "SELECT n FROM memory WHERE (status = 'archived' OR expires <> 0) AND shown "
            "AND status <> 'tombstone' AND (status = 'archived' OR expires <= ?)"
        )
        found = {row[0] for row in self.db.execute(sql, (self.now,))}
        for keys in _some(sorted(self.superseded)):
            marks = ",".join("?" * len(keys))
            sql = f"SELECT n FROM memory WHERE key IN ({marks}) AND shown AND status <> 'tombstone'"
            found |= {row[0] for row in self.db.execute(sql, keys)}
        return ",".join(map(str, sorted(found)))

    # Conditions.

    def where(self, only: MemoryFilter) -> MemoryCondition:
        """The condition that holds for what is meant; the table is `memory m`."""
        terms: list[_Term] = [(f"m.shown AND {self._state(only.state)}", ())]
        terms += self._named(only)
        terms += self._sorted(only)
        if not (only.everything or only.state):
            terms.append((f"m.n NOT IN ({self.away})", ()))
        values = tuple(value for _, given in terms for value in given)
        return MemoryCondition(" AND ".join(sql for sql, _ in terms), values)

    def _state(self, state: str) -> str:
        if state == "deleted":
            return "m.status = 'tombstone'"
        live = "m.status <> 'tombstone'"
        if state == "archived":
            return f"{live} AND m.status = 'archived'"
        if state == "expired":
            over = f"m.expires <> 0 AND m.expires <= {self.now}"
            return f"{live} AND m.status <> 'archived' AND {over}"
        return live

    def _named(self, only: MemoryFilter) -> Iterator[_Term]:
        """What is asked of the key."""
        if only.prefix:
            yield "m.key >= ? AND m.key < ?", (safe(only.prefix), safe(only.prefix) + LAST)
        if only.is_meant is not None:
            self._judge = only.is_meant
            yield "is_meant(m.key)", ()

    def _sorted(self, only: MemoryFilter) -> Iterator[_Term]:
        """What is asked of everything else."""
        if only.kinds:
            yield f"m.kind IN ({','.join('?' * len(only.kinds))})", tuple(map(safe, only.kinds))
        if only.besides:
            yield f"m.kind NOT IN ({','.join('?' * len(only.besides))})", only.besides
        for tag in only.tags:
            yield "EXISTS (SELECT 1 FROM tag t WHERE t.n = m.n AND t.tag = ?)", (safe(tag),)
        if only.issue:
            given = [self.moved.get(safe(key), safe(key)) for key in only.given]
            marks = ",".join("?" * len(given))
            sql = "EXISTS (SELECT 1 FROM about a WHERE a.n = m.n AND a.issue = ?)"
            yield f"({sql} OR m.key IN ({marks}))", (safe(only.issue), *given)
        if only.pinned:
            yield "m.pinned", ()
        if only.kept:
            yield "m.kept", ()
        if only.stale:
            yield "m.paths <> ''", ()
        if only.after:
            yield "m.updated > ?", (only.after,)
        if only.before:
            yield "m.updated < ? AND m.updated <> 0", (only.before,)

    def _is_meant(self, key: str) -> bool:
        return self._judge(key)


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split("\x1f")) if text else ()


def files(text: str) -> list[tuple[str, str]]:
    """Files with their blob ids, out of a page."""
    parts = text.split("\x1f") if text else []
    return list(zip(parts[::2], parts[1::2], strict=True))


def _some(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """The values in portions that one statement can take."""
    return (values[at : at + MANY] for at in range(0, len(values), MANY))


def _end(key: str, step: dict[str, str]) -> str:
    """Where a chain of moves ends; in a circle nowhere else."""
    seen: set[str] = set()
    at = key
    while at in step:
        if at in seen:
            return key
        seen.add(at)
        at = step[at]
    return at


def count(at: MemoryQueries) -> int:
    """Of how many memories merges kept other values."""
    return sum(row.kept for row in disputed(at))


def disputed(at: MemoryQueries) -> list[MemoryRow]:
    """The memories that may have something to settle, forgotten or moved ones too, by key."""
    live, gone = MemoryFilter(kept=True, everything=True), MemoryFilter(state="deleted")
    rows = [*at.listed(live).rows, *at.listed(gone).rows]
    return sorted((row for row in rows if row.kept or row.head), key=lambda row: row.key)
