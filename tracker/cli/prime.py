"""`bd prime`: what an agent should know when its work begins, within a budget of bytes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from tracker.cli.briefing import BUDGET, GIT, NOTHING, Known, Text, Work, composed, memories_alone
from tracker.cli.command import command, pass_session
from tracker.cli.injection import closed, guarded, item
from tracker.errors import NotATracker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker.cli.session import Session

CLAIMED, READY = 5, 10  # how many issues are named at most
MEMORIES = 60  # how many memories at most


@command(
    "prime",
    examples=["bd prime", "bd prime --hook-json", 'bd prime --budget 2000 --for "the login"'],
)
@click.option("--for", "subject", default="", metavar="TEXT", help="What the work is about")
@click.option(
    "--budget",
    type=click.IntRange(min=200),
    metavar="BYTES",
    help=f"At most so many bytes  [{BUDGET}]",
)
@click.option("--hook-json", is_flag=True, help="As a SessionStart hook answers")
@click.option("--export", is_flag=True, help="Our own text even where there is a PRIME.md")
@click.option("--stealth", is_flag=True, help="Nothing about git")
@click.option("--memories-only", is_flag=True, help="Only what is known, nothing about issues")
@click.option("--full", "--mcp", is_flag=True, expose_value=False, hidden=True)
@pass_session
def prime(session: Session, /, **given: Any) -> None:
    """Print how to work with the tracker, what there is to do, and what is known.

    Memories that are pinned come first, then what answers --for; without it what was confirmed, is
    trusted and recent, of each kind in turn. What is doubted is left out, and counted. Outside a
    workspace it prints nothing. A .beads/PRIME.md is printed in its place, whatever its size.
    """
    try:
        place = session.place
    except NotATracker:
        return
    own = "" if given["export"] else _own_text(session, place.beads)
    if own:
        size, most = len(own.encode()), given["budget"] or BUDGET
        if size > most:
            session.note(f".beads/PRIME.md has {size} bytes, more than the budget of {most}")
        _tell(session, Text(own, 0), (Work([], [], 0, 0), NOTHING), hook=given["hook_json"])
        return
    known = _known(session, given["subject"])
    if given["memories_only"]:
        found = memories_alone(known, given["budget"] or BUDGET)
        _tell(session, found, (Work([], [], 0, 0), known), hook=given["hook_json"])
        return
    work = _work(session)
    git = "" if given["stealth"] else _git(session)
    found = composed(work, git, given["budget"] or BUDGET, known)
    _tell(session, found, (work, known), hook=given["hook_json"])


def text_for(session: Session) -> str:
    """The same text, for hosts that ask for it in their own way."""
    own = _own_text(session, session.place.beads)
    return own or composed(_work(session), _git(session), BUDGET, _known(session, "")).text


def _tell(session: Session, found: Text, what: tuple[Work, Known], *, hook: bool) -> None:
    work, known = what
    if hook:
        context = {"hookEventName": "SessionStart", "additionalContext": found.text}
        session.emit({"hookSpecificOutput": context})
    elif session.json:
        session.emit(
            {
                "text": found.text,
                "claimed": [row.id for row in work.claimed],
                "ready": [row.id for row in work.ready],
                "memories": list(known.keys[: found.memories]),
                "shown": found.shown + found.memories,
                "total": work.total + known.total,
            }
        )
    else:
        session.write(found.text)


def _known(session: Session, subject: str) -> Known:
    """The memories to name, and how many there are."""
    recollection = session.tracker.recollection
    if not recollection.known:
        return NOTHING
    from tracker.highlights import highlights

    found = highlights(recollection, subject, MEMORIES)
    return Known(
        tuple(row.key for row in found.rows),
        tuple(item(recollection, row).brief for row in found.rows),
        found.held.total() + found.doubted,
        tuple(row.kind for row in found.rows),
        found.held,
        found.doubted,
    )


def _own_text(session: Session, beads: str) -> str:
    from tracker.fileio import SMALL, Unusable
    from tracker.files import contents

    try:
        data = contents(os.path.join(beads, "PRIME.md"), SMALL) or b""
    except Unusable as error:
        session.warn(f"{error.message}, so it is not printed")
        return ""
    text = guarded(data.decode("utf-8-sig", "replace")).strip()
    return f"{closed(text).rstrip()}\n" if text else ""


def _work(session: Session) -> Work:
    """What the caller has begun comes first, then what others have."""
    from tracker.query import Filter

    answers = session.tracker.answers
    begun = Filter(statuses=("in_progress",))
    mine = answers.listed(begun._replace(assignee=session.actor), limit=CLAIMED).rows
    every = answers.listed(begun, limit=CLAIMED * 2)
    others = [row for row in every.rows if row not in mine]
    ready = answers.ready(Filter(), limit=READY)
    return Work([*mine, *others][:CLAIMED], ready.rows, every.total, ready.total)


def _git(session: Session) -> str:
    """What to do about git, and what is not committed; nothing where git ignores the log."""
    from tracker.git import literal
    from tracker.gitprocess import ask

    place = session.place
    if place.top is None:
        return ""
    folder = literal(os.path.relpath(place.beads, place.top))
    words = ("status", "--porcelain", "-z", "--ignored", "--", folder)
    answer = ask(place.top, session.env, *words)
    if answer is None or answer.code:
        return GIT
    log = os.path.relpath(place.log, place.top)
    entries = [(entry[:2], entry[3:]) for entry in answer.text.split("\0") if entry]
    if any(kind == "!!" and f"{log}/".startswith(f"{name.rstrip('/')}/") for kind, name in entries):
        return ""
    names = [os.path.basename(name.rstrip("/")) for kind, name in entries if kind != "!!"]
    return GIT + (f"Not committed yet: {_shown(names, os.path.basename(log))}\n" if names else "")


def _shown(names: Sequence[str], log: str) -> str:
    """Some names of files; others than ours are counted, since anybody may have given them."""
    from tracker.standing import NAMES

    own = [name for name in names if name in {*NAMES, log, ".beads"}]
    others = len(names) - len(own)
    more = [f"{others} other file{'s' if others > 1 else ''}"] if others else []
    return ", ".join([*own[:3], *(["..."] if len(own) > 3 else []), *more])
