"""What Beads 0.49 and br refuse to read.

What they read but drop is no matter of this module (docs/merging.md). The rules are those that the
programs were seen to follow; `tests/compat/clients/test_peers.py` asks them again, if they
are installed.
"""

from __future__ import annotations

import json
import re
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from typing import Any


BEADS, BR = "Beads", "br"
BOTH = f"{BEADS} and {BR}"
LINE_LIMIT = 2 * 1024 * 1024  # bytes of a line, from which on Beads reads none
TITLE_BYTES = 500
_DESCRIPTION_BYTES = 102_400
_REFERENCE_BYTES = 200
_TEXTS = (
    "id", "title", "description", "design", "acceptance_criteria", "notes", "assignee", "owner",
    "created_by", "close_reason", "closed_by_session", "external_ref", "source_system",
    "deleted_by", "delete_reason", "original_type", "sender", "status", "issue_type",
)  # fmt: skip
_TEXTS_OF_BEADS = (
    "spec_id", "wisp_type", "await_type", "await_id", "holder", "source_formula", "mol_type",
    "source_location", "hook_bead", "role_bead", "agent_state", "role_type", "rig", "work_type",
    "event_kind", "actor", "target", "payload",
)  # fmt: skip
_TIMES = ("created_at", "updated_at", "closed_at", "due_at", "defer_until", "deleted_at",
          "compacted_at")  # fmt: skip
_NUMBERS = ("priority", "estimated_minutes", "compaction_level", "original_size")
_FLAGS = ("ephemeral", "pinned", "is_template")
_NEEDED = ("title", "created_at", "updated_at")
_NEVER_NULL = ("status", "issue_type", "priority", *_FLAGS, "labels", "dependencies", "comments")
_STATUSES = frozenset({
    "", "open", "in_progress", "blocked", "deferred", "closed", "tombstone", "pinned", "hooked",
})  # fmt: skip
_TYPES = frozenset({"", "bug", "feature", "task", "epic", "chore", "event"})
_AGENT_STATES = frozenset({
    "", "idle", "spawning", "running", "working", "stuck", "done", "stopped", "dead",
})  # fmt: skip
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)\Z",
    re.ASCII,
)
_ID_OF_BR = re.compile(r"[a-z0-9_.-]{1,64}-[a-z0-9]{1,40}(\.\d+)*\Z", re.ASCII)


class Refusal(NamedTuple):
    """A record that others do not take, which of them, why, and what may mend it."""

    id: str
    program: str
    why: str
    hint: str = ""


class Names(NamedTuple):
    """The statuses and types beside its own that Beads has been told of."""

    statuses: Collection[str] = ()
    types: Collection[str] = ()


NONE = Names()


def refusals(lines: Iterable[bytes], names: Names = NONE) -> list[Refusal]:
    """What the programs refuse of these lines, each a record."""
    found: list[Refusal] = []
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        repeated: list[str] = []
        row = _object(line, repeated)
        if row is None or not isinstance(row.get("id"), str):
            found.append(Refusal(f"line {number}", BOTH, "it holds no issue", "bd check"))
            continue
        if repeated:
            found.append(Refusal(row["id"], BR, f"{repeated[0]} stands twice in it", "bd fmt"))
        rows.append(row)
        found += (Refusal(row["id"], *said) for said in of_record(row, names))
        if len(line) >= LINE_LIMIT:
            found.append(Refusal(row["id"], BEADS, f"its line has {len(line)} bytes"))
    return [*found, *_between(rows)]


