"""Explain why an issue is ready or blocked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker.cache.issues.obstacles import Obstacles, chain
from tracker.cli.filter_options import say_limit
from tracker.render import issue_lines
from tracker.render.issue_json import by_name, parent

if TYPE_CHECKING:
    from typing import Any

    from tracker.cache.issues.obstacles import Chain
    from tracker.cache.issues.queries import IssueListPage
    from tracker.cli.session import Session
    from tracker.issues.filters import Filter


def say(session: Session, id: str) -> None:
    """What one issue waits for, down to what can be worked on."""
    answers = session.tracker.answers
    found = chain(Obstacles(answers), id)
    if session.json:
        session.emit(_document(id, found))
        return
    row = answers.row(id)
    assert row is not None
    done = row.status in answers.at.closing
    lines = [issue_lines.verdict(row, found, done=done)]
    if not done:
        lines += issue_lines.chain(id, found)
    session.say("\n".join(lines))


def _document(id: str, found: Chain) -> dict[str, Any]:
    reasons = [link for link in found.links if not link.depth]
    work = dict.fromkeys(link.obstacle.id for link in found.links if link.end == "ready")
    return {
        "id": id,
        "ready": not reasons,
        "reasons": [
            {
                **link.obstacle._asdict(),
                "title": link.state.title if link.state else "",
                "status": link.state.status if link.state else "",
            }
            for link in reasons
        ],
        "workable": list(work),
        "cycle": found.circle,
    }


def say_ready(session: Session, page: IssueListPage, filter: Filter, *, deferred: bool) -> None:
    """Ready work with the reasons, and what is not shown."""
    from tracker.cache.issues.statistics import hidden

    answers = session.tracker.answers
    away = hidden(answers, filter, deferred=deferred)
    done = {row.id: _done(answers.edges_of(row)) for row in page.rows}
    if session.json:
        objects = answers.objects(page.rows, edges=False, extra=parent)
        session.write(by_name("ready", objects, total=page.total, hidden=away))
        return
    session.say(f"\n📋 Ready work ({issue_lines.counted(page)} with no blockers):\n")
    for number, row in enumerate(page.rows, 1):
        session.say(issue_lines.ranked(number, row, issue_lines.because(row, done[row.id])))
    session.say(issue_lines.away(away))
    say_limit(session, page)


def _done(edges: Any) -> list[str]:
    return [edge.id for edge in edges if edge.type == "blocks" and edge.row]
