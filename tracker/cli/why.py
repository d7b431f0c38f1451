"""Why an issue is ready or not: the answers of `blocked --why` and `ready --explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracker.cli import render
from tracker.cli.filters import say_limit
from tracker.cli.fragments import by_name, parent
from tracker.obstacles import Chain, Obstacles, chain

if TYPE_CHECKING:
    from tracker.answers import Page
    from tracker.cli.session import Session
    from tracker.query import Filter


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
    lines = [render.verdict(row, found, done=done)]
    if not done:
        lines += render.chain(id, found)
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


def say_ready(session: Session, page: Page, filter: Filter, *, deferred: bool) -> None:
    """Ready work with the reasons, and what is not shown."""
    from tracker.totals import hidden

    answers = session.tracker.answers
    away = hidden(answers, filter, deferred=deferred)
    done = {row.id: _done(answers.edges_of(row)) for row in page.rows}
    if session.json:
        objects = answers.objects(page.rows, edges=False, extra=parent)
        session.write(by_name("ready", objects, total=page.total, hidden=away))
        return
    session.say(f"\n📋 Ready work ({render.counted(page)} with no blockers):\n")
    for number, row in enumerate(page.rows, 1):
        session.say(render.ranked(number, row, render.because(row, done[row.id])))
    session.say(render.away(away))
    say_limit(session, page)


def _done(edges: Any) -> list[str]:
    return [edge.id for edge in edges if edge.type == "blocks" and edge.row]
