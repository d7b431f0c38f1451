"""`bd uninstall`: everything that was written is as it was before, byte for byte."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import sys

import pytest

from tests.support.hooked_repository import PROGRAMS, Clone, everything
from tests.support.scratch import BEADS_METADATA, bd, beads_database, lines, workspace
from tracker.setup import uninstall

OURS = [
    ".gitattributes", ".gitignore", "README.md", "config.yaml", "issues.jsonl", "memory.jsonl",
    "metadata.json", "outcomes.jsonl",
]  # fmt: skip


@pytest.fixture
def clone(repo):
    """A repository with a file, a hook and settings, and nothing of ours."""
    repo.commit({"file": b"one\n", ".gitattributes": b"*.png binary\n"})
    made = Clone.__new__(Clone)
    made.repo, made.path, made.hooks = repo, repo.path, repo.path / ".git/hooks"
    made.foreign("pre-commit", "exit 0")
    return made


def snapshot(root):
    """Bytes and mode of every file but objects, the time of hooks, and every folder."""
    found = {}
    for at, folders, names in os.walk(root):
        folders[:] = [one for one in folders if one not in {"objects", "logs"}]
        found[os.path.relpath(at, root)] = "a folder"
        for name in names:
            path = os.path.join(at, name)
            with open(path, "rb") as file:
                data = file.read()
            found[os.path.relpath(path, root)] = data, stat.S_IMODE(os.stat(path).st_mode)
    return found, everything(root / ".git/hooks")


def differences(before, after):
    """The names that are not the same in two snapshots."""
    one, two = before[0], after[0]
    hooks = [] if before[1] == after[1] else ["hooks"]
    return [*sorted(name for name in one.keys() | two.keys() if one.get(name) != two.get(name)),
            *hooks]  # fmt: skip


# All of it, and back.


@pytest.mark.parametrize("options", [[], ["--stealth"], ["--prefix", "shop"]])
def test_init_and_hooks_and_settings_leave_nothing_behind(clone, options):
    before = snapshot(clone.path)
    bd(clone.path, "init", *options)
    bd(clone.path, "hooks", "install")
    bd(clone.path, "setup", "git")
    bd(clone.path, "setup", "git", "--local-attributes")
    bd(clone.path, "ready")
    changed = differences(before, snapshot(clone.path))
    assert {".beads/issues.jsonl", ".git/config", ".git/hooks/post-merge", "hooks"} <= {*changed}
    assert (".git/info/exclude" in changed) == ("--stealth" in options)
    said = bd(clone.path, "uninstall")
    assert differences(before, snapshot(clone.path)) == []
    assert ".git/hooks/pre-commit put back\n" in said.out
    assert ".git/hooks/post-merge removed\n" in said.out
    assert "merge.tracker removed from the settings of git\n" in said.out
    assert ".beads/config.yaml removed\n" in said.out
    assert bd(clone.path, "uninstall").out == "There is nothing to take back.\n"


def test_twice_init_is_taken_back_as_well(clone):
    before = snapshot(clone.path)
    bd(clone.path, "init")
    (clone.path / ".beads/README.md").unlink()
    bd(clone.path, "init", "--stealth")
    (clone.path / ".beads/.gitignore").write_text("*.other\n")
    bd(clone.path, "init")
    said = bd(clone.path, "uninstall")
    assert ".beads/.gitignore stays: it has changed since bd init wrote it\n" in said.out
    assert differences(before, snapshot(clone.path)) == [".beads", ".beads/.gitignore"]


def test_a_dry_run_says_it_all_and_does_nothing(clone):
    bd(clone.path, "init")
    bd(clone.path, "hooks", "install")
    before = snapshot(clone.path)
    said = bd(clone.path, "uninstall", "--dry-run")
    assert differences(before, snapshot(clone.path)) == []
    first, *rest = said.out.splitlines()
    assert first == "This would be done:"
    assert bd(clone.path, "uninstall").out.splitlines() == rest


def test_the_answer_as_json(clone):
    bd(clone.path, "init", "--stealth")
    bd(clone.path, "hooks", "install")
    bd(clone.path, "setup", "git")
    bd(clone.path, "create", "one")
    said = bd(clone.path, "uninstall", "--json").json
    assert said["hooks"] == ["pre-commit", "post-merge", "post-checkout"]
    assert said["settings"] == ["merge.tracker.driver", "merge.tracker.name"]
    log = str(clone.path / ".beads/issues.jsonl")
    assert said["left"] == [{"path": log, "why": "it holds records"}]
    assert said["restored"] == [str(clone.path / ".git/info/exclude")]
    assert {os.path.basename(path) for path in said["removed"]} >= {"README.md", "beads.db"}
    assert not any(os.path.exists(path) for path in said["removed"])
    assert said["dry_run"] is False


# Records and what else people wrote.


def test_records_stay(clone):
    before = snapshot(clone.path)
    bd(clone.path, "init")
    bd(clone.path, "create", "one")
    bd(clone.path, "ready", "--json")
    bd(clone.path, "create", "two")
    bd(clone.path, "update", "--claim")
    memories = clone.path / ".beads/memory.jsonl"
    memories.write_bytes(b'{"key":"a/b","content":"x"}\n')
    log = (clone.path / ".beads/issues.jsonl").read_bytes()
    said = bd(clone.path, "uninstall")
    assert ".beads/issues.jsonl stays: it holds records\n" in said.out
    assert ".beads/memory.jsonl stays: it holds records\n" in said.out
    assert differences(before, snapshot(clone.path)) == [
        ".beads", ".beads/issues.jsonl", ".beads/memory.jsonl",
    ]  # fmt: skip
    assert (clone.path / ".beads/issues.jsonl").read_bytes() == log
    bd(clone.path, "init")
    assert len(bd(clone.path, "list", "--json").json) == 2


def test_records_that_never_leave_the_clone_stay_and_stay_ignored(clone):
    bd(clone.path, "init")
    (clone.path / ".beads/.local/memory.jsonl").write_bytes(b'{"key":"a/b","content":"x"}\n')
    (clone.path / ".beads/.local/empty.jsonl").write_bytes(b"")
    said = bd(clone.path, "uninstall")
    assert ".beads/.local/memory.jsonl stays: it holds records\n" in said.out
    assert sorted(path.name for path in (clone.path / ".beads/.local").iterdir()) == [
        ".gitignore", "memory.jsonl",
    ]  # fmt: skip
    assert clone.git("status", "--short").out == ""


def test_what_undo_knows_goes_and_that_is_said_before(clone):
    bd(clone.path, "init")
    assert "undo" not in bd(clone.path, "uninstall", "--dry-run").out
    bd(clone.path, "create", "one")
    said = bd(clone.path, "uninstall", "--dry-run").out
    assert re.search(
        r"\.beads/\.local removed \(\d files; bd undo forgets every write so far\)", said
    )
    assert bd(clone.path, "op", "log", "--json").json
    bd(clone.path, "uninstall")
    assert not (clone.path / ".beads/.local").exists()


def test_what_was_edited_since_stays(clone):
    bd(clone.path, "init")
    bd(clone.path, "config", "set", "status.custom", "review")
    (clone.path / ".beads/README.md").write_text("Ours now.\n")
    said = bd(clone.path, "uninstall")
    for name in ("config.yaml", "README.md"):
        assert f".beads/{name} stays: it has changed since bd init wrote it\n" in said.out
        assert (clone.path / ".beads" / name).exists()
    assert sorted(os.listdir(clone.path / ".beads")) == ["README.md", "config.yaml"]


def test_only_our_lines_leave_a_file_that_others_write_too(clone):
    exclude = clone.path / ".git/info/exclude"
    exclude.write_bytes(b"# mine\n*.o")
    bd(clone.path, "init", "--stealth")
    exclude.write_bytes(b"first\n" + exclude.read_bytes() + b"*.pyc\n")
    bd(clone.path, "uninstall")
    assert exclude.read_bytes() == b"first\n# mine\n*.o\n*.pyc\n"


def test_a_workspace_of_another_program_is_as_it_was(clone):
    beads = workspace(
        clone.path, lines("a-1"), metadata__json=BEADS_METADATA, config__yaml=b"no-db: true\n",
        __gitignore=b"*.db\r\nbd.sock\r\n", __gitattributes=b"*.jsonl -text",
    )  # fmt: skip
    beads_database(beads / "beads.db", "a-1")
    (beads / ".jsonl.lock").write_bytes(b"")
    before = snapshot(clone.path)
    bd(clone.path, "init")
    bd(clone.path, "hooks", "install")
    bd(clone.path, "list")
    assert len(differences(before, snapshot(clone.path))) > 5
    said = bd(clone.path, "uninstall")
    assert differences(before, snapshot(clone.path)) == []
    assert ".beads/.gitignore put back\n" in said.out
    assert ".beads stays: bd init did not write .jsonl.lock, beads.db, config.yaml" in said.out


def test_a_description_that_changed_since_keeps_what_was_added(clone):
    beads = workspace(clone.path, lines("a-1"), metadata__json=BEADS_METADATA)
    bd(clone.path, "init")
    changed = json.dumps({**json.loads((beads / "metadata.json").read_bytes()), "x": 1}).encode()
    (beads / "metadata.json").write_bytes(changed)
    said = bd(clone.path, "uninstall")
    assert ".beads/metadata.json stays: it has changed" in said.out
    assert (beads / "metadata.json").read_bytes() == changed


@pytest.mark.parametrize("note", [None, b"", b"{oops", b"[]", b'{"runs":[{"files":[{}]}]}'])
def test_without_our_note_only_what_is_surely_ours_goes(clone, note):
    bd(clone.path, "init")
    bd(clone.path, "hooks", "install")
    path = clone.path / ".beads/.local/init.json"
    path.unlink()
    if note is not None:
        path.write_bytes(note)
    said = bd(clone.path, "uninstall")
    assert f".beads stays: bd init did not write {', '.join(OURS)} in this clone\n" in said.out
    assert sorted(os.listdir(clone.path / ".beads")) == OURS
    assert sorted(clone.hooks.glob("*-tracker")) == []
    assert "merge.tracker" not in (clone.path / ".git/config").read_text()


def test_a_clone_of_it_keeps_what_came_with_the_repository(clone):
    bd(clone.path, "init")
    clone.git("add", "--all")
    clone.git("commit", "-qm", "workspace")
    clone.git("clone", "-q", ".", "../other")
    other = clone.path.parent / "other"
    before = clone.git("status", "--short", at=other)
    bd(other, "create", "one")
    bd(other, "undo")
    said = bd(other, "uninstall")
    assert "bd init did not write" in said.out
    assert clone.git("status", "--short", at=other) == before
    assert not (other / ".beads/.local").exists()
    assert not (other / ".beads/beads.db").exists()


def test_what_git_has_is_said(clone):
    bd(clone.path, "init")
    clone.git("add", "--all")
    clone.git("commit", "-qm", "workspace")
    said = bd(clone.path, "uninstall")
    assert f"Note: git has {len(OURS)} of the files that are gone" in said.err


# Where it is and what else is there.


def test_the_workspace_may_be_gone_already(clone):
    before = snapshot(clone.path)
    bd(clone.path, "init")
    bd(clone.path, "hooks", "install")
    bd(clone.path, "setup", "git")
    shutil.rmtree(clone.path / ".beads")
    bd(clone.path, "uninstall")
    assert differences(before, snapshot(clone.path)) == []


def test_without_git_the_folder_alone_goes(tmp_path):
    bd(tmp_path, "init")
    bd(tmp_path, "ready")
    said = bd(tmp_path, "uninstall")
    assert ".beads/README.md removed" in said.out
    assert list(tmp_path.iterdir()) == []
    assert "no git hooks" in bd(tmp_path, "uninstall", code=1).err


def test_a_linked_worktree(clone):
    clone.git("worktree", "add", "-q", "../linked")
    linked = clone.path.parent / "linked"
    before = snapshot(clone.path)
    bd(linked, "init", "--stealth")
    bd(linked, "hooks", "install")
    bd(linked, "create", "one")
    bd(linked, "update", "--claim")
    assert (clone.path / ".git/tracker/claims.json").exists()
    (linked / ".beads/issues.jsonl").write_bytes(b"")
    bd(linked, "uninstall")
    assert differences(before, snapshot(clone.path)) == []
    assert sorted(os.listdir(linked)) == [".git", ".gitattributes", "file"]


def test_what_cannot_be_written_leaves_everything(clone, monkeypatch):
    bd(clone.path, "init")
    bd(clone.path, "hooks", "install")
    before = snapshot(clone.path)
    real = os.rename

    def rename(old, new):
        if "post-merge" in str(old):
            raise OSError(30, "Read-only file system", str(old))
        real(old, new)

    monkeypatch.setattr(os, "rename", rename)
    said = bd(clone.path, "uninstall", code=1)
    assert "Read-only file system; nothing was changed" in said.err
    assert differences(before, snapshot(clone.path)) == []
    bd(clone.path, "uninstall", "--readonly", code=1)
    assert differences(before, snapshot(clone.path)) == []


def test_a_file_that_changes_meanwhile_is_left(clone, monkeypatch):
    from tracker.errors import Moved
    from tracker.workspace.discovery import find

    bd(clone.path, "init")
    plan = uninstall.planned(find(str(clone.path), {}))
    (clone.path / ".beads/README.md").write_text("mine\n")
    with pytest.raises(Moved, match="README"):
        uninstall.apply(plan)
    assert (clone.path / ".beads/README.md").read_text() == "mine\n"
    assert (clone.path / ".beads/.local/init.json").exists()


OWNERS = {
    "husky": {".husky/pre-commit": "exit 0\n"},
    "lefthook": {"lefthook.yml": "pre-push:\n"},
    "pre-commit": {".pre-commit-config.yaml": "repos: []\n"},
    "hooksPath": {"githooks/pre-commit": "#!/bin/sh\nexit 0\n"},
}


@pytest.mark.parametrize("owner", OWNERS)
def test_beside_a_program_that_owns_the_hooks(clone, owner):
    for name, text in OWNERS[owner].items():
        (clone.path / name).parent.mkdir(exist_ok=True)
        (clone.path / name).write_text(text)
    if owner == "hooksPath":
        clone.git("config", "core.hooksPath", "githooks")
    before = snapshot(clone.path)
    bd(clone.path, "init")
    bd(clone.path, "hooks", "install", code=1)
    bd(clone.path, "setup", "git")
    assert differences(before, snapshot(clone.path))
    bd(clone.path, "uninstall")
    assert differences(before, snapshot(clone.path)) == []


def test_hooks_of_others_run_before_during_and_after(clone):
    note = clone.path.parent / "note"
    clone.foreign("pre-commit", f"echo pre-commit >> {note}")
    clone.foreign("post-checkout", f"echo post-checkout >> {note}")

    def ran():
        note.write_text("")
        clone.stage(os.urandom(8), "file")
        clone.git("commit", "-qm", "file", PATH=f"{PROGRAMS}:{os.environ['PATH']}")
        clone.git("checkout", "-q", "-B", "other")
        return note.read_text().split()

    both = ["pre-commit", "post-checkout"]
    assert ran() == both
    bd(clone.path, "init")
    bd(clone.path, "hooks", "install")
    assert ran() == both
    bd(clone.path, "uninstall")
    assert ran() == both


def test_a_driver_for_all_repositories_is_left_and_said(clone, tmp_path, monkeypatch):
    settings = tmp_path / "settings"
    settings.write_text("")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    bd(clone.path, "init", "--skip-merge-driver")
    bd(clone.path, "setup", "git", "--global")
    assert sys.executable in settings.read_text()
    said = bd(clone.path, "uninstall")
    assert "bd setup git --global --remove" in said.err
    assert sys.executable in settings.read_text()


# The pieces.


@pytest.mark.parametrize(
    ("data", "added", "left"),
    [
        (b"a\nb\n", b"b\n", b"a\n"),
        (b"b\na\nb\n", b"b\n", b"b\na\n"),
        (b"a\nc\n", b"\nb\n", b"a\nc\n"),
        (b"x\r\nb\r\ny", b"b\n", b"x\r\ny"),
        (b"", b"b\n", b""),
        (b"a\n\nb\n", b"\nb\n", b"a\n\n"),
    ],
)
def test_lines_are_taken_out_wherever_they_are(data, added, left):
    assert uninstall.without(data, added) == left
