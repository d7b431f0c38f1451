"""What branches cost: the merge driver beside git's own merge, hooks in a rebase, a long history.

    python -m benchmarks.branches [--runs N] [--commits N]

Whole processes, the median of the runs; what is compared takes turns.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LOG = ".beads/issues.jsonl"
BD = Path(sys.executable).parent / "bd"
REBASED = 20  # commits
ISSUES = 10_000


class Row(NamedTuple):
    """One thing that was measured, in milliseconds."""

    work: str
    runs: tuple[float, ...]

    @property
    def ms(self) -> float:
        """The median."""
        return median(self.runs)


def turns(works: dict[str, Callable[[], float]], runs: int) -> list[Row]:
    """Measure works in turns, so that other load weighs on all of them."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(runs):
        for name, work in works.items():
            found[name].append(work() * 1000)
    return [Row(name, tuple(times)) for name, times in found.items()]


# The merge of one file.


def merges(root: Path, runs: int) -> list[Row]:
    """A triple of 10,000 lines, 5 % of them edited on each side."""
    place = Workspace(root, BD, ISSUES)
    try:
        for name, data in zip(("base", "ours", "theirs"), place.branches, strict=True):
            place.file(name, data)
        driver = ("merge-driver", "--output", "{file:merged}", "{file:base}", "{file:ours}",
                  "{file:theirs}")  # fmt: skip
        # Conflicts are its exit code, so a shell stands between.
        plain = f"cd {root} && git merge-file -p ours base theirs > merged.txt; true"
        return turns(
            {
                "bare Python": lambda: place.timed(place.bare),
                f"merge driver, {ISSUES:,} lines": lambda: place.timed(place.argv(driver)),
                "git merge-file, which leaves conflicts": lambda: place.timed(("sh", "-c", plain)),
            },
            runs,
        )
    finally:
        place.close()


# A rebase.


def rebases(root: Path, runs: int) -> list[Row]:
    """Twenty commits that change the log, on top of one more, without and with our hooks."""
    path = past_of(root / "rebase", commits=REBASED + 1, issues=1000)
    git(path, "branch", "work")
    git(path, "switch", "--quiet", "--create", "onto", f"HEAD~{REBASED}")
    (path / "readme").write_text("x\n")
    git(path, "add", "readme")
    git(path, "commit", "--quiet", "--message", "onto")

    def rebase() -> float:
        git(path, "checkout", "--quiet", "-B", "again", "work")
        begin = time.perf_counter()
        git(path, "rebase", "--quiet", "onto")
        return time.perf_counter() - begin

    def hooked(word: str) -> Callable[[], float]:
        def run() -> float:
            subprocess.run(
                [BD, "hooks", word, "--quiet"], cwd=path, check=True, capture_output=True
            )
            return rebase()

        return run

    subprocess.run([BD, "setup", "git"], cwd=path, check=True, capture_output=True)
    return turns(
        {
            f"git rebase of {REBASED} commits": hooked("uninstall"),
            "the same with our hooks": hooked("install"),
        },
        runs,
    )


# A long history.


def histories(root: Path, runs: int, commits: int) -> list[Row]:
    """`bd history` of one issue in a repository all of whose commits touch the log."""
    path = past_of(root / "long", commits=commits, issues=300)

    def first() -> float:
        (path / ".beads/.local/history.db").unlink(missing_ok=True)
        return again()

    def again() -> float:
        begin = time.perf_counter()
        subprocess.run([BD, "history", "t-0005"], cwd=path, check=True, capture_output=True)
        return time.perf_counter() - begin

    names = (f"bd history, {commits:,} commits, the first time", "bd history, later")
    return [*turns({names[0]: first}, 1), *turns({names[1]: again}, runs)]


def past_of(path: Path, commits: int, issues: int) -> Path:
    """A repository with so many commits, each of which edits one issue of the log."""
    path.mkdir(parents=True)
    git(path, "init", "--quiet", "--initial-branch", "main")
    words = ["git", "fast-import", "--quiet"]
    with subprocess.Popen(words, cwd=path, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        for part in _stream(commits, issues):
            process.stdin.write(part)
    if process.returncode:
        raise SystemExit("git fast-import failed")
    git(path, "reset", "--quiet", "--hard")
    return path


def _stream(commits: int, issues: int) -> Iterator[bytes]:
    chance = random.Random(1)
    ids = [f"t-{number:04x}" for number in range(issues)]
    lines = {id: _line(id, 0) for id in ids}
    for number in range(commits):
        id = chance.choice(ids)
        lines[id] = _line(id, number)
        yield _commit(number, b"".join(lines[id] for id in ids))


def _line(id: str, number: int) -> bytes:
    issue = {
        "id": id, "title": f"Title of {id}", "description": "word " * 40, "notes": f"note {number}",
        "status": "open", "priority": number % 5, "issue_type": "task",
        "created_at": "2026-01-01T00:00:00Z", "updated_at": f"2026-01-01T00:00:00.{number:06d}Z",
    }  # fmt: skip
    return json.dumps(issue, separators=(",", ":")).encode() + b"\n"


def _commit(number: int, log: bytes) -> bytes:
    who = b"Ada Byrne <ada@example.com> %d +0000" % (1_700_000_000 + 60 * number)
    files = [(b".beads/issues.jsonl", log)]
    if not number:
        files += [(b".beads/config.yaml", b"issue-prefix: t\n"), (b".beads/.gitignore", _IGNORED)]
    text = b"Change %d" % number
    head = b"commit refs/heads/main\ncommitter %s\ndata %d\n%s\n" % (who, len(text), text)
    return head + b"".join(
        b"M 644 inline %s\ndata %d\n%s\n" % (name, len(data), data) for name, data in files
    )


_IGNORED = b"beads.db*\n.local/\n.jsonl.lock\n"


def git(path: Path, *words: str) -> None:
    """Run git there, with no settings but its own; it must succeed."""
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    me = ("-c", "user.name=Ada Byrne", "-c", "user.email=ada@example.com")
    subprocess.run(["git", *me, *words], cwd=path, env=env, check=True, capture_output=True)


def table(rows: Sequence[Row]) -> str:
    """The figures in Markdown; the first row is bare Python."""
    bare = rows[0].ms
    lines = ["| work | ms | x bare |", "| --- | ---: | ---: |"]
    lines += [f"| {row.work} | {row.ms:.0f} | {row.ms / bare:.1f} |" for row in rows]
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure all of it and print a table."""
    parser = argparse.ArgumentParser(prog="benchmarks.branches", description=main.__doc__)
    parser.add_argument("--runs", type=int, default=9, metavar="N")
    parser.add_argument("--commits", type=int, default=10_000, metavar="N")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        root = Path(folder)
        (root / "merge").mkdir()
        rows = [
            *merges(root / "merge", options.runs),
            *rebases(root, options.runs),
            *histories(root, options.runs, options.commits),
        ]
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
