"""`bd hooks pre-task` and `post-task`: recall what may help, record what came of it."""

from __future__ import annotations

import json
from operator import truediv
from typing import TYPE_CHECKING, Any

from tracker.errors import Invalid, NoMemory, TrackerError
from tracker.render import injected
from tracker.render.injected import Recalled
from tracker.text import one_line, whole_number
from tracker.workspace import runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker.cli.hooks.agent import AgentCall
    from tracker.log.snapshot import Drafts
    from tracker.model.issue import Issue
    from tracker.workspace.runs import AgentTask


RELATED = 3  # issues that are named
TERMS = 12  # of a text that are looked for in titles
_WEIGHTS = {"success": "0.5", "failure": "0.25", "mixed": "0.25"}
"""What a verdict about a task weighs for a memory that was shown for it, without more said."""
_SAID = {"success": "success", "completed": "success", "done": "success", "ok": "success",
         "failed": "failure", "failure": "failure", "error": "failure", "mixed": "mixed",
         "partial": "mixed"}  # fmt: skip


_NAMES = ("id", "title", "priority", "status")

Related = dict[str, Any]
"""An open issue that a text may be about: id, title, priority, status."""


def before(agent: AgentCall) -> None:
    """Begin a task, and tell what is known of it."""
    given = agent.given
    name = given.text("task-id") or f"{runs.NAMELESS}{agent.cli.nonce() & 0xFFFFFFFF:08x}"
    issue = _issue(agent, given.text("issue") or given.text("task-id"))
    text = given.text("description") or (issue.title if issue else "")
    if not text and not given.text("task-id"):
        raise Invalid("--description is missing", hint='bd hooks pre-task --description "TEXT"')
    asked = " ".join(part for part in (text, issue.title if issue else "") if part)
    count, budget = _number(agent, "k", injected.ITEMS), _number(agent, "budget", injected.BUDGET)
    found = recalled(agent, asked, max(count * 4, 10))
    shown, length = injected.section(found, agent.run.shown, count, budget)
    items = found.items[:length]
    keys = tuple(one.key for one in items)
    near = [one for one in related(agent, asked) if not issue or one["id"] != issue.id]
    agent.log("task", task=name, text=text, issue=issue.id if issue else "", keys=keys)
    if agent.cli.json:
        agent.tell("", taskId=name, description=text, issue=issue.id if issue else None,
                   memories=[one.answer() for one in items], shown=length, total=found.total,
                   doubted=[one.key for one in found.doubted], context=shown,
                   issues=near)  # fmt: skip
        return
    known = _known(shown, length, found)
    own = [{name: getattr(issue, name) for name in _NAMES}] if issue else []
    lines = [f"Task {one_line(name)}", *_titles("Its issue", own)]
    agent.cli.say("\n".join([*lines, "", *known, *_titles("Related issues", near)]))


def _known(shown: str, length: int, found: Recalled) -> list[str]:
    if shown:
        is_more = found.total > length
        return [shown, *(["bd memory search QUESTION finds more"] if is_more else [])]
    if found.items:
        many = f"{found.total} memories answer" if found.total > 1 else "1 memory answers"
        return [f"{many} this, none of them short enough for --budget (bd memory search QUESTION)"]
    if found.doubted:
        count = len(found.doubted)
        return [f"Only doubted memories answer this: {count} left out (bd memory search QUESTION)"]
    return ["No memory answers this: remember what you find out (bd remember)"]


def _titles(head: str, issues: list[Related]) -> list[str]:
    """Issues with their titles, fenced, under a head that says what they are."""
    if not issues:
        return []
    lines = [
        one_line(f"{one['id']} P{one['priority']} {one['status']}: {one['title']}")
        for one in issues
    ]
    return ["", f"{head} ({injected.TITLES}):", injected.fenced(lines)]


def _number(agent: AgentCall, name: str, usual: int) -> int:
    text = agent.given.text(name, agent.given.text("top-k") if name == "k" else "")
    return whole_number(text) or usual


