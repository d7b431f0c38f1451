"""Find and restore issues that are only in the archive."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tracker.errors import NotFound, TrackerError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tracker.cli.session import Session
    from tracker.log.record_file import Wanted
    from tracker.log.snapshot import Snapshot


def restore_archived(session: Session, texts: Iterable[str]) -> list[str]:
    """Bring back those that are only in the archive, with their families; the ids that came."""
    from tracker.issues import archive as away

    away_now = [text for text in texts if is_missing(session, text)]
    if not away_now:
        return []
    workspace = session.tracker
    prefix = workspace.settings().prefix
    back: list[str] = []

    def plan(shelf: Snapshot) -> Wanted:
        lines, ids = away.bring_back(shelf, away_now, prefix)
        back[:] = ids
        return lines

    workspace.revise(plan)
    return back


def archived(session: Session, text: str) -> str:
    """The id in the archive that a text means, "" for none; costs nothing where there is none."""
    from tracker.fileio import Unusable, read_log
    from tracker.issues import archive as away
    from tracker.log.issue_log import Log

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
    is_asked = any(is_missing(session, text) for text in texts)
    return session.tracker.open_archive() if is_asked else frozenset()


def is_missing(session: Session, text: str) -> bool:
    """Return whether an id is in the archive and not in the log."""
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
