"""What may stand in the place of a file of ours: nothing of it makes a command hang or leak.

Each file of a workspace gives way to a FIFO, a folder, a device without end, a sparse file of 5 GB
or a link; then people and agents go on to read and to write, in a process that is ended where it
hangs or takes gigabytes.
"""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from tests.support.bounded_commands import guarded
from tests.support.repository import Answer, Bd, Repository

SECRET = "outside-of-the-work-tree"
FILL = (
    ("init", "--quiet"), ("create", "two", "--deps", "blocks:t-1"), ("close", "t-3"),
    ("archive", "t-3"), ("memory", "set", "api/limit", "60 requests a minute"),
    ("memory", "set", "mine/note", "mine alone", "--local"),
    ("memory", "ok", "api/limit"), ("memory", "ok", "mine/note"),
    ("audit", "record", "--kind", "x"),
    ("hooks", "session-restore", "--session-id", "s-1"),
    ("hooks", "session-end", "--export-metrics"), ("history", "t-1"),
    ("create", "k AKIAIOSFODNN7EXAMPLB", "--allow-secret", "faeb4d1a9f5baa58"),
    ("update", "t-1", "--claim"), ("hooks", "session-restore", "--session-id", "s-1"),
)  # fmt: skip
READS = (
    ("ready",), ("list",), ("show", "t-1"), ("show", "t-3"), ("stats",), ("search", "Title"),
    ("recall", "api/limit"), ("recall", "mine/note"), ("memory", "search", "requests"),
    ("memory", "list"), ("prime",), ("check",), ("op", "log"), ("config", "list"),
    ("audit", "list"), ("hooks", "pre-task", "--description", "the limit"),
)  # fmt: skip
WRITES = (
    ("create", "three"), ("update", "t-2", "--claim"), ("comment", "t-1", "said"),
    ("close", "t-2"), ("archive", "t-2"), ("memory", "set", "api/limit", "70 requests"),
    ("memory", "set", "mine/note", "x", "--local"), ("memory", "bad", "api/limit"),
    ("audit", "record", "--kind", "y"), ("config", "set", "x", "y"), ("undo",), ("fmt",),
    ("create", "l AKIAIOSFODNN7EXAMPLC", "--allow-secret", "e713fc9568924107"),
    ("hooks", "post-edit", "--file", "a.py"), ("hooks", "session-end", "--export-metrics"),
)  # fmt: skip
SLOW = (("doctor",), ("history", "t-1"), ("init",), ("uninstall", "--dry-run"))
TRUTH = {
    "issues.jsonl": "ready", "config.yaml": "ready", "metadata.json": "ready", "redirect": "ready",
    "archive.jsonl": "show t-3", "memory.jsonl": "recall api/limit",
    "outcomes.jsonl": "memory search requests", ".local/memory.jsonl": "recall mine/note",
    ".local/outcomes.jsonl": "memory search requests", ".local/ops.jsonl": "op log",
    "interactions.jsonl": "audit list",
}  # fmt: skip
"""Files without which an answer would be wrong, and who refuses to give it."""
ENDS = ("redirect", ".local/ops.jsonl")
"""Files of which only the beginning or the end is read, which is nothing in a sparse one."""
LOCKS = (".jsonl.lock", ".local/log.lock")
OTHERS = (
    *LOCKS, ".gitattributes", ".gitignore", "PRIME.md", "README.md", "beads.db",
    "beads.db-journal", "last-touched", "old.db", ".local", ".local/.gitignore",
    ".local/cache.lock", ".local/cache.new", ".local/cache.stamp", ".local/cache.stamp.new",
    ".local/claims.json", ".local/history.db", ".local/init.json", ".local/last-touched",
    ".local/memory.db", ".local/memory.lock", ".local/memory.stamp", ".local/metrics",
    ".local/metrics/s-1.json", ".local/ops.missed", ".local/ops.jsonl.new", ".local/runs.jsonl",
    ".local/runs.jsonl.lock", ".local/secrets-allow", ".local/session.json",
)  # fmt: skip


def outside(path: Path) -> Path:
    """The folder around the work tree."""
    return path.parents[path.parts[::-1].index(".beads") + 1]


def device(path: Path) -> None:
    try:
        os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 5))
        path.open("rb").close()
    except OSError:
        pytest.skip("only root makes devices, and not everywhere")


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(5 << 30)


def link_to_fifo(path: Path) -> None:
    os.mkfifo(outside(path) / "repo" / "pipe")
    path.symlink_to(outside(path) / "repo" / "pipe")


OUT = {
    "link to a device": lambda path: path.symlink_to("/dev/zero"),
    "link out": lambda path: path.symlink_to(outside(path) / "precious"),
    "link to nothing": lambda path: path.symlink_to(outside(path) / "nothing"),
}
KINDS = {
    "FIFO": os.mkfifo, "folder": Path.mkdir, "sparse file": sparse, "device": device,
    "link to a FIFO": link_to_fifo, "link to itself": lambda path: path.symlink_to(path.name),
    **OUT,
}  # fmt: skip
CASES = [
    *((file, kind) for file in TRUTH for kind in KINDS),
    *((file, kind) for file in OTHERS for kind in ("FIFO", "folder", *[*OUT][1:])),
    ("beads.db", "sparse file"), ("PRIME.md", "sparse file"), (".local/history.db", "sparse file"),
    (".local/cache.stamp", "sparse file"), (".local/runs.jsonl", "sparse file"),
]  # fmt: skip
APART = (*LOCKS, ".local", ".local/metrics", ".gitignore", ".gitattributes")
"""Files without which more than their own part of an answer is missing."""


