"""`bd info`: the program and the workspace it works on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, ignored, pass_session
from tracker.version import BEADS

if TYPE_CHECKING:
    from typing import Any

    from tracker.cli.session import Session


@command("info", examples=["bd info", "bd info --schema --json"])
@click.option("--schema", is_flag=True, help="Tables that programs can read by SQL, too")
@ignored("--whats-new", "--thanks")
@pass_session
def info(session: Session, schema: bool) -> None:
    """Show where issues are stored, and count them."""
    answer = _info(session)
    place = session.place
    if schema:
        answer["schema"] = _schema(session, answer["config"]["issue_prefix"])
    if session.json:
        session.emit(answer)
        return
    session.say(f"Log: {place.log}")
    session.say(f"Database: {place.cache} (a cache of the log)")
    session.say("Mode: direct (there is no daemon)")
    session.say(f"Issue prefix: {answer['config']['issue_prefix']}")
    session.say(f"Issue count: {answer['issue_count']}")
    if schema:
        session.say(f"To be read by SQL: {', '.join(answer['schema']['tables'])}")


def _info(session: Session) -> dict[str, Any]:
    from tracker.cli.settings import prefix
    from tracker.issues.filters import Filter
    from tracker.log.config_file import spelled, value

    workspace = session.tracker
    held = workspace.config
    settings = {key: value(held, key) for key in sorted(held) if spelled(key) != "issue-prefix"}
    return {
        "database_path": workspace.place.cache,
        "jsonl_path": workspace.place.log,
        "issue_count": workspace.answers.listed(Filter(), limit=1).total,
        "mode": "direct",
        "daemon_connected": False,
        "daemon_fallback_reason": "no_daemon",
        "config": {"issue_prefix": prefix(session), **settings},
    }


def _schema(session: Session, prefix: str) -> dict[str, Any]:
    from tracker.issues.filters import Filter

    answers = session.tracker.answers
    views = answers.db.execute("SELECT name FROM sqlite_master WHERE type = 'view' ORDER BY name")
    return {
        "tables": [name for (name,) in views],
        "schema_version": BEADS,
        "config": {"issue_prefix": prefix},
        "sample_issue_ids": [row.id for row in answers.listed(Filter(), limit=3).rows],
        "detected_prefix": prefix,
    }
