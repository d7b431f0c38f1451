"""`bd sync` with real git: what it commits, merges and pushes, and what it leaves alone."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.support.clones import ATTRIBUTES, CONFIG, Clone, bare, clone
from tests.support.repository import Repository
from tests.support.scratch import bd, files, line, lines, tree, workspace
from tracker import sync
from tracker.git import branches
from tracker.git.repository import GitFailed
from tracker.git.tree_merge import TreeMerger, with_changes

BD = Path(sys.executable).parent / "bd"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A remote and two clones, made once and copied for each test."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        for role in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{role}_NAME", "Ann Example")
            patch.setenv(f"GIT_{role}_EMAIL", "ann@example.com")
        remote = bare(folder / "remote", "t-1", "t-2", "t-3")
        for name in ("ann", "bob"):
            clone(remote, name)
    return folder


@pytest.fixture
def remote(made, tmp_path):
    shutil.copytree(made / "remote", tmp_path / "remote")
    return tmp_path / "remote"


def copied(made, remote, name: str) -> Clone:
    path = remote.with_name(name)
    shutil.copytree(made / name, path)
    config = path / ".git/config"
    config.write_text(config.read_text().replace(str(made / "remote"), str(remote)))
    return Clone(path, name)


@pytest.fixture
def ann(made, remote):
    return copied(made, remote, "ann")


@pytest.fixture
def bob(made, remote):
    return copied(made, remote, "bob")


def index(clone) -> list[str]:
    """What is staged, but for the tracker's files."""
    return [row for row in clone.git("ls-files", "-s").splitlines() if ".beads/" not in row]


def everything(clone):
    """Every file, every ref, all that is staged: what must be the same after nothing was done."""
    refs = clone.git("for-each-ref")
    return (
        files(clone.path, {".git", ".local", ".jsonl.lock", "beads.db"}),
        refs,
        clone.git("ls-files", "-s"),
    )


# The commit.


def test_changed_issues_are_committed_and_pushed(ann, remote):
    before = ann.head()
    id = ann.create("new")
    found = ann.sync()
    assert found["committed"] is found["pushed"] is True
    assert found["commit"] == ann.head() == ann.head("origin/main") != before
    assert found["files"] == [".beads/issues.jsonl"]
    assert (found["merged"], found["pulled"], found["retries"], found["left"]) == (False, 0, 0, [])
    assert found["why"] is None
    assert id in ann.git("show", "HEAD:.beads/issues.jsonl")
    assert Repository.git(ann, "-C", str(remote), "rev-parse", "main").strip() == ann.head()
    assert ann.status() == []
    assert ann.git("log", "-1", "--format=%s").strip() == "bd sync: update issues"


def test_the_message_is_the_users(ann):
    ann.create("new")
    ann.bd("sync", "--message", "Update issues")
    assert ann.git("log", "-1", "--format=%B").strip() == "Update issues"
    ann.create("another")
    ann.bd("sync", "-m", "Grüße\n\nand more")
    assert ann.git("log", "-1", "--format=%B").strip() == "Grüße\n\nand more"


def test_with_nothing_to_commit_nothing_is_committed(ann):
    ann.sync()
    before = everything(ann)
    found = ann.sync()
    assert found["committed"] is False
    assert found["commit"] is None
    assert found["pushed"] is True  # the upstream holds it all
    assert everything(ann) == before
    assert ann.bd("sync").out == "✓ Nothing to commit\n✓ origin/main has it all\n"


def user_at_work(clone) -> None:
    """Leave every kind of change in index and work tree."""
    clone.commit(dict.fromkeys(("both", "gone", "moved", "staged", "touched", "wt"), b"old\n"))
    clone.git("push", "--quiet")
    clone.write("both", "staged\n")
    clone.write("staged", "staged\n")
    clone.write("new", "new\n")
    clone.git("add", "both", "staged", "new")
    clone.git("rm", "--quiet", "gone")
    clone.git("mv", "moved", "away")
    clone.write("both", "staged and more\n")
    clone.write("wt", "changed\n")
    clone.write("untracked", "untracked\n")
    clone.write("intended", "intended\n")
    clone.git("add", "--intent-to-add", "intended")


def test_what_the_user_has_staged_and_changed_stays(ann, bob):
    user_at_work(ann)
    bob.git("pull", "--quiet")
    staged, changed = ann.git("diff", "--cached"), ann.git("diff")
    assert staged.count("diff --git") == 5
    ann.create("mine")
    shown = [row for row in ann.status() if ".beads" not in row]
    held = index(ann)
    bob.create("theirs")
    bob.sync()
    found = ann.sync()
    assert (found["merged"], found["pulled"], found["pushed"]) == (True, 1, True)
    assert (ann.git("diff", "--cached"), ann.git("diff"), ann.status()) == (staged, changed, shown)
    assert index(ann) == held
    assert {"mine", "theirs"} <= ann.titles()


def test_a_log_that_the_user_staged_in_part_is_committed_as_it_is(ann):
    ann.create("staged")
    ann.git("add", ".beads")
    ann.create("and more")
    ann.sync()
    assert ann.status() == []
    assert ann.git("show", "HEAD:.beads/issues.jsonl") == ann.log.read_text()


def test_only_the_trackers_own_files_are_committed(ann):
    for name in (".beads/notes.txt", ".beads/hooks/on_close", "other.txt"):
        ann.write(name, "mine\n")
    ann.write(".beads/memory.jsonl", '{"key":"a/b","content":"c"}\n')
    ann.write(".beads/archive.jsonl", line("t-9") + "\n")
    ann.write(".beads/config.yaml", "issue-prefix: t\nstatus.custom: review\n")
    (ann.path / ".beads/outcomes.jsonl").unlink()
    found = ann.sync()
    named = ["archive.jsonl", "config.yaml", "memory.jsonl"]
    assert found["files"] == [f".beads/{name}" for name in named]
    assert ann.status() == [" D .beads/outcomes.jsonl", "?? .beads/hooks/", "?? .beads/notes.txt",
                            "?? other.txt"]  # fmt: skip


