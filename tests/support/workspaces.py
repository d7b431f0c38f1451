"""Workspaces without a command line: a place, a caller, and logs to put into them."""

from __future__ import annotations

import itertools
import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from tracker.cache.issues import follow
from tracker.cache.issues.queries import IssueQueries
from tracker.cache.issues.source import IssueSource
from tracker.issues.filters import Moment
from tracker.log.issue_codec import encode
from tracker.log.issue_log import Draft
from tracker.model.issue import Comment, Dependency, Issue
from tracker.model.status import CLOSING
from tracker.workspace import discovery
from tracker.workspace.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

IGNORED = "beads.db*\n.jsonl.lock\n.local/\n.*.db-tmp*\n"


class Caller:
    """Somebody who asks; the clock is real, since the ages of files are compared with it."""

    argv = ("bd", "test")
    actor = "ann"
    owner = "ann@example.com"
    session_id = ""
    lock_timeout: float | None = 60.0
    readonly = False

    def __init__(self, ahead: int = 0) -> None:
        self.ahead = ahead  # nanoseconds
        self.notes: list[str] = []
        self._nonces = itertools.count(int.from_bytes(os.urandom(6), "big"))

    def note(self, text: str) -> None:
        self.notes.append(text)

    def clock(self) -> int:
        return time.time_ns() + self.ahead

    def nonce(self) -> int:
        return next(self._nonces)


def beads_of(root: Path, log: bytes = b"", ignored: str = IGNORED) -> Path:
    """A `.beads` with this log."""
    beads = root / ".beads"
    beads.mkdir(parents=True, exist_ok=True)
    (beads / ".gitignore").write_text(ignored)
    (beads / "issues.jsonl").write_bytes(log)
    return beads


def opened(beads: Path, ahead: int = 0) -> Workspace:
    """The workspace of a `.beads`; `ahead` moves its clock, in nanoseconds."""
    return Workspace(discovery.find(str(beads.parent), {}), Caller(ahead))


def in_memory(data: bytes, at: Moment, config: bytes = b"") -> IssueQueries:
    """Answers about a log that is in no file."""
    source = IssueSource("issues.jsonl", "", "", config, at.now)
    return IssueQueries(follow.in_memory(source, data, ""), at)


def moment(now: int, *closing: str) -> Moment:
    return Moment(now, CLOSING.union(closing))


def lines_of(issues) -> bytes:
    return b"".join(encode(issue) + b"\n" for issue in issues)


# Writes.


def put(*issues: Issue):
    """A plan that sets these records."""

    def plan(before):
        draft = Draft(before)
        for issue in issues:
            draft.put(issue)
        return draft.written()

    return plan


def changed(id: str, **fields):
    """A plan that changes fields of a record."""

    def plan(before):
        draft = Draft(before)
        found = draft.get_issue(id)
        draft.put(replace(found, **fields))
        return draft.written()

    return plan


def dropped(*ids: str):
    """A plan that takes records away."""

    def plan(before):
        draft = Draft(before)
        for id in ids:
            draft.drop(id)
        return draft.written()

    return plan


def remarked(id: str, text: str):
    """A plan that adds a comment."""

    def plan(before):
        draft = Draft(before)
        found = draft.get_issue(id)
        remark = Comment(id=len(found.comments) + 1, issue_id=id, author="ann", text=text)
        draft.put(replace(found, comments=(*found.comments, remark)))
        return draft.written()

    return plan


def edge(source: str, target: str, type: str = "blocks") -> Dependency:
    return Dependency(issue_id=source, depends_on_id=target, type=type, created_at=TIME)


TIME = "2026-01-02T03:04:05.678901Z"


def issue(id: str, *edges: tuple[str, str], **fields) -> Issue:
    """An issue; an edge is (target, type)."""
    given = {"title": f"Title of {id}", "created_at": TIME, "updated_at": TIME, **fields}
    return Issue(id=id, dependencies=tuple(edge(id, *one) for one in edges), **given)


def sample() -> list[Issue]:
    """Some of everything: work that is held, deferred, hidden, closed, in a circle, odd."""
    remark = Comment(id=7, issue_id="bd-d", author="ann", text="hi", created_at=TIME)
    return [
        issue("bd-a", priority=1, labels=("x", "y")),
        issue("bd-b", ("bd-a", "blocks"), description="wants a"),
        issue("bd-c", ("bd-b", "blocks"), ("bd-e", "parent-child"), assignee="ann"),
        issue("bd-d", ("bd-missing", "blocks"), status="in_progress", comments=(remark,)),
        issue("bd-e", issue_type="epic", status="deferred"),
        issue("bd-e.1", ("bd-e", "parent-child"), priority=0),
        issue("bd-f", status="closed", closed_at=TIME, close_reason="failed"),
        issue("bd-g", ("bd-f", "conditional-blocks"), ("bd-f", "blocks")),
        issue("bd-h", ("bd-i", "blocks")),
        issue("bd-i", ("bd-h", "blocks")),
        issue("bd-j", ("bd-e", "waits-for")),
        issue("bd-k", status="tombstone", deleted_at=TIME),
        issue("bd-l", pinned=True, aliases=("bd-old",)),
        issue("bd-m", issue_type="gate"),
        issue("bd-n", extra=(("price", "1.10"), ("serial", "123456789012345678901234567890"))),
        issue("bd-o", title="Zürich \u2028 end", defer_until="2999-01-01T00:00:00Z"),
    ]  # fmt: skip
