"""The journal of writes, and undo."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from tracker import fileio, json_text
from tracker.errors import Moved, NotYours, quoted
from tracker.log import lines
from tracker.log.paths import (
    CONFIG_FILE,
    MEMORY_FILE,
    OUTCOMES_FILE,
    PRIVATE,
    is_carried_name,
    key_of,
)
from tracker.log.record_file import RecordChange
from tracker.store.open_write import DONE, END, STATE, TAIL, path_in, state_of, tail

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from tracker.issues.editing import Who
    from tracker.log.record_file import Wanted
    from tracker.log.snapshot import Snapshot


LIMIT = 10_000_000  # bytes
LARGEST = 4 * LIMIT  # bytes of one write
OPEN, BACK = "open", "back"
_SPARE = "cache.stamp"  # a file that the next read makes again


class StagedFile(NamedTuple):
    """A file of a write: the name of its new content beside it, and how both are recognised.

    `before` is the stat of the file that is replaced, "" for none; `after` that of the new content
    without the time that a rename moves. Device, inode, size and time tell more cheaply than a
    hash whether a file is in its place: a rename keeps them.
    """

    file: str
    temporary: str
    before: str
    after: str


class Op(NamedTuple):
    """One write; `number` counts from 1 and never changes, `undoes` is a `key`.

    `left_out` counts the records of a write that was too large to be kept: it cannot be undone.
    Nor can one that was `missed`: it could not be noted, and only that it happened is known. One
    that `rewrote` whole files, as `fmt` does, is named but not kept.
    """

    number: int
    key: str
    at: int
    argv: tuple[str, ...]
    actor: str
    changes: tuple[RecordChange, ...]
    undoes: str = ""
    left_out: int = 0
    session: str = ""
    files: tuple[StagedFile, ...] = ()
    missed: bool = False
    rewrote: bool = False

    @property
    def records(self) -> int:
        """How many records it changed."""
        return self.left_out or len(self.changes)


class Unfinished(NamedTuple):
    """A write whose note is open; one that `failed` is not to be completed."""

    op: Op
    failed: bool


class Journal:
    """The journal of one workspace, for whoever holds the lock of the log."""

    def __init__(self, local: str) -> None:
        self._local = local
        self._path = path_in(local)
        self._begin = self._end = -1  # of the line that is open

    @property
    def is_open(self) -> bool:
        """Whether a write is noted whose end is not."""
        return self._end >= 0

    def unfinished(self) -> Unfinished | None:
        """The write that was interrupted, if the last one was; it counts as noted by us."""
        with suppress(OSError):
            handle = _opened(self._path, os.O_RDONLY)
            try:
                size, _, state = _tail(handle)
                if state in {"", DONE}:
                    return None
                data = _last(handle, LARGEST + LIMIT)
            finally:
                os.close(handle)
            begin = data.rfind(b"\n", 0, len(data) - 1) + 1
            self._begin, self._end = size - len(data) + begin, size
            op = _parsed(data[begin:], 0)
            if op is not None:
                return Unfinished(op, state == BACK)
            self.drop()
        return None

    def note(self, op: Op) -> None:
        """Write down what is about to be done, so that it outlives a power cut. Raises OSError."""
        body = _body(op)
        if _size(self._path) + len(body) + TAIL > LIMIT:
            _shrink(self._path)
        missed = _missed(self._local)
        handle = _opened(self._path, os.O_RDWR | os.O_CREAT)
        try:
            size, number, _ = _tail(handle)
            data = b"\n" if size and _lacks_end(handle, size) else b""
            for one in missed:
                number += 1
                data += _line(_body(one), number, DONE)
            line = _line(body, number + 1, OPEN)
            _append(handle, size, data + line)
        finally:
            with suppress(OSError):  # it is on the disk, or has failed already
                os.close(handle)
        if missed:
            with suppress(OSError):
                os.unlink(_missed_in(self._local))
        if not size:
            _sync_folder(self._local)
        self._begin = size + len(data)
        self._end = self._begin + len(line)

    def close(self) -> None:
        """Note that the write is done."""
        self._mark(DONE)
        self._begin = self._end = -1

    def give_up(self) -> None:
        """Note that the write has failed: what is in its place already is to be taken back."""
        self._mark(BACK)

    def drop(self) -> None:
        """Remove the open entry: nothing was written."""
        if self.is_open:
            with suppress(OSError):  # whoever writes next finds that nothing was written
                handle = _opened(self._path, os.O_WRONLY)
                try:
                    os.ftruncate(handle, self._begin)
                finally:
                    os.close(handle)
            self._begin = self._end = -1

    def _mark(self, state: str) -> None:
        if self.is_open:
            with suppress(OSError):  # whoever writes next looks at the files
                handle = _opened(self._path, os.O_WRONLY)
                try:
                    os.lseek(handle, self._end - END, os.SEEK_SET)
                    fileio.write(handle, state.encode())
                finally:
                    os.close(handle)

    def miss(self, op: Op) -> None:
        """Remember a write that could not be noted, as far as that is possible."""
        if _size(_missed_in(self._local)) > LIMIT:
            return  # thousands are known already
        row = _row(op._replace(changes=(), left_out=op.records, files=(), missed=True))
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        try:
            handle = _opened(_missed_in(self._local), flags)  # that it is there says something
        except OSError:
            # A disk that has no room for a new file has it for a new name of an old one.
            with suppress(OSError):
                os.rename(os.path.join(self._local, _SPARE), _missed_in(self._local))
            return
        with suppress(OSError):
            try:
                fileio.write(handle, json.dumps(row, ensure_ascii=True).encode() + b"\n")
            finally:
                os.close(handle)


def read(local: str) -> list[Op]:
    """Every write that is done and still known, oldest first; a damaged line is left out.

    Raises OSError where the journal is there and cannot be read.
    """
    entries: list[tuple[int, Op | None, str]] = []
    with suppress(FileNotFoundError):
        handle = _opened(path_in(local), os.O_RDONLY)
        try:
            entries = list(_entries(_last(handle, LARGEST + LIMIT)))
        finally:
            os.close(handle)
    found = [op for _, op, state in entries if op is not None and state in {"", DONE}]
    number = entries[-1][0] if entries else 0
    missed = [op._replace(number=n) for n, op in enumerate(_missed(local), number + 1)]
    return list(_once(found + missed))


def _once(ops: Iterable[Op]) -> Iterator[Op]:
    """The writes without those that are only said to be missed: their note was taken over twice."""
    known: set[str] = set()
    for op in ops:
        if not (op.missed and op.key in known):
            yield op
        known.update([op.key] if op.key else [])


def forget(local: str, names: Collection[str]) -> None:
    """Drop every line of these records from every write, and what was typed with them.

    Raises OSError. The caller holds the lock.
    """
    with suppress(FileNotFoundError):
        handle = _opened(path_in(local), os.O_RDONLY)
        try:
            entries = list(_entries(_last(handle, LARGEST + LIMIT)))
        finally:
            os.close(handle)
        # A damaged line may hold anything, so it goes.
        known = [(number, _without(op, names), state) for number, op, state in entries if op]
        rows = [_line(_body(op), number, state or DONE) for number, op, state in known]
        fileio.replace(path_in(local), b"".join(rows))
    missed = _missed(local)
    if missed:
        fileio.replace(_missed_in(local), b"".join(_body(_cut_short(op)) + b"\n" for op in missed))


def _without(op: Op, names: Collection[str]) -> Op:
    if not op.missed and not any(change.id in names for change in op.changes):
        return op
    return _cut_short(op)._replace(changes=(), left_out=op.records)


def _cut_short(op: Op) -> Op:
    """The write without what was typed but for the command."""
    return op._replace(argv=(*op.argv[:2], "...") if len(op.argv) > 2 else op.argv)


# The file.


def _opened(path: str, flags: int) -> int:
    """Open a regular file; never through a link, and never waiting for whoever has a pipe open."""
    return fileio.opened(path, flags, links=fileio.NEVER)


def _tail(handle: int) -> tuple[int, int, str]:
    """The size of the file, and the number and state of its last line.

    The state is "" where the line has none: it was cut off, or comes from an older version.
    """
    size = os.fstat(handle).st_size
    end = tail(handle, size)
    number = end.rpartition(STATE)[0].rpartition(b'"number": ')[2]
    if state_of(end) and number.isdigit() and len(number) < 16:
        return size, int(number), state_of(end)
    entries = list(_entries(_last(handle, LARGEST + LIMIT))) if size else []
    return size, entries[-1][0] if entries else 0, ""


def _lacks_end(handle: int, size: int) -> bool:
    """Whether the last line was cut off."""
    os.lseek(handle, size - 1, os.SEEK_SET)
    return os.read(handle, 1) != b"\n"


def _last(handle: int, most: int) -> bytes:
    """The whole lines among the last so many bytes of the file."""
    size = os.fstat(handle).st_size
    os.lseek(handle, max(0, size - most), os.SEEK_SET)
    data = b""
    while len(data) < most and (more := os.read(handle, most - len(data))):
        data = data + more if data else more
    return data if size <= most else data.partition(b"\n")[2]


def _append(handle: int, size: int, data: bytes) -> None:
    """Write at the end and see that it is on the disk; if that fails, take it away again."""
    os.lseek(handle, size, os.SEEK_SET)
    try:
        fileio.write(handle, data)
        os.fsync(handle)
    except OSError:
        with suppress(OSError):
            os.ftruncate(handle, size)
        raise


def _size(path: str) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0


def _shrink(path: str) -> None:
    """Keep the newest half."""
    try:
        handle = _opened(path, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        kept = _last(handle, LIMIT // 2)
    finally:
        os.close(handle)
    fileio.replace(path, kept)


def _sync_folder(folder: str) -> None:
    with suppress(OSError, AttributeError):  # Windows opens no folders
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _missed_in(local: str) -> str:
    return os.path.join(local, "ops.missed")


def _missed(local: str) -> list[Op]:
    """The writes that could not be noted; one of which nothing is known where that is so."""
    try:
        handle = _opened(_missed_in(local), os.O_RDONLY)
    except OSError:
        return []
    try:
        entries = list(_entries(_last(handle, LIMIT)))
    finally:
        os.close(handle)
    unknown = Op(0, "", 0, (), "", (), missed=True)
    return [op or unknown for _, op, _ in entries] or [unknown]


# The lines.


def _entries(data: bytes) -> Iterator[tuple[int, Op | None, str]]:
    """Number, write and state of each line; None for the write of one that is damaged."""
    number = 0
    for row in data.removesuffix(b"\n").split(b"\n") if data else ():
        op = _parsed(row, number + 1)
        number = op.number if op is not None else number + 1
        yield number, op, state_of(row[-TAIL:] + b"\n")


def _parsed(row: bytes, number: int) -> Op | None:
    try:
        found = json_text.loads(row)
        return Op(
            int(found.get("number", number)), str(found["key"]), int(found["at"]),
            tuple(map(str, found["argv"])), str(found["actor"]),
            tuple(map(_change, found["changes"])), str(found.get("undoes", "")),
            int(found.get("left_out", 0)), str(found.get("session", "")),
            tuple(_staged(found.get("files", ()))), bool(found.get("missed", False)),
            bool(found.get("rewrote", False)),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return None


def _change(row: dict[str, Any]) -> RecordChange:
    old, new, behind = (_bytes(row.get(name)) for name in ("old", "new", "next"))
    return RecordChange(str(row["file"]), str(row["id"]), old, new, behind)


def _staged(rows: Iterable[Any]) -> Iterator[StagedFile]:
    for file, temporary, before, after in rows:
        yield StagedFile(str(file), str(temporary), str(before), str(after))


def _body(op: Op) -> bytes:
    """The line of a write without its end: the number, which only the file knows, and the state."""
    body = b""
    if sum(len(c.old or b"") + len(c.new or b"") for c in op.changes) <= LARGEST:
        body = json.dumps(_row(op), ensure_ascii=True).encode()
    if not body or (op.changes and len(body) > LARGEST):  # escapes take room
        op = op._replace(changes=(), left_out=len(op.changes))
        body = json.dumps(_row(op), ensure_ascii=True).encode()
    return body


def _line(body: bytes, number: int, state: str) -> bytes:
    return b'%s, "number": %d, "state": "%s"}\n' % (body[:-1], number, state.encode())


def _row(op: Op) -> dict[str, Any]:
    row = {
        "key": op.key,
        "at": op.at,
        "argv": list(op.argv),
        "actor": op.actor,
        "session": op.session,
        "changes": [
            {"file": c.file, "id": c.id, "old": _text(c.old), "new": _text(c.new)}
            | ({} if c.next is None else {"next": _text(c.next)})
            for c in op.changes
        ],
    }
    more = {
        "undoes": op.undoes, "left_out": op.left_out, "files": op.files, "missed": op.missed,
        "rewrote": op.rewrote,
    }  # fmt: skip
    return row | {name: value for name, value in more.items() if value}


def _text(line: bytes | None) -> str | None:
    # surrogateescape: a line may hold bytes that are no UTF-8
    return None if line is None else line.decode("utf-8", "surrogateescape")


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode("utf-8", "surrogateescape")


def placed(data: bytes, changes: tuple[RecordChange, ...]) -> tuple[RecordChange, ...]:
    """The changes, those that go last and in the order of the file, with the line behind each."""
    gone = {change.old for change in changes if change.new is None and change.old is not None}
    if not gone:
        return changes
    known = lines.offsets(data, gone)
    found = [
        (known[change.old] if change.old in known else data.find(change.old), change)
        for change in changes
        if change.new is None and change.old is not None
    ]
    behind: dict[int, bytes | None] = {}
    for at, _ in sorted(found, key=_by_place, reverse=True):
        following = data.find(b"\n", at) + 1
        is_known = following in behind  # of a line that goes as well
        behind[at] = behind[following] if is_known else lines.behind(data, at, gone)
    kept = [change for change in changes if change.new is not None]
    goes = sorted(found, key=_by_place)
    return (*kept, *(change._replace(next=behind[at]) for at, change in goes))


def _by_place(found: tuple[int, RecordChange]) -> tuple[int, str]:
    return found[0], found[1].id


def choose(ops: Sequence[Op], number: int | None, who: Who, *, anyone: bool = False) -> Op:
    """The last write of the caller, or the one of that number; with `anyone` also another's.

    Raises Moved where nothing can be taken back, and NotYours where only another's could be.
    """
    undone = undoing(ops)
    op = (
        _last_undoable(ops, undone, who, anyone=anyone)
        if number is None
        else _numbered(ops, number)
    )
    if op.key in undone:
        raise Moved(f"operation {op.number} is undone already", hint="bd op log")
    if op.missed:
        raise Moved(
            f"operation {op.number} could not be noted in the journal, so it cannot be undone",
            hint="git diff; bd op log; bd undo N takes back an earlier write",
        )
    if not (anyone or is_own(op, who)):
        raise NotYours(f"operation {op.number} was written by {named(op, who)}", op.number)
    if op.rewrote:
        raise Moved(
            f"operation {op.number} ({' '.join(('bd', *op.argv[1:]))}) rewrote whole files, "
            "so it cannot be undone",
            hint="git diff; bd undo N takes back an earlier write",
        )
    if op.left_out:
        raise Moved(
            f"operation {op.number} wrote {op.left_out} records, which is more than is kept",
            hint="git diff; bd op log",
        )
    return op


def undoing(ops: Sequence[Op]) -> dict[str, Op]:
    """By the key of each write that is undone, the one that did it."""
    undone: dict[str, Op] = {}
    for op in reversed(ops):  # an undo that was itself undone does not count
        if op.undoes and op.key not in undone:
            undone.setdefault(op.undoes, op)
    return undone


def is_own(op: Op, who: Who) -> bool:
    """Whether the caller wrote it: the same session where both have one, else the same actor."""
    if op.session and who.session:
        return op.session == who.session
    return op.actor == who.name


def named(op: Op, who: Who) -> str:
    """Whose write it is; by the session where the name is the caller's own."""
    return op.actor if op.actor != who.name else f"another session of {op.actor} ({op.session})"


