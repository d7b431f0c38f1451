"""Values of another type than anybody expects, wherever others write something that we read."""

from __future__ import annotations

import copy
import itertools
import json
import os
import random
import re

import pytest

from tests.support import command_lines as every_command
from tracker import yaml_text
from tracker.model.timestamps import EARLIEST, LATEST, stamped
from tracker.text import whole_number

MANY = 10**6 if os.environ.get("HYPOTHESIS_PROFILE") == "deep" else 250
"""How many odd records of a kind stand in a file."""
ODD = (
    None, 0, -1, 1.5, "²", "٣", "", "x", [], {}, [None], [[]], [{}], {"a": 1}, True, 10**30, 1e300,
    "9" * 5000, "\ud800", "\0", "2026-99-99", [5, "x", {"field": 5}], "../../etc/passwd", "-rf",
    {"a": {"b": [1, {"c": None}]}}, "a" * 3000, "\x1b[31m", "9999-12-31T23:59:59Z", "t-a", "@x",
    "<<<<<<< x\n", [["t-a"]], -1e300,
)  # fmt: skip
"""What stands in the place of each value in turn."""
RAW = ("9" * 5000, "1e999", "-1e999", "[" * 190 + "]" * 190)
"""The same, for what Python would not write."""
ISSUE = {
    "id": "t-n", "title": "T", "description": "d", "status": "open", "priority": 2,
    "issue_type": "task", "assignee": "ann", "estimated_minutes": 5, "labels": ["x"],
    "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
    "due_at": "", "defer_until": "", "closed_at": "", "close_reason": "", "external_ref": "",
    "comments": [{"id": 1, "author": "a", "text": "t", "created_at": "2026-01-01T00:00:00Z"}],
    "dependencies": [{"depends_on_id": "t-a", "type": "blocks", "metadata": "{}"}],
    "metadata": {"memories": ["a/b"]}, "pinned": False, "aliases": [], "mol_type": "",
    "conflicts": [{"field": "/title", "value": "x", "updated_at": "2026-01-01T00:00:00Z"}],
}  # fmt: skip
MEMORY = {
    "key": "a/b", "kind": "fact", "title": "t", "description": "d", "content": "words",
    "tags": ["x"], "verdict": "success", "confidence": 0.5, "supersedes": ["z"], "related": ["y"],
    "source": {"by": "a", "origin": "user", "issues": ["t-a"], "paths": {"a": "b"}, "session": "s"},
    "created_at": "2026-01-01T00:00:00Z", "expires_at": "", "pinned": True, "status": "active",
    "conflicts": [{"field": "/content", "value": "q"}], "moved_to": "",
}  # fmt: skip
OUTCOME = {
    "id": "o-1", "key": "a/b", "of": "00000000", "verdict": "success", "weight": 1, "issue": "t-a",
    "task": "x", "by": "ann", "at": "2026-01-01T00:00:00Z", "note": "n", "voids": "",
}  # fmt: skip


def places(value, before=()):
    """The way to each value within another."""
    inside = value.items() if isinstance(value, dict) else ()
    inside = enumerate(value) if isinstance(value, list) else inside
    for name, held in inside:
        yield (*before, name)
        yield from places(held, (*before, name))


def put(value, way, new):
    made = copy.deepcopy(value)
    held = made
    for name in way[:-1]:
        held = held[name]
    held[way[-1]] = new
    return made


def mutants(value, odd=ODD):
    """The document with one value replaced, for each value and each odd one."""
    for way in places(value):
        for new in odd:
            yield put(value, way, new)


def texts(value):
    yield from (json.dumps(one) for one in mutants(value))
    for raw in RAW:
        yield from (json.dumps(one).replace('"@raw"', raw) for one in mutants(value, ("@raw",)))


def some(found, count, seed=1):
    every = list(found)
    return random.Random(seed).sample(every, min(count, len(every)))


def harmless(bd, *words, stdin=""):
    """Whatever becomes of it, it is no bug of ours."""
    answer = bd.run(*words, stdin=stdin)
    assert answer.code in {0, 1}, (words, answer, stdin)
    assert "Error: " not in answer.err or answer.code or "Warning" in answer.err
    assert "Traceback" not in answer.err
    return answer


