"""What agents did: events, the run log, and Beads' interactions."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from tracker import fileio, json_text
from tracker.errors import Invalid, Locked
from tracker.git.discovery import refuse_tracked
from tracker.locks import WAIT, hold, hold_folder
from tracker.model.timestamps import instant, stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any


FILE = "interactions.jsonl"
KEYS = (
    "id", "kind", "created_at", "actor", "issue_id", "model", "prompt", "response", "error",
    "tool_name", "exit_code", "parent_id", "label", "reason", "extra",
)  # fmt: skip
"""The keys in the order of the file; those without a value are left out."""
LONGEST_INTERACTION = 1_000_000  # characters of one entry


def made_id(nonce: int) -> str:
    """The id of an entry, from 64 random bits."""
    return f"int-{nonce & 0xFFFFFFFF:08x}"


def append_interaction(beads: str, entry: Mapping[str, Any], timeout: float = WAIT) -> None:
    """Add an entry at the end, under the lock, on the disk before this returns. Raises Invalid."""
    known = {key: entry[key] for key in KEYS if entry.get(key) not in (None, "", {})}
    line = json.dumps(known, ensure_ascii=False, separators=(",", ":"))
    if len(line) > LONGEST_INTERACTION:
        raise Invalid(
            f"an interaction may be {LONGEST_INTERACTION} characters long "
            f"(this one has {len(line)})",
            hint="put the long text into a file and name it",
        )
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
    with hold_folder(beads, timeout), hold(os.path.join(beads, ".jsonl.lock"), timeout):
        handle = fileio.opened(os.path.join(beads, FILE), flags, 0o644, links=fileio.NEVER)
        with os.fdopen(handle, "r+b", buffering=0):
            size = os.fstat(handle).st_size
            torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
            data = (b"\n" if torn else b"") + line.encode("utf-8", "backslashreplace") + b"\n"
            try:
                fileio.write(handle, data)
                os.fsync(handle)
            except OSError:
                with suppress(OSError):  # no part of an entry stays
                    os.ftruncate(handle, size)
                raise


def read_interactions(beads: str) -> Iterator[dict[str, Any]]:
    """Every entry, oldest first; lines that hold none are passed over."""
    try:
        data = fileio.read(os.path.join(beads, FILE), fileio.LARGEST)
    except FileNotFoundError:
        return
    for line in data.split(b"\n"):
        try:
            found = json_text.loads(line.decode("utf-8", "replace"))
        except ValueError:
            continue
        if isinstance(found, dict) and isinstance(found.get("id"), str):
            yield found


LIMIT = 1_000_000  # bytes; the oldest half goes
MOST = 100 * LIMIT  # that are read: one write may be long
DAY = 86_400 * 10**9
PATIENCE = 2.0  # seconds to wait for another writer


def path_in(local: str) -> str:
    """Where the log of a workspace is."""
    return os.path.join(local, "runs.jsonl")


def append_events(local: str, *events: Event) -> bool:
    """Note what happened; False where that cannot be written."""
    data = b"".join(map(encode, events))
    path = path_in(local)
    try:
        refuse_tracked(local)
        _make(local)
        with hold_folder(local, PATIENCE), hold(f"{path}.lock", PATIENCE):
            _shorten(path)
            fileio.append(path, data)
    except (OSError, Locked):
        return False
    return True


def read_events(local: str) -> list[Event]:
    """Everything that is still known, oldest first."""
    try:
        return list(decode(fileio.read(path_in(local), MOST).split(b"\n")))
    except OSError:
        return []


def _shorten(path: str) -> None:
    with suppress(FileNotFoundError):
        if os.lstat(path).st_size > LIMIT:
            kept = fileio.read(path, MOST)[-LIMIT // 2 :].partition(b"\n")[2]
            fileio.replace(path, kept)


def resume(local: str, session: str, now: int) -> None:
    """Make this the session of whoever names none, for a day, until it is ended."""
    with suppress(OSError):
        refuse_tracked(local)
        _make(local)
        fileio.replace(_pointer(local), json.dumps({"session": session, "at": now}).encode())


def resumed(local: str, now: int) -> str:
    """The session that was restored here within a day and has not ended; "" where there is none."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        held = json_text.loads(fileio.read(_pointer(local)))
        if now - DAY < int(held["at"]):
            return str(held["session"])
    return ""


def leave(local: str, session: str, now: int) -> None:
    """Take that back where it is this session."""
    if resumed(local, now) == session:
        with suppress(OSError):
            os.unlink(_pointer(local))


def _make(local: str) -> None:
    if not os.path.exists(os.path.join(local, ".gitignore")):
        from tracker.fileio import make_local  # much is behind it that a hook does not need

        make_local(local)


def _pointer(local: str) -> str:
    return os.path.join(local, "session.json")


def usual(root: str, now: int) -> str:
    """The session where nobody names one: this work tree, this day."""
    return f"{os.path.basename(root) or 'work'}-{stamp(now)[:10]}"


KINDS = ("start", "task", "done", "edit", "command", "note", "search", "event", "shown", "end")
LONGEST_TEXT = 2_000  # characters of a text that is kept
NAMELESS = "task-"
"""What the names begin with of tasks to which nobody gave one."""
_TEXTS = ("task", "text", "verdict", "issue", "file", "key", "level", "code", "by")


class Event(NamedTuple):
    """One thing that happened; `at` is in nanoseconds since 1970."""

    at: int
    session: str
    kind: str
    task: str = ""
    text: str = ""
    verdict: str = ""
    issue: str = ""
    file: str = ""
    key: str = ""
    level: str = ""
    code: str = ""
    by: str = ""
    keys: tuple[str, ...] = ()


