"""A soak: many write at once in several work trees while git, kills and clocks get in their way.

    soak = Soak(folder, seed)
    soak.run(seconds)
    files = soak.settled()         # everything merged; every clone has the same bytes
    lost(soak.told(), files)       # what was answered with success and is nowhere

Eight workers, each a process of its own that this module is the program of, write in two clones, of
which one has two linked worktrees, and rest `pause` seconds at most in between. Each notes what was
answered with exit 0, and nothing else: whatever is noted must be found in the end. Meanwhile the
supervisor commits, stashes, merges and switches branches beside them, kills workers at any moment,
deletes or damages their caches and locks, and dates files of git ahead; the workers' clocks jump by
hours and by years, both ways.
"""

from __future__ import annotations

import io
import itertools
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
SHARED = [f"t-{number}" for number in range(8)]
KEY = "shared/log"
HOUR = 3600 * 10**9
JUMPS = (0, 0, 0, HOUR, -HOUR, 400 * 24 * HOUR, -400 * 24 * HOUR)
FILES = ("issues.jsonl", "archive.jsonl", "memory.jsonl", "outcomes.jsonl")


class Worker:
    """Somebody who writes at random, and notes what succeeded."""

    def __init__(self, folder: str, name: str, notes: str, seed: str) -> None:
        self.folder = folder
        self.name = name
        self.random = random.Random(seed)
        self.notes = os.open(notes, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self.own: list[str] = []
        self.closed: list[str] = []
        self.offset = 0

    def bd(self, *words: str) -> Any:
        """The answer; None where it was refused, which is no success and so nothing to keep."""
        from tracker.cli import main

        out, err = io.StringIO(), io.StringIO()
        env = {**os.environ, "BD_ACTOR": self.name, "BD_SESSION": self.name}
        argv = ["bd", *words, "--json", "--lock-timeout", "20s"]
        code = main(argv, env, io.StringIO(), out, err, self.folder, clock=self.clock)
        if code == 0:
            return json.loads(out.getvalue() or "null")
        if code not in {1, 130}:
            self.note(kind="bug", text=f"{words}: exit {code}: {out.getvalue()}{err.getvalue()}")
        return None

    def clock(self) -> int:
        return time.time_ns() + self.offset

    def note(self, **what: str) -> None:
        os.write(self.notes, json.dumps(what).encode() + b"\n")

    def step(self, number: int) -> None:
        """One write, and a note of it where it succeeded."""
        if self.random.random() < 0.1:
            self.offset = self.random.choice(JUMPS)
        kind = self.random.choice(list(_DOES))
        text = f"{self.name} {number}"
        id = self.random.choice([*SHARED, *self.own[-5:]])
        what = _DOES[kind](self, id, text)
        if what:
            self.note(kind=kind, **what)
            if kind == "create":
                self.own.append(what["id"])

    # What a worker does; each returns what must be found in the end, or None.

    def create(self, _id: str, text: str) -> dict[str, str] | None:
        made = self.bd("create", text, "--labels", "soak")
        return made and {"id": made["id"], "text": text}

    def comment(self, id: str, text: str) -> dict[str, str] | None:
        return self.bd("comment", id, text) and {"id": id, "text": text}

    def label(self, id: str, text: str) -> dict[str, str] | None:
        done = self.bd("label", "add", id, text.replace(" ", "-"))
        return done and {"id": id, "text": text}

    def remark(self, id: str, text: str) -> dict[str, str] | None:
        return self.bd("note", id, text) and {"id": id, "text": text}

    def close(self, id: str, text: str) -> dict[str, str] | None:
        if id in SHARED:
            return None
        done = self.bd("close", id, "--reason", text, "--force", "--remember", text, "--key",
                       f"lessons/{text.replace(' ', '-')}")  # fmt: skip
        self.closed += [id] if done else []
        return done and {"id": id, "text": text}

    def archive(self, _id: str, _text: str) -> dict[str, str] | None:
        id = self.closed.pop() if self.closed else ""
        return id and self.bd("archive", id) and {"id": id, "text": id}

    def remember(self, _id: str, text: str) -> dict[str, str] | None:
        key = f"{self.name}/{text.rpartition(' ')[2]}"
        return self.bd("memory", "set", key, text) and {"id": key, "text": text}

    def append(self, _id: str, text: str) -> dict[str, str] | None:
        return self.bd("memory", "append", KEY, text) and {"id": KEY, "text": text}

    def verdict(self, _id: str, text: str) -> dict[str, str] | None:
        note = self.bd("memory", "ok", KEY, "--note", text)
        return note and {"id": KEY, "text": text}

    def undo(self, _id: str, _text: str) -> None:
        """Take back a write of this session; noted first, since it need not be found any more."""
        found = self.bd("undo", "--dry-run")
        if found:
            self.note(kind="undo", id="", text=found["command"])
            self.bd("undo", str(found["number"]))

    def sync(self, _id: str, _text: str) -> None:
        self.bd("sync")


_DOES = {
    "create": Worker.create, "comment": Worker.comment, "label": Worker.label,
    "remark": Worker.remark, "close": Worker.close, "archive": Worker.archive,
    "remember": Worker.remember, "append": Worker.append, "verdict": Worker.verdict,
    "undo": Worker.undo, "sync": Worker.sync,
}  # fmt: skip


class Place(NamedTuple):
    """A work tree, its branch, and how many workers write in it."""

    path: Path
    branch: str
    workers: int


class Soak:
    """The work trees, the workers in them, and what gets in their way."""

    def __init__(self, folder: Path, seed: str, pause: float = 0.25) -> None:
        self.folder = folder
        self.random = random.Random(seed)
        self.seed = seed
        self.pause = pause
        self.notes = folder / "notes"
        self.notes.mkdir()
        self.acts: Counter[str] = Counter()
        self.refused: list[str] = []
        self._numbers = itertools.count()
        hub = folder / "hub"
        one, two = folder / "one", folder / "two"
        _made(folder / "first", hub)
        for path in (one, two):
            git(folder, "clone", "--quiet", "--template=", str(hub), str(path))
            bd(path, "setup", "git")
        for branch in ("left", "right"):
            git(one, "worktree", "add", "--quiet", "-b", branch, str(folder / branch))
        self.places = [
            Place(one, "main", 3), Place(folder / "left", "left", 2),
            Place(folder / "right", "right", 1), Place(two, "main", 2),
        ]  # fmt: skip
        self._workers: list[tuple[subprocess.Popen[str], Place]] = []

    def run(self, seconds: float) -> None:
        """Let them work for so long."""
        over = time.monotonic() + seconds
        self._workers = [
            (self._started(place), place) for place in self.places for _ in range(place.workers)
        ]
        try:
            while time.monotonic() < over:
                time.sleep(self.random.uniform(0, 0.4))
                act = self.random.choice(_ACTS)
                place = self.random.choice(self.places)
                act(self, place)
                self.acts[act.__name__] += 1
        finally:
            for worker, _ in self._workers:
                worker.terminate()
            for worker, _ in self._workers:
                _, err = worker.communicate(timeout=120)
                self.refused += [err] if worker.returncode not in {0, -signal.SIGTERM} else []

    def _started(self, place: Place) -> subprocess.Popen[str]:
        name = f"w{next(self._numbers)}"
        words = [str(place.path), name, str(self.notes / name), f"{self.seed} {name}",
                 str(self.pause)]  # fmt: skip
        return subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__)), *words],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    # What gets in their way.

    def kill(self, _place: Place) -> None:
        number = self.random.randrange(len(self._workers))
        worker, place = self._workers[number]
        worker.kill()
        worker.communicate()
        self._workers[number] = (self._started(place), place)

    def commit(self, place: Place) -> None:
        git(place.path, "add", "--all", may_fail=True)
        git(place.path, "commit", "--quiet", "--message", "work", may_fail=True)

    def stash(self, place: Place) -> None:
        git(place.path, "stash", "push", "--quiet", may_fail=True)
        time.sleep(self.random.uniform(0, 0.1))
        self._pop(place)

    def _pop(self, place: Place) -> None:
        for _ in range(20):
            git(place.path, "stash", "pop", "--quiet", may_fail=True)
            if not git(place.path, "stash", "list"):
                return
            self.commit(place)

    def merge(self, place: Place) -> None:
        other = self.random.choice(["main", "left", "right", "origin/main"])
        self.commit(place)
        git(place.path, "merge", "--quiet", "--no-edit", other, may_fail=True)
        self._conclude(place)

    def switch(self, place: Place) -> None:
        branch = f"side-{next(self._numbers)}"
        git(place.path, "switch", "--quiet", "--create", branch)
        time.sleep(self.random.uniform(0, 0.2))
        self.commit(place)
        for _ in range(20):
            git(place.path, "switch", "--quiet", place.branch, may_fail=True)
            if git(place.path, "branch", "--show-current").strip() == place.branch:
                break
            self.commit(place)
        for _ in range(20):
            git(place.path, "merge", "--quiet", "--no-edit", branch, may_fail=True)
            self._conclude(place)
            if not git(place.path, "rev-list", f"HEAD..{branch}").strip():
                return
            self.commit(place)

    def _conclude(self, place: Place) -> None:
        """Commit a merge that was left open: the driver merges all files of the workspace."""
        unmerged = git(place.path, "diff", "--name-only", "--diff-filter=U")
        assert not unmerged, f"git left conflicts in {unmerged}"
        git(place.path, "commit", "--quiet", "--no-edit", may_fail=True)

    def forget_cache(self, place: Place) -> None:
        for name in ("beads.db", ".local/cache.stamp", ".local/memory.db", ".jsonl.lock"):
            if self.random.random() < 0.5:
                (place.path / ".beads" / name).unlink(missing_ok=True)

    def damage_cache(self, place: Place) -> None:
        with suppress(FileNotFoundError), (place.path / ".beads" / "beads.db").open("r+b") as file:
            file.seek(self.random.randrange(4096, 65536))
            file.write(b"\xff" * 200)

    def date_ahead(self, place: Place) -> None:
        folder = Path(git(place.path, "rev-parse", "--absolute-git-dir").strip())
        later = time.time() + self.random.choice([5, 3600, 86400])
        for path in (folder, folder / "index"):
            with suppress(FileNotFoundError):
                os.utime(path, (later, later))

    # The end.

    def settled(self) -> dict[str, bytes]:
        """Merge everything everywhere; the files that every work tree then has."""
        for place in self.places:
            _unlock(place.path)
            bd(place.path, "list")  # completes what was interrupted
            self.commit(place)
            self._pop(place)
            self.commit(place)
        one, left, right, two = self.places
        for other in (left, right):
            git(one.path, "merge", "--quiet", "--no-edit", other.branch)
        for place in (one, two, one):
            assert bd(place.path, "sync")["pushed"] is True
        for other in (left, right):
            git(other.path, "merge", "--quiet", "--no-edit", "main")
        held = [
            {name: _bytes(place.path / ".beads" / name) for name in FILES} for place in self.places
        ]
        assert all(files == held[0] for files in held), "the clones differ"
        for place in self.places:
            bd(place.path, "check")
        return held[0]

    def told(self) -> list[dict[str, str]]:
        """What the workers noted."""
        texts = (path.read_text() for path in sorted(self.notes.iterdir()))
        return [json.loads(line) for text in texts for line in text.splitlines()]


