"""The dependency graph as Mermaid and Graphviz."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from tracker.render.issue_lines import icon, quoted
from tracker.text import one_line, spent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracker.render.scene import Scene, SceneItem


_FILLS = {  # of each state: the room of a node, and its border
    "ready": ("#dafbe1", "#1a7f37"), "in_progress": ("#ddf4ff", "#0969da"),
    "blocked": ("#fff8c5", "#9a6700"), "deferred": ("#f6f8fa", "#7d8590"),
    "open": ("#f6f8fa", "#7d8590"), "closed": ("#eaeef2", "#a3abb5"),
}  # fmt: skip
_CRITICAL = "#d1242f"


def _label(item: SceneItem) -> tuple[str, str]:
    row = item.row
    minutes = f" {spent(row.estimated)}" if row.estimated else ""
    return f"{icon(row.status)} {one_line(row.id)} P{row.priority}{minutes}", one_line(row.title)


def _members(scene: Scene) -> dict[str, list[str]]:
    """Each group that is around something, and its own members that are no groups."""
    around = scene.enclosing(scene.items)
    found: dict[str, list[str]] = {id: [] for id in sorted(around)}
    for id in scene.items:
        if id not in around:
            found.setdefault(scene.parent(id), []).append(id)
    return found


def _nested(scene: Scene, members: dict[str, list[str]]) -> Iterator[tuple[str, bool]]:
    """Where each group opens (True) and closes; those that are in each other are left out."""
    below: dict[str, list[str]] = {}
    for id in members:
        if id:
            below.setdefault(scene.parent(id), []).append(id)
    waiting = [(id, True) for id in reversed(below.get("", []))]
    while waiting:
        id, opens = waiting.pop()
        yield id, opens
        if opens:
            waiting.append((id, False))
            waiting += [(child, True) for child in reversed(below.get(id, []))]


def mermaid(scene: Scene) -> Iterator[str]:
    """A flowchart from what comes first to what waits for it."""
    names = {id: f"n{at}" for at, id in enumerate([*scene.items, *scene.groups])}
    members = _members(scene)
    shown: set[str] = set()
    yield "flowchart LR"
    for group, opens in _nested(scene, members):
        if opens:
            title = escaped(f"{one_line(group)}: {one_line(scene.groups[group].row.title)}")
            yield f'  subgraph {names[group]}["{title}"]'
            yield from (_node(scene, names, id) for id in members[group])
            shown.update([group, *members[group]])
        else:
            yield "  end"
    yield from (_node(scene, names, id) for id in scene.items if id not in shown)
    steps = set(pairwise(scene.steps))
    pairs = list(dict.fromkeys((link.first, link.then) for link in scene.links))
    yield from (f"  {names[first]} --> {names[then]}" for first, then in pairs)
    for state, (fill, line) in _FILLS.items():
        yield f"  classDef {state} fill:{fill},stroke:{line},color:#1c2128"
    critical = [str(at) for at, pair in enumerate(pairs) if pair in steps]
    if critical:
        yield f"  linkStyle {','.join(critical)} stroke:{_CRITICAL},stroke-width:3px"


def _node(scene: Scene, names: dict[str, str], id: str) -> str:
    head, title = _label(scene.items[id])
    return f'  {names[id]}["{escaped(head)}<br>{escaped(title)}"]:::{scene.items[id].state}'


def graphviz(scene: Scene) -> Iterator[str]:
    """A digraph from what comes first to what waits for it."""
    members = _members(scene)
    shown: set[str] = set()
    yield "digraph issues {"
    yield '  rankdir=LR; node [shape=box, style="rounded,filled", fontname="sans-serif"];'
    for group, opens in _nested(scene, members):
        if opens:
            label = quoted(f"{one_line(group)}: {one_line(scene.groups[group].row.title)}")
            yield f"  subgraph {quoted(f'cluster_{one_line(group)}')} {{ label={label};"
            if group in scene.items:
                yield _point(scene, group)
            yield from (_point(scene, id) for id in members[group])
            shown.update([group, *members[group]])
        else:
            yield "  }"
    yield from (_point(scene, id) for id in scene.items if id not in shown)
    steps = set(pairwise(scene.steps))
    for first, then in dict.fromkeys((link.first, link.then) for link in scene.links):
        style = f' [color="{_CRITICAL}", penwidth=2.5]' if (first, then) in steps else ""
        yield f"  {quoted(one_line(first))} -> {quoted(one_line(then))}{style};"
    yield "}"


def _point(scene: Scene, id: str) -> str:
    item = scene.items[id]
    fill, line = _FILLS[item.state]
    line = _CRITICAL if scene.step(id) else line
    label = quoted("\n".join(_label(item)))
    return f'  {quoted(one_line(id))} [label={label}, fillcolor="{fill}", color="{line}"];'


def escaped(text: str) -> str:
    """Text that Mermaid shows as it is; it reads markup and entities."""
    return "".join(c if c.isalnum() or c in " -_.,:;()[]/" else f"#{ord(c)};" for c in text)
