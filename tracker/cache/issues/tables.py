"""Tables of the issue cache, the rows of a record, and the views that Beads clients read."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from tracker.cache.database import bounded, safe
from tracker.cache.issues.sql import hidden, ready
from tracker.json_text import indented, quote
from tracker.log.issue_codec import decode, encode, understood
from tracker.model.ids import is_top_level, prefix_of
from tracker.model.issue import PARENT
from tracker.model.timestamps import instant

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping
    from typing import Any

    from tracker.model.issue import Dependency


INSERTS = {
    "issue": f"INSERT INTO issue VALUES({','.join('?' * 36)})",
    "body": "INSERT INTO body VALUES(?,?,?)",
    "brief": "INSERT INTO brief VALUES(?,?)",
    "edge": "INSERT INTO edge VALUES(?,?,?,?,?,?,?,?)",
    "label": "INSERT OR IGNORE INTO label VALUES(?,?)",  # a record may name one twice
}
"""How each table of `Writer` is filled."""
_TOLD = ("id", "title", "status", "priority", "issue_type", "updated_at")
_BATCH = 400  # records that wait for their INSERT
_NO_PREFIX = "\n"  # of a child: no id has it
_BEGINNING = "1970-01-01T00:00:00Z"  # for readers that cannot do without a time
_APART = ("dependencies", "comments", "aliases")  # listed in another place, or not
_NOT_LISTED = frozenset({*_APART, "_type", "dependency_count", "dependent_count", "comment_count"})
_FLAGS = ("ephemeral", "pinned", "is_template")
_ALWAYS = frozenset({"title", "status", "priority", "issue_type", "created_at", "updated_at"})


def digest(line: bytes) -> bytes:
    """What a line is recognised by: 16 bytes of its SHA-256."""
    return hashlib.sha256(line).digest()[:16]


class IssueWriter:
    """Puts records into the tables, many at a time; nothing is there before `flush`."""

    def __init__(self, db: sqlite3.Connection) -> None:
        import orjson

        self.db = db
        self._dumps = orjson.dumps
        self._indent = orjson.OPT_INDENT_2
        found = db.execute("SELECT coalesce(max(n), 0) FROM issue").fetchone()
        self._next = int(found[0]) + 1
        self._rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in INSERTS}

    def put(self, line: bytes, row: Mapping[str, Any], n: int | None = None) -> None:
        """Add one record; the caller has removed the one that it replaces."""
        known, rest = understood(row)
        if n is None:
            n = self._next
            self._next += 1
        rows = self._rows
        edges = known.get("dependencies", ())
        try:
            if _is_inexact(row, edges, rest):
                raise TypeError
            listed = self._listed(row, known, rest)
            records = [self._record(known["id"], edge) for edge in edges]
        except TypeError:  # long integers, deep nests and torn characters are refused as well
            listed, records = _carefully(line)
            known = {name: _safe(value) for name, value in known.items()}
            edges = known.get("dependencies", ())
        columns = _columns(n, line, row, known)
        rows["issue"].append(columns)
        rows["body"].append((n, line, listed))
        rows["brief"].append((n, self._brief(columns)))
        for place, edge in enumerate(edges):
            rows["edge"].append((n, place, *_edge(edge), records[place]))
        for label in known.get("labels", ()):
            rows["label"].append((n, label))
        if len(rows["body"]) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Write what has been put."""
        for name, rows in self._rows.items():
            self.db.executemany(INSERTS[name], rows)
            rows.clear()

    def remove(self, numbers: Iterable[int]) -> None:
        """Take records away, by their numbers; who is blocked is another question."""
        rows = [(n,) for n in numbers]
        for table in INSERTS:
            self.db.executemany(f"DELETE FROM {table} WHERE n = ?", rows)

    def _listed(self, row: Mapping[str, Any], known: dict[str, Any], rest: list[str]) -> str:
        """The record two spaces deep, without dependencies, comments and the closing brace."""
        created = known.get("created_at") or _BEGINNING
        fields = {"id": known["id"], "title": known.get("title", "")}
        fields.update(known)
        fields["status"] = known.get("status", "open")
        fields["priority"] = known.get("priority", 0)
        fields["issue_type"] = known.get("issue_type", "task")
        fields["created_at"] = created
        fields["updated_at"] = known.get("updated_at") or created
        for name in _APART:
            fields.pop(name, None)
        for name in _FLAGS:
            if not fields.get(name, True):
                del fields[name]
        for name in rest:
            if name not in _NOT_LISTED and name not in fields:
                fields[name] = row[name]
        return self._dumps([fields], option=self._indent)[4:-6].decode()

    def _brief(self, columns: tuple[Any, ...]) -> str:
        """What an edge tells of its target, as members of an object eight spaces deep."""
        told = dict(zip(_TOLD, (columns[1], *columns[3:7], columns[31]), strict=True))
        return self._dumps([[[told]]], option=self._indent)[20:-20].decode()

    def _record(self, id: str, edge: Mapping[str, Any]) -> str:
        kind = _text(edge, "type") or "blocks"
        record = {**edge, "issue_id": id, "type": kind, "dependency_type": kind}
        return self._dumps([[[record]]], option=self._indent)[18:-20].decode()


