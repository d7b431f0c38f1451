"""What every writing command owes to the rest of the log, and to `bd undo`."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

EDGE = {"issue_id": "t-4", "depends_on_id": "t-1", "type": "blocks", "created_at": "x"}
BOTH = [{"issue_id": one, "depends_on_id": two, "type": "relates-to"}
        for one, two in (("t-5", "t-6"), ("t-6", "t-5"))]  # fmt: skip
LINES = [
    # Spellings that no encoder of ours would choose, each on a line that no command below names.
    '{"id":"t-0","title":"a\\u003cb" , "status":"open","zeta":1.50,"alpha":[ ],"priority":2}',
    '{"id":"t-1","title":"One","status":"open","priority":2,"labels":["x"],"comments":[REMARK]}',
    '{"id":"t-2","title":"Two","status":"open","priority":2,"deep":{"n":12345678901234567890}}',
    '{"id":"t-3","title":"Three","status":"closed","closed_at":"2026-01-01T00:00:00Z"}',
    json.dumps({"id": "t-4", "title": "Four", "status": "open", "dependencies": [EDGE]}),
    json.dumps({"id": "t-5", "title": "Five", "status": "open", "dependencies": BOTH[:1]}),
    json.dumps({"id": "t-6", "title": "Six", "status": "open", "dependencies": BOTH[1:]}),
    '{"id":"t-7","title":"Seven","status":"tombstone","original_status":"in_progress"}',
    '{"_type":"memory","key":"k","value":"v"}',
    '{"id":"t-9","title":"last","status":"open", "priority" : 0}',
]
LINES[1] = LINES[1].replace(
    "REMARK",
    '{"id":1,"issue_id":"t-1","author":"a","text":"b","created_at":"2026-01-01T00:00:00Z"}',
)
WRITES = [
    ["create", "New"],
    ["create", "New", "--parent", "t-2", "--deps", "t-1", "-l", "y"],
    ["create", "First", "--id", "t-00", "--force"],
    ["create", "Last", "--id", "t-zz"],
    ["update", "t-1", "--title", "Other", "--add-label", "z", "--set-metadata", "a=1"],
    ["update", "t-1", "t-2", "t-3", "--status", "in_progress"],
    ["update", "t-2", "--parent", "t-1"],
    ["update", "t-1", "--claim", "-p", "0"],
    ["close", "t-1", "t-4", "--reason", "done"],
    ["reopen", "t-3", "-r", "again"],
    ["delete", "t-1", "--force"],
    ["delete", "t-1", "--cascade", "--force"],
    ["delete", "t-1", "t-2", "--hard", "--force"],
    ["restore", "t-7"],
    ["dep", "add", "t-2", "t-1"],
    ["dep", "t-2", "--blocks", "t-1"],
    ["dep", "remove", "t-4", "t-1"],
    ["dep", "relate", "t-1", "t-2"],
    ["dep", "unrelate", "t-5", "t-6"],
    ["label", "add", "t-1", "t-2", "q"],
    ["label", "remove", "t-1", "x"],
    ["comments", "add", "t-1", "more"],
    ["comment", "t-2", "first"],
]
"""Every command that changes issues, at least once."""
FORMS = {
    "sorted": lambda lines: "\n".join(lines) + "\n",
    "unsorted": lambda lines: "\n".join([*lines[5:], *lines[:5]]) + "\n",
    "without a final newline": "\n".join,
    "CRLF": lambda lines: "\r\n".join(lines) + "\r\n",
    "BOM": lambda lines: "\ufeff" + "\n".join(lines) + "\n",
    "with problems": lambda lines: "\n".join(["{broken", *lines, "", "not json"]) + "\n",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("words", WRITES, ids=" ".join)
def test_a_write_touches_its_own_lines_and_undo_gives_them_back(bd, words, form):
    before = FORMS[form](LINES).encode()
    bd.file.write_bytes(before)
    assert bd(*words).code == 0
    after = bd.file.read_bytes()
    assert after != before
    named = {change["id"] for op in journal(bd) for change in op["changes"]}
    assert others(before, named) == others(after, named)
    bd("undo")
    assert bd.file.read_bytes() == before
    bd("undo", "2")
    assert bd.file.read_bytes() == after


def journal(bd):
    rows = (bd.beads / ".local" / "ops.jsonl").read_text().splitlines()
    return [json.loads(row) for row in rows]


def others(data, named):
    """The lines that no change names, in their order."""
    names = [f'"id":"{id}"'.encode() for id in named] + [f'"id": "{id}"'.encode() for id in named]
    lines = data.removeprefix(b"\xef\xbb\xbf").splitlines()
    return [line for line in lines if not any(name in line[:30] for name in names)]


@pytest.mark.parametrize("words", WRITES, ids=" ".join)
def test_a_write_under_readonly_changes_nothing(bd, words):
    bd.file.write_text("\n".join(LINES) + "\n")
    before = bd.file.read_bytes()
    answer = bd(*words, "--readonly", code=1)
    assert "is not allowed in read-only mode" in answer.err
    assert bd.file.read_bytes() == before
    assert not (bd.beads / ".local" / "ops.jsonl").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["update", "t-1", "--title", "One", "-s", "open", "--add-label", "x"],
        ["close", "t-3"],
        ["reopen", "t-1"],
        ["delete", "t-7", "--force"],
        ["restore", "t-1"],
        ["dep", "add", "t-4", "t-1"],
        ["dep", "relate", "t-5", "t-6"],
        ["label", "add", "t-1", "x"],
        ["label", "remove", "t-1", "q"],
    ],
    ids=" ".join,
)
def test_what_asks_for_the_state_that_is_there_writes_nothing(bd, words):
    bd.file.write_text("\n".join(LINES) + "\n")
    before, stat = bd.file.read_bytes(), bd.file.stat()
    assert bd(*words).err == ""
    assert bd.file.read_bytes() == before
    assert bd.file.stat().st_mtime_ns == stat.st_mtime_ns
    assert not (bd.beads / ".local" / "ops.jsonl").exists()


def test_every_write_is_seen_by_the_next_read_without_reading_the_log_again(bd):
    bd.file.write_text("\n".join(LINES) + "\n")
    bd("list")
    for words in WRITES:
        bd.file.write_text("\n".join(LINES) + "\n")
        bd(*words)
        warm = bd("list", "--all", "--json").out, bd("ready", "--json").out
        for path in (bd.beads / "beads.db", bd.beads / ".local" / "cache.stamp"):
            path.unlink()
        assert (bd("list", "--all", "--json").out, bd("ready", "--json").out) == warm, words


# What programs read


FULL = [
    "-d", "d", "--design", "e", "--acceptance", "a", "--notes", "n", "-e", "5", "--due", "+1d",
    "-a", "bob", "--external-ref", "gh-1", "-p", "1",
]  # fmt: skip
ASKED = {
    "create --json": ["create", "New", *FULL],
    "update --json": ["update", "t-1", *FULL, "--add-label", "z"],
    "close --json": ["close", "t-2", "-r", "done"],
    "reopen --json": ["reopen", "t-3"],
    "delete --json": ["delete", "t-1", "--force"],
    "dep add --json": ["dep", "add", "t-2", "t-1"],
    "dep remove --json": ["dep", "remove", "t-4", "t-1"],
    "dep list --json": ["dep", "list", "t-4"],
    "dep tree --json": ["dep", "tree", "t-4"],
    "dep cycles --json": ["dep", "cycles"],
    "label add --json": ["label", "add", "t-1", "q"],
    "label remove --json": ["label", "remove", "t-1", "x"],
    "label list --json": ["label", "list", "t-1"],
    "label list-all --json": ["label", "list-all"],
    "comments --json": ["comments", "t-1"],
    "comments add --json": ["comments", "add", "t-1", "x"],
}


def assert_shaped(value, shape, where):
    """Every member that the shape names and that is there has the type that it names."""
    if isinstance(shape, dict):
        assert isinstance(value, dict), where
        for name in shape.keys() & value.keys():
            assert_shaped(value[name], shape[name], f"{where}.{name}")
    elif isinstance(shape, list):
        assert isinstance(value, list), where
        for one in value:
            assert_shaped(one, shape[0] if shape else [], f"{where}[]")
    else:
        kinds = {"string": str, "int": int, "bool": bool, "object": dict}
        assert type(value) is kinds[shape], where


@pytest.mark.parametrize("name", ASKED)
def test_answers_have_the_shapes_that_clients_know(bd, shared, name):
    shape = json.loads((shared / "reference" / "shapes.json").read_text())[name]
    bd.file.write_text("\n".join(LINES) + "\n")
    answer = bd(*ASKED[name], "--json")
    assert answer.err == ""
    assert_shaped(answer.json, shape, name)
    sample, given = (shape[:1] or [{}])[0] if isinstance(shape, list) else shape, answer.json
    for one in given if isinstance(given, list) else [given]:
        if isinstance(sample, dict):
            always = {"id", "title", "status", "priority", "issue_type", "created_at", "updated_at",
                      "issue_id", "label", "count", "deleted", "depends_on_id", "text", "author",
                      "depth", "parent_id", "truncated", "dependency_type"}  # fmt: skip
            assert sample.keys() & always <= one.keys(), name


def test_a_write_prints_an_issue_as_the_list_does(bd):
    conflict = [{"field": "/title", "value": "other", "updated_at": "2026-01-01T00:00:00Z"}]
    bd.file.write_text("\n".join(LINES) + "\n")
    bd("update", "t-2", *FULL, "--pinned", "--add-label", "z", "--parent", "t-5")
    lines = bd.file.read_text().splitlines()
    odd = json.loads(lines[1]) | {"conflicts": conflict, "n": 1.5, "wisp": None, "comment_count": 3}
    bd.file.write_text("\n".join([lines[0], json.dumps(odd), *lines[2:]]) + "\n")
    ids = ["t-0", "t-1", "t-2", "t-3", "t-4", "t-9"]
    written = bd("update", *ids, "--design", "one", "--json")
    listed = {issue["id"]: issue for issue in bd("list", "--all", "--json").json}
    apart = {"dependencies", "dependency_count", "dependent_count", "comment_count", "parent"}
    for issue in written.json:
        expected = {k: v for k, v in listed[issue["id"]].items() if k not in apart}
        assert issue == expected


@pytest.mark.parametrize(
    ("words", "stream", "code"),
    [
        (["close", "nope"], "out", 1),
        (["dep", "add", "nope", "t-1"], "out", 1),
        (["dep", "remove", "nope", "t-1"], "out", 1),
        (["dep", "list", "nope"], "out", 1),
        (["dep", "tree", "nope"], "out", 1),
        (["comments", "nope"], "out", 1),
        (["comments", "add", "nope", "x"], "out", 1),
        (["label", "list", "nope"], "out", 1),
        (["update", "t-1", "--priority", "9"], "out", 1),
        (["update", "nope", "-p", "1"], "err", 1),
        (["update", "t-1", "--status", "bogus"], "err", 1),
        (["label", "add", "nope", "x"], "err", 1),
        (["show", "nope"], "err", 1),
        (["reopen", "nope"], "err", 1),
        (["delete", "nope", "--force"], "err", 1),
        (["restore", "nope"], "err", 1),
        (["create"], "err", 1),
        (["create", "--dash"], "err", 2),
        (["close", "--bogus"], "err", 2),
        (["dep", "tree", "--bogus"], "err", 2),
        (["bogus"], "err", 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_failures_as_json_are_where_clients_look_for_them(bd, words, stream, code):
    bd.file.write_text("\n".join(LINES) + "\n")
    answer = bd(*words, "--json", code=code)
    text, other = (answer.out, answer.err) if stream == "out" else (answer.err, answer.out)
    assert other == ""
    found = json.loads(text)
    assert found["error"]
    assert found["code"] in {"not-found", "invalid", "usage"}
    plain = bd(*words, code=code)
    assert plain.out == ""
    assert plain.err.startswith(f"Error: {found['error']}\n")


@pytest.mark.parametrize("words", [["create", "x"], ["close", "t-1"], ["dep", "cycles"]])
def test_without_a_workspace_every_command_says_so_on_the_same_stream(bd, tmp_path, words):
    (tmp_path / "elsewhere").mkdir()
    answer = bd(*words, "--json", cwd=tmp_path / "elsewhere", code=1)
    assert (answer.out, answer.error["code"]) == ("", "no-workspace")


# What a write costs


@pytest.mark.parametrize(
    "config", ["issue-prefix: t\n", "issue-prefix: t\nstatus:\n  custom: qa\n"]
)
def test_a_write_opens_the_cache_once_for_its_records(bd, config, monkeypatch):
    import sqlite3

    (bd.beads / "config.yaml").write_text(config)
    bd.file.write_text("\n".join(LINES) + "\n")
    bd("list")
    opened = []
    real = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: opened.append(a) or real(*a, **k))
    for words in (["create", "x"], ["update", "t-1", "-p", "0"], ["close", "t-1", "t-2"]):
        opened.clear()
        bd(*words)
        settings = config.count("\n") > 1  # what only YAML can read, the cache remembers
        assert len(opened) == 1 + settings, words


@pytest.mark.parametrize(
    ("words", "env", "asked"),
    [
        (["create", "x"], {}, 1),
        (["create", "x"], {"BD_ACTOR": "ann"}, 1),
        (["create", "x"], {"GIT_AUTHOR_EMAIL": "a@x"}, 1),
        (["create", "x"], {"BD_ACTOR": "ann", "GIT_AUTHOR_EMAIL": "a@x"}, 0),
        (["create", "x", "--actor", "ann"], {"GIT_AUTHOR_EMAIL": "a@x"}, 0),
        (["update", "t-1", "-p", "0"], {}, 1),
        (["update", "t-1", "-p", "0"], {"BD_ACTOR": "ann"}, 0),
        (["update", "t-1", "--claim"], {"BEADS_ACTOR": "ann"}, 0),
        (["close", "t-1"], {"BD_ACTOR": "ann"}, 0),
        (["comment", "t-1", "x", "--actor", "ann"], {}, 0),
    ],
)
def test_git_is_asked_who_it_is_only_where_nobody_says(bd, words, env, asked, monkeypatch):
    import subprocess

    bd.file.write_text("\n".join(LINES) + "\n")
    calls = []
    real = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: calls.append(a) or real(*a, **k))
    bd(*words, **env)
    assert len(calls) == asked


# Many processes


def crowd(bd, workers, rounds):
    """Workers that create an issue and comment on t-1 in turns, each time as a process."""

    def work(number):
        for turn in range(rounds):
            for words in (["create", f"issue {number}.{turn}"], ["comment", "t-1", "a remark"]):
                process = bd.start(*words)
                out, err = process.communicate(timeout=100)
                assert (process.returncode, err) == (0, ""), out + err

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, range(workers)))


def test_processes_that_write_at_once_lose_nothing(bd):
    bd.write({"id": "t-1"})
    crowd(bd, 8, 2)
    assert len(bd.issues()) == 1 + 16
    assert len(bd.issue("t-1")["comments"]) == 16


@pytest.mark.deep
@pytest.mark.timeout(1200)
def test_a_crowd_of_processes_loses_nothing(bd):
    bd.write({"id": "t-1"})
    crowd(bd, 16, 25)
    assert len(bd.issues()) == 1 + 400
    comments = bd.issue("t-1")["comments"]
    assert len(comments) == 400
    assert len({comment["id"] for comment in comments}) == 400
    assert bd("list", "--json").json
    assert not list(bd.beads.glob(".issues.jsonl.db-tmp*"))
