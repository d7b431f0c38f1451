"""`bd memory scan`: look for secrets in stored memories."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from tracker import small_files
from tracker.cli.command import command, pass_session
from tracker.errors import Refused, TrackerError
from tracker.secrets import gate, rules
from tracker.secrets import scan as secrets_scan
from tracker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from tracker.cli.session import Session


_CLEAN = "✓ nothing looks like a secret"


@command("scan", examples=["bd memory scan", "bd memory scan --history", "bd memory scan --json"])
@click.option("--history", is_flag=True, help="Search the git history too")
@click.option("--all", "everything", is_flag=True, help="Report possible secrets too")
@pass_session
def scan(session: Session, history: bool, everything: bool) -> None:
    """Search issues, the archive and memories for secrets.

    Exit 1 if one is found. Values are never shown. --allow-secret FP, or secrets.allow in the
    configuration, treats the match with fingerprint FP as not a secret.
    """
    place = session.place
    try:
        config = session.tracker.config
    except TrackerError:
        config = {}
    local = os.path.join(place.beads, ".local")
    allowed = gate.allowed(local, config) | session.allowed_secrets
    rows = [
        row
        for row in _rows(session, history=history)
        if row["fingerprint"] not in allowed and (everything or row["level"] == "error")
    ]
    session.code = int(any(row["level"] == "error" for row in rows))
    if session.json:
        session.emit({"ok": not session.code, "findings": rows})
        return
    for row in rows:
        sign = "✗" if row["level"] == "error" else "⚠"
        session.say(f"{sign} {row['file']}: {one_line(row['name'])}, {one_line(row['place'])}")
    if not rows:
        session.say(_CLEAN)
    elif session.code:
        session.say("\nReplace each of them where it is valid; then bd memory purge KEY, or edit.")


def _rows(session: Session, *, history: bool) -> Iterator[dict[str, Any]]:
    place = session.place
    log = os.path.basename(place.log)
    seen: set[bytes] = set()
    for name in (log, "archive.jsonl", "memory.jsonl", "outcomes.jsonl"):
        for line in (small_files.contents(os.path.join(place.beads, name)) or b"").splitlines():
            seen.add(line)
            yield from _found(name, line)
    if history:
        for line in _ever(session):
            if line not in seen:
                seen.add(line)
                yield from _found("history", line)


def _ever(session: Session) -> Iterator[bytes]:
    """Every line that a commit of any branch brought."""
    from tracker.git.repository import Repository, literal

    place = session.place
    if place.top is None:
        raise Refused("this is in no repository of git, so there is no history", hint="git init")
    folder = literal(os.path.relpath(place.beads, place.top))
    words = ("log", "--all", "-p", "-U0", "--format=", "--", folder)
    for line in Repository(place.top, session.env).said(*words).split(b"\n"):
        if line.startswith(b"+") and not line.startswith(b"+++ "):
            yield line[1:]


def _found(file: str, line: bytes) -> Iterator[dict[str, Any]]:
    spots = secrets_scan.spotted(line)
    for spot in spots:
        yield {
            "file": file,
            "name": rules.veiled(_name(line)),
            "place": str(spot),
            "field": rules.veiled(spot.field),
            "line": spot.line,
            "column": spot.column,
            "rule": spot.finding.rule,
            "fingerprint": spot.finding.fingerprint,
            "level": "error" if spot.finding.refuses else "warning",
        }


def _name(line: bytes) -> str:
    """What the record is called."""
    from tracker.json_text import members

    try:
        found, _ = members(line.decode("utf-8", "replace"))
    except ValueError:
        return "a line that holds no record"
    names = (found[name].value for name in ("id", "key") if name in found)
    return next((name for name in names if isinstance(name, str)), "a record without a name")
