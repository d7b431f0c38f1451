"""Compute the next state of a record from a change."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from tracker.errors import Invalid, NotFound
from tracker.json_text import members
from tracker.model.issue import PARENT
from tracker.model.status import TOMBSTONE
from tracker.model.timestamps import instant, stamp
from tracker.model.validation import members_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    from tracker.log.issue_log import Records
    from tracker.model.issue import Extra, Issue


CONFLICTS = "conflicts"
_PLAIN = re.compile(r"[A-Za-z0-9_.:/#@ -]+")
LATEST = "9999-12-31T23:59:59.999999Z"  # no later time can be written
_LISTS = frozenset({"labels", "dependencies", "comments"})


class Who(NamedTuple):
    """Who acts, and when.

    `now` is in nanoseconds since 1970; `nonce` is 64 random bits for the ids that the action makes.
    """

    name: str
    now: int
    owner: str = ""
    session: str = ""
    nonce: int = 0


class Kin:
    """Issues that also know their children, asked of a log one by one: what `Graph` needs."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def get(self, id: str, /) -> Issue | None:
        return self._records.get_issue(id)

    def children(self, id: str, /) -> list[str]:
        return [edge.issue_id for edge in self._records.incoming(id) if edge.type == PARENT]


def live(records: Records, id: str) -> Issue:
    """The issue of this id. Raises NotFound, or Invalid if it is deleted."""
    issue = records.get_issue(id)
    if issue is None:
        raise NotFound(id)
    if issue.status == TOMBSTONE:
        raise Invalid(f"{id} is deleted", hint=f"bd restore {id}")
    return issue


def referring(records: Records, ref: str) -> list[Issue]:
    """The issues that have this name elsewhere, deleted ones too."""
    return [issue for issue in records.mentioning(needle(ref)) if issue.external_ref == ref]


def needle(text: str) -> str:
    """A part of a text that every writer spells the same."""
    return max(_PLAIN.findall(text), key=len, default="")


def forbid_reference(records: Records, ref: str, id: str) -> None:
    """Raise Invalid where another issue has this external reference: it names one issue.

    Beads and br refuse a whole file in which two have it.
    """
    held = [issue for issue in referring(records, ref) if issue.id != id] if ref else []
    if held:
        other = min(held, key=lambda issue: (issue.status == TOMBSTONE, issue.id))
        is_gone = other.status == TOMBSTONE
        more = ", which is deleted" if is_gone else ""
        raise Invalid(
            f"external reference {ref!r} already belongs to {other.id}{more}",
            hint=f"bd restore {other.id}" if is_gone else f"bd show {other.id}",
        )


def readable(issue: Issue, name: str) -> None:
    """Raise Invalid where a list of the record is only carried, so that nothing can be added."""
    if any(carried == name for carried, _ in issue.extra):
        raise Invalid(
            f"the {name} of {issue.id} have a form that this program does not know, "
            "so they cannot be changed",
            hint=f"edit the line of {issue.id} by hand; bd doctor names it",
        )


def changed(issue: Issue, who: Who, fields: Mapping[str, Any]) -> Issue:
    """The issue with other values in these fields and a later `updated_at`.

    Laws: without a difference it is the same issue; `updated_at` strictly increases otherwise, by
    a microsecond at least. Text that was carried under one of the names gives way, and a field that
    gets another value is no longer in `conflicts`.
    """
    extra = tuple(pair for pair in issue.extra if pair[0] not in fields)
    new = replace(issue, **fields, extra=extra)
    if new == issue:
        return issue
    carried = tuple(pair for pair in _without_settled(issue, new) if pair[0] != "updated_at")
    return replace(new, updated_at=later(issue, who), extra=carried)


def later(issue: Issue, who: Who) -> str:
    """The time of an edit: now, or just after the last one where a clock was ahead."""
    return after(issue.updated_at, who)


def after(updated_at: str, who: Who) -> str:
    """The same for any record that was last edited then."""
    return stamp(min(max(who.now, instant(updated_at) + 1000), instant(LATEST)))


def _without_settled(old: Issue, new: Issue) -> Extra:
    return without_settled(new.extra, lambda: _answered(old, new))


def without_settled(extra: Extra, answered: Callable[[], Iterable[str]]) -> Extra:
    """What is carried, without the entries of `conflicts` that an edit has answered.

    `answered` gives JSON pointers to what got another value.
    """
    raw = dict(extra).get(CONFLICTS, "")
    if not raw:
        return extra
    pointers = set(answered())
    entries = list(_entries(raw))
    kept = [text for pointer, text in entries if not pointers & set(_upwards(pointer))]
    if len(kept) == len(entries):
        return extra
    rest = tuple(pair for pair in extra if pair[0] != CONFLICTS)
    return tuple(sorted((*rest, (CONFLICTS, f"[{','.join(kept)}]")))) if kept else rest


def _answered(old: Issue, new: Issue) -> Iterator[str]:
    """JSON pointers to what was given another value; notes that only grew answer nothing."""
    for name in old.__slots__:
        one, two = getattr(old, name), getattr(new, name)
        if one == two or name in _LISTS or name == "extra":
            continue
        if name == "notes" and one and two.startswith(one):
            continue
        if name != "metadata":
            yield f"/{name}"
            continue
        before, after = members_of(one), members_of(two)
        if before is None or after is None:
            yield "/metadata"
            continue
        for key in before.keys() | after.keys():
            if before.get(key) != after.get(key):
                yield f"/metadata/{key.replace('~', '~0').replace('/', '~1')}"


def _entries(raw: str) -> Iterator[tuple[str, str]]:
    """The field that each entry is about, and its text; nothing if the list is not one of ours."""
    value = members(f'{{"entries":{raw}}}')[0]["entries"].value
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        return
    at = 1
    for entry in value:
        begin = raw.index("{", at)
        _, at = members(raw, begin)
        field = entry.get("field")
        yield field if isinstance(field, str) else "", raw[begin:at]


def _upwards(pointer: str) -> Iterable[str]:
    """A pointer and all that it lies under."""
    parts = pointer.split("/")
    return ("/".join(parts[:length]) for length in range(2, len(parts) + 1))
