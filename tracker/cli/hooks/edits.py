"""`bd hooks post-edit` and `notify`: record an edited file or a message."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tracker.errors import Invalid, NoMemory, TrackerError

if TYPE_CHECKING:
    from tracker.cli.hooks.agent import AgentCall
    from tracker.memory.edits import MemoryEdit
    from tracker.model.memory import Memory


KEPT = 90  # days that a memory stays which only says that a file was edited
_DAY = 86_400 * 10**9
_ORIGIN = "tool"


def after(agent: AgentCall) -> None:
    """Note an edit. What a key says is never touched: the file joins those that it is about."""
    given = agent.given
    if not given.text("file"):
        raise Invalid("--file is missing", hint="bd hooks post-edit --file PATH")
    file = agent.path(given.text("file"))
    key = given.text("memory-key")
    if given.has("memory-key") and not key:
        key = f"edits/{os.path.basename(file)}"
    known = _remember(agent, file, key) if key else ""
    more = {} if given.switch("success") is None else {"verdict": _verdict(agent)}
    done = agent.log("edit", file=file, key=key, text=given.text("outcome"), **more)
    if known:
        agent.cli.warn(known)
    arrow = f" -> {key}" if key and not known else ""
    told = f"Edit recorded: {file}{arrow}" if done or arrow else ""
    agent.tell(told, file=file, memoryKey=key if key and not known else None)


def _verdict(agent: AgentCall) -> str:
    return "success" if agent.given.switch("success") else "failure"


def _remember(agent: AgentCall, file: str, key: str) -> str:
    """Let a key know of a file; what stands in the way, if anything does."""
    library = agent.workspace.library
    try:
        held: Memory | None = library.get(key)
    except NoMemory:
        held = None
    try:
        if held is None:
            from tracker.model.timestamps import stamp

            wish: MemoryEdit = {"kind": "log", "content": file, "paths": [file],
                    "expires_at": stamp(agent.now + KEPT * _DAY)}  # fmt: skip
            library.put(key, wish, origin=_ORIGIN)
        elif agent.given.switch("update-memory") or _is_of_edits(held, file):
            library.put(key, {"paths": [file]}, origin=_ORIGIN)
    except TrackerError as error:
        return f"the key {key!r} was not written: {error.message}"
    return ""


def _is_of_edits(memory: Memory, file: str) -> bool:
    """Whether a hook made it, so that a new file may be added to those that it is about."""
    is_ours = memory.kind == "log" and memory.source.origin == _ORIGIN
    return is_ours and file not in dict(memory.source.paths)


def notify(agent: AgentCall) -> None:
    """Note a message, on the issue that is being worked on, and under a key if one is given."""
    given = agent.given
    message = given.text("message")
    if not message:
        raise Invalid("--message is missing", hint='bd hooks notify --message "TEXT"')
    level = given.text("level", given.text("type", "info"))
    issue = given.text("issue") or claimed(agent)
    agent.log("note", text=message, level=level, issue=issue)
    key = given.text("memory-key")
    if key:
        try:
            agent.workspace.library.append(key, message, origin=_ORIGIN)
        except TrackerError as error:
            agent.cli.warn(f"the key {key!r} was not written: {error.message}")
            key = ""
    agent.tell(f"[{level}] {message}", message=message, level=level, issue=issue or None,
               memoryKey=key or None)  # fmt: skip


def claimed(agent: AgentCall) -> str:
    """The issue that the caller is working on, if it is the only one."""
    from tracker.issues.filters import Filter

    begun = Filter(statuses=("in_progress",), assignee=agent.cli.actor)
    rows = agent.workspace.answers.listed(begun, limit=2).rows
    return rows[0].id if len(rows) == 1 else ""