def _columns(n: int, line: bytes, row: Mapping[str, Any], known: dict[str, Any]) -> tuple[Any, ...]:
    get = known.get
    id = known["id"]
    edges = get("dependencies", ())
    labels = get("labels", ())
    created_at = get("created_at", "")
    updated_at = get("updated_at", "")
    closed_at = get("closed_at", "")
    created = bounded(instant(created_at))
    updated = created if updated_at == created_at else bounded(instant(updated_at))
    closed = bounded(instant(closed_at)) if closed_at else 0
    return (
        n, id, digest(line), get("title", ""), get("status", "open"),
        bounded(get("priority", 0)), get("issue_type", "task"),
        get("assignee", ""), get("owner", ""), get("created_by", ""),
        get("spec_id", ""), get("external_ref", ""),
        get("mol_type", ""), get("wisp_type", ""), get("close_reason", ""),
        created, updated, closed, _instant(get("due_at")), _instant(get("defer_until")),
        bounded(known["estimated_minutes"]) if "estimated_minutes" in known else None,
        get("pinned", False), get("ephemeral", False), get("is_template", False),
        "description" in known,
        _parent(edges) if edges else "",
        "\x1f" + "\x1f".join(labels) if labels else "",
        len(get("comments", ())),
        "".join(f"\x1f{safe(alias)}\x1f" for alias in get("aliases", ())),
        prefix_of(id) if is_top_level(id) else _NO_PREFIX,
        created_at if created else _BEGINNING,
        updated_at if updated else created_at if created else _BEGINNING,
        closed_at if closed else None, _time(get("deleted_at")), _time(row.get("last_activity")),
        get("defer_until", ""),
    )  # fmt: skip


def _parent(edges: Iterable[Mapping[str, Any]]) -> str:
    return next((edge["depends_on_id"] for edge in edges if edge.get("type") == PARENT), "")


def _instant(text: str | None) -> int:
    return bounded(instant(text)) if text else 0


def _time(text: object) -> str | None:
    """A time that other programs can read; None where there is none."""
    return text if isinstance(text, str) and instant(text) else None


def _edge(edge: Mapping[str, Any]) -> tuple[str, ...]:
    metadata = edge.get("metadata") or ""
    return (
        edge["depends_on_id"], _text(edge, "type") or "blocks",
        _text(edge, "created_at") or _BEGINNING, _text(edge, "created_by"),
        metadata if isinstance(metadata, str) else _quoted(metadata),
    )  # fmt: skip


def _quoted(value: object) -> str:
    try:
        return quote(value)
    except RecursionError:
        return "{}"


def _text(edge: Mapping[str, Any], name: str) -> str:
    value = edge.get(name)
    return value if isinstance(value, str) else ""


# Records that a fast printer would change: fractions, long integers, torn characters.


def _is_inexact(
    row: Mapping[str, Any], edges: Iterable[Mapping[str, Any]], rest: Iterable[str]
) -> bool:
    """Whether a number has been through a float: a fraction, or an integer beyond 64 bits."""
    if "metadata" in row and _has_float(row["metadata"]):
        return True
    for name in rest:
        if type(row[name]) is not str and name not in _NOT_LISTED and _has_float(row[name]):
            return True
    return any(
        _has_float(value) for edge in edges for value in edge.values() if type(value) is not str
    )


def _has_float(value: object) -> bool:
    waiting = [value]
    for one in waiting:
        if type(one) is float:
            return True
        if type(one) is dict:
            waiting += one.values()
        elif type(one) is list:
            waiting += one
    return False


def _safe(value: Any) -> Any:
    """A value whose texts SQLite can hold."""
    if isinstance(value, str):
        return safe(value)
    if isinstance(value, tuple):
        return tuple(map(_safe, value))
    if isinstance(value, dict):
        return {safe(name): _safe(item) for name, item in value.items()}
    return value


def _carefully(line: bytes) -> tuple[str, list[str]]:
    """What `list --json` prints of the record and of each edge, every number as it stands."""
    issue = decode(line)
    extra = {
        name: raw for name, raw in issue.extra if name not in _NOT_LISTED and name not in _ALWAYS
    }
    created = issue.created_at or _BEGINNING
    extra["created_at"] = quote(created)
    extra["updated_at"] = quote(issue.updated_at or created)
    bare = type(issue)(
        **{
            name: getattr(issue, name)
            for name in type(issue).__slots__
            if name not in {*_APART, "extra", "created_at", "updated_at"}
        },
        extra=tuple(extra.items()),
    )
    records = [_carefully_edge(issue.id, edge) for edge in issue.dependencies]
    return indented(encode(bare).decode(), 2)[:-1].rstrip(), records


