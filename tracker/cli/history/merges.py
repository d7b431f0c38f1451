"""`bd merges`: show what past merges decided."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import click

from tracker.cli.command import command, pass_session
from tracker.errors import Invalid, NotFound, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracker.cli.session import Session
    from tracker.git.repository import Repository
    from tracker.merge.fields import Decision
    from tracker.merge.three_way import Merged


RECORDS = ("archive.jsonl", "memory.jsonl")  # and the log


class MergeNotes(NamedTuple):
    """One file of a merge: what it decided, and whether the commit holds what it gives."""

    path: str
    decisions: tuple[Decision, ...]
    as_committed: bool


@command("merges", examples=["bd merges", "bd merges HEAD~3", "bd merges --json"])
@click.argument("commit", default="", metavar="[COMMIT]")
@pass_session
def merges(session: Session, commit: str) -> None:
    """Show what a merge decided, by default the last one.

    By default, the last merge on this branch that touched the log. The decisions are computed
    from the parents and their merge base, so every clone shows the same.
    """
    from tracker.git.repository import Repository

    place = session.place
    if place.top is None:
        raise Refused("this is no work tree of git, so nothing was merged", hint="git init")
    repo = Repository(place.top, session.env)
    folder = os.path.relpath(place.beads, place.top)
    paths = [os.path.relpath(place.log, place.top)]
    paths += [os.path.normpath(os.path.join(folder, name)) for name in RECORDS]
    name = _commit(repo, commit, paths)
    parents = repo.parents(name)
    found = list(_told(repo, name, parents, paths)) if len(parents) > 1 else []
    _tell(session, repo, name, parents, found)


def _commit(repo: Repository, asked: str, paths: list[str]) -> str:
    from tracker.git.repository import literal

    if asked:
        name = repo.commit_of(asked)
        if name is None:
            raise NotFound(asked)
        if len(repo.parents(name)) < 2:
            raise Invalid(f"{asked} is no merge", hint="git log --merges -- .beads")
        return name
    # A merge that equals one of its parents decided nothing.
    words = ("rev-list", "--merges", "--max-count=1", "--full-history", "HEAD", "--")
    name = repo.ask(*words, *map(literal, paths)).text.strip()
    if not name:
        raise Invalid("no merge on this branch touched the log", hint="git log --merges -- .beads")
    return name


def _told(
    repo: Repository, name: str, parents: list[str], paths: list[str]
) -> Iterator[MergeNotes]:
    for path in paths:
        sides = [repo.blob(parent, path) for parent in parents]
        if sum(side is not None for side in sides) < 2:
            continue
        merged = _merged(repo, parents, path)
        yield MergeNotes(path, merged.decisions, merged.data == repo.blob(name, path))


def _merged(repo: Repository, parents: list[str], path: str) -> Merged:
    """The merge of several commits, one after the other, as an octopus is made."""
    from tracker.merge.three_way import Merged, three_way

    first, *others = parents
    data = repo.blob(first, path) or b""
    said: list[Decision] = []
    for other in others:
        base = _base(repo, first, other, path)
        merged = three_way(base, data, repo.blob(other, path) or b"", os.path.basename(path))
        data = merged.data
        said += merged.decisions
    return Merged(data, tuple(said))


def _base(repo: Repository, one: str, two: str, path: str) -> bytes:
    """What two commits grew from; of several bases the merge, as git makes it."""
    from tracker.merge.three_way import three_way

    bases = sorted(repo.ask("merge-base", "--all", one, two).text.split())
    if not bases:
        return b""
    data = repo.blob(bases[0], path) or b""
    for other in bases[1:]:
        below = _base(repo, bases[0], other, path)
        data = three_way(below, data, repo.blob(other, path) or b"", os.path.basename(path)).data
    return data


def _tell(
    session: Session, repo: Repository, name: str, parents: list[str], found: list[MergeNotes]
) -> None:
    if session.json:
        session.emit({
            "commit": name,
            "parents": parents,
            "files": [
                {
                    "path": one.path,
                    "as_committed": one.as_committed,
                    "decisions": [decision._asdict() for decision in one.decisions],
                }
                for one in found
            ],
        })  # fmt: skip
        return
    subject = repo.tell("log", "--max-count=1", "--format=%h %s", name).strip()
    session.say(f"{subject} ({len(parents)} parents)")
    for one in found:
        count = len(one.decisions)
        said = "nothing to decide" if not count else f"{count} decision{'s' if count > 1 else ''}"
        session.say(f"{one.path}: {said}")
        for decision in one.decisions:
            session.say(f"  {decision}")
        if not one.as_committed:
            session.say("  The commit holds something else: it was merged otherwise, or edited.")
