"""Ranked full-text search over memories, with highlights."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from tracker.cache.database import safe
from tracker.cache.memories.queries import EVERYWHERE, LAST, FoundMemory, MemoryFilter, files
from tracker.cache.memories.tokens import match, match_pairs, phrase, terms
from tracker.memory import ranking
from tracker.memory.ranking import RecallCandidate, lexical, ranked

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from tracker.cache.memories.queries import MemoryCondition, MemoryQueries, MemoryRow
    from tracker.memory.ranking import Rel
    from tracker.memory.trust import Trust


KINDS = ("pitfall", "pattern", "procedure", "preference", "decision")
"""Kinds that keep work from going wrong: each has the share that all the others have together."""
LOOKED = 60  # memories of a kind that are looked at, the latest ones


class Highlights(NamedTuple):
    """The memories to name, best first, and by kind how many there are that may be named.

    `doubted` counts those that verdicts are against: they are no advice.
    """

    rows: Sequence[MemoryRow]
    held: Counter[str]
    doubted: int


def is_trace(row: MemoryRow) -> bool:
    """Whether a hook noted it, for whoever restores a session: it helps with no task."""
    return row.kind == "log" and row.origin == "tool"


def highlights(at: MemoryQueries, subject: str, most: int) -> Highlights:
    """So many memories at most: pinned ones, then what answers the subject, or the best."""
    doubted = _doubted(at)
    rows = at.listed(MemoryFilter(pinned=True), most).rows
    rows += search(at, subject, limit=most).rows if subject else _shared(at)
    by_key = {row.key: row for row in rows if not (row.trust.is_doubted or is_trace(row))}
    held = _kinds(at)
    held.subtract(row.kind for row in doubted)
    return Highlights(list(by_key.values())[:most], +held, len(doubted))


def _kinds(at: MemoryQueries) -> Counter[str]:
    condition = at.where(EVERYWHERE)
    sql = f"SELECT m.kind, count(*) FROM memory m WHERE {condition.sql} GROUP BY m.kind"
    return Counter(dict(at.db.execute(sql, condition.values)))


def _doubted(at: MemoryQueries) -> list[MemoryRow]:
    """What verdicts are against, among all that may be named."""
    sql = "SELECT DISTINCT key FROM outcome WHERE counts AND verdict <> 'success'"
    judged = {at.moved.get(key, key) for (key,) in at.db.execute(sql)}
    if not judged:
        return []
    rows = at.listed(MemoryFilter(is_meant=judged.__contains__)).rows
    return [row for row in rows if row.trust.is_doubted]


def _shared(at: MemoryQueries) -> list[MemoryRow]:
    """The best by trust, age and files that changed: of each kind one, then another of each."""
    rows = at.listed(MemoryFilter(besides=KINDS), LOOKED, "updated").rows
    for kind in KINDS:
        rows += at.listed(MemoryFilter(kinds=(kind,)), LOOKED, "updated").rows
    seen: Counter[str] = Counter()
    rounds = []
    for row in _best(rows, at.now):
        share = row.kind if row.kind in KINDS else ""
        rounds.append((seen[share], row))
        seen[share] += 1
    return [row for _, row in sorted(rounds, key=lambda one: one[0])]


def _best(rows: Iterable[MemoryRow], now: int) -> list[MemoryRow]:
    """Memories by what is known of them alone."""
    by_key = {row.key: row for row in rows}
    candidates = [
        RecallCandidate(
            key=row.key,
            kind=row.kind,
            since=max(row.updated, row.verified, row.trust.last),
            trust=row.trust.ranking,
            pinned=row.pinned,
            stale=bool(row.stale),
        )
        for row in by_key.values()
    ]
    order = ranked(candidates, "", now, lambda found: [1.0] * len(found))
    return [by_key[one.key] for one in order]


_LONGEST = 200  # characters of a question that may be a key
_SOME = 100  # keys of each sort that may have been meant
_SHORTEST = 3  # characters of a term that is looked for within words


class _Part(NamedTuple):
    """What scoring needs of a memory."""

    n: int
    key: str
    kind: str
    since: int
    prior: float
    pinned: int
    status: str
    digest: str
    paths: str
    bm25: float


_PART = (
    "m.n, m.key, m.kind, max(m.updated, m.verified), m.prior, m.pinned, m.status, m.digest, m.paths"
)
_BM25 = "bm25(word, 3, 3, 2, 2, 1, 0.3)"
"""With the weights of the columns; the last holds parts of names, files, issues, and kept texts.

