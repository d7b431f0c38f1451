"""Every call of the system that a writing verb makes, gone wrong: what is left, and what was said.

    bench = Bench(folder, shim())
    for fault in bench.faults(case):
        outcome = bench.outcome(case, fault)

A `Case` is a command line in a workspace that is the same each time. Its calls are counted by
running it untouched; a `Fault` names one of them and what happens to it. `Bench.outcome` runs the
command with that fault, then a read, a write, an undo of that write and an undo of the command, and
raises `Broken` where one of the promises does not hold:

- the files that the command writes are the old ones or the new ones, all of them together, once the
  next command has run, be it one that reads;
- what was answered with exit 0 is there, and what is said to be as it was is as it was;
- no success is printed for what is not there;
- neither a traceback nor "this is a bug": the machine's state is not ours;
- no file of a writer that died is left behind once the next one has written;
- an undo takes back this very write, or the one before where this did not happen, or refuses.
"""

from __future__ import annotations

import errno
import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.support.command_lines import log

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).resolve().parents[2]
NOW = 1_800_000_000 * 10**9
MINUTE = 60 * 10**9

HOW = {"fail": 1, "short": 2, "kill": 3, "full": 4, "dead": 5}
KINDS = {
    "EIO": "fail", "EACCES": "fail", "ENOSPC": "fail", "EINTR": "fail", "EAGAIN": "fail",
    "short": "short", "kill": "kill", "full": "full", "dead": "dead",
}  # fmt: skip
"""What can happen to a call, and what the shim calls it."""

NAMES = frozenset({
    "open", "create", "mkdir", "rmdir", "unlink", "unlinkat", "chmod", "access", "stat", "lstat",
    "stat64", "lstat64", "fstatat", "fstatat64", "rename", "renameat", "renameat2", "link",
    "linkat", "symlink", "symlinkat", "readlink", "opendir", "utimensat", "mkdirat", "truncate",
    "fchmodat", "faccessat",
})  # fmt: skip
WRITES = frozenset({"write", "pwrite", "pwrite64", "writev", "sendfile", "sendfile64"})
ROOM = WRITES | {"create", "mkdir", "mkdirat", "link", "linkat", "symlink", "symlinkat", "fsync",
                 "fdatasync"}  # fmt: skip
CHANGES = ROOM - {"fsync", "fdatasync"} | {
    "rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir", "ftruncate", "ftruncate64",
    "truncate", "chmod", "fchmod", "fchmodat",
}  # fmt: skip
INTERRUPTED = frozenset({"open", "create", "read", "pread", "pread64", "fsync", "flock"})


class Unusable(Exception):
    """Faults cannot be injected here; the text says why."""


class Broken(AssertionError):
    """A promise that did not hold."""


class Case(NamedTuple):
    """A command line that writes. `before` are those that prepare its workspace.

    `files` are there from the beginning, `late` just before the command. `whole` says that its
    files change together, as one write that `bd undo` takes back; else each is old or new, and the
    same command again completes it, or adds another entry where the file `grows`. A command of two
    writes may also leave what its `first` one alone leaves. One that `commits` changes what HEAD
    holds; `is_new` is without a workspace.
    """

    words: tuple[str, ...]
    before: tuple[tuple[str, ...], ...] = ()
    stdin: str = ""
    whole: bool = True
    files: tuple[tuple[str, str], ...] = ()
    late: tuple[tuple[str, str], ...] = ()
    first: tuple[str, ...] = ()
    grows: bool = False
    commits: bool = False
    is_new: bool = False

    @property
    def name(self) -> str:
        return " ".join(self.words)


class Fault(NamedTuple):
    """What happens to which call."""

    number: int
    call: str
    path: str
    kind: str

    def __str__(self) -> str:
        return f"{self.kind} at call {self.number}, {self.call} {self.path}"


class Run(NamedTuple):
    """What a command line left; `code` is below zero if it was killed."""

    code: int
    out: str
    err: str
    calls: tuple[tuple[str, str, bool], ...]


State = dict[str, bytes]


class Outcome(NamedTuple):
    """What became of one command: `left` is old, half, new or mixed, `then` the same
    after the next command.

    `undone` is this, earlier or refused: what an undo took back.
    """

    code: int
    left: str
    then: str
    undone: str


def kinds_of(call: str) -> list[str]:
    """What can happen to a call of this name."""
    if call == "fork":
        return ["EAGAIN"]
    kinds = ["EIO"]
    if call in NAMES:
        kinds.append("EACCES")
    if call in ROOM:
        kinds.append("ENOSPC")
    if call in INTERRUPTED or call in WRITES:
        kinds.append("EINTR")
    if call in WRITES or call in {"read", "pread", "pread64"}:
        kinds.append("short")
    if call in WRITES:
        kinds.append("full")
    if call in CHANGES:
        kinds += ["kill", "dead"]
    return kinds


