"""What hooks and clients of Beads call, and that reading commands only read."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest

from tests.support.scratch import BEADS_METADATA, bd, beads_database, lines, tree, workspace


class Waiting(io.StringIO):
    """A standard input that would never end."""

    def read(self, *_):
        raise AssertionError("it waits for input")

    readline = readlines = __next__ = read


@pytest.fixture
def root(repo):
    """What Beads left behind, with all that its files and a database can hold."""
    edge = b'{"id":"a-3","title":"test","dependencies":[{"depends_on_id":"a-9","type":"blocks"}]}\n'
    beads = workspace(
        repo.path, lines("a-1", "a-2") + edge,
        metadata__json=BEADS_METADATA, __gitignore=b"*.db\n*.db?*\n.local/\n",
    )  # fmt: skip
    beads_database(beads / "beads.db", "a-1", "a-7", wal=True)
    repo.commit({"code.py": b"pass\n"})
    return repo.path


SILENT = [
    ["sync", "--flush-only"],
    ["sync", "--import-only"],
    ["sync", "--import"],
    ["sync", "--flush-only", "--no-daemon", "-q"],
    ["sync", "--import-only", "--no-git-history", "--no-daemon"],
    ["hook", "pre-commit"],
    ["hook", "post-checkout", "abc", "def", "1"],
    ["hook", "prepare-commit-msg", ".git/COMMIT_EDITMSG", "message", "--odd"],
    ["hooks", "run", "pre-commit"],
    ["hooks", "run", "post-merge", "0"],
    ["hooks", "run", "pre-push", "origin", "https://example.com/a.git", "--odd=1"],
    ["daemon"],
    ["daemon", "start"],
    ["daemon", "--start"],
    ["daemon", "--start", "--auto-commit", "--interval", "5s"],
    ["daemon", "--stop"],
    ["daemons", "killall", "--force"],
]


@pytest.mark.parametrize("words", SILENT, ids=" ".join)
def test_what_hooks_call_is_silent_and_writes_nothing(root, tmp_path, words):
    before = tree(root, set())
    assert bd(root, *words, stdin=Waiting()).all == ""
    assert tree(root, set()) == before
    (tmp_path / "nowhere").mkdir()
    assert bd(tmp_path / "nowhere", *words, stdin=Waiting()).all == ""


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (["--no-daemon", "sync", "--flush-only", "--json"], "exported"),
        (["sync", "--json", "--import", "--no-push", "--no-pull"], "imported"),
        (["daemon", "--status", "--json"], "running"),
        (["--json", "daemon", "status"], "running"),
        (["daemon", "stop", "/some/where", "--json"], "status"),
    ],
)
def test_who_asks_for_json_gets_a_document(root, tmp_path, words, key):
    before = tree(root, set())
    said = bd(root, *words, stdin=Waiting())
    assert key in said.json
    assert said.err == ""
    assert tree(root, set()) == before
    assert bd(root, "daemons", "list", "--json").json == []
    (tmp_path / "nowhere").mkdir()
    assert key in bd(tmp_path / "nowhere", *words).json


def test_a_commit_goes_through_the_hooks_of_beads(root, repo):
    shim = '#!/usr/bin/env sh\n# bd-shim v1\nexec bd hooks run {} "$@"\n'
    for name in ("pre-commit", "post-merge", "post-checkout", "prepare-commit-msg", "pre-push"):
        path = root / ".git/hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(shim.format(name))
        path.chmod(0o755)
    (root / "code.py").write_text("new = 1\n")
    path = f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path}
    for words in (["commit", "-qam", "x"], ["checkout", "-qb", "other"]):
        done = subprocess.run(["git", *words], cwd=root, env=env, capture_output=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert repo.git("log", "--format=%s", "-1").strip() == "x"


def test_plain_sync_says_that_there_is_nothing_to_do(root):
    assert bd(root, "sync").out == "✓ Nothing to commit\nNot pushed: there is no remote\n"
    for words in (["--status"], ["--dry-run"], []):
        answer = bd(root, "sync", *words, "--json").json
        assert answer["jsonl_path"] == f"{root}/.beads/issues.jsonl"
        assert answer["pushed"] is False


# Import of the log into itself.


def test_the_log_imported_into_itself_changes_nothing(root):
    log = root / ".beads/issues.jsonl"
    before = tree(root)
    told = "Import complete: 0 created, 0 updated, 3 unchanged\n"
    for words, stdin in (
        (["-i", ".beads/issues.jsonl"], Waiting()),
        (["--input", str(log)], Waiting()),
        ([".beads/issues.jsonl"], Waiting()),
        (["--no-git-history", "--orphan-handling", "allow"], log.read_text()),
        ([], "\ufeff" + log.read_text().replace("\n", "\r\n")),
        (["-i", "-"], log.read_text() + "\n\n"),
    ):
        said = bd(root, "import", *words, stdin=stdin)
        assert (said.out, said.err) == ("", told)
    assert bd(root, "import", stdin=lines("a-2").decode()).err.endswith("1 unchanged\n")
    said = bd(root, "import", "-i", ".beads/issues.jsonl", "--json")
    assert said.json == {"created": 0, "updated": 0, "unchanged": 3, "skipped": 0}
    assert said.err == ""
    assert bd(root, "import", "-i", ".beads/issues.jsonl", "-q").all == ""
    assert tree(root) == before


def test_a_log_that_is_not_text_is_the_log_all_the_same(root):
    log = root / ".beads/issues.jsonl"
    log.write_bytes(lines("a-1") + b"\xff\n")
    assert bd(root, "import", "-i", ".beads/issues.jsonl").err.startswith(
        "Import complete: 0 created, 0 updated, 1 unchanged\n"
    )
    assert log.read_bytes() == lines("a-1") + b"\xff\n"


def test_import_does_not_wait_for_somebody_to_type(root):
    class Terminal(Waiting):
        def isatty(self):
            return True

    bd(root, "import", stdin=lines("a-1").decode())
    assert "nothing to import" in bd(root, "import", stdin=Terminal(), code=1).err


# What clients ask for.


def test_dolt_show_keeps_clients_from_looking_for_a_server(root, tmp_path):
    assert bd(root, "dolt", "show", "--json").json == {"embedded": True, "backend": "jsonl"}
    assert bd(tmp_path, "dolt", "show").out == "Backend: jsonl; there is no server\n"


def test_migrate_inspect(root):
    answer = bd(root, "migrate", "--inspect", "--json").json
    assert answer["registered_migrations"] == []
    assert answer["current_state"]["issue_count"] == 3
    assert answer["current_state"]["config"] == {"issue_prefix": "a"}
    database = f"{root}/.beads/beads.db"
    assert answer["sources"] == [{"kind": "beads-sqlite", "path": database, "issues": 2}]


def test_detect_pollution(root):
    answer = bd(root, "detect-pollution", "--json").json
    assert answer == {"polluted_count": 1, "issues": [{"id": "a-3", "title": "test"}]}
    assert bd(root, "detect-pollution").out.startswith("a-3: test\n")
    said = bd(root, "detect-pollution", "--clean", "--yes", code=1)
    assert "Hint: bd delete a-3\n" in said.err
    assert "a-3" in bd(root, "list").out


def test_repair_deps(root):
    found = [{"issue_id": "a-3", "depends_on_id": "a-9", "type": "blocks"}]
    answer = bd(root, "repair-deps", "--json").json
    assert answer == {"orphans_found": 1, "orphans": found, "fixed": 0}
    assert "a-3: blocks a-9 is missing\n" in bd(root, "repair-deps").out
    assert bd(root, "--readonly", "repair-deps", "--fix", code=1)
    answer = bd(root, "repair-deps", "--fix", "--json").json
    assert answer == {"orphans_found": 1, "orphans": found, "fixed": 1}
    assert bd(root, "repair-deps", "--fix").out == "0 edges led nowhere and are gone\n"
    bd(root, "undo")
    assert bd(root, "repair-deps", "--json").json["orphans"] == found


def test_validate(root):
    assert "✗ Missing targets" in bd(root, "validate", code=1).out
    answer = bd(root, "validate", "--checks", "orphans", "--fix-all", "--json").json
    assert answer["valid"] is False
    assert {one["name"]: one["count"] for one in answer["checks"]}["Missing targets"] == 1
    (root / ".beads/issues.jsonl").write_bytes(lines("a-1"))
    assert bd(root, "validate", "--json").json["valid"] is True
    assert bd(root, "validate").out == "✓ the log is in order\n"


# Info and where.


def test_info(root):
    answer = bd(root, "info", "--json").json
    assert answer["issue_count"] == 3
    assert answer["mode"] == "direct"
    assert answer["daemon_connected"] is False
    assert answer["config"]["issue_prefix"] == "a"
    assert answer["database_path"] == f"{root}/.beads/.local/cache.db"
    assert "schema" not in answer
    assert "Issue count: 3\n" in bd(root, "info").out


def test_info_schema(root):
    schema = bd(root, "info", "--schema", "--json").json["schema"]
    assert {"issues", "dependencies", "labels", "comments", "events"} <= set(schema["tables"])
    assert schema["schema_version"] == "0.49.6"
    assert schema["sample_issue_ids"]
    assert schema["detected_prefix"] == schema["config"]["issue_prefix"] == "a"
    assert "issues" in bd(root, "info", "--schema").out


def test_where(root, tmp_path):
    (root / "deep/down").mkdir(parents=True)
    answer = bd(root / "deep/down", "where", "--json").json
    assert answer == {
        "path": f"{root}/.beads",
        "prefix": "a",
        "database_path": f"{root}/.beads/.local/cache.db",
        "jsonl_path": f"{root}/.beads/issues.jsonl",
    }
    assert bd(root, "where").out.splitlines()[0] == f"{root}/.beads"
    (tmp_path / "nowhere").mkdir()
    said = bd(tmp_path / "nowhere", "where", code=1)
    assert "no beads database found" in said.err


def test_where_tells_of_a_redirect(root, tmp_path):
    other = tmp_path / "other"
    (other / ".beads").mkdir(parents=True)
    (other / "below").mkdir()
    (other / ".beads/redirect").write_text(f"{root}/.beads\n")
    for folder in (other, other / "below"):
        answer = bd(folder, "where", "--json").json
        assert (answer["path"], answer["redirected_from"]) == (f"{root}/.beads", f"{other}/.beads")
    assert f"(via redirect from {other}/.beads)" in bd(other, "where").out
    env = {"BEADS_DIR": str(other)}
    assert bd(tmp_path, "where", "--json", env=env).json["redirected_from"] == f"{other}/.beads"
    env = {"BEADS_DIR": str(root)}
    assert "redirected_from" not in bd(other, "where", "--json", env=env).json


# Reading only reads.

READS = [
    *SILENT,
    ["init", "--dry-run"],
    ["config", "get", "issue-prefix"],
    ["config", "list"],
    ["config", "validate"],
    ["info"],
    ["info", "--schema", "--json"],
    ["where"],
    ["doctor"],
    ["doctor", "--fix", "--yes"],
    ["doctor", "--check-health"],
    ["doctor", "--check=pollution", "--json"],
    ["prime"],
    ["prime", "--hook-json"],
    ["op", "log"],
    ["undo", "--dry-run"],
    ["sync"],
    ["sync", "--status", "--json"],
    ["hooks", "list"],
    ["import", "-i", ".beads/issues.jsonl"],
    ["dolt", "show"],
    ["migrate", "--inspect"],
    ["detect-pollution", "--clean"],
    ["repair-deps"],
    ["validate", "--fix-all"],
]


@pytest.mark.parametrize("warm", [False, True])
def test_reading_commands_touch_nothing(root, warm):
    if warm:
        bd(root, "info")
    before = tree(root, {".local"})
    for words in READS:
        out, err = io.StringIO(), io.StringIO()
        _run(root, words, out, err)
        after = tree(root, {".local"})
        assert after == before, words
        assert "bug" not in err.getvalue()


def _run(root, words, out, err):
    from tracker.cli import main

    code = main(["bd", *words], dict(os.environ), io.StringIO(), out, err, str(root))
    assert code in {0, 1}
