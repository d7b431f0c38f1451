"""The memories of a workspace, for commands and other programs.

    library = workspace.library
    library.get("climate/drift").content              # raises NoMemory
    library.find("climate/*")                         # a list, by key
    library.put("climate/drift", {"content": "Detrend first.", "tags": ["ml"]})
    library.append("swarm/log", "step 3 done")
    library.record(["climate/drift"], "success", About(issue="bd-1"))

Whatever is written goes through `Workspace.edit`, and so is screened, journaled and undone as
issues are. A name that a memory had before it was moved still means it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from tracker.cache.database import DAMAGE, CacheUnusable
from tracker.errors import Refused
from tracker.git.blob_ids import Tree
from tracker.json_text import quote
from tracker.log.paths import carried_name
from tracker.log.snapshot import Drafts
from tracker.memory import actions, outcomes
from tracker.memory.edits import ANYWHERE, MemoryAuthor
from tracker.memory.outcomes import About, Ledger
from tracker.memory.trust import trust
from tracker.model import memory_keys
from tracker.model.status import TOMBSTONE
from tracker.store import journal
from tracker.store.open_write import path_in

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from typing import Any

    from tracker.cache.issues.source import IssueSource
    from tracker.issues.editing import Who
    from tracker.log.memory_log import MemoryDraft
    from tracker.log.snapshot import Snapshot
    from tracker.memory.edits import MemoryEdit, MemoryTarget
    from tracker.memory.trust import Trust
    from tracker.model.context import Caller, Place
    from tracker.model.memory import Memory, Outcome
    from tracker.store.store import Store


T = TypeVar("T")
NOTHING = About()


class MemoryWritten(NamedTuple):
    """A memory that was written, and what was there before, forgotten or not."""

    memory: Memory
    before: Memory | None

    @property
    def was(self) -> Memory | None:
        """What the memory was before; None where there was none that counts."""
        before = self.before
        return None if before is None or before.status == TOMBSTONE else before

    @property
    def dropped(self) -> list[str]:
        """What was known of a memory that was forgotten, and is not of the one in its place."""
        return actions.dropped(self.before, self.memory) if self.before else []


class MemoryHost(Protocol):
    """The part of a workspace that its memories use."""

    place: Place
    caller: Caller

    @property
    def source(self) -> IssueSource:
        """The log and its cache."""

    @property
    def config(self) -> Mapping[str, Any]:
        """The settings of the workspace."""

    @property
    def local(self) -> str:
        """The folder of private files."""

    @property
    def store(self) -> Store:
        """The files as they are written."""

    def who(self) -> Who:
        """The author of a change, now."""

    def shelf(self) -> Snapshot:
        """All files as they are now."""

    def edit(self, action: Callable[[Drafts], T]) -> T:
        """Run an action on the files, whole or not at all."""

    def preview(self, action: Callable[[Drafts], T]) -> T:
        """Return what an action would give; write nothing."""


class Memories:
    """What is remembered in one workspace, and what came of it."""

    def __init__(self, workspace: MemoryHost) -> None:
        self._workspace = workspace

    @cached_property
    def tree(self) -> Tree:
        """The files that memories may name."""
        place = self._workspace.place
        return Tree(place.top or place.root)

    def hand(self, origin: str = "") -> MemoryAuthor:
        """The caller as a writer; an agent where it says which session it is, unless told."""
        workspace = self._workspace
        usual = "agent" if workspace.caller.session_id else "user"
        return MemoryAuthor(workspace.who(), origin or usual, Tree(self.tree.root).blob)

    # What is there.

    def drafts(self) -> Drafts:
        """The files as they are now, for questions; what cannot be read is told in `amiss`."""
        return self._workspace.preview(_read)

    def notes(self) -> MemoryDraft:
        """Every memory as it is now."""
        return self.drafts().memories

    def get(self, key: str) -> Memory:
        """The memory of a key. Raises NoMemory, with keys that may have been meant."""
        return actions.live(self.notes(), key)

    def find(self, pattern: str = "**", *, gone: bool = False) -> list[Memory]:
        """The memories whose keys match, by key; with `gone` those that were forgotten too.

        Without what is only carried, since many are much faster read like that: `get` has all.
        """
        is_meant = memory_keys.matcher(pattern)
        return [
            one
            for one in self.notes().glances()
            if is_meant(one.key) and (gone or one.status != TOMBSTONE)
        ]

    def saying(self, words: Iterable[str]) -> list[Memory]:
        """The memories in which one of these words stands, for questions."""
        from tracker.cache.memories.source import saying, source_of

        workspace, words = self._workspace, list(words)
        with suppress(CacheUnusable, OSError, *DAMAGE):
            return saying(source_of(workspace.place, workspace.source), words)
        return list(workspace.shelf().memories_saying(words))

    def of_issue(self, id: str, given: Collection[str]) -> list[Memory]:
        """The memories that came of an issue, and of those that its work was given, by key."""
        shelf = self._workspace.shelf()
        found = {
            one.key: one
            for one in shelf.memories_with(quote(id).encode("utf-8", "surrogatepass"))
            if one.status != TOMBSTONE and id in one.source.issues
        }
        if given:
            notes = Drafts(shelf).memories
            for key in given:
                memory = actions.known(notes, key)
                if memory is not None:
                    found[memory.key] = memory
        return [found[key] for key in sorted(found)]

    def ledger(self, drafts: Drafts | None = None) -> Ledger:
        """Every verdict that counts, and the credit of closed issues."""
        from tracker.log.config_file import closing_statuses

        drafts = drafts or self.drafts()
        live, archived = (
            drafts.before.issues_with(b'"%s"' % outcomes.GIVEN.encode(), archived=archived)
            for archived in (False, True)
        )
        closing = closing_statuses(self._workspace.config)
        credits = outcomes.credits_of(live, closing, archived)
        return Ledger(drafts.outcomes.every(), drafts.memories.peek, credits)

    def trust(self, memory: Memory, ledger: Ledger | None = None) -> Trust:
        """How far a memory is trusted now."""
        ledger = ledger or self.ledger()
        own, now = outcomes.own(memory), self._workspace.caller.clock()
        return trust(own, ledger.votes(memory), ledger.credits(memory.key), now)

    def stale(self, memory: Memory) -> list[str]:
        """The files that a memory names and that are not what they were when it was written."""
        return self.tree.moved(memory.source.paths)

    # What is written.

    def put(
        self, key: str, wish: MemoryEdit, where: MemoryTarget = ANYWHERE, origin: str = ""
    ) -> Memory:
        """Set fields of a memory, or make one; without a key, under one made of the text."""
        return self.written(key, wish, where, origin).memory

    def written(
        self, key: str, wish: MemoryEdit, where: MemoryTarget = ANYWHERE, origin: str = ""
    ) -> MemoryWritten:
        """The same, with what was there before."""

        def action(notes: MemoryDraft, hand: MemoryAuthor) -> MemoryWritten:
            name = key or actions.free_key(notes, wish.get("content", ""))
            before = actions.held(notes, name)
            return MemoryWritten(actions.put(notes, name, wish, hand, where), before)

        return self._edit(action, origin)

    def append(
        self, key: str, text: str, where: MemoryTarget = ANYWHERE, origin: str = ""
    ) -> Memory:
        """Add lines to a memory, or make one of them."""
        return self.appended(key, text, where, origin).memory

    def appended(
        self, key: str, text: str, where: MemoryTarget = ANYWHERE, origin: str = ""
    ) -> MemoryWritten:
        """The same, with what was there before."""

        def action(notes: MemoryDraft, hand: MemoryAuthor) -> MemoryWritten:
            before = actions.held(notes, key)
            return MemoryWritten(actions.append(notes, key, text, hand, where), before)

        return self._edit(action, origin)

    def forget(self, names: Iterable[str]) -> list[Memory]:
        """Forget memories, all or none; `restore` brings them back."""
        every = list(names)
        return self._edit(lambda notes, hand: [actions.forget(notes, key, hand) for key in every])

    def present(self, names: Sequence[str]) -> list[str]:
        """The keys among these under which any record is kept, tombstones too. Raises NoMemory."""
        notes = self.notes()
        found = [key for key in names if notes.get(key) is not None]
        if len(found) < len(names):
            gone = next(key for key in names if key not in found)
            raise memory_keys.missing(gone, notes.keys())
        return found

    def purge(self, names: Sequence[str]) -> list[str]:
        """Take records away for good, and what this clone's journal and cache know of them.

        The latter also where the records have gone already: a purge may have been interrupted.
        """
        try:
            found = self.present(names)

            def action(drafts: Drafts) -> None:
                for key in found:
                    drafts.memories.drop(key)

            self._workspace.edit(action)
        finally:
            self._scrub(names)
        return found

    def _scrub(self, names: Sequence[str]) -> None:
        """Forget what this clone's journal and cache hold of records."""
        local = self._workspace.local
        try:
            with self._workspace.store.held():
                journal.forget(local, {*names, *map(carried_name, names)})
        except OSError as error:
            raise Refused(
                f"the journal may still hold it ({error.strerror or error})",
                hint=f"delete {path_in(local)}: older writes cannot be undone then",
            ) from None
        with suppress(OSError):  # a database keeps what was deleted in its free pages
            os.unlink(os.path.join(local, "memory.db"))

    def move(self, old: str, new: str) -> Memory:
        """Give a memory another key; the old one goes on meaning it."""
        return self._edit(lambda notes, hand: actions.move(notes, old, new, hand))

    def change(
        self, action: Callable[[MemoryDraft, str, MemoryAuthor], T], names: Sequence[str]
    ) -> list[T]:
        """What a memory action gives for each key, all or none in one write."""
        return self._edit(lambda notes, hand: [action(notes, key, hand) for key in names])

    def record(self, names: Sequence[str], verdict: str, about: About = NOTHING) -> list[Outcome]:
        """Say what came of using memories, all or none."""
        who = self._workspace.who()

        def action(drafts: Drafts) -> list[Outcome]:
            return [outcomes.record(drafts, key, verdict, about, who) for key in names]

        return self._workspace.edit(action)

    def take_back(self, ids: Sequence[str]) -> list[Outcome]:
        """Void verdicts by their ids, all or none."""
        who = self._workspace.who()

        def action(drafts: Drafts) -> list[Outcome]:
            return [outcomes.take_back(drafts.outcomes, id, who) for id in ids]

        return self._workspace.edit(action)

    def _edit(self, action: Callable[[MemoryDraft, MemoryAuthor], T], origin: str = "") -> T:
        hand = self.hand(origin)
        return self._workspace.edit(lambda drafts: action(drafts.memories, hand))


def _read(drafts: Drafts) -> Drafts:
    """Read what memories are made of, so that its problems are known."""
    before = drafts.before
    for private in (True, False):
        before.memories(private=private)
    return drafts
