"""Commands that find issues by what they say, and that count them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tracker.cli import render
from tracker.cli.command import command, pass_session
from tracker.cli.filters import chosen, filtered, limit_of, limited, ordered, say_limit
from tracker.cli.fragments import parent
from tracker.cli.plain import one_line

if TYPE_CHECKING:
    from tracker.answers import Row
    from tracker.cli.session import Session


@command(
    "search",
    examples=['bd search "login page"', "bd search timeout --status open --type bug --json"],
)
@click.argument("words", nargs=-1, metavar="QUERY")
@click.option("--query", metavar="TEXT", help="The text, where it begins with a dash")
@filtered(
    "status", "type", "priority", "assignee", "no_assignee", "label", "label_any", "exclude_label",
    "no_labels", "exclude_type", "priority_min", "priority_max", "desc_contains", "notes_contains",
    "empty_description", "spec", "times", "parent",
)  # fmt: skip
@limited("50")
@ordered
@click.option("--all", "everything", is_flag=True, help="Archived ones too")
@click.option("--long", is_flag=True, help="Several lines for each issue")
@pass_session
def search(session: Session, /, words: tuple[str, ...], query: str | None, **given: Any) -> None:
    """Find issues by a text in their title, description or id; closed ones too."""
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
    session.say(f"Found {render.counted(page)} matching '{wanted}':")
    if given["long"]:
        session.say()
    if session.terminal is not None and not given["long"]:
        from tracker.cli import tables

        session.say(tables.issues(session.terminal, page.rows), styled=True)
    else:
        session.say("\n".join(map(render.long if given["long"] else render.found, page.rows)))
    say_limit(session, page)


DAY = 86_400_000_000_000  # nanoseconds


@command(
    "stale",
    examples=["bd stale", "bd stale --days 14 --status in_progress", "bd stale -d 7 --json"],
)
@click.option(
    "-d", "--days", default=30, type=click.IntRange(min=0), metavar="N", help="So long  [30]"
)
@filtered("status", "assignee", "label", "type")
@limited("50")
@pass_session
def stale(session: Session, /, days: int, **given: Any) -> None:
    """List issues that are not done and that nobody has touched for long, the oldest first."""
    from tracker.query import Span

    now = session.clock()
    filter = chosen(session, given, hide_closed=True, updated=Span(before=max(now - days * DAY, 1)))
    answers = session.tracker.answers
    page = answers.listed(filter, "updated", limit_of(session, given["limit"], 50), back=True)
    if session.json:
        session.emit_raw(answers.objects(page.rows, edges=False, extra=parent), total=page.total)
    elif not page.rows:
        session.say("\n✨ No stale issues found (all active)\n")
    else:
        count = f"{len(page.rows)} of {page.total}" if len(page.rows) < page.total else page.total
        session.say(f"\n⏰ Stale issues ({count} not updated in {days}+ days):\n")
        rows = (_aged(number, row, now) for number, row in enumerate(page.rows, 1))
        session.say("\n".join(rows))
        say_limit(session, page)


def _aged(number: int, row: Row, now: int) -> str:
    from tracker.times import instant

    days = max(now - instant(row.updated_at), 0) // DAY
    lines = [f"{number}. [● P{row.priority}] {render.compact(row)}"]
    lines.append(f"   Status: {one_line(row.status)}, Last updated: {days} days ago")
    if row.assignee:
        lines.append(f"   Assignee: {one_line(row.assignee)}")
    return "\n".join([*lines, ""])


GROUPS = ("status", "priority", "type", "assignee", "label")


def _groupings(function: Any) -> Any:
    for by in reversed(GROUPS):
        help = f"How many for each {by}"
        function = click.option(f"--by-{by}", f"by_{by}", is_flag=True, help=help)(function)
    return function


@command(
    "count",
    examples=["bd count --status open", "bd count --by-status", "bd count --by-label --json"],
)
@filtered(
    "status", "type", "priority", "assignee", "no_assignee", "label", "label_any", "exclude_label",
    "no_labels", "exclude_type", "priority_min", "priority_max", "id", "title", "desc_contains",
    "notes_contains", "empty_description", "spec", "times", "overdue", "deferred", "pinned",
    "parent", "no_parent",
)  # fmt: skip
@_groupings
@pass_session
def count(session: Session, /, **given: Any) -> None:
    """Count issues, closed ones too; with --by-... for each group."""
    from tracker.where import where

    by = [name for name in GROUPS if given[f"by_{name}"]]
    if len(by) > 1:
        raise click.UsageError(f"only one of {', '.join(f'--by-{name}' for name in by)} at a time")
    answers = session.tracker.answers
    filter = chosen(session, given)
    total = answers.count(where(filter, answers.at))
    if not by:
        session.emit({"count": total}) if session.json else session.say(str(total))
        return
    groups = sorted(
        (render.group(by[0], value), count) for value, count in answers.grouped(filter, by[0])
    )
    if session.json:
        listed = [{"group": name, "count": count} for name, count in groups]
        session.emit({"total": total, "groups": listed})
    else:
        session.say(f"Total: {total}\n")
        session.say("\n".join(f"{name}: {count}" for name, count in groups))
