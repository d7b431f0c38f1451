"""The tables of both caches as SQL, and a fingerprint of that text.

Hot reads load this module: it imports nothing.
"""

from __future__ import annotations

from tracker.text import fingerprint

ISSUES = """
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
  created_at DATETIME NOT NULL, updated_at DATETIME NOT NULL, closed_at DATETIME,
  deleted_at DATETIME, last_activity DATETIME, defer_until TEXT NOT NULL);
CREATE TABLE body(n INTEGER PRIMARY KEY, line BLOB NOT NULL, listed TEXT NOT NULL);
CREATE TABLE brief(n INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE edge(
  n INTEGER NOT NULL, place INTEGER NOT NULL, target TEXT NOT NULL, type TEXT NOT NULL,
  created_at DATETIME NOT NULL, created_by TEXT NOT NULL, metadata TEXT NOT NULL,
  record TEXT NOT NULL, PRIMARY KEY(n, place)) WITHOUT ROWID;
CREATE TABLE label(n INTEGER NOT NULL, label TEXT NOT NULL, PRIMARY KEY(n, label)) WITHOUT ROWID;
CREATE TABLE blocked(n INTEGER PRIMARY KEY, reasons TEXT NOT NULL);
CREATE TABLE cycle(number INTEGER, place INTEGER, id TEXT, PRIMARY KEY(number, place))
  WITHOUT ROWID;
"""
ISSUE_INDEXES = """
CREATE UNIQUE INDEX issue_id ON issue(id);
CREATE INDEX issue_order ON issue(priority, created DESC, id);
CREATE INDEX issue_count ON issue(status, issue_type, template, pinned, ephemeral);
CREATE INDEX issue_parent ON issue(parent) WHERE parent <> '';
CREATE INDEX issue_defer ON issue(defer) WHERE defer <> 0 OR status = 'deferred';
CREATE INDEX issue_alias ON issue(aliases) WHERE aliases <> '';
CREATE INDEX issue_prefix ON issue(prefix);
CREATE INDEX edge_target ON edge(target, type, n);
CREATE INDEX edge_gate ON edge(n) WHERE type = 'waits-for' AND metadata <> '';
CREATE INDEX label_label ON label(label, n);
"""
MEMORIES = """
CREATE TABLE state(key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE line(n INTEGER PRIMARY KEY, file INTEGER NOT NULL, line BLOB NOT NULL);
CREATE TABLE memory(
  n INTEGER PRIMARY KEY, key TEXT NOT NULL, file INTEGER NOT NULL, shown INTEGER NOT NULL,
  kind TEXT NOT NULL, status TEXT NOT NULL, pinned INTEGER NOT NULL, kept INTEGER NOT NULL,
  prior REAL NOT NULL, digest TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL,
  verified INTEGER NOT NULL, expires INTEGER NOT NULL, moved_to TEXT NOT NULL,
  paths TEXT NOT NULL);
CREATE TABLE page(
  n INTEGER PRIMARY KEY, title TEXT NOT NULL, description TEXT NOT NULL, head TEXT NOT NULL,
  tags TEXT NOT NULL, verdict TEXT NOT NULL, origin TEXT NOT NULL, by TEXT NOT NULL);
CREATE TABLE tag(n INTEGER NOT NULL, tag TEXT NOT NULL, PRIMARY KEY(n, tag)) WITHOUT ROWID;
CREATE TABLE about(n INTEGER NOT NULL, issue TEXT NOT NULL, PRIMARY KEY(n, issue)) WITHOUT ROWID;
CREATE TABLE instead(n INTEGER NOT NULL, key TEXT NOT NULL, PRIMARY KEY(n, key)) WITHOUT ROWID;
CREATE TABLE outcome(
  n INTEGER PRIMARY KEY, id TEXT NOT NULL, file INTEGER NOT NULL, key TEXT NOT NULL,
  of TEXT NOT NULL, verdict TEXT NOT NULL, weight REAL NOT NULL, about TEXT NOT NULL,
  by TEXT NOT NULL, at INTEGER NOT NULL, voids TEXT NOT NULL, counts INTEGER NOT NULL);
CREATE TABLE credit(n INTEGER NOT NULL, key TEXT NOT NULL, issue TEXT NOT NULL, at INTEGER,
  archived INTEGER NOT NULL);
CREATE TABLE given(n INTEGER PRIMARY KEY, issue TEXT NOT NULL);
CREATE VIEW worth AS SELECT key, at FROM credit c
  WHERE NOT (archived AND EXISTS (SELECT 1 FROM given g WHERE g.issue = c.issue));
CREATE TABLE file(path TEXT PRIMARY KEY, stat TEXT NOT NULL, looked INTEGER, blob TEXT NOT NULL)
  WITHOUT ROWID;
CREATE VIRTUAL TABLE word USING fts5(
  key, title, description, tags, content, aux,
  tokenize = 'porter unicode61 remove_diacritics 2');
"""
MEMORY_INDEXES = """
CREATE INDEX memory_key ON memory(key, file);
CREATE INDEX memory_away ON memory(status, expires) WHERE status = 'archived' OR expires <> 0;
CREATE INDEX memory_moved ON memory(moved_to) WHERE moved_to <> '';
CREATE INDEX tag_tag ON tag(tag, n);
CREATE INDEX about_issue ON about(issue, n);
CREATE INDEX instead_key ON instead(key);
CREATE INDEX outcome_key ON outcome(key) WHERE counts;
CREATE INDEX outcome_id ON outcome(id);
CREATE INDEX outcome_voids ON outcome(voids) WHERE voids <> '';
CREATE INDEX credit_key ON credit(key);
CREATE INDEX credit_n ON credit(n);
CREATE INDEX given_issue ON given(issue);
"""


def version(name: str) -> int:
    """Return the schema version of a cache, "cache" or "memory": a fingerprint of its tables."""
    if name == "cache":
        return fingerprint(ISSUES, ISSUE_INDEXES)
    return fingerprint(MEMORIES, MEMORY_INDEXES)
