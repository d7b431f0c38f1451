"""Claim the next ready issue, for `ready --claim` and `close --claim-next`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker.errors import Invalid, NotFound, Taken
from tracker.text import one_line

if TYPE_CHECKING:
    from tracker.cli.session import Session
    from tracker.issues.filters import Filter
    from tracker.model.issue import Issue


MOST = 50  # ready issues that are tried while others take them too


def claim_next_ready(session: Session, filter: Filter, sort: str = "") -> Issue | None:
    """The most urgent ready issue that nobody has, now claimed; None where there is none.

    An epic is done by doing its children, so it is left out unless a type was asked for.
    """
    workspace = session.tracker
    wanted = filter._replace(no_assignee=True)
    if not wanted.types:
        wanted = wanted._replace(exclude_types=(*wanted.exclude_types, "epic"))
    page = workspace.asked(lambda: workspace.answers.ready(wanted, sort, MOST))
    for row in page.rows:
        try:
            issue = workspace.claim(row.id)
        except (Taken, NotFound):
            continue
        except Invalid:  # closed or deleted since, unless nobody claims
            if not session.actor:
                raise
            continue
        workspace.touch(issue.id)
        return issue
    return None


def claimed(issue: Issue | None) -> str:
    """What is said about it."""
    if issue is None:
        return "✨ No ready work to claim"
    return f"✓ Claimed {issue.id}: {one_line(issue.title)} (P{issue.priority})"