def _issue(agent: AgentCall, id: str) -> Issue | None:
    """The issue of that name, if there is one."""
    if not id:
        return None
    try:
        return agent.workspace.issue(id)
    except TrackerError as error:
        if id == agent.given.text("issue"):
            agent.cli.note(f"--issue {one_line(id)} is left out: {error.message}")
        return None


def recalled(agent: AgentCall, text: str, limit: int) -> Recalled:
    """The memories that answer a text, so many of them at most."""
    from tracker.cache.memories.search import is_trace, search

    recollection = agent.workspace.recollection
    found = search(recollection, text, limit=limit)
    rows = [row for row in found.rows if not is_trace(row)]
    total = found.total - (len(found.rows) - len(rows))
    items = [injected.item(recollection, row) for row in rows]
    return Recalled(
        [one for one in items if not one.is_doubted],
        [one for one in items if one.is_doubted],
        total,
    )


def related(agent: AgentCall, text: str) -> list[Related]:
    """Open issues whose titles hold much of what a text is about, best first."""
    from tracker.cache.issues.sql import where
    from tracker.cache.memories.tokens import terms
    from tracker.issues.filters import Filter

    asked = [term for term in terms(text) if len(term) > 2][:TERMS]
    stems = list(dict.fromkeys(term[:-1] if len(term) > 5 else term for term in asked))
    if not stems:
        return []
    answers = agent.workspace.answers
    condition = where(Filter(hide_closed=True), answers.at)
    holds = [f"(instr(lower(i.title), ?{at}) > 0)" for at in range(1, len(stems) + 1)]
    sql = f"SELECT i.id, i.title, i.priority, i.status, {', '.join(holds)} FROM issue i"
    enough = f"{' + '.join(holds)} >= {min(2, len(stems))}"
    found = answers.db.execute(
        f"{sql} WHERE {condition.sql} AND {enough}", (*stems, *condition.values)
    ).fetchall()
    counts = [1 + sum(row[at] for row in found) for at in range(4, 4 + len(stems))]
    found.sort(key=lambda row: (-sum(map(truediv, row[4:], counts)), row[2], row[0]))
    return [dict(zip(_NAMES, row[:4], strict=True)) for row in found[:RELATED]]


def after(agent: AgentCall) -> None:
    """End a task. Without a verdict none is recorded; with one, what was shown is judged."""
    given = agent.given
    name = given.text("task-id")
    if not name:
        raise Invalid("--task-id is missing", hint="bd hooks post-task --task-id T --success true")
    task = runs.begun(name, agent.current, agent.events)
    issue = _issue(agent, given.text("issue") or name) or _issue(agent, task.issue if task else "")
    verdict, why = _verdict(agent)
    judged = _judged(agent, task, verdict)
    blamed = agent.given.lists.get("blame", ())
    keys = [key for key in dict.fromkeys((*(task.keys if task else ()), *judged))
            if key not in blamed]  # fmt: skip
    credited: dict[str, str] = {}
    if judged or issue:
        remark = _remark(verdict, why, keys, blamed)
        credited = _record(agent, name, issue, (judged, keys, remark))
    called = task.name if task else name
    agent.log("done", task=called, verdict=verdict, issue=issue.id if issue else "",
              keys=tuple(credited))  # fmt: skip
    minutes = (agent.now - task.began) / 60e9 if task else 0.0
    if verdict == "failure" and given.text("check") and given.switch("strict"):
        agent.cli.code = 1
    agent.tell("\n".join(_ended(name, verdict, why, (minutes, issue, credited))), taskId=name,
               verdict=verdict or None, reason=why or None, minutes=round(minutes, 1),
               issue=issue.id if issue else None, credited=list(credited),
               verdicts=credited)  # fmt: skip


