"""`bd memory import` and `bd memory export`: claude-flow, Beads, Markdown, and what we wrote."""

from __future__ import annotations

import io
import json
import os
import sqlite3

import pytest

from tracker.interchange import claude_flow, memory_files
from tracker.interchange.import_memories import legal
from tracker.interchange.tickets import File

ENTRIES = """
CREATE TABLE memory_entries (id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL,
  value TEXT NOT NULL, namespace TEXT NOT NULL DEFAULT 'default', metadata TEXT,
  created_at INTEGER, updated_at INTEGER, accessed_at INTEGER, access_count INTEGER,
  ttl INTEGER, expires_at INTEGER, UNIQUE(key, namespace));
"""
PATTERNS = """
CREATE TABLE patterns (id TEXT PRIMARY KEY, type TEXT NOT NULL, pattern_data TEXT NOT NULL,
  confidence REAL NOT NULL DEFAULT 0.5, usage_count INTEGER NOT NULL DEFAULT 0,
  created_at TEXT DEFAULT (datetime('now')), updated_at TEXT);
"""
PATTERN = {
    "title": "Back off when throttled", "description": "When the service says 429",
    "content": "Wait twice as long each time.", "source": {"task_id": "t1", "outcome": "Failure"},
    "tags": ["http", "retry"], "domain": "net", "created_at": "2026-01-02T03:04:05Z",
    "confidence": 0.75,
}  # fmt: skip
STORE = {
    "default": [
        {"key": "auth", "value": "Tokens live an hour.", "namespace": "default",
         "timestamp": 1_760_000_000_000},
    ],
    "climate": [
        {"key": "drift", "value": "Detrend first.", "namespace": "climate",
         "timestamp": 1_760_000_001_000},
        {"key": "old", "value": "Cold.", "namespace": "climate", "timestamp": 1_760_000_002_000},
    ],
    "hooks:post-edit": [
        {"key": "post-edit:1", "value": "{}", "namespace": "hooks:post-edit",
         "timestamp": 1_760_000_003_000},
    ],
}  # fmt: skip
NOTE = """---
title: "Drift: again"
type: lesson
tags: [ml, x y]
pinned: true
expires: 2099-01-01
---
Detrend first.

---
And a second part.
"""


class Terminal(io.StringIO):
    def isatty(self):
        return True


def put(bd, name, text):
    path = bd.path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def fails(bd, *words, **more):
    return bd(*words, code=1, **more)


def snapshot(bd):
    return {path.name: path.read_bytes() for path in bd.beads.glob("*.jsonl")}


def records(bd):
    return [json.loads(line) for line in (bd.beads / "memory.jsonl").read_text().splitlines()]


def contents(bd, *args):
    return {one["key"]: one["content"] for one in listed(bd, *args)}


def listed(bd, *args):
    return bd("memory", "list", "--json", "--limit", "0", *args).json


def one_of(bd, key):
    return bd("memory", "get", key, "--json").json


def counted(bd, *args):
    said = bd("memory", "import", *args, "--json").json
    return tuple(said[kind] for kind in ("created", "updated", "unchanged", "skipped"))


@pytest.fixture
def swarm(bd):
    """The database of claude-flow as its hooks and people fill it."""
    folder = bd.path / ".swarm"
    folder.mkdir()
    path = folder / "memory.db"
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode = WAL")
    db.executescript(ENTRIES + PATTERNS)
    rows = [
        ("arch", "Hexagonal.", "default", 1_760_000_000, None),
        ("../odd\nkey*", "Odd.", "team\\a", 1_760_000_000, None),
        ("gone", "Over.", "default", 1_760_000_000, 1_760_000_100),
        ("stays", "For long.", "default", 1_760_000_000, 4_000_000_000),
        ("pre:1", "{}", "hooks:pre-task", 1_760_000_000, None),
        ("cmd", "{}", "command-history", 1_760_000_000, None),
    ]
    for key, value, namespace, at, ends in rows:
        db.execute(
            "INSERT INTO memory_entries(key, value, namespace, created_at, updated_at, expires_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (key, value, namespace, at, at, ends),
        )
    for name, data in (("p1", PATTERN), ("p2", {**PATTERN, "content": "Other."}), ("p3", {})):
        db.execute(
            "INSERT INTO patterns(id, type, pattern_data) VALUES (?, 'reasoning_memory', ?)",
            (name, json.dumps(data)),
        )
    db.commit()
    db.close()
    return path


