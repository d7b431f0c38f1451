"""How memories look, as text and as JSON. Nothing else formats them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tracker.cli.plain import one_line
from tracker.cli.render import moment
from tracker.errors import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tracker.cli.session import Session
    from tracker.disputes import Entry
    from tracker.memory import Memory, Outcome
    from tracker.recollection import Recollection, Row
    from tracker.trust import Trust

FIRST = 80  # characters of a text that tell which one it is
BEGINNING = 120  # of a text in a list, as Beads has it
_UNITS = ((365 * 86400, "y"), (30 * 86400, "mo"), (86400, "d"), (3600, "h"), (60, "m"))


class Known(NamedTuple):
    """A memory, and what is known of it that its record does not say.

    `stale` are the files that it names and that have changed, `instead` the keys of the memories
    that take its place; `private` never leaves the clone; what is `expired` no longer holds.
    """

    memory: Memory
    trust: Trust
    stale: Sequence[str] = ()
    private: bool = False
    expired: bool = False
    instead: Sequence[str] = ()


def known(at: Recollection, row: Row) -> Known:
    """A memory that the cache answers for, with its whole record."""
    from tracker.memoline import decode_memory

    memory = decode_memory(at.line(row.n))
    instead = at.superseded.get(row.key, ())
    return Known(memory, row.trust, row.stale, row.private, at.is_over(row), instead)


def written(session: Session, memory: Memory) -> Known:
    """A memory that was just written; of one that is gone, as it was."""
    from tracker.outcomes import own
    from tracker.trust import Trust

    at = session.tracker.recollection
    row = at.row(memory.key)
    if row is None:
        return Known(memory, Trust(own(memory), own(memory)))
    return known(at, row)._replace(memory=memory)


def beginning(text: str, limit: int = FIRST) -> str:
    """The first characters of a text on one line, with an ellipsis where there are more."""
    flat = one_line(text)
    return flat if len(flat) <= limit else flat[: limit - 3] + "..."


def heading(memory: Memory) -> str:
    """What a memory is called in a list: its title, or how its content begins."""
    return beginning(memory.title or memory.content)


def said(action: str, memory: Memory) -> str:
    """`Remembered [key]: text`, as Beads says it."""
    return f"{action.capitalize()} [{one_line(memory.key)}]: {beginning(memory.content)}"


def fragment(known: Known, **more: Any) -> str:
    """A memory as one element of a JSON array: its record, and what is derived from the files."""
    import json

    from tracker.codec import in_order, members, quote
    from tracker.layout import indented
    from tracker.memoline import MEMORY_RANK, encode_memory
    from tracker.memory import digest

    memory, trust = known.memory, known.trust
    derived = {
        "namespace": memory.namespace,
        "status": memory.status,
        "hash": digest(memory.content),
        "trust": round(trust.value, 3),
        "standing": trust.word,
        "outcomes": {"ok": trust.ups, "bad": trust.downs, "credit": trust.credits},
        "stale": list(known.stale),
        "private": known.private,
        "expired": known.expired,
        "superseded_by": list(known.instead),
        **more,
    }
    raws = {name: one.raw for name, one in members(encode_memory(memory).decode())[0].items()}
    told = {name: quote(one) if isinstance(one, str) else json.dumps(one, ensure_ascii=False)
            for name, one in derived.items()}  # fmt: skip
    line = in_order(raws | told, {**MEMORY_RANK, **{name: 99 + at for at, name in enumerate(told)}})
    return indented(line.decode(), 2)


def emit_one(session: Session, known: Known, **more: Any) -> None:
    """One memory as the JSON document."""
    session.write(fragment(known, **more).replace("\n  ", "\n") + "\n")


def standing(trust: Trust) -> str:
    """The word for a trust; with the verdicts behind it, where they are or were against it."""
    counts = f"{trust.ups} ok, {trust.downs} bad"
    if trust.word == "corrected":
        return f"corrected since: {counts} before"
    return f"{trust.word}: {counts}" if trust.is_doubted else trust.word


def unfit(known: Known) -> dict[str, Any]:
    """What is against a memory, for programs; nothing of one that is as it should be."""
    status = known.memory.status
    archived = {} if status == "active" else {"status": status}
    expired = {"expired": True} if known.expired else {}
    doubted = {"standing": known.trust.word} if known.trust.is_doubted else {}
    replaced = {"superseded_by": [*known.instead]} if known.instead else {}
    return archived | expired | doubted | replaced


def remarks(session: Session, known: Known) -> None:
    """Tell people what to know before they believe a memory."""
    for line in against(known):
        session.note(line)


def against(known: Known) -> Iterator[str]:
    """What is against a memory, a line each, with the command that does something about it."""
    memory = known.memory
    name, key = one_line(memory.key), quoted(one_line(memory.key))
    if known.trust.is_doubted:
        yield f"{name} is {standing(known.trust)} (bd memory outcomes {key})"
    if known.instead:
        others = [one_line(other) for other in known.instead]
        verb = "takes" if len(others) == 1 else "take"
        yield f"{', '.join(others)} {verb} the place of {name} (bd memory get {_typed(others)})"
    yield from hidden(memory, expired=known.expired)
    yield from disputes(memory)
    yield from staleness(known)


def hidden(memory: Memory, *, expired: bool) -> Iterator[str]:
    """Why a memory is found only by its key."""
    name, key = one_line(memory.key), quoted(one_line(memory.key))
    if memory.status == "archived":
        yield f"{name} is put away (bd memory restore {key})"
    if expired:
        until = moment(memory.expires_at)
        yield f"{name} held until {until} (bd memory set {key} --ttl 90d renews it)"


def _typed(keys: Iterable[str]) -> str:
    return " ".join(map(quoted, keys))


def disputes(memory: Memory) -> Iterator[str]:
    """Which of its fields have other values from a merge, and what lists these."""
    if names := list(dict.fromkeys(one_line(entry.name) for entry in _entries(memory))):
        yield (
            f"{one_line(memory.key)} has other values from a merge: {', '.join(names)}"
            f" (bd memory conflicts {quoted(one_line(memory.key))})"
        )


def _entries(memory: Memory) -> list[Entry]:
    """What merges kept of a memory; most have nothing, and need no module for it."""
    if not any(name == "conflicts" for name, _ in memory.extra):
        return []
    from tracker.settling import entries

    return entries(memory)


def staleness(known: Known) -> Iterator[str]:
    """`stale: src/api.py changed since 2025-11-02`, a line for each file."""
    from tracker.model import instant

    memory = known.memory
    last = max(memory.verified_at, memory.updated_at, key=instant)
    for path in known.stale:
        yield f"stale: {one_line(path)} changed since {moment(last)[:10]}"


def age(then: int, now: int) -> str:
    """How long ago, in the largest unit that is not nought: `3d`, `5mo`, `2y`."""
    seconds = max(now - then, 0) // 10**9
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return "0m"


def row(known: Known, now: int) -> Iterator[str]:
    """The columns of `bd memory list`."""
    from tracker.model import instant

    memory = known.memory
    marks = [
        mark
        for mark, is_so in (
            ("📌", memory.pinned),
            ("stale", known.stale),
            ("local", known.private),
            (memory.status, memory.status != "active"),
        )
        if is_so
    ]
    yield one_line(memory.key)
    yield one_line(memory.kind)
    yield f"{known.trust.value:.2f}"
    yield age(instant(memory.updated_at), now)
    yield heading(memory) + (f"  ({', '.join(marks)})" if marks else "")


def table(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Rows in columns; the last column is as wide as it is."""
    found = [list(one) for one in rows]
    widths = (
        [max(len(one[at]) for one in found) for at in range(len(found[0]) - 1)] if found else []
    )
    for one in found:
        cells = [cell.ljust(width) for cell, width in zip(one, widths, strict=False)]
        yield "  ".join([*cells, one[-1]])


