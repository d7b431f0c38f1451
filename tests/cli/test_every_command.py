"""What holds for every command: the cache never matters, and nothing but the record moves."""

from __future__ import annotations

import io
import itertools
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest

from tests.support.command_lines import READS, WRITES, log, workspace
from tests.support.depth import one_in
from tracker.cache import database as caches
from tracker.cli import main

ROOT = Path(__file__).resolve().parents[2]


def bd(folder: Path, words: list[str]) -> tuple[int, str, str]:
    """Exit code, answer and remarks of one command line, with a clock and bits of its own."""
    out, err = io.StringIO(), io.StringIO()
    ticks, bits = itertools.count(1_800_000_000 * 10**9, 10**6), itertools.count(1)
    code = main(
        ["bd", *words],
        {"HOME": str(folder / "home"), "PATH": os.environ["PATH"], "BD_ACTOR": "ann", "TZ": "UTC"},
        io.StringIO(),
        out,
        err,
        str(folder),
        clock=lambda: next(ticks),
        nonce=lambda: next(bits),
    )
    return code, out.getvalue().replace(str(folder), "HERE"), err.getvalue()


@cache
def built(prefix: str) -> dict[str, bytes]:
    """The files of a workspace whose cache has been built, by path; building takes its time."""
    with tempfile.TemporaryDirectory() as folder:
        beads = workspace(Path(folder))
        (beads / "issues.jsonl").write_bytes(log().replace(b"t-", prefix.encode()))
        bd(Path(folder), ["list"])
        paths = (path for path in beads.rglob("*") if path.is_file())
        return {str(path.relative_to(beads)): path.read_bytes() for path in paths}


def put(beads: Path, files: dict[str, bytes]) -> Path:
    """Write these files."""
    (beads / ".local").mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (beads / name).write_bytes(data)
    return beads


def vouch(beads: Path) -> None:
    """Say that the cache is as we left it."""
    caches.save_stamp(str(beads / ".local"), str(beads / "beads.db"))


# What may have become of the cache. Each is given the folder that holds it.


def missing(beads: Path) -> None:
    (beads / "beads.db").unlink()


def without_a_stamp(beads: Path) -> None:
    shutil.rmtree(beads / ".local")


def empty(beads: Path) -> None:
    (beads / "beads.db").write_bytes(b"")


def stale(beads: Path) -> None:
    log = beads / "issues.jsonl"
    now = log.read_bytes()
    log.write_bytes(now.replace(b"Title of", b"Old title of").replace(b'"t-a"', b'"t-old"'))
    bd(beads.parent, ["list"])
    log.write_bytes(now)


def corrupt(beads: Path) -> None:
    path = beads / "beads.db"
    data = bytearray(path.read_bytes())
    for at in range(200, len(data), 97):
        data[at] ^= 0x5A
    path.write_bytes(data)


def subtly_corrupt(beads: Path) -> None:
    path = beads / "beads.db"
    path.write_bytes(path.read_bytes().replace(b"Title of t-a", b"Title of t-?"))


def zeroed(beads: Path) -> None:
    path = beads / "beads.db"
    path.write_bytes(bytes(path.stat().st_size))


def truncated(beads: Path) -> None:
    path = beads / "beads.db"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def of_another_version(beads: Path) -> None:
    with sqlite3.connect(beads / "beads.db") as db:
        db.execute("UPDATE state SET value = '0.0.0 0' WHERE key = 'version'")
        db.execute("UPDATE issue SET title = 'wrong'")
    db.close()


def of_another_repository(beads: Path) -> None:
    put(beads, {name: data for name, data in built("o-").items() if name != "issues.jsonl"})


def of_beads(beads: Path) -> None:
    (beads / "beads.db").unlink()
    with sqlite3.connect(beads / "beads.db") as db:
        db.execute("CREATE TABLE issues (id TEXT PRIMARY KEY, title TEXT, status TEXT)")
        db.execute("INSERT INTO issues VALUES ('t-a', 'wrong', 'closed')")
    db.close()


def unwritable(beads: Path) -> None:
    (beads / "beads.db").unlink()
    (beads / "beads.db").mkdir()  # nobody, not even root, writes a file over a folder


def in_an_unwritable_folder(beads: Path) -> None:
    shutil.rmtree(beads / ".local")
    (beads / ".local").write_text("a file where the folder should be\n")