@pytest.fixture
def full(bd):
    """A workspace in which everything that others may have written is odd in some place."""
    issues = some(texts(ISSUE), MANY)
    lines = (text.replace('"t-n"', f'"t-{n}"', 1) for n, text in enumerate(issues))
    with bd.file.open("a") as log:
        log.write(every_command.log().decode())
        log.writelines(f"{line}\n" for line in lines)
    for name, value, key in (("memory", MEMORY, '"a/b"'), ("outcomes", OUTCOME, '"o-1"')):
        path = bd.beads / f"{name}.jsonl"
        every = some(texts(value), MANY)
        found = (t.replace(key, f'{key[:-1]}{n}"', 1) for n, t in enumerate(every))
        path.write_text("".join(f"{line}\n" for line in found))
    (bd.path / "more.jsonl").write_text(every_command.FILES["more.jsonl"])
    (bd.path / "script").write_text(every_command.FILES["script"])
    (bd.path / "memories.jsonl").write_text(every_command.FILES["memories.jsonl"])
    return bd


READS = [
    *every_command.READS, ["conflicts"], ["conflicts", "--json"], ["memory", "conflicts"],
    ["check"], ["doctor"], ["export"], ["memory", "export"], ["export", "--format", "github"],
    ["graph"], ["graph", "--json"], ["memory", "stats"],
    ["memory", "list", "--all", "--json", "--limit", "0"],
    ["memory", "search", "words", "--explain"], ["list", "--long", "--limit", "0"], ["validate"],
    ["stats", "--svg"], ["find-duplicates"], ["fmt", "--check"], ["hooks", "session-restore"],
    ["hooks", "claude", "SessionStart"], ["sql", "SELECT * FROM issues"], ["dep", "cycles"],
    ["sql", "SELECT * FROM comments"], ["list", "--all", "--tree", "--limit", "0"], ["todo"],
    ["memory", "search", "words", "--json", "--limit", "0"], ["memory", "show", "a/b5"],
]  # fmt: skip


def test_every_read_of_odd_records(full):
    for words in READS:
        harmless(full, *words)


def test_every_issue_is_shown(full):
    log = full.file.read_text(encoding="utf-8")
    ids = re.findall(r'^{"id": ?"([^"\\\\]+)"', log, re.MULTILINE)
    for id in random.Random(1).sample(ids, min(60, len(ids))):
        harmless(full, "show", id)
        harmless(full, "show", id, "--json")
        harmless(full, *random.Random(id).choice(
            [["dep", "tree", id], ["blocked", "--why", id], ["ready", id, "--explain"],
             ["resolve", id], ["graph", id], ["comments", id], ["children", id]]))  # fmt: skip


def test_every_write_beside_odd_records(full):
    for words in every_command.WRITES:
        harmless(full, *words)


def test_records_that_are_imported(bd):
    bd.file.write_bytes(every_command.log())
    for text in some(texts(ISSUE), 80):
        harmless(bd, "import", "-", stdin=f"{text}\n")
    harmless(bd, "list", "--all", "--json")


DOCUMENTS = {
    "graph": (
        ["create", "--graph", "-"],
        {"nodes": [{"key": "a", "title": "A", "type": "epic", "priority": 1, "description": "d",
                    "labels": ["x"], "assignee": "ann", "metadata": {"a": 1}, "id": "t-q",
                    "parent_key": "b", "due_at": "2026-01-01T00:00:00Z", "estimated_minutes": 5},
                   {"key": "b", "title": "B"}],
         "edges": [{"from_key": "b", "to_id": "t-a", "type": "blocks"}]},
    ),
    "script": (
        ["batch", "-"],
        ["create Cart -p 1", ["update", "t-a", "-p", "1"], {"command": "close", "args": ["t-d"]}],
    ),
    "github": (
        ["import", "--format", "github", "-"],
        [{"number": 5, "title": "T", "body": "b", "state": "OPEN", "labels": [{"name": "bug"}],
          "assignees": [{"login": "ann"}], "milestone": {"title": "M"}, "author": {"login": "x"},
          "createdAt": "2026-01-01T00:00:00Z", "closedAt": None, "url": "http://x",
          "comments": [{"author": {"login": "a"}, "body": "c", "createdAt": "2026-01-01"}]}],
    ),
    "memory store": (
        ["memory", "import", "-"],
        {"default": [{"key": "k", "value": "v", "namespace": "n", "timestamp": 1700000000000,
                      "tags": ["x"], "metadata": {"type": "t"}, "expiresAt": 5}]},
    ),
    "memories": (["memory", "import", "-"], MEMORY),
    "memories of mem0": (
        ["memory", "import", "-"],
        {"results": [{"id": "x", "memory": "text", "metadata": {"category": "c"},
                      "created_at": "2026-01-01T00:00:00Z", "categories": ["a"]}]},
    ),
    "edges": (["dep", "add", "--file", "-"], {"from": "t-a", "to": "t-d", "type": "blocks"}),
    "tool call": (
        ["audit", "record", "--stdin"],
        {"kind": "tool_call", "tool_name": "make", "issue_id": "t-a", "exit_code": 0},
    ),
}  # fmt: skip
"""By name: the command that reads a document, and one that it would take."""


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_that_are_read(bd, name):
    words, document = DOCUMENTS[name]
    bd.file.write_bytes(every_command.log())
    assert harmless(bd, *words, stdin=json.dumps(document)).code == 0
    for text in some(texts(document), 35):
        harmless(bd, *words, stdin=text)


