"""A cache that is not what it says: the answers come from the log, and the cache is made anew."""

from __future__ import annotations

import io
import json
import os
import random
import sqlite3
import time
from contextlib import closing

import pytest

import tracker
from tests.support import command_lines as every_command
from tracker.cache import database, schema
from tracker.cache import database as caches
from tracker.cache.issues.queries import IssueQueries
from tracker.cli import main
from tracker.fileio import stat_text
from tracker.git import history
from tracker.text import fingerprint

NOW = 1_800_000_000 * 10**9
PAGE = 16_384
ELSEWHERE = {"config", "daemon", "diff", "history", "hook", "sync", "version", "where"}
READS = [
    words for words in every_command.READS
    if words[0] not in ELSEWHERE and not {"--ref", "--as-of"}.intersection(words)
] + [
    ["list", "--json"], ["memory", "search", "migrations"], ["recall", "run-the-migrations-first"],
    ["show", "t-a", "--json"], ["sql", "SELECT id, title FROM issues"], ["memory", "show", "a/b"],
]  # fmt: skip


class Space:
    """A workspace whose caches are there, and what it answers."""

    def __init__(self, folder):
        self.folder = folder
        self.beads = every_command.workspace(folder)
        self.run("remember", "Run the migrations first", "--issue", "t-a")
        self.run("memory", "set", "a/b", "Text about words")
        past = time.time() - 1000
        for name in ("issues.jsonl", "memory.jsonl"):
            os.utime(self.beads / name, (past, past))
        for words in READS:
            self.run(*words)
        self.answers = {tuple(words): self.run(*words) for words in READS}
        self.kept = {name: self.path(name).read_bytes() for name in caches.NAMES}
        self.stamps = {name: database.read(self.local, name) for name in caches.NAMES}

    @property
    def local(self):
        return str(self.beads / ".local")

    def path(self, name):
        return self.beads / ("beads.db" if name == "cache" else ".local/memory.db")

    def run(self, *words, stdin=""):
        out, err = io.StringIO(), io.StringIO()
        env = {"HOME": "/nowhere", "PATH": os.environ["PATH"], "TZ": "UTC", "BD_ACTOR": "ann"}
        code = main(
            ["bd", *words], env, io.StringIO(stdin), out, err, str(self.folder),
            clock=lambda: NOW, nonce=lambda: 7,
        )  # fmt: skip
        return code, out.getvalue(), err.getvalue()

    def put(self, name, data):
        """Give a cache this content, for which its stamp vouches."""
        self.path(name).write_bytes(data)
        self.vouch(name)

    def vouch(self, name):
        left = stat_text(str(self.path(name)))
        database.save(self.local, name, self.stamps[name]._replace(left=left))

    def mend(self):
        for name in caches.NAMES:
            self.put(name, self.kept[name])

    def sql(self, name, *statements):
        with closing(sqlite3.connect(self.path(name))) as db, db:
            for statement in statements:
                db.execute(statement)
        self.vouch(name)


@pytest.fixture
def space(tmp_path):
    return Space(tmp_path)


@pytest.fixture(scope="module")
def lasting(tmp_path_factory):
    """One for all, whose log nobody changes."""
    return Space(tmp_path_factory.mktemp("space"))


def zeroed(data, at):
    return data[:at] + bytes(len(data[at : at + PAGE])) + data[at + PAGE :]


def rubbish(data, at):
    noise = random.Random(at).randbytes(len(data[at : at + PAGE]))
    return data[:at] + noise + data[at + PAGE :]


