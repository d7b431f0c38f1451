"""Complaints of users of other trackers, where no other test shows that they cannot come up here.

The numbers are those of docs/trust.md, which names a test for each of them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib

import pytest

from tests.support.clones import ATTRIBUTES, Clone
from tests.support.command_lines import FILES, READS, WRITES, log
from tests.support.repository import ROOT

LOG = ".beads/issues.jsonl"


@pytest.fixture
def work(bd):
    """The workspace of every command, committed."""
    bd.file.write_bytes(log())
    for name, text in FILES.items():
        (bd.path / name).write_text(text)
    (bd.beads / ".gitattributes").write_bytes(ATTRIBUTES)
    bd.repo.git("add", "--all")
    bd.repo.git("commit", "--quiet", "--message", "start")
    return bd


# 4: Absence is read as deletion.


def test_04_a_line_that_is_gone_is_no_deletion(work):
    gone = [row["id"] for row in work.issues()[1:]]
    deleted = work.file.read_bytes().count(b'"deleted_at"')
    first = work.file.read_bytes().splitlines(keepends=True)[0]
    work.file.write_bytes(first)  # by hand: an editor, a bad merge, a tool
    for words in READS:
        work.run(*words)
    work("create", "Title of t-b")  # the title of one that is gone
    work("comments", "add", "t-a", "hello")
    text = work.file.read_bytes()
    assert text.count(b'"tombstone"') == first.count(b'"tombstone"')
    assert text.count(b'"deleted_at"') == first.count(b'"deleted_at"')
    assert work("show", gone[0], code=1).err
    work.repo.git("checkout", "--", LOG)  # all of them are there, and none is deleted
    assert {row["id"] for row in work.issues()} >= set(gone)
    assert work.file.read_bytes().count(b'"deleted_at"') == deleted


# 8: merge=union makes duplicate ids.


def test_08_our_attributes_name_no_union():
    for line in ATTRIBUTES.decode().splitlines():
        assert "union" not in line


def test_08_lines_that_a_union_left_lock_nobody_out(work):
    work.repo.git("config", "merge.renormalize", "false")
    (work.beads / ".gitattributes").write_text("*.jsonl merge=union\n")
    work.repo.git("commit", "--quiet", "--all", "--message", "union")
    work.repo.git("checkout", "--quiet", "-b", "side")
    work("update", "t-a", "--title", "Side")
    work.repo.git("commit", "--quiet", "--all", "--message", "side")
    work.repo.git("checkout", "--quiet", "main")
    work("update", "t-a", "--title", "Main")
    work.repo.git("commit", "--quiet", "--all", "--message", "main")
    work.repo.git("merge", "--quiet", "--no-edit", "side")
    assert [row["id"] for row in work.issues()].count("t-a") == 2
    assert work("show", "t-a", "--json").json[0]["title"] in {"Main", "Side"}
    assert "t-a" in work("list").err  # said, not kept quiet
    work("update", "t-d", "--title", "Elsewhere")
    text = work.file.read_text()
    assert '"title":"Main"' in text
    assert '"title":"Side"' in text


# 21: Work on the whole file with every command.


COUNTING = """
import io, os, sys
seen = []
sys.addaudithook(lambda event, args: seen.append(str(args[0])) if event == "open" else None)
from tracker.cli import main
streams = io.StringIO(), io.StringIO(), io.StringIO()
code = main(["bd", *sys.argv[1:]], os.environ, *streams, os.getcwd())
print(code, sum(name.endswith("/issues.jsonl") for name in seen))
"""


def test_21_a_write_opens_the_log_once_and_a_read_not_at_all(work):
    work.write(*({"id": f"t-{n}", "description": "x" * 200} for n in range(2000)))

    def opened(*words: str) -> list[int]:
        done = subprocess.run(
            [sys.executable, "-P", "-c", COUNTING, *words], cwd=work.path, check=True,
            capture_output=True, text=True, env={**work.env, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        return [int(word) for word in done.stdout.split()]

    work("list")
    _settle(work)
    assert opened("show", "t-7") == [0, 0]
    assert opened("ready") == [0, 0]
    assert opened("update", "t-7", "--title", "Other") == [0, 1]
    assert opened("comments", "add", "t-8", "hello") == [0, 1]


def _settle(work) -> None:
    """Let the log be old enough for its times to be believed."""
    os.utime(work.file, (1_700_000_000, 1_700_000_000))
    work.run("list")
    time.sleep(2.1)  # what changed within two seconds is compared by its bytes
    done = work.start("list")
    done.communicate()
    assert done.returncode == 0


# 24: Noise in pull requests.


def test_24_no_command_commits_and_an_edit_is_one_line(work):
    head = work.repo.git("rev-parse", "HEAD")
    work("close", "t-a", "--reason", "done")
    assert work.repo.git("diff", "--numstat").split() == ["1", "1", LOG]
    for words in (*WRITES, *READS):
        work.run(*words)
    assert work.repo.git("rev-parse", "HEAD") == head
    assert work.repo.git("stash", "list") == ""
    changed = work.repo.git("status", "--porcelain", "--untracked-files=all").splitlines()
    assert changed
    assert [line for line in changed if not line[3:].startswith(".beads/")] == []


# 25: Long lines.


def test_25_a_record_of_a_megabyte_is_read_and_printed_in_short(work):
    work.write({"id": "t-1", "description": "word " * 190_000, "title": "Long"}, {"id": "t-2"})
    for words in (["list"], ["ready"], ["search", "Long"], ["prime"], ["blocked"], ["stats"]):
        assert len(work(*words).out) < 20_000, words
    work("comments", "add", "t-1", "hello")
    work("update", "t-1", "--priority", "0")
    work.repo.git("commit", "--quiet", "--all", "--message", "long")
    work("update", "t-1", "--title", "Still long")
    assert len(work("diff").out) < 2_000  # only what differs, not the line
    assert "Still long" in work("diff").out
    assert len(work.issue("t-1")["description"]) == 950_000


def test_25_a_comment_and_an_edit_of_one_line_are_no_conflict(tmp_path):
    one, two = _pair(tmp_path)
    id = one.create("One")
    one.sync()
    two.sync()
    one.bd("comments", "add", id, "from one")
    two.bd("update", id, "--title", "from two")
    one.sync()
    two.sync()
    one.sync()
    for clone in (one, two):
        shown = clone.show(id)
        assert shown["title"] == "from two"
        assert [remark["text"] for remark in shown["comments"]] == ["from one"]


def _pair(tmp_path):
    far = tmp_path / "far.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(far)], check=True)
    one = Clone(tmp_path / "one")
    subprocess.run(["git", "clone", "-q", str(far), str(one.path)], check=True, capture_output=True)
    one.git("checkout", "--quiet", "-B", "main")
    one.bd("init", "--prefix", "t")
    one.git("add", "--all")
    one.git("commit", "--quiet", "--message", "init")
    one.git("push", "--quiet", "--set-upstream", "origin", "main")
    two = Clone(tmp_path / "two", "bob")
    subprocess.run(["git", "clone", "-q", str(far), str(two.path)], check=True, capture_output=True)
    return one, two


# 27: Notes are overwritten as a whole.


def test_27_text_that_was_replaced_can_be_had_again(work):
    work("update", "t-a", "--notes", "what I found out")
    before = work.file.read_bytes()
    work("update", "t-a", "--notes", "something short")
    last = work("op", "log", "--json").json[0]["number"]
    assert "what I found out" in work("op", "show", str(last)).out
    work("undo")
    assert work.file.read_bytes() == before
    work("note", "t-a", "and more")
    work("update", "t-a", "--append-notes", "and yet more")
    assert work.issue("t-a")["notes"] == "what I found out\nand more\nand yet more"
    work.repo.git("commit", "--quiet", "--all", "--message", "notes")
    work("update", "t-a", "--notes", "gone")
    work.repo.git("commit", "--quiet", "--all", "--message", "gone")
    assert "what I found out" in work("history", "t-a").out


# 33: Agents forget it, or leave state behind.


def test_33_what_was_forgotten_is_named(work):
    work("update", "t-a", "--claim")
    assert "Not committed yet" in work("prime").out
    work.repo.git("commit", "--quiet", "--all", "--message", "Do it (t-a)")
    assert "Not committed yet" not in work("prime").out
    assert "t-a" in work("orphans").out  # a commit names it, and nobody closed it
    work.now += 60 * 86_400 * 10**9
    assert "t-a" in work("stale", "--status", "in_progress").out
    work("close", "t-a")
    assert "t-a" not in work("orphans").out


# 41: Hidden flags, branches and worktrees.


def test_41_no_command_hides_anything_from_git(work):
    for words in (*READS, *WRITES, ["init"], ["setup", "git"], ["hooks", "install"], ["sync"],
                  ["setup", "beside"], ["doctor", "--fix"], ["undo"]):  # fmt: skip
        work.run(*words)
    flags = {line[0] for line in work.repo.git("ls-files", "-v").splitlines()}
    assert flags == {"H"}  # neither skip-worktree nor assume-unchanged
    assert work.repo.git("worktree", "list").count("\n") == 1
    refs = work.repo.git("for-each-ref", "--format=%(refname)").split()
    assert refs == ["refs/heads/main"]
    assert work.repo.git("config", "--local", "--get", "core.hooksPath", may_fail=True) == ""


# 42: Text goes into shells, paths and prompts.

NAMES = ("-rf", "--help", "$(touch pwned)", "`touch pwned`", "a;touch pwned", "../../etc/passwd",
         "t-a\n--exec=touch pwned", "--upload-pack=touch pwned", "t-a|touch pwned")  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_42_no_id_or_title_is_run_or_leads_out(work, name):
    work.write({"id": name, "title": name}, {"id": "t-a", "title": name, "assignee": name})
    work.repo.git("commit", "--quiet", "--all", "--message", name)
    before = {path.name for path in work.path.parent.iterdir()}
    for words in (["show"], ["history"], ["close"], ["update", "--title", name],
                  ["dep", "add", "t-a"],
                  ["comments", "add", "t-a"], ["show", "t-a", "--as-of"], ["list", "--ref"],
                  ["diff"], ["recall"], ["search"], ["label", "add", "t-a"]):  # fmt: skip
        assert work.run(*words, name).code in {0, 1, 2}, words
        assert work.run(*words, "--", name).code in {0, 1, 2}, words
    for words in (["list"], ["prime"], ["orphans"], ["graph", "--all"], ["ready", "--json"]):
        assert work.run(*words).code in {0, 1}, words
    assert not (work.path / "pwned").exists()
    assert {path.name for path in work.path.parent.iterdir()} == before


# 45: Windows.


def test_45_a_clone_with_autocrlf_shows_no_difference(tmp_path):
    one, _ = _pair(tmp_path)
    id = one.create("One")
    one.sync()
    text = (one.path / LOG).read_bytes()
    other = Clone(tmp_path / "windows")
    command = ["git", "-c", "core.autocrlf=true", "clone", "-q", str(tmp_path / "far.git")]
    subprocess.run([*command, str(other.path)], check=True)
    other.git("config", "core.autocrlf", "true")
    assert other.log.read_bytes() == text  # the attributes say eol=lf
    other.bd("update", id, "--title", "Two")
    assert b"\r" not in other.log.read_bytes()
    assert other.git("diff", "--numstat").split()[:2] == ["1", "1"]


def test_45_a_log_with_windows_line_endings_keeps_them(work):
    work.file.write_bytes(work.file.read_bytes().replace(b"\n", b"\r\n"))
    before = work.file.read_bytes().splitlines()
    work("update", "t-a", "--priority", "0")
    after = work.file.read_bytes().splitlines()
    assert sum(one != two for one, two in zip(before, after, strict=True)) == 1
    assert work.file.read_bytes().count(b"\r\n") == len(after)


# 47: Sessions in a cloud keep nothing but the working branch.


def test_47_nothing_but_what_is_committed_is_needed(work):
    work("create", "New", "--id", "t-new", "--deps", "t-a")
    work("remember", "Run the migrations first", "--key", "migrations")
    asked = (["list", "--all", "--json"], ["ready", "--json"], ["blocked", "--json"], ["memories"],
             ["recall", "migrations"], ["show", "t-new", "--json"])  # fmt: skip
    before = [work(*words).out for words in asked]
    work.repo.git("add", "--all")
    work.repo.git("commit", "--quiet", "--message", "work")
    work.repo.git("clean", "--quiet", "-fdX")  # all that git ignores
    shutil.rmtree(work.path / ".git" / "tracker", ignore_errors=True)
    assert not (work.beads / ".local").exists()
    assert [work(*words).out for words in asked] == before
    assert work.repo.git("status", "--porcelain") == ""


def test_47_a_push_that_is_refused_loses_nothing(tmp_path):
    one, two = _pair(tmp_path)
    hook = tmp_path / "far.git" / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 403 >&2\nexit 1\n")
    hook.chmod(0o755)
    id = one.create("One")
    said = one.bd("sync", code=1)
    assert "Not pushed: origin refused" in said.out
    assert "git push" in said.out  # what is left to do
    assert one.git("log", "-1", "--format=%s", "--", LOG).strip()
    assert one.git("status", "--porcelain") == ""  # it is committed, and waits
    hook.unlink()
    one.sync()
    two.sync()
    assert two.show(id)["title"] == "One"


# 50: Repositories grow, and hosts have limits.


def test_50_a_log_that_a_forge_would_refuse_is_named_in_time(work, monkeypatch):
    assert "MB" not in work("check").out
    monkeypatch.setattr("tracker.issues.invariants.LARGE_FILE", 100)
    said = work.run("check")
    assert "refuse at 100 MB" in said.out + said.err
    assert "bd archive" in said.out + said.err


def test_50_an_edit_costs_a_pack_no_second_file(work):
    work.write(*({"id": f"t-{n}", "description": "x" * 500, "notes": f"{n}"} for n in range(500)))
    work.repo.git("commit", "--quiet", "--all", "--message", "many")
    for n in range(30):
        work("update", f"t-{n}", "--notes", f"note {n}")
        work.repo.git("commit", "--quiet", "--all", "--message", f"{n}")
    work.repo.git("gc", "--quiet", "--prune=now")
    packed = sum(path.stat().st_size for path in (work.path / ".git/objects/pack").glob("*.pack"))
    assert packed < work.file.stat().st_size  # thirty versions of it


# 63: Jujutsu and other systems.


def test_63_it_works_without_git_and_merges_as_the_tool_of_jj(bd, tmp_path):
    shutil.rmtree(bd.path / ".git")
    (bd.path / ".jj").mkdir()
    id = bd("create", "One", "--silent").out.strip()
    bd("update", id, "--claim")
    bd("check")
    assert bd("ready").code == 0
    base = tmp_path / "base.jsonl"
    shutil.copy(bd.file, base)
    bd("update", id, "--title", "Left")
    left = tmp_path / "left.jsonl"
    shutil.copy(bd.file, left)
    bd("undo")
    bd("comments", "add", id, "right")
    page = (ROOT / "docs/merging.md").read_text()
    settings = tomllib.loads(re.search(r"```toml\n(.*?)```", page, re.DOTALL)[1])
    tool = settings["merge-tools"]["tracker"]
    output = tmp_path / "output.jsonl"
    output.touch()
    names = {"$output": output, "$base": base, "$left": left, "$right": bd.file}
    words = [str(names.get(word, word)) for word in tool["merge-args"]]
    subprocess.run([sys.executable, "-P", "-m", "tracker", *words], check=True,
                   cwd=tmp_path, env={**bd.env, "PYTHONPATH": str(ROOT)})  # fmt: skip
    merged = json.loads(output.read_text())
    assert merged["title"] == "Left"
    assert merged["comments"][0]["text"] == "right"


# 64: Who did it.


def test_64_who_did_it_is_a_text_in_the_record(work, tmp_path):
    work("create", "New", "--id", "t-new", BD_ACTOR="Ann of Example")
    work("comments", "add", "t-new", "hello", BD_ACTOR="Böb")
    work.repo.git("commit", "--quiet", "--all", "--message", "work")
    other = tmp_path / "other"
    work.repo.git("clone", "--quiet", ".", str(other))
    (tmp_path / "nobody").mkdir()
    env = {"PATH": work.env["PATH"], "HOME": str(tmp_path / "nobody"), "PYTHONPATH": str(ROOT)}

    def there(*words: str) -> str:
        return subprocess.run(
            [sys.executable, "-P", "-m", "tracker", *words], cwd=other, env=env, check=True,
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
        ).stdout  # fmt: skip

    shown = json.loads(there("show", "t-new", "--json"))[0]
    assert shown["created_by"] == "Ann of Example"
    assert shown["comments"][0]["author"] == "Böb"
    made = json.loads(there("create", "Here", "--json"))
    assert made["created_by"] == "unknown"  # nobody says who it is, and that stops nothing
