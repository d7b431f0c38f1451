"""`bd reopen`: reopen closed issues."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.cli.issue_options import answer, edited

if TYPE_CHECKING:
    from tracker.cli.session import Session
    from tracker.log.issue_log import Draft
    from tracker.model.issue import Issue


@command(
    "reopen",
    examples=['bd reopen bd-a1b2c --reason "It is back"'],
    writes=True,
)
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("-r", "--reason", default="", metavar="TEXT", help="Reason, added as a comment")
@pass_session
def reopen(session: Session, ids: tuple[str, ...], reason: str) -> None:
    """Reopen closed issues."""
    from tracker.issues import actions

    settings, who = session.tracker.settings(), session.tracker.who()
    open_already: list[str] = []

    def again(draft: Draft, id: str) -> Issue:
        issue = draft.get_issue(id)
        if issue is not None and issue.status not in settings.closing:
            if not reason.strip():
                return issue
            open_already.append(id)
            return actions.comment_once(draft, id, reason, who)
        return actions.reopen(draft, id, reason, settings, who)

    same: set[str] = set()
    issues = edited(session, ids, again, unchanged=same)
    tail = f": {reason}" if reason else ""
    answer(session, issues, lambda issue: f"↻ Reopened {issue.id}{tail}", same)
    for id in dict.fromkeys(open_already):
        session.note(f"{id} was not closed; your reason was added as a comment (bd show {id})")
