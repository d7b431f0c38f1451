"""Run several commands as one write.

Whoever opened the write decides what becomes of all of them together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from tracker.errors import NotFound, Refused
from tracker.workspace.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import NoReturn

    from tracker.cache.issues.queries import IssueQueries
    from tracker.cache.memories.queries import MemoryQueries
    from tracker.log.snapshot import Drafts
    from tracker.model.context import Caller
    from tracker.model.issue import Issue


T = TypeVar("T")


class Transaction(Workspace):
    """The workspace `outer` as one of several commands sees it that write together.

    `touched` is the issue that the command left as the last one meant.
    """

    def __init__(self, outer: Workspace, caller: Caller, drafts: Drafts, touched: str = "") -> None:
        self.place = outer.place
        self.local = outer.local
        self.caller = caller
        self.amiss = []
        self.written = []
        self.touched = touched
        self._outer = outer
        self._drafts = drafts
        self.__dict__.update(
            config_text=outer.config_text, config=outer.config, claims=outer.claims
        )

    @property
    def answers(self) -> IssueQueries:
        """There are none before the write is done. Raises Refused."""
        self._refuse("it asks what the log holds, which is only known when all is written")

    @property
    def recollection(self) -> MemoryQueries:
        """There is none before the write is done either. Raises Refused."""
        self._refuse("it asks what is remembered, which is only known when all is written")

    def edit(self, action: Callable[[Drafts], T]) -> T:
        """Run an action on the drafts that the others changed before."""
        return action(self._drafts)

    def preview(self, action: Callable[[Drafts], T]) -> T:
        """What an action would give; the drafts of issues are put back."""
        issues = self._drafts.issues
        mark = issues.mark()
        try:
            return action(self._drafts)
        finally:
            issues.back_to(mark)

    def revise(self, *_args: object, **_more: object) -> NoReturn:
        """Only whoever opened the write may end it. Raises Refused."""
        self._refuse("it writes by itself")

    def refresh(self) -> None:
        """Nothing was read that could be old."""

    def warnings(self) -> list[str]:
        return []

    def news(self) -> list[str]:
        return []

    def touch(self, id: str) -> None:
        self.touched = id

    def named(self, ids: Sequence[str]) -> list[str]:
        return list(ids) or ([self.touched] if self.touched else self._outer.named(ids))

    def resolve(self, text: str) -> str:
        from tracker.issues.lookup import resolve

        return resolve(text, self._drafts.issues, self.settings().prefix)

    def issue(self, id: str) -> Issue:
        found = self._drafts.issues.get_issue(self.resolve(id))
        if found is None:
            raise NotFound(id)
        return found

    def _refuse(self, why: str) -> NoReturn:
        raise Refused(f"this command cannot be part of a batch: {why}", hint="bd batch --help")
