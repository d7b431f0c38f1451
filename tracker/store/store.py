"""Write the log: lock, read, plan, replace, roll back.

Take the lock; wait while git is at work; read; let a pure plan say what changes; put the changed
lines into files beside those that are there; note in the journal what is about to be done; look
again, and start over if anything moved meanwhile, because git does not take our lock; rename; see
that git does not sweep it away; close the note, and patch the cache. A crash leaves an old file or
a new one; of several files the next writer finds some old and some new, knows it by the note, and
completes the write or takes it back (`tracker.store.recovery`).

A plan is given a `Shelf` and names, by file, the new line of each record:

    store.rewrite(lambda shelf: {"memory.jsonl": {"climate/drift": line}, "issues.jsonl": {...}})

Files are written one after the other: outcomes first, then memories, the archive, the settings, the
issues; one from which records are only taken comes last, so that what moves is never in neither.
Where one cannot be put in its place, those before it are taken back, record by record.
"""

from __future__ import annotations

import errno
import hashlib
import itertools
import os
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from tracker import fileio
from tracker.cache import database as caches
from tracker.cache.database import CacheUnusable
from tracker.cache.issues import follow
from tracker.cache.refresh import LOCK_WAIT
from tracker.errors import Conflicted, Locked, Refused, TrackerError
from tracker.fileio import is_ignored, make_local, read_log, stat_text
from tracker.git.activity import GitWork
from tracker.git.discovery import refuse_tracked, tracked_below
from tracker.locks import WAIT, hold, hold_folder
from tracker.log import lines
from tracker.log.issue_log import Log
from tracker.log.paths import BESIDE, MEMORY_FILE, PRIVATE, REMEMBERED, is_carried_name
from tracker.log.record_file import RecordChange, Wanted
from tracker.log.snapshot import Snapshot
from tracker.store import recovery
from tracker.store.atomic import Replacement, Unwritable, is_temporary, sweep
from tracker.store.cached_files import CachedMemories, CachedRecords, CacheMismatch
from tracker.store.journal import Journal, Op, StagedFile, placed
from tracker.store.open_write import path_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracker.cache.database import Cache
    from tracker.cache.issues.source import IssueSource
    from tracker.log.issue_log import Editable
    from tracker.log.record_file import Shared
    from tracker.model.context import Place
    from tracker.store.atomic import Pieces
    from tracker.store.recovery import OpenWrite


Plan = Callable[[Snapshot], Wanted]
Places = Mapping[str, Mapping[str, bytes]]
Signed = Callable[[tuple[RecordChange, ...]], Op]
Changes = dict[str, tuple[RecordChange, ...]]

READER = 1  # the newest version of the files that this program reads and writes
WRITER = 1
PERSISTENCE = 20.0  # seconds of trying while another program keeps replacing the file
PAUSE = 0.002  # seconds before the second try; the longest pause is fifty times that

_ANYWHERE: Mapping[str, bytes] = {}


class Written(NamedTuple):
    """What a write did: nothing, if `changes` is empty.

    `unnoted` says why the journal does not have it, "" if it does.
    """

    changes: tuple[RecordChange, ...]
    unnoted: str = ""


class Request(NamedTuple):
    """What is to be written: the plan, how the journal is to name it, and where new lines go.

    `places` names, by file, the line that a new one is to stand in front of, b"" for the end; it
    is asked after the plan has run.
    """

    plan: Plan
    signed: Signed | None = None
    places: Callable[[], Places] = dict


class _Page(NamedTuple):
    """One file of a write: how it is to change."""

    file: str
    changes: tuple[RecordChange, ...]
    pieces: Pieces
    target: Replacement

    @property
    def staged(self) -> StagedFile:
        """How the journal tells what became of it."""
        target = self.target
        return StagedFile(self.file, target.temporary, target.seen, target.own)

    def is_there(self) -> bool:
        """Whether the file as it is now holds what we wrote."""
        data, _ = read_log(self.target.path)
        return all(_holds(data, change) for change in self.changes)


