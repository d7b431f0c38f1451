"""Rename ids; dependencies and texts follow."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tracker.errors import Invalid
from tracker.issues.editing import CONFLICTS, changed, live, readable
from tracker.model import ids
from tracker.model.ids import hash_part, prefix_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from tracker.issues.editing import Who
    from tracker.log.issue_log import Draft
    from tracker.model.issue import Dependency, Issue


TEXTS = (
    "title", "description", "design", "acceptance_criteria", "notes", "close_reason",
)  # fmt: skip
"""Where a mention follows. Comments stay as they were said: the old id resolves."""


def rename(draft: Draft, old: str, new: str, who: Who) -> Issue:
    """The issue under another id. Raises Invalid where that is no id, or taken."""
    live(draft, old)
    if old == new:
        raise Invalid(f"{old} is already its id", hint=f"bd rename {old} NEW")
    apply([draft], {old: ids.check_id(new)}, who)
    renamed = draft.get_issue(new)
    assert renamed is not None  # noqa: S101  (it was put there just now)
    return renamed


def prefixed(
    known: Iterable[str], old: str, new: str, apart: Collection[str] = (), *, every: bool = False
) -> dict[str, str]:
    """The new id of each that begins with the old prefix, or with `every` of each with any other.

    Prefixes that stand `apart` begin with the old one and are none of it. What is left of an id
    stays; of two that would be the same the second keeps its old prefix as a part.
    """
    names: dict[str, str] = {}
    taken = {id for id in known if prefix_of(id) == new}
    for id in sorted(known):
        own = prefix_of(id)
        if every:
            rest = "" if own == new else hash_part(id)
        else:
            rest = id[len(old) + 1 :] if id.startswith(f"{old}-") and own not in apart else ""
        if rest and own != new:
            name = f"{new}-{rest}"
            names[id] = name if name not in taken else f"{new}-{id}"
            taken.add(names[id])
    return names


def apply(drafts: Sequence[Draft], names: Mapping[str, str], who: Who) -> None:
    """Give each issue that is a key of `names` the id that is its value, in all drafts.

    Laws: every record keeps all that it says; an edge or a text that named an old id names the new
    one; the old ids are aliases. Raises Invalid where a new id is taken.
    """
    every = [
        [issue for id in draft.all_ids() if (issue := draft.get_issue(id)) is not None]
        for draft in drafts
    ]
    for draft, issues in zip(drafts, every, strict=True):
        _forbid(draft, issues, names)
    for draft, issues in zip(drafts, every, strict=True):
        followed = [_followed(issue, names, who) for issue in issues]
        for issue in issues:
            if issue.id in names:
                draft.drop(issue.id)
        for issue in followed:
            draft.put(issue)


def _forbid(draft: Draft, issues: Sequence[Issue], names: Mapping[str, str]) -> None:
    wanted = {new: old for old, new in names.items()}
    for issue in issues:
        if issue.id in wanted and issue.id not in names:
            raise Invalid(f"issue {issue.id} already exists", hint=f"bd show {issue.id}")
        for alias in issue.aliases:
            if alias in wanted and wanted[alias] != issue.id and issue.id not in names:
                raise Invalid(f"{alias} is another name of {issue.id}", hint=f"bd show {issue.id}")
        if issue.id in names:
            readable(issue, "aliases")
            draft.forbid_edit(issue.id)


def _followed(issue: Issue, names: Mapping[str, str], who: Who) -> Issue:
    """The record with the new names in it, and its own; itself where none is."""
    kept = dict(issue.extra).get(CONFLICTS, "")  # an edit of such a text would settle it
    fields: dict[str, object] = {
        name: ids.renamed(getattr(issue, name), names)
        for name in TEXTS
        if "-" in getattr(issue, name) and f'"/{name}"' not in kept
    }
    if issue.dependencies:
        fields["dependencies"] = _edges(issue, names)
    new = names.get(issue.id, issue.id)
    if new != issue.id:
        fields["comments"] = tuple(
            replace(remark, issue_id=new) if remark.issue_id == issue.id else remark
            for remark in issue.comments
        )
        fields["aliases"] = tuple(sorted({*issue.aliases, issue.id} - {new}))
    return replace(changed(issue, who, _only(issue, fields)), id=new)


def _only(issue: Issue, fields: Mapping[str, object]) -> dict[str, object]:
    """What differs; text that is only carried under a name stays."""
    return {name: value for name, value in fields.items() if value != getattr(issue, name)}


def _edges(issue: Issue, names: Mapping[str, str]) -> tuple[Dependency, ...]:
    """The edges with the new names at both ends and in the gates; each once."""
    own = names.get(issue.id, issue.id)
    found: dict[tuple[str, str], Dependency] = {}
    for edge in issue.dependencies:
        moved = replace(
            edge,
            issue_id=own if edge.issue_id == issue.id else edge.issue_id,
            depends_on_id=names.get(edge.depends_on_id, edge.depends_on_id),
            extra=tuple((name, ids.renamed(raw, names)) for name, raw in edge.extra),
        )
        found.setdefault(moved.key, moved)
    return tuple(found.values())
