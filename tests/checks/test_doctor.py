"""`bd doctor`: what it finds, and that it only reads."""

from __future__ import annotations

import json
import os

import pytest

from tests.support.scratch import bd, beads_database, line, lines, tree, workspace
from tracker.checks.doctor import LOOKS, DoctorContext, examine
from tracker.workspace.discovery import find

DRIVER = ("config", "merge.tracker.driver", "tracker merge-driver %O %A %B %L %P")


@pytest.fixture
def root(repo):
    """A workspace in which everything is in order."""
    bd(repo.path, "init", "-p", "a")
    (repo.path / ".beads/issues.jsonl").write_bytes(lines("a-1", "a-2"))
    repo.git(*DRIVER)
    repo.commit({})
    return repo.path


@pytest.fixture
def log(root):
    return root / ".beads/issues.jsonl"


def findings(folder, *words, code=1):
    """What is not in order, by name; the shape is that of Beads."""
    answer = bd(folder, "doctor", "--json", *words, code=code).json
    assert set(answer) >= {"path", "checks", "overall_ok", "cli_version"}
    assert answer["overall_ok"] == (code == 0)
    for one in answer["checks"]:
        assert set(one) >= {"name", "status", "message"}
        assert set(one) <= {"name", "status", "message", "detail", "fix", "category"}
        assert one["status"] in {"ok", "warning", "error"}
    return {one["name"]: one for one in answer["checks"] if one["status"] != "ok"}


def passed(folder, name):
    """The message of a check that is in order."""
    answer = bd(folder, "doctor", "--json", "--check", name, code=0).json
    assert len(answer["checks"]) == 1
    return answer["checks"][0]["message"]


def test_all_in_order(root):
    assert findings(root, code=0) == {}
    said = bd(root, "doctor")
    assert said.out.splitlines()[-1].endswith("in order, ⚠ 0 warnings, ✗ 0 errors")
    assert len(said.out.splitlines()) == 1
    assert len(bd(root, "doctor", "-v").out.splitlines()) > 25


@pytest.mark.parametrize(
    ("data", "found", "where", "fix"),
    [
        (b"<<<<<<< a\n" + lines("a-1") + b"=======\n>>>>>>> b\n", ("Conflict markers", "error"),
         "line 1", "bd resolve"),
        (lines("a-1") + b"{oops\n", ("Unreadable lines", "error"), "line 2", "editor"),
        (lines("a-1", "a-2", "a-1"), ("Repeated ids", "error"), "lines 1, 3", "editor"),
        (line("a-1").replace('"open"', '"wat"').encode(), ("Statuses", "warning"), "line 1",
         "bd config set status.custom"),
    ],
)  # fmt: skip
def test_the_log(root, data, found, where, fix):
    name, status = found
    assert findings(root, code=0) == {}
    (root / ".beads/issues.jsonl").write_bytes(data)
    one = findings(root)[name]
    assert one["status"] == status
    assert where in one["message"]
    assert fix in one["fix"]
    said = bd(root, "doctor", code=1)
    assert f"{name}: " in said.out
    assert f"Fix: {one['fix']}" in said.out


def test_repeated_lines_are_named_with_what_drops_them(root, log):
    log.write_bytes(lines("a-1", "a-2", "a-1"))
    one = findings(root)["Repeated ids"]
    assert one["message"].endswith("a-1 stands on lines 1, 3, which say the same")
    bd(root, "fmt")
    assert findings(root, code=0) == {}
    other = line("a-1").replace('"open"', '"blocked"').encode() + b"\n"
    log.write_bytes(lines("a-1", "a-2") + other)
    one = findings(root)["Repeated ids"]
    assert one["message"].endswith("a-1 stands on lines 1, 3")
    assert "bd resolve" in one["fix"]
    bd(root, "resolve")
    assert findings(root, code=0) == {}
    memory = root / ".beads/memory.jsonl"
    for data, fix in (
        (b'{"key":"x","content":"1"}\n' * 2, "bd fmt"),
        (b'{"key":"x","content":"1"}\n{"key":"x","content":"2"}\n', "bd resolve"),
    ):
        memory.write_bytes(data)
        assert findings(root)["Other files"]["fix"] == fix
        assert bd(root, "check", "--json", code=1).json["findings"][0]["fix"] == fix
        bd(root, *fix.split()[1:])
        assert findings(root, code=0) == {}
    memory.write_bytes(b'{"key":"x"}\n{"key":"x"}\n{oops\n')
    assert "editor" in findings(root)["Other files"]["fix"]


