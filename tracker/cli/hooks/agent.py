"""`bd hooks pre-task`, `post-edit` and others that agents call."""

from __future__ import annotations

import os
import re
from functools import cache, cached_property
from typing import TYPE_CHECKING

import click

from tracker.cli.argv import GLOBALS, boolean, duration
from tracker.cli.command import Command, pass_session
from tracker.cli.files import is_waiting
from tracker.errors import Invalid, NotATracker, TrackerError
from tracker.workspace import runs
from tracker.workspace.runs import Event

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from tracker.cli.argv import Flag, Flags
    from tracker.cli.session import Session
    from tracker.workspace.runs import Run
    from tracker.workspace.workspace import Workspace


_GUESSED = 8  # characters of a word with a digit in it that may be a secret
_COMMON = (
    "session-id agent-id strict? agent?- telemetry?- verbose?- namespace- auto-spawn-agents?- "
    "optimize-topology?- estimate-complexity?- load-memory?- train-neural?- train-patterns?- "
    "train?- restore-agents?- swarm-id- metadata- "
)


class AgentHook:
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
HOOKS: dict[str, AgentHook] = {
    "pre-task": AgentHook(
        "hooks.tasks:before", "Begin a task, and print relevant memories.",
        "description task-id issue k budget top-k ", "description",
        'bd hooks pre-task --description "Fix the login"',
    ),
    "post-task": AgentHook(
        "hooks.tasks:after", "End a task, and record how it went.",
        "task-id success? quality check used* blame* issue analyze-performance?- "
        "store-decisions?- store-results?- export-learnings?- output- duration- status ",
        "task-id", "bd hooks post-task --task-id bd-a1b2 --success true",
    ),
    "pre-edit": AgentHook(
        "hooks.agent:pre_edit", "Record that a file is about to be edited.", _FILE, "file"
    ),
    "post-edit": AgentHook(
        "hooks.edits:after", "Record an edit of a file, under a key if given.", _FILE,
        "file",
        'bd hooks post-edit --file src/app.py --memory-key "swarm/coder/step-1"',
    ),
    "notify": AgentHook(
        "hooks.edits:notify", "Record a message.",
        "message level memory-key issue type swarm-status?- target- broadcast?- ", "message",
        'bd hooks notify --message "milestone 3 done"',
    ),
    "session-start": AgentHook("hooks.sessions:start", "Begin a session.", "source auto-agent?- ",
                          "session-id"),
    "session-restore": AgentHook(
        "hooks.sessions:restore", "Print the state of a session.", "latest? limit ", "session-id",
        'bd hooks session-restore --session-id "swarm-1"',
    ),
    "session-end": AgentHook(
        "hooks.sessions:end", "End a session, and print its counts.",
        "export-metrics? share? generate-summary?- persist-state?- save-state?- "
        "export-results?- cleanup?- summary- reason- ", "session-id",
        "bd hooks session-end --share",
    ),
    "pre-command": AgentHook(
        "hooks.agent:pre_command", "Record that a command is about to run.", _COMMAND,
                        "command"),
    "post-command": AgentHook("hooks.agent:command", "Record a command and its exit code.",
                         _COMMAND, "command",
                         'bd hooks post-command --command "make test" --exit-code 0'),
    "post-search": AgentHook("hooks.agent:search", "Record a search.",
                        "query cache-results?- results- results-count- search-type- "
                        "update-knowledge?- ", "query"),
    "claude": AgentHook(
        "hooks.claude_code:answer", "Answer a hook of Claude Code, JSON in and out.",
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


class AgentCall:
    """What a hook has to do with: the caller, what it said, the session and its log."""

    def __init__(self, session: Session, given: LooseFlags, name: str) -> None:
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
        named = self.cli.session_id or runs.resumed(self.local, self.now)
        return named or runs.usual(self.cli.place.root, self.now)

    @cached_property
    def events(self) -> list[Event]:
        """Everything that was noted before."""
        return runs.read_events(self.local)

    @cached_property
    def run(self) -> Run:
        """The session as it was before."""
        return runs.run(self.current, self.events)

    def log(self, kind: str, **more: Any) -> bool:
        """Note what happens; False, and a word, where that cannot be written."""
        more = {**more, "text": clean(more["text"])} if "text" in more else more
        by = self.given.text("agent-id")
        event = Event(self.now, self.current, kind, by=by, **more)
        done = not self.cli.readonly and runs.append_events(self.local, event)
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
    from tracker.secrets.rules import find, redacted

    return redacted(text, find(text))


def is_called(name: str, words: Sequence[str]) -> bool:
    """Whether a hook is meant, be it one that nobody knows: then a flag tells it from a slip.

    No command for git hooks has such a flag.
    """
    return name in NAMES or any(
        is_flag(word) and word.partition("=")[0] not in _OF_GIT | GLOBALS.keys() for word in words
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


def _flags(hook: AgentHook) -> str:
    flags = describe_flags(f"{hook.known} session-id agent-id strict?")
    return f"\n\nNever fails its caller, but for --strict. Flags, in any spelling: {flags}."


def _hook(name: str) -> AgentHook:
    if name in ECHOED:
        return AgentHook("hooks.agent:echo", "Give back the JSON that was given.")
    if name in TOLD:
        return AgentHook(
            "hooks.agent:note_call", "Note that this was called.", "message", "message"
        )
    return HOOKS.get(name) or AgentHook(
        "hooks.agent:unserved", "Do nothing: there is no such hook here."
    )


def call(session: Session, name: str, words: tuple[str, ...]) -> None:
    """Run a hook; whatever goes wrong is said and no more, unless it is to be strict."""
    hook = _hook(SAME.get(name, name))
    given = read(words, _COMMON + hook.known, hook.main, session.flags)
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
        agent = AgentCall(session, given, name)
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


def pre_edit(agent: AgentCall) -> None:
    """Record that a file is about to be edited."""
    name = agent.path(agent.given.text("file")) if agent.given.has("file") else ""
    agent.log("event", text=f"pre-edit {name}".strip())
    agent.tell(f"Noted: {name} is about to be edited", file=name)


def pre_command(agent: AgentCall) -> None:
    """Note that a command is about to run."""
    agent.log("event", text=f"pre-command {agent.given.text('command')}".strip())
    agent.tell("Noted: a command is about to run")


def command(agent: AgentCall) -> None:
    """Note that a command ran; what it printed is never kept."""
    given = agent.given
    code = given.text("exit-code", given.text("code"))
    if not code and (success := given.switch("success")) is not None:
        code = "0" if success else "1"
    agent.log("command", text=given.text("command"), code=code)
    agent.tell(f"Command noted: exit code {code or 'unknown'}", exitCode=code)


def search(agent: AgentCall) -> None:
    """Record a search."""
    agent.log("search", text=agent.given.text("query"))
    agent.tell("Search noted")


def note_call(agent: AgentCall) -> None:
    """Note that something was called."""
    agent.log("event", text=f"{agent.name} {agent.given.text('message')}".strip())
    agent.tell(f"Noted: {agent.name}")


def echo(agent: AgentCall) -> None:
    """Give back what was given."""
    agent.cli.write("" if is_waiting(agent.cli) else agent.cli.input().decode("utf-8", "replace"))
    agent.log("event", text=agent.name)


def unserved(agent: AgentCall) -> None:
    """Say that there is no such hook, and which may have been meant."""
    from difflib import get_close_matches

    near = get_close_matches(agent.name, [*HOOKS, *SAME]) if agent.name not in UNSERVED else []
    meant = f"; did you mean {', '.join(near)}?" if near else ""
    raise Invalid(f"there is no such hook here, so nothing was done{meant}")


_FLAG = r"--?[A-Za-z][A-Za-z0-9_-]*(=[\s\S]*)?\Z"
_YES = {"yes": True, "y": True, "on": True, "no": False, "n": False, "off": False}


class LooseFlags:
    """What was sent: by flag its value (True for a flag without one), or all of its values.

    `unknown` are flags that mean nothing here.
    """

    def __init__(self) -> None:
        self.values: dict[str, str | bool] = {}
        self.lists: dict[str, list[str]] = {}
        self.unknown: list[str] = []
        self.help = False

    def text(self, name: str, other: str = "") -> str:
        """The value of a flag; `other` where it was not given, or without a value."""
        value = self.values.get(name)
        return value if isinstance(value, str) and value else other

    def has(self, name: str) -> bool:
        """Whether the flag was given, be it without a value."""
        return name in self.values

    def switch(self, name: str) -> bool | None:
        """Yes, no, or None where it was not given or is neither."""
        value = self.values.get(name)
        return value if value is None or isinstance(value, bool) else yes(value)


def yes(text: str) -> bool | None:
    """What true, 1, yes, no and the like mean; None for anything else."""
    found = boolean(text)
    return _YES.get(text.strip().lower()) if found is None else found


_SHORT = {
    "-c": "command", "-d": "description", "-f": "file", "-i": "task-id", "-k": "memory-key",
    "-m": "message", "-s": "success", "-t": "task-id",
}  # fmt: skip


def describe_flags(known: str) -> str:
    """The flags of such a text that mean something, as help shows them."""
    names = [name for name in known.split() if not name.endswith("-")]
    return ", ".join(f"--{name.rstrip('?*')}{'' if '?' in name else ' V'}" for name in names)


def plain(name: str) -> str:
    """A flag as it is known here: `--taskId` and `--task_id` are `task-id`."""
    if name in _SHORT:
        return _SHORT[name]
    spaced = re.sub(r"(?<=[a-z0-9])([A-Z])", r"-\1", name.lstrip("-"))
    return spaced.replace("_", "-").lower()


def read(words: Sequence[str], known: str, main: str, flags: Flags) -> LooseFlags:
    """What the words say; loose words are the value of the flag `main`. Global flags go to `flags`.

    Never raises.
    """
    kinds = {name.rstrip("?*-"): name[len(name.rstrip("?*-")) :] for name in known.split()}
    given = LooseFlags()
    rest = list(words)
    loose: list[str] = []
    while rest:
        word = rest.pop(0)
        if word == "--":
            loose += rest
            break
        if not is_flag(word):
            loose.append(word)
            continue
        spelled, equals, value = word.partition("=")
        name = plain(spelled)
        if name in kinds:
            kind = kinds[name]
            held = value if equals else _value(rest, kind)
            if "-" not in kind:
                _keep(given, name, kind, held)
        elif spelled in {"-h", "--help"}:
            given.help = True
        elif (flag := GLOBALS.get(spelled) or GLOBALS.get(f"--{name}")) is not None:
            _set(flags, flag, value if equals else None, rest)
        else:
            given.unknown.append(spelled)
            if not equals:
                _value(rest, "")
    if loose and main and main not in given.values:
        given.values[main] = " ".join(loose)
    return given


def is_flag(word: str) -> bool:
    """Whether a word is a flag, and neither a value nor a text that begins with a dash."""
    return word[:1] == "-" and re.match(_FLAG, word) is not None


def _value(rest: list[str], kind: str) -> str | None:
    """The next word, if it is the value of a flag of this kind."""
    if not rest or is_flag(rest[0]) or rest[0] == "--":
        return None
    if "?" in kind and yes(rest[0]) is None:
        return None
    return rest.pop(0)


def _keep(given: LooseFlags, name: str, kind: str, value: str | None) -> None:
    if "*" in kind:
        parts = [part.strip() for part in (value or "").split(",")]
        given.lists.setdefault(name, []).extend(part for part in parts if part)
    else:
        given.values[name] = True if value is None else value


def _set(flags: Flags, flag: Flag, value: str | None, rest: list[str]) -> None:
    if flag.metavar:
        if value is None:
            value = _value(rest, "")
        if not flag.field or value is None:
            return
        try:
            setattr(flags, flag.field, duration(value) if flag.field == "lock_timeout" else value)
        except ValueError:
            return
    elif flag.field:
        setattr(flags, flag.field, value is None or yes(value) is not False)
