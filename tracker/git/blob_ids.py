"""Compute the blob id of a file without git.

Raw bytes are compared with raw bytes, so filters of git (line endings, LFS) do not matter.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tracker import fileio
from tracker.errors import Invalid
from tracker.git.discovery import within

if TYPE_CHECKING:
    from collections.abc import Iterable


def blob_id(path: str) -> str:
    """The id of a file's content; of a link that of the name it leads to; "" for no file."""
    import hashlib

    try:
        if os.path.islink(path):
            data = os.fsencode(os.readlink(path))
            return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
        handle = fileio.opened(path, links=fileio.ANYWHERE)
        try:
            size = os.fstat(handle).st_size
            found = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
            for piece in fileio.pieces(handle, path, fileio.LARGEST):
                found.update(piece)
        finally:
            os.close(handle)
        return found.hexdigest()
    except OSError:  # none, or a folder, or one that may not be read
        return ""


class Tree:
    """The files of a work tree; each is looked at once."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._known: dict[str, str] = {}

    def blob(self, path: str) -> str:
        """The blob id of a file by its path from the top; "" where there is none, or outside."""
        if path not in self._known:
            full = os.path.normpath(os.path.join(self.root, path))
            is_inside = within(os.path.realpath(os.path.dirname(full)), os.path.realpath(self.root))
            self._known[path] = blob_id(full) if is_inside else ""
        return self._known[path]

    def moved(self, paths: Iterable[tuple[str, str]]) -> list[str]:
        """Those of the files that are no longer what their blob ids say."""
        return [path for path, was in paths if self.blob(path) != was]

    def path(self, given: str, cwd: str) -> str:
        """A file that somebody named from a folder, by its path from the top. Raises Invalid."""
        full = os.path.normpath(os.path.join(cwd, given))
        for base in (self.root, os.path.realpath(self.root)):
            if full != base and within(full, base):
                found = os.path.relpath(full, base)
                if os.path.isdir(full):
                    raise Invalid(f"{given} is a folder", hint="name the files in it")
                if not os.path.lexists(full):
                    raise Invalid(f"{given} is not there", hint="a memory names files that exist")
                return found.replace(os.sep, "/")
        raise Invalid(f"{given} is outside of {self.root}")
