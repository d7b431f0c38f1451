"""Which memories to name before work begins: each kind has its share where nothing is asked."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from tracker.recall import Candidate, ranked
from tracker.recollection import EVERYWHERE, Only

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tracker.recollection import Recollection, Row

KINDS = ("pitfall", "pattern", "procedure", "preference", "decision")
"""Kinds that keep work from going wrong: each has the share that all the others have together."""
LOOKED = 60  # memories of a kind that are looked at, the latest ones


class Highlights(NamedTuple):
    """The memories to name, best first, and by kind how many there are that may be named.

    `doubted` counts those that verdicts are against: they are no advice.
    """

    rows: Sequence[Row]
    held: Counter[str]
    doubted: int


def is_trace(row: Row) -> bool:
    """Whether a hook noted it, for whoever restores a session: it helps with no task."""
    return row.kind == "log" and row.origin == "tool"


def highlights(at: Recollection, subject: str, most: int) -> Highlights:
    """So many memories at most: pinned ones, then what answers the subject, or the best."""
    from tracker.retrieval import search

    doubted = _doubted(at)
    rows = at.listed(Only(pinned=True), most).rows
    rows += search(at, subject, limit=most).rows if subject else _shared(at)
    by_key = {row.key: row for row in rows if not (row.trust.is_doubted or is_trace(row))}
    held = _kinds(at)
    held.subtract(row.kind for row in doubted)
    return Highlights(list(by_key.values())[:most], +held, len(doubted))


def _kinds(at: Recollection) -> Counter[str]:
    condition = at.where(EVERYWHERE)
    sql = f"SELECT m.kind, count(*) FROM memory m WHERE {condition.sql} GROUP BY m.kind"
    return Counter(dict(at.db.execute(sql, condition.values)))


def _doubted(at: Recollection) -> list[Row]:
    """What verdicts are against, among all that may be named."""
    sql = "SELECT DISTINCT key FROM outcome WHERE counts AND verdict <> 'success'"
    judged = {at.moved.get(key, key) for (key,) in at.db.execute(sql)}
    if not judged:
        return []
    rows = at.listed(Only(is_meant=judged.__contains__)).rows
    return [row for row in rows if row.trust.is_doubted]


def _shared(at: Recollection) -> list[Row]:
    """The best by trust, age and files that changed: of each kind one, then another of each."""
    rows = at.listed(Only(besides=KINDS), LOOKED, "updated").rows
    for kind in KINDS:
        rows += at.listed(Only(kinds=(kind,)), LOOKED, "updated").rows
    seen: Counter[str] = Counter()
    rounds = []
    for row in _best(rows, at.now):
        share = row.kind if row.kind in KINDS else ""
        rounds.append((seen[share], row))
        seen[share] += 1
    return [row for _, row in sorted(rounds, key=lambda one: one[0])]


def _best(rows: Iterable[Row], now: int) -> list[Row]:
    """Memories by what is known of them alone."""
    by_key = {row.key: row for row in rows}
    candidates = [
        Candidate(
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