def test_the_first_commit_of_a_repository(repo):
    workspace(repo.path, lines("a-1"))
    (repo.path / "code.py").write_text("pass\n")
    repo.git("add", "code.py")
    said = bd(repo.path, "sync", "--json").json
    assert (said["committed"], said["pushed"], said["left"]) == (True, False, [])
    assert said["why"] == "there is no remote"
    assert repo.git("ls-tree", "-r", "--name-only", "HEAD").split() == [".beads/issues.jsonl"]
    assert repo.git("status", "--porcelain").split() == ["A", "code.py"]


def test_an_empty_remote_gets_the_branch(tmp_path):
    path = tmp_path / "empty.git"
    path.mkdir()
    Repository.git(Repository(tmp_path / "x"), "init", "--quiet", "--bare", "-b", "main", str(path))
    ann = clone(path, "ann")
    workspace(ann.path, lines("a-1"))
    found = ann.sync()
    assert (found["committed"], found["pushed"], found["upstream"]) == (True, True, "origin/main")
    assert ann.head() == ann.head("origin/main")


def test_a_workspace_below_the_top(tmp_path):
    remote = bare(tmp_path / "remote", "t-1")
    ann, bob = clone(remote, "ann"), clone(remote, "bob")
    folder = "pa ckage/é/.beads"
    ann.commit({f"{folder}/issues.jsonl": lines("s-1"), f"{folder}/config.yaml": CONFIG})
    ann.git("push", "--quiet")
    bob.git("pull", "--quiet")
    for one in (ann, bob):
        bd(one.path / "pa ckage/é", "create", f"of {one.name}")
    assert bd(ann.path / "pa ckage/é", "sync", "--json").json["files"] == [
        "pa ckage/é/.beads/issues.jsonl"
    ]
    found = bd(bob.path / "pa ckage/é", "sync", "--json").json
    assert (found["merged"], found["pushed"]) == (True, True)
    assert len(bd(bob.path / "pa ckage/é", "list", "--json").json) == 3
    assert bob.status() == []


def test_in_a_linked_worktree_its_own_branch_is_synced(ann):
    ann.git("worktree", "add", "--quiet", "-b", "side", "../side")
    side = Clone(ann.path.parent / "side", "ann")
    side.create("on the side")
    found = side.sync()
    assert (found["branch"], found["committed"], found["pushed"]) == ("side", True, False)
    assert found["left"] == ["git push -u origin side"]
    assert side.status() == ann.status() == []
    assert "on the side" not in ann.titles()
    side.git(*found["left"][0].split()[1:])
    side.create("more")
    assert side.sync()["pushed"] is True


def test_environment_of_another_repository_is_not_believed(ann, bob):
    other = everything(bob)
    ann.create("new")
    leaked = {"GIT_DIR": f"{bob.path}/.git", "GIT_INDEX_FILE": f"{bob.path}/.git/index",
              "GIT_WORK_TREE": str(bob.path), "GIT_LITERAL_PATHSPECS": "1"}  # fmt: skip
    assert ann.sync(env=leaked)["pushed"] is True
    assert everything(bob) == other
    assert ann.status() == []


def test_author_and_signature(ann, tmp_path):
    fake = tmp_path / "sign"
    fake.write_text('#!/bin/sh\ncat >/dev/null\necho "[GNUPG:] SIG_CREATED " >&2\necho SIGNED\n')
    fake.chmod(0o755)
    ann.git("config", "gpg.program", str(fake))
    ann.create("plain")
    ann.sync()
    assert "SIGNED" not in ann.git("cat-file", "commit", "HEAD")
    ann.git("config", "commit.gpgSign", "true")
    ann.create("signed")
    ann.sync()
    assert "gpgsig SIGNED" in ann.git("cat-file", "commit", "HEAD")
    ann.bd("config", "set", "git.no-gpg-sign", "true")
    ann.bd("config", "set", "git.author", "Bot of Beads <bot@example.com>")
    ann.sync()
    said = ann.git("cat-file", "commit", "HEAD")
    assert "SIGNED" not in said
    assert "author Bot of Beads <bot@example.com>" in said
    fake.write_text("#!/bin/sh\nexit 1\n")
    ann.bd("config", "set", "git.no-gpg-sign", "false")
    before = ann.head()
    assert "git commit-tree" in ann.bd("sync", code=1).err
    assert ann.head() == before


# What must not be committed.


def test_conflict_markers_are_not_committed(ann):
    ann.sync()
    ann.log.write_text(f"<<<<<<< x\n{line('t-1')}\n=======\n{line('t-2')}\n>>>>>>> y\n")
    before = everything(ann)
    said = ann.bd("sync", code=1)
    assert "conflict markers" in said.err
    assert "bd resolve" in said.err
    assert everything(ann) == before
    assert ann.bd("sync", "--status", "--json").json["conflicts"] == 1


def test_a_mass_of_lost_records_is_not_committed(tmp_path):
    ids = [f"t-{number}" for number in range(40)]
    ann = clone(bare(tmp_path / "remote", *ids), "ann")
    held = ann.log.read_text().splitlines(keepends=True)
    ann.log.write_text("".join(held[:35]))
    assert ann.sync()["committed"] is True
    ann.log.write_text("".join(held[:12]))
    before = everything(ann)
    said = ann.bd("sync", code=1)
    assert "23 of 35 records are gone" in said.err
    assert everything(ann) == before
    assert ann.sync(env={"BD_ALLOW_LOSS": "1"})["pushed"] is True