EVENTS = ("SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "PreCompact",
          "SessionEnd", "Stop", "Notification", "Other")  # fmt: skip
HOOK = {
    "hook_event_name": "", "session_id": "s", "prompt": "run the migrations first", "cwd": "/tmp",
    "tool_name": "Edit", "tool_input": {"file_path": "a.py", "command": "make"},
    "tool_response": {"success": True, "exit_code": 0}, "source": "startup", "reason": "clear",
}  # fmt: skip


@pytest.mark.parametrize("event", EVENTS)
def test_what_an_agents_host_sends(bd, event):
    for text in some(texts({**HOOK, "hook_event_name": event}), 25):
        answer = harmless(bd, "hooks", "claude", stdin=text)
        assert "Error:" not in answer.err, (text, answer)
    for text in ("", "{", "[]", "5", "nul", "\ufeff{}", "[" * 9999, "9" * 9999):
        harmless(bd, "hooks", "claude", stdin=text)


FILES = {
    "metadata.json": {
        "database": "beads.db", "jsonl_export": "issues.jsonl", "backend": "sqlite",
        "tracker": {"reader": 1, "writer": 1}, "dolt_mode": "server",
    },
    ".local/session.json": {"at": 1_800_000_000 * 10**9, "session": "s"},
}  # fmt: skip
LOOKS = (
    ["list"], ["create", "x"], ["doctor"], ["info"], ["op", "log"], ["undo", "--dry-run"],
    ["hooks", "session-restore"], ["prime"], ["init"], ["uninstall", "--dry-run"],
    ["config", "list"], ["hooks", "session-end"], ["update", "t-a", "-p", "1"], ["memory", "stats"],
    ["ready", "--reclaim"],
)  # fmt: skip


def looked_at(bd, path, found, *, lines):
    """Every kind of command beside a file; each goes on, or stops with a message."""
    looks = itertools.cycle(LOOKS)
    for text in found:
        for words in (next(looks), next(looks)):
            path.write_text(text + "\n" * lines, encoding="utf-8")
            harmless(bd, *words)


@pytest.mark.parametrize("name", FILES)
def test_files_beside_the_log(bd, name):
    bd.file.write_bytes(every_command.log())
    (bd.beads / ".local").mkdir()
    looked_at(bd, bd.beads / name, some(texts(FILES[name]), 30), lines=0)


@pytest.mark.parametrize("name", ["ops.jsonl", "runs.jsonl", "init.json"])
def test_notes_of_this_clone(bd, name):
    bd.file.write_bytes(every_command.log())
    bd("init")
    bd("update", "t-a", "-p", "0")
    bd("hooks", "pre-task", "--description", "words", "--task-id", "t-a")
    path = bd.beads / ".local" / name
    kept = path.read_bytes()
    lines = name.endswith("l")
    document = json.loads(kept.splitlines()[-1] if lines else kept)
    looked_at(bd, path, some(texts(document), 35), lines=lines)


# Settings.


def laughs(open, close, pair):
    """Nine lines that stand for a billion values."""
    rows = [f"a: &a {open}{pair('x', 'x')}{close}"]
    rows += [f"{c}: &{c} {open}{', '.join(pair(i, f'*{p}') for i in range(9))}{close}"
             for p, c in zip("abcdefgh", "bcdefghi", strict=True)]  # fmt: skip
    return "\n".join(rows)


