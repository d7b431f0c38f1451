"""`--output FILE`: never over a file of the workspace, however it is spelled, and never in part."""

from __future__ import annotations

import errno
import os
import shutil
import stat

import pytest

from tests.support.bounded_commands import guarded
from tracker import fileio

OUTPUTS = {
    "export": ("export", "--force", "-o"),
    "export as JSON": ("export", "--format", "json", "-o"),
    "export as tasks": ("export", "--format", "obsidian", "--output"),
    "memory export": ("memory", "export", "-o"),
    "memory export as JSON": ("memory", "export", "--format", "json", "-o"),
    "memory export as Markdown": ("memory", "export", "--format", "markdown", "-o"),
    "memory export as files": ("memory", "export", "--format", "markdown", "-o"),
    "graph": ("graph", "-o"),
    "graph as a picture": ("graph", "--svg", "-o"),
    "stats": ("stats", "--svg", "-o"),
    "setup codex": ("setup", "codex", "--output"),
    "setup claude": ("setup", "claude", "-o"),
}
FILES = [name for name in OUTPUTS if "Markdown" not in name and "as files" not in name]
"""Markdown is also written into folders."""
PRINTED = [name for name in OUTPUTS if not name.startswith("setup") and "as files" not in name]


@pytest.fixture
def bd(bd):
    bd.write({"id": "t-1"}, {"id": "t-2"})
    bd("memory", "set", "api/limit", "60 requests a minute")
    bd("memory", "set", "mine/note", "mine alone", "--local")
    bd("create", "three")
    bd.clock = lambda: bd.now
    return bd


def held(bd):
    """Every file of the workspace and of git that a command has no business with."""
    folders = (bd.beads, bd.path / ".git")
    names = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    kept = [p for p in names if not p.name.startswith(("cache.", "memory.db", "beads.db"))
            and p.suffix not in {".lock", ".stamp"}]  # fmt: skip
    return {path: (path.read_bytes(), path.stat().st_ino) for path in kept}


def words(name, file):
    ending = "" if "as files" in name else ".md" if "Markdown" in name else ""
    return (*OUTPUTS[name], f"{file}{ending}")


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_file_is_written_where_the_user_says(bd, name):
    before = held(bd)
    (bd.path / "out").mkdir()
    bd(*words(name, "out/new"))
    made = [path for path in (bd.path / "out").rglob("*") if path.is_file()]
    assert len(made) == 1
    assert made[0].stat().st_size > 20
    again = made[0].read_bytes()
    made[0].chmod(0o640)
    made[0].write_bytes(again if name.startswith("setup") else b"")
    bd(*words(name, "out/new"))
    assert made[0].read_bytes() == again
    assert stat.S_IMODE(made[0].stat().st_mode) == 0o640
    assert held(bd) == before
    assert not [path for path in bd.path.rglob("*tmp*") if ".git" not in path.parts]


def _hard_link(bd):
    os.link(bd.beads / "memory.jsonl", bd.path / "hard")
    return "hard"


def _hard_link_to_settings_of_git(bd):
    os.link(bd.path / ".git/config", bd.path / "hard")
    return "hard"


def _link(to):
    def make(bd):
        (bd.path / "link").symlink_to(bd.path / to)
        return "link"

    return make


def _folder_link(bd):
    (bd.path / "docs").symlink_to(".beads")
    return "docs/memory.jsonl"


def _out(bd):
    (bd.path.parent / "precious").write_text("mine")
    (bd.path / "notes").symlink_to("../precious")
    return "notes"


def _pipe(bd):
    os.mkfifo(bd.path / "pipe")
    return "pipe"


def _folder(bd):
    (bd.path / "folder.md").mkdir()
    (bd.path / "folder.md" / "kept").touch()
    return "folder.md"


def _named(file):
    return lambda bd: file