_ACTS = [
    Soak.kill, Soak.kill, Soak.commit, Soak.commit, Soak.stash, Soak.merge, Soak.merge,
    Soak.switch, Soak.forget_cache, Soak.damage_cache, Soak.date_ahead,
]  # fmt: skip


def lost(told: list[dict[str, str]], files: dict[str, bytes]) -> list[str]:
    """What was answered with success, and is in none of the files."""
    issues = {row["id"]: row for row in _rows(files["archive.jsonl"])}
    issues |= {row["id"]: row for row in _rows(files["issues.jsonl"])}
    memories = {row["key"]: row for row in _rows(files["memory.jsonl"])}
    verdicts = {row.get("note") for row in _rows(files["outcomes.jsonl"])}
    undone = {text for one in told if one["kind"] == "undo" for text in _texts(one["text"])}
    gone = {one["id"] for one in told if one["kind"] == "create" and one["text"] in undone}
    kept = [
        one
        for one in told
        if one["kind"] not in {"undo", "bug"}
        and one["text"] not in undone
        and one["id"] not in gone
    ]
    return [
        f"{one['kind']} {one['id']}: {one['text']}"
        for one in kept
        if not _is_found(one, issues.get(one["id"], {}), memories, verdicts)
    ]


def _texts(command: str) -> list[str]:
    """The text by which a worker's write is known, out of its command line."""
    return [" ".join(found) for found in re.findall(r"(w\d+)[ /-](\d+)", command)]


