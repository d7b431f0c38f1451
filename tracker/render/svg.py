"""The dependency picture as SVG."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from tracker.render.issue_lines import icon
from tracker.render.lanes import Box, arrange
from tracker.text import one_line, spent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from tracker.render.lanes import Lanes
    from tracker.render.scene import Scene, SceneItem


COLOURS = """
svg{--bg:#fff;--lane:#f5f6f8;--line:#dfe3e8;--card:#fff;--text:#1c2128;--dim:#667080;--arrow:#a9b2bd;
--critical:#d1242f;--ready:#1a7f37;--in_progress:#0969da;--blocked:#b7791f;--deferred:#7d8590;
--open:#7d8590;--closed:#a3abb5;background:var(--bg);
font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
@media(prefers-color-scheme:dark){svg{--bg:#0d1117;--lane:#151b23;--line:#2d343d;--card:#1c232c;
--text:#e6edf3;--dim:#9198a1;--arrow:#545d68;--critical:#ff7b72;--ready:#3fb950;--in_progress:#58a6ff;
--blocked:#d9a441;--deferred:#8b949e;--open:#8b949e;--closed:#5d6570}}
text{fill:var(--text);font-size:12.5px}
.dim{fill:var(--dim)}.name{font-size:18px;font-weight:600}
"""
"""How pictures look: text, and colours that follow the viewer's scheme."""


def escaped(text: str) -> str:
    """Text for a text node or an attribute in quotes, on one line and legal in XML."""
    text = re.sub("[\ufffe\uffff]", "\ufffd", one_line(text).replace("\t", " "))
    for plain, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(plain, entity)
    return text.replace("'", "&#39;")


def width(text: str) -> float:
    """How wide a text is at most, in average letters."""
    return sum(1.0 if char.isascii() else 1.9 if _is_wide(char) else 1.15 for char in text)


def _is_wide(char: str) -> bool:
    import unicodedata

    return unicodedata.east_asian_width(char) in "WF"


def cut(text: str, room: float) -> str:
    """As much of a text as fits."""
    if width(text) <= room:
        return text
    used, kept = width("…"), []
    for char in text:
        used += width(char)
        if used > room:
            break
        kept.append(char)
    return "".join(kept).rstrip() + "…"


def wrapped(text: str, room: float) -> tuple[str, str]:
    """A text on two lines, the second one cut; broken at a blank where there is one."""
    if width(text) <= room:
        return text, ""
    first = cut(text, room + 1).removesuffix("…")
    at = first.rfind(" ")
    if at > len(first) // 2:
        first = first[:at]
    return first, cut(text[len(first) :].lstrip(), room)


CARD, TALL = 236, 62  # the size of a card
GAP, ROW = 64, 14  # between columns, and between rows
STEP = CARD + GAP
LEVELS = 8  # groups around a lane that its title names, the nearest ones
HEAD, PAD, MARGIN = 38, 14, 24  # the head of a lane, the room around it, that of the picture
TOP = 76  # the title and the legend
LETTERS = 31  # of a title on a line
MANY = 80  # issues from which on each lane stands for itself
SHAPE = 1.6  # how wide a picture of many is, against its height
STATES = ("ready", "in_progress", "blocked", "deferred", "open", "closed")
_WORDS = {"in_progress": "in progress", "open": "waiting otherwise", "closed": "done"}

STYLE = (
    COLOURS
    + """
.head{font-size:13.5px;font-weight:600}
.id{font-family:ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace;font-size:11.5px;
font-weight:600;fill:var(--state)}
.meta{font-size:11.5px;fill:var(--dim)}
.lane{fill:var(--lane);stroke:var(--line)}
.box{fill:var(--card);stroke:var(--line);stroke-width:1.2}.bar{fill:var(--state)}
.card.critical .box{stroke:var(--critical);stroke-width:2}
.card.focus .box{stroke:var(--text);stroke-width:2}
.closed text{opacity:.62}.closed .title{text-decoration:line-through}
.arrow{fill:none;stroke:var(--arrow);stroke-width:1.4}
.arrow.critical{stroke:var(--critical);stroke-width:2.4}
.far{opacity:.5;stroke-dasharray:7 5}
.tip{fill:var(--arrow)}.tip.critical{fill:var(--critical)}.past{opacity:.45}
.badge{fill:var(--critical)}.number{fill:#fff;font-size:11px;font-weight:700;text-anchor:middle}
"""
    + "".join(f".{state}{{--state:var(--{state})}}" for state in STATES)
)


def told(scene: Scene) -> str:
    """The critical path in a line; "" where nothing waits."""
    path = scene.path
    if not scene.steps:
        return ""
    missing = f", {path.unestimated} without an estimate" if path.unestimated else ""
    length = f"{spent(path.minutes)} of work in " if path.minutes else ""
    return f"Critical path: {length}{len(path.ids)} steps{missing}"


class Picture(NamedTuple):
    """A scene with a cell for each issue, and the upper left corner of each lane, in pixels.

    The lanes are `apart` where there are many; arrows then stay within a lane. `cells` are those
    that are taken.
    """

    scene: Scene
    lanes: Lanes
    corners: list[tuple[int, int]]
    wide: int
    high: int
    apart: bool
    cells: AbstractSet[Box]

    def corner(self, id: str) -> tuple[int, int]:
        """The upper left corner of a card."""
        place = self.lanes.places[id]
        x, y = self.corners[place.lane]
        head = HEAD if self.has_head(place.lane) else PAD
        return x + PAD + place.column * STEP, y + head + place.row * (TALL + ROW)

    def has_head(self, number: int) -> bool:
        """Whether a lane bears a name."""
        return bool(self.lanes.lanes[number].id) or self.rest == number

    @property
    def rest(self) -> int:
        """The lane of what is in no group, where there are others; -1 for none."""
        lanes = self.lanes.lanes
        return len(lanes) - 1 if len(lanes) > 1 and not lanes[-1].id else -1


def laid_out(scene: Scene) -> Picture:
    """The picture of a scene."""
    order = sorted(scene.items, key=lambda id: (STATES.index(scene.items[id].state),
                                                scene.items[id].row.priority, id))  # fmt: skip
    parents = {id: scene.parent(id) for id in [*sorted(scene.groups), *order]}
    apart = len(order) > MANY
    lanes = arrange(order, parents, scene.needs(), apart=apart)
    picture = Picture(scene, lanes, [], 0, 0, apart, set(lanes.places.values()))
    sizes = [_size(picture, number) for number in range(len(lanes.lanes))]
    corners, wide, high = _packed(sizes, apart=apart)
    wide = max(wide + 2 * MARGIN - GAP + 2 * PAD, 3 * CARD)
    return picture._replace(corners=corners, wide=wide, high=high + MARGIN - ROW)


def _size(picture: Picture, number: int) -> tuple[int, int]:
    """How many columns a lane takes, and how many pixels downwards."""
    lane = picture.lanes.lanes[number]
    rows = lane.rows * (TALL + ROW) - ROW + PAD if lane.rows else 0
    return lane.columns, (HEAD if picture.has_head(number) else PAD) + rows


def _packed(sizes: list[tuple[int, int]], *, apart: bool) -> tuple[list[tuple[int, int]], int, int]:
    """The corner of each lane, and the size of all: each as high up as it goes, then to the left.

    The whole is about as wide as a screen is.
    """
    area = sum(columns * STEP * (high + ROW) for columns, high in sizes)
    columns = max([1, *(size[0] for size in sizes)])
    if apart:
        columns = max(columns, round((area * SHAPE) ** 0.5 / STEP))
    skyline = [TOP] * columns
    corners = []
    for wide, high in sizes:
        tops = [max(skyline[at : at + wide]) for at in range(columns - wide + 1)]
        top = min(tops)
        at = tops.index(top)
        skyline[at : at + wide] = [top + high + ROW] * wide
        corners.append((MARGIN + at * STEP, top))
    return corners, columns * STEP, max(skyline)


def svg(scene: Scene, title: str) -> str:
    """The whole picture as one document."""
    picture = laid_out(scene)
    size = f'width="{picture.wide}" height="{picture.high}"'
    box = f"0 0 {picture.wide} {picture.high}"
    links = _links(picture)
    unseen = _unseen(picture, links)
    counts, needs = scene.counts(), scene.needs()
    lanes = range(len(picture.lanes.lanes))
    told = [_progress(scene, needs.get(lane.id, []), *counts.get(lane.id, (0, 0)))
            for lane in picture.lanes.lanes]  # fmt: skip
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="{box}" role="img">',
        f"<title>{escaped(title)}</title>",
        f"<style>{STYLE}</style>",
        '<rect width="100%" height="100%" fill="var(--bg)"/>',
        *_header(picture, title),
        *(part for number in lanes for part in _lane(picture, number, told[number])),
        *(
            _arrow(picture, pair, number, critical=critical)
            for number, (pair, critical) in enumerate(links.items())
        ),
        *(_card(picture, id, unseen.get(id, [])) for id in picture.lanes.places),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _header(picture: Picture, title: str) -> Iterator[str]:
    scene = picture.scene
    room = (picture.wide - 2 * MARGIN) / 10
    yield f'<text class="name" x="{MARGIN}" y="34">{escaped(cut(title, room))}</text>'
    at = MARGIN
    for state in STATES:
        count = sum(item.state == state for item in scene.items.values())
        if count:
            word = f"{count} {_WORDS.get(state, state)}"
            yield f'<circle class="{state} bar" cx="{at + 5}" cy="56" r="5"/>'
            yield f'<text class="dim" x="{at + 16}" y="60">{word}</text>'
            at += 34 + len(word) * 7
    line = told(scene)
    if line:
        yield f'<path class="arrow critical" d="M{at} 56h18"/>'
        yield f'<text class="dim" x="{at + 26}" y="60">{escaped(line)}</text>'


def _lane(picture: Picture, number: int, told: str) -> Iterator[str]:
    lane, (x, y) = picture.lanes.lanes[number], picture.corners[number]
    columns, high = _size(picture, number)
    wide = columns * STEP - GAP + 2 * PAD
    yield f'<rect class="lane" x="{x}" y="{y}" width="{wide}" height="{high}" rx="10"/>'
    if lane.id:
        item, scene = picture.scene.groups[lane.id], picture.scene
        around = "".join(f"{id} / " for id in reversed(scene.ancestors(lane.id, LEVELS)))
        step = scene.step(lane.id)
        extra = cut(f"step {step} · {told}" if step else told, wide / 7 - 16)
        title = cut(f"{around}{lane.id}  {item.row.title}", wide / 7.8 - len(extra) - 3)
        yield (
            f'<g class="{item.state}" data-id="{escaped(lane.id)}">'
            f"<title>{escaped(_tip(item))}</title>"
            f'<text class="head" x="{x + PAD}" y="{y + 24}">'
            f'<tspan fill="var(--state)">{icon(item.row.status)}</tspan> {escaped(title)}</text>'
            f'<text class="meta" x="{x + wide - PAD}" y="{y + 24}" text-anchor="end">'
            f"{escaped(extra)}</text></g>"
        )
    elif picture.has_head(number):
        yield f'<text class="head dim" x="{x + PAD}" y="{y + 24}">In no epic</text>'


def _progress(scene: Scene, needs: list[str], members: int, closed: int) -> str:
    """How many members of a group are done, and what it waits for."""
    waits = [id for id in needs if scene.items[id].state != "closed"]
    return f"{_waits(waits)}{' · ' if waits else ''}{closed} of {members} done"


def _waits(ids: list[str]) -> str:
    return f"waits for {', '.join(ids[:3])}{' …' if len(ids) > 3 else ''}" if ids else ""


def _card(picture: Picture, id: str, unseen: list[str]) -> str:
    """A card; `unseen` are issues that it waits for without an arrow."""
    scene, (x, y) = picture.scene, picture.corner(id)
    item = scene.items[id]
    row, step = item.row, scene.step(id)
    marks = [item.state, *["critical"] * bool(step), *["focus"] * (id == scene.focus)]
    minutes = f" {spent(row.estimated)}" if row.estimated else ""
    meta = f"{cut(one_line(row.issue_type), 9)} P{row.priority}{minutes}"
    name = cut(one_line(id) + (f" @{one_line(row.assignee)}" if row.assignee else ""),
               28 - width(meta) * 0.88)  # fmt: skip
    first, second = wrapped(one_line(row.title), LETTERS)
    if unseen:
        first, second = cut(one_line(row.title), LETTERS), cut(_waits(unseen), LETTERS + 2)
    kind = "meta" if unseen else "title"
    return (
        f'<svg class="card {" ".join(marks)}" x="{x}" y="{y}" width="{CARD}" height="{TALL}" '
        f'data-id="{escaped(id)}"><title>{escaped(_tip(item))}</title>'
        f'<rect class="box" x="1" y="1" width="{CARD - 2}" height="{TALL - 2}" rx="7"/>'
        f'<rect class="bar" x="1" y="8" width="4" height="{TALL - 16}" rx="2"/>'
        f'<text class="id" x="14" y="19">{icon(row.status)} {escaped(name)}</text>'
        f'<text class="meta" x="{CARD - 10}" y="19" text-anchor="end">{escaped(meta)}</text>'
        f'<text class="title" x="14" y="37">{escaped(first)}</text>'
        f'<text class="{kind}" x="14" y="53">{escaped(second)}</text>{_badge(step)}</svg>'
    )


def _badge(step: int) -> str:
    """The number of a step of the critical path, in the corner of its card."""
    if not step:
        return ""
    x, y = CARD - 17, TALL - 15
    return (f'<circle class="badge" cx="{x}" cy="{y}" r="9"/>'
            f'<text class="number" x="{x}" y="{y + 4}">{step}</text>')  # fmt: skip


def _tip(item: SceneItem) -> str:
    row = item.row
    words = [f"{row.id}: {row.title}", item.state.replace("_", " "), row.issue_type,
             f"P{row.priority}"]  # fmt: skip
    words += [f"@{row.assignee}"] if row.assignee else []
    return " · ".join([*words, *row.labels])


def _links(picture: Picture) -> dict[tuple[str, str], bool]:
    """The links to be drawn, those of the critical path last, and whether they are part of it."""
    scene, places = picture.scene, picture.lanes.places
    steps = set(pairwise(scene.steps))
    found = {}
    for pair in sorted({(link.first, link.then) for link in scene.links}):
        ends = [places.get(id) for id in pair]
        one, two = ends
        if one and two and (one.lane == two.lane or not picture.apart or pair in steps):
            found[pair] = pair in steps
    return dict(sorted(found.items(), key=lambda entry: entry[1]))


def _unseen(picture: Picture, links: dict[tuple[str, str], bool]) -> dict[str, list[str]]:
    """For each card what it waits for without an arrow, unless that is done."""
    scene = picture.scene
    found: dict[str, list[str]] = {}
    for link in scene.links:
        is_open = scene.items[link.first].state != "closed"
        if is_open and (link.first, link.then) not in links:
            found.setdefault(link.then, []).append(link.first)
    return found


def _arrow(picture: Picture, pair: tuple[str, str], number: int, *, critical: bool) -> str:
    first, then = pair
    mark = " critical" if critical else ""
    mark += " past" if picture.scene.items[first].state == "closed" else ""
    lanes = {picture.lanes.places[id].lane for id in pair}
    far = " far" if picture.apart and len(lanes) > 1 else ""
    x, y = picture.corner(then)
    return (
        f'<g class="link" data-first="{escaped(first)}" data-then="{escaped(then)}">'
        f'<path class="arrow{mark}{far}" d="{_way(picture, pair, number)}"/>'
        f'<path class="tip{mark}" d="M{x - 1} {y + TALL // 2}l-8 -4.5v9z"/></g>'
    )


def _way(picture: Picture, pair: tuple[str, str], number: int) -> str:
    """From the right side of a card to the left of another; between rows where cards are passed."""
    (x1, y1), (x2, y2) = (picture.corner(id) for id in pair)
    one, two = (picture.lanes.places[id] for id in pair)
    x1, y1, x2, y2 = x1 + CARD, y1 + TALL // 2, x2 - 8, y2 + TALL // 2
    bend = GAP // 2
    if picture.apart and one.lane != two.lane:
        bend = min(max(bend, abs(x2 - x1) // 3), 96)
        return f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"
    if two.column <= one.column:  # they need each other: around both
        low = max(y1, y2) + TALL // 2 + ROW // 2
        return (f"M{x1} {y1}C{x1 + bend} {y1} {x1 + bend} {low} {x1} {low}"
                f"H{x2}C{x2 - bend} {low} {x2 - bend} {y2} {x2} {y2}")  # fmt: skip
    if two.column == one.column + 1:
        return f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"
    if y1 == y2 and _is_free(picture.cells, one, two):
        return f"M{x1} {y1}H{x2}"
    gutter = y2 + (TALL // 2 + ROW // 2) * (1 if y1 > y2 else -1) + number % 5 * 2 - 4
    left, right = x1 + GAP - 8, x2 - GAP + 16
    return (f"M{x1} {y1}C{x1 + bend} {y1} {left - bend} {gutter} {left} {gutter}H{right}"
            f"C{right + bend} {gutter} {x2 - bend} {y2} {x2} {y2}")  # fmt: skip


def _is_free(cells: AbstractSet[Box], one: Box, two: Box) -> bool:
    """Whether no card stands between two places of a row."""
    between = range(one.column + 1, two.column)
    return not any(Box(one.lane, column, one.row) in cells for column in between)
