"""Encode and decode a memory or an outcome as a line of JSON.

`decode_memory(encode_memory(one)) == one`, and the same for outcomes; encoding what was decoded
gives the canonical form of a line: compact, known keys in the order of the fields, then unknown
keys sorted. No number passes through a float.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, TypeVar

from tracker.json_text import in_order, members, quote, skip_space
from tracker.model.memory import (
    MEMORY_FIELDS,
    OUTCOME_FIELDS,
    SOURCE_FIELDS,
    Memory,
    Outcome,
    Source,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tracker.json_text import Member


T = TypeVar("T", Memory, Outcome, Source)

TYPE = "_type"
MEMORY = "memory"
"""What Beads 1.x calls a memory under `_type`, among the issues; its content is the `value`."""
MEMORY_RANK = {name: rank for rank, name in enumerate((TYPE, *MEMORY_FIELDS, "conflicts"))}
"""Where each key of a memory stands in its line; one that is not here stands behind them."""

_OUTCOME_RANK = {name: rank for rank, name in enumerate(OUTCOME_FIELDS)}
_SOURCE_RANK = {name: rank for rank, name in enumerate(SOURCE_FIELDS)}


def decode_memory(line: bytes | str) -> Memory:
    """The memory that a line holds. Raises ValueError if it holds none."""
    return memory_of(_members(line))


def decode_outcome(line: bytes | str) -> Outcome:
    """The outcome that a line holds. Raises ValueError if it holds none."""
    known, extra = _understood(Outcome, _members(line))
    if "id" not in known:
        raise ValueError("the record has no id")
    return Outcome(**known, extra=extra)


def memory_of(found: Mapping[str, Member]) -> Memory:
    """The memory that the keys of an object describe. Raises ValueError without a key."""
    value = found.get("value")
    if "content" not in found and value is not None and isinstance(value.value, str):
        found = {("content" if name == "value" else name): one for name, one in found.items()}
    if TYPE in found and found[TYPE].value == MEMORY:
        found = {name: one for name, one in found.items() if name != TYPE}
    known, extra = _understood(Memory, found)
    if "key" not in known:
        raise ValueError("the record has no key")
    return Memory(**known, extra=extra)


def glance(row: Mapping[str, Any]) -> Memory:
    """The memory that a parsed line describes, without what is only carried: for questions.

    What merges kept stays. Raises KeyError without a key.
    """
    known: dict[str, Any] = {"key": row["key"]}
    content = row.get("content", row.get("value"))
    for name, value in {**row, "content": content}.items():
        kind = _GLANCED.get(name)
        if kind is str:
            if isinstance(value, str) and value:
                known[name] = value
        elif kind is tuple:
            if isinstance(value, list) and all(isinstance(one, str) for one in value):
                known[name] = tuple(value)
        elif name == "pinned":
            known[name] = value is True
        elif name == "confidence" and type(value) in {int, float}:
            known[name] = repr(value)
        elif name == "source" and isinstance(value, dict):
            known[name] = _glanced_source(value)
    kept = row.get("conflicts")
    return Memory(**known, extra=(("conflicts", quote(kept)),) if kept else ())


def _glanced_source(row: Mapping[str, Any]) -> Source:
    paths, issues = row.get("paths"), row.get("issues")
    known: dict[str, Any] = {
        name: one for name in ("by", "origin", "session") if isinstance(one := row.get(name), str)
    }
    if isinstance(issues, list):
        known["issues"] = tuple(one for one in issues if isinstance(one, str))
    if isinstance(paths, dict):
        known["paths"] = tuple((path, str(blob)) for path, blob in paths.items())
    return Source(**known)


def glance_outcome(row: Mapping[str, Any]) -> Outcome:
    """The outcome that a parsed line describes, without what is only carried."""
    known: dict[str, Any] = {
        name: one for name in OUTCOME_FIELDS if isinstance(one := row.get(name), str)
    }
    weight = row.get("weight")
    if type(weight) in {int, float}:
        known["weight"] = repr(weight)
    return Outcome(**known)


def encode_memory(memory: Memory) -> bytes:
    """The canonical line of a memory, without a line ending."""
    return in_order(_raws(memory), MEMORY_RANK)


def encode_outcome(outcome: Outcome) -> bytes:
    """The canonical line of an outcome, without a line ending."""
    return in_order(_raws(outcome), _OUTCOME_RANK)


def _members(line: bytes | str) -> dict[str, Member]:
    text = line if isinstance(line, str) else line.decode()
    found, end = members(text)
    end = skip_space(text, end)
    if end < len(text):
        raise ValueError(f"unexpected text at column {end + 1}")
    return found


def _understood(kind: type[T], found: Mapping[str, Member]) -> tuple[dict[str, Any], Any]:
    """The fields that have the type that is expected, and all others as they are."""
    known: dict[str, Any] = {}
    extra: list[tuple[str, str]] = []
    types = _TYPES[kind]
    for name, member in found.items():
        if name not in types:
            extra.append((name, member.raw))
        elif member.value is not None and member.value not in ("", []):
            value = _value(types[name], member)
            if value is None:
                extra.append((name, member.raw))
            else:
                known[name] = value
    return known, tuple(sorted(extra))


def _value(kind: str, member: Member) -> Any:
    """The value as the model holds it; None where it has another type."""
    value = member.value
    if kind == "str":
        return value if isinstance(value, str) else None
    if kind == "bool":
        return value if isinstance(value, bool) else None
    if kind == "Json":
        return member.raw if type(value) in {int, float} else None
    if kind == "Source":
        return _source(member) if isinstance(value, dict) else None
    if kind == "tuple[str, ...]":
        fits = isinstance(value, list) and all(isinstance(item, str) for item in value)
        return tuple(value) if fits else None
    fits = isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
    return tuple(value.items()) if fits and value else None


def _source(member: Member) -> Source:
    known, extra = _understood(Source, members(member.raw)[0])
    return Source(**known, extra=extra)


def _raws(record: Memory | Outcome | Source) -> dict[str, str]:
    raws = dict(record.extra)
    kind = type(record)
    for name, type_name in _TYPES[kind].items():
        value = getattr(record, name)
        if value != _DEFAULTS[kind].get(name) or (name == "kind" and name not in raws):
            raws[name] = _raw(type_name, value)
    return raws


def _raw(kind: str, value: Any) -> str:
    if kind == "bool":
        return "true" if value else "false"
    if kind == "Json":
        return str(value)
    if kind == "Source":
        return in_order(_raws(value), _SOURCE_RANK).decode()
    if kind == "tuple[str, ...]":
        return "[" + ",".join(quote(item) for item in value) + "]"
    if kind.startswith("tuple"):
        return "{" + ",".join(f"{quote(name)}:{quote(one)}" for name, one in value) + "}"
    return quote(value)


_TYPES: dict[type, dict[str, str]] = {
    kind: {one.name: str(one.type) for one in fields(kind) if one.name != "extra"}
    for kind in (Memory, Outcome, Source)
}
_DEFAULTS: dict[type, dict[str, Any]] = {
    kind: {
        one.name: Source() if one.default is MISSING else one.default
        for one in fields(kind)
        if one.name not in {"id", "key"} or one.default is not MISSING
    }
    for kind in (Memory, Outcome, Source)
}
_GLANCED: dict[str, type] = {
    name: {"str": str, "tuple[str, ...]": tuple}.get(kind, object)
    for name, kind in _TYPES[Memory].items()
    if name not in {"pinned", "confidence", "source"}
}
