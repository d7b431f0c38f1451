"""`bd sql`: run a read-only SQL query on the cache."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.cli.queries.query import DAMAGED
from tracker.errors import Invalid, Refused
from tracker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from tracker.cli.session import Session


_READING = frozenset({
    sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE,
})  # fmt: skip


@command(
    "sql",
    examples=[
        'bd sql "SELECT id, title FROM issues WHERE priority = 0"',
        'bd sql "SELECT status, count(*) AS n FROM issues GROUP BY status" --json',
    ],
)
@click.argument("query")
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values")
@pass_session
def sql(session: Session, /, query: str, as_csv: bool) -> None:
    """Query the cache with SQL.

    `bd info --schema` lists its tables. Only SELECT is allowed: the cache is rebuilt from the log.
    """
    names, rows = _answer(session.tracker.answers.db, query)
    if session.json:
        session.emit([dict(zip(names, row, strict=True)) for row in rows])
    elif as_csv:
        session.write(_csv(names, rows))
    else:
        for row in [names, *rows]:
            session.say(" | ".join("" if cell is None else one_line(str(cell)) for cell in row))


def _answer(db: sqlite3.Connection, query: str) -> tuple[list[str], list[list[Any]]]:
    refused: list[int] = []

    def allow(action: int, *_: str | None) -> int:
        if action in _READING:
            return sqlite3.SQLITE_OK
        refused.append(action)
        return sqlite3.SQLITE_DENY

    db.set_authorizer(allow)
    try:
        found = db.execute(query)
        names = [column[0] for column in found.description or ()]
        return names, [[_plain(cell) for cell in row] for row in found]
    except (sqlite3.Error, sqlite3.Warning, UnicodeEncodeError) as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGED:
            raise  # it is the file, not the question
        if refused:
            raise Refused(
                "bd sql is read-only: changes to the cache would be lost",
                hint="bd update ID changes an issue",
            ) from None
        raise Invalid(f"SQL: {error}", hint="bd info --schema lists the tables") from None
    finally:
        db.set_authorizer(None)


def _plain(cell: Any) -> Any:
    return cell.decode("utf-8", "replace") if isinstance(cell, bytes) else cell


def _csv(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    import csv
    import io

    from tracker.text import printable

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([printable(c) if isinstance(c, str) else c for c in row] for row in rows)
    return text.getvalue()
