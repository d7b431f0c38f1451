"""The filters and sort orders of list, ready, search and count.

`matches` says what a filter means; the cache translates the same filter to SQL, and a property
test holds the two together. Text is compared case-insensitively, times as instants.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from tracker.model.status import TOMBSTONE
from tracker.model.timestamps import instant

if TYPE_CHECKING:
    from tracker.model.issue import Issue


GATES = frozenset({"gate"})


class Span(NamedTuple):
    """Instants strictly between `after` and `before`, in nanoseconds; 0 is no bound."""

    after: int = 0
    before: int = 0

    def holds(self, moment: int) -> bool:
        """Whether a time that is set lies inside; a missing time never does if bounded."""
        if self.after and not moment > self.after:
            return False
        if self.before and not moment < self.before:
            return False
        return moment != 0 or not (self.after or self.before)


class Filter(NamedTuple):
    """What an answer is limited to. `None`, empty and False ask nothing.

    `statuses` empty means every status but those that the `hide_` flags name. `text` is looked
    for in title, description and id. `under` holds ids: all descendants of an issue, as found
    beforehand; empty, it lets nothing through, and so does `ids`. `metadata` pairs compare a
    top-level value as text.
    """

    statuses: tuple[str, ...] = ()
    hide_closed: bool = False
    hide_tombstones: bool = True
    hide_templates: bool = False
    hide_gates: bool = False
    priorities: tuple[int, ...] = ()
    priority_min: int | None = None
    priority_max: int | None = None
    types: tuple[str, ...] = ()
    exclude_types: tuple[str, ...] = ()
    assignee: str | None = None
    no_assignee: bool = False
    labels: tuple[str, ...] = ()
    any_labels: tuple[str, ...] = ()
    exclude_labels: tuple[str, ...] = ()
    label_pattern: str = ""
    label_regex: str = ""
    no_labels: bool = False
    ids: tuple[str, ...] | None = None
    title: tuple[str, ...] = ()
    description: str = ""
    notes: str = ""
    text: str = ""
    spec: str = ""
    created: Span = Span()
    updated: Span = Span()
    closed: Span = Span()
    due: Span = Span()
    defer: Span = Span()
    overdue: bool = False
    deferred: bool = False
    empty_description: bool = False
    pinned: bool | None = None
    parent: str = ""
    no_parent: bool = False
    under: frozenset[str] | None = None
    mol_type: str = ""
    wisp_type: str = ""
    external_ref: str = ""
    metadata: tuple[tuple[str, str], ...] = ()


class Moment(NamedTuple):
    """What a filter depends on besides the issue: the time, and which statuses are closed."""

    now: int
    closing: frozenset[str]


def fold(text: str) -> str:
    """The form in which text is compared."""
    return text.casefold()


def has(needle: str, text: str) -> bool:
    """Whether a text holds another, whatever the case."""
    return fold(needle) in fold(text)


def matches(issue: Issue, filter: Filter, at: Moment) -> bool:
    """Whether an issue is part of the answer."""
    return (
        _status(issue, filter, at)
        and _kind(issue, filter)
        and _people(issue, filter)
        and _labels(issue, filter)
        and _words(issue, filter)
        and _times(issue, filter, at)
        and _place(issue, filter)
    )


def _status(issue: Issue, filter: Filter, at: Moment) -> bool:
    if filter.statuses:
        return issue.status in filter.statuses
    if filter.hide_tombstones and issue.status == TOMBSTONE:
        return False
    return not (filter.hide_closed and issue.status in at.closing)


def _kind(issue: Issue, filter: Filter) -> bool:
    return (
        (not filter.priorities or issue.priority in filter.priorities)
        and (filter.priority_min is None or issue.priority >= filter.priority_min)
        and (filter.priority_max is None or issue.priority <= filter.priority_max)
        and (not filter.types or issue.issue_type in filter.types)
        and issue.issue_type not in filter.exclude_types
        and not (filter.hide_gates and issue.issue_type in GATES)
        and not (filter.hide_templates and issue.is_template)
        and (filter.pinned is None or issue.pinned == filter.pinned)
        and (not filter.mol_type or issue.mol_type == filter.mol_type)
        and (not filter.wisp_type or issue.wisp_type == filter.wisp_type)
    )


def _people(issue: Issue, filter: Filter) -> bool:
    if filter.no_assignee and issue.assignee:
        return False
    return filter.assignee is None or issue.assignee == filter.assignee


def _labels(issue: Issue, filter: Filter) -> bool:
    from fnmatch import fnmatchcase

    own = set(issue.labels)
    pattern = filter.label_pattern
    regex = filter.label_regex
    return (
        own.issuperset(filter.labels)
        and (not filter.any_labels or not own.isdisjoint(filter.any_labels))
        and own.isdisjoint(filter.exclude_labels)
        and not (filter.no_labels and own)
        and (not pattern or any(fnmatchcase(label, pattern) for label in own))
        and (not regex or any(re.search(regex, label) for label in own))
    )


def _words(issue: Issue, filter: Filter) -> bool:
    return (
        all(has(part, issue.title) for part in filter.title)
        and has(filter.description, issue.description)
        and has(filter.notes, issue.notes)
        and not (filter.empty_description and issue.description)
        and issue.spec_id.startswith(filter.spec)
        and (not filter.external_ref or issue.external_ref == filter.external_ref)
        and (not filter.metadata or _metadata(issue.metadata, filter.metadata))
        and (
            not filter.text
            or has(filter.text, issue.title)
            or has(filter.text, issue.id)
            or has(filter.text, issue.description)
        )
    )


def _metadata(raw: str, pairs: tuple[tuple[str, str], ...]) -> bool:
    return all(metadata_text(raw, key) == wanted for key, wanted in pairs)


def metadata_text(raw: str, key: str) -> str | None:
    """A top-level value of raw metadata as a person types it; None where there is none.

    Text is bare, fractions are as they stand (numbers never pass through a float), all else is
    JSON.
    """
    from tracker.json_text import members

    try:
        found, _ = members(raw)
    except ValueError:
        return None
    if key not in found:
        return None
    value, text = found[key]
    try:
        return text if isinstance(value, float) else shown(value)
    except (TypeError, RecursionError):  # nested so deeply that its text is all there is
        return text


def shown(value: object) -> str:
    """A JSON value as a person types it: text bare, all else as JSON."""
    if isinstance(value, str):
        return value
    import json

    return json.dumps(value, ensure_ascii=False)


def _times(issue: Issue, filter: Filter, at: Moment) -> bool:
    until = instant(issue.defer_until)
    due = instant(issue.due_at)
    return (
        filter.created.holds(instant(issue.created_at))
        and filter.updated.holds(instant(issue.updated_at))
        and filter.closed.holds(instant(issue.closed_at))
        and filter.due.holds(due)
        and filter.defer.holds(until)
        and (not filter.overdue or (0 < due < at.now and issue.status not in at.closing))
        and (not filter.deferred or issue.status == "deferred" or until > at.now)
    )


def _place(issue: Issue, filter: Filter) -> bool:
    return (
        (filter.ids is None or issue.id in filter.ids)
        and (not filter.parent or issue.parent == filter.parent)
        and not (filter.no_parent and issue.parent)
        and (filter.under is None or issue.id in filter.under)
    )


HOUR = 3_600_000_000_000
NEW = 48 * HOUR  # in the hybrid order, what was created so recently comes first
SORTS = (
    "priority", "created", "updated", "closed", "status", "id", "title", "type", "assignee",
)  # fmt: skip
READY_SORTS = ("priority", "hybrid", "oldest")

Key = Callable[["Issue"], Any]


def order(sort: str) -> Key:
    """The order of `list`: created, updated and closed newest first; the id settles ties."""
    return {
        "": lambda i: (i.priority, -instant(i.created_at), i.id),
        "priority": lambda i: (i.priority, -instant(i.created_at), i.id),
        "created": lambda i: (-instant(i.created_at), i.id),
        "updated": lambda i: (-instant(i.updated_at), i.id),
        "closed": lambda i: (-instant(i.closed_at), i.id),
        "status": lambda i: (i.status, i.id),
        "id": lambda i: i.id,
        "title": lambda i: (fold(i.title), i.id),
        "type": lambda i: (i.issue_type, i.id),
        "assignee": lambda i: (i.assignee, i.id),
    }[sort]


def ready_order(sort: str, now: int) -> Key:
    """The order of `ready`: by priority, then the oldest first; the id settles ties."""

    def hybrid(issue: Issue) -> tuple[Any, ...]:
        created = instant(issue.created_at)
        is_new = created > now - NEW
        return (not is_new, issue.priority if is_new else 0, created, issue.id)

    return {
        "": lambda i: (i.priority, instant(i.created_at), i.id),
        "priority": lambda i: (i.priority, instant(i.created_at), i.id),
        "hybrid": hybrid,
        "oldest": lambda i: (instant(i.created_at), i.id),
    }[sort]