def _verdict(agent: AgentCall) -> tuple[str, str]:
    """How it went, and who says so: a check, or the caller; nothing where nobody says it."""
    given = agent.given
    command = given.text("check")
    if command:
        code = _run(agent, command)
        return ("failure" if code else "success"), f"{one_line(command)}: exit code {code}"
    success = given.switch("success")
    if success is not None:
        return ("success" if success else "failure"), ""
    try:
        quality = float(given.text("quality"))
    except ValueError:
        return _SAID.get(given.text("status").lower(), ""), ""
    word = "success" if quality >= 0.7 else "failure" if quality <= 0.3 else "mixed"
    return word, f"quality {quality:g}"


def _run(agent: AgentCall, command: str) -> int:
    """The exit code of a command that the caller typed; what it prints goes to stderr."""
    import subprocess

    stderr = agent.cli.stderr
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=agent.cli.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if stderr is not None and not agent.cli.json:
        stderr.write(done.stdout.decode("utf-8", "replace"))
    return done.returncode


def _judged(agent: AgentCall, task: AgentTask | None, verdict: str) -> dict[str, tuple[str, str]]:
    """By key, verdict and weight: what the caller says of a memory counts in full."""
    found = {key: (verdict, _WEIGHTS[verdict]) for key in (task.keys if task else ()) if verdict}
    found |= dict.fromkeys(agent.given.lists.get("used", ()), ("success", ""))
    return found | dict.fromkeys(agent.given.lists.get("blame", ()), ("failure", ""))


def _remark(verdict: str, why: str, keys: list[str], blamed: Sequence[str]) -> str:
    parts = [f"Task ended: {verdict}" if verdict else "Task ended, nobody said how"]
    parts += [f"({why})"] if why else []
    lines = [" ".join(parts)]
    lines += [f"Memories: {', '.join(keys)}"] if keys else []
    lines += [f"Misled by: {', '.join(blamed)}"] if blamed else []
    return "\n".join(lines)


def _record(
    agent: AgentCall,
    name: str,
    issue: Issue | None,
    what: tuple[dict[str, tuple[str, str]], list[str], str],
) -> dict[str, str]:
    """Write verdicts, the comment, and the issue's memories at once; by key, what was judged.

    What is named in `judged` and not among the keys misled: its issue gives it no credit.
    """
    from tracker.issues import actions
    from tracker.memory import outcomes
    from tracker.memory.outcomes import About

    judged, keys, remark = what
    workspace = agent.workspace
    settings, who = workspace.settings(), workspace.who()

    def action(drafts: Drafts) -> dict[str, str]:
        done = {}
        for key, (verdict, weight) in judged.items():
            about = About(issue.id if issue else "", name, weight=weight)
            try:
                done[outcomes.record(drafts, key, verdict, about, who).key] = verdict
            except NoMemory:
                agent.cli.note(f"there is no memory {one_line(key)} to judge")
        if issue:
            was = outcomes.given(issue)
            left = (key for key in was if key not in judged or key in keys)
            held = tuple(dict.fromkeys((*left, *keys)))
            if held != was:
                put = {outcomes.GIVEN: json.dumps(list(held))}
                actions.update(drafts.issues, issue.id, {"set_metadata": put}, settings, who)
            actions.comment(drafts.issues, issue.id, remark, who)
        return done

    return workspace.edit(action)


def _ended(
    name: str, verdict: str, why: str, more: tuple[float, Issue | None, dict[str, str]]
) -> list[str]:
    minutes, issue, credited = more
    told = f" ({why})" if why else ""
    lines = [f"Task {one_line(name)} ended: {verdict or 'unknown'}{told}, {minutes:.0f} min"]
    if credited:
        judged = [f"{said}: {one_line(', '.join(key for key in credited if credited[key] == said))}"
                  for said in dict.fromkeys(credited.values())]  # fmt: skip
        lines += [f"Memories judged ({injected.LABEL}):", injected.fenced(judged)]
    if verdict:
        link = f" --issue {one_line(issue.id)}" if issue else ""
        fail = " --verdict failure" if verdict == "failure" else ""
        lines.append(f'  Learned something? bd remember "WHAT, AND WHEN IT HELPS"{link}{fail}')
    elif not credited:
        lines.append("  No verdict was recorded: --success true|false, or --check COMMAND")
    return lines