BOMBS = {
    "lists of lists": laughs("[", "]", lambda _, held: str(held)),
    "mappings of mappings": laughs("{", "}", lambda name, held: f"k{name}: {held}"),
    "3,000 brackets": f"a: {'[' * 3000}{']' * 3000}",
    "brackets without an end": "[" * 50_000,
    "700 levels": "".join(f"{' ' * level}k{level}:\n" for level in range(700)),
    "3,000 dashes": "- " * 3000 + "x",
    "3,000 question marks": "? " * 3000,
    "a list in itself": "a: &a [*a]",
    "a mapping in itself": "a: &a {b: *a}",
    "a character that is none": 'a: "\\UFFFFFFFF"',
    "a key that is a list": "? [a]\n: b",
    "300 KB": f"a: [{'x' * 300_000}]",
    "many values": f"a: [{'x,' * 11_000}]",
    "an object of Python": "a: !!python/object/apply:os.system [touch canary]",
    "NUL": "a: \0",
    "no text": b"\xff\xfe\x00",
    "other characters": b"a: [\xff]",
    "a list": "- a\n",
    "a text": "text",
}
"""By name: a config.yaml."""


@pytest.mark.parametrize("name", BOMBS)
def test_settings_that_are_made_to_do_harm(bd, name):
    text = BOMBS[name]
    bd.write({"id": "t-1"})
    path = bd.beads / "config.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    before = path.read_bytes()
    for words in (["list"], ["show", "t-1", "--json"], ["create", "x"], ["config", "list"],
                  ["config", "set", "a.b", "c"], ["config", "validate"], ["doctor"], ["sync"],
                  ["prime"], ["check"], ["config", "get", "a"]):  # fmt: skip
        answer = harmless(bd, *words)
        if answer.code and words[0] in {"list", "show", "create"}:
            assert "config.yaml" in answer.out + answer.err
            assert "correct the file" in answer.out + answer.err
    assert path.read_bytes() == before or name == "an object of Python"
    assert not (bd.path / "canary").exists()


def test_aliases_that_are_short_are_read():
    """The success: what people write by hand."""
    assert yaml_text.load("a: &a [x, y]\nb: *a\nc: {d: *a}") == {
        "a": ["x", "y"], "b": ["x", "y"], "c": {"d": ["x", "y"]},
    }  # fmt: skip
    nested = "a: " + "[" * 30 + "]" * 30
    assert yaml_text.load(nested)["a"] != []
    for text in ("a: " + "[" * 40 + "]" * 40, BOMBS["mappings of mappings"]):
        with pytest.raises(ValueError, match=r"levels deep|more than 10,000 values"):
            yaml_text.load(text)


@pytest.mark.parametrize(
    "text", ["²", "٣", "9" * 30, "9" * 5000, "-1", "1.5", "0x10", '""', "x", "1_0", "{a: 1}"]
)
def test_numbers_in_settings(bd, text):
    (bd.beads / "config.yaml").write_text(f"issue-prefix: t\nhierarchy.max-depth: {text}\n")
    bd("create", "a", "--id", "t-a")
    for number in range(3):
        bd("create", "x", "--parent", "t-a" + ".1" * number)
    assert "maximum hierarchy depth (3)" in bd("create", "x", "--parent", "t-a.1.1.1", code=1).err
    assert bd.run("config", "set", "hierarchy.max-depth", text).code in {1, 2}
    if text != "{a: 1}":
        bd("config", "set", "hierarchy.max-depth", "4")
        bd("create", "x", "--parent", "t-a.1.1.1")


def test_whole_numbers():
    assert [whole_number(text) for text in ("0", "12", " 7 ", "007", "0" * 40 + "5")] == [
        0, 12, 7, 7, 5,
    ]  # fmt: skip
    for text in ("²", "٣", "-1", "+1", "1.0", "1e3", "", " ", "9" * 16, "9" * 5000, "1_0"):
        assert whole_number(text) is None, text


def test_times_that_no_calendar_has():
    assert stamped(0) == "1970-01-01T00:00:00Z"
    assert stamped(LATEST) == "9999-12-31T23:59:59Z"
    assert stamped(EARLIEST) == "0001-01-01T00:00:00Z"
    for number in (LATEST + 10**9, EARLIEST - 1, float("inf"), float("-inf"), float("nan"), 1e300):
        assert stamped(number) == ""


@pytest.mark.parametrize("text", ["9" * 5000, "9" * 400 + "d", "101y", "99999999999h", "1e9"])
def test_durations_that_nobody_means(bd, text):
    bd.write({"id": "t-1"})
    for words in (["memory", "store", "k", "v", "--ttl", text], ["list", "--lock-timeout", text],
                  ["update", "t-1", "--claim", "--lease", text]):  # fmt: skip
        assert bd.run(*words).code in {1, 2}, words
