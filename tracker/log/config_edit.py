"""Edit config.yaml line by line, and keep what is not named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker.log import config_file, lines
from tracker.log.lines import LineEdit

if TYPE_CHECKING:
    from collections.abc import Mapping


_ANYWHERE: Mapping[str, bytes] = {}


class ConfigLines:
    """The lines of the file; a commented one of a template counts where no other names the key."""

    def __init__(self, data: bytes, _path: str = "") -> None:
        self.data = data

    def _place(self, key: str) -> tuple[int, int] | None:
        rows = self.data.splitlines(keepends=True)
        at = config_file.place([row.decode("utf-8", "replace") for row in rows], key)
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
    ) -> list[LineEdit]:
        """The edits that give each named key its new line; one that is new goes to the end.

        One that has a place stood there before it was unset, whatever a template says elsewhere.
        """
        edits = []
        for key, line in changes.items():
            found = None if key in places else self._place(key)
            if found is None and line is not None:
                placed = lines.placed(self.data, line, places.get(key, b""))
                edits.append(placed or lines.appended(self.data, line))
            elif found is None:
                pass
            elif line is None:
                edits.append(lines.without_line(self.data, *found))
            else:
                edits.append(LineEdit(*found, line))
        return edits


def is_left(line: bytes | None, new: bytes | None) -> bool:
    """Whether a key still has the line that a write gave it; none where only a comment names it."""
    is_comment = line is not None and line.lstrip().startswith(b"#")
    return line == new or (new is None and is_comment)


class ConfigDraft:
    """The settings being edited."""

    def __init__(self, before: ConfigLines) -> None:
        self.before = before
        self.changes: dict[str, bytes | None] = {}

    def set(self, key: str, text: str) -> None:
        """Set a key. Raises Invalid where only an editor can do that."""
        after = config_file.edited(self.before.data, key, text)
        self.changes[config_file.spelled(key)] = ConfigLines(after).line(key)

    def unset(self, key: str) -> bool:
        """Take a key out; whether it was set. Raises Invalid where only an editor can do that."""
        data = self.before.data
        after = config_file.edited(data, key, None)
        if after == data:
            return False
        pieces = lines.apply(data, self.before.edits({key: None}))
        if config_file.parse(b"".join(pieces)) != config_file.parse(after):  # it is set twice
            raise config_file.too_special(key)
        self.changes[config_file.spelled(key)] = None
        return True

    def written(self) -> dict[str, bytes | None]:
        """The new line of each key that differs from what it was."""
        changes = self.changes.items()
        return {key: line for key, line in changes if line != self.before.line(key)}
