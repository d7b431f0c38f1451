"""Dependencies, labels, comments and `dimension:value` labels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from tracker.errors import Cycle, Invalid
from tracker.issues.editing import Kin, changed, live, readable
from tracker.issues.graph import ANY_CHILD, WAITS, Graph, Rules, gate_of, path
from tracker.json_text import quote
from tracker.model import validation
from tracker.model.issue import BLOCKING, PARENT, Comment, Dependency, Labels
from tracker.model.status import TOMBSTONE
from tracker.model.timestamps import stamp
from tracker.model.validation import EXACT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeGuard

    from tracker.issues.editing import Who
    from tracker.log.issue_log import Draft, Records
    from tracker.model.issue import Issue


EXTERNAL = "external:"
RELATES = "relates-to"
GATES = ("all-children", ANY_CHILD)


class Need(NamedTuple):
    """What an issue depends on, and how; `gate` says which children a `waits-for` waits for."""

    type: str
    on: str
    gate: str = ""


def need_of(type: str, on: str, gate: str = "") -> Need:
    """What is meant. Raises Invalid for what is no type, no id or no gate."""
    kind = validation.dependency_type(type)
    asked = validation.one_of("--waits-for-gate", gate, GATES)
    return Need(kind, validation.word("dependency", on), asked if kind == WAITS else "")


def link(draft: Draft, id: str, on: str, type: str, who: Who) -> Issue:
    """Make `id` depend on `on`; for `parent-child` that is its parent.

    Law: the same edge again changes nothing. Raises Cycle, over blocking types only.
    """
    issue = live(draft, id)
    readable(issue, "dependencies")
    need = need_of(type, on)
    if any(edge.key == (need.on, need.type) for edge in issue.dependencies):
        return issue
    if need.type == PARENT and issue.parent:
        raise Invalid(
            f"{id} already has the parent {issue.parent}",
            hint=f"bd update {id} --parent {on}",
        )
    added = edge(draft, issue, need, who)
    return draft.put(changed(issue, who, {"dependencies": (*issue.dependencies, added)}))


def unlink(draft: Draft, id: str, on: str, type: str | None, who: Who) -> tuple[Dependency, ...]:
    """Remove the edges from `id` to `on`, those of one type or all; what was removed."""
    issue = live(draft, id)
    readable(issue, "dependencies")
    gone = tuple(
        edge
        for edge in issue.dependencies
        if edge.depends_on_id == on and type in (None, edge.type)
    )
    if not gone:
        raise Invalid(
            f"dependency from {id} to {on} does not exist", hint=f"bd dep list {id} shows them"
        )
    kept = tuple(edge for edge in issue.dependencies if edge not in gone)
    draft.put(changed(issue, who, {"dependencies": kept}))
    return gone


def relate(draft: Draft, one: str, other: str, who: Who) -> tuple[Issue, Issue]:
    """Tie two issues to each other by `relates-to`, which holds neither of them."""
    _both(draft, one, other)
    return link(draft, one, other, RELATES, who), link(draft, other, one, RELATES, who)


def unrelate(draft: Draft, one: str, other: str, who: Who) -> tuple[Dependency, ...]:
    """Remove `relates-to` in both directions; what was removed."""
    ways = [
        (here, there)
        for here, there in ((one, other), (other, one))
        if _points(draft.get_issue(here), there)
    ]
    _both(draft, *(here for here, _ in ways))
    if not ways:
        return unlink(draft, one, other, RELATES, who)
    return tuple(gone for here, there in ways for gone in unlink(draft, here, there, RELATES, who))


def _points(issue: Issue | None, on: str) -> bool:
    return _is_live(issue) and any(edge.key == (on, RELATES) for edge in issue.dependencies)


def _both(draft: Draft, *ids: str) -> None:
    """Raise before anything is changed where one of several records cannot be."""
    for id in ids:
        readable(live(draft, id), "dependencies")
        draft.forbid_edit(id)


def edge(records: Records, issue: Issue, need: Need, who: Who) -> Dependency:
    """A new edge, which the issue does not have yet.

    Raises NotFound, Cycle, or Invalid where the two would wait for each other.
    """
    type, on, gate = need
    if on == issue.id:
        raise Invalid(f"cannot add dependency: {on} cannot depend on itself")
    if type == PARENT or not on.startswith(EXTERNAL):
        live(records, on)
    if type in BLOCKING:
        _forbid_deadlock(issue, type, on)
        _forbid_cycle(records, issue, need)
    return Dependency(
        issue_id=issue.id,
        depends_on_id=on,
        type=type,
        created_at=stamp(who.now),
        created_by=validation.text("actor", who.name),
        extra=(("metadata", quote(f'{{"gate":{quote(gate)}}}')),) if gate else (),
    )


def _forbid_cycle(records: Records, issue: Issue, need: Need) -> None:
    """Whether issues are done does not matter here: they may be opened again."""
    kin = Kin(records)
    graph = Graph(kin, Rules(0, frozenset()))

    def onward(id: str) -> Iterable[str]:
        at = issue if id == issue.id else records.get_issue(id)
        return graph.waits_for(at) if _is_live(at) else ()

    waited_for = [need.on]
    if need.type == WAITS and need.gate != ANY_CHILD:
        waited_for += kin.children(need.on)
    for start in waited_for:
        way = path(start, issue.id, onward)
        if way:
            raise Cycle([issue.id, *way])
    for waiting in records.incoming(need.on) if need.type == PARENT else ():
        # Who waits for all children of a parent will wait for this one too.
        if waiting.type == WAITS and gate_of(waiting)[0] != ANY_CHILD:
            way = path(issue.id, waiting.issue_id, onward)
            if way and _is_live(records.get_issue(waiting.issue_id)):
                raise Cycle([*way, issue.id])


def _is_live(issue: Issue | None) -> TypeGuard[Issue]:
    return issue is not None and issue.status != TOMBSTONE


def _forbid_deadlock(issue: Issue, type: str, on: str) -> None:
    """A child waits with its parent, so it must not wait for it as well."""
    others = {
        edge.type for edge in issue.dependencies if edge.depends_on_id == on and edge.type != type
    }
    if type != PARENT and PARENT in others:
        raise Invalid(
            f"cannot add dependency: {issue.id} is already a child of {on}, "
            "so waiting for it would create a deadlock",
            hint=f"bd update {issue.id} --parent '' takes it out of {on}",
        )
    if type == PARENT and others & BLOCKING:
        raise Invalid(
            f"cannot make {on} the parent of {issue.id}, which depends on it: "
            "that would create a deadlock",
            hint=f"bd dep remove {issue.id} {on}",
        )


def adopted(records: Records, issue: Issue, parent: str, who: Who) -> tuple[Dependency, ...]:
    """The dependencies of an issue under another parent, or under none if that is empty."""
    readable(issue, "dependencies")
    kept = tuple(
        edge for edge in issue.dependencies if edge.type != PARENT or edge.depends_on_id == parent
    )
    if not parent or any(edge.type == PARENT for edge in kept):
        return kept
    moving = replace(issue, dependencies=kept)
    return (*kept, edge(records, moving, Need(PARENT, parent), who))


def label(draft: Draft, id: str, labels: Labels, who: Who) -> Issue:
    """Change the labels of an issue; adding what is there or removing what is not does nothing."""
    issue = live(draft, id)
    return draft.put(changed(issue, who, {"labels": labelled(issue, labels)}))


def labelled(issue: Issue, labels: Labels) -> tuple[str, ...]:
    """The labels after the change, sorted; as they were if it makes no difference."""
    readable(issue, "labels")
    own = set(issue.labels)
    base = (
        own
        if labels.set is None
        else validation.labels(set(labels.set) - own) | (set(labels.set) & own)
    )
    gone = {*labels.remove, *(each.strip() for each in labels.remove)}
    wanted = (base | validation.labels(set(labels.add) - own)) - gone
    return issue.labels if wanted == own else tuple(sorted(wanted))


def comment(draft: Draft, id: str, text: str, who: Who, author: str | None = None) -> Comment:
    """Add a remark to an issue."""
    issue = live(draft, id)
    remarked_issue, remark = remarked(issue, text, who, author)
    draft.put(remarked_issue)
    return remark


def comment_once(draft: Draft, id: str, text: str, who: Who) -> Issue:
    """The same, unless the issue has that text among its comments already; the issue."""
    issue = live(draft, id)
    if any(remark.text == text for remark in issue.comments):
        return issue
    return draft.put(remarked(issue, text, who)[0])


def remarked(issue: Issue, text: str, who: Who, author: str | None = None) -> tuple[Issue, Comment]:
    """The issue with one more comment, and that comment."""
    readable(issue, "comments")
    if not text.strip():
        raise Invalid("comment text cannot be empty")
    remark = Comment(
        id=_number(issue, who),
        issue_id=issue.id,
        author=validation.text("author", author or who.name),
        text=validation.text("comment", text),
        created_at=stamp(who.now),
    )
    return changed(issue, who, {"comments": (*issue.comments, remark)}), remark


def _number(issue: Issue, who: Who) -> int:
    """A random id below 2**53, never 0; several issues of one action get different ones."""
    import hashlib

    seed = hashlib.blake2b(f"{who.nonce}|{issue.id}".encode(errors="surrogatepass"))
    number = int.from_bytes(seed.digest()[:8], "big") % (EXACT - 1)
    taken = {remark.id for remark in issue.comments}
    while number + 1 in taken:
        number = (number + 1) % (EXACT - 1)
    return number + 1


class StateChange(NamedTuple):
    """From which value a dimension went to which; "" is none. `comment` is the id of the reason."""

    id: str
    dimension: str
    old: str
    new: str
    comment: int | str = 0


def states(labels: Iterable[str]) -> dict[str, str]:
    """The value of each dimension; of several labels of one the first in the alphabet."""
    found: dict[str, str] = {}
    for one in sorted(labels):
        dimension, colon, value = one.partition(":")
        if colon and dimension and value:
            found.setdefault(dimension, value)
    return found


def setting(text: str) -> tuple[str, str]:
    """The parts of `dimension=value`. Raises Invalid."""
    dimension, equals, value = (part.strip() for part in text.partition("="))
    if not equals or not dimension or not value or ":" in dimension:
        raise Invalid(
            f"invalid state {text!r} (expected DIMENSION=VALUE)", hint="bd set-state ID health=ok"
        )
    return dimension, value


def set_state(draft: Draft, id: str, state: tuple[str, str], reason: str, who: Who) -> StateChange:
    """Give a dimension a value, in place of the one it had; the reason becomes a comment.

    Law: the same value again changes nothing, whatever the reason.
    """
    dimension, value = state
    issue = live(draft, id)
    wanted = validation.word("label", f"{dimension}:{value}")
    gone = tuple(one for one in issue.labels if one.startswith(f"{dimension}:") and one != wanted)
    turn = StateChange(id, dimension, states(issue.labels).get(dimension, ""), value)
    if wanted in issue.labels and not gone:
        return turn
    label(draft, id, Labels(add=(wanted,), remove=gone), who)
    if not reason:
        return turn
    told = f"{dimension}: {turn.old or '(none)'} → {value}\n{reason}"
    return turn._replace(comment=comment(draft, id, told, who).id)