The setting of the table itself would do, but a look by it takes half as long again.
"""
_EVERYTHING = EVERYWHERE._replace(everything=True)
_TEXT = "w.key || ' ' || w.title || ' ' || w.description || ' ' || w.tags || ' ' || w.content"


def search(
    at: MemoryQueries,
    question: str,
    only: MemoryFilter = EVERYWHERE,
    limit: int = 10,
    rel: Rel = lexical,
) -> FoundMemory:
    """What answers a question, best first. Any text is a question; limit 0 is none.

    What is archived, expired or superseded is counted as hidden, unless `only` asks for everything.
    What is doubted stays, with its trust beside it: few verdicts are no reason to keep a text back.
    """
    asked = terms(question)
    holding = {term: _holding(at, term) for term in asked}
    told = ranking.telling(asked, holding)
    condition = at.where(only)
    parts = {part.n: part for part in _named(at, question, condition)}
    parts |= {part.n: part for part in _pool(at, told, only)}
    if not parts:
        parts = {part.n: part for part in _within(at, asked, condition)}
    numbers = {part.key: part.n for part in parts.values()}
    shares, pairs = _coverage(at, told, parts, holding), _pairs(at, told)
    trusts = at.trusts([(part.key, part.prior, part.digest) for part in parts.values()])
    candidates = [
        _candidate(at, one, (pairs.get(one.n, 0.0), shares[one.n]), trusts[one.key])
        for one in parts.values()
    ]
    found = ranking.strong(ranking.ranked(candidates, question, at.now, rel))
    ranked = {numbers[one.key]: one for one in (found[:limit] if limit > 0 else found)}
    rows = [row._replace(ranked=ranked[row.n]) for row in at.rows(list(ranked))]
    beyond, hidden = _unseen(at, told, only, len(parts))
    return FoundMemory(rows, len(found) + beyond, hidden, tuple(holding.items()))


def _unseen(
    at: MemoryQueries, told: Sequence[str], only: MemoryFilter, seen: int
) -> tuple[int, int]:
    """How many memories match beyond those that were scored, and how many that stay out."""
    if not told:
        return 0, 0
    is_full = seen >= ranking.POOL
    keeps_out = bool(at.away) and not (only.everything or only.state)
    found = _count(at, told, only) if is_full or keeps_out else seen
    hidden = 0
    if keeps_out:
        hidden = _count(at, told, only._replace(everything=True)) - found
    return max(0, found - ranking.POOL) if is_full else 0, hidden


def _holding(at: MemoryQueries, term: str) -> int:
    """How many memories hold a term."""
    sql = "SELECT count(*) FROM word WHERE word MATCH ?"
    return int(at.db.execute(sql, (phrase(term),)).fetchone()[0])


def _pool(at: MemoryQueries, told: Sequence[str], only: MemoryFilter) -> list[_Part]:
    """The best by words alone."""
    if not told:
        return []
    meant, values = _meant(at, only)
    sql = (
        f"SELECT {_PART}, s.near FROM (SELECT w.rowid AS n, -{_BM25} AS near FROM word w "
        f"WHERE w.word MATCH ?{meant} ORDER BY near DESC, n LIMIT ?) s "
        "JOIN memory m ON m.n = s.n"
    )
    return [_Part(*row) for row in at.db.execute(sql, (match(told), *values, ranking.POOL))]


def _meant(at: MemoryQueries, only: MemoryFilter) -> tuple[str, tuple[Any, ...]]:
    """What limits a look into the index; it holds what is shown, and nothing that was forgotten."""
    if only == EVERYWHERE:
        return (f" AND +w.rowid NOT IN ({at.away})" if at.away else ""), ()
    if only == _EVERYTHING:
        return "", ()
    condition = at.where(only)
    sql = f"SELECT m.n FROM memory m WHERE {condition.sql}"
    return f" AND +w.rowid IN ({sql})", condition.values


def _within(at: MemoryQueries, asked: Sequence[str], condition: MemoryCondition) -> list[_Part]:
    """Where no word answers: what holds the terms as parts of words."""
    long = [term for term in asked if len(term) >= _SHORTEST][: ranking.TERMS]
    if not long:
        return []
    holds = " + ".join([f"(instr(lower({_TEXT}), ?) > 0)"] * len(long))
    sql = (
        f"SELECT {_PART}, {holds} AS held FROM word w JOIN memory m ON m.n = w.rowid "
        f"WHERE held > 0 AND {condition.sql} "
        "ORDER BY held DESC, m.key LIMIT ?"
    )
    values = (*map(safe, long), *condition.values, ranking.POOL)
    return [_Part(*values) for values in at.db.execute(sql, values)]


def _named(at: MemoryQueries, question: str, condition: MemoryCondition) -> list[_Part]:
    """Those whose key is the question, or begins with it."""
    asked = ranking.key_of(question)
    if not asked or len(asked) > _LONGEST:
        return []
    sql = (
        f"SELECT {_PART}, 0.0 FROM memory m "
        f"WHERE m.key >= ? AND m.key < ? AND {condition.sql} ORDER BY m.key LIMIT ?"
    )
    values = (safe(asked), safe(asked) + LAST, *condition.values, ranking.POOL)
    return [_Part(*values) for values in at.db.execute(sql, values)]


def _count(at: MemoryQueries, told: Sequence[str], only: MemoryFilter) -> int:
    """How many of the memories that are meant match."""
    meant, values = _meant(at, only)
    sql = f"SELECT count(*) FROM word w WHERE w.word MATCH ?{meant}"
    return int(at.db.execute(sql, (match(told), *values)).fetchone()[0])


def _coverage(
    at: MemoryQueries, told: Sequence[str], numbers: Iterable[int], holding: dict[str, int]
) -> dict[int, float]:
    """The share of the question's terms that each of these memories holds, by weight."""
    weights = {term: ranking.weight(at.known, count) for term, count in holding.items()}
    held = dict.fromkeys(numbers, 0.0)
    among = ",".join(map(str, held))
    for term in told:
        # The plus keeps SQLite from starting a search for each number.
        sql = f"SELECT rowid FROM word WHERE word MATCH ? AND +rowid IN ({among})"
        for (n,) in at.db.execute(sql, (phrase(term),)):
            held[n] += weights[term]
    total = sum(weights.values()) or 1.0
    return {n: weight / total for n, weight in held.items()}