def test_a_line_that_holds_no_record_is_not_committed_unless_it_was_before(ann):
    with ann.log.open("a") as file:
        file.write("{ not JSON\n")
    before = everything(ann)
    said = ann.bd("sync", code=1)
    assert ".beads/issues.jsonl: line 4: " in said.err
    assert "nothing was committed" in said.err
    assert everything(ann) == before
    ann.git("commit", "--quiet", "-am", "as it is")
    ann.create("new")
    assert ann.sync()["pushed"] is True


def test_a_log_that_is_missing_is_not_committed_as_deleted(ann):
    ann.sync()
    ann.log.unlink()
    before = everything(ann)
    said = ann.bd("sync", code=1)
    assert "missing" in said.err
    assert f"git -C {ann.path} checkout -- .beads/issues.jsonl" in said.err
    assert everything(ann) == before


@pytest.mark.parametrize("doing", ["merge", "rebase", "cherry-pick", "revert"])
def test_in_the_middle_of_something_nothing_is_done(ann, doing):
    ann.git("switch", "--quiet", "-c", "side")
    ann.commit({"code.py": b"side\n"})
    ann.git("switch", "--quiet", "main")
    ann.commit({"code.py": b"main\n"})
    ann.create("new")
    start = {
        "revert": ["revert", "--no-edit", "HEAD~1"],
        "rebase": ["rebase", "--autostash", "side"],
    }
    if doing == "revert":
        ann.commit({"code.py": b"more\n"})
        ann.create("newer")
    ann.git(*start.get(doing, [doing, "side"]), may_fail=True)
    before = everything(ann)
    said = ann.bd("sync", code=1)
    assert f"a {doing} is under way" in said.err
    assert f"git {doing} --abort" in said.err
    assert everything(ann) == before
    assert ann.bd("sync", "--status", "--json").json["under_way"] == doing
    ann.git(doing, "--abort")
    assert ann.sync()["committed"] is True


def test_on_a_detached_head_nothing_is_done(ann):
    ann.sync()
    ann.git("checkout", "--quiet", "--detach")
    ann.create("new")
    before = everything(ann)
    said = ann.bd("sync", code=1)
    assert "detached" in said.err
    assert "git switch" in said.err
    assert everything(ann) == before
    assert ann.bd("sync", "--status", "--json").json["branch"] is None


def test_read_only_mode_refuses_but_answers(ann):
    ann.create("new")
    assert "read-only" in ann.bd("sync", "--readonly", code=1).err
    assert ann.bd("sync", "--status", "--readonly", "--json").json["pending"] == 1


# Where there is nothing to push to.


def test_without_an_upstream_the_command_is_told(ann):
    ann.git("switch", "--quiet", "-c", "feature")
    ann.create("new")
    found = ann.sync()
    assert (found["committed"], found["pushed"]) == (True, False)
    assert (found["upstream"], found["left"]) == (None, ["git push -u origin feature"])
    assert ann.bd("sync").out.splitlines()[1:] == [
        "Not pushed: feature has no upstream", "Left to do:", "  git push -u origin feature",
    ]  # fmt: skip


def test_a_branch_that_git_would_not_push_to_its_upstream(ann):
    ann.git("switch", "--quiet", "-c", "feature", "--track", "origin/main")
    before = ann.head("origin/main")
    ann.create("new")
    found = ann.sync()
    assert (found["committed"], found["pushed"]) == (True, False)
    assert found["left"] == ["git push -u origin feature"]
    assert ann.head("origin/main") == before


def test_a_remote_that_is_not_there(ann, remote):
    ann.create("new")
    remote.rename(remote.with_name("moved"))
    found = ann.sync()
    assert (found["committed"], found["pushed"], found["left"]) == (True, False, ["bd sync"])
    assert found["why"].startswith("origin was not reached: git fetch: ")
    assert "Not pushed: origin was not reached" in ann.bd("sync").out
    assert ann.sync("--no-pull")["why"].startswith("origin was not reached: git push: ")
    remote.with_name("moved").rename(remote)
    assert ann.sync()["pushed"] is True


def test_a_remote_that_refuses(ann, remote):
    ann.sync()
    hook = remote / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no >&2\nexit 1\n")
    hook.chmod(0o755)
    ann.create("new")
    found = ann.sync(code=1)
    assert (found["committed"], found["pushed"], found["retries"]) == (True, False, 0)
    assert found["why"] == "origin refused: [remote rejected] (pre-receive hook declined)"
    assert found["left"] == ["git push"]


def test_outside_of_git_and_where_git_ignores_it(tmp_path, repo):
    workspace(tmp_path / "plain", lines("a-1"))
    before = tree(tmp_path / "plain")
    assert "not in a git work tree" in bd(tmp_path / "plain", "sync").out
    assert bd(tmp_path / "plain", "sync", "--json").json["committed"] is False
    assert tree(tmp_path / "plain") == before
    repo.commit({".gitignore": b".beads/\n"})
    workspace(repo.path, lines("a-1"))
    found = bd(repo.path, "sync", "--json").json
    assert (found["committed"], found["why"]) == (False, "git ignores the log")


def test_settings_of_beads(ann, bob):
    bob.create("theirs")
    bob.sync()
    ann.bd("config", "set", "no-push", "true")
    ann.create("mine")
    found = ann.sync()
    assert (found["merged"], found["pulled"], found["pushed"]) == (True, 1, False)
    assert found["left"] == ["git push"]
    ann.bd("config", "set", "no-push", "false")
    ann.bd("config", "set", "sync-branch", "beads-sync")
    found = ann.sync()
    assert (found["committed"], found["pushed"]) == (True, False)
    assert found["why"] == "sync-branch is beads-sync, and this is main"
    ann.bd("config", "set", "no-git-ops", "true")
    before = everything(ann)
    assert "no-git-ops" in ann.bd("sync").out
    assert everything(ann) == before
    ann.write(".beads/config.yaml", "issue-prefix: t\nsync-branch: main\n")
    assert ann.sync()["pushed"] is True