def _is_found(one: dict[str, str], issue: dict, memories: dict, verdicts: set) -> bool:
    kind, text = one["kind"], one["text"]
    lesson = memories.get(f"lessons/{text.replace(' ', '-')}", {})
    return {
        "create": lambda: issue.get("title") == text,
        "comment": lambda: text in [remark["text"] for remark in issue.get("comments", [])],
        "label": lambda: text.replace(" ", "-") in issue.get("labels", []),
        "remark": lambda: text in issue.get("notes", "").split("\n"),
        "close": lambda: issue.get("status") == "closed" and lesson.get("content") == text,
        "archive": lambda: issue.get("status") == "closed",
        "remember": lambda: memories.get(one["id"], {}).get("content") == text,
        "append": lambda: text in memories.get(one["id"], {}).get("content", "").split("\n"),
        "verdict": lambda: text in verdicts,
    }[kind]()


def _made(first: Path, hub: Path) -> None:
    """A bare repository with a workspace in it."""
    first.mkdir()
    git(first, "init", "--quiet", "--template=", "--initial-branch=main")
    bd(first, "init", "--prefix", "t", "--quiet")
    for id in SHARED:
        bd(first, "create", f"Shared {id}", "--id", id)
    bd(first, "memory", "set", KEY, "The beginning")
    git(first, "add", "--all")
    git(first, "commit", "--quiet", "--message", "start")
    git(first, "clone", "--quiet", "--bare", "--template=", ".", str(hub))


