"""Where `bd init` works, and what keeps it from working there."""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING, NamedTuple

from tracker import foreign
from tracker.errors import NotATracker, Refused, quoted
from tracker.folder import LOGS, SCHEMA, look, refuse_repository
from tracker.gitdir import git_of, tracked
from tracker.places import find

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tracker.places import Place


class Site(NamedTuple):
    """The folder that is to hold the workspace, and what is there; `place` is None for a new one.

    It is `shared` where the user named a database in a folder of another name.
    """

    folder: str
    place: Place | None = None
    shared: bool = False

    @property
    def root(self) -> str:
        """The folder that the workspace is for."""
        parent, name = os.path.split(self.folder)
        return parent if name == ".beads" else self.folder

    @property
    def log(self) -> str:
        """The path of the log."""
        return self.place.log if self.place else os.path.join(self.folder, LOGS[0])


def site(
    cwd: str, env: Mapping[str, str], *, directory: str | None = None, db: str | None = None
) -> Site:
    """The place that `init` means: what the user names, a workspace around, or else right here.

    A plain `.beads` folder right here is meant even where there is a workspace further up. Raises
    NotATracker or Refused.
    """
    start = os.path.realpath(os.path.join(cwd, directory or ""))
    named = db or ("" if directory else env.get("BEADS_DB") or env.get("BEADS_DIR") or "")
    if not named and (here := _here(start)):
        return Site(here)
    try:
        place = find(cwd, env, directory=directory, db=db)
    except NotATracker:
        if not os.path.isdir(start):
            raise
        folder = _named(os.path.join(start, named)) if named else f"{start}/.beads"
        return Site(folder, None, os.path.basename(folder) != ".beads")
    is_own = os.path.basename(place.beads) == ".beads" or not (db or env.get("BEADS_DB"))
    return Site(place.beads, place, not is_own)


def _here(start: str) -> str:
    """The folder right here if there is one without a workspace in it; "" otherwise."""
    for part in (".beads", ".git"):
        if part in start.split("/"):
            outside = start[: start.index(f"/{part}")] or "/"
            raise Refused(
                f"{start} is inside a {part} folder", hint=f"bd -C {quoted(outside)} init"
            )
    top, git_dir, _ = git_of(start)
    if git_dir and top is None:
        raise Refused(
            f"{git_dir} is a git repository without a work tree",
            hint=f"git -C {quoted(git_dir)} worktree list",
        )
    here = os.path.join(start, ".beads")
    if not os.path.lexists(here):
        return ""
    folder = look(os.path.realpath(here))
    if folder and folder.usable():
        return ""
    if folder is None or os.path.islink(here):
        raise Refused(f"{here} is no folder", hint=f"ls -ld {quoted(here)}")
    refuse_repository(folder)
    return here


def _named(path: str) -> str:
    """The new folder that `--db`, BEADS_DB or BEADS_DIR names; that of a database has any name."""
    real = os.path.realpath(path)
    if real.endswith((".db", ".sqlite", ".sqlite3")):
        return os.path.dirname(real)
    return real if os.path.basename(real) == ".beads" else os.path.join(real, ".beads")


def check(found: Site) -> None:
    """Raise Refused where a new log would hide issues that are elsewhere."""
    place = found.place
    if place and place.backend == "dolt":
        raise Refused("this workspace keeps its issues in Dolt", hint="bd migrate")
    if place and place.writer > SCHEMA:
        raise Refused(
            f"{found.folder} was written by a newer version ({place.writer})",
            hint="pip install --upgrade bd-tracker",
        )
    if os.path.exists(found.log):
        return
    top, _, _ = git_of(found.root)
    for name in dict.fromkeys((os.path.basename(found.log), *LOGS)):
        path = os.path.join(found.folder, name)
        if top and tracked(path):
            relative = quoted(os.path.relpath(path, top))
            raise Refused(
                f"{path} is missing, but git has it: an empty one would look like a deletion",
                hint=f"git -C {quoted(top)} checkout -- {relative}",
            )
    if place and place.foreign_db:
        _check_database(place.foreign_db)


def _check_database(path: str) -> None:
    try:
        count = len(foreign.ids(path))
    except (OSError, sqlite3.Error) as error:
        raise Refused(
            f"{path} cannot be read ({error}), and there is no log beside it", hint="bd doctor"
        ) from None
    if count:
        name = os.path.basename(path)
        raise Refused(f"{count} issues are only in {name}, and there is no log", hint="bd migrate")


def other_worktree(root: str) -> str:
    """The `.beads` of the main worktree, seen from a linked one; "" where there is none."""
    top, git_dir, common = git_of(root)
    if not top or not common or git_dir == common:
        return ""
    folder = look(os.path.join(os.path.dirname(common), ".beads"))
    return folder.path if folder and folder.usable() else ""
