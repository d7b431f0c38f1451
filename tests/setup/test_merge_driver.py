"""The merge driver as a program, and how git comes to know of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_terminal import Tty
from tests.support.branches import ATTRIBUTES, LOG, START, Work
from tests.support.repository import ROOT, Repository
from tests.support.scratch import bd, files, line, lines, tree, workspace
from tracker.cli import COMMANDS, main
from tracker.merge.three_way import three_way
from tracker.setup import merge_driver

BASE = lines("t-1", "t-2")
OURS = BASE.replace(b"Title of t-1", b"Ours") + lines("t-3")
THEIRS = BASE.replace(b"Title of t-1", b"Theirs").replace(
    b'"updated_at":"2026-01-01', b'"updated_at":"2026-01-09'
) + lines("t-4")


@pytest.fixture
def sides(tmp_path):
    """Three files in a folder that is no workspace."""
    folder = tmp_path / "sides"
    folder.mkdir()
    for name, data in (("base", BASE), ("ours", OURS), ("theirs", THEIRS)):
        (folder / name).write_bytes(data)
    return folder


# File in, file out.


def test_it_writes_ours_and_says_what_it_decided(sides):
    said = bd(sides, "merge-driver", "base", "ours", "theirs", "7", LOG)
    assert (sides / "ours").read_bytes() == three_way(BASE, OURS, THEIRS).data
    assert said.out == ""
    assert said.err == 'bd merge: t-1: title: kept "Theirs", not "Ours" (the newer edit)\n'
    assert sorted(os.listdir(sides)) == ["base", "ours", "theirs"]


def test_another_file_for_the_result(sides):
    (sides / "merged").write_bytes(b"conflict")
    bd(sides, "merge-driver", "--output", "merged", "base", "ours", "theirs")
    assert (sides / "merged").read_bytes() == three_way(BASE, OURS, THEIRS).data
    assert (sides / "ours").read_bytes() == OURS
    bd(sides, "merge-driver", "base", "ours", "theirs", "--output", "new")
    assert (sides / "new").read_bytes() == (sides / "merged").read_bytes()


def test_the_mode_stays(sides):
    (sides / "ours").chmod(0o750)
    bd(sides, "merge-driver", "base", "ours", "theirs")
    assert (sides / "ours").read_bytes() != OURS
    assert (sides / "ours").stat().st_mode & 0o777 == 0o750


def test_an_empty_base_and_an_empty_side(sides):
    (sides / "base").write_bytes(b"")
    bd(sides, "merge-driver", "base", "ours", "theirs")
    assert (sides / "ours").read_bytes() == three_way(b"", OURS, THEIRS).data
    for name in ("base", "ours"):
        (sides / name).write_bytes(b"")
    bd(sides, "merge-driver", "base", "ours", "theirs")
    assert (sides / "ours").read_bytes() == THEIRS


@pytest.mark.parametrize("broken", ["missing", "folder", "rubbish", "binary", "bug", "no room"])
def test_whatever_goes_wrong_ours_stays(sides, broken, monkeypatch):
    bd(sides, "merge-driver", "base", "ours", "theirs", "7", LOG)
    (sides / "ours").write_bytes(OURS)
    code = 1
    if broken == "missing":
        (sides / "theirs").unlink()
    elif broken == "folder":
        (sides / "theirs").unlink()
        (sides / "theirs").mkdir()
    elif broken == "rubbish":
        (sides / "theirs").write_bytes(b"# A text\n\nwith lines\n")
    elif broken == "binary":
        (sides / "theirs").write_bytes(START.decode().encode("utf-16"))
    elif broken == "bug":
        monkeypatch.setattr("tracker.merge.three_way.three_way", lambda *_: 1 // 0)
        code = 3
    else:
        monkeypatch.setattr(os, "replace", _no_room)
    said = bd(sides, "merge-driver", "base", "ours", "theirs", "7", LOG, code=code)
    assert said.err.startswith("Error: ")
    assert (sides / "ours").read_bytes() == OURS
    assert not [name for name in os.listdir(sides) if name.startswith(".")]


def _no_room(*_):
    raise OSError(28, "No space left on device")


def test_the_order_of_words_of_beads(sides):
    said = bd(sides, "merge", "out", "base", "ours", "theirs", "--debug")
    assert (sides / "out").read_bytes() == three_way(BASE, OURS, THEIRS).data
    assert "bd merge: t-1: title" in said.err
    before = (sides / "out").read_bytes()
    said = bd(sides, "merge", "out", "base", "ours", "nowhere", code=2)
    assert "cannot read" in said.err
    assert (sides / "out").read_bytes() == before


def test_it_looks_for_no_workspace_and_takes_no_lock(sides):
    env = {"BEADS_DIR": "/nowhere", "BEADS_DB": "/nowhere/x.db", "GIT_DIR": "/nowhere/.git",
           "BD_READONLY": "1"}  # fmt: skip
    bd(sides, "--readonly", "merge-driver", "base", "ours", "theirs", env=env)
    assert (sides / "ours").read_bytes() == three_way(BASE, OURS, THEIRS).data


def git_starts(sides, *words, code=0):
    """The program as git starts it."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "tracker", "merge-driver", *words],
        cwd=sides, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == code, done
    return done


