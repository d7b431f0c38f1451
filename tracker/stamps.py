"""The stamp of a cache: how its file was left, in a small file of the local folder.

SQLite has no checksums, so a cache is believed only if it is the very file that one of us left, in
this run of the system. The stamp also says when the files that the cache answers for were compared
last: if the cache itself said so, a read would change it, and viewers watch it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import NamedTuple

from tracker import fileio


class Gone(Exception):
    """The cache cannot be used as it is."""


class Damaged(ValueError):
    """What the cache says was never written into it."""


def stat_text(path: str) -> str:
    """What tells one state of a file from another; "" where there is no file."""
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        if os.path.islink(path):
            raise fileio.circular(path) from error
        raise
    return text_of(found)


def text_of(found: os.stat_result) -> str:
    """The same, of a stat result."""
    return f"{found.st_dev}:{found.st_ino}:{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}"


class Stamp(NamedTuple):
    """The file, its stat as it was left, and what was compared since: the stat, and when."""

    path: str
    left: str
    log: str = ""
    looked: int = 0


def boot_id() -> str:
    """Which run of the system this is: what was not flushed before a power cut is not believed."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return "-"


def read(local: str, name: str) -> Stamp:
    """The stamp of the cache of that name. Raises Gone where its file is another by now.

    Also raises OSError or ValueError, where there is no stamp or it is none.
    """
    text = fileio.read(_path(local, name)).decode()
    left, boot, looked, log, relative = text.split("\n", 4)
    path = os.path.normpath(os.path.join(local, relative))
    if boot != boot_id() or left != stat_text(path) or not left:
        raise Gone
    return Stamp(path, left, log, int(looked))


def last_path(local: str, name: str) -> str:
    """Where the file of that cache was put last; "" where nothing says so."""
    try:
        relative = fileio.read(_path(local, name)).decode().split("\n", 4)[4]
    except (OSError, ValueError, IndexError):
        return ""
    return os.path.normpath(os.path.join(local, relative))


def save(local: str, name: str, stamp: Stamp) -> None:
    """Write the stamp down. The caller holds the lock of the cache."""
    path, left, log, looked = stamp
    parts = (left, boot_id(), str(looked), log, os.path.relpath(path, local))
    fileio.replace(_path(local, name), "\n".join(parts).encode(), 0o666)


def forget(local: str, name: str) -> None:
    """Have the cache of that name believed by nobody any more."""
    with suppress(OSError):
        os.unlink(_path(local, name))


def _path(local: str, name: str) -> str:
    return os.path.join(local, f"{name}.stamp")
