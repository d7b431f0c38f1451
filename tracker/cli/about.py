"""Which program this is, and which workspace it works on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from tracker.cli.command import command, ignored, pass_session
from tracker.cli.plain import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tracker.cli.session import Session

BEADS = "0.49.6"
"""The Beads whose commands and files these are; clients choose their ways by this number."""


def compat_version(env: Mapping[str, str]) -> str:
    """The number that `bd version` reports: clients for Beads 1.x want to see a 1.x."""
    return one_line(env.get("BD_COMPAT_VERSION", "")).strip() or BEADS


def line(env: Mapping[str, str]) -> str:
    """What `bd version` prints: one dotted number, and none in the brackets."""
    return f"bd version {compat_version(env)} (tracker)"


@command("version", examples=["bd version", "bd version --json"])
@pass_session
def version(session: Session) -> None:
    """Print the version."""
    if session.json:
        session.emit({"version": compat_version(session.env), "build": "tracker"})
    else:
        session.say(line(session.env))


@command("info", examples=["bd info", "bd info --schema --json"])
@click.option("--schema", is_flag=True, help="Also what programs can read by SQL")
@ignored("--whats-new", "--thanks")
@pass_session
def info(session: Session, schema: bool) -> None:
    """Print where the issues are and how many."""
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
    from tracker.config import spelled, value
    from tracker.query import Filter

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
    from tracker.query import Filter

    answers = session.tracker.answers
    views = answers.db.execute("SELECT name FROM sqlite_master WHERE type = 'view' ORDER BY name")
    return {
        "tables": [name for (name,) in views],
        "schema_version": BEADS,
        "config": {"issue_prefix": prefix},
        "sample_issue_ids": [row.id for row in answers.listed(Filter(), limit=3).rows],
        "detected_prefix": prefix,
    }


@command("where", examples=["bd where", "bd where --json"])
@pass_session
def where(session: Session) -> None:
    """Print which workspace this is."""
    from tracker.cli.settings import prefix

    place = session.place
    source = redirected_from(session, place.beads)
    answer = {
        "path": place.beads,
        **({"redirected_from": source} if source else {}),
        "prefix": prefix(session),
        "database_path": place.cache,
        "jsonl_path": place.log,
    }
    if session.json:
        session.emit(answer)
        return
    session.say(place.beads)
    if source:
        session.say(f"  (via redirect from {source})")
    session.say(f"  prefix: {answer['prefix']}")
    session.say(f"  log: {place.log}")
    session.say(f"  database: {place.cache}")


@command("context", examples=["bd context", "bd context --json"])
@pass_session
def context(session: Session) -> None:
    """Print who and where you are to the tracker."""
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
    """Say whether the issues can be read; exit code 1 if not."""
    from tracker.query import Filter

    count = session.tracker.answers.listed(Filter(), limit=1).total
    if session.json:
        session.emit({"ok": True, "issue_count": count})
    else:
        session.say(f"ok: {count} issues")


def redirected_from(session: Session, beads: str) -> str:
    """The folder whose `redirect` led to this one; "" where none did."""
    named = session.flags.db or session.env.get("BEADS_DB")
    if named and not session.flags.directory:
        return ""
    start = session.folder
    if not session.flags.directory:
        start = os.path.join(start, session.env.get("BEADS_DIR") or "")
    start = os.path.realpath(start)
    while True:
        for folder in (os.path.join(start, ".beads"), start):
            if os.path.isfile(os.path.join(folder, "redirect")):
                return folder if os.path.realpath(folder) != beads else ""
        if os.path.realpath(os.path.join(start, ".beads")) == beads or start == "/":
            return ""
        start = os.path.dirname(start)
