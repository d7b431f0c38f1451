"""Generators of memories and outcomes: every field, and fields that are only carried."""

from __future__ import annotations

from functools import cache

from hypothesis import strategies as st

from tests.support.strategies import HARD_NUMBERS, extras, texts, times, words
from tracker.model import memory
from tracker.model.memory import Memory, Outcome, Source

MISFITS = {
    "str": ("0", "1.5", "true", "{}", '["a"]'),
    "Json": ('"high"', "true", "{}", "[1]"),
    "bool": ('"yes"', "0", "1", "{}"),
    "tuple[str, ...]": ('"a,b"', "{}", "0", '["a",1]', "[null]"),
    "tuple[tuple[str, str], ...]": ('"a"', '["a"]', '{"a":1}', "{}"),
    "Source": ('"ann"', "[1]", "1"),
}
"""By type of field: raw values of a JSON type that the model does not expect there."""

NAMES = ("a", "b", "climate/patterns/drift", "climate/patterns/ml/x", "swarm/coder/step-1", "é/ü")


@cache
def keys():
    """A small world of keys, so that they meet."""
    return st.sampled_from(NAMES)


def _some():
    return texts().filter(bool)


def _lists():
    return st.lists(texts(), max_size=3).map(tuple)


@st.composite
def sources(draw):
    """Where something comes from; often nowhere."""
    paths = draw(st.dictionaries(texts(), texts(), max_size=2))
    return Source(
        by=draw(texts()),
        origin=draw(st.sampled_from(["", *memory.ORIGINS]) | texts()),
        issues=draw(_lists()),
        paths=tuple(paths.items()),
        session=draw(texts()),
        extra=draw(extras(memory.SOURCE_FIELDS)),
    )


@st.composite
def memories(draw, key=None):
    """A memory with some of its fields set."""
    values = {
        "kind": st.sampled_from(memory.KINDS) | _some(),
        "title": texts(),
        "description": texts(),
        "content": texts(),
        "tags": _lists(),
        "verdict": st.sampled_from(memory.VERDICTS) | texts(),
        "confidence": st.sampled_from(HARD_NUMBERS),
        "source": sources(),
        "created_at": times(),
        "updated_at": times(),
        "verified_at": times(),
        "expires_at": times(),
        "supersedes": _lists(),
        "related": _lists(),
        "pinned": st.booleans(),
        "status": st.sampled_from(memory.STATUSES) | _some(),
        "moved_to": texts(),
    }
    chosen = draw(st.sets(st.sampled_from(sorted(values)), max_size=8))
    known = {name: draw(values[name]) for name in sorted(chosen)}
    taken = (*memory.MEMORY_FIELDS, "value", "_type")
    return Memory(
        key=draw(texts().filter(bool)) if key is None else key, **known, extra=draw(extras(taken))
    )


@st.composite
def outcomes(draw):
    """A verdict about some memory, or what takes one back."""
    values = {name: texts() for name in memory.OUTCOME_FIELDS if name not in {"id", "weight"}}
    values["weight"] = st.sampled_from(HARD_NUMBERS)
    chosen = draw(st.sets(st.sampled_from(sorted(values)), max_size=6))
    known = {name: draw(values[name]) for name in sorted(chosen)}
    return Outcome(id=draw(words()), **known, extra=draw(extras(memory.OUTCOME_FIELDS)))