def test_custom_words_are_known(root, log):
    log.write_bytes(line("a-1").replace('"open"', '"wat"').encode())
    assert set(findings(root)) == {"Statuses"}
    bd(root, "config", "set", "status.custom", "wat")
    assert findings(root, code=0) == {}


def test_archived_issues_are_there(root, log):
    edge = '"dependencies":[{"depends_on_id":"a-9","type":"blocks"}],"title"'
    log.write_text(line("a-1").replace('"title"', edge) + "\n")
    assert set(findings(root)) == {"Missing targets"}
    (root / ".beads/archive.jsonl").write_bytes(lines("a-9"))
    assert findings(root, code=0) == {}


def test_a_log_that_is_missing(root, log, repo):
    assert "2 records" in passed(root, "log")
    log.unlink()
    found = findings(root)["Log"]
    assert found["status"] == "error"
    assert found["fix"].endswith("checkout -- issues.jsonl")
    repo.git("-C", ".beads", "checkout", "--", "issues.jsonl")  # what it says
    repo.git("rm", "--quiet", "--cached", ".beads/issues.jsonl")
    log.unlink()
    assert findings(root)["Log"]["fix"] == "bd init"


def test_the_files_around(root):
    beads = root / ".beads"
    assert findings(root, code=0) == {}
    (beads / ".gitignore").write_text("*.db\n*.db?*\n")
    (beads / ".gitattributes").unlink()
    (beads / "config.yaml").write_text("a: [\n")
    (beads / "memory.jsonl").write_text('{"key":"x"}\n{oops\n')
    found = findings(root)
    assert set(found) == {"Ignore file", "Attributes", "Settings", "Other files"}
    assert found["Ignore file"]["message"].startswith(".gitignore lacks .local/, .jsonl.lock")
    assert found["Ignore file"]["fix"] == found["Attributes"]["fix"] == "bd init"
    assert "memory.jsonl:2" in found["Other files"]["message"]
    (beads / "config.yaml").write_text("issue-prefix: a\n")
    bd(root, "init")
    assert set(findings(root)) == {"Other files"}


def test_values_that_a_merge_kept_of_memories(root):
    path = root / ".beads" / "memory.jsonl"
    path.write_text('{"key":"a","content":"x"}\n')
    assert findings(root, code=0) == {}
    entry = '{"field":"/content","value":"y","updated_at":"2026-01-01T00:00:00Z"}'
    path.write_text(
        f'{{"key":"a","content":"x","conflicts":[{entry}]}}\n'
        '{"key":"b","content":"left","status":"tombstone","moved_to":"c"}\n'
    )
    found = findings(root)["Kept memories"]
    assert (found["status"], found["fix"]) == ("warning", "bd memory conflicts")
    assert found["message"] == "memory.jsonl:1: a: both branches changed content"
    assert found["detail"] == "memory.jsonl:2: b: written on one branch, moved on another"
    (told,) = bd(root, "check", "--json").json["findings"]
    assert (told["name"], told["level"], told["lines"]) == ("Kept memories", "warning", [1, 2])
    assert told["fix"] in bd(root, "check").out


def test_what_other_programs_leave(root):
    beads = root / ".beads"
    assert passed(root, "merge-leftovers") == "none"
    (beads / "beads.left.jsonl").write_bytes(lines("a-1"))
    (beads / "beads.base.meta.json").write_bytes(b"{}")
    (beads / ".issues.jsonl.db-tmp123").write_bytes(b"half")
    found = findings(root)
    assert set(found) == {"Merge leftovers"}
    assert "beads.base.meta.json, beads.left.jsonl" in found["Merge leftovers"]["message"]
    assert "rm " not in json.dumps(found)
    answer = bd(root, "doctor", "--json", "--check", "temporary").json
    assert ".issues.jsonl.db-tmp123" in answer["checks"][0]["message"]


@pytest.mark.parametrize("wal", [False, True])
def test_a_database_of_beads(root, wal):
    (root / ".beads/beads.db").unlink()
    beads_database(root / ".beads/beads.db", "a-1", wal=wal)
    assert "all of its 1 issues are in the log" in passed(root, "database")
    for path in (root / ".beads").glob("beads.db*"):
        path.unlink()
    beads_database(root / ".beads/beads.db", "a-1", "a-8", "a-9", wal=wal)
    assert (root / ".beads/beads.db-wal").exists() == wal
    found = findings(root)["Database of Beads"]
    assert found["message"] == "2 of 3 issues are only in beads.db"
    assert found["detail"] == "a-8, a-9"
    assert found["fix"] == "bd migrate"
    (root / ".beads/beads.db-wal").unlink(missing_ok=True)
    (root / ".beads/beads.db").write_bytes(b"SQLite format 3\0" + b"x" * 200)
    assert "cannot be read" in findings(root)["Database of Beads"]["message"]