STATES = (
    missing, without_a_stamp, empty, stale, corrupt, subtly_corrupt, zeroed, truncated,
    of_another_version, of_another_repository, of_beads, unwritable, in_an_unwritable_folder,
)  # fmt: skip


def outcome(folder: Path, words: list[str], state) -> tuple[object, bytes]:
    beads = put(folder / ".beads", built("t-"))
    vouch(beads)
    if state is not None:
        state(beads)
    code, out, err = bd(folder, words)
    return (code, out, err.replace(str(folder), "HERE")), (beads / "issues.jsonl").read_bytes()


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """What each command answers and leaves with a good cache."""
    found = {}
    for words in READS + WRITES:
        folder = tmp_path_factory.mktemp("good") / "w"
        found[tuple(words)] = outcome(folder, words, None)
    return found


SAID = {
    "of_beads": "Note: beads.db has the old ids still",
    "in_an_unwritable_folder": "Warning: the journal cannot be written",
}
"""What a write says about the folder, rather than about the cache, in two of the states."""


def without(answer, said):
    code, out, err = answer
    lines = err.splitlines(keepends=True)
    return code, out, "".join(line for line in lines if not line.startswith(said))


@one_in(4)
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_the_cache_never_matters(state, every, good, tmp_path):
    """Each state meets some of the commands, and each command some of the states."""
    lines = [*READS, *WRITES][STATES.index(state) % every :: every]
    for number, words in enumerate(lines):
        folder = tmp_path / str(number)
        answer, log = outcome(folder, words, state)
        expected, expected_log = good[tuple(words)]
        assert log == expected_log, words
        answer = without(answer, SAID.get(state.__name__, "none"))
        if words[0] not in {"info", "where"}:  # they tell where the cache is
            assert answer == expected, words
        shutil.rmtree(folder)


def test_the_states_are_what_they_say(tmp_path):
    """The matrix is worth something: a cache that is believed does change answers."""
    workspace(tmp_path / "w")
    first = bd(tmp_path / "w", ["list", "--json"])
    assert first[0] == 0
    assert "Title of t-a" in first[1]
    before = (tmp_path / "w" / ".beads" / "beads.db").read_bytes()
    subtly_corrupt(tmp_path / "w" / ".beads")
    assert (tmp_path / "w" / ".beads" / "beads.db").read_bytes() != before
    beads = put(tmp_path / "believed" / ".beads", built("t-"))
    vouch(beads)
    assert bd(tmp_path / "believed", ["list", "--json"])[:2] == first[:2]
    subtly_corrupt(beads)
    vouch(beads)
    assert "Title of t-?" in bd(tmp_path / "believed", ["list", "--json"])[1]


def snapshot(folder: Path, skip: set[str]) -> dict[str, tuple[bytes, int]]:
    found = {}
    for at, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in skip]
        for name in names:
            path = Path(at, name)
            if name not in skip:
                found[str(path)] = (path.read_bytes(), path.stat().st_mtime_ns)
    return found


