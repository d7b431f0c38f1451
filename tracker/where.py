"""A `Filter`, and the rules of `graph`, as SQL over the tables of the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tracker.errors import Invalid
from tracker.query import (
    GATES,
    HIDDEN_IDS,
    HIDDEN_TYPES,
    Filter,
    Moment,
    Span,
    fold,
    has,
    metadata_text,
)
from tracker.storable import MANY as MANY
from tracker.storable import bounded as bounded
from tracker.storable import safe as safe
from tracker.storable import storable as storable

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable


class Where(NamedTuple):
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
        from tracker.codec import decode

        value = getattr(decode(line), name)
    return safe(value) if isinstance(value, str) else ""


def _metadata_of(line: bytes, name: str) -> str | None:
    from tracker.codec import decode

    if b'"metadata"' not in line and b"\\u" not in line:
        return None
    found = metadata_text(decode(line).metadata, name)
    return None if found is None else safe(found)


def where(filter: Filter, at: Moment) -> Where:
    """The condition that holds for exactly the issues that `query.matches` accepts."""
    terms = _Terms()
    for part in (_status, _kind, _people, _labels, _words, _times, _place):
        part(filter, at, terms)
    return Where(" AND ".join(terms.sql) or "1", tuple(terms.values))


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