# claude-flow.


def test_a_memory_store_comes_in_and_again_is_nothing(bd):
    put(bd, "memory-store.json", json.dumps(STORE))
    said = bd("memory", "import", "memory-store.json")
    assert said.out == (
        "✓ Memories: 3 created, 1 skipped\n"
        "  1 skipped: a note of the hooks to themselves (hooks:post-edit/post-edit:1)\n"
    )
    assert contents(bd) == {
        "auth": "Tokens live an hour.", "climate/drift": "Detrend first.", "climate/old": "Cold.",
    }  # fmt: skip
    drift = one_of(bd, "climate/drift")
    assert drift["updated_at"] == "2025-10-09T08:53:21Z"
    assert drift["source"]["origin"] == "import"
    before = snapshot(bd)
    assert counted(bd, "memory-store.json") == (0, 0, 3, 1)
    assert snapshot(bd) == before
    assert counted(bd, "memory-store.json", "--all") == (1, 0, 3, 0)


def test_a_database_comes_in_and_is_only_read(bd, swarm):
    before = swarm.read_bytes()
    said = bd("memory", "import", ".swarm/memory.db", "--json").json
    assert (said["created"], said["skipped"]) == (5, 4)
    assert said["reasons"] == {
        "it has expired": 1, "a note of the hooks to themselves": 2,
        "it holds no text that can be read": 1,
    }  # fmt: skip
    assert contents(bd) == {
        "arch": "Hexagonal.",
        "stays": "For long.",
        "team/a/-/odd-key-": "Odd.",
        "patterns/net/back-off-when-throttled": "Wait twice as long each time.",
        "patterns/net/back-off-when-throttled-2": "Other.",
    }
    assert one_of(bd, "stays")["expires_at"] == "2096-10-02T07:06:40Z"
    pattern = one_of(bd, "patterns/net/back-off-when-throttled")
    assert (pattern["kind"], pattern["verdict"]) == ("pitfall", "failure")
    assert (pattern["title"], pattern["tags"]) == (PATTERN["title"], PATTERN["tags"])
    assert pattern["description"] == PATTERN["description"]
    assert str(pattern["confidence"]) == "0.75"
    assert pattern["created_at"] == PATTERN["created_at"]
    assert swarm.read_bytes() == before
    assert os.listdir(swarm.parent) == ["memory.db"]
    assert counted(bd, ".swarm/memory.db") == (0, 0, 5, 4)


def test_other_databases_are_told_from_it(bd):
    sqlite3.connect(bd.path / "other.db").execute("CREATE TABLE memories (x)").connection.commit()
    put(bd, "text.db", "SQLite format 3\0 and then nothing")
    for name in ("other.db", "text.db"):
        said = fails(bd, "memory", "import", name)
        assert "cannot be read as a memory of claude-flow" in said.err


@pytest.mark.parametrize(
    ("parts", "key"),
    [
        (("default", "a"), "a"),
        (("ns", "a"), "ns/a"),
        (("ns", "ns/a"), "ns/a"),
        (("ns/", "/a//b/"), "ns/a/b"),
        (("..", "a..b"), "-/a..b"),
        (("", "a\x00b*"), "a-b-"),
        (("x" * 300, "a"), legal("x" * 300, "a")),
        ((" ",), "unnamed"),
    ],
)
def test_keys_are_made_legal_and_stay_themselves(parts, key):
    assert legal(*parts) == key
    assert legal(key) == key


def test_what_a_store_is():
    assert claude_flow.is_store(STORE)
    assert claude_flow.is_store({"a": []})  # one that was emptied: nothing to import, and no error
    assert claude_flow.is_store({}) is False
    assert claude_flow.is_store([STORE]) is False
    assert claude_flow.is_store({"a": ["x"]}) is False


