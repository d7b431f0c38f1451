"""Colours of lines at a terminal."""

from __future__ import annotations

import re

RESET = "\x1b[0m"
BOLD, DIM = "1", "2"
RED, GREEN, YELLOW, BLUE, CYAN = "31", "32", "33", "94", "36"

STATUSES = {"○": "", "◐": BLUE, "●": RED, "✓": GREEN, "❄": DIM, "📌": CYAN, "?": DIM}
"""The colour of each icon of a status."""
PRIORITIES = {"P0": f"{BOLD};{RED}", "P1": YELLOW, "P2": "", "P3": DIM, "P4": DIM}
_MARKS = {"✓": GREEN, "✗": RED, "⚠": YELLOW, "↻": YELLOW, "!": YELLOW}
_HEADINGS = (
    "DESCRIPTION", "DESIGN", "NOTES", "ACCEPTANCE CRITERIA", "LABELS", "PARENT", "DEPENDS ON",
    "DISCOVERED FROM", "CHILDREN", "BLOCKS", "DISCOVERED", "RELATED", "COMMENTS", "CONFLICTS",
    "MEMORIES",
)  # fmt: skip

_ID = r"[\w.]+(?:-[\w.]+)+"
_MARK = re.compile(r"^(✓|✗|⚠|↻|!)(?= )")
_HEADING = re.compile(rf"^({'|'.join(_HEADINGS)})(?=:|$)")
_ISSUE = re.compile(
    rf"^(?P<lead>[ │├└─\d.*↑→◊↳←↔]*?)(?P<icon>[○◐●✓❄?])(?P<gap> (?:📌 )?)(?P<id>{_ID})(?=[ :]|$)"
)
_NAMED = re.compile(rf"^({_ID})(?=: )")
_STATUS = re.compile(r"\((open|in_progress|blocked|closed|deferred)\)")
_WORDS = {"in_progress": BLUE, "blocked": RED, "closed": GREEN, "deferred": DIM}
_BRANCH = re.compile(r"^(?=[│├└ ]*[├└])[ │├└─]+")
_PRIORITY = re.compile(r"(?:● ?|\[)(P[0-4])\b")
_SAID = (
    (re.compile(r"^(Ready: yes)$"), GREEN),
    (re.compile(r"^(Not ready:)"), YELLOW),
    (re.compile(r"^(Critical path:)"), RED),
    (re.compile(r"^ *(Fix:|Hint:)"), CYAN),
    (re.compile(r"^ {2,3}([A-Z][A-Za-z ]{1,30}:)(?= )"), DIM),
    (re.compile(r"^(Step \d+|[A-Z][a-z]+(?: [a-z]+)?):$"), BOLD),
)
_REMARKS = {"Error:": f"{BOLD};{RED}", "Warning:": YELLOW, "Note:": DIM, "Hint:": CYAN}


def coloured(text: str, code: str) -> str:
    """A text in a colour; none for the empty code."""
    return f"\x1b[{code}m{text}{RESET}" if code and text else text


def painted(text: str) -> str:
    """Every line as it is, with colours where it has a shape of ours."""
    return "\n".join(map(_painted, text.split("\n")))


def _painted(line: str) -> str:
    if not line or line.isspace():
        return line
    issue = _ISSUE.match(line)
    if issue:
        return _issue(issue) + _ranked(line[issue.end() :])
    mark = _MARK.match(line)
    if mark:
        return coloured(mark[1], _MARKS[mark[1]]) + line[mark.end() :]
    heading = _HEADING.match(line)
    if heading:
        return coloured(heading[1], BOLD) + line[heading.end() :]
    for shape, code in _SAID:
        said = shape.match(line)
        if said:
            return line[: said.start(1)] + coloured(said[1], code) + line[said.end(1) :]
    branch = _BRANCH.match(line)
    lead = branch[0] if branch else ""
    rest = line[len(lead) :]
    named = _NAMED.match(rest)
    name = named[1] if named else ""
    return coloured(lead, DIM) + coloured(name, CYAN) + _ranked(rest[len(name) :])


def _issue(found: re.Match[str]) -> str:
    icon, lead = found["icon"], found["lead"]
    drawn = coloured(lead, DIM) if lead.strip() else lead
    return drawn + coloured(icon, STATUSES[icon]) + found["gap"] + coloured(found["id"], CYAN)


def _ranked(text: str) -> str:
    """A text with the colours of the priority that it names first, and of a status behind it."""
    found = _PRIORITY.search(text)
    if not found:
        return text
    start, end = found.span(1)
    status = _STATUS.search(text, end)
    rest = text[end:]
    if status:
        code = _WORDS.get(status[1], "")
        rest = text[end : status.start(1)] + coloured(status[1], code) + text[status.end(1) :]
    return text[:start] + coloured(found[1], PRIORITIES[found[1]]) + rest


def remark(text: str) -> str:
    """What goes to the stream for errors, its first words coloured."""
    lines = []
    for line in text.split("\n"):
        word = line.partition(" ")[0]
        code = _REMARKS.get(word, "")
        lines.append(coloured(word, code) + line[len(word) :])
    return "\n".join(lines)


def helped(text: str) -> str:
    """A page of help with its headings in bold."""
    return re.sub(r"(?m)^([A-Z][\w ,-]*:)(?=$| )", lambda found: coloured(found[1], BOLD), text)
