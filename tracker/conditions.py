"""An `Expression` of `bd query` as SQL over the tables of the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracker.expression import (
    DAY,
    FLAGS,
    PATTERNS,
    TEXTS,
    TIMES,
    Comparison,
    Every,
    Expression,
    Not,
    glob,
)
from tracker.where import Where, storable

if TYPE_CHECKING:
    from collections.abc import Sequence

_COLUMNS = {"type": "issue_type", "spec": "spec_id"}
_LINE = "(SELECT b.line FROM body b WHERE b.n = i.n)"
_LABEL = "EXISTS (SELECT 1 FROM label l WHERE l.n = i.n AND {})"


def condition(expression: Expression) -> Where:
    """The condition that holds for exactly the issues that `expression.holds` accepts."""
    if isinstance(expression, Comparison):
        return _comparison(expression)
    if isinstance(expression, Not):
        inner = condition(expression.part)
        return Where(f"NOT ({inner.sql})", inner.values)
    word = " AND " if isinstance(expression, Every) else " OR "
    return _joined(word, [condition(part) for part in expression.parts])


def _joined(word: str, parts: Sequence[Where]) -> Where:
    sql = word.join(f"({part.sql})" for part in parts)
    return Where(sql, tuple(value for part in parts for value in part.values))


def _comparison(asked: Comparison) -> Where:
    field, op, values = asked
    if op in {"=", "!="}:
        found = _joined(" OR ", [_is(field, value) for value in values])
        return found if op == "=" else Where(f"NOT ({found.sql})", found.values)
    column = f"i.{field}"
    there = "" if field == "priority" else f"{column} <> 0 AND "
    return Where(f"{there}{column} {op} ?", (storable(values[0]),))


def _is(field: str, value: Any) -> Where:
    column = f"i.{_COLUMNS.get(field, field)}"
    if field in TIMES:
        return _time(column, value)
    if field in TEXTS:
        return _text(field, value)
    if field == "label":
        return _label(value)
    if field in FLAGS or field == "priority":
        return Where(f"{column} = ?", (value,))
    return _word(column, value, is_pattern=field in PATTERNS)


def _time(column: str, value: Any) -> Where:
    if value == "":
        return Where(f"{column} = 0", ())
    ends = tuple(map(storable, (value, value + DAY)))
    return Where(f"{column} <> 0 AND {column} >= ? AND {column} < ?", ends)


def _label(value: str) -> Where:
    if value == "":
        return Where(f"NOT {_LABEL.format('1')}", ())
    inner = _word("l.label", value, is_pattern=True)
    return Where(_LABEL.format(inner.sql), inner.values)


def _word(column: str, value: str, *, is_pattern: bool) -> Where:
    if is_pattern and "*" in value:
        return Where(f"matches_regex({column}, ?)", (storable(rf"(?s)\A{glob(value)}\Z"),))
    return Where(f"{column} = ?", (storable(value),))


def _text(field: str, value: str) -> Where:
    if field == "title":
        sql = "has(?, i.title)" if value else "i.title = ?"
        return Where(sql, (storable(value),))
    if value:
        return Where(f"text_has(?, {_LINE}, '{field}')", (storable(value),))
    if field == "description":
        return Where("i.described = 0", ())
    return Where(f"text_of({_LINE}, '{field}') = ''", ())