def test_the_short_way_of_git_says_and_writes_the_same(sides):
    long = bd(sides, "merge-driver", "--output", "long", "base", "ours", "theirs", "7", LOG)
    done = git_starts(sides, "base", "ours", "theirs", "7", LOG)
    assert (sides / "ours").read_bytes() == (sides / "long").read_bytes()
    assert (done.stdout, done.stderr) == (long.out, long.err)
    (sides / "ours").write_bytes(OURS)
    git_starts(sides, "--output=other", "base", "ours", "theirs")
    assert (sides / "other").read_bytes() == (sides / "long").read_bytes()


def test_the_short_way_fails_like_the_long_one(sides):
    (sides / "theirs").write_bytes(b"no log\n")
    done = git_starts(sides, "base", "ours", "theirs", "7", LOG, code=1)
    assert "holds no records" in done.stderr
    assert (sides / "ours").read_bytes() == OURS
    assert "Usage" in git_starts(sides, "base", code=2).stderr


def test_memories_are_told_from_issues_by_the_path(sides):
    rows = [b'{"key":"a","content":"%s","pinned":%s}\n' % pair for pair in (
        (b"x", b"false"), (b"y", b"false"), (b"x", b"true"))]  # fmt: skip
    for name, data in zip(("base", "ours", "theirs"), rows, strict=True):
        (sides / name).write_bytes(data)
    git_starts(sides, "base", "ours", "theirs", "7", ".beads/memory.jsonl")
    assert (sides / "ours").read_bytes() == b'{"key":"a","content":"y","pinned":true}\n'


