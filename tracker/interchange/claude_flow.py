"""Read claude-flow's memory stores.

`memory_entries` holds what people stored and, under namespaces of its hooks, notes of the machine
to itself; those are left out unless all is asked for. `patterns` holds distilled experience, as
ReasoningBank writes it.
"""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

from tracker import json_text
from tracker.errors import Invalid
from tracker.interchange.import_memories import Brought, legal, short
from tracker.model.memory_keys import slug
from tracker.model.timestamps import instant, stamp, stamped
from tracker.text import whole_number
from tracker.workspace.beads_database import opened

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from tracker.workspace.beads_database import Database


MACHINE = frozenset(
    {
        "task-index", "file-history", "command-history", "performance", "sessions",
        "session-states", "session-metrics", "agent-roster", "agent-assignments", "search-cache",
        "performance-metrics", "operations",
    }
)  # fmt: skip
"""Namespaces that only its hooks write and read, beside all that begin with `hooks:`."""


def read_store(text: str, *, everything: bool = False) -> list[Brought]:
    """The entries of a `memory-store.json`. Raises Invalid."""
    try:
        found = json_text.loads(text)
    except ValueError as error:
        raise Invalid(f"this is no JSON: {error}") from None
    if not is_store(found):
        raise Invalid("this is no memory store: {NAMESPACE: [{key, value}]}")
    return [
        _entry({"namespace": namespace, **row}, everything=everything)
        if _is_entry(row)
        else Brought(legal(namespace, "unnamed"), {}, left="it has no key")
        for namespace, rows in found.items()
        for row in rows
    ]


def is_store(found: Any) -> bool:
    """Whether a JSON value has the form of a memory store; one that is empty has it, too."""
    if not isinstance(found, dict) or not found:
        return False
    lists = list(found.values())
    return all(isinstance(rows, list) for rows in lists) and (
        not any(lists) or any(_is_entry(row) for rows in lists for row in rows)
    )


def _is_entry(row: Any) -> bool:
    return isinstance(row, dict) and isinstance(row.get("key"), str)


def read_database(path: str, *, everything: bool = False, now: int = 0) -> list[Brought]:
    """The memories of a database. Raises Invalid where it holds neither of the tables."""
    try:
        with opened(path) as db:
            if not db.tables() & {"memory_entries", "patterns"}:
                raise sqlite3.DatabaseError("it has no memory_entries and no patterns")
            return [*_entries(db, now, everything=everything), *_patterns(db)]
    except (OSError, sqlite3.Error) as error:
        raise Invalid(f"{path} cannot be read as a memory of claude-flow: {error}") from None


def _entries(db: Database, now: int, *, everything: bool) -> Iterator[Brought]:
    for row in db.table("memory_entries"):
        if str(row.get("status") or "active") not in {"active", "archived"}:
            continue
        one = _entry(row, everything=everything)
        ends = instant(str(one.fields.get("expires_at", "")))
        is_over = bool(ends) and ends < now and not everything
        yield one._replace(left=one.left or ("it has expired" if is_over else ""))


def _entry(row: Mapping[str, Any], *, everything: bool) -> Brought:
    namespace = str(row.get("namespace") or "default")
    value = row.get("value", row.get("content"))
    value = "" if value is None else value
    content = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    fields: dict[str, Any] = {"content": content}
    tags = _list(row.get("tags"))
    if tags:
        fields["tags"] = tags
    expires = _time(row.get("expires_at"))
    if expires:
        fields["expires_at"] = expires
    created = _time(row.get("created_at") or row.get("timestamp"))
    is_machine = namespace in MACHINE or namespace.startswith("hooks:")
    return Brought(
        legal(namespace, str(row["key"])),
        fields,
        created,
        _time(row.get("updated_at")) or created,
        left="a note of the hooks to themselves" if is_machine and not everything else "",
    )


def _patterns(db: Database) -> Iterator[Brought]:
    seen: dict[str, int] = {}
    for row in db.table("patterns"):
        try:
            data = json_text.loads(str(row.get("pattern_data") or "{}"))
        except ValueError:
            data = {}
        if not isinstance(data, dict):
            data = {}
        one = _pattern(row, data)
        if one is None:
            name = legal("patterns", str(row.get("id") or "unnamed"))
            yield Brought(name, {}, left="it holds no text that can be read")
        else:
            count = seen[one.key] = seen.get(one.key, 0) + 1
            yield one if count == 1 else one._replace(key=legal(f"{one.key}-{count}"))


def _pattern(row: Mapping[str, Any], data: Mapping[str, Any]) -> Brought | None:
    """An experience: a pitfall if it came of a failure, else a pattern."""
    title = str(data.get("title") or row.get("name") or row.get("pattern") or "").strip()
    content = str(data.get("content") or row.get("content") or title).strip()
    if not content:
        return None
    source = data.get("source")
    outcome = str(source.get("outcome", "") if isinstance(source, dict) else "").lower()
    verdict = {"success": "success", "failure": "failure"}.get(outcome, "")
    domain = str(data.get("domain") or "default")
    fields: dict[str, Any] = {
        "content": content,
        "kind": "pitfall" if verdict == "failure" else "pattern",
        "title": short(title),
        "verdict": verdict,
        "tags": _list(data.get("tags")),
    }
    if data.get("description"):
        fields["description"] = str(data["description"])
    confidence = data.get("confidence", row.get("confidence"))
    if isinstance(confidence, int | float):
        fields["confidence"] = str(min(max(round(float(confidence), 4), 0.0), 1.0))
    created = _time(data.get("created_at") or row.get("created_at"))
    try:
        key = legal("patterns", legal(domain, slug(title or content)))
    except Invalid:  # nothing but signs
        return None
    return Brought(key, fields, created, _time(row.get("updated_at")) or created)


def _list(value: Any) -> list[str]:
    if isinstance(value, str):
        try:
            value = json_text.loads(value)
        except ValueError:
            value = value.split(",")
    found = value if isinstance(value, list) else []
    return [" ".join(str(one).split()) for one in found if str(one).strip()]


def _time(value: Any) -> str:
    """A time of any of its forms: text, or seconds or milliseconds since 1970."""
    if isinstance(value, str) and whole_number(value) is not None:
        value = whole_number(value)
    if isinstance(value, int | float) and value > 0:
        return stamped(value * (10**6 if value > 1e11 else 10**9))
    at = instant(str(value or ""))
    return stamp(at) if at > 0 else ""
