"""Find the work tree and the git directory by reading files.

A git process costs as much as a whole `bd ready`, and it would believe `GIT_DIR` and its kin, which
leak out of hooks and have put issues into the wrong repository before.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from tracker import fileio
from tracker.errors import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Importing pathlib costs more than everything that is done here.


Git = tuple[str | None, str | None, str | None]
FOLDS = sys.platform in {"darwin", "win32"}  # case does not tell files apart
NO_GIT: Git = (None, None, None)


def git_of(path: str) -> Git:
    """Top of the work tree around a real, absolute folder, its git dir, and the common git dir.

    Like git, it takes the nearest one and knows a git dir from inside. A bare repository has no
    top; a `.git` file that points nowhere has a top and no git dir.
    """
    while True:
        found = _work_tree(path) or _git_dir(path)
        parent = os.path.dirname(path)
        if found or parent == path:
            return found or NO_GIT
        path = parent


def within(path: str, folder: str) -> bool:
    """Whether a path is that folder or below it; both are real and absolute."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def first_line(path: str, *, links: int = fileio.ANYWHERE) -> str | None:
    """The first line of a small file without blanks at its ends; None where there is none.

    One at or below `.beads` is refused where its place is taken by something else.
    """
    try:
        line = fileio.start_of(path, 8192, links=links).partition(b"\n")[0].strip()
    except OSError as error:
        if isinstance(error, fileio.Unusable) and links is not fileio.ANYWHERE:
            raise
        return None
    return None if b"\0" in line else os.fsdecode(line) or None


def _work_tree(folder: str) -> Git | None:
    dot = os.path.join(folder, ".git")
    try:
        os.lstat(dot + "/HEAD")  # one call tells a git dir, a `.git` file and neither apart
    except FileNotFoundError:
        return None
    except OSError as error:
        if not os.path.lexists(dot):
            return None
        if isinstance(error, NotADirectoryError):
            return folder, *_pointed_at(dot)
        # A `.git` that we may not look into is the end of this work tree all the same.
    return folder, dot, dot


def _pointed_at(dot: str) -> tuple[str | None, str | None]:
    """The git dir that a `.git` file names, and the common one behind it."""
    line = first_line(dot) or ""
    if not line.startswith("gitdir:"):
        return None, None
    git_dir = _from(os.path.dirname(dot), line[len("gitdir:") :].strip())
    return (git_dir, _common(git_dir)) if os.path.isdir(git_dir) else (None, None)


def _common(git_dir: str) -> str:
    shared = first_line(git_dir + "/commondir")
    return _from(git_dir, shared) if shared else git_dir


def _git_dir(folder: str) -> Git | None:
    """The same answer for a folder that is itself a git dir, as it is for a hook."""
    if not os.path.lexists(os.path.join(folder, "HEAD")):
        return None
    common = _common(folder)
    if not (os.path.isdir(common + "/objects") and os.path.isdir(common + "/refs")):
        return None
    if common == folder:
        return os.path.dirname(folder) if folder.endswith("/.git") else None, folder, folder
    dot = _from(folder, first_line(folder + "/gitdir") or ".")
    # Believed only if that work tree says the same: anybody can commit a file called `gitdir`.
    top = os.path.dirname(dot) if _pointed_at(dot)[0] == folder else None
    return top, folder, common


def _from(folder: str, path: str) -> str:
    return os.path.realpath(os.path.join(folder, path))


def tracked(path: str) -> bool:
    """Whether git has this file in the index; an index that cannot be read counts as yes."""
    try:
        return _is_tracked(path, in_index)
    except (OSError, ValueError):
        return True


def tracked_below(folder: str) -> bool:
    """Whether git has anything in this folder, or in its place.

    An index that cannot be read counts as no: nothing of a clone makes it so.
    """
    try:
        return _is_tracked(folder, holds)
    except (OSError, ValueError):
        return False


def refuse_tracked(local: str) -> None:
    """Raise Unusable where git has the folder of what never leaves this clone, or a part of it.

    What is in it came from whoever committed it, and what is added to it would be committed.
    """
    if tracked_below(local):
        why = "is tracked by git, so it is not used for what is to stay in this clone"
        hint = f"git -C {quoted(os.path.dirname(local))} rm -r --cached --quiet .local"
        raise fileio.Unusable(local, why, hint)


def _is_tracked(path: str, test: Callable[[bytes, bytes], bool]) -> bool:
    top, git_dir, _ = git_of(os.path.dirname(path))
    if top is None or git_dir is None:
        return False
    name = os.fsencode(os.path.relpath(path, top))
    return any(test(data, name) for data in _index_files(git_dir))


def _index_files(git_dir: str) -> Iterator[bytes]:
    """The index and, where it is split, the shared one that it names."""
    try:
        data = _read(git_dir + "/index")
    except FileNotFoundError:
        return
    yield data
    for name in os.listdir(git_dir):
        if name.startswith("sharedindex.") and bytes.fromhex(name.partition(".")[2]) in data:
            yield _read(f"{git_dir}/{name}")


def _read(path: str) -> bytes:
    return fileio.read(path, fileio.LARGEST, links=fileio.ANYWHERE)


