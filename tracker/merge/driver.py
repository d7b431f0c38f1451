"""The merge driver: three files in, one file out.

A rebase starts a process for each commit, so this way is shorter than that of other commands: no
click, no session. It says nothing where it fails: the long way then finds the same, and reports it.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from tracker import fileio
from tracker.errors import Refused, TrackerError
from tracker.fileio import check_kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker.merge.three_way import Merged


_RECORD = re.compile(rb"^(?:\xef\xbb\xbf)?[ \t]*\{", re.MULTILINE)


def merged(names: Sequence[str], path: str) -> Merged:
    """The merge of three files, the base first. Raises Refused where one is no log."""
    from tracker.log.conflict_markers import has_markers
    from tracker.merge.three_way import three_way

    base, ours, theirs = (_read(name) for name in names)
    for name, data in zip(names[1:], (ours, theirs), strict=True):
        if data.strip() and not _RECORD.search(data):
            raise Refused(f"{name} holds no records: only logs are merged here")
    found = three_way(base, ours, theirs, path)
    if has_markers(found.data):  # never seen; git then leaves its own
        raise Refused(f"{path} cannot be merged by record")
    return found


def told(result: Merged) -> str:
    """What was decided, a line each; "" if nothing was."""
    return "\n".join(f"bd merge: {decision}" for decision in result.decisions)


def _read(path: str) -> bytes:
    try:
        return fileio.named(path)
    except OSError as error:
        raise Refused(f"cannot read {path}: {error.strerror}") from None


def put(path: str, data: bytes) -> None:
    """Replace a file as a whole, with the mode that it has. Raises Refused.

    It is not synced: git makes it again if the machine goes down.
    """
    real = os.path.realpath(path)
    check_kind(real, real, path)
    if "/.beads/" in real and not real.endswith(".jsonl"):
        raise Refused(f"{path} holds no records: only logs are merged here")
    try:
        fileio.put(real, data, sync=False)
    except OSError as error:
        raise Refused(f"cannot write {path}: {error.strerror}") from None


def quickly(words: Sequence[str]) -> str | None:
    """Do what git asks for: the words behind `merge-driver`; what is to be said then.

    None where they are others than git's, or where it fails: nothing has been written then.
    """
    if not 3 <= len(words) <= 5 or any(word.startswith("-") for word in words):
        return None
    names = list(words[:3])
    path = words[4] if len(words) == 5 and words[4] else names[1]
    try:
        result = merged(names, path)
        said = told(result)
        put(names[1], result.data)
    except (TrackerError, ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
        return None
    return said
