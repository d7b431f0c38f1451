"""Issues as JSON, assembled from stored text.

Objects stand in a top-level array: their keys four spaces deep, the closing brace two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker.text import whole_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from tracker.cache.issues.queries import IssueQueries, IssueRow
    from tracker.render.issue_page import IssueSheet


def text(value: Any, depth: int = 4) -> str:
    """A value as JSON, as it stands after a key that is `depth` spaces deep."""
    if (
        isinstance(value, str)
        and value.isascii()
        and value.replace("-", "").replace(".", "").replace("_", "").isalnum()
    ):
        return f'"{value}"'  # an id, without loading a module for it
    from tracker.text import pretty

    return pretty(value).rstrip("\n").replace("\n", "\n" + " " * depth)


def member(name: str, value: Any) -> str:
    """One more member of an object, with the comma before it."""
    return f',\n    "{name}": {text(value)}'


def parent(row: IssueRow) -> str:
    """The parent of an issue as a member, if it has one."""
    return member("parent", row.parent) if row.parent else ""


def shown(answers: IssueQueries, page: IssueSheet, env: Mapping[str, str]) -> str:
    """An issue as `show --json` prints it."""
    parts = [answers.bare(page.row)]
    for name, edges in (("dependencies", page.needs), ("dependents", page.needed)):
        rows = [
            (edge.row, edge.type) for edge in edges if edge.row and edge.row.status != "tombstone"
        ]
        if rows:
            parts.append(_array(name, (linked(answers, row, type) for row, type in rows)))
    gone = [
        {"id": edge.id, "dependency_type": edge.type}
        for edge in page.needs
        if not edge.row or edge.row.status == "tombstone"
    ]
    if gone:
        parts.append(member("missing", gone))
    if page.record.get("comments"):
        from tracker.render.issue_page import comments_of

        comments = [{**one, "id": identity(env, one["id"])} for one in comments_of(page.record)]
        parts.append(member("comments", comments))
    if page.memories:
        parts.append(member("memories", [key for key, _ in page.memories]))
    parts.append(parent(page.row))
    if page.archived:
        parts.append(member("archived", page.archived))
    parts.append(member("ready", page.obstacles is not None and not page.obstacles))
    if page.blocked_by is not None:
        parts.append(member("blocked_by", page.blocked_by))
    return "".join(parts) + "\n  }"


def linked(answers: IssueQueries, row: IssueRow, type: str) -> str:
    """An issue at the other end of an edge."""
    return answers.bare(row) + member("dependency_type", type) + "\n  }"


def _array(name: str, objects: Iterable[str]) -> str:
    deeper = ",\n      ".join(one.replace("\n", "\n    ") for one in objects)
    return f',\n    "{name}": [\n      {deeper}\n    ]'


def by_issue(groups: Iterable[tuple[str, list[str]]]) -> str:
    """An object that has an array of objects for each id."""
    parts = []
    for id, objects in groups:
        deeper = ",\n    ".join(one.replace("\n", "\n  ") for one in objects)
        array = f"[\n    {deeper}\n  ]" if objects else "[]"
        parts.append(f"  {text(id)}: {array}")
    return "{\n" + ",\n".join(parts) + "\n}\n" if parts else "{}\n"


def by_name(name: str, objects: Iterable[str], **more: Any) -> str:
    """An object that holds an array of objects and some plain members."""
    deeper = ",\n    ".join(one.replace("\n", "\n  ") for one in objects)
    array = f"[\n    {deeper}\n  ]" if deeper else "[]"
    members = "".join(f',\n  "{key}": {text(value, 2)}' for key, value in more.items())
    return f'{{\n  "{name}": {array}{members}\n}}\n'


def identity(env: Mapping[str, str], id: int | str) -> int | str:
    """The id of a comment: a number as the log has it, or a text for clients of Beads 1.x."""
    from tracker.version import compat_version

    major = compat_version(env).partition(".")[0]
    return str(id) if (whole_number(major) or 0) >= 1 else id
