"""Open, read and write files safely: bounded in bytes, through no link that leads out.

A repository is written by anybody. In the place of any file of a workspace there may be a FIFO that
nobody ever writes to, a device that never ends, a folder, a sparse file of terabytes, or a link to
a file of whoever runs the program. So every file of ours is opened here, and what is found in its
place is refused with its name. Links at or below `.beads` are followed to read where the file that
they lead to is in the same work tree; what belongs to this clone alone is written through none.

A dead disk under a regular file is the one thing that can still make a read wait.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from tracker.errors import Refused, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO


LARGEST = 1 << 30
"""Bytes of a file of records, of git's index, of a database: a GiB, a million issues."""
SMALL = 1 << 20
"""Bytes of every other file: settings, templates, notes of this clone."""
NEVER, INSIDE, ANYWHERE = range(3)
"""Which links are followed: none, those within the work tree, or all (git's own files)."""

TEMPORARY = ".db-tmp"
"""What stands between the name of a file and a process where that writes a new content of it."""

_CHUNK = 1 << 20
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_NONBLOCK = getattr(os, "O_NONBLOCK", 0)
_SAFE = _NONBLOCK
for _flag in ("O_NOCTTY", "O_CLOEXEC", "O_BINARY"):
    _SAFE |= getattr(os, _flag, 0)


class Unusable(Refused, OSError):
    """What is in the place of a file is none, leads out of the work tree, or is too large.

    An OSError as well: who can do without the file goes on as if it were not there.
    """

    def __init__(self, path: str, why: str, hint: str) -> None:
        super().__init__(f"{path} {why}", hint=hint)
        self.filename = path
        self.strerror = f"it {why}"

    def __str__(self) -> str:
        return self.message


# Reading.


def read(path: str, limit: int = SMALL, *, links: int = INSIDE) -> bytes:
    """The bytes of a file. Raises Unusable, FileNotFoundError or another OSError."""
    handle = opened(path, links=links)
    try:
        return contents(handle, path, limit)
    finally:
        os.close(handle)


def start_of(path: str, size: int, *, links: int = INSIDE) -> bytes:
    """The first bytes of a file, however long it is."""
    handle = opened(path, links=links)
    try:
        return os.read(handle, size)
    finally:
        os.close(handle)


def named(path: str, limit: int = LARGEST) -> bytes:
    """The bytes of what the user names: a file, or a pipe that another program writes to.

    What a workspace holds is read as everywhere. Raises Unusable or an OSError.
    """
    if "/.beads/" in os.path.abspath(path):
        return read(os.path.abspath(path), limit)
    if "/.beads/" in os.path.realpath(path):
        return read(path, limit, links=ANYWHERE)
    handle = os.open(path, os.O_RDONLY | _SAFE & ~_NONBLOCK)
    try:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise _no_file(path)
        return contents(handle, path, limit)
    finally:
        os.close(handle)


def piped(stream: BinaryIO) -> bytes:
    """The bytes of the standard input. Raises Unusable or an OSError."""
    parts, size = [], 0
    while part := stream.read(_CHUNK):
        parts.append(part)
        size += len(part)
        if size > LARGEST:
            raise Unusable("the standard input", f"is longer than {LARGEST:,} bytes", "")
    return b"".join(parts)


def copy(path: str, target: str) -> None:
    """A new file of the same bytes. Raises Unusable or an OSError."""
    source = opened(path, links=INSIDE if "/.beads/" in path else ANYWHERE)
    try:
        handle = created(target)
        try:
            for piece in pieces(source, path, LARGEST):
                write(handle, piece)
        finally:
            os.close(handle)
    finally:
        os.close(source)


def contents(handle: int, path: str, limit: int) -> bytes:
    """What is left to read of an open file. Raises Unusable where that is more than `limit`."""
    size = os.fstat(handle).st_size
    if size > limit:
        raise too_large(path, limit)
    data = os.read(handle, size + 1)
    if len(data) == size:  # nearly always: that was all
        return data
    return b"".join((data, *pieces(handle, path, limit, len(data))))


def pieces(handle: int, path: str, limit: int, size: int = 0) -> Iterator[bytes]:
    """The same, a part at a time; `size` bytes were read before."""
    if os.fstat(handle).st_size > limit:
        raise too_large(path, limit)
    while piece := os.read(handle, _CHUNK):
        size += len(piece)
        if size > limit:
            raise too_large(path, limit)
        yield piece


def too_large(path: str, limit: int) -> Unusable:
    """The error for a file that is longer than what is read of one."""
    hint = f"mv {quoted(path)} {quoted(path + '.off')}"
    return Unusable(path, f"is larger than {limit:,} bytes, the most that is read of it", hint)


# Opening.


