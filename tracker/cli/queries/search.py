"""`bd search`: find issues by text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.cli.filter_options import chosen, filtered, limit_of, limited, ordered, say_limit
from tracker.render import issue_lines
from tracker.render.issue_json import parent

if TYPE_CHECKING:
    from typing import Any

    from tracker.cli.session import Session


@command(
    "search",
    examples=['bd search "login page"', "bd search timeout --status open --type bug --json"],
)
@click.argument("words", nargs=-1, metavar="QUERY")
@click.option("--query", metavar="TEXT", help="Text to find, if it starts with a dash")
@filtered(
    "status", "type", "priority", "assignee", "no_assignee", "label", "label_any", "exclude_label",
    "no_labels", "exclude_type", "priority_min", "priority_max", "desc_contains", "notes_contains",
    "empty_description", "spec", "times", "parent",
)  # fmt: skip
@limited("50")
@ordered
@click.option("--all", "everything", is_flag=True, help="Include archived issues")
@click.option("--long", is_flag=True, help="Show several lines for each issue")
@pass_session
def search(session: Session, /, words: tuple[str, ...], query: str | None, **given: Any) -> None:
    """Search issues by title, description or id.

    Closed issues are searched too.
    """
    wanted = (query if query is not None else " ".join(words)).strip()
    if not wanted:
        raise click.UsageError("search query is required")
    if given["everything"]:
        session.tracker.open_archive()
    answers = session.tracker.answers
    filter = chosen(session, given, text=wanted)
    limit = limit_of(session, given["limit"], 50)
    page = answers.listed(filter, given["sort"] or "", limit, back=given["reverse"])
    if session.json:
        session.emit_raw(answers.objects(page.rows, edges=False, extra=parent), total=page.total)
        return
    if not page.rows:
        session.say(f"No issues found matching '{wanted}'")
        return
    session.say(f"Found {issue_lines.counted(page)} matching '{wanted}':")
    if given["long"]:
        session.say()
    if session.terminal is not None and not given["long"]:
        from tracker.render import tables

        session.say(tables.issues(session.terminal, page.rows), styled=True)
    else:
        session.say(
            "\n".join(map(issue_lines.long if given["long"] else issue_lines.found, page.rows))
        )
    say_limit(session, page)
