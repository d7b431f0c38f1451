"""`bd hooks pre-task|post-edit|...`: what an agent tells of its work, and what it is told.

The names and the flags are those of claude-flow, in all of their spellings. A hook never fails its
caller: what goes wrong is said on stderr and the exit code is 0, unless `--strict` is given. What
happened goes into `.local/runs.jsonl`, verdicts and memories into the files that git keeps.
"""

from __future__ import annotations

import os
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import click

from tracker import runlog, runs
from tracker.cli import loosely
from tracker.cli.command import Command, pass_session
from tracker.cli.flags import GLOBALS
from tracker.cli.inputs import is_waiting
from tracker.errors import Invalid, NotATracker, TrackerError
from tracker.runs import Event, Run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker.cli.loosely import Given
    from tracker.cli.session import Session
    from tracker.workspace import Workspace

_GUESSED = 8  # characters of a word with a digit in it that may be a secret
_COMMON = (
    "session-id agent-id strict? agent?- telemetry?- verbose?- namespace- auto-spawn-agents?- "
    "optimize-topology?- estimate-complexity?- load-memory?- train-neural?- train-patterns?- "
    "train?- restore-agents?- swarm-id- metadata- "
)


class Hook:
    """One hook: where its function is, the flags it knows, the flag that loose words are."""

    def __init__(
        self, where: str, help: str, known: str = "", main: str = "", example: str = ""
    ) -> None:
        self.where, self.help = where, help
        self.known, self.main, self.example = known, main, example


_COMMAND = (
    "command exit-code code output- error- duration- success? track-metrics?- store-results?- "
    "validate-safety?- prepare-resources?- update-memory?- timeout- "
)
_FILE = (
    "file memory-key operation- success? outcome format?- auto-format?- auto-assign-agents?- "
    "load-context?- validate-syntax?- analyze-performance?- update-memory? check-conflicts?- "
)
HOOKS: dict[str, Hook] = {
    "pre-task": Hook(
        "tasks:before", "Begin a task: print what is known that may help.",
        "description task-id issue k budget top-k ", "description",
        'bd hooks pre-task --description "Fix the login"',
    ),
    "post-task": Hook(
        "tasks:after", "End a task, and say how it went.",
        "task-id success? quality check used* blame* issue analyze-performance?- "
        "store-decisions?- store-results?- export-learnings?- output- duration- status ",
        "task-id", "bd hooks post-task --task-id bd-a1b2 --success true",
    ),
    "pre-edit": Hook("agents:pre_edit", "Note that a file is about to be edited.", _FILE, "file"),
    "post-edit": Hook(
        "edits:after", "Note that a file was edited, under a key if one is given.", _FILE, "file",
        'bd hooks post-edit --file src/app.py --memory-key "swarm/coder/step-1"',
    ),
    "notify": Hook(
        "edits:notify", "Note a message.",
        "message level memory-key issue type swarm-status?- target- broadcast?- ", "message",
        'bd hooks notify --message "milestone 3 done"',
    ),
    "session-start": Hook("sessions:start", "Begin a session.", "source auto-agent?- ",
                          "session-id"),
    "session-restore": Hook(
        "sessions:restore", "Print what a session was doing.", "latest? limit ", "session-id",
        'bd hooks session-restore --session-id "swarm-1"',
    ),
    "session-end": Hook(
        "sessions:end", "End a session, and count what it did.",
        "export-metrics? share? generate-summary?- persist-state?- save-state?- "
        "export-results?- cleanup?- summary- reason- ", "session-id",
        "bd hooks session-end --share",
    ),
    "pre-command": Hook("agents:pre_command", "Note a command that is about to run.", _COMMAND,
                        "command"),
    "post-command": Hook("agents:command", "Note a command that ran, and its exit code.",
                         _COMMAND, "command",
                         'bd hooks post-command --command "make test" --exit-code 0'),
    "post-search": Hook("agents:search", "Note what was looked for.",
                        "query cache-results?- results- results-count- search-type- "
                        "update-knowledge?- ", "query"),
    "claude": Hook("claudehooks:answer", "Answer a hook of Claude Code, JSON in and out.",
                   "event ", "event", "bd hooks claude SessionStart"),
}  # fmt: skip
SAME = {
    "pre-bash": "pre-command", "post-bash": "post-command", "notification": "notify",
    "pre-exec": "pre-command", "post-exec": "post-command", "session-resume": "session-restore",
    "session-stop": "session-end",
}  # fmt: skip
"""Other names of hooks."""
TOLD = (
    "pre-search", "agent-spawned", "agent-spawn", "agent-complete", "swarm-init", "swarm-status",
    "task-orchestrated", "neural-trained", "mcp-initialized", "mcp-agent-spawned",
    "mcp-task-orchestrated", "mcp-neural-trained", "pre-compact", "memory-sync", "telemetry",
    "performance", "error", "stop", "subagent-stop",
)  # fmt: skip
"""Hooks of which is only noted that they were called."""
ECHOED = ("modify-bash", "modify-file", "modify-git-commit")
"""Hooks that are given JSON to change, and give it back as it is."""

