"""Small files that people edit too: made only where none is, changed only as a whole."""

from __future__ import annotations

import os
from contextlib import suppress

from tracker.errors import Moved, Refused


def contents(path: str) -> bytes | None:
    """The bytes of a regular file; None where there is none, or where it is a link."""
    if os.path.islink(path):
        return None
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return None


def create(path: str, data: bytes) -> bool:
    """Make a file; False where something of that name exists, be it a link that leads nowhere."""
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | _BINARY, 0o644)
    except FileExistsError:
        return False
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    return True


def refuse_link(path: str) -> None:
    """Raise Refused where a path is a link: what it leads to may be anybody's."""
    if os.path.islink(path):
        hint = f"edit {os.path.realpath(path)}"
        raise Refused(f"{path} is a symbolic link: it is left as it is", hint=hint)


def replace(path: str, before: bytes, after: bytes) -> None:
    """Change a file in one step and keep its mode.

    Raises Moved if it no longer is `before`, and Refused if it is a link.
    """
    refuse_link(path)
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name}.db-tmp{os.getpid()}")
    handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | _BINARY, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(after)
            file.flush()
            os.fsync(file.fileno())
        if contents(path) != before:
            raise Moved(f"{path} changed while it was being written: it is left as it is")
        os.chmod(temporary, os.stat(path).st_mode & 0o7777)
        os.replace(temporary, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)


_BINARY = getattr(os, "O_BINARY", 0)
