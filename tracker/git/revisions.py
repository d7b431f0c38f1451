"""The files of a workspace at a revision."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from tracker import json_text
from tracker.errors import Refused, TrackerError
from tracker.git.discovery import git_of
from tracker.git.history import History
from tracker.git.patches import ARCHIVE
from tracker.log.paths import LOGS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tracker.git.repository import Repository
    from tracker.model.context import Place


MEMORY = "memory.jsonl"


class NoRevision(TrackerError):
    """There is no such revision, or the log is not in it."""

    code = "no-revision"


class Revision(NamedTuple):
    """A commit, how it was asked for, and the files of the workspace as they were in it."""

    name: str
    said: str
    path: str
    log: bytes
    archive: bytes = b""
    memory: bytes = b""


def repository(place: Place, env: Mapping[str, str]) -> Repository:
    """The repository of a workspace. Raises Refused where there is none."""
    from tracker.git.repository import Repository

    if place.top is None or place.git_dir is None:
        raise Refused(
            f"{place.root} is not in a work tree of git, so nothing is known of the past",
            hint="git init && git add .beads && git commit",
        )
    return Repository(place.top, env)


def named(repo: Repository, said: str) -> str:
    """The full name of a commit. Raises NoRevision, which says what else may be meant."""
    name = repo.commit_of(said) if said else None
    if name is not None:
        return name
    if repo.commit_of("HEAD") is None:
        raise NoRevision("there is no commit yet", hint="git add .beads && git commit")
    raise NoRevision(f"there is no revision {said!r} in this repository", hint=_meant(repo, said))


def _meant(repo: Repository, said: str) -> str:
    """The next step for who named what is not there."""
    plain = said.rpartition("/")[2]
    words = ("for-each-ref", "--format=%(refname:short)", f"refs/remotes/*/{said}")
    if plain and not set(said) & set("*?[\\"):
        found = repo.ask(*words).text.split()
        if found:
            return f"did you mean {found[0]}?"
    _, git_dir, common = git_of(repo.top)
    if os.path.exists(os.path.join(common or git_dir or "", "shallow")):
        return "this clone is shallow; git fetch --unshallow brings all of its history"
    return "git log --oneline -- .beads; git branch --all"


def at(repo: Repository, place: Place, name: str, said: str) -> Revision:
    """The files in a commit, of which `said` is how it was asked for. Raises NoRevision."""
    log = os.path.relpath(place.log, repo.top)
    folder = os.path.relpath(place.beads, repo.top)
    found = _look(repo, name, [log, *(_join(folder, other) for other in LOGS)])
    if found is None:
        exported = _exported(repo.blob(name, _join(folder, "metadata.json")))
        found = _look(repo, name, [_join(folder, exported)] if exported else [])
    if found is None:
        found = _look(repo, name, _older_names(repo, place))
    if found is None:
        raise NoRevision(
            f"{said} holds no {log}", hint=f"git log --oneline --diff-filter=A -- {log}"
        )
    path, data = found
    beside = [_join(os.path.dirname(path), other) for other in (ARCHIVE, MEMORY)]
    archive, memory = repo.blobs([f"{name}:{other}" for other in beside])
    return Revision(name, said, path, data, archive or b"", memory or b"")


def _join(folder: str, name: str) -> str:
    return os.path.normpath(os.path.join(folder, name))


def _look(repo: Repository, name: str, paths: Sequence[str]) -> tuple[str, bytes] | None:
    """The first of these files that the commit has."""
    found = repo.blobs([f"{name}:{path}" for path in paths])
    pairs = zip(paths, found, strict=True)
    return next(((path, data) for path, data in pairs if data is not None), None)


def _exported(data: bytes | None) -> str:
    """What metadata.json calls the log, if that is a plain name."""
    try:
        said = json_text.loads(data or b"{}")
    except ValueError:
        return ""
    name = said.get("jsonl_export") if isinstance(said, dict) else None
    if isinstance(name, str) and name.endswith(".jsonl") and not set(name) & set("/\\\n:"):
        return name
    return ""


def _older_names(repo: Repository, place: Place) -> list[str]:
    """The logs under the names that they had before they came to be where they are."""
    tip = repo.commit_of("HEAD")
    if tip is None:
        return []
    with closing(History(repo, place)) as history:
        paths = history.paths(tip)
    others = (ARCHIVE, MEMORY, "outcomes.jsonl")
    return [path for path in paths if os.path.basename(path) not in others]


def with_archive(found: Revision) -> bytes:
    """The log and those issues of the archive that it does not hold."""
    from tracker.issues.archive import together

    return together(found.log, found.archive)
