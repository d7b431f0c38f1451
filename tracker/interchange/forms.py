"""The Markdown form of Beads, for `bd create --file`.

    ## Title of an issue
    What it is about.

    ### Priority
    1

Sections are Priority, Type, Description, Design, Acceptance Criteria, Notes, Assignee, Estimate,
Labels and Dependencies; any other one is part of the description. A dependency is an id, TYPE:ID,
or the title of another issue of the document.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from tracker import actions
from tracker.errors import Invalid, TrackerError
from tracker.ids import resolve
from tracker.interchange import attributes as said
from tracker.interchange.markdown import blocks, plain
from tracker.links import EXTERNAL
from tracker.model import BLOCKS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tracker.change import Who
    from tracker.fields import Settings
    from tracker.log import Draft
    from tracker.model import Issue

_SECTIONS = {
    "priority": "priority", "type": "issue_type", "description": "description",
    "design": "design", "acceptance criteria": "acceptance_criteria",
    "acceptance": "acceptance_criteria", "notes": "notes", "assignee": "assignee",
    "labels": "labels", "dependencies": "needs", "deps": "needs", "estimate": "estimate",
}  # fmt: skip
WAYS = {"blocked-by": BLOCKS, "depends-on": BLOCKS}


class Form(NamedTuple):
    """One issue of a document: where its heading is, its fields, and what it depends on."""

    line: int
    title: str
    fields: dict[str, Any]
    needs: tuple[str, ...]


def read(text: str) -> list[Form]:
    """The issues of a document. Raises Invalid, which names the line."""
    rows = text.split("\n")
    heads = [
        (node.map[0], node.map[1], int(node.tag[1:]), " ".join(plain(node).split()))
        for node in blocks(text)
        if node.type == "heading" and node.map and node.tag in {"h1", "h2", "h3"}
    ]
    ends = [*(head[0] for head in heads), len(rows)][1:]
    parts = [
        (*head, "\n".join(rows[head[1] : end])) for head, end in zip(heads, ends, strict=False)
    ]
    forms: list[list[tuple[int, str, str]]] = []
    is_open = False
    for start, _, level, title, body in parts:
        if level == 3 and is_open:
            forms[-1].append((start, title, body))
        else:
            is_open = level == 2
            if is_open:
                forms.append([(start, title, body)])
    return [_form(sections) for sections in forms]


def _form(sections: Sequence[tuple[int, str, str]]) -> Form:
    (line, title, body), *rest = sections
    found: dict[str, str] = {"description": body.strip()}
    for _, name, text in rest:
        key = _SECTIONS.get(name.strip(" :").lower(), "")
        if key and key != "description":
            found[key] = text.strip()
            continue
        more = text.strip() if key else f"### {name}\n{text.rstrip()}"
        found["description"] = f"{found['description']}\n\n{more}".strip()
    try:
        return Form(line + 1, title, dict(_fields(found)), tuple(_needs(found.get("needs", ""))))
    except TrackerError as error:
        error.message = f"line {line + 1}: {title!r}: {error.message}"
        raise


def _fields(found: dict[str, str]) -> Iterator[tuple[str, Any]]:
    for name in ("description", "design", "acceptance_criteria", "notes"):
        if found.get(name):
            yield name, found[name]
    if found.get("assignee"):
        yield "assignee", said.name(found["assignee"].split("\n")[0])
    if found.get("issue_type"):
        yield "issue_type", found["issue_type"].split()[0].lower()
    if found.get("labels"):
        yield "labels", tuple(dict.fromkeys(re.split(r"[,\s]+", found["labels"].strip(", "))))
    if found.get("priority"):
        priority = said.priority(found["priority"])
        if priority is None:
            raise Invalid(f"invalid priority {found['priority']!r}", hint="0 to 4, or P0 to P4")
        yield "priority", priority
    if found.get("estimate"):
        minutes = said.minutes(found["estimate"])
        if minutes is None:
            raise Invalid(f"invalid estimate {found['estimate']!r}", hint="30 min, 4 hours, 2 days")
        yield "estimated_minutes", minutes


def _needs(text: str) -> Iterator[str]:
    for row in text.split("\n"):
        for part in row.strip().removeprefix("-").removeprefix("*").split(","):
            if part.strip():
                yield part.strip()


def create(draft: Draft, forms: Sequence[Form], settings: Settings, who: Who) -> list[Issue]:
    """Every form as a new issue. Raises what `actions.create` and `link` raise, with the line."""
    made: list[Issue] = []
    for number, form in enumerate(forms):
        mine = who._replace(nonce=who.nonce + 16 * number, now=who.now + 1000 * number)
        with _Named(form):
            made.append(
                actions.create(draft, actions.New(form.title, **form.fields), settings, mine)
            )
    titles = {issue.title.casefold(): issue.id for issue in reversed(made)}
    for form, issue in zip(forms, made, strict=True):
        for text in form.needs:
            with _Named(form):
                for kind, on in _resolved(draft, text, titles, settings.prefix):
                    actions.link(draft, issue.id, on, kind, who)
    return [draft.get_issue(issue.id) or issue for issue in made]


def _resolved(
    draft: Draft, text: str, titles: dict[str, str], prefix: str
) -> Iterator[tuple[str, str]]:
    """The types and ids that one entry names: a title, or ids with blanks between them."""
    kind, colon, rest = text.partition(":")
    if text.casefold() in titles:
        yield BLOCKS, titles[text.casefold()]
    elif colon and rest.strip().casefold() in titles:
        yield WAYS.get(kind, kind), titles[rest.strip().casefold()]
    else:
        for word in text.split():
            kind, colon, rest = word.partition(":")
            is_plain = not colon or word.startswith(EXTERNAL)
            on = word if is_plain else rest
            on = on if on.startswith(EXTERNAL) else resolve(on, draft, prefix)
            yield BLOCKS if is_plain else WAYS.get(kind, kind), on


class _Named:
    """Says in an error which issue of the document it is about."""

    def __init__(self, form: Form) -> None:
        self._form = form

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, TrackerError):
            where = f"line {self._form.line}: {self._form.title!r}"
            error.message = f"{where}: {error.message}; nothing was written"
