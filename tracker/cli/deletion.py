"""Preview and carry out deletions, for `delete` and `admin cleanup`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker.cli.issue_options import edited
from tracker.errors import Refused
from tracker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from tracker.cli.session import Session
    from tracker.log.issue_log import Draft


def delete_issues(
    session: Session, ids: Sequence[str], reason: str, *, cascade: bool, hard: bool
) -> None:
    """Delete issues and say so; with `cascade` all that depends on them too."""
    from tracker.issues import actions

    who = session.tracker.who()
    left: set[str] = set()

    def end(draft: Draft, id: str) -> list[str]:
        found = _with_dependents(draft, id) if cascade else [id]
        for one in found:
            left.update(_users(draft, one))
            if hard:
                actions.purge(draft, one)
            else:
                actions.delete(draft, one, reason, who)
        return found

    done = list(dict.fromkeys(one for found in edited(session, ids, end) for one in found))
    _say_deleted(session, done, sorted(left - set(done)))


def _users(draft: Draft, id: str, kinds: Container[str] | None = None) -> set[str]:
    """The issues, not deleted themselves, that name one as a dependency of these types."""
    from tracker.model.status import TOMBSTONE

    edges = draft.incoming(id)
    sources = {edge.issue_id for edge in edges if kinds is None or edge.type in kinds}
    issues = [draft.get_issue(source) for source in sources]
    return {issue.id for issue in issues if issue and issue.status != TOMBSTONE}


def _with_dependents(draft: Draft, id: str) -> list[str]:
    """An issue and all that waits for it or is below it, however far."""
    from tracker.issues.graph import reachable
    from tracker.model.issue import BLOCKING

    return [id, *sorted(reachable([id], lambda one: _users(draft, one, BLOCKING)) - {id})]


def _rehearsed(
    session: Session, ids: Sequence[str], *, cascade: bool
) -> tuple[dict[str, str], dict[str, list[str]]]:
    """The titles of what would be deleted, and of each who names it as a dependency and stays."""

    def look(draft: Draft, id: str) -> list[tuple[str, str, set[str]]]:
        found = _with_dependents(draft, id) if cascade else [id]
        issues = [issue for one in found if (issue := draft.get_issue(one)) is not None]
        return [(issue.id, issue.title, _users(draft, issue.id)) for issue in issues]

    rows = [row for found in edited(session, ids, look, dry=True) for row in found]
    titles = {id: title for id, title, _ in rows}
    staying = {id: sorted(users - titles.keys()) for id, _, users in rows}
    return titles, {id: users for id, users in staying.items() if users}


def preview_deletion(
    session: Session, ids: Sequence[str], *, cascade: bool, hard: bool, asked: bool
) -> None:
    """What would be deleted. Unless a preview was `asked` for, several ids may need more words."""
    titles, users = _rehearsed(session, ids, cascade=cascade)
    if session.json:
        session.emit({"dry_run": True, "would_delete": list(titles), "dependents": users})
    else:
        session.say(f"⚠️  DELETE PREVIEW\n\n{'Records' if hard else 'Issues'} to delete:")
        for id, title in titles.items():
            session.say(f"  {one_line(id)}: {one_line(title)}")
            if id in users:
                session.say(f"    is a dependency of {one_line(', '.join(users[id]))}")
        session.say("\nNothing was deleted; use --force to delete.")
    if users and len(titles) > 1 and not asked:
        raise Refused(
            "other issues depend on some of these",
            hint="--force deletes only these, --cascade --force also their dependents",
        )


def _say_deleted(session: Session, ids: Sequence[str], orphaned: Sequence[str]) -> None:
    nothing = {"dependencies_removed": 0, "references_updated": 0}
    if session.json:
        if len(ids) == 1:
            session.emit({"deleted": ids[0], **nothing})
        else:
            more = {"events_removed": 0, "labels_removed": 0, "orphaned_issues": orphaned}
            session.emit({"deleted": ids, "deleted_count": len(ids), **more, **nothing})
        return
    if len(ids) == 1:
        session.say(f"✓ Deleted {ids[0]}")
    else:
        session.say("\n  ".join([f"✓ Deleted {len(ids)} issue(s)", *map(one_line, ids)]))
    if orphaned:
        session.say(f"  ⚠ Orphaned {len(orphaned)} issue(s): {one_line(', '.join(orphaned))}")
