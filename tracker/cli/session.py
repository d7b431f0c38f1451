"""One invocation: its flags, streams, clock and workspace.

A command is handed a `Session` and asks it for everything that is not an argument: the global
flags, the environment, the streams, the clock, who is asking, and the tracker itself. Nothing else
in the package reads `os.environ` or the standard streams, so a test hands in what it likes.
"""

from __future__ import annotations

import os
import time
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar, cast

from tracker.cli.argv import Flags, duration
from tracker.cli.terminal import Paged, Patience, is_terminal
from tracker.errors import Conflicted, Invalid, Locked, NotATracker, TrackerError
from tracker.text import array, one_line, pretty, printable, spelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any, TextIO

    from tracker.cache.memories.queries import MemoryQueries
    from tracker.log.record_file import RecordChange
    from tracker.model.context import Place
    from tracker.text import Terminal
    from tracker.workspace.workspace import Workspace


T = TypeVar("T")
Failed = list[tuple[str, TrackerError]]

HELD = 65_536
"""How many characters of an answer may be held back while it could still be taken back."""

# They stand in the way of every id, so the next id is not tried.
_FOR_ALL = (NotATracker, Conflicted, Locked)


class OutputClosed(Exception):
    """Whoever read the answer has seen enough of it."""


class Several(TrackerError):
    """Nothing was done for any of several ids."""

    def __init__(self, failed: Failed) -> None:
        first = failed[0][1]
        super().__init__(first.message, hint=first.hint)
        self.code = first.code
        self.failed = failed


