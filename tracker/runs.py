"""What agents did, session by session: a log of events, and what is told of it. Pure.

An event is one JSON object on a line of `.local/runs.jsonl`, which never leaves this clone. A
session has any name. What it holds is a fold over its events, in their order; nothing is counted
that is not in the log.

    start    the session began, or went on
    task     a task was begun: task, text, issue, and the memories that were shown for it (keys)
    done     a task ended: task, verdict ("" where nobody said one), issue, keys that were credited
    edit     a file was edited: file, key
    command  a command ran: text, code ("" where it is not known)
    note     somebody said something: text, level, issue
    search   something was looked for: text
    event    whatever else an agent told: text
    shown    memories were shown outside of a task: keys
    end      the session was ended
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from tracker import json_text
from tracker.times import instant, stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

KINDS = ("start", "task", "done", "edit", "command", "note", "search", "event", "shown", "end")
LONGEST = 2_000  # characters of a text that is kept
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


class Task(NamedTuple):
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
    tasks: tuple[Task, ...] = ()
    edits: tuple[Event, ...] = ()
    notes: tuple[Event, ...] = ()
    commands: tuple[Event, ...] = ()
    searches: int = 0
    shown: frozenset[str] = frozenset()
    has_ended: bool = False

    @property
    def open_tasks(self) -> list[Task]:
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

    def task(self, name: str) -> Task | None:
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
    row |= {name: text[:LONGEST] for name in _TEXTS if (text := getattr(event, name))}
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


def _tasks(events: Iterable[Event]) -> tuple[Task, ...]:
    """Tasks by name, in the order in which they began; one that begins again goes on.

    After its end it begins anew: what was shown for the first try is not judged by the second.
    """
    found: dict[str, Task] = {}
    for event in events:
        was = found.get(event.task)
        if event.kind == "task":
            on = was if was and not was.ended else None
            keys = tuple(dict.fromkeys((*(on.keys if on else ()), *event.keys)))
            began = on.began if on else event.at
            found[event.task] = Task(event.task, event.text, event.issue, began, keys=keys)
        elif event.kind == "done":
            task = was or Task(event.task, "", event.issue, event.at)
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


def begun(name: str, session: str, events: Iterable[Event]) -> Task | None:
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
