"""`bd query`: find issues with the query language."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.cli.filter_options import limit_of, limited, ordered, say_limit
from tracker.render.issue_json import parent

if TYPE_CHECKING:
    from typing import Any

    from tracker.cli.session import Session

DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR})


@command(
    "query",
    examples=[
        "bd query 'status=open AND priority<=1'",
        "bd query '(type=bug OR label=urgent) AND NOT assignee=none' --sort updated",
        "bd query 'updated<30d AND status=open,in_progress' --json",
    ],
)
@click.argument("words", nargs=-1, required=True, metavar="EXPRESSION")
@click.option("-a", "--all", "everything", is_flag=True, help="Include closed issues")
@limited("50")
@ordered
@click.option("--long", is_flag=True, help="Show several lines for each issue")
@click.option("--parse-only", is_flag=True, help="Only show how the expression is parsed")
@pass_session
def query(session: Session, /, words: tuple[str, ...], **given: Any) -> None:
    """Find issues with a query expression.

    Closed issues match only if the expression names status or closed.

    Fields: status, type, priority, assignee, owner, label, parent, id, spec, title, description,
    notes, created, updated, closed, due, defer, pinned, ephemeral, template, mol_type,
    external_ref. Comparisons: = != > >= < <=, joined by AND, OR, NOT and parentheses. "none" is an
    empty field, "7d" is seven days ago, several values match any of them, and a text field matches
    if it contains the text.
    """
    from tracker.cache.issues.sql import condition
    from tracker.cli.dates import when
    from tracker.issues.filters import Filter
    from tracker.issues.query_language import fields, parse, spelled
    from tracker.render import issue_lines

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
        session.say(f"Found {issue_lines.counted(page)}:")
        session.say(
            "\n".join(map(issue_lines.long if given["long"] else issue_lines.line, page.rows))
        )
        say_limit(session, page)