def git(folder: Path, *words: str, may_fail: bool = False) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *words], capture_output=True, text=True, check=False, timeout=120
    )
    assert may_fail or done.returncode == 0, f"git {' '.join(words)}: {done.stdout}{done.stderr}"
    return done.stdout


def bd(folder: Path, *words: str) -> Any:
    from tracker.cli import main

    out, err = io.StringIO(), io.StringIO()
    env = {**os.environ, "BD_ACTOR": "soak"}
    code = main(["bd", *words, "--json"], env, io.StringIO(), out, err, str(folder))
    assert code == 0, (words, code, out.getvalue(), err.getvalue())
    return json.loads(out.getvalue()) if out.getvalue().strip().startswith(("{", "[")) else None


def _unlock(path: Path) -> None:
    """Remove the lock of an index whose git is gone: all are, by now."""
    folder = Path(git(path, "rev-parse", "--absolute-git-dir").strip())
    (folder / "index.lock").unlink(missing_ok=True)


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _rows(data: bytes) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in data.splitlines()]
    names = [row.get("id") or row["key"] for row in rows]
    assert len(set(names)) == len(names), [name for name, n in Counter(names).items() if n > 1]
    return rows


def main() -> None:
    worker = Worker(*sys.argv[1:5])
    for number in itertools.count():
        worker.step(number)
        time.sleep(worker.random.uniform(0, float(sys.argv[5])))


if __name__ == "__main__":
    main()
