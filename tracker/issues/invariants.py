"""The invariants of a log, and the sections that each issue type asks for."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, NamedTuple

from tracker.issues.graph import Rules, cycles, waiting_edges
from tracker.log.lines import Problem
from tracker.model.issue import PARENT, STATUSES, TITLE_LIMIT, TYPE_ALIASES, TYPES
from tracker.model.status import CLOSED, CLOSING, TOMBSTONE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from tracker.log.issue_log import Log
    from tracker.log.record_file import RecordFile
    from tracker.model.issue import Dependency, Issue


ERROR, WARNING, INFO = "error", "warning", "info"

LONGEST_LINE = 2_000_000  # bytes: Beads reads no further
LARGE_FILE = 40_000_000  # bytes: forges warn at 50 MB and refuse at 100 MB
HUGE_FILE = 95_000_000


class Terms(NamedTuple):
    """What the configuration allows besides the built-in words; `elsewhere` are archived ids."""

    statuses: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    closing: frozenset[str] = CLOSING
    elsewhere: frozenset[str] = frozenset()


class CheckSubject(NamedTuple):
    """A log and its issues, which are decoded once for all that is asked of them."""

    log: Log
    issues: tuple[Issue, ...]
    terms: Terms

    def problem(self, id: str, why: str) -> Problem:
        """A problem of the record of this id."""
        return Problem(self.log.path, self.log.number(id), why)

    def live(self) -> Iterator[Issue]:
        """Every issue but the deleted ones."""
        return (issue for issue in self.issues if issue.status != TOMBSTONE)

    def each(self, why: Callable[[Issue], str]) -> list[Problem]:
        """A problem for every live issue of which `why` says something."""
        told = ((issue.id, why(issue)) for issue in self.live())
        return [self.problem(id, f"{id}: {text}") for id, text in told if text]


class Invariant(NamedTuple):
    """One thing that should hold: how bad it is if it does not, and what to do then."""

    name: str
    level: str
    holds: str
    find: Callable[[CheckSubject], list[Problem]]
    fix: str = ""


class Missing(NamedTuple):
    """An edge of an issue to one that is not there."""

    id: str
    edge: Dependency


_NO_TERMS = Terms()


def subject(log: Log, terms: Terms = _NO_TERMS) -> CheckSubject:
    """The log as the invariants look at it."""
    return CheckSubject(log, tuple(log.glances()), terms)


def findings(seen: CheckSubject) -> list[tuple[Invariant, list[Problem]]]:
    """Every invariant with what breaks it, in the order of `INVARIANTS`."""
    return [(invariant, invariant.find(seen)) for invariant in INVARIANTS]


# Lines.


def unreadable(seen: CheckSubject) -> list[Problem]:
    """Lines that hold no record; they are carried, and nobody sees what they say."""
    log = seen.log
    known = {*log.markers, *(line for lines in log.repeated.values() for line in lines)}
    return [problem for problem in log.problems if problem.line not in known]


def markers(seen: CheckSubject) -> list[Problem]:
    """Conflict markers; while they stand, nothing can be written."""
    return [Problem(seen.log.path, line, "conflict marker") for line in seen.log.markers]


def repeated(seen: CheckSubject) -> list[Problem]:
    """Ids that stand on several lines; the last one counts, and it cannot be edited."""
    log = seen.log
    return [
        Problem(log.path, lines[0], f"{id} stands on lines {', '.join(map(str, lines))}{same}")
        for id, lines in sorted(log.repeated.items())
        for same in (", which say the same" if log.is_alike(id) else "",)
    ]


def long_lines(seen: CheckSubject) -> list[Problem]:
    """Lines that other readers of these files do not read to their end."""
    sizes = ((id, len(seen.log.line(id) or b"")) for id in seen.log)
    return [
        seen.problem(id, f"{id} takes {size:,} bytes") for id, size in sizes if size > LONGEST_LINE
    ]


def large_file(seen: CheckSubject) -> list[Problem]:
    """A file that forges will not take much longer."""
    size = len(seen.log.data)
    if size <= LARGE_FILE:
        return []
    why = "refused by most forges" if size > HUGE_FILE else "close to what forges take"
    text = f"{size / 1e6:.0f} MB: {why} (they warn at 50 MB and refuse at 100 MB)"
    return [Problem(seen.log.path, 1, text)]


def unsorted(seen: CheckSubject) -> list[Problem]:
    """Lines that do not ascend by id: text merges conflict more often."""
    ids = list(seen.log)
    for one, two in itertools.pairwise(ids):
        if one > two:
            return [seen.problem(two, f"{two} stands behind {one}: the lines are not sorted")]
    return []


# Records.


def titles(seen: CheckSubject) -> list[Problem]:
    """Titles that are missing, or longer than Beads takes."""

    def why(issue: Issue) -> str:
        size = len(issue.title.encode("utf-8", "surrogatepass"))
        if size > TITLE_LIMIT:
            return f"the title has {size} bytes, more than {TITLE_LIMIT}"
        return "" if issue.title.strip() else "there is no title"

    return seen.each(why)


def statuses(seen: CheckSubject) -> list[Problem]:
    """Statuses that are neither built in nor configured."""
    known = seen.terms.statuses.union(seen.terms.closing, STATUSES)
    return seen.each(lambda i: "" if i.status in known else f"unknown status {i.status!r}")


def types(seen: CheckSubject) -> list[Problem]:
    """Types that are neither built in nor configured."""
    known = seen.terms.types.union(TYPES, TYPE_ALIASES)
    return seen.each(lambda i: "" if i.issue_type in known else f"unknown type {i.issue_type!r}")


def priorities(seen: CheckSubject) -> list[Problem]:
    """Priorities outside P0 to P4."""
    return seen.each(lambda i: "" if 0 <= i.priority <= 4 else f"priority {i.priority}")


def closing_on_open(seen: CheckSubject) -> list[Problem]:
    """What only a closed issue has, on one that is not: reads ignore it."""

    def why(issue: Issue) -> str:
        if issue.status in seen.terms.closing:
            return ""
        names = ("closed_at", "close_reason", "closed_by_session")
        held = [name for name in names if getattr(issue, name)]
        return f"{issue.status}, and has {', '.join(held)}" if held else ""

    return seen.each(why)


def closed_without_time(seen: CheckSubject) -> list[Problem]:
    """Closed issues that do not say when: Beads refuses to import the record."""

    def why(issue: Issue) -> str:
        return "closed without closed_at" if issue.status == CLOSED and not issue.closed_at else ""

    return seen.each(why)


def comment_ids(seen: CheckSubject) -> list[Problem]:
    """Different comments of one issue with the same id."""

    def why(issue: Issue) -> str:
        texts: dict[int | str, str] = {}
        for comment in issue.comments:
            if texts.setdefault(comment.id, comment.text) != comment.text:
                return f"several comments have the id {comment.id}"
        return ""

    return seen.each(why)


# Edges.


def missing_targets(seen: CheckSubject) -> Iterator[Missing]:
    """Every edge of a live issue to one that is neither here, nor archived, nor `external:`."""
    for issue in seen.live():
        for edge in issue.dependencies:
            target = edge.depends_on_id
            known = target in seen.log or target in seen.terms.elsewhere
            if not known and not target.startswith("external:"):
                yield Missing(issue.id, edge)


def orphans(seen: CheckSubject) -> list[Problem]:
    """Parents that are not there: the issue stands at the top instead."""
    return [
        seen.problem(id, f"{id}: its parent {edge.depends_on_id} is missing")
        for id, edge in missing_targets(seen)
        if edge.type == PARENT
    ]


def loose_edges(seen: CheckSubject) -> list[Problem]:
    """Other edges to issues that are not there: they hold nothing."""
    return [
        seen.problem(id, f"{id}: {edge.type} {edge.depends_on_id}, which is missing")
        for id, edge in missing_targets(seen)
        if edge.type != PARENT
    ]


def kept(seen: CheckSubject) -> list[Problem]:
    """Fields of which a merge kept the values of both branches: somebody has to choose."""
    return kept_in(seen.log)


def kept_in(sheet: RecordFile[Any]) -> list[Problem]:
    """The same of any file of records."""
    found = []
    for _, row in sheet.rows():
        entries = row.get("conflicts")
        every = entries if isinstance(entries, list) else ()
        named = [entry.get("field") for entry in every if isinstance(entry, dict)]
        fields = sorted({name.removeprefix("/") for name in named if isinstance(name, str)})
        if fields:
            name = row[sheet.named]
            why = f"{name}: both branches changed {', '.join(fields)}"
            found.append(Problem(sheet.path, sheet.number(name), why))
    return found


def away(seen: CheckSubject) -> list[Problem]:
    """Issues that one branch archived and another went on with: here they are live."""
    both = (id for id in seen.log if id in seen.terms.elsewhere)
    return [seen.problem(id, f"{id} is in the archive too, and counts as live") for id in both]


def circles(seen: CheckSubject) -> list[Problem]:
    """Issues that wait for each other: none of them can ever be ready."""
    ways = cycles(waiting_edges(seen.issues, Rules(0, seen.terms.closing)))
    return [seen.problem(way[0], " → ".join([*way, way[0]])) for way in ways]


INVARIANTS = (
    Invariant("Conflict markers", ERROR, "no conflict markers", markers, "bd resolve"),
    Invariant("Unreadable lines", ERROR, "every line can be read", unreadable,
              "correct these lines in an editor; they are kept as they are"),
    Invariant("Repeated ids", ERROR, "every id stands once", repeated,
              "bd fmt drops lines that say the same, bd resolve merges others; or use an editor"),
    Invariant("Kept values", WARNING, "no merge kept two values of a field", kept,
              "bd conflicts"),
    Invariant("Cycles", WARNING, "no issues wait for each other", circles, "bd dep cycles"),
    Invariant("Missing parents", WARNING, "every parent is there", orphans,
              "bd dep remove ID PARENT"),
    Invariant("Missing targets", WARNING, "every edge leads somewhere", loose_edges,
              "bd dep remove ID TARGET"),
    Invariant("Titles", WARNING, "every title fits", titles, "bd update ID --title TEXT"),
    Invariant("Statuses", WARNING, "every status is known", statuses,
              "bd config set status.custom NAME,NAME"),
    Invariant("Types", WARNING, "every type is known", types,
              "bd config set types.custom NAME,NAME"),
    Invariant("Priorities", WARNING, "every priority is P0 to P4", priorities,
              "bd update ID --priority 2"),
    Invariant("Closing times", WARNING, "every closed issue says when", closed_without_time,
              "bd show ID; Beads would not import it, here it counts as closed"),
    Invariant("Long lines", WARNING, "no line is too long for other readers", long_lines,
              "shorten the texts of these issues"),
    Invariant("Size", WARNING, "the log is small enough for every forge", large_file,
              "bd archive"),
    Invariant("Closing fields", INFO, "no open issue has closing fields", closing_on_open),
    Invariant("Archive", INFO, "no live issue is in the archive", away),
    Invariant("Comment ids", INFO, "comment ids are unique within an issue", comment_ids),
    Invariant("Order", INFO, "the lines are sorted by id", unsorted),
)  # fmt: skip
"""What is checked, the worst first."""


def told(problems: Iterable[Problem], limit: int = 10) -> str:
    """Problems as text, one a line, and how many more there are."""
    lines = [str(problem) for problem in problems]
    more = [f"... and {len(lines) - limit} more"] if len(lines) > limit else []
    return "\n".join(lines[:limit] + more)


ACCEPTANCE = "Acceptance Criteria"
SUCCESS = "Success Criteria"
HEADINGS: dict[str, tuple[str, ...]] = {
    "bug": ("Steps to Reproduce", ACCEPTANCE),
    "task": (ACCEPTANCE,),
    "feature": (ACCEPTANCE,),
    "epic": (SUCCESS,),
}
"""The headings that a description needs, for each type that has any, as Beads asks for them."""


def missing_sections(issue: Issue) -> list[str]:
    """The headings that are not there, as Markdown; criteria may stand in their own field too."""
    wanted = HEADINGS.get(issue.issue_type, ())
    return [f"## {heading}" for heading in wanted if not _has(issue, heading)]


def _has(issue: Issue, heading: str) -> bool:
    if heading in {ACCEPTANCE, SUCCESS} and issue.acceptance_criteria.strip():
        return True
    pattern = rf"^\s*[#*_]+\s*{re.escape(heading)}|^\s*{re.escape(heading)}\s*:?\s*$"
    return re.search(pattern, issue.description, re.IGNORECASE | re.MULTILINE) is not None
