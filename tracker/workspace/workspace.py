"""A workspace: its place, settings, queries and writes."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from tracker import fileio
from tracker.cache import database as caches
from tracker.cache.issues.source import IssueSource, remembered
from tracker.cache.refresh import open_cache
from tracker.errors import Invalid, NotFound, Refused, TrackerError
from tracker.fileio import read_log
from tracker.log.config_file import closing_statuses, names, plain, value
from tracker.store.open_write import is_pending
from tracker.text import whole_number
from tracker.workspace import warnings as workspace_warnings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from tracker.cache.issues.queries import IssueQueries
    from tracker.cache.memories.queries import MemoryQueries
    from tracker.issues.editing import Who
    from tracker.log.issue_log import Draft, Editable
    from tracker.log.record_file import RecordChange, Wanted
    from tracker.log.snapshot import Drafts, Snapshot
    from tracker.model.context import Caller, Place
    from tracker.model.issue import Issue
    from tracker.model.validation import Settings
    from tracker.secrets.gate import Gate
    from tracker.store.journal import Op
    from tracker.store.store import Places, Plan, Store
    from tracker.workspace.claims import Claim, Claims
    from tracker.workspace.memories import Memories


T = TypeVar("T")


class Workspace:
    """The issues of one place, for one caller.

    `written` holds what has been written so far: it is done, whatever fails after it.
    """

    def __init__(self, place: Place, caller: Caller) -> None:
        self.place = place
        self.caller = caller
        self.local = os.path.join(place.beads, ".local")
        self.amiss: list[str] = []
        self._unnoted = ""
        self.is_cached = False  # whether a cache on disk has answered
        self._doubted: set[str] = set()
        self.written: list[RecordChange] = []
        workspace_warnings.forbid_unread_database(place)
        self._settle()

    @cached_property
    def config_text(self) -> bytes:
        """config.yaml as it is; empty where there is none. Raises Unusable."""
        try:
            return fileio.read(os.path.join(self.place.beads, "config.yaml"))
        except fileio.Unusable:
            raise
        except (FileNotFoundError, NotADirectoryError):
            return b""
        except OSError as error:  # its settings are not to be taken for unset
            raise Refused(
                f"config.yaml cannot be read: {error.strerror or error}",
                hint=f"ls -l {self.place.beads}/config.yaml",
            ) from None

    @property
    def source(self) -> IssueSource:
        """The log and its cache, at this moment."""
        place = self.place
        return IssueSource(
            place.log, place.cache, self.local, self.config_text, self.caller.clock()
        )

    @cached_property
    def answers(self) -> IssueQueries:
        """Questions to the log as it is now."""
        from tracker.cache.issues.queries import IssueQueries
        from tracker.issues.filters import Moment

        cache = self._opened(self.source)
        closing = closing_statuses(cache.settings)
        return IssueQueries(cache, Moment(self.caller.clock(), closing))

    def _opened(self, source: caches.CacheSource) -> caches.Cache:
        cache = open_cache(source, anew=source.name in self._doubted)
        if cache.kept:
            self.is_cached = True
            self._doubted.discard(source.name)
        return cache

    def asked(self, question: Callable[[], T]) -> T:
        """What a question gives, and where the cache turns out to be damaged, what the log says.

        The question begins with `answers` or `recollection` and changes nothing.
        """
        try:
            return question()
        except caches.DAMAGE:
            if not self.is_cached:
                raise
        self.distrust()
        return question()

    def distrust(self) -> None:
        """From here on, answer from the files alone, and have the caches made anew."""
        self.refresh()
        self.is_cached = False
        self._doubted.update(caches.NAMES)
        caches.distrust(self.local)

    def look_back(self, data: bytes, path: str) -> list[str]:
        """From here on, answer for another state of the log, and say what is wrong with that."""
        from tracker.cache.issues import follow
        from tracker.cache.issues.queries import IssueQueries
        from tracker.issues.filters import Moment

        self.refresh()
        cache = follow.in_memory(self.source._replace(log=path), data, "")
        closing = closing_statuses(cache.settings)
        self.__dict__["answers"] = IssueQueries(cache, Moment(self.caller.clock(), closing))
        return cache.problems.split("\n") if cache.problems else []

    def open_archive(self) -> frozenset[str]:
        """From here on, answer for what was put away as well; the ids that are only there."""
        from tracker.issues.archive import together
        from tracker.log.paths import ARCHIVE_FILE

        away, _ = read_log(os.path.join(self.place.beads, ARCHIVE_FILE))
        if not away.strip():
            return frozenset()
        before = frozenset(self.answers.all_ids())
        self.look_back(together(read_log(self.place.log)[0], away), self.place.log)
        return frozenset(self.answers.all_ids()) - before

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """Every setting under its dotted key; does not look at the log."""
        found = plain(self.config_text)
        return remembered(self.source) if found is None else found

    def warnings(self) -> list[str]:
        """What a reader should know about the log before believing an answer."""
        return self.asked(self._warnings)

    def _warnings(self) -> list[str]:
        cache = self.answers.cache
        problems = cache.problems.split("\n") if cache.problems else []
        return workspace_warnings.all_of(self.place, problems, markers=bool(cache.state["markers"]))

    def news(self) -> list[str]:
        """What came into the log from outside and should be looked at; said once."""
        cache = self.answers.cache
        if "news" not in cache.state:
            return []
        from tracker.cache.issues import follow

        return follow.take(self.source, cache)

    def settings(self) -> Settings:
        """What the configuration says to actions."""
        from tracker.model.validation import Settings
        from tracker.workspace.discovery import prefix_from_folder

        config = self.config
        if self.place.foreign_db is not None:
            from tracker.workspace import beads_database

            config = beads_database.settled(config, self.place.foreign_db)
        depth = whole_number(value(config, "hierarchy.max-depth", "3"))
        return Settings(
            prefix=value(config, "issue-prefix") or value(config, "prefix"),
            folder=prefix_from_folder(self.place.root),
            statuses=names(config, "status.custom"),
            closing=closing_statuses(config),
            types=names(config, "types.custom"),
            max_depth=3 if depth is None else depth,
            require_description=value(config, "create.require-description") == "true",
            allowed_prefixes=names(config, "allowed-prefixes"),
        )

    def who(self) -> Who:
        """The caller, now; without the mail address, which git may have to be asked for."""
        from tracker.issues.editing import Who

        caller = self.caller
        return Who(
            name=caller.actor, now=caller.clock(), session=caller.session_id, nonce=caller.nonce()
        )

    def creator(self) -> Who:
        """The caller as new issues name it."""
        return self.who()._replace(owner=self.caller.owner)

    def write(self, action: Callable[[Draft], T]) -> T:
        """Run an action on the log of issues, whole or not at all, and remember it for undo."""
        return self.edit(lambda drafts: action(drafts.issues))

    def edit(self, action: Callable[[Drafts], T]) -> T:
        """Run an action on any of the files, whole or not at all, and remember it for undo.

        It may run again where another program was faster; what its last run gives is the result.
        """
        from tracker.log.snapshot import Drafts

        results: list[T] = []

        def plan(shelf: Snapshot) -> Wanted:
            drafts = Drafts(shelf)
            results.append(action(drafts))
            return drafts.written()

        self.revise(plan)
        return self.gate.marked(results[-1])

    def rehearse(self, action: Callable[[Draft], T]) -> T:
        """What an action on issues would give, without writing anything."""
        return self.preview(lambda drafts: action(drafts.issues))

    def preview(self, action: Callable[[Drafts], T]) -> T:
        """What an action would give, without writing anything."""
        from tracker.log.snapshot import Drafts

        shelf = self.shelf()
        try:
            return action(Drafts(shelf))
        finally:
            self._notice(shelf)

    def shelf(self) -> Snapshot:
        """The files as they are now, each read when it is first asked for; without the cache."""
        from tracker.log.issue_log import Log
        from tracker.log.snapshot import Snapshot

        store = self.store
        return Snapshot(
            store.name,
            lambda file: read_log(store.path(file))[0],
            lambda data: Log(data, store.name),
        )

    def _notice(self, shelf: Snapshot) -> None:
        self.amiss = workspace_warnings.all_of(
            self.place, [str(problem) for problem in shelf.problems]
        )

    def rewrite(
        self, plan: Callable[[Editable], Mapping[str, bytes | None]]
    ) -> tuple[RecordChange, ...]:
        """Give issues the lines that a plan names, and note it in the journal."""
        name = os.path.basename(self.place.log)
        return self.revise(lambda shelf: {name: plan(shelf.issues)})

    def revise(
        self, plan: Plan, undone: Callable[[], Op] | None = None
    ) -> tuple[RecordChange, ...]:
        """Give records of any file the lines that a plan names, and note it in the journal.

        `undone` tells, once the plan has run, which write it takes back. `amiss` then tells what
        `warnings` would have told, and whether the journal could not be written.
        """
        from tracker.log.paths import BESIDE, CONFIG_FILE
        from tracker.store import journal as store_journal
        from tracker.store.journal import Op
        from tracker.store.store import Request

        if self.caller.readonly:
            raise Refused("nothing is written in read-only mode", hint="leave --readonly out")
        who = self.who()

        def noticing(before: Snapshot) -> Wanted:
            try:
                return self.gate.passed(before, plan(before))
            finally:
                self._notice(before)

        def signed(changes: tuple[RecordChange, ...]) -> Op:
            argv = self.gate.marked(self.caller.argv)
            undoes = undone().key if undone else ""
            key = f"{who.nonce:016x}"
            return Op(0, key, who.now, argv, who.name, changes, undoes, session=who.session)

        def places() -> Places:
            return store_journal.places(undone()) if undone else {}

        self.refresh()  # a cache that is being read could not follow what is written
        written = self.store.rewrite(Request(noticing, signed, places))
        self.written += written.changes
        self._tell_unnoted(written.unnoted)
        self._tell_hidden({one.file for one in written.changes})
        if any(one.file == CONFIG_FILE for one in written.changes):
            self.refresh()
        issues = tuple(one for one in written.changes if one.file not in BESIDE)
        if issues and self.claims.exist():
            self.claims.settle(issues, who, self.settings().closing)
        return written.changes

    def note_rewrite(self) -> None:
        """Note in the journal that whole files were written, so that undo names it.

        The caller holds the lock of the log.
        """
        from tracker.fileio import make_local
        from tracker.git.discovery import tracked_below
        from tracker.store.journal import Journal, Op

        if tracked_below(self.local):
            return
        who = self.who()
        key, argv = f"{who.nonce:016x}", self.gate.marked(self.caller.argv)
        op = Op(0, key, who.now, argv, who.name, (), session=who.session, rewrote=True)
        journal = Journal(self.local)
        try:
            make_local(self.local)
            journal.note(op)
            journal.close()
        except OSError as error:
            journal.miss(op)
            self._tell_unnoted(error.strerror or str(error))

    def _tell_unnoted(self, why: str) -> None:
        if why and not self._unnoted:
            self._unnoted = f"the journal cannot be written ({why}): bd undo cannot take this back"
        if self._unnoted:
            self.amiss.append(self._unnoted)

    def _tell_hidden(self, files: Iterable[str]) -> None:
        """Say where git is told not to look at what was written: nobody would commit it."""
        from tracker.git import discovery

        top, git_dir = self.place.top, self.place.git_dir
        if top is None or git_dir is None:
            return
        for path in sorted(map(self.store.path, files)):
            mark = discovery.mark_of(top, git_dir, path)
            if mark:
                name = os.path.relpath(path, top)
                fix = discovery.unmarking(top, name, mark)
                self.amiss.append(f"git does not see changes of {name}, marked {mark} ({fix})")

    @cached_property
    def library(self) -> Memories:
        """What is remembered here."""
        from tracker.workspace.memories import Memories

        return Memories(self)

    @cached_property
    def recollection(self) -> MemoryQueries:
        """Questions to what is remembered here, as it is now."""
        from tracker.cache.memories.queries import MemoryQueries
        from tracker.cache.memories.source import source_of
        from tracker.git.blob_ids import Tree

        source = source_of(self.place, self.source)
        tree = Tree(self.place.top or self.place.root)
        return MemoryQueries(self._opened(source), source.now, tree.moved)

    @cached_property
    def gate(self) -> Gate:
        """What looks at every line on its way to a file that git keeps."""
        from tracker.secrets import gate

        return gate.Gate(lambda: gate.policy(self.local, self.config, self.caller))

    @cached_property
    def claims(self) -> Claims:
        """What the worktrees of this clone have claimed."""
        from tracker.workspace.claims import Claims

        return Claims(self.place, self.local, self._patience)

    @contextmanager
    def claiming(self, who: Who, lease: int = 0) -> Iterator[Callable[[Draft, str], Issue]]:
        """Within it nobody else claims; what it gives takes one issue in a draft."""
        settings, claims = self.settings(), self.claims
        with claims.alone():
            yield lambda draft, id: claims.take(draft, id, lease, settings, who)

    def claim(self, id: str, lease: int = 0) -> Issue:
        """Take an issue for the caller; `lease` in nanoseconds, 0 for as long as it takes.

        Who claims again with the same session keeps it. Raises Taken, which names the holder.
        """
        with self.claiming(self.who(), lease) as take:
            return self.write(lambda draft: take(draft, id))

    def reclaimable(self) -> list[Claim]:
        """The claims whose lease is over although the work is not, oldest first."""
        from tracker.store.cached_files import CachedRecords

        if not self.claims.exist():
            return []
        records = CachedRecords(self.answers.cache, b"")
        closing = closing_statuses(self.config)
        return self.claims.expired(records, self.caller.clock(), closing)

    @property
    def _patience(self) -> float:
        from tracker.locks import WAIT

        timeout = self.caller.lock_timeout
        return WAIT if timeout is None else timeout

    @property
    def store(self) -> Store:
        """The log, for writing."""
        from tracker.store.store import Store

        return Store(self.place, self.source, self._patience, self.caller.note)

    def _settle(self) -> None:
        """See that no question meets half of a write that was interrupted; waits for nobody."""
        if is_pending(self.local) and not self.caller.readonly:
            from tracker.locks import hold_folder
            from tracker.store.store import Store

            with suppress(TrackerError, OSError):
                with hold_folder(self.place.beads, 0.0):
                    pass  # else its writer is at work
                Store(self.place, self.source, 0.0).settle()

    def refresh(self) -> None:
        """Forget what was read, so that the next question sees the log as it is then."""
        for name in ("answers", "recollection"):
            held = self.__dict__.pop(name, None)
            if held is not None:
                held.cache.close()
        self.__dict__.pop("config_text", None)
        self.__dict__.pop("config", None)
        self._settle()

    def operations(self) -> list[Op]:
        """The writes that can be undone or looked at, oldest first.

        One that was interrupted is completed first, or taken back. Raises Refused where the
        journal cannot be read.
        """
        if is_pending(self.local) and not self.caller.readonly:
            with suppress(TrackerError, OSError), self.store.held():
                pass  # whoever takes the lock does that
        return self._journal()

    def _journal(self) -> list[Op]:
        from tracker.git.discovery import refuse_tracked
        from tracker.store import journal
        from tracker.store.open_write import path_in

        refuse_tracked(self.local)
        try:
            return journal.read(self.local)
        except OSError as error:
            raise Refused(
                f"cannot read the journal {path_in(self.local)}: {error.strerror or error}",
                hint="move it away; it is made anew, and older writes cannot be undone then",
            ) from None

    def undoable(self, number: int | None = None, *, anyone: bool = False) -> Op:
        """The write that `undo` would take back. Raises Moved or Refused where there is none.

        That is the last one of this session or actor, or of `anyone`. A write that undid another
        is not meant by default, nor is one that was undone.
        """
        from tracker.store import journal as store_journal

        return store_journal.choose(self.operations(), number, self.who(), anyone=anyone)

    def undo(self, number: int | None = None, *, anyone: bool = False) -> Op:
        """Put back what the last write (or that one) changed, byte for byte.

        Raises Moved where a record is no longer what the write left, and Refused where the write
        is somebody else's, unless that of `anyone` is meant.
        """
        from tracker.store import journal as store_journal

        chosen: list[Op] = []
        who = self.who()

        def plan(shelf: Snapshot) -> Wanted:  # under the lock: nobody writes in between
            ops = self._journal()
            chosen[:] = [store_journal.choose(ops, number, who, anyone=anyone)]
            return store_journal.plan(shelf, chosen[0], ops)

        self.revise(plan, lambda: chosen[0])
        return chosen[0]

    def touch(self, id: str) -> None:
        """Remember the issue that commands without an id mean."""
        with suppress(OSError):
            fileio.replace(self._touched, f"{id}\n".encode())

    @property
    def _touched(self) -> str:
        return os.path.join(self.local, "last-touched")

    def named(self, ids: Sequence[str]) -> list[str]:
        """The ids that were given, or the issue that was last touched. Raises Invalid."""
        if ids:
            return list(ids)
        for path in (self._touched, os.path.join(self.place.beads, "last-touched")):
            try:
                id = fileio.read(path).decode().strip()
            except (OSError, UnicodeDecodeError):
                continue
            if id:
                return [id]
        raise Invalid("no issue ID given, and none was touched before", hint="bd list")

    def issue(self, id: str) -> Issue:
        """The issue that a full or short id means. Raises NotFound or Ambiguous."""
        return self.asked(lambda: self._issue(id))

    def _issue(self, id: str) -> Issue:
        from tracker.log.issue_codec import decode

        row = self.answers.row(self._resolve(id))
        if row is None:
            raise NotFound(id)
        return decode(self.answers.line(row.n))

    def resolve(self, text: str) -> str:
        """The id that a short form means. Raises NotFound or Ambiguous."""
        return self.asked(lambda: self._resolve(text))

    def _resolve(self, text: str) -> str:
        answers = self.answers
        if answers.row(text) is not None:
            return text
        from tracker.issues.lookup import resolve
        from tracker.store.cached_files import CachedRecords

        if not text.strip():
            raise NotFound(text)
        records = CachedRecords(answers.cache, b"")
        return resolve(text, records, value(self.config, "issue-prefix"))