OURS = {
    "the memories": _named(".beads/memory.jsonl"),
    "by detours": _named("src/../.beads/./../.beads/memory.jsonl"),
    "absolutely": lambda bd: str(bd.beads / "memory.jsonl"),
    "by a link": _link(".beads/memory.jsonl"),
    "by a hard link": _hard_link,
    "by a folder": _folder_link,
    "the settings": _named(".beads/config.yaml"),
    "private memories": _named(".beads/.local/memory.jsonl"),
    "the journal by a link": _link(".beads/.local/ops.jsonl"),
    "a new file among them": _named(".beads/new.jsonl"),
    "in other case": _named(".BEADS/memory.jsonl"),
    "the settings of git": _named(".git/config"),
    "the settings of git by a hard link": _hard_link_to_settings_of_git,
    "a hook": _link(".git/hooks/pre-commit"),
    "a device": _named("/dev/null"),
    "an error": _named("/dev/stderr"),
    "a pipe": _pipe,
    "a folder": _folder,
    "a link out of the work tree": _out,
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("target", OURS)
def test_what_is_not_the_users_to_name_is_left_alone(bd, name, target):
    (bd.path / "src").mkdir()
    file = OURS[target](bd)
    before = held(bd)
    (answer,) = guarded(bd, [(*OUTPUTS[name], file)])
    assert answer.code == 1, answer
    assert "nothing was written" in answer.err or "left as it is" in answer.err
    assert file in answer.err
    assert "Hint: " in answer.err
    assert held(bd) == before
    assert (
        not (bd.path.parent / "precious").exists()
        or (bd.path.parent / "precious").read_text() == "mine"
    )
    assert not (bd.path / ".BEADS").exists()


@pytest.mark.parametrize("folder", [".beads", ".beads/.local", "docs", ".git", "out"])
def test_files_of_memories_are_not_written_among_ours(bd, folder):
    bd("memory", "export", "--format", "markdown", "-o", "elsewhere")
    assert (bd.path / "elsewhere/api/limit.md").exists()
    (bd.path / "docs").symlink_to(".beads")
    (bd.path / "out").symlink_to("..")
    before = held(bd)
    answer = bd("memory", "export", "--format", "markdown", "-o", folder, code=1)
    assert folder in answer.err
    assert held(bd) == before
    assert not (bd.path.parent / "api").exists()


@pytest.mark.parametrize("name", PRINTED)
@pytest.mark.parametrize("stdout", ["-", "/dev/stdout"])
def test_the_standard_output_may_be_named(bd, name, stdout):
    assert bd(*OUTPUTS[name], stdout).out == bd(*OUTPUTS[name][:-1]).out != ""
    assert not (bd.path / "-").exists()


def test_a_recipe_has_no_standard_output(bd):
    assert "--print" in bd("setup", "codex", "--output", "-", code=2).err


@pytest.mark.parametrize("name", ["export", "memory export", "graph", "stats"])
def test_a_full_disk_leaves_the_file_as_it_was(bd, name, monkeypatch):
    bd(*OUTPUTS[name], "out")
    (bd.path / "out").write_text("as it was\n")

    def full(handle, data):
        os.write(handle, data[:1])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(fileio, "write", full)
    assert "No space left" in bd(*OUTPUTS[name], "out", code=1).err
    assert "No space left" in bd(*OUTPUTS[name], "new", code=1).err
    assert (bd.path / "out").read_text() == "as it was\n"
    assert sorted(path.name for path in bd.path.iterdir()) == [".beads", ".git", "out"]


@pytest.mark.parametrize("target", ["AGENTS.md", "CLAUDE.md"])
@pytest.mark.parametrize("ours", [".beads/memory.jsonl", ".git/config", ".beads/new"])
def test_a_document_that_leads_to_a_file_of_ours(bd, target, ours):
    recipe = "codex" if target == "AGENTS.md" else "claude"
    bd("setup", recipe)
    bd("setup", recipe, "--remove")
    (bd.path / target).symlink_to(ours)
    before = held(bd)
    assert target in bd("setup", recipe, code=1).err
    assert held(bd) == before


def test_a_workspace_behind_a_link_is_known_by_what_it_is(bd):
    shutil.move(bd.beads, bd.path / "issues")
    bd.beads.symlink_to("issues")
    bd("ready")
    bd("export", "-o", "out.jsonl")
    for name in ("issues/memory.jsonl", "issues/new", ".beads/memory.jsonl"):
        bd("memory", "export", "-o", name, code=1)
    assert b"api/limit" in (bd.path / "issues/memory.jsonl").read_bytes()


def test_in_a_folder_of_any_name_only_our_files_are_ours(bd, tmp_path):
    folder = tmp_path / "shared"
    folder.mkdir()
    (folder / "issues.jsonl").write_text(bd.line("s-1") + "\n")
    bd("--db", str(folder / "x.db"), "export", "-o", str(folder / "out.jsonl"))
    assert "s-1" in (folder / "out.jsonl").read_text()
    before = (folder / "issues.jsonl").read_bytes()
    for name in ("issues.jsonl", "x.db", "memory.jsonl", ".local/memory.jsonl"):
        bd("--db", str(folder / "x.db"), "memory", "export", "-o", str(folder / name), code=1)
    assert (folder / "issues.jsonl").read_bytes() == before


def test_a_merge_puts_its_result_into_a_log_and_nowhere_else(bd):
    for name in ("base", "ours", "theirs"):
        (bd.path / name).write_bytes(bd.file.read_bytes())
    three = ("base", "ours", "theirs")
    bd("merge-driver", "--output", ".beads/issues.jsonl", *three)
    bd("merge-driver", "--output", "merged", *three)
    before = held(bd)
    os.mkfifo(bd.path / "pipe")
    for name in (".beads/config.yaml", ".beads/.local/ops.missed", "pipe", "/dev/null", "."):
        (answer,) = guarded(bd, [("merge-driver", "--output", name, *three)])
        assert answer.code == 1, name
        (answer,) = guarded(bd, [("merge", name, *three)])
        assert answer.code == 2, name
    assert held(bd) == before