def test_two_that_become_one_key_are_not_lost_without_a_word(bd):
    store = {
        "default": [{"key": "climate/drift", "value": "one", "timestamp": 1_700_000_000_000},
                    {"key": "same", "value": "x", "timestamp": 1}],
        "climate": [{"key": "drift", "value": "two", "timestamp": 1_700_000_001_000}],
        "": [{"key": "same", "value": "x", "timestamp": 1}],
    }  # fmt: skip
    put(bd, "s.json", json.dumps(store))
    said = bd("memory", "import", "s.json")
    assert said.out == (
        "✓ Memories: 2 created, 1 skipped\n  1 skipped: a later one has that key (climate/drift)\n"
    )
    assert contents(bd) == {"climate/drift": "two", "same": "x"}
    assert counted(bd, "s.json") == (0, 0, 2, 1)


def test_odd_entries_of_a_store_stop_none_of_the_others(bd):
    rows = [
        {"key": "w", "value": "v"},
        "x",
        None,
        {"value": "no key"},
        {"key": 7, "value": "y"},
        {"key": "null", "value": None},
        {"key": "bare"},
        {"key": "n", "value": {"a": [1]}},
    ]
    put(bd, "s.json", json.dumps({"default": rows, "none": []}))
    said = bd("memory", "import", "s.json")
    assert said.out == (
        "✓ Memories: 2 created, 6 skipped\n"
        "  2 skipped: the text is empty (null, bare)\n"
        "  4 skipped: it has no key (unnamed, unnamed, unnamed, unnamed)\n"
    )
    assert contents(bd) == {"n": '{"a": [1]}', "w": "v"}
    put(bd, "s.json", '{"default": []}')
    assert bd("memory", "import", "s.json").out == "✓ Memories: nothing\n"


def test_a_pattern_without_a_text_is_named(bd):
    with sqlite3.connect(bd.path / "m.db") as db:
        db.executescript(PATTERNS)
        db.execute("INSERT INTO patterns(id, type, pattern_data) VALUES ('p2', 'm', 'no JSON')")
        db.execute("INSERT INTO patterns(id, type, pattern_data) VALUES ('p3', 'm', '{}')")
    db.close()
    assert bd("memory", "import", "m.db").out == (
        "✓ Memories: 2 skipped\n"
        "  2 skipped: it holds no text that can be read (patterns/p2, patterns/p3)\n"
    )


def test_bytes_in_a_database_are_its_text(bd):
    with sqlite3.connect(bd.path / "m.db") as db:
        db.executescript(ENTRIES)
        db.execute("INSERT INTO memory_entries(key, value) VALUES (?, ?)", (b"k", b"caf\xc3\xa9"))
    db.close()
    assert counted(bd, "m.db") == (1, 0, 0, 0)
    assert contents(bd) == {"k": "café"}


def test_it_writes_a_store_that_it_reads(bd):
    bd("memory", "set", "a", "1")
    bd("memory", "set", "n/m/b", "2")
    said = bd("memory", "export", "--format", "claude-flow", "-o", "store.json")
    assert said.err == "Exported 2 memories to store.json\n"
    store = json.loads((bd.path / "store.json").read_text())
    assert [(name, row["key"], row["value"]) for name, rows in store.items() for row in rows] == [
        ("default", "a", "1"), ("n/m", "b", "2"),
    ]  # fmt: skip
    assert counted(bd, "store.json") == (0, 0, 2, 0)


# What happens where a key is taken.


def store_of(bd, value, at):
    row = {"key": "k", "value": value, "timestamp": at * 1000}
    put(bd, "s.json", json.dumps({"default": [row]}))


def test_the_later_one_counts(bd):
    store_of(bd, "one", 1_700_000_000)
    assert counted(bd, "s.json") == (1, 0, 0, 0)
    store_of(bd, "two", 1_700_000_100)
    assert counted(bd, "s.json") == (0, 1, 0, 0)
    assert (one_of(bd, "k")["content"], one_of(bd, "k")["created_at"]) == (
        "two", "2023-11-14T22:13:20Z",
    )  # fmt: skip
    store_of(bd, "three", 1_700_000_050)
    said = bd("memory", "import", "s.json")
    assert said.out == "✓ Memories: 1 skipped\n  1 skipped: what is here is later (k)\n"
    assert contents(bd) == {"k": "two"}


