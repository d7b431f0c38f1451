"""The table of what is left when calls of the system fail, made of what was measured.

`docs/faults.json` holds it; `python -m tests.support.fault_matrix` writes that.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

DATA = Path(__file__).parents[1] / "docs" / "faults.json"

Row = dict[str, Any]
"""Of a command: `calls`, `faults` (kind, state, how many) and `undo` (what it took back)."""


class Measured(NamedTuple):
    """What was measured, by command; `each` is how many faults of each case, 0 for all of them."""

    rows: dict[str, Row]
    each: int = 0
    seed: str = ""

    @property
    def extent(self) -> str:
        """How much of the matrix that is, as a sentence."""
        if not self.each:
            return "Every call of every case was hit."
        return f"A sample: {self.each} faults of each case, by seed {self.seed}."


def measured() -> Measured:
    """What docs/faults.json holds; no rows where nothing was measured."""
    return (
        Measured(**json.loads(DATA.read_text(encoding="utf-8"))) if DATA.exists() else Measured({})
    )


def save(found: Measured) -> None:
    """Write docs/faults.json."""
    text = json.dumps(found._asdict(), indent=1, sort_keys=True)
    DATA.write_text(f"{text}\n", encoding="utf-8")


def table(found: dict[str, Row], kinds: list[str] | None = None) -> str:
    """Commands by faults in Markdown: how often the old, the new, and a completed state was found.

    What was completed lay half done, and the next command finished or dropped it.
    """
    seen = {kind for row in found.values() for kind in row["faults"]}
    shown = [kind for kind in kinds or sorted(seen) if kind in seen]
    lines = [
        f"| command | calls | {' | '.join(shown)} | undo |",
        f"|---|---|{'---|' * len(shown)}---|",
    ]
    for name, row in sorted(found.items()):
        cells = [_cell(row["faults"].get(kind, {})) for kind in shown]
        lines.append(f"| {name} | {row['calls']} | {' | '.join(cells)} | {_words(row['undo'])} |")
    lines.append(f"| **all** | | {' | '.join(_total(found, kind) for kind in shown)} | |")
    return "\n".join(lines)


def _cell(states: dict[str, int]) -> str:
    if not states:
        return ""
    counts = [str(states.get(word, 0)) for word in ("old", "new")]
    more = states.get("completed", 0) + states.get("half", 0)
    return " / ".join([*counts, str(more)] if more else counts)


def _total(found: dict[str, Row], kind: str) -> str:
    return str(sum(sum(row["faults"].get(kind, {}).values()) for row in found.values()))


def _words(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {word}" for word, number in sorted(counts.items()))
