"""Whatever git does with two branches: the records are merged, or there are markers to see."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.support.branches import ATTRIBUTES, LOG, START, Work
from tests.support.repository import Repository
from tests.support.scratch import lines
from tracker.merge.three_way import three_way
from tracker.setup.merge_driver import KEY, command

MARKERS = (b"<<<<<<<", b"=======", b">>>>>>>")


@pytest.fixture
def work(tmp_path):
    made = Work(tmp_path / "work")
    made.fork()
    return made


def is_marked(data: bytes) -> bool:
    found = [sign in data for sign in MARKERS]
    assert all(found) or not any(found)
    return all(found)


# The driver at work.


def test_a_merge(work):
    wanted = work.merged("main~1", "main", "side")
    said = work.run("merge", "side")
    assert said.returncode == 0, said
    assert work.data == wanted
    assert work.status == ""
    one = work.issue("t-1")
    assert (one["title"], one["priority"], one["labels"]) == ("Of main", 0, ["main", "side"])
    assert {"t-2", "t-3"} <= {text[7:10] for text in work.data.decode().splitlines()}


def test_it_says_what_it_decided(work):
    work.git("switch", "--quiet", "side")
    work.change(13, t_1={"title": "Of side"})
    said = work.run("merge", "main")
    assert said.returncode == 0
    assert 'bd merge: t-1: title: kept "Of side", not "Of main" (the newer edit)' in said.stderr


STRATEGIES = (
    ("-s", "ort"),
    ("-s", "recursive"),
    ("-X", "diff-algorithm=histogram"),
    ("-X", "patience"),
    ("-X", "ours"),
    ("-s", "ort", "-X", "find-renames=10"),
)


@pytest.mark.parametrize("options", STRATEGIES, ids=" ".join)
def test_the_strategy_does_not_matter(work, options):
    wanted = work.merged("main~1", "main", "side")
    work.git("merge", "--quiet", *options, "side")
    assert work.data == wanted


def test_the_style_of_conflicts_and_the_diff_do_not_matter(work):
    work.git("config", "merge.conflictStyle", "diff3")
    work.git("config", "diff.algorithm", "histogram")
    wanted = work.merged("main~1", "main", "side")
    work.git("merge", "--quiet", "side")
    assert work.data == wanted


def test_a_rebase_of_several_commits(work):
    work.git("switch", "--quiet", "side")
    work.change(14, t_1={"design": "More."}, t_5={"title": "Five"})
    first = work.merged("main~1", "main", "side~1")
    wanted = three_way(work.at("side~1"), first, work.at("side")).data
    work.git("rebase", "--quiet", "main")
    assert work.data == wanted
    assert work.at("HEAD~1") == first
    assert work.issue("t-1")["labels"] == ["main", "side"]


def test_a_cherry_pick(work):
    wanted = work.merged("side~1", "main", "side")
    work.git("cherry-pick", "side")
    assert work.data == wanted
    assert work.issue("t-1")["priority"] == 0


def test_a_revert(work):
    bad = work.git("rev-parse", "HEAD").strip()
    work.change(15, t_1={"design": "Later."}, t_2={"priority": 1})
    wanted = work.merged(bad, "HEAD", f"{bad}~1")
    work.git("revert", "--no-edit", bad)
    assert work.data == wanted
    one = work.issue("t-1")
    assert (one["title"], one["design"]) == ("Title of t-1", "Later.")


def test_a_stash(work):
    work.change(16, t_1={"notes": "Found out."})
    work.git("reset", "--quiet", "--mixed", "HEAD~1")
    work.git("stash")
    wanted = three_way(work.at("HEAD"), work.at("side"), work.at("stash@{0}")).data
    work.git("switch", "--quiet", "side")
    said = work.run("stash", "pop")
    assert said.returncode == 0, said
    assert work.data == wanted
    assert work.issue("t-1")["notes"] == "Found out."
    assert work.git("stash", "list") == ""


def test_an_octopus_is_merged_or_refused(work):
    """Git's octopus asks no driver: where lines conflict it gives up, and nothing is lost."""
    work.git("switch", "--quiet", "--create", "third", "main~1")
    work.change(17, t_9={"title": "Nine"})
    work.git("switch", "--quiet", "main")
    head = work.git("rev-parse", "HEAD").strip()
    said = work.run("merge", "third", "side")
    assert said.returncode != 0
    assert work.git("rev-parse", "HEAD").strip() == head
    work.git("reset", "--quiet", "--merge")
    for branch in ("third", "side"):
        work.git("merge", "--quiet", branch)
    assert work.issue("t-9")["title"] == "Nine"
    assert work.issue("t-1")["labels"] == ["main", "side"]