@functools.cache
def shim() -> str:
    """The path of the library that hits calls, built for this run. Raises Unusable."""
    if not sys.platform.startswith("linux"):
        raise Unusable(f"calls are hit by LD_PRELOAD, which {sys.platform} lacks")
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler is None:
        raise Unusable("no C compiler is installed")
    made = Path(tempfile.mkdtemp(prefix="bd-faults-")) / "faults.so"
    source = str(Path(__file__).with_name("faults.c"))
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(made), source, "-ldl"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unusable(f"{compiler} cannot build {source}: {done.stderr.strip().splitlines()[0]}")
    return str(made)


class Server:
    """Runs command lines in forks of a process that has the program loaded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        (folder / "empty").touch()
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("fault_server.py"))],
            env={**os.environ, "LD_PRELOAD": shim(), "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if self._line() != "ready":
            raise Unusable("the process that runs the commands did not start")

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def run(self, job: dict[str, Any], stdin: str) -> Run:
        """Run one job."""
        source = self.folder / "empty"
        if stdin:
            source = self.folder / "in"
            source.write_text(stdin)
        out, err, trace = (self.folder / name for name in ("out", "err", "trace"))
        job |= {"in": str(source), "out": str(out), "err": str(err), "trace": str(trace)}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        code = int(self._line())
        rows = (row.split("\t") for row in trace.read_text(errors="replace").splitlines())
        calls = tuple((name, path, hit == "1") for _, name, hit, path in rows)
        return Run(code, out.read_text(errors="replace"), err.read_text(errors="replace"), calls)

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


class _Known(NamedTuple):
    """A case without faults."""

    start: Path
    calls: tuple[tuple[str, str, bool], ...]
    old: State
    new: State
    half: State
    undone: State
    earlier: State
    claim: str


class Bench:
    """A folder in which cases are run, one at a time and always at the same path."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self._starts = folder / "starts"
        self._known: dict[Case, _Known] = {}
        self._checked: dict[tuple[Case, str], tuple[str, str]] = {}
        self._server = Server(folder / "server")

    def close(self) -> None:
        """End the process that runs the commands."""
        self._server.close()

    def run(
        self,
        *words: str,
        stdin: str = "",
        at: int = 0,
        fault: Fault | None = None,
        late: bool = False,
    ) -> Run:
        """Run a command in the workspace as it is now; `at` is the minute at which that is."""
        hit = (fault.number, HOW[KINDS[fault.kind]], _code(fault.kind)) if fault else (0, 0, 0)
        job = {
            "words": words, "folder": str(self.root / "work"), "root": str(self.root),
            **dict(zip(("number", "how", "code"), hit, strict=True)), "now": NOW + at * MINUTE,
            "env": {
                "HOME": str(self.root / "home"), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8",
                "BD_ACTOR": "ann", "BD_SESSION": "s1", "BD_LOCK_TIMEOUT": "1s", "TZ": "UTC",
                "GIT_CONFIG_NOSYSTEM": "1", "TMPDIR": str(self.root / "tmp"),
            },
            "modules": str(self._server.folder / "modules") if late else "",
        }  # fmt: skip
        return self._server.run(job, stdin)

    # What a case is without any fault.

    def known(self, case: Case) -> _Known:
        """A case run untouched, once."""
        if case not in self._known:
            self._known[case] = self._learn(case)
        return self._known[case]

    def _learn(self, case: Case) -> _Known:
        start = self._starts / hashlib.sha256(repr(case).encode()).hexdigest()[:12]
        self._arrange(case)
        _age(self.root)
        shutil.copytree(self.root, start, symlinks=True)
        old = self.state(case)
        earlier = self.state(case) if self.run("undo", at=49).code == 0 else old
        self._begin(start)
        self.run(*case.words, stdin=case.stdin, at=50, late=True)  # loads what is loaded late
        self._begin(start)
        run = self.run(*case.words, stdin=case.stdin, at=50)
        assert run.code == 0, (case.name, run)
        new = self.state(case)
        assert new != old, case.name
        undone = half = old
        if case.whole:
            back = self.run("undo", at=51)
            assert back.code == 0, (case.name, back)
            undone = self.state(case)
        if case.first:
            self._begin(start)
            assert self.run(*case.first, at=50).code == 0, case.first
            half = self.state(case)
        assert not case.whole or undone == half or case.words == ("undo",), case.name
        claim = next((line for line in run.out.splitlines() if line.strip()), "")
        return _Known(start, run.calls, old, new, half, undone, earlier, claim)

    def _arrange(self, case: Case) -> None:
        """Make the workspace that a case begins with."""
        common = self._starts / "common"
        if not common.exists():
            _prepare(self.root)
            self._each(_SETTING, 0)
            shutil.copytree(self.root, common, symlinks=True)
        shutil.rmtree(self.root, ignore_errors=True)
        if case.is_new:
            _prepare(self.root)
        else:
            shutil.copytree(common, self.root, symlinks=True)
        _put(self.root / "work", case.files)
        if not case.is_new:
            self._each(case.before, 30)
            self._each([_EARLIER], 40)
        _put(self.root / "work", case.late)

    def _each(self, lines: Iterable[tuple[str, ...]], at: int) -> None:
        for number, words in enumerate(lines, at):
            done = self.run(*words, at=number)
            assert done.code == 0, (words, done)

    def _begin(self, start: Path) -> None:
        shutil.rmtree(self.root)
        shutil.copytree(start, self.root, symlinks=True)

    def state(self, case: Case) -> State:
        """Every file that counts, by its path; of a case that commits what HEAD holds too."""
        found = {"HEAD": _head(self.root / "work")} if case.commits else {}
        for folder, folders, names in os.walk(self.root):
            here = os.path.relpath(folder, self.root)
            if here == "work/.git":
                folders[:] = ["hooks"] if "hooks" in folders else []
            for name in names:
                path = os.path.join(here, name)
                data = Path(folder, name).read_bytes() if _counts(path) else b""
                if data:  # an empty file says as much as none
                    found[path] = _plain(name, data)
        return found

    # Faults.

    def faults(self, case: Case) -> list[Fault]:
        """All that can happen to a case."""
        return [
            Fault(number, name, os.path.relpath(path, self.root) if path[:1] == "/" else path, kind)
            for number, (name, path, _) in enumerate(self.known(case).calls, 1)
            for kind in kinds_of(name)
        ]

    def outcome(self, case: Case, fault: Fault) -> Outcome:
        """What becomes of a case when that happens. Raises Broken."""
        self.begin(case)
        run = self.run(*case.words, stdin=case.stdin, at=50, fault=fault)
        try:
            return self.judged(case, fault, run)
        except Broken as error:
            said = f"exit {run.code}\n{run.out}{run.err}"
            raise Broken(f"{case.name}: {fault}: {error}\n{said}") from None

    def begin(self, case: Case) -> None:
        """Make the workspace what it is before a case."""
        self._begin(self.known(case).start)

    def judged(self, case: Case, fault: Fault, run: Run) -> Outcome:
        """What a run left in the workspace. Raises Broken; nothing else may have run since."""
        known = self.known(case)
        is_killed = fault.kind == "kill" and run.code == -9
        _check(run.code in {0, 1} or is_killed, "it did not end well")
        left = self._word(case, known, self.state(case))
        digest = self._digest(case, run.code == 0)
        if (case, digest) not in self._checked:
            self._checked[case, digest] = self._after(case, known)
        then, undone = self._checked[case, digest]
        said = run.out + run.err
        if run.code == 0:
            _check(then == "new", f"exit 0, and it is {then}")
        if known.claim and known.claim in run.out:
            _check(then in {"new", "half"}, f"success was printed, and it is {then}")
        if any(text in said for text in _AS_BEFORE) and "before that:" not in said:
            _check(then == "old", f"said to be as it was, and it is {then}")
        return Outcome(run.code, left, then, undone)

    def _word(self, case: Case, known: _Known, state: State) -> str:
        if state == known.new:
            return "new"
        if state == known.old:
            return "old"
        if state == known.half:
            return "half"
        paths = known.old.keys() | known.new.keys() | state.keys()
        if not case.whole:
            paths -= _OF_GIT
        torn = [
            path for path in sorted(paths)
            if state.get(path) not in (known.old.get(path), known.new.get(path))
        ]  # fmt: skip
        _check(not torn, f"neither old nor new: {torn}")
        return "mixed"

    def _digest(self, case: Case, done: bool) -> str:
        """What is on the disk, but for the cache."""
        digest = hashlib.sha256(repr(done).encode())
        for folder, folders, names in os.walk(self.root / "work"):
            folders.sort()
            for name in sorted(names):
                path = Path(folder, name)
                if not _is_cache(name):
                    text = path.read_bytes()
                    digest.update(f"{path}\0{len(text)}\0".encode() + text)
        return digest.hexdigest()

    def _after(self, case: Case, known: _Known) -> tuple[str, str]:
        """The state after the next command, and what an undo took back."""
        read = self.run("list", "--all", "--json", at=60)
        _check(read.code == 0 or case.is_new, f"the next command fails: {read.err}")
        then = self._word(case, known, self.state(case))
        _check(then != "mixed" or not case.whole, "some files are old, others new")
        if not case.whole:
            again = self.run(*case.words, stdin=case.stdin, at=50)
            _check(again.code == 0 or then == "new", f"the command again fails: {again.err}")
            is_complete = case.grows or self.state(case) == known.new
            _check(is_complete, "the same command again does not complete it")
        wrote = self.run("create", "The next write", at=61)
        _check(wrote.code == 0, f"the next write fails: {wrote.err}")
        self._check_swept()
        return then, self._undone(case, known, then) if case.whole else ""

    def _undone(self, case: Case, known: _Known, then: str) -> str:
        """What undo takes back, behind a write that is undone first."""
        back = self.run("undo", at=63)
        _check(back.code == 0, f"the next write cannot be undone: {back.err}")
        state = self.state(case)
        _check(self._word(case, known, state) == then, "the write beside it changed it")
        undo = self.run("undo", at=64)
        after = self.state(case)
        if undo.code:
            _check(after == state, "the undo was refused, and something changed")
            return "refused"
        wanted, word = {
            "new": (known.undone, "this"),
            "half": (known.old, "this"),
            "old": (known.earlier, "earlier"),
        }[then]
        _check(after == wanted, f"undo took back something else: {undo.out}")
        return word

    def _check_swept(self) -> None:
        strays = [
            os.path.join(folder, name)
            for folder, _, names in os.walk(self.root)
            for name in names
            if _is_stray(name)
        ]
        _check(not strays, f"left behind: {strays}")


