"""The cache of memories never matters: whatever became of its file, the answers are the same."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.cache.memories.test_queries import NOW, WORLD, file_of, memory
from tests.support.memory_workspace import FILES, LOG, dump, nothing, opened, put_files, source
from tracker.cache import database as caches
from tracker.cache.memories.queries import MemoryQueries
from tracker.cache.memories.search import search
from tracker.cache.refresh import in_memory, open_cache
from tracker.fileio import read_log, stat_text
from tracker.log.paths import MEMORY_FILE

QUESTIONS = ("api", "tabs or spaces", "build cache", "tokens", "short answers", "style", "zebra")


def answers(beads):
    """What is asked, and what the tables say."""
    at = opened(beads, NOW)
    found = []
    for question in QUESTIONS:
        answer = search(at, question)
        found.append([*answer[1:], *(row._replace(n=0) for row in answer.rows)])
    found.append([row._replace(n=0) for row in at.listed().rows])
    found.append(dump(at))
    at.cache.close()
    return found


def vouch(beads):
    """Make the stamp say that the file is what we left."""
    caches.save_stamp(str(beads / ".local"), str(path_of(beads)), "memory")


def path_of(beads):
    return beads / ".local" / "memory.db"


def _fresh(_beads):
    """As it was left."""


def _missing(beads):
    path_of(beads).unlink()


def _no_stamp(beads):
    (beads / ".local" / "memory.stamp").unlink()


def _empty(beads):
    path_of(beads).write_bytes(b"")


def _stale(beads):
    """It answers for older files, and has missed every edit since."""
    data = {name: (beads / name).read_bytes() for name in FILES if (beads / name).exists()}
    put_files(beads, {MEMORY_FILE: file_of(memory("api/limits", "older"), memory("gone", "api"))})
    opened(beads, NOW).cache.close()
    put_files(beads, data)


def _corrupt(beads):
    data = bytearray(path_of(beads).read_bytes())
    middle = len(data) // 2
    data[middle : middle + 9000] = os.urandom(9000)
    path_of(beads).write_bytes(bytes(data))


def _zeroed(beads):
    path_of(beads).write_bytes(bytes(path_of(beads).stat().st_size))


def _truncated(beads):
    with path_of(beads).open("r+b") as file:
        file.truncate(path_of(beads).stat().st_size // 2 + 123)


def _no_database(beads):
    """Rubbish for which the stamp vouches."""
    path_of(beads).write_bytes(b"rubbish" * 5000)
    vouch(beads)


def _no_tables(beads):
    """A database of ours with nothing in it, for which the stamp vouches."""
    path_of(beads).unlink()
    with closing(sqlite3.connect(path_of(beads))) as db:
        db.execute("CREATE TABLE other(x)")
    vouch(beads)


def _another_version(beads):
    with closing(sqlite3.connect(path_of(beads))) as db, db:
        db.execute("UPDATE state SET value = '0.0.1 1' WHERE key = 'version'")
        db.execute("DELETE FROM memory")
    vouch(beads)


def _another_repository(beads):
    other = beads.parent / "other"
    put_files(other, {MEMORY_FILE: file_of(memory("other", "api api api"))})
    opened(other, NOW).cache.close()
    shutil.copy(path_of(other), path_of(beads))
    vouch(beads)


def _cache_of_issues(beads):
    """The tables of the other cache, under this name."""
    from tests.support.workspaces import beads_of, lines_of, sample
    from tests.support.workspaces import opened as workspace

    other = beads_of(beads.parent / "issues", lines_of(sample()))
    found = workspace(other)
    shutil.copy(found.answers.cache.path, path_of(beads))
    found.refresh()
    vouch(beads)


def _in_wal_mode(beads):
    with closing(sqlite3.connect(path_of(beads))) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("UPDATE memory SET kind = 'changed'")
        db.commit()


def _in_the_way(beads):
    """Nothing can take the place of the file: it is a folder, and not an empty one."""
    path_of(beads).unlink()
    path_of(beads).mkdir()
    (path_of(beads) / "something").touch()


def _locked(beads):
    """Somebody is at work on it: the lock is a folder, and cannot be opened."""
    path_of(beads).unlink()
    (beads / ".local" / "memory.lock").unlink()
    (beads / ".local" / "memory.lock").mkdir()


def _torn(beads):
    """A writer was killed in the middle of a change: the old pages wait in the journal."""
    script = (
        "import os, sqlite3, sys\n"
        "db = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "db.execute('PRAGMA cache_size = 1')\n"
        "db.execute('PRAGMA cache_spill = 1')\n"
        "db.execute('BEGIN IMMEDIATE')\n"
        "db.execute(\"UPDATE memory SET key = 'torn ' || hex(randomblob(3000))\")\n"
        "os._exit(9)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(path_of(beads))], check=False)


def _rubbish_stamp(beads):
    (beads / ".local" / "memory.stamp").write_bytes(b"\xff\x00 no stamp")


def _before_a_reboot(beads):
    with closing(sqlite3.connect(path_of(beads))) as db, db:
        db.execute("UPDATE memory SET kind = 'never flushed'")
    left = stat_text(str(path_of(beads)))
    stamp = beads / ".local" / "memory.stamp"
    stamp.write_text(f"{left} 00000000-0000-0000-0000-000000000000 memory.db")


STATES = [
    _fresh, _missing, _no_stamp, _empty, _stale, _corrupt, _zeroed, _truncated, _no_database,
    _no_tables, _another_version, _another_repository, _cache_of_issues, _in_wal_mode, _in_the_way,
    _locked, _torn, _rubbish_stamp, _before_a_reboot,
]  # fmt: skip


@pytest.fixture(scope="module")
def wanted(tmp_path_factory):
    beads = tmp_path_factory.mktemp("wanted") / ".beads"
    put_files(beads, WORLD)
    return answers(beads)


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__.strip("_"))
def test_every_answer_is_the_same_in_every_state(state, wanted, tmp_path):
    beads = tmp_path / ".beads"
    put_files(beads, WORLD)
    assert answers(beads) == wanted
    state(beads)
    assert answers(beads) == wanted
    assert answers(beads) == wanted
    assert (beads / LOG).read_bytes() == WORLD[LOG]


def test_a_folder_that_is_none_is_the_same_as_no_private_memories(tmp_path):
    beads = tmp_path / ".beads"
    put_files(beads, {name: data for name, data in WORLD.items() if ".local" not in name})
    shutil.rmtree(beads / ".local")
    (beads / ".local").write_text("not a folder")
    at = opened(beads, NOW)
    assert not at.cache.kept
    assert [row.key for row in search(at, "build cache").rows] == ["build/cache"]


def test_a_reader_that_does_not_let_go_keeps_nobody_from_following(tmp_path):
    beads = tmp_path / ".beads"
    put_files(beads, WORLD)
    reader = opened(beads, NOW)
    reader.row("style")
    put_files(beads, {**WORLD, MEMORY_FILE: file_of(memory("new", "the api"))})
    writer = opened(beads, NOW)
    assert [row.key for row in search(writer, "api").rows] == ["new"]
    assert [row.key for row in search(reader, "api").rows] == ["api/limits"]
    reader.cache.close()


# Writes of ours.

STEPS = (
    ("memory", "set", "a/one", "First text", "--tag", "x", "--issue", "t-a"),
    ("memory", "set", "a/two", "Second text", "--supersedes", "a/one"),
    ("memory", "append", "a/one", "and more"),
    ("memory", "ok", "a/one", "--task", "t1"),
    ("memory", "bad", "a/two", "--task", "t1"),
    ("memory", "mv", "a/one", "b/one"),
    ("memory", "set", "mine", "A private one", "--local"),
    ("memory", "ok", "mine", "--task", "t1"),
    ("memory", "archive", "a/two"),
    ("forget", "b/one"),
    ("memory", "restore", "b/one"),
    ("forget", "mine"),
    ("undo",),
    ("update", "t-a", "--priority", "0"),
    ("memory", "purge", "a/two", "--force"),
    ("batch",),
)


def source_of(bd):
    return source(bd.beads, bd.now, (bd.beads / "config.yaml").read_bytes())


def test_a_write_of_ours_is_followed_without_a_look(bd):
    bd.write({"id": "t-a"}, {"id": "t-b", "metadata": {"memories": ["a/one"]}})
    bd("memory", "set", "zero", "Something to begin with")
    bd("memory", "search", "something")
    for words in STEPS:
        bd(*words, stdin="note t-a hello\n" if words == ("batch",) else "")
        if "purge" in words:
            assert not path_of(bd.beads).exists()  # nothing of it stays anywhere
            open_cache(source_of(bd)).close()
            continue
        found = caches.believed(source_of(bd))
        memory_stats = [part for number, part in enumerate(found.state["log"].split(" "))
                        if number != 2]  # fmt: skip
        now_stats = [part for number, part in enumerate(source_of(bd).stat().split(" "))
                     if number != 2]  # fmt: skip
        assert memory_stats == now_stats, words
        found.close()
        wanted = dump(MemoryQueries(in_memory(source_of(bd).look()), bd.now, nothing))
        held = MemoryQueries(open_cache(source_of(bd)), bd.now, nothing)
        assert dump(held) == wanted, words
        held.cache.close()


def test_a_write_that_closes_an_issue_with_memories_is_followed_by_whoever_reads(bd):
    bd.write({"id": "t-a"}, {"id": "t-b", "metadata": {"memories": ["zero"]}})
    bd("memory", "set", "zero", "Something to begin with")
    assert "trust 0.70 unproven" in bd("memory", "search", "something").out
    bd("close", "t-b", "--reason", "done", "--remember", "Something learned", "--key", "one")
    found = bd("memory", "search", "something", "--json").json
    assert {one["key"]: one["outcomes"]["credit"] for one in found} == {"zero": 1, "one": 0}
    bd("reopen", "t-b")
    found = bd("memory", "search", "something", "--json").json
    assert {one["key"]: one["outcomes"]["credit"] for one in found} == {"zero": 0, "one": 0}


def test_a_cache_that_has_missed_a_write_is_not_patched(bd):
    bd("memory", "set", "one", "First text")
    bd("memory", "search", "text")
    (bd.beads / "memory.jsonl").write_bytes(
        file_of(memory("one", "Other text"), memory("two", "x"))
    )
    bd("memory", "set", "three", "Third text")
    assert list(bd("memories", "--json").json) == ["one", "three", "two"]
    assert list(bd("memories", "other", "--json").json) == ["one"]


def test_a_log_that_moves_does_not_have_the_memories_read_again_and_again(tmp_path, monkeypatch):
    beads = tmp_path / ".beads"
    beads.mkdir()
    put_files(beads, {LOG: b'{"id":"t-1"}\n', MEMORY_FILE: file_of(memory("a", "x"))})
    now = time.time_ns()
    open_cache(source(beads, now)).close()
    later = now + 60 * 10**9
    os.utime(beads / LOG, ns=(later, later))
    read = []
    plain = read_log
    monkeypatch.setattr(
        "tracker.cache.memories.source.read_log",
        lambda path: read.append(Path(path).name) or plain(path),
    )
    open_cache(source(beads, later)).close()
    assert set(read) == {LOG, MEMORY_FILE}  # neither lay still when it was looked at
    read.clear()
    open_cache(source(beads, later)).close()
    assert read == [LOG]
