"""A bare repository on this machine, and clones of it in which people work."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.support.repository import Repository
from tests.support.scratch import bd, line

CONFIG = b"issue-prefix: t\n"
ATTRIBUTES = b"".join(
    b"%s text eol=lf merge=tracker\n" % name
    for name in (b"issues.jsonl", b"archive.jsonl", b"memory.jsonl")
)
IGNORED = b"beads.db*\n.local/\n.jsonl.lock\n"


class Clone(Repository):
    """A work tree with a workspace in it, and somebody who works there."""

    def __init__(self, path: Path, name: str = "ann") -> None:
        self.path = path
        self.name = name
        self.log = path / ".beads/issues.jsonl"

    def bd(self, *words: str, code: int = 0, env=None, stdin=""):
        own = {"BD_ACTOR": self.name, **(env or {})}
        return bd(self.path, *words, code=code, env=own, stdin=stdin)

    def sync(self, *words: str, code: int = 0, env=None) -> dict:
        said = self.bd("sync", "--json", *words, code=code, env=env)
        assert not said.err
        return said.json

    def create(self, title: str) -> str:
        return self.bd("create", title, "--json").json["id"]

    def show(self, id: str) -> dict:
        return self.bd("show", id, "--json").json[0]

    def titles(self) -> set[str]:
        return {json.loads(text)["title"] for text in self.log.read_text().splitlines()}

    def write(self, name: str, text: str) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def hook(self, name: str, script: str) -> None:
        path = self.write(f".git/hooks/{name}", f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def head(self, rev: str = "HEAD") -> str:
        return self.git("rev-parse", rev).strip()

    def status(self) -> list[str]:
        return self.git("status", "--porcelain").splitlines()


def bare(path: Path, *ids: str) -> Path:
    """A bare repository whose branch `main` holds some code and a workspace with these issues."""
    first = Repository(path.with_name(path.name + "-first"))
    first.commit(
        {
            "code.py": b"pass\n",
            ".beads/issues.jsonl": "".join(f"{line(id)}\n" for id in sorted(ids)).encode(),
            ".beads/memory.jsonl": b"",
            ".beads/outcomes.jsonl": b"",
            ".beads/config.yaml": CONFIG,
            ".beads/.gitattributes": ATTRIBUTES,
            ".beads/.gitignore": IGNORED,
        }
    )
    first.git("clone", "--quiet", "--bare", ".", str(path))
    return path


def clone(remote: Path, name: str = "ann") -> Clone:
    """A new clone beside the repository that it comes from."""
    path = remote.with_name(name)
    words = ["clone", "--quiet", "--template=", os.fspath(remote), os.fspath(path)]
    Clone(remote).git(*words)  # without sample hooks, which copies of it would copy
    return Clone(path, name)
