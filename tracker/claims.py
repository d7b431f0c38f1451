"""Claims that all worktrees of a clone share, so that one issue is not taken twice.

The log of each worktree is its own truth, so two of them could both find an issue free. What has
been claimed therefore also stands in `<common git dir>/tracker/claims.json`, under a lock; where
that cannot be written, this worktree's own folder has to do. An entry counts only while the log of
the worktree that made it still shows the claim. Between clones two claims cannot be prevented.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import NamedTuple

from tracker.cache import read_log
from tracker.codec import decode
from tracker.errors import Locked
from tracker.journal import Change
from tracker.locks import hold
from tracker.log import Log
from tracker.model import Issue
from tracker.places import Place
from tracker.refresh import make_local
from tracker.words import CLOSING


class Claim(NamedTuple):
    """Who works on an issue; `until` is when the lease ends in nanoseconds, 0 without a lease."""

    id: str
    actor: str
    session: str
    log: str
    at: int
    until: int = 0

    def is_over(self, now: int) -> bool:
        """Whether the lease has ended."""
        return 0 < self.until <= now


class Claims:
    """The claims of a clone, seen from one of its worktrees."""

    def __init__(self, place: Place, local: str) -> None:
        self._log = place.log
        self._local = local
        self._is_alone = False
        self._shared = os.path.join(place.common_dir, "tracker") if place.common_dir else ""

    @property
    def folder(self) -> str:
        """Where the claims stand: shared by all worktrees if that can be written."""
        return self._shared if self._shared and os.path.isdir(self._shared) else self._local

    def exist(self) -> bool:
        """Whether anything was ever claimed here; a cheap question."""
        return os.path.exists(os.path.join(self.folder, "claims.json"))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the lock of the claims, so that looking and taking are one step."""
        if self._is_alone:
            yield
            return
        try:
            if not self._shared:
                raise OSError
            os.makedirs(self._shared, exist_ok=True)
        except OSError:  # agents' hosts mount .git read-only
            make_local(self._local)
        with hold(os.path.join(self.folder, "claims.lock")):
            self._is_alone = True
            try:
                yield
            finally:
                self._is_alone = False

    def every(self) -> dict[str, Claim]:
        """Every claim by id, the outdated ones included."""
        try:
            with open(os.path.join(self.folder, "claims.json"), "rb") as file:
                rows = json.loads(file.read())
            return {row[0]: Claim(*row) for row in rows}
        except (OSError, ValueError, TypeError, KeyError, IndexError):
            return {}

    def save(self, claims: Mapping[str, Claim]) -> None:
        """Write all claims; the caller holds the lock."""
        path = os.path.join(self.folder, "claims.json")
        with open(f"{path}.new", "w", encoding="ascii") as file:
            json.dump(list(claims.values()), file)
        os.replace(f"{path}.new", path)

    def settle(self, changes: Iterable[Change], session: str, now: int) -> None:
        """After a write: forget claims that the new records end, renew leases of this session.

        The lease that is renewed runs as long again as it was taken for.
        """
        issues = {c.id: None if c.new is None else decode(c.new) for c in changes}
        if self._settled(issues, session, now) == self.every():
            return
        with suppress(OSError, Locked), self.alone():
            self.save(self._settled(issues, session, now))

    def _settled(
        self, issues: Mapping[str, Issue | None], session: str, now: int
    ) -> dict[str, Claim]:
        kept = {}
        for id, claim in self.every().items():
            if id in issues and claim.log == self._log and not holds(issues[id], claim):
                continue
            if claim.until > now and session and claim.session == session:
                kept[id] = claim._replace(at=now, until=now + claim.until - claim.at)
            else:
                kept[id] = claim
        return kept

    def expired(self, now: int) -> list[Claim]:
        """The claims whose lease has ended, oldest first."""
        over = [claim for claim in self.every().values() if claim.is_over(now)]
        return sorted(over, key=lambda claim: claim.until)

    def holder(self, id: str) -> Claim | None:
        """The claim that another worktree has on an issue, or this one, while it lasts."""
        claim = self.every().get(id)
        if claim is None or not self._stands(claim):
            return None
        return claim

    def _stands(self, claim: Claim) -> bool:
        """Whether the log that the claim was made in still says so."""
        data, _ = read_log(claim.log)
        if claim.id.encode() not in data:
            return False
        return holds(Log(data).get(claim.id), claim)


def holds(issue: Issue | None, claim: Claim) -> bool:
    """Whether a record shows this claim."""
    return (
        issue is not None
        and issue.assignee == claim.actor
        and issue.status not in CLOSING
        and issue.status != "open"
    )