def test_every_read_leaves_tree_index_and_git_as_they_were(repo):
    workspace(repo.path)
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "--message", "start")
    status = repo.git("status", "--porcelain", "--ignored=no")
    before = snapshot(repo.path, {"beads.db", ".local"})
    for words in READS:
        bd(repo.path, words)
        assert snapshot(repo.path, {"beads.db", ".local"}) == before, words
    assert repo.git("status", "--porcelain", "--ignored=no") == status == ""
    children = subprocess.run(
        ["pgrep", "-P", str(os.getpid()), "-f", "bd|tracker"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert children.stdout == ""


def test_every_write_moves_only_the_records_that_it_names(tmp_path):
    old = log().splitlines(keepends=True)
    touched = {
        ("label", "add", "t-a", "t-b", "new"): 2, ("dep", "relate", "t-a", "t-d"): 2,
        ("rename", "t-a", "t-r"): 2,
    }  # fmt: skip
    for number, words in enumerate(WRITES):
        folder = tmp_path / str(number)
        beads = workspace(folder)
        bd(folder, words)
        new = (beads / "issues.jsonl").read_bytes().splitlines(keepends=True)
        lost = [line for line in old if line not in new]
        assert len(lost) <= touched.get(tuple(words), 1), words
        kept = [line for line in old if line in new]
        assert [line for line in new if line in old] == kept, words
        if words == ["update", "t-a", "--title", "Title of t-a"]:
            assert new == old


READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"'


def under_read_only(part: Path, folder: Path, words: list[str]) -> subprocess.CompletedProcess[str]:
    """A command in a process for which one folder is mounted read-only, as for agents' hosts."""
    return python_under_read_only(part, folder, ["-m", "tracker", *words])


def python_under_read_only(
    part: Path, folder: Path, words: list[str]
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", *words]
    if os.geteuid() == 0:
        command = ["unshare", "-m", "sh", "-c", READ_ONLY, "sh", str(part), *command]
    env = {
        "PATH": os.environ["PATH"], "HOME": "/nonexistent", "BD_ACTOR": "ann",
        "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def read_only(tmp_path):
    """Makes folders read-only for what `under_read_only` runs."""
    if os.geteuid() == 0:
        (tmp_path / "probe").mkdir()
        probe = ["unshare", "-m", "sh", "-c", READ_ONLY, "sh", str(tmp_path / "probe"), "true"]
        if (
            not shutil.which("unshare")
            or subprocess.run(probe, capture_output=True, check=False).returncode
        ):
            pytest.skip("root here writes everywhere, and can mount nothing read-only")
        yield lambda folder: None
        return
    made: list[Path] = []

    def lock(folder: Path) -> None:
        for path in (folder, *folder.rglob("*")):
            path.chmod(path.stat().st_mode & ~0o222)
            made.append(path)

    yield lock
    for path in made:
        path.chmod(path.stat().st_mode | 0o200)


def test_a_git_folder_that_cannot_be_written_hinders_nothing(repo, read_only):
    beads = workspace(repo.path)
    git = repo.path / ".git"
    read_only(git)
    before = snapshot(git, set())
    for words in (["create", "New"], ["update", "t-a", "--claim"], ["close", "t-a"], ["ready"],
                  ["sync", "--flush-only"], ["undo"], ["list", "--json"]):  # fmt: skip
        done = under_read_only(git, repo.path, words)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
    assert snapshot(git, set()) == before
    assert len((beads / "issues.jsonl").read_bytes().splitlines()) == 10


EVERY_COMMAND = """
import json, os, sys
from pathlib import Path
from tests.support.command_lines import READS, WRITES, log
from tests.cli.test_every_command import bd

found = []
for words in READS + WRITES if sys.argv[1] == "all" else READS:
    if sys.argv[1] == "all":
        Path(".beads/issues.jsonl").write_bytes(log())
    code, out, err = bd(Path(os.getcwd()), words)
    found.append([words, code, out, "Traceback" in err])
json.dump(found, sys.stdout)
"""


def every_command(which: str, locked: tuple[Path, Path], free: Path) -> tuple[list, list]:
    """What each command says where a part of its folder cannot be written, and where it can."""
    part, folder = locked
    done = python_under_read_only(part, folder, ["-c", EVERY_COMMAND, which])
    assert done.returncode == 0, done.stderr
    other = subprocess.run(
        [sys.executable, "-P", "-c", EVERY_COMMAND, which],
        cwd=free,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.replace(str(folder), "")), json.loads(
        other.stdout.replace(str(free), "")
    )


def test_no_command_needs_the_git_folder(repo, tmp_path, read_only):
    workspace(repo.path)
    plain = type(repo)(tmp_path / "plain")
    workspace(plain.path)
    git = repo.path / ".git"
    read_only(git)
    before = snapshot(git, set())
    found, expected = every_command("all", (git, repo.path), plain.path)
    assert found == expected
    assert len(found) == len(READS + WRITES)
    assert snapshot(git, set()) == before


def test_a_tree_that_cannot_be_written_can_be_read(tmp_path, read_only):
    folder, plain = tmp_path / "repo", tmp_path / "plain"
    workspace(folder)
    workspace(plain)
    read_only(folder)
    before = snapshot(folder, set())
    found, expected = every_command("reads", (folder, folder), plain)
    for one, other in zip(found, expected, strict=True):
        # info and where tell where the cache is
        assert one == other or (one[:2] == other[:2] and one[0][0] in {"info", "where"})
        assert not one[3]
    assert {words[0]: code for words, code, *_ in found}["ready"] == 0
    done = under_read_only(folder, folder, ["create", "New"])
    assert done.returncode == 1
    assert "cannot write" in done.stderr
    assert snapshot(folder, set()) == before
