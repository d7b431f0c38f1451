"""`bd graph`: draw dependencies as text or as a picture."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from tracker.cli.command import OneOf, command, ignored, output, pass_session
from tracker.cli.files import save
from tracker.errors import NotFound
from tracker.render import issue_lines
from tracker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from tracker.cli.session import Session
    from tracker.render.scene import Scene, SceneItem


FORMS = ("text", "mermaid", "dot", "svg", "html")
_ENDINGS = {".svg": "svg", ".html": "html", ".htm": "html", ".dot": "dot", ".gv": "dot",
            ".mmd": "mermaid", ".mermaid": "mermaid"}  # fmt: skip


@command(
    "graph",
    examples=[
        "bd graph",
        "bd graph bd-a1b2c",
        "bd graph --output graph.html",
        "bd graph bd-a1b2c --format mermaid",
    ],
)
@click.argument("id", required=False, metavar="[ID]")
@click.option("--all", "everything", is_flag=True, help="All open issues  [without an ID]")
@click.option("--format", "form", type=OneOf(FORMS), metavar="FORM",
              help="text, mermaid, dot, svg or html (one page)  [text]")  # fmt: skip
@output("Write to FILE; .html, .svg or .dot sets the format")
@click.option("--depth", type=click.IntRange(1), metavar="N", help="At most N steps away from ID")
@click.option("--open", "only_open", is_flag=True, help="Leave out closed issues")
@click.option("--closed", is_flag=True, help="Include closed issues, even without an ID")
@click.option("--compact", is_flag=True, help="Show only ids, one line for each step")
@click.option("--html", "form", flag_value="html", hidden=True)
@click.option("--svg", "form", flag_value="svg", hidden=True)
@click.option("--dot", "form", flag_value="dot", hidden=True)
@click.option("--mermaid", "form", flag_value="mermaid", hidden=True)
@ignored("--box")
@pass_session
def graph(session: Session, /, id: str | None, **given: Any) -> None:
    """Show the dependency graph and its critical path.

    With an ID, shows what it depends on and what depends on it; with the ID of an epic, everything
    in the epic; without an ID, all open issues. Estimates decide the critical path.
    """
    if id and given["everything"]:
        raise click.UsageError("cannot specify both an ID and --all")
    if given["only_open"] and given["closed"]:
        raise click.UsageError("cannot specify both --open and --closed")
    scene, title = _scene(session, id, given)
    ending = os.path.splitext(given["output"] or "")[1].lower()
    form = given["form"] or _ENDINGS.get(ending, "text")
    if session.json and not given["output"]:
        session.emit(_document(scene))
        return
    text = _told(session, scene, title, form, compact=given["compact"])
    if given["output"]:
        name, count = given["output"], len(scene.items)
        save(session, name, text)
        if session.json:
            session.emit({"file": name, "format": form, "issues": count})
        else:
            session.say(f"✓ {name}: {_count(count, 'issue')}")
    elif form == "text":
        session.say(text)
    else:
        session.write(text)


def _scene(session: Session, id: str | None, given: dict[str, Any]) -> tuple[Scene, str]:
    from tracker.render import scene

    workspace = session.tracker
    answers = workspace.answers
    if not id:
        found = scene.everything(answers, closed=given["closed"])
        name = os.path.basename(session.place.root)
        return found, f"{name}: {'all issues' if given['closed'] else 'everything open'}"
    row = answers.row(workspace.resolve(id))
    if row is None:
        raise NotFound(id)
    found = scene.around(answers, row, given["depth"] or 0, closed=not given["only_open"])
    return found, f"{row.id}: {row.title}"


def _told(session: Session, scene: Scene, title: str, form: str, *, compact: bool) -> str:
    if form == "svg":
        from tracker.render.svg import svg

        return svg(scene, title)
    if form == "html":
        from tracker.cli.queries.show import record
        from tracker.render.html import page

        answers = session.tracker.answers
        return page(scene, title, lambda n: record(answers.line(n)))
    from tracker.render import mermaid

    if form == "mermaid":
        return "\n".join(mermaid.mermaid(scene)) + "\n"
    if form == "dot":
        return "\n".join(mermaid.graphviz(scene)) + "\n"
    return "\n".join(lines(scene, compact=compact))


def lines(scene: Scene, *, compact: bool = False) -> Iterator[str]:
    """The picture as text: step by step, each issue with what it waits for."""
    if not scene.items:
        yield "\n✨ No open issues\n"
        return
    from tracker.render.scene import layers
    from tracker.render.svg import told

    steps: dict[int, list[str]] = {}
    for id, step in layers(scene.needs()).items():
        steps.setdefault(step, []).append(id)
    needs = scene.needs()
    yield f"\n📊 {_count(len(scene.items), 'issue')}, {_count(len(scene.links), 'dependency')}"
    for step in sorted(steps):
        ids = sorted(steps[step], key=lambda id: (scene.items[id].row.priority, id))
        if compact:
            yield f"{step + 1}: {' '.join(map(one_line, ids))}"
            continue
        yield f"\nStep {step + 1}:"
        yield from (_line(scene, scene.items[id], needs[id]) for id in ids)
    yield ""
    path = told(scene)
    if path:
        yield path
        yield f"  {' → '.join(map(one_line, scene.steps))}"
    if scene.circles:
        yield issue_lines.circles(scene.circles)


def _count(number: int, what: str) -> str:
    """`1 issue`, `2 dependencies`."""
    plural = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    return f"{number} {what if number == 1 else plural}"


def _line(scene: Scene, item: SceneItem, needs: list[str]) -> str:
    from tracker.text import spent

    row = item.row
    mark = "*" if scene.step(row.id) else " "
    minutes = f" ({spent(row.estimated)})" if row.estimated else ""
    who = f" @{one_line(row.assignee)}" if row.assignee else ""
    waits = f" ← {', '.join(map(one_line, dict.fromkeys(needs)))}" if needs else ""
    return f"{mark} {issue_lines.short(row)}{minutes}{who}{waits}"


def _document(scene: Scene) -> dict[str, Any]:
    from tracker.render.scene import layers

    steps = layers(scene.needs())
    issues = []
    for id, item in sorted(scene.items.items()):
        row = item.row
        issue = {
            "id": id, "title": row.title, "status": row.status, "state": item.state,
            "priority": row.priority, "issue_type": row.issue_type, "step": steps[id],
        }  # fmt: skip
        more = {"assignee": row.assignee, "parent": row.parent, "estimated_minutes": row.estimated,
                "starts_after_minutes": scene.path.start.get(id)}  # fmt: skip
        issues.append({**issue, **{k: v for k, v in more.items() if v not in {"", None}}})
    path = scene.path
    return {
        **({"root": scene.focus} if scene.focus else {}),
        "issues": issues,
        "edges": [{"from": link.first, "to": link.then, "type": link.type} for link in scene.links],
        "critical_path": {
            "ids": list(path.ids), "minutes": path.minutes, "unestimated": path.unestimated,
        },
        "cycles": scene.circles,
    }  # fmt: skip
