"""Words that are known: what an option or an argument may be given, out of the workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import PRIORITY
from tracker.cli.flags import Flag
from tracker.cli.plain import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tracker.cli.session import Session

MOST = 200  # ids that are offered at once

Offer = tuple[str, str]
"""A word, and what it is; `:files` and `:dirs` leave it to the shell."""

_STATES = {"reopen": "closed", "restore": "tombstone"}
_OPTIONS = {
    "--status": "status", "--type": "type", "--exclude-type": "type", "--assignee": "assignee",
    "--author": "assignee", "--actor": "assignee", "--direction": "directions", "--deps": "ids",
    "--id": "ids", "--parent": "ids", "--issue": "ids", "--used": "keys", "--blame": "keys",
    "--key": "keys", "--directory": "dirs", "--db": "files",
}  # fmt: skip
"""What options are given, by their names."""
_METAVARS = {
    "ID": "ids", "ID...": "ids", "[ID...]": "ids", "[ID]": "ids", "ID [ON]": "ids", "ONE": "ids",
    "OTHER": "ids", "ON": "ids", "ID TEXT": "first id", "ID... LABEL": "ids and labels",
    "[FILE|ID]": "ids", "FILE": "files", "[FILE]": "files", "F": "files", "PATH": "files",
    "[PATH]": "files", "DIR": "dirs", "[DIR]": "dirs", "KEY": "keys", "KEY...": "keys",
    "P": "priorities", "NAME": "assignee",
}  # fmt: skip
"""The same by what help calls their value, also of arguments."""
_PRIORITIES = {"0": "most urgent", "1": "urgent", "2": "the usual", "3": "low", "4": "some day"}


def matching(typed: str, offers: Iterable[Offer]) -> list[Offer]:
    """The offers that begin with what is typed."""
    return [offer for offer in offers if offer[0].startswith(typed)]


def of(
    session: Session, param: click.Parameter | Flag, typed: str, path: Sequence[str]
) -> list[Offer]:
    """What may be given; `path` are the names of the command, and "again" for a further word."""
    choices = getattr(getattr(param, "type", None), "choices", ())
    if choices:
        return matching(typed, [(str(one), "") for one in choices])
    source = _SOURCES.get(_kind(param, path))
    return source(session, typed, path) if source else []


def _kind(param: click.Parameter | Flag, path: Sequence[str]) -> str:
    names = param.names if isinstance(param, Flag) else param.opts
    if getattr(param, "type", None) is PRIORITY or getattr(param, "_convert", None) is PRIORITY:
        return "priorities"
    known = [_OPTIONS[name] for name in names if name in _OPTIONS]
    if known:
        return "edge" if known[0] == "type" and path[:1] == ["dep"] else known[0]
    if isinstance(param, click.Option) and any("label" in name for name in names):
        return "label"
    kind = _METAVARS.get((param.metavar or (names[0] if names else "")).upper(), "")
    return "" if kind == "keys" and path[:1] == ["config"] else kind


def _ids(session: Session, typed: str, path: Sequence[str]) -> list[Offer]:
    """Issues by their id, or by the end of it; what is not done first, the latest edit first."""
    state = _STATES.get(path[0] if path else "", "")
    answers = session.tracker.answers
    closing = sorted(answers.at.closing)
    marks = ",".join("?" * len(closing))
    if state or typed:
        wanted, values = ("i.status = ?", [state]) if state else ("i.status <> 'tombstone'", [])
    else:
        wanted, values = f"i.status NOT IN ({marks})", closing
    start = _escaped(typed)
    found = answers.db.execute(
        f"SELECT i.id, i.title, i.status FROM issue i WHERE {wanted} "
        "AND (i.id LIKE ? ESCAPE '\\' OR i.id LIKE ? ESCAPE '\\') "
        f"ORDER BY i.status IN ({marks}), i.updated DESC, i.id LIMIT {MOST}",
        (*values, f"{start}%", f"%-{start}%", *closing),
    ).fetchall()
    from tracker.cli.render import icon

    exact = [row for row in found if row[0].startswith(typed)]
    return [(one_line(id), f"{icon(status)} {title}") for id, title, status in exact or found]


def _escaped(text: str) -> str:
    for char in "\\%_":
        text = text.replace(char, f"\\{char}")
    return text


def _first_id(session: Session, typed: str, path: Sequence[str]) -> list[Offer]:
    return [] if path[-1:] == ["again"] else _ids(session, typed, path)


def _ids_and_labels(session: Session, typed: str, path: Sequence[str]) -> list[Offer]:
    labels = _column("label")(session, typed, path) if path[-1:] == ["again"] else []
    return [*_ids(session, typed, path), *labels]


def _column(name: str) -> Callable[[Session, str, Sequence[str]], list[Offer]]:
    """The values that issues have, and how many have each; besides the usual ones."""

    def found(session: Session, typed: str, _path: Sequence[str]) -> list[Offer]:
        from tracker.model import DEPENDENCY_TYPES, STATUSES, TYPES

        usual = {"status": STATUSES, "issue_type": TYPES, "type": DEPENDENCY_TYPES}.get(name, ())
        table = {"label": "label", "type": "edge"}.get(name, "issue")
        sql = f"SELECT {name}, count(*) FROM {table} GROUP BY 1 ORDER BY 2 DESC"
        counts = dict(session.tracker.answers.db.execute(sql).fetchall())
        words = [word for word in dict.fromkeys([*counts, *usual]) if word]
        return matching(typed, [(one_line(word), str(counts.get(word, ""))) for word in words])

    return found


def _keys(session: Session, typed: str, _path: Sequence[str]) -> list[Offer]:
    """The keys of memories, and how each begins."""
    found = session.tracker.library.find()
    told = [(one_line(one.key), one.title or one.content.partition("\n")[0]) for one in found]
    return matching(typed, told)


def _fixed(*offers: Offer) -> Callable[[Session, str, Sequence[str]], list[Offer]]:
    return lambda _session, typed, _path: matching(typed, offers)


_SOURCES: dict[str, Callable[[Session, str, Sequence[str]], list[Offer]]] = {
    "ids": _ids,
    "first id": _first_id,
    "ids and labels": _ids_and_labels,
    "keys": _keys,
    "status": _column("status"),
    "type": _column("issue_type"),
    "edge": _column("type"),
    "assignee": _column("assignee"),
    "label": _column("label"),
    "priorities": _fixed(*_PRIORITIES.items()),
    "directions": _fixed(("down", ""), ("up", "")),
    "files": lambda *_: [(":files", "")],
    "dirs": lambda *_: [(":dirs", "")],
}
