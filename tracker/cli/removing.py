"""`bd uninstall`: the tree, the hooks and git's settings as they were before."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from tracker import hooks, removal
from tracker.cli.command import command, pass_session
from tracker.cli.hooking import Site, site_of
from tracker.errors import NotATracker, Refused
from tracker.git import ask
from tracker.gitdir import tracked

if TYPE_CHECKING:
    from tracker.cli.session import Session
    from tracker.hooks import Plan
    from tracker.removal import Removal

SECTION = "merge.tracker"


class Departure(NamedTuple):
    """What is to be taken back: hooks, whether a setting of git, files."""

    site: Site | None
    hooks: Plan | None
    driver: bool
    files: Removal | None

    @property
    def left(self) -> list[tuple[str, str]]:
        """What stays, each with the reason."""
        plans = (self.hooks, self.files)
        return [left for plan in plans if plan is not None for left in plan.left]

    def restored(self) -> list[str]:
        """The files that get back what they held."""
        changes = self.files.changes if self.files else []
        return [change.path for change in changes if change.after is not None]

    def removed(self) -> list[str]:
        """The files that go."""
        if self.files is None:
            return []
        gone = [change.path for change in self.files.changes if change.after is None]
        return gone + self.files.own

    def apply(self, session: Session) -> None:
        """Do it, hooks first: where .git cannot be written, nothing has happened yet."""
        if self.hooks:
            hooks.apply(self.hooks)
        if self.driver and self.site:
            words = ("config", "--local", "--remove-section", SECTION)
            answer = ask(self.site.top, session.env, *words)
            if answer is None or answer.code:
                raise Refused(f"git cannot remove the section {SECTION} of its settings")
        if self.files:
            removal.apply(self.files)


def _departure(session: Session) -> Departure:
    try:
        place = session.place
    except NotATracker:
        place = None  # somebody removed the folder by hand; hooks and settings are still there
    try:
        site = site_of(session)
    except Refused:
        if place is None:
            raise
        return Departure(None, None, False, removal.planned(place))
    answer = ask(site.top, session.env, "config", "--local", "--get-regexp", rf"^{SECTION}\.")
    return Departure(
        site,
        hooks.uninstalling(site.folder),
        answer is not None and answer.code == 0,
        removal.planned(place) if place else None,
    )


@command("uninstall", examples=["bd uninstall --dry-run", "bd uninstall"], writes=True)
@click.option("--dry-run", is_flag=True, help="Show what would be done")
@pass_session
def uninstall(session: Session, dry_run: bool) -> None:
    """Take back what `init`, `hooks install` and `setup git` wrote in this clone.

    Files that hold records stay, and so does what has changed since.
    """
    departure = _departure(session)
    committed = [path for path in departure.removed() if tracked(path)]
    if not dry_run:
        departure.apply(session)
    if session.json:
        session.emit(_answer(departure, dry=dry_run))
        return
    start = os.path.realpath(session.folder)
    lines = [line.replace(start + os.sep, "") for line in _lines(departure)]
    if dry_run and lines:
        session.say("This would be done:")
    for line in lines or ["There is nothing to take back."]:
        session.say(line)
    for path, why in departure.left:
        session.say(f"left {os.path.relpath(path, start)}: {why}")
    if departure.site and departure.site.owner and departure.site.owner.called:
        owner = departure.site.owner
        session.note(f"{owner.name} calls the tracker: take that out of {owner.sign}")
    if committed:
        folder = os.path.dirname(committed[0])
        session.note(
            f"git has {len(committed)} of these files: git add -u {os.path.relpath(folder, start)}"
        )


def _answer(departure: Departure, *, dry: bool) -> dict[str, Any]:
    return {
        "hooks": departure.hooks.names if departure.hooks else [],
        "settings": [SECTION] if departure.driver else [],
        "removed": departure.removed(),
        "restored": departure.restored(),
        "left": [{"path": path, "why": why} for path, why in departure.left],
        "dry_run": dry,
    }


def _lines(departure: Departure) -> list[str]:
    lines = hooks.told(departure.hooks) if departure.hooks else []
    lines += [f"{SECTION} removed from the settings of git"] if departure.driver else []
    lines += [f"{path} put back" for path in departure.restored()]
    gone = departure.removed()
    local = [path for path in gone if f"{os.sep}.local{os.sep}" in path]
    lines += [f"{path} removed" for path in gone if path not in local]
    if local:
        folder = local[0][: local[0].index(f"{os.sep}.local{os.sep}")]
        count = "1 file" if len(local) == 1 else f"{len(local)} files"
        lines.append(f"{os.path.join(folder, '.local')} removed ({count})")
    return lines
