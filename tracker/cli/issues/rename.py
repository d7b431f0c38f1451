"""`bd rename`: give an issue another id."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.errors import quoted

if TYPE_CHECKING:
    from tracker.cli.session import Session
    from tracker.log.snapshot import Drafts


@command("rename", examples=["bd rename bd-a1b2c bd-login"], writes=True)
@click.argument("old")
@click.argument("new")
@pass_session
def rename(session: Session, /, old: str, new: str) -> None:
    """Change the id of an issue.

    Dependencies and texts follow, and the old id still resolves.
    """
    from tracker.issues import rename as issues_rename
    from tracker.issues.lookup import resolve
    from tracker.memory import actions
    from tracker.model.ids import check_id

    workspace = session.tracker
    prefix, hand = workspace.settings().prefix, workspace.library.hand()
    who = hand.who
    wanted = check_id(new)

    def change(drafts: Drafts) -> str:
        full = resolve(old, drafts.issues, prefix)
        issues_rename.rename(drafts.issues, full, wanted, who)
        issues_rename.apply([drafts.archive], {full: wanted}, who)
        actions.follow(drafts.memories, {full: wanted}, hand)
        return full

    full = workspace.edit(change)
    workspace.touch(wanted)
    note = note_renames(session)
    if session.json:
        session.emit({"old_id": full, "new_id": wanted, **({"note": note} if note else {})})
        return
    session.say(f"Renamed {full} -> {wanted}")
    if note:
        session.note(note)


def note_renames(session: Session) -> str:
    """What to do about a database of Beads or br here, which knows the old ids; "" without one.

    They match records by content, and so take the new id for the old one.
    """
    place = session.place
    if place.foreign_db is None:
        return ""
    start = os.path.realpath(session.folder)
    path, local = (
        quoted(os.path.relpath(one, start))
        for one in (place.foreign_db, os.path.join(place.beads, ".local"))
    )
    name = os.path.basename(place.foreign_db)
    return (
        f"{name} has the old ids still, and Beads or br would bring them back:"
        f" once they have written all to the log, mv {path}* {local}/ lets them build it anew"
    )
