"""`bd prime`: print what an agent should know when it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.briefing import briefed_memories, briefed_work, git_state, own_prime_text
from tracker.cli.command import command, pass_session
from tracker.errors import NotATracker
from tracker.render.briefing import (
    BUDGET,
    NOTHING,
    BriefedWork,
    BriefingText,
    composed,
    memories_alone,
)

if TYPE_CHECKING:
    from typing import Any

    from tracker.cli.session import Session
    from tracker.render.briefing import BriefedMemories


@command(
    "prime",
    examples=["bd prime", "bd prime --hook-json", 'bd prime --budget 2000 --for "the login"'],
)
@click.option(
    "--for", "subject", default="", metavar="TEXT", help="Subject of the work, to choose memories"
)
@click.option(
    "--budget",
    type=click.IntRange(min=200),
    metavar="BYTES",
    help=f"Maximum size in bytes  [{BUDGET}]",
)
@click.option("--hook-json", is_flag=True, help="Answer as a SessionStart hook")
@click.option("--export", is_flag=True, help="Ignore PRIME.md")
@click.option("--stealth", is_flag=True, help="Leave git out")
@click.option("--memories-only", is_flag=True, help="Memories only, no issues")
@click.option("--full", "--mcp", is_flag=True, expose_value=False, hidden=True)
@pass_session
def prime(session: Session, /, **given: Any) -> None:
    """Print instructions, ready issues and memories for an agent.

    Pinned memories come first, then those that answer --for; without it, confirmed, trusted and
    recent ones, each kind in turn. Doubted memories are counted, not shown. Prints nothing
    outside a workspace. A .beads/PRIME.md replaces the whole text, whatever its size.
    """
    try:
        place = session.place
    except NotATracker:
        return
    own = "" if given["export"] else own_prime_text(session, place.beads)
    if own:
        size, most = len(own.encode()), given["budget"] or BUDGET
        if size > most:
            session.note(f".beads/PRIME.md has {size} bytes, more than the budget of {most}")
        _tell(
            session,
            BriefingText(own, 0),
            (BriefedWork([], [], 0, 0), NOTHING),
            hook=given["hook_json"],
        )
        return
    known = briefed_memories(session, given["subject"])
    if given["memories_only"]:
        found = memories_alone(known, given["budget"] or BUDGET)
        _tell(session, found, (BriefedWork([], [], 0, 0), known), hook=given["hook_json"])
        return
    work = briefed_work(session)
    git = "" if given["stealth"] else git_state(session)
    found = composed(work, git, given["budget"] or BUDGET, known)
    _tell(session, found, (work, known), hook=given["hook_json"])


def _tell(
    session: Session, found: BriefingText, what: tuple[BriefedWork, BriefedMemories], *, hook: bool
) -> None:
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
