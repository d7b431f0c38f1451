"""`bd close`: close issues."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import click

from tracker.cli.command import Listed, command, ignored, pass_session
from tracker.cli.issue_options import answer, as_json, edited
from tracker.errors import Invalid, TrackerError
from tracker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from typing import Any

    from tracker.cli.session import Session
    from tracker.log.issue_log import Draft
    from tracker.log.snapshot import Drafts
    from tracker.model.issue import Issue
    from tracker.model.memory import Memory


_OPTIONS = (
    click.option(
        "--remember", "lesson", metavar="TEXT", help="Remember TEXT as a lesson of this issue"
    ),
    click.option(
        "--key", "lesson_key", metavar="KEY", help="Key of that memory  [from its first words]"
    ),
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
            why = "the text to remember is empty"
            raise Invalid(f"{why}; nothing was written", hint='--remember "TEXT"')
        both = set(self.verdicts["success"]) & set(self.verdicts["failure"])
        if both:
            raise Invalid(f"{min(both)} cannot be in both --used and --blame")

    def __bool__(self) -> bool:
        return self.text is not None or any(self.verdicts.values())

    def learn(self, drafts: Drafts, issues: Sequence[Issue]) -> None:
        """Record it, in the same write in which the issues are closed."""
        from tracker.cli.issue_options import origin
        from tracker.memory import actions, outcomes

        hand = self._session.tracker.library.hand(origin(self._session, {}))
        for verdict, names in self.verdicts.items():
            for key in names:
                for issue in issues:
                    about = outcomes.About(issue.id)
                    outcomes.record(drafts, key, verdict, about, hand.who)
        if self.text is not None:
            ids = [issue.id for issue in issues]
            notes = drafts.memories
            key = self.key or actions.free_key(notes, self.text)
            self.memory = actions.put(notes, key, {"content": self.text, "issues": ids}, hand)


class ClosedIssue(NamedTuple):
    """A closed issue, what became ready by it, and what is to be said if it was closed before."""

    issue: Issue
    free: list[Issue]
    remark: str


@command(
    "close",
    examples=[
        'bd close bd-a1b2c --reason "Fixed in 3f2a"',
        'bd close bd-a1b2c --remember "Detrend before fitting" --used climate/drift',
        "bd close bd-a1b2c bd-d3e4f",
        "bd close bd-a1b2c --suggest-next --json",
    ],
    json_errors="stdout",
    writes=True,
)
@click.argument("ids", nargs=-1, metavar="[ID...]")
@click.option(
    "-r", "--reason", "--resolution", "-m", "--message", "reasons", multiple=True, metavar="TEXT",
    help="Reason, once for all or once for each ID  [Closed]",
)  # fmt: skip
@click.option("--reason-file", metavar="FILE", help="Read the reason from a file; '-' is stdin")
@click.option("-f", "--force", is_flag=True, help="Close even if open issues block it")
@click.option("--suggest-next", is_flag=True, help="Show the issues this made ready")
@click.option("--claim-next", is_flag=True, help="Then claim the next ready issue")
@click.option("--session", "session_id", metavar="NAME", help="Record NAME as the session")
@learning
@ignored("--continue", "--no-auto")
@pass_session
def close(
    session: Session,
    /,
    ids: tuple[str, ...],
    *,
    reasons: tuple[str, ...],
    reason_file: str | None,
    force: bool,
    suggest_next: bool,
    claim_next: bool,
    session_id: str | None,
    **learned: Any,
) -> None:
    """Close issues.

    Without an ID, closes the issue you touched last.
    """
    lesson = Lesson(session, learned)
    ending = _Ending(session, _reasons(session, ids, reasons, reason_file))
    ending.lesson = lesson
    workspace = session.tracker
    if session_id:
        ending.who = ending.who._replace(session=session_id)
    ending.force, ending.suggest = force, suggest_next
    done = edited(session, workspace.named(ids), ending.end, also=ending.after)
    closed = [one.issue for one in done]
    gone = {issue.id for issue in closed}
    free = {one.id: one for ended in done for one in ended.free if one.id not in gone}
    workspace.touch(closed[-1].id)
    following: list[Issue | None] = []
    if claim_next:
        from tracker.cli import claims
        from tracker.issues.filters import Filter

        following.append(claims.claim_next_ready(session, Filter()))
    _say_closed(session, closed, list(free.values()), following)
    if suggest_next and not session.json:
        lines = workspace.asked(lambda: _waiting(session, gone, free))
        if lines:
            session.say("\n".join(["\nWaited for it too, and not ready:", *lines]))
    ending.note()
    if lesson.memory and not session.json:
        from tracker.render.memories import said

        session.say(said("remembered", lesson.memory))


class _Ending:
    """How the issues of one command line are closed; `why` tells the reason of each."""

    def __init__(self, session: Session, why: Callable[[Draft, str], str]) -> None:
        self.session = session
        self.settings = session.tracker.settings()
        self.who = session.tracker.who()
        self.why = why
        self.lesson: Lesson | None = None
        self.usual = "Closed"
        self.force = False
        self.suggest = False
        self.remarks: list[str] = []

    def end(self, draft: Draft, id: str) -> ClosedIssue:
        """Close one. Where it is closed, another reason becomes a comment: nothing is lost."""
        from tracker.issues import actions

        reason = self.why(draft, id)
        remark = _remark(draft, id, reason, self.settings.closing)
        closing = actions.Closing(reason or self.usual, self.force)
        issue = actions.close(draft, id, closing, self.settings, self.who)
        if remark:
            issue = actions.comment_once(draft, id, reason, self.who)
        if not self.suggest:
            return ClosedIssue(issue, [], remark)
        free = actions.newly_unblocked(draft.before, draft, id, self.settings, self.who)
        return ClosedIssue(issue, free, remark)

    def after(self, drafts: Drafts, done: list[ClosedIssue]) -> None:
        """What else goes into the same write, and what is to be said about it."""
        left = left_open(drafts.issues, [one.issue for one in done], self.settings.closing)
        self.remarks = [*(one.remark for one in done if one.remark), *left]
        if self.lesson:
            self.lesson.learn(drafts, [one.issue for one in done])

    def note(self) -> None:
        """Say it."""
        for remark in self.remarks:
            self.session.note(remark)


def close_plainly(session: Session, ids: Sequence[str], reason: str, usual: str) -> None:
    """Close issues for a reason, or without one for the usual one, and say so."""
    ending = _Ending(session, lambda _draft, _id: reason)
    ending.usual = usual
    done = edited(session, ids, ending.end, also=ending.after)
    _say_closed(session, [one.issue for one in done], (), ())
    ending.note()


def _reasons(
    session: Session, ids: tuple[str, ...], reasons: tuple[str, ...], file: str | None
) -> Callable[[Draft, str], str]:
    """What tells the reason for an issue: one for all, or each its own."""
    from tracker.issues.lookup import resolve

    if file is not None:
        if reasons:
            raise Invalid("cannot specify both --reason and --reason-file")
        reasons = (session.read(file).rstrip("\r\n"),)
    if len(reasons) < 2:
        return lambda _draft, _id: "".join(reasons)
    if len(reasons) != len(ids):
        raise Invalid(
            f"{len(reasons)} reasons for {len(ids)} issues: give one for all, or one for each"
        )
    prefix = session.tracker.settings().prefix

    def why(draft: Draft, id: str) -> str:
        for text, reason in zip(ids, reasons, strict=True):
            with suppress(TrackerError):
                if resolve(text, draft, prefix) == id:
                    return reason
        return ""

    return why


def _remark(draft: Draft, id: str, reason: str, closing: Collection[str]) -> str:
    """What is to be said where an issue is closed already, for another reason than this one."""
    issue = draft.get_issue(id)
    is_said = not reason.strip() or (issue is not None and reason == issue.close_reason)
    if issue is None or issue.status not in closing or is_said:
        return ""
    stays = "its reason stays, yours is a comment now"
    return f"{id} was closed already: {stays} (bd update {id} --reason TEXT replaces it)"


def left_open(draft: Draft, closed: Sequence[Issue], closing: frozenset[str]) -> Iterator[str]:
    """What is to be said of those that were closed before their children."""
    from tracker.issues.lifecycle import progress

    for issue in closed:
        how = progress(draft, issue.id, closing)
        count = how.children - how.closed
        if count:
            what = "1 open child" if count == 1 else f"{count} open children"
            yield f"{issue.id} has {what} (bd list --parent {issue.id})"


def _waiting(session: Session, closed: Collection[str], free: Collection[str]) -> list[str]:
    """What waited for the closed issues too and is not ready, with the reason."""
    from tracker.cache.issues.obstacles import HOLDING, Obstacles
    from tracker.render.issue_lines import phrase

    answers = session.tracker.answers
    asked = Obstacles(answers)
    rows = {
        edge.id: edge.row
        for id in closed
        if (row := answers.row(id)) is not None
        for edge in answers.edges_to(row)
        if edge.type in HOLDING and edge.id not in {*closed, *free} and edge.row is not None
    }
    lines = []
    for id, row in rows.items():
        reasons = [phrase(one, id, asked.state(one.id)) for one in asked.of(id)]
        if reasons and row.status not in answers.at.closing:
            told = ", ".join(reasons)
            lines.append(f'  • {one_line(id)} "{one_line(row.title)}" (P{row.priority}): {told}')
    return lines


def _say_closed(
    session: Session,
    closed: Sequence[Issue],
    free: Sequence[Issue],
    following: Sequence[Issue | None],
) -> None:
    """What was closed, what became ready by it, and what was claimed then if that was asked."""
    if session.json and (free or following):
        parts = {"closed": closed, **({"unblocked": free} if free else {})}
        rows = [f'  "{name}": [\n    {_array(issues)}\n  ]' for name, issues in parts.items()]
        rows += [f'  "claimed": {as_json(one) if one else "null"}' for one in following]
        session.write("{\n" + ",\n".join(rows) + "\n}\n")
        return
    answer(session, closed, lambda issue: f"✓ Closed {issue.id}: {one_line(issue.close_reason)}")
    if free:
        session.say("\nNewly unblocked:")
        for issue in free:
            session.say(f'  • {issue.id} "{one_line(issue.title)}" (P{issue.priority})')
    for next_issue in following:
        from tracker.cli.claims import claimed

        session.say(f"\n{claimed(next_issue)}")


def _array(issues: Sequence[Issue]) -> str:
    """The elements of an array that is a member of the document."""
    return ",\n    ".join(as_json(issue).replace("\n", "\n  ") for issue in issues)