def test_pull_and_push_alone(ann, bob):
    bob.create("theirs")
    bob.sync()
    ann.create("mine")
    found = ann.sync("--no-pull")
    assert (found["committed"], found["pulled"], found["pushed"]) == (True, 0, False)
    assert found["left"] == ["bd sync"]
    assert "theirs" not in ann.titles()
    found = ann.sync("--no-push")
    assert (found["committed"], found["pulled"], found["pushed"]) == (False, 1, False)
    assert "theirs" in ann.titles()
    assert ann.head() != ann.head("origin/main")
    assert ann.sync("--no-pull", "--no-push")["pushed"] is False
    assert ann.sync("--no-pull")["pushed"] is True
    assert ann.head() == ann.head("origin/main")


# Merging.


def test_a_fast_forward_makes_no_commit(ann, bob):
    bob.create("theirs")
    bob.sync()
    found = ann.sync()
    assert (found["merged"], found["pulled"], found["pushed"]) == (False, 1, True)
    assert ann.head() == bob.head()
    assert "theirs" in ann.titles()
    assert ann.status() == []


def test_edits_of_one_issue_on_both_sides_are_merged_by_the_engine(ann, bob):
    """No driver is registered here, and git alone would leave markers."""
    assert ann.git("config", "--get-regexp", "^merge", may_fail=True) == ""
    ann.bd("update", "t-2", "--title", "of ann", "--priority", "1")
    ann.bd("comments", "add", "t-2", "hello")
    bob.bd("update", "t-2", "--title", "of bob", "--add-label", "red")
    bob.sync()
    found = ann.sync()
    assert (found["merged"], found["pushed"]) == (True, True)
    assert any("title" in line for line in found["decisions"])
    issue = ann.show("t-2")
    assert (issue["title"], issue["priority"], issue["labels"]) == ("of bob", 1, ["red"])
    assert "of ann" in json.dumps(issue["conflicts"])
    assert ann.git("log", "-1", "--format=%s %P").split()[:4] == [
        "bd",
        "sync:",
        "merge",
        "origin/main",
    ]
    bob.sync()
    assert bob.log.read_bytes() == ann.log.read_bytes()


def test_decisions_are_notes_for_people(ann, bob):
    ann.bd("update", "t-2", "--title", "of ann")
    bob.bd("update", "t-2", "--title", "of bob")
    bob.sync()
    said = ann.bd("sync")
    assert "Note: .beads/issues.jsonl: t-2" in said.err
    assert said.out.splitlines()[1:] == [
        "✓ Merged 1 commit from origin/main", "✓ origin/main has it all",
    ]  # fmt: skip


def test_memories_archive_and_outcomes_are_merged(ann, bob):
    memory = '{{"key":"{}","content":"x","updated_at":"2026-01-01T00:00:00Z"}}\n'
    for one, other in ((ann, "a"), (bob, "b")):
        one.write(".beads/memory.jsonl", memory.format(f"k/{other}"))
        one.write(".beads/archive.jsonl", line(f"old-{other}") + "\n")
        one.write(".beads/outcomes.jsonl", f'{{"id":"o-{other}","key":"k","verdict":"success"}}\n')
    bob.sync()
    assert ann.sync()["pushed"] is True
    bob.sync()
    for name in ("memory", "archive", "outcomes"):
        text = (ann.path / f".beads/{name}.jsonl").read_text()
        assert text.count("\n") == 2
        assert (bob.path / f".beads/{name}.jsonl").read_text() == text


def test_files_that_came_and_went_come_and_go(ann, bob):
    bob.git("rm", "--quiet", ".beads/outcomes.jsonl")
    bob.commit({".beads/formulas/ä b.toml": b"x = 1\n"})
    bob.git("push", "--quiet")
    ann.create("mine")
    found = ann.sync()
    assert (found["merged"], found["pushed"]) == (True, True)
    assert not (ann.path / ".beads/outcomes.jsonl").exists()
    assert (ann.path / ".beads/formulas/ä b.toml").read_bytes() == b"x = 1\n"
    assert ann.status() == []
    bob.sync()
    assert files(bob.path / ".beads", {".local", "beads.db", ".jsonl.lock"}) == files(
        ann.path / ".beads", {".local", "beads.db", ".jsonl.lock"}
    )


def test_settings_merge_as_text(ann, bob):
    text = "issue-prefix: t\n\n# one\n# two\n# three\n# four\n"
    ann.write(".beads/config.yaml", text)
    ann.sync()
    bob.sync()
    ann.write(".beads/config.yaml", text.replace("t\n", "t\nstatus.custom: review\n", 1))
    bob.write(".beads/config.yaml", text + "no-push: false\n")
    bob.sync()
    assert ann.sync()["pushed"] is True
    held = (ann.path / ".beads/config.yaml").read_text()
    assert "review" in held
    assert "no-push" in held


def test_settings_that_clash_are_left_to_the_user(ann, bob):
    ann.write(".beads/config.yaml", "issue-prefix: aaa\n")
    bob.write(".beads/config.yaml", "issue-prefix: bbb\n")
    bob.create("theirs")
    bob.sync()
    user = ann.write("code.py", "changed\n")
    found = ann.sync(code=1)
    assert (found["committed"], found["merged"], found["pushed"]) == (True, False, False)
    assert found["why"] == ".beads/config.yaml changed on both sides: nothing was merged"
    assert found["left"] == ["git merge origin/main"]
    assert ann.status() == [" M code.py"]
    assert user.read_text() == "changed\n"
    assert "theirs" not in ann.titles()


