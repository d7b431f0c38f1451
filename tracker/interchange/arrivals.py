"""Records that come in from a file, and what becomes of each of them.

Identity is the id, never the content. Laws: what the log holds already changes nothing, so the
same file may come in any number of times; a record that is not in the file is never touched; an
issue of the log is never given up for another one that happens to have its id; a comment of either
side is in the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from tracker.change import Who, changed
from tracker.codec import KEY_ORDER, encode
from tracker.errors import Refused
from tracker.ids import is_top_level
from tracker.life import bury
from tracker.model import PARENT, Comment, Issue, instant, stamp
from tracker.rules import ISSUE
from tracker.settle import is_edited
from tracker.sides import Row
from tracker.words import TOMBSTONE

if TYPE_CHECKING:
    from tracker.log import Log

NEWER, SKIP, FAIL, THEIRS = "newer", "skip", "fail", "theirs"
CONFLICTS = (NEWER, SKIP, FAIL, THEIRS)
ALLOW, STRICT, LEAVE = "allow", "strict", "skip"
ORPHANS = (ALLOW, STRICT, LEAVE, "resurrect")

CREATED, UPDATED, UNCHANGED, SKIPPED = "created", "updated", "unchanged", "skipped"
_DIFFERS = "it differs"
_KNOWN = frozenset({*KEY_ORDER, "content_hash", "source_repo", "source_repo_path"})
_REPLACED = _KNOWN - {"comments"}  # what an arrival that stands may simply replace
_WORDS = frozenset({"title", "description", "design", "acceptance_criteria", "notes"})
_STAMPS = frozenset({"updated_at", "content_hash"})
_EXACT = _KNOWN - {"metadata", "quality_score", "payload"}  # the others may hold long numbers


Watch = Callable[[Iterable[Any], int], Iterable[Any]]
"""Passes on what it is given, and may tell somebody how far that has come, of how many."""


class Arrival(NamedTuple):
    """A record on its way in: the line that it is, and where it stood; `gone` marks a deletion."""

    id: str
    line: bytes
    number: int = 0
    gone: bool = False


class Policy(NamedTuple):
    """What to do where the log has the id already, and about parents that are nowhere.

    `newer` compares `updated_at`, and on a tie the log stands, but for those that are `leading`;
    `theirs` takes what comes in.
    """

    on_conflict: str = NEWER
    orphans: str = ALLOW
    leading: frozenset[str] = frozenset()


class Verdict(NamedTuple):
    """What became of one arrival; `id` is its id in the log, `why` is only said where it is odd."""

    id: str
    what: str
    why: str = ""
    line: bytes | None = None


class Taken(NamedTuple):
    """What an import does: a verdict for each arrival, in their order."""

    verdicts: tuple[Verdict, ...]

    @property
    def lines(self) -> dict[str, bytes | None]:
        """The new line of each record that changes."""
        return {one.id: one.line for one in self.verdicts if one.what in {CREATED, UPDATED}}

    def ids(self, what: str) -> list[str]:
        """The ids of one kind of verdict."""
        return [one.id for one in self.verdicts if one.what == what]

    def counts(self) -> dict[str, int]:
        """How many there are of each kind, in the order in which Beads names them."""
        kinds = (CREATED, UPDATED, UNCHANGED, SKIPPED)
        return {kind: sum(one.what == kind for one in self.verdicts) for kind in kinds}


def take(log: Log, arrivals: Sequence[Arrival], policy: Policy, who: Who) -> Taken:
    """What becomes of each arrival. Raises Refused where the policy says that nothing may.

    Of several arrivals of one id the last counts.
    """
    last = {one.id: one for one in arrivals}
    verdicts = [_decided(log, one, policy, who) for one in last.values()]
    verdicts = _without_orphans(log, last, verdicts, policy)
    if policy.on_conflict == FAIL:
        _forbid_conflicts(verdicts)
    return Taken(tuple(verdicts))


def _decided(log: Log, arrival: Arrival, policy: Policy, who: Who) -> Verdict:
    id, line = arrival.id, arrival.line
    old = log.line(id)
    if arrival.gone:
        return _deleted(log, id, who)
    if old is None:
        return Verdict(id, CREATED, line=line)
    ours, theirs = Row(("", id), old, is_issue=True), Row(("", id), line, is_issue=True)
    if old == line or not _is_edited(ours, theirs):
        return Verdict(id, UNCHANGED)
    if policy.on_conflict in {SKIP, FAIL}:
        return Verdict(id, SKIPPED, _DIFFERS if policy.on_conflict == FAIL else "")
    return _met(ours, theirs, policy, who)


def _is_edited(ours: Row, theirs: Row) -> bool:
    """Whether the two say something else; looked at closely only where a glance does not tell."""
    one, two = ours.fields, theirs.fields
    names = one.keys() | two.keys()
    differ = {name for name in names if (one.get(name) or None) != (two.get(name) or None)}
    if differ & _WORDS:
        return True
    if differ <= _STAMPS and one.keys() <= _EXACT:
        return False
    return is_edited(ISSUE, ours.record, theirs.record)


def _met(ours: Row, theirs: Row, policy: Policy, who: Who) -> Verdict:
    """An arrival that the log has in another form, where one of the two is to stand."""
    id = ours.key[1]
    ahead = instant(theirs.text("updated_at")) - instant(ours.text("updated_at"))
    is_later = ahead > 0 or (ahead == 0 and id in policy.leading)
    deleted = ours.text("status") == TOMBSTONE, theirs.text("status") == TOMBSTONE
    if all(deleted):
        return Verdict(id, UNCHANGED)
    if policy.on_conflict != THEIRS:
        if deleted == (True, False):
            return Verdict(id, SKIPPED, "it is deleted here")
        if not is_later:
            return _older(ours, theirs, who)
    if not any(deleted) and ours.fields.keys() <= _REPLACED:
        return Verdict(id, UPDATED, line=theirs.line)
    mine, other = ours.issue, theirs.issue
    new = _buried(mine, other) if deleted == (False, True) else _standing(mine, other)
    line = theirs.line if new == other else encode(new)
    is_new = _is_edited(ours, Row(ours.key, line, is_issue=True))
    return Verdict(id, UPDATED, line=line) if is_new else Verdict(id, UNCHANGED)


def _older(ours: Row, theirs: Row, who: Who) -> Verdict:
    """An arrival that is not later than what the log has: only its comments may be new."""
    id = ours.key[1]
    kept = ours.issue
    if theirs.fields.get("comments"):
        kept = _with_comments(kept, theirs.issue.comments)
    if kept.comments == ours.issue.comments:
        return Verdict(id, SKIPPED, "the log has a later edit")
    new = changed(ours.issue, who, {"comments": kept.comments})
    return Verdict(id, UPDATED, line=encode(new))


def _buried(mine: Issue, other: Issue) -> Issue:
    """A deletion that comes in: all that the log knows stays, so that it can be restored."""
    stamps = {
        "deleted_at": other.deleted_at or other.updated_at,
        "deleted_by": other.deleted_by,
        "delete_reason": other.delete_reason,
        "original_type": other.original_type or mine.issue_type,
    }
    return replace(bury(mine, stamps), updated_at=other.updated_at or mine.updated_at)


def _standing(mine: Issue, other: Issue) -> Issue:
    """The arrival, with what its writer could not know: our comments, and keys that no Beads has.

    A key of Beads that is absent was cleared; one that only we have was never seen.
    """
    carried = {name for name, _ in other.extra}
    unseen = [pair for pair in mine.extra if pair[0] not in _KNOWN and pair[0] not in carried]
    aliases = tuple(sorted({*mine.aliases, *other.aliases}))
    extra = tuple(sorted((*other.extra, *unseen)))
    return _with_comments(replace(other, extra=extra, aliases=aliases), mine.comments, first=True)


def _with_comments(issue: Issue, more: Iterable[Comment], *, first: bool = False) -> Issue:
    """The issue with the comments that it lacks; who wrote what tells comments apart."""
    if any(name == "comments" for name, _ in issue.extra):
        return issue
    known = {(one.author, one.text.strip()) for one in issue.comments}
    new = tuple(one for one in more if (one.author, one.text.strip()) not in known)
    if not new:
        return issue
    together = (*new, *issue.comments) if first else (*issue.comments, *new)
    return replace(issue, comments=tuple(sorted(together, key=lambda c: instant(c.created_at))))


def _deleted(log: Log, id: str, who: Who) -> Verdict:
    """A line that only says that an issue was deleted."""
    mine = log.get_issue(id)
    if mine is None:
        return Verdict(id, SKIPPED, "there is nothing to delete")
    if mine.status == TOMBSTONE:
        return Verdict(id, UNCHANGED)
    stamps = {
        "deleted_at": stamp(who.now),
        "deleted_by": who.name,
        "delete_reason": "import",
        "original_type": mine.issue_type,
    }
    new = bury(mine, stamps)
    later = changed(mine, who, {"status": TOMBSTONE}).updated_at
    return Verdict(id, UPDATED, line=encode(replace(new, updated_at=later)))


def _forbid_conflicts(verdicts: Iterable[Verdict]) -> None:
    differ = [one.id for one in verdicts if one.why == _DIFFERS]
    if differ:
        more = f" and {len(differ) - 5} more" if len(differ) > 5 else ""
        raise Refused(
            f"{len(differ)} issues differ from those in the log: {', '.join(differ[:5])}{more}; "
            "nothing was written",
            hint="--on-conflict newer, skip or theirs; --dry-run shows what each would do",
        )


def _without_orphans(
    log: Log, last: Mapping[str, Arrival], verdicts: list[Verdict], policy: Policy
) -> list[Verdict]:
    """The verdicts, where a new issue whose parent is nowhere is to be left out or refused."""
    if policy.orphans not in {STRICT, LEAVE}:
        return verdicts
    lost = {
        one.id: parent
        for one in verdicts
        if one.what == CREATED
        and (parent := _parent(one))
        and parent not in log
        and parent not in last
    }
    if lost and policy.orphans == STRICT:
        id, parent = next(iter(lost.items()))
        raise Refused(
            f"parent issue {parent} of {id} does not exist ({len(lost)} such issues); "
            "nothing was written",
            hint="--orphan-handling allow takes them as they are, skip leaves them out",
        )
    return [
        Verdict(one.id, SKIPPED, f"its parent {lost[one.id]} is not there")
        if one.id in lost
        else one
        for one in verdicts
    ]


def _parent(verdict: Verdict) -> str:
    """The parent that a line names, by its edge or else by the dots of its id."""
    row = Row(("", verdict.id), verdict.line or b"{}", is_issue=True)
    edges = row.fields.get("dependencies")
    for edge in edges if isinstance(edges, list) else ():
        if isinstance(edge, dict) and edge.get("type") == PARENT:
            return str(edge.get("depends_on_id") or "")
    return "" if is_top_level(verdict.id) else verdict.id.rpartition(".")[0]