def torn(data, at):
    """Half a page is of nobody."""
    return data[:at] + b"\xa5" * (PAGE // 2) + data[at + PAGE // 2 :]


def cut(data, at):
    return data[: at + 512]


@pytest.mark.parametrize("damage", [zeroed, rubbish, torn, cut])
@pytest.mark.parametrize("name", caches.NAMES)
def test_a_damaged_page_changes_no_answer(lasting, name, damage):
    turn = iter(READS * 4)
    for at in range(0, len(lasting.kept[name]), PAGE):
        for words in (next(turn), next(turn)):
            lasting.mend()
            lasting.put(name, damage(lasting.kept[name], max(at, 100)))
            assert lasting.run(*words) == lasting.answers[tuple(words)], (at, words)


OTHER = {
    "a column has another name": ("cache", "ALTER TABLE issue RENAME COLUMN title TO heading"),
    "a table is missing": ("cache", "DROP TABLE body"),
    "bodies are missing": ("cache", "DELETE FROM body"),
    "a column more": ("cache", "ALTER TABLE issue ADD COLUMN more"),
    "numbers for texts": ("cache", "UPDATE issue SET labels = x'05', title = 7"),
    "reasons that are none": ("cache", "UPDATE blocked SET reasons = '[[1]]'"),
    "no JSON": ("cache", "UPDATE blocked SET reasons = 'x'"),
    "no record": ("cache", "UPDATE body SET line = 'x'"),
    "NULs": ("cache", "UPDATE body SET listed = '{' || char(0)"),
    "no UTF-8": ("cache", "UPDATE body SET listed = CAST(x'7bff' AS TEXT)"),
    "no settings": ("cache", "UPDATE state SET value = '5' WHERE key = 'settings'"),
    "no state": ("cache", "DELETE FROM state WHERE key <> 'version'"),
    "a state of another type": ("cache", "UPDATE state SET value = x'ff' WHERE key = 'problems'"),
    "no page": ("memory", "DROP TABLE page"),
    "no index of words": ("memory", "DROP TABLE word"),
    "a column of memories": ("memory", "ALTER TABLE memory RENAME COLUMN kind TO sort"),
    "memories of another type": ("memory", "UPDATE memory SET prior = 'x', updated = 'y'"),
    "no lines": ("memory", "UPDATE line SET line = '{'"),
    "nothing known": ("memory", "DELETE FROM state WHERE key = 'known'"),
}


@pytest.mark.parametrize("how", OTHER)
def test_tables_that_hold_something_else_change_no_answer(lasting, how):
    name, statement = OTHER[how]
    lasting.mend()
    lasting.sql(name, statement)
    bad = lasting.path(name).read_bytes()
    for words in random.Random(how).sample(READS, 12):
        lasting.mend()
        lasting.put(name, bad)
        got = lasting.run(*words)
        if how != "numbers for texts" and words[0] != "sql":  # a title of 7 is one
            assert got == lasting.answers[tuple(words)], words
        assert got[0] != 3, words


def test_the_cache_is_whole_again_behind_the_first_answer(space):
    for name, statement in (("cache", "DROP TABLE body"), ("memory", "DROP TABLE page")):
        space.sql(name, statement)
        for words in READS:
            assert space.run(*words) == space.answers[tuple(words)]
        with closing(sqlite3.connect(space.path(name))) as db:
            assert db.execute("SELECT count(*) FROM " + statement.split()[-1]).fetchone()[0]


@pytest.mark.parametrize("words", every_command.WRITES[::3], ids=" ".join)
def test_a_write_is_the_same_beside_a_damaged_cache(tmp_path, words):
    files = ("issues.jsonl", "memory.jsonl", "archive.jsonl")
    found = []
    for number, spoil in enumerate((False, True)):
        folder = tmp_path / str(number)
        folder.mkdir()
        made = every_command.workspace(folder)
        space = Space.__new__(Space)
        space.folder, space.beads = folder, made
        for read in (["list"], ["memories"]):
            space.run(*read)
        space.stamps = {name: database.read(space.local, name) for name in caches.NAMES}
        if spoil:
            space.sql("cache", "DROP TABLE edge", "UPDATE body SET line = 'x'")
            space.sql("memory", "DROP TABLE page")
        answer = space.run(*words)
        texts = [(made / name).read_bytes() for name in files if (made / name).exists()]
        found.append((answer[0], answer[1].replace(str(folder), ""), texts))
    assert found[0] == found[1]


def test_what_is_said_behind_a_write_is_asked_of_the_log(space):
    wanted = "Waited for it too, and not ready:"
    space.run("dep", "add", "t-b", "t-d")
    space.run("list")

    real = IssueQueries.__init__
    with pytest.MonkeyPatch.context() as patch:
        opened = []

        def init(self, *given):
            opened.append(1)
            real(self, *given)
            if len(opened) == 1:  # the first question is the one behind the write
                self.db.execute("DROP TABLE edge")

        patch.setattr(IssueQueries, "__init__", init)
        code, out, _ = space.run("close", "t-a", "--suggest-next")
    assert code == 0
    assert "✓ Closed t-a" in out
    assert wanted in out
    assert out.count("• t-b") == 1
    assert len(opened) == 2


def test_words_on_the_standard_input_are_not_lost_by_a_second_try(space):
    found = []
    for number in range(2):  # a session is told once
        given = {"hook_event_name": "UserPromptSubmit", "session_id": f"s{number}"}
        text = json.dumps({**given, "prompt": "run the migrations"})
        found.append(space.run("hooks", "claude", stdin=text))
        space.sql("memory", "DROP TABLE page")
    assert found[0] == found[1]
    assert "Run the migrations first" in found[0][1]


def test_an_answer_from_memory_where_no_new_cache_can_be_made(space):
    space.sql("cache", "DROP TABLE body")
    lock = space.beads / ".local" / "cache.lock"
    lock.unlink(missing_ok=True)
    lock.mkdir()
    words = ("show", "t-a", "--json")
    assert space.run(*words) == space.answers[words]


def test_a_bug_stays_a_bug_and_is_told_once(space, monkeypatch):
    tried = []

    def broken(*_given, **_more):
        tried.append(1)
        raise RuntimeError("no idea")

    assert space.run("list")[0] == 0
    monkeypatch.setattr(IssueQueries, "listed", broken)
    code, out, err = space.run("list")
    assert (code, out) == (3, "")
    assert err.count("RuntimeError: no idea") == 1
    assert "This is a bug" in err
    assert len(tried) == 2


def test_a_mistake_in_sql_is_no_damage(space):
    inode = space.path("cache").stat().st_ino
    code, _, err = space.run("sql", "SELECT no_column FROM issues")
    assert code == 1
    assert "no such column" in err
    assert space.path("cache").stat().st_ino == inode


def test_the_python_interface_answers_as_well(space):
    with tracker.open(str(space.folder)) as issues:
        wanted = [issue.id for issue in issues.list()]
        assert issues.get("t-a").title == "Title of t-a"
    for statement in ("DROP TABLE body", "UPDATE body SET line = 'x'"):
        space.stamps["cache"] = database.read(space.local, "cache")
        space.sql("cache", statement)
        with tracker.open(str(space.folder)) as issues:
            assert [issue.id for issue in issues.list()] == wanted
            assert issues.get("t-a").title == "Title of t-a"


# The version of a cache follows from its tables.


@pytest.mark.parametrize(
    ("name", "text"),
    [("cache", "ISSUES"), ("cache", "ISSUE_INDEXES"), ("memory", "MEMORIES"),
     ("memory", "MEMORY_INDEXES")],
)  # fmt: skip
def test_another_text_of_the_tables_is_another_version(space, monkeypatch, name, text):
    inode = space.path(name).stat().st_ino
    for words in READS:
        space.run(*words)
    assert space.path(name).stat().st_ino == inode
    extra = (
        "CREATE TABLE more(x);\n" if "INDEX" not in text else "CREATE INDEX more ON state(key);\n"
    )
    monkeypatch.setattr(schema, text, getattr(schema, text) + extra)
    for kind in ("issues", "memories"):
        used = f"tracker.cache.{kind}.follow.{text}"
        monkeypatch.setattr(used, getattr(schema, text), raising=False)
    for words in READS:
        assert space.run(*words) == space.answers[tuple(words)], words
    assert space.path(name).stat().st_ino != inode
    with closing(sqlite3.connect(space.path(name))) as db:
        found = db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'more'").fetchone()
    assert found == (1,)


def test_the_smallest_difference_counts():
    texts = [schema.ISSUES, schema.ISSUES + " ", schema.ISSUES.replace("n INTEGER", "n  INTEGER"),
             schema.MEMORIES, ""]  # fmt: skip
    assert len({fingerprint(text) for text in texts}) == len(texts)
    assert fingerprint("a", "b") != fingerprint("ab")
    assert fingerprint("a", "b") == fingerprint("a", "b")


def test_other_views_are_made_with_the_next_change_of_the_log(space, monkeypatch):
    inode = space.path("cache").stat().st_ino
    monkeypatch.setattr(
        "tracker.cache.issues.follow.views", lambda _: ["CREATE VIEW other AS SELECT 1 AS x"]
    )
    assert space.run("create", "Another")[0] == 0
    space.run("list")
    assert space.path("cache").stat().st_ino == inode  # a write of ours is followed row by row
    with space.beads.joinpath("issues.jsonl").open("a") as file:
        file.write(every_command.record("t-zz"))
    space.run("list")
    with closing(sqlite3.connect(space.path("cache"))) as db:
        assert db.execute("SELECT x FROM other").fetchone() == (1,)


def test_the_index_of_commits_is_made_anew_for_other_tables(tmp_path, monkeypatch):
    local = tmp_path / ".local"
    index = history.HistoryIndex(str(local))
    index.covers(["a"])
    index.close()
    monkeypatch.setattr(history, "TABLES", history.TABLES + ";\nCREATE TABLE more(x)")
    index = history.HistoryIndex(str(local))
    assert index._all("SELECT count(*) FROM more") == [(0,)]
    assert index._all("SELECT count(*) FROM covered") == [(0,)]
    index.close()


def flipped(space, table, column):
    """Values of the issue cache are others than they were, and nobody noticed."""
    space.sql("cache", f"UPDATE {table} SET {column} = {column} || 'x'")


def doctor(space):
    out = space.run("doctor", "--json")[1]
    (one,) = [one for one in json.loads(out)["checks"] if one["name"] == "Answers"]
    return one


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("issue", "title"),
        ("body", "listed"),
        ("brief", "text"),
        ("edge", "target"),
        ("label", "label"),
    ],
)
def test_doctor_compares_the_cache_with_the_log(space, table, column):
    assert doctor(space)["status"] == "ok"
    flipped(space, table, column)
    one = doctor(space)
    assert one["status"] == "warning"
    assert "t-" in one["detail"]
    assert one["fix"] == f"rm {space.path('cache')}"
    space.path("cache").unlink()
    for words in READS:
        assert space.run(*words) == space.answers[tuple(words)], words
    assert doctor(space)["status"] == "ok"


def test_doctor_compares_no_cache_that_is_older_than_the_log(space):
    flipped(space, "issue", "title")
    log = space.beads / "issues.jsonl"
    log.write_bytes(log.read_bytes() + b'{"id":"t-new","title":"New","status":"open"}\n')
    assert doctor(space)["status"] == "ok"
    assert "New" in space.run("list")[1]
