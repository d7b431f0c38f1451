"""The rows of the tables in docs/ready.md as issues, and what the page says about them.

Every row has ids of its own (`t7-issue`, `t7-target`), so that all rows fit into one log.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tracker.issues.graph import Obstacle
from tracker.model.issue import PARENT, Dependency, Issue
from tracker.model.status import CLOSING
from tracker.model.timestamps import stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGE = Path(__file__).resolve().parents[2] / "docs" / "ready.md"
DAY = 86_400 * 10**9
NOW = 1_800_000_000 * 10**9
CUSTOM = ("review", "done")  # `status.custom` where the rows are stored in a workspace
DONE = "done"  # `status.closed`
TYPE = "invention"  # `types.custom`
COLUMNS = frozenset({
    "Issue", "Edge", "Target", "Gate", "Spawner", "Children", "Parent", "Grandparent", "Edges",
    "Ready", "With --include-deferred", "Listed", "Blocked", "Circle", "Why",
})  # fmt: skip
TRUTH = {"yes": True, "no": False}
TIMES = {"tomorrow": DAY, "yesterday": -DAY, "now": 0}


class Row(NamedTuple):
    """One row: `issues` make up a log, and the rest is what holds for the issue `id` at `now`.

    `listed` is whether `bd ready` without --type prints it, `deferred` whether it is ready with
    --include-deferred (None where the page does not say). Obstacles and cycles are in the order
    of `graph`.
    """

    issues: tuple[Issue, ...]
    now: int
    closing: frozenset[str]
    id: str
    ready: bool
    blocked: bool
    listed: bool
    deferred: bool | None
    why: tuple[Obstacle, ...]
    cycles: tuple[tuple[str, ...], ...]
    line: str


def cells(text: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """Each row of a table with a column `Ready`: its line, and its cells by column."""
    columns: list[str] = []
    for line in (text or PAGE.read_text(encoding="utf-8")).splitlines():
        values = [value.strip() for value in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            columns = []
        elif not columns:
            columns = values
        elif "Ready" in columns and not set(line) <= set("|-: "):
            if not COLUMNS.issuperset(columns):
                raise ValueError(f"a column that nobody reads: {columns}")
            yield line, dict(zip(columns, values, strict=True))


def rows(now: int = NOW, text: str = "") -> list[Row]:
    """All rows of the page, or of `text`; what is deferred is so with respect to `now`."""
    return [
        _row(f"t{number}-", line, row, now)
        for number, (line, row) in enumerate(cells(text), start=1)
    ]


def _row(prefix: str, line: str, cell: dict[str, str], now: int) -> Row:
    world = _World(prefix, now)
    id = _drawn(world, cell["Edges"]) if "Edges" in cell else _told(world, cell)
    ready = TRUTH[cell["Ready"]]
    names = {name: issue.id for name, issue in world.issues.items()} | {"issue": id}
    return Row(
        issues=tuple(world.issues.values()),
        now=now,
        closing=CLOSING | {DONE},
        id=id,
        ready=ready,
        blocked=TRUTH[cell["Blocked"]],
        listed=TRUTH[cell["Listed"]] if "Listed" in cell else ready,
        deferred=TRUTH.get(cell.get("With --include-deferred", "")),
        why=tuple(_obstacle(part, names, id) for part in _parts(cell["Why"])),
        cycles=tuple(
            tuple(names[name] for name in way.split()) for way in _parts(cell.get("Circle", "-"))
        ),
        line=line,
    )


def _parts(text: str) -> list[str]:
    """What stands between semicolons; `none` and `-` are nothing."""
    return [] if text in {"-", "none"} else [part.strip() for part in text.split(";")]


def _obstacle(text: str, names: dict[str, str], id: str) -> Obstacle:
    """`kind name`, or `kind name via name`."""
    kind, name, *via = text.split()
    if not via:
        return Obstacle(kind, names[name], names[name] if kind in {"status", "deferred"} else id)
    assert via[0] == "via"
    return Obstacle(kind, names[name], names[via[1]])


class _World:
    """The issues of a row by the names of the page."""

    def __init__(self, prefix: str, now: int) -> None:
        self.prefix = prefix
        self.now = now
        self.issues: dict[str, Issue] = {}

    def id(self, name: str) -> str:
        return self.issues[name].id if name in self.issues else self.prefix + name

    def add(self, name: str, state: str) -> str:
        """Make an issue of a state, unless it is to be missing; its id."""
        if state == "external":
            return "external:elsewhere:thing"
        if state == "missing":
            return self.id(name)
        status, *more = (word.strip() for word in state.split(","))
        status, _, reason = status.partition(" ")
        self.issues[name] = Issue(
            id=self.prefix + name,
            title=f"{name}: {state}",
            status=status,
            priority=2,
            created_at=stamp(self.now - 3 * DAY),
            updated_at=stamp(self.now - 2 * DAY),
            closed_at=stamp(self.now - 2 * DAY) if status in {"closed", DONE} else "",
            deleted_at=stamp(self.now - 2 * DAY) if status == "tombstone" else "",
            close_reason=reason.strip('"'),
        )
        for word in more:
            self._say(name, word)
        return self.id(name)

    def _say(self, name: str, word: str) -> None:
        first, _, rest = word.partition(" ")
        if word == "held":
            self.add("other", "open")
            self.link(name, self.id("other"))
            return
        sayings: dict[str, Callable[[], dict[str, object]]] = {
            "pinned": lambda: {"pinned": rest == "flag"},
            "ephemeral": lambda: {"ephemeral": True},
            "template": lambda: {"is_template": True},
            "type": lambda: {"issue_type": rest},
            "id": lambda: {"id": self.prefix.rstrip("-") + rest},
            "until": lambda: {"defer_until": self._time(rest)},
        }
        self.issues[name] = replace(self.issues[name], **sayings[first]())

    def _time(self, word: str) -> str:
        return "soon" if word == "garbled" else stamp(self.now + TIMES[word])

    def link(self, name: str, to: str, type: str = "blocks", metadata: object = None) -> None:
        issue = self.issues[name]
        extra = () if metadata is None else (("metadata", json.dumps(json.dumps(metadata))),)
        edge = Dependency(issue_id=issue.id, depends_on_id=to, type=type, extra=extra)
        self.issues[name] = replace(issue, dependencies=(*issue.dependencies, edge))


def _told(world: _World, cell: dict[str, str]) -> str:
    """The issues of a table that has a column for each of them; the id of the one in question."""
    id = world.add("issue", cell.get("Issue", "open"))
    edge = cell.get("Edge", "none")
    targets = _several(world, "target", cell.get("Target", "none"))
    spawner = cell.get("Spawner", "target")
    spawning = world.add("spawner", spawner) if spawner != "target" else "".join(targets[:1])
    for target in targets:
        metadata = _gate(cell.get("Gate", "none"), "" if spawner == "target" else spawning)
        world.link("issue", target, edge, metadata)
    for number in range(len(_several(world, "child", cell.get("Children", "none")))):
        world.link(_numbered("child", number), spawning, PARENT)
    for parent in _several(world, "parent", cell.get("Parent", "none")):
        world.link("issue", parent, PARENT)
    for above in _several(world, "grandparent", cell.get("Grandparent", "none")):
        world.link("parent", above, PARENT)
    return id


def _several(world: _World, name: str, states: str) -> list[str]:
    parts = enumerate(_parts(states))
    return [world.add(_numbered(name, number), state) for number, state in parts]


def _numbered(name: str, number: int) -> str:
    return name if number == 0 else f"{name}{number + 1}"


def _gate(gate: str, spawner: str) -> dict[str, str] | None:
    told = {"gate": "" if gate == "none" else gate, "spawner_id": spawner}
    return {name: value for name, value in told.items() if value} or None


_ARROW = re.compile(r"(\w+) -> (\w+)(?: (\S+))?")


def _drawn(world: _World, edges: str) -> str:
    """The issues of `a -> b, b -> c parent-child, c closed`; the id of `a`."""
    phrases = [phrase.strip() for phrase in edges.split(",")]
    arrows = [match for phrase in phrases if (match := _ARROW.fullmatch(phrase))]
    states = dict(phrase.split() for phrase in phrases if "->" not in phrase)
    assert len(arrows) + len(states) == len(phrases)
    for name in sorted({name for arrow in arrows for name in arrow.groups()[:2]}):
        world.add(name, states.get(name, "open"))
    for arrow in arrows:
        source, target, type = arrow.groups()
        world.link(source, world.id(target), type or "blocks")
    return world.id("a")
