"""The checks that the pre-commit and post-merge hooks run.

Only files of `.beads` folders are read, and only where they changed.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from tracker.checks.staged import folders, texts
from tracker.errors import TrackerError
from tracker.issues import regressions
from tracker.log.config_file import closing_statuses, parse
from tracker.model.status import CLOSING
from tracker.secrets import gate, scan
from tracker.secrets.rules import find

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracker.checks.staged import Git, StagedFolder, StagedPair
    from tracker.secrets.rules import Finding


ALLOW_LOSS = "BD_ALLOW_LOSS"
ALLOW_FOUND = "BD_ALLOW_SECRET"
MERGES = ("MERGE_HEAD",)
SHOWN = 10  # lines about one file


class StagedLog(NamedTuple):
    """What is wrong with what is staged: what must not be committed, and what only is to be said.

    A line begins with the path of its file.
    """

    refused: tuple[str, ...]
    allowed: tuple[str, ...] = ()


def staged(
    git: Git,
    revision: str = "",
    *,
    allow_loss: bool = False,
    allowed_secrets: frozenset[str] = frozenset(),
) -> StagedLog:
    """What is staged, against HEAD: markers, new lines that hold no record, a mass of lost records.

    A `revision` is compared with instead of HEAD. And secrets that HEAD lacks, but for those of the
    given fingerprints. During a merge nothing
    counts as lost, since both sides may have deleted, and secrets are in git already. Raises
    TrackerError where git cannot be asked.
    """
    refused: list[str] = []
    allowed: list[str] = []
    for folder in folders(git, revision):
        known = allowed_secrets | _allowed(git, folder.path, folder.config)
        for pair in folder.news():
            found = [
                *regressions.markers(pair.after),
                *regressions.unreadable(pair.before, pair.after),
            ]
            refused += _told(pair, found)
            if git.has(*MERGES):
                continue
            for spot, line in _disclosed(folder, pair, known):
                kept = refused if spot.refuses else allowed
                kept.append(f"{pair.path}: {line}")
            lost = regressions.lost(pair.before, (other.after for other in folder.pairs))
            if lost.is_mass and allow_loss:
                allowed.append(f"{pair.path}: {lost}, and {ALLOW_LOSS}=1 lets that pass")
            elif lost.is_mass:
                refused.append(f"{pair.path}: {lost}; {ALLOW_LOSS}=1 lets that pass")
    if not git.has(*MERGES):
        refused += _beside(git, revision, allowed_secrets)
    return StagedLog(tuple(refused), tuple(allowed))


def arrived(git: Git, revision: str) -> list[str]:
    """What a merge or a checkout brought that a person should look at, and that was not there.

    `revision` is what was checked out before. Empty where all is well.
    """
    found: list[str] = []
    for folder in folders(git, revision):
        for pair in folder.news():
            found += _told(pair, [*_news(folder, pair)])
    return found


def _news(folder: StagedFolder, pair: StagedPair) -> Iterator[str]:
    """One line for each thing that is new in a file."""
    if not pair.before.markers:
        yield from regressions.markers(pair.after)
    yield from regressions.unreadable(pair.before, pair.after)
    yield from regressions.new_conflicts(pair.before, pair.after)
    if pair.is_log and not pair.after.markers:
        yield from regressions.new_circles(pair.before, pair.after, _closing(folder))
        archive = folder.named("archive.jsonl")
        archived = frozenset(archive.before.names), frozenset(archive.after.names)
        yield from regressions.new_orphans(pair.before, pair.after, archived)


def _disclosed(
    folder: StagedFolder, pair: StagedPair, allowed: frozenset[str]
) -> Iterator[tuple[Finding, str]]:
    """Each secret of a file that no file of its folder had before, and what is said about it."""
    before = [line for one in folder.pairs for line in one.before.data.splitlines()]
    after = pair.after.data.splitlines()
    for line, spots in scan.brought(before, after).items():
        for spot in spots:
            if spot.finding.fingerprint not in allowed:
                number = after.index(line) + 1
                found, way = spot.finding, f"{ALLOW_FOUND}={spot.finding.fingerprint}"
                more = f"; {way} lets it pass" if found.refuses else ""
                yield found, f"line {number}: this looks like a secret: {spot}{more}"


def _beside(git: Git, revision: str, allowed: frozenset[str]) -> Iterator[str]:
    """Each secret that a name, or a file that holds no records (settings, notes), brings."""
    for path, before, after in texts(git, revision):
        parts = path.split("/")
        folder = "/".join(parts[: parts.index(".beads") + 1])
        config = git.ask("cat-file", "blob", f":{folder}/config.yaml")
        known = allowed | _allowed(git, folder, config)
        named = [one for one in find(path) if _is_new(one, known)]
        if before is None:
            yield from (f"the name of a file looks like a secret: {_way(one)}" for one in named)
        lines, shown = after.splitlines(), "a file" if named else path
        for line, spots in scan.brought((before or b"").splitlines(), lines).items():
            for spot in spots:
                if _is_new(spot.finding, known):
                    number = lines.index(line) + 1
                    yield f"{shown}: line {number}: this looks like a secret: {_way(spot.finding)}"


def _way(finding: Finding) -> str:
    return f"{finding}; {ALLOW_FOUND}={finding.fingerprint} lets it pass"


def _is_new(finding: Finding, known: frozenset[str]) -> bool:
    return finding.refuses and finding.fingerprint not in known


def _allowed(git: Git, folder: str, config: bytes | None) -> frozenset[str]:
    """What this clone and its configuration say is no secret."""
    top = (git.ask("rev-parse", "--show-toplevel") or b"").removesuffix(b"\n")
    local = os.path.join(os.fsdecode(top), folder, ".local")
    try:
        return gate.allowed(local, parse(config or b""))
    except TrackerError:
        return gate.allowed(local, {})


def _closing(folder: StagedFolder) -> frozenset[str]:
    try:
        return closing_statuses(parse(folder.config))
    except TrackerError:
        return CLOSING


def _told(pair: StagedPair, found: list[str]) -> list[str]:
    more = [f"and {len(found) - SHOWN} more (bd doctor)"] if len(found) > SHOWN else []
    return [f"{pair.path}: {line}" for line in found[:SHOWN] + more]
