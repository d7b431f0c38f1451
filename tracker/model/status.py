"""Names of statuses and issue types."""

from __future__ import annotations

CLOSED = "closed"
TOMBSTONE = "tombstone"
CLOSING = frozenset({CLOSED, TOMBSTONE})
HIDDEN_TYPES = frozenset(
    {"merge-request", "gate", "molecule", "message", "agent", "role", "rig"},
)
"""Types that are bookkeeping of orchestrators: ready work only if asked for by --type."""
HIDDEN_IDS = ("-mol-", "-wisp-")
PARENT_LEVELS = 50
"""How many levels of parents a blockage or a deferral is passed down, as Beads does."""
