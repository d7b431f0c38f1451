"""Read and write GitHub issues as JSON.

Read are what `gh issue list --json ...` prints and what the REST API answers; written is the form
of `gh`. An issue is known by `external_ref`: gh-12, or owner/name#12 where another repository has
that number here. What was exported carries our id in `bd`, so a bridge that creates it over there
and brings the answer back finds it again. Laws: what was exported comes back without a change; what
GitHub does not know (in_progress, dependencies, notes) stays.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from tracker import json_text
from tracker.errors import Invalid
from tracker.interchange import plan_attributes as said
from tracker.interchange.import_issues import Arrival
from tracker.json_text import quote
from tracker.log.issue_codec import encode
from tracker.merge.fields import remark_id
from tracker.model import ids
from tracker.model.issue import TITLE_LIMIT, Comment, Issue
from tracker.model.status import CLOSED, CLOSING, TOMBSTONE
from tracker.model.timestamps import instant, stamp
from tracker.model.validation import members_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from tracker.log.issue_log import Log


FIELD = "github"
TYPES = {"bug": "bug", "enhancement": "feature", "feature": "feature", "epic": "epic",
         "task": "task", "chore": "chore"}  # fmt: skip
_LABELS = {"bug": "bug", "feature": "enhancement", "epic": "epic", "chore": "chore"}
_PRIORITY = re.compile(r"(?:p|prio(?:rity)?)[\s:/_-]*(\w+)\Z", re.IGNORECASE)
_REPOSITORY = re.compile(r"https?://[^/]+/([^/]+/[^/]+)/(?:issues|pull)/\d+")
_REASONS = {"completed": "completed", "not_planned": "not planned", "duplicate": "duplicate"}
_NUMBER = re.compile(r"(?:gh-|[^/\s]+/[^/\s#]+#)(\d+)\Z")


class GithubIssue(NamedTuple):
    """An issue as GitHub tells it; times as the log holds them."""

    number: int
    title: str
    body: str
    is_closed: bool
    reason: str
    labels: tuple[str, ...]
    assignees: tuple[str, ...]
    author: str
    created_at: str
    updated_at: str
    closed_at: str
    milestone: str
    url: str
    comments: tuple[Comment, ...]
    own: str

    @property
    def repository(self) -> str:
        """owner/name, as its address tells it; "" where there is none."""
        match = _REPOSITORY.match(self.url)
        return match[1] if match else ""


def read(text: str) -> list[GithubIssue]:
    """The issues of a document, pull requests left out. Raises Invalid, which names the element."""
    try:
        found = json_text.loads(text)
    except ValueError as error:
        raise Invalid(f"this is no JSON: {error}") from None
    if isinstance(found, dict):
        found = found["items"] if isinstance(found.get("items"), list) else [found]
    if not isinstance(found, list):
        raise Invalid(
            "this is no list of issues", hint="gh issue list --json number,title,body,..."
        )
    rows = [(number, row) for number, row in enumerate(found, 1) if not _is_pull(row)]
    return [_given(number, row) for number, row in rows]


def _is_pull(row: Any) -> bool:
    return isinstance(row, dict) and bool(row.get("pull_request") or row.get("isPullRequest"))


def _given(place: int, row: Any) -> GithubIssue:
    own = row.get("bd") if isinstance(row, dict) else None
    mine = str(own.get("id") or "") if isinstance(own, dict) else ""
    number = row.get("number") if isinstance(row, dict) else None
    if not isinstance(row, dict) or not (isinstance(number, int) or mine):
        raise Invalid(f"element {place} is no issue of GitHub: it has no number")
    title = " ".join(_text(row, "title").split())
    if not title and not mine:
        raise Invalid(f"element {place} has no title")
    reason = _text(row, "stateReason", "state_reason").lower()
    milestone = row.get("milestone")
    created = _time(_text(row, "createdAt", "created_at"))
    return GithubIssue(
        number=number if isinstance(number, int) else 0,
        title=title.encode(errors="replace")[:TITLE_LIMIT].decode(errors="ignore"),
        body=_plain(_text(row, "body")),
        is_closed=_text(row, "state").lower() == CLOSED,
        reason=_REASONS.get(reason, reason),
        labels=tuple(_names(row.get("labels"), "name")),
        assignees=tuple(_names(row.get("assignees"), "login")),
        author=next(_names([row.get("author") or row.get("user")], "login"), ""),
        created_at=created,
        updated_at=_time(_text(row, "updatedAt", "updated_at")) or created,
        closed_at=_time(_text(row, "closedAt", "closed_at")),
        milestone=_text(milestone, "title") if isinstance(milestone, dict) else "",
        url=_text(row, "html_url", "url"),
        comments=tuple(_comments(row.get("comments"))),
        own=mine,
    )


def _text(row: Mapping[str, Any], *names: str) -> str:
    found = (row.get(name) for name in names)
    return next((value for value in found if isinstance(value, str) and value), "")


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n")


def _names(found: Any, key: str) -> Iterator[str]:
    for one in found if isinstance(found, list) else ():
        name = one.get(key) if isinstance(one, dict) else one
        if isinstance(name, str) and name:
            yield name


def _comments(found: Any) -> Iterator[Comment]:
    for one in found if isinstance(found, list) else ():
        if isinstance(one, dict) and _text(one, "body"):
            yield Comment(
                author=next(_names([one.get("author") or one.get("user")], "login"), ""),
                text=_plain(_text(one, "body")),
                created_at=_time(_text(one, "createdAt", "created_at")),
            )


def _time(text: str) -> str:
    at = instant(text)
    return stamp(at) if at > 0 else ""


# Coming in.


def arrivals(log: Log, given: Sequence[GithubIssue], prefix: str) -> list[Arrival]:
    """Each issue as a record: the one that the log has, with what GitHub says; or a new one."""
    known = _by_reference(log)
    found = []
    taken: set[str] = set()
    for one in given:
        issue = _known(log, known, one)
        if issue is not None and issue.status == TOMBSTONE:
            found.append(Arrival(issue.id, log.line(issue.id) or b""))
            continue
        new = _met(issue, one) if issue is not None else _new(log, one, prefix, taken, known)
        taken.add(new.id)
        found.append(Arrival(new.id, encode(new)))
    return found


def _by_reference(log: Log) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for _, row in log.rows():
        ref = row.get("external_ref")
        if isinstance(ref, str) and ref:
            found.setdefault(ref, []).append(row["id"])
    return found


def _known(log: Log, known: Mapping[str, Iterable[str]], one: GithubIssue) -> Issue | None:
    if one.own and (issue := log.get_issue(one.own)):
        return issue
    refs = (f"{one.repository}#{one.number}", one.url, f"gh-{one.number}")
    for ref in refs if one.number else ():
        for id in known.get(ref, ()):
            issue = log[id]
            url = _remembered(issue).get("url", "")
            if not url or not one.url or url == quote(one.url):
                return issue
    return None


def _remembered(issue: Issue) -> dict[str, str]:
    raw = (members_of(issue.metadata) or {}).get(FIELD, "")
    return members_of(raw) or {} if raw.startswith("{") else {}


def _new(
    log: Log, one: GithubIssue, prefix: str, taken: set[str], known: Mapping[str, Iterable[str]]
) -> Issue:
    """A new issue; its id is made of where it stands there, so every clone makes the same."""
    if not one.number:  # exported from another log, and never created over there
        return _met(Issue(id=ids.check_id(one.own), created_at=one.created_at, priority=2), one)
    ref = f"gh-{one.number}"
    if known.get(ref) and one.repository:
        ref = f"{one.repository}#{one.number}"
    seed = ids.Seed("", one.url or ref, FIELD, 0, 0)
    count = log.prefixes().get(prefix, 0)
    id = ids.make(prefix, seed, count, lambda name: name in log or name in taken)
    born = Issue(
        id=id, created_at=one.created_at, created_by=one.author, priority=2, external_ref=ref
    )
    return _met(born, one)


def _met(issue: Issue, one: GithubIssue) -> Issue:
    """An issue with what GitHub says of it."""
    rest, kind, priority = _sorted_labels(one.labels)
    if set(one.labels) == set(_labels_of(issue)):
        rest, kind, priority = [*issue.labels], issue.issue_type, issue.priority
    new = replace(
        issue,
        title=issue.title if " ".join(issue.title.split()) == one.title else one.title,
        description=issue.description if _plain(issue.description) == one.body else one.body,
        labels=tuple(sorted(rest)),
        issue_type=kind or issue.issue_type,
        priority=issue.priority if priority is None else priority,
        assignee=_assignee(issue, one),
        external_ref=issue.external_ref or (f"gh-{one.number}" if one.number else ""),
        updated_at=one.updated_at or issue.updated_at,
        metadata=_metadata(issue, one),
        comments=_with_comments(issue, one.comments),
    )
    return _ended(new, one)


def _assignee(issue: Issue, one: GithubIssue) -> str:
    if issue.assignee in one.assignees:
        return issue.assignee
    return one.assignees[0] if one.assignees else ""


def _ended(issue: Issue, one: GithubIssue) -> Issue:
    """The status, where GitHub tells of another one."""
    if one.is_closed and issue.status not in CLOSING:
        at = one.closed_at or one.updated_at
        return replace(issue, status=CLOSED, closed_at=at, close_reason=one.reason or "completed")
    if not one.is_closed and issue.status == CLOSED:
        gone = {"closed_at": "", "close_reason": "", "closed_by_session": ""}
        return replace(issue, status="open", **gone)  # type: ignore[arg-type]
    return issue


def _sorted_labels(labels: Iterable[str]) -> tuple[list[str], str, int | None]:
    """Labels that are only that, and the type and priority that others of them mean."""
    rest: list[str] = []
    kind, priority = "", None
    for label in labels:
        match = _PRIORITY.match(label)
        rank = said.priority(match[1]) if match else None
        if rank is not None:
            priority = rank
        elif label.lower() in TYPES and not kind:
            kind = TYPES[label.lower()]
        else:
            rest.append(label)
    return rest, kind, priority


def _metadata(issue: Issue, one: GithubIssue) -> str:
    pairs = members_of(issue.metadata)
    if pairs is None:
        return issue.metadata
    told: dict[str, Any] = {"url": one.url, "milestone": one.milestone}
    if len(one.assignees) > 1:
        told["assignees"] = list(one.assignees)
    kept = {
        **_remembered(issue),
        **{name: json.dumps(value, ensure_ascii=False) for name, value in told.items() if value},
    }
    if kept:
        inner = ",".join(f"{quote(name)}:{text}" for name, text in kept.items())
        pairs = {**pairs, FIELD: "{" + inner + "}"}
    if not pairs:
        return ""
    return "{" + ",".join(f"{quote(name)}:{text}" for name, text in pairs.items()) + "}"


def _with_comments(issue: Issue, more: Iterable[Comment]) -> tuple[Comment, ...]:
    known = {(one.author, _plain(one.text).strip()) for one in issue.comments}
    new = tuple(
        replace(one, id=remark_id(issue.id, f"{one.author}|{one.text}"), issue_id=issue.id)
        for one in more
        if (one.author, one.text.strip()) not in known
    )
    return (*issue.comments, *new)


# Going out.


def exported(issue: Issue) -> dict[str, Any]:
    """An issue in the form of `gh issue list --json`, with our id beside it."""
    match = _NUMBER.match(issue.external_ref)
    found = _remembered(issue)
    milestone = json_text.loads(found.get("milestone", '""'))
    is_closed = issue.status in CLOSING
    return {
        "number": int(match[1]) if match else None,
        "title": issue.title,
        "body": issue.description,
        "state": "CLOSED" if is_closed else "OPEN",
        "stateReason": _state_reason(issue) if is_closed else "",
        "labels": [{"name": name} for name in _labels_of(issue)],
        "assignees": [{"login": name} for name in _assignees(issue, found)],
        "author": {"login": issue.created_by} if issue.created_by else None,
        "createdAt": issue.created_at or None,
        "updatedAt": issue.updated_at or None,
        "closedAt": issue.closed_at or None if is_closed else None,
        "milestone": {"title": milestone} if milestone else None,
        "url": json_text.loads(found.get("url", '""')),
        "comments": [
            {"author": {"login": one.author}, "body": one.text, "createdAt": one.created_at}
            for one in issue.comments
        ],
        "bd": {"id": issue.id, "status": issue.status, "external_ref": issue.external_ref},
    }


def _labels_of(issue: Issue) -> list[str]:
    more = [_LABELS[issue.issue_type]] if issue.issue_type in _LABELS else []
    more += [f"P{issue.priority}"] if issue.priority != 2 else []
    return [*issue.labels, *(name for name in more if name not in issue.labels)]


def _assignees(issue: Issue, found: Mapping[str, str]) -> list[str]:
    others = json_text.loads(found.get("assignees", "[]"))
    names = [issue.assignee] if issue.assignee else []
    return names + [name for name in others if name not in names] if names else []


def _state_reason(issue: Issue) -> str:
    for word, reason in _REASONS.items():
        if issue.close_reason == reason:
            return word.upper()
    return "NOT_PLANNED" if issue.status == TOMBSTONE else "COMPLETED"