def opened(path: str, flags: int = os.O_RDONLY, mode: int = 0o600, *, links: int = INSIDE) -> int:
    """An open regular file, below folders that are no links out of the work tree.

    Raises Unusable, or an OSError of the system's.
    """
    if links is not ANYWHERE:
        for folder in _folders(path):
            if stat.S_ISLNK(os.lstat(folder).st_mode):
                check_link(folder)
    try:
        return _opened(path, flags | _SAFE | (0 if links is ANYWHERE else _NOFOLLOW), mode)
    except OSError:
        if links is ANYWHERE or flags & os.O_EXCL or not os.path.islink(path):
            raise
        if links is NEVER:
            forbid_links(path)
    return _opened(check_link(path), flags | _SAFE | _NOFOLLOW, mode, path)


def _opened(path: str, flags: int, mode: int, shown: str = "") -> int:
    try:
        handle = os.open(path, flags, mode)
    except OSError as error:
        if not flags & os.O_EXCL and _what(path):
            raise _no_file(shown or path) from error
        raise
    if stat.S_ISREG(os.fstat(handle).st_mode):
        return handle
    os.close(handle)
    raise _no_file(shown or path)


def _folders(path: str) -> Iterator[str]:
    """The folders below `.beads` on the way to a file; most files have none."""
    at = path.rfind("/.beads/")
    at = at + len("/.beads") if at >= 0 else path.rfind("/.local/")
    while at >= 0 and (stop := path.find("/", at + 1)) > 0:
        yield path[:stop]
        at = stop


