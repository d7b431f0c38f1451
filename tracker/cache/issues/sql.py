"""Filters and the query language as SQL conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tracker.cache.database import MANY, safe, storable
from tracker.errors import Invalid
from tracker.issues.filters import GATES, fold, has, metadata_text
from tracker.issues.query_language import (
    DAY,
    FLAGS,
    PATTERNS,
    TEXTS,
    TIMES,
    Comparison,
    Every,
    Not,
    glob,
)
from tracker.model.status import HIDDEN_IDS, HIDDEN_TYPES

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence
    from typing import Any

    from tracker.issues.filters import Filter, Moment, Span
    from tracker.issues.query_language import Expression


_COLUMNS = {"type": "issue_type", "spec": "spec_id"}
_LABEL = "EXISTS (SELECT 1 FROM label l WHERE l.n = i.n AND {})"


def condition(expression: Expression) -> SqlCondition:
    """The condition that holds for exactly the issues that `expression.holds` accepts."""
    if isinstance(expression, Comparison):
        return _comparison(expression)
    if isinstance(expression, Not):
        inner = condition(expression.part)
        return SqlCondition(f"NOT ({inner.sql})", inner.values)
    word = " AND " if isinstance(expression, Every) else " OR "
    return _joined(word, [condition(part) for part in expression.parts])


def _joined(word: str, parts: Sequence[SqlCondition]) -> SqlCondition:
    sql = word.join(f"({part.sql})" for part in parts)
    return SqlCondition(sql, tuple(value for part in parts for value in part.values))


def _comparison(asked: Comparison) -> SqlCondition:
    field, op, values = asked
    if op in {"=", "!="}:
        found = _joined(" OR ", [_is(field, value) for value in values])
        return found if op == "=" else SqlCondition(f"NOT ({found.sql})", found.values)
    column = f"i.{field}"
    there = "" if field == "priority" else f"{column} <> 0 AND "
    return SqlCondition(f"{there}{column} {op} ?", (storable(values[0]),))


def _is(field: str, value: Any) -> SqlCondition:
    column = f"i.{_COLUMNS.get(field, field)}"
    if field in TIMES:
        return _time(column, value)
    if field in TEXTS:
        return _text(field, value)
    if field == "label":
        return _label(value)
    if field in FLAGS or field == "priority":
        return SqlCondition(f"{column} = ?", (value,))
    return _word(column, value, is_pattern=field in PATTERNS)


def _time(column: str, value: Any) -> SqlCondition:
    if value == "":
        return SqlCondition(f"{column} = 0", ())
    ends = tuple(map(storable, (value, value + DAY)))
    return SqlCondition(f"{column} <> 0 AND {column} >= ? AND {column} < ?", ends)


def _label(value: str) -> SqlCondition:
    if value == "":
        return SqlCondition(f"NOT {_LABEL.format('1')}", ())
    inner = _word("l.label", value, is_pattern=True)
    return SqlCondition(_LABEL.format(inner.sql), inner.values)


def _word(column: str, value: str, *, is_pattern: bool) -> SqlCondition:
    if is_pattern and "*" in value:
        return SqlCondition(f"matches_regex({column}, ?)", (storable(rf"(?s)\A{glob(value)}\Z"),))
    return SqlCondition(f"{column} = ?", (storable(value),))


def _text(field: str, value: str) -> SqlCondition:
    if field == "title":
        sql = "has(?, i.title)" if value else "i.title = ?"
        return SqlCondition(sql, (storable(value),))
    if value:
        return SqlCondition(f"text_has(?, {_LINE}, '{field}')", (storable(value),))
    if field == "description":
        return SqlCondition("i.described = 0", ())
    return SqlCondition(f"text_of({_LINE}, '{field}') = ''", ())


class SqlCondition(NamedTuple):
    """A condition on `issue i`, and the values of its question marks."""

    sql: str
    values: tuple[Any, ...]


class _Terms:
    def __init__(self) -> None:
        self.sql: list[str] = []
        self.values: list[Any] = []

    def add(self, sql: str, *values: Any) -> None:
        self.sql.append(sql)
        self.values += map(storable, values)

    def among(self, column: str, values: Iterable[Any], *, out: bool = False) -> None:
        listed = list(values)
        word = "NOT IN" if out else "IN"
        if len(listed) <= MANY:
            self.add(f"{column} {word} ({','.join('?' * len(listed))})", *listed)
            return
        import json

        text = json.dumps([storable(value) for value in listed])
        self.add(f"{column} {word} (SELECT value FROM json_each(?))", text)


def literal(text: str) -> str:
    """A text as it stands in SQL."""
    plain = text.isascii() and text.replace("_", "").replace("-", "").isalnum()
    return f"'{text}'" if plain else f"CAST(x'{safe(text).encode().hex()}' AS TEXT)"


def literals(texts: Iterable[str]) -> str:
    """Texts as a list in SQL."""
    return ",".join(literal(text) for text in sorted(texts))


def ready(now: str, closing: Iterable[str], *, deferred: bool = False) -> str:
    """The condition of `Graph.is_ready`; `now` is SQL for an instant."""
    closed = literals(closing)
    sql = (
        f"(i.status = 'open' OR (i.status = 'deferred' AND i.defer <> 0 AND i.defer <= {now})) "
        f"AND i.status NOT IN ({closed}) AND i.pinned = 0 AND i.ephemeral = 0 "
        "AND i.template = 0 AND NOT EXISTS (SELECT 1 FROM blocked k WHERE k.n = i.n)"
    )
    if deferred:
        return sql
    return f"""{sql} AND i.defer <= {now} AND i.id NOT IN (WITH RECURSIVE later(id) AS (
  SELECT d.id FROM issue d WHERE (d.defer <> 0 OR d.status = 'deferred')
    AND (d.defer > {now} OR (d.status = 'deferred' AND d.defer = 0)) AND d.status NOT IN ({closed})
  UNION SELECT c.id FROM later JOIN issue c ON c.parent = later.id AND c.parent <> ''
    AND c.status <> 'tombstone')
  SELECT id FROM later)"""


def hidden() -> str:
    """The condition that holds for what `graph.is_hidden` does not hide."""
    ids = "".join(f" AND instr(i.id, {literal(pattern)}) = 0" for pattern in HIDDEN_IDS)
    return f"i.issue_type NOT IN ({literals(HIDDEN_TYPES)}){ids}"


def functions(db: sqlite3.Connection) -> None:
    """Teach the connection to compare as `query` does."""
    make = db.create_function
    make("has", 2, has, deterministic=True)
    make("fold", 1, fold, deterministic=True)
    make("matches_glob", 2, _matches_glob, deterministic=True)
    make("matches_regex", 2, _matches_regex, deterministic=True)
    make("text_has", 3, _text_has, deterministic=True)
    make("text_of", 2, _field, deterministic=True)
    make("metadata_of", 2, _metadata_of, deterministic=True)


def _matches_glob(text: str, pattern: str) -> bool:
    from fnmatch import fnmatchcase

    return fnmatchcase(text, pattern)


def _matches_regex(text: str, regex: str) -> bool:
    import re

    return bool(re.search(regex, text))


def _text_has(needle: str, line: bytes, name: str) -> bool:
    """Whether a text field of the record holds the needle."""
    text = line.decode()
    if "\\u" not in text and _PLAIN.issuperset(needle) and not has(needle, text):
        return False  # without a look at what the line means
    return has(needle, _field(line, name))


_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -_.,:;'()")


def _field(line: bytes, name: str) -> str:
    import json

    try:
        value = json.loads(line).get(name)
    except (ValueError, RecursionError):
        from tracker.log.issue_codec import decode

        value = getattr(decode(line), name)
    return safe(value) if isinstance(value, str) else ""


def _metadata_of(line: bytes, name: str) -> str | None:
    from tracker.log.issue_codec import decode

    if b'"metadata"' not in line and b"\\u" not in line:
        return None
    found = metadata_text(decode(line).metadata, name)
    return None if found is None else safe(found)


def where(filter: Filter, at: Moment) -> SqlCondition:
    """The condition that holds for exactly the issues that `query.matches` accepts."""
    terms = _Terms()
    for part in (_status, _kind, _people, _labels, _words, _times, _place):
        part(filter, at, terms)
    return SqlCondition(" AND ".join(terms.sql) or "1", tuple(terms.values))


def _status(filter: Filter, at: Moment, terms: _Terms) -> None:
    if filter.statuses:
        terms.among("i.status", filter.statuses)
        return
    hidden = set(at.closing) if filter.hide_closed else set()
    if filter.hide_tombstones:
        hidden.add("tombstone")
    if hidden:
        terms.among("i.status", sorted(hidden), out=True)


def _kind(filter: Filter, _at: Moment, terms: _Terms) -> None:
    if filter.priorities:
        terms.among("i.priority", filter.priorities)
    if filter.priority_min is not None:
        terms.add("i.priority >= ?", filter.priority_min)
    if filter.priority_max is not None:
        terms.add("i.priority <= ?", filter.priority_max)
    if filter.types:
        terms.among("i.issue_type", filter.types)
    out = {*filter.exclude_types, *(GATES if filter.hide_gates else ())}
    if out:
        terms.among("i.issue_type", sorted(out), out=True)
    if filter.hide_templates:
        terms.add("i.template = 0")
    if filter.pinned is not None:
        terms.add("i.pinned = ?", filter.pinned)
    if filter.mol_type:
        terms.add("i.mol_type = ?", filter.mol_type)
    if filter.wisp_type:
        terms.add("i.wisp_type = ?", filter.wisp_type)


def _people(filter: Filter, _at: Moment, terms: _Terms) -> None:
    if filter.no_assignee:
        terms.add("i.assignee = ''")
    if filter.assignee is not None:
        terms.add("i.assignee = ?", filter.assignee)


_LABELLED = "EXISTS (SELECT 1 FROM label l WHERE l.n = i.n AND "


def _labels(filter: Filter, _at: Moment, terms: _Terms) -> None:
    for label in filter.labels:
        terms.add(f"{_LABELLED}l.label = ?)", label)
    for labels, word in ((filter.any_labels, ""), (filter.exclude_labels, "NOT ")):
        if labels:
            marks = ",".join("?" * len(labels))
            terms.add(f"{word}{_LABELLED}l.label IN ({marks}))", *labels)
    if filter.no_labels:
        terms.add(f"NOT {_LABELLED}1)")
    if filter.label_pattern:
        terms.add(f"{_LABELLED}matches_glob(l.label, ?))", filter.label_pattern)
    if filter.label_regex:
        _check_regex(filter.label_regex)
        terms.add(f"{_LABELLED}matches_regex(l.label, ?))", filter.label_regex)


def _check_regex(regex: str) -> None:
    import re

    try:
        re.compile(regex)
    except re.error as error:
        raise Invalid(f"not a regular expression: {regex!r}: {error}") from None


_LINE = "(SELECT b.line FROM body b WHERE b.n = i.n)"


def _words(filter: Filter, _at: Moment, terms: _Terms) -> None:
    for part in filter.title:
        terms.add("has(?, i.title)", part)
    for name, needle in (("description", filter.description), ("notes", filter.notes)):
        if needle:
            terms.add(f"text_has(?, {_LINE}, '{name}')", needle)
    if filter.empty_description:
        terms.add("i.described = 0")
    if filter.spec:
        terms.add("instr(i.spec_id, ?) = 1", filter.spec)
    if filter.external_ref:
        terms.add("i.external_ref = ?", filter.external_ref)
    for key, wanted in filter.metadata:
        terms.add(f"metadata_of({_LINE}, ?) = ?", key, wanted)
    if filter.text:
        terms.add(
            f"(has(?, i.title) OR has(?, i.id) OR text_has(?, {_LINE}, 'description'))",
            *[filter.text] * 3,
        )


def _times(filter: Filter, at: Moment, terms: _Terms) -> None:
    for column in ("created", "updated", "closed", "due", "defer"):
        span: Span = getattr(filter, column)
        if span.after:
            terms.add(f"i.{column} > ?", span.after)
        if span.before:
            terms.add(f"i.{column} < ?", span.before)
        if span.after or span.before:
            terms.add(f"i.{column} <> 0")
    if filter.overdue:
        terms.add("i.due > 0 AND i.due < ?", at.now)
        terms.among("i.status", sorted(at.closing), out=True)
    if filter.deferred:
        terms.add("(i.status = 'deferred' OR i.defer > ?)", at.now)


def _place(filter: Filter, _at: Moment, terms: _Terms) -> None:
    if filter.ids is not None:
        terms.among("i.id", filter.ids)
    if filter.parent:
        terms.add("i.parent = ?", filter.parent)
    if filter.no_parent:
        terms.add("i.parent = ''")
    if filter.under is not None:
        terms.among("i.id", sorted(filter.under))
