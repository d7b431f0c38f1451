"""`bd orphans`: find open issues that commits mention."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click

from tracker.cli.command import command, pass_session
from tracker.errors import Refused
from tracker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker.cache.issues.queries import IssueRow
    from tracker.cli.session import Session
    from tracker.log.issue_log import Draft


class Orphan(NamedTuple):
    """An issue that is not done, and the latest commit that names it."""

    row: IssueRow
    commit: str
    subject: str


@command(
    "orphans",
    examples=["bd orphans", "bd orphans --json", "bd orphans --fix"],
)
@click.option("--fix", is_flag=True, help="Close them with the commit as the reason")
@click.option("--details", is_flag=True, help="Show full commit hashes")
@pass_session
def orphans(session: Session, /, fix: bool, details: bool) -> None:
    """List open issues named by commits of this branch."""
    found = _orphans(session)
    closed = _close(session, found) if fix and found else set()
    if session.json:
        session.emit(
            [
                {
                    "issue_id": one.row.id,
                    "title": one.row.title,
                    "status": "closed" if one.row.id in closed else one.row.status,
                    "latest_commit": one.commit,
                    "latest_commit_message": one.subject,
                }
                for one in found
            ]
        )
    elif not found:
        session.say("✓ No orphaned issues found")
    else:
        session.say(f"🔍 Found {len(found)} orphaned issue(s):\n")
        for number, one in enumerate(found, 1):
            commit = one.commit if details else one.commit[:8]
            status = "closed now" if one.row.id in closed else one_line(one.row.status)
            session.say(f"{number}. {one.row.id}: {one_line(one.row.title)}\n   Status: {status}")
            session.say(f"   Latest commit: {commit} - {one_line(one.subject)}\n")


def _orphans(session: Session) -> list[Orphan]:
    """In the order of `list`."""
    from tracker.git.repository import Repository
    from tracker.issues.filters import Filter
    from tracker.model.ids import words

    answers = session.tracker.answers
    rows = {row.id: row for row in answers.listed(Filter(hide_closed=True)).rows}
    top = session.place.top
    if top is None:
        raise Refused("not in a git repository, so no commits to search")
    repository = Repository(top, session.env)
    named: dict[str, tuple[str, str]] = {}
    if rows and repository.commit_of("HEAD"):
        with repository.past() as past:
            for name, message in past.messages():
                for id in rows.keys() & set(words(message)):
                    named.setdefault(id, (name, message.partition("\n")[0]))
    return [Orphan(row, *named[id]) for id, row in rows.items() if id in named]


def _close(session: Session, found: Sequence[Orphan]) -> set[str]:
    """Close what can be closed; which ids that were."""
    from tracker.cli.issue_options import edited
    from tracker.issues import actions

    settings, who = session.tracker.settings(), session.tracker.who()
    commits = {one.row.id: one.commit for one in found}

    def close(draft: Draft, id: str) -> str:
        reason = f"Implemented in commit {commits[id][:8]}"
        return actions.close(draft, id, actions.Closing(reason), settings, who).id

    return set(edited(session, list(commits), close))
