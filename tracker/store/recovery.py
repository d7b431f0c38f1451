"""Complete or drop a write that was interrupted.

Pure: what was found of each of its files comes in, a decision goes out. A write of one file is
old or new, since a rename is one step; one of several can be in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


DONE = "done"
"""Everything is in its place."""
DROP = "drop"
"""Nothing was written."""
FORWARD = "forward"
"""Put what lies ready into its place."""
BACK = "back"
"""Give the records that were written the lines that they had."""
TORN = "torn"
"""Neither is possible: the write was too large to be kept, and another program has moved a file."""


class OpenWrite(NamedTuple):
    """A file of an interrupted write, as it is now.

    `is_new`: it holds what was to be written. `is_ready`: it is what it was before, and the new
    content still lies beside it.
    """

    is_new: bool
    is_ready: bool


def decide(files: Sequence[OpenWrite], *, failed: bool, has_lines: bool) -> str:
    """What to do with the write: one of the words above.

    One that `failed` was reported as not done, so it is never completed. `has_lines` tells whether
    the old lines are known.
    """
    waiting = [one for one in files if not one.is_new]
    if len(waiting) == len(files):
        return DROP
    if not waiting and not failed:
        return DONE
    if not failed and all(one.is_ready for one in waiting):
        return FORWARD
    return BACK if has_lines else TORN
