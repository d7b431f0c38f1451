"""Change one field of an issue, for `assign`, `note`, `priority` and `q`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker.cli.issue_options import answer, edited

if TYPE_CHECKING:
    from tracker.cli.session import Session
    from tracker.model.issue import Changes


def update_field(session: Session, id: str, changes: Changes, told: str) -> None:
    """Change one issue and say so; `{}` in the text stands for its id."""
    from tracker.issues import actions

    workspace = session.tracker
    settings, who = workspace.settings(), workspace.who()
    same: set[str] = set()
    issues = edited(
        session,
        [id],
        lambda draft, full: actions.update(draft, full, changes, settings, who),
        unchanged=same,
    )
    workspace.touch(issues[-1].id)
    answer(session, issues, lambda issue: told.replace("{}", issue.id, 1), same)
