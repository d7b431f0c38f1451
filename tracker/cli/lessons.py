"""What is learned when an issue is closed: a memory, and verdicts about those that were used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tracker.cli.command import Listed
from tracker.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tracker.cli.session import Session
    from tracker.memory import Memory
    from tracker.model import Issue
    from tracker.shelf import Drafts

_OPTIONS = (
    click.option("--remember", "lesson", metavar="TEXT", help="Remember what was learned by it"),
    click.option("--key", "lesson_key", metavar="KEY", help="Under this key  [of its first words]"),
    click.option("--used", cls=Listed, metavar="KEYS", help="Memories that helped"),
    click.option("--blame", cls=Listed, metavar="KEYS", help="Memories that misled"),
)


def learning(function: Any) -> Any:
    """The options for what is learned."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


class Lesson:
    """What the options of `learning` ask for; `memory` is what was remembered in the end."""

    def __init__(self, session: Session, given: Mapping[str, Any]) -> None:
        self.text: str | None = given["lesson"]
        self.key: str | None = given["lesson_key"]
        self.verdicts = {"success": given["used"] or (), "failure": given["blame"] or ()}
        self.memory: Memory | None = None
        self._session = session
        if self.key and self.text is None:
            raise Invalid("--key needs --remember", hint='--remember "TEXT" --key KEY')
        if self.text is not None and not self.text.strip():
            why = "there is nothing to remember: the text is empty"
            raise Invalid(f"{why}; nothing was written", hint='--remember "TEXT"')
        both = set(self.verdicts["success"]) & set(self.verdicts["failure"])
        if both:
            raise Invalid(f"{min(both)} cannot both have helped and misled")

    def __bool__(self) -> bool:
        return self.text is not None or any(self.verdicts.values())

    def learn(self, drafts: Drafts, issues: Sequence[Issue]) -> None:
        """Record it, in the same write in which the issues are closed."""
        from tracker import outcomes, remember
        from tracker.cli.remembering import origin

        hand = self._session.tracker.library.hand(origin(self._session, {}))
        for verdict, names in self.verdicts.items():
            for key in names:
                for issue in issues:
                    about = outcomes.About(issue.id)
                    outcomes.record(drafts, key, verdict, about, hand.who)
        if self.text is not None:
            ids = [issue.id for issue in issues]
            notes = drafts.memories
            key = self.key or remember.free_key(notes, self.text)
            self.memory = remember.put(notes, key, {"content": self.text, "issues": ids}, hand)
