"""Commands that end issues, and that bring them back."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from tracker.cli.command import command, ignored, pass_session
from tracker.cli.issues import answer, as_json, edited
from tracker.cli.lessons import Lesson, learning
from tracker.cli.plain import one_line
from tracker.errors import Invalid, Refused, TrackerError

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence

    from tracker.cli.session import Session
    from tracker.log import Draft
    from tracker.model import Issue
    from tracker.shelf import Drafts


@command(
    "close",
    examples=[
        'bd close bd-a1b2c --reason "Fixed in 3f2a"',
        'bd close bd-a1b2c --remember "Detrend before fitting" --used climate/drift',
        "bd close bd-a1b2c bd-d3e4f",
        "bd close bd-a1b2c --suggest-next --json",
    ],
    json_errors="stdout",
    writes=True,
)
@click.argument("ids", nargs=-1, metavar="[ID...]")
@click.option(
    "-r", "--reason", "--resolution", "-m", "--message", "reasons", multiple=True, metavar="TEXT",
    help="Why; once for all, or once for each ID  [Closed]",
)  # fmt: skip
@click.option("--reason-file", metavar="FILE", help="Read the reason from a file; '-' is stdin")
@click.option("-f", "--force", is_flag=True, help="Even if something open stands in its way")
@click.option("--suggest-next", is_flag=True, help="Show what became ready by it")
@click.option("--claim-next", is_flag=True, help="Then take the next ready issue")
@click.option("--session", "session_id", metavar="NAME", help="The session that closes it")
@learning
@ignored("--continue", "--no-auto")
@pass_session
def close(
    session: Session,
    /,
    ids: tuple[str, ...],
    *,
    reasons: tuple[str, ...],
    reason_file: str | None,
    force: bool,
    suggest_next: bool,
    claim_next: bool,
    session_id: str | None,
    **learned: Any,
) -> None:
    """Close issues; without an id the one that was last touched."""
    from tracker import actions

    lesson = Lesson(session, learned)
    why = _reasons(session, ids, reasons, reason_file)
    workspace = session.tracker
    settings, who = workspace.settings(), workspace.who()
    if session_id:
        who = who._replace(session=session_id)

    def end(draft: Draft, id: str) -> tuple[Issue, list[Issue]]:
        closing = actions.Closing(why(draft, id) or "Closed", force)
        issue = actions.close(draft, id, closing, settings, who)
        if not suggest_next:
            return issue, []
        return issue, actions.newly_unblocked(draft.before, draft, id, settings, who)

    def learn(drafts: Drafts, done: list[tuple[Issue, list[Issue]]]) -> None:
        lesson.learn(drafts, [issue for issue, _ in done])

    done = edited(session, workspace.named(ids), end, also=learn if lesson else None)
    closed = [issue for issue, _ in done]
    gone = {issue.id for issue in closed}
    free = {one.id: one for _, found in done for one in found if one.id not in gone}
    workspace.touch(closed[-1].id)
    following: list[Issue | None] = []
    if claim_next:
        from tracker.cli import claiming
        from tracker.query import Filter

        following.append(claiming.claim_next(session, Filter()))
    _say_closed(session, closed, list(free.values()), following)
    if lesson.memory and not session.json:
        from tracker.cli.memoview import said

        session.say(said("remembered", lesson.memory))


def _reasons(
    session: Session, ids: tuple[str, ...], reasons: tuple[str, ...], file: str | None
) -> Callable[[Draft, str], str]:
    """What tells the reason for an issue: one for all, or each its own."""
    from tracker.ids import resolve

    if file is not None:
        if reasons:
            raise Invalid("cannot specify both --reason and --reason-file")
        reasons = (session.read(file).rstrip("\r\n"),)
    if len(reasons) < 2:
        return lambda _draft, _id: "".join(reasons)
    if len(reasons) != len(ids):
        raise Invalid(f"{len(reasons)} reasons for {len(ids)} issues: one for all, or one for each")
    prefix = session.tracker.settings().prefix

    def why(draft: Draft, id: str) -> str:
        for text, reason in zip(ids, reasons, strict=True):
            with suppress(TrackerError):
                if resolve(text, draft, prefix) == id:
                    return reason
        return ""

    return why


def _say_closed(
    session: Session,
    closed: Sequence[Issue],
    free: Sequence[Issue],
    following: Sequence[Issue | None],
) -> None:
    """What was closed, what became ready by it, and what was claimed then if that was asked."""
    if session.json and (free or following):
        parts = {"closed": closed, **({"unblocked": free} if free else {})}
        rows = [f'  "{name}": [\n    {_array(issues)}\n  ]' for name, issues in parts.items()]
        rows += [f'  "claimed": {as_json(one) if one else "null"}' for one in following]
        session.write("{\n" + ",\n".join(rows) + "\n}\n")
        return
    answer(session, closed, lambda issue: f"✓ Closed {issue.id}: {one_line(issue.close_reason)}")
    if free:
        session.say("\nNewly unblocked:")
        for issue in free:
            session.say(f'  • {issue.id} "{one_line(issue.title)}" (P{issue.priority})')
    for next_issue in following:
        from tracker.cli.claiming import claimed

        session.say(f"\n{claimed(next_issue)}")


def _array(issues: Sequence[Issue]) -> str:
    """The elements of an array that is a member of the document."""
    return ",\n    ".join(as_json(issue).replace("\n", "\n  ") for issue in issues)


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
    issues = edited(
        session, ids, lambda draft, id: actions.reopen(draft, id, reason, settings, who)
    )
    tail = f": {reason}" if reason else ""
    answer(session, issues, lambda issue: f"↻ Reopened {issue.id}{tail}")


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