class _Look:
    """What one attempt has read, each file once."""

    def __init__(self, store: Store, *, cached: bool) -> None:
        self.seen: dict[str, tuple[bytes, str]] = {}
        self.cache: Cache | None = None
        self._notes: Cache | None = None
        self._store = store
        self._cached = cached
        self.shelf = Snapshot(store.name, self._read, self._issues, self._memories)

    def _read(self, file: str) -> bytes:
        if file not in self.seen:
            self.seen[file] = read_log(self._store.path(file))
        return self.seen[file][0]

    def _issues(self, data: bytes) -> Editable:
        if self._cached:
            self.cache = self._store.cache(data, self.seen[self._store.name][1])
        return (
            Log(data, self._store.name) if self.cache is None else CachedRecords(self.cache, data)
        )

    def _memories(self, data: bytes) -> Shared:
        from tracker.cache.memories.source import answering, source_of

        if self._cached:
            source = source_of(self._store.place, self._store.source)
            with suppress(OSError, CacheUnusable, *caches.DAMAGE):
                self._notes = answering(source, data, self.seen[MEMORY_FILE][1])
        if self._notes is None:
            from tracker.log.memory_log import MemoryFile

            return MemoryFile(data, MEMORY_FILE)
        return CachedMemories(self._notes, data)

    @property
    def is_cached(self) -> bool:
        """Whether a cache was asked."""
        return self.cache is not None or self._notes is not None

    def close(self) -> None:
        """Let the caches go."""
        for cache in (self.cache, self._notes):
            if cache is not None:
                cache.close()


