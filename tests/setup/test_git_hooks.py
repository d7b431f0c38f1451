"""The files of the git hooks: written, listed and taken away, and whose they are not."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.test_readme import blocks, run
from tests.support.hooked_repository import PROGRAMS, Clone, everything, path_with, state
from tests.support.scratch import bd, files, lines, tree
from tracker.setup import git_hooks
from tracker.setup.git_hooks import NAMES, stub

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def clone(repo):
    return Clone(repo)


@pytest.fixture
def ours(clone):
    return clone.install()


# The files.


@pytest.mark.parametrize("name", NAMES)
def test_the_files_of_the_project_are_what_is_installed(ours, name):
    file = ROOT / "hooks" / name
    assert file.read_bytes() == stub(name, "@PYTHON@")
    installed = (ours.hooks / name).read_bytes()
    assert installed == file.read_bytes().replace(b"@PYTHON@", sys.executable.encode())
    assert os.access(ours.hooks / name, os.X_OK)


@pytest.mark.parametrize("shell", [["dash", "-n"], ["bash", "--posix", "-n"], ["busybox", "sh"]])
@pytest.mark.parametrize("name", NAMES)
def test_every_shell_understands_them(tmp_path, shell, name):
    if shutil.which(shell[0]) is None:
        pytest.skip(f"{shell[0]} is not installed")
    file = tmp_path / name
    file.write_bytes(stub(name, "/a b/it's python"))
    done = subprocess.run(
        [*shell, file], input="", capture_output=True, text=True, check=False, cwd=tmp_path,
        env={**os.environ, "GIT_DIR": "/"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_what_the_page_shows_works(tmp_path):
    done = run("".join(blocks(ROOT / "docs/hooks.md", "sh")), tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("✓") == 3
    assert not (tmp_path / "hooked/.git/hooks/pre-commit").exists()


# In and out again.


def test_list_as_beads_prints_it(clone):
    rows = bd(clone.path, "hooks", "list", "--json").json["hooks"]
    assert rows == [
        {"Name": name, "Installed": False, "Version": "", "IsShim": False, "Outdated": False}
        for name in NAMES
    ]
    assert "  ✗ pre-commit: not installed\n" in bd(clone.path, "hooks", "list").out
    clone.foreign("post-merge")
    clone.install()
    rows = bd(clone.path, "hooks", "list", "--json").json["hooks"]
    assert rows == [
        {"Name": name, "Installed": True, "Version": "1", "IsShim": True, "Outdated": False}
        for name in NAMES
    ]
    said = bd(clone.path, "hooks", "list").out
    assert "  ✓ pre-commit: installed (version v1)\n" in said
    assert "  ✓ post-merge: installed (version v1), after post-merge.before-tracker\n" in said


def test_nothing_is_written_by_a_dry_run(clone):
    before = everything(clone.hooks)
    said = bd(clone.path, "hooks", "install", "--dry-run")
    assert said.out.count("would write") == 3
    assert everything(clone.hooks) == before
    clone.install()
    installed = everything(clone.hooks)
    said = bd(clone.path, "hooks", "uninstall", "--dry-run")
    assert said.out.startswith("This would be done:")
    assert everything(clone.hooks) == installed != before


def test_the_answers_as_json(clone):
    clone.foreign("post-merge")
    said = bd(clone.path, "hooks", "install", "--json").json
    assert said["installed"] == list(NAMES)
    assert said["chained"] == ["post-merge"]
    assert bd(clone.path, "hooks", "install", "--json").json["installed"] == []
    said = bd(clone.path, "hooks", "uninstall", "--json").json
    assert said == {"removed": list(NAMES), "left": [], "dry_run": False}
    assert bd(clone.path, "hooks", "uninstall").out.startswith("no hook of the tracker")


def test_older_ones_are_known_and_replaced(clone, monkeypatch):
    clone.foreign("pre-commit", "exit 0")
    before = everything(clone.hooks)
    old = clone.install().hooks / "pre-commit"
    text = old.read_bytes()
    monkeypatch.setattr(git_hooks, "VERSION", 2)
    said = bd(clone.path, "hooks", "list").out
    assert "✓ pre-commit: installed (version v1, outdated: bd hooks install), after" in said
    clone.install()
    assert old.read_bytes() == text.replace(b"tracker-hook 1 ", b"tracker-hook 2 ") != text
    monkeypatch.setattr(git_hooks, "VERSION", 1)  # and newer ones are left to newer programs
    assert bd(clone.path, "hooks", "install").out.startswith("✓ the hooks are in")
    assert b"tracker-hook 2 " in old.read_bytes()
    bd(clone.path, "hooks", "uninstall")
    assert everything(clone.hooks) == before


@pytest.mark.parametrize("how", ["python", "mode"])
def test_one_that_cannot_run_is_outdated_and_mended(ours, how):
    path = ours.hooks / "pre-commit"
    good = state(path)[:2]
    if how == "python":
        path.write_bytes(stub("pre-commit", "/nowhere/python"))
    else:
        path.chmod(0o644)
    if how == "mode" and os.access(path, os.X_OK):
        pytest.skip("here everything may be executed")
    rows = bd(ours.path, "hooks", "list", "--json").json["hooks"]
    assert [row["Outdated"] for row in rows] == [True, False, False]
    ours.install()
    assert state(path)[:2] == good


def test_one_that_was_edited_is_nobodys_to_remove(ours):
    path = ours.hooks / "pre-commit"
    path.write_bytes(path.read_bytes() + b"make lint\n")
    before = everything(ours.hooks)
    said = bd(ours.path, "hooks", "install", code=1)
    assert "was edited after it was installed; nothing was written" in said.err
    assert everything(ours.hooks) == before
    said = bd(ours.path, "hooks", "uninstall")
    assert "pre-commit is left alone: it was edited" in said.err
    assert everything(ours.hooks) == {
        name: held for name, held in before.items() if name not in {"post-merge", "post-checkout"}
    }


def test_a_program_that_took_the_place_of_ours_keeps_it(clone):
    clone.foreign("pre-commit", "echo first")
    clone.install().foreign("pre-commit", "echo second")
    before = everything(clone.hooks)
    said = bd(clone.path, "hooks", "install", code=1)
    assert "has replaced our hook, and" in said.err
    assert everything(clone.hooks) == before
    said = bd(clone.path, "hooks", "uninstall")
    assert "pre-commit.before-tracker is left alone: another program has put its own" in said.err
    kept = everything(clone.hooks)
    assert kept["pre-commit"] == before["pre-commit"]
    assert kept["pre-commit.before-tracker"] == before["pre-commit.before-tracker"]


def test_what_a_hand_removed_comes_back_right(clone):
    clone.foreign("pre-commit", "exit 0")
    before = everything(clone.hooks)
    (clone.install().hooks / "pre-commit").unlink()
    clone.install()
    assert (clone.hooks / "pre-commit").exists()
    (clone.hooks / "pre-commit").unlink()
    bd(clone.path, "hooks", "uninstall")
    assert everything(clone.hooks) == before


def test_a_folder_that_was_made_goes_again(clone):
    shutil.rmtree(clone.hooks)
    clone.install()
    assert (clone.hooks / "pre-commit").exists()
    bd(clone.path, "hooks", "uninstall")
    assert not clone.hooks.exists()
    clone.hooks.mkdir()
    clone.install()
    bd(clone.path, "hooks", "uninstall")
    assert clone.hooks.exists()


@pytest.mark.parametrize(("case", "calls"), [("install", 7), ("no folder", 7), ("uninstall", 4)])
def test_what_cannot_be_written_leaves_everything_as_it_was(clone, monkeypatch, case, calls):
    clone.foreign("pre-commit", "exit 0")
    if case == "uninstall":
        clone.install()
    elif case == "no folder":
        shutil.rmtree(clone.hooks)
    before = files(clone.path / ".git")
    word = "uninstall" if case == "uninstall" else "install"
    for number in range(calls):
        with monkeypatch.context() as patch:
            fail(patch, number)
            said = bd(clone.path, "hooks", word, code=1)
        assert "Read-only file system; nothing was changed" in said.err
        assert files(clone.path / ".git") == before
        assert clone.hooks.exists() == (case != "no folder")
    bd(clone.path, "hooks", word)
    assert files(clone.path / ".git") != before


def test_what_cannot_be_put_back_either_is_named(clone, monkeypatch):
    clone.foreign("pre-commit", "exit 0")
    real, renamed = os.rename, []

    def rename(old, new):
        renamed.append(new)
        if len(renamed) > 1:
            raise OSError(errno.EROFS, "Read-only file system")
        real(old, new)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", rename)
        said = bd(clone.path, "hooks", "install", code=1)
    assert f"Read-only file system; left as {renamed[0]}" in said.err
    assert os.path.exists(renamed[0])


def fail(patch, number):
    """Let one of the calls that make or name something in the folder of hooks fail."""
    count = iter(range(1000))
    opens = os.open

    def failing(real):
        def call(path, *args, **named):
            is_read = real is opens and not args[0] & os.O_CREAT
            if ".git/hooks" in str(path) and not is_read and next(count) == number:
                raise OSError(30, "Read-only file system", str(path))
            return real(path, *args, **named)

        return call

    for name in ("mkdir", "open", "rename"):
        patch.setattr(os, name, failing(getattr(os, name)))


def test_a_git_dir_that_is_no_folder_of_ours(clone):
    shutil.rmtree(clone.hooks)
    clone.hooks.write_text("")
    said = bd(clone.path, "hooks", "install", code=1)
    assert "cannot write into" in said.err
    assert clone.hooks.read_text() == ""


def test_a_folder_in_the_place_of_a_hook(clone):
    (clone.hooks / "post-merge").mkdir()
    before = sorted(clone.hooks.iterdir())
    said = bd(clone.path, "hooks", "install", code=1)
    assert "post-merge is a folder, where git expects a hook" in said.err
    assert sorted(clone.hooks.iterdir()) == before


def test_without_git_there_are_no_hooks(tmp_path):
    bd(tmp_path, "init", "-q")
    assert "no work tree of git" in bd(tmp_path, "hooks", "install", code=1).err


def test_a_bare_repository_has_no_workspace(tmp_path, repo):
    repo.git("init", "-q", "--bare", str(tmp_path / "bare"))
    before = tree(tmp_path / "bare")
    assert "without a work tree" in bd(tmp_path / "bare", "hooks", "install", code=1).err
    assert tree(tmp_path / "bare") == before


def test_the_hooks_go_even_where_the_workspace_is_gone(clone):
    before = everything(clone.hooks)
    shutil.rmtree(clone.install().path / ".beads")
    assert "no beads database found" in bd(clone.path, "hooks", "install", code=1).err
    assert "✓ pre-commit" in bd(clone.path, "hooks", "list").out
    bd(clone.path, "hooks", "uninstall")
    assert everything(clone.hooks) == before


@pytest.mark.parametrize("flag", ["--shared", "--beads"])
def test_hooks_are_never_put_where_others_would_run_them(clone, flag):
    before = tree(clone.path)
    assert "into this clone alone" in bd(clone.path, "hooks", "install", flag, code=1).err
    assert tree(clone.path) == before
    bd(clone.path, "hooks", "install", "--chain", "--force")


def test_nothing_is_written_in_read_only_mode(clone):
    before = everything(clone.hooks)
    bd(clone.path, "hooks", "install", "--readonly", code=1)
    assert everything(clone.hooks) == before


# Programs that own the hooks.


def husky(clone):
    clone.write(b"echo theirs\n", ".husky/pre-commit")


def lefthook(clone):
    clone.write(b"pre-push:\n  commands: {}\n", "lefthook.yml")


def pre_commit(clone):
    clone.write(b"repos:\n", ".pre-commit-config.yaml")


def hooks_path(clone):
    clone.write(b"#!/bin/sh\necho theirs\n", "githooks/pre-commit")
    (clone.path / "githooks/pre-commit").chmod(0o755)
    clone.git("config", "core.hooksPath", "githooks")


def hooks_link(clone):
    (clone.path / "githooks").mkdir()
    shutil.rmtree(clone.hooks)
    clone.hooks.symlink_to("../githooks")


OWNERS = {
    husky: "husky", lefthook: "lefthook", pre_commit: "pre-commit",
    hooks_path: "core.hooksPath = githooks", hooks_link: "the folder that ",
}  # fmt: skip


@pytest.mark.parametrize("owner", OWNERS)
def test_where_another_program_owns_the_hooks_nothing_is_written(clone, owner):
    owner(clone)
    before = tree(clone.path)
    said = bd(clone.path, "hooks", "install", code=1)
    assert f"The hooks of this repository belong to {OWNERS[owner]}" in said.out
    assert "nothing was written" in said.out
    for name in NAMES:
        assert f"tracker hooks run --check {name}" in said.out
    assert tree(clone.path) == before
    said = bd(clone.path, "hooks", "list")
    assert said.out.count("✗") == 3


@pytest.mark.parametrize("owner", OWNERS)
def test_the_snippet_is_what_list_looks_for(clone, owner):
    owner(clone)
    answer = bd(clone.path, "hooks", "install", "--json", code=1).json
    assert answer["installed"] == []
    assert answer["manager"].startswith(OWNERS[owner])
    for snippet in answer["snippets"]:
        path = clone.path / snippet["file"]
        path.write_text((path.read_text() if path.exists() else "#!/bin/sh\n") + snippet["text"])
    rows = bd(clone.path, "hooks", "list", "--json").json["hooks"]
    assert [row["Installed"] for row in rows] == [True, True, True]
    assert not any(row["IsShim"] for row in rows)
    assert bd(clone.path, "hooks", "install").out.startswith("✓ ")
    assert "take that out of" in bd(clone.path, "hooks", "uninstall").err


def test_the_snippet_for_scripts_works(clone):
    hooks_path(clone)
    for snippet in bd(clone.path, "hooks", "install", "--json", code=1).json["snippets"]:
        path = clone.path / snippet["file"]
        path.write_text((path.read_text() if path.exists() else "#!/bin/sh\n") + snippet["text"])
        path.chmod(0o755)
    path = f"{PROGRAMS}:{os.environ['PATH']}"
    clone.stage(b"{oops\n")
    said = clone.git("commit", "-qm", "bad", code=1, PATH=path)
    assert "theirs" in said.out + said.err
    assert "not JSON" in said.err
    assert (
        "not JSON" in clone.git("--literal-pathspecs", "commit", "-qm", "x", code=1, PATH=path).err
    )
    clone.stage(lines("a-1"))
    clone.git("commit", "-qm", "good", PATH=path)
    clone.branch("one", lines("a-1") + b"{oops\n")
    assert "new since this checkout" in clone.git("checkout", "-q", "one", PATH=path).err
    clone.git("checkout", "-q", "main", PATH=path)
    assert "new since this merge" in clone.git("merge", "-q", "one", PATH=path).err
    clone.stage(b"{worse\n")
    bare = path_with(clone.path.parent / "bin")
    assert "theirs" in "".join(clone.git("commit", "-qm", "without it", PATH=bare))


def test_a_path_that_names_the_usual_folder_is_no_owner(clone):
    clone.git("config", "core.hooksPath", str(clone.hooks))
    clone.install()
    assert (clone.hooks / "pre-commit").exists()
    assert bd(clone.path, "hooks", "list").out.count("✓") == 3


def test_ours_that_git_no_longer_looks_at_are_not_installed(ours):
    hooks_path(ours)
    assert bd(ours.path, "hooks", "list").out.count("✗ ") == 3
    bd(ours.path, "hooks", "uninstall")
    assert not (ours.hooks / "pre-commit").exists()
