"""The HTML page of `bd graph`.

The picture is the SVG of `drawing`; the script beside it only moves, searches and tells. A policy
in the page lets this very script run and nothing else, whatever a title says.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from typing import TYPE_CHECKING

from tracker.render.svg import escaped, svg
from tracker.text import one_line, printable, spent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from tracker.render.scene import Scene, SceneItem


_LONGEST = 6000  # characters of a text; the whole of it is in the log
_TEXTS = {"description": "Description", "design": "Design", "notes": "Notes",
          "acceptance_criteria": "Acceptance criteria", "close_reason": "Closed with"}  # fmt: skip

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
script-src '{digest}'">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<header>
<h1>{title}</h1>
<input id="search" type="search" placeholder="Search ( / )" aria-label="Search">
<button id="out" title="Smaller">&minus;</button>
<button id="fit" title="All of it">Fit</button>
<button id="in" title="Larger (Ctrl and wheel)">+</button>
</header>
<main>
<div id="view">
{picture}</div>
<aside id="panel" hidden></aside>
</main>
<script type="application/json" id="data">{data}</script>
<script>{script}</script>
</body>
</html>
"""


def page(scene: Scene, title: str, record: Callable[[int], Mapping[str, Any]]) -> str:
    """The whole document; `record` gives the parsed line of an issue by its number."""
    script = _asset("graph.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return _PAGE.format(
        title=escaped(title),
        digest=f"sha256-{digest}",
        style=_asset("graph.css"),
        picture=svg(scene, title),
        data=_embedded(_details(scene, record)),
        script=script,
    )


def _asset(name: str) -> str:
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "assets")
    with open(os.path.join(folder, name), encoding="utf-8", newline="\n") as file:
        return file.read()


def _embedded(value: Any) -> str:
    """JSON within a script element, where no text of it can end that."""
    return json.dumps(value, ensure_ascii=True).replace("<", "\\u003c").replace("&", "\\u0026")


def _details(scene: Scene, record: Callable[[int], Mapping[str, Any]]) -> dict[str, Any]:
    shown = {**scene.groups, **scene.items}
    needs: dict[str, list[str]] = {}
    holds: dict[str, list[str]] = {}
    for link in scene.links:
        needs.setdefault(link.then, []).append(link.first)
        holds.setdefault(link.first, []).append(link.then)
    members: dict[str, list[str]] = {}
    for id in shown:
        members.setdefault(scene.parent(id), []).append(id)
    return {
        id: {
            "title": one_line(item.row.title),
            "words": one_line(" ".join([item.row.title, item.state, item.row.issue_type,
                                        item.row.assignee, *item.row.labels])),
            "facts": _facts(scene, item),
            "texts": _texts(record(item.row.n)),
            "needs": needs.get(id, []),
            "holds": holds.get(id, []),
            "parent": [parent] if (parent := scene.parent(id)) else [],
            "members": members.get(id, []),
        }
        for id, item in shown.items()
    }  # fmt: skip


def _facts(scene: Scene, item: SceneItem) -> dict[str, str]:
    row = item.row
    step = scene.step(row.id)
    waits = item.state if item.state not in {row.status, "open"} else ""
    facts = {
        "Status": row.status + (f" ({waits})" if waits else ""),
        "Priority": f"P{row.priority}",
        "Type": row.issue_type,
        "Assignee": row.assignee,
        "Labels": ", ".join(row.labels),
        "Estimate": spent(row.estimated) if row.estimated else "",
        "Critical path": f"step {step} of {len(scene.steps)}" if step else "",
        "Created": row.created_at[:10],
        "Updated": row.updated_at[:10],
    }
    return {name: one_line(text) for name, text in facts.items() if text}


def _texts(record: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for field, name in _TEXTS.items():
        text = record.get(field)
        if isinstance(text, str) and text.strip():
            cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"
            found[name] = printable(cut)
    return found
