"""`bd stats`: show counts of the workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, output, pass_session

if TYPE_CHECKING:
    from typing import Any

    from tracker.cache.issues.statistics import Totals
    from tracker.cli.session import Session
    from tracker.issues.filters import Filter
    from tracker.text import Terminal


@command(
    "stats",
    examples=["bd stats", "bd stats --json", "bd stats --assigned", "bd stats --svg -o burn.svg"],
)
@click.option("--assigned", is_flag=True, help="Only issues assigned to you")
@click.option("--svg", is_flag=True, help="Draw open and closed issues over time as SVG")
@click.option("--since", metavar="WHEN", help="Start the chart at WHEN  [the first issue]")
@output("Write the chart to FILE")
@click.option("--no-activity", is_flag=True, hidden=True)
@click.option("--all", "everything", is_flag=True, hidden=True)
@pass_session
def stats(session: Session, /, assigned: bool, svg: bool, **given: Any) -> None:
    """Show how many issues are open, ready, blocked and closed.

    Deleted issues are counted only on their own line.
    """
    from tracker.cache.issues.statistics import totals
    from tracker.issues.filters import Filter

    filter = Filter(assignee=session.actor) if assigned else Filter()
    if svg or given["output"] or given["since"]:
        _picture(session, filter, given["since"], given["output"])
        return
    found = totals(session.tracker.answers, filter)
    if session.json:
        session.emit({"summary": _document(found)})
    else:
        from tracker.render.issue_lines import statistics

        session.say("\n".join(statistics(found)))
        if session.terminal is not None:
            _bar(session.terminal, session, found)


def _bar(screen: Terminal, session: Session, found: Totals) -> None:
    """All issues as one bar."""
    from tracker.render.tables import bar

    parts = [
        (found.closed, "closed", "green"), (found.in_progress, "in progress", "bright_blue"),
        (found.ready, "ready", "white"), (found.blocked, "blocked", "red"),
    ]  # fmt: skip
    rest = found.total - sum(number for number, _, _ in parts)
    session.say(bar(screen, [*parts, (max(rest, 0), "other", "bright_black")]), styled=True)


def _picture(session: Session, filter: Filter, since: str | None, output: str | None) -> None:
    """The course of what was open and done, as a picture or as its figures."""
    import os

    from tracker.cache.issues.statistics import lives
    from tracker.cli.dates import when
    from tracker.render.burndown import burndown

    answers = session.tracker.answers
    now = answers.at.now
    start = when(since, now, "--since") if since else 0
    course = burndown(lives(answers, filter), now, max(start, 0))
    if session.json and not output:
        from tracker.model.timestamps import stamp

        points = [{"at": stamp(at), "open": left, "done": done} for at, left, done in course.points]
        ends = {"ends_at": stamp(course.ends)} if course.ends else {}
        session.emit({"burndown": points, "closed_per_day": round(course.rate, 3), **ends})
        return
    from tracker.render.burndown import svg

    whose = f" of {session.actor}" if filter.assignee else ""
    text = svg(course, f"{os.path.basename(session.place.root)}: issues{whose} over time")
    if not output:
        session.write(text)
        return
    from tracker.cli.files import save

    save(session, output, text)
    if session.json:
        session.emit({"file": output, "format": "svg"})
    else:
        session.say(f"✓ {output}")


def _document(found: Totals) -> dict[str, Any]:
    """The figures under the names of Beads."""
    lead = int(found.lead) if found.lead == int(found.lead) else found.lead
    return {
        "total_issues": found.total,
        "open_issues": found.open,
        "in_progress_issues": found.in_progress,
        "closed_issues": found.closed,
        "blocked_issues": found.blocked,
        "deferred_issues": found.deferred,
        "ready_issues": found.ready,
        "tombstone_issues": found.tombstone,
        "pinned_issues": found.pinned,
        "epics_eligible_for_closure": found.eligible,
        "average_lead_time_hours": lead,
    }
