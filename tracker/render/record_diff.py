"""Two versions of a record as text and JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker.merge.values import attributes
from tracker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from tracker.json_text import Member
    from tracker.merge.record_diff import RecordDifference


_LONGEST = 70  # characters of a value
_MOST = 20  # lines of a text that are shown
_PROSE = frozenset({"description", "design", "acceptance_criteria", "notes", "content"})


def told(differences: Iterable[RecordDifference]) -> list[str]:
    """One line for each difference, more for a text; bookkeeping only if there is nothing else."""
    found = list(differences)
    if any(one.field == "conflicts" for one in found):
        found = [_without_remarks(one) for one in found]
    shown = [one for one in found if not one.quiet] or found
    return [line for one in shown for line in _lines(one)]


def _without_remarks(one: RecordDifference) -> RecordDifference:
    """Comments that only say for other programs what stands in `conflicts`."""
    if one.field != "comments":
        return one
    new = tuple(
        value for value in one.added if not _remark(value).startswith("tracker: merge kept")
    )
    return one._replace(added=new, quiet=not (new or one.removed))


def born(differences: Iterable[RecordDifference]) -> list[str]:
    """What a new record says, without what every record has."""
    usual = {"id", "key", "title", "created_at", "updated_at", "created_by", "_type"}
    return told(one for one in differences if one.field not in usual and not one.quiet)


def objects(differences: Iterable[RecordDifference]) -> list[dict[str, Any]]:
    """The same for programs: every difference, values as they are."""
    return [_object(one) for one in differences]


def _object(one: RecordDifference) -> dict[str, Any]:
    found: dict[str, Any] = {"field": one.field, "old": plain(one.old), "new": plain(one.new)}
    if one.added or one.removed:
        found["added"] = [plain(value) for value in one.added]
        found["removed"] = [plain(value) for value in one.removed]
    return found


def plain(value: Member) -> Any:
    """A value as Python has it; one that it cannot take is its text."""
    from tracker import json_text

    if not value.raw:
        return None
    try:
        return json_text.loads(value.raw)
    except ValueError:
        return value.raw


def _lines(one: RecordDifference) -> Iterator[str]:
    if one.field == "conflicts":
        yield from (f"settled: {_kept(value)}" for value in one.removed)
        yield from (f"kept beside it: {_kept(value)}" for value in one.added)
    elif one.field == "comments":
        yield from (f"- comment by {_remark(value)}" for value in one.removed)
        yield from (f"+ comment by {_remark(value)}" for value in one.added)
    elif one.field == "dependencies":
        yield from (f"- {_edge(value)}" for value in one.removed)
        yield from (f"+ {_edge(value)}" for value in one.added)
    elif one.added or one.removed:
        signs = [f"-{_value(value)}" for value in one.removed]
        signs += [f"+{_value(value)}" for value in one.added]
        yield f"{one_line(one.field)}: {cut(' '.join(signs))}"
    elif one.field in _PROSE and _is_long(one):
        yield f"{one.field}:"
        yield from (f"  {line}" for line in _hunks(one))
    else:
        yield _scalar(one)
        return
    if one.field in {"comments", "dependencies"} and not (one.added or one.removed):
        yield f"{one.field}: the same, with other times or names"


def _scalar(one: RecordDifference) -> str:
    name = one_line(one.field)
    if not one.old.raw or not one.new.raw:
        sign, value = ("+", one.new) if one.new.raw else ("-", one.old)
        return f"{sign} {name}: {_value(value)}"
    return f"{name}: {_value(one.old)} → {_value(one.new)}"


def _is_long(one: RecordDifference) -> bool:
    texts = [str(value.value or "") for value in (one.old, one.new)]
    return any(len(text) > _LONGEST or "\n" in text for text in texts)


def _hunks(one: RecordDifference) -> Iterator[str]:
    """The lines of a text that differ."""
    import difflib

    old, new = (str(value.value or "").split("\n") for value in (one.old, one.new))
    if old == [""]:
        old = []
    found = difflib.unified_diff(old, new, n=0, lineterm="")
    rows = [row for row in list(found)[2:] if not row.startswith("@@")]
    yield from (f"{row[0]} {one_line(row[1:])}".rstrip() for row in rows[:_MOST])
    if len(rows) > _MOST:
        yield f"... and {len(rows) - _MOST} lines more"


def _remark(value: Member) -> str:
    keys = attributes(value) or {}
    author, text = (str(keys[name].value) if name in keys else "" for name in ("author", "text"))
    return f"{one_line(author)}: {cut(text)}"


def _kept(value: Member) -> str:
    """An entry of `conflicts`: the field, and the value that gave way."""
    keys = attributes(value) or {}
    name = str(keys["field"].value).removeprefix("/") if "field" in keys else "?"
    return f"{one_line(name)}: {_value(keys['value'])}" if "value" in keys else one_line(name)


def _edge(value: Member) -> str:
    keys = attributes(value) or {}
    kind = keys["type"].value if "type" in keys else ""
    target = keys["depends_on_id"].value if "depends_on_id" in keys else ""
    words = {"parent-child": "parent", "blocks": "depends on", "": "depends on"}
    return one_line(f"{words.get(str(kind or ''), kind)} {target}")


def _value(value: Member) -> str:
    return cut(value.value if isinstance(value.value, str) else value.raw)


def cut(text: str) -> str:
    """A text as one line of a length to be read."""
    text = one_line(text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