UNSERVED = (
    "build-agents", "coverage-gaps", "coverage-route", "coverage-suggest", "explain",
    "intelligence", "metrics", "model-outcome", "model-route", "model-stats", "pretrain",
    "progress", "route", "statusline", "task-completed", "teammate-idle", "token-optimize",
    "transfer", "worker",
)  # fmt: skip
"""Hooks of claude-flow 3 that do nothing here: nothing is noted either, and the caller is told."""

NAMES = (*HOOKS, *SAME, *TOLD, *ECHOED, *UNSERVED)
_OF_GIT = frozenset({"--chain", "--check", "--dry-run", "--force"})
"""Flags of the commands for git hooks, which people type."""


class Agent:
    """What a hook has to do with: the caller, what it said, the session and its log."""

    def __init__(self, session: Session, given: Given, name: str) -> None:
        self.cli = session
        self.given = given
        self.name = name
        self.now = session.clock()
        if given.text("session-id"):
            session.named_session = given.text("session-id")

    @cached_property
    def workspace(self) -> Workspace:
        """The workspace; what is written by a hook never holds a secret."""
        self.cli.named_session = self.current
        self.cli.flags.redact = True
        self.cli.writes = True  # what is amiss is told where it is asked for
        return self.cli.tracker

    @property
    def local(self) -> str:
        """The folder of what never leaves this clone."""
        return os.path.join(self.cli.place.beads, ".local")

    @cached_property
    def current(self) -> str:
        """The session that this is part of."""
        named = self.cli.session_id or runlog.resumed(self.local, self.now)
        return named or runlog.usual(self.cli.place.root, self.now)

    @cached_property
    def events(self) -> list[Event]:
        """Everything that was noted before."""
        return runlog.read(self.local)

    @cached_property
    def run(self) -> Run:
        """The session as it was before."""
        return runs.run(self.current, self.events)

    def log(self, kind: str, **more: Any) -> bool:
        """Note what happens; False, and a word, where that cannot be written."""
        more = {**more, "text": clean(more["text"])} if "text" in more else more
        by = self.given.text("agent-id")
        event = Event(self.now, self.current, kind, by=by, **more)
        done = not self.cli.readonly and runlog.append(self.local, event)
        if not done and not self.cli.readonly:
            self.cli.note(f"{self.local} cannot be written, so this was not noted")
        return done

    def path(self, name: str) -> str:
        """A file by its path from the root of the work tree, or as it was given outside of it."""
        place = self.cli.place
        real = os.path.normpath(os.path.join(self.cli.folder, name))
        found = os.path.relpath(real, place.top or place.root)
        return name if found.startswith("..") else found.replace(os.sep, "/")

    def tell(self, text: str, **answer: Any) -> None:
        """The answer, as text or as one JSON document."""
        if self.cli.json:
            self.cli.emit({"hook": self.name, "session": self.current, **answer})
        elif text:
            self.cli.say(text)


def clean(text: str) -> str:
    """A text without what looks like a secret: the log is local, but it is read aloud."""
    if not any(len(word) >= _GUESSED and not word.isalpha() for word in text.split()):
        return text
    from tracker.secrets import find, redacted

    return redacted(text, find(text))


def is_called(name: str, words: Sequence[str]) -> bool:
    """Whether a hook is meant, be it one that nobody knows: then a flag tells it from a slip.

    No command for git hooks has such a flag.
    """
    return name in NAMES or any(
        loosely.is_flag(word) and word.partition("=")[0] not in _OF_GIT | GLOBALS.keys()
        for word in words
    )