def in_index(data: bytes, path: bytes) -> bool:
    """Whether a git index (version 2, 3 or 4; SHA-1 or SHA-256) holds this path.

    Case is ignored: a committed `.Beads/redirect` is `.beads/redirect` on a Mac. Raises ValueError
    for other data, and for a damaged index unless the path is nowhere in it.
    """
    version = int.from_bytes(data[4:8], "big")
    if data[:4] != b"DIRC" or version not in {2, 3, 4}:
        raise ValueError("not a git index of version 2, 3 or 4")
    wanted = path.lower()
    if version < 4 and wanted not in data.lower():
        return False  # names stand there in full, and a large index takes long to walk
    for hash_size in (20, 32):  # the index does not say which
        try:
            names = [name.lower() for name in _names(data, version, hash_size)]
        except (IndexError, ValueError):
            continue
        return wanted in names
    raise ValueError("a damaged git index")


def holds(data: bytes, folder: bytes) -> bool:
    """Whether a git index holds this path or one below it; faster, since writers ask each time.

    Paths stand in order, so the walk ends behind the folder; case counts where it does for files.
    Raises ValueError for other data, and for a damaged index.
    """
    version = int.from_bytes(data[4:8], "big")
    if data[:4] != b"DIRC" or version not in {2, 3, 4}:
        raise ValueError("not a git index of version 2, 3 or 4")
    wanted = folder.lower() if FOLDS else folder
    if version < 4 and wanted not in (data.lower() if FOLDS else data):
        return False
    for hash_size in (20, 32):
        try:
            for name in _names(data, version, hash_size):
                shown = name.lower() if FOLDS else name
                if shown == wanted or shown.startswith(wanted + b"/"):
                    return True
                if not FOLDS and name > wanted + b"0":  # the sign behind a slash
                    return False
        except (IndexError, ValueError):
            continue
        return False
    raise ValueError("a damaged git index")


SKIPPED, ASSUMED = "skip-worktree", "assume-unchanged"
"""Marks of the index by which git does not look whether a file has changed."""


def mark_of(top: str, git_dir: str, path: str) -> str:
    """The mark that hides the changes of a file from git; "" without one.

    Also where the index is split: a write asks this, and `git ls-files -v`, which would tell, costs
    as much as the write.
    """
    try:
        data = _read(git_dir + "/index")
        return _mark(data, os.fsencode(os.path.relpath(path, top)))
    except (OSError, ValueError, IndexError):
        return ""


def _mark(data: bytes, path: bytes) -> str:
    version = int.from_bytes(data[4:8], "big")
    if version == 4:
        return _mark_among(data, path)
    at = data.find(b"%s\0" % path)
    while at >= 0:  # two bytes of flags stand in front of a name, or four
        length = min(len(path), 0xFFF)
        for size in (2, 4):
            flags = int.from_bytes(data[at - size : at - size + 2], "big")
            if flags & 0xFFF == length and bool(flags & _MORE) == (size == 4):
                more = int.from_bytes(data[at - 2 : at], "big") if size == 4 else 0
                return _said(flags, more)
        at = data.find(b"%s\0" % path, at + 1)
    return ""


def _mark_among(data: bytes, path: bytes) -> str:
    """The same where names are shortened by what they share: a walk, which ends behind the path."""
    for hash_size in (20, 32):  # the index does not say which
        try:
            for name, flags, more in _entries(data, 4, hash_size):
                if name >= path:
                    return _said(flags, more) if name == path else ""
        except (IndexError, ValueError):
            continue
    return ""


def _said(flags: int, more: int) -> str:
    return SKIPPED if more & 0x4000 else ASSUMED if flags & 0x8000 else ""


def marked(listing: str) -> dict[str, str]:
    """The paths of `git ls-files -v -z` with a mark that hides them, and which it is."""
    found = {}
    for row in listing.split("\0"):
        tag, path = row[:1], row[2:]
        if tag in {"S", "s"} or tag.islower():
            found[path] = SKIPPED if tag in {"S", "s"} else ASSUMED
    return found


def unmarking(top: str, path: str, mark: str) -> str:
    """The command that takes a mark away again; `path` is from the top of the work tree."""
    return f"git -C {quoted(top)} update-index --no-{mark} -- {quoted(path)}"


_MORE = 0x4000  # of the flags: two more bytes of them follow


def _names(data: bytes, version: int, hash_size: int) -> Iterator[bytes]:
    """Every path in the index; raises unless entries and extensions fill the data exactly."""
    return (name for name, _, _ in _entries(data, version, hash_size))


def _entries(data: bytes, version: int, hash_size: int) -> Iterator[tuple[bytes, int, int]]:
    """Every path with its flags and further flags; raises as `_names` does."""
    at, name = 12, b""
    for _ in range(int.from_bytes(data[8:12], "big")):
        flags = at + 40 + hash_size
        start = flags + (4 if data[flags] & 0x40 else 2)
        keep = 0
        if version == 4:  # a name is what it shares with the one before, and the rest
            cut, start = _varint(data, start)
            keep = len(name) - cut
        end = data.index(b"\0", start)
        name = name[:keep] + data[start:end]
        if keep < 0 or min(len(name), 0xFFF) != (data[flags] & 0x0F) << 8 | data[flags + 1]:
            raise ValueError("an entry whose length is wrong")
        at = end + 1 if version == 4 else at + (end - at + 8) // 8 * 8
        more = data[flags + 2 : start] if data[flags] & 0x40 else b""
        yield name, int.from_bytes(data[flags : flags + 2], "big"), int.from_bytes(more[:2], "big")
    while at < len(data) - hash_size:
        at += 8 + int.from_bytes(data[at + 4 : at + 8], "big")
    if at != len(data) - hash_size:
        raise ValueError("an extension whose length is wrong")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = data[at] & 0x7F
    while data[at] & 0x80:
        at += 1
        value = (value + 1 << 7) | (data[at] & 0x7F)
    return value, at + 1
