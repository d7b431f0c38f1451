"""Merge two commits without a work tree.

What holds lines is merged by the engine itself, whatever driver git knows of, all others as git
merges text. Nothing is written but objects, which nobody sees until a branch names them.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from tracker.merge.sets import grows
from tracker.merge.three_way import three_way

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tracker.git.repository import Repository


RECORDS = ("archive.jsonl", "memory.jsonl")  # and the log, whatever it is called
_FILE = ("100644", "100755")


class TreeEntry(NamedTuple):
    """A file in a commit: its mode and the name of its contents."""

    mode: str
    blob: str


Tree = dict[str, TreeEntry]


class MergeResult(NamedTuple):
    """What a merge changes in our side; `clashes` are files that a person has to merge."""

    changes: dict[str, TreeEntry | None]
    decisions: tuple[str, ...]
    clashes: tuple[str, ...]


def files(repo: Repository, rev: str, paths: Iterable[str]) -> Tree:
    """The files of a commit that have these paths or are below them."""
    said = repo.tell("ls-tree", "-r", "-z", "--full-tree", rev, "--", *paths)
    rows = (row.partition("\t") for row in said.split("\0")[:-1])
    return {path: TreeEntry(*about.split(" ")[::2]) for about, _, path in rows}


def with_files(repo: Repository, rev: str, paths: Iterable[str]) -> str:
    """The tree of a commit ("" for none) with these files as they are in the work tree."""
    data = "".join(f"{path}\0" for path in paths)
    with _index(repo, rev) as env:
        repo.tell("update-index", "--add", "-z", "--stdin", data=_bytes(data), env=env)
        return repo.tell("write-tree", env=env).strip()


def with_changes(repo: Repository, rev: str, changes: Mapping[str, TreeEntry | None]) -> str:
    """The tree of a commit with some files changed, or taken away (None)."""
    gone = TreeEntry("0", "0" * len(rev))
    data = "".join("{} {}\t{}\0".format(*(entry or gone), path) for path, entry in changes.items())
    with _index(repo, rev) as env:
        repo.tell("update-index", "-z", "--index-info", data=_bytes(data), env=env)
        return repo.tell("write-tree", env=env).strip()


@contextmanager
def _index(repo: Repository, rev: str) -> Iterator[dict[str, str]]:
    """An environment with an index of its own, so that what the user has staged stays as it is."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="tracker-") as folder:
        env = {"GIT_INDEX_FILE": os.path.join(folder, "index")}
        if rev:
            repo.tell("read-tree", rev, env=env)
        yield env


class TreeMerger:
    """Merges some files of the commits of a repository; `log` is the path of the log."""

    def __init__(self, repo: Repository, paths: Iterable[str], log: str) -> None:
        self.repo = repo
        self.paths = tuple(paths)
        self.log = log
        self._known: dict[str, Tree] = {}

    def meet(self, ours: str, theirs: str) -> MergeResult | None:
        """The merge of two commits; None where they have no history in common."""
        base = self._base(ours, theirs)
        if base is None:
            return None
        return self._meet(base, self._files(ours), self._files(theirs))

    def _files(self, rev: str) -> Tree:
        if rev not in self._known:
            self._known[rev] = files(self.repo, rev, self.paths)
        return self._known[rev]

    def _bases(self, ours: str, theirs: str) -> list[str]:
        return self.repo.ask("merge-base", "--all", ours, theirs).text.split()

    def _base(self, ours: str, theirs: str) -> Tree | None:
        """What two commits grew from; several bases are merged into one, as git does."""
        first, *others = sorted(self._bases(ours, theirs)) or [""]
        if not first:
            return None
        found = self._files(first)
        for other in others:
            met = self._meet(self._base(first, other) or {}, found, self._files(other))
            found = {**found, **{path: entry for path, entry in met.changes.items() if entry}}
            found = {path: entry for path, entry in found.items() if path not in _gone(met)}
        return found

    def _meet(self, base: Tree, ours: Tree, theirs: Tree) -> MergeResult:
        changes: dict[str, TreeEntry | None] = {}
        decisions: list[str] = []
        clashes: list[str] = []
        for path in sorted(base.keys() | ours.keys() | theirs.keys()):
            before, one, two = base.get(path), ours.get(path), theirs.get(path)
            if two in {one, before}:
                continue
            if one == before:
                changes[path] = two
                continue
            entry = self._file(path, (before, one, two), decisions)
            if entry is None:
                clashes.append(path)
            elif entry != one:
                changes[path] = entry
        return MergeResult(changes, tuple(decisions), tuple(clashes))

    def _file(
        self,
        path: str,
        sides: tuple[TreeEntry | None, TreeEntry | None, TreeEntry | None],
        said: list[str],
    ) -> TreeEntry | None:
        """A file that both changed; None where only a person can tell."""
        before, one, two = sides
        if one is None or two is None or {one.mode, two.mode} - set(_FILE):
            return None
        names = [entry.blob if entry else "" for entry in sides]
        found = self.repo.blobs([name for name in names if name])
        if any(data is None for data in found):
            return None
        contents = [data or b"" for data in found]
        base, mine, other = contents if before else [b"", *contents]
        mode = two.mode if before and one.mode == before.mode else one.mode
        name = os.path.basename(path)
        if path == self.log or name in RECORDS or grows(name):
            merged = three_way(base, mine, other, name)
            said += [f"{path}: {decision}" for decision in merged.decisions]
            return TreeEntry(mode, self._stored(merged.data))
        data = self._text(base, mine, other) if before else None
        return None if data is None else TreeEntry(mode, self._stored(data))

    def _text(self, base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
        """The merge of lines; None where it would need conflict markers."""
        import tempfile

        with tempfile.TemporaryDirectory(prefix="tracker-") as folder:
            names = []
            for name, data in (("ours", ours), ("base", base), ("theirs", theirs)):
                names.append(os.path.join(folder, name))
                with open(names[-1], "wb") as file:
                    file.write(data)
            answer = self.repo.ask("merge-file", "-p", "-q", *names)
        return answer.data if answer.code == 0 else None

    def _stored(self, data: bytes) -> str:
        return self.repo.tell("hash-object", "-w", "--stdin", "--no-filters", data=data).strip()


def _gone(met: MergeResult) -> set[str]:
    return {path for path, entry in met.changes.items() if entry is None}


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
