"""List and settle the conflicts that a merge left in an issue.

An entry of `conflicts` is `{"field": JSON pointer, "value", "updated_at"}`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from tracker.errors import Invalid, quoted
from tracker.issues.editing import CONFLICTS, later, live
from tracker.json_text import Member, members, quote
from tracker.merge.values import array, attributes, elements
from tracker.model import validation
from tracker.model.issue import DEFAULTS, KINDS
from tracker.text import whole_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from tracker.issues.editing import Who
    from tracker.log.issue_log import Draft
    from tracker.model.issue import Extra, Issue
    from tracker.model.validation import Settings


KEPT, OTHER = "kept", "other"
_BOUND = frozenset({"id", "labels", "dependencies", "comments", "aliases", "updated_at"})


class ConflictEntry(NamedTuple):
    """One value that gave way; `raw` is the whole entry as it stands in the record."""

    field: str
    value: Member
    at: str
    raw: Member

    @property
    def name(self) -> str:
        """The field as people call it: "title", "metadata/owner"."""
        return self.field.removeprefix("/")


class Settlement(NamedTuple):
    """What is to stand: "kept", "other", the number of an entry, or a text of one's own."""

    take: str = KEPT
    field: str = ""
    text: str | None = None


class ConflictSubject(NamedTuple):
    """What a dispute is about: an issue, or with `verb` "memory " a memory."""

    id: str
    verb: str = ""


def entries(extra: Extra) -> list[ConflictEntry]:
    """What merges kept of a record with these carried fields, in the order of its numbers."""
    raw = dict(extra).get(CONFLICTS, "")
    try:
        found = elements(Member(None, raw)) or []
    except ValueError:
        return []
    return [entry for item in found if (entry := _entry(item))]


def _entry(item: Member) -> ConflictEntry | None:
    record = attributes(item) if item.raw.startswith("{") else None
    field = record.get("field") if record else None
    if record is None or field is None or not isinstance(field.value, str):
        return None
    at = record.get("updated_at", Member("", "")).value
    return ConflictEntry(
        field.value, record.get("value", Member(None, "null")), str(at or ""), item
    )


def standing(issue: Issue, field: str) -> Any:
    """The value that stands now under a pointer, parsed; None where there is none."""
    name, *rest = parts(field)
    if name in DEFAULTS and name != "metadata":
        return getattr(issue, name)
    raw = issue.metadata if name == "metadata" else dict(issue.extra).get(name, "")
    value: Any = members(f'{{"v":{raw or "null"}}}')[0]["v"].value
    for part in rest:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def settle(draft: Draft, id: str, choice: Settlement, settings: Settings, who: Who) -> Issue:
    """Let a value stand, and forget the others of that field. Raises Invalid."""
    issue = live(draft, id)
    found = entries(issue.extra)
    taken = chosen(ConflictSubject(id), found, choice)
    extra = {name: raw for name, raw in issue.extra if name != CONFLICTS}
    if rest := left(found, taken):
        extra[CONFLICTS] = rest
    bare = replace(issue, extra=tuple(sorted(extra.items())))
    for field, value in values(taken, choice).items():
        bare = _set(bare, field, value, settings)
    return draft.put(replace(bare, updated_at=later(issue, who)))


def values(taken: Sequence[ConflictEntry], choice: Settlement) -> dict[str, Member]:
    """What is to stand in the end, by field; nothing for those that stand already."""
    if choice.text is not None:
        return {entry.field: Member(choice.text, quote(choice.text)) for entry in taken}
    return {} if choice.take == KEPT else {entry.field: entry.value for entry in taken}


def left(found: Sequence[ConflictEntry], taken: Sequence[ConflictEntry]) -> str:
    """The raw text of the entries that are about other fields; "" where there are none."""
    gone = {entry.field for entry in taken}
    return array([entry.raw for entry in found if entry.field not in gone]).raw


