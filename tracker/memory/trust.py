"""Compute the trust in a memory from its verdicts.

    trust = (4 * confidence + good) / (4 + good + 2 * bad)

Of several verdicts by one person about one task (or issue) the latest counts. Each is weighted,
and halved every 180 days; one about another content than the present counts half. The prior is
worth four verdicts, and a bad one weighs as much as two good ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tracker.model.confidence import USUAL_CONFIDENCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


DAY = 86_400 * 10**9
HALF_LIFE = 180 * DAY
PRIOR = 4.0  # verdicts that the writer's own confidence is worth
BLAME = 2.0  # good verdicts that a bad one outweighs
CREDIT = 0.2
"""The weight of a closed issue whose work was given the memory."""

DOUBTED = 0.4
"""Trust below which a memory that was judged is left out where nothing else is asked for."""
FAIR = {"success": 1.0, "mixed": 0.5, "failure": 0.0}
"""How much of a verdict is good; the rest is bad."""


class Vote(NamedTuple):
    """One verdict. `about` tells the task or issue, `at` is in nanoseconds since 1970.

    `share` is the part of the weight that counts: half of it if another content was judged.
    """

    verdict: str
    weight: float
    at: int
    about: str = ""
    by: str = ""
    id: str = ""
    share: float = 1.0


class Trust(NamedTuple):
    """`value` is 0 to 1; `good` and `bad` are the decayed sums that it was made of.

    `ups` and `downs` count verdicts, `credits` closed issues; `last` is when it last proved good,
    0 where no verdict said so. `word` is what people call it: unproven, established, proven,
    doubted, harmful, or corrected, which nobody has judged since it was doubted or harmful.
    """

    value: float
    prior: float
    good: float = 0.0
    bad: float = 0.0
    ups: int = 0
    downs: int = 0
    credits: int = 0
    last: int = 0
    word: str = "unproven"

    @property
    def ranking(self) -> float:
        """The trust that orders answers, 0 to 1: the same with half of the writer's confidence.

        The other half is the usual one. Drawn at random, full confidence cost 0.010 to 0.018 of
        what is found among the first ten (`benchmarks.retrieval` measures how), half of it 0.004
        to 0.008; verdicts count in full.
        """
        claim = (self.prior + USUAL_CONFIDENCE) / 2
        return (PRIOR * claim + self.good) / (PRIOR + self.good + BLAME * self.bad)

    @property
    def is_doubted(self) -> bool:
        """Whether verdicts are against what it says now; low confidence alone is none."""
        return self.word in {"doubted", "harmful"}


def latest(votes: Iterable[Vote]) -> list[Vote]:
    """The last vote of each person about each task; of two at one time that with the larger id.

    Of one id that two branches gave, what else it says decides.
    """
    held: dict[tuple[str, str], Vote] = {}
    for vote in votes:
        name = (vote.about, vote.by)
        other = held.get(name)
        if other is None or _rank(vote) > _rank(other):
            held[name] = vote
    return list(held.values())


def trust(own: float, votes: Iterable[Vote], credits: Iterable[int], now: int) -> Trust:
    """The trust of a memory with the prior `own`; `credits` are the times at which issues closed.

    All credit together never weighs more than the prior does.
    """
    good = bad = 0.0
    ups = downs = last = 0
    known = sorted(latest(vote for vote in votes if vote.verdict in FAIR), key=_rank)
    for vote in known:
        weight = _weight(vote) * vote.share * decay(now - vote.at)
        fair = FAIR[vote.verdict]
        good += weight * fair
        bad += weight * (1 - fair)
        ups += vote.verdict == "success"
        downs += vote.verdict == "failure"
        last = max(last, vote.at) if vote.verdict == "success" else last
    closed = sorted(credits)
    good += min(sum(CREDIT * decay(now - at) for at in closed), PRIOR * own)
    value = (PRIOR * own + good) / (PRIOR + good + BLAME * bad)
    found = Trust(value, own, good, bad, ups, downs, len(closed), last)
    if not known:
        return found
    if all(vote.share < 1 for vote in known):  # about what it said before
        anew = [vote._replace(share=1.0) for vote in known]
        if trust(own, anew, closed, now).is_doubted:
            return found._replace(word="corrected")
    return found._replace(word=_word(known, value))


def _word(votes: Sequence[Vote], value: float) -> str:
    """What people call it. A verdict about another content condemns no text, and proves none.

    Verdicts count by their weights, whatever their age: a quarter of one is a quarter here too.
    """
    present = [vote for vote in votes if vote.share == 1]
    ups, downs = _sums(present)
    if downs >= 3 and downs > 0.3 * (ups + downs):
        return "harmful"
    if value < DOUBTED and any(vote.verdict != "success" and _weight(vote) for vote in present):
        return "doubted"
    if ups - downs >= 3 and value >= 0.8:
        return "proven"
    return "established" if _sums(votes)[0] else "unproven"


def _sums(votes: Iterable[Vote]) -> tuple[float, float]:
    """The weights of the successes and of the failures, without any decay."""
    sums = {"success": 0.0, "failure": 0.0, "mixed": 0.0}
    for vote in votes:
        sums[vote.verdict] += _weight(vote)
    return sums["success"], sums["failure"]


def _weight(vote: Vote) -> float:
    return min(1.0, max(0.0, vote.weight))


def _rank(vote: Vote) -> tuple[int, str, Vote]:
    return vote.at, vote.id, vote


def decay(age: int) -> float:
    """What is left of a weight after that many nanoseconds; a time to come decays nothing."""
    return float(0.5 ** (max(age, 0) / HALF_LIFE))
