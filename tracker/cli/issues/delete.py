"""`bd delete`: delete issues."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.cli.deletion import delete_issues, preview_deletion
from tracker.errors import Invalid

if TYPE_CHECKING:
    from tracker.cli.session import Session


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
@click.option(
    "-f", "--force", is_flag=True, help="Delete; without this, only show what would happen"
)
@click.option("--dry-run", is_flag=True, help="Show what would be deleted")
@click.option("--cascade", is_flag=True, help="Also delete all issues that depend on them")
@click.option("--from-file", metavar="FILE", help="Read ids from a file, one a line")
@click.option("-r", "--reason", default="", metavar="TEXT", help="Reason")
@click.option(
    "--hard", is_flag=True, help="Remove the record without a tombstone; only undo restores it"
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
    """Delete issues.

    A deleted issue leaves a tombstone; `bd restore` brings it back.
    """
    if from_file is not None:
        rows = (row.strip() for row in session.read(from_file).splitlines())
        ids += tuple(row for row in rows if row and not row.startswith("#"))
    if not ids:
        raise Invalid("no issue ID given", hint="bd delete ID --force")
    if dry_run or not force:
        preview_deletion(session, ids, cascade=cascade, hard=hard, asked=dry_run)
    else:
        delete_issues(session, ids, reason, cascade=cascade, hard=hard)
