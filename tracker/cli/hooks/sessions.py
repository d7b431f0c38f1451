"""`bd hooks session-start`, `session-restore` and `session-end`."""

from __future__ import annotations

import hashlib
import json
import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from tracker import fileio
from tracker.errors import NoMemory, TrackerError
from tracker.git.discovery import refuse_tracked
from tracker.model.timestamps import stamp
from tracker.render.injected import LABEL, TITLES, fenced
from tracker.text import one_line, printable
from tracker.workspace import runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from tracker.cache.issues.queries import IssueRow
    from tracker.cli.hooks.agent import AgentCall
    from tracker.memory.edits import MemoryEdit
    from tracker.model.memory import Memory
    from tracker.workspace.runs import Run


NOTES = 10  # of a session that are shown
FILES = 20
SHARED = "sessions/"
"""Where `session-end --share` leaves what others may want to know."""


def start(agent: AgentCall) -> None:
    """Begin a session; it is that of all who name none, until it ends."""
    _begin(agent)
    agent.tell(f"Session {one_line(agent.current)}", sessionId=agent.current)


def _begin(agent: AgentCall) -> None:
    if agent.cli.named_session:
        runs.resume(agent.local, agent.current, agent.now)
    agent.log("start", text=agent.given.text("source"))


def restore(agent: AgentCall) -> None:
    """Go on with a session, whatever it is called, or begin it."""
    wanted = agent.given.text("session-id")
    if wanted in {"latest", "last"} or agent.given.switch("latest"):
        agent.cli.named_session = runs.latest(agent.events) or ""
        agent.__dict__.pop("current", None)
    run = agent.run
    shared = None if run.began else _shared(agent)
    _begin(agent)
    answer = _restored(agent, run)
    if agent.cli.json:
        elsewhere = shared.content if shared else None
        agent.tell("", **answer, restored=bool(run.began or shared), elsewhere=elsewhere)
        return
    agent.cli.say("\n".join(_lines(agent, run, shared)))


def _restored(agent: AgentCall, run: Run) -> dict[str, Any]:
    return {
        "sessionId": run.session,
        "tasks": [{"taskId": task.name, "description": task.text, "issue": task.issue or None,
                   "startedAt": stamp(task.began)} for task in run.open_tasks],
        "issues": [{"id": row.id, "title": row.title, "status": row.status}
                   for row in _claimed(agent)],
        "memories": _keys(agent, run),
        "notes": [{"message": note.text, "level": note.level, "at": stamp(note.at),
                   "issue": note.issue or None} for note in run.notes[-NOTES:]],
        "files": run.files[:FILES],
        "lastActive": stamp(run.last) if run.last else None,
    }  # fmt: skip


def _lines(agent: AgentCall, run: Run, shared: Memory | None) -> list[str]:
    """What a session was doing; all that somebody wrote stands between fences."""
    name = one_line(run.session)
    if not run.began and shared is None:
        rows = _issues(agent)
        return [f"New session {name}", *(["", f"{rows[0][:-1]} ({TITLES}):"] if rows else []),
                *([fenced(rows[1:])] if rows else [])]  # fmt: skip
    head = f"Session {name}" + (f", last active {stamp(run.last)[:16]}Z" if run.last else "")
    head += ", from another clone" if shared is not None else ""
    tasks = [f"{task.name}: {task.text or task.issue}" for task in run.open_tasks]
    notes = [f"[{note.level or 'info'}] {note.text}" for note in run.notes[-NOTES:]]
    rows = [
        *([printable(shared.content)] if shared is not None else []),
        *_listed("Open tasks", tasks),
        *_issues(agent),
        *_listed("Memories written", _keys(agent, run)),
        *_listed("Notes", notes, len(run.notes)),
        *_listed("Files edited", run.files[:FILES], len(run.files)),
    ]
    return [f"{head} ({LABEL}):", fenced(rows)] if rows else [head]


def restored_lines(agent: AgentCall) -> list[str]:
    """What the session was doing, for a host that goes on with it."""
    return ["", *_lines(agent, agent.run, None)]


def _listed(head: str, items: Sequence[str], total: int | None = None) -> list[str]:
    if not items:
        return []
    some = "" if total in {None, len(items)} else f" ({len(items)} of {total} shown)"
    return [f"{head}{some}:", *(f"  {one_line(item)}" for item in items)]


def _issues(agent: AgentCall) -> list[str]:
    rows = [f"{row.id} P{row.priority}: {row.title}" for row in _claimed(agent)]
    return _listed("Issues in progress", rows)


def _claimed(agent: AgentCall) -> list[IssueRow]:
    from tracker.issues.filters import Filter

    begun = Filter(statuses=("in_progress",), assignee=agent.cli.actor)
    return agent.workspace.answers.listed(begun, limit=NOTES).rows


