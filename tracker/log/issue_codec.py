"""Encode and decode an issue as a line of JSON.

`decode(encode(issue)) == issue` for every issue; `encode(decode(line))` is the canonical form of
the line: UTF-8, compact, known keys in Beads' order, then unknown keys sorted. Numbers never pass
through a float: what is not understood is carried as the slice of text that it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from tracker.json_text import in_order, members, quote, skip_space
from tracker.model.issue import DEFAULTS, FIELDS, KINDS, Comment, Dependency, Issue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from tracker.json_text import Member


T = TypeVar("T")

KEY_ORDER = (
    "_type", "id", "title", "description", "design", "acceptance_criteria", "notes", "spec_id",
    "status", "priority", "issue_type", "assignee", "owner", "estimated_minutes", "created_at",
    "created_by", "updated_at", "closed_at", "close_reason", "closed_by_session", "due_at",
    "defer_until", "external_ref", "source_system", "metadata", "compaction_level", "compacted_at",
    "compacted_at_commit", "original_size", "labels", "dependencies", "comments", "deleted_at",
    "deleted_by", "delete_reason", "original_type", "sender", "ephemeral", "wisp_type", "pinned",
    "is_template", "bonded_from", "creator", "validations", "quality_score", "crystallizes",
    "await_type", "await_id", "timeout", "waiters", "holder", "source_formula", "source_location",
    "hook_bead", "role_bead", "agent_state", "last_activity", "role_type", "rig", "mol_type",
    "work_type", "event_kind", "actor", "target", "payload",
)  # fmt: skip
"""The order in which Beads 0.49 writes its keys; `_type` first, as Beads 1.x does."""

_RANK = {name: rank for rank, name in enumerate(KEY_ORDER)}
ALWAYS = frozenset({"id", "title", "status", "priority", "issue_type"})
_ABSENT: tuple[object, ...] = (None, "", ())


def decode(line: bytes | str) -> Issue:
    """The issue that a line holds. Raises ValueError if it holds none."""
    text = line if isinstance(line, str) else line.decode()
    found, end = members(text)
    end = skip_space(text, end)
    if end < len(text):
        raise ValueError(f"unexpected text at column {end + 1}")
    return from_members(found)


def from_members(found: Mapping[str, Member]) -> Issue:
    """The issue that the keys of an object describe. Raises ValueError without an id."""
    known, rest = understood({name: member.value for name, member in found.items()})
    if "metadata" in known:
        known["metadata"] = found["metadata"].raw
    if "dependencies" in known:
        known["dependencies"] = tuple(_elements(found["dependencies"].raw, _dependency))
    if "comments" in known:
        known["comments"] = tuple(_elements(found["comments"].raw, _comment))
    extra = tuple(sorted((name, found[name].raw) for name in rest))
    return Issue(**known, extra=extra)


def glance(row: Mapping[str, Any]) -> Issue:
    """The issue that a parsed line describes, without what is only carried: for questions.

    The metadata of an edge stays, since gates are kept there.
    """
    known, _ = understood(row)
    if "metadata" in known:
        known["metadata"] = _glanced(row["metadata"])
    if "dependencies" in known:
        known["dependencies"] = tuple(
            Dependency(
                issue_id=_text(edge, "issue_id"),
                depends_on_id=edge["depends_on_id"],
                type=_text(edge, "type") or "blocks",
                created_at=_text(edge, "created_at"),
                created_by=_text(edge, "created_by"),
                extra=(("metadata", _glanced(edge["metadata"])),) if edge.get("metadata") else (),
            )
            for edge in known["dependencies"]
        )
    if "comments" in known:
        known["comments"] = tuple(
            Comment(
                id=_identity(remark.get("id")),
                issue_id=_text(remark, "issue_id"),
                author=_text(remark, "author"),
                text=_text(remark, "text"),
                created_at=_text(remark, "created_at"),
            )
            for remark in known["comments"]
        )
    return Issue(**known)


def understood(row: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The fields of `row` that have the type the model expects, and the names of all others.

    Raises ValueError without an id.
    """
    known: dict[str, Any] = {}
    rest: list[str] = []
    for name, value in row.items():
        if type(value) is _PLAIN.get(name):  # most fields, and three times as fast
            if value != "":
                known[name] = value
            continue
        check = _FITS.get(name)
        if check is None:
            rest.append(name)
        elif value is None or value in ("", []):
            continue
        elif check(value):
            known[name] = tuple(value) if isinstance(value, list) else value
        else:
            rest.append(name)
    if "id" not in known:
        raise ValueError("the record has no id")
    return known, rest


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return type(value) is int  # True is an int, and no priority


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_edges(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(edge, dict) and isinstance(edge.get("depends_on_id"), str) for edge in value
    )