def test_the_cache(root):
    cache = root / ".beads/beads.db"
    assert passed(root, "cache") == "beads.db is ours"
    cache.write_bytes(b"rubbish" * 100)
    assert passed(root, "cache") == "beads.db is no database; the next read makes it anew"
    cache.unlink()
    assert passed(root, "cache") == "beads.db is not there; the next read makes it"


def test_a_folder_that_cannot_be_written(root, monkeypatch):
    assert passed(root, "cache")
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "worked out anew" in findings(root)["Cache"]["message"]


def test_the_merge_driver(root, repo):
    assert passed(root, "driver").startswith("registered: tracker merge-driver")
    repo.git("config", "--unset", "merge.tracker.driver")
    found = findings(root)["Merge driver"]
    assert "not registered in this clone" in found["message"]
    assert "conflict markers" in found["detail"]
    (root / ".beads/.gitattributes").write_text("issues.jsonl merge=union\n")
    assert set(findings(root)) == {"Attributes"}


def test_a_log_that_git_ignores(root, repo):
    assert passed(root, "git") == "the log is not ignored (git has it)"
    repo.git("rm", "-r", "--quiet", "--cached", ".beads")
    assert "not committed yet" in passed(root, "git")
    (root / ".gitignore").write_text("node_modules\n*.jsonl\n")
    found = findings(root)["Git"]
    assert "'*.jsonl' in .gitignore, line 2" in found["message"]
    assert found["fix"] == "take line 2 out of .gitignore"


def test_stealth_is_in_order(repo):
    bd(repo.path, "init", "--stealth")
    repo.git(*DRIVER)
    assert "info/exclude" in passed(repo.path, "git")


def test_outside_git(tmp_path):
    bd(tmp_path, "init")
    assert findings(tmp_path, code=0) == {}
    assert "no merging" in passed(tmp_path, "git")


def test_hooks_of_beads(root, repo):
    assert passed(root, "hooks-of-beads") == "none"
    hooks = root / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    (hooks / "post-merge").write_text("#!/bin/sh\n# bd-shim v1\nexec bd hook post-merge\n")
    (hooks / "pre-commit").write_text(
        "#!/bin/sh\nbd sync --flush-only\ngit add .beads/issues.jsonl\n"
    )
    (hooks / "pre-push").write_text("#!/bin/sh\nmake test\n")
    message = passed(root, "hooks-of-beads")
    assert message.startswith("post-merge, pre-commit call bd")
    assert "pre-commit also adds files of .beads" in message
    (root / "elsewhere").mkdir()
    repo.git("config", "core.hooksPath", "elsewhere")
    assert passed(root, "hooks-of-beads") == "none"


def test_hooks_of_ours(root, repo):
    assert passed(root, "our-hooks") == "none of this program's"
    bd(root, "hooks", "install")
    assert passed(root, "our-hooks") == "pre-commit, post-merge, post-checkout run"
    stub = root / ".git/hooks/pre-commit"
    stub.chmod(0o644)  # git does not run it
    found = findings(root)["Our hooks"]
    assert found["message"].startswith("pre-commit of this program cannot run")
    assert found["fix"] == "bd hooks install"
    stub.unlink()
    stub.mkdir()
    assert "is a folder" in findings(root)["Our hooks"]["message"]
    stub.rmdir()
    (root / "elsewhere").mkdir()
    repo.git("config", "core.hooksPath", "elsewhere")
    assert passed(root, "our-hooks").startswith("left to ")


def test_values_that_a_merge_kept(root, log):
    conflict = '"conflicts":[{"field":"/title","value":"x"}],"labels"'
    text = line("a-1")[:-1] + ',"labels":["x"]}'
    log.write_text(text + "\n")
    assert findings(root, code=0) == {}
    log.write_text(text.replace('"labels"', conflict) + "\n")
    found = findings(root)["Kept values"]
    assert "a-1: both branches changed title" in found["message"]
    assert found["fix"] == "bd conflicts"


def test_dolt(root):
    assert passed(root, "backend") == "the log is the only truth"
    (root / ".beads/dolt").mkdir()
    assert findings(root)["Backend"]["fix"] == "bd migrate"


