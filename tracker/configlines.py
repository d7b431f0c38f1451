"""config.yaml as lines by the key that each sets, so that a write can set one with records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker import config, lines
from tracker.lines import Edit

if TYPE_CHECKING:
    from collections.abc import Mapping

_ANYWHERE: Mapping[str, bytes] = {}


class ConfigLines:
    """The lines of the file; a commented one of a template counts where no other names the key."""

    def __init__(self, data: bytes, _path: str = "") -> None:
        self.data = data

    def _place(self, key: str) -> tuple[int, int] | None:
        rows = self.data.splitlines(keepends=True)
        at = config.place([row.decode("utf-8", "replace") for row in rows], key)
        if at is None:
            return None
        start = sum(map(len, rows[:at]))
        return start, start + len(rows[at].rstrip(b"\r\n"))

    def line(self, key: str) -> bytes | None:
        """The line, without its ending."""
        found = self._place(key)
        return None if found is None else self.data[slice(*found)]

    def edits(
        self, changes: Mapping[str, bytes | None], places: Mapping[str, bytes] = _ANYWHERE
    ) -> list[Edit]:
        """The edits that give each named key its new line; one that is new goes to the end."""
        del places  # of a file that is not sorted
        edits = []
        for key, line in changes.items():
            found = self._place(key)
            if found is None:
                edits += [] if line is None else [lines.appended(self.data, line)]
            elif line is None:
                edits.append(lines.without_line(self.data, *found))
            else:
                edits.append(Edit(*found, line))
        return edits


class ConfigDraft:
    """The settings being edited."""

    def __init__(self, before: ConfigLines) -> None:
        self.before = before
        self.changes: dict[str, bytes | None] = {}

    def set(self, key: str, text: str) -> None:
        """Set a key. Raises Invalid where only an editor can do that."""
        after = config.edited(self.before.data, key, text)
        self.changes[key] = ConfigLines(after).line(key)

    def written(self) -> dict[str, bytes | None]:
        """The new line of each key that differs from what it was."""
        changes = self.changes.items()
        return {key: line for key, line in changes if line != self.before.line(key)}
