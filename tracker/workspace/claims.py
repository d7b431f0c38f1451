"""Claims that all worktrees of a clone share.

The log of each worktree is its own truth, so two of them could both find an issue free. What has
been claimed therefore also stands in `<common git dir>/tracker/claims.json`, under a lock; where
that cannot be written, this worktree's own folder has to do. An entry counts only while the log of
the worktree that made it still shows the claim. Between clones two claims cannot be prevented.
"""

from __future__ import annotations

import json
import os
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from tracker import fileio, json_text
from tracker.errors import Locked, Taken
from tracker.fileio import make_local, read_log
from tracker.issues import actions
from tracker.json_text import quote
from tracker.locks import WAIT, hold, hold_folder
from tracker.log.issue_codec import decode
from tracker.log.issue_log import Log

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from tracker.issues.editing import Who
    from tracker.log.issue_log import Draft, Records
    from tracker.log.record_file import RecordChange
    from tracker.model.context import Place
    from tracker.model.issue import Issue
    from tracker.model.validation import Settings


NAME = "claims.json"


class Claim(NamedTuple):
    """Who works on an issue, as the log of that name shows it.

    `at` is when it was made or last renewed, `until` when the lease ends, in nanoseconds since
    1970; 0 without a lease.
    """

    id: str
    actor: str
    session: str
    log: str
    at: int
    until: int = 0

    def is_over(self, now: int) -> bool:
        """Whether the lease has ended."""
        return 0 < self.until <= now

    def belongs_to(self, who: Who) -> bool:
        """Whether this very session made it; without a session nobody can tell."""
        return bool(who.session) and self.session == who.session

    def renewed(self, now: int) -> Claim:
        """The claim with a lease that runs as long again as it was taken for."""
        return self._replace(at=now, until=now + self.until - self.at) if self.until else self


class Claims:
    """The claims of a clone, seen from one of its worktrees."""

    def __init__(self, place: Place, local: str, timeout: float = WAIT) -> None:
        self._log = place.log
        self._local = local
        self._shared = os.path.join(place.common_dir, "tracker") if place.common_dir else ""
        self._timeout = timeout
        self._home = ""
        self._found: dict[str, Claim] = {}
        self._taken: dict[str, Claim] = {}

    @property
    def _folders(self) -> list[str]:
        return [self._shared, self._local] if self._shared else [self._local]

    def exist(self) -> bool:
        """Whether anything is claimed here; a cheap question."""
        return any(os.path.exists(os.path.join(folder, NAME)) for folder in self._folders)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the lock of the claims, so that looking and taking are one step.

        What was taken is given back if that step fails.
        """
        if self._home:
            yield
            return
        with ExitStack() as stack:
            self._home = self._locked(stack)
            self._found, self._taken = self.every(), {}
            try:
                yield
            except BaseException:
                if self._taken:
                    self._save(self._found)
                raise
            finally:
                self._home = ""

    def _locked(self, stack: ExitStack) -> str:
        """The folder to write to, locked: agents' hosts mount .git read-only."""
        if self._shared:
            with suppress(OSError):
                fileio.make_folder(self._shared)
                self._lock(stack, os.path.dirname(self._shared), self._shared)
                return self._shared
        with suppress(OSError):  # where neither can be written, the log alone has to do
            make_local(self._local)
            self._lock(stack, self._local, self._local)
        return self._local

    def _lock(self, stack: ExitStack, stays: str, folder: str) -> None:
        """Hold the lock file, and a folder that stays when the lock file is deleted."""
        stack.enter_context(hold_folder(stays, self._timeout))
        stack.enter_context(hold(f"{folder}/claims.lock", self._timeout))

    def every(self) -> dict[str, Claim]:
        """Every claim by id, the outdated ones included; the newest of several."""
        found: dict[str, Claim] = {}
        for folder in self._folders:
            for claim in _read(os.path.join(folder, NAME)):
                known = found.get(claim.id)
                mine = folder != self._local or claim.log == self._log
                if mine and (known is None or claim.at > known.at):
                    found[claim.id] = claim
        return found

    def take(self, draft: Draft, id: str, lease: int, settings: Settings, who: Who) -> Issue:
        """Take an issue, or renew one's own claim; the caller is `alone`.

        `lease` is in nanoseconds; 0 keeps that of one's own claim, or sets none. Raises Taken,
        which names the holder.
        """
        standing = self._standing(draft, settings.closing)
        held = standing.get(id)
        own = held is not None and held.belongs_to(who)
        if held is not None and not own:
            if not held.is_over(who.now):
                raise self._refusal(held, who)
            _release(draft, held, settings, who)
        issue = actions.claim(draft, id, settings, who, renew=own)
        length = lease or (held.until - held.at if own and held is not None and held.until else 0)
        until = who.now + length if length else 0
        self._taken[id] = Claim(id, who.name, who.session, self._log, who.now, until)
        # Before the log is written: an entry that the log does not show counts for nothing.
        self._save({**standing, **self._taken})
        return issue

    def _standing(self, records: Records, closing: Collection[str]) -> dict[str, Claim]:
        """The claims as they were when this step began, without those that no log shows."""
        logs: dict[str, bytes | None] = {}
        return {
            id: claim
            for id, claim in self._found.items()
            if self._stands(claim, records, closing, logs)
        }

    def _stands(
        self,
        claim: Claim,
        records: Records,
        closing: Collection[str],
        logs: dict[str, bytes | None],
    ) -> bool:
        """Whether the log that the claim was made in still says so."""
        if claim.log == self._log:
            return holds(records.get_issue(claim.id), claim, closing)
        if claim.log not in logs:
            logs[claim.log] = _contents(claim.log)
        data = logs[claim.log]
        return data is None or holds(_record(data, claim.id), claim, closing)

    def _refusal(self, held: Claim, who: Who) -> Taken:
        error = Taken(held.id, held.actor, who.name)
        if held.log != self._log:
            error.hint = f"it is claimed in the worktree of {held.log}; bd ready"
        return error

    def _save(self, claims: Mapping[str, Claim]) -> None:
        """Write the claims; those of other worktrees only where all worktrees look."""
        if self._home != self._local:
            with suppress(OSError):
                _write(self._home, claims.values())
                with suppress(FileNotFoundError):
                    os.unlink(os.path.join(self._local, NAME))  # it is all in the shared one now
                return
        with suppress(OSError):
            make_local(self._local)
            _write(self._local, [claim for claim in claims.values() if claim.log == self._log])

    def settle(self, changes: Iterable[RecordChange], who: Who, closing: Collection[str]) -> None:
        """After a write: forget claims that the new records end, renew the leases of `who`."""
        issues = {c.id: None if c.new is None else decode(c.new) for c in changes}

        def settled() -> dict[str, Claim]:
            kept = {}
            for id, claim in self.every().items():
                here = id in issues and claim.log == self._log
                if not here or holds(issues[id], claim, closing):
                    same = (claim.actor, claim.session) == (who.name, who.session)
                    kept[id] = claim.renewed(who.now) if same else claim
            return kept

        if settled() != self.every():
            with suppress(OSError, Locked), self.alone():
                self._save(settled())

    def expired(self, records: Records, now: int, closing: Collection[str]) -> list[Claim]:
        """The claims that stand although their lease has ended, oldest first."""
        logs: dict[str, bytes | None] = {}
        over = [
            claim
            for claim in self.every().values()
            if claim.is_over(now) and self._stands(claim, records, closing, logs)
        ]
        return sorted(over, key=lambda claim: (claim.until, claim.id))


