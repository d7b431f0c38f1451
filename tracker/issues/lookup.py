"""Resolve a short id to an id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker.errors import Ambiguous, NotFound
from tracker.model.ids import hash_part, is_match, nearest

if TYPE_CHECKING:
    from tracker.log.issue_log import Records


def resolve(text: str, records: Records, prefix: str = "") -> str:
    """The id that `text` means: exact, an alias, without its prefix, or part of the hash.

    An alias without its prefix is the last that is thought of.

    Raises NotFound, or Ambiguous with every candidate.
    """
    wanted = text.strip()
    for candidate in (wanted, f"{prefix}-{wanted}" if prefix else ""):
        if candidate and records.get_issue(candidate) is not None:
            return candidate
    renamed = records.renamed(wanted) if wanted else None
    if renamed is not None:
        return renamed
    part = wanted.rpartition("-")[2]
    every = list(records.all_ids())
    if wanted:
        exact = [id for id in every if hash_part(id) == wanted]
        matches = exact or [id for id in every if is_match(id, wanted)]
        live = [id for id in matches if _is_live(records, id)] if len(matches) > 1 else matches
        if len(live) == 1:
            return live[0]
        if live:
            raise Ambiguous(wanted, sorted(live))
        renamed = records.renamed(f"{prefix}-{wanted}")
        if renamed is not None:
            return renamed
    raise NotFound(wanted, nearest(part, every))


def _is_live(records: Records, id: str) -> bool:
    issue = records.get_issue(id)
    return issue is not None and issue.status != "tombstone"
