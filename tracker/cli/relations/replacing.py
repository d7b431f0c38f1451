"""Close an issue in favour of another, for `duplicate` and `supersede`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracker.cli.session import Session
    from tracker.issues.editing import Who
    from tracker.log.issue_log import Draft
    from tracker.model.issue import Issue
    from tracker.model.validation import Settings


if TYPE_CHECKING:
    Action = Callable[[Draft, str, str, Settings, Who], Issue]


def replace_issue(session: Session, id: str, other: str, action: Action) -> tuple[str, str]:
    """Close one issue in favour of another; their full ids. What waited for it is named."""
    from tracker.issues.lookup import resolve
    from tracker.model.issue import BLOCKING, PARENT

    workspace = session.tracker
    settings, who = workspace.settings(), workspace.who()
    waiting: list[str] = []

    def replace(draft: Draft) -> tuple[str, str]:
        one, two = (resolve(text, draft, settings.prefix) for text in (id, other))
        if one == two:
            raise Invalid(f"{one} cannot replace itself", hint="name two issues")
        action(draft, one, two, settings, who)
        for edge in draft.incoming(one):
            source = draft.get_issue(edge.issue_id)
            if (
                edge.type in BLOCKING - {PARENT}
                and source
                and source.status not in settings.closing
            ):
                waiting.append(source.id)
        return one, two

    one, two = workspace.write(replace)
    for source in dict.fromkeys(waiting):
        if source != two:
            session.note(f"{source} depends on {one}; to move it: bd dep add {source} {two}")
    return one, two
