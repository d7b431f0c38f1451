"""A git repository for a test, and `bd` in one of its own."""

from __future__ import annotations

import io
import itertools
import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from tracker.cli import main

ROOT = Path(__file__).resolve().parents[2]


SHARED = ROOT.parent / "shared"


_IDENTITY = {
    "GIT_AUTHOR_NAME": "Ann Example",
    "GIT_AUTHOR_EMAIL": "ann@example.com",
    "GIT_COMMITTER_NAME": "Ann Example",
    "GIT_COMMITTER_EMAIL": "ann@example.com",
}


@cache
def _initialised() -> dict[str, bytes | None]:
    """What `git init` leaves, by path, but for sample hooks; None for a folder."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["git", "-C", folder, "init", "--quiet", "--initial-branch=main"]
        subprocess.run(command, check=True)
        paths = [path for path in sorted(Path(folder).rglob("*")) if path.suffix != ".sample"]
        return {
            str(path.relative_to(folder)): None if path.is_dir() else path.read_bytes()
            for path in paths
        }


class Repository:
    """A git repository with one branch, `main`, and nothing in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        for name, data in _initialised().items():  # many tests, and a process takes its time
            if data is None:
                (path / name).mkdir()
            else:
                (path / name).write_bytes(data)
        os.utime(path / ".git", (1_700_000_000,) * 2)  # as if git had not been here just now

    def git(self, *args: str, may_fail: bool = False) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.path), *args], capture_output=True, text=True, check=False
        )
        assert may_fail or done.returncode == 0, f"git {' '.join(args)}: {done.stderr}"
        return done.stdout

    def commit(self, files: dict[str, bytes], message: str = "change") -> str:
        """Write the files, commit everything, return the commit's name."""
        for name, data in files.items():
            target = self.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD").strip()


class Answer(NamedTuple):
    """What a command line left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        """The failure as JSON, from the stream for errors."""
        return json.loads(self.err)


class Bd:
    """`bd` in a git repository of its own: call it with the words of a command line.

    Its clock begins in January 2027 and moves on by a second with each look; its home is full of
    things that must not be found.
    """

    def __init__(self, repo: Repository, home: Path) -> None:
        self.repo = repo
        self.path = repo.path
        self.beads = repo.path / ".beads"
        self.file = self.beads / "issues.jsonl"
        self.now = 1_800_000_000 * 10**9
        self.nonces = itertools.count(1)
        self.env = {"HOME": str(home), "PATH": os.environ["PATH"], "TZ": "UTC"}
        self.beads.mkdir()
        self.write()
        (self.beads / "config.yaml").write_text("issue-prefix: t\n")
        (self.beads / ".gitignore").write_text("*.db*\n.local/\n.jsonl.lock\n")
        with (repo.path / ".git" / "config").open("a") as config:
            config.write("[user]\n\tname = Ann Example\n\temail = ann@example.com\n")

    def __call__(
        self,
        *words: str,
        code: int = 0,
        stdin: str | io.TextIOBase = "",
        cwd: Path | None = None,
        **env: str,
    ) -> Answer:
        """Run one command line; its exit code must be `code`."""
        answer = self.run(*words, stdin=stdin, cwd=cwd, **env)
        assert answer.code == code, answer
        return answer

    def run(
        self, *words: str, stdin: str | io.TextIOBase = "", cwd: Path | None = None, **env: str
    ) -> Answer:
        """The answer to one command line, whatever its exit code."""
        out, err = io.StringIO(), io.StringIO()
        given = io.StringIO(stdin) if isinstance(stdin, str) else stdin
        found = main(
            ["bd", *words],
            {**self.env, **env},
            given,
            out,
            err,
            str(cwd or self.path),
            clock=self.clock,
            nonce=lambda: next(self.nonces),
        )
        return Answer(found, out.getvalue(), err.getvalue())

    def clock(self) -> int:
        self.now += 10**9
        return self.now

    def start(self, *words: str, cwd: Path | None = None, **env: str) -> subprocess.Popen[str]:
        """The same as a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "tracker", *words],
            cwd=cwd or self.path,
            env={**self.env, "PYTHONPATH": str(ROOT), **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def write(self, *lines: str | dict[str, Any]) -> None:
        """Make the log consist of these lines; an issue may be given by its keys."""
        texts = [line if isinstance(line, str) else self.line(**line) for line in lines]
        self.file.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")

    @staticmethod
    def line(id: str, **fields: Any) -> str:
        issue = {
            "id": id, "title": f"Title of {id}", "status": "open", "priority": 2,
            "issue_type": "task", "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z",
        }  # fmt: skip
        return json.dumps({**issue, **fields}, separators=(",", ":"), ensure_ascii=False)

    def issue(self, id: str) -> dict[str, Any]:
        """The record of an id as the log holds it."""
        return {record["id"]: record for record in self.issues()}[id]

    def issues(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.file.read_bytes().splitlines()]
