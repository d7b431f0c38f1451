"""`bd hooks claude EVENT`: answer Claude Code's hooks, JSON in and out.

SessionStart (startup, resume, clear, compact) gets `bd prime` and what the session was doing,
UserPromptSubmit gets memories that answer the prompt, PostToolUse notes edits and commands,
SessionEnd ends the session. Every other event is noted, and nothing is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker import json_text
from tracker.cli.files import is_waiting
from tracker.cli.hooks import tasks
from tracker.cli.hooks.sessions import restored_lines
from tracker.errors import Invalid
from tracker.render import injected
from tracker.workspace import runs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tracker.cli.hooks.agent import AgentCall


EDITS = frozenset({"Edit", "MultiEdit", "NotebookEdit", "Write"})
SEARCHES = frozenset({"Glob", "Grep", "WebSearch"})
FEWEST = 3  # words of a prompt that is a question
WEAK = 0.3  # of a memory that would only be in the way


def answer(agent: AgentCall) -> None:
    """Answer one event."""
    given = _given(agent)
    event = agent.given.text("event") or _text(given, "hook_event_name")
    session = _text(given, "session_id")
    if session:
        agent.cli.named_session = session
    _EVENTS.get(event, _noted)(agent, given)


def _given(agent: AgentCall) -> Mapping[str, Any]:
    data = b"" if is_waiting(agent.cli) else agent.cli.input()
    try:
        found = json_text.loads(data) if data.strip() else {}
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Invalid("what stands on stdin is no JSON object", hint="echo '{}' | bd hooks claude")
    return found


def _text(given: Mapping[str, Any], *names: str) -> str:
    for name in names:
        found = given.get(name)
        if isinstance(found, str) and found:
            return found
    return ""


def _context(agent: AgentCall, event: str, text: str) -> None:
    if text.strip():
        told = {"hookEventName": event, "additionalContext": text}
        agent.cli.emit({"hookSpecificOutput": told})


def _start(agent: AgentCall, given: Mapping[str, Any]) -> None:
    from tracker.cli.briefing import text_for

    source = _text(given, "source")
    lines = restored_lines(agent) if source in {"resume", "compact"} and agent.run.began else []
    runs.resume(agent.local, agent.current, agent.now)
    agent.log("start", text=source)
    _context(agent, "SessionStart", "\n".join([text_for(agent.cli), *lines]))


def _prompt(agent: AgentCall, given: Mapping[str, Any]) -> None:
    prompt = _text(given, "prompt")
    if len(prompt.split()) < FEWEST:
        return
    every = tasks.recalled(agent, prompt, 10)
    strong = [one for one in every.items if one.score >= WEAK and one.key not in agent.run.shown]
    doubted = [one for one in every.doubted if one.score >= WEAK]
    found = injected.Recalled(strong, doubted, len(strong) + len(doubted))
    shown, count = injected.section(found, frozenset(), injected.ITEMS, injected.BUDGET)
    if count:
        agent.log("shown", keys=tuple(one.key for one in strong[:count]))
    _context(agent, "UserPromptSubmit", shown)


def _tool(agent: AgentCall, given: Mapping[str, Any]) -> None:
    name = _text(given, "tool_name")
    asked = given.get("tool_input")
    put: Mapping[str, Any] = asked if isinstance(asked, dict) else {}
    file = _text(put, "file_path", "notebook_path", "path")
    if name in EDITS and file:
        agent.log("edit", file=agent.path(file))
    elif name == "Bash":
        agent.log("command", text=_text(put, "command"), code=_code(given.get("tool_response")))
    elif name in SEARCHES:
        agent.log("search", text=_text(put, "pattern", "query"))
    else:
        agent.log("event", text=name)


def _code(response: object) -> str:
    """The exit code of a command; "" where the host does not say it."""
    if not isinstance(response, dict):
        return ""
    found = response.get("exitCode", response.get("exit_code", response.get("code")))
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    return "130" if response.get("interrupted") is True else ""


def _end(agent: AgentCall, given: Mapping[str, Any]) -> None:
    agent.log("end", text=_text(given, "reason"))
    runs.leave(agent.local, agent.current, agent.now)


def _noted(agent: AgentCall, given: Mapping[str, Any]) -> None:
    agent.log("event", text=f"{agent.given.text('event')} {_text(given, 'message')}".strip())


_EVENTS = {
    "SessionStart": _start,
    "UserPromptSubmit": _prompt,
    "PostToolUse": _tool,
    "SessionEnd": _end,
}
