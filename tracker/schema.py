"""The tables of the cache, and the rows that a record becomes.

The cache's own tables are `issue` (what questions look at), `body` (the line itself, and the
record as `list --json` prints it), `edge`, `label`, `blocked`, `cycle` and `state`. What other
programs read by SQL are views with the names and columns of Beads; as views, because a real `bd`
that finds tables adopts the file and writes the log from it.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from tracker.codec import understood
from tracker.ids import is_top_level, prefix_of
from tracker.model import PARENT, instant

VERSION = 1

TABLES = """
CREATE TABLE state(key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE issue(
  n INTEGER PRIMARY KEY, id TEXT NOT NULL, digest BLOB NOT NULL,
  title TEXT NOT NULL, status TEXT NOT NULL, priority INTEGER NOT NULL, issue_type TEXT NOT NULL,
  assignee TEXT NOT NULL, owner TEXT NOT NULL, created_by TEXT NOT NULL,
  spec_id TEXT NOT NULL, external_ref TEXT NOT NULL,
  mol_type TEXT NOT NULL, wisp_type TEXT NOT NULL, close_reason TEXT NOT NULL,
  created INTEGER NOT NULL, updated INTEGER NOT NULL, closed INTEGER NOT NULL,
  due INTEGER NOT NULL, defer INTEGER NOT NULL, estimated INTEGER,
  pinned INTEGER NOT NULL, ephemeral INTEGER NOT NULL, template INTEGER NOT NULL,
  described INTEGER NOT NULL, parent TEXT NOT NULL, labels TEXT NOT NULL,
  comments INTEGER NOT NULL, aliases TEXT NOT NULL, prefix TEXT NOT NULL,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL, defer_until TEXT NOT NULL,
  brief TEXT NOT NULL);
CREATE TABLE body(n INTEGER PRIMARY KEY, line BLOB NOT NULL, listed TEXT NOT NULL);
CREATE TABLE edge(
  n INTEGER NOT NULL, place INTEGER NOT NULL, target TEXT NOT NULL, type TEXT NOT NULL,
  created_at TEXT NOT NULL, created_by TEXT NOT NULL, metadata TEXT NOT NULL,
  record TEXT NOT NULL, PRIMARY KEY(n, place)) WITHOUT ROWID;
CREATE TABLE label(n INTEGER NOT NULL, label TEXT NOT NULL, PRIMARY KEY(n, label)) WITHOUT ROWID;
CREATE TABLE blocked(n INTEGER PRIMARY KEY, reasons TEXT NOT NULL);
CREATE TABLE cycle(number INTEGER, place INTEGER, id TEXT, PRIMARY KEY(number, place))
  WITHOUT ROWID;
"""
INDEXES = """
CREATE UNIQUE INDEX issue_id ON issue(id);
CREATE INDEX issue_order ON issue(priority, created DESC, id);
CREATE INDEX issue_count ON issue(status, issue_type, template, pinned, ephemeral);
CREATE INDEX issue_parent ON issue(parent) WHERE parent <> '';
CREATE INDEX issue_defer ON issue(defer) WHERE defer <> 0 OR status = 'deferred';
CREATE INDEX issue_alias ON issue(aliases) WHERE aliases <> '';
CREATE INDEX issue_prefix ON issue(prefix);
CREATE INDEX edge_target ON edge(target, type, n);
CREATE INDEX label_label ON label(label, n);
"""

_TEXTS = (
    "description", "design", "acceptance_criteria", "notes", "closed_at", "due_at",
    "sender", "hook_bead", "role_bead", "agent_state", "last_activity", "role_type", "rig",
    "deleted_at", "deleted_by", "delete_reason", "original_type", "closed_by_session",
    "source_system", "metadata", "event_kind", "actor", "target", "payload",
)  # fmt: skip


def views() -> str:
    """The SQL of everything that other programs read."""
    texts = ", ".join(f"coalesce(b.line ->> '$.{name}', '') AS {name}" for name in _TEXTS)
    return f"""
CREATE VIEW issues AS SELECT i.id, i.title, {texts},
  i.status, i.priority, i.issue_type, i.assignee, i.owner, i.estimated AS estimated_minutes,
  i.spec_id, i.ephemeral, i.ephemeral AS wisp, i.pinned, i.template AS is_template,
  i.created_at, i.created_by, i.updated_at, i.close_reason, i.mol_type, i.wisp_type,
  nullif(i.defer_until, '') AS defer_until, nullif(i.external_ref, '') AS external_ref,
  hex(i.digest) AS content_hash, '' AS source_repo, 0 AS compaction_level
  FROM issue i JOIN body b USING(n);
CREATE VIEW dependencies AS SELECT i.id AS issue_id, e.target AS depends_on_id, e.type,
  e.created_at, e.created_by, e.metadata, '' AS thread_id FROM edge e JOIN issue i USING(n);
CREATE VIEW labels AS SELECT i.id AS issue_id, l.label FROM label l JOIN issue i USING(n);
CREATE VIEW comments AS SELECT c.value ->> '$.id' AS id, i.id AS issue_id,
  c.value ->> '$.author' AS author, c.value ->> '$.text' AS text,
  c.value ->> '$.created_at' AS created_at
  FROM issue i JOIN body b USING(n), json_each(b.line, '$.comments') c WHERE i.comments > 0;
CREATE VIEW events AS
  SELECT i.n * 4 AS id, i.id AS issue_id, 'created' AS event_type, i.created_by AS actor,
    NULL AS old_value, i.title AS new_value, NULL AS comment, i.created_at FROM issue i
  UNION ALL SELECT i.n * 4 + 1, i.id, 'closed', i.assignee, NULL, 'closed', i.close_reason,
    b.line ->> '$.closed_at' FROM issue i JOIN body b USING(n) WHERE i.closed > 0
  UNION ALL SELECT i.n * 4 + 2, i.id, 'updated', i.assignee, NULL, i.status, NULL, i.updated_at
    FROM issue i WHERE i.updated > i.created;
CREATE VIEW blocked_issues_cache AS SELECT i.id AS issue_id FROM blocked b JOIN issue i USING(n);
CREATE VIEW ready_issues AS SELECT * FROM issues WHERE status = 'open' AND pinned = 0
  AND ephemeral = 0 AND id NOT IN (SELECT issue_id FROM blocked_issues_cache);
CREATE VIEW blocked_issues AS SELECT * FROM issues
  WHERE id IN (SELECT issue_id FROM blocked_issues_cache);
CREATE VIEW metadata AS SELECT key, value FROM state
  WHERE key IN ('bd_version', 'issue_prefix', 'repo_id');
CREATE VIEW config AS SELECT key, value FROM state WHERE key = 'issue_prefix';
"""


def digest(line: bytes) -> bytes:
    """What a line is recognised by: 16 bytes of its SHA-256."""
    return hashlib.sha256(line).digest()[:16]


class Writer:
    """Puts records into the tables; `put` replaces what stands under the same id."""

    def __init__(self, db: sqlite3.Connection) -> None:
        import orjson  # noqa: PLC0415  (needed only when lines are parsed)

        self.db = db
        self._dumps = orjson.dumps
        self._indent = orjson.OPT_INDENT_2
        self._error = orjson.JSONEncodeError

    def put(self, line: bytes, row: Mapping[str, Any], n: int | None = None) -> None:
        """Add one record; the caller has removed the one that it replaces."""
        known, _ = understood(row)
        columns = self._columns(line, row, known)
        cursor = self.db.execute(_INSERT, (n, *columns))
        number = cursor.lastrowid
        self.db.execute("INSERT INTO body VALUES(?,?,?)", (number, line, self._listed(row, known)))
        edges = known.get("dependencies", ())
        self.db.executemany(
            "INSERT INTO edge VALUES(?,?,?,?,?,?,?,?)",
            [(number, place, *self._edge(known["id"], edge)) for place, edge in enumerate(edges)],
        )
        self.db.executemany(
            "INSERT OR IGNORE INTO label VALUES(?,?)",
            [(number, safe(label)) for label in known.get("labels", ())],
        )

    def remove(self, numbers: Iterable[int]) -> None:
        """Take records away, by their numbers."""
        rows = [(n,) for n in numbers]
        for table in ("issue", "body", "edge", "label", "blocked"):
            self.db.executemany(f"DELETE FROM {table} WHERE n = ?", rows)  # noqa: S608

    def _columns(
        self, line: bytes, row: Mapping[str, Any], known: dict[str, Any]
    ) -> tuple[Any, ...]:
        get = known.get
        id = known["id"]
        edges = get("dependencies", ())
        return (
            safe(id), digest(line), safe(get("title", "")), safe(get("status", "open")),
            bounded(get("priority", 0)), safe(get("issue_type", "task")),
            safe(get("assignee", "")), safe(get("owner", "")), safe(get("created_by", "")),
            safe(get("spec_id", "")), safe(get("external_ref", "")),
            safe(get("mol_type", "")), safe(get("wisp_type", "")), safe(get("close_reason", "")),
            instant(get("created_at", "")), instant(get("updated_at", "")),
            instant(get("closed_at", "")), instant(get("due_at", "")),
            instant(get("defer_until", "")), bounded(get("estimated_minutes")),
            get("pinned", False), get("ephemeral", False), get("is_template", False),
            "description" in known,
            safe(next((e["depends_on_id"] for e in edges if e.get("type") == PARENT), "")),
            safe("\x1f".join(get("labels", ()))), len(get("comments", ())),
            safe("".join(f"\x1f{alias}\x1f" for alias in get("aliases", ()))),
            safe(prefix_of(id) if is_top_level(id) else _NO_PREFIX),
            safe(get("created_at", "")), safe(get("updated_at", "")), safe(get("defer_until", "")),
            self._brief(known, row),
        )  # fmt: skip

    def _pretty(self, value: object, depth: int) -> str:
        """Indented JSON as it stands `depth` spaces deep inside a document."""
        try:
            text = self._dumps(value, option=self._indent).decode()
        except (self._error, TypeError):  # lone surrogates, integers beyond 64 bits
            import json  # noqa: PLC0415

            text = json.dumps(value, indent=2)
        return text.replace("\n", "\n" + " " * depth)

    def _brief(self, known: dict[str, Any], row: Mapping[str, Any]) -> str:
        """What an edge tells of its target, as the members of an object eight spaces deep."""
        fields = _with_defaults(known)
        brief = {name: fields[name] for name in _BRIEF}
        return self._pretty(brief, 6)[1:].lstrip().removesuffix("}").rstrip()

    def _listed(self, row: Mapping[str, Any], known: dict[str, Any]) -> str:
        """The record two spaces deep, without dependencies, comments and the closing brace."""
        fields = _with_defaults(known)
        rest = {k: v for k, v in row.items() if k not in fields and k not in _NOT_LISTED}
        for name in ("dependencies", "comments", "aliases"):
            fields.pop(name, None)
        if "metadata" in fields:
            fields["metadata"] = row["metadata"]
        text = self._pretty({**fields, **rest}, 2)
        return text.removesuffix("}").rstrip()

    def _edge(self, id: str, edge: Mapping[str, Any]) -> tuple[str, ...]:
        kind = edge.get("type")
        kind = kind if isinstance(kind, str) and kind else "blocks"
        record = {**edge, "issue_id": id, "type": kind, "dependency_type": kind}
        text = self._pretty(record, 6).removesuffix("}").rstrip()
        texts = (_plain(edge, "created_at"), _plain(edge, "created_by"), _plain(edge, "metadata"))
        return (safe(edge["depends_on_id"]), safe(kind), *texts, text)


_NO_PREFIX = "\n"  # of a child: no id has it
_COLUMNS = 33
_INSERT = f"INSERT INTO issue VALUES({','.join('?' * (_COLUMNS + 1))})"  # noqa: S608
_BRIEF = ("id", "title", "status", "priority", "issue_type", "updated_at")
_NOT_LISTED = frozenset(
    {"_type", "dependencies", "comments", "dependency_count", "dependent_count", "comment_count"}
)


def _with_defaults(known: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that every reader relies on come first and are always there."""
    created = known.get("created_at") or "1970-01-01T00:00:00Z"
    fields = {
        "id": known["id"],
        "title": known.get("title", ""),
        **known,
        "status": known.get("status", "open"),
        "priority": known.get("priority", 0),
        "issue_type": known.get("issue_type", "task"),
        "created_at": created,
        "updated_at": known.get("updated_at") or created,
    }
    return {name: value for name, value in fields.items() if value is not False}


def _plain(edge: Mapping[str, Any], name: str) -> str:
    value = edge.get(name)
    return safe(value) if isinstance(value, str) else ""


def safe(text: str) -> str:
    """Text that SQLite can hold: lone surrogates become their escapes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text


def bounded(number: int | None) -> int | None:
    """A number that SQLite can hold."""
    if number is None:
        return None
    return max(-(1 << 62), min(number, 1 << 62))