def test_a_changed_file_of_the_user_in_the_folder_is_not_overwritten(ann, bob):
    ann.commit({".beads/PRIME.md": b"old\n"})
    ann.git("push", "--quiet")
    bob.git("pull", "--quiet")
    bob.commit({".beads/PRIME.md": b"of bob\n"})
    bob.git("push", "--quiet")
    ann.write(".beads/PRIME.md", "of ann\n")
    ann.create("mine")
    head_before = ann.head("origin/main")
    found = ann.sync(code=1)
    assert (found["committed"], found["pushed"]) == (True, False)
    assert "PRIME.md" in found["why"]
    assert (ann.path / ".beads/PRIME.md").read_text() == "of ann\n"
    assert ann.status() == [" M .beads/PRIME.md"]
    assert ann.head("origin/main") != head_before
    ann.git("checkout", "--", ".beads/PRIME.md")
    assert ann.sync()["pushed"] is True
    assert (ann.path / ".beads/PRIME.md").read_text() == "of bob\n"


def test_when_the_branch_moves_under_a_merge_the_files_go_back(ann, bob, monkeypatch):
    bob.create("theirs")
    bob.sync()
    ann.sync("--no-pull", "--no-push")
    before = everything(ann)[0], ann.git("ls-files", "-s")

    def moved(repo, new, old, why):
        raise GitFailed(["update-ref"], "fatal: cannot lock ref 'HEAD': is at 1 but expected 2")

    monkeypatch.setattr(branches, "advance", moved)
    found = ann.sync(code=1)
    assert "cannot lock ref" in found["why"]
    assert (everything(ann)[0], ann.git("ls-files", "-s")) == before
    monkeypatch.undo()
    assert ann.sync()["pulled"] == 1


def test_histories_without_a_common_commit(ann, tmp_path):
    other = Repository(tmp_path / "other")
    other.commit({".beads/issues.jsonl": lines("x-1")})
    other.git("push", "--quiet", "--force", str(tmp_path / "remote"), "HEAD:main")
    ann.commit({".beads/issues.jsonl": lines("t-1", "t-2", "t-3", "t-4")})
    found = ann.sync("--all", code=1)
    assert "no history in common" in found["why"] or "unrelated histories" in found["why"]
    assert ann.status() == []


def test_merges_of_merges_are_merged_from_all_their_bases(ann, bob, remote):
    """A criss-cross: each has merged the other's branch, and both went on."""
    ann.create("a1")
    ann.sync("--no-pull", "--no-push")
    bob.create("b1")
    bob.sync("--no-pull", "--no-push")
    a1, b1 = ann.head(), bob.head()
    ann.git("fetch", "--quiet", str(bob.path), "main:refs/remotes/origin/other")
    bob.git("fetch", "--quiet", str(ann.path), "main:refs/remotes/origin/other")
    for one in (ann, bob):
        met = merged(one, one.head(), one.head("origin/other"))
        one.git("reset", "--quiet", "--hard", met)
    assert ann.head() != bob.head()
    ann.bd("update", "t-1", "--title", "of ann")
    bob.bd("update", "t-1", "--priority", "0")
    bob.bd("delete", "t-3", "--force")
    bob.sync()
    ann.sync("--no-push")
    assert set(ann.git("merge-base", "--all", "HEAD^1", "HEAD^2").split()) == {a1, b1}
    issue = ann.show("t-1")
    assert (issue["title"], issue["priority"]) == ("of ann", 0)
    assert {"a1", "b1"} <= ann.titles()
    assert len(ann.log.read_text().splitlines()) == 5


def merged(clone, ours: str, theirs: str) -> str:
    """The commit in which two are merged, as sync would make it."""
    from tracker.git.repository import Repository as Git

    repo = Git(str(clone.path), os.environ)
    met = TreeMerger(repo, [".beads"], ".beads/issues.jsonl").meet(ours, theirs)
    made = with_changes(repo, ours, met.changes)
    return branches.commit(repo, made, (ours, theirs), "merge", branches.Author())


def test_two_who_merge_each_other_get_the_same_files(ann, bob):
    for one in (ann, bob):
        one.create(f"of {one.name}")
        one.bd("update", "t-1", "--title", f"of {one.name}", "--notes", f"of {one.name}")
        one.bd("comments", "add", "t-2", f"of {one.name}")
        one.write(".beads/outcomes.jsonl", f'{{"id":"{one.name}"}}\n')
        one.sync("--no-pull", "--no-push")
    ann.git("fetch", "--quiet", str(bob.path), "main:refs/remotes/origin/other")
    one, two = ann.head(), ann.head("origin/other")
    found = {
        ann.git("rev-parse", merged(ann, *pair) + "^{tree}") for pair in ((one, two), (two, one))
    }
    assert len(found) == 1
    assert found.isdisjoint({ann.git("rev-parse", f"{rev}^{{tree}}") for rev in (one, two)})