def _what(path: str) -> str:
    """What is there in place of a file; "" for a file, or for nothing."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return ""
    names = {
        stat.S_IFDIR: "folder", stat.S_IFIFO: "FIFO", stat.S_IFSOCK: "socket",
        stat.S_IFCHR: "device", stat.S_IFBLK: "device",
    }  # fmt: skip
    return names.get(stat.S_IFMT(mode), "")


def _no_file(path: str) -> Unusable:
    hint = f"mv {quoted(path)} {quoted(path + '.off')}"
    return Unusable(path, f"is a {_what(path)}, where a file is expected", hint)


# Links.


def check_link(link: str, root: str = "") -> str:
    """Where a link at or below `.beads` leads. Raises Unusable unless that is the same work tree.

    `root` is the folder around `.beads`: it bounds the link where there is no git.
    """
    real = os.path.realpath(link)
    root = root or _root(link)
    top = _top(root)
    if os.path.islink(real):
        raise circular(link)
    within = real == (top or root) or real.startswith((top or root).rstrip("/") + "/")
    if within and ".git" not in real.split("/") and _top(_folder(real)) == top:
        return real
    why = f"is a symbolic link to {real}, outside {top or root}"
    raise Unusable(link, why, f"rm {quoted(link)}")


def circular(link: str) -> Unusable:
    """The error for a link that leads to itself."""
    return Unusable(link, "is a symbolic link that leads back to itself", f"rm {quoted(link)}")


def inside(path: str) -> str:
    """The path of a file at or below `.beads`, behind links within the work tree.

    Raises Unusable where one leads out of it.
    """
    for folder in _folders(path):
        if os.path.islink(folder):
            check_link(folder)
    return check_link(path) if os.path.islink(path) else path


def _root(path: str) -> str:
    """The folder around the `.beads` that a path leads into; else the folder of the file."""
    head, found, _ = path.rpartition("/.beads")
    if not found:
        head, found, _ = path.rpartition("/.local")
    return os.path.realpath(head if found else os.path.dirname(path))


def _folder(path: str) -> str:
    return path if os.path.isdir(path) else os.path.dirname(path)


def _top(folder: str) -> str | None:
    """The top of the work tree around a real folder."""
    while not os.path.lexists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
    return folder


# Writing.


def append(path: str, data: bytes, mode: int = 0o600) -> None:
    """Add bytes to a file, which is made where there is none."""
    handle = opened(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, mode, links=NEVER)
    try:
        write(handle, data)
    finally:
        os.close(handle)


def write(handle: int, data: bytes) -> None:
    """All of these bytes."""
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def created(path: str, mode: int = 0o600) -> int:
    """A file that is new, open for writing. Raises FileExistsError, be it for a dangling link."""
    return opened(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode, links=NEVER)


def create(path: str, data: bytes, mode: int = 0o600, *, sync: bool = False) -> None:
    """Make a file, whole or not at all. Raises FileExistsError where anything is there."""
    handle = created(path, mode)
    try:
        write(handle, data)
        if sync:
            os.fsync(handle)
    except BaseException:
        _drop(path)
        raise
    finally:
        os.close(handle)


def replace(path: str, data: bytes, mode: int = 0o600) -> None:
    """Put a file of this clone in the place of whatever there is, a link too, in one step.

    The caller holds a lock, or is the only one who writes it. Nothing is synced: it can be lost.
    """
    temporary = f"{path}.new"
    with suppress(FileNotFoundError):
        os.unlink(temporary)  # of somebody who died
    create(temporary, data, mode)
    _put(temporary, path)


def put(
    path: str, data: bytes, *, sync: bool = True, check: Callable[[], None] | None = None
) -> None:
    """Put a file that people edit too in the place of one, which keeps its mode, or of none.

    `check` raises where it must not be replaced after all.
    """
    temporary, kept = beside(path), None
    with suppress(FileNotFoundError):
        kept = stat.S_IMODE(os.stat(path).st_mode)
    create(temporary, data, 0o666 if kept is None else kept, sync=sync)
    try:
        if check:
            check()
        if kept is not None:
            os.chmod(temporary, kept)
    except BaseException:
        _drop(temporary)
        raise
    _put(temporary, path)


def _put(temporary: str, path: str) -> None:
    try:
        os.replace(temporary, path)
    except BaseException:
        _drop(temporary)
        raise


def _drop(path: str) -> None:
    """Remove a file that nobody needs; if that fails, the next writer does."""
    with suppress(OSError):
        os.unlink(path)


def forbid_links(path: str) -> None:
    """Raise Unusable where anything but a file is in the place of one that a library opens."""
    with suppress(FileNotFoundError):
        mode = os.lstat(path).st_mode
        if stat.S_ISLNK(mode):
            why = f"is a symbolic link to {os.path.realpath(path)}, and is not followed"
            raise Unusable(path, why, f"rm {quoted(path)}")
        if not stat.S_ISREG(mode):
            raise _no_file(path)


def beside(path: str) -> str:
    """The name of a new file that is to take the place of another one.

    What processes left in that folder that are gone is removed.
    """
    folder, name = os.path.split(path)
    sweep(folder)
    return os.path.join(folder, f".{name}{TEMPORARY}{os.getpid()}")


def sweep(folder: str) -> None:
    """Remove what processes left in a folder that are gone; of records, the journal decides."""
    with suppress(OSError):
        for name in os.listdir(folder or "."):
            if TEMPORARY in name and _is_left_over(folder, name):
                _drop(os.path.join(folder, name))


def _is_left_over(folder: str, name: str) -> bool:
    of, _, process = name.removeprefix(".").rpartition(TEMPORARY)
    is_ours = name.startswith(".") and process.isdecimal()
    if os.path.basename(folder) in {".beads", ".local"}:
        is_ours = is_ours and not of.endswith((".jsonl", ".yaml"))
    return is_ours and not _lives(int(process))


def _lives(process: int) -> bool:
    if os.name == "nt":  # where this would end it
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def make_folder(path: str) -> None:
    """Make a folder and those around it; none through a link out of the work tree."""
    for folder in _folders(os.path.join(path, "")):
        if os.path.islink(folder):
            check_link(folder)
    try:
        os.makedirs(path, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        for folder in (path, os.path.dirname(path)):
            if os.path.lexists(folder) and not os.path.isdir(folder):
                hint = f"mv {quoted(folder)} {quoted(folder + '.off')}"
                raise Unusable(folder, "is no folder", hint) from error
        raise


LOCAL_IGNORE = "*\n"


def read_log(path: str) -> tuple[bytes, str]:
    """The bytes of the log and the stat they belong to; empty where there is no file."""
    for _ in range(20):
        try:
            handle = opened(path)
        except (FileNotFoundError, NotADirectoryError):
            return b"", ""
        try:
            before = os.fstat(handle)
            data = contents(handle, path, LARGEST)
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
        handle = opened(path)
    except FileNotFoundError:
        return content.digest(), ""
    try:
        before = os.fstat(handle)
        for piece in pieces(handle, path, LARGEST):
            content.update(piece)
        after = os.fstat(handle)
    finally:
        os.close(handle)
    same = text_of(before) == text_of(after)
    return (content.digest() if same else b""), text_of(after)


DEVICES = ("/dev/fd/", "/dev/std", "/proc/")
NAME_ANOTHER = "name another file: --output FILE"


def check_kind(path: str, real: str, name: str) -> None:
    """Raise Refused where there is a folder, a device or a pipe."""
    mode = os.stat(real).st_mode if os.path.exists(real) else stat.S_IFREG
    if path.startswith(DEVICES) or not stat.S_ISREG(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "a device or a pipe"
        raise Refused(f"{name} is {what}: it is left as it is", hint=NAME_ANOTHER)


def is_ignored(folder: str, name: str) -> bool:
    """Whether the ignore file of this very folder covers a file in it."""
    from fnmatch import fnmatchcase

    try:
        text = read(os.path.join(folder, ".gitignore")).decode()
    except (OSError, UnicodeDecodeError):
        return False
    patterns = [line.strip() for line in text.split("\n")]
    covered = False
    for pattern in patterns:
        if pattern and not pattern.startswith("#"):
            plain = pattern.removeprefix("!").removeprefix("/")
            if fnmatchcase(name, plain):
                covered = not pattern.startswith("!")
    return covered


def stat_text(path: str) -> str:
    """What tells one state of a file from another; "" where there is no file."""
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        if os.path.islink(path):
            raise circular(path) from error
        raise
    return text_of(found)


def text_of(found: os.stat_result) -> str:
    """The same, of a stat result."""
    return f"{found.st_dev}:{found.st_ino}:{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}"


def make_local(local: str) -> None:
    """The folder for what never leaves this clone, ignored by git from within."""
    ignore = os.path.join(local, ".gitignore")
    if not os.path.exists(ignore):
        make_folder(local)
        with suppress(FileExistsError):
            create(ignore, LOCAL_IGNORE.encode(), 0o666)
