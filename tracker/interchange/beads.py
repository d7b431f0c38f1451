"""The lines that Beads and br write: issues, deletions, and what is neither."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tracker import lines
from tracker.ids import VALID
from tracker.interchange.arrivals import Arrival
from tracker.lines import Problem, Unread

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tracker.interchange.arrivals import Watch
    from tracker.interchange.remembered import Brought


class Reading(NamedTuple):
    """What a file holds; `repeated` ids count as they stand last."""

    arrivals: tuple[Arrival, ...]
    problems: tuple[Problem, ...] = ()
    markers: tuple[int, ...] = ()
    repeated: tuple[str, ...] = ()
    memories: tuple[Brought, ...] = ()


def read(data: bytes, path: str, watch: Watch) -> Reading:
    """The records of a file of lines, each with the very bytes that it had there."""
    arrivals: dict[str, Arrival] = {}
    problems: list[Problem] = []
    markers: list[int] = []
    repeated: dict[str, None] = {}
    memories: list[Brought] = []
    for item in watch(lines.scan(data), data.count(b"\n")):
        if isinstance(item, Unread):
            (markers.append(item.number) if item.marker else problems.append(_problem(path, item)))
            continue
        row, text = item.row, data[item.start : item.end]
        id = row.get("id")
        if isinstance(id, str) and VALID.match(id):
            if id in arrivals:
                repeated[id] = None
                del arrivals[id]
            arrivals[id] = Arrival(id, text, item.number, gone=row.get("_deleted") is True)
        elif row.get("_type", "memory") == "memory" and (one := _memory(row, text)) is not None:
            memories.append(one)
        elif (row.get("_type") or "issue") == "issue":
            why = f"{id!r} is no id" if id else "the record has no id"
            problems.append(Problem(path, item.number, why))
    return Reading(
        tuple(arrivals.values()),
        tuple(problems),
        tuple(markers),
        tuple(repeated),
        tuple(memories),
    )


def _memory(row: Mapping[str, Any], text: bytes) -> Brought | None:
    if not (isinstance(row.get("key"), str) and row["key"]):
        return None
    from tracker.interchange.notebook import of_record

    return of_record(row, text.decode("utf-8", "surrogatepass"))


def _problem(path: str, item: Unread) -> Problem:
    return Problem(path, item.number, item.why)
