"""Resolve a revision that a person names: a branch, tag, commit or date."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tracker.errors import Invalid, NotFound, TrackerError
from tracker.git import revisions
from tracker.git.revisions import NoRevision

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker.cli.session import Session
    from tracker.git.repository import Repository
    from tracker.git.revisions import Revision
    from tracker.workspace.workspace import Workspace


def name_of(session: Session, repo: Repository, said: str) -> str:
    """The full name of a commit. Raises NoRevision.

    Of a day or a moment it is the last commit of this branch before it.
    """
    try:
        return revisions.named(repo, said)
    except NoRevision:
        at = _moment(session, said)
        if at is None:
            raise
    name = repo.tell("rev-list", "--max-count=1", f"--before={at}", "HEAD", "--").strip()
    if name:
        return name
    raise NoRevision(f"this branch has no commit before {said}", hint="git log --reverse --oneline")


def _moment(session: Session, said: str) -> int | None:
    from tracker.cli.dates import when

    try:
        return when(said, session.clock(), "--as-of") // 1_000_000_000
    except Invalid:
        return None


def look_back(session: Session, said: str, ids: Sequence[str] = ()) -> Revision:
    """From here on this session's tracker answers for the log as it was in a revision.

    With the archive of that time, if the log lacks one of `ids`. Raises NoRevision, or Refused
    outside of git.
    """
    from tracker.workspace.workspace import Workspace

    repo = revisions.repository(session.place, session.env)
    found = revisions.at(repo, session.place, name_of(session, repo, said), said)
    workspace = Workspace(session.place, session)
    session.__dict__["tracker"] = workspace
    problems = workspace.look_back(found.log, found.path)
    if not all(_is_there(workspace, id) for id in ids):
        problems = workspace.look_back(revisions.with_archive(found), found.path)
    for text in problems:
        session.warn(f"{found.said}: {text}")
    shown = repo.tell("log", "--max-count=1", "--format=%h %at %s", found.name, "--").strip()
    name, at, subject = [*shown.split(" ", 2), ""][:3]
    day = time.strftime("%Y-%m-%d %H:%M", time.localtime(int(at)))
    session.note(f"as of {name}, {day}: {subject}")
    return found


def _is_there(workspace: Workspace, id: str) -> bool:
    try:
        workspace.resolve(id)
    except NotFound:
        return False
    except TrackerError:
        return True
    return True
