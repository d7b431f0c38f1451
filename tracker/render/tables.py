"""Lists as tables for a terminal, drawn with rich.

Loaded only where a terminal is: rich takes longer to import than an answer takes to make.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from rich.console import Console
from rich.style import Style
from rich.table import Table
from rich.text import Text

from tracker.render.colour import STATUSES
from tracker.render.issue_lines import icon
from tracker.text import one_line, spent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tracker.cache.issues.queries import IssueRow
    from tracker.text import Terminal


_END = re.compile(r"(?: |\x1b\[[0-9;]*m)+$")
Relations = tuple["Sequence[str]", "Sequence[str]"]
"""What blocks an issue, and what it blocks."""

_NARROW, _TIGHT = 100, 70  # letters in a row below which a column is left out, and then another
_ICONS = {"94": "bright_blue", "31": "red", "32": "green", "36": "cyan", "2": "dim"}
_PRIORITIES = {0: "bold red", 1: "yellow", 2: "", 3: "dim", 4: "dim"}


def issues(
    screen: Terminal, rows: Sequence[IssueRow], relations: Mapping[str, Relations] | None = None
) -> str:
    """A table of issues: icon, id, priority, type, title, and who does it where somebody does."""
    has_people = any(row.assignee for row in rows) and screen.width >= _TIGHT
    has_types = screen.width >= _TIGHT
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="dim",
                  pad_edge=False)  # fmt: skip
    table.add_column("")
    table.add_column("ID", overflow="fold", max_width=max(screen.width // 4, 12))
    table.add_column("P")
    if has_types:
        table.add_column("Type", overflow="fold", max_width=12)
    table.add_column("Title", overflow="fold", ratio=1)
    if has_people:
        table.add_column("Who", overflow="fold", max_width=16)
    for row in rows:
        by, blocks = (relations or {}).get(row.id, ((), ()))
        cells = [
            Text(icon(row.status), _ICONS.get(STATUSES.get(icon(row.status), ""), "")),
            Text(one_line(row.id), "cyan"),
            Text(f"P{row.priority}", _PRIORITIES.get(row.priority, "")),
            *([Text(one_line(row.issue_type), "dim")] if has_types else []),
            _title(row, by, blocks),
            *([Text(one_line(row.assignee), "bright_blue")] if has_people else []),
        ]
        table.add_row(*cells)
    return shown(screen, table)


def _title(row: IssueRow, by: Iterable[str], blocks: Iterable[str]) -> Text:
    done = row.status in {"closed", "tombstone"}
    title = Text("📌 " if row.pinned else "").append(one_line(row.title), Style(dim=done))
    if row.labels:
        title.append(f" [{' '.join(map(one_line, row.labels))}]", "magenta")
    if row.estimated:
        title.append(f" ({spent(row.estimated)})", "dim")
    for word, ids in ((" waits for ", by), (" blocks ", blocks)):
        if ids:
            title.append(f"{word}{', '.join(map(one_line, ids))}", "dim")
    return title


def shown(screen: Terminal, what: object) -> str:
    """What rich makes of a thing, as text for this terminal."""
    stream = io.StringIO()
    console = Console(
        file=stream, width=screen.width, force_terminal=screen.colour, legacy_windows=False,
        color_system="standard" if screen.colour else None, highlight=False, markup=False,
        emoji=False, _environ={},
    )  # fmt: skip
    console.print(what)
    return "\n".join(_trimmed(line) for line in stream.getvalue().split("\n")[:-1])


def _trimmed(line: str) -> str:
    """A line without the blanks at its end; colours that end there do."""
    kept = _END.search(line)
    return line[: kept.start()] + kept[0].replace(" ", "") if kept else line


def bar(screen: Terminal, parts: Sequence[tuple[int, str, str]]) -> str:
    """Counts (number, word, colour) as one bar over the width, and what each part is."""
    total = sum(number for number, _, _ in parts)
    if not total:
        return ""
    room = min(screen.width, 72)
    line, legend, used, seen = Text(), Text(), 0, 0
    for number, word, colour in parts:
        if not number:
            continue
        seen += number
        length = round(room * seen / total) - used
        used += length
        line.append("█" * length, colour)
        legend.append("■ ", colour).append(f"{number} {word}  ")
    return shown(screen, Text("\n").join([line, legend]))
