"""What other programs read in the cache by SQL, under the names and columns of Beads' tables.

They are views, because a real `bd` that finds tables adopts the file and writes the log from it.
Texts that are missing are '' and everything else is NULL, as Beads keeps them; times are declared
as DATETIME where readers scan them as such. `events` is derived from the records as they are now.

`ready_issues` is what `bd ready` lists without flags, with two differences: its clock is SQLite's,
in whole seconds, and the statuses that count as closed are those of config.yaml at the time when
the cache was last brought up to date.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker.where import hidden, ready

if TYPE_CHECKING:
    from collections.abc import Iterable

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