def holds(issue: Issue | None, claim: Claim, closing: Collection[str]) -> bool:
    """Whether a record shows this claim."""
    return (
        issue is not None
        and issue.assignee == claim.actor
        and issue.status != "open"
        and issue.status not in closing
    )


def _release(draft: Draft, held: Claim, settings: Settings, who: Who) -> None:
    """Make an issue free whose lease is over, if this log knows of the claim."""
    if holds(draft.get_issue(held.id), held, settings.closing):
        actions.update(draft, held.id, {"assignee": "", "status": "open"}, settings, who)


def _contents(path: str) -> bytes | None:
    """The bytes of another worktree's log: none where it is gone, None where nobody can tell."""
    try:
        return read_log(path)[0] if os.path.isfile(path) else b""
    except OSError:
        return None


def _record(data: bytes, id: str) -> Issue | None:
    """The record of an id, looked for by its text: to parse a whole log would take long."""
    quoted = quote(id).encode()
    at = data.rfind(quoted)
    while at >= 0:
        start = data.rfind(b"\n", 0, at) + 1
        stop = data.find(b"\n", at)
        try:
            issue = decode(data[start : stop if stop >= 0 else len(data)])
        except ValueError:
            return Log(data).get(id)
        if issue.id == id:
            return issue
        at = data.rfind(quoted, 0, start)
    return None


def _read(path: str) -> list[Claim]:
    try:
        rows = json_text.loads(fileio.read(path, fileio.LARGEST))
        claims = [Claim(*row) for row in rows]
    except (OSError, ValueError, TypeError):
        return []
    return [claim for claim in claims if all(map(_fits, claim, _KINDS))]


_KINDS = (str, str, str, str, int, int)


def _fits(value: object, kind: type) -> bool:
    return isinstance(value, kind)


def _write(folder: str, claims: Iterable[Claim]) -> None:
    data = json.dumps(list(claims)).encode()
    fileio.replace(os.path.join(folder, NAME), data, 0o666)