def chosen(
    about: ConflictSubject, found: list[ConflictEntry], choice: Settlement
) -> list[ConflictEntry]:
    """The entries that are meant; of each field at most one, unless all of them go."""
    if not found:
        raise Invalid(f"{about.id} has no conflicts", hint=f"bd {about.verb}conflicts")
    field = choice.field.strip("/")
    asked = [entry for entry in found if field in {"", entry.name}]
    if not asked:
        names = ", ".join(dict.fromkeys(entry.name for entry in found))
        raise Invalid(
            f"{about.id} has no conflict of {field}, only of {names}",
            hint=f"bd {about.verb}conflicts {quoted(about.id)}",
        )
    if choice.text is not None:
        return _of_one_field(about, asked)
    if choice.take == KEPT:
        return asked
    if choice.take == OTHER:
        return _one_each(about, asked)
    return [_numbered(about, found, asked, choice.take)]


def _of_one_field(about: ConflictSubject, asked: list[ConflictEntry]) -> list[ConflictEntry]:
    names = list(dict.fromkeys(entry.name for entry in asked))
    if len(names) > 1:
        raise Invalid(
            f"{about.id} has conflicts of {', '.join(names)}: name the field of that text",
            hint=f"bd {about.verb}resolve {quoted(about.id)} --field {names[0]} --text TEXT",
        )
    return asked[:1]


def _one_each(about: ConflictSubject, asked: list[ConflictEntry]) -> list[ConflictEntry]:
    names = [entry.name for entry in asked]
    twice = next((name for name in names if names.count(name) > 1), "")
    if twice:
        raise Invalid(
            f"{about.id} has {names.count(twice)} other values of {twice}: take one by its number",
            hint=f"bd {about.verb}conflicts {quoted(about.id)}",
        )
    return asked


def _numbered(
    about: ConflictSubject, found: list[ConflictEntry], asked: list[ConflictEntry], text: str
) -> ConflictEntry:
    number = whole_number(text) or 0
    if not 1 <= number <= len(found) or found[number - 1] not in asked:
        raise Invalid(
            f"--take is kept, other, or the number of an entry of {about.id}, not {text!r}",
            hint=f"bd {about.verb}conflicts {quoted(about.id)}",
        )
    return found[number - 1]


def _set(issue: Issue, field: str, value: Member, settings: Settings) -> Issue:
    """The issue with a value under a pointer; `updated_at` is not touched here."""
    name, *rest = parts(field)
    if name in _BOUND or name == CONFLICTS:
        raise Invalid(f"{name} cannot be set like this", hint=f"bd update {issue.id} --help")
    extra = {key: raw for key, raw in issue.extra if key != name}
    if rest or name == "metadata" or name not in DEFAULTS:
        whole = issue.metadata if name == "metadata" else dict(issue.extra).get(name, "")
        raw = put_in(whole, rest, value.raw)
        if name == "metadata":
            return replace(issue, metadata=raw, extra=tuple(sorted(extra.items())))
        return replace(issue, extra=tuple(sorted({**extra, name: raw}.items())))
    given = _fitting(name, value, settings)
    return replace(issue, **{name: given}, extra=tuple(sorted(extra.items())))


def _fitting(name: str, value: Member, settings: Settings) -> Any:
    """The value as the model holds it. Raises Invalid where it holds no such value."""
    kind = KINDS[name]
    text = value.value
    if kind.startswith("int"):
        if isinstance(text, str) and whole_number(text) is not None:
            text = whole_number(text)
        if type(text) is not int and text is not None:
            raise Invalid(f"{name} must be a number, not {value.raw}")
    elif kind == "bool":
        text = {"true": True, "false": False}.get(text, text) if isinstance(text, str) else text
        if not isinstance(text, bool):
            raise Invalid(f"{name} must be true or false, not {value.raw}")
    elif not isinstance(text, str):
        raise Invalid(f"{name} must be a text, not {value.raw}")
    return validation.value(name, text, settings)


def put_in(raw: str, path: Sequence[str], value: str) -> str:
    """The JSON text of an object with a value at the end of a path of keys."""
    if not path:
        return value
    name, *rest = path
    held: Mapping[str, Member] = members(raw)[0] if raw.startswith("{") else {}
    inner = put_in(held[name].raw if name in held else "", rest, value)
    pairs = {**{key: member.raw for key, member in held.items()}, name: inner}
    return "{" + ",".join(f"{quote(key)}:{text}" for key, text in pairs.items()) + "}"


def parts(pointer: str) -> list[str]:
    """The keys that lead to a value."""
    parts = pointer.removeprefix("/").split("/")
    return [part.replace("~1", "/").replace("~0", "~") for part in parts]
