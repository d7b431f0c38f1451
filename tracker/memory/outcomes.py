"""Record and void verdicts, and decide which of them count.

An outcome is never edited. One that `voids` another takes it back, and is itself taken back by one
that voids it. What was said of a key that has moved since counts for the memory where it is now.
Closed issues give credit by themselves: nothing is stored for that, so reopening takes it back.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from tracker import json_text
from tracker.errors import Invalid, NotFound
from tracker.issues.graph import failed
from tracker.memory import actions
from tracker.memory.trust import Vote
from tracker.model import validation
from tracker.model.confidence import prior
from tracker.model.memory import NOTE_LIMIT, VERDICTS, Outcome, digest
from tracker.model.status import TOMBSTONE
from tracker.model.timestamps import instant, stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from tracker.issues.editing import Who
    from tracker.log.memory_log import OutcomeDraft
    from tracker.log.snapshot import Drafts
    from tracker.model.issue import Issue
    from tracker.model.memory import Memory


SYNONYMS = {"ok": "success", "good": "success", "bad": "failure", "fail": "failure"}
"""What people and other programs call verdicts."""
GIVEN = "memories"
"""The key in an issue's metadata of the memories that its work was given."""
ELSEWHERE = 0.5  # the share of a verdict about another content
_MASK = (1 << 64) - 1

Credits = dict[str, list[int]]
"""By key, when issues were closed whose work was given a memory; in nanoseconds since 1970."""


class About(NamedTuple):
    """What a verdict is about: the work in which the memory was used, and a remark.

    `weight` is a number as text, 1 where it is empty.
    """

    issue: str = ""
    task: str = ""
    note: str = ""
    weight: str = ""


def record(drafts: Drafts, key: str, verdict: str, about: About, who: Who) -> Outcome:
    """A verdict about the memory of this key, as it is now. Raises NoMemory, or Invalid."""
    verdicts = drafts.outcomes
    memory = actions.live(drafts.memories, key)
    word = SYNONYMS.get(verdict, verdict)
    if word not in VERDICTS:
        raise Invalid(f"invalid verdict: {verdict}", hint=f"valid: {', '.join(VERDICTS)}")
    if len(about.note) > NOTE_LIMIT:
        raise Invalid(f"note must be {NOTE_LIMIT} characters or less (got {len(about.note)})")
    made = Outcome(
        id=_free(verdicts, who.nonce),
        key=memory.key,
        of=digest(memory.content),
        verdict=word,
        weight=_weight(about.weight),
        issue=validation.text("issue", about.issue),
        task=validation.text("task", about.task),
        by=validation.text("actor", who.name),
        at=stamp(who.now),
        note=validation.text("note", about.note),
    )
    return verdicts.add(made, private=drafts.memories.is_private(memory.key))


def take_back(verdicts: OutcomeDraft, id: str, who: Who) -> Outcome:
    """What voids an outcome; one that is void already is not voided again. Raises NotFound."""
    known = {one.id: one for one in verdicts.every()}
    if id not in known:
        near = [other for other in known if other.startswith(id)] if id else []
        if len(near) != 1:
            raise NoOutcome(id)
        id = near[0]
    if id not in counted(known.values()):
        return known[id]
    made = Outcome(id=_free(verdicts, who.nonce), voids=id, by=who.name, at=stamp(who.now))
    return verdicts.add(made, private=verdicts.is_private(id))


class NoOutcome(NotFound):
    """No outcome has this id."""

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self.message = f'no outcome with id "{id}"'
        self.hint = "bd memory outcomes lists them"
        self.args = (self.message,)


def _free(verdicts: OutcomeDraft, nonce: int) -> str:
    """An id that no outcome has: 64 random bits in hex."""
    while verdicts.get(f"{nonce:016x}") is not None:
        nonce = (nonce + 1) & _MASK
    return f"{nonce:016x}"


def _weight(text: str) -> str:
    if not text:
        return ""
    try:
        weight = float(text)
    except ValueError:
        weight = -1.0
    if not 0 < weight <= 1:
        raise Invalid(f"invalid weight {text!r}: a number above 0, and 1 at most")
    return "" if weight == 1 else json.dumps(weight)


