"""Set, append, move, forget and restore memories.

Pure: who writes, when, and what the named files are now come in a `Hand`. Laws of every action:
where it raises, nothing is put; only the named records change; what asks for the state that is
there changes nothing, not even `updated_at`, which strictly increases otherwise; what a record
carries without being understood stays. A key that was moved means the memory where it is now.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tracker.errors import Invalid, Moved, NoMemory, quoted
from tracker.issues.editing import after, without_settled
from tracker.memory.edits import ANYWHERE, MemoryEdit, MemoryTarget, blobs, joined, values
from tracker.model import memory_keys
from tracker.model.memory import ACTIVE, ARCHIVED, MEMORY_FIELDS, Memory
from tracker.model.status import TOMBSTONE
from tracker.model.timestamps import instant, stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    from tracker.log.memory_log import MemoryDraft
    from tracker.memory.edits import MemoryAuthor


ABSENT = "none"
"""The content hash to expect of a key under which there is nothing yet."""
_SHORTEST_HASH = 8  # hex digits that are enough to mean one content
_DESCRIBING = (
    "kind", "title", "description", "tags", "verdict", "confidence", "expires_at", "supersedes",
    "related", "pinned",
)  # fmt: skip
_LISTS = frozenset({"tags", "related", "supersedes", "updated_at", "extra"})


def put(
    notes: MemoryDraft,
    key: str,
    wish: MemoryEdit,
    hand: MemoryAuthor,
    where: MemoryTarget = ANYWHERE,
) -> Memory:
    """The memory with other values, or a new one, which needs a content.

    Raises Invalid, or Moved where another content was expected.
    """
    unknown = wish.keys() - MemoryEdit.__optional_keys__
    if unknown:
        raise Invalid(f"unknown field: {', '.join(sorted(unknown))}")
    name = _followed(notes, memory_keys.check(key))
    was = notes.get(name)
    if was is not None and was.status == TOMBSTONE:
        was = None
    _expect(name, was, where.expected)
    if was is None and not wish.get("content", "").strip():
        hint = f'bd memory set {quoted(name)} "TEXT"'
        raise Invalid("there is nothing to remember: the text is empty", hint=hint)
    base = was or Memory(key=name, created_at=stamp(hand.who.now))
    new = _changed(base, hand, values(base, wish, hand, is_new=was is None))
    if was is None:
        new = replace(new, updated_at=_born(notes, name, hand))
    return notes.put(new, private=where.private)


def append(
    notes: MemoryDraft, key: str, text: str, hand: MemoryAuthor, where: MemoryTarget = ANYWHERE
) -> Memory:
    """The memory with lines added at its end, or a new one that holds them."""
    name = _followed(notes, memory_keys.check(key))
    if not text.strip():
        hint = f'bd memory append {quoted(name)} "TEXT"'
        raise Invalid("there is nothing to append: the text is empty", hint=hint)
    was = notes.get(name)
    if was is None or was.status == TOMBSTONE:
        return put(notes, key, {"content": text}, hand, where)
    if not was.content and "content" in dict(was.extra):
        hint = f'bd memory set {quoted(name)} "TEXT" takes its place'
        raise Invalid(f"the content of {name} is no text: nothing can be added to it", hint=hint)
    content = f"{was.content}\n{text}" if was.content else text
    return put(notes, key, {"content": content}, hand, where)


def free_key(notes: MemoryDraft, text: str) -> str:
    """The key for a text that was given none: one that holds this very text, or is free."""
    name = key = memory_keys.slug(text)
    number = 1
    while (found := known(notes, key)) is not None and found.content != text:
        number += 1
        key = f"{name}-{number}"
    return key


def known(notes: MemoryDraft, key: str) -> Memory | None:
    """The live memory that a key means, if there is one."""
    found = held(notes, key)
    return None if found is None or found.status == TOMBSTONE else found


def held(notes: MemoryDraft, key: str) -> Memory | None:
    """The record that a key means, forgotten or not."""
    return notes.get(_followed(notes, key.strip()))


def dropped(before: Memory, new: Memory) -> list[str]:
    """What a forgotten memory said beside its text, and the new one of its key does not.

    Who writes under a key that was forgotten begins anew: what was wrong about the text was so
    about its title, its files and its place among others. `restore` is for who wants it back.
    """
    if before.status != TOMBSTONE:
        return []
    plain = Memory(key=new.key)

    def lost(names: Iterable[str], old: object, now: object, none: object) -> list[str]:
        return [
            name
            for name in names
            if getattr(now, name) == getattr(none, name) != getattr(old, name)
        ]

    own = lost(_DESCRIBING, before, new, plain)
    return own + lost(("issues", "paths"), before.source, new.source, plain.source)


def move(notes: MemoryDraft, old: str, new: str, hand: MemoryAuthor) -> Memory:
    """The memory under another key; a tombstone names it at the old one.

    Raises Invalid where the new key is taken.
    """
    was = live(notes, old)
    name = memory_keys.check(new)
    if name == was.key:
        return was
    taken = notes.get(name)
    if taken is not None and taken.status != TOMBSTONE:
        raise Invalid(f"{name} is taken", hint=f"bd memory get {quoted(name)}")
    private = notes.is_private(was.key)
    at = max(after(was.updated_at, hand.who), _born(notes, name, hand), key=instant)
    moved = notes.put(replace(was, key=name, updated_at=at), private=private)
    if private:
        notes.drop_private(was.key)
    else:
        gone = Memory(key=was.key, kind=was.kind, created_at=was.created_at)
        tombstone = replace(gone, updated_at=at, status=TOMBSTONE, moved_to=name)
        notes.put(tombstone, private=False)
    return moved


def link(notes: MemoryDraft, key: str, other: str, hand: MemoryAuthor) -> Memory:
    """The memory with another one among those that it is related to."""
    one, two = live(notes, key), live(notes, other)
    if one.key == two.key:
        raise Invalid(f"{one.key} cannot be related to itself")
    return notes.put(_changed(one, hand, {"related": joined(one.related, [two.key], "related")}))


def supersede(notes: MemoryDraft, old: str, new: str, hand: MemoryAuthor) -> Memory:
    """The memory that takes the place of another, which recall leaves out from then on."""
    one, two = live(notes, new), live(notes, old)
    if one.key == two.key:
        raise Invalid(f"{one.key} cannot supersede itself")
    names = joined(one.supersedes, [two.key], "supersedes")
    return notes.put(_changed(one, hand, {"supersedes": names}))


def verify(notes: MemoryDraft, key: str, hand: MemoryAuthor) -> Memory:
    """The memory, found to be true now, with the files that it names as they are now."""
    was = live(notes, key)
    now = {
        "verified_at": after(was.updated_at, hand.who),
        "source": replace(was.source, paths=blobs(dict(was.source.paths), hand)),
    }
    return notes.put(_changed(was, hand, now))


def pin(notes: MemoryDraft, key: str, hand: MemoryAuthor, *, pinned: bool = True) -> Memory:
    """The memory, shown before others or not."""
    return notes.put(_changed(live(notes, key), hand, {"pinned": pinned}))


def follow(notes: MemoryDraft, names: Mapping[str, str], hand: MemoryAuthor) -> None:
    """Let memories that came of issues with these ids name them by their new ones."""
    for seen in list(notes.glances()):
        memory = notes.get(seen.key) if names.keys() & set(seen.source.issues) else None
        if memory is not None:
            issues = tuple(names.get(id, id) for id in memory.source.issues)
            source = replace(memory.source, issues=issues)
            notes.put(_changed(memory, hand, {"source": source}))


def forget(notes: MemoryDraft, key: str, hand: MemoryAuthor) -> Memory:
    """A tombstone of the memory; what it held stays in it, and `restore` gives it back.

    A private one is taken away instead: nothing is merged with it.
    """
    was = live(notes, key)
    if notes.is_private(was.key):
        notes.drop_private(was.key)
        return was
    notes.put(_changed(was, hand, {"status": TOMBSTONE}))
    return was


def archive(notes: MemoryDraft, key: str, hand: MemoryAuthor) -> Memory:
    """The memory, put away: found only where one asks for it."""
    return notes.put(_changed(live(notes, key), hand, {"status": ARCHIVED}))


def restore(notes: MemoryDraft, key: str, hand: MemoryAuthor) -> Memory:
    """The memory as it was before it was forgotten or put away. Raises NoMemory."""
    was = notes.get(memory_keys.check(key))
    if was is None:
        raise memory_keys.missing(key, _live_keys(notes))
    if was.moved_to and was.status == TOMBSTONE:
        raise Invalid(
            f"{was.key} was moved to {was.moved_to}",
            hint=f"bd memory mv {quoted(was.moved_to)} {quoted(was.key)}",
        )
    return notes.put(_changed(was, hand, {"status": ACTIVE}))


def give(
    notes: MemoryDraft, key: str, content: str, hand: MemoryAuthor, *, private: bool | None = None
) -> Memory:
    """The memory with a text that it held before, back to life if it was forgotten."""
    was = notes.get(memory_keys.check(key))
    if was is None or (was.status == TOMBSTONE and not was.content):
        return put(notes, key, {"content": content}, hand, MemoryTarget(private))
    given = {"status": ACTIVE, "content": content, "moved_to": ""}
    return notes.put(_changed(was, hand, given), private=private)


def live(notes: MemoryDraft, key: str) -> Memory:
    """The memory of this key, wherever it was moved. Raises NoMemory."""
    name = _followed(notes, key.strip())
    found = notes.get(name)
    if found is None:
        raise memory_keys.missing(key, _live_keys(notes))
    if found.status == TOMBSTONE:
        raise NoMemory(key, hint=f"it was forgotten; bd memory restore {quoted(found.key)}")
    return found


def current(get: Callable[[str], Memory | None], key: str) -> str:
    """The key where the memory is now that was once called `key`."""
    seen: set[str] = set()
    at = key
    while at not in seen:
        seen.add(at)
        found = get(at)
        if found is None or found.status != TOMBSTONE or not found.moved_to:
            return at
        at = found.moved_to
    return key


def _followed(notes: MemoryDraft, key: str) -> str:
    return current(notes.get, key)


def _live_keys(notes: MemoryDraft) -> list[str]:
    return [one.key for one in notes.glances() if one.status != TOMBSTONE]


def _born(notes: MemoryDraft, key: str, hand: MemoryAuthor) -> str:
    """The time of a memory that begins: later than that of the tombstone in its place."""
    found = notes.get(key)
    return after(found.updated_at if found else "", hand.who)


def _expect(key: str, was: Memory | None, expected: str | None) -> None:
    if expected is None:
        return
    if expected in {"", ABSENT}:
        if was is not None:
            raise Moved(f"{key} holds something already", hint=f"bd memory get {quoted(key)}")
        return
    if len(expected) < _SHORTEST_HASH:
        raise Invalid(f"{expected!r} is too short: {_SHORTEST_HASH} hex digits or more")
    import hashlib

    content = was.content if was else ""
    held = hashlib.sha256(content.encode(errors="surrogatepass")).hexdigest()
    if was is None or not held.startswith(expected.lower()):
        what = f"{held[:_SHORTEST_HASH]} now" if was else "nothing"
        raise Moved(
            f"{key} holds {what}, not {expected}: nothing was written",
            hint=f"bd memory get {quoted(key)} --json",
        )


def _changed(memory: Memory, hand: MemoryAuthor, given: Mapping[str, Any]) -> Memory:
    """The memory with other values in these fields and a later `updated_at`.

    Without a difference it is the same memory; a field that gets another value is no longer in
    `conflicts`.
    """
    extra = tuple(pair for pair in memory.extra if pair[0] not in given)
    new = replace(memory, **given, extra=extra)
    if new == memory:
        return memory
    rest = without_settled(new.extra, lambda: _answered(memory, new))
    return replace(new, updated_at=after(memory.updated_at, hand.who), extra=rest)


def _answered(old: Memory, new: Memory) -> Iterator[str]:
    """JSON pointers to what was given another value; a content that only grew answers nothing."""
    for name in MEMORY_FIELDS:
        one, two = getattr(old, name), getattr(new, name)
        if one == two or name in _LISTS:
            continue
        if name == "content" and one and two.startswith(one):
            continue
        yield f"/{name}"
