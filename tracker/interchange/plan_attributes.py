"""Parse attributes in a plan: estimates, owners, statuses.

`**Time**: 4 hours | **Owner**: Ann | **Status**: Pending` is one line of three attributes. Workdays
have eight hours and weeks five of them; of a range the larger number counts.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tracker.model.status import CLOSED

ESTIMATE, OWNER, STATUS, PRIORITY, NEEDS, LABELS, TYPE, AGENTS, DUE = (
    "estimate", "owner", "status", "priority", "needs", "labels", "type", "agents", "due",
)  # fmt: skip
_NAMES = {
    ESTIMATE: ("time", "estimated time", "estimate", "estimation", "effort", "hours", "est"),
    OWNER: ("owner", "assignee", "assigned to", "assigned", "responsible"),
    STATUS: ("status", "state"),
    PRIORITY: ("priority", "prio"),
    NEEDS: (
        "dependencies",
        "depends on",
        "dependency",
        "deps",
        "blocked by",
        "requires",
        "after",
        "needs",
        "waits for",
    ),
    LABELS: ("labels", "tags", "label", "tag"),
    TYPE: ("type", "kind"),
    AGENTS: ("agents", "agent", "team"),
    DUE: ("due", "due date", "deadline"),
}
_KINDS = {name: kind for kind, names in _NAMES.items() for name in names}
_STRONG = r"(?:\*\*|__)"
_PAIR = re.compile(
    rf"(?:[-*+]\s+)?{_STRONG}?\s*([A-Za-z][A-Za-z ]{{1,20}}?)\s*"
    rf"(?:{_STRONG}\s*:|:\s*{_STRONG}?)\s*(.*)\Z",
    re.DOTALL,
)
_ANY = "|".join(sorted(map(re.escape, _KINDS), key=len, reverse=True))
_TRAILING = re.compile(
    rf"\s+(?:[|–—-]\s+)?(?={_STRONG}(?:{_ANY})(?:{_STRONG}\s*:|:\s*{_STRONG}))",  # noqa: RUF001
    re.IGNORECASE,
)
_VERB, _NOUN = r"(?:depends on|blocked by|waits for)", r"(?:needs|requires|after|deps|dependencies)"
_DASH = r"\s+(?:--?|[–—→]|->)"  # noqa: RUF001
_WAITS = re.compile(
    rf"\s*[(\[](?P<brackets>(?:{_VERB}\s*:?|{_NOUN}\s*:)\s*[^()\[\]]+)[)\]]\Z"
    rf"|(?:\s*[,;]|{_DASH})?\s+(?P<verb>{_VERB}\s*:\s*\S.*)\Z"
    rf"|(?:\s*[,;]|{_DASH})\s+(?P<noun>{_NOUN}\s*:\s*\S.*)\Z",
    re.IGNORECASE,
)
_WAITS_FOR = re.compile(rf"\A(?:{_VERB}|{_NOUN})\s*:?\s*", re.IGNORECASE)
_AMOUNT = re.compile(
    r"(\d+(?:[.,]\d+)?)(?:\s*(?:-|–|to)\s*(\d+(?:[.,]\d+)?))?\s*"  # noqa: RUF001
    r"(?:(?:working|business|work|person)[ -])?"
    r"(minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|wks?|w)\b",
    re.IGNORECASE,
)
_MINUTES = {"m": 1, "h": 60, "d": 8 * 60, "w": 5 * 8 * 60}
_STATES = {
    "open": ("open", "pending", "todo", "to do", "planned", "planning", "not started", "new",
             "backlog", "ready", "proposed", "draft", "upcoming"),
    "in_progress": ("in progress", "in_progress", "active", "doing", "started", "ongoing", "wip",
                    "in design", "in review", "underway", "in development"),
    "blocked": ("blocked", "stuck", "waiting"),
    "deferred": ("deferred", "on hold", "postponed", "paused", "later"),
    CLOSED: ("done", "complete", "completed", "closed", "finished", "resolved", "shipped",
             "merged", "implemented", "cancelled", "canceled", "wontfix"),
}  # fmt: skip
_STATUSES = {name: status for status, names in _STATES.items() for name in names}
_PRIORITIES = {
    "critical": 0, "urgent": 0, "blocker": 0, "highest": 0, "high": 1, "important": 1,
    "medium": 2, "normal": 2, "moderate": 2, "low": 3, "minor": 3, "lowest": 4, "backlog": 4,
    "trivial": 4,
}  # fmt: skip
_NOBODY = {"", "unassigned", "none", "n/a", "na", "tbd", "-", "nobody", "?"}
_NOTHING = _NOBODY | {"nothing", "no"}


class Attribute(NamedTuple):
    """One attribute: what it is about, one of the words above, and its text."""

    kind: str
    text: str


def attributes(line: str) -> list[Attribute]:
    """The attributes that a line consists of; none where it says anything else."""
    found = []
    for part in _parts(line):
        match = _PAIR.match(part.strip())
        if match is None:
            return []
        kind = _KINDS.get(" ".join(match[1].lower().split()), "")
        found.append(Attribute(kind, match[2].strip().strip("*").strip()))
    return found if any(one.kind for one in found) else []


def is_held(found: list[Attribute]) -> bool:
    """Whether fields of an issue hold all that these say, so that it need not be told again."""
    return bool(found) and all(map(_is_understood, found))


def _is_understood(one: Attribute) -> bool:
    if one.kind == ESTIMATE:
        return minutes(one.text) is not None
    if one.kind == PRIORITY:
        return priority(one.text) is not None
    if one.kind == STATUS:
        return status(one.text) != "" and len(one.text.split()) < 4
    return one.kind in {OWNER, LABELS}


def _parts(line: str) -> list[str]:
    return re.split(r"\s+[|·•]\s+", line.strip().strip("|"))


def split(text: str) -> tuple[str, list[Attribute]]:
    """A text, and the attributes that stand behind it on its line."""
    match = _TRAILING.search(text)
    if match is None:
        return text, []
    found = attributes(text[match.end() :])
    return (text[: match.start()], found) if found else (text, [])


def waits(title: str) -> tuple[str, str, list[str]]:
    """A title, the dependencies that stand behind it as they are written, and what they name.

    Those of `A (depends on: B)`; without a colon only brackets tell them from a sentence.
    """
    match = _WAITS.search(title)
    if match is None or not match.start():
        return title, "", []
    text = match["brackets"] or match["verb"] or match["noun"]
    return title[: match.start()], text, needs(_WAITS_FOR.sub("", text))


def minutes(text: str) -> int | None:
    """How long something takes; None where the text does not say so."""
    match = _AMOUNT.search(text)
    if match is None:
        return None
    amount = float((match[2] or match[1]).replace(",", "."))
    return round(amount * _MINUTES[match[3][0].lower()])


def status(text: str) -> str:
    """The status that a word means, "" for none that is known."""
    plain = re.sub(r"[^a-z_ ]+", " ", text.lower())
    words = " ".join(plain.split())
    for length in (3, 2, 1):
        found = _STATUSES.get(" ".join(words.split()[:length]), "")
        if found:
            return found
    return ""


def priority(text: str) -> int | None:
    """0 to 4, by number or by word; None where the text says neither."""
    word = text.strip().lower().split(" ")[0].strip(".,;:()[]*") if text.strip() else ""
    digit = word.removeprefix("p")
    if digit in {"0", "1", "2", "3", "4"}:
        return int(digit)
    return _PRIORITIES.get(word)


def name(text: str) -> str:
    """Who it is, "" for nobody."""
    plain = " ".join(text.split()).strip("*_` ")
    plain = plain.removeprefix("@")
    return "" if plain.lower() in _NOBODY else plain


def names(text: str) -> list[str]:
    """Several of them."""
    return [one for part in re.split(r"[,;]", text) if (one := name(part))]


def needs(text: str) -> list[str]:
    """The things that a list of dependencies names, each as it is written."""
    parts = re.split(r"[,;\n]", text)
    found = (" ".join(part.split()).strip(" .*") for part in parts)
    return [part for part in found if part.lower() not in _NOTHING]
