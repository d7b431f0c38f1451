"""`bd rename-prefix`: give all ids another prefix."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.cli.issues.rename import note_renames
from tracker.errors import Invalid
from tracker.text import one_line

if TYPE_CHECKING:
    from tracker.cli.session import Session
    from tracker.log.snapshot import Drafts


SHOWN = 20  # ids that a preview lists


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
@click.option("--repair", is_flag=True, help="Also rename ids with any other prefix")
@pass_session
def rename_prefix(session: Session, /, new: str, dry_run: bool, repair: bool) -> None:
    """Change the prefix of all issue ids.

    Old ids still resolve. The prefix is set in config.yaml, so new issues get it too.
    """
    from tracker import small_files
    from tracker.issues import rename as issues_rename
    from tracker.issues.create import choose_prefix
    from tracker.log.paths import CONFIG_FILE
    from tracker.memory import actions
    from tracker.model.ids import check_prefix

    workspace = session.tracker
    settings, hand = workspace.settings(), workspace.library.hand()
    wanted = check_prefix(new)

    def change(drafts: Drafts) -> tuple[str, dict[str, str]]:
        old = choose_prefix(drafts.issues, settings)[0]
        apart = [one.rstrip("-") for one in settings.allowed_prefixes]
        known = {*drafts.issues.all_ids(), *drafts.archive.all_ids()}
        names = issues_rename.prefixed(known, old, wanted, apart, every=repair)
        if old == wanted and not names:
            raise Invalid(
                f"the prefix is already {wanted!r}", hint="--repair renames ids with other prefixes"
            )
        if not dry_run:
            issues_rename.apply([drafts.issues, drafts.archive], names, hand.who)
            actions.follow(drafts.memories, names, hand)
            drafts.config.set("issue-prefix", wanted)
        return old, names

    small_files.refuse_link(os.path.join(session.place.beads, CONFIG_FILE))
    old, names = (workspace.preview if dry_run else workspace.edit)(change)
    _say(session, (old, wanted), names, dry_run=dry_run)


def _say(
    session: Session, prefixes: tuple[str, str], names: dict[str, str], *, dry_run: bool
) -> None:
    old, new = prefixes
    note = "" if dry_run or not names else note_renames(session)
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
