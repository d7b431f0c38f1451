"""Counts for `stats`, `count` and epics."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tracker.cache.issues.queries import BLOCKED, ROW, row_of
from tracker.cache.issues.sql import SqlCondition, where

if TYPE_CHECKING:
    from typing import Any

    from tracker.cache.issues.queries import IssueQueries, IssueRow
    from tracker.issues.filters import Filter, Moment
    from tracker.issues.lifecycle import Progress


HOUR = 3_600_000_000_000  # nanoseconds


class Totals(NamedTuple):
    """Counts of issues. Without the deleted, except in `tombstone`; `lead` is in hours.

    A deferred issue whose time has passed counts as open. `ready` and `blocked` are what `bd ready`
    and `bd blocked` list. `eligible` are open epics all of whose children are done.
    """

    total: int
    statuses: dict[str, int]
    open: int
    in_progress: int
    closed: int
    deferred: int
    ready: int
    blocked: int
    tombstone: int
    pinned: int
    eligible: int
    lead: float


def totals(answers: IssueQueries, filter: Filter) -> Totals:
    """The counts of the issues that a filter accepts."""
    at = answers.at
    statuses = dict(_by_status(answers, filter))
    tombstone = statuses.pop("tombstone", 0)
    past = answers.how_many(
        SqlCondition("i.status = 'deferred' AND i.defer <> 0 AND i.defer <= ?", (at.now,)), filter
    )
    return Totals(
        total=sum(statuses.values()),
        statuses=statuses,
        open=statuses.get("open", 0) + past,
        in_progress=statuses.get("in_progress", 0),
        closed=sum(count for status, count in statuses.items() if status in at.closing),
        deferred=statuses.get("deferred", 0) - past,
        ready=answers.how_many(answers.is_ready(filter), filter),
        blocked=answers.how_many(BLOCKED, filter),
        tombstone=tombstone,
        pinned=answers.how_many(SqlCondition("(i.pinned OR i.status = 'pinned')", ()), filter),
        eligible=_eligible(answers, filter),
        lead=_lead(answers, filter),
    )


def _by_status(answers: IssueQueries, filter: Filter) -> list[tuple[str, int]]:
    condition = where(filter._replace(hide_tombstones=False), answers.at)
    return answers.db.execute(
        f"SELECT i.status, count(*) FROM issue i WHERE {condition.sql} "
        "GROUP BY i.status ORDER BY i.status",
        condition.values,
    ).fetchall()


def _eligible(answers: IssueQueries, filter: Filter) -> int:
    closing = sorted(answers.at.closing)
    marks = ",".join("?" * len(closing))
    child = "SELECT 1 FROM issue c WHERE c.parent = i.id AND c.parent <> '' AND c.status"
    epics = SqlCondition(
        f"i.issue_type = 'epic' AND i.status NOT IN ({marks}) "
        f"AND EXISTS ({child} <> 'tombstone') AND NOT EXISTS ({child} NOT IN ({marks}))",
        (*closing, *closing),
    )
    return answers.how_many(epics, filter)


def epics(answers: IssueQueries, *, complete: bool = False) -> list[tuple[IssueRow, Progress]]:
    """The epics that are not done (or only the complete ones), most urgent first."""
    from tracker.issues.lifecycle import Progress

    closing = sorted(answers.at.closing)
    marks = ",".join("?" * len(closing))
    child = "SELECT count(*) FROM issue c WHERE c.parent = i.id AND c.parent <> '' AND c.status"
    found = answers.db.execute(
        f"SELECT {ROW}, ({child} <> 'tombstone'), "
        f"({child} <> 'tombstone' AND c.status IN ({marks})) FROM issue i "
        f"WHERE i.issue_type = 'epic' AND i.status NOT IN ({marks}) "
        "ORDER BY i.priority, i.created, i.id",
        (*closing, *closing),
    )
    every = [(row_of(values[:-2]), Progress(*values[-2:])) for values in found]
    return [(row, how) for row, how in every if how.is_complete or not complete]


def _lead(answers: IssueQueries, filter: Filter) -> float:
    """Hours from creation to closing, on average; 0 where nothing was closed."""
    closing = sorted(answers.at.closing - {"tombstone"})
    closed = SqlCondition(
        f"i.status IN ({','.join('?' * len(closing))}) AND i.closed > 0 AND i.created > 0",
        tuple(closing),
    )
    condition = _also(closed, filter, answers.at)
    found = answers.db.execute(
        f"SELECT avg(i.closed - i.created) FROM issue i WHERE {condition.sql}",
        condition.values,
    ).fetchone()[0]
    return round((found or 0) / HOUR, 2)


def lives(answers: IssueQueries, filter: Filter) -> list[tuple[int, int]]:
    """When each accepted issue was made and when it was closed, 0 while it is not."""
    closing = sorted(answers.at.closing)
    condition = where(filter, answers.at)
    return answers.db.execute(
        f"SELECT i.created, CASE WHEN i.status IN ({','.join('?' * len(closing))}) "
        "THEN CASE WHEN i.closed > 0 THEN i.closed ELSE max(i.updated, 1) END ELSE 0 END "
        f"FROM issue i WHERE {condition.sql}",
        (*closing, *condition.values),
    ).fetchall()


def _also(condition: SqlCondition, filter: Filter, at: Moment) -> SqlCondition:
    more = where(filter, at)
    return SqlCondition(f"({condition.sql}) AND ({more.sql})", (*condition.values, *more.values))


def hidden(answers: IssueQueries, filter: Filter, *, deferred: bool = False) -> dict[str, int]:
    """Why issues that are not done are no part of `ready`, and how many for each reason.

    The reasons are `blocked` (as `bd blocked` lists them), `no work` (pinned, ephemeral, template),
    `deferred`, `kept` (types and ids of orchestrators), and statuses of work that has begun.
    """
    shown = answers.is_ready(filter, deferred=deferred)
    real = answers.is_ready(filter._replace(types=("any",)), deferred=deferred)
    accepted = where(filter._replace(hide_closed=True), answers.at)
    sql = (
        f"SELECT CASE WHEN {shown.sql} THEN 'ready' WHEN {real.sql} THEN 'kept' "
        "WHEN i.pinned OR i.ephemeral OR i.template OR i.status = 'pinned' THEN 'no work' "
        "WHEN i.n IN (SELECT n FROM blocked) THEN 'blocked' "
        "WHEN i.status NOT IN ('open', 'deferred') THEN i.status ELSE 'deferred' END AS why, "
        f"count(*) FROM issue i WHERE {accepted.sql} GROUP BY why ORDER BY why"
    )
    values: tuple[Any, ...] = (*shown.values, *real.values, *accepted.values)
    found: dict[str, int] = dict(answers.db.execute(sql, values).fetchall())
    found.pop("ready", None)
    return found
