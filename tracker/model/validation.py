"""Validate the value of each field.

Each function returns the value to store, or raises Invalid. No value is silently cut or replaced.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from tracker.errors import Invalid
from tracker.json_text import DEEP, DEEPEST, depths, members, quote
from tracker.model.choices import not_a_choice, not_a_priority
from tracker.model.issue import KINDS, STATUSES, TEXT_LIMIT, TITLE_LIMIT, TYPE_ALIASES, TYPES, New
from tracker.model.status import CLOSING, TOMBSTONE
from tracker.model.timestamps import instant, stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from tracker.json_text import Member


USUAL_TYPES = ("bug", "feature", "task", "epic", "chore")
MOL_TYPES = ("swarm", "patrol", "work")
WISP_TYPES = ("heartbeat", "ping", "patrol", "gc_report", "recovery", "error", "escalation")
TIMES = ("due_at", "defer_until")
_APART = {"id", "title", "issue_type", "mol_type", "wisp_type", *TIMES}
TEXTS = tuple(name for name in New._fields if KINDS.get(name) == "str" and name not in _APART)
"""Fields of free text."""
EXACT = 1 << 53  # from here on programs that read numbers as floats see others

_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SPACING = re.compile(r'("(?:[^"\\]|\\.)*")|[ \t\r\n]+')


class Settings(NamedTuple):
    """What the configuration says about issues, with the defaults of Beads.

    `prefix` is empty where none is configured, and `folder` is what to fall back to; `closing`
    holds every status that means done.
    """

    prefix: str = ""
    folder: str = "bd"
    statuses: tuple[str, ...] = ()
    closing: frozenset[str] = CLOSING
    types: tuple[str, ...] = ()
    max_depth: int = 3
    require_description: bool = False
    allowed_prefixes: tuple[str, ...] = ()


def value(name: str, given: Any, settings: Settings) -> Any:
    """Validate the new value of a field other than `status`. Flags are taken as given."""
    if name in TEXTS:
        return text(name, given)
    if name in TIMES:
        return moment(name, given)
    if name == "issue_type":
        return issue_type(given, settings)
    check = _CHECKS.get(name)
    return given if check is None else check(given)


def text(name: str, value: str) -> str:
    """Check that every reader of the log can read a text."""
    if "\0" in value:
        raise Invalid(f"{name} holds a NUL character")
    if _SURROGATE.search(value):
        raise Invalid(f"{name} is not valid UTF-8")
    return _fitting(name, value)


def _fitting(name: str, value: str) -> str:
    if len(value) > TEXT_LIMIT:
        raise Invalid(
            f"{name} must be {TEXT_LIMIT} characters or less (got {len(value)})",
            hint="put the long text into a file of the repository and name it here",
        )
    return value


def appended(name: str, old: str, more: str) -> str:
    """Append lines to a text; the old part is not validated again."""
    text(name, more)
    return _fitting(name, f"{old}\n{more}") if old else more


def word(name: str, value: str, limit: int = TITLE_LIMIT) -> str:
    """Strip and validate a short text of one line that must not be empty."""
    trimmed = text(name, value).strip()
    if not trimmed:
        raise Invalid(f"{name} is empty")
    if _CONTROL.search(trimmed):
        raise Invalid(f"{name} holds a control character: {trimmed!r}")
    if len(trimmed) > limit:
        raise Invalid(f"{name} must be {limit} characters or less (got {len(trimmed)})")
    return trimmed


def title(value: str) -> str:
    """Validate a title: one line, as long as Beads allows."""
    if not value.strip():
        raise Invalid("validation failed: title is required")
    size = len(value.encode("utf-8", "surrogatepass"))
    if size > TITLE_LIMIT:
        what = "characters or less" if value.isascii() else "bytes of UTF-8 or less"
        raise Invalid(
            f"validation failed: title must be {TITLE_LIMIT} {what} (got {size})",
            hint="put the rest into --description",
        )
    if "\n" in value or "\r" in value:
        raise Invalid(
            "validation failed: title must be a single line",
            hint="put the rest into --description",
        )
    return text("title", value)


def priority(value: int) -> int:
    """Validate a priority, 0 (most urgent) to 4."""
    if type(value) is not int or not 0 <= value <= 4:
        raise not_a_priority(value)
    return value


def estimate(value: int | None) -> int | None:
    """Validate an estimate in minutes; None for no estimate."""
    if value is not None and (type(value) is not int or not 0 <= value < EXACT):
        raise Invalid("estimate must be a non-negative number of minutes")
    return value


def moment(name: str, value: str) -> str:
    """Convert a time after 1970 to the form of the log; "" for none."""
    if not value:
        return ""
    nanoseconds = instant(value)
    if nanoseconds <= 0:
        raise Invalid(f'invalid {name} "{value}": use a time such as 2025-01-15T09:00:00Z')
    return stamp(nanoseconds)


def status(value: str, settings: Settings) -> str:
    """Validate a status that a person may set."""
    if value == TOMBSTONE:
        raise Invalid("cannot set status to tombstone directly; use 'bd delete' instead")
    named = (*STATUSES, *settings.statuses, *sorted(settings.closing))
    valid = [each for each in dict.fromkeys(named) if each != TOMBSTONE]
    if value not in valid:
        raise not_a_choice("status", value, valid)
    return value


def issue_type(value: str, settings: Settings) -> str:
    """Validate an issue type and resolve its aliases; configured types are never aliases."""
    if value in settings.types:
        return value
    meant = TYPE_ALIASES.get(value, value)
    if meant not in TYPES:
        valid = (*USUAL_TYPES, *settings.types)
        hint = "bd types lists all types and how to add your own"
        raise not_a_choice("issue type", value, valid, hint=hint)
    return meant


def one_of(name: str, value: str, valid: tuple[str, ...]) -> str:
    """Validate one of a few words, or "" for none."""
    if value and value not in valid:
        raise not_a_choice(name, value, valid)
    return value


def dependency_type(value: str) -> str:
    """Validate a dependency type: any name of 1 to 50 characters, as in Beads."""
    return word("dependency type", value, 50)


def labels(values: Iterable[str]) -> set[str]:
    """Strip and validate labels."""
    return {word("label", value) for value in values}


def metadata(raw: str) -> str:
    """Return a JSON value without the space between its parts; "" for an empty one."""
    text("metadata", raw)
    found = _value(raw)
    if found is None:
        raise Invalid("invalid JSON in --metadata: must be valid JSON")
    if found.value in (None, "", []):
        return ""
    return _shallow(_SPACING.sub(lambda match: match[1] or "", found.raw))


def _shallow(raw: str) -> str:
    if any(depth >= DEEPEST for _, depth in depths(raw)):
        raise Invalid(f"metadata may be nested {DEEPEST - 1} levels deep at most")
    return text("metadata", raw)


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "title": title,
    "priority": priority,
    "estimated_minutes": estimate,
    "metadata": metadata,
}


def _value(raw: str) -> Member | None:
    """The JSON value that the whole text is, if it is one."""
    wrapped = f'{{"value":{raw}}}'
    try:
        found, end = members(wrapped)
    except ValueError:
        return None
    member = found["value"]
    whole = member.raw == raw.strip(" \t\r\n") and end == len(wrapped)
    return member if whole and member.value is not DEEP else None


def members_of(raw: str) -> dict[str, str] | None:
    """Return the keys of a metadata object and the text of their values; None if not an object."""
    try:
        return {key: member.raw for key, member in members(raw or "{}")[0].items()}
    except ValueError:
        return None


def with_members(raw: str, put: Mapping[str, str], drop: Iterable[str]) -> str:
    """Set and remove top-level keys of metadata; the other values keep their text.

    A value that reads as a JSON number, constant, object or array is stored as that, any other as
    a string.
    """
    found = members_of(raw)
    if found is None:
        raise Invalid(
            "metadata is not a JSON object, so it has no keys to change",
            hint="--metadata '{}' replaces it",
        )
    wanted = {word("metadata key", key): _guessed(value) for key, value in put.items()}
    gone = set(drop)
    kept = {key: value for key, value in (found | wanted).items() if key not in gone}
    if kept == found:
        return raw
    if not kept:
        return ""
    return _shallow("{" + ",".join(f"{quote(k)}:{v}" for k, v in kept.items()) + "}")


def _guessed(value: str) -> str:
    text("metadata", value)
    found = _value(value)
    if found is None or isinstance(found.value, str):
        return quote(value)
    return _SPACING.sub(lambda match: match[1] or "", found.raw)
