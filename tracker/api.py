"""Open a workspace from Python: `tracker.open(path)`.

    import tracker

    with tracker.open("path/to/repository") as issues:
        login = issues.create("Fix the login", priority=1, labels=["backend"])
        docs = issues.create("Write the docs", needs=[login.id])
        issues.ready()                       # [login]
        issues.close(login.id, "Fixed")
        issues.ready()                       # [docs]

Every answer is made of `tracker.model.issue.Issue` values. A write is on disk when it returns.
Errors are those of `tracker.errors`.
"""

from __future__ import annotations

import getpass
import os
import time
from typing import TYPE_CHECKING, TypeVar

from tracker.issues import actions
from tracker.issues.filters import Filter
from tracker.issues.lifecycle import Closing
from tracker.issues.lookup import resolve
from tracker.log.issue_codec import decode
from tracker.model.issue import Labels, New
from tracker.workspace import discovery
from tracker.workspace.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import TracebackType
    from typing import Any, Self, Unpack

    from tracker.cache.issues.queries import IssueListPage, IssueQueries
    from tracker.log.issue_log import Draft
    from tracker.model.issue import Changes, Comment, Issue
    from tracker.store.journal import Op
    from tracker.workspace.memories import Memories


if TYPE_CHECKING:
    Issues = list[Issue]  # `list` is a method below
    Texts = list[str]

T = TypeVar("T")
_OPEN = Filter(hide_closed=True)
_ALL = Filter()


class LibraryCaller:
    """Who uses the API; what a command line would find in its environment is an argument here."""

    argv: tuple[str, ...] = ("python",)
    lock_timeout: float | None = None
    redact: bool = False
    allowed_secrets: frozenset[str] = frozenset()

    def __init__(
        self, actor: str, *, owner: str = "", session: str = "", readonly: bool = False
    ) -> None:
        self.actor = actor
        self.owner = owner
        self.session_id = session
        self.readonly = readonly

    def note(self, text: str) -> None:
        """Say nothing: a library has nobody to tell."""

    def clock(self) -> int:
        """Nanoseconds since 1970."""
        return time.time_ns()

    def nonce(self) -> int:
        """64 random bits."""
        return int.from_bytes(os.urandom(8), "big")


def open(
    path: str | os.PathLike[str] = ".",
    *,
    actor: str = "",
    owner: str = "",
    session: str = "",
    readonly: bool = False,
) -> Tracker:
    """The tracker of the workspace that `path` is in.

    `actor` is the name that is written into records (the user's login by default), `owner` a mail
    address, `session` tells several agents of one name apart. Raises NotATracker.
    """
    place = discovery.find(os.path.abspath(path), {})
    name = actor or _login()
    return Tracker(
        Workspace(place, LibraryCaller(name, owner=owner, session=session, readonly=readonly))
    )


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


