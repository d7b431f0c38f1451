"""Compose the text of `bd prime` for a session."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tracker.render.briefing import BUDGET, GIT, NOTHING, BriefedMemories, BriefedWork, composed
from tracker.render.injected import closed, guarded, item

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker.cli.session import Session


CLAIMED, READY = 5, 10  # how many issues are named at most
MEMORIES = 60  # how many memories at most


def text_for(session: Session) -> str:
    """The same text, for hosts that ask for it in their own way."""
    own = own_prime_text(session, session.place.beads)
    return (
        own
        or composed(
            briefed_work(session), git_state(session), BUDGET, briefed_memories(session, "")
        ).text
    )


def briefed_memories(session: Session, subject: str) -> BriefedMemories:
    """The memories to name, and how many there are."""
    recollection = session.tracker.recollection
    if not recollection.known:
        return NOTHING
    from tracker.cache.memories.search import highlights

    found = highlights(recollection, subject, MEMORIES)
    return BriefedMemories(
        tuple(row.key for row in found.rows),
        tuple(item(recollection, row).brief for row in found.rows),
        found.held.total() + found.doubted,
        tuple(row.kind for row in found.rows),
        found.held,
        found.doubted,
    )


def own_prime_text(session: Session, beads: str) -> str:
    """Return the text of `.beads/PRIME.md`, made harmless; empty where there is none."""
    from tracker.fileio import SMALL, Unusable
    from tracker.small_files import contents

    try:
        data = contents(os.path.join(beads, "PRIME.md"), SMALL) or b""
    except Unusable as error:
        session.warn(f"{error.message}, so it is not printed")
        return ""
    text = guarded(data.decode("utf-8-sig", "replace")).strip()
    return f"{closed(text).rstrip()}\n" if text else ""


def briefed_work(session: Session) -> BriefedWork:
    """What the caller has begun comes first, then what others have."""
    from tracker.issues.filters import Filter

    answers = session.tracker.answers
    begun = Filter(statuses=("in_progress",))
    mine = answers.listed(begun._replace(assignee=session.actor), limit=CLAIMED).rows
    every = answers.listed(begun, limit=CLAIMED * 2)
    others = [row for row in every.rows if row not in mine]
    ready = answers.ready(Filter(), limit=READY)
    return BriefedWork([*mine, *others][:CLAIMED], ready.rows, every.total, ready.total)


def git_state(session: Session) -> str:
    """What to do about git, and what is not committed; nothing where git ignores the log."""
    from tracker.git.process import ask
    from tracker.git.repository import literal

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
    return GIT + (
        f"Not committed yet: {_name_some(names, os.path.basename(log))}\n" if names else ""
    )


def _name_some(names: Sequence[str], log: str) -> str:
    """Some names of files; others than ours are counted, since anybody may have given them."""
    from tracker.sync import NAMES

    own = [name for name in names if name in {*NAMES, log, ".beads"}]
    others = len(names) - len(own)
    more = [f"{others} other file{'s' if others > 1 else ''}"] if others else []
    return ", ".join([*own[:3], *(["..."] if len(own) > 3 else []), *more])