def test_it_loads_only_what_it_needs(sides):
    code = (
        "import sys; from tracker.__main__ import main\n"
        "sys.argv = ['bd', 'merge-driver', 'base', 'ours', 'theirs', '7', 'issues.jsonl']\n"
        "assert main() == 0\n"
        "print(' '.join(sys.modules))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=sides, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    loaded = set(said.stdout.split())
    assert "tracker.merge.three_way" in loaded
    assert not loaded & {
        "click", "git", "filelock", "yaml", "sqlite3", "subprocess", "tracker.cache.database",
        "tracker.store.store", "tracker.workspace.discovery", "tracker.workspace.workspace",
        "tempfile", "pathlib", "logging",
    }  # fmt: skip


# The command line for git.


def test_the_command_line():
    said = merge_driver.command("/usr/bin/python3")
    assert said == (
        "'/usr/bin/python3' -P -m tracker merge-driver %O %A %B %L %P"
        " || { git merge-file --marker-size=%L %A %O %B; exit 1; }"
    )


@pytest.mark.parametrize("path", ["/a b/python", "/it's/python", "/100%A/python", "/$x;`y`/python"])
def test_it_names_the_interpreter_whatever_it_is_called(path):
    assert merge_driver.interpreter(merge_driver.command(path)) == path
    assert "%A/" not in merge_driver.command(path).replace("%%A/", "")


@pytest.mark.parametrize("text", ["", "bd merge %A %O %A %B", "tracker merge-driver %O %A %B"])
def test_other_command_lines_are_not_ours(text):
    assert merge_driver.interpreter(text) == ""


# bd setup git.


@pytest.fixture
def ours(tmp_path):
    """A clone of a workspace that this program made, and whose git knows no driver."""
    work = Work(tmp_path / "work")
    work.git("config", "--remove-section", merge_driver.SECTION)
    return work


@pytest.fixture
def theirs(tmp_path):
    """A workspace of Beads."""
    repo = Repository(tmp_path / "theirs")
    workspace(repo.path, START)
    repo.commit({".gitattributes": b".beads/issues.jsonl merge=beads\n"})
    return repo


def test_it_registers_and_says_what_it_wrote(ours):
    before = (ours.path / ".git/config").read_bytes()
    assert "not registered" in ours.bd("setup", "git", "--check", code=1).out
    dry = ours.bd("setup", "git", "--dry-run")
    assert dry.out.startswith("Would write:")
    assert (ours.path / ".git/config").read_bytes() == before
    said = ours.bd("setup", "git")
    assert said.out.startswith("Wrote:\n  git config --local merge.tracker.name")
    assert ours.git("config", merge_driver.KEY).strip() == merge_driver.command(sys.executable)
    assert ours.status == ""
    assert ours.bd("setup", "git", "--check").out.startswith("✓ git merges the log by record")
    assert "already" in ours.bd("setup", "git").out


def test_it_is_taken_back_byte_for_byte(ours):
    before = files(ours.path, {".local"})
    ours.bd("setup", "git")
    assert files(ours.path, {".local"}) != before
    said = ours.bd("setup", "git", "--remove")
    assert said.out.startswith("Removed:")
    assert files(ours.path, {".local"}) == before
    assert "nothing of it is there" in ours.bd("setup", "git", "--remove").out


def test_what_was_taken_back_is_not_registered_by_the_next_write(ours):
    ours.bd("setup", "git")
    ours.bd("setup", "git", "--remove")
    said = ours.bd("create", "One")
    assert "by record" not in said.err
    assert not ours.git("config", merge_driver.KEY, may_fail=True)


def test_json(ours):
    said = ours.bd("setup", "git", "--json").json
    assert said["registered"]
    assert said["settings"] == ["merge.tracker.name", "merge.tracker.driver"]
    assert said["attributes"] == ""
    assert ours.bd("setup", "git", "--check", "--json").json["ok"]


def test_for_all_repositories_of_the_user(ours, tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    before = (ours.path / ".git/config").read_bytes()
    bd(tmp_path, "setup", "git", "--global")
    assert "merge-driver" in (tmp_path / "gitconfig").read_text()
    assert (ours.path / ".git/config").read_bytes() == before
    assert ours.bd("setup", "git", "--check").code == 0
    assert "by record" not in ours.bd("create", "One").err
    assert (ours.path / ".git/config").read_bytes() == before
    bd(tmp_path, "setup", "git", "--global", "--remove")
    assert "merge-driver" not in (tmp_path / "gitconfig").read_text()


def test_a_device_is_no_place_for_settings(ours, tmp_path):
    place = tmp_path / "gitconfig"
    ours.bd("setup", "git", "--global", env={"GIT_CONFIG_GLOBAL": str(place)})
    assert "merge-driver" in place.read_text()
    device = os.stat(os.devnull)
    said = ours.bd("setup", "git", "--global", code=1, env={"GIT_CONFIG_GLOBAL": os.devnull})
    assert "which is no file: nothing was written" in said.err
    assert os.stat(os.devnull).st_rdev == device.st_rdev != 0


def test_outside_of_git_there_is_nothing_to_set_up(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    workspace(tmp_path / "plain", START)
    assert "no work tree" in bd(tmp_path / "plain", "setup", "git", code=1).err


# Beside another program.


def test_a_workspace_of_another_program_gets_no_file(theirs):
    before = tree(theirs.path / ".beads")
    said = bd(theirs.path, "setup", "git")
    assert ".git/info/attributes" in said.out
    assert tree(theirs.path / ".beads") == before
    assert theirs.git("status", "--porcelain") == ""
    told = theirs.git("check-attr", "merge", "--", LOG, ".beads/memory.jsonl")
    assert told == f"{LOG}: merge: tracker\n.beads/memory.jsonl: merge: tracker\n"


def test_and_its_branches_are_merged_by_record(theirs):
    bd(theirs.path, "setup", "git")
    for branch, title in (("side", "Side"), ("main", "Main")):
        theirs.git("switch", "--quiet", *(["--create"] if branch == "side" else []), branch)
        name = "t-3" if branch == "side" else "t-2"
        data = START.replace(b"Title of t-1", title.encode()) + line(name).encode() + b"\n"
        theirs.commit({LOG: data})
    theirs.git("merge", "--quiet", "side")
    rows = [json.loads(text) for text in (theirs.path / LOG).read_text().splitlines()]
    assert {row["id"] for row in rows} == {"t-1", "t-2", "t-3", "t-5", "t-9"}
    assert rows[0]["conflicts"]


def test_what_stood_in_the_attributes_of_the_clone_stays(theirs):
    info = theirs.path / ".git/info/attributes"
    info.parent.mkdir(exist_ok=True)
    info.write_bytes(b"*.png binary")
    bd(theirs.path, "setup", "git")
    assert info.read_bytes().startswith(b"*.png binary\n/.beads/issues.jsonl merge=tracker\n")
    bd(theirs.path, "setup", "git", "--remove")
    assert info.read_bytes() == b"*.png binary\n"


def test_attributes_for_everybody_only_when_asked(theirs):
    said = bd(theirs.path, "setup", "git", "--commit-attributes")
    assert "Commit it: git add .beads/.gitattributes" in said.out
    assert (theirs.path / ".beads/.gitattributes").read_bytes().startswith(b"issues.jsonl ")
    assert not (theirs.path / ".git/info/attributes").exists()
    assert bd(theirs.path, "setup", "git", "--check").code == 0
    words = ("setup", "git", "--commit-attributes", "--local-attributes")
    assert "exclude each other" in bd(theirs.path, *words, code=2).err


def test_a_folder_with_a_difficult_name(tmp_path):
    repo = Repository(tmp_path / "repo")
    workspace(repo.path / 'a "b" [c] *', START)
    repo.commit({})
    bd(repo.path / 'a "b" [c] *', "setup", "git")
    told = repo.git("check-attr", "-z", "merge", "--", f'a "b" [c] */{LOG}')
    assert told.split("\0")[2] == "tracker"


# The first write.


def test_the_first_write_registers_the_driver_once(ours):
    said = ours.bd("create", "One")
    assert "git merges issues by record in this clone from now on" in said.err
    assert merge_driver.interpreter(ours.git("config", merge_driver.KEY)) == sys.executable
    assert ours.bd("create", "Two").err == ""


def test_a_write_registers_it_again_where_the_interpreter_is_gone(ours, tmp_path):
    ours.bd("setup", "git")
    assert ours.bd("create", "One").err == ""
    ours.register(str(tmp_path / "gone"))
    assert "by record" in ours.bd("create", "Two").err
    assert merge_driver.interpreter(ours.git("config", merge_driver.KEY)) == sys.executable
    ours.git("config", merge_driver.KEY, "another program %A %O %A %B")
    assert ours.bd("create", "Three").err == ""
    assert ours.git("config", merge_driver.KEY).startswith("another program")


def test_it_is_silent_in_json_and_a_read_registers_nothing(ours):
    ours.bd("list")
    assert not ours.git("config", merge_driver.KEY, may_fail=True)
    assert ours.bd("create", "One", "--json").err == ""
    assert ours.git("config", merge_driver.KEY)


def looking(folder, *words, **env):
    """What a person at a terminal is told beside the answer."""
    out, err = Tty(), Tty()
    env = {**os.environ, "BD_NO_PAGER": "1", "NO_COLOR": "1", **env}
    assert main(["bd", *words], env, Tty(), out, err, str(folder)) == 0
    return err.getvalue()


def test_who_only_looks_is_told_at_a_terminal(ours):
    note = "Note: git merges these files as text in this clone (bd setup git: by record)\n"
    for words in (["list"], ["ready"], ["blocked"], ["stats"]):
        assert looking(ours.path, *words) == note
        assert looking(ours.path, *words, "-q") == looking(ours.path, *words, "--json") == ""
        assert ours.bd(*words).err == ""
    assert looking(ours.path, "show", "t-1") == ""
    assert not ours.git("config", merge_driver.KEY, may_fail=True)


def test_nobody_is_told_where_git_knows_the_driver_or_need_not(ours, tmp_path):
    known = {"GIT_CONFIG_GLOBAL": str(tmp_path / "global")}
    ours.bd("setup", "git", "--global", env=known)
    assert (looking(ours.path, "list") != "", looking(ours.path, "list", **known)) == (True, "")
    config = ours.path / ".beads/config.yaml"
    config.write_text("issue-prefix: t\ndriver.register: false\n")
    assert looking(ours.path, "list") == ""
    config.write_text("issue-prefix: t\n")
    ours.bd("setup", "git")
    assert looking(ours.path, "list") == ""


def test_a_no_in_the_configuration_holds(ours):
    config = ours.path / ".beads/config.yaml"
    config.write_text("issue-prefix: t\ndriver.register: false\n")
    assert ours.bd("create", "One").err == ""
    assert not ours.git("config", merge_driver.KEY, may_fail=True)
    config.write_text("issue-prefix: t\n")
    ours.bd("create", "Two")
    assert ours.git("config", merge_driver.KEY)


def test_a_git_dir_that_cannot_be_written_stops_nothing(ours, monkeypatch):
    allowed = os.access
    common = str(ours.path / ".git")
    monkeypatch.setattr(os, "access", lambda path, *more: path != common and allowed(path, *more))
    assert ours.bd("create", "One").err == ""
    assert not ours.git("config", merge_driver.KEY, may_fail=True)
    monkeypatch.undo()
    (ours.path / ".git/config.lock").touch()  # it cannot be written although it looks so
    assert ours.bd("create", "Two").err == ""
    (ours.path / ".git/config.lock").unlink()
    assert "by record" in ours.bd("create", "Three").err


def test_a_workspace_of_another_program_is_not_registered_by_a_write(theirs):
    before = (theirs.path / ".git/config").read_bytes()
    assert "by record" not in bd(theirs.path, "create", "One").err
    assert (theirs.path / ".git/config").read_bytes() == before


def test_it_works_in_a_linked_worktree(ours, tmp_path):
    ours.git("worktree", "add", "--quiet", str(tmp_path / "linked"), "-b", "side")
    assert "by record" in bd(tmp_path / "linked", "create", "One").err
    assert ours.git("config", merge_driver.KEY)


# What the doctor says.


def check(folder, code=0):
    found = bd(folder, "doctor", "--json", "--check", "merge driver", code=code).json["checks"]
    return found[0]


def test_the_doctor_knows_whether_git_would_do_it(ours, tmp_path):
    assert check(ours.path, 1)["fix"] == "bd setup git"
    ours.bd("setup", "git")
    assert check(ours.path)["status"] == "ok"
    gone = tmp_path / "gone"
    ours.register(str(gone))
    assert "is not there any more" in check(ours.path, 1)["message"]
    venv = tmp_path / "venv"
    packages = venv / "lib/python3.11/site-packages/bd_tracker-0.1.0.dist-info"
    (venv / "bin").mkdir(parents=True)
    (venv / "pyvenv.cfg").write_text("home = /usr/bin\n")
    (venv / "bin/python").write_text(f"#!/bin/sh\ntouch {gone}\n")
    (venv / "bin/python").chmod(0o755)
    ours.register(str(venv / "bin/python"))
    assert "has no tracker any more" in check(ours.path, 1)["message"]
    packages.mkdir(parents=True)
    assert check(ours.path)["status"] == "ok"
    assert not gone.exists()  # it was not run to see that
    ours.bd("setup", "git")
    assert check(ours.path)["status"] == "ok"


def test_the_doctor_sees_attributes_that_are_overruled(ours):
    ours.bd("setup", "git")
    assert check(ours.path)["status"] == "ok"
    info = ours.path / ".git/info/attributes"
    info.parent.mkdir(exist_ok=True)
    info.write_text(f"{LOG} merge=beads\n")
    assert "merge=beads" in check(ours.path, 1)["message"]


def test_the_doctor_is_content_beside_another_program(theirs):
    bd(theirs.path, "setup", "git")
    found = bd(theirs.path, "doctor", "--json", code=1).json["checks"]
    state = {one["name"]: one["status"] for one in found}
    assert state["Merge driver"] == "ok"
    assert state["Attributes"] == "ok"


def test_uninstall_takes_all_of_it_back(theirs):
    before = files(theirs.path)
    bd(theirs.path, "setup", "git")
    assert files(theirs.path) != before
    bd(theirs.path, "uninstall")
    assert files(theirs.path) == before


def test_attributes_are_the_ones_of_init(tmp_path):
    bd(Repository(tmp_path / "new").path, "init")
    data = (tmp_path / "new/.beads/.gitattributes").read_bytes()
    assert data == ATTRIBUTES


def test_the_page_about_merging(theirs):
    """Its commands are run beside a workspace of another program, and leave nothing."""
    page = (ROOT / "docs/merging.md").read_text()
    first, last = re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    before = files(theirs.path, {".local"})
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = [
        subprocess.run(
            ["sh", "-euc", script], cwd=theirs.path, env={**os.environ, "PATH": path},
            capture_output=True, text=True, check=True,
        ).stdout
        for script in (first, last)
    ]  # fmt: skip
    assert "✓ git merges the log by record" in done[0]
    assert done[1].startswith("Removed:")
    assert files(theirs.path, {".local"}) == before
    known = {name for rows in COMMANDS.values() for name in rows}
    assert set(re.findall(r"`(?:bd|tracker) ([a-z-]+)", page)) <= known
