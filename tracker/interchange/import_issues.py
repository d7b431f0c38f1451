"""Decide for each imported record whether to create, update or skip it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from tracker.errors import Refused
from tracker.issues.editing import changed
from tracker.issues.lifecycle import bury
from tracker.log.issue_codec import KEY_ORDER, encode
from tracker.merge.fields import is_edited
from tracker.merge.id_collisions import are_strangers, other_names
from tracker.merge.inputs import MergeRow
from tracker.merge.rules import ISSUE
from tracker.model.ids import is_top_level, prefix_of
from tracker.model.issue import PARENT
from tracker.model.status import TOMBSTONE
from tracker.model.timestamps import instant, stamp

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from tracker.issues.editing import Who
    from tracker.log.issue_log import Log
    from tracker.model.issue import Comment, Issue


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


class ImportPolicy(NamedTuple):
    """What to do where the log has the id already, and about parents that are nowhere.

    `newer` compares `updated_at`, and on a tie the log stands, but for those that are `leading`;
    `theirs` takes what comes in.
    """

    on_conflict: str = NEWER
    orphans: str = ALLOW
    leading: frozenset[str] = frozenset()


class IssueFate(NamedTuple):
    """What became of one arrival; `id` is its id in the log, `why` is only said where it is odd."""

    id: str
    what: str
    why: str = ""
    line: bytes | None = None


class TakenRecord(NamedTuple):
    """What an import does: a verdict for each arrival, in their order."""

    verdicts: tuple[IssueFate, ...]

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


def take(log: Log, arrivals: Sequence[Arrival], policy: ImportPolicy, who: Who) -> TakenRecord:
    """What becomes of each arrival. Raises Refused where the policy says that nothing may.

    Of several arrivals of one id the last counts.
    """
    last = {one.id: one for one in arrivals}
    verdicts = [_decided(log, one, policy, who) for one in last.values()]
    verdicts = _without_orphans(log, last, verdicts, policy)
    if policy.on_conflict == FAIL:
        _forbid_conflicts(verdicts)
    return TakenRecord(tuple(verdicts))


def _decided(log: Log, arrival: Arrival, policy: ImportPolicy, who: Who) -> IssueFate:
    id, line = arrival.id, arrival.line
    old = log.line(id)
    if arrival.gone:
        return _deleted(log, id, who)
    if old is None:
        return IssueFate(id, CREATED, line=line)
    ours, theirs = MergeRow(("", id), old, is_issue=True), MergeRow(("", id), line, is_issue=True)
    if old == line or not _is_edited(ours, theirs):
        return IssueFate(id, UNCHANGED)
    if policy.on_conflict in {SKIP, FAIL}:
        return IssueFate(id, SKIPPED, _DIFFERS if policy.on_conflict == FAIL else "")
    return _met(ours, theirs, policy, who)


def _is_edited(ours: MergeRow, theirs: MergeRow) -> bool:
    """Whether the two say something else; looked at closely only where a glance does not tell."""
    one, two = ours.fields, theirs.fields
    names = one.keys() | two.keys()
    differ = {name for name in names if (one.get(name) or None) != (two.get(name) or None)}
    if differ & _WORDS:
        return True
    if differ <= _STAMPS and one.keys() <= _EXACT:
        return False
    return is_edited(ISSUE, ours.record, theirs.record)


def _met(ours: MergeRow, theirs: MergeRow, policy: ImportPolicy, who: Who) -> IssueFate:
    """An arrival that the log has in another form, where one of the two is to stand."""
    id = ours.key[1]
    ahead = instant(theirs.text("updated_at")) - instant(ours.text("updated_at"))
    is_later = ahead > 0 or (ahead == 0 and id in policy.leading)
    deleted = ours.text("status") == TOMBSTONE, theirs.text("status") == TOMBSTONE
    if all(deleted):
        return IssueFate(id, UNCHANGED)
    if policy.on_conflict != THEIRS:
        if deleted == (True, False):
            return IssueFate(id, SKIPPED, "it is deleted here")
        if not is_later:
            return _older(ours, theirs, who)
    if not any(deleted) and ours.fields.keys() <= _REPLACED:
        return IssueFate(id, UPDATED, line=theirs.line)
    mine, other = ours.issue, theirs.issue
    new = _buried(mine, other) if deleted == (False, True) else _standing(mine, other)
    line = theirs.line if new == other else encode(new)
    is_new = _is_edited(ours, MergeRow(ours.key, line, is_issue=True))
    return IssueFate(id, UPDATED, line=line) if is_new else IssueFate(id, UNCHANGED)


def _older(ours: MergeRow, theirs: MergeRow, who: Who) -> IssueFate:
    """An arrival that is not later than what the log has: only its comments may be new."""
    id = ours.key[1]
    kept = ours.issue
    if theirs.fields.get("comments"):
        kept = _with_comments(kept, theirs.issue.comments)
    if kept.comments == ours.issue.comments:
        return IssueFate(id, SKIPPED, "the log has a later edit")
    new = changed(ours.issue, who, {"comments": kept.comments})
    return IssueFate(id, UPDATED, line=encode(new))


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


def _deleted(log: Log, id: str, who: Who) -> IssueFate:
    """A line that only says that an issue was deleted."""
    mine = log.get_issue(id)
    if mine is None:
        return IssueFate(id, SKIPPED, "there is nothing to delete")
    if mine.status == TOMBSTONE:
        return IssueFate(id, UNCHANGED)
    stamps = {
        "deleted_at": stamp(who.now),
        "deleted_by": who.name,
        "delete_reason": "import",
        "original_type": mine.issue_type,
    }
    new = bury(mine, stamps)
    later = changed(mine, who, {"status": TOMBSTONE}).updated_at
    return IssueFate(id, UPDATED, line=encode(replace(new, updated_at=later)))


def _forbid_conflicts(verdicts: Iterable[IssueFate]) -> None:
    differ = [one.id for one in verdicts if one.why == _DIFFERS]
    if differ:
        more = f" and {len(differ) - 5} more" if len(differ) > 5 else ""
        raise Refused(
            f"{len(differ)} issues differ from those in the log: {', '.join(differ[:5])}{more}; "
            "nothing was written",
            hint="--on-conflict newer, skip or theirs; --dry-run shows what each would do",
        )


def _without_orphans(
    log: Log, last: Mapping[str, Arrival], verdicts: list[IssueFate], policy: ImportPolicy
) -> list[IssueFate]:
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
        IssueFate(one.id, SKIPPED, f"its parent {lost[one.id]} is not there")
        if one.id in lost
        else one
        for one in verdicts
    ]


def _parent(verdict: IssueFate) -> str:
    """The parent that a line names, by its edge or else by the dots of its id."""
    row = MergeRow(("", verdict.id), verdict.line or b"{}", is_issue=True)
    edges = row.fields.get("dependencies")
    for edge in edges if isinstance(edges, list) else ():
        if isinstance(edge, dict) and edge.get("type") == PARENT:
            return str(edge.get("depends_on_id") or "")
    return "" if is_top_level(verdict.id) else verdict.id.rpartition(".")[0]


_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_:+-]*(?:\.[A-Za-z0-9_:+-]+)*")
_TOKEN = re.compile(_WORD.pattern.encode())
_TEXTS = ("title", "description", "design", "acceptance_criteria", "notes", "close_reason")


class Named(NamedTuple):
    """The arrivals under the ids that they get here; `renamed` tells which those are, by old id."""

    arrivals: Sequence[Arrival]
    renamed: Mapping[str, str]


def named(log: Log, arrivals: Sequence[Arrival], prefix: str = "") -> Named:
    """Each arrival under its id here; with a `prefix`, those of all others get that one.

    No two get the same: an arrival that would is named as a merge names the second of two.
    """
    aliases = _aliases(log)
    names = {one.id: _known(log, aliases, one, prefix) for one in arrivals}
    given = {name or id for id, name in names.items() if name or _wanted(id, prefix) == id}
    for one in arrivals:
        if not names[one.id]:
            name = _new(log, aliases, one, prefix, given)
            names[one.id] = name
            given.add(name)
    changed = {id: name for id, name in names.items() if name != id}
    if not changed:
        return Named(arrivals, changed)
    return Named([_renamed(one, changed) for one in arrivals], changed)


def _aliases(log: Log) -> dict[str, str]:
    """The issue that each old id means now; the smallest of several."""
    found: dict[str, str] = {}
    for _, row in log.rows():
        aliases = row.get("aliases")
        for alias in aliases if isinstance(aliases, list) else ():
            if isinstance(alias, str):
                found[alias] = min(found.get(alias, row["id"]), row["id"])
    return found


def _wanted(id: str, prefix: str) -> str:
    """The id that a new record would have."""
    own = prefix_of(id)
    if not prefix or own == prefix:
        return id
    return f"{prefix}{id[len(own) :]}" if own else f"{prefix}-{id}"


def _known(log: Log, aliases: Mapping[str, str], one: Arrival, prefix: str) -> str:
    """The id under which the log has this very issue; "" if it does not."""
    wanted = _wanted(one.id, prefix)
    for id in (one.id, aliases.get(one.id, ""), wanted):
        if id in log and (one.gone or not _is_stranger(log, id, one)):
            return id
    if one.gone or one.id not in log:
        return ""
    others = other_names(MergeRow(("", one.id), one.line, is_issue=True), wanted)
    return next((id for id in others if id in log and not _is_stranger(log, id, one)), "")


def _new(
    log: Log, aliases: Mapping[str, str], one: Arrival, prefix: str, given: Container[str]
) -> str:
    """A free id for an issue that the log does not have."""
    wanted = _wanted(one.id, prefix)
    is_own = wanted == one.id
    if wanted not in log and wanted not in aliases and (is_own or wanted not in given):
        return wanted
    if one.gone:
        return one.id
    for name in other_names(MergeRow(("", one.id), one.line, is_issue=True), wanted):
        if name not in log and name not in given:
            return name
    return name


def _is_stranger(log: Log, id: str, one: Arrival) -> bool:
    line = log.line(id)
    if line is None or line == one.line:
        return False
    here, there = (MergeRow(("", id), text, is_issue=True) for text in (line, one.line))
    return are_strangers(here, there)


def _renamed(one: Arrival, names: Mapping[str, str]) -> Arrival:
    """The arrival with every name in it replaced; its bytes where there is none."""
    if one.gone:
        return one._replace(id=names.get(one.id, one.id))
    if names.keys().isdisjoint(token.decode() for token in _TOKEN.findall(one.line)):
        return one
    issue = MergeRow(("", one.id), one.line, is_issue=True).issue
    new = _with_names(issue, names)
    if new == issue:
        return one
    if new.id != issue.id:
        new = replace(new, aliases=tuple(sorted({*new.aliases, issue.id})))
    return one._replace(id=new.id, line=encode(new))


def _with_names(issue: Issue, names: Mapping[str, str]) -> Issue:
    edges = tuple(
        replace(
            edge,
            issue_id=names.get(edge.issue_id, edge.issue_id),
            depends_on_id=names.get(edge.depends_on_id, edge.depends_on_id),
        )
        for edge in issue.dependencies
    )
    remarks = tuple(
        replace(
            remark,
            issue_id=names.get(remark.issue_id, remark.issue_id),
            text=followed(remark.text, names),
        )
        for remark in issue.comments
    )
    texts: dict[str, Any] = {name: followed(getattr(issue, name), names) for name in _TEXTS}
    id = names.get(issue.id, issue.id)
    return replace(issue, id=id, dependencies=edges, comments=remarks, **texts)


def followed(text: str, names: Mapping[str, str]) -> str:
    """A text in which ids that stand for themselves have their new names."""
    return _WORD.sub(lambda word: names.get(word[0], word[0]), text)
