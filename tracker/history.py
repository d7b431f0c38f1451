"""What commits did to a record, newest first.

A commit never changes, so which records it changed is worked out once, and so is which commits
touch the files, as seen from a commit. Both are kept in `.local/history.db`; nothing depends on
them, and every answer is read from git's own patches of the few commits that matter. What has been
found is handed on at once, so that the first time, which reads all of the history, begins to answer
at once too.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from tracker import patches
from tracker.commits import Index, Walk
from tracker.files import contents
from tracker.folder import LOGS
from tracker.git import literal
from tracker.patches import ARCHIVE, ISSUES, Change, Patch

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from tracker.git import Past, Repository
    from tracker.patches import Commit
    from tracker.places import Place

HOW = ("-p", "-U0", "--text", "--no-renames")
RENAMES = 4  # times that the files may have had other names


class Entry(NamedTuple):
    """A commit and what it did to the record; None is what is not committed yet.

    Where the history of this clone begins (a shallow one), `is_first_known` and nothing is known
    of what was before.
    """

    commit: Commit | None
    change: Change
    is_first_known: bool = False


class History:
    """The history of a workspace's records."""

    def __init__(self, repo: Repository, place: Place) -> None:
        self.repo = repo
        self.place = place
        self.shallow = _shallow(place)
        self._index = Index(os.path.join(place.beads, ".local"))

    @property
    def is_shallow(self) -> bool:
        """Whether older commits are missing in this clone."""
        return bool(self.shallow)

    def of(self, ids: Collection[str], tip: str, kind: str = ISSUES) -> Iterator[Entry]:
        """What the commits up to `tip` (a full name) did to these records. Raises GitFailed."""
        with self.repo.past() as past:
            walk = self._walk(past, tip)
            known, touched = self._index.known(), self._index.touched(kind, ids)
            asked = [name for name in walk.names if name not in known or name in touched]
            if not asked:
                return
            try:
                rows = past.patches(asked, walk.paths, patches.FORMAT)
                for read in patches.read(rows):
                    patch = _shown(past, read, walk.paths) if read.is_hidden else read
                    yield from self._found(patch, kind, ids, is_new=patch.commit.name not in known)
            finally:
                self._index.flush()

    def ids(self, kind: str = ISSUES) -> list[str]:
        """The records that any commit that was looked at changed."""
        return self._index.ids(kind)

    def paths(self, tip: str) -> tuple[str, ...]:
        """The names that the files ever had, from the top. Raises GitFailed."""
        with self.repo.past() as past:
            return self._walk(past, tip).paths

    def close(self) -> None:
        """Let go of what is kept."""
        self._index.close()

    def uncommitted(self) -> tuple[Change, ...]:
        """What the files in the work tree say otherwise than HEAD."""
        return differing(self.repo, names_of(self.place), "HEAD")

    def _found(
        self, patch: Patch, kind: str, ids: Collection[str], *, is_new: bool
    ) -> Iterator[Entry]:
        is_edge = patch.commit.name in self.shallow
        if is_new and not is_edge:
            self._index.add(patch)
        for change in patch.changes:
            if change.kind == kind and change.id in ids:
                yield Entry(patch.commit, change, is_edge)

    # Which commits there are.

    def _walk(self, past: Past, tip: str) -> Walk:
        shallow = " ".join(sorted(self.shallow))
        found = self._index.walk(tip, shallow)
        if found is None:
            found = self._walked(past, tip)
            self._index.keep(tip, shallow, found)
        self._index.covers(found.paths)
        return found

    def _walked(self, past: Past, tip: str) -> Walk:
        """All commits, also those that touched the files when they had other names."""
        paths = names_of(self.place)
        names = past.names(paths, tip)
        for _ in range(RENAMES):
            older = self._older(names[-1], paths) if names else []
            if not older:
                break
            paths += older
            names = past.names(paths, tip)
        return Walk(tuple(names), tuple(paths))

    def _older(self, name: str, paths: Sequence[str]) -> list[str]:
        """What a commit that brought the files had renamed them from."""
        if name in self.shallow:
            return []
        words = (
            "diff-tree",
            "-r",
            "-M",
            "-z",
            "--diff-filter=R",
            "--name-status",
            "--no-commit-id",
        )
        said = self.repo.tell(*words, name).split("\0")
        renamed = zip(said[1::3], said[2::3], strict=False)
        return [old for old, new in renamed if new in paths and old not in paths]


def _shown(past: Past, patch: Patch, paths: Sequence[str]) -> Patch:
    """A patch that git did not show, from the files themselves."""
    commit = patch.commit
    files = [
        (os.path.basename(path), past.blob(commit.name, path) or b"",
         [past.blob(parent, path) or b"" for parent in commit.parents])
        for path in paths
    ]  # fmt: skip
    return Patch(commit, patches.compared(files))


def names_of(place: Place) -> list[str]:
    """The files with records, from the top: as they are called now, and as Beads calls them."""
    top = place.top or ""
    folder = os.path.relpath(place.beads, top)
    names = (*LOGS, ARCHIVE, "memory.jsonl", "outcomes.jsonl")
    paths = [os.path.normpath(os.path.join(folder, name)) for name in names]
    return list(dict.fromkeys([os.path.relpath(place.log, top), *paths]))


def differing(repo: Repository, paths: Sequence[str], *revs: str) -> tuple[Change, ...]:
    """How records differ between two revisions, or between one and the work tree.

    `--cached` before a revision compares it with the index. Raises GitFailed.
    """
    is_tree = len(revs) == 2 and "--cached" not in revs
    words = ["diff-tree" if is_tree else "diff-index", *(["-r"] if is_tree else []), *HOW]
    rows = repo.said(*words, *revs, "--", *map(literal, paths)).splitlines(keepends=True)
    return patches.between([*rows, *([] if len(revs) > 1 else _untracked(repo, paths))])


def _untracked(repo: Repository, paths: Sequence[str]) -> Iterator[bytes]:
    """Files that git does not have yet, as patches that add them."""
    for path in repo.tell("ls-files", "-z", "--others", "--", *map(literal, paths)).split("\0")[
        :-1
    ]:
        data = contents(os.path.join(repo.top, path)) or b""
        yield from (b"diff --git\n", b"+++ b/%s\n" % os.fsencode(path), b"@@ @@\n")
        yield from (b"+" + row for row in data.splitlines(keepends=True))


def _shallow(place: Place) -> frozenset[str]:
    """The commits whose parents are not in this clone."""
    data = contents(os.path.join(place.common_dir or "", "shallow")) if place.common_dir else None
    return frozenset((data or b"").decode("ascii", "replace").split())
