"""Commands that Beads' hooks and clients call and that have nothing to do here.

Nothing here writes, starts anything or waits for anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.checks.pollution import pollution
from tracker.cli.command import command, group, load, pass_session, silent
from tracker.errors import Refused

if TYPE_CHECKING:
    from tracker.cli.session import Session
    from tracker.issues.invariants import CheckSubject
    from tracker.log.issue_log import Draft


@command("hook", examples=["bd hook pre-commit"])
@click.argument("words", nargs=-1)
@pass_session
def hook(session: Session, words: tuple[str, ...]) -> None:
    """Do nothing, for git hooks of Beads; see also bd hooks."""
    if words and words[0] in load("hooks.agent:NAMES"):
        load("hooks.agent:call")(session, words[0], words[1:])
    elif session.json:
        session.emit({})


hook.tail = "default"  # whatever the flags


@command("daemon", examples=["bd daemon status"])
@click.argument("words", nargs=-1)
@pass_session
def daemon(session: Session, words: tuple[str, ...]) -> None:
    """Do nothing: there is no daemon."""
    if session.json or "--json" in words:
        many = "list" in words
        session.emit([] if many else {"running": False, "status": "not_running", "pid": None})


daemon.tail = "default"


# What clients ask for.


@group("dolt", examples=["bd dolt show --json"])
def dolt() -> None:
    """Report that there is no Dolt server."""


@dolt.command("show", examples=["bd dolt show --json"])
@pass_session
def dolt_show(session: Session) -> None:
    """Report that there is no server to connect to."""
    if session.json:
        session.emit({"embedded": True, "backend": "jsonl"})
    else:
        session.say("Backend: jsonl; there is no server")


def _no_server(session: Session) -> None:
    if session.json:
        session.emit({"running": False, "embedded": True})
    else:
        session.say("There is no server: nothing has to be started or stopped")


for _name in ("start", "stop", "status"):

    @dolt.command(_name, examples=[f"bd dolt {_name}"])
    @pass_session
    def dolt_server(session: Session) -> None:
        """Report that there is no server."""
        _no_server(session)


@command("detect-pollution", examples=["bd detect-pollution --json"])
@click.option("--clean", is_flag=True, hidden=True)
@silent("--yes", "-y")
@pass_session
def detect_pollution(session: Session, clean: bool) -> None:
    """List open issues that look like tests."""
    found = pollution(session.tracker.answers)
    if clean and found["issues"]:
        ids = " ".join(issue["id"] for issue in found["issues"])
        raise Refused("by its title alone no issue is deleted", hint=f"bd delete {ids}")
    if session.json:
        session.emit(found)
        return
    for issue in found["issues"]:
        session.say(f"{issue['id']}: {issue['title']}")
    session.say(f"{found['polluted_count']} issues look like trials")


@command("repair-deps", examples=["bd repair-deps --json"])
@click.option("--fix", is_flag=True, help="Remove them")
@silent("--interactive", "-i", "--yes", "-y")
@pass_session
def repair_deps(session: Session, fix: bool) -> None:
    """List or remove dependencies on missing issues."""
    from tracker.issues.invariants import missing_targets

    found = [
        {"issue_id": id, "depends_on_id": edge.depends_on_id, "type": edge.type}
        for id, edge in missing_targets(_subject(session))
    ]
    if fix and found:
        _cut(session, found)
    if session.json:
        fixed = len(found) if fix else 0
        session.emit({"orphans_found": len(found), "orphans": found, "fixed": fixed})
        return
    for edge in found:
        session.say(f"{edge['issue_id']}: {edge['type']} {edge['depends_on_id']} is missing")
    done = "led nowhere and are gone" if fix else "lead nowhere (bd repair-deps --fix)"
    session.say(f"{len(found)} edges {done}")


def _cut(session: Session, edges: list[dict[str, str]]) -> None:
    from tracker.issues import actions

    who = session.tracker.who()

    def unlink(draft: Draft) -> None:
        for edge in edges:
            actions.unlink(draft, edge["issue_id"], edge["depends_on_id"], edge["type"], who)

    session.tracker.write(unlink)


@command("validate", examples=["bd validate --json"])
@silent("--fix-all", "--fix")
@silent("--checks", value=True)
@pass_session
def validate(session: Session) -> None:
    """Check the log; bd doctor checks more.

    Nothing is changed. Exit 1 if there is a finding; with --json exit 0, and the answer tells.
    """
    from tracker.issues.invariants import INFO, findings

    found = findings(_subject(session))
    bad = [one for one, problems in found if problems and one.level != INFO]
    session.code = int(bool(bad) and not session.json)
    if session.json:
        checks = [{"name": one.name, "count": len(problems)} for one, problems in found]
        session.emit({"valid": not bad, "checks": checks})
        return
    for one in bad:
        session.say(f"✗ {one.name} (bd doctor says more)")
    if not bad:
        session.say("✓ the log is in order")


def _subject(session: Session) -> CheckSubject:
    from tracker.checks.doctor import subject

    return subject(session.place)


@command("repair", examples=["bd doctor"])
@silent("--dry-run", "--yes", "-y", "--force")
@silent("--path", value=True)
def repair() -> None:
    """Explain how to repair a log; there is no database to break."""
    raise Refused(
        "bd repair mends a database, and there is none: the cache makes itself anew",
        hint="bd doctor names what is wrong with the log; bd resolve merges conflict markers",
    )
