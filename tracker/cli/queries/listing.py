"""Print a list of issues, for `list` and `children`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker.cli.filter_options import chosen
from tracker.render import issue_lines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from tracker.cache.issues.queries import IssueListPage, IssueQueries, IssueRow
    from tracker.cli.session import Session
    from tracker.issues.filters import Filter


def listed_filter(session: Session, given: dict[str, Any]) -> Filter:
    """What `list` shows where nothing else is asked for: no closed ones, templates and gates."""
    everything = given["everything"] or "all" in (given["status"] or ())
    return chosen(
        session,
        given,
        hide_closed=not (everything or given["ids"] is not None),
        hide_templates=not given["include_templates"],
        hide_gates=not given["include_gates"] and "gate" not in (given["types"] or ()),
    )


def print_list(
    session: Session, answers: IssueQueries, page: IssueListPage, given: dict[str, Any]
) -> None:
    """Print a page of issues in the form that the options ask for."""
    rows = page.rows
    if given["form"]:
        session.say("\n".join(edges(answers, rows, given["form"])))
    elif not rows:
        if session.terminal is not None:
            session.note("no issues found (bd list --all includes closed ones; bd create TITLE)")
    elif given["tree"]:
        session.say("\n".join([*issue_lines.tree(rows), issue_lines.summary(rows)]))
    elif given["long"]:
        session.say(f"\nFound {issue_lines.counted(page)}:\n")
        session.say("\n".join(map(issue_lines.long, rows)))
    elif session.terminal is not None and not given.get("flat"):
        from tracker.render import tables

        relations = {row.id: relations_of(answers, row) for row in rows}
        session.say(tables.issues(session.terminal, rows, relations), styled=True)
    else:
        line = issue_lines.compact if session.is_agent else issue_lines.line
        session.say("\n".join(line(row, *relations_of(answers, row)) for row in rows))


def relations_of(answers: IssueQueries, row: IssueRow) -> tuple[list[str], list[str]]:
    """What really blocks an issue, and what it really blocks."""
    if row.status in answers.at.closing:
        return [], []
    from tracker.cache.issues.obstacles import Obstacles

    obstacles = Obstacles(answers)
    return issue_lines.blockers(row.id, obstacles.blockage(row.n)), obstacles.holds(row)


def edges(answers: IssueQueries, rows: Sequence[IssueRow], form: str) -> list[str]:
    """The dependencies among the rows."""
    known = {row.id for row in rows}
    found = [
        (row.id, edge.id, edge.type)
        for row in rows
        for edge in answers.edges_of(row)
        if edge.id in known
    ]
    if form == "dot":
        return list(issue_lines.graphviz(rows, found))
    return list(issue_lines.edges((source, target) for source, target, _ in found))


def print_reasons(session: Session, text: str) -> None:
    """Print why an issue is ready, or why it is not."""
    from tracker.cli.queries.why import say

    say(session, session.tracker.resolve(text))