def test_both_merge_each_other_at_once(work):
    work.git("branch", "main-copy", "main")
    work.git("merge", "--quiet", "side")
    work.git("switch", "--quiet", "side")
    work.git("merge", "--quiet", "main-copy")
    tree = work.git("rev-parse", "main^{tree}")
    assert work.git("rev-parse", "side^{tree}") == tree
    assert len(work.git("merge-base", "--all", "main", "side").split()) == 2
    before = work.data
    work.git("merge", "--quiet", "--no-edit", "main")
    assert work.git("rev-parse", "HEAD^{tree}") == tree
    assert work.data == before


def test_a_criss_cross_with_edits_in_between(work):
    work.git("branch", "main-copy", "main")
    work.git("merge", "--quiet", "side")
    work.change(20, t_1={"design": "Of main, later."})
    work.git("switch", "--quiet", "side")
    work.git("merge", "--quiet", "main-copy")
    work.change(21, t_1={"notes": "Of side, later."}, t_3={"priority": 1})
    work.git("merge", "--quiet", "main")
    one = work.issue("t-1")
    assert (one["design"], one["notes"]) == ("Of main, later.", "Of side, later.")
    assert one["labels"] == ["main", "side"]
    assert "conflicts" not in one
    assert work.issue("t-3")["priority"] == 1
    assert work.status == ""


def test_both_add_the_log(tmp_path):
    work = Work(tmp_path / "work")
    work.git("switch", "--quiet", "--orphan", "other")
    files = {LOG: lines("t-1", "t-7"), ".beads/.gitattributes": ATTRIBUTES}
    work.commit(files)
    wanted = three_way(b"", work.at("other"), START).data
    said = work.run("merge", "--allow-unrelated-histories", "main")
    assert said.returncode == 0, said
    assert work.data == wanted
    assert [text[7:10] for text in work.data.decode().splitlines()] == ["t-1", "t-5", "t-7", "t-9"]


@pytest.mark.parametrize("mover", ["main", "side"])
def test_one_branch_moved_the_folder(tmp_path, mover):
    """Where git finds no attributes for the new place it leaves markers, and resolve the rest."""
    work = Work(tmp_path / "work", lines("t-1", *(f"t-{n}" for n in range(50, 90))))
    work.fork()
    wanted = work.merged("main~1", "main", "side")
    work.git("switch", "--quiet", mover)
    (work.path / "app").mkdir()
    work.git("mv", ".beads", "app/.beads")
    work.git("commit", "--quiet", "--message", "move")
    work.git("switch", "--quiet", "main")
    said = work.run("merge", "side")
    log = work.path / "app" / LOG
    if said.returncode:
        assert is_marked(log.read_bytes())
        work.bd("-C", "app", "resolve")
        work.git("add", "--all")
        work.git("commit", "--quiet", "--no-edit")
    assert log.read_bytes() == wanted
    assert not work.log.exists()


def test_a_linked_worktree(work, tmp_path):
    wanted = work.merged("main~1", "side", "main")
    work.git("worktree", "add", "--quiet", str(tmp_path / "linked"), "side")
    subprocess.run(
        ["git", "-C", str(tmp_path / "linked"), "merge", "--quiet", "--no-edit", "main"], check=True
    )
    assert (tmp_path / "linked" / LOG).read_bytes() == wanted


