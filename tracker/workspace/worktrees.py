"""Linked worktrees of a repository."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from tracker import fileio, small_files
from tracker.errors import Invalid, NotFound, Refused
from tracker.workspace.folder import look

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker.git.repository import Repository


class Worktree(NamedTuple):
    """A work tree: its folder, its branch ("" if its HEAD is detached), whether it is the main one.

    `log` says whether there is a log in it: "local" or "none".
    """

    path: str
    branch: str
    is_main: bool
    log: str

    @property
    def name(self) -> str:
        """The name of its folder."""
        return os.path.basename(self.path)


class NoWorktree(NotFound):
    """There is no such worktree."""

    def __init__(self, name: str, known: Sequence[Worktree]) -> None:
        super().__init__(name)
        self.message = f'no worktree found matching "{name}"'
        self.hint = f"there are {', '.join(one.name for one in known)}; bd worktree list"


def every(git: Repository) -> list[Worktree]:
    """All work trees, the main one first."""
    found: list[Worktree] = []
    for block in git.tell("worktree", "list", "--porcelain", "-z").split("\0\0"):
        fields = dict(line.partition(" ")[::2] for line in block.split("\0") if line)
        path = fields.get("worktree", "")
        if not path or "bare" in fields:
            continue
        branch = fields.get("branch", "").removeprefix("refs/heads/")
        folder = look(os.path.join(path, ".beads"))
        log = "local" if folder is not None and folder.usable() else "none"
        found.append(Worktree(path, branch, not found, log))
    return found


def named(name: str, found: Sequence[Worktree], folder: str) -> Worktree:
    """The one of that path (from `folder`), branch or folder name. Raises NotFound."""
    path = os.path.realpath(os.path.join(folder, name))
    for one in found:
        if os.path.realpath(one.path) == path:
            return one
    same = [one for one in found if name in {one.branch, one.name}]
    if len(same) != 1:
        raise NoWorktree(name, found)
    return same[0]


def create(git: Repository, path: str, branch: str) -> Worktree:
    """Make a worktree at a path, on a branch of that name, which may be new. Raises GitFailed.

    One within the work tree is kept out of `git status` by `info/exclude`, which is no part of the
    repository.
    """
    if os.path.lexists(path):
        raise Invalid(f"{path} is there already", hint="bd worktree create ANOTHER-NAME")
    if git.commit_of("HEAD") is None:
        raise Refused("there is no commit yet for a branch to begin at", hint="git commit")
    is_there = git.ask("show-ref", "--verify", "--quiet", f"refs/heads/{branch}").code == 0
    git.tell("worktree", "add", "--quiet", *(() if is_there else ("-b", branch)), "--", path,
             *((branch,) if is_there else ()))  # fmt: skip
    _exclude(git, path, is_there=True)
    return named(path, every(git), git.top)


def remove(git: Repository, one: Worktree, *, force: bool) -> None:
    """Remove a worktree; its branch stays. Raises Invalid for the main one, GitFailed."""
    if one.is_main:
        raise Invalid(f"{one.path} is the main work tree, which stays", hint="bd worktree list")
    if os.path.realpath(one.path) == os.path.realpath(git.top):
        raise Invalid(
            f"{one.path} is where you are", hint=f"cd elsewhere; bd worktree remove {one.name}"
        )
    git.tell("worktree", "remove", *(("--force",) if force else ()), "--", one.path)
    _exclude(git, one.path, is_there=False)


def _exclude(git: Repository, path: str, *, is_there: bool) -> None:
    """Have git ignore the folder of a worktree within the work tree, or not any more."""
    inner = os.path.relpath(os.path.realpath(path), os.path.realpath(git.top))
    if inner.startswith(".."):
        return
    line = "/" + inner.replace("\\", "\\\\").replace(" ", "\\ ") + "/"
    file = git.path("info/exclude")
    try:
        data = fileio.read(file, links=fileio.ANYWHERE)
    except FileNotFoundError:
        data = b""
    before = data.decode("utf-8", "surrogateescape")
    rows = [row for row in before.splitlines(keepends=True) if row.rstrip("\n") != line]
    body = "".join(rows)
    if is_there:
        body += ("\n" if body and not body.endswith("\n") else "") + line + "\n"
    if body != before:
        os.makedirs(os.path.dirname(file), exist_ok=True)
        after = body.encode("utf-8", "surrogateescape")
        small_files.replace(file, data, after) if before else small_files.create(file, after)
