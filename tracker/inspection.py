"""What git hooks look at: what is staged before a commit, what has come by a merge or a checkout.

Only files of `.beads` folders are read, and only where they changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tracker import damage
from tracker.config import closing_statuses, parse
from tracker.errors import TrackerError
from tracker.versions import folders
from tracker.words import CLOSING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracker.versions import Folder, Git, Pair

ALLOW_LOSS = "BD_ALLOW_LOSS"
MERGES = ("MERGE_HEAD",)
SHOWN = 10  # lines about one file


class Staged(NamedTuple):
    """What is wrong with what is staged: what must not be committed, and what only is to be said.

    A line begins with the path of its file.
    """

    refused: tuple[str, ...]
    allowed: tuple[str, ...] = ()


def staged(git: Git, *, allow_loss: bool = False) -> Staged:
    """What is staged, against HEAD: markers, new lines that hold no record, a mass of lost records.

    During a merge nothing counts as lost: both sides may have deleted. Raises TrackerError where
    git cannot be asked.
    """
    refused: list[str] = []
    allowed: list[str] = []
    for folder in folders(git):
        for pair in folder.news():
            found = [*damage.markers(pair.after), *damage.unreadable(pair.before, pair.after)]
            refused += _told(pair, found)
            if git.has(*MERGES):
                continue
            lost = damage.lost(pair.before, (other.after for other in folder.pairs))
            if lost.is_mass and allow_loss:
                allowed.append(f"{pair.path}: {lost}, and {ALLOW_LOSS}=1 lets that pass")
            elif lost.is_mass:
                refused.append(f"{pair.path}: {lost}; {ALLOW_LOSS}=1 lets that pass")
    return Staged(tuple(refused), tuple(allowed))


def arrived(git: Git, revision: str) -> list[str]:
    """What a merge or a checkout brought that a person should look at, and that was not there.

    `revision` is what was checked out before. Empty where all is well.
    """
    found: list[str] = []
    for folder in folders(git, revision):
        for pair in folder.news():
            found += _told(pair, [*_news(folder, pair)])
    return found


def _news(folder: Folder, pair: Pair) -> Iterator[str]:
    """One line for each thing that is new in a file."""
    if not pair.before.markers:
        yield from damage.markers(pair.after)
    yield from damage.unreadable(pair.before, pair.after)
    yield from damage.new_conflicts(pair.before, pair.after)
    if pair.is_log and not pair.after.markers:
        yield from damage.new_circles(pair.before, pair.after, _closing(folder))
        archive = folder.named("archive.jsonl")
        archived = frozenset(archive.before.names), frozenset(archive.after.names)
        yield from damage.new_orphans(pair.before, pair.after, archived)


def _closing(folder: Folder) -> frozenset[str]:
    try:
        return closing_statuses(parse(folder.config))
    except TrackerError:
        return CLOSING


def _told(pair: Pair, found: list[str]) -> list[str]:
    more = [f"and {len(found) - SHOWN} more (bd doctor)"] if len(found) > SHOWN else []
    return [f"{pair.path}: {line}" for line in found[:SHOWN] + more]
