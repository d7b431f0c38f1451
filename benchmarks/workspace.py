"""A scratch repository to measure a `bd` in, and the processes that run there."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from functools import cached_property
from typing import TYPE_CHECKING

from benchmarks import generate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SETTLED = 2.2
"""Seconds: a younger file is compared by content (git's racy rule, 2 s), an older one by stat."""
HUNG = 900.0
"""Seconds after which a process is killed."""
UNKNOWN = re.compile(r"no such command|unknown command|invalid choice", re.IGNORECASE)
_OURS = re.compile(r"(BD|BEADS|CLAUDE|GIT)_|PYTHONDONTWRITEBYTECODE\Z")

# Between vfork and exec a child counts as large as its parent, so a small process starts it.
_PEAK = """
import os, resource, sys
null = os.open(os.devnull, os.O_RDWR)
quiet = [(os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, null, 1)]
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=quiet)
_, status = os.waitpid(child, 0)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status) % 256)
"""


class CommandFailed(Exception):
    """A measured command ended with another exit code than 0."""


class NotBuilt(Exception):
    """The program does not know this command."""


class Workspace:
    """A git repository in `root` whose log holds `size` generated issues."""

    def __init__(self, root: Path, bd: Path, size: int) -> None:
        self.root = root
        self.bd = bd
        self.size = size
        self.beads = root / "repo" / ".beads"
        self.path = self.beads / "issues.jsonl"
        self.log = generate.log(size)
        self.bare = (sys.executable, "-c", "pass")
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  (closed in __exit__)
        self._numbers = itertools.count(1)
        self._create()

    def _create(self) -> None:
        self.beads.mkdir(parents=True)
        (self.root / "home").mkdir()
        metadata = '{\n  "database": "beads.db",\n  "jsonl_export": "issues.jsonl"\n}'
        (self.beads / "metadata.json").write_text(metadata)
        (self.beads / "config.yaml").write_text(f"issue-prefix: {generate.PREFIX}\n")
        (self.beads / ".gitignore").write_text("beads.db*\n.jsonl.lock\n.local/\nlast-touched\n")
        self.put(self.log)
        self._clean = self._signature()
        for argv in (
            ("init", "--quiet"),
            ("config", "user.name", "Ada Byrne"),
            ("config", "user.email", "ada.byrne@example.com"),
            ("config", "beads.role", "maintainer"),
            ("config", "gc.auto", "0"),
            ("add", "."),
            ("commit", "--quiet", "--message", "The log"),
        ):
            self._succeed(("git", *argv))
        self.rewind()

    @cached_property
    def environment(self) -> dict[str, str]:
        """What the processes see: nothing of the caller's settings, and compiled modules kept."""
        mine = {name: value for name, value in os.environ.items() if not _OURS.match(name)}
        home = str(self.root / "home")
        return {
            **mine,
            "HOME": home,
            "XDG_CONFIG_HOME": home,
            "GIT_CONFIG_NOSYSTEM": "1",
            "BD_ACTOR": "Ada Byrne",
            "BEADS_NO_DAEMON": "1",
        }

    @cached_property
    def changed(self) -> bytes:
        """The log after git changed 1 % of its lines."""
        return generate.edited(self.log, 0.01)

    @cached_property
    def branches(self) -> tuple[bytes, bytes, bytes]:
        """Base, ours and theirs: 5 % of the lines edited on each side."""
        return generate.branches(self.log, 0.05)

    @cached_property
    def easy_ids(self) -> list[str]:
        """Open issues that nothing keeps from being closed, in random order."""
        hindrances = (b'"dependencies"', b'"issue_type":"epic"', b'"defer_until"')
        return [
            generate.identity(line)
            for line in self.log.splitlines()
            if b'"status":"open"' in line and not any(word in line for word in hindrances)
        ]

    @cached_property
    def key(self) -> str:
        """The key of a memory in the middle of the file."""
        lines = generate.memories(self.size).splitlines()
        return str(json.loads(lines[len(lines) // 2])["key"])

    def rewind(self) -> None:
        """Begin again with the first of the easy ids."""
        self._ids = itertools.cycle(self.easy_ids)

    def restore(self) -> None:
        """The files as they were committed; a log that nobody touched keeps its age."""
        (self.beads / "memory.jsonl").unlink(missing_ok=True)
        if self._signature() != self._clean:
            self.put(self.log)
            self._clean = self._signature()
        self.rewind()

    def put(self, data: bytes) -> None:
        """Another log at the same path, as a checkout puts it there: a new file."""
        fresh = self.root / "fresh"
        fresh.write_bytes(data)
        fresh.replace(self.path)

    def _signature(self) -> tuple[int, ...]:
        stat = self.path.stat()
        return stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns

    def settle(self) -> None:
        """Wait until the log is old enough to be believed by its stat, and the memories are."""
        stats = [path.stat() for path in self.beads.glob("*.jsonl")]
        youngest = max(max(stat.st_mtime, stat.st_ctime) for stat in stats)
        time.sleep(max(0.0, youngest + SETTLED - time.time()))

    def delete_cache(self) -> None:
        """Take away what can be made again."""
        for pattern in ("beads.db*", ".local/cache.db*", ".local/memory.db*"):
            for path in self.beads.glob(pattern):
                path.unlink()

    def file(self, name: str, data: bytes) -> None:
        """A file beside the repository; commands name it as `{name}`."""
        (self.root / name).write_bytes(data)

    def argv(self, command: Sequence[str]) -> list[str]:
        """The command with its blanks filled.

        `{id}`, `{key}` of a memory, `{n}` (a new number), `{file:NAME}`.
        """
        blanks = {"id": next(self._ids, "none"), "n": str(next(self._numbers)), "key": self.key}

        def fill(match: re.Match[str]) -> str:
            kind, _, name = match[1].partition(":")
            return str(self.root / name) if kind == "file" else blanks[kind]

        return [str(self.bd), *(re.sub(r"\{([^}]+)\}", fill, part) for part in command)]

    def call(self, *command: str) -> str:
        """Standard output of a command. Raises NotBuilt or CommandFailed with what it said."""
        return self._succeed(self.argv(command))

    def _succeed(self, argv: Sequence[str]) -> str:
        ran = subprocess.run(
            argv,
            cwd=self.path.parents[1],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=HUNG,
            check=False,
        )
        if ran.returncode:
            self._fail(argv, ran.returncode, ran.stderr or ran.stdout)
        return ran.stdout

    def _fail(self, argv: Sequence[str], code: int, said: str) -> None:
        if UNKNOWN.search(said):
            raise NotBuilt(" ".join(argv))
        shown = said.strip()[-2000:]
        raise CommandFailed(f"{' '.join(argv)}: exit code {code}\n{shown}")

    def timed(self, argv: Sequence[str]) -> float:
        """Seconds from starting the process until it has ended; its output is thrown away."""
        self._errors.seek(0)
        self._errors.truncate()
        begin = time.perf_counter()
        process = subprocess.Popen(
            argv,
            cwd=self.path.parents[1],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
        )
        # A wait with a timeout polls, which would round the figure up by as much as 50 ms.
        guard = threading.Timer(HUNG, process.kill)
        guard.start()
        try:
            code = process.wait()
            seconds = time.perf_counter() - begin
        finally:
            guard.cancel()
        if code:
            self._errors.seek(0)
            self._fail(argv, code, self._errors.read().decode(errors="replace"))
        return seconds

    def peak(self, argv: Sequence[str]) -> float:
        """The most memory that the process held at once, in MB; at least that of bare Python."""
        figure = self._succeed((sys.executable, "-S", "-E", "-c", _PEAK, *argv))
        unit = 1 if sys.platform == "darwin" else 1024
        return int(figure) * unit / 1_000_000

    def close(self) -> None:
        """Let go of what the workspace holds open; its directory is the caller's."""
        self._errors.close()