class AgentTask(NamedTuple):
    """A piece of work within a session; `ended` is 0 while it goes on."""

    name: str
    text: str
    issue: str
    began: int
    ended: int = 0
    verdict: str = ""
    keys: tuple[str, ...] = ()


class Run(NamedTuple):
    """All that is known of one session."""

    session: str
    began: int
    last: int
    tasks: tuple[AgentTask, ...] = ()
    edits: tuple[Event, ...] = ()
    notes: tuple[Event, ...] = ()
    commands: tuple[Event, ...] = ()
    searches: int = 0
    shown: frozenset[str] = frozenset()
    has_ended: bool = False

    @property
    def open_tasks(self) -> list[AgentTask]:
        """The tasks that go on."""
        return [task for task in self.tasks if not task.ended]

    @property
    def files(self) -> list[str]:
        """The files that were edited, the last one first."""
        return list(dict.fromkeys(edit.file for edit in reversed(self.edits) if edit.file))

    @property
    def keys(self) -> list[str]:
        """The keys of memory that edits were noted under."""
        return list(dict.fromkeys(edit.key for edit in self.edits if edit.key))

    def task(self, name: str) -> AgentTask | None:
        """The task of that name."""
        return next((task for task in self.tasks if task.name == name), None)

    def counts(self) -> dict[str, int]:
        """The figures of this session, and of no other."""
        ended = [task for task in self.tasks if task.ended]
        verdicts = [task.verdict for task in ended]
        return {
            "tasks": len(self.tasks),
            "tasks_open": len(self.tasks) - len(ended),
            "tasks_success": verdicts.count("success"),
            "tasks_failure": verdicts.count("failure"),
            "tasks_mixed": verdicts.count("mixed"),
            "tasks_unknown": verdicts.count(""),
            "edits": len(self.edits),
            "files": len(self.files),
            "notes": len(self.notes),
            "commands": len(self.commands),
            "commands_failed": sum(one.code not in {"", "0"} for one in self.commands),
            "searches": self.searches,
            "memories_shown": len(self.shown),
            "minutes": round((self.last - self.began) / 60e9) if self.began else 0,
        }


def encode(event: Event) -> bytes:
    """The line of an event."""
    row: dict[str, object] = {"at": stamp(event.at), "session": event.session, "kind": event.kind}
    row |= {name: text[:LONGEST_TEXT] for name in _TEXTS if (text := getattr(event, name))}
    if event.keys:
        row["keys"] = list(event.keys)
    return json.dumps(row, separators=(",", ":")).encode() + b"\n"


def decode(lines: Iterable[bytes]) -> Iterator[Event]:
    """The events of lines; one that is damaged is left out."""
    for line in lines:
        try:
            row = json_text.loads(line)
            texts = {name: str(row[name]) for name in _TEXTS if name in row}
            keys = tuple(str(key) for key in row.get("keys", ()))
            session, kind = str(row["session"]), str(row["kind"])
            yield Event(instant(row["at"]), session, kind, **texts, keys=keys)
        except (ValueError, KeyError, TypeError, AttributeError):
            continue


def run(session: str, events: Iterable[Event]) -> Run:
    """What is known of a session: the events of others are passed over."""
    own = [event for event in events if event.session == session]
    return Run(
        session,
        began=own[0].at if own else 0,
        last=own[-1].at if own else 0,
        tasks=_tasks(own),
        edits=tuple(event for event in own if event.kind == "edit"),
        notes=tuple(event for event in own if event.kind == "note"),
        commands=tuple(event for event in own if event.kind == "command"),
        searches=sum(event.kind == "search" for event in own),
        shown=frozenset(key for event in own if event.kind in {"task", "shown"}
                        for key in event.keys),
        has_ended=bool(own) and own[-1].kind == "end",
    )  # fmt: skip


def _tasks(events: Iterable[Event]) -> tuple[AgentTask, ...]:
    """Tasks by name, in the order in which they began; one that begins again goes on.

    After its end it begins anew: what was shown for the first try is not judged by the second.
    """
    found: dict[str, AgentTask] = {}
    for event in events:
        was = found.get(event.task)
        if event.kind == "task":
            on = was if was and not was.ended else None
            keys = tuple(dict.fromkeys((*(on.keys if on else ()), *event.keys)))
            began = on.began if on else event.at
            found[event.task] = AgentTask(event.task, event.text, event.issue, began, keys=keys)
        elif event.kind == "done":
            task = was or AgentTask(event.task, "", event.issue, event.at)
            issue = event.issue or task.issue
            verdict = event.verdict or task.verdict
            found[event.task] = task._replace(ended=event.at, verdict=verdict, issue=issue)
    return tuple(found.values())


def latest(events: Iterable[Event], but: str = "") -> str:
    """The session that did something last, other than `but`; "" where there is none."""
    found = ""
    for event in events:
        if event.session != but:
            found = event.session
    return found


def begun(name: str, session: str, events: Iterable[Event]) -> AgentTask | None:
    """The task that a caller means who ends it by this name.

    That of the name, here or in another session; else the one that was begun last in this session
    without a name and goes on: what ends one is seldom told what it was called at its beginning.
    """
    own, others, nameless = None, None, None
    sessions: dict[str, list[Event]] = {}
    for event in events:
        sessions.setdefault(event.session, []).append(event)
    for other, held in sessions.items():
        for task in _tasks(held):
            if task.name == name and other == session:
                own = task
            elif task.name == name:
                others = task
            elif other == session and not task.ended and task.name.startswith(NAMELESS):
                nameless = task
    return own or others or nameless
