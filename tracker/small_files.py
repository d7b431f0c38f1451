"""Create and replace small files, unless they changed meanwhile."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from tracker import fileio
from tracker.errors import Moved, Refused

if TYPE_CHECKING:
    from typing import Any


_SWAP = 2  # RENAME_EXCHANGE of Linux, RENAME_SWAP of macOS
_HERE = -100  # AT_FDCWD


def exchange(one: str, other: str) -> bool:
    """Swap the names of two files; False where the system cannot. Raises OSError.

    It costs 5 ms the first time, for the way to the system call.
    """
    call, before = _call()
    if call is None:
        return False
    if call(*before, os.fsencode(one), *before, os.fsencode(other), _SWAP) == 0:
        return True
    import ctypes
    import errno

    code = ctypes.get_errno()
    if code in {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}:
        return False
    raise OSError(code, os.strerror(code), other)


def _call() -> tuple[Any, tuple[int, ...]]:
    """The system's function, and what stands before each path."""
    try:
        import ctypes

        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            return library.renamex_np, ()
        return library.renameat2, (_HERE,)
    except (ImportError, OSError, AttributeError, TypeError):
        return None, ()


def contents(path: str, limit: int = fileio.LARGEST) -> bytes | None:
    """The bytes of a file; None where there is none, or where it is a link.

    Raises Unusable where anything else stands in its place.
    """
    if os.path.islink(path):
        return None
    try:
        return fileio.read(path, limit)
    except (FileNotFoundError, NotADirectoryError):
        return None


def create(path: str, data: bytes) -> bool:
    """Make a file; False where something of that name exists, be it a link that leads nowhere."""
    temporary = fileio.beside(path)
    try:
        fileio.create(temporary, data, 0o644)
        os.link(temporary, path)  # a file that is there is not lost, and none is there in part
    except FileExistsError:
        return False
    except OSError:
        if os.path.lexists(path) or not os.path.exists(temporary):
            raise
        fileio.create(path, data, 0o644)  # a file system without links
    finally:
        with suppress(OSError):
            os.unlink(temporary)
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

    def check() -> None:
        if contents(path) != before:
            raise Moved(f"{path} changed while it was being written: it is left as it is")

    fileio.put(path, after, check=check)
