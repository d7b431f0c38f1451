"""Read Markdown tickets of tk, beans, tbd and Backlog.md.

Each program calls the fields otherwise; what none of them is known by goes into the metadata.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from tracker import fileio
from tracker.errors import Invalid
from tracker.git.discovery import within
from tracker.interchange import plan_attributes as said
from tracker.interchange.import_issues import Arrival
from tracker.interchange.markdown import decoded
from tracker.json_text import quote
from tracker.log.issue_codec import decode, encode
from tracker.model.ids import VALID
from tracker.model.issue import BLOCKS, PARENT, TITLE_LIMIT, TYPE_ALIASES, TYPES
from tracker.model.status import CLOSED
from tracker.model.timestamps import instant, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any


FOLDERS = (".tickets", ".beans", ".tbd/issues", "backlog/tasks", "backlog/completed", "backlog")
"""Where such programs keep them, in a repository."""
_FRONT = re.compile(r"\A---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)
_KEYS = {
    "id": ("id", "uid"),
    "title": ("title", "subject", "name"),
    "status": ("status", "state"),
    "issue_type": ("type", "kind", "issue_type"),
    "priority": ("priority",),
    "assignee": ("assignee", "assignees", "owner"),
    "labels": ("labels", "tags"),
    "parent": ("parent", "parent_id", "parent_task_id", "epic"),
    "needs": ("deps", "dependencies", "depends_on", "depends-on", "blocked_by", "blocked-by"),
    "blocks": ("blocks", "blocking"),
    "related": ("links", "related"),
    "created_at": ("created", "created_at", "created_date", "date"),
    "updated_at": ("updated", "updated_at", "updated_date", "modified"),
    "closed_at": ("closed", "closed_at", "completed_at", "completed"),
    "due_at": ("due", "due_at", "due_date"),
    "external_ref": ("external-ref", "external_ref", "github_issue"),
    "description": ("description",),
}
_NAMES = {key: name for name, keys in _KEYS.items() for key in keys}
_SECTIONS = {"description": "description", "design": "design", "notes": "notes",
             "acceptance criteria": "acceptance_criteria"}  # fmt: skip
_HEADING = re.compile(r"^(#{1,2})[ \t]+(.+?)[ \t]*#*[ \t]*$", re.MULTILINE)
_MORE_STATES = {"scrapped": CLOSED, "archived": CLOSED, "wont do": CLOSED, "review": "in_progress"}


class File(NamedTuple):
    """A ticket file: its name below the folder, its bytes, and when it was changed."""

    name: str
    data: bytes
    changed: int


class TicketReading(NamedTuple):
    """The tickets as records, and the names of files that are none."""

    arrivals: tuple[Arrival, ...]
    left_out: tuple[str, ...]


def files(folder: str) -> list[File]:
    """The Markdown files of a folder and those below it."""
    found = []
    for at, folders, names in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for name in sorted(names):
            if name.lower().endswith((".md", ".markdown")):
                path = os.path.join(at, name)
                data = _contents(path, os.path.realpath(folder))
                inner = os.path.relpath(path, folder).replace(os.sep, "/")
                found.append(File(inner, data, os.lstat(path).st_mtime_ns))
    return found


def _contents(path: str, folder: str) -> bytes:
    """The bytes of a file; none where it is none, or a link out of the folder."""
    real = os.path.realpath(path)
    try:
        return fileio.read(real, links=fileio.ANYWHERE) if within(real, folder) else b""
    except OSError:
        return b""


def read(found: Sequence[File], prefix: str) -> TicketReading:
    """The tickets of these files; an id without a prefix gets ours. Raises Invalid."""
    tickets: dict[str, dict[str, Any]] = {}
    left_out = []
    for file in found:
        ticket = _ticket(file, prefix)
        if ticket is None:
            left_out.append(file.name)
        elif ticket["id"] in tickets:
            raise Invalid(f"two files are the ticket {ticket['id']}; one is {file.name}")
        else:
            tickets[ticket["id"]] = ticket
    _tie(tickets, prefix)
    arrivals = tuple(Arrival(id, _line(ticket)) for id, ticket in tickets.items())
    return TicketReading(arrivals, tuple(left_out))


def _ticket(file: File, prefix: str) -> dict[str, Any] | None:
    text = decoded(file.data).text
    front = _FRONT.match(text)
    if front is None:
        return None
    from tracker import yaml_text

    try:
        loaded = yaml_text.load(front[1])
    except ValueError as error:
        raise Invalid(f"{file.name}: {error}") from None
    if not isinstance(loaded, dict):
        return None
    given = {_NAMES.get(str(key).lower(), ""): value for key, value in loaded.items()}
    stem = os.path.splitext(os.path.basename(file.name))[0]
    if not given.get("id") and "status" not in given:
        return None
    ticket = _body(text[front.end() :])
    ticket["id"] = _id(_word(given.get("id")) or stem.split("--")[0], prefix)
    ticket["title"] = (_word(given.get("title")) or ticket.get("title") or stem)[:TITLE_LIMIT]
    ticket.update(_fields(given, file))
    rest = {str(k): v for k, v in loaded.items() if str(k).lower() not in _NAMES}
    ticket["metadata"] = {"ticket": {"file": file.name, **rest}}
    return ticket


def _fields(given: Mapping[str, Any], file: File) -> dict[str, Any]:
    found: dict[str, Any] = {}
    word = _word(given.get("status")).replace("-", " ").lower()
    found["status"] = _MORE_STATES.get(word) or said.status(word) or "open"
    kind = _word(given.get("issue_type")).lower()
    kind = TYPE_ALIASES.get(kind, kind)
    found["issue_type"] = kind if kind in TYPES else "task"
    priority = said.priority(_word(given.get("priority")))
    found["priority"] = 2 if priority is None else priority
    who = given.get("assignee")
    found["assignee"] = said.name(_word(who) or next(iter(_list(who)), ""))
    found["external_ref"] = _word(given.get("external_ref"))
    if _word(given.get("description")):
        found["description"] = given["description"].strip()
    found["labels"] = sorted(set(_list(given.get("labels"))))
    for name in ("created_at", "updated_at", "closed_at", "due_at"):
        time = _time(_word(given.get(name)))
        if time:
            found[name] = time
    found.setdefault("updated_at", stamp(file.changed))
    found.setdefault("created_at", found["updated_at"])
    if found["status"] == CLOSED:
        found.setdefault("closed_at", found["updated_at"])
    for name in ("parent", "needs", "blocks", "related"):
        found[name] = given.get(name)
    return found


def _body(text: str) -> dict[str, Any]:
    """The title that a text begins with, and its sections as fields; others are description."""
    found: dict[str, Any] = {}
    parts: list[str] = []
    heads = list(_HEADING.finditer(text))
    ends = [*(head.start() for head in heads[1:]), len(text)]
    if not heads or text[: heads[0].start()].strip():
        parts.append(text[: heads[0].start()] if heads else text)
    for head, end in zip(heads, ends, strict=bool(heads)):
        body = text[head.end() : end].strip()
        name = _SECTIONS.get(head[2].lower(), "")
        if len(head[1]) == 1 and "title" not in found:
            found["title"] = " ".join(head[2].split())
            parts.append(body)
        elif name and name != "description":
            found[name] = body
        else:
            parts.append(body if name else f"{head[0]}\n\n{body}")
    text = "\n\n".join(part.strip() for part in parts if part.strip())
    return {**found, "description": text} if text else found


def _tie(tickets: dict[str, dict[str, Any]], prefix: str) -> None:
    """Turn what the tickets say of each other into dependencies."""
    edges: dict[str, dict[tuple[str, str], None]] = {id: {} for id in tickets}
    for id, ticket in tickets.items():
        parent = _word(ticket.pop("parent"))
        if parent:
            edges[id][_id(parent, prefix), PARENT] = None
        for other, kind in _ties(ticket.pop("needs"), prefix):
            edges[id][other, kind] = None
        for other, _ in _ties(ticket.pop("blocks"), prefix):
            if other in edges:
                edges[other][id, BLOCKS] = None
        for other, _ in _ties(ticket.pop("related"), prefix):
            edges[id][other, "related"] = None
    for id, found in edges.items():
        created = tickets[id]["created_at"]
        tickets[id]["dependencies"] = [
            {"issue_id": id, "depends_on_id": on, "type": kind, "created_at": created}
            for on, kind in found
            if on != id
        ]


def _ties(value: Any, prefix: str) -> Iterator[tuple[str, str]]:
    for one in value if isinstance(value, list) else _list(value):
        if isinstance(one, dict):
            target = _word(one.get("target") or one.get("id"))
            if target:
                yield _id(target, prefix), _word(one.get("type")) or BLOCKS
        elif _word(one):
            yield _id(_word(one), prefix), BLOCKS


def _id(text: str, prefix: str) -> str:
    """An id that the log can hold; one without a prefix gets ours."""
    plain = re.sub(r"[^A-Za-z0-9_.:+-]+", "-", text.strip()).strip("-.")
    id = plain if "-" in plain else f"{prefix}-{plain}"
    if not plain or not VALID.match(id):
        raise Invalid(f"{text!r} can be no id")
    return id


def _line(ticket: dict[str, Any]) -> bytes:
    kept = {name: value for name, value in ticket.items() if value not in ("", None, [])}
    return encode(decode(quote(kept)))


def _word(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) and value.strip("'\"") else ""


def _list(value: Any) -> list[str]:
    if isinstance(value, list):
        return [_word(one) for one in value if _word(one)]
    return [part for part in re.split(r"[,\s]+", _word(value).strip("[]")) if part]


def _time(text: str) -> str:
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        text += "T00:00:00Z"
    elif re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", text):
        text += ":00Z"
    at = instant(text)
    return stamp(at) if at > 0 else ""
