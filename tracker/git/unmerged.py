"""Merge a file that git left unmerged.

A merge by lines (`merge=union`) leaves no markers but several lines of one id. Those are merged
like the two sides of a conflict.

Pure: versions of a file in, the merged file out. It is the engine of the merge driver, so it gives
what the driver would have written; what somebody has corrected since stays corrected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tracker.log import lines
from tracker.log.conflict_markers import has_markers
from tracker.log.issue_log import Log
from tracker.log.lines import FoundLine, LineEdit
from tracker.log.memory_log import MemoryFile
from tracker.log.paths import MEMORY_FILE
from tracker.merge.sets import grows
from tracker.merge.three_way import resolve_markers, three_way

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tracker.merge.three_way import Merged


INDEX, MARKERS, REPEATS = "index", "markers", "repeats"


class Repaired(NamedTuple):
    """The merged file, what was decided, and where the versions came from.

    `edited` names the records that were corrected by hand, and stand as they were corrected.
    """

    data: bytes
    decisions: tuple[str, ...]
    source: str
    edited: tuple[str, ...] = ()


def repaired(data: bytes, stages: Mapping[int, bytes], path: str) -> Repaired | None:
    """Return the file with its conflict merged; None if it has no conflict.

    `stages` are git's: 1 the base, 2 ours, 3 theirs; none where git has forgotten them.
    """
    if not has_markers(data):
        return _once(data, path)
    if 2 in stages and 3 in stages:
        return _from_stages(data, stages, path)
    return _repaired(resolve_markers(data, path), MARKERS)


def _once(data: bytes, path: str) -> Repaired | None:
    """The file with one line for each name; None where none stands more than once."""
    sheet = MemoryFile(data, path) if path == MEMORY_FILE else Log(data, path)
    layers = [] if grows(path) else sheet.layers()
    if not layers:
        return None
    base, merged, *others = layers
    decisions: list[str] = []
    for layer in others:
        found = three_way(base, merged, layer, path)
        merged = found.data
        decisions += map(str, found.decisions)
    return Repaired(merged, tuple(dict.fromkeys(decisions)), REPEATS)


def _repaired(merged: Merged, source: str) -> Repaired:
    return Repaired(merged.data, tuple(map(str, merged.decisions)), source)


def _from_stages(data: bytes, stages: Mapping[int, bytes], path: str) -> Repaired:
    base, ours, theirs = stages.get(1, b""), stages[2], stages[3]
    found = _repaired(three_way(base, ours, theirs, path), INDEX)
    edits, rest = _corrected(data, (base, ours, theirs))
    if not (edits or rest):
        return found
    return found._replace(data=_with(found.data, edits, rest), edited=tuple(sorted(edits)))


def _corrected(data: bytes, sides: Sequence[bytes]) -> tuple[dict[str, bytes], list[bytes]]:
    """What somebody wrote since, as a merge of text makes no lines of its own.

    These are records by name, and lines that hold none.
    """
    known = {line.strip() for side in sides for line in lines.cut(side)}
    found: dict[str, bytes] = {}
    rest: dict[bytes, None] = {}
    for line in lines.cut(data):
        if line.strip() in known or lines.MARKER.match(line):
            continue
        for item in lines.scan(line):
            text = line[item.start : item.end].strip() if isinstance(item, FoundLine) else line
            name = _name(item) if isinstance(item, FoundLine) else ""
            if name and text not in known:
                found[name] = text
            elif not name:
                rest[text] = None
    return found, list(rest)


def _name(item: FoundLine) -> str:
    name = item.row.get("id") or item.row.get("key")
    return name if isinstance(name, str) else ""


def _with(data: bytes, records: Mapping[str, bytes], others: Sequence[bytes]) -> bytes:
    """The file with these lines for these records; new ones and other lines go to the end."""
    rest = dict(records)
    edits = []
    for item in lines.scan(data):
        line = rest.pop(_name(item), None) if isinstance(item, FoundLine) else None
        if line is not None and isinstance(item, FoundLine):
            edits.append(LineEdit(item.start, item.end, line))
    text = b"".join(bytes(piece) for piece in lines.apply(data, edits))
    start = b"" if not text or text.endswith(b"\n") else b"\n"
    new = [*(line for _, line in sorted(rest.items())), *others]
    return text + start + b"".join(line + b"\n" for line in new)


LEFTOVERS = ("base", "left", "right")
"""What a merge of Beads that was interrupted leaves in the folder: `beads.base.jsonl` and so on."""


def recovered(log: bytes, left: Mapping[str, bytes]) -> Merged:
    """The log with what such files hold and it lacks; a file that is missing is the base.

    What the log did with a record since then counts as the edit of one branch.
    """
    base = left.get("base", b"")
    merged = three_way(base, left.get("left", base), left.get("right", base))
    return three_way(base, log, merged.data)
