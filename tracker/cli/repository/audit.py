"""`bd audit`: record and label what agents did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import group, pass_session
from tracker.errors import Invalid, NotFound
from tracker.text import one_line

if TYPE_CHECKING:
    from typing import Any

    from tracker.cli.session import Session


@group(
    "audit",
    examples=[
        "bd audit record --kind tool_call --tool-name pytest --exit-code 1 --issue-id bd-a1b2c",
        "bd audit label int-1a2b3c4d --label good",
    ],
)
def audit() -> None:
    """Record what agents did in interactions.jsonl."""


@audit.command(
    "record",
    examples=[
        "bd audit record --kind llm_call --model m1 --prompt 'Why?' --response 'Because'",
        'echo \'{"kind": "tool_call", "tool_name": "make"}\' | bd audit record --stdin',
    ],
    writes=True,
)
@click.option("--kind", default="", metavar="KIND", help="llm_call, tool_call, or another word")
@click.option("--issue-id", default="", metavar="ID", help="Issue it was for")
@click.option("--model", default="", metavar="NAME", help="Model")
@click.option("--prompt", default="", metavar="TEXT", help="Prompt")
@click.option("--response", default="", metavar="TEXT", help="Response")
@click.option("--tool-name", default="", metavar="NAME", help="Tool")
@click.option("--exit-code", type=int, metavar="N", help="Exit code of the tool")
@click.option("--error", default="", metavar="TEXT", help="Error message")
@click.option("--stdin", is_flag=True, help="Read one JSON object with these fields")
@pass_session
def record(session: Session, /, stdin: bool, **given: Any) -> None:
    """Record an interaction and print its id."""
    entry = {**_object(session), **_set(given)} if stdin else _set(given)
    if not isinstance(entry.get("kind"), str) or not entry["kind"]:
        raise Invalid("--kind is needed", hint="bd audit record --kind tool_call")
    if entry.get("issue_id"):
        entry["issue_id"] = session.tracker.resolve(str(entry["issue_id"]))
    id = _append(session, entry)
    session.emit({"id": id, "kind": entry["kind"]}) if session.json else session.say(id)


def _set(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value not in (None, "")}


def _object(session: Session) -> dict[str, Any]:
    from tracker import json_text
    from tracker.workspace.runs import KEYS

    try:
        found = json_text.loads(session.read("-"))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Invalid("the standard input holds no JSON object", hint='{"kind": "tool_call"}')
    unknown = found.keys() - set(KEYS)
    if unknown:
        raise Invalid(
            f"unknown field: {', '.join(sorted(unknown))}", hint='more belongs into "extra": {...}'
        )
    return {name: value for name, value in found.items() if name not in {"id", "created_at"}}


def _append(session: Session, entry: dict[str, Any]) -> str:
    import json

    from tracker.cli.secret_check import cleared
    from tracker.locks import WAIT
    from tracker.model.timestamps import stamp
    from tracker.workspace import runs

    texts = {name: json.dumps(value, ensure_ascii=False) for name, value in entry.items()}
    entry = {name: json.loads(text) for name, text in cleared(session, texts).items()}
    who = session.tracker.who()
    id = runs.made_id(who.nonce)
    timeout = WAIT if session.lock_timeout is None else session.lock_timeout
    first = {"id": id, "created_at": stamp(who.now), "actor": who.name}
    runs.append_interaction(session.place.beads, {**first, **entry}, timeout)
    return id


@audit.command(
    "label",
    examples=['bd audit label int-1a2b3c4d --label bad --reason "it guessed"'],
    writes=True,
)
@click.argument("id")
@click.option("--label", required=True, metavar="WORD", help="good, bad, or another word")
@click.option("--reason", default="", metavar="TEXT", help="Why")
@pass_session
def label(session: Session, /, id: str, label: str, reason: str) -> None:
    """Label a recorded interaction."""
    from tracker.workspace import runs

    if not any(entry["id"] == id for entry in runs.read_interactions(session.place.beads)):
        error = NotFound(id)
        error.message, error.hint = f'no interaction has the id "{id}"', "bd audit list"
        raise error
    entry = {"kind": "label", "parent_id": id, "label": label, "reason": reason}
    made = _append(session, entry)
    if session.json:
        session.emit({"id": made, "parent_id": id, "label": label})
    else:
        session.say(made)


@audit.command("list", examples=["bd audit list", "bd audit list --issue-id bd-a1b2c --json"])
@click.option("--issue-id", default="", metavar="ID", help="Entries for this issue only")
@click.option(
    "-n",
    "--limit",
    default=20,
    type=click.IntRange(0),
    metavar="N",
    help="The last N; 0 for all  [20]",
)
@pass_session
def list_(session: Session, /, issue_id: str, limit: int) -> None:
    """List recorded interactions, oldest first."""
    from tracker.workspace import runs

    full = session.tracker.resolve(issue_id) if issue_id else ""
    found = [
        entry
        for entry in runs.read_interactions(session.place.beads)
        if not full or entry.get("issue_id") == full
    ]
    shown = found[-limit:] if limit else found
    if session.json:
        session.emit(shown, total=len(found))
        return
    for entry in shown:
        words = (entry.get(name) for name in ("issue_id", "tool_name", "model", "label", "error"))
        told = " ".join(one_line(str(word)) for word in words if word)
        at = one_line(str(entry.get("created_at", "")))[:16].replace("T", " ")
        session.say(f"{one_line(entry['id'])}  {at}  {one_line(str(entry.get('kind')))}  {told}")
    if not found:
        session.say("No interactions yet: bd audit record --kind KIND")
