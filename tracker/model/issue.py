"""Issue, Dependency and Comment as frozen values.

Absent, `null`, `""` and `[]` are the same; `0` is a value. Times are kept as the text that the
log holds, so that a record read and written again does not change; `instant` compares them.
Fields that this version does not know, and known ones of an unexpected JSON type, are carried as
raw JSON text in `extra`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, NamedTuple, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


Extra = tuple[tuple[str, str], ...]
"""Name and raw JSON text of each field that is carried rather than understood."""
Json = str
"""Raw JSON text of a value that the model does not look into; "" where there is none."""

STATUSES = ("open", "in_progress", "blocked", "deferred", "closed", "tombstone", "pinned", "hooked")
TYPES = (
    "bug", "feature", "task", "epic", "chore",
    "decision", "spike", "story", "milestone", "message", "molecule", "gate", "event",
    "merge-request", "agent", "role", "rig", "convoy",
)  # fmt: skip
TYPE_ALIASES = {
    "enhancement": "feature", "feat": "feature", "dec": "decision", "adr": "decision",
    "investigation": "spike", "timebox": "spike", "user-story": "story", "ms": "milestone",
    "mr": "merge-request", "mol": "molecule",
}  # fmt: skip
PARENT = "parent-child"
BLOCKS = "blocks"
BLOCKING = frozenset({BLOCKS, PARENT, "conditional-blocks", "waits-for"})
"""Dependency types that take part in `ready` and in the search for cycles."""
DEPENDENCY_TYPES = (
    "blocks", "parent-child", "conditional-blocks", "waits-for", "related", "discovered-from",
    "replies-to", "relates-to", "duplicates", "supersedes", "authored-by", "assigned-to",
    "approved-by", "attests", "tracks", "until", "caused-by", "validates", "delegated-from",
)  # fmt: skip
TITLE_LIMIT = 500  # bytes of UTF-8, as Beads and br count
TEXT_LIMIT = 1_000_000  # characters of one text field: readers of these files stop at 2 MB a line


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """`issue_id` depends on `depends_on_id`; for `parent-child` the latter is the parent."""

    issue_id: str
    depends_on_id: str
    type: str = BLOCKS
    created_at: str = ""
    created_by: str = ""
    extra: Extra = ()

    def at(self, id: str) -> Dependency:
        """The edge as seen from outside: its source is the record that it stands in."""
        return self if self.issue_id == id else replace(self, issue_id=id)

    @property
    def key(self) -> tuple[str, str]:
        """What makes two edges of one issue the same edge."""
        return self.depends_on_id, self.type


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A remark; `id` is a number in files of Beads 0.49 and a text in those of 1.x."""

    id: int | str = 0
    issue_id: str = ""
    author: str = ""
    text: str = ""
    created_at: str = ""
    extra: Extra = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One unit of work, as of its last edit.

    The order of the fields is the order in the file. A line without a priority is P0, as Beads
    reads it.
    """

    id: str
    title: str = ""
    description: str = ""
    design: str = ""
    acceptance_criteria: str = ""
    notes: str = ""
    spec_id: str = ""
    status: str = "open"
    priority: int = 0
    issue_type: str = "task"
    assignee: str = ""
    owner: str = ""
    estimated_minutes: int | None = None
    created_at: str = ""
    created_by: str = ""
    updated_at: str = ""
    closed_at: str = ""
    close_reason: str = ""
    closed_by_session: str = ""
    due_at: str = ""
    defer_until: str = ""
    external_ref: str = ""
    metadata: Json = ""
    labels: tuple[str, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    comments: tuple[Comment, ...] = ()
    deleted_at: str = ""
    deleted_by: str = ""
    delete_reason: str = ""
    original_type: str = ""
    ephemeral: bool = False
    wisp_type: str = ""
    pinned: bool = False
    is_template: bool = False
    mol_type: str = ""
    aliases: tuple[str, ...] = ()
    extra: Extra = ()

    @property
    def parent(self) -> str:
        """The id of the parent, by the edge and never by the dots of the id; "" without one."""
        return next((d.depends_on_id for d in self.dependencies if d.type == PARENT), "")


FIELDS = tuple(field.name for field in fields(Issue) if field.name != "extra")
DEFAULTS = {field.name: field.default for field in fields(Issue)}
KINDS = {field.name: str(field.type) for field in fields(Issue) if field.name != "extra"}


class Labels(NamedTuple):
    """What becomes of the labels: `set` replaces them all, then some are added and removed."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    set: tuple[str, ...] | None = None


class New(NamedTuple):
    """An issue to be created; only the title is needed.

    `metadata` is JSON text. Each of `dependencies` is the type and the id of what the new issue
    depends on; `gate` says which children a `waits-for` among them waits for. With `parent` the
    id is made from the parent's; `id` names it instead, and `force` allows any prefix for that.
    """

    title: str
    description: str = ""
    design: str = ""
    acceptance_criteria: str = ""
    notes: str = ""
    spec_id: str = ""
    priority: int = 2
    issue_type: str = "task"
    assignee: str = ""
    estimated_minutes: int | None = None
    due_at: str = ""
    defer_until: str = ""
    external_ref: str = ""
    metadata: str = ""
    labels: tuple[str, ...] = ()
    parent: str = ""
    dependencies: tuple[tuple[str, str], ...] = ()
    gate: str = ""
    id: str = ""
    force: bool = False
    ephemeral: bool = False
    pinned: bool = False
    is_template: bool = False
    mol_type: str = ""
    wisp_type: str = ""
    inherit_labels: bool = False


class Changes(TypedDict, total=False):
    """What an update sets: a field that is left out stays, an empty one is cleared.

    `append_notes` adds to `notes`, `set_metadata` and `unset_metadata` change keys of `metadata`,
    and `reason` says why a status closes the issue.
    """

    title: str
    description: str
    design: str
    acceptance_criteria: str
    notes: str
    append_notes: str
    spec_id: str
    status: str
    reason: str
    priority: int
    issue_type: str
    assignee: str
    estimated_minutes: int | None
    due_at: str
    defer_until: str
    external_ref: str
    metadata: str
    set_metadata: Mapping[str, str]
    unset_metadata: Sequence[str]
    labels: Labels
    parent: str
    ephemeral: bool
    pinned: bool
