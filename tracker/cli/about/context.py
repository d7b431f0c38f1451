"""`bd context` and `bd ping`: the workspace in short, for clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker.cli.about.where import redirected_from
from tracker.cli.command import command, pass_session
from tracker.text import one_line
from tracker.version import compat_version

if TYPE_CHECKING:
    from tracker.cli.session import Session


@command("context", examples=["bd context", "bd context --json"])
@pass_session
def context(session: Session) -> None:
    """Print the actor, session and workspace."""
    from tracker.cli.settings import prefix

    place = session.place
    answer = {
        "beads_dir": place.beads,
        "repo_root": place.top or place.root,
        "is_worktree": bool(place.git_dir and place.git_dir != place.common_dir),
        "is_redirected": bool(redirected_from(session, place.beads)),
        "backend": place.backend or "jsonl",
        "prefix": prefix(session),
        "actor": session.actor,
        "session": session.session_id,
        "bd_version": compat_version(session.env),
    }
    if session.json:
        session.emit(answer)
    else:
        for name, value in answer.items():
            shown = ("no", "yes")[value] if isinstance(value, bool) else str(value) or "-"
            session.say(f"{name.replace('_', ' ')}: {one_line(shown)}")


@command("ping", examples=["bd ping", "bd ping --json"])
@pass_session
def ping(session: Session) -> None:
    """Check that issues can be read; exit 1 if not."""
    from tracker.issues.filters import Filter

    count = session.tracker.answers.listed(Filter(), limit=1).total
    if session.json:
        session.emit({"ok": True, "issue_count": count})
    else:
        session.say(f"ok: {count} issues")