class Session:
    """One invocation. `argv` includes the program's name; `env` and the streams are the caller's.

    `clock` gives nanoseconds since 1970, `nonce` 64 random bits. A command sets `code` to leave
    with another exit code than 0.
    """

    def __init__(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        *,
        stdin: TextIO | None,
        stdout: TextIO | None,
        stderr: TextIO | None,
        cwd: str,
        clock: Callable[[], int] = time.time_ns,
        nonce: Callable[[], int] | None = None,
    ) -> None:
        self.argv = tuple(argv)
        self.env = env
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.cwd = cwd
        self.clock = clock
        self.nonce = nonce or (lambda: int.from_bytes(os.urandom(8), "big"))
        self.flags = Flags(env)
        self.errors_to = "stderr"
        self.writes = False
        self.code = 0
        self.named_session = ""
        self.is_second_try = False
        self._answered = False
        self._held: list[tuple[TextIO, str | bytes]] | None = None
        self._room = 0
        self._has_spoken = False
        self._input: bytes | None = None
        self.paged: Paged | None = None
        self.patience: Patience | None = None
        self.unanswered = ""
        """Why the answer of a write could not be written; a write goes on all the same."""
        self._failure = ""

    @property
    def program(self) -> str:
        """The name that the program was called by: bd or tracker."""
        name = os.path.splitext(os.path.basename(self.argv[0]))[0] if self.argv else ""
        return "tracker" if name == "tracker" else "bd"

    @property
    def json(self) -> bool:
        """Whether the answer is to be one JSON document."""
        return self.flags.json

    @property
    def folder(self) -> str:
        """Where relative names start: `-C DIR` works as if the program had been started there."""
        return os.path.join(self.cwd, self.flags.directory or "")

    @cached_property
    def terminal(self) -> Terminal | None:
        """Where a person reads the answer; None where a program does, which gets plain lines."""
        is_seen = self.stdout is not None and self.stdout.isatty()
        forced = self.env.get("CLICOLOR_FORCE", "0") not in {"", "0"}
        if self.json or self.is_agent or not (is_seen or forced):
            return None
        from tracker.cli.terminal import terminal

        typed = self.stdin is not None and self.stdin.isatty()
        return terminal(self.stdout, self.env, paging=typed and not self.flags.no_pager)

    @property
    def is_agent(self) -> bool:
        """Whether the environment says that an agent asks, who pays for every word."""
        from tracker.cli.argv import boolean

        return boolean(self.env.get("BD_AGENT_MODE", "")) or bool(self.env.get("CLAUDE_CODE"))

    @cached_property
    def place(self) -> Place:
        """The workspace. Raises NotATracker."""
        from tracker.workspace import discovery

        flags = self.flags
        return discovery.find(self.cwd, self.env, directory=flags.directory, db=flags.db)

    @property
    def known_place(self) -> Place | None:
        """The workspace, or None where there is none."""
        from tracker.errors import NotATracker

        try:
            return self.place
        except NotATracker:
            return None

    @cached_property
    def _quiet(self) -> Workspace:
        from tracker.workspace.workspace import Workspace

        workspace = Workspace(self.place, self)
        if self.is_second_try:
            workspace.distrust()
        return workspace

    @cached_property
    def memories(self) -> MemoryQueries:
        """Questions to what is remembered, without a look at the issues; warns as `tracker`."""
        found: MemoryQueries = self.__dict__.get("tracker", self._quiet).recollection
        for text in found.warnings:
            self.warn(text)
        return found

    @cached_property
    def tracker(self) -> Workspace:
        """The issues of this workspace; what a reader should know about the log is said once.

        A command that writes meets the log only when it does, and says it then.
        """
        workspace = self._quiet
        for text in () if self.writes else workspace.warnings():
            self.warn(text)
        if not (self.writes or self.json or self.flags.quiet):
            for text in workspace.news():
                self.note(f"new in the log: {text}")
        return workspace

    @property
    def readonly(self) -> bool:
        """Whether nothing may be written."""
        return self.flags.readonly

    @property
    def redact(self) -> bool:
        """Whether a secret gives way to a mark."""
        return self.flags.redact

    @property
    def allowed_secrets(self) -> frozenset[str]:
        """Fingerprints of what looks like a secret and is none."""
        return frozenset((self.flags.allow_secret or "").replace(",", " ").split())

    @property
    def lock_timeout(self) -> float | None:
        """Seconds that a write may wait for the lock; None leaves it to the store."""
        text = self.env.get("BD_LOCK_TIMEOUT")
        if self.flags.lock_timeout is not None or not text:
            return self.flags.lock_timeout
        try:
            return duration(text)
        except ValueError as error:
            raise Invalid(f"BD_LOCK_TIMEOUT: {error}") from None

    @cached_property
    def actor(self) -> str:
        """Who is asking."""
        env = self.env
        named = self.flags.actor or env.get("BD_ACTOR") or env.get("BEADS_ACTOR")
        return named or self.git_config.get("user.name") or env.get("USER") or "unknown"

    @cached_property
    def owner(self) -> str:
        """The mail address of whoever is asking; empty where nothing names one."""
        return self.env.get("GIT_AUTHOR_EMAIL") or self.git_config.get("user.email", "")

    @property
    def session_id(self) -> str:
        """Which of several agents of the same name is asking; empty where nothing says."""
        env = self.env
        return self.named_session or env.get("BD_SESSION") or env.get("CLAUDE_SESSION_ID") or ""

    @cached_property
    def git_config(self) -> dict[str, str]:
        """What git knows of user.name, user.email and merge.tracker.driver; one process."""
        from tracker.git.identity import asked

        try:
            start = self.place.root
        except TrackerError:
            start = self.folder
        return asked(start, self.env)

    def read(self, name: str) -> str:
        """The text of a file, or of the standard input where the name is `-`. Raises Invalid."""
        what = "standard input" if name == "-" else name
        try:
            if name == "-":
                data = self.input()
            else:
                from tracker import fileio

                data = fileio.named(os.path.join(self.folder, name))
            text = data.decode().replace("\r\n", "\n").replace("\r", "\n")
        except OSError as error:
            raise Invalid(f"cannot read {what}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise Invalid(f"cannot read {what}: it is not UTF-8 text") from None
        except ValueError:  # a NUL in the name
            raise Invalid(f"cannot read {what}: not a valid file name") from None
        return text.removeprefix("\ufeff")

    def input(self) -> bytes:
        """Return all of standard input; it is read once and kept."""
        if self._input is None:
            if self.patience is not None:
                self.patience.stop()  # it is somebody else who takes long
            raw = getattr(self.stdin, "buffer", None)
            if raw is not None:
                from tracker import fileio

                self._input = fileio.piped(raw)
            else:
                text = self.stdin.read() if self.stdin is not None else ""
                self._input = text.encode("utf-8", "surrogateescape")
        return self._input

    def say(self, text: str = "", *, styled: bool = False) -> None:
        """One piece of the answer as text, on a line of its own.

        `styled` text holds colours of ours; what it quotes went through `printable` before.
        """
        if not styled:
            text = printable(text)
            if self.terminal is not None and self.terminal.colour:
                from tracker.render.colour import painted

                text = painted(text)
        self._answer(text + "\n")

    def write(self, text: str) -> None:
        """A part of the answer exactly as it is, such as exported lines.

        Only a terminal gets what could steer it spelled out, as JSON spells it.
        """
        if self.stdout is not None and self.stdout.isatty():
            text = spelled(text)
        self._answer(text)

    def warn(self, text: str) -> None:
        """Something wrong that does not stop the command; `-q` silences it."""
        if not self.flags.quiet:
            self._remark(f"Warning: {text}")

    def note(self, text: str) -> None:
        """A remark for people: not with `--json`, where stderr stays empty, and not with `-q`."""
        if not (self.json or self.flags.quiet):
            self._remark(f"Note: {text}")

    def emit(self, value: Any, *, total: int | None = None) -> None:
        """The answer as one JSON document; `total` counts a list before its limit."""
        if self.flags.envelope and isinstance(value, list | tuple):
            shown = len(value)
            value = {"data": value, "total": shown if total is None else total, "shown": shown}
        self.write(pretty(value))

    def emit_raw(self, fragments: Iterable[str], *, total: int | None = None) -> None:
        """The answer as a JSON array of ready-made objects; all are made before one is written.

        A fragment runs from `{` to `}`; the lines between are indented as in a top-level array:
        keys by four spaces, the closing brace by two.
        """
        made = list(fragments)
        if any("\0" in text for text in made):  # which JSON spells
            from tracker.cache.database import Damaged

            raise Damaged("the cache holds what is no JSON")
        for text in array(made, envelope=self.flags.envelope, total=total):
            self.write(text)

    def emit_inside(self, pieces: Sequence[bytes]) -> None:
        """The answer as a JSON array, from what stands in it as UTF-8: for long ones."""
        data = b"".join((b"[", *pieces, b"\n]\n"))
        buffer = getattr(self.stdout, "buffer", None)
        if buffer is None or (self.stdout is not None and self.stdout.isatty()):
            self.write(data.decode())
            return
        self._answer("", flush=True)
        self._answer(data)

    def each(self, ids: Iterable[str], action: Callable[[str], T]) -> list[T]:
        """What `action` gave for each id for which it succeeded.

        Every id is tried. If some fail they are reported and the exit code is 1; if all fail, that
        is raised as the command's own error.
        """
        done: list[T] = []
        failed: Failed = []
        for id in ids:
            try:
                done.append(action(id))
            except TrackerError as error:
                failed.append((id, error))
                if isinstance(error, _FOR_ALL):
                    break
        if failed and not done:
            raise failed[0][1] if len(failed) == 1 else Several(failed)
        if failed:
            self.code = 1
            self.fail(Several(failed), aside=True)
        return done

    def fail(self, error: TrackerError, *, aside: bool = False) -> None:
        """Report an error where this command reports it, or `aside` of an answer that stands."""
        failed = error.failed if isinstance(error, Several) else []
        messages = [error.message for _, error in failed] or [error.message]
        hints = [error.hint for _, error in failed] or [error.hint]
        more = {"failed": [_entry(error, id=id) for id, error in failed]} if failed else {}
        if self.json:
            self.complain({**_entry(error, hint=error.hint), **more}, aside=aside)
            return
        messages = list(map(one_line, messages))
        lines = [m if m.startswith("Error ") else f"Error: {m}" for m in messages]
        lines += [f"Hint: {hint}" for hint in dict.fromkeys(hints) if hint]
        self._remark("\n".join(lines))

    def complain(self, problem: str | Mapping[str, Any], *, aside: bool = False) -> None:
        """Put a finished report of a failure where it belongs: text on stderr, JSON as declared."""
        if isinstance(problem, str):
            self._remark(problem)
        elif self.errors_to == "stdout" and not (aside or self._answered):
            self._failure = pretty(problem)
            self.write(self._failure)
        else:
            self._put(self.stderr, pretty(problem))

    def hold(self) -> None:
        """Keep what is said from here on until `release`, so that it can be taken back.

        A command that flushes, or that says more than `HELD` characters, gives that up.
        """
        self._held = []
        self._room = HELD

    def release(self) -> None:
        """Hand on what was held, and hold no more."""
        held, self._held = self._held or (), None
        failed: Exception | None = None
        for stream, text in held:
            try:
                self._put(stream, text)
            except (OutputClosed, TrackerError) as error:  # the other stream is still there
                failed = failed or error
        if failed is not None:
            raise failed

    @property
    def may_try_again(self) -> bool:
        """Whether a damaged cache may be why the command failed, and nothing was done or said."""
        workspace: Workspace | None = self.__dict__.get("_quiet")
        if workspace is None or self.is_second_try or self._has_spoken:
            return False
        return workspace.is_cached and not workspace.written

    def again(self) -> Session:
        """The same invocation anew, which believes no cache that is there."""
        stdout = self.stdout
        if self.patience is not None:
            self.patience.stop()
        if self.paged is not None:
            stdout, self.paged = self.paged.stream, None
        self._held = None
        self.close()
        second = Session(
            self.argv, self.env, stdin=self.stdin, stdout=stdout, stderr=self.stderr,
            cwd=self.cwd, clock=self.clock, nonce=self.nonce,
        )  # fmt: skip
        second.is_second_try = True
        second._input = self._input
        return second

    def close(self) -> None:
        """Show what is left, and let go of the cache: a caller may go on to replace its file."""
        if self.patience is not None:
            self.patience.stop()
        if self.paged is not None:
            self.paged.end()
        for name in ("tracker", "_quiet"):
            if name in self.__dict__:
                self.__dict__[name].refresh()

    def flush(self) -> None:
        """Hand over what was said. Raises OutputClosed, or TrackerError where it cannot be."""
        self.release()
        self._put(self.stdout, "", flush=True)

    def _remark(self, text: str) -> None:
        self._put(self.stdout, "", flush=True)  # both may be the same terminal
        text = printable(text) + "\n"
        if self.stderr is not None and self.stderr.isatty():
            from tracker.cli import terminal
            from tracker.render import colour

            text = colour.remark(text) if terminal.has_colour(self.stderr, self.env) else text
            if self.paged is not None:
                self.paged.aside(text)
                return
        self._put(self.stderr, text, flush=True)

    @property
    def written(self) -> Sequence[RecordChange]:
        """What this command line has written to the files of the workspace so far."""
        workspace = self.__dict__.get("tracker") or self.__dict__.get("_quiet")
        return () if workspace is None else workspace.written

    def repeat_failure(self) -> None:
        """Report on stderr what was reported as the answer, which could not be written."""
        self._put(self.stderr, self._failure, flush=True)

    def _answer(self, text: str | bytes, *, flush: bool = False) -> None:
        """Put a part of the answer."""
        self._answered = self._answered or bool(text)
        if self.stdout is None and text and (self.writes or self.written):
            self.unanswered = self.unanswered or "standard output is closed"
        self._put(self.stdout, text, flush=flush)

    def _put(self, stream: TextIO | None, text: str | bytes, *, flush: bool = False) -> None:
        if stream is None:
            return
        if self._held is not None:
            self._held.append((stream, text))
            self._room -= len(text)
            if self._room < 0:  # a long answer is not kept in memory, and can be read as it comes
                self.release()
            return
        if text and self.patience is not None:
            self.patience.stop()
        self._has_spoken = self._has_spoken or bool(text)
        try:
            if isinstance(text, bytes):
                stream.buffer.write(text)
            elif text:
                stream.write(text)
            if flush:
                stream.flush()
        except OSError as error:
            if stream is self.stdout:
                self._lose(error)

    def _lose(self, error: OSError) -> None:
        """Remember that the answer cannot be written, or stop where that is all there is to do."""
        self.stdout = None
        self.errors_to = "stderr"
        if self.writes or self.written:
            self.unanswered = error.strerror or str(error)
        elif isinstance(error, BrokenPipeError):
            raise OutputClosed from None
        else:
            raise TrackerError(f"cannot write the answer: {error.strerror}") from None


def _entry(error: TrackerError, **more: str | None) -> dict[str, str]:
    entry = {"error": error.message, "code": error.code}
    return {**entry, **{name: text for name, text in more.items() if text}}


def attend(session: Session, command: str, *, paging: bool, patience: str) -> None:
    """Let a long answer of this session go to the pager, and say what takes long."""
    screen = session.terminal
    if screen is None or session.stdout is None:
        return
    told = session.stderr is not None and is_terminal(session.stderr) and not session.flags.quiet
    if told and patience and session.stderr is not None:
        session.patience = Patience(session.stderr, command, turns=patience == "wheel")
    if screen.pager and paging and patience == "wheel":
        session.paged = Paged(session.stdout, session.stderr, session.env, screen)
        session.stdout = cast("TextIO", session.paged)
