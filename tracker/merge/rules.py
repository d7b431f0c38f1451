"""The merge rule of each field.

Fields of the model that say nothing else have the rule of their kind. Those that the model does not
know follow from their values: lists are sets, objects are merged by key, times are compared as
instants, and of anything else the newer stands and the other is kept.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tracker.merge import fields, sets, text
from tracker.merge.fields import DATE, OTHER, Rule
from tracker.merge.values import bag, elements, is_time, meaning, moment
from tracker.model.issue import KINDS
from tracker.model.status import TOMBSTONE

if TYPE_CHECKING:
    from collections.abc import Hashable

    from tracker.json_text import Member
    from tracker.merge.fields import Rules
    from tracker.merge.values import Meaning


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


SCALAR = Rule(fields.newer)
FLAG = Rule(fields.newer, _flag)
TEXT = Rule(fields.prose)
NOTES = Rule(partial(fields.prose, joined=text.join))
NAMES = Rule(partial(fields.members_of, sets.NAMES), sets.NAMES.mean)
EDGES = Rule(fields.parents, _unordered, sets.EDGES.mean)
REMARKS = Rule(partial(fields.members_of, sets.REMARKS), _unordered, sets.REMARKS.mean)
CONFLICTS = Rule(fields.entries, _unordered)
END = Rule(fields.closing)
END_DATE = Rule(fields.closing, moment)
BORN = Rule(fields.birth, moment)
LATEST = Rule(fields.latest, moment, _nothing)
BOOKKEEPING = Rule(fields.silent, gist=_nothing)

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
    "status": Rule(fields.furthest),
    "priority": Rule(fields.urgent),
    "assignee": Rule(fields.claim),
    "created_at": BORN,
    "created_by": Rule(fields.birth),
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
SOURCE: Rules = {"issues": NAMES, "paths": Rule(fields.stamps)}
"""What stands under `source` of a memory beside who wrote it."""
MEMORY_RANKS = {"open": 0, "active": 0, "archived": 5, TOMBSTONE: 6}
MEMORY: Rules = {
    "_type": BOOKKEEPING,
    "key": BOOKKEEPING,
    "kind": SCALAR,
    "title": SCALAR,
    "description": TEXT,
    "content": Rule(fields.content),
    "value": Rule(fields.content),  # what Beads 1.x calls the content
    "tags": NAMES,
    "related": NAMES,
    "supersedes": NAMES,
    "source": Rule(partial(fields.origin, rules=SOURCE)),
    "status": Rule(partial(fields.furthest, ranks=MEMORY_RANKS), _defaulting("active")),
    "created_at": BORN,
    "created_by": Rule(fields.birth),
    "updated_at": LATEST,
    "verified_at": LATEST,
    "verdict": SCALAR,
    "confidence": SCALAR,
    "expires_at": DATE,
    "moved_to": SCALAR,
    "pinned": FLAG,
    "conflicts": CONFLICTS,
}