class Store:
    """The files of a workspace, for writing."""

    def __init__(
        self,
        place: Place,
        source: IssueSource,
        timeout: float = WAIT,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self.place = place
        self.source = source
        self.timeout = timeout
        self.name = os.path.basename(place.log)
        self._git = GitWork(place.top, place.git_dir, place.common_dir, tell)
        self._journal = Journal(source.local)
        self._unnoted = ""
        self._is_begun = False

    def path(self, file: str) -> str:
        """Where the file of this name is; none that is not known is anywhere but the log."""
        if file not in BESIDE:
            return self.place.log
        private = file.startswith(PRIVATE)
        folder = self.source.local if private else self.place.beads
        return fileio.inside(os.path.join(folder, file.removeprefix(PRIVATE)))

    def rewrite(self, request: Request) -> Written:
        """Give records the lines that a plan names for them.

        Raises Refused, Conflicted or Locked, and then nothing was written.
        """
        self._check_allowed()
        with Unwritable(self.place.log, self._left), self._alone():
            self._complete()
            self._sweep()
            for _ in _tries():
                self._git.wait()
                changes = self._attempt(request)
                if changes is not None:
                    return Written(changes, self._unnoted if changes else "")
        self._git.forbid()
        raise Refused(
            f"{self.place.log} kept changing while it was being written: nothing was written",
            hint="try again when the other program is done",
        )

    @contextmanager
    def held(self) -> Iterator[None]:
        """Within it nobody else of us writes the log: for those who replace all of it.

        Raises Refused or Locked.
        """
        self._check_allowed()
        with self._alone():
            with suppress(Conflicted), Unwritable(self.place.log, self._left):
                self._complete()
            self._git.wait()
            yield

    def settle(self) -> None:
        """Complete an interrupted write, or take it back, if nothing stands in the way of that."""
        with suppress(TrackerError, OSError):
            self._check_allowed()
            if not self._git.is_busy():
                with self._alone():
                    self._complete()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the locks of a writer: the folder, which stays, and the files others look at."""
        with ExitStack() as held:
            held.enter_context(hold_folder(self.place.beads, self.timeout))
            for path in lock_paths(self.place.beads, self.source.local):
                held.enter_context(hold(path, self.timeout))
            yield

    def _left(self) -> str:
        """What is to be said of a write that fails now; "" where nothing was written."""
        if not self._is_begun:
            return ""
        if self._journal.is_open:
            return "the next write completes what was begun, or takes it back"
        return "part of it may be written (bd diff)"

    def _check_allowed(self) -> None:
        if self.place.backend == "dolt":
            raise Refused(
                "this workspace keeps its issues in Dolt, and the log is only an export of it",
                hint="bd migrate",
            )
        if self.place.writer > WRITER:
            raise Refused(
                f"this workspace was written by a newer version ({self.place.writer}): read only",
                hint="pip install --upgrade bd-tracker",
            )

    def _attempt(self, request: Request) -> tuple[RecordChange, ...] | None:
        """One try; None if a file moved under it."""
        for cached in (True, False):
            look = _Look(self, cached=cached)
            try:
                return self._through(look, request)
            except (CacheMismatch, *caches.DAMAGE) as error:
                if not look.is_cached:
                    raise  # the cache is not what it says, and was not asked
                if not isinstance(error, CacheMismatch):
                    caches.distrust(self.source.local)
            finally:
                look.close()
        return None

    def cache(self, data: bytes, stat: str) -> Cache | None:
        """The cache on disk, if it answers for these very bytes and all lines are plain."""
        try:
            make_local(self.source.local)
            with hold(caches.lock_path(self.source.local), LOCK_WAIT):
                cache = follow.followed(self.source, data, stat)
        except (OSError, CacheUnusable, Locked, *caches.DAMAGE):
            return None
        if cache.is_plain:
            cache.release()
            return cache
        cache.close()
        return None

    def _through(self, look: _Look, request: Request) -> tuple[RecordChange, ...] | None:
        wanted = request.plan(look.shelf)
        places = request.places()
        pages = list(self._pages(look, wanted, places))
        if not pages:
            return ()
        if any(page.file.startswith(PRIVATE) for page in pages):
            refuse_tracked(self.source.local)
        stats = self._replace(pages, look, request.signed)
        if not stats:
            return None
        own = next((page for page in pages if page.file == self.name), None)
        if own:
            cache = None if places.get(self.name) else look.cache  # that may break the order
            self._tell(cache, own, (look.seen[self.name][1], stats[self.name]))
        if any(page.file in REMEMBERED for page in pages):
            self._tell_memories(pages, look, stats)
        return _changes(pages)

    def _pages(self, look: _Look, wanted: Wanted, places: Places) -> Iterator[_Page]:
        """The files that change, in the order in which they are written."""
        pages = []
        for of, names in wanted.items():
            file = of if of in BESIDE else self.name
            sheet = look.shelf.of(file)
            changes = tuple(
                RecordChange(file, name, old, new)
                for name, new in names.items()
                if (old := sheet.line(name)) != new
            )
            if changes:
                data, stat = look.seen[file]
                edits = sheet.edits({c.id: c.new for c in changes}, places.get(of, _ANYWHERE))
                target = Replacement(self.path(file), stat, self._git)
                pages.append(_Page(file, placed(data, changes), lines.apply(data, edits), target))
        yield from sorted(pages, key=lambda page: _turn(page, self.name))

    def _replace(self, pages: list[_Page], look: _Look, signed: Signed | None) -> dict[str, str]:
        """Put the new files in their places; the stat of each, or nothing where one moved."""
        try:
            if not all(page.target.write(page.pieces) for page in pages):
                return {}
            if len(look.seen) > 1 and not self._is_as_seen(look):
                return {}
            op = signed(_changes(pages)) if signed else None
            self._note(op, pages)
            self._is_begun = True
            if not all(page.target.put() for page in pages):
                self._take_back([page for page in pages if page.target.is_done])
                return {}
            stats = {page.file: page.target.settled() for page in pages}
            if self._is_swept(pages, stats):
                self._take_back([page for page in pages if len(pages) > 1 and page.is_there()])
                return {}
            self._closed(op)
        except BaseException:
            self._take_back([page for page in pages if page.target.is_done or page.target.is_put])
            raise
        finally:
            if not self._journal.is_open:  # else the next writer decides what becomes of them
                for page in pages:
                    page.target.discard()
        return stats

    def _note(self, op: Op | None, pages: list[_Page]) -> None:
        """Write down what is about to be done; where that cannot be, remember why."""
        self._unnoted = ""
        try:
            if op is not None:
                refuse_tracked(self.source.local)
                make_local(self.source.local)
                self._journal.note(op._replace(files=tuple(page.staged for page in pages)))
        except OSError as error:
            self._unnoted = error.strerror or str(error)
            if op is not None and op.undoes:  # what it takes back may not be the last write
                raise Refused(
                    f"cannot write the journal: {self._unnoted}; nothing was undone",
                    hint=f"make {path_in(self.source.local)} a file that can be written",
                ) from None

    def _closed(self, op: Op | None) -> None:
        if self._journal.is_open:
            self._journal.close()
        elif op is not None and not tracked_below(self.source.local):
            self._journal.miss(op)

    def _is_as_seen(self, look: _Look) -> bool:
        """Whether every file that the plan has looked at is still the one that was read."""
        seen = look.seen.items()
        return all(stat_text(self.path(file)) == stat for file, (_, stat) in seen)

    def _take_back(self, pages: list[_Page]) -> None:
        """Give the records that we wrote the lines that they had, and drop the note."""
        if pages:
            self._journal.give_up()
            self._put_back({page.file: page.changes for page in pages})
        self._journal.drop()
        self._is_begun = False

    def _put_back(self, changes: Changes) -> None:
        """Give records the lines that they had, unless they moved since."""
        for file in reversed(changes):
            for _ in _tries():
                look = _Look(self, cached=False)
                kept = [one for one in changes[file] if look.shelf.is_left(one)]
                back = {one.id: one.old for one in kept}
                behind = {one.id: one.next for one in kept if one.next is not None}
                found = list(self._pages(look, {file: back}, {file: behind}))
                if not found or self._put_alone(found[0]):
                    break
            else:
                raise OSError(errno.EBUSY, "another program keeps replacing it", self.path(file))

    def _complete(self) -> None:
        """Finish the write that was interrupted, or take it back, if the journal knows of one."""
        unfinished = self._journal.unfinished()
        if unfinished is None or tracked_below(self.source.local):
            return
        self._is_begun = True
        op, failed = unfinished
        targets = {one.file: target for one in op.files if (target := self._target(one))}
        for _ in _tries():
            self._git.wait()
            found = {file: self._found(file, target, op) for file, target in targets.items()}
            fate = recovery.decide([*found.values()], failed=failed, has_lines=bool(op.changes))
            if fate != recovery.FORWARD or self._put_rest(targets, found):
                break
        else:
            raise OSError(errno.EBUSY, "another program keeps replacing it", self.place.log)
        if fate == recovery.BACK and not self._is_taken_back(op, found):
            fate = recovery.TORN
        self._journal.drop() if fate in {recovery.DROP, recovery.BACK} else self._journal.close()
        self._is_begun = False

    def _target(self, staged: StagedFile) -> Replacement | None:
        """A file of an interrupted write; None where the note names what no write of ours has."""
        path = self.path(staged.file)
        is_ours = staged.file in {*BESIDE, self.name}
        if not (is_ours and is_temporary(staged.temporary, os.path.basename(path))):
            return None
        return Replacement(path, staged.before, self._git, staged.temporary, staged.after)

    def _found(self, file: str, target: Replacement, op: Op) -> OpenWrite:
        if target.give_back():
            return recovery.OpenWrite(is_new=False, is_ready=False)
        changes = [change for change in op.changes if change.file == file]
        is_new = target.is_put
        if not is_new and changes and not target.is_as_seen:
            shelf = _Look(self, cached=False).shelf
            is_new = all(shelf.is_left(change) for change in changes)
        return recovery.OpenWrite(is_new=is_new, is_ready=target.is_ready)

    def _put_rest(self, targets: Mapping[str, Replacement], found: Mapping[str, OpenWrite]) -> bool:
        """Put in their places what an interrupted write has left ready."""
        waiting = [target for file, target in targets.items() if not found[file].is_new]
        if not all(target.put() for target in waiting):
            return False
        for target in waiting:
            target.settled()
        return True

    def _is_taken_back(self, op: Op, found: Mapping[str, OpenWrite]) -> bool:
        """Take back what an interrupted write has put in its place; False where that is refused."""
        self._sweep()
        files = {file: tuple(c for c in op.changes if c.file == file) for file in found}
        try:
            self._put_back(files)
        except Conflicted:  # after `bd resolve`
            raise
        except Refused:
            return False
        return True

    def _put_alone(self, page: _Page) -> bool:
        try:
            return page.target.write(page.pieces) and page.target.put()
        finally:
            page.target.settled()
            page.target.discard()

    def _is_swept(self, pages: list[_Page], left: dict[str, str]) -> bool:
        """Whether git has put a file in the place of ours that does not hold what we wrote.

        It may be in a stash, but also in one that is nowhere: then written twice is better.
        """
        for _ in itertools.chain([None], self._git.moments()):
            self._git.wait()
            for page in pages:
                stat = stat_text(page.target.path)
                if stat != left[page.file]:
                    if not page.is_there():
                        return True
                    left = {**left, page.file: stat}
        return False

    def _tell(self, cache: Cache | None, page: _Page, stats: tuple[str, str]) -> None:
        """Let the cache follow; where it cannot, its time tells those who watch it."""
        content = hashlib.sha256()
        for piece in page.pieces if cache else ():
            content.update(piece)
        issues = [change for change in page.changes if not is_carried_name(change.id)]
        proof = (content.digest(), *stats)
        unusable = (OSError, CacheUnusable, Locked, *caches.DAMAGE)
        with suppress(*unusable), hold(caches.lock_path(self.source.local), LOCK_WAIT):
            with suppress(*unusable):
                if cache and follow.patched(self.source, cache, issues, proof):
                    return
            caches.stir(self.source)

    def _tell_memories(self, pages: list[_Page], look: _Look, stats: dict[str, str]) -> None:
        """Let the cache of memories follow, if there is one; else whoever reads does."""
        from tracker.cache.memories.follow import MemoryLineEdit, patched
        from tracker.cache.memories.source import source_of

        edits = [
            MemoryLineEdit(
                page.file, page.changes, page.pieces, (look.seen[page.file][1], stats[page.file])
            )
            for page in pages
        ]
        with suppress(OSError, CacheUnusable, Locked, *caches.DAMAGE):
            patched(source_of(self.place, self.source), edits)

    def _sweep(self) -> None:
        """Remove what writers left behind that died; the lock says that none is alive."""
        paths = [self.place.log]
        for file in BESIDE:
            with suppress(Refused):  # nothing is written through a link that leads out
                paths.append(self.path(file))
        names = {os.path.basename(path) for path in paths}
        for folder in {os.path.dirname(path) for path in paths}:
            sweep(folder, names)
            fileio.sweep(folder)


def lock_paths(beads: str, local: str) -> list[str]:
    """The locks that a writer takes, in this order.

    Ours always; that of Beads too, where its file would not show up in `git status`. A Beads that
    ignores it uses it; one that does not has none.
    """
    shared = os.path.join(beads, ".jsonl.lock")
    try:
        make_local(local)
    except OSError:
        return [shared]
    own = os.path.join(local, "log.lock")
    is_known = os.path.exists(shared) or is_ignored(beads, ".jsonl.lock")
    return [own, shared] if is_known else [own]


def _tries() -> Iterator[None]:
    """Goes on for a while, with pauses of random length, so as not to keep step with the other."""
    over = time.monotonic() + PERSISTENCE
    yield
    import random

    for number in itertools.count(1):
        if time.monotonic() > over:
            return
        pause = random.uniform(0.5, min(number, 50))  # noqa: S311  # nosec B311  # no secret
        time.sleep(PAUSE * pause)
        yield


def _holds(data: bytes, change: RecordChange) -> bool:
    if change.new is None:
        return change.old is None or lines.find_line(data, change.old) < 0
    return lines.find_line(data, change.new) >= 0


def _turn(page: _Page, log: str) -> tuple[bool, int]:
    """When a file is written: one that only loses records behind those that may gain them."""
    only_loses = all(change.new is None for change in page.changes)
    return only_loses, BESIDE.index(page.file) if page.file != log else len(BESIDE)


def _changes(pages: list[_Page]) -> tuple[RecordChange, ...]:
    return tuple(change for page in pages for change in page.changes)
