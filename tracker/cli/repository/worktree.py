"""`bd worktree`: manage linked git worktrees."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from tracker.cli import secret_check
from tracker.cli.command import group, pass_session
from tracker.errors import NotATracker, Refused
from tracker.text import one_line

if TYPE_CHECKING:
    from typing import Any

    from tracker.cli.session import Session
    from tracker.git.repository import Repository
    from tracker.workspace.worktrees import Worktree


@group(
    "worktree",
    examples=["bd worktree create fix-login", "bd worktree list", "bd worktree remove fix-login"],
    default="info",
)
def worktree() -> None:
    """Manage git worktrees that share claims."""


def _git(session: Session, *, acts: bool = False) -> Repository:
    from tracker.git.discovery import git_of
    from tracker.git.repository import Repository

    with suppress(NotATracker):
        _ = session.place  # raises where the folder is not to be trusted
    top = git_of(os.path.realpath(session.folder))[0]
    if top is None:
        raise Refused("there is no git repository here", hint="git init")
    return Repository(top, session.env, acts=acts)


def _document(one: Worktree) -> dict[str, Any]:
    return {
        "name": one.name,
        "path": one.path,
        "branch": one.branch,
        "is_main": one.is_main,
        "beads_state": one.log,
    }


@worktree.command("list", examples=["bd worktree list", "bd worktree list --json"])
@pass_session
def list_(session: Session) -> None:
    """List the worktrees of this repository."""
    from tracker.workspace import worktrees

    found = worktrees.every(_git(session))
    if session.json:
        session.emit([_document(one) for one in found])
        return
    width = max(len(one.name) for one in found)
    for one in found:
        what = "main" if one.is_main else "linked"
        log = "" if one.log == "local" else ", no issues here"
        branch = one_line(one.branch) or "(detached)"
        session.say(f"{one_line(one.name):<{width}}  {branch}  {one_line(one.path)} ({what}{log})")


@worktree.command("info", examples=["bd worktree info", "bd worktree info --json"])
@pass_session
def info(session: Session) -> None:
    """Show the current worktree."""
    from tracker.workspace import worktrees

    git = _git(session)
    found = worktrees.every(git)
    one = worktrees.named(git.top, found, git.top)
    if session.json:
        more = {} if one.is_main else {**_document(one), "main_path": found[0].path}
        session.emit({"is_worktree": not one.is_main, **more})
    elif one.is_main:
        session.say("This is the main work tree, not a linked one")
    else:
        session.say(f"Worktree: {one_line(one.path)}")
        session.say(f"Branch: {one_line(one.branch) or '(detached)'}")
        session.say(f"Main: {one_line(found[0].path)}")
        session.say(f"Issues: {'those of this branch' if one.log == 'local' else 'none here'}")


@worktree.command(
    "create",
    examples=["bd worktree create fix-login", "bd worktree create ../fix --branch fix-login"],
    writes=True,
)
@click.argument("path", metavar="NAME")
@click.option("-b", "--branch", metavar="BRANCH", help="Branch, new or existing  [NAME]")
@pass_session
def create(session: Session, /, path: str, branch: str | None) -> None:
    """Create a worktree with a branch of its own.

    Claims are shared between worktrees, so an issue is claimed once.
    """
    from tracker.workspace import worktrees

    git = _git(session, acts=True)
    where = os.path.join(os.path.realpath(session.folder), path)
    branch = branch or os.path.basename(where.rstrip("/"))
    secret_check.refuse(session, {"name of the branch": branch})
    made = worktrees.create(git, where, branch)
    if session.json:
        session.emit(_document(made))
    else:
        session.say(f"✓ Created worktree: {one_line(made.path)}\n  Branch: {one_line(made.branch)}")
    if git.ask("status", "--porcelain", "--", ":(top,glob)**/.beads/**", ":(top).beads").text:
        session.note("issues that are not committed are not there yet (bd sync, then git merge)")


@worktree.command(
    "remove",
    examples=["bd worktree remove fix-login", "bd worktree remove fix-login --force"],
    writes=True,
)
@click.argument("name")
@click.option("--force", is_flag=True, help="Remove it even with uncommitted changes")
@pass_session
def remove(session: Session, /, name: str, force: bool) -> None:
    """Remove a worktree; its branch stays."""
    from tracker.git.repository import GitFailed
    from tracker.workspace import worktrees

    git = _git(session, acts=True)
    one = worktrees.named(name, worktrees.every(git), os.path.realpath(session.folder))
    try:
        worktrees.remove(git, one, force=force)
    except GitFailed as error:
        if not force and "--force" in error.said:
            error.hint = f"commit there, or: bd worktree remove {name} --force"
        raise
    if session.json:
        session.emit({"removed": one.path, "branch": one.branch})
    else:
        session.say(f"✓ Removed worktree: {one_line(one.path)}")