def _object(line: bytes, repeated: list[str]) -> dict[str, Any] | None:
    """The object that a line is; the names that stand in it twice go to `repeated`."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            names = [name for name, _ in pairs]
            repeated.extend(name for name in made if names.count(name) > 1)
        return made

    try:
        row = json.loads(line.decode(), object_pairs_hook=once)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _between(rows: list[dict[str, Any]]) -> Iterator[Refusal]:
    """What is wrong with records that are in order each."""
    ids = {row["id"] for row in rows}
    held: dict[str, str] = {}
    for row in rows:
        id, reference = row["id"], row.get("external_ref")
        if isinstance(reference, str) and reference:
            first = held.setdefault(reference, id)
            if first != id:
                why = f"external reference {reference!r} is also that of {first}"
                yield Refusal(id, BOTH, why, f'bd update {id} --external-ref ""')
        parent, dot, tail = id.rpartition(".")
        if dot and tail.isascii() and tail.isdigit() and parent not in ids:
            why = f"there is no {parent}, whose child it is by its id"
            yield Refusal(id, BEADS, why, f"bd rename {id} NEW")


Said = tuple[str, str, str]
"""Who refuses a record, why, and what mends it."""


def of_record(row: Mapping[str, Any], names: Names = NONE) -> Iterator[Said]:
    """What is wrong with one record in the eyes of others."""
    yield from _shapes(row)
    for program, why in (*_nested(row, "dependencies"), *_nested(row, "comments")):
        yield program, why, ""
    yield from _values(row, names)
    yield from _closing(row)
    yield from _of_br(row)


def _shapes(row: Mapping[str, Any]) -> Iterator[Said]:
    """Values of other types than the programs read."""
    kinds: list[tuple[Iterable[str], str, Callable[[Any], bool], str]] = [
        (_TEXTS, BOTH, _is_text, "no text"),
        (_TEXTS_OF_BEADS, BEADS, _is_text, "no text"),
        (_TIMES, BOTH, _is_time, "no time of RFC 3339"),
        (("last_activity",), BEADS, _is_time, "no time of RFC 3339"),
        (_NUMBERS, BOTH, _is_number, "no whole number"),
        (("timeout",), BEADS, _is_number, "no whole number"),
        (_FLAGS, BOTH, _is_flag, "neither true nor false"),
        (("crystallizes",), BEADS, _is_flag, "neither true nor false"),
        (("labels",), BOTH, _are_texts, "no list of texts"),
        (("waiters",), BEADS, _are_texts, "no list of texts"),
    ]
    for fields, program, fits, what in kinds:
        for name in fields:
            value = row.get(name)
            if value is not None and not fits(value):
                yield program, f"{name} is {what}", ""
    for name in _NEEDED:
        if row.get(name) is None:
            yield BR, f"it has no {name}", ""
    for name in _NEVER_NULL:
        if name in row and row[name] is None:
            yield BR, f"{name} is null", ""


def _nested(row: Mapping[str, Any], name: str) -> Iterator[tuple[str, str]]:
    """The same of its dependencies or comments."""
    found = row.get(name)
    if found is None:
        return
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        yield BOTH, f"{name} is no list of objects"
        return
    texts = {"dependencies": ("issue_id", "depends_on_id", "type"),
             "comments": ("issue_id", "author", "text")}[name]  # fmt: skip
    free = ("created_by", "metadata", "thread_id") if name == "dependencies" else ()
    for one in found:
        yield from _texts(one, name, texts, free)
        at, number = one.get("created_at"), one.get("id")
        if at is None:
            yield BR, f"created_at in {name} is missing"
        elif not _is_time(at):
            yield BOTH, f"created_at in {name} is no time of RFC 3339"
        if name == "comments" and not _is_number(number):
            what = "missing" if number is None else "no whole number"
            yield BR if number is None else BOTH, f"id in comments is {what}"


def _texts(
    item: Mapping[str, Any], name: str, needed: Iterable[str], free: Iterable[str]
) -> Iterator[tuple[str, str]]:
    for key in (*needed, *free):
        if item.get(key) is not None and not isinstance(item[key], str):
            yield BOTH, f"{key} in {name} is no text"
    for key in needed:
        if item.get(key) is None:
            yield BR, f"{key} in {name} is missing"


def _values(row: Mapping[str, Any], names: Names) -> Iterator[Said]:
    """Values that are of the right type, and that the programs do not know."""
    id, title = row["id"], row.get("title")
    if not title or (isinstance(title, str) and len(_bytes(title)) > TITLE_BYTES):
        why = f"the title has more than {TITLE_BYTES} bytes" if title else "it has no title"
        yield BOTH, why, f"bd update {id} --title TITLE"
    elif isinstance(title, str) and not title.strip():
        yield BR, "the title is blank", f"bd update {id} --title TITLE"
    priority, estimate = row.get("priority"), row.get("estimated_minutes")
    if isinstance(priority, int) and not 0 <= priority <= 4:
        yield BOTH, f"priority {priority} is none of 0 to 4", f"bd update {id} --priority 4"
    if isinstance(estimate, int) and estimate < 0:
        yield BEADS, "the estimate is negative", f"bd update {id} --estimate 1h"
    status, kind, state = (row.get(name) for name in ("status", "issue_type", "agent_state"))
    if isinstance(status, str) and status not in _STATUSES and status not in names.statuses:
        yield BEADS, f"it does not know the status {status}", _told("status.custom", status)
    if isinstance(kind, str) and kind not in _TYPES and kind not in names.types:
        yield BEADS, f"it does not know the type {kind}", _told("types.custom", kind)
    if isinstance(state, str) and state not in _AGENT_STATES:
        yield BEADS, f"it does not know the agent_state {state}", ""


def _told(key: str, name: str) -> str:
    return f"with the bd of Beads: bd config set {key} {name}"


def _closing(row: Mapping[str, Any]) -> Iterator[Said]:
    """Stamps that do not go with the status."""
    id, status = row["id"], row.get("status") or "open"
    if row.get("closed_at") and status not in {"closed", "tombstone"}:
        yield BEADS, f"it was closed, and its status is {status}", f"bd update {id} --status closed"
    if row.get("deleted_at") and status != "tombstone":
        yield BEADS, f"it was deleted, and its status is {status}", ""


def _of_br(row: Mapping[str, Any]) -> Iterator[Said]:
    """What only br finds wrong."""
    id, text, reference = (row.get(name) for name in ("id", "description", "external_ref"))
    if isinstance(id, str) and not _ID_OF_BR.match(id):
        why = "its ids are small letters and digits, and numbers behind dots"
        yield BR, why, f"bd rename {id} NEW"
    if isinstance(text, str) and len(_bytes(text)) > _DESCRIPTION_BYTES:
        yield BR, f"the description has more than {_DESCRIPTION_BYTES} bytes", ""
    if isinstance(reference, str) and (
        len(_bytes(reference)) > _REFERENCE_BYTES or any(c.isspace() for c in reference)
    ):
        why = f"the external reference holds a space, or more than {_REFERENCE_BYTES} bytes"
        yield BR, why, f"bd update {id} --external-ref NAME"
    for name in ("estimated_minutes", "original_size", "compaction_level"):
        if _is_number(row.get(name)) and abs(row[name]) >= 2**31:
            yield BR, f"{name} is larger than it can hold", ""
    if row.get("ephemeral") is True or (isinstance(id, str) and "-wisp-" in id):
        yield BR, "it takes no ephemeral issue, and writes nothing then", ""
    created, updated = (_instant(row.get(name)) for name in ("created_at", "updated_at"))
    if created and updated and updated < created:
        yield BR, "it was edited before it was created", f'bd update {id} --append-notes ""'
    if any("\ud800" <= c <= "\udfff" for v in _strings(row) for c in v):
        yield BR, "a text holds half a character", ""


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_time(value: object) -> bool:
    match = _TIME.match(value) if isinstance(value, str) else None
    if match is None:
        return False
    try:
        date.fromisoformat("2000" + match[1][4:] if match[1].startswith("0000") else match[1])
    except ValueError:
        return False
    return True


def _is_number(value: object) -> bool:
    return type(value) is int and -(2**63) <= value < 2**63


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _instant(value: object) -> int:
    from tracker.model.timestamps import instant

    return instant(value) if isinstance(value, str) else 0


def _strings(value: object) -> Iterator[str]:
    """Every text in a value, names included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, held in value.items():
            yield key
            yield from _strings(held)
    elif isinstance(value, list):
        for held in value:
            yield from _strings(held)
