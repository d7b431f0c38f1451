"""`bd batch`: run several commands as one write."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, ignored, pass_session
from tracker.cli.session import Session, Several
from tracker.errors import Invalid, TrackerError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from typing import Any

    from tracker.interchange.script import ScriptLine
    from tracker.log.snapshot import Drafts
    from tracker.workspace.workspace import Workspace


COMMANDS = frozenset(
    {
        "assign", "close", "comment", "comments", "create", "defer", "delete", "dep", "duplicate",
        "label", "link", "note", "priority", "q", "relate", "reopen", "restore", "set-state",
        "supersede", "tag", "todo", "undefer", "unrelate", "update",
    }
)  # fmt: skip
"""What may stand in a script: commands that only change issues."""


class BatchResult:
    """What one line did: its output, remarks, and the issue that it was about."""

    def __init__(self, line: ScriptLine, out: str, remarks: str, id: str) -> None:
        self.line = line
        self.out = out
        self.remarks = remarks
        self.id = id


class _Call(Session):
    """The session of one line: nothing of it reaches the streams of the whole."""

    def __init__(self, outer: Session, words: tuple[str, ...]) -> None:
        super().__init__(
            (outer.program, *words), outer.env, stdin=None, stdout=io.StringIO(),
            stderr=io.StringIO(), cwd=outer.cwd, clock=outer.clock, nonce=outer.nonce,
        )  # fmt: skip
        self.flags.json = outer.json
        self.flags.actor = outer.flags.actor
        self.__dict__.update(place=outer.place, git_config=outer.git_config)

    def fail(self, error: TrackerError, *, aside: bool = False) -> None:  # noqa: ARG002
        """Part of a line failed, so all of the script does."""
        raise error.failed[0][1] if isinstance(error, Several) else error


@command(
    "batch",
    examples=[
        "bd batch < changes.txt",
        "bd batch changes.txt --dry-run",
        """echo '["create Cart -p 1", ["create", "Tax"]]' | bd batch --json""",
    ],
    writes=True,
)
@click.argument("file", default="", metavar="[FILE]")
@click.option(
    "-f",
    "--file",
    "source",
    metavar="FILE",
    help="Read the script from FILE; '-' is standard input",
)
@click.option("--dry-run", is_flag=True, help="Show what the script would print; write nothing")
@ignored("-m", "--message", value=True)
@pass_session
def batch(session: Session, /, file: str, source: str | None, *, dry_run: bool) -> None:
    """Run a script of commands as one write.

    One command a line; all of them are applied, or none.

    Quotes, backslashes and # comments are those of a shell. `NAME = create ...` gives the new
    issue a name, and @NAME is its id in the lines below. A JSON array of commands works too.
    """
    from tracker.cli.files import is_waiting
    from tracker.interchange import script

    name = source or file or "-"
    if name == "-" and is_waiting(session):
        raise Invalid("no script", hint="bd batch < FILE")
    lines = script.read(session.read(name))
    workspace = session.tracker
    done: list[BatchResult] = []

    def run(drafts: Drafts) -> int:
        done[:] = _run(session, lines, workspace, drafts)
        return len(drafts.issues.changes)

    session.writes = not dry_run
    with _claims(workspace, lines):
        count = (workspace.preview if dry_run else workspace.edit)(run)
    if done and not dry_run:
        workspace.touch(next((one.id for one in reversed(done) if one.id), ""))
    _say(session, done, count, dry=dry_run)


def _claims(workspace: Workspace, lines: list[ScriptLine]) -> AbstractContextManager[None]:
    """The lock of the claims comes before that of the log, for whoever takes both."""
    from contextlib import nullcontext

    is_used = any("--claim" in line.words for line in lines)
    return workspace.claims.alone() if is_used else nullcontext()


def _run(
    session: Session, lines: list[ScriptLine], workspace: Workspace, drafts: Drafts
) -> list[BatchResult]:
    """Run every line on the drafts. Raises the error of the first that fails, with its number."""
    from tracker.cli import program
    from tracker.interchange import script
    from tracker.workspace.transaction import Transaction

    root = program(session)
    ids: dict[str, str] = {}
    done: list[BatchResult] = []
    touched = ""
    for text in lines:
        line = script.named(text, ids)
        call = _Call(session, line.words)
        within = Transaction(workspace, call, drafts, touched)
        call.__dict__["tracker"] = within
        try:
            _invoke(root, call, line)
        except TrackerError as failure:
            error = failure.failed[0][1] if isinstance(failure, Several) else failure
            error.message = f"line {line.number}: {line.shown()}: {error.message}"
            error.message += "; nothing was written"
            raise error from None
        id = within.touched if within.touched != touched else ""
        if line.name:
            ids[line.name] = _made(line, id)
        touched = within.touched
        done.append(_done(line, call, id))
    return done


def _invoke(root: click.Command, call: _Call, line: ScriptLine) -> None:
    if line.words[0] not in COMMANDS:
        raise Invalid(
            f"{line.words[0]!r} cannot be part of a batch",
            hint=f"use one of: {', '.join(sorted(COMMANDS))}",
        )
    try:
        with root.make_context(call.program, list(line.words), obj=call) as ctx:
            root.invoke(ctx)
    except click.exceptions.Exit:
        pass
    except click.ClickException as error:
        raise Invalid(error.format_message(), hint=f"bd {line.words[0]} --help") from None


def _made(line: ScriptLine, id: str) -> str:
    if not id:
        raise Invalid(f"line {line.number}: {line.shown()} creates no issue to name")
    return id


def _done(line: ScriptLine, call: _Call, id: str) -> BatchResult:
    streams = (call.stdout, call.stderr)
    out, err = (one.getvalue() if isinstance(one, io.StringIO) else "" for one in streams)
    return BatchResult(line, out, err, id)


def _say(session: Session, done: list[BatchResult], count: int, *, dry: bool) -> None:
    if session.json:
        results = [
            {"line": one.line.number, "command": list(one.line.words), "result": _value(one.out)}
            for one in done
        ]
        session.emit({"results": results, "commands": len(done), "changed": count, "dry_run": dry})
        return
    for remark in dict.fromkeys(row for one in done for row in one.remarks.splitlines()):
        session.complain(remark)
    for one in done:
        session.write(one.out)
    if dry:
        session.say(f"⚠ [DRY RUN] {len(done)} commands would change {count} issues")
    else:
        session.say(f"✓ {len(done)} commands, {count} issues changed in one write (bd undo)")


def _value(out: str) -> Any:
    return json.loads(out) if out else None