def test_a_pull_and_an_unrelated_commit_take_nothing_back(ann, bob):
    """What Beads does there: its hooks write the old state of a database over the new file."""
    ann.bd("update", "t-2", "--add-label", "red", "--estimate", "30")
    ann.bd("dep", "add", "t-2", "t-3")
    ann.sync()
    bob.sync()
    assert bob.show("t-2")["labels"] == ["red"]  # bob's cache knows the old state
    ann.bd("close", "t-1", "--reason", "done at last")
    ann.bd("dep", "remove", "t-2", "t-3")
    ann.bd("update", "t-2", "--remove-label", "red", "--estimate", "99", "--due", "2030-01-01")
    ann.sync()
    bob.hook("pre-commit", f'"{BD}" sync --flush-only && git add .beads/issues.jsonl')
    bob.hook("post-merge", f'"{BD}" sync --import-only')
    bob.git("pull", "--quiet")
    bob.commit({"code.py": b"unrelated\n"})
    assert bob.git("show", "--name-only", "--format=").split() == ["code.py"]
    bob.git("push", "--quiet")
    ann.git("pull", "--quiet")
    for one in (ann, bob):
        issue = one.show("t-2")
        assert issue.get("labels", []) == []
        assert issue.get("dependencies", []) == []
        assert (issue["estimated_minutes"], issue["due_at"][:4]) == (99, "2030")
        assert one.show("t-1")["close_reason"] == "done at last"
        assert one.sync()["committed"] is False


# Other files' commits.


def test_commits_of_others_that_touch_more_are_left_to_the_user(ann, bob):
    bob.commit({"code.py": b"of bob\n"})
    bob.create("theirs")
    bob.sync("--all")
    ann.create("mine")
    before = ann.head("origin/main")
    found = ann.sync()
    assert (found["committed"], found["merged"], found["pushed"]) == (True, False, False)
    assert found["left"] == ["git merge origin/main", "git push"]
    assert ann.head("origin/main") == bob.head() != before  # it was fetched
    assert ann.titles().isdisjoint({"theirs"})
    said = ann.bd("sync", "--dry-run", "--json").json
    assert (said["ahead"], said["behind"], said["left"]) == (1, 2, found["left"])
    assert ann.sync("--all")["pushed"] is True
    assert {"mine", "theirs"} <= ann.titles()
    assert (ann.path / "code.py").read_text() == "of bob\n"


def test_commits_of_ones_own_that_touch_more_are_left_to_the_user(ann, remote):
    ann.commit({"secret.txt": b"password\n"})
    ann.git("rm", "--quiet", "secret.txt")
    ann.git("commit", "--quiet", "-m", "taken back")
    ann.create("mine")
    before = Repository.git(ann, "-C", str(remote), "rev-parse", "main")
    found = ann.sync()
    assert (found["committed"], found["pushed"], found["left"]) == (True, False, ["git push"])
    assert Repository.git(ann, "-C", str(remote), "rev-parse", "main") == before
    assert ann.bd("sync").out.splitlines()[1:] == [
        "Not pushed: commits touch other files than the tracker's (bd sync --all takes them along)",
        "Left to do:", "  git push",
    ]  # fmt: skip
    assert ann.sync("--all")["pushed"] is True


def test_a_merge_commit_counts_only_for_what_it_changed_itself(ann, bob):
    """Colleagues' code that came with a merge is theirs, and the upstream has it already."""
    bob.commit({"code.py": b"of bob\n"})
    bob.git("push", "--quiet")
    ann.create("mine")
    ann.sync("--no-pull", "--no-push")
    ann.git("pull", "--quiet", "--no-rebase", "--no-edit")
    assert len(ann.git("log", "-1", "--format=%P").split()) == 2
    assert ann.sync()["pushed"] is True


def test_what_a_merge_commit_changed_itself_counts(ann, bob):
    bob.create("theirs")
    bob.sync()
    ann.create("mine")
    ann.sync("--no-pull", "--no-push")
    ann.git("pull", "--quiet", "--no-rebase", "--no-commit", may_fail=True)
    ann.write("code.py", "slipped into the merge\n")
    ann.git("checkout", "--quiet", "--ours", ".beads", may_fail=True)
    ann.git("add", ".")
    ann.git("commit", "--quiet", "--no-edit")
    assert len(ann.git("log", "-1", "--format=%P").split()) == 2
    found = ann.sync()
    assert (found["pushed"], found["left"]) == (False, ["git push"])


def test_all_merges_as_git_does_with_the_users_changes_in_place(ann, bob):
    bob.commit({"code.py": b"of bob\n"})
    bob.git("push", "--quiet")
    ann.commit({"other.py": b"of ann\n"})
    ann.write("notes.txt", "not committed\n")
    ann.write("other.py", "changed\n")
    found = ann.sync("--all")
    assert (found["merged"], found["pulled"], found["pushed"]) == (True, 1, True)
    assert sorted(ann.status()) == [" M other.py", "?? notes.txt"]
    assert ann.git("log", "-1", "--format=%s").startswith("Merge remote-tracking branch")


def test_a_merge_that_conflicts_elsewhere_is_undone(ann, bob):
    bob.commit({"code.py": b"of bob\n", "more.py": b"of bob\n"})
    bob.create("theirs")
    bob.sync("--all")
    ann.commit({"code.py": b"of ann\n", "other.py": b"of ann\n"})
    ann.create("mine")
    ann.sync("--no-pull", "--no-push")
    ann.write("other.py", "not committed\n")
    ann.write("notes.txt", "not committed\n")
    before = everything(ann)
    found = ann.sync("--all", code=1)
    assert found["why"] == "code.py changed on both sides: nothing was merged"
    assert found["left"] == ["git merge origin/main"]
    assert found["pushed"] is False
    after = everything(ann)
    assert (after[0], after[2]) == (before[0], before[2])
    assert sorted(ann.status()) == [" M other.py", "?? notes.txt"]
    assert not (ann.path / ".git/MERGE_HEAD").exists()


def test_a_merge_that_git_does_not_begin_changes_nothing(ann, bob):
    bob.commit({"code.py": b"of bob\n"})
    bob.git("push", "--quiet")
    ann.create("mine")
    ann.write("code.py", "not committed\n")
    found = ann.sync("--all", code=1)
    assert (found["committed"], found["pushed"]) == (True, False)
    assert "overwritten by merge" in found["why"] or "local changes" in found["why"]
    assert ann.status() == [" M code.py"]