def test_the_ways(bd):
    bd("memory", "set", "k", "mine", "--kind", "decision", "--tag", "t")
    store_of(bd, "theirs", 1_700_000_000)
    assert counted(bd, "s.json", "--on-conflict", "skip") == (0, 0, 0, 1)
    said = fails(bd, "memory", "import", "s.json", "--on-conflict", "fail")
    assert said.err == (
        "Error: 1 memories differ: k; nothing was written\n"
        "Hint: --on-conflict newer, skip or theirs\n"
    )
    assert contents(bd) == {"k": "mine"}
    assert counted(bd, "s.json", "--on-conflict", "theirs") == (0, 1, 0, 0)
    now = one_of(bd, "k")
    assert (now["content"], now["tags"]) == ("theirs", ["t"])
    assert counted(bd, "s.json", "--on-conflict", "fail") == (0, 0, 1, 0)


def test_what_was_forgotten_stays_forgotten(bd):
    store_of(bd, "one", 4_000_000_000)
    bd("memory", "import", "s.json")
    bd("memory", "forget", "k")
    said = bd("memory", "import", "s.json")
    assert "1 skipped: it was forgotten here" in said.out
    assert contents(bd) == {}
    assert counted(bd, "s.json", "--on-conflict", "theirs") == (0, 1, 0, 0)
    assert contents(bd) == {"k": "one"}


def test_a_dry_run_writes_nothing(bd):
    store_of(bd, "one", 1_700_000_000)
    before = snapshot(bd)
    assert bd("memory", "import", "s.json", "--dry-run").out == (
        "  created: k\nWould be 1 created\n"
    )
    said = bd("memory", "import", "s.json", "--dry-run", "--json").json
    assert (said["dry_run"], said["memories"]) == (
        True, [{"key": "k", "what": "created", "why": ""}],
    )  # fmt: skip
    assert snapshot(bd) == before


def test_a_namespace_is_put_before_and_it_can_stay_here(bd):
    store_of(bd, "one", 1_700_000_000)
    bd("memory", "import", "s.json", "--prefix", "old/flow", "--local")
    assert contents(bd) == {"old/flow/k": "one"}
    assert not (bd.beads / "memory.jsonl").exists()
    bd("memory", "import", "s.json", "-n", "shared")
    line = (bd.beads / "memory.jsonl").read_text()
    assert '"shared/k"' in line
    assert "old/flow" not in line
    assert "old/flow" not in bd("memory", "export").out
    assert "old/flow/k" in bd("memory", "export", "--local").out


def test_one_write_and_one_undo(bd):
    put(bd, "memory-store.json", json.dumps(STORE))
    bd("memory", "import", "memory-store.json")
    bd("undo")
    assert contents(bd) == {}


def test_a_secret_stops_all_of_it_unless_told(bd):
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" + "k1L2m3N4o5P6q7R8"
    rows = [
        {"key": "fine", "value": "fine", "timestamp": 1},
        {"key": "bad", "value": f"token {secret}", "timestamp": 1},
    ]
    put(bd, "s.json", json.dumps({"default": rows}))
    said = fails(bd, "memory", "import", "s.json")
    assert "never forgets: bad: content, line 1, column 7: rule github" in said.err
    assert secret not in said.err
    assert contents(bd) == {}
    trial = fails(bd, "memory", "import", "s.json", "--dry-run")
    assert (trial.out, trial.err) == ("", said.err)
    assert "created: bad" in bd("memory", "import", "s.json", "--dry-run", "--redact").out
    assert "created: bad" in bd("memory", "import", "s.json", "--dry-run", "--local").out
    bd("memory", "import", "s.json", "--redact")
    assert contents(bd)["fine"] == "fine"
    assert secret not in contents(bd)["bad"]