def _is_remarks(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(remark, dict) and isinstance(remark.get("text") or "", str) for remark in value
    )


_CHECKS: dict[str, Callable[[object], bool]] = {
    "str": _is_text,
    "int": _is_number,
    "int | None": _is_number,
    "bool": _is_flag,
    "Json": lambda _: True,
    "tuple[str, ...]": _is_texts,
    "tuple[Dependency, ...]": _is_edges,
    "tuple[Comment, ...]": _is_remarks,
}
_FITS = {name: _CHECKS[kind] for name, kind in KINDS.items()}
_PLAIN: dict[str, type] = {
    name: {"str": str, "bool": bool}.get(kind, int)
    for name, kind in KINDS.items()
    if kind in {"str", "bool", "int", "int | None"}
}
_TEXTS = frozenset({"issue_id", "author", "text"})  # that every comment has
_NESTED: dict[type, tuple[str, ...]] = {
    Dependency: ("issue_id", "depends_on_id", "type", "created_at", "created_by"),
    Comment: ("id", "issue_id", "author", "text", "created_at"),
}


def _elements(raw: str, make: Callable[[dict[str, Member]], T]) -> Iterator[T]:
    """Each object of a JSON array, from its text."""
    at = skip_space(raw, 1)
    while raw[at] != "]":
        found, at = members(raw, at)
        yield make(found)
        at = skip_space(raw, at)
        if raw[at] == ",":
            at = skip_space(raw, at + 1)


def _dependency(found: dict[str, Member]) -> Dependency:
    return Dependency(**{"issue_id": "", "depends_on_id": "", **_nested(Dependency, found)})


def _comment(found: dict[str, Member]) -> Comment:
    return Comment(**_nested(Comment, found))


def _nested(kind: type, found: Mapping[str, Member]) -> dict[str, Any]:
    known: dict[str, Any] = {}
    rest: list[tuple[str, str]] = []
    for name, (value, raw) in found.items():
        fits = isinstance(value, str) or (name == "id" and type(value) is int)
        if name not in _NESTED[kind] or not (fits or value is None):
            rest.append((name, raw))
        elif value is not None and value != "":
            known[name] = value
    return {**known, "extra": tuple(sorted(rest))}


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""


def _glanced(value: object) -> str:
    try:
        return quote(value)
    except RecursionError:
        return "{}"


def _identity(value: object) -> int | str:
    return value if value and (isinstance(value, str) or type(value) is int) else 0


def encode(issue: Issue) -> bytes:
    """The canonical line of an issue, without a line ending."""
    raws = dict(issue.extra)
    for name in FIELDS:
        value = getattr(issue, name)
        if name in raws and value == DEFAULTS[name]:
            continue  # a value of an unexpected type is still carried under this name
        if name in ALWAYS or (value is not False and value not in _ABSENT):
            raws[name] = _raw(name, value)
    return in_order(raws, _RANK)


def _raw(name: str, value: Any) -> str:
    kind = KINDS[name]
    if kind == "bool":
        return "true" if value else "false"
    if kind in {"Json", "int", "int | None"}:
        return str(value)
    if kind == "tuple[str, ...]":
        return "[" + ",".join(quote(item) for item in value) + "]"
    if kind.startswith("tuple"):
        return "[" + ",".join(_object(item) for item in value) + "]"
    return quote(value)


def _object(item: Dependency | Comment) -> str:
    """A nested record; all keys of a comment are there, as Beads writes them, but an empty time.

    No reader of times takes an empty one: Beads then refuses the whole file.
    """
    pairs = []
    carried = dict(item.extra)
    for name in _NESTED[type(item)]:
        value = getattr(item, name)
        if name in carried:
            continue
        if isinstance(value, int):
            pairs.append(f"{quote(name)}:{value}")
        elif value or name == "depends_on_id" or (isinstance(item, Comment) and name in _TEXTS):
            pairs.append(f"{quote(name)}:{quote(value)}")
    pairs += [f"{quote(name)}:{raw}" for name, raw in item.extra]
    return "{" + ",".join(pairs) + "}"
