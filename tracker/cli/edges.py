"""Many dependencies at once, for `dep add --file`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tracker.cli.deps import end
from tracker.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracker.cli.session import Session
    from tracker.log import Draft

_NAMES = (("from", "issue_id", "id"), ("to", "depends_on_id", "on"))


class Line(NamedTuple):
    """What one line of the file says, and its number."""

    number: int
    one: str
    other: str
    kind: str


def add_all(session: Session, file: str, kind: str) -> None:
    """Make every dependency that the file names, all or none, in one write."""
    from tracker import actions
    from tracker.errors import TrackerError

    wanted = list(_lines(session.read(file), kind))
    workspace = session.tracker
    settings, who = workspace.settings(), workspace.who()

    def link(draft: Draft) -> list[tuple[str, str, str]]:
        made = []
        for line in wanted:
            try:
                ends = [end(id, draft, settings.prefix) for id in (line.one, line.other)]
                actions.link(draft, ends[0], ends[1], line.kind, who)
            except TrackerError as error:
                error.message = f"{file}, line {line.number}: {error.message}"
                raise
            made.append((ends[0], ends[1], line.kind))
        return made

    made = workspace.write(link)
    if session.json:
        session.emit(
            [
                {"depends_on_id": other, "issue_id": one, "status": "added", "type": kind}
                for one, other, kind in made
            ]
        )
    else:
        session.say(f"✓ Added {len(made)} dependencies")


def _lines(text: str, kind: str) -> Iterator[Line]:
    for number, row in enumerate(text.splitlines(), 1):
        stripped = row.strip()
        if not stripped or stripped.startswith("#"):
            continue
        words = _members(stripped, number) if stripped[0] == "{" else stripped.split()
        if not 2 <= len(words) <= 3:
            raise Invalid(
                f"line {number} is no dependency: {stripped[:60]!r}", hint="a line is ID ON [TYPE]"
            )
        yield Line(number, words[0], words[1], words[2] if len(words) == 3 else kind)


def _members(text: str, number: int) -> list[str]:
    from tracker import json_text

    try:
        found = json_text.loads(text)
    except ValueError:
        raise Invalid(f"line {number} is no JSON object", hint='{"from": ID, "to": ID}') from None
    words = [next((found[name] for name in names if name in found), None) for names in _NAMES]
    words += [found["type"]] if "type" in found else []
    return [word for word in words if isinstance(word, str)]
