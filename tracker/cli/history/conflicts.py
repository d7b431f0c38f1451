"""`bd conflicts`: list fields with two values after a merge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.errors import NotFound, Refused, quoted
from tracker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tracker.cli.session import Session
    from tracker.issues.conflicts import ConflictEntry
    from tracker.model.issue import Issue


def settle_one(session: Session, word: str, given: Mapping[str, Any]) -> None:
    """Let one of the values stand, as `bd resolve ID` was told."""
    from tracker.issues.conflicts import Settlement, entries, settle

    workspace = session.tracker
    id = _id(session, word)
    take = given["take"]
    if take is None and given["text"] is None:
        raise click.UsageError("--field needs --take kept|other|N, or --text T")
    choice = Settlement(take or "", given["field"], given["text"])
    settings, who = workspace.settings(), workspace.who()
    issue = workspace.write(lambda draft: settle(draft, id, choice, settings, who))
    left = entries(issue.extra)
    if session.json:
        session.emit({"id": id, "conflicts": [_entry(entry) for entry in left]})
        return
    names = ", ".join(dict.fromkeys(entry.name for entry in left))
    told = any(remark.author == "tracker" for remark in issue.comments)
    stays = " (the comment about it stays)" if told else ""
    session.say(f"✓ settled {id}{stays}" + (f"; left: {names}" if left else ""))


def _id(session: Session, word: str) -> str:
    """The id of an issue. Raises NotFound, or Refused where it is a memory that has this name."""
    try:
        return session.tracker.resolve(word)
    except NotFound:
        if session.memories.row(word) is None:
            raise
        key = quoted(word)
        hint = (
            f"bd memory conflicts {key}; bd memory resolve {key} --take kept|other|N, or --text T"
        )
        raise Refused(f"{word} is a memory", hint=hint) from None


def show_one(session: Session, word: str) -> None:
    """An id without a choice: what there is to choose from."""
    issue = session.tracker.issue(_id(session, word))
    _tell_issues(session, [issue])
    if not session.json:
        session.say(f"\nbd resolve {issue.id} --field F --take kept|other|N, or --text T")


@command("conflicts", examples=["bd conflicts", "bd conflicts bd-a1b2", "bd conflicts --json"])
@click.argument("ids", nargs=-1, metavar="[ID...]")
@pass_session
def conflicts(session: Session, ids: tuple[str, ...]) -> None:
    """List merge conflicts of issues: current and other values.

    Both branches had changed the field. Resolve it with `bd resolve ID`, or by editing the field.
    Appending does not count.
    """
    workspace = session.tracker
    if ids:
        issues = session.each(ids, lambda id: workspace.issue(_id(session, id)))
        _tell_issues(session, issues)
        return
    from tracker.fileio import read_log
    from tracker.log.issue_log import Log

    log = Log(read_log(workspace.place.log)[0])
    found = [log[id] for line, row in log.rows() if row.get("conflicts") and (id := row["id"])]
    _tell_issues(session, sorted(found, key=lambda issue: issue.id))
    from tracker.cache.memories.queries import count

    if kept := count(session.memories):
        memories = "1 memory" if kept == 1 else f"{kept} memories"
        session.note(f"of {memories} too: bd memory conflicts")


def _tell_issues(session: Session, issues: list[Issue]) -> None:
    from tracker.issues.conflicts import entries, standing
    from tracker.model.status import TOMBSTONE

    rows = [
        (one, found) for one in issues if one.status != TOMBSTONE and (found := entries(one.extra))
    ]
    if session.json:
        session.emit([
            {
                "id": issue.id,
                "title": issue.title,
                "conflicts": [
                    {"n": n, **_entry(entry), "kept": standing(issue, entry.field)}
                    for n, entry in enumerate(found, 1)
                ],
            }
            for issue, found in rows
        ])  # fmt: skip
        return
    if not rows:
        session.say("✓ no merge kept two values of a field")
    for number, (issue, found) in enumerate(rows):
        session.say(("\n" if number else "") + f"{issue.id}: {one_line(issue.title)}")
        for n, entry in enumerate(found, 1):
            session.say(f"  {entry.name}")
            session.say(f"      kept:  {_shown(standing(issue, entry.field))}")
            session.say(f"      {n}:{'':<5}{_shown(entry.value.value)} ({entry.at})")


def _entry(entry: ConflictEntry) -> dict[str, Any]:
    return {"field": entry.name, "value": entry.value.value, "updated_at": entry.at}


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else _json(value)
    text = one_line(text)
    return text if len(text) <= 200 else text[:197] + "..."


def _json(value: object) -> str:
    from tracker.json_text import quote

    return quote(value)