# Lines, JSON, and other programs.


def test_lines_of_beads_and_of_mem0(bd):
    put(
        bd,
        "lines.jsonl",
        '{"_type":"memory","key":"auth-jwt","value":"RS256"}\n\n'
        '{"_type":"issue","id":"t-1","title":"no memory"}\n'
        '{"id":"9f","memory":"Likes tea","created_at":"2026-01-01T00:00:00.5Z"}\n',
    )
    assert counted(bd, "lines.jsonl") == (2, 0, 0, 0)
    assert contents(bd) == {"auth-jwt": "RS256", "mem0/9f": "Likes tea"}
    assert counted(bd, "lines.jsonl") == (0, 0, 2, 0)


@pytest.mark.parametrize(
    "text",
    [
        '{"memories": [{"id": "9f", "memory": "Tea"}]}',
        '{"results": [{"id": "9f", "memory": "Tea"}]}',
        '[{"key": "mem0/9f", "content": "Tea"}]',
        '{"mem0/9f": "Tea"}',
        '{"key": "mem0/9f", "content": "Tea"}',
    ],
)
def test_forms_of_json(bd, text):
    assert bd("memory", "import", "-", stdin=text).code == 0
    assert contents(bd) == {"mem0/9f": "Tea"}
    made = one_of(bd, "mem0/9f")
    assert made["created_at"]
    assert made["updated_at"]
    before = snapshot(bd)
    bd("memory", "import", "-", stdin=text)
    assert snapshot(bd) == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[{"key": "a", "content": "x"}, 7]', "element 2 is no memory"),
        ('{"key": "a", "content": "x"}\n{"what": 1}', "line 2 is no memory"),
        ('{"key": "a", "content": "x"}\n{"key":', "Error parsing line 2"),
        ("plain words", "Error parsing line 1"),
    ],
)
def test_what_is_no_memory(bd, text, words):
    said = fails(bd, "memory", "import", "-", stdin=text)
    assert words in said.err
    assert contents(bd) == {}


def test_what_cannot_be_kept_is_left_out_and_told(bd):
    rows = {"long": "x" * 300_000, "empty": " ", "fine": "y"}
    said = bd("memory", "import", "-", stdin=json.dumps(rows))
    assert said.out.startswith("✓ Memories: 1 created, 2 skipped\n")
    assert "content must be" in said.out
    assert "there is no text" in said.out or "the text is empty" in said.out
    assert contents(bd) == {"fine": "y"}


def test_nothing_given_and_nothing_there(bd):
    assert "nothing to import" in fails(bd, "memory", "import", stdin=Terminal()).err
    assert "missing.json" in fails(bd, "memory", "import", "missing.json").err
    assert bd("memory", "import", "-", stdin="").out == "✓ Memories: nothing\n"


# What we wrote ourselves.


@pytest.fixture
def held(bd):
    bd.write({"id": "t-a"})
    bd("memory", "set", "climate/drift", "Detrend first.\n\n- a\n- b", "--kind", "pattern",
       "--tag", "ml,x", "--title", "Drift: the first", "--issue", "t-a", "--verdict", "success",
       "--confidence", "0.70", "--description", 'When a series: "drifts", all of it')  # fmt: skip
    bd("memory", "set", "auth", "RS256", "--kind", "decision", "--pin")
    bd("memory", "set", "gone", "x")
    bd("memory", "forget", "gone")
    return bd


def test_lines_come_back_as_they_were(held):
    log = (held.beads / "memory.jsonl").read_text()
    shown = held("memory", "export").out
    assert shown.splitlines() == [line for line in log.splitlines() if "tombstone" not in line]
    assert held("memory", "export", "--all").out == log
    put(held, "all.jsonl", log)
    before = snapshot(held)
    assert counted(held, "all.jsonl") == (0, 0, 3, 0)
    assert snapshot(held) == before
    (held.beads / "memory.jsonl").unlink()
    assert counted(held, "all.jsonl") == (3, 0, 0, 0)
    assert (held.beads / "memory.jsonl").read_text() == log


