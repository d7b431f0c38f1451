"""Claim, close, reopen, defer, delete and restore issues; progress of epics."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from tracker.errors import Blocked, Invalid, NotFound, Refused, Taken
from tracker.issues.editing import Kin, changed, live
from tracker.issues.filters import ready_order
from tracker.issues.graph import WAITS, Graph, Rules, reachable
from tracker.issues.relations import remarked
from tracker.json_text import members, quote
from tracker.model import validation
from tracker.model.issue import BLOCKING
from tracker.model.status import CLOSED, TOMBSTONE
from tracker.model.timestamps import instant, stamp

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tracker.issues.editing import Who
    from tracker.log.issue_log import Draft, Records
    from tracker.model.issue import Issue
    from tracker.model.validation import Settings


REASON = "All children completed"


class Progress(NamedTuple):
    """The children of an issue that are not deleted, and how many of them are closed."""

    children: int
    closed: int

    @property
    def is_complete(self) -> bool:
        """Return whether all children are closed; False without children."""
        return 0 < self.children == self.closed

    @property
    def percent(self) -> int:
        """The closed part, rounded down."""
        return 100 * self.closed // self.children if self.children else 0


def progress(records: Records, id: str, closing: frozenset[str]) -> Progress:
    """How far an issue is."""
    children = (records.get_issue(child) for child in dict.fromkeys(Kin(records).children(id)))
    statuses = [child.status for child in children if child and child.status != TOMBSTONE]
    return Progress(len(statuses), sum(status in closing for status in statuses))


def close_complete(
    draft: Draft, id: str, settings: Settings, who: Who
) -> tuple[Issue, Progress] | None:
    """Close an epic that is open and complete; None for one that is not. Raises Blocked."""
    how = progress(draft, id, settings.closing)
    if live(draft, id).status in settings.closing or not how.is_complete:
        return None
    return close(draft, id, Closing(REASON), settings, who), how


OPEN = "open"
NOT_CLOSED = {"closed_at": "", "close_reason": "", "closed_by_session": ""}
NOT_DELETED = {"deleted_at": "", "deleted_by": "", "delete_reason": "", "original_type": ""}
WAS = "original_status"


class Closing(NamedTuple):
    """Why an issue is closed, and whether nothing may stand in the way of it."""

    reason: str = "Closed"
    force: bool = False


def claim(draft: Draft, id: str, settings: Settings, who: Who, *, renew: bool = False) -> Issue:
    """Take an issue that nobody has; one that was only planned for the same name may be taken.

    With `renew` the caller knows that the claim is its own: it stays as it is. Raises Taken.
    """
    issue = live(draft, id)
    if not who.name:
        raise Invalid("a claim needs a name", hint="--actor NAME, or git config user.name NAME")
    if issue.status in settings.closing:
        raise Invalid(f"{id} is closed", hint=f"bd reopen {id}")
    holder = issue.assignee or dict(issue.extra).get("assignee", "")
    if holder == who.name and renew and issue.status != OPEN:
        return issue
    if holder and (holder != who.name or issue.status != OPEN):
        raise Taken(id, holder, who.name)
    mine = {"assignee": validation.text("actor", who.name), "status": "in_progress"}
    return draft.put(changed(issue, who, mine))


def close(draft: Draft, id: str, closing: Closing, settings: Settings, who: Who) -> Issue:
    """Close an issue; a closed one stays as it is. Raises Blocked, or Refused."""
    issue = live(draft, id)
    if issue.status in settings.closing:
        return issue
    if not closing.force:
        _forbid_close(draft, issue, settings, who)
    ended = ended_fields(CLOSED, closing.reason or "Closed", who)
    return draft.put(changed(issue, who, ended))


def ended_fields(status: str, reason: str, who: Who) -> dict[str, str]:
    """What a closing status brings with it."""
    return {
        "status": status,
        "closed_at": stamp(who.now),
        "close_reason": validation.text("reason", reason),
        "closed_by_session": validation.text("session", who.session),
    }


def _forbid_close(draft: Draft, issue: Issue, settings: Settings, who: Who) -> None:
    for stands, what in ((issue.is_template, "a template"), (issue.status == "pinned", "pinned")):
        if stands:
            raise Refused(
                f"cannot close {issue.id}: it is {what} (use --force to override)",
                hint=f"bd close {issue.id} --force",
            )
    rules = Rules(who.now, settings.closing)
    by = []
    for obstacle in Graph(Kin(draft), rules).holding(issue):
        target = draft.get_issue(obstacle.id)
        # Work for the case that another fails has become moot when that one is done.
        moot = obstacle.kind == "conditional-blocks" and target and rules.is_closed(target)
        if not moot:
            by.append(obstacle.id)
    if by:
        raise Blocked(issue.id, list(dict.fromkeys(by)))


def newly_unblocked(
    before: Records, after: Records, id: str, settings: Settings, who: Who
) -> list[Issue]:
    """What was blocked before `id` was closed and is ready now, in the order of `ready`."""
    rules = Rules(who.now, settings.closing)
    was, now = Graph(Kin(before), rules), Graph(Kin(after), rules)
    near = {edge.issue_id for edge in after.incoming(id) if edge.type in BLOCKING}
    issue = after.get_issue(id)
    if issue is not None and issue.parent:
        waiting = after.incoming(issue.parent)
        near |= {edge.issue_id for edge in waiting if edge.type == WAITS}
    found = []
    for one in reachable(near, now.issues.children):
        old, new = before.get_issue(one), after.get_issue(one)
        if old is not None and new is not None and was.is_blocked(old) and now.is_ready(new):
            found.append(new)
    return sorted(found, key=ready_order("", who.now))


def reopen(draft: Draft, id: str, reason: str, settings: Settings, who: Who) -> Issue:
    """Open a closed issue again, with the reason as a comment; others stay as they are."""
    issue = live(draft, id)
    if issue.status not in settings.closing:
        return issue
    again = changed(issue, who, {"status": OPEN, **NOT_CLOSED})
    if reason:
        remarks = remarked(issue, reason, who)[0].comments
        again = replace(again, comments=remarks)
    return draft.put(again)


def defer(draft: Draft, id: str, until: str, settings: Settings, who: Who) -> Issue:
    """Put an issue off, to a time or ("") until somebody takes it up again. Raises Invalid."""
    issue = live(draft, id)
    if issue.status in settings.closing:
        raise Invalid(f"{id} is closed", hint=f"bd reopen {id}")
    time = validation.moment("defer_until", until)
    if time and instant(time) <= who.now:
        raise Invalid(f"{time} is in the past", hint=f"bd defer {id} --until tomorrow")
    return draft.put(changed(issue, who, {"status": "deferred", "defer_until": time}))


def undefer(draft: Draft, id: str, settings: Settings, who: Who) -> Issue:
    """Take up again what was put off; one that was not stays as it is. Raises Invalid."""
    issue = live(draft, id)
    if issue.status in settings.closing:
        raise Invalid(f"{id} is closed", hint=f"bd reopen {id}")
    status = OPEN if issue.status == "deferred" else issue.status
    return draft.put(changed(issue, who, {"status": status, "defer_until": ""}))


def delete(draft: Draft, id: str, reason: str, who: Who) -> Issue:
    """Turn a record into a tombstone; all that it held stays in it, and so do edges to it.

    Law: `restore` gives back the same record but for `updated_at`.
    """
    issue = draft.get_issue(id)
    if issue is None:
        raise NotFound(id)
    if issue.status == TOMBSTONE:
        return issue
    stamps = {
        "deleted_at": stamp(who.now),
        "deleted_by": validation.text("actor", who.name),
        "delete_reason": validation.text("reason", reason or "delete"),
        "original_type": issue.issue_type,
    }
    gone = changed(issue, who, {"status": TOMBSTONE, **stamps})
    return draft.put(bury(replace(gone, status=issue.status), stamps))


def bury(issue: Issue, stamps: Mapping[str, Any]) -> Issue:
    """The tombstone of an issue, which remembers what it was; `stamps` say who deleted it when."""
    return _with_was(replace(issue, status=TOMBSTONE, **stamps), quote(issue.status))


def restore(draft: Draft, id: str, who: Who) -> Issue:
    """Make a tombstone the issue again that it was; an issue that is none stays as it is.

    A tombstone of another program does not tell its old status: with a time of closing it is
    closed, else open.
    """
    issue = draft.get_issue(id)
    if issue is None:
        raise NotFound(id)
    if issue.status != TOMBSTONE:
        return issue
    back = changed(issue, who, {"status": _status_before(issue), **NOT_DELETED})
    return draft.put(_with_was(back, ""))


def _with_was(issue: Issue, raw: str) -> Issue:
    extra = tuple(pair for pair in issue.extra if pair[0] != WAS)
    return replace(issue, extra=tuple(sorted((*extra, (WAS, raw)))) if raw else extra)


def _status_before(issue: Issue) -> str:
    raw = dict(issue.extra).get(WAS, '""')
    status = members(f'{{"was":{raw}}}')[0]["was"].value
    if isinstance(status, str) and status not in {"", TOMBSTONE}:
        return status
    return CLOSED if issue.closed_at else OPEN


def purge(draft: Draft, id: str) -> None:
    """Take a record out of the log for good, tombstone or not. Raises NotFound."""
    if draft.get_issue(id) is None:
        raise NotFound(id)
    draft.drop(id)