def is_together(file: str, kind: str) -> bool:
    """Whether a file can give way at once with others: nobody refuses, and all reads succeed."""
    return file not in {*TRUTH, *APART} and (kind not in OUT or "/" in file)


TOGETHER = [
    (files[start::4], kind)
    for kind in ("FIFO", "folder", "sparse file", *[*OUT][1:])
    for files in [[file for file, other in CASES if other == kind and is_together(file, kind)]]
    for start in range(4)
    if files[start::4]
]
"""The rest of the cases, some files at a time; `make deep` tries each file alone."""


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A workspace in which each file of ours says something, and every command succeeds."""
    folder = tmp_path_factory.mktemp("template")
    bd = Bd(Repository(folder / "repo"), folder)
    bd.write({"id": "t-1"}, {"id": "t-2"}, {"id": "t-3"})
    assert codes(guarded(bd, FILL)) == {0}
    shutil.copytree(bd.path, folder / "tried")
    tried = copied(bd, folder / "tried")
    assert codes(guarded(tried, (*READS, *WRITES))) == {0}
    assert SECRET not in "".join(path.read_text("latin-1") for path in files(tried.beads))
    return bd


@pytest.fixture
def bd(template, tmp_path):
    shutil.copytree(template.path, tmp_path / "repo", symlinks=True)
    (tmp_path / "precious").write_text(f"{SECRET}: {SECRET}\n")
    return copied(template, tmp_path / "repo")


def copied(bd: Bd, path: Path) -> Bd:
    copy = object.__new__(Bd)
    copy.__dict__.update(bd.__dict__, path=path, beads=path / ".beads")
    copy.file = copy.beads / "issues.jsonl"
    return copy


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def codes(answers: list[Answer]) -> set[int]:
    return {answer.code for answer in answers}


def planted(bd: Bd, file: str, kind: str) -> Path:
    path = bd.beads / file
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    KINDS[kind](path)
    return path


def harmless(bd: Bd, lines: tuple[tuple[str, ...], ...]) -> dict[str, Answer]:
    """The answers: none hangs, none is a bug, nothing outside is told, changed or made."""
    found = dict(zip(map(" ".join, lines), guarded(bd, lines), strict=True))
    for words, answer in found.items():
        assert answer.code in {0, 1}, (words, answer)
        assert SECRET not in answer.out + answer.err, words
    assert (bd.path.parent / "precious").read_text() == f"{SECRET}: {SECRET}\n"
    assert not (bd.path.parent / "nothing").exists()
    assert not any(SECRET in path.read_text("latin-1") for path in files(bd.beads)
                   if not path.is_symlink() and path.stat().st_size < 1 << 20)  # fmt: skip
    return found


@pytest.mark.parametrize(("together", "kind"), TOGETHER)
def test_what_stands_in_the_place_of_files_that_can_be_missing(bd, together, kind):
    for file in together:
        planted(bd, file, kind)
    found = harmless(bd, (*READS, *WRITES))
    assert {words for words in map(" ".join, READS) if found[words].code} == set()
    assert found["create three"].code == 0


@pytest.mark.parametrize(
    ("file", "kind"),
    [pytest.param(*case, marks=[pytest.mark.deep] * is_together(*case)) for case in CASES],
)
def test_what_stands_in_the_place_of_a_file(bd, file, kind):
    path = planted(bd, file, kind)
    found = harmless(bd, (*READS, *WRITES))
    if file in TRUTH:
        refusal = found[TRUTH[file]]
        if kind == "sparse file" and file in ENDS:
            assert refusal.code == 0
            return
        assert refusal.code == 1
        assert str(path) in refusal.err or str(path.resolve()) in refusal.err
        assert "Hint: " in refusal.err
        return
    if kind not in OUT or "/" in file:  # else the workspace as a whole is refused
        told = {words: answer for words, answer in found.items() if tuple(words.split()) in READS}
        lost = {"recall mine/note", "op log"} if file == ".local" else set()
        assert {words for words, answer in told.items() if answer.code} <= lost
        assert bool(found["create three"].code) == (file in LOCKS)
    elif file not in {"PRIME.md", "README.md", "last-touched", "old.db"}:
        assert str(path) in found["ready"].err


@pytest.mark.parametrize("kind", ["FIFO", "sparse file", "link out"])
@pytest.mark.parametrize("file", ["issues.jsonl", ".gitattributes", "old.db", ".local/init.json",
                                  ".local/history.db", ".local/memory.jsonl"])  # fmt: skip
def test_the_slower_commands_go_on_as_well(bd, file, kind):
    path = planted(bd, file, kind)
    found = harmless(bd, SLOW)
    told = found["doctor"].out + found["doctor"].err
    assert file.startswith(("old", ".git")) or str(path) in told