# Others are faster, and hooks.


def test_who_was_slower_merges_and_pushes_again(ann, bob):
    """The colleague pushes after we have fetched: from the hook of our own push."""
    ann.sync()
    bob.create("theirs")
    bob.sync("--no-pull", "--no-push")
    ann.hook("pre-push", f"[ -e .git/once ] || git -C {bob.path} push --quiet; touch .git/once")
    ann.create("mine")
    found = ann.sync()
    assert (found["retries"], found["merged"], found["pushed"]) == (1, True, True)
    assert ann.head() == ann.head("origin/main")
    assert {"mine", "theirs"} <= ann.titles()


def test_who_is_always_slower_gives_up_with_everything_committed(ann, bob, monkeypatch):
    monkeypatch.setattr(sync, "TRIES", 2)
    pushing = f"cd {bob.path} && unset GIT_DIR && git commit -q --allow-empty -m x && git push -q"
    ann.hook("pre-push", pushing)
    ann.create("mine")
    found = ann.sync(code=1)
    assert (found["committed"], found["pushed"], found["retries"]) == (True, False, 2)
    assert found["left"] == ["bd sync"]
    assert ann.status() == []
    (ann.path / ".git/hooks/pre-push").unlink()
    assert ann.sync()["pushed"] is True
    subjects = ann.git("log", "--format=%s", "origin/main").splitlines()
    assert subjects.count("x") == 3  # nothing was forced


def test_hooks_of_commits_do_not_run_and_the_one_of_pushes_does(ann):
    for name in ("pre-commit", "commit-msg", "prepare-commit-msg", "post-commit", "post-merge"):
        ann.hook(name, "touch .git/ran; exit 1")
    ann.create("new")
    assert ann.sync()["pushed"] is True
    assert not (ann.path / ".git/ran").exists()
    ann.hook("pre-push", "echo no; exit 1")
    ann.create("newer")
    found = ann.sync(code=1)
    assert (found["committed"], found["pushed"]) == (True, False)
    assert found["why"] == "git push was stopped: no"


def test_hooks_that_call_bd_do_not_lock_each_other(ann, bob):
    for name in ("pre-push", "post-merge", "pre-merge-commit"):
        ann.hook(name, f'"{BD}" sync && "{BD}" create "by {name}" >>.git/said 2>&1; true')
    bob.commit({"code.py": b"of bob\n"})
    bob.git("push", "--quiet")
    ann.create("mine")
    assert ann.sync("--all")["pushed"] is True
    assert "by pre-push" in ann.titles()
    subjects = ann.git("log", "--format=%s", "--first-parent").splitlines()
    assert subjects.count("bd sync: update issues") == 1


def test_what_is_written_while_the_remote_is_waited_for_is_pushed_too(ann, bob):
    bob.create("theirs")
    bob.sync()
    ann.hook("pre-push", f'[ -e .git/once ] || "{BD}" create meanwhile --actor x; touch .git/once')
    ann.create("mine")
    found = ann.sync()
    assert (found["pushed"], found["retries"]) == (True, 1)
    assert {"mine", "theirs", "meanwhile"} <= ann.titles()
    assert ann.status() == []
    bob.sync()
    assert bob.titles() == ann.titles()


def test_somebody_who_writes_all_the_time_is_not_waited_for(ann, bob):
    bob.create("theirs")
    bob.sync()
    ann.hook("pre-push", f'"{BD}" create meanwhile --actor x')
    ann.create("mine")
    found = ann.sync()
    assert (found["pushed"], found["retries"]) == (True, 1)
    assert ann.status() == [" M .beads/issues.jsonl"]
    assert ann.log.read_text().count("meanwhile") == 2
    assert ann.git("show", "origin/main:.beads/issues.jsonl").count("meanwhile") == 1


# What is asked, and what Beads' hooks call.


def test_the_state_is_told_without_changing_anything(ann, bob):
    bob.create("theirs")
    bob.sync()
    ann.git("fetch", "--quiet")
    ann.create("mine")
    before = tree(ann.path, {".local", "beads.db"})
    for words in (["--status"], ["--dry-run"], ["--check"]):
        found = ann.sync(*words)
        assert found["changed"] == [".beads/issues.jsonl"]
        assert (found["pending"], found["ahead"], found["behind"]) == (1, 0, 1)
        assert (found["branch"], found["upstream"], found["pushed"]) == (
            "main",
            "origin/main",
            False,
        )
        assert found["jsonl_path"] == str(ann.log)
        assert (found["mode"], found["conflicts"], found["left"]) == ("jsonl", 0, [])
    assert ann.bd("sync", "--status").out.splitlines() == [
        "Log: .beads/issues.jsonl",
        "To commit: .beads/issues.jsonl",
        "main: 0 commits to push, 1 commit to merge (origin/main, when it was last fetched)",
    ]
    assert tree(ann.path, {".local", "beads.db"}) == before


@pytest.mark.parametrize(
    "words",
    [["--flush-only"], ["--import-only"], ["--import"], ["--squash"], ["--merge"],
     ["--set-mode", "git-portable"], ["--resolve", "--theirs"]],
    ids=" ".join,
)  # fmt: skip
def test_what_has_no_meaning_here_does_nothing(ann, words):
    ann.create("mine")
    before = tree(ann.path)
    assert ann.bd("sync", *words).all == ""
    assert tree(ann.path) == before


def test_flags_of_older_programs_are_accepted(ann):
    ann.create("mine")
    found = ann.sync("--full", "--force", "--from-main", "--accept-rebase", "--no-git-history")
    assert (found["committed"], found["pushed"]) == (True, True)


