"""The text of `bd prime`."""

from __future__ import annotations

from collections import Counter
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from tracker.cache.memories.search import KINDS
from tracker.model.memory import KINDS as USUAL_KINDS
from tracker.render.injected import LABEL, TITLES, fenced
from tracker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tracker.cache.issues.queries import IssueRow


BUDGET = 4000  # bytes; hosts cut longer texts, and say nothing
_LONGEST = 90  # characters of a title
_MOST = 8  # kinds that are named as left out

HEAD = """\
# Issues and memory of this repository: use bd

Issues, their dependencies and what was learned are in .beads, as text in git. Keep all of it there.

    bd ready                            what can be worked on now
    bd show ID                          everything about an issue
    bd update ID --claim                take it before you begin
    bd create "Title" -d "Why" -p 2     a new issue, P0 (most urgent) to P4; -t bug, --parent ID
    bd dep add ID OTHER                 ID waits for OTHER
    bd comments add ID "Text"           what you found out
    bd list, bd search WORDS, bd blocked
    bd memory search QUESTION           what was learned before; bd recall KEY prints all of one
    bd remember "Text" --issue ID --key AREA/NAME --kind pitfall
        what will be worth knowing again; also of the kind fact, decision, pattern, procedure
    bd close ID -r "What was done" --used KEY --blame KEY --remember "Text"
        when it is done; which memories helped and which misled, and what was learned by it
    bd memory ok KEY, bd memory bad KEY  when one helped or misled otherwise

Add --json for programs. Never edit or delete what is in .beads: that is the only copy.
"""
GIT = "When you are done: commit .beads together with the work.\n"
SHORT = """\
Issues: bd ready, bd show ID, bd update ID --claim, bd close ID -r WHY; bd prime says more.
Memory: bd memory search QUESTION, bd remember TEXT, bd close ID --used KEY --blame KEY.
"""


class BriefedWork(NamedTuple):
    """Issues to name, in their order, and how many there are of each sort in all."""

    claimed: list[IssueRow]
    ready: list[IssueRow]
    total_claimed: int
    total_ready: int

    @property
    def total(self) -> int:
        """How many there are to name."""
        return self.total_claimed + self.total_ready


class BriefedMemories(NamedTuple):
    """Memories to name, best first: their keys, a line of each, and how many there are in all.

    `kinds` are those of the lines; `held` counts by kind all that could be named, and `doubted`
    those that are not.
    """

    keys: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    total: int = 0
    kinds: tuple[str, ...] = ()
    held: Mapping[str, int] = MappingProxyType({})
    doubted: int = 0


class BriefingText(NamedTuple):
    """The finished text, and how many issues and memories it names."""

    text: str
    shown: int
    memories: int = 0


NOTHING = BriefedMemories()


def memories_alone(known: BriefedMemories, budget: int) -> BriefingText:
    """Only what is known; nothing where nothing is."""
    if not known.lines:
        return BriefingText("", 0)
    none = BriefedWork([], [], 0, 0)
    count = len(known.lines)

    def text() -> str:
        told = _memories(known.lines[:count]) + _left(known, count, budget)
        return told + _end(none, known, 0, count)

    while count and _size(text()) > budget:
        count -= 1
    return BriefingText(text(), 0, count)


def composed(
    work: BriefedWork, git: str, budget: int, known: BriefedMemories = NOTHING
) -> BriefingText:
    """The text with as much as the budget of bytes allows; it ends with "N of M shown".

    Where not all fits, issues and memories get half of what is left each, and what one of them does
    not need goes to the other.
    """
    lines = [*_lines("Claimed", work.claimed), *_lines("Ready", work.ready)]
    heads = (HEAD + git, SHORT + git, SHORT, "")
    least = _left(known, 0, budget) + _end(work, known, 0, 0)
    room = min(budget * 2 // 3, budget - _size(least))
    head = next(head for head in heads if not head or _size(head) <= room)
    issues, memories = len(lines), len(known.lines)

    def text() -> str:
        told = _issues(lines[:issues], work), _memories(known.lines[:memories])
        left = _left(known, memories, budget) + _end(work, known, issues, memories)
        return head + "".join(told) + left

    while _size(text()) > budget and (issues or memories):
        weights = [_size("".join(line for _, line in lines[:issues])),
                   _size("".join(known.lines[:memories]))]  # fmt: skip
        if weights[1] > weights[0]:
            memories -= 1
        else:
            issues -= 1
    return BriefingText(text(), issues, memories)


def _size(text: str) -> int:
    return len(text.encode())


def _lines(kind: str, rows: list[IssueRow]) -> list[tuple[str, str]]:
    return [(kind, _line(row)) for row in rows]


def _line(row: IssueRow) -> str:
    title = one_line(row.title)
    title = title if len(title) <= _LONGEST else title[: _LONGEST - 1] + "…"
    who = f" @{one_line(row.assignee)}" if row.assignee else ""
    return f"{one_line(row.id)} P{row.priority} {one_line(row.issue_type)}{who}: {title}"


def _issues(lines: list[tuple[str, str]], work: BriefedWork) -> str:
    """The issues between fences that no title can close."""
    if not lines:
        return ""
    rows = []
    for kind, total in (("Claimed", work.total_claimed), ("Ready", work.total_ready)):
        own = [f"  {line}" for one, line in lines if one == kind]
        if own:
            rows += [f"{kind} ({len(own)} of {total}):", *own]
    return f"\nIssues ({TITLES}):\n{fenced(rows)}\n"


def _memories(lines: tuple[str, ...]) -> str:
    if not lines:
        return ""
    return f"\nMemories ({LABEL}; bd recall KEY prints one):\n{fenced(lines)}\n"


def _left(known: BriefedMemories, memories: int, budget: int) -> str:
    """What kinds of memories are left out, and how to see them; nothing where bytes are few.

    No fence is around it, so a kind that somebody made up is counted and not named.
    """
    left = Counter(known.held) - Counter(known.kinds[:memories])
    kinds = sorted(
        left.keys() & USUAL_KINDS, key=lambda kind: (kind not in KINDS, -left[kind], kind)
    )
    told = [f"{left[kind]} {kind}" for kind in kinds[:_MOST]]
    others = left.total() - sum(left[kind] for kind in kinds[:_MOST])
    told += [f"{others} of other kinds"] if others else []
    told += [f"{known.doubted} doubted"] if known.doubted else []
    ways = "bd prime --for TEXT, --budget BYTES; bd memory search QUESTION"
    text = f"Left out: {', '.join(told)}. More: {ways}\n" if told else ""
    return text if _size(text) <= budget // 5 else ""


def _end(work: BriefedWork, known: BriefedMemories, issues: int, memories: int) -> str:
    """How much is shown of how much; what shows the rest, where there is one."""
    ways = []
    if issues < work.total:
        ways.append("bd ready -n 0 and bd list --status in_progress show all")
    if memories < known.total:
        ways.append("bd memory list shows all" if ways else "bd memory list shows all memories")
    counts = f"{issues + memories} of {work.total + known.total} shown\n"
    parts = f"{issues} of {work.total} issues and {memories} of {known.total} memories: "
    return "".join(f"{way}; " for way in ways) + (parts if known.total else "") + counts
