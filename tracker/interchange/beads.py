"""Read the JSONL and SQLite files of Beads and br."""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING, NamedTuple

from tracker import json_text
from tracker.errors import Invalid
from tracker.interchange.import_issues import Arrival
from tracker.json_text import quote
from tracker.log import lines
from tracker.log.issue_codec import decode, encode
from tracker.log.lines import Problem, Unread
from tracker.model.ids import VALID
from tracker.model.timestamps import instant, stamped
from tracker.text import whole_number
from tracker.workspace.beads_database import opened

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tracker.interchange.import_issues import Watch
    from tracker.interchange.import_memories import Brought
    from tracker.workspace.beads_database import Database


class BeadsReading(NamedTuple):
    """What a file holds; `repeated` ids count as they stand last."""

    arrivals: tuple[Arrival, ...]
    problems: tuple[Problem, ...] = ()
    markers: tuple[int, ...] = ()
    repeated: tuple[str, ...] = ()
    memories: tuple[Brought, ...] = ()


def read_lines(data: bytes, path: str, watch: Watch) -> BeadsReading:
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
    return BeadsReading(
        tuple(arrivals.values()),
        tuple(problems),
        tuple(markers),
        tuple(repeated),
        tuple(memories),
    )


def _memory(row: Mapping[str, Any], text: bytes) -> Brought | None:
    if not (isinstance(row.get("key"), str) and row["key"]):
        return None
    from tracker.interchange.memory_files import of_record

    return of_record(row, text.decode("utf-8", "surrogatepass"))


def _problem(path: str, item: Unread) -> Problem:
    return Problem(path, item.number, item.why)


_FLAGS = {"ephemeral", "wisp", "pinned", "is_template", "crystallizes"}
_COUNTS = {"compaction_level", "original_size", "timeout", "timeout_ns"}
_JSON = {"metadata", "waiters", "bonded_from", "creator", "validations"}
_LEFT_OUT = {"content_hash", "source_repo", "source_repo_path"}
_NAMES = {"timeout_ns": "timeout", "wisp": "ephemeral"}
_SETTINGS = {"issue_prefix": "issue-prefix", "status.custom": "status.custom",
             "types.custom": "types.custom", "allowed_prefixes": "allowed-prefixes"}  # fmt: skip
_GO = re.compile(
    r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,9})?) ?([+-]\d\d:?\d\d)?(?: [A-Z]+)?\Z"
)
_MEMORY = "kv.memory."


class Held(NamedTuple):
    """What a database holds: records, which of them were never exported, and settings.

    `memories` are texts by key, `values` what `bd kv` kept.
    """

    arrivals: tuple[Arrival, ...]
    dirty: frozenset[str]
    settings: dict[str, str]
    memories: dict[str, str]
    values: dict[str, str]


def read_database(path: str) -> Held:
    """Everything in a database. Raises Invalid where it is none of Beads."""
    try:
        with opened(path) as db:
            return _held(db)
    except (OSError, sqlite3.Error) as error:
        raise Invalid(
            f"{path} cannot be read as a database of Beads: {error}",
            hint="memories of claude-flow are brought in by: bd memory import FROM",
        ) from None


def _by_issue(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(str(row.get("issue_id")), []).append(row)
    return found


def _held(db: Database) -> Held:
    issues = db.table("issues")
    if not issues and not db.table("config"):
        raise sqlite3.DatabaseError("it has no table of issues")
    names = ("labels", "dependencies", "comments")
    labels, edges, comments = (_by_issue(db.table(name)) for name in names)
    arrivals = []
    for row in issues:
        id = str(row.get("id") or "")
        if not VALID.match(id):
            raise Invalid(f"{id!r} is no id", hint="the database may be damaged: bd migrate FILE")
        own = {
            **_fields(row),
            "id": id,
            "labels": sorted({str(one.get("label")) for one in labels.get(id, ())}),
            "dependencies": [_edge(one) for one in _by_time(edges.get(id, []))],
            "comments": [_comment(one) for one in _by_time(comments.get(id, []))],
        }
        if not own.get("ephemeral"):
            arrivals.append(Arrival(id, _line(own)))
    dirty = frozenset(str(row.get("issue_id")) for row in db.table("dirty_issues"))
    config = {str(row.get("key")): str(row.get("value") or "") for row in db.table("config")}
    return Held(
        tuple(arrivals),
        dirty,
        {name: config[key] for key, name in _SETTINGS.items() if config.get(key)},
        {k.removeprefix(_MEMORY): v for k, v in config.items() if k.startswith(_MEMORY)},
        {
            k.removeprefix("kv."): v
            for k, v in config.items()
            if k.startswith("kv.") and not k.startswith(_MEMORY)
        },
    )


def _line(row: dict[str, Any]) -> bytes:
    """The canonical line; JSON columns go through as the text that they were."""
    raw = {name: row.pop(name) for name in _JSON & row.keys()}
    texts = [f"{quote(name)}:{quote(value)}" for name, value in row.items()]
    texts += [f"{quote(name)}:{value}" for name, value in raw.items()]
    return encode(decode("{" + ",".join(texts) + "}"))


def _fields(row: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for column, value in row.items():
        name = _NAMES.get(column, column)
        if column in _LEFT_OUT or value is None or value == "":
            continue
        if column in _FLAGS:
            if value:
                found[name] = True
        elif column in _COUNTS:
            count = value if isinstance(value, int) else whole_number(str(value))
            if count:
                found[name] = count
        elif column in _JSON:
            raw = _json(str(value))
            if raw:
                found[name] = raw
        elif _is_time(name):
            found[name] = _time(value)
        else:
            found[name] = value
    return found


def _is_time(name: str) -> bool:
    return name.endswith("_at") or name in {"defer_until", "last_activity"}


def _json(text: str) -> str:
    """The text of a JSON value that says something; "" for any other."""
    try:
        value = json_text.loads(text)
    except ValueError:
        return ""
    return text if value not in (None, "", [], {}) else ""


def _time(value: Any) -> str:
    """A time as the log holds it: Go's own form, text of SQLite, or a number since 1970."""
    if isinstance(value, int | float):
        scale = 1 if value > 1e17 else 10**3 if value > 1e14 else 10**6 if value > 1e11 else 10**9
        return stamped(value * scale)
    text = str(value).split(" m=")[0].strip()
    match = _GO.match(text)
    if match is None:
        return text
    day, clock, offset = match.groups()
    return f"{day}T{clock}{_offset(offset)}"


def _offset(text: str | None) -> str:
    if text is None or text.startswith(("+0000", "+00:00")):
        return "Z"
    return text if ":" in text else f"{text[:3]}:{text[3:]}"


def _by_time(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: instant(_time(row.get("created_at") or "")))


def _edge(row: dict[str, Any]) -> dict[str, Any]:
    names = ("issue_id", "depends_on_id", "type", "created_at", "created_by", "metadata",
             "thread_id")  # fmt: skip
    found = {name: row[name] for name in names if row.get(name)}
    if found.get("metadata") in {"{}", "null"}:
        del found["metadata"]
    return _with_time(found)


def _comment(row: dict[str, Any]) -> dict[str, Any]:
    names = ("id", "issue_id", "author", "text", "created_at")
    return _with_time({name: row[name] for name in names if row.get(name) is not None})


def _with_time(row: dict[str, Any]) -> dict[str, Any]:
    if row.get("created_at"):
        row["created_at"] = _time(row["created_at"])
    return row
