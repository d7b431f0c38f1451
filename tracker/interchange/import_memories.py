"""Decide for each imported memory whether to create, update or skip it.

A memory is known by its key; a tombstone by the very key that it stands for: it says nothing about
the memory that the key means by now. Laws: the same thing again changes nothing; what the other
program does not say stays; what was forgotten here stays forgotten.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from tracker.errors import Invalid, Refused
from tracker.issues.editing import after
from tracker.memory.actions import current
from tracker.memory.edits import values
from tracker.model import memory_keys
from tracker.model.memory import KEY_LIMIT, MEMORY_FIELDS, TITLE_LIMIT, Memory
from tracker.model.status import TOMBSTONE
from tracker.model.timestamps import instant, stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from tracker.log.memory_log import MemoryDraft
    from tracker.memory.edits import MemoryAuthor, MemoryEdit


NEWER, SKIP, FAIL, THEIRS = "newer", "skip", "fail", "theirs"
CREATED, UPDATED, UNCHANGED, SKIPPED = "created", "updated", "unchanged", "skipped"
_MEANT = tuple(name for name in MEMORY_FIELDS if name not in {"created_at", "updated_at"})
_ODD = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff*?\\[\\]]+")


class Brought(NamedTuple):
    """A memory on its way in: what its source says of it, as fields of a `Wish` and times.

    `whole` is a record of our own, which is taken as it is. `left` says that the source only keeps
    it for itself, and why.
    """

    key: str
    fields: Mapping[str, Any]
    created_at: str = ""
    updated_at: str = ""
    whole: Memory | None = None
    left: str = ""


class ImportMode(NamedTuple):
    """What happens where a key is taken, and whether what comes is kept in this clone."""

    on_conflict: str = NEWER
    private: bool | None = None


class MemoryFate(NamedTuple):
    """What became of one; `why` is only said where it is odd."""

    key: str
    what: str
    why: str = ""


def legal(*parts: str) -> str:
    """A key of what other programs call a namespace and a key; what ours may not hold is replaced.

    "default" as a namespace is none; a key that is too long ends in a hash of all of it.
    """
    text = memory_keys.under(parts[0], "/".join(parts[1:])) if len(parts) > 1 else parts[0]
    plain = _ODD.sub("-", text.replace("\\", "/"))
    segments = [one.strip() for one in plain.split("/")]
    key = "/".join(one.replace("..", "-") if set(one) == {"."} else one for one in segments if one)
    if len(key) > KEY_LIMIT:
        import hashlib

        tail = hashlib.sha256(key.encode()).hexdigest()[:8]
        key = f"{key[: KEY_LIMIT - 9].rstrip('/ ')}-{tail}"
    return memory_keys.check(key or "unnamed")


def short(title: str) -> str:
    """A title that is no longer than one may be."""
    plain = " ".join(title.split())
    return plain if len(plain) <= TITLE_LIMIT else plain[: TITLE_LIMIT - 1].rstrip() + "…"


def take(
    notes: MemoryDraft, brought: Iterable[Brought], way: ImportMode, hand: MemoryAuthor
) -> list[MemoryFate]:
    """What becomes of each memory. Raises Refused where one differs and `way` is to fail.

    Of several of one key, as it is here, the one with the latest time counts; that others are left
    out is told.
    """
    latest: dict[str, Brought] = {}
    others: list[MemoryFate] = []
    for one in brought:
        if one.left:
            others.append(MemoryFate(one.key, SKIPPED, one.left))
            continue
        known = latest.setdefault(one.key, one)
        if (known.fields, known.whole) != (one.fields, one.whole):
            others.append(MemoryFate(one.key, SKIPPED, "a later one has that key"))
        if instant(one.updated_at) >= instant(known.updated_at):
            latest[one.key] = one
    verdicts = [*(_taken(notes, one, way, hand) for one in latest.values()), *others]
    differ = [one.key for one in verdicts if one.why == "it differs"]
    if differ:
        more = f" and {len(differ) - 5} more" if len(differ) > 5 else ""
        raise Refused(
            f"{len(differ)} memories differ: {', '.join(differ[:5])}{more}; nothing was written",
            hint="--on-conflict newer, skip or theirs",
        )
    return verdicts


def _taken(notes: MemoryDraft, one: Brought, way: ImportMode, hand: MemoryAuthor) -> MemoryFate:
    is_gone = one.whole is not None and one.whole.status == TOMBSTONE
    was = notes.get(one.key if is_gone else current(notes.get, one.key))
    try:
        new = _record(was, one, hand)
    except Invalid as error:
        return MemoryFate(one.key, SKIPPED, error.message)
    if was is None:
        notes.put(new, private=way.private)
        return MemoryFate(new.key, CREATED)
    if all(getattr(was, name) == getattr(new, name) for name in _MEANT):
        return MemoryFate(was.key, UNCHANGED)
    why = _kept(was, one, way.on_conflict)
    if why is not None:
        return MemoryFate(was.key, SKIPPED, why)
    is_later = instant(new.updated_at) > instant(was.updated_at)
    at = new.updated_at if is_later else after(was.updated_at, hand.who)
    new = replace(new, created_at=was.created_at or new.created_at, updated_at=at)
    notes.put(new, private=way.private)
    return MemoryFate(was.key, UPDATED)


def _kept(was: Memory, one: Brought, way: str) -> str | None:
    """Why the memory stays as it is here; None if it does not."""
    if way == FAIL:
        return "it differs"
    if way == SKIP:
        return ""
    if way == THEIRS:
        return None
    if was.status == TOMBSTONE:
        return "it was forgotten here"
    time = one.whole.updated_at if one.whole is not None else one.updated_at
    return None if instant(time) > instant(was.updated_at) else "what is here is later"


def _record(was: Memory | None, one: Brought, hand: MemoryAuthor) -> Memory:
    """The memory as it would be."""
    now = stamp(hand.who.now)
    if one.whole is not None:
        memory_keys.check(one.whole.key)
        at = one.whole.updated_at or now
        key, created = was.key if was is not None else one.key, one.whole.created_at or at
        if one.whole.status != TOMBSTONE and not one.whole.content.strip():
            raise Invalid("there is no text")
        return replace(one.whole, key=key, created_at=created, updated_at=at)
    born = Memory(key=one.key, created_at=one.created_at or one.updated_at or now)
    base = was if was is not None and was.status != TOMBSTONE else born
    wish: MemoryEdit = dict(one.fields)  # type: ignore[assignment]
    given = values(base, wish, hand, is_new=base is born)
    if base is was:
        given["source"] = was.source
    if not given.get("content", base.content).strip():
        raise Invalid("there is no text")
    return replace(base, **given, updated_at=one.updated_at or now, status=base.status)


def tally(verdicts: Sequence[MemoryFate]) -> dict[str, int]:
    """How many there are of each kind."""
    kinds = (CREATED, UPDATED, UNCHANGED, SKIPPED)
    return {kind: sum(one.what == kind for one in verdicts) for kind in kinds}
