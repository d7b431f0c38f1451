"""Commands that take issues away, and that bring them back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.cli.issues import answer, edited
from tracker.cli.plain import one_line
from tracker.errors import Invalid, Refused

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from tracker.cli.session import Session
    from tracker.log import Draft
    from tracker.model import Issue


@command(
    "reopen",
    examples=['bd reopen bd-a1b2c --reason "It is back"'],
    writes=True,
)
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("-r", "--reason", default="", metavar="TEXT", help="Why; it becomes a comment")
@pass_session
def reopen(session: Session, ids: tuple[str, ...], reason: str) -> None:
    """Open closed issues again."""
    from tracker import actions

    settings, who = session.tracker.settings(), session.tracker.who()
    open_already: list[str] = []

    def again(draft: Draft, id: str) -> Issue:
        issue = draft.get_issue(id)
        if issue is not None and issue.status not in settings.closing:
            if not reason.strip():
                return issue
            open_already.append(id)
            return actions.comment_once(draft, id, reason, who)
        return actions.reopen(draft, id, reason, settings, who)

    issues = edited(session, ids, again)
    tail = f": {reason}" if reason else ""
    answer(session, issues, lambda issue: f"↻ Reopened {issue.id}{tail}")
    for id in dict.fromkeys(open_already):
        session.note(f"{id} was not closed; what you said is a comment now (bd show {id})")


@command(
    "delete",
    examples=[
        "bd delete bd-a1b2c",
        'bd delete bd-a1b2c --force --reason "made by mistake"',
        "bd delete --from-file ids.txt --force",
    ],
    writes=True,
)
@click.argument("ids", nargs=-1, metavar="ID...")
@click.option("-f", "--force", is_flag=True, help="Do it; without this it is only shown")
@click.option("--dry-run", is_flag=True, help="Show what would be deleted")
@click.option("--cascade", is_flag=True, help="Everything that depends on them too")
@click.option("--from-file", metavar="FILE", help="Read ids from a file, one a line")
@click.option("-r", "--reason", default="", metavar="TEXT", help="Why")
@click.option(
    "--hard", is_flag=True, help="Take the record out of the log; only undo knows it then"
)
@pass_session
def delete(
    session: Session,
    /,
    ids: tuple[str, ...],
    *,
    force: bool,
    dry_run: bool,
    cascade: bool,
    from_file: str | None,
    reason: str,
    hard: bool,
) -> None:
    """Delete issues: their records become tombstones, which bd restore brings back."""
    if from_file is not None:
        rows = (row.strip() for row in session.read(from_file).splitlines())
        ids += tuple(row for row in rows if row and not row.startswith("#"))
    if not ids:
        raise Invalid("no issue ID given", hint="bd delete ID --force")
    if dry_run or not force:
        preview(session, ids, cascade=cascade, hard=hard, asked=dry_run)
    else:
        remove(session, ids, reason, cascade=cascade, hard=hard)


def remove(session: Session, ids: Sequence[str], reason: str, *, cascade: bool, hard: bool) -> None:
    """Delete issues and say so; with `cascade` all that depends on them too."""
    from tracker import actions

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
    from tracker.words import TOMBSTONE

    edges = draft.incoming(id)
    sources = {edge.issue_id for edge in edges if kinds is None or edge.type in kinds}
    issues = [draft.get_issue(source) for source in sources]
    return {issue.id for issue in issues if issue and issue.status != TOMBSTONE}


def _with_dependents(draft: Draft, id: str) -> list[str]:
    """An issue and all that waits for it or is below it, however far."""
    from tracker.graph import reachable
    from tracker.model import BLOCKING

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


def preview(
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
                session.say(f"    named as a dependency by {one_line(', '.join(users[id]))}")
        session.say("\nNothing was deleted; --force does it.")
    if users and len(titles) > 1 and not asked:
        raise Refused(
            "other issues depend on some of these",
            hint="--force deletes these alone, --cascade --force the others too",
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


@command("restore", examples=["bd restore bd-a1b2c"], writes=True)
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@pass_session
def restore(session: Session, ids: tuple[str, ...]) -> None:
    """Bring deleted and archived issues back as they were."""
    from tracker import actions
    from tracker.cli.archiving import restored

    restored(session, ids)
    who = session.tracker.who()
    issues = edited(session, ids, lambda draft, id: actions.restore(draft, id, who))
    answer(
        session,
        issues,
        lambda issue: f"✓ Restored {issue.id}: {one_line(issue.title)} ({issue.status})",
    )
