"""Create an issue at most once: idempotency keys and upsert.

A key that the caller chose, or the name that the issue has elsewhere, tells whether it is there
already. The look and the creation are one step under the lock of the log, so of two processes that
try at once one creates. An id is made of the key alone, so two clones that use the same key before
they meet make the same id, and a merge finds one issue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tracker.errors import Ambiguous, Invalid, Refused
from tracker.issues.actions import update
from tracker.issues.create import choose_prefix, create
from tracker.issues.editing import needle, referring
from tracker.issues.relations import link, need_of
from tracker.json_text import quote
from tracker.model import ids, validation
from tracker.model.issue import PARENT, Changes, Labels
from tracker.model.status import TOMBSTONE

if TYPE_CHECKING:
    from typing import Any

    from tracker.issues.editing import Who
    from tracker.log.issue_log import Draft, Records
    from tracker.model.issue import Issue, New
    from tracker.model.validation import Settings


KEY = "idempotency_key"


class CreateOutcome(NamedTuple):
    """The issue, and what became of it: "created", "updated", "unchanged"."""

    issue: Issue
    what: str


class RecordLookup(NamedTuple):
    """Where issues are looked for: those that can be edited, and those that were put away."""

    draft: Draft
    archive: Records


def once(place: RecordLookup, new: New, key: str, settings: Settings, who: Who) -> CreateOutcome:
    """The issue that this key made before, as it is now; else a new one.

    Raises Refused where that one is deleted, and what `create` raises.
    """
    draft = place.draft
    key = validation.word("idempotency key", key)
    found = keyed(draft, key) or keyed(place.archive, key)
    if found is not None and found.status == TOMBSTONE:
        raise Refused(
            f"the idempotency key {key!r} belongs to {found.id}, which is deleted",
            hint=f"bd restore {found.id}, or another key",
        )
    if found is not None:
        return CreateOutcome(found, "unchanged")
    new = new._replace(metadata=_with_key(new.metadata, key))
    if not (new.id or new.parent):
        new = new._replace(id=_id(draft, key, settings), force=True)
    return CreateOutcome(create(draft, new, settings, who), "created")


def keyed(records: Records, key: str) -> Issue | None:
    """The issue that was made with a key: of several a live one, and the first of those."""
    raw = quote(key)
    found = [
        issue
        for issue in records.mentioning(needle(key))
        if (validation.members_of(issue.metadata) or {}).get(KEY) == raw
    ]
    return min(found, key=lambda i: (i.status == TOMBSTONE, i.created_at, i.id), default=None)


def referred(records: Records, ref: str) -> Issue | None:
    """The issue that has this name elsewhere. Raises Ambiguous where several live ones have it."""
    found = referring(records, ref)
    live = [issue for issue in found if issue.status != TOMBSTONE]
    if len(live) > 1:
        raise Ambiguous(ref, sorted(issue.id for issue in live))
    return next(iter(live or found), None)


def upsert(
    place: RecordLookup, new: New, given: frozenset[str], settings: Settings, who: Who
) -> CreateOutcome:
    """The issue with this id or external reference, with the `given` fields of `new`; or a new one.

    Labels and dependencies are added, never removed, and the status stays. Raises Invalid without
    either name, and Refused where the issue is deleted or archived.
    """
    draft = place.draft
    if not (new.id or new.external_ref):
        raise Invalid("--upsert needs an issue", hint="--external-ref REF, or --id ID")
    found = _named(draft, new)
    if found is None:
        forbid_archived(place.archive, _named(place.archive, new))
    if found is None:
        return CreateOutcome(create(draft, new, settings, who), "created")
    if found.status == TOMBSTONE:
        raise Refused(f"{found.id} is deleted", hint=f"bd restore {found.id}")
    after = update(draft, found.id, _changes(new, given), settings, who)
    for type, on in new.dependencies:
        need = need_of(type, on, new.gate)
        if need.type != PARENT:
            after = link(draft, found.id, need.on, need.type, who)
    return CreateOutcome(after, "unchanged" if after == found else "updated")


def _named(records: Records, new: New) -> Issue | None:
    return records.get_issue(new.id) if new.id else referred(records, new.external_ref)


def forbid_archived(archive: Records, issue: Issue | None) -> None:
    """Raise Refused where an issue to be made is one that was put away."""
    if issue is not None and archive.get_issue(issue.id) is not None:
        raise Refused(f"{issue.id} is in the archive", hint=f"bd restore {issue.id}")


SETTABLE = frozenset(Changes.__optional_keys__) - {"labels", "parent", "status", "reason"}
"""Fields of an issue that can be `given`."""


def _changes(new: New, given: frozenset[str]) -> Changes:
    wanted: dict[str, Any] = {name: getattr(new, name) for name in given & SETTABLE}
    if new.labels:
        wanted["labels"] = Labels(add=new.labels)
    if new.parent:
        wanted["parent"] = new.parent
    return wanted  # type: ignore[return-value]  # the fields are named after its keys


def _with_key(raw: str, key: str) -> str:
    members = validation.members_of(raw)
    if members is None:
        raise Invalid("the metadata is not a JSON object, so it cannot hold the idempotency key")
    pairs = {**members, KEY: quote(key)}
    return "{" + ",".join(f"{quote(name)}:{text}" for name, text in pairs.items()) + "}"


def _id(draft: Draft, key: str, settings: Settings) -> str:
    prefix, _ = choose_prefix(draft, settings)
    seed = ids.Seed("", key, KEY, 0, 0)
    count = draft.prefixes().get(prefix, 0)
    return ids.make(prefix, seed, count, lambda id: draft.get_issue(id) is not None)
