"""`bd rename` and `bd rename-prefix`: other ids, and all that names the old ones follows."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.cli.plain import one_line
from tracker.errors import Invalid, quoted

if TYPE_CHECKING:
    from tracker.cli.session import Session
    from tracker.shelf import Drafts

SHOWN = 20  # ids that a preview lists


@command("rename", examples=["bd rename bd-a1b2c bd-login"], writes=True)
@click.argument("old")
@click.argument("new")
@pass_session
def rename(session: Session, /, old: str, new: str) -> None:
    """Give an issue another id; edges and texts follow, and the old id still finds it."""
    from tracker import remember, renames
    from tracker.ids import check_id, resolve

    workspace = session.tracker
    prefix, hand = workspace.settings().prefix, workspace.library.hand()
    who = hand.who
    wanted = check_id(new)

    def change(drafts: Drafts) -> str:
        full = resolve(old, drafts.issues, prefix)
        renames.rename(drafts.issues, full, wanted, who)
        renames.apply([drafts.archive], {full: wanted}, who)
        remember.follow(drafts.memories, {full: wanted}, hand)
        return full

    full = workspace.edit(change)
    workspace.touch(wanted)
    note = _note(session)
    if session.json:
        session.emit({"old_id": full, "new_id": wanted, **({"note": note} if note else {})})
        return
    session.say(f"Renamed {full} -> {wanted}")
    if note:
        session.note(note)


def _note(session: Session) -> str:
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


@command(
    "rename-prefix",
    examples=[
        "bd rename-prefix shop --dry-run",
        "bd rename-prefix shop-",
        "bd rename-prefix shop --repair --json",
    ],
    writes=True,
)
@click.argument("new")
@click.option("--dry-run", is_flag=True, help="Show which ids would change")
@click.option("--repair", is_flag=True, help="Also ids of any other prefix")
@pass_session
def rename_prefix(session: Session, /, new: str, dry_run: bool, repair: bool) -> None:
    """Give all issues another prefix; old ids still find them.

    New issues get the prefix from then on: it is set in config.yaml.
    """
    from tracker import files, remember, renames
    from tracker.actions import choose_prefix
    from tracker.beside import CONFIG_FILE
    from tracker.ids import check_prefix

    workspace = session.tracker
    settings, hand = workspace.settings(), workspace.library.hand()
    wanted = check_prefix(new)

    def change(drafts: Drafts) -> tuple[str, dict[str, str]]:
        old = choose_prefix(drafts.issues, settings)[0]
        apart = [one.rstrip("-") for one in settings.allowed_prefixes]
        known = {*drafts.issues.all_ids(), *drafts.archive.all_ids()}
        names = renames.prefixed(known, old, wanted, apart, every=repair)
        if old == wanted and not names:
            raise Invalid(
                f"the prefix is {wanted!r} already", hint="--repair renames ids of other prefixes"
            )
        if not dry_run:
            renames.apply([drafts.issues, drafts.archive], names, hand.who)
            remember.follow(drafts.memories, names, hand)
            drafts.config.set("issue-prefix", wanted)
        return old, names

    files.refuse_link(os.path.join(session.place.beads, CONFIG_FILE))
    old, names = (workspace.preview if dry_run else workspace.edit)(change)
    _say(session, (old, wanted), names, dry_run=dry_run)


def _say(
    session: Session, prefixes: tuple[str, str], names: dict[str, str], *, dry_run: bool
) -> None:
    old, new = prefixes
    note = "" if dry_run or not names else _note(session)
    if session.json:
        answer = {"old_prefix": old, "new_prefix": new, "issues_count": len(names)}
        answer |= {"note": note} if note else {}
        session.emit({**answer, **({"dry_run": True, "renamed": names} if dry_run else {})})
    elif dry_run:
        session.say(f"Would rename {len(names)} issues from prefix '{old}' to '{new}':")
        for one, other in list(names.items())[:SHOWN]:
            session.say(f"  {one_line(one)} -> {one_line(other)}")
        if len(names) > SHOWN:
            session.say(f"  and {len(names) - SHOWN} more")
    else:
        session.say(f"✓ Renamed {len(names)} issues from prefix '{old}' to '{new}'")
        if note:
            session.note(note)