def page(known: Known, now: int) -> Iterator[str]:
    """Everything about one memory."""
    from tracker.model import instant

    memory, trust = known.memory, known.trust
    source = memory.source
    yield f"{one_line(memory.key)} [{one_line(memory.kind)}]" + (" 📌" if memory.pinned else "")
    figures = f"{trust.ups} ok, {trust.downs} bad" + (
        f", {trust.credits} issues closed" if trust.credits else ""
    )
    facts = {
        "Title": one_line(memory.title),
        "Use it": one_line(memory.description),
        "Trust": f"{trust.value:.2f} ({trust.word}: {figures})",
        "Status": "" if memory.status == "active" else one_line(memory.status),
        "Verdict": one_line(memory.verdict),
        "Tags": " ".join(map(one_line, memory.tags)),
        "From": " ".join(one_line(one) for one in (source.by, f"({source.origin})") if one != "()"),
        "Issues": " ".join(map(one_line, source.issues)),
        "Files": " ".join(one_line(path) for path, _ in source.paths),
        "Related": " ".join(map(one_line, memory.related)),
        "Replaces": " ".join(map(one_line, memory.supersedes)),
        "Written": _day(memory.created_at),
        "Changed": f"{_day(memory.updated_at)} ({age(instant(memory.updated_at), now)} ago)",
        "Verified": _day(memory.verified_at),
        "Expires": _day(memory.expires_at),
        "Private": "it never leaves this clone" if known.private else "",
    }
    yield from (f"  {name + ':':10}{value}" for name, value in facts.items() if value)
    yield from (f"  ⚠ {line}" for line in against(known))
    yield ""
    yield from memory.content.split("\n")
    yield from _kept(memory)


def _kept(memory: Memory) -> Iterator[str]:
    """The other values that merges kept of a memory, and what settles them."""
    held = _entries(memory)
    if held:
        key = quoted(one_line(memory.key))
        yield f"\nOther values from a merge ({settles(key)}):"
    for number, entry in enumerate(held, 1):
        text = f"{one_line(entry.name)}: {shown(entry.value.value)}"
        yield f"  {number}: {text} ({one_line(entry.at)})"


def settles(key: str) -> str:
    """The command that lets one value of a memory stand."""
    return f"bd memory resolve {key} --field F --take kept|other|N, or --text T"


def shown(value: object) -> str:
    """How a value of any kind begins."""
    from tracker.codec import quote

    return beginning(value if isinstance(value, str) else quote(value), 200)


def _day(text: str) -> str:
    return moment(text)


def verdict(outcome: Outcome) -> str:
    """One line about an outcome."""
    work = outcome.issue or outcome.task
    about = f" on {one_line(work)}" if work else ""
    note = f": {one_line(outcome.note)}" if outcome.note else ""
    weight = f" x{one_line(outcome.weight)}" if outcome.weight else ""
    return (
        f"{one_line(outcome.id)}  {_day(outcome.at)}  {one_line(outcome.verdict)}{weight}"
        f"  {one_line(outcome.key)}  by {one_line(outcome.by) or 'nobody'}{about}{note}"
    )
