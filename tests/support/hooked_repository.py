"""A repository with a workspace and git hooks, in which git itself does the work."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests.support.scratch import bd, line, lines
from tracker.setup.git_hooks import NAMES, stub

PROGRAMS = Path(sys.executable).parent
LOG = ".beads/issues.jsonl"


class Said(NamedTuple):
    out: str
    err: str


class Clone:
    """A repository with a workspace, three issues and our hooks."""

    def __init__(self, repo):
        self.repo = repo
        self.path = repo.path
        self.hooks = repo.path / ".git/hooks"
        repo.commit({LOG: lines("a-1", "a-2", "a-3"), "file": b"one\n"})

    def install(self):
        bd(self.path, "hooks", "install")
        return self

    def git(self, *words, code=0, at=None, **env):
        done = subprocess.run(
            ["git", *words], cwd=at or self.path, env={**os.environ, **env},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, done
        return Said(done.stdout, done.stderr)

    def write(self, data, name=LOG):
        (self.path / name).parent.mkdir(exist_ok=True)
        (self.path / name).write_bytes(data)

    def stage(self, data, name=LOG):
        self.write(data, name)
        self.git("add", "--all")

    def branch(self, name, data, start="main"):
        """A branch with one commit of the log, made without hooks; back on main."""
        quiet = ("-c", f"core.hooksPath={os.devnull}")
        self.git(*quiet, "checkout", "-q", "-b", name, start)
        self.write(data)
        self.git(*quiet, "commit", "-qam", name)
        self.git(*quiet, "checkout", "-q", "main")

    def foreign(self, name, *body, mode=0o750):
        path = self.hooks / name
        path.write_text("\n".join(["#!/bin/sh", *body, ""]))
        path.chmod(mode)
        os.utime(path, (1_500_000_000, 1_500_000_000))
        return path


def edge(id, to, kind="blocks"):
    row = json.loads(line(id))
    return json.dumps({**row, "dependencies": [{"depends_on_id": to, "type": kind}]})


def log(*rows):
    return "".join(f"{row}\n" for row in rows).encode()


def state(path):
    found = path.lstat()
    data = os.readlink(path) if path.is_symlink() else path.read_bytes()
    return data, stat.S_IMODE(found.st_mode), found.st_mtime_ns


def everything(folder):
    return {path.name: state(path) for path in folder.iterdir()}


def path_with(folder, **programs):
    """A PATH with git, sh and what is given as scripts."""
    folder.mkdir()
    for name in ("git", "sh", "grep"):
        (folder / name).symlink_to(shutil.which(name))
    for name, text in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    return str(folder)


def watch(clone):
    """Hooks whose interpreter is a script that notes that it was started; `started` counts."""
    script = clone.path.parent / "python"
    note = clone.path.parent / "started"
    script.write_text(f'#!/bin/sh\n[ "$2" = -c ] || echo "$@" >> {note}\n')
    script.chmod(0o755)
    for name in NAMES:
        (clone.hooks / name).write_bytes(stub(name, str(script)))
        (clone.hooks / name).chmod(0o755)
    clone.started = lambda: note.read_text().splitlines() if note.exists() else []
    return clone
