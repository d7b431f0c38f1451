"""The names of the files in `.beads/`."""

from __future__ import annotations

ARCHIVE_FILE = "archive.jsonl"
MEMORY_FILE = "memory.jsonl"
OUTCOMES_FILE = "outcomes.jsonl"
CONFIG_FILE = "config.yaml"
PRIVATE = ".local/"
"""The folder of what never leaves this clone, beside the files that are shared."""
BESIDE = (
    OUTCOMES_FILE, PRIVATE + OUTCOMES_FILE, MEMORY_FILE, PRIVATE + MEMORY_FILE, ARCHIVE_FILE,
    CONFIG_FILE,
)  # fmt: skip
"""All of them, in the order in which they are written."""
REMEMBERED = frozenset(BESIDE) - {ARCHIVE_FILE, CONFIG_FILE}
"""Those of memories and outcomes."""
_CARRIED = "memory "
"""What the names of memories begin with that stand among the issues: no id holds a space."""


def carried_name(key: str) -> str:
    """What a memory is called among the changes of the log of issues."""
    return f"{_CARRIED}{key}"


def key_of(name: str) -> str:
    """The key of a memory among the issues, by what it is called there."""
    return name.removeprefix(_CARRIED)


def is_carried_name(name: str) -> bool:
    """Whether a change of the log of issues is about a memory."""
    return name.startswith(_CARRIED)


LOGS = ("issues.jsonl", "beads.jsonl")
OTHER_JSONL = (
    "archive.jsonl",
    "deletions.jsonl",
    "events.jsonl",
    "interactions.jsonl",
    "memory.jsonl",
    "molecules.jsonl",
    "outcomes.jsonl",
    "routes.jsonl",
    "sync_base.jsonl",
)
DATABASE_ENDINGS = (".db", ".sqlite", ".sqlite3")

FILES = ":(top,glob)**/.beads/*.jsonl"