def _last_undoable(ops: Sequence[Op], undone: Mapping[str, Op], who: Who, *, anyone: bool) -> Op:
    """The last write of the caller that counts.

    One that may be anybody's counts as well, and where another has undone the caller's last write,
    the one before is not meant.
    """
    able = [op for op in ops if not op.undoes]
    for op in reversed(able):
        by = undone.get(op.key)
        if by is None and (anyone or is_own(op, who) or not op.key):
            return op
        if by is not None and is_own(op, who) and not (anyone or is_own(by, who)):
            raise Moved(
                f"your last write, operation {op.number}, was undone by {named(by, who)} already",
                hint="bd op log; bd undo N takes back an earlier write",
            )
    others = [op for op in able if op.key not in undone]
    if not others:
        raise Moved("nothing to undo", hint="bd op log")
    number = others[-1].number
    raise NotYours(
        f"no write of yours is left to undo; the last one, operation {number}, was written by "
        f"{named(others[-1], who)}",
        number,
    )


def _numbered(ops: Sequence[Op], number: int) -> Op:
    found = next((op for op in ops if op.number == number), None)
    if found is None:
        raise Moved(f"there is no operation {number}", hint="bd op log")
    return found


def plan(before: Snapshot, op: Op, ops: Sequence[Op] = ()) -> Wanted:
    """The lines that the write found. Raises Moved where one is not what it left.

    `ops` are all writes that are known: they tell who changed a record since.
    """
    wanted: dict[str, dict[str, bytes | None]] = {}
    for change in op.changes:
        if not before.is_left(change):
            raise Moved(
                f"{change.id} has changed since operation {op.number}{_by(change, op, ops)}: "
                "nothing was undone",
                hint=f"{_look(change)}; bd op log",
            )
        wanted.setdefault(change.file, {})[change.id] = change.old
    return wanted


def _by(change: RecordChange, op: Op, ops: Sequence[Op]) -> str:
    """Who wrote the record after this operation, where the journal knows."""
    for later in reversed(ops):
        if later.number > op.number and any(
            (one.file, one.id) == (change.file, change.id) for one in later.changes
        ):
            return f" (operation {later.number}, by {later.actor})"
    return ""


def _look(change: RecordChange) -> str:
    """The command that shows what a record says now."""
    file = change.file.removeprefix(PRIVATE)
    if file == OUTCOMES_FILE:
        return "bd memory outcomes"
    if file == CONFIG_FILE:
        return f"bd config get {quoted(change.id)}"
    if file == MEMORY_FILE or is_carried_name(change.id):
        return f"bd memory show {quoted(key_of(change.id))}"
    return f"bd show {quoted(change.id)}"


def places(op: Op) -> dict[str, dict[str, bytes]]:
    """By file, the line in front of which each record stood that the write took away."""
    found: dict[str, dict[str, bytes]] = {}
    for change in op.changes:
        if change.next is not None:
            found.setdefault(change.file, {})[change.id] = change.next
    return found
