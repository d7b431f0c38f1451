"""Two branches of one repository that changed the same records, and the merge they should get."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.support.repository import Repository
from tests.support.scratch import bd, line
from tracker.merge.three_way import three_way
from tracker.setup.merge_driver import KEY, command

LOG = ".beads/issues.jsonl"
ATTRIBUTES = b"".join(
    b"%s text eol=lf merge=tracker\n" % name
    for name in (
        b"issues.jsonl",
        b"archive.jsonl",
        b"memory.jsonl",
        b"outcomes.jsonl",
        b"interactions.jsonl",
    )
)
START = "".join(f"{line(id)}\n" for id in ("t-1", "t-5", "t-9")).encode()


class Work(Repository):
    """A repository with a workspace whose clone knows the merge driver."""

    def __init__(self, path: Path, log: bytes = START) -> None:
        super().__init__(path)
        self.log = path / LOG
        self.commit(
            {
                LOG: log,
                ".beads/config.yaml": b"issue-prefix: t\n",
                ".beads/.gitattributes": ATTRIBUTES,
                ".beads/.gitignore": b"beads.db*\n.local/\n.jsonl.lock\n",
            }
        )
        self.register(sys.executable)

    def register(self, python: str) -> None:
        self.git("config", KEY, command(python))

    @property
    def data(self) -> bytes:
        return self.log.read_bytes()

    def issue(self, id: str) -> dict:
        rows = [json.loads(text) for text in self.data.splitlines()]
        return next(row for row in rows if row["id"] == id)

    def at(self, rev: str) -> bytes:
        return self.git("show", f"{rev}:{LOG}").encode()

    def change(self, day: int = 10, **records: dict) -> str:
        """Commit other fields of records (`t_1` is t-1), or new ones; sorted by id."""
        rows = {row["id"]: row for row in map(json.loads, self.data.splitlines())}
        for name, fields in records.items():
            id = name.replace("_", "-")
            held = rows.get(id) or json.loads(line(id))
            rows[id] = {**held, **fields, "updated_at": f"2026-02-{day:02d}T00:00:00Z"}
        texts = (json.dumps(rows[id], separators=(",", ":")) for id in sorted(rows))
        return self.commit({LOG: "".join(f"{text}\n" for text in texts).encode()}, "change")

    def fork(self) -> None:
        """Two branches, main (checked out) and side, that a merge of lines cannot join."""
        self.git("switch", "--quiet", "--create", "side")
        self.change(11, t_1={"priority": 0, "labels": ["side"]}, t_3={"title": "From side"})
        self.git("switch", "--quiet", "main")
        self.change(12, t_1={"title": "Of main", "labels": ["main"]}, t_2={"title": "From main"})

    def merged(self, base: str, ours: str, theirs: str) -> bytes:
        """What the driver should write for three commits."""
        return three_way(self.at(base), self.at(ours), self.at(theirs)).data

    def run(self, *words: str, env=None) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["git", "-C", str(self.path), *words],
            capture_output=True, text=True, check=False, env=env,
        )  # fmt: skip

    def bd(self, *words: str, code: int = 0, env=None):
        return bd(self.path, *words, code=code, env=env)

    @property
    def status(self) -> str:
        return self.git("status", "--porcelain")
