"""Open, validate and stamp a cache file; the rules that every cache shares."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Protocol

from tracker import fileio
from tracker.cache import schema
from tracker.fileio import stat_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any


APPLICATION_ID = 0x62647472  # "bdtr", in the header of the file
NAMES = ("cache", "memory")  # of issues, of memories
RACY = 2_000_000_000  # nanoseconds
BUSY = 0.25  # seconds to wait for a lock of SQLite's


class FileState(Protocol):
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


class CacheSource(Protocol):
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
    def look(self) -> FileState: ...
    def home(self) -> str: ...


def is_settled(stats: str, looked: int) -> bool:
    """Whether no edit since that look could have left a file's stamp unchanged.

    The stats of several files stand apart by spaces.
    """
    for stat in filter(None, stats.split(" ")):
        *_, changed, status_changed = stat.split(":")
        if looked - max(int(changed), int(status_changed)) <= RACY:
            return False
    return True


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


def note(source: CacheSource, cache: Cache, stat: str) -> None:
    """Write down that the files have been compared, beside the cache: viewers watch the cache.

    The caller holds the lock of the file. Nothing happens if the file has become another.
    """
    if cache.is_as_left:
        stamp = Stamp(cache.path, cache.left, stat, source.now)
        save(source.local, source.name, stamp)
        cache.state.update(log=stat, looked=source.now)


def believed(source: CacheSource) -> Cache:
    """The file, if it is what we left and was made under the same rules; the log may differ.

    Raises Gone, or what SQLite and the file system raise.
    """
    path, left, log, looked = read(source.local, source.name)
    cache = opened(source, path, left)
    if looked:
        cache.state.update(log=log, looked=looked)
    return cache


def stir(source: CacheSource) -> None:
    """Move the time of the file, whose log has changed; the next reader lets it follow.

    The caller holds its lock. Raises what `believed` raises.
    """
    path = read(source.local, source.name).path
    os.utime(path)
    save_stamp(source.local, path, source.name)


def opened(source: CacheSource, path: str, left: str) -> Cache:
    """A connection all of whose answers are of one state. Raises Gone where it is not for us."""
    db = connect(path)
    try:
        cache = Cache(db, _held(db), path, left)
        if cache.state["version"] != version(source.name) or cache.state["config"] != source.config:
            raise CacheUnusable
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
    from tracker.version import __version__

    return f"{__version__} {name} {schema.version(name)}"


def lock_path(local: str, name: str = "cache") -> str:
    """The lock of whoever changes the cache of that name."""
    return os.path.join(local, f"{name}.lock")


def save_stamp(local: str, path: str, name: str = "cache") -> str:
    """Remember the cache's file as it is now, and say how that is. The caller holds its lock."""
    left = stat_text(path)
    save(local, name, Stamp(path, left))
    return left


def distrust(local: str) -> None:
    """Have both caches made anew by whoever asks next: one of them is damaged."""
    for name in NAMES:
        forget(local, name)


def change(source: CacheSource, cache: Cache, how: Callable[[sqlite3.Connection], None]) -> None:
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


class CacheUnusable(Exception):
    """The cache cannot be used as it is."""


class Damaged(ValueError):
    """What the cache says was never written into it."""


class Stamp(NamedTuple):
    """The file, its stat as it was left, and what was compared since: the stat, and when."""

    path: str
    left: str
    log: str = ""
    looked: int = 0


def boot_id() -> str:
    """Which run of the system this is: what was not flushed before a power cut is not believed."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return "-"


def read(local: str, name: str) -> Stamp:
    """The stamp of the cache of that name. Raises Gone where its file is another by now.

    Also raises OSError or ValueError, where there is no stamp or it is none.
    """
    text = fileio.read(_path(local, name)).decode()
    left, boot, looked, log, relative = text.split("\n", 4)
    path = os.path.normpath(os.path.join(local, relative))
    if boot != boot_id() or left != stat_text(path) or not left:
        raise CacheUnusable
    return Stamp(path, left, log, int(looked))


def last_path(local: str, name: str) -> str:
    """Where the file of that cache was put last; "" where nothing says so."""
    try:
        relative = fileio.read(_path(local, name)).decode().split("\n", 4)[4]
    except (OSError, ValueError, IndexError):
        return ""
    return os.path.normpath(os.path.join(local, relative))


def save(local: str, name: str, stamp: Stamp) -> None:
    """Write the stamp down. The caller holds the lock of the cache."""
    path, left, log, looked = stamp
    parts = (left, boot_id(), str(looked), log, os.path.relpath(path, local))
    fileio.replace(_path(local, name), "\n".join(parts).encode(), 0o666)


def forget(local: str, name: str) -> None:
    """Have the cache of that name believed by nobody any more."""
    with suppress(OSError):
        os.unlink(_path(local, name))


def _path(local: str, name: str) -> str:
    return os.path.join(local, f"{name}.stamp")


MANY = 500  # some builds of SQLite take no more than 999 values in all


def storable(value: Any) -> Any:
    """A value as the tables hold it."""
    if isinstance(value, str):
        return safe(value)
    return bounded(value) if type(value) is int else value


def safe(text: str) -> str:
    """Text that SQLite can hold: torn characters (lone surrogates) become their escapes."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text


def bounded(number: int) -> int:
    """A number that SQLite can hold; of instants, those of the years 1678 to 2262 stay apart."""
    return max(-(1 << 63), min(number, (1 << 63) - 1))
