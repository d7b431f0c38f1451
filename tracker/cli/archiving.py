"""`bd archive`, and what other commands know of issues that were put away."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from tracker.cli.command import DURATION, command, pass_session
from tracker.cli.plain import one_line
from tracker.errors import NotFound, TrackerError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tracker.archive import Parted, Wish
    from tracker.cli.session import Session
    from tracker.shelf import Shelf, Wanted

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
@click.option("--older-than", type=DURATION, metavar="TIME", help=f"Closed before that  [{USUAL}d]")
@click.option("--deleted", is_flag=True, help="Deleted issues too")
@click.option("--dry-run", is_flag=True, help="Tell what would go and what would stay, and why")
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
    """Put closed issues away into archive.jsonl; their ids still resolve, and restore undoes it.

    What an open issue names stays, and so does a part of a family whose other parts stay.
    """
    from tracker import archive as away
    from tracker.config import closing_statuses

    workspace = session.tracker
    if ids and older_than is not None:
        raise click.UsageError("either issues, or --older-than")
    named = frozenset(session.each(ids, workspace.resolve))
    age = USUAL * DAY if older_than is None else older_than
    before = session.clock() - round(age * 1_000_000_000)
    wish = away.Wish(closing_statuses(workspace.config), before, named, deleted)
    found = _preview(session, wish)
    if dry_run:
        session.writes = False
    elif found.going:
        decided: list[Parted] = []

        def plan(shelf: Shelf) -> Wanted:
            lines, parted = away.put_away(shelf, wish)
            decided[:] = [parted]
            return lines

        workspace.revise(plan)
        found = decided[0]
    _say(session, found, dry=dry_run)


def _preview(session: Session, wish: Wish) -> Parted:
    from tracker import archive as away

    return session.tracker.preview(lambda drafts: away.put_away(drafts.before, wish)[1])


def _say(session: Session, found: Parted, *, dry: bool) -> None:
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


def restored(session: Session, texts: Iterable[str]) -> list[str]:
    """Bring back those that are only in the archive, with their families; the ids that came."""
    from tracker import archive as away

    away_now = [text for text in texts if _is_missing(session, text)]
    if not away_now:
        return []
    workspace = session.tracker
    prefix = workspace.settings().prefix
    back: list[str] = []

    def plan(shelf: Shelf) -> Wanted:
        lines, ids = away.bring_back(shelf, away_now, prefix)
        back[:] = ids
        return lines

    workspace.revise(plan)
    return back


def archived(session: Session, text: str) -> str:
    """The id in the archive that a text means, "" for none; costs nothing where there is none."""
    from tracker import archive as away
    from tracker.cache import read_log
    from tracker.fileio import Unusable
    from tracker.log import Log

    try:
        data, _ = read_log(os.path.join(session.place.beads, "archive.jsonl"))
        if not data:
            return ""
        prefix = session.tracker.settings().prefix
        return away.found_in(Log(data), text, prefix)
    except Unusable:  # nobody can tell
        raise
    except (OSError, TrackerError):
        return ""


def look_into(session: Session, texts: Iterable[str]) -> frozenset[str]:
    """Let the session answer for the archive too if one of these ids is only there.

    The ids that are only there; none where it need not be opened.
    """
    is_asked = any(_is_missing(session, text) for text in texts)
    return session.tracker.open_archive() if is_asked else frozenset()


def _is_missing(session: Session, text: str) -> bool:
    try:
        session.tracker.resolve(text)
    except NotFound:
        return archived(session, text) != ""
    except TrackerError:
        return False
    return False


def explain(session: Session, error: TrackerError) -> None:
    """Say of an issue that was not found that it is in the archive, if it is."""
    for one in [found for _, found in getattr(error, "failed", [])] or [error]:
        if isinstance(one, NotFound) and (id := archived(session, one.id)):
            one.message = f"{id} is in the archive"
            one.hint = f"bd restore {id}"
    if getattr(error, "failed", None):
        first = error.failed[0][1]  # type: ignore[attr-defined]
        error.message, error.hint = first.message, first.hint
