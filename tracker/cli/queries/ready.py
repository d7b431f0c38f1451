"""`bd ready`: list issues that are ready to work on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import OneOf, command, ignored, pass_session
from tracker.cli.filter_options import chosen, filtered, limit_of, limited, say_limit
from tracker.cli.queries.listing import print_reasons
from tracker.model.timestamps import stamp
from tracker.render import issue_lines
from tracker.render.issue_json import member, parent
from tracker.text import one_line

if TYPE_CHECKING:
    from typing import Any

    from tracker.cache.issues.queries import IssueListPage, IssueQueries, IssueRow
    from tracker.cli.session import Session
    from tracker.issues.filters import Filter


def say_reclaimable(session: Session, filter: Filter, limit: int) -> None:
    """The issues of a filter whose lease is over; `bd update ID --claim` takes them."""
    over = {claim.id: claim for claim in session.tracker.reclaimable()}
    answers = session.tracker.answers
    page = answers.listed(filter._replace(ids=tuple(over)), "", limit)

    def claimed(row: IssueRow) -> str:
        claim = over[row.id]
        members = {"claimed_by": claim.actor, "lease_until": stamp(claim.until)}
        return parent(row) + "".join(member(name, value) for name, value in members.items())

    if session.json:
        session.emit_raw(answers.objects(page.rows, edges=False, extra=claimed), total=page.total)
        return
    if not page.rows:
        session.say("\n✨ No expired leases\n")
        return
    session.say(f"\n⏳ Expired leases ({issue_lines.counted(page)}):\n")
    for number, row in enumerate(page.rows, 1):
        claim = over[row.id]
        since = issue_lines.moment(stamp(claim.until))
        told = f"Claimed by {one_line(claim.actor)}, until {since} UTC"
        session.say(issue_lines.ranked(number, row, told))
    session.say(f"\nbd update {page.rows[0].id} --claim claims it\n")


# The orders of `tracker.issues.filters`, whose module need not be loaded for a word.
READY_SORTS = ("priority", "hybrid", "oldest")


@command(
    "ready",
    examples=[
        "bd ready",
        "bd ready --json --limit 5",
        "bd ready --assignee ann --type bug",
        "bd ready --explain bd-a1b2c",
    ],
)
@click.argument("id", required=False, metavar="[ID]")
@filtered(
    "priority", "assignee", "unassigned", "label", "label_any", "exclude_label", "type",
    "exclude_type", "under", "metadata_field",
)  # fmt: skip
@limited("10")
@click.option(
    "-s", "--sort", type=OneOf(READY_SORTS), metavar="BY",
    help="priority, oldest, or hybrid (newest first)  [priority]",
)  # fmt: skip
@click.option("--include-deferred", is_flag=True, help="Include deferred issues")
@click.option("--explain", is_flag=True, help="Explain why issues, or ID, are ready or not")
@click.option("--claim", is_flag=True, help="Claim the first unclaimed issue and show only it")
@click.option("--reclaim", is_flag=True, help="Show claimed issues with an expired lease instead")
@click.option("--pretty", is_flag=True, help="Show parents and children as trees")
@click.option("--plain", is_flag=True, help="Show numbered lines  [the default]")
@ignored("--gated", "--include-ephemeral")
@ignored("--mol", "--mol-type", value=True)
@pass_session
def ready(session: Session, /, id: str | None, **given: Any) -> None:
    """List issues ready to work on, most urgent first.

    An issue is ready if it is open, has no open blockers, and neither it nor a parent is deferred.
    """
    if id is not None:
        if not given["explain"]:
            raise click.UsageError("an ID needs --explain (bd show ID shows an issue)")
        print_reasons(session, id)
        return
    answers = session.tracker.answers
    filter = chosen(session, given)
    limit = limit_of(session, given["limit"], 10)
    if given["claim"]:
        _claim(session, filter, given["sort"] or "")
        return
    if given["reclaim"]:
        say_reclaimable(session, filter, limit)
        return
    page = answers.ready(filter, given["sort"] or "", limit, deferred=given["include_deferred"])
    if given["explain"]:
        from tracker.cli.queries.why import say_ready

        say_ready(session, page, filter, deferred=given["include_deferred"])
    elif session.json:
        session.emit_raw(answers.objects(page.rows, edges=False, extra=parent), total=page.total)
    else:
        _say_ready(session, page, filter, given)


def _claim(session: Session, filter: Filter, sort: str) -> None:
    from tracker.cli.claims import claim_next_ready, claimed
    from tracker.cli.issue_options import as_json

    issue = claim_next_ready(session, filter, sort)
    if session.json:
        session.emit_raw([as_json(issue)] if issue else [])
    else:
        session.say(claimed(issue))


def _say_ready(
    session: Session, page: IssueListPage, filter: Filter, given: dict[str, Any]
) -> None:
    answers = session.tracker.answers
    if not page.rows:
        session.say(f"\n✨ {_nothing(answers, filter)}\n")
    elif given["pretty"] and not given["plain"]:
        session.say("\n".join([*issue_lines.tree(page.rows), issue_lines.summary(page.rows)]))
    elif session.terminal is not None and not given["plain"]:
        from tracker.render import tables

        session.say(f"\n📋 Ready work ({issue_lines.counted(page)} with no blockers):\n")
        session.say(tables.issues(session.terminal, page.rows) + "\n", styled=True)
    else:
        count = issue_lines.counted(page)
        session.say(f"\n📋 Ready work ({count} with no blockers):\n")
        lines = (issue_lines.ranked(number, row) for number, row in enumerate(page.rows, 1))
        session.say("\n".join([*lines, ""]))
    circles = answers.cycles()
    if circles:
        session.say(issue_lines.circles(circles))
    say_limit(session, page)


def _nothing(answers: IssueQueries, filter: Filter) -> str:
    """Why nothing is ready, as far as that is known without looking at each issue."""
    from tracker.issues.filters import Filter as Everything

    live = answers.listed(filter._replace(hide_closed=True), limit=1).total
    if not live:
        asked = filter != Everything()
        return "No open issues that match" if asked else "No open issues"
    if answers.blocked(filter).total == live:
        return "No ready work found (all issues have blocking dependencies)"
    return "No ready work found (bd ready --explain says why)"
