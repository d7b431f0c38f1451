"""Commands that end issues, and that bring them back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, ignored, pass_session
from tracker.cli.issues import told
from tracker.errors import Invalid, Refused

if TYPE_CHECKING:
    from tracker.cli.session import Session
    from tracker.log import Draft
    from tracker.model import Issue


@command(
    "close",
    examples=[
        'bd close bd-a1b2c --reason "Fixed in 3f2a"',
        "bd close bd-a1b2c bd-d3e4f",
        "bd close bd-a1b2c --suggest-next --json",
    ],
    json_errors="stdout",
    writes=True,
)
@click.argument("ids", nargs=-1, metavar="[ID...]")
@click.option("-r", "--reason", "--resolution", "-m", "--message", help="Why  [Closed]")
@click.option("--reason-file", metavar="FILE", help="Read the reason from a file; '-' is stdin")
@click.option("-f", "--force", is_flag=True, help="Even if something open stands in its way")
@click.option("--suggest-next", is_flag=True, help="Show what became ready by it")
@click.option("--session", "session_id", help="The session that closes it  [BD_SESSION]")
@ignored("--continue", "--no-auto")
@pass_session
def close(
    session: Session,
    ids: tuple[str, ...],
    reason: str | None,
    reason_file: str | None,
    force: bool,
    suggest_next: bool,
    session_id: str | None,
) -> None:
    """Close issues; without an id the one that was last touched."""
    from tracker import actions
    from tracker.ids import resolve

    if reason_file is not None:
        reason = session.read(reason_file).rstrip("\n")
    workspace = session.tracker
    settings, who = workspace.settings(), workspace.who()
    if session_id:
        who = who._replace(session=session_id)
    closing = actions.Closing(reason or "Closed", force)
    unblocked: dict[str, Issue] = {}

    def end(text: str) -> Issue:
        def edit(draft: Draft) -> tuple[Issue, list[Issue]]:
            id = resolve(text, draft, settings.prefix)
            issue = actions.close(draft, id, closing, settings, who)
            if not suggest_next:
                return issue, []
            return issue, actions.newly_unblocked(draft.before, draft, id, settings, who)

        issue, free = workspace.write(edit)
        unblocked.update((one.id, one) for one in free)
        return issue

    closed = session.each(workspace.named(ids), end)
    for issue in closed:
        unblocked.pop(issue.id, None)
    workspace.touch(closed[-1].id)
    _say_closed(session, closed, list(unblocked.values()))


def _say_closed(session: Session, closed: list[Issue], unblocked: list[Issue]) -> None:
    if session.json:
        issues = [told(issue) for issue in closed]
        if unblocked:
            session.emit({"closed": issues, "unblocked": [told(issue) for issue in unblocked]})
        else:
            session.emit(issues)
        return
    for issue in closed:
        session.say(f"✓ Closed {issue.id}: {issue.close_reason}")
    if unblocked:
        session.say("\nNewly unblocked:")
        for issue in unblocked:
            session.say(f'  • {issue.id} "{issue.title}" (P{issue.priority})')


@command(
    "reopen",
    examples=['bd reopen bd-a1b2c --reason "It is back"'],
    writes=True,
)
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("-r", "--reason", default="", help="Why; it becomes a comment")
@pass_session
def reopen(session: Session, ids: tuple[str, ...], reason: str) -> None:
    """Open closed issues again."""
    from tracker import actions
    from tracker.ids import resolve

    workspace = session.tracker
    settings, who = workspace.settings(), workspace.who()

    def again(text: str) -> Issue:
        return workspace.write(
            lambda draft: actions.reopen(
                draft, resolve(text, draft, settings.prefix), reason, settings, who
            )
        )

    issues = session.each(ids, again)
    if session.json:
        session.emit([told(issue) for issue in issues])
        return
    for issue in issues:
        session.say(f"↻ Reopened {issue.id}{f': {reason}' if reason else ''}")


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
@click.option("-r", "--reason", default="", help="Why")
@click.option("--hard", is_flag=True, help="Take the record out of the log; only undo knows it then")
@pass_session
def delete(
    session: Session,
    ids: tuple[str, ...],
    force: bool,
    dry_run: bool,
    cascade: bool,
    from_file: str | None,
    reason: str,
    hard: bool,
) -> None:
    """Delete issues: their records become tombstones, which bd restore brings back."""
    from tracker import actions
    from tracker.ids import resolve

    if from_file is not None:
        rows = session.read(from_file).splitlines()
        ids += tuple(row.strip() for row in rows if row.strip() and not row.startswith("#"))
    if not ids:
        raise Invalid("no issue ID given", hint="bd delete ID --force")
    workspace = session.tracker
    settings, who = workspace.settings(), workspace.who()

    def chosen(draft: Draft) -> list[str]:
        found = list(dict.fromkeys(resolve(text, draft, settings.prefix) for text in ids))
        return _with_dependents(draft, found) if cascade else found

    if dry_run or not force:
        _preview(session, chosen, hard=hard)
        return

    def end(draft: Draft) -> list[str]:
        found = chosen(draft)
        for id in found:
            if hard:
                actions.purge(draft, id)
            else:
                actions.delete(draft, id, reason, who)
        return found

    _say_deleted(session, workspace.write(end))


def _with_dependents(draft: Draft, ids: list[str]) -> list[str]:
    from tracker.graph import reachable

    def above(id: str) -> list[str]:
        return [edge.issue_id for edge in draft.incoming(id)]

    return ids + sorted(reachable(ids, above) - set(ids))


def _preview(session: Session, chosen: object, *, hard: bool) -> None:
    """What would be deleted, and what depends on it."""

    def look(draft: Draft) -> list[tuple[Issue, list[str]]]:
        found = chosen(draft)  # type: ignore[operator]
        issues = [issue for id in found if (issue := draft.get_issue(id)) is not None]
        return [
            (issue, sorted({e.issue_id for e in draft.incoming(issue.id)} - set(found)))
            for issue in issues
        ]

    rows = session.tracker.rehearse(look)
    if session.json:
        session.emit(
            {
                "dry_run": True,
                "would_delete": [issue.id for issue, _ in rows],
                "dependents": {issue.id: users for issue, users in rows if users},
            }
        )
        return
    session.say("⚠️  DELETE PREVIEW")
    session.say(f"\n{'Records' if hard else 'Issues'} to delete:")
    for issue, users in rows:
        session.say(f"  {issue.id}: {issue.title}")
        if users:
            session.say(f"    named as a dependency by {', '.join(users)}")
    session.say("\nNothing was deleted; --force does it.")
    if len(rows) > 1 and any(users for _, users in rows):
        raise Refused(
            "other issues depend on some of these",
            hint="--force deletes these alone, --cascade --force the others too",
        )


def _say_deleted(session: Session, ids: list[str]) -> None:
    nothing = {"dependencies_removed": 0, "references_updated": 0}
    if session.json:
        if len(ids) == 1:
            session.emit({"deleted": ids[0], **nothing})
        else:
            more = {"events_removed": 0, "labels_removed": 0, "orphaned_issues": None}
            session.emit({"deleted": ids, "deleted_count": len(ids), **more, **nothing})
        return
    if len(ids) == 1:
        session.say(f"✓ Deleted {ids[0]}")
    else:
        session.say(f"✓ Deleted {len(ids)} issue(s)")
        for id in ids:
            session.say(f"  {id}")


@command("restore", examples=["bd restore bd-a1b2c"], writes=True)
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@pass_session
def restore(session: Session, ids: tuple[str, ...]) -> None:
    """Bring deleted issues back as they were."""
    from tracker import actions
    from tracker.ids import resolve

    workspace = session.tracker
    settings, who = workspace.settings(), workspace.who()

    def back(text: str) -> Issue:
        return workspace.write(
            lambda draft: actions.restore(draft, resolve(text, draft, settings.prefix), who)
        )

    issues = session.each(ids, back)
    if session.json:
        session.emit([told(issue) for issue in issues])
        return
    for issue in issues:
        session.say(f"✓ Restored {issue.id}: {issue.title} ({issue.status})")