def _pairs(at: MemoryQueries, told: Sequence[str]) -> dict[int, float]:
    """How well memories match pairs of terms that follow each other."""
    wanted = match_pairs(told)
    if not wanted:
        return {}
    return dict(at.db.execute(f"SELECT rowid, -{_BM25} FROM word WHERE word MATCH ?", (wanted,)))


def _candidate(
    at: MemoryQueries, part: _Part, words: tuple[float, float], trust: Trust
) -> RecallCandidate:
    return RecallCandidate(
        part.key,
        part.kind,
        part.bm25,
        *words,
        max(part.since, trust.last),
        trust.ranking,
        bool(part.pinned),
        bool(part.paths and at.stale(files(part.paths))),
        part.status == "archived",
    )


def near(at: MemoryQueries, key: str) -> list[str]:
    """Keys among which one may be that was meant: of the same words, place or beginning."""
    asked = key.strip()
    found = at.keys(asked)[:_SOME]
    words = match(terms(asked))
    if words:
        sql = f"SELECT key FROM word WHERE word MATCH ? ORDER BY {_BM25} LIMIT ?"
        wanted = f"key : ({words})"
        found += [row[0] for row in at.db.execute(sql, (wanted, _SOME))]
    place = asked.rpartition("/")[0]
    found += at.keys(f"{place}/" if place else asked[:2])[:_SOME]
    return list(dict.fromkeys(found))
