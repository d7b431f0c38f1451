"""`bd count`: count issues."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.cli.filter_options import chosen, filtered
from tracker.cli.queries.grouping import GROUPS, groupings
from tracker.render import issue_lines

if TYPE_CHECKING:
    from typing import Any

    from tracker.cli.session import Session


@command(
    "count",
    examples=["bd count --status open", "bd count --by-status", "bd count --by-label --json"],
)
@filtered(
    "status", "type", "priority", "assignee", "no_assignee", "label", "label_any", "exclude_label",
    "no_labels", "exclude_type", "priority_min", "priority_max", "id", "title", "desc_contains",
    "notes_contains", "empty_description", "spec", "times", "overdue", "deferred", "pinned",
    "parent", "no_parent",
)  # fmt: skip
@groupings
@pass_session
def count(session: Session, /, **given: Any) -> None:
    """Count issues, including closed ones.

    With --by-..., counts each group.
    """
    from tracker.cache.issues.sql import where

    by = [name for name in GROUPS if given[f"by_{name}"]]
    if len(by) > 1:
        raise click.UsageError(f"only one of {', '.join(f'--by-{name}' for name in by)} at a time")
    answers = session.tracker.answers
    filter = chosen(session, given)
    total = answers.count(where(filter, answers.at))
    if not by:
        session.emit({"count": total}) if session.json else session.say(str(total))
        return
    groups = sorted(
        (issue_lines.group(by[0], value), count) for value, count in answers.grouped(filter, by[0])
    )
    if session.json:
        listed = [{"group": name, "count": count} for name, count in groups]
        session.emit({"total": total, "groups": listed})
    else:
        session.say(f"Total: {total}\n")
        session.say("\n".join(f"{name}: {count}" for name, count in groups))
