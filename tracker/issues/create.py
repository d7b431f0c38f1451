"""Create an issue: its id, values and first dependencies."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from tracker.errors import Invalid
from tracker.issues.editing import Kin, forbid_reference, later, live
from tracker.issues.relations import edge, need_of
from tracker.model import ids, validation
from tracker.model.issue import PARENT, Issue
from tracker.model.status import TOMBSTONE
from tracker.model.timestamps import stamp

if TYPE_CHECKING:
    from typing import Any

    from tracker.issues.editing import Who
    from tracker.issues.relations import Need
    from tracker.log.issue_log import Draft, Records
    from tracker.model.issue import Dependency, New
    from tracker.model.validation import Settings


_NUMBERS = re.compile(r"(?:\.\d+)*\Z")


def choose_prefix(records: Records, settings: Settings) -> tuple[str, str]:
    """The prefix of new ids, and where it comes from: "config", "issues" or "folder"."""
    if settings.prefix:
        return ids.check_prefix(settings.prefix), "config"
    counts = {prefix: count for prefix, count in records.prefixes().items() if prefix and count > 0}
    if counts:
        return min(counts, key=lambda prefix: (-counts[prefix], prefix)), "issues"
    return ids.check_prefix(settings.folder), "folder"


def create(draft: Draft, new: New, settings: Settings, who: Who) -> Issue:
    """A new issue, open.

    Raises Invalid, NotFound for a parent or dependency that does not exist, or Cycle.
    """
    needs = _needs(new)
    if new.parent:
        new = new._replace(parent=needs[0].on)
    labels = validation.labels(new.labels)
    if new.inherit_labels and needs and needs[0].type == PARENT:
        labels |= set(live(draft, needs[0].on).labels)
    id = _new_id(draft, new, settings, who)
    forbid_reference(draft, new.external_ref, id)
    buried = draft.get_issue(id)
    issue = Issue(
        id=id,
        **_first_values(new, settings),
        owner=validation.text("owner", who.owner),
        created_at=stamp(who.now),
        created_by=validation.text("actor", who.name),
        updated_at=later(buried, who) if buried is not None else stamp(who.now),
        labels=tuple(sorted(labels)),
    )
    return draft.put(_with_edges(draft, issue, needs, who))


def _first_values(new: New, settings: Settings) -> dict[str, Any]:
    if settings.require_description and not new.description.strip():
        raise Invalid(
            "description is required (set create.require-description: false in config.yaml "
            "to disable)",
            hint="--description TEXT",
        )
    names = (
        "title",
        "priority",
        "issue_type",
        "estimated_minutes",
        *validation.TEXTS,
        *validation.TIMES,
    )
    values = {name: validation.value(name, getattr(new, name), settings) for name in names}
    flags = {name: getattr(new, name) for name in ("ephemeral", "pinned", "is_template")}
    return {
        **values,
        **flags,
        "metadata": validation.metadata(new.metadata) if new.metadata else "",
        "mol_type": validation.one_of("mol-type", new.mol_type, validation.MOL_TYPES),
        "wisp_type": validation.one_of("wisp-type", new.wisp_type, validation.WISP_TYPES),
    }


def _needs(new: New) -> list[Need]:
    """What the new issue depends on, its parent in front. Raises Invalid for two parents."""
    named = [need_of(PARENT, new.parent)] if new.parent else []
    named += [need_of(type, on, new.gate) for type, on in new.dependencies]
    needs = list(dict.fromkeys(named))
    parents = [need for need in needs if need.type == PARENT]
    if len(parents) > 1:
        shown = ", ".join(need.on for need in parents)
        raise Invalid(f"an issue can have only one parent, not {len(parents)}: {shown}")
    return [*parents, *(need for need in needs if need.type != PARENT)]


def _with_edges(draft: Draft, issue: Issue, needs: list[Need], who: Who) -> Issue:
    """The new issue with its dependencies, each of them checked beside the others.

    The parent comes last: whether it may be one depends on what else the issue waits for.
    """
    edges: list[Dependency] = []
    for need in reversed(needs):
        pending = replace(issue, dependencies=tuple(edges))
        edges.insert(0, edge(draft, pending, need, who))
    return replace(issue, dependencies=tuple(edges))


def _new_id(draft: Draft, new: New, settings: Settings, who: Who) -> str:
    if new.id:
        return _named_id(draft, new, settings)
    if new.parent:
        return _child_id(draft, new.parent, settings)
    prefix, _ = choose_prefix(draft, settings)
    seed = ids.Seed(new.title, new.description, who.name, who.now, who.nonce)
    count = draft.prefixes().get(prefix, 0)
    return ids.make(prefix, seed, count, lambda id: draft.get_issue(id) is not None)


def _named_id(draft: Draft, new: New, settings: Settings) -> str:
    id = ids.check_id(new.id)
    known = draft.get_issue(id)
    if known is not None and known.status != TOMBSTONE:
        raise Invalid(f"issue {id} already exists", hint=f"bd show {id}")
    renamed = draft.renamed(id)
    if renamed is not None:
        raise Invalid(f"{id} is another name of {renamed}", hint=f"bd show {renamed}")
    prefix = settings.prefix.rstrip("-")
    allowed = [prefix, *(other.rstrip("-") for other in settings.allowed_prefixes)]
    fits = any(id.startswith(f"{one}-") for one in allowed)
    # What is not configured is only a proposal: ids of a log may well have several prefixes.
    if prefix and not (fits or new.force):
        raise Invalid(
            f"prefix mismatch: database uses '{prefix}-' but ID '{id}' doesn't match "
            "(use --force to override)",
            hint=f"--id {prefix}-NAME",
        )
    return id


def _child_id(draft: Draft, parent: str, settings: Settings) -> str:
    """The next child's id; a number that a grandchild or an old name still holds is not free."""
    numbers = _NUMBERS.search(parent)
    if numbers is not None and numbers[0].count(".") >= settings.max_depth:
        raise Invalid(
            f"maximum hierarchy depth ({settings.max_depth}) exceeded for parent {parent}",
            hint="hierarchy.max-depth in config.yaml sets the limit",
        )
    children = (draft.get_issue(id) for id in Kin(draft).children(parent))
    old_names = [alias for issue in children if issue is not None for alias in issue.aliases]
    start = len(parent) + 1
    known = [id for id in (*draft.below(parent), *old_names) if id.startswith(f"{parent}.")]
    return ids.child(parent, (f"{parent}.{id[start:].partition('.')[0]}" for id in known))
