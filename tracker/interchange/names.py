"""Under which id a record comes in: mostly its own.

An issue that was renamed here is found under its old id. One whose id belongs to another issue here
is put beside it, under the name that a merge would give it, so a second import finds it again. And
where that is asked for, ids with a foreign prefix get ours. References between the arrivals follow.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from tracker.codec import encode
from tracker.ids import prefix_of
from tracker.sides import Row
from tracker.strangers import are_strangers, other_names

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from tracker.interchange.arrivals import Arrival
    from tracker.log import Log
    from tracker.model import Issue

_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_:+-]*(?:\.[A-Za-z0-9_:+-]+)*")
_TOKEN = re.compile(_WORD.pattern.encode())
_TEXTS = ("title", "description", "design", "acceptance_criteria", "notes", "close_reason")


class Named(NamedTuple):
    """The arrivals under the ids that they get here; `renamed` tells which those are, by old id."""

    arrivals: Sequence[Arrival]
    renamed: Mapping[str, str]


def named(log: Log, arrivals: Sequence[Arrival], prefix: str = "") -> Named:
    """Each arrival under its id here; with a `prefix`, those of all others get that one.

    No two get the same: an arrival that would is named as a merge names the second of two.
    """
    aliases = _aliases(log)
    names = {one.id: _known(log, aliases, one, prefix) for one in arrivals}
    given = {name or id for id, name in names.items() if name or _wanted(id, prefix) == id}
    for one in arrivals:
        if not names[one.id]:
            name = _new(log, aliases, one, prefix, given)
            names[one.id] = name
            given.add(name)
    changed = {id: name for id, name in names.items() if name != id}
    if not changed:
        return Named(arrivals, changed)
    return Named([_renamed(one, changed) for one in arrivals], changed)


def _aliases(log: Log) -> dict[str, str]:
    """The issue that each old id means now; the smallest of several."""
    found: dict[str, str] = {}
    for _, row in log.rows():
        aliases = row.get("aliases")
        for alias in aliases if isinstance(aliases, list) else ():
            if isinstance(alias, str):
                found[alias] = min(found.get(alias, row["id"]), row["id"])
    return found


def _wanted(id: str, prefix: str) -> str:
    """The id that a new record would have."""
    own = prefix_of(id)
    if not prefix or own == prefix:
        return id
    return f"{prefix}{id[len(own) :]}" if own else f"{prefix}-{id}"


def _known(log: Log, aliases: Mapping[str, str], one: Arrival, prefix: str) -> str:
    """The id under which the log has this very issue; "" if it does not."""
    wanted = _wanted(one.id, prefix)
    for id in (one.id, aliases.get(one.id, ""), wanted):
        if id in log and (one.gone or not _is_stranger(log, id, one)):
            return id
    if one.gone or one.id not in log:
        return ""
    others = other_names(Row(("", one.id), one.line, is_issue=True), wanted)
    return next((id for id in others if id in log and not _is_stranger(log, id, one)), "")


def _new(
    log: Log, aliases: Mapping[str, str], one: Arrival, prefix: str, given: Container[str]
) -> str:
    """A free id for an issue that the log does not have."""
    wanted = _wanted(one.id, prefix)
    is_own = wanted == one.id
    if wanted not in log and wanted not in aliases and (is_own or wanted not in given):
        return wanted
    if one.gone:
        return one.id
    for name in other_names(Row(("", one.id), one.line, is_issue=True), wanted):
        if name not in log and name not in given:
            return name
    return name


def _is_stranger(log: Log, id: str, one: Arrival) -> bool:
    line = log.line(id)
    if line is None or line == one.line:
        return False
    here, there = (Row(("", id), text, is_issue=True) for text in (line, one.line))
    return are_strangers(here, there)


def _renamed(one: Arrival, names: Mapping[str, str]) -> Arrival:
    """The arrival with every name in it replaced; its bytes where there is none."""
    if one.gone:
        return one._replace(id=names.get(one.id, one.id))
    if names.keys().isdisjoint(token.decode() for token in _TOKEN.findall(one.line)):
        return one
    issue = Row(("", one.id), one.line, is_issue=True).issue
    new = _with_names(issue, names)
    if new == issue:
        return one
    if new.id != issue.id:
        new = replace(new, aliases=tuple(sorted({*new.aliases, issue.id})))
    return one._replace(id=new.id, line=encode(new))


def _with_names(issue: Issue, names: Mapping[str, str]) -> Issue:
    edges = tuple(
        replace(
            edge,
            issue_id=names.get(edge.issue_id, edge.issue_id),
            depends_on_id=names.get(edge.depends_on_id, edge.depends_on_id),
        )
        for edge in issue.dependencies
    )
    remarks = tuple(
        replace(
            remark,
            issue_id=names.get(remark.issue_id, remark.issue_id),
            text=followed(remark.text, names),
        )
        for remark in issue.comments
    )
    texts: dict[str, Any] = {name: followed(getattr(issue, name), names) for name in _TEXTS}
    id = names.get(issue.id, issue.id)
    return replace(issue, id=id, dependencies=edges, comments=remarks, **texts)


def followed(text: str, names: Mapping[str, str]) -> str:
    """A text in which ids that stand for themselves have their new names."""
    return _WORD.sub(lambda word: names.get(word[0], word[0]), text)
