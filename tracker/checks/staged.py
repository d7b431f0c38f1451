"""Records as they are staged and as they are committed.

Which repository and which index is what the environment says: during `git commit FILE` the index is
another file than usual, and only the environment of the hook tells which.
"""

from __future__ import annotations

import os
from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from tracker.errors import TrackerError
from tracker.git.process import Launch
from tracker.issues.regressions import Version
from tracker.log.paths import FILES, OTHER_JSONL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

EVERYTHING = ":(top,glob)**/.beads/**"
OURS = frozenset({"archive.jsonl", "memory.jsonl", "outcomes.jsonl"})
_OTHERS = frozenset(OTHER_JSONL) - OURS  # what only Beads keeps there


class Git:
    """Questions to git about the repository of a folder. `seconds` bounds all of them together."""

    def __init__(self, folder: str, env: Mapping[str, str], seconds: float = 10.0) -> None:
        self.folder = folder
        self._launch = Launch(folder, env, hooked=True)
        self._until = monotonic() + seconds

    def ask(self, *words: str) -> bytes | None:
        """What git says; None where it fails. Raises TrackerError where it takes too long."""
        try:
            said = self._launch.answer(*words, seconds=max(0.0, self._until - monotonic()))
        except TimeoutError as error:
            raise TrackerError(str(error)) from None
        except OSError:
            return None
        return said.data if said.code == 0 else None

    @cached_property
    def dir(self) -> str:
        """The git dir of this worktree; "" outside of a repository."""
        said = (self.ask("rev-parse", "--absolute-git-dir") or b"").removesuffix(b"\n")
        return os.fsdecode(said)

    def has(self, *names: str) -> bool:
        """Whether one of these is in the git dir: how git remembers what it is in the middle of."""
        return bool(self.dir) and any(os.path.exists(f"{self.dir}/{name}") for name in names)

    def is_rebasing(self) -> bool:
        """Whether a rebase or `git am` goes on."""
        return self.has("rebase-merge", "rebase-apply")


class StagedPair(NamedTuple):
    """A file before and after; a version that is not there is empty."""

    path: str
    before: Version
    after: Version

    @property
    def name(self) -> str:
        """The name of the file, without its folder."""
        return os.path.basename(self.path)

    @property
    def is_log(self) -> bool:
        """Whether the records are issues that are not put away."""
        return self.name not in OURS


class StagedFolder(NamedTuple):
    """A `.beads` folder of which something changed; `pairs` are all of its files."""

    path: str
    pairs: tuple[StagedPair, ...]
    changed: frozenset[str]
    config: bytes

    def news(self) -> Iterator[StagedPair]:
        """The files that changed."""
        return (pair for pair in self.pairs if pair.path in self.changed)

    def named(self, name: str) -> StagedPair:
        """One file; empty where there is none."""
        empty = StagedPair(f"{self.path}/{name}", Version(b"", name), Version(b"", name))
        return next((pair for pair in self.pairs if pair.name == name), empty)


def folders(git: Git, revision: str = "") -> list[StagedFolder]:
    """What is staged and differs from a commit; by default from HEAD, if there is one yet."""
    changed = {path: blobs for path, blobs in _changed(git, revision, FILES).items()
               if _is_ours(path)}  # fmt: skip
    held = _held(git) if changed else {}
    reader = _Reader(git)
    found = []
    for folder in sorted({os.path.dirname(path) for path in changed}):
        paths = {path for path in changed.keys() | held.keys() if os.path.dirname(path) == folder}
        pairs = []
        for path in sorted(paths):
            blobs = changed.get(path) or (held[path], held[path])
            pairs.append(StagedPair(path, *(reader.version(blob, path) for blob in blobs)))
        config = git.ask("cat-file", "blob", f":{folder}/config.yaml") or b""
        found.append(StagedFolder(folder, tuple(pairs), frozenset(changed), config))
    return found


def texts(git: Git, revision: str = "") -> Iterator[tuple[str, bytes | None, bytes]]:
    """The path of each file of such a folder that differs, what it held (None: new) and holds.

    Of files of records, which `folders` reads, only the path is given.
    """
    for path, (old, new) in _changed(git, revision, EVERYTHING).items():
        is_read = not (path.endswith(".jsonl") and _is_ours(path))
        before, after = (is_read and one and git.ask("cat-file", "blob", one) for one in (old, new))
        if new:
            yield path, (before or b"") if old else None, after or b""


def _changed(git: Git, revision: str, where: str) -> dict[str, tuple[str, str]]:
    """The blobs of each file that differs, before and after; "" where there is none."""
    words = ("diff", "--cached", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-relative")
    said = git.ask(*words, *([revision] if revision else []), "--", where) or b""
    entries = said.split(b"\0")
    found = {}
    for entry, path in zip(entries[::2], entries[1::2], strict=False):
        before, after, old, new, _ = os.fsdecode(entry).removeprefix(":").split(" ")
        name = os.fsdecode(path)
        if {before[:3], after[:3]} <= {"100", "000"}:
            found[name] = (old.strip("0") and old, new.strip("0") and new)
    return found


def _held(git: Git) -> dict[str, str]:
    """The blob of each file that is staged and in no conflict."""
    said = git.ask("ls-files", "--stage", "-z", "--full-name", "--", FILES) or b""
    found = {}
    for entry in said.split(b"\0")[:-1]:
        state, _, path = os.fsdecode(entry).partition("\t")
        mode, blob, stage = state.split(" ")
        if _is_ours(path) and mode.startswith("100") and stage == "0":
            found[path] = blob
    return found


def _is_ours(path: str) -> bool:
    return os.path.basename(path) not in _OTHERS


class _Reader:
    """Versions by blob: what did not change is read once."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._known: dict[tuple[str, str], Version] = {}

    def version(self, blob: str, path: str) -> Version:
        key = blob, os.path.basename(path)
        if key not in self._known:
            data = self._git.ask("cat-file", "blob", blob) if blob else b""
            if data is None:
                raise TrackerError(f"git cannot read {path} ({blob})")
            self._known[key] = Version(data, path)
        return self._known[key]
