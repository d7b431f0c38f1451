"""What `bd sync` may touch, and where it stands. Nothing here changes anything or asks a remote."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from tracker import branches
from tracker.errors import quoted

if TYPE_CHECKING:
    from tracker.branches import Branch
    from tracker.git import Repository
    from tracker.places import Place

NAMES = (
    "archive.jsonl", "memory.jsonl", "outcomes.jsonl", "interactions.jsonl", "deletions.jsonl",
    "config.yaml", "metadata.json", ".gitattributes", ".gitignore", "README.md",
)  # fmt: skip
"""Files of a workspace that git keeps, beside the log."""


class Territory(NamedTuple):
    """The tracker's files by their paths from the top; `area` may hold whole folders of it."""

    log: str
    names: tuple[str, ...]
    area: tuple[str, ...]


class Obstacle(NamedTuple):
    """What keeps a sync from being complete, and the commands that would complete it."""

    why: str
    left: tuple[str, ...] = ()


class Standing(NamedTuple):
    """Where a branch and the tracker's files stand, as far as it is known without asking."""

    branch: Branch | None
    changed: tuple[str, ...] = ()
    ahead: int = 0
    behind: int = 0
    obstacle: Obstacle | None = None


def territory(place: Place, top: str) -> Territory:
    """What belongs to the tracker. A folder that is not called `.beads` holds other files too."""
    log = os.path.relpath(place.log, top)
    folder = os.path.relpath(place.beads, top)
    names = (log, *(os.path.normpath(os.path.join(folder, name)) for name in NAMES))
    is_own = os.path.basename(place.beads) == ".beads"
    return Territory(log, names, (folder, log) if is_own else names)


def standing(repo: Repository, place: Place) -> Standing:
    """What a sync would find."""
    own = territory(place, repo.top)
    branch = branches.current(repo)
    changed = tuple(sorted(branches.status(repo, own.names)))
    if branch is None:
        return Standing(None, changed, obstacle=Obstacle("no branch is checked out"))
    found = Standing(branch, changed, obstacle=nowhere(repo, branch))
    if found.obstacle or not branch.head or repo.commit_of(branch.upstream) is None:
        return found
    sides = f"{branch.head}...{branch.upstream}"
    ahead, behind = branches.apart(repo, sides)
    is_mixed = branches.touches_more(repo, sides, own.area)
    return found._replace(
        ahead=ahead, behind=behind, obstacle=mixed(branch, behind) if is_mixed else None
    )


def nowhere(repo: Repository, branch: Branch) -> Obstacle | None:
    """Why there is no place to push to; None where there is one."""
    if branch.upstream and branch.pushes and branch.remote != ".":
        return None
    names = branches.remotes(repo)
    if not names:
        return Obstacle("there is no remote")
    remote = branch.remote if branch.remote in names else names[0]
    push = f"git push -u {quoted(remote)} {quoted(branch.name)}"
    if branch.upstream and branch.remote != ".":
        return Obstacle(f"git would not push {branch.name} to {branch.shown}", (push,))
    return Obstacle(f"{branch.name} has no upstream", (push,))


def mixed(branch: Branch, behind: int) -> Obstacle:
    """Commits on either side are the user's: what to do about them is left to the user."""
    merge = (f"git merge {quoted(branch.shown)}",) if behind else ()
    why = "commits touch other files than the tracker's (bd sync --all takes them along)"
    return Obstacle(why, (*merge, "git push"))
