"""`bd lint`: check that issues have the sections of their type."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import Listed, command, pass_session
from tracker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from tracker.cli.session import Session
    from tracker.model.issue import Issue


@command("lint", examples=["bd lint", "bd lint bd-a1b2c", "bd lint --type bug --status all --json"])
@click.argument("ids", nargs=-1, metavar="[ID...]")
@click.option("-t", "--type", "types", cls=Listed, help="These types only")
@click.option("-s", "--status", default="", metavar="STATUS", help="This status only; or: all")
@pass_session
def lint(session: Session, /, ids: tuple[str, ...], **given: Any) -> None:
    """Report missing headings in descriptions.

    Without an ID, checks all open issues. A bug needs steps to reproduce, and every issue needs
    acceptance criteria. Exit code 1 if a heading is missing, but 0 with --json, as programs expect.
    """
    from tracker.issues.invariants import missing_sections

    checked = list(_checked(session, ids, given))
    found = [(issue, lacks) for issue in checked if (lacks := missing_sections(issue))]
    total = sum(len(lacks) for _, lacks in found)
    if session.json:
        results = [
            {
                "id": issue.id,
                "title": issue.title,
                "type": issue.issue_type,
                "missing": lacks,
                "warnings": len(lacks),
            }
            for issue, lacks in found
        ]
        session.emit({"total": total, "issues": len(found), "results": results})
        return
    if not found:
        session.say(f"✓ No template warnings found ({len(checked)} issues checked)")
        return
    session.code = 1
    session.say(f"Template warnings ({len(found)} issues, {total} warnings):\n")
    for issue, lacks in found:
        session.say(f"{issue.id} [{one_line(issue.issue_type)}]: {one_line(issue.title)}")
        session.say("\n".join(f"  ⚠ Missing: {heading}" for heading in lacks) + "\n")


def _checked(session: Session, ids: tuple[str, ...], given: dict[str, Any]) -> Iterable[Issue]:
    from tracker.cli.filter_options import known_status
    from tracker.issues.duplicates import every
    from tracker.model.status import TOMBSTONE

    workspace = session.tracker
    if ids:
        yield from session.each(ids, workspace.issue)
        return
    status, types = given["status"], given["types"]
    if status not in {"", "all"}:
        known_status(workspace, status)
    hidden = {TOMBSTONE} if status == "all" else workspace.settings().closing
    for issue in sorted(workspace.rehearse(every), key=lambda issue: (issue.priority, issue.id)):
        wanted = issue.status not in hidden if status in {"", "all"} else issue.status == status
        if wanted and (not types or issue.issue_type in types):
            yield issue
