"""The cache: a SQLite file that answers for the log, and follows it.

It is believed only if it is the very file that we left (its own size, times and inode stand in a
stamp beside it) and if the log is the file that it was made from. Else it follows the log, or is
built anew; where it cannot be written, an answer is worked out in memory. Nothing is ever written
to the log from it.

SQLite has no checksums. A question that fails on a damaged file is asked again of the log, and the
file is made anew (`Workspace.asked`, and `tracker.cli` for a whole command).

A log that is younger than two seconds against the last look is compared by content, whatever its
times say: a second edit within the clock's tick shows in no stamp (git calls this racy).

Readers hold SQLite's shared lock while they answer, so that all their questions meet one state; a
writer that would have to wait for one leaves the old file to it and puts a new one in its place.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from tracker import fileio, stamps, tables
from tracker.stamps import Damaged as Damaged
from tracker.stamps import Gone as Gone
from tracker.stamps import Stamp
from tracker.stamps import stat_text as stat_text
from tracker.stamps import text_of as text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

APPLICATION_ID = 0x62647472  # "bdtr", in the header of the file
NAMES = ("cache", "memory")  # of issues, of memories
RACY = 2_000_000_000  # nanoseconds
BUSY = 0.25  # seconds to wait for a lock of SQLite's
LOCAL_IGNORE = "*\n"


class Look(Protocol):
    """The files that a cache answers for as they were found, and how its tables say what they say.

    `content` is a digest of what counts in them; it may take from the state `held` what it says of
    files that are as they were. `follow` changes only what differs, and raises Gone where the
    tables have to be made anew.
    """

    @property
    def stat(self) -> str: ...
    def content(self, held: Mapping[str, Any]) -> bytes: ...
    def follow(self, cache: Cache) -> None: ...
    def fill(self, db: sqlite3.Connection) -> None: ...


class Sourced(Protocol):
    """What a cache answers for. `name` is that of its files in the folder `local`.

    `content` is that of a look, with the stat that it belongs to, where nothing else is wanted;
    `is_likely` tells whether the same may be in the files although their stat is another.
    """

    @property
    def name(self) -> str: ...
    @property
    def local(self) -> str: ...
    @property
    def config(self) -> bytes: ...
    @property
    def now(self) -> int: ...
    def stat(self) -> str: ...
    def is_likely(self, stat: str, held: Mapping[str, Any]) -> bool: ...
    def content(self, held: Mapping[str, Any]) -> tuple[bytes, str]: ...
    def look(self) -> Look: ...
    def home(self) -> str: ...


class Source(NamedTuple):
    """The log that the cache answers for, where the cache may live, and what else it depends on.

    `config` is the text of config.yaml: closing statuses change who is blocked, and the parsed
    form is kept in the cache, because parsing it takes longer than any answer.
    """

    log: str
    cache: str
    local: str
    config: bytes
    now: int

    @property
    def name(self) -> str:
        return "cache"

    def stat(self) -> str:
        return stat_text(self.log)

    def is_likely(self, stat: str, held: Mapping[str, Any]) -> bool:
        return bool(stat == held["log"])

    def content(self, _held: Mapping[str, Any]) -> tuple[bytes, str]:
        return digest_log(self.log)

    def look(self) -> Look:
        from tracker.refresh import Look

        return Look(self, *read_log(self.log))

    def home(self) -> str:
        from tracker.refresh import home

        return home(self)


def is_settled(stats: str, looked: int) -> bool:
    """Whether no edit since that look could have left a file's stamp unchanged.

    The stats of several files stand apart by spaces.
    """
    for stat in filter(None, stats.split(" ")):
        *_, changed, status_changed = stat.split(":")
        if looked - max(int(changed), int(status_changed)) <= RACY:
            return False
    return True


def _still(stats: str, held: str, looked: int) -> set[int]:
    """The files, by number, that are as they were at a look and lay still by then."""
    pairs = zip(stats.split(" "), held.split(" "), strict=False)
    return {n for n, (now, was) in enumerate(pairs) if now == was and is_settled(now, looked)}


def read_log(path: str) -> tuple[bytes, str]:
    """The bytes of the log and the stat they belong to; empty where there is no file."""
    for _ in range(20):
        try:
            handle = fileio.opened(path)
        except (FileNotFoundError, NotADirectoryError):
            return b"", ""
        try:
            before = os.fstat(handle)
            data = fileio.contents(handle, path, fileio.LARGEST)
            after = os.fstat(handle)
        finally:
            os.close(handle)
        if text_of(before) == text_of(after):
            break
    return data, text_of(after)


def digest_log(path: str) -> tuple[bytes, str]:
    """The SHA-256 of the log and the stat it belongs to, without holding the log in memory."""
    import hashlib

    content = hashlib.sha256()
    try:
        handle = fileio.opened(path)
    except FileNotFoundError:
        return content.digest(), ""
    try:
        before = os.fstat(handle)
        for piece in fileio.pieces(handle, path, fileio.LARGEST):
            content.update(piece)
        after = os.fstat(handle)
    finally:
        os.close(handle)
    same = text_of(before) == text_of(after)
    return (content.digest() if same else b""), text_of(after)


class Cache:
    """An open connection whose tables answer for the log as it is now."""

    def __init__(
        self, db: sqlite3.Connection, state: dict[str, Any], path: str = "", left: str = ""
    ) -> None:
        self.db = db
        self.state = state
        self.path = path  # "" for one in memory
        self.left = left  # the stat of the file as the last of us left it

    @property
    def kept(self) -> bool:
        """Whether it is a file on disk, rather than a database in memory."""
        return bool(self.path)

    @property
    def is_as_left(self) -> bool:
        """Whether nobody has touched the file since it was opened."""
        return self.kept and stat_text(self.path) == self.left

    @property
    def is_plain(self) -> bool:
        """Whether every line of the log is one record or nothing, ended by a bare newline."""
        return bool(self.state["plain"])

    @property
    def settings(self) -> dict[str, Any]:
        """The configuration, with dotted keys."""
        text = self.text("settings")
        if text == "{}":
            return {}
        import json

        return dict(json.loads(text))

    @property
    def problems(self) -> str:
        """The problems of the log as text, one a line; "" if there are none."""
        return self.text("problems")

    def text(self, name: str) -> str:
        """A text of the state. Raises Damaged where it is none."""
        found = self.state[name]
        if not isinstance(found, str):
            raise Damaged(f"the state {name} of the cache is no text")
        return found

    def release(self, *, undo: bool = False) -> None:
        """Let others write: questions from now on may meet a later state."""
        if self.db.in_transaction:
            with suppress(sqlite3.Error):
                self.db.execute("ROLLBACK" if undo else "COMMIT")

    def close(self) -> None:
        self.db.close()


DAMAGE = (
    sqlite3.Error, ArithmeticError, AttributeError, LookupError, TypeError, ValueError,
)  # fmt: skip
"""What a question to a damaged file may raise: SQLite has no checksums."""


def open_cache(source: Sourced, *, anew: bool = False) -> Cache:
    """The cache, fresh. Never fails because of the cache's own file.

    `anew` believes nothing that is there: for whoever has met damage.
    """
    if anew:
        from tracker.upkeep import rebuilt

        return rebuilt(source)
    try:
        return _fresh(source)
    except (Gone, OSError, *DAMAGE):
        return _refreshed(source)


def _fresh(source: Sourced) -> Cache:
    """The file as it stands, if the log is the one that it was made from."""
    stat = source.stat()
    cache = believed(source)
    try:
        if cache.state["log"] == stat and is_settled(stat, cache.state["looked"]):
            return cache
        same = (cache.state["content"], stat)
        if source.is_likely(stat, cache.state) and source.content(cache.state) == same:
            return looked(source, cache, stat)
    except BaseException:
        cache.close()
        raise
    cache.close()
    raise Gone


def looked(source: Sourced, cache: Cache, stat: str) -> Cache:
    """The cache, whose log has just been compared; remembered where that saves the next look."""
    state = cache.state
    if _still(stat, stat, source.now) > _still(stat, state["log"], state["looked"]):
        from tracker.errors import Locked
        from tracker.locks import hold

        with suppress(OSError, Locked), hold(lock_path(source.local, source.name), 0.0):
            note(source, cache, stat)
    return cache


def note(source: Sourced, cache: Cache, stat: str) -> None:
    """Write down that the files have been compared, beside the cache: viewers watch the cache.

    The caller holds the lock of the file. Nothing happens if the file has become another.
    """
    if cache.is_as_left:
        stamp = Stamp(cache.path, cache.left, stat, source.now)
        stamps.save(source.local, source.name, stamp)
        cache.state.update(log=stat, looked=source.now)


def believed(source: Sourced) -> Cache:
    """The file, if it is what we left and was made under the same rules; the log may differ.

    Raises Gone, or what SQLite and the file system raise.
    """
    path, left, log, looked = stamps.read(source.local, source.name)
    cache = opened(source, path, left)
    if looked:
        cache.state.update(log=log, looked=looked)
    return cache


def stir(source: Sourced) -> None:
    """Move the time of the file, whose log has changed; the next reader lets it follow.

    The caller holds its lock. Raises what `believed` raises.
    """
    path = stamps.read(source.local, source.name).path
    os.utime(path)
    save_stamp(source.local, path, source.name)


def remembered(source: Source) -> dict[str, Any]:
    """The settings of `source.config`, parsed only where the cache does not know them."""
    try:
        with closing(believed(source)) as cache:
            return cache.settings
    except (Gone, OSError, *DAMAGE):
        from tracker.config import parse

        return parse(source.config)


def opened(source: Sourced, path: str, left: str) -> Cache:
    """A connection all of whose answers are of one state. Raises Gone where it is not for us."""
    db = connect(path)
    try:
        cache = Cache(db, _held(db), path, left)
        if cache.state["version"] != version(source.name) or cache.state["config"] != source.config:
            raise Gone
    except BaseException:
        db.close()
        raise
    return cache


def _held(db: sqlite3.Connection) -> dict[str, Any]:
    """The state of the tables, which stays as it is until the connection lets go."""
    db.execute("BEGIN")
    return dict(db.execute("SELECT key, value FROM state"))


def connect(path: str, *, new: bool = False) -> sqlite3.Connection:
    """A connection in which every statement is a transaction unless BEGIN says otherwise."""
    if not new and path != ":memory:":  # one that is gone is not to be made anew, and empty
        quoted = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
        path = f"file:{quoted}?mode=rw"
    db = sqlite3.connect(
        path, isolation_level=None, timeout=BUSY, check_same_thread=False, uri=not new
    )
    db.execute("PRAGMA synchronous = OFF")
    db.execute("PRAGMA cell_size_check = ON")  # damage is noticed sooner
    return db


def version(name: str = "cache") -> str:
    """What a cache of that name must have been made by for us to use it: program and tables."""
    from tracker import __version__

    return f"{__version__} {name} {tables.version(name)}"


def lock_path(local: str, name: str = "cache") -> str:
    """The lock of whoever changes the cache of that name."""
    return os.path.join(local, f"{name}.lock")


def _refreshed(source: Sourced) -> Cache:
    """Read the log, and bring the file up to date under its lock, or answer from memory."""
    from tracker.upkeep import refreshed

    return refreshed(source)


def save_stamp(local: str, path: str, name: str = "cache") -> str:
    """Remember the cache's file as it is now, and say how that is. The caller holds its lock."""
    left = stat_text(path)
    stamps.save(local, name, Stamp(path, left))
    return left


def distrust(local: str) -> None:
    """Have both caches made anew by whoever asks next: one of them is damaged."""
    for name in NAMES:
        stamps.forget(local, name)


def change(source: Sourced, cache: Cache, how: Callable[[sqlite3.Connection], None]) -> None:
    """Change the tables as a whole or not at all. The caller holds the lock of the file.

    Raises sqlite3.Error where a reader does not let go in time.
    """
    cache.release()
    try:
        cache.db.execute("BEGIN IMMEDIATE")
        how(cache.db)
        cache.db.execute("COMMIT")
    except BaseException:
        cache.release(undo=True)
        raise
    cache.left = save_stamp(source.local, cache.path, source.name)
    cache.state = _held(cache.db)


def set_state(db: sqlite3.Connection, values: Iterable[tuple[str, object]]) -> None:
    """Write rows of the state table."""
    db.executemany("INSERT OR REPLACE INTO state VALUES(?,?)", list(values))
