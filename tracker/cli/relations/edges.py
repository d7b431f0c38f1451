"""Add a dependency and resolve its two ends, for `dep` and `link`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker.cli.session import Session
    from tracker.log.issue_log import Draft


def add_dependency(
    session: Session, ends: Sequence[str], kind: str, *, turned: bool = False
) -> None:
    """Make the first of two depend on the second; `turned` says it from the other end."""
    from tracker.issues import actions

    workspace = session.tracker
    settings, who = workspace.settings(), workspace.who()

    def link(draft: Draft) -> tuple[str, str, bool]:
        one, other = (resolve_end(id, draft, settings.prefix) for id in ends)
        before = draft.get_issue(one)
        actions.link(draft, one, other, kind, who)
        return one, other, draft.get_issue(one) != before

    one, other, changed = workspace.write(link)
    if session.json:
        row = {"depends_on_id": other, "issue_id": one, "status": "added", "type": kind}
        session.emit(row if changed else {**row, "changed": False})
    elif not changed and session.terminal is not None:
        session.say(f"Unchanged {one}: already depends on {other} ({kind})")
    elif turned:
        session.say(f"✓ Added dependency: {other} blocks {one}")
    else:
        session.say(f"✓ Added dependency: {one} depends on {other} ({kind})")


def resolve_end(id: str, draft: Draft, prefix: str) -> str:
    """The full id of one end; what lies outside of the log has its own way of naming."""
    from tracker.issues.lookup import resolve
    from tracker.issues.relations import EXTERNAL

    return id if id.startswith(EXTERNAL) else resolve(id, draft, prefix)
