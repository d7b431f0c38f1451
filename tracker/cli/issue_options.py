"""The options that create and update share."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import click

from tracker.cli.command import MINUTES, PRIORITY, OneOf
from tracker.errors import Invalid, NotFound, TrackerError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from typing import Any

    from tracker.cli.command import CommandT
    from tracker.cli.session import Session
    from tracker.log.issue_log import Draft
    from tracker.log.snapshot import Drafts
    from tracker.model.issue import Issue


T = TypeVar("T")

TEXTS = ("description", "design", "acceptance_criteria", "notes")
_APART = frozenset({
    "title", *TEXTS, "due_at", "defer_until", "metadata", "labels", "parent", "ephemeral", "pinned",
})  # fmt: skip
"""Fields of new issues that do not simply hold what was typed."""

_FILES = {"description": "--body-file", "design": "--design-file"}
_OPTIONS = (
    click.option("--title", metavar="TEXT", help="Title"),
    click.option(
        "-d", "--description", "--body", "-m", "--message", "description", metavar="TEXT",
        help="Description; '-' reads standard input",
    ),
    click.option("--body-file", "--description-file", "description_file", metavar="FILE",
                 help="Read the description from a file; '-' is standard input"),
    click.option("--stdin", is_flag=True, help="Read the description from standard input"),
    click.option("--design", metavar="TEXT", help="Design notes"),
    click.option("--design-file", metavar="FILE", help="Read the design notes from a file"),
    click.option("--acceptance", "--acceptance-criteria", "acceptance_criteria", metavar="TEXT",
                 help="Acceptance criteria"),
    click.option("--notes", metavar="TEXT", help="Notes"),
    click.option("--append-notes", metavar="TEXT", help="Append a line to the notes"),
    click.option("-p", "--priority", type=PRIORITY, metavar="P",
                 help="Priority, 0 (most urgent) to 4"),
    click.option("-t", "--type", "issue_type", metavar="TYPE",
                 help="Type: bug, feature, task, epic..."),
    click.option("-a", "--assignee", metavar="NAME", help='Assignee; "" for unassigned'),
    click.option("-e", "--estimate", "estimated_minutes", type=MINUTES, metavar="MINUTES",
                 help="Estimate: 90, 45m, 2h or 1h30m"),
    click.option("--due", metavar="WHEN", help='Due date: +2d, friday, 2027-01-15; "" for none'),
    click.option("--defer", metavar="WHEN", help="Defer until WHEN"),
    click.option("--external-ref", metavar="REF", help="External reference, such as gh-9"),
    click.option("--spec-id", metavar="SPEC", help="Specification document"),
    click.option("--metadata", metavar="JSON", help="Metadata: a JSON object or @FILE"),
)  # fmt: skip


def described(function: Any) -> Any:
    """Add the field options that `create` and `update` share."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def fields_of(session: Session, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields set by the options of `described`, except the title.

    Texts come as typed, from files or from standard input; dates as the log holds them.
    """
    from tracker.model.issue import Changes, New

    found: dict[str, Any] = _texts(session, given)
    plain = {*New._fields, "append_notes"} & Changes.__optional_keys__ - _APART
    found |= {name: given[name] for name in sorted(plain) if given[name] is not None}
    for name, flag in (("due_at", "due"), ("defer_until", "defer")):
        if given[flag] is not None:
            found[name] = _moment(session, f"--{flag}", given[flag])
    metadata = given["metadata"]
    if metadata is not None:
        found["metadata"] = session.read(metadata[1:]) if metadata[:1] == "@" else metadata
    return found


def _texts(session: Session, given: Mapping[str, Any]) -> dict[str, Any]:
    sources = {name: given.get(f"{name}_file") for name in TEXTS}
    for name, flag in _FILES.items():
        if given[name] is not None and sources[name] is not None:
            raise Invalid(f"cannot specify both --{name} and {flag}")
    if given["stdin"] or given["description"] == "-":
        if sources["description"] is not None or given["description"] not in {None, "-"}:
            raise Invalid("cannot specify both --stdin and another description")
        sources["description"] = "-"
    if list(sources.values()).count("-") > 1:
        raise Invalid("standard input can be used for only one field")
    typed = {name: given[name] for name in TEXTS if given[name] is not None}
    files = {name: file for name, file in sources.items() if file is not None}
    return typed | {name: session.read(file).rstrip("\r\n") for name, file in files.items()}


def _moment(session: Session, flag: str, text: str) -> str:
    if not text:
        return ""
    from tracker.cli.dates import when
    from tracker.model.timestamps import stamp

    return stamp(when(text, session.clock(), flag))


def edited(
    session: Session,
    ids: Iterable[str],
    action: Callable[[Draft, str], T],
    *,
    also: Callable[[Drafts, list[T]], None] | None = None,
    dry: bool = False,
    unchanged: set[str] | None = None,
) -> list[T]:
    """Apply an action to each named issue in one write and return the results.

    An issue whose action fails stays unchanged, and the failure is reported. `also` runs in the
    same write with the results. With `dry` nothing is written.
    The ids of issues that the action left as they were are added to `unchanged`.
    """
    from tracker.issues.lookup import resolve

    names = list(ids)
    workspace = session.tracker
    prefix = workspace.settings().prefix
    outcomes: list[T | TrackerError] = []
    first: dict[str, Issue | None] = {}

    def attempt(draft: Draft, text: str) -> T | TrackerError:
        mark = draft.mark()
        try:
            id = resolve(text, draft, prefix)
            first.setdefault(id, draft.get_issue(id))
            return action(draft, id)
        except TrackerError as error:
            draft.back_to(mark)
            return error

    def plan(drafts: Drafts) -> None:
        first.clear()
        outcomes[:] = [attempt(drafts.issues, text) for text in names]
        done = [one for one in outcomes if not isinstance(one, TrackerError)]
        if unchanged is not None:
            same = {id for id, old in first.items() if drafts.issues.get_issue(id) == old}
            unchanged.clear()
            unchanged.update(same)
        if also and done:
            also(drafts, done)

    (workspace.preview if dry else workspace.edit)(plan)
    waiting = iter(outcomes)
    return session.each(names, lambda _: _result(next(waiting)))


def _result(outcome: T | TrackerError) -> T:
    if isinstance(outcome, TrackerError):
        raise outcome
    return outcome


def parent_id(text: str, draft: Draft, prefix: str) -> str:
    """Resolve a short parent id. Raises NotFound in the words of Beads."""
    from tracker.issues.lookup import resolve

    try:
        return resolve(text, draft, prefix)
    except NotFound as error:
        error.message = f"parent issue {text} not found"
        raise


def as_json(issue: Issue, *without: str) -> str:
    """Return an issue as JSON, as writing commands print it.

    Dependencies, comments and the fields in `without` are left out. A record without times gets
    some, because clients require them.
    """
    from dataclasses import replace

    from tracker.json_text import indented
    from tracker.log.issue_codec import encode
    from tracker.model.timestamps import stamp

    apart = ("dependencies", "comments", *without)
    left_out = {"_type", "dependency_count", "dependent_count", "comment_count", *apart}
    extra = tuple(pair for pair in issue.extra if pair[0] not in left_out)
    fields: dict[str, Any] = {**dict.fromkeys(apart, ()), "extra": extra}
    fields["created_at"] = issue.created_at or stamp(0)
    fields["updated_at"] = issue.updated_at or fields["created_at"]
    return indented(encode(replace(issue, **fields)).decode(), 2)


def answer(
    session: Session,
    issues: Sequence[Issue],
    line: Callable[[Issue], str],
    unchanged: Collection[str] = (),
) -> None:
    """Print one line for each issue, or all of them as JSON.

    An issue in `unchanged` says so in JSON and at a terminal; programs match the usual line.
    """
    if session.json:
        session.emit_raw(
            _with_changed(one) if one.id in unchanged else as_json(one) for one in issues
        )
        return
    from tracker.text import one_line

    for issue in issues:
        is_same = issue.id in unchanged and session.terminal is not None
        session.say(f"Unchanged {issue.id}: {one_line(issue.title)}" if is_same else line(issue))


def _with_changed(issue: Issue) -> str:
    from dataclasses import replace

    extra = tuple(pair for pair in issue.extra if pair[0] != "changed")
    return as_json(replace(issue, extra=(*extra, ("changed", "false"))))


_WAYS = ("newer", "skip", "fail", "theirs")


def on_conflict(where: str) -> Callable[[CommandT], CommandT]:
    """Add the option that chooses between two records; `where` begins its help."""
    return click.option(
        "--on-conflict", type=OneOf(_WAYS), default="newer", metavar="WAY",
        help=f"{where}: newer, skip, fail or theirs  [newer]",
    )  # fmt: skip


def origin(session: Session, given: Mapping[str, Any]) -> str:
    """Return `user` or `agent`: an agent names its session or has no terminal."""
    said = given.get("origin")
    if said:
        return str(said)
    is_person = session.stdin is not None and session.stdin.isatty() and not session.session_id
    return "user" if is_person else "agent"