def test_a_bare_repository_between_two_people(work, tmp_path):
    bare = tmp_path / "bare"
    work.git("clone", "--quiet", "--bare", str(work.path), str(bare))
    other = Repository(tmp_path / "empty").path.with_name("other")
    work.git("clone", "--quiet", str(bare), str(other))
    there = Work.__new__(Work)
    there.path, there.log = other, other / LOG
    there.bd("create", "Six")  # the first write registers the driver
    there.git("add", "--all")
    there.git("commit", "--quiet", "--message", "six")
    there.git("push", "--quiet")
    work.change(18, t_6={"title": "Mine"}, t_9={"priority": 3})
    work.git("remote", "add", "origin", str(bare))
    work.git("pull", "--quiet", "--no-rebase", "origin", "main")
    work.git("push", "--quiet", "origin", "main")
    there.git("pull", "--quiet", "--no-rebase")
    assert there.data == work.data
    assert b'"title":"Six"' in work.data
    assert b'"title":"Mine"' in work.data


def test_memories_and_archives_too(work):
    memory = b'{"key":"a/%s","content":"x","updated_at":"2026-01-01T00:00:00Z"}\n'
    for branch, name in (("main", b"one"), ("side", b"two")):
        work.git("switch", "--quiet", branch)
        work.commit({".beads/memory.jsonl": memory % name, ".beads/archive.jsonl": lines("t-0")})
    work.git("switch", "--quiet", "main")
    said = work.run("merge", "side")
    assert said.returncode == 0, said
    assert (work.path / ".beads/memory.jsonl").read_bytes() == memory % b"one" + memory % b"two"


def test_an_issue_that_one_branch_archived_and_the_other_edited_stays_live(work):
    rows = {json.loads(row)["id"]: row for row in work.data.splitlines(keepends=True)}
    closed = json.loads(rows["t-5"]) | {"status": "closed", "closed_at": "2026-02-01T00:00:00Z"}
    away = json.dumps(closed, separators=(",", ":")).encode() + b"\n"
    work.git("switch", "--quiet", "--create", "tidy")
    kept = b"".join(row for id, row in rows.items() if id != "t-5")
    work.commit({LOG: kept, ".beads/archive.jsonl": away}, "archive")
    work.git("switch", "--quiet", "main")
    work.change(12, t_5={"title": "Not done yet"})
    work.git("merge", "--quiet", "--message", "both", "tidy")
    assert work.issue("t-5")["title"] == "Not done yet"
    assert (work.path / ".beads/archive.jsonl").read_bytes() == away
    assert work.bd("show", "t-5", "--json").json[0]["status"] == "open"
    assert "t-5 is in the archive too" in work.bd("check").out
    work.git("switch", "--quiet", "tidy")
    work.git("merge", "--quiet", "main")
    assert work.issue("t-5")["title"] == "Not done yet"


def test_names_that_a_shell_would_take_apart(tmp_path):
    folder = tmp_path / "it's $HOME; 100%P"
    folder.mkdir()
    python = folder / "py'thon 50%A"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    work = Work(folder / "work")
    work.register(str(python))
    work.fork()
    wanted = work.merged("main~1", "main", "side")
    work.git("merge", "--quiet", "side")
    assert work.data == wanted


# The driver in the way, missing, broken.


def killed(folder):
    script = folder / "killed"
    script.write_text("#!/bin/sh\nkill -9 $$\n")
    script.chmod(0o755)
    return command(str(script))


def slow_to_fail(folder):
    """It starts, reads, and dies before it has an answer."""
    script = folder / "broken"
    script.write_text("#!/bin/sh\ncat \"$5\" >/dev/null\necho 'Traceback' >&2\nexit 3\n")
    script.chmod(0o755)
    return command(str(script))


BROKEN = {
    "not registered": lambda _: None,
    "its interpreter is gone": lambda folder: command(str(folder / "gone")),
    "no tracker in it": lambda _: command(sys.executable).replace("-P -m tracker", "-I -m trackr"),
    "killed": killed,
    "fails": slow_to_fail,
}


@pytest.mark.parametrize("style", ["merge", "diff3"])
@pytest.mark.parametrize("how", BROKEN)
def test_without_the_driver_there_are_markers_and_a_way_out(work, tmp_path, how, style):
    wanted = work.merged("main~1", "main", "side")
    work.git("config", "merge.conflictStyle", style)
    driver = BROKEN[how](tmp_path)
    work.git("config", "--unset", KEY)
    if driver:
        work.git("config", KEY, driver)
    said = work.run("merge", "side")
    assert said.returncode == 1
    assert is_marked(work.data)
    assert (b"|||||||" in work.data) == (style == "diff3")
    assert work.status.startswith("UU")
    refused = work.bd("update", "t-9", "--title", "Nine", code=1)
    assert "bd resolve" in refused.err
    resolved = work.bd("resolve")
    assert work.data == wanted
    assert f"git add {LOG}" in resolved.out
    work.git("add", LOG)
    work.git("commit", "--quiet", "--no-edit")
    assert work.status == ""
    assert work.git("rev-list", "--parents", "--max-count=1", "HEAD").count(" ") == 2


