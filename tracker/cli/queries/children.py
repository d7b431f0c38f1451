"""`bd children`: list the children of an issue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.cli.filter_options import filtered
from tracker.cli.queries.listing import listed_filter, print_list
from tracker.render.issue_json import parent

if TYPE_CHECKING:
    from typing import Any

    from tracker.cli.session import Session


@command(
    "children",
    examples=["bd children bd-a1b2c", "bd children bd-a1b2c --all --tree", "bd children 7f --json"],
)
@click.argument("id")
@filtered("status", "type")
@click.option("--all", "everything", is_flag=True, help="Include closed issues")
@click.option("--long", is_flag=True, help="Show several lines for each issue")
@click.option("--tree", "--pretty", "tree", is_flag=True, help="Show all descendants as a tree")
@pass_session
def children(session: Session, /, id: str, **given: Any) -> None:
    """List the open children of an issue.

    Same as `list --parent ID`.
    """
    unasked = {"ids": None, "include_templates": False, "include_gates": False}
    filter = listed_filter(session, {**unasked, **given, "parent": id})
    answers = session.tracker.answers
    if given["tree"] and not session.json:
        filter = filter._replace(
            parent="", ids=(filter.parent, *answers.descendants(filter.parent))
        )
    page = answers.listed(filter)
    if session.json:
        session.emit_raw(answers.objects(page.rows, extra=parent))
        return
    print_list(session, answers, page, {"form": None, **given})
    closed = answers.listed(filter._replace(hide_closed=False), limit=1).total - page.total
    if closed:
        session.note(f"{closed} closed not shown (--all shows them)")
