"""A `Filter` as SQL over the tables of the cache."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from tracker.query import GATES, Filter, Moment, Span, fold, has, shown


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
        self.values += values

    def among(self, column: str, values: Iterable[Any], *, out: bool = False) -> None:
        listed = list(values)
        marks = ",".join("?" * len(listed))
        self.add(f"{column} {'NOT ' if out else ''}IN ({marks})", *listed)


def functions(db: sqlite3.Connection) -> None:
    """Teach the connection to compare as `query` does."""
    make = db.create_function
    make("has", 2, has, deterministic=True)
    make("fold", 1, fold, deterministic=True)
    make("matches_glob", 2, lambda text, pattern: fnmatchcase(text, pattern), deterministic=True)
    make("matches_regex", 2, lambda text, regex: bool(re.search(regex, text)), deterministic=True)
    make("text_of", 2, _text_of, deterministic=True)
    make("metadata_of", 2, _metadata_of, deterministic=True)


def _text_of(line: bytes, name: str) -> str:
    import json  # noqa: PLC0415

    value = json.loads(line).get(name)
    return value.encode(errors="replace").decode() if isinstance(value, str) else ""


def _metadata_of(line: bytes, name: str) -> str | None:
    import json  # noqa: PLC0415

    value = json.loads(line).get("metadata")
    return shown(value[name]) if isinstance(value, dict) and name in value else None


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
    if filter.priority_min is not None or filter.priority_max is not None:
        terms.add("i.priority >= 0" if filter.priority_min is None else "1")
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
        terms.add(f"{_LABELLED}matches_regex(l.label, ?))", filter.label_regex)


_LINE = "(SELECT b.line FROM body b WHERE b.n = i.n)"


def _words(filter: Filter, _at: Moment, terms: _Terms) -> None:
    for part in filter.title:
        terms.add("has(?, i.title)", part)
    for name, needle in (("description", filter.description), ("notes", filter.notes)):
        if needle:
            terms.add(f"has(?, text_of({_LINE}, '{name}'))", needle)
    if filter.empty_description:
        terms.add("i.described = 0")
    if filter.spec:
        terms.add("substr(i.spec_id, 1, ?) = ?", len(filter.spec), filter.spec)
    if filter.external_ref:
        terms.add("i.external_ref = ?", filter.external_ref)
    for key, wanted in filter.metadata:
        terms.add(f"metadata_of({_LINE}, ?) = ?", key, wanted)
    if filter.text:
        terms.add(
            f"(has(?, i.title) OR has(?, i.id) OR has(?, text_of({_LINE}, 'description')))",
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
