"""The files that the memory cache follows, and the lines of the log that are about memories."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


PRIVATE_MEMORY, MEMORY, LOG, PRIVATE_OUTCOMES, OUTCOMES, ARCHIVE = range(6)
"""The files, in the order in which one memory hides another of its key."""
ISSUES = (LOG, ARCHIVE)
_WORD = b'"memor'  # of lines that name memories; one look for it is enough for most logs
DIGEST = 32  # bytes of the content of each file


def relevant(log: bytes) -> Iterator[bytes]:
    """The lines of a log of issues that may say something about memories."""
    from tracker.log.lines import lines_with

    return (log[begin:stop] for begin, stop in lines_with(log, _WORD) if _says(log, begin, stop))


def _says(log: bytes, begin: int, stop: int) -> bool:
    return log.find(b'"memory"', begin, stop) >= 0 or log.find(b'"memories"', begin, stop) >= 0
