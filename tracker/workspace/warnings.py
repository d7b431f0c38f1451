"""What a command should warn of: a log that is not up to date, a database of Beads beside it."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from tracker import fileio
from tracker.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker.model.context import Place


def all_of(place: Place, problems: Sequence[str], *, markers: bool = False) -> list[str]:
    """Warnings, a line each: what could not be read, and where the issues may be instead."""
    found = []
    if problems:
        shown = "; ".join(problems[:3])
        more = f"; and {len(problems) - 3} more (bd doctor lists them)" if problems[3:] else ""
        found.append(f"{shown}{more}")
    if markers:
        found[0] = (
            f"conflict markers: {found[0]}; what both sides hold is shown, and nothing can be"
            " written until bd resolve"
        )
    if place.backend == "dolt":
        found.append(
            f"{place.log} is an export: this workspace keeps its issues in Dolt"
            " (bd migrate brings them into the log)"
        )
    elif not os.path.exists(place.log) and _is_ours(place):
        found.append(
            f"{place.log} is missing, so there are no issues"
            " (git checkout -- brings back a committed one; bd init makes an empty one)"
        )
    return found


def _is_ours(place: Place) -> bool:
    """Whether `bd init` made this workspace: then there was a log."""
    with suppress(OSError):
        return b'"tracker"' in fileio.read(os.path.join(place.beads, "metadata.json"))
    return False


def forbid_unread_database(place: Place) -> None:
    """Stop where issues may be only in a database that Beads wrote: nothing may look empty."""
    if place.foreign_db is None or place.backend == "dolt" or os.path.exists(place.log):
        return
    import sqlite3

    from tracker.workspace import beads_database

    try:
        with beads_database.glanced(place.foreign_db) as db:
            is_there = "issues" in db.tables()
            count = next(db.rows("SELECT count(*) FROM issues"))[0] if is_there else 0
    except (OSError, sqlite3.Error):
        return
    if count:
        name = os.path.basename(place.foreign_db)
        raise Refused(
            f"{count} issues are only in {name}, and {os.path.basename(place.log)} is missing",
            hint="bd migrate",
        )
