"""Score and order memories for recall.

    near    = bm25 of the terms + 0.4 * bm25 of pairs of them that stand together
    lexical = near / best * (3 + coverage) / 4
    score   = rel * (0.85 + 0.15 * 2^(-age / half-life of the kind)) * (0.78 + 0.22 * trust)
              * 1.10 if pinned * 0.80 if a source file has changed * 0.60 if archived

`rel` is how well a memory answers, 0 to 1: `lexical`, or any other function of that form. All else
is bounded, so that what answers best is never buried under what is merely new or liked: at worst a
live memory loses about half of its score. One whose key is the question, or begins with it, comes
first whatever its score. Ties are broken by key, so the same files give the same answer anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log1p
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


POOL = 200
"""Candidates that are scored: the best by words alone."""
TERMS = 48
"""Terms of a question that are looked for: of more, the rarest."""
TOGETHER = 0.4
"""What pairs of terms count that follow each other as they do in the question."""
FEWEST = 3  # are not left out for being weak
WEAK = 0.15

DAY = 86_400 * 10**9
YEAR = 365.0
HALF_LIVES = {
    "decision": YEAR, "spec": YEAR, "fact": YEAR, "preference": YEAR,
    "pattern": 180.0, "procedure": 180.0, "pitfall": 180.0,
    "note": 60.0, "status": 30.0, "log": 14.0,
}  # fmt: skip
"""Days after which a memory of a kind is half as recent; as a note where the kind is unknown."""

AGED, DISTRUSTED = 0.85, 0.78  # what is left at endless age, and without any trust
PINNED, STALE, ARCHIVED = 1.10, 0.80, 0.60

EXACT, PREFIX, OTHER = range(3)


class RecallCandidate(NamedTuple):
    """A memory that may answer.

    `bm25` is positive, larger is better, and 0 where only the key was found; `pairs` is the same of
    terms that stand together. `coverage` is the share of the terms that it holds, by `weight`.
    `since` is its last sign of life, in nanoseconds since 1970, 0 if it has no time; `trust` is the
    `ranking` of its trust.
    """

    key: str
    kind: str = "fact"
    bm25: float = 0.0
    pairs: float = 0.0
    coverage: float = 0.0
    since: int = 0
    trust: float = 1.0
    pinned: bool = False
    stale: bool = False
    archived: bool = False


class Ranked(NamedTuple):
    """A candidate with its factors; `score` is their product. `place` is EXACT, PREFIX or OTHER."""

    candidate: RecallCandidate
    place: int
    rel: float
    recency: float
    trust: float
    pinned: float
    stale: float
    archived: float

    @property
    def key(self) -> str:
        return self.candidate.key

    @property
    def score(self) -> float:
        return self.rel * self.recency * self.trust * self.pinned * self.stale * self.archived


Rel = Callable[[Sequence[RecallCandidate]], Sequence[float]]
"""How well each candidate answers, 0 to 1: by words, or by what knows more than words."""


def weight(rows: int, holding: int) -> float:
    """What a term weighs that so many of the rows hold; never 0, as few rows as there may be."""
    return log1p((rows - holding + 0.5) / (holding + 0.5))


def telling(terms: Sequence[str], holding: Mapping[str, int]) -> list[str]:
    """The terms to look for, in their order: those that are found at all, the rarest if many."""
    found = [term for term in terms if holding[term]]
    if len(found) <= TERMS:
        return found
    rarest = set(sorted(found, key=lambda term: holding[term])[:TERMS])
    return [term for term in found if term in rarest]


def lexical(candidates: Sequence[RecallCandidate]) -> list[float]:
    """By words alone; the best of the candidates has all that its coverage allows."""
    near = [one.bm25 + TOGETHER * one.pairs for one in candidates]
    best = max(near, default=0.0) or 1.0
    return [at / best * (3 + one.coverage) / 4 for at, one in zip(near, candidates, strict=True)]


def key_of(question: str) -> str:
    """The key that a question may be, or the beginning of one."""
    return question.strip().removesuffix("*").removesuffix("/")


def place(key: str, question: str) -> int:
    """Whether a question is this key, or the beginning of it."""
    asked = key_of(question)
    if not asked:
        return OTHER
    if key == asked:
        return EXACT
    return PREFIX if key.startswith(asked) else OTHER


def recency(kind: str, age: int | None) -> float:
    """The share that an age in nanoseconds leaves: 1 when new, half after the kind's half-life.

    Half also where the age is not known.
    """
    if age is None:
        return 0.5
    days = max(age, 0) / DAY
    return float(2 ** (-days / HALF_LIVES.get(kind, HALF_LIVES["note"])))


def ranked(
    candidates: Sequence[RecallCandidate],
    question: str,
    now: int,
    rel: Rel = lexical,
) -> list[Ranked]:
    """The candidates, best first."""
    found = [
        Ranked(
            one,
            place(one.key, question),
            near,
            AGED + (1 - AGED) * recency(one.kind, now - one.since if one.since else None),
            DISTRUSTED + (1 - DISTRUSTED) * one.trust,
            PINNED if one.pinned else 1.0,
            STALE if one.stale else 1.0,
            ARCHIVED if one.archived else 1.0,
        )
        for one, near in zip(candidates, rel(candidates), strict=True)
    ]
    return sorted(found, key=lambda one: (one.place, -one.score, one.key))


def strong(found: Sequence[Ranked]) -> list[Ranked]:
    """Without those that hardly answer, so long as a few are left."""
    return [
        one for at, one in enumerate(found) if at < FEWEST or one.place < OTHER or one.rel >= WEAK
    ]


class RankedChoice(NamedTuple):
    """The texts that fit, in order, and how many there were to choose from."""

    texts: list[str]
    total: int

    @property
    def shown(self) -> str:
        """What is said behind them, so that nobody takes a part for the whole."""
        return f"{len(self.texts)} of {self.total} shown"


def chosen(
    forms: Sequence[tuple[str, str]],
    items: int,
    budget: int,
    size: Callable[[str], int] = len,
) -> RankedChoice:
    """What is put before an agent that has not asked: few items, within a budget.

    `forms` are the full and the brief text of each, best first. The first is given in full and the
    others in brief; where it is too long it is brief too, and cut where even that is too long, so
    that the best is always there. `size` says what a text costs; all are one line apart.
    """
    texts: list[str] = []
    left = budget
    for full, brief in forms[: max(items, 0)]:
        wanted = [full, brief] if not texts else [brief]
        fits = [text for text in wanted if size(text) + 1 <= left]
        if not fits and texts:
            break
        text = fits[0] if fits else cut(brief, left - 1, size)
        if not text:
            break
        texts.append(text)
        left -= size(text) + 1
    return RankedChoice(texts, len(forms))


def cut(text: str, budget: int, size: Callable[[str], int] = len) -> str:
    """A text shortened to a size, its end marked; "" where not even the mark has room."""
    if size(text) <= budget:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if size(text[:middle].rstrip() + "…") <= budget:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "…" if low else ""


def superseded(live: Mapping[str, tuple[int, Iterable[str]]]) -> dict[str, list[str]]:
    """The keys that a live memory takes the place of, each with those that do.

    `live` tells of each memory that supersedes something when it was last changed, and what. In a
    circle the newest stays, so that not all of them are gone.
    """
    gone: dict[str, list[str]] = {}
    for key, (changed, others) in sorted(live.items()):
        for other in dict.fromkeys(others):
            is_newer = other in live and (live[other][0], other) > (changed, key)
            if other != key and not (is_newer and key in _below(other, live)):
                gone.setdefault(other, []).append(key)
    return gone


def _below(key: str, live: Mapping[str, tuple[int, Iterable[str]]]) -> set[str]:
    """All that a memory supersedes, by whatever way."""
    found: set[str] = set()
    waiting = [key]
    for one in waiting:
        for other in live.get(one, (0, ()))[1]:
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found
