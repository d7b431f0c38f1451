"""Open the output file that a user names; never one of the workspace's own.

What is ours is known by what it is, not by how it was spelled: `..`, links, hard links and other
case lead to the same file. A name within the work tree that a link of the repository leads out of
it is refused too, since whoever named it did not mean that place. The new content is put there in
one step, so that a file is never half written.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from tracker import fileio
from tracker.errors import Refused
from tracker.fileio import NAME_ANOTHER, check_kind
from tracker.git.discovery import within
from tracker.log.paths import BESIDE, LOGS, OTHER_JSONL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tracker.model.context import Place

_OWNERS = {".beads": ".beads, where the issues are", ".git": "the folder of git"}
_NAMES = (
    *LOGS, *OTHER_JSONL, *BESIDE, "metadata.json", "redirect", ".gitignore", ".gitattributes",
    ".jsonl.lock",
)  # fmt: skip


def write(folder: str, name: str, data: bytes, place: Place | None = None) -> None:
    """Put these bytes into a file, be it new or not; `name` is what the user typed in a folder.

    Raises Refused where it is not one to be written, or cannot be.
    """
    real = checked(folder, name, place)
    try:
        if os.path.exists(real) and not os.access(real, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        fileio.put(real, data)
    except OSError as error:
        raise Refused(
            f"cannot write {name}: {error.strerror or error}", hint=NAME_ANOTHER
        ) from None


def checked(folder: str, name: str, place: Place | None = None) -> str:
    """Where the file of that name really is. Raises Refused where it is not one to be written."""
    path = os.path.normpath(os.path.join(os.path.realpath(folder), name))
    real = os.path.realpath(os.path.join(folder, name))
    top = (place.top or place.root) if place else os.path.realpath(folder)
    check_kind(path, real, name)
    owner = _owner(real, place, top)
    if owner:
        raise Refused(f"{name} is in {owner}: nothing was written", hint=NAME_ANOTHER)
    if _is_own(real, place, top):
        raise Refused(f"{name} is a file of the workspace: nothing was written", hint=NAME_ANOTHER)
    if within(path, top) and not within(real, top):
        raise Refused(
            f"{name} leads out of {top}, to {real}: it is left as it is", hint=NAME_ANOTHER
        )
    return real


def _owner(real: str, place: Place | None, top: str) -> str:
    """The folder of a workspace or of git that a file is in; "" for none.

    A work tree may itself be somewhere below a `.git`: only what is below its top counts.
    """
    inner = real[len(top) :] if within(real, top) else real
    for part in inner.casefold().split("/"):
        if part in _OWNERS:
            return _OWNERS[part]
    stats = {
        (found.st_dev, found.st_ino): what
        for folder, what in _folders(place, top)
        for found in _stats([folder])
    }
    for found in _stats(_upwards(os.path.dirname(real))):
        if what := stats.get((found.st_dev, found.st_ino)):
            return what
    return ""


def _folders(place: Place | None, top: str) -> Iterator[tuple[str, str]]:
    """The folders in which everything is ours, or git's; `--db` may name one of any kind."""
    if place is None:
        yield os.path.join(top, ".beads"), _OWNERS[".beads"]
        return
    if place.root != place.beads:
        yield place.beads, _OWNERS[".beads"]
    yield os.path.join(place.beads, ".local"), _OWNERS[".beads"]
    for folder in (place.git_dir, place.common_dir):
        if folder:
            yield folder, _OWNERS[".git"]


def _is_own(real: str, place: Place | None, top: str) -> bool:
    """Whether it is a file of the workspace under any name."""
    own: set[str] = set()
    if place is not None:
        own = {os.path.join(place.beads, name) for name in _NAMES}
        own |= {place.log, place.cache, place.foreign_db or place.cache}
    if real in own:
        return True
    found = next(_stats([real]), None)
    if found is None:
        return False
    if found.st_nlink > 1:
        own.update(_files(place, top))
    return any(os.path.samestat(found, one) for one in _stats(own))


def _files(place: Place | None, top: str) -> Iterator[str]:
    """Every file of the workspace, and those of git that are not objects."""
    for folder, what in _folders(place, top):
        for at, folders, names in os.walk(folder):
            if what == _OWNERS[".git"]:
                folders[:] = [name for name in folders if name in {"info", "hooks", "tracker"}]
            yield from (os.path.join(at, name) for name in names)


def _stats(paths: Iterable[str]) -> Iterator[os.stat_result]:
    for path in paths:
        with suppress(OSError):
            yield os.stat(path)


def _upwards(folder: str) -> Iterator[str]:
    while True:
        yield folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return
        folder = parent
