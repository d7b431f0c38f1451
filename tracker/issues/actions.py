"""All actions on issues, in one place for callers.

Pure: the time, the name and the random bits come in a `Who`, the configuration in a `Settings`.
Laws of every action: where it raises, nothing is put; only the named records change; what asks for
the state that is there changes nothing, not even `updated_at`, which strictly increases otherwise;
what a record carries without being understood stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker.errors import Invalid
from tracker.issues.create import choose_prefix, create
from tracker.issues.editing import Who, changed, forbid_reference, live, readable
from tracker.issues.lifecycle import (
    NOT_CLOSED,
    Closing,
    claim,
    close,
    defer,
    delete,
    ended_fields,
    newly_unblocked,
    purge,
    reopen,
    restore,
    undefer,
)
from tracker.issues.relations import (
    adopted,
    comment,
    comment_once,
    label,
    labelled,
    link,
    relate,
    unlink,
    unrelate,
)
from tracker.model import validation
from tracker.model.issue import Changes, Labels, New
from tracker.model.timestamps import instant
from tracker.model.validation import Settings

if TYPE_CHECKING:
    from typing import Any

    from tracker.log.issue_log import Draft
    from tracker.model.issue import Issue


__all__ = [
    "Changes",
    "Closing",
    "Labels",
    "New",
    "Settings",
    "Who",
    "choose_prefix",
    "claim",
    "close",
    "comment",
    "comment_once",
    "create",
    "defer",
    "delete",
    "label",
    "link",
    "newly_unblocked",
    "purge",
    "relate",
    "reopen",
    "restore",
    "undefer",
    "unlink",
    "unrelate",
    "update",
]

_COMPOSED = {
    "append_notes", "set_metadata", "unset_metadata", "labels", "parent", "reason",
}  # fmt: skip


def update(draft: Draft, id: str, changes: Changes, settings: Settings, who: Who) -> Issue:
    """The issue with other values.

    Only what is set to something else is looked at, so an old value that breaks a rule is in
    nobody's way. Raises Invalid, NotFound for a parent, or Cycle.
    """
    issue = live(draft, id)
    unknown = changes.keys() - Changes.__optional_keys__
    if unknown:
        raise Invalid(f"unknown field: {', '.join(sorted(unknown))}")
    if "notes" in changes and "append_notes" in changes:
        raise Invalid("cannot specify both --notes and --append-notes")
    plain = {
        name: _another(issue, name, value, settings)
        for name, value in changes.items()
        if name not in {*_COMPOSED, "status"}
    }
    if plain.get("external_ref", "") not in {"", issue.external_ref}:
        forbid_reference(draft, plain["external_ref"], id)
    composed = _composed(draft, issue, changes, who)
    return draft.put(changed(issue, who, plain | composed | _status(issue, changes, settings, who)))


def _another(issue: Issue, name: str, value: Any, settings: Settings) -> Any:
    """The new value of a field, or the old one if it means the same."""
    old = getattr(issue, name)
    if value == old:
        return old
    new = validation.value(name, value, settings)
    return old if name in validation.TIMES and new and instant(new) == instant(old) else new


def _composed(draft: Draft, issue: Issue, changes: Changes, who: Who) -> dict[str, Any]:
    """The fields whose new value is made from the old one."""
    found: dict[str, Any] = {}
    more = changes.get("append_notes")
    if more:
        readable(issue, "notes")
        found["notes"] = validation.appended("notes", issue.notes, more)
    if "set_metadata" in changes or "unset_metadata" in changes:
        base = validation.metadata(changes["metadata"]) if "metadata" in changes else issue.metadata
        put, drop = changes.get("set_metadata", {}), changes.get("unset_metadata", ())
        found["metadata"] = validation.with_members(base, put, drop)
    if "labels" in changes:
        found["labels"] = labelled(issue, changes["labels"])
    if "parent" in changes:
        found["dependencies"] = adopted(draft, issue, changes["parent"], who)
    return found


def _status(issue: Issue, changes: Changes, settings: Settings, who: Who) -> dict[str, str]:
    """The status, and what begins or ends with it."""
    status = changes.get("status", issue.status)
    reason = changes.get("reason")
    is_closed = status in settings.closing
    if reason is not None and not is_closed:
        raise Invalid("a reason needs a status that closes the issue", hint="--status closed")
    if status != issue.status:
        validation.status(status, settings)
        if not is_closed:
            return {"status": status, **NOT_CLOSED}
        if issue.status not in settings.closing:
            return ended_fields(status, reason or "", who)
    found = {"status": status} if "status" in changes else {}
    if reason is not None:
        found["close_reason"] = validation.text("reason", reason)
    return found