_SETTING = (
    ("init", "--prefix", "t", "--quiet"),
    ("import", "start.jsonl"),
    ("memory", "set", "a/one", "The first", "--tag", "x"),
    ("memory", "set", "a/two", "The second"),
    ("memory", "ok", "a/one"),
    ("kv", "set", "release", "1.4"),
)
_EARLIER = ("update", "t-y", "--notes", "The write before")
_AS_BEFORE = (
    "log is as it was", "nothing was written", "nothing was changed", "nothing was undone",
)  # fmt: skip
_OF_GIT = {"work/.git/config"}  # git changes it key by key, each in one step


def _prepare(root: Path) -> None:
    work = root / "work"
    for folder in (work, root / "home", root / "tmp"):
        folder.mkdir(parents=True)
    subprocess.run(["git", "init", "--quiet", "--template=", "--initial-branch=main", str(work)],
                   check=True)  # fmt: skip
    with (work / ".git" / "config").open("a") as config:
        config.write("[user]\n\tname = Ann Example\n\temail = ann@example.com\n")
    (work / "start.jsonl").write_bytes(log())


def _put(folder: Path, files: Iterable[tuple[str, str]]) -> None:
    for name, text in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def _head(folder: Path) -> bytes:
    """The tree of the last commit; empty if there is none."""
    command = ["git", "-C", str(folder), "rev-parse", "--quiet", "--verify", "HEAD^{tree}"]
    return subprocess.run(command, capture_output=True, check=False).stdout