@pytest.mark.parametrize("doing", ["rebase", "cherry-pick", "revert", "stash"])
def test_resolve_in_the_middle_of_something(work, doing):
    work.git("config", "--unset", KEY)
    if doing == "rebase":
        wanted = work.merged("main~1", "main", "side")
        work.git("switch", "--quiet", "side")
        words, goes_on = ["rebase", "main"], ["rebase", "--continue"]
    elif doing == "cherry-pick":
        wanted = work.merged("side~1", "main", "side")
        words, goes_on = ["cherry-pick", "side"], ["cherry-pick", "--continue"]
    elif doing == "revert":
        work.change(15, t_1={"design": "Later."}, t_2={"priority": 1})
        wanted = work.merged("HEAD~1", "HEAD", "HEAD~2")
        words, goes_on = ["revert", "--no-edit", "HEAD~1"], ["revert", "--continue"]
    else:
        work.change(16, t_1={"notes": "Found out."})
        work.git("reset", "--quiet", "--mixed", "HEAD~1")
        work.git("stash")
        wanted = three_way(work.at("HEAD"), work.at("side"), work.at("stash@{0}")).data
        work.git("switch", "--quiet", "side")
        words, goes_on = ["stash", "pop"], ["stash", "drop"]
    said = work.run(*words)
    assert said.returncode
    assert is_marked(work.data)
    work.bd("resolve")
    assert work.data == wanted
    work.git("add", LOG)
    work.git("-c", "core.editor=true", *goes_on)
    assert work.data == wanted


def test_another_bd_on_the_path_is_never_asked(work, tmp_path):
    wanted = work.merged("main~1", "main", "side")
    for name in ("bd", "tracker", "python", "python3"):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\necho {name} >> {tmp_path}/called\n: > "$2"\nexit 0\n')
        program.chmod(0o755)
    env = {**os.environ, "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    said = work.run("merge", "side", env=env)
    assert said.returncode == 0
    assert work.data == wanted
    assert not (tmp_path / "called").exists()


def test_no_program_on_the_path(work, tmp_path):
    """Only git and a shell are needed: the interpreter is named in full."""
    wanted = work.merged("main~1", "main", "side")
    folder = tmp_path / "bin"
    folder.mkdir()
    git = work.run("--exec-path").stdout.strip()
    for name in ("git",):
        (folder / name).symlink_to(os.path.join(git, name))
    env = {**os.environ, "PATH": str(folder)}
    said = subprocess.run(
        [str(folder / "git"), "-C", str(work.path), "merge", "--quiet", "side"],
        env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said
    assert work.data == wanted


def test_a_folder_called_tracker_in_the_work_tree_is_not_run(work, tmp_path):
    wanted = work.merged("main~1", "main", "side")
    trap = work.path / "tracker" / "__main__.py"
    trap.parent.mkdir()
    trap.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    (trap.parent / "__init__.py").write_text("")
    work.git("merge", "--quiet", "side")
    assert work.data == wanted
    assert not (tmp_path / "ran").exists()


def test_a_file_that_is_no_log_is_left_to_git(work):
    """Attributes may name too much: then git's own merge of text is what happens."""
    attributes = ATTRIBUTES + b"*.md merge=tracker\n"
    for branch, text in (("main", b"one\n"), ("side", b"two\n")):
        work.git("switch", "--quiet", branch)
        work.commit({".beads/.gitattributes": attributes, ".beads/notes.md": text})
    work.git("switch", "--quiet", "main")
    said = work.run("merge", "side")
    assert said.returncode == 1
    assert is_marked((work.path / ".beads/notes.md").read_bytes())
    assert "holds no records" in said.stderr
    assert not is_marked(work.data)
