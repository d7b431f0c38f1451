"""Find and merge duplicate issues."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tracker.errors import Invalid
from tracker.issues.editing import live
from tracker.issues.lifecycle import Closing, close
from tracker.issues.relations import link
from tracker.model.ids import words
from tracker.model.status import TOMBSTONE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from tracker.issues.editing import Who
    from tracker.log.issue_log import Draft
    from tracker.model.issue import Issue
    from tracker.model.validation import Settings


DUPLICATES = "duplicates"
SUPERSEDES = "supersedes"


class Ties(NamedTuple):
    """How much hangs on an issue: texts of others that mention it, and edges to and from it."""

    mentions: int = 0
    dependents: int = 0
    dependencies: int = 0


class DuplicateGroup(NamedTuple):
    """Issues that say the same. The first is the one to keep: the one with the most ties.

    Of equals the smallest id is first; the others follow by id.
    """

    issues: tuple[Issue, ...]
    ties: Mapping[str, Ties]


class SimilarPair(NamedTuple):
    """Two issues that resemble each other; `similarity` is 1 for the same words."""

    one: Issue
    other: Issue
    similarity: float


def duplicate(draft: Draft, id: str, of: str, settings: Settings, who: Who) -> Issue:
    """Close an issue because another says the same, and tie it to that one. Raises Invalid."""
    original = live(draft, of)
    if any(edge.key == (id, DUPLICATES) for edge in original.dependencies):
        raise Invalid(
            f"{of} is already marked as a duplicate of {id}",
            hint=f"bd dep remove {of} {id} --type {DUPLICATES}",
        )
    link(draft, id, of, DUPLICATES, who)
    return close(draft, id, Closing(f"Duplicate of {of}", force=True), settings, who)


def supersede(draft: Draft, id: str, by: str, settings: Settings, who: Who) -> Issue:
    """Close an issue because another takes its place; the edge is of the new one."""
    live(draft, id)
    link(draft, by, id, SUPERSEDES, who)
    return close(draft, id, Closing(f"Superseded by {by}", force=True), settings, who)


def groups(issues: Iterable[Issue], closing: Collection[str]) -> list[DuplicateGroup]:
    """The issues that are not done and say the same in all their texts, with the same status."""
    everything = [issue for issue in issues if issue.status != TOMBSTONE]
    same: dict[tuple[str, ...], list[Issue]] = {}
    for issue in everything:
        if issue.status not in closing:
            texts = (issue.title, issue.description, issue.design, issue.acceptance_criteria)
            same.setdefault((*texts, issue.status), []).append(issue)
    twins = [found for found in same.values() if len(found) > 1]
    ties = _ties({issue.id for found in twins for issue in found}, everything)

    def first(issue: Issue) -> tuple[int, str]:
        return -sum(ties[issue.id]), issue.id

    made = []
    for found in twins:
        target = min(found, key=first)
        others = sorted((one for one in found if one is not target), key=lambda one: one.id)
        made.append(
            DuplicateGroup((target, *others), {issue.id: ties[issue.id] for issue in found})
        )
    return sorted(made, key=lambda group: group.issues[0].id)


def every(draft: Draft) -> list[Issue]:
    """All issues of a draft, deleted ones too."""
    return [issue for id in draft.all_ids() if (issue := draft.get_issue(id)) is not None]


def merge(draft: Draft, settings: Settings, who: Who) -> list[DuplicateGroup]:
    """Close all but the first of each group as duplicates of it; the groups as they were."""
    found = groups(every(draft), settings.closing)
    for group in found:
        target, *sources = group.issues
        for source in sources:
            duplicate(draft, source.id, target.id, settings, who)
    return found


def _ties(ids: Collection[str], issues: Sequence[Issue]) -> dict[str, Ties]:
    found = {id: [0, 0, 0] for id in ids}
    for issue in issues:
        texts = (issue.description, issue.design, issue.acceptance_criteria, issue.notes)
        for word in {word for text in texts for word in words(text)} & found.keys() - {issue.id}:
            found[word][0] += 1
        for edge in issue.dependencies:
            if edge.depends_on_id in found:
                found[edge.depends_on_id][1] += 1
        if issue.id in found:
            found[issue.id][2] = len(issue.dependencies)
    return {id: Ties(*counts) for id, counts in found.items()}


_LONGEST = 1000  # characters of a description that are compared


def similar(issues: Sequence[Issue], threshold: float) -> list[SimilarPair]:
    """The pairs whose similarity is at least `threshold`, the most similar first.

    Words are compared in alphabetical order, by the part of their characters that two texts have
    in common (the ratio `1 - indel distance / length` of rapidfuzz). Titles count twice where both
    have a description. Since any two English texts have about half in common, similarity is how
    much of the rest they share: `2 * ratio - 1`.
    """
    from rapidfuzz import fuzz, process

    titles = [_sorted_words(issue.title) for issue in issues]
    bodies = [_sorted_words(issue.description[:_LONGEST]) for issue in issues]
    wanted = (1 + threshold) / 2
    found = []
    for at, title in enumerate(titles):
        # The least that a title must have where the descriptions are the same.
        near = process.extract(
            title,
            titles[at + 1 :],
            scorer=fuzz.ratio,
            score_cutoff=max(50 * (3 * wanted - 1), 0),
            limit=None,
        )
        for _, score, distance in near:
            other = at + 1 + distance
            ratio = score / 100
            if bodies[at] and bodies[other]:
                ratio = (2 * ratio + fuzz.ratio(bodies[at], bodies[other]) / 100) / 3
            if ratio >= wanted:
                found.append(SimilarPair(issues[at], issues[other], round(2 * ratio - 1, 4)))
    return sorted(found, key=lambda pair: (-pair.similarity, pair.one.id, pair.other.id))


def _sorted_words(text: str) -> str:
    import re

    return " ".join(sorted(re.findall(r"\w+", text.casefold())))
