"""`bd archive`: move closed issues to the archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import DURATION, command, pass_session
from tracker.text import one_line

if TYPE_CHECKING:
    from tracker.cli.session import Session
    from tracker.issues.archive import ArchiveRequest, ArchiveSplit
    from tracker.log.record_file import Wanted
    from tracker.log.snapshot import Snapshot


DAY = 86_400
USUAL = 90
LISTED = 20


@command(
    "archive",
    examples=[
        "bd archive --dry-run",
        "bd archive --older-than 30d",
        "bd archive bd-a1b2c",
        "bd restore bd-a1b2c",
    ],
    writes=True,
)
@click.argument("ids", nargs=-1, metavar="[ID...]")
@click.option(
    "--older-than", type=DURATION, metavar="TIME", help=f"Closed longer ago than TIME  [{USUAL}d]"
)
@click.option("--deleted", is_flag=True, help="Deleted issues too")
@click.option("--dry-run", is_flag=True, help="Show what would be archived or stay, and why")
@pass_session
def archive(
    session: Session,
    /,
    ids: tuple[str, ...],
    *,
    older_than: float | None,
    deleted: bool,
    dry_run: bool,
) -> None:
    """Move closed issues to archive.jsonl; restore reverts it.

    Their ids still resolve. Issues that an open issue refers to stay, and families stay together.
    """
    from tracker.issues import archive as away
    from tracker.log.config_file import closing_statuses

    workspace = session.tracker
    if ids and older_than is not None:
        raise click.UsageError("either issues, or --older-than")
    named = frozenset(session.each(ids, workspace.resolve))
    age = USUAL * DAY if older_than is None else older_than
    before = session.clock() - round(age * 1_000_000_000)
    wish = away.ArchiveRequest(closing_statuses(workspace.config), before, named, deleted)
    found = _preview(session, wish)
    if dry_run:
        session.writes = False
    elif found.going:
        decided: list[ArchiveSplit] = []

        def plan(shelf: Snapshot) -> Wanted:
            lines, parted = away.put_away(shelf, wish)
            decided[:] = [parted]
            return lines

        workspace.revise(plan)
        found = decided[0]
    _say(session, found, dry=dry_run)


def _preview(session: Session, wish: ArchiveRequest) -> ArchiveSplit:
    from tracker.issues import archive as away

    return session.tracker.preview(lambda drafts: away.put_away(drafts.before, wish)[1])


def _say(session: Session, found: ArchiveSplit, *, dry: bool) -> None:
    if session.json:
        session.emit({"archived": list(found.going), "kept": dict(found.staying), "dry_run": dry})
        return
    count = len(found.going)
    session.say(f"{'Would archive' if dry else '✓ Archived'} {count} issues")
    for id in found.going[:LISTED]:
        session.say(f"  {id}")
    if count > LISTED:
        session.say(f"  and {count - LISTED} more")
    if found.staying:
        session.say(f"{len(found.staying)} closed issues stay:")
        for id, why in list(found.staying.items())[:LISTED]:
            session.say(f"  {id}: {one_line(why)}")
        if len(found.staying) > LISTED:
            session.say(f"  and {len(found.staying) - LISTED} more")