def test_a_newer_version(root):
    assert passed(root, "version") == "reader 1, writer 1"
    path = root / ".beads/metadata.json"
    path.write_text(path.read_text().replace('"writer": 1', '"writer": 2'))
    assert "read only" in findings(root)["Version"]["message"]


def test_metadata_that_is_damaged(root):
    assert passed(root, "metadata") == "metadata.json can be read"
    for broken in ("<<<<<<< ours\n{}\n", "[]"):
        (root / ".beads/metadata.json").write_text(broken)
        assert "no JSON object" in findings(root)["Metadata"]["message"]
    (root / ".beads/metadata.json").unlink()
    assert passed(root, "metadata") == "no metadata.json"


# How it is asked.


def test_one_check_by_its_name(root, log):
    log.write_bytes(lines("a-1") + b"{oops\n")
    assert set(findings(root, "--check=unreadable-lines")) == {"Unreadable lines"}
    assert findings(root, "--check", "Cycles", code=0) == {}
    said = bd(root, "doctor", "--check", "nonsense", code=2)
    assert "Unreadable lines" in said.err


def test_the_names_that_clients_use(root):
    answer = bd(root, "doctor", "--check=pollution", "--json").json
    assert (answer["polluted_count"], answer["issues"]) == (0, [])
    bd(root, "create", "test something")
    answer = bd(root, "doctor", "--check=pollution", "--json").json
    assert answer["polluted_count"] == 1
    answer = bd(root, "doctor", "--check=validate", "--fix", "--yes", "--json").json
    assert {one["category"] for one in answer["checks"]} == {"Log"}
    said = bd(root, "doctor", "--check=pollution", "--clean", "--yes", code=1)
    assert said.err.startswith("Error: bd doctor only reads\n")


def test_who_asks_as_json_for_the_checks_of_clients_reads_the_answer_not_the_code(root, log):
    log.write_bytes(lines("a-1") + b"{oops\n")
    answer = bd(root, "doctor", "--check=validate", "--json").json
    assert answer["overall_ok"] is False
    assert bd(root, "doctor", "--check=validate", code=1).out
    assert bd(root, "doctor", "--json", code=1).json["overall_ok"] is False


def test_fix_says_what_to_type_and_changes_nothing(root, log):
    assert bd(root, "doctor", "--fix", "--yes").out.startswith("bd doctor only reads.")
    log.write_bytes(lines("a-1", "a-1") + b"{oops\n")
    before = tree(root)
    said = bd(root, "doctor", "--fix", "-y", code=1)
    assert said.out.startswith("bd doctor only reads.")
    assert said.out.count("Fix: ") == 2
    assert tree(root) == before


def test_health_is_silent_unless_the_log_is_broken(root, log, repo):
    repo.git("config", "--unset", "merge.tracker.driver")
    assert bd(root, "doctor", "--check-health").all == ""
    assert bd(root, "doctor", "--check-health", "--json").json == {"healthy": True, "checks": []}
    log.write_bytes(b"{oops\n")
    said = bd(root, "doctor", "--check-health", code=1)
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert "bd doctor" in said.err


def test_another_folder_and_no_folder(root, tmp_path):
    assert bd(tmp_path, "doctor", str(root)).out
    said = bd(tmp_path, "doctor", code=1)
    assert "no beads database found" in said.err


def test_no_advice_destroys_anything(root, log):
    log.write_bytes(b"<<<<<<< a\n" + lines("a-1", "a-1") + b"{oops\n")
    for name in (".gitattributes", ".gitignore", "metadata.json"):
        (root / ".beads" / name).unlink()
    advice = " ".join(one.get("fix", "") for one in findings(root).values())
    assert "bd resolve" in advice
    for word in ("rm ", "--force", "reset", "delete", "--hard"):
        assert word not in advice


def test_every_look_is_listed_once(root):
    scene = DoctorContext(find(str(root), {}), dict(os.environ), "driver")
    found = examine(scene)
    names = [one.name for one in found]
    assert len(names) == len(set(names))
    assert [one.category for one in found] == sorted(
        (one.category for one in found), key=list(LOOKS).index
    )


def test_real_logs(shared, tmp_path):
    for number, path in enumerate(sorted((shared / "data/malformed").glob("*.jsonl"))):
        folder = tmp_path / str(number)
        workspace(folder, path.read_bytes())
        answer = bd(folder, "doctor", "--json", code=1).json
        named = {one["name"] for one in answer["checks"] if one["status"] == "error"}
        assert ("Conflict markers" in named) == ("conflict_markers" in path.name)
