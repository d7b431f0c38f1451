"""Which rule each field has: one table for issues, one for memories.

Fields of the model that say nothing else have the rule of their kind. Those that the model does not
know follow from their values: lists are sets, objects are merged by key, times are compared as
instants, and of anything else the newer stands and the other is kept.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tracker import lists, settle, texts
from tracker.model import KINDS
from tracker.settle import DATE, OTHER, Rule, Rules
from tracker.values import Meaning, bag, elements, is_time, meaning, moment
from tracker.words import TOMBSTONE

if TYPE_CHECKING:
    from collections.abc import Hashable

    from tracker.codec import Member


def _defaulting(default: Hashable) -> Meaning:
    def mean(value: Member) -> Hashable:
        said = meaning(value)
        return default if said is None else said

    return mean


def _flag(value: Member) -> Hashable:
    return None if value.value is False else meaning(value)


def _unordered(value: Member) -> Hashable:
    found = elements(value)
    return meaning(value) if found is None else bag(meaning(item) for item in found)


def _nothing(_value: Member) -> Hashable:
    return None


SCALAR = Rule(settle.newer)
FLAG = Rule(settle.newer, _flag)
TEXT = Rule(settle.prose)
NOTES = Rule(partial(settle.prose, joined=texts.join))
NAMES = Rule(partial(settle.members_of, lists.NAMES), lists.NAMES.mean)
EDGES = Rule(settle.parents, _unordered, lists.EDGES.mean)
REMARKS = Rule(partial(settle.members_of, lists.REMARKS), _unordered, lists.REMARKS.mean)
CONFLICTS = Rule(settle.entries, _unordered)
END = Rule(settle.closing)
END_DATE = Rule(settle.closing, moment)
BORN = Rule(settle.birth, moment)
LATEST = Rule(settle.latest, moment, _nothing)
BOOKKEEPING = Rule(settle.silent, gist=_nothing)

_BY_KIND: Rules = {  # times apart, whatever their kind
    "str": SCALAR,
    "int | None": SCALAR,
    "bool": FLAG,
    "tuple[str, ...]": NAMES,
    "Json": OTHER,
}
_OWN: Rules = {
    "_type": BOOKKEEPING,
    "id": BOOKKEEPING,  # it is the same on every side
    "description": TEXT,
    "design": TEXT,
    "acceptance_criteria": TEXT,
    "notes": NOTES,
    "status": Rule(settle.furthest),
    "priority": Rule(settle.urgent),
    "assignee": Rule(settle.claim),
    "created_at": BORN,
    "created_by": Rule(settle.birth),
    "updated_at": LATEST,
    "closed_at": END_DATE,
    "close_reason": END,
    "closed_by_session": END,
    "dependencies": EDGES,
    "comments": REMARKS,
    "deleted_at": END_DATE,
    "deleted_by": END,
    "delete_reason": END,
    "original_type": END,
    "conflicts": CONFLICTS,
    "content_hash": BOOKKEEPING,
    "dependency_count": BOOKKEEPING,
    "dependent_count": BOOKKEEPING,
    "comment_count": BOOKKEEPING,
    "compaction_level": BOOKKEEPING,
    "compacted_at": BOOKKEEPING,
    "compacted_at_commit": BOOKKEEPING,
    "original_size": BOOKKEEPING,
    "source_repo": BOOKKEEPING,
    "source_repo_path": BOOKKEEPING,
}
ISSUE: Rules = {
    **{
        name: DATE if is_time(name) else _BY_KIND[kind]
        for name, kind in KINDS.items()
        if name not in _OWN
    },
    **_OWN,
}
SOURCE: Rules = {"issues": NAMES, "paths": Rule(settle.stamps)}
"""What stands under `source` of a memory beside who wrote it."""
MEMORY_RANKS = {"open": 0, "active": 0, "archived": 5, TOMBSTONE: 6}
MEMORY: Rules = {
    "_type": BOOKKEEPING,
    "key": BOOKKEEPING,
    "kind": SCALAR,
    "title": SCALAR,
    "description": TEXT,
    "content": Rule(settle.content),
    "value": Rule(settle.content),  # what Beads 1.x calls the content
    "tags": NAMES,
    "related": NAMES,
    "supersedes": NAMES,
    "source": Rule(partial(settle.origin, rules=SOURCE)),
    "status": Rule(partial(settle.furthest, ranks=MEMORY_RANKS), _defaulting("active")),
    "created_at": BORN,
    "created_by": Rule(settle.birth),
    "updated_at": LATEST,
    "verified_at": LATEST,
    "verdict": SCALAR,
    "confidence": SCALAR,
    "expires_at": DATE,
    "moved_to": SCALAR,
    "pinned": FLAG,
    "conflicts": CONFLICTS,
}
