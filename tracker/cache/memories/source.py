"""Where the memory cache gets its records: the memory files.

Its files are those of memories and outcomes, private ones before shared ones, and the log of issues
with their archive, of which only a few lines count: memories as Beads 1.x keeps them, and issues
that name the memories their work was given. Each file is followed by itself, as a set difference of
what counts in it; one whose lines are not plain is read as a sheet, and gives a set as well.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from tracker import fileio
from tracker.cache import database as caches
from tracker.cache.memories.files import DIGEST, ISSUES, LOG, MEMORY, relevant
from tracker.fileio import read_log, stat_text
from tracker.log.paths import ARCHIVE_FILE, MEMORY_FILE, OUTCOMES_FILE

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping
    from typing import Any

    from tracker.cache.database import Cache
    from tracker.cache.database import FileState as AnyLook
    from tracker.cache.issues.source import IssueSource
    from tracker.model.context import Place
    from tracker.model.memory import Memory

LIKELY = 50  # memories that may say the same


def source_of(place: Place, source: IssueSource) -> MemorySource:
    """The files of memories beside a log of issues."""
    return MemorySource(place.log, place.beads, source.local, source.config, source.now)


class MemorySource(NamedTuple):
    """The files of memories of a workspace; `log` is that of issues, `beads` the folder of both.

    `config` is the text of config.yaml: closing statuses decide which issues give credit.
    """

    log: str
    beads: str
    local: str
    config: bytes
    now: int

    @property
    def name(self) -> str:
        return "memory"

    @property
    def files(self) -> tuple[str, ...]:
        shared = (os.path.join(self.beads, MEMORY_FILE), os.path.join(self.beads, OUTCOMES_FILE),
                  os.path.join(self.beads, ARCHIVE_FILE))  # fmt: skip
        memory, outcomes, archive = map(fileio.inside, shared)
        return (os.path.join(self.local, MEMORY_FILE), memory, self.log,
                os.path.join(self.local, OUTCOMES_FILE), outcomes, archive)  # fmt: skip

    def stat(self) -> str:
        return " ".join(map(stat_text, self.files))

    def content(self, held: Mapping[str, Any]) -> tuple[bytes, str]:
        look = MemoryFileState(self)
        return look.content(held), look.stat

    def is_likely(self, stat: str, held: Mapping[str, Any]) -> bool:
        """Most edits of issues have nothing to do with memories."""
        found, old = stat.split(" "), held["log"].split(" ")
        return bool(found[:LOG] + found[LOG + 1 :] == old[:LOG] + old[LOG + 1 :])

    def look(self) -> AnyLook:
        return MemoryFileState(self)

    def home(self) -> str:
        return os.path.join(self.local, "memory.db")


def answering(source: MemorySource, data: bytes, stat: str) -> Cache | None:
    """The cache on disk, if it answers for these very shared memories and none has a Problem.

    Raises Gone, or what SQLite and the file system raise.
    """
    cache = caches.believed(source)
    if not cache.state[f"problems:{MEMORY}"] and _is_same(cache.state, data, stat):
        cache.release()
        return cache
    cache.close()
    return None


def saying(source: MemorySource, words: Iterable[str]) -> list[Memory]:
    """The memories in which one of these words stands, the nearest first, for questions.

    Raises Gone where the cache on disk has not seen the shared ones as they are, or what SQLite and
    the file system raise.
    """
    from tracker.cache.memories.tokens import match, terms
    from tracker.log.memory_codec import decode_memory

    wanted = match(term for word in words for term in terms(word))
    if not wanted:
        return []
    cache = caches.believed(source)
    try:
        if cache.state["log"].split(" ")[MEMORY] != stat_text(source.files[MEMORY]):
            raise caches.CacheUnusable
        found = cache.db.execute(
            "SELECT l.line FROM word w JOIN line l ON l.n = w.rowid "
            "WHERE w.word MATCH ? ORDER BY w.rank LIMIT ?",
            (f"content : ({wanted})", LIKELY),
        )
        return [decode_memory(bytes(line)) for (line,) in found]
    finally:
        cache.close()


def _is_same(held: Mapping[str, Any], data: bytes, stat: str) -> bool:
    if stat == held["log"].split(" ")[MEMORY] and caches.is_settled(stat, held["looked"]):
        return True
    import hashlib

    found = hashlib.sha256(data).digest()
    return bool(found == held["content"][MEMORY * DIGEST : (MEMORY + 1) * DIGEST])


class MemoryFileState:
    """The files of a source as they were found; each is read when it has to be."""

    def __init__(self, source: MemorySource) -> None:
        self.source = source
        self._files = source.files
        self._stats = [stat_text(path) for path in self._files]
        self._data: dict[int, bytes] = {}
        self._digests: dict[int, bytes] = {}

    @property
    def stat(self) -> str:
        return " ".join(self._stats)

    def read(self, file: int) -> bytes:
        """What counts of a file."""
        if file not in self._data:
            data, self._stats[file] = read_log(self._files[file])
            self._data[file] = b"\n".join(relevant(data)) if file in ISSUES else data
        return self._data[file]

    def digest(self, file: int) -> bytes:
        """The SHA-256 of that."""
        import hashlib

        if file not in self._digests:
            self._digests[file] = hashlib.sha256(self.read(file)).digest()
        return self._digests[file]

    def content(self, held: Mapping[str, Any]) -> bytes:
        """All digests; of files that lie still since the last look those that are held."""
        stats, looked, old = held["log"].split(" "), held["looked"], held["content"]
        for file, stat in enumerate(self._stats):
            if (
                file not in self._digests
                and stat == stats[file]
                and caches.is_settled(stat, looked)
            ):
                self._digests[file] = old[file * DIGEST : (file + 1) * DIGEST]
        return self._content()

    def _content(self) -> bytes:
        return b"".join(map(self.digest, range(len(self._files))))

    def follow(self, cache: Cache) -> None:
        """Change what differs, file by file. Raises Gone where that is most of it."""
        from tracker.cache.memories.follow import follow

        old = cache.state["content"]
        content = self.content(cache.state)
        changed = [
            file
            for file in range(len(self._files))
            if content[file * DIGEST : (file + 1) * DIGEST]
            != old[file * DIGEST : (file + 1) * DIGEST]
        ]
        follow(self.source, cache, {file: self.read(file) for file in changed}, self._state())

    def fill(self, db: sqlite3.Connection) -> None:
        """Make the tables, and put everything into them."""
        from tracker.cache.memories.follow import fill

        fill(self.source, db, [self.read(file) for file in range(len(self._files))], self._state)

    def _state(self) -> list[tuple[str, object]]:
        return [
            ("log", self.stat), ("looked", self.source.now), ("content", self._content()),
        ]  # fmt: skip
