"""How the rows of the cache of memories look, as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracker.cli.memoview import FIRST, age, beginning, standing
from tracker.cli.plain import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracker.cli.session import Session
    from tracker.recall import Ranked
    from tracker.recollection import Found, Recollection, Row

_NOWHERE = 8  # words that are told to be in no memory
HARDLY = 0.25  # share of a question, by weight, below which an answer is weak
SNIPPET = 160  # characters of a content below its title


def record(at: Recollection, row: Row, **more: Any) -> dict[str, Any]:
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


def heading(row: Row) -> str:
    """What a memory is called in a list: its title, or how its content begins."""
    return beginning(row.title or row.head, FIRST)


def is_warning(row: Row) -> bool:
    """Whether it tells of what went wrong, so that others need not try it."""
    return row.verdict == "failure" or row.kind == "pitfall"


def named(row: Row) -> str:
    """How a memory is named before its text: what is doubted says so, what warns begins with Avoid.

    The text may be what failed as well as the remedy, so "Avoid:" never stands right before it.
    """
    key = f"[{one_line(row.key)}]{doubt(row)}"
    if not is_warning(row):
        return key
    return f"Avoid: {key}, a {'pitfall' if row.kind == 'pitfall' else 'failure'}. It says:"


def doubt(row: Row) -> str:
    """` (harmful: 0 ok, 5 bad)` behind the name of what verdicts are against, else nothing."""
    return f" ({standing(row.trust)})" if row.trust.is_doubted else ""


def columns(row: Row, now: int) -> tuple[str, ...]:
    """The columns of `bd memory list`."""
    marks = ["📌"] if row.pinned else []
    marks += ["stale"] if row.stale else []
    marks += [standing(row.trust)] if row.trust.is_doubted else []
    marks += _marks(row)
    return (
        one_line(row.key), one_line(row.kind), f"{row.trust.value:.2f}", _age(row, now),
        heading(row) + (f"  ({', '.join(marks)})" if marks else ""),
    )  # fmt: skip


def _marks(row: Row) -> list[str]:
    """What sets a memory apart from others."""
    marks = ["local"] if row.private else []
    marks += [one_line(row.status)] if row.status != "active" else []
    marks += [row.why] if row.why in {"expired", "superseded"} else []
    return marks + (["other values from a merge"] if row.kept else [])


def _age(row: Row, now: int) -> str:
    return age(row.updated, now) if row.updated else "-"


def answer(row: Row, number: int, now: int) -> Iterator[str]:
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
    """What the score is the product of."""
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


def looked_for(found: Found, known: int) -> str:
    """What a search has looked for: its words, with the number of memories that hold each."""
    terms = [f"{one_line(term)} ({count})" for term, count in found.terms[:20]]
    more = f" and {len(found.terms) - 20} more" if found.terms[20:] else ""
    memories = "1 memory" if known == 1 else f"{known} memories"
    return f"looked for {', '.join(terms) or 'nothing'}{more} in {memories}"


def weakness(found: Found) -> str:
    """What is to be said of answers that hardly are any; "" of good ones, and of keys."""
    from tracker.recall import OTHER
    from tracker.terms import STOP_WORDS

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


def say_limit(session: Session, found: Found) -> None:
    """Tell how much was left out, and how to see it."""
    if len(found.rows) < found.total:
        session.note(f"Showing {len(found.rows)} of {found.total} memories (-n 0 shows all)")
    if found.hidden:
        session.note(f"{found.hidden} more are put away, over or replaced (--all)")
