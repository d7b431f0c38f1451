"""Two files change places in one step, so that what was there before can still be looked at.

Between a look at a file and its replacement there is a moment, however short, in which another
program may have put its own there; after an exchange that one is not lost but in our hands.
"""

from __future__ import annotations

import os
import sys
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