def test_without_a_terminal_nothing_is_asked(ann, tmp_path):
    """Git would ask for a password; a program that runs us could not answer."""
    ask = tmp_path / "git-remote-asking"
    ask.write_text('#!/bin/sh\necho "$GIT_TERMINAL_PROMPT" >"$ASKED"\nexit 1\n')
    ask.chmod(0o755)
    ann.git("remote", "set-url", "origin", "asking::x")
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "ASKED": str(tmp_path / "asked")}
    env["GIT_TERMINAL_PROMPT"] = ""
    from tracker.cli import main

    own = {**os.environ, **env}
    del own["GIT_TERMINAL_PROMPT"]
    out, err = io.StringIO(), io.StringIO()
    assert main(["bd", "sync", "--json"], own, io.StringIO(), out, err, str(ann.path)) == 0
    assert json.loads(out.getvalue())["pushed"] is False
    assert (tmp_path / "asked").read_text() == "0\n"


def test_a_workspace_of_beads_is_merged_by_the_engine_too(ann, bob):
    """Its attributes name another driver, which is not ours and not there."""
    beads = b".beads/issues.jsonl merge=beads\n"
    ann.git("rm", "--quiet", ".beads/.gitattributes")
    ann.commit({".gitattributes": beads})
    ann.git("push", "--quiet")
    bob.git("pull", "--quiet")
    assert ATTRIBUTES not in (bob.path / ".gitattributes").read_bytes()
    bob.git("config", "merge.beads.driver", "false")
    ann.bd("update", "t-2", "--title", "of ann")
    ann.sync()
    bob.bd("update", "t-2", "--priority", "0")
    assert bob.sync()["pushed"] is True
    issue = bob.show("t-2")
    assert (issue["title"], issue["priority"]) == ("of ann", 0)


# Merges that git itself makes.


def both_edit_an_issue_and_code(ann, bob) -> None:
    bob.commit({"code.py": b"of bob\n"})
    bob.bd("update", "t-2", "--title", "of bob")
    bob.sync("--all")
    ann.commit({"other.py": b"of ann\n"})
    ann.bd("update", "t-2", "--priority", "0")


@pytest.mark.parametrize("attributes", [b"", b".beads/issues.jsonl merge=beads\n"])
def test_all_merges_the_log_with_our_driver_whatever_is_registered(ann, bob, attributes):
    if attributes:
        ann.git("rm", "--quiet", ".beads/.gitattributes")
        ann.commit({".gitattributes": attributes})
        ann.git("push", "--quiet")
        bob.git("pull", "--quiet")
        ann.git("config", "merge.beads.driver", "false")
    both_edit_an_issue_and_code(ann, bob)
    ann.git("config", "merge.tracker.driver", "false")
    found = ann.sync("--all")
    assert (found["merged"], found["pushed"]) == (True, True)
    issue = ann.show("t-2")
    assert (issue["title"], issue["priority"]) == ("of bob", 0)
    assert ann.status() == []


def test_where_the_driver_does_not_run_the_merge_is_undone(ann, bob, monkeypatch):
    both_edit_an_issue_and_code(ann, bob)
    ann.sync("--no-pull", "--no-push")
    before = everything(ann)
    monkeypatch.setattr("tracker.setup.merge_driver.command", lambda _: "false")
    found = ann.sync("--all", code=1)
    assert found["why"] == ".beads/issues.jsonl changed on both sides: nothing was merged"
    assert (found["pushed"], found["left"]) == (False, ["git merge origin/main"])
    after = everything(ann)
    assert (after[0], after[2]) == (before[0], before[2])
    monkeypatch.undo()
    assert ann.sync("--all")["pushed"] is True


def test_a_sync_registers_the_driver_for_merges_of_the_user(ann):
    ann.git("config", "user.name", "Ann")
    assert ann.git("config", "merge.tracker.driver", may_fail=True) == ""
    said = ann.bd("sync")
    assert "-P -m tracker merge-driver" in ann.git("config", "merge.tracker.driver")
    assert "git merges issues by record" in said.err
    assert ann.bd("sync").err == ""


# What was done before something stood in the way.


def merging(clone):
    (clone.path / ".git" / "MERGE_HEAD").write_text(clone.git("rev-parse", "HEAD"))
    return "a merge is under way", "git merge --continue, or git merge --abort"


def marked(clone):
    log = clone.path / ".beads" / "issues.jsonl"
    log.write_bytes(b"<<<<<<< ours\n" + log.read_bytes())
    return "issues.jsonl holds conflict markers", "bd resolve"


def locked(clone):
    from tracker.locks import hold_folder

    clone.held.enter_context(hold_folder(str(clone.path / ".beads")))
    return "another process has kept ", "bd sync"


@pytest.mark.parametrize("obstacle", [merging, marked, locked])
def test_a_commit_that_was_made_is_reported_whatever_comes_then(ann, monkeypatch, obstacle):
    from contextlib import ExitStack

    real, said = branches.fetch, []

    def fetch(*args, **more):
        real(*args, **more)
        said.append(obstacle(ann))

    ann.bd("create", "mine")
    with ExitStack() as ann.held, monkeypatch.context() as patch:
        patch.setattr(branches, "fetch", fetch)
        report = ann.sync("--lock-timeout", "0.2", code=1)
        again = ann.bd("sync", "--lock-timeout", "0.2", code=1)
    [(why, left)] = said
    assert report["commit"] == ann.head()
    assert (report["committed"], report["pushed"], report["left"]) == (True, False, [left])
    assert why in report["why"]
    assert "nothing was" not in report["why"]
    assert why in again.err
    assert "nothing was" in again.err