def _age(root: Path) -> None:
    """Let git have been here long ago: what it does beside a write is another test's subject."""
    for folder, _, names in os.walk(root / "work" / ".git"):
        for path in (folder, *(os.path.join(folder, name) for name in names)):
            os.utime(path, (1_700_000_000, 1_700_000_000))


def _is_cache(name: str) -> bool:
    is_database = name.startswith(("beads.db", "cache.", "memory.db", "memory.stamp", "memory.new"))
    return is_database or name.startswith("history.db") or name.endswith(".lock")


def _counts(path: str) -> bool:
    """Whether a file is one that must be old or new."""
    folder, name = os.path.split(path)
    if folder == "work/.git":
        return name == "config"
    if folder == "work/.beads/.local":
        return name in {"memory.jsonl", "outcomes.jsonl", "secrets-allow"}
    return not _is_cache(name) and not _is_stray(name) and not path.startswith("tmp/")


def _plain(name: str, data: bytes) -> bytes:
    """A file with one name for all that is named by chance, as a plan that is run again does."""
    if name == "config.yaml":  # a line that comes back in front of a blank one goes to the end
        return b"\n".join(sorted(data.splitlines()))
    data, made = re.subn(rb"\bt-[0-9a-z]{5,8}\b", b"t-...", data)
    if made and name.endswith(".jsonl"):  # a record stands where its id sorts it
        data = b"\n".join(sorted(data.split(b"\n")))
    data = re.sub(rb'"id":\d+', b'"id":0', data)  # of a comment
    # A hook that was installed twice does not know that the first time made the folder.
    data = data.replace(b"# Its folder was made for it.\n", b"") if data.startswith(b"#!") else data
    return re.sub(rb'"(id|voids)":"[0-9a-f]{16}"', rb'"\1":"..."', data)


def _is_stray(name: str) -> bool:
    """Whether a file is one that a writer left which died."""
    return any(part in name for part in ("db-tmp", ".bak"))


def _check(holds: object, text: str) -> None:
    if not holds:
        raise Broken(text)


def _code(kind: str) -> int:
    return {"full": errno.ENOSPC, "dead": errno.EIO}.get(kind) or getattr(errno, kind, 0)