def _carefully_edge(id: str, edge: Dependency) -> str:
    kind = edge.type or "blocks"
    pairs = {
        "issue_id": quote(id), "depends_on_id": quote(edge.depends_on_id), "type": quote(kind),
        "created_at": quote(edge.created_at), "created_by": quote(edge.created_by),
        **dict(edge.extra), "dependency_type": quote(kind),
    }  # fmt: skip
    text = ",".join(f"{quote(name)}:{raw}" for name, raw in pairs.items() if raw != '""')
    return indented("{" + text + "}", 6)[:-1].rstrip()


NOW = "CAST(strftime('%s', 'now') AS INTEGER) * 1000000000"
_TEXTS = (
    "description", "design", "acceptance_criteria", "notes", "sender", "hook_bead", "role_bead",
    "agent_state", "role_type", "rig", "closed_by_session", "deleted_by", "delete_reason",
    "original_type", "source_system", "event_kind", "actor", "target", "payload", "work_type",
    "source_repo",
)  # fmt: skip
_VALUES = (
    "due_at", "compacted_at", "compacted_at_commit", "original_size", "quality_score",
    "await_type", "await_id", "timeout", "waiters", "holder",
)  # fmt: skip
_COLUMNS = """i.id, hex(i.digest) AS content_hash, i.title, i.status, i.priority, i.issue_type,
  i.assignee, i.owner, i.estimated AS estimated_minutes, i.spec_id, i.created_at, i.created_by,
  i.updated_at, i.closed_at, i.close_reason, i.deleted_at, i.last_activity,
  nullif(i.external_ref, '') AS external_ref, nullif(i.defer_until, '') AS defer_until,
  i.ephemeral, i.ephemeral AS wisp, i.pinned, i.template AS is_template, i.mol_type, i.wisp_type,
  0 AS compaction_level, 0 AS crystallizes"""


def views(closing: Iterable[str]) -> list[str]:
    """The statements that make them."""
    text = "CAST(b.line AS TEXT)"
    columns = ",\n  ".join(
        [_COLUMNS]
        + [f"coalesce(json_extract({text}, '$.{name}'), '') AS {name}" for name in _TEXTS]
        + [f"json_extract({text}, '$.{name}') AS {name}" for name in _VALUES]
        + [f"coalesce(json_extract({text}, '$.metadata'), '{{}}') AS metadata"]
    )
    issues = f"SELECT {columns}\n  FROM issue i JOIN body b USING(n)"
    workable = f"{ready(NOW, closing)} AND {hidden()}"
    return [
        f"CREATE VIEW issues AS {issues}",
        (
            "CREATE VIEW dependencies AS SELECT i.id AS issue_id, e.target AS depends_on_id, "
            "e.type, e.created_at, e.created_by, "
            "coalesce(nullif(e.metadata, ''), '{}') AS metadata, "
            "'' AS thread_id FROM edge e JOIN issue i USING(n)"
        ),
        "CREATE VIEW labels AS SELECT i.id AS issue_id, l.label FROM label l JOIN issue i USING(n)",
        f"""CREATE VIEW comments AS SELECT json_extract(c.value, '$.id') AS id, i.id AS issue_id,
  coalesce(json_extract(c.value, '$.author'), '') AS author,
  coalesce(json_extract(c.value, '$.text'), '') AS text,
  json_extract(c.value, '$.created_at') AS created_at
  FROM issue i JOIN body b USING(n), json_each({text}, '$.comments') c WHERE i.comments > 0""",
        f"""CREATE VIEW events AS
  SELECT i.n * 1048576 AS id, i.id AS issue_id, 'created' AS event_type, i.created_by AS actor,
    NULL AS old_value, i.title AS new_value, NULL AS comment, i.created_at FROM issue i
  UNION ALL SELECT i.n * 1048576 + 1, i.id, 'updated', i.assignee, NULL, i.status, NULL,
    i.updated_at FROM issue i WHERE i.updated > i.created
  UNION ALL SELECT i.n * 1048576 + 2, i.id, 'closed', i.assignee, NULL, i.status, i.close_reason,
    i.closed_at FROM issue i WHERE i.closed_at IS NOT NULL
  UNION ALL SELECT i.n * 1048576 + 3 + c.key, i.id, 'commented',
    coalesce(json_extract(c.value, '$.author'), ''), NULL, NULL,
    coalesce(json_extract(c.value, '$.text'), ''), json_extract(c.value, '$.created_at')
    FROM issue i JOIN body b USING(n), json_each({text}, '$.comments') c WHERE i.comments > 0""",
        (
            "CREATE VIEW blocked_issues_cache AS "
            "SELECT i.id AS issue_id FROM blocked k JOIN issue i USING(n)"
        ),
        f"CREATE VIEW ready_issues AS {issues}\n  WHERE {workable}",
        f"CREATE VIEW blocked_issues AS {issues}\n  WHERE i.n IN (SELECT n FROM blocked)",
        "CREATE VIEW metadata AS SELECT key, value FROM state WHERE key = 'bd_version'",
        (
            "CREATE VIEW config AS SELECT key, value FROM state "
            "WHERE key = 'issue_prefix' AND value <> ''"
        ),
    ]