class Tracker:
    """The issues of a workspace. Ids may be given short, as on the command line."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close_cache()

    def close_cache(self) -> None:
        """Let go of the cache; the next question opens it again."""
        self.workspace.refresh()

    @property
    def library(self) -> Memories:
        """What is remembered here: see `tracker.workspace.memories`."""
        return self.workspace.library

    def get(self, id: str) -> Issue:
        """One issue. Raises NotFound or Ambiguous."""
        self.workspace.refresh()
        return self.workspace.issue(id)

    def list(self, filter: Filter = _OPEN, *, sort: str = "") -> Issues:
        """The issues that a filter accepts: by default every one that is not closed."""
        return self._issues(lambda answers: answers.listed(filter, sort))

    def ready(self, filter: Filter = _ALL, *, sort: str = "") -> Issues:
        """What can be worked on now, most urgent first."""
        return self._issues(lambda answers: answers.ready(filter, sort))

    def blocked(self, filter: Filter = _ALL) -> Issues:
        """What waits for something else."""
        return self._issues(lambda answers: answers.blocked(filter))

    def search(self, text: str) -> Issues:
        """Issues that have a text in title, description or id, closed ones too."""
        return self.list(Filter(text=text))

    def problems(self) -> Texts:
        """What a reader should know about the log before believing an answer."""
        self.workspace.refresh()
        return self.workspace.warnings()

    def _issues(self, ask: Callable[[IssueQueries], IssueListPage]) -> Issues:
        def question() -> Issues:
            answers = self.workspace.answers
            return [decode(answers.line(row.n)) for row in ask(answers).rows]

        self.workspace.refresh()
        return self.workspace.asked(question)

    def create(
        self,
        title: str,
        *,
        labels: Iterable[str] = (),
        needs: Iterable[str] = (),
        **fields: Any,
    ) -> Issue:
        """A new issue; `needs` are the ids that it depends on, `fields` those of `actions.New`."""
        settings, who = self.workspace.settings(), self.workspace.creator()

        def make(draft: Draft) -> Issue:
            known = [("blocks", resolve(id, draft, settings.prefix)) for id in needs]
            given = {**fields, "dependencies": (*fields.get("dependencies", ()), *known)}
            return actions.create(
                draft, New(title=title, labels=tuple(labels), **given), settings, who
            )

        return self.workspace.write(make)

    def update(self, id: str, **changes: Unpack[Changes]) -> Issue:
        """The issue with other values: the fields of `actions.Changes`."""
        settings, who = self.workspace.settings(), self.workspace.who()
        return self._on(id, lambda draft, full: actions.update(draft, full, changes, settings, who))

    def claim(self, id: str, *, lease: float = 0) -> Issue:
        """Take an issue that nobody has; `lease` in seconds. Raises Taken."""
        return self.workspace.claim(self.workspace.resolve(id), round(lease * 1_000_000_000))

    def close(self, id: str, reason: str = "Closed", *, force: bool = False) -> Issue:
        """Close an issue. Raises Blocked unless forced."""
        settings, who = self.workspace.settings(), self.workspace.who()
        closing = Closing(reason, force)
        return self._on(id, lambda draft, full: actions.close(draft, full, closing, settings, who))

    def reopen(self, id: str, reason: str = "") -> Issue:
        """Open a closed issue again."""
        settings, who = self.workspace.settings(), self.workspace.who()
        return self._on(id, lambda draft, full: actions.reopen(draft, full, reason, settings, who))

    def delete(self, id: str, reason: str = "") -> Issue:
        """Make a tombstone of an issue."""
        who = self.workspace.who()
        return self._on(id, lambda draft, full: actions.delete(draft, full, reason, who))

    def restore(self, id: str) -> Issue:
        """Bring a deleted issue back."""
        who = self.workspace.who()
        return self._on(id, lambda draft, full: actions.restore(draft, full, who))

    def link(self, id: str, on: str, type: str = "blocks") -> Issue:
        """Make one issue depend on another. Raises Cycle."""
        who, prefix = self.workspace.who(), self.workspace.settings().prefix
        return self._on(
            id, lambda draft, full: actions.link(draft, full, resolve(on, draft, prefix), type, who)
        )

    def unlink(self, id: str, on: str, type: str | None = None) -> None:
        """Take a dependency away, or every one between the two."""
        who, prefix = self.workspace.who(), self.workspace.settings().prefix
        self._on(
            id,
            lambda draft, full: actions.unlink(draft, full, resolve(on, draft, prefix), type, who),
        )

    def label(self, id: str, *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> Issue:
        """Add and remove labels."""
        who = self.workspace.who()
        labels = Labels(tuple(add), tuple(remove))
        return self._on(id, lambda draft, full: actions.label(draft, full, labels, who))

    def comment(self, id: str, text: str) -> Comment:
        """Add a comment."""
        who = self.workspace.who()
        return self._on(id, lambda draft, full: actions.comment(draft, full, text, who))

    def undo(self, *, anyone: bool = False) -> Op:
        """Put back what the last write of this session or actor changed, or of `anyone`.

        Raises Moved, or NotYours where only somebody else wrote.
        """
        return self.workspace.undo(anyone=anyone)

    def _on(self, id: str, action: Callable[[Draft, str], T]) -> T:
        """Run an action on the issue that an id means, in one write."""
        prefix = self.workspace.settings().prefix
        return self.workspace.write(lambda draft: action(draft, resolve(id, draft, prefix)))
