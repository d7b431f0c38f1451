"""How far epics are: which children each has, how many of them are done."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tracker.change import Kin, live
from tracker.life import Closing, close
from tracker.words import TOMBSTONE

if TYPE_CHECKING:
    from tracker.change import Who
    from tracker.fields import Settings
    from tracker.log import Draft, Records
    from tracker.model import Issue

REASON = "All children completed"


class Progress(NamedTuple):
    """The children of an issue that are not deleted, and how many of them are closed."""

    children: int
    closed: int

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to do below it; what has no children never is."""
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
