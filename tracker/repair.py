"""A file that git left unmerged, merged after all: from the index, or from the markers in it.

Pure: versions of a file in, the merged file out. It is the engine of the merge driver, so it gives
what the driver would have written; what somebody has corrected since stays corrected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tracker import lines
from tracker.lines import Edit, Found
from tracker.marks import has_markers
from tracker.merge import Merged, resolve_markers, three_way

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

INDEX, MARKERS = "index", "markers"


class Repaired(NamedTuple):
    """The merged file, what was decided, and where the versions came from.

    `edited` names the records that were corrected by hand, and stand as they were corrected.
    """

    data: bytes
    decisions: tuple[str, ...]
    source: str
    edited: tuple[str, ...] = ()


def repaired(data: bytes, stages: Mapping[int, bytes], path: str) -> Repaired | None:
    """The file without its conflict; None where it holds no markers, so that nothing is to be done.

    `stages` are git's: 1 the base, 2 ours, 3 theirs; none where git has forgotten them.
    """
    if not has_markers(data):
        return None
    if 2 in stages and 3 in stages:
        return _from_stages(data, stages, path)
    return _repaired(resolve_markers(data, path), MARKERS)


def _repaired(merged: Merged, source: str) -> Repaired:
    return Repaired(merged.data, tuple(map(str, merged.decisions)), source)


def _from_stages(data: bytes, stages: Mapping[int, bytes], path: str) -> Repaired:
    base, ours, theirs = stages.get(1, b""), stages[2], stages[3]
    found = _repaired(three_way(base, ours, theirs, path), INDEX)
    edits = _corrected(data, (base, ours, theirs))
    if not edits:
        return found
    return found._replace(data=_with(found.data, edits), edited=tuple(sorted(edits)))


def _corrected(data: bytes, sides: Sequence[bytes]) -> dict[str, bytes]:
    """The records that somebody changed since: a merge of text makes no lines of its own."""
    known = {line.strip() for side in sides for line in side.split(b"\n")}
    if all(line.strip() in known or lines.MARKER.match(line) for line in data.split(b"\n")):
        return {}
    found = {}
    for item in lines.scan(data):
        if isinstance(item, Found) and data[item.start : item.end].strip() not in known:
            name = _name(item)
            if name:
                found[name] = data[item.start : item.end].strip()
    return found


def _name(item: Found) -> str:
    name = item.row.get("id") or item.row.get("key")
    return name if isinstance(name, str) else ""


def _with(data: bytes, records: Mapping[str, bytes]) -> bytes:
    """The file with these lines for these records; new ones go to the end."""
    rest = dict(records)
    edits = []
    for item in lines.scan(data):
        line = rest.pop(_name(item), None) if isinstance(item, Found) else None
        if line is not None and isinstance(item, Found):
            edits.append(Edit(item.start, item.end, line))
    text = b"".join(bytes(piece) for piece in lines.apply(data, edits))
    start = b"" if not text or text.endswith(b"\n") else b"\n"
    return text + start + b"".join(line + b"\n" for _, line in sorted(rest.items()))


LEFTOVERS = ("base", "left", "right")
"""What a merge of Beads that was interrupted leaves in the folder: `beads.base.jsonl` and so on."""


def recovered(log: bytes, left: Mapping[str, bytes]) -> Merged:
    """The log with what such files hold and it lacks; a file that is missing is the base.

    What the log did with a record since then counts as the edit of one branch.
    """
    base = left.get("base", b"")
    merged = three_way(base, left.get("left", base), left.get("right", base))
    return three_way(base, log, merged.data)