def _keys(agent: AgentCall, run: Run) -> list[str]:
    """The keys that the session wrote, and those that its edits were noted under."""
    if not run.began:
        return []
    return list(dict.fromkeys((*run.keys, *_written(agent, run.session))))


def _written(agent: AgentCall, session: str) -> Iterator[str]:
    """The keys of memories that name the session; only lines that hold its name are parsed."""
    from tracker.json_text import quote
    from tracker.log.memory_codec import decode_memory
    from tracker.log.paths import MEMORY_FILE, PRIVATE
    from tracker.model.status import TOMBSTONE
    from tracker.small_files import contents

    name = quote(session).encode()
    for file in (MEMORY_FILE, PRIVATE + MEMORY_FILE):
        data = contents(os.path.join(agent.cli.place.beads, file)) or b""
        for line in data.splitlines() if name in data else ():
            if name not in line:
                continue
            with suppress(ValueError):
                memory = decode_memory(line)
                if memory.source.session == session and memory.status != TOMBSTONE:
                    yield memory.key


def _shared(agent: AgentCall) -> Memory | None:
    """What a session left for other clones."""
    try:
        return agent.workspace.library.get(key_of(agent.current))
    except NoMemory:
        return None


def key_of(session: str) -> str:
    """The key of what a session leaves; any name has one of its own."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", session).strip("-._")
    if plain == session and len(plain) <= 60:
        return SHARED + plain
    return f"{SHARED}{plain[:50]}-{_digest(session)}".replace("/-", "/")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]


def end(agent: AgentCall) -> None:
    """End a session: its figures, and one memory for others if it is to be shared."""
    agent.log("end")
    agent.__dict__.pop("events", None)
    agent.__dict__.pop("run", None)
    runs.leave(agent.local, agent.current, agent.now)
    counts = agent.run.counts()
    metrics = _metrics(agent, counts) if agent.given.switch("export-metrics") else ""
    key = _shared_as(agent) if agent.given.switch("share") else ""
    agent.tell("\n".join(_summary(agent.run, counts, key)), sessionId=agent.current,
               metrics=counts, metricsFile=metrics or None, memoryKey=key or None)  # fmt: skip


def _summary(run: Run, counts: dict[str, int], key: str) -> list[str]:
    verdicts = ", ".join(f"{counts[f'tasks_{name}']} {name}"
                         for name in ("success", "failure", "mixed", "unknown", "open")
                         if counts[f"tasks_{name}"])  # fmt: skip
    lines = [
        f"Session {one_line(run.session)} ended after {counts['minutes']} min",
        f"  tasks: {counts['tasks']}" + (f" ({verdicts})" if verdicts else ""),
        f"  edits: {counts['edits']} in {counts['files']} files",
        f"  commands: {counts['commands']}, {counts['commands_failed']} failed",
        f"  notes: {counts['notes']}",
    ]
    return [*lines, *([f"  shared as {key}"] if key else [])]


def _metrics(agent: AgentCall, counts: dict[str, int]) -> str:
    """Write the figures to a file beside the log; where it is."""
    folder = os.path.join(agent.local, "metrics")
    path = os.path.join(folder, key_of(agent.current).removeprefix(SHARED) + ".json")
    if agent.cli.readonly:
        return ""
    told = json.dumps({"session": agent.current, "at": stamp(agent.now), **counts}, indent=2)
    try:
        refuse_tracked(agent.local)
        fileio.make_folder(folder)
        fileio.replace(path, f"{told}\n".encode())
    except OSError as error:
        agent.cli.note(f"cannot write {path}: {error.strerror}; its figures were not written")
        return ""
    return path


def _shared_as(agent: AgentCall) -> str:
    """The key of what was left for others; "", and a word, where that cannot be written."""
    try:
        return _share(agent)
    except TrackerError as error:
        agent.cli.warn(f"the session was not shared: {error.message}")
        return ""


def _share(agent: AgentCall) -> str:
    """Leave one memory that tells other clones what was done."""
    run, key = agent.run, key_of(agent.current)
    tasks = [f"- {task.verdict or ('unknown' if task.ended else 'open')}: {task.text or task.name}"
             + (f" ({task.issue})" if task.issue else "") for task in run.tasks]  # fmt: skip
    notes = [f"- {note.text}" for note in run.notes[-NOTES:]]
    parts = [
        *(["Tasks:", *tasks] if tasks else []),
        *(["Notes:", *notes] if notes else []),
        *([f"Files: {', '.join(run.files[:FILES])}"] if run.files else []),
        *([f"Memories: {', '.join(keys)}"] if (keys := _keys(agent, run)) else []),
    ]
    issues = list(dict.fromkeys(task.issue for task in run.tasks if task.issue))
    title = f"What session {one_line(agent.current)} did"
    text = "\n".join(parts) or "Nothing noted."
    wish: MemoryEdit = {"kind": "log", "title": title[:200], "content": text, "issues": issues}
    agent.workspace.library.put(key, wish, origin="tool")
    return key
