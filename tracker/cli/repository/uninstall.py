"""`bd uninstall`: restore what init and setup changed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import click

from tracker.cli.command import command, pass_session
from tracker.errors import NotATracker, Refused
from tracker.git.discovery import tracked
from tracker.git.repository import Repository
from tracker.setup import git_hooks, merge_driver
from tracker.setup import uninstall as setup_uninstall
from tracker.setup.hook_managers import site_of
from tracker.setup.uninstall import FileChange, Removal
from tracker.store.open_write import path_in

if TYPE_CHECKING:
    from typing import Any

    from tracker.cli.session import Session
    from tracker.model.context import Place
    from tracker.setup.hook_managers import HookSite


_LOCAL = f"{os.sep}.local{os.sep}"


class Departure(NamedTuple):
    """What is to be taken back: files, and in a work tree of git its hooks and settings."""

    files: Removal
    site: HookSite | None = None
    hooks: git_hooks.HookPlan = git_hooks.HookPlan("", [], [], [])
    settings: merge_driver.DriverPlan = merge_driver.DriverPlan("local", [])

    @property
    def left(self) -> list[tuple[str, str]]:
        """What stays, each with the reason."""
        return self.hooks.left + self.files.left

    @property
    def restored(self) -> list[str]:
        """The files that get back what they held."""
        return [change.path for change in self.files.changes if change.after is not None]

    @property
    def removed(self) -> list[str]:
        """The files that go."""
        return [c.path for c in self.files.changes if c.after is None] + self.files.own

    def apply(self, session: Session) -> None:
        """Do it, hooks first: where .git cannot be written, nothing has happened yet."""
        git_hooks.apply(self.hooks)
        if self.site and self.settings.settings:
            merge_driver.apply(Repository(self.site.top, session.env), self.settings)
        setup_uninstall.apply(self.files)


def _departure(session: Session) -> Departure:
    try:
        place = session.place
    except NotATracker:
        place = None  # somebody removed the folder by hand; hooks and settings are still there
    files = setup_uninstall.planned(place) if place else Removal([], [], [], [])
    try:
        site = site_of(session.known_place, session.env, session.folder)
    except Refused:
        if place is None:
            raise
        return Departure(files)
    settings = merge_driver.removing(Repository(site.top, session.env))
    if place:
        _without_attributes(files, place)
    plan = merge_driver.DriverPlan("local", settings)
    return Departure(files, site, git_hooks.uninstalling(site.folder), plan)


def _without_attributes(files: Removal, place: Place) -> None:
    """Lines in the git dir of which this worktree has no note: another one may have it."""
    common = place.common_dir or ""
    step = merge_driver.without(place, place.top or "", common) if common else None
    path = os.path.join(common, merge_driver.ATTRIBUTES)
    if step and step.before is not None and path not in [change.path for change in files.changes]:
        files.changes.append(FileChange(path, step.before, step.after))


@command("uninstall", examples=["bd uninstall --dry-run", "bd uninstall"], writes=True)
@click.option("--dry-run", is_flag=True, help="Show what would be done")
@pass_session
def uninstall(session: Session, dry_run: bool) -> None:
    """Remove what init, hooks and setup git wrote in this clone.

    Issues, memories and files changed since then stay. The journal of bd undo is removed.
    """
    departure = _departure(session)
    notes = [*_notes(session, departure)]
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
        session.say(f"{os.path.relpath(path, start)} stays: {why}")
    for note in notes:
        session.note(note)


def _notes(session: Session, departure: Departure) -> list[str]:
    """What is left to do by hand."""
    site, notes = departure.site, _recipes(session)
    if site and site.owner and site.owner.called:
        notes.append(f"{site.owner.name} calls the tracker: take that out of {site.owner.sign}")
    if site and Repository(site.top, session.env).config(merge_driver.KEY, scope="global"):
        notes.append("the merge driver is registered for all repositories:"
                     " bd setup git --global --remove")  # fmt: skip
    count = sum(tracked(path) for path in departure.removed)
    if count:
        notes.append(f"git has {count} of the files that are gone: git status shows them")
    return notes


def _recipes(session: Session) -> list[str]:
    """Files of agents that go on to speak of the tracker: they are committed, for everybody."""
    from tracker.setup import agents

    try:
        folder = session.place.root
    except NotATracker:
        return []
    told: dict[str, str] = {}
    for recipe in agents.RECIPES:
        for state in agents.states(folder, recipe.parts(agents.RecipeOptions(folder))):
            if state.name in {"current", "outdated", "edited"}:
                told.setdefault(state.path, f"bd setup {recipe.name} --remove")
    return [f"{path} tells agents about bd: {command}" for path, command in told.items()]


def _answer(departure: Departure, *, dry: bool) -> dict[str, Any]:
    return {
        "hooks": departure.hooks.names,
        "settings": [setting.key for setting in departure.settings.settings],
        "removed": departure.removed,
        "restored": departure.restored,
        "left": [{"path": path, "why": why} for path, why in departure.left],
        "dry_run": dry,
    }


def _lines(departure: Departure) -> list[str]:
    lines = git_hooks.told(departure.hooks)
    if departure.settings.settings:
        lines.append(f"{merge_driver.SECTION} removed from the settings of git")
    lines += [f"{path} put back" for path in departure.restored]
    local = [path for path in departure.removed if _LOCAL in path]
    lines += [f"{path} removed" for path in departure.removed if _LOCAL not in path]
    if local:
        folder = local[0][: local[0].index(_LOCAL) + len(_LOCAL) - 1]
        count = "1 file" if len(local) == 1 else f"{len(local)} files"
        undo = "; bd undo forgets every write so far" if path_in(folder) in local else ""
        lines.append(f"{folder} removed ({count}{undo})")
    return lines
