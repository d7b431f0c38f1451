"""Memory, Outcome and Source as frozen values.

A memory is what somebody wants to know again, under a key; an outcome is one verdict about it.
Counts, trust and scores are derived from outcomes and never stored. As in issues, times are text,
absent, `null`, `""` and `[]` are the same, and what is not understood is carried in `extra`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tracker.model.issue import Extra, Json


KINDS = (
    "fact", "note", "decision", "spec", "pattern", "procedure", "pitfall", "preference", "status",
    "log",
)  # fmt: skip
VERDICTS = ("success", "failure", "mixed")
ORIGINS = ("user", "agent", "tool", "distilled", "import")
ACTIVE = "active"
ARCHIVED = "archived"
STATUSES = (ACTIVE, ARCHIVED, "tombstone")
KEY_LIMIT = 200  # characters
TITLE_LIMIT = 200  # characters
DESCRIPTION_LIMIT = 1_000  # characters
CONTENT_LIMIT = 64_000  # characters: a longer text belongs into a file of the repository
NOTE_LIMIT = 1_000  # characters
LIST_LIMIT = 100  # tags, related and superseded keys, issues, paths


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a memory comes from.

    `origin` is one of ORIGINS; `paths` are files with the blob id that each had then, "" for one
    that was not there.
    """

    by: str = ""
    origin: str = ""
    issues: tuple[str, ...] = ()
    paths: tuple[tuple[str, str], ...] = ()
    session: str = ""
    extra: Extra = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What is known under a key, as of its last edit; the order of the fields is that in the file.

    `description` says when to use it, `verdict` how the experience went that it came from, and
    `confidence` is the writer's own, 0 to 1, as the text that the file holds. A tombstone that was
    moved names the new key in `moved_to`.
    """

    key: str
    kind: str = "fact"
    title: str = ""
    description: str = ""
    content: str = ""
    tags: tuple[str, ...] = ()
    verdict: str = ""
    confidence: Json = ""
    source: Source = field(default_factory=Source)
    created_at: str = ""
    updated_at: str = ""
    verified_at: str = ""
    expires_at: str = ""
    supersedes: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    pinned: bool = False
    status: str = ACTIVE
    moved_to: str = ""
    extra: Extra = ()

    @property
    def namespace(self) -> str:
        """All segments of the key but the last; "" without any."""
        return self.key.rpartition("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One verdict about a memory, never edited; one with `voids` takes another back by its id.

    `of` is `digest` of the content that was judged, `weight` a number as text, 1 where it is empty.
    """

    id: str
    key: str = ""
    of: str = ""
    verdict: str = ""
    weight: Json = ""
    issue: str = ""
    task: str = ""
    by: str = ""
    at: str = ""
    note: str = ""
    voids: str = ""
    extra: Extra = ()


def _names(kind: type) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind) if one.name != "extra")


MEMORY_FIELDS = _names(Memory)
OUTCOME_FIELDS = _names(Outcome)
SOURCE_FIELDS = _names(Source)


def digest(content: str) -> str:
    """Eight hex digits that tell one content of a memory from another."""
    import hashlib

    return hashlib.sha256(content.encode(errors="surrogatepass")).hexdigest()[:8]