def test_a_folder_of_markdown_comes_back(held):
    before = records(held)
    assert held("memory", "export", "--format", "markdown", "-o", "notes").err == (
        "Exported 2 memories to notes\n"
    )
    assert sorted(str(one.relative_to(held.path)) for one in held.path.glob("notes/**/*.md")) == [
        "notes/auth.md", "notes/climate/drift.md",
    ]  # fmt: skip
    assert counted(held, "notes") == (0, 0, 2, 0)
    (held.beads / "memory.jsonl").unlink()
    assert counted(held, "notes") == (2, 0, 0, 0)
    again = {one["key"]: one for one in records(held)}
    for one in before:
        if one.get("status") != "tombstone":
            mine = {**again[one["key"]], "source": None}
            assert mine == {**one, "source": None}


@pytest.mark.parametrize("policy", ["newer", "theirs", "skip", "fail"])
def test_a_key_that_was_moved_comes_back_as_that(held, policy):
    held("memory", "mv", "auth", "auth/jwt")
    held("memory", "export", "--all", "-o", "all.jsonl")
    before = snapshot(held)
    assert counted(held, "all.jsonl", "--on-conflict", policy) == (0, 0, 4, 0)
    assert snapshot(held) == before
    assert held("recall", "auth").out == "RS256\n"


def test_only_forms_that_can_say_so_hold_what_was_forgotten(held):
    for form in ("markdown", "beads", "claude-flow"):
        told = held("memory", "export", "--all", "--format", form).out
        assert "auth" in told
        assert "gone" not in told
        assert "gone" in held("memory", "export", "--all", "--format", "json").out


def test_a_folder_of_notes_says_what_replaces_what(held):
    held("memory", "set", "auth2", "    EdDSA\n\n    by now", "--supersedes", "auth",
         "--related", "climate/drift")  # fmt: skip
    held("memory", "export", "--all", "--format", "markdown", "-o", "notes")
    before = snapshot(held)
    assert counted(held, "notes") == (0, 0, 3, 0)
    assert snapshot(held) == before
    held("memory", "purge", "auth2", "--force")
    held("memory", "import", "notes")
    assert contents(held)["auth2"] == "    EdDSA\n\n    by now"
    made = one_of(held, "auth2")
    assert (made["supersedes"], made["related"]) == (["auth"], ["climate/drift"])


def test_json_and_a_page(held):
    rows = held("memory", "export", "--json").json
    assert [one["key"] for one in rows] == ["auth", "climate/drift"]
    assert held("memory", "export", "--format", "json").json == rows
    page = held("memory", "export", "climate/*", "--format", "markdown").out
    assert page.startswith("# Memories\n\n## climate/drift\n\n*pattern · #ml · #x · ")
    assert "- a\n- b\n" in page
    assert "RS256" not in page
    held("memory", "export", "-n", "climate", "-o", "page.md")
    assert (held.path / "page.md").read_text() == page
    lines = held("memory", "export", "--format", "beads").out.splitlines()
    assert json.loads(lines[0]) == {"_type": "memory", "key": "auth", "value": "RS256"}
    assert held("memory", "export", "page.json", "--json").json == {
        "exported": 2, "output_file": "page.json",
    }  # fmt: skip
    assert json.loads((held.path / "page.json").read_text()) == rows


def test_a_note_in_markdown_as_others_keep_it(bd):
    put(bd, "notes/climate/drift.md", NOTE)
    put(bd, "notes/README.md", "# No front matter\n")
    said = bd("memory", "import", "notes")
    assert said.out == "✓ Memories: 1 created\n  no front matter: README.md\n"
    made = one_of(bd, "climate/drift")
    assert made["content"] == "Detrend first.\n\n---\nAnd a second part."
    assert (made["title"], made["kind"], made["pinned"]) == ("Drift: again", "pattern", True)
    assert (made["tags"], made["expires_at"]) == (["ml", "x y"], "2099-01-01T00:00:00Z")
    assert counted(bd, "notes/climate/drift.md", "--prefix", "climate") == (0, 0, 1, 0)
    put(bd, "notes/bad.md", "---\na: [\n---\nx")
    said = fails(bd, "memory", "import", "notes").err
    assert "the front matter of bad.md is no YAML (while parsing" in said
    assert "nothing was imported" in said
    assert "no file in .beads has a front matter" in fails(bd, "memory", "import", ".beads").err


