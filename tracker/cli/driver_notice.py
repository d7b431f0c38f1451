"""Register the merge driver after a write, and say so."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from tracker.errors import TrackerError
from tracker.setup import merge_driver

if TYPE_CHECKING:
    from tracker.cli.session import Session


def register(session: Session) -> None:
    """The first write of a clone registers the driver that the attributes name; never fails."""
    from tracker.git.repository import Repository

    top = session.place.top
    if top is None:
        return
    try:
        if not _is_wanted(session):
            return
        repo = Repository(top, session.env)
        plan = merge_driver.DriverPlan(
            "local", merge_driver.lacking(repo, sys.executable or "python3")
        )
        if plan.is_done:
            return
        merge_driver.apply(repo, plan)
    except (TrackerError, OSError):
        return
    session.note("git merges issues by record in this clone from now on (bd setup git --check)")


def advise(session: Session) -> None:
    """Tell the person at a terminal, who has only read so far, what the first write would do."""
    if _is_wanted(session):
        session.note("git merges these files as text in this clone (bd setup git: by record)")


def _is_wanted(session: Session) -> bool:
    """Whether git knows no driver that could run, not in its settings for all, and none said no."""
    from tracker.log.config_file import parse, value
    from tracker.small_files import contents

    place = session.place
    held = session.git_config.get(merge_driver.KEY, "")
    if held and os.path.exists(merge_driver.interpreter(held) or place.root):
        return False
    config = parse(contents(os.path.join(place.beads, "config.yaml")) or b"")
    return value(config, "driver.register") != "false"