@cache
def command_of(name: str) -> Command:
    """The command of a hook, known or not."""
    hook = _hook(SAME.get(name, name))

    @pass_session
    def run(session: Session, words: tuple[str, ...]) -> None:
        call(session, name, words)

    made = Command(
        name,
        callback=run,
        params=[click.Argument(["words"], nargs=-1, metavar="[--FLAG VALUE]...")],
        help=f"{hook.help}{_flags(hook)}",
        examples=[hook.example or f"bd hooks {name}"],
    )
    made.tail = "default"  # whatever the flags
    return made


def _flags(hook: Hook) -> str:
    flags = loosely.told(f"{hook.known} session-id agent-id strict?")
    return f"\n\nNever fails its caller, but for --strict. Flags, in any spelling: {flags}."


def _hook(name: str) -> Hook:
    if name in ECHOED:
        return Hook("agents:echo", "Give back the JSON that was given.")
    if name in TOLD:
        return Hook("agents:told", "Note that this was called.", "message", "message")
    return HOOKS.get(name) or Hook("agents:unserved", "Do nothing: there is no such hook here.")


def call(session: Session, name: str, words: tuple[str, ...]) -> None:
    """Run a hook; whatever goes wrong is said and no more, unless it is to be strict."""
    hook = _hook(SAME.get(name, name))
    given = loosely.read(words, _COMMON + hook.known, hook.main, session.flags)
    if given.help:
        context = click.get_current_context()
        session.say(context.get_help())
        return
    is_served = name in NAMES and name not in UNSERVED
    for flag in dict.fromkeys(given.unknown) if is_served else ():
        session.note(f"{flag} means nothing to the hook {name}")
    strict = given.switch("strict") or False
    try:
        from importlib import import_module

        module, _, function = hook.where.partition(":")
        agent = Agent(session, given, name)
        getattr(import_module(f"tracker.cli.{module}"), function)(agent)
    except Exception as error:
        if strict or session.env.get("BD_DEBUG") == "1":
            raise
        if not isinstance(error, TrackerError) and session.may_try_again:
            raise
        _confess(session, name, error)


def _confess(session: Session, name: str, error: Exception) -> None:
    """Say why a hook did nothing; programs are told so in the one document that they wait for."""
    text = error.message if isinstance(error, TrackerError) else f"{type(error).__name__}: {error}"
    if session.json and name != "claude":  # its host takes silence for an answer
        session.emit({"hook": name, "error": text})
    elif isinstance(error, NotATracker):
        session.note(f"no issues are kept here, so the hook {name} does nothing (bd init)")
    else:
        session.warn(f"hook {name}: {text}")


# The hooks that only note something.


def pre_edit(agent: Agent) -> None:
    """Note that a file is about to be edited."""
    name = agent.path(agent.given.text("file")) if agent.given.has("file") else ""
    agent.log("event", text=f"pre-edit {name}".strip())
    agent.tell(f"Noted: {name} is about to be edited", file=name)


def pre_command(agent: Agent) -> None:
    """Note that a command is about to run."""
    agent.log("event", text=f"pre-command {agent.given.text('command')}".strip())
    agent.tell("Noted: a command is about to run")


def command(agent: Agent) -> None:
    """Note that a command ran; what it printed is never kept."""
    given = agent.given
    code = given.text("exit-code", given.text("code"))
    if not code and (success := given.switch("success")) is not None:
        code = "0" if success else "1"
    agent.log("command", text=given.text("command"), code=code)
    agent.tell(f"Command noted: exit code {code or 'unknown'}", exitCode=code)


def search(agent: Agent) -> None:
    """Note what was looked for."""
    agent.log("search", text=agent.given.text("query"))
    agent.tell("Search noted")


def told(agent: Agent) -> None:
    """Note that something was called."""
    agent.log("event", text=f"{agent.name} {agent.given.text('message')}".strip())
    agent.tell(f"Noted: {agent.name}")


def echo(agent: Agent) -> None:
    """Give back what was given."""
    agent.cli.write("" if is_waiting(agent.cli) else agent.cli.input().decode("utf-8", "replace"))
    agent.log("event", text=agent.name)


def unserved(agent: Agent) -> None:
    """Say that there is no such hook, and which may have been meant."""
    from difflib import get_close_matches

    near = get_close_matches(agent.name, [*HOOKS, *SAME]) if agent.name not in UNSERVED else []
    meant = f"; did you mean {', '.join(near)}?" if near else ""
    raise Invalid(f"there is no such hook here, so nothing was done{meant}")
