"""Memories as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tracker.errors import quoted
from tracker.render.issue_lines import moment
from tracker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from tracker.cache.memories.queries import FoundMemory, MemoryQueries, MemoryRow
    from tracker.issues.conflicts import ConflictEntry
    from tracker.memory.ranking import Ranked
    from tracker.memory.trust import Trust
    from tracker.model.memory import Memory, Outcome


_NOWHERE = 8  # words that are told to be in no memory
HARDLY = 0.25  # share of a question, by weight, below which an answer is weak
SNIPPET = 160  # characters of a content below its title


def record(at: MemoryQueries, row: MemoryRow, **more: Any) -> dict[str, Any]:
    """A memory for programs: its record, and what is derived from the files."""
    from tracker import json_text

    held = json_text.loads(at.line(row.n))
    if held.pop("_type", "memory") == "memory" and "content" not in held and "value" in held:
        held["content"] = held.pop("value")
    told = {"key": held.pop("key"), "kind": row.kind}
    told |= {name: value for name, value in held.items() if value not in (None, "", [])}
    told.pop("status", None)
    trust = row.trust
    return {
        **told,
        "namespace": row.key.rpartition("/")[0],
        "status": row.status,
        "hash": row.digest,
        "trust": round(trust.value, 3),
        "standing": trust.word,
        "outcomes": {"ok": trust.ups, "bad": trust.downs, "credit": trust.credits},
        "stale": list(row.stale),
        "private": row.private,
        "expired": at.is_over(row),
        "superseded_by": at.superseded.get(row.key, []),
        **more,
    }


def row_heading(row: MemoryRow) -> str:
    """What a memory is called in a list: its title, or how its content begins."""
    return beginning(row.title or row.head, FIRST)


def is_warning(row: MemoryRow) -> bool:
    """Whether it tells of what went wrong, so that others need not try it."""
    return row.verdict == "failure" or row.kind == "pitfall"


def named(row: MemoryRow) -> str:
    """How a memory is named before its text: what is doubted says so, what warns begins with Avoid.

    The text may be what failed as well as the remedy, so "Avoid:" never stands right before it.
    """
    key = f"[{one_line(row.key)}]{doubt(row)}"
    if not is_warning(row):
        return key
    return f"Avoid: {key}, a {'pitfall' if row.kind == 'pitfall' else 'failure'}. It says:"


def doubt(row: MemoryRow) -> str:
    """` (harmful: 0 ok, 5 bad)` behind the name of what verdicts are against, else nothing."""
    return f" ({standing(row.trust)})" if row.trust.is_doubted else ""


def columns(row: MemoryRow, now: int) -> tuple[str, ...]:
    """The columns of `bd memory list`."""
    marks = ["📌"] if row.pinned else []
    marks += ["stale"] if row.stale else []
    marks += [standing(row.trust)] if row.trust.is_doubted else []
    marks += _marks(row)
    return (
        one_line(row.key), one_line(row.kind), f"{row.trust.value:.2f}", _age(row, now),
        row_heading(row) + (f"  ({', '.join(marks)})" if marks else ""),
    )  # fmt: skip


def _marks(row: MemoryRow) -> list[str]:
    """What sets a memory apart from others."""
    marks = ["local"] if row.private else []
    marks += [one_line(row.status)] if row.status != "active" else []
    marks += [row.why] if row.why in {"expired", "superseded"} else []
    return marks + (["other values from a merge"] if row.kept else [])


def _age(row: MemoryRow, now: int) -> str:
    return age(row.updated, now) if row.updated else "-"


def answer(row: MemoryRow, number: int, now: int) -> Iterator[str]:
    """One answer of a search: what it is called, how it begins, and how far to believe it."""
    title = f" {one_line(row.title)}" if row.title else ""
    yield f"{number}. {named(row)}{title}"
    if row.description:
        yield f"   When: {one_line(row.description)}"
    yield f"   {beginning(row.head, SNIPPET)}"
    word = row.trust.word if row.trust.is_doubted else standing(row.trust)  # told at the top
    known = [one_line(row.kind), f"{_age(row, now)} old" if row.updated else "of unknown age",
             f"trust {row.trust.value:.2f} {word}"]  # fmt: skip
    known += ["pinned"] if row.pinned else []
    known += _marks(row)
    known += [f"stale: {', '.join(map(one_line, row.stale))} changed"] if row.stale else []
    yield f"   ({', '.join(known)})"


FACTORS = ("near", "recency", "trust", "pinned", "stale", "archived")


def factors(ranked: Ranked) -> dict[str, float]:
    """Return the factors whose product is the score."""
    values = ranked.rel, ranked.recency, ranked.trust, ranked.pinned, ranked.stale, ranked.archived
    return dict(zip(FACTORS, values, strict=True))


def explained(ranked: Ranked) -> Iterator[str]:
    """Every factor of a score, and what the first of them is made of."""
    product = " x ".join(f"{name} {value:.3f}" for name, value in factors(ranked).items())
    yield f"   score {ranked.score:.3f} = {product}"
    one = ranked.candidate
    place = ("the key is the question; ", "the key begins with the question; ", "")[ranked.place]
    yield (
        f"   near: {place}bm25 {one.bm25:.3g}, pairs {one.pairs:.3g}, "
        f"{one.coverage:.0%} of the question"
    )


def explanation(ranked: Ranked) -> dict[str, Any]:
    """The same for programs."""
    one = ranked.candidate
    place = ("exact", "prefix", "")[ranked.place]
    return {
        "factors": {name: round(value, 6) for name, value in factors(ranked).items()},
        "key": place or None,
        "bm25": round(one.bm25, 6),
        "pairs": round(one.pairs, 6),
        "coverage": round(one.coverage, 6),
    }


def looked_for(found: FoundMemory, known: int) -> str:
    """What a search has looked for: its words, with the number of memories that hold each."""
    terms = [f"{one_line(term)} ({count})" for term, count in found.terms[:20]]
    more = f" and {len(found.terms) - 20} more" if found.terms[20:] else ""
    memories = "1 memory" if known == 1 else f"{known} memories"
    return f"looked for {', '.join(terms) or 'nothing'}{more} in {memories}"


def weakness(found: FoundMemory) -> str:
    """What is to be said of answers that hardly are any; "" of good ones, and of keys."""
    from tracker.cache.memories.tokens import STOP_WORDS
    from tracker.memory.ranking import OTHER

    ranked = [row.ranked for row in found.rows if row.ranked is not None]
    if not ranked or ranked[0].place != OTHER:
        return ""
    words = [term for term, _ in found.terms]
    if STOP_WORDS.issuperset(words):
        return f"only common words: {', '.join(words)}"
    best = max(one.candidate.coverage for one in ranked)
    if best >= HARDLY:
        return ""
    if not best:
        return "weak: parts of words"
    nowhere = [one_line(term) for term, count in found.terms if not count]
    if nowhere:  # which says more than a figure, and may be no fault where little is known
        return (
            f"no memory has: {', '.join(nowhere[:_NOWHERE])}{', ...' * (len(nowhere) > _NOWHERE)}"
        )
    return f"weak: the best holds {best:.0%} of the question"


FIRST = 80  # characters of a text that tell which one it is
BEGINNING = 120  # of a text in a list, as Beads has it
_UNITS = ((365 * 86400, "y"), (30 * 86400, "mo"), (86400, "d"), (3600, "h"), (60, "m"))


class MemoryFacts(NamedTuple):
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


def known(at: MemoryQueries, row: MemoryRow) -> MemoryFacts:
    """A memory that the cache answers for, with its whole record."""
    from tracker.log.memory_codec import decode_memory

    memory = decode_memory(at.line(row.n))
    instead = at.superseded.get(row.key, ())
    return MemoryFacts(memory, row.trust, row.stale, row.private, at.is_over(row), instead)


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


def fragment(known: MemoryFacts, **more: Any) -> str:
    """A memory as one element of a JSON array: its record, and what is derived from the files."""
    import json

    from tracker.json_text import in_order, indented, members, quote
    from tracker.log.memory_codec import MEMORY_RANK, encode_memory
    from tracker.model.memory import digest

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


def standing(trust: Trust) -> str:
    """The word for a trust; with the verdicts behind it, where they are or were against it."""
    counts = f"{trust.ups} ok, {trust.downs} bad"
    if trust.word == "corrected":
        return f"corrected since: {counts} before"
    return f"{trust.word}: {counts}" if trust.is_doubted else trust.word


def unfit(known: MemoryFacts) -> dict[str, Any]:
    """What is against a memory, for programs; nothing of one that is as it should be."""
    status = known.memory.status
    archived = {} if status == "active" else {"status": status}
    expired = {"expired": True} if known.expired else {}
    doubted = {"standing": known.trust.word} if known.trust.is_doubted else {}
    replaced = {"superseded_by": [*known.instead]} if known.instead else {}
    return archived | expired | doubted | replaced


def against(known: MemoryFacts) -> Iterator[str]:
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


def _entries(memory: Memory) -> list[ConflictEntry]:
    """What merges kept of a memory; most have nothing, and need no module for it."""
    if not any(name == "conflicts" for name, _ in memory.extra):
        return []
    from tracker.memory.conflicts import entries

    return entries(memory)


def staleness(known: MemoryFacts) -> Iterator[str]:
    """`stale: src/api.py changed since 2025-11-02`, a line for each file."""
    from tracker.model.timestamps import instant

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


def row(known: MemoryFacts, now: int) -> Iterator[str]:
    """The columns of `bd memory list`."""
    from tracker.model.timestamps import instant

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


def page(known: MemoryFacts, now: int) -> Iterator[str]:
    """Everything about one memory."""
    from tracker.model.timestamps import instant

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
    from tracker.json_text import quote

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