@pytest.mark.parametrize(
    ("front", "key"),
    [("key: a/b", "a/b"), ("permalink: p/q", "p/q"), ("name: n", "x/n"), ("title: t", "x/f")],
)
def test_what_a_note_is_called(front, key):
    file = File("x/f.md", f"---\n{front}\n---\nText".encode(), 10**18)
    assert memory_files.read_files([file])[0][0].key == key


def test_it_overwrites_no_link(held):
    (held.path / "link.jsonl").symlink_to(held.beads / "memory.jsonl")
    fails(held, "memory", "export", "-o", "nowhere/else.jsonl")
    before = (held.beads / "memory.jsonl").read_bytes()
    fails(held, "memory", "export", "auth", "-o", "link.jsonl")
    assert (held.beads / "memory.jsonl").read_bytes() == before


# Among issues.


BEADS = (
    '{"_type":"issue","id":"t-1","title":"One","status":"open","priority":2,"issue_type":"task",'
    '"created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}\n'
    '{"_type":"memory","key":"auth-jwt","value":"RS256"}\n'
    '{"_type":"memory","key":"db","value":"Postgres"}\n'
)


def test_memories_among_issues_come_in_with_them(bd):
    put(bd, "all.jsonl", BEADS)
    said = bd("import", "all.jsonl", "--dry-run")
    assert "0 unchanged; memories: 2 created\n" in said.err
    assert contents(bd) == {}
    assert bd("import", "all.jsonl").err == (
        "Import complete: 1 created, 0 updated; memories: 2 created\n"
    )
    assert contents(bd) == {"auth-jwt": "RS256", "db": "Postgres"}
    assert '"_type":"memory"' not in bd.file.read_text()
    before = snapshot(bd)
    assert bd("import", "all.jsonl", "--json").json["memories"] == {
        "created": 0, "updated": 0, "unchanged": 2, "skipped": 0,
    }  # fmt: skip
    assert snapshot(bd) == before
    bd("undo")
    assert (contents(bd), bd("list", "--json").json) == ({}, [])


def test_a_log_that_carries_memories_into_itself_is_nothing(bd):
    bd.file.write_text(BEADS)
    assert contents(bd) == {"auth-jwt": "RS256", "db": "Postgres"}
    bd("import", str(bd.file))
    assert bd.file.read_text() == BEADS
    assert not (bd.beads / "memory.jsonl").exists()


def test_what_differs_stays_and_is_told(bd):
    bd("remember", "HS256", "--key", "auth-jwt")
    put(bd, "all.jsonl", BEADS)
    said = bd("import", "all.jsonl")
    assert "1 memories skipped: what is here is later" in said.err
    assert contents(bd)["auth-jwt"] == "HS256"
    bd("import", "all.jsonl", "--on-conflict", "theirs")
    assert contents(bd)["auth-jwt"] == "RS256"


def test_issues_go_out_with_memories(bd):
    put(bd, "all.jsonl", BEADS)
    bd("import", "all.jsonl")
    bd("memory", "set", "here", "only", "--local")
    bd("kv", "set", "release", "1.4")
    lines = bd("export", "--include-memories").out.splitlines()
    assert lines[1:] == BEADS.splitlines()[1:]
    assert bd("export", "--all").out.splitlines() == lines
    assert bd("export").out.splitlines() == lines[:1]
    assert bd("export", "--include-memories", "-o", "out.jsonl").err == (
        "Exported 1 issues and 2 memories to out.jsonl\n"
    )
    assert len(bd("export", "--include-memories", "--json").json) == 3
    assert bd("export", "--include-memories", "-o", "o", "--json").json["memories"] == 2
    assert "is the log itself" in fails(bd, "export", "--all", "-o", str(bd.file)).err