# What counts.


def counted(every: Iterable[Outcome]) -> dict[str, Outcome]:
    """By id, the verdicts that nobody has taken back; each id counts once.

    What is taken back takes nothing back, however long the chain; a circle leads to no verdict.
    """
    known = {one.id: one for one in every}
    waiting = Counter(one.voids for one in known.values())
    settled = [id for id in known if not waiting[id]]
    void: set[str] = set()
    for id in settled:  # grows: an outcome is settled when all that void it are
        other = known[id].voids
        if other and id not in void:
            void.add(other)
        waiting[other] -= 1
        if other in known and not waiting[other]:
            settled.append(other)
    return {id: one for id, one in known.items() if not one.voids and id not in void}


class Ledger:
    """All outcomes and credits, by the memory that they are about now."""

    def __init__(
        self, every: Iterable[Outcome], get: Callable[[str], Memory | None], credits: Credits
    ) -> None:
        self._outcomes: dict[str, list[Outcome]] = {}
        self._credits: dict[str, list[int]] = {}
        for one in counted(every).values():
            self._outcomes.setdefault(actions.current(get, one.key), []).append(one)
        for key, times in credits.items():
            self._credits.setdefault(actions.current(get, key), []).extend(times)

    def outcomes(self, key: str) -> list[Outcome]:
        """Those that count for this very key, oldest first."""
        found = self._outcomes.get(key, [])
        return sorted(found, key=lambda one: (instant(one.at), one.id))

    def votes(self, memory: Memory) -> list[Vote]:
        """The same as what `trust` needs."""
        now = digest(memory.content)
        return [vote(one, now) for one in self._outcomes.get(memory.key, ())]

    def credits(self, key: str) -> list[int]:
        """When issues were closed whose work was given this memory."""
        return self._credits.get(key, [])


def vote(outcome: Outcome, content: str) -> Vote:
    """An outcome as a vote about a memory whose content has that digest now."""
    share = 1.0 if outcome.of in {"", content} else ELSEWHERE
    about = f"issue {outcome.issue}" if outcome.issue else outcome.task and f"task {outcome.task}"
    weight = _number(outcome.weight)
    verdict = SYNONYMS.get(outcome.verdict, outcome.verdict)
    weight = 1.0 if weight is None else weight
    return Vote(verdict, weight, instant(outcome.at), about, outcome.by, outcome.id, share)


def own(memory: Memory) -> float:
    """The trust that the writer of a memory gave it, or the usual one of such a source."""
    return prior(_number(memory.confidence), memory.source.origin, memory.verdict)


def _number(raw: str) -> float | None:
    try:
        return float(raw)
    except ValueError:
        return None


# Issues and the memories that their work was given.


def given(issue: Issue) -> tuple[str, ...]:
    """The keys of the memories that the work on an issue was given."""
    if GIVEN not in issue.metadata:
        return ()
    try:
        found = json_text.loads(issue.metadata)
    except ValueError:
        return ()
    names = found.get(GIVEN) if isinstance(found, dict) else None
    return tuple(one for one in names if isinstance(one, str)) if isinstance(names, list) else ()


def credits_of(
    issues: Iterable[Issue], closing: Collection[str], archived: Iterable[Issue] = ()
) -> Credits:
    """What closed issues say for the memories that they name, unless the work failed.

    Of an id that stands several times the last counts, as everywhere; one that was put away and
    names memories in the log as well counts there.
    """
    found: Credits = {}
    live = {issue.id: issue for issue in issues}
    away = {issue.id: issue for issue in archived}
    named = {id for id, issue in live.items() if given(issue)}
    for issue in (*live.values(), *(one for id, one in away.items() if id not in named)):
        keys = given(issue)
        is_done = issue.status in closing and issue.status != TOMBSTONE
        if not keys or not is_done or failed(issue):
            continue
        at = instant(issue.closed_at or issue.updated_at)
        for key in dict.fromkeys(keys):
            found.setdefault(key, []).append(at)
    return found


def is_about(memory: Memory, issue: Issue) -> bool:
    """Whether an issue's page names a memory: it came of it, or its work was given it."""
    return issue.id in memory.source.issues or memory.key in given(issue)
