"""Questions in a language: `bd query` in a small one of its own, `bd sql` in that of SQLite."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import click

from tracker.cli.command import command, pass_session
from tracker.cli.filters import limit_of, limited, ordered, say_limit
from tracker.cli.fragments import parent
from tracker.cli.plain import one_line
from tracker.errors import Invalid, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker.cli.session import Session

_READING = frozenset({
    sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE,
})  # fmt: skip
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR})


@command(
    "query",
    examples=[
        "bd query 'status=open AND priority<=1'",
        "bd query '(type=bug OR label=urgent) AND NOT assignee=none' --sort updated",
        "bd query 'updated<30d AND status=open,in_progress' --json",
    ],
)
@click.argument("words", nargs=-1, required=True, metavar="EXPRESSION")
@click.option("-a", "--all", "everything", is_flag=True, help="Closed ones too")
@limited("50")
@ordered
@click.option("--long", is_flag=True, help="Several lines for each issue")
@click.option("--parse-only", is_flag=True, help="Only say how the expression is understood")
@pass_session
def query(session: Session, /, words: tuple[str, ...], **given: Any) -> None:
    """Find issues by an expression; closed ones only where it speaks of status or closed.

    Fields: status, type, priority, assignee, owner, label, parent, id, spec, title, description,
    notes, created, updated, closed, due, defer, pinned, ephemeral, template, mol_type,
    external_ref. Comparisons: = != > >= < <=, joined by AND, OR, NOT and parentheses. "none" is an
    empty field, "7d" is seven days ago, several values mean any of them, and text fields are
    compared by containing the text.
    """
    from tracker.cli import render
    from tracker.cli.dates import when
    from tracker.conditions import condition
    from tracker.expression import fields, parse, spelled
    from tracker.query import Filter

    now = session.clock()
    asked = parse(" ".join(words), lambda text: when(text, now, "date"))
    if given["parse_only"]:
        text = spelled(asked)
        session.emit({"query": text}) if session.json else session.say(text)
        return
    about = fields(asked)
    filter = Filter(
        hide_tombstones="status" not in about,
        hide_closed=not given["everything"] and not about & {"status", "closed"},
    )
    answers = session.tracker.answers
    limit = limit_of(session, given["limit"], 50)
    page = answers.found(
        condition(asked), filter, given["sort"] or "", limit, back=given["reverse"]
    )
    if session.json:
        session.emit_raw(answers.objects(page.rows, extra=parent), total=page.total)
    elif not page.rows:
        session.say("No issues found matching query")
    else:
        session.say(f"Found {render.counted(page)}:")
        session.say("\n".join(map(render.long if given["long"] else render.line, page.rows)))
        say_limit(session, page)


@command(
    "sql",
    examples=[
        'bd sql "SELECT id, title FROM issues WHERE priority = 0"',
        'bd sql "SELECT status, count(*) AS n FROM issues GROUP BY status" --json',
    ],
)
@click.argument("query")
@click.option("--csv", "as_csv", is_flag=True, help="As comma-separated values")
@pass_session
def sql(session: Session, /, query: str, as_csv: bool) -> None:
    """Ask the cache by SQL; `bd info --schema` names what can be read.

    Only SELECT: the cache follows the log, and what is written there would be lost.
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
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED:
            raise  # it is the file, not the question
        if refused:
            raise Refused(
                "bd sql only reads: what is written into the cache would be lost",
                hint="bd update ID changes an issue",
            ) from None
        raise Invalid(f"SQL: {error}", hint="bd info --schema names what can be read") from None
    finally:
        db.set_authorizer(None)


def _plain(cell: Any) -> Any:
    return cell.decode("utf-8", "replace") if isinstance(cell, bytes) else cell


def _csv(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    import csv
    import io

    from tracker.cli.plain import printable

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([printable(c) if isinstance(c, str) else c for c in row] for row in rows)
    return text.getvalue()
