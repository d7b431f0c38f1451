"""The git hooks, in real repositories: what they say, what they let pass, whom they leave alone.

Where it matters whether Python was started at all, a script stands in for the interpreter.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time

import pytest

from tests.support.hooked_repository import (
    LOG,
    PROGRAMS,
    Clone,
    edge,
    everything,
    log,
    path_with,
    watch,
)
from tests.support.scratch import bd, line, lines, tree
from tracker.setup.git_hooks import NAMES, stub

MANY = [f"a-{number:02}" for number in range(50)]
CIRCLE = "they wait for each other: a-1 → a-2 → a-1"


@pytest.fixture
def clone(repo):
    return Clone(repo)


@pytest.fixture
def ours(clone):
    return clone.install()


@pytest.fixture
def watched(clone):
    return watch(clone)


# Before a commit.


def test_a_good_commit_passes_without_a_word(ours):
    ours.stage(lines("a-1", "a-2", "a-3", "a-4"))
    assert ours.git("commit", "-qm", "more").err == ""


def test_where_no_log_is_staged_python_is_not_started(watched):
    watched.stage(b"two\n", "file")
    watched.git("commit", "-qm", "file")
    assert watched.started() == []
    watched.stage(lines("a-1"))
    watched.git("commit", "-qm", "log")
    assert watched.started() == ["-P -m tracker hooks run --check pre-commit"]


REFUSED = [
    (log("<<<<<<< ours", line("a-1"), "=======", line("a-2"), ">>>>>>> theirs"),
     "conflict markers on line 1, 3, 5 (bd resolve)"),
    (lines("a-1", "a-2", "a-3") + b"{oops\n", "line 4: not JSON: a key is missing at column 2"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "why"), REFUSED)
def test_a_log_that_cannot_be_read_is_not_committed(ours, data, why):
    head = ours.git("rev-parse", "HEAD")
    ours.stage(data)
    said = ours.git("commit", "-qm", "bad", code=1)
    assert f"{LOG}: {why}" in said.err
    assert "--no-verify" in said.err
    assert ours.git("rev-parse", "HEAD") == head
    ours.git("commit", "-qm", "bad", "--no-verify")


def test_the_first_commit_is_looked_at_too(tmp_path, repo):
    first = Clone(repo)
    repo.git("update-ref", "-d", "HEAD")
    first.install()
    first.stage(lines("a-1") + b"{oops\n")
    assert "line 2: not JSON" in first.git("commit", "-qm", "bad", code=1).err
    first.stage(lines("a-1"))
    first.git("commit", "-qm", "good")


def test_what_was_bad_before_does_not_stop_anybody(clone):
    clone.stage(lines("a-1") + b"{oops\n")
    clone.git("commit", "-qm", "bad")
    clone.install().stage(b"{oops\n" + lines("a-1", "a-2"))
    assert clone.git("commit", "-qm", "more").err == ""


def test_a_log_that_lost_most_records_is_not_committed(clone):
    clone.stage(lines(*MANY))
    clone.git("commit", "-qm", "many")
    clone.install().stage(lines(*MANY[10:]))
    clone.git("commit", "-qm", "a fifth may go")
    clone.stage(b"")
    said = clone.git("commit", "-qm", "none", code=1)
    assert f"{LOG}: 40 of 40 records are gone (a-10, a-11, a-12, ...); BD_ALLOW_LOSS=1" in said.err
    clone.git("commit", "-qm", "none", code=1, BD_ALLOW_LOSS="0")
    said = clone.git("commit", "-qm", "none", BD_ALLOW_LOSS="1")
    assert "40 of 40 records are gone" in said.err
    assert "BD_ALLOW_LOSS=1 lets that pass" in said.err


def test_a_log_that_is_taken_out_of_git_has_lost_its_records(clone):
    clone.stage(lines(*MANY))
    clone.git("commit", "-qm", "many")
    clone.install().git("rm", "-q", "--cached", LOG)
    assert "50 of 50 records are gone" in clone.git("commit", "-qm", "none", code=1).err


def test_what_moves_to_the_archive_is_not_lost(clone):
    clone.stage(lines(*MANY))
    clone.git("commit", "-qm", "many")
    clone.install().write(lines(*MANY[:5]))
    clone.stage(lines(*MANY[5:]), ".beads/archive.jsonl")
    assert clone.git("commit", "-qm", "put away").err == ""


def test_nothing_counts_as_lost_during_a_merge(clone):
    clone.stage(lines(*MANY))
    clone.git("commit", "-qm", "many")
    clone.branch("none", b"")
    clone.branch("one", lines(*MANY).replace(b"Title of a-00", b"another"))
    clone.install().git("merge", "-q", "one")
    clone.git("merge", "-q", "none", code=1)
    clone.stage(lines("a-00"))
    assert clone.git("commit", "-qm", "merged").err == ""
    clone.stage(log("<<<<<<< ours", ">>>>>>> theirs"))
    assert "conflict markers" in clone.git("commit", "-qm", "bad", code=1).err


def test_what_is_looked_at_is_what_is_committed(ours):
    """`git commit FILE` has an index of its own, and leaves out what is staged otherwise."""
    ours.stage(b"{oops\n")
    ours.write(b"two\n", "file")
    assert ours.git("commit", "-qm", "file", "file").err == ""
    assert "not JSON" in ours.git("commit", "-qm", "log", LOG, code=1).err
    ours.write(lines("a-1"))
    assert ours.git("commit", "-qm", "log", LOG).err == ""
    ours.stage(lines("a-1") + b"{oops\n")
    ours.write(lines("a-1"))
    assert "line 2: not JSON" in ours.git("commit", "-qm", "log", code=1).err


def test_memories_and_other_folders_are_looked_at(ours):
    ours.stage(b'{"key":"a/b","content":"x"}\n', ".beads/memory.jsonl")
    ours.git("commit", "-qm", "memory")
    ours.stage(b'{"key":"a/b","content":"x"}\n{oops\n', ".beads/memory.jsonl")
    assert ".beads/memory.jsonl: line 2" in ours.git("commit", "-qm", "bad", code=1).err
    ours.git("checkout", "-q", "HEAD", "--", ".")
    (ours.path / "part").mkdir()
    ours.stage(b"{oops\n", "part/.beads/issues.jsonl")
    assert "part/.beads/issues.jsonl: line 1" in ours.git("commit", "-qm", "bad", code=1).err


def test_what_only_beads_keeps_there_is_not_ours(ours):
    ours.stage(b"{oops\n", ".beads/interactions.jsonl")
    ours.stage(b"{oops\n", "other.jsonl")
    assert ours.git("commit", "-qm", "theirs").err == ""


def test_a_program_that_takes_pathspecs_literally_is_no_way_around(ours):
    ours.stage(b"{oops\n")
    said = ours.git("--literal-pathspecs", "commit", "-qm", "bad", code=1)  # as Magit does
    assert "not JSON" in said.err
    assert "not JSON" in bd(
        ours.path, "hooks", "run", "--check", "pre-commit", code=1,
        env={"GIT_LITERAL_PATHSPECS": "1"},
    ).err  # fmt: skip


def test_a_commit_from_a_folder_below(ours):
    (ours.path / "below").mkdir()
    ours.stage(b"{oops\n")
    assert "not JSON" in ours.git("commit", "-qm", "bad", code=1, at=ours.path / "below").err
    assert (
        "not JSON" in bd(ours.path / "below", "hooks", "run", "--check", "pre-commit", code=1).err
    )


# After a merge or a checkout.


def test_a_merge_that_closes_a_circle_is_told_and_done(clone):
    clone.branch("one", log(edge("a-1", "a-2"), line("a-2"), line("a-3")))
    clone.git("checkout", "-q", "one")
    clone.write(log(edge("a-1", "a-2"), edge("a-2", "a-1"), line("a-3")))
    clone.git("commit", "-qam", "circle")
    clone.git("checkout", "-q", "main")
    clone.install()
    said = clone.git("merge", "-q", "one")
    assert "tracker: new since this merge:" in said.err
    assert f"{LOG}: {CIRCLE} (bd dep cycles)" in said.err
    clone.branch("more", log(edge("a-1", "a-2"), edge("a-2", "a-1"), line("a-3"), line("a-4")))
    assert clone.git("merge", "-q", "more").err == ""


def test_all_that_is_new_after_a_merge_is_told(clone):
    conflicted = {**json.loads(line("a-3")), "conflicts": [{"field": "/title", "value": "x"}]}
    clone.branch("one", log(
        line("a-1"), edge("a-2", "a-0", "parent-child"), json.dumps(conflicted), "{oops",
    ))  # fmt: skip
    said = clone.install().git("merge", "-q", "one")
    assert [text.strip().removeprefix(f"{LOG}: ") for text in said.err.splitlines()] == [
        "tracker: new since this merge:",
        "line 4: not JSON: a key is missing at column 2",
        "a-3: both branches changed title (bd show a-3)",
        "a-2: its parent a-0 is missing",
    ]


def test_a_good_merge_says_nothing(ours):
    ours.branch("one", lines("a-1", "a-2", "a-3", "a-4"))
    assert ours.git("merge", "-q", "--no-ff", "one").err == ""
    ours.branch("two", lines("a-1", "a-2", "a-3", "a-4", "a-5"))
    assert ours.git("merge", "-q", "--squash", "two").err == ""


def test_a_squash_is_looked_at_as_well(ours):
    ours.branch("one", lines("a-1", "a-2", "a-3") + b"{oops\n")
    assert "line 4: not JSON" in ours.git("merge", "-q", "--squash", "one").err


def test_a_branch_with_what_the_other_had_not_is_told(ours):
    ours.branch("one", log("<<<<<<< a", line("a-1"), "=======", line("a-2"), ">>>>>>> b"))
    said = ours.git("checkout", "-q", "one")
    assert "tracker: new since this checkout:" in said.err
    assert f"{LOG}: conflict markers on line 1, 3, 5 (bd resolve)" in said.err
    assert ours.git("checkout", "-q", "main").err == ""
    assert ours.git("checkout", "-q", "-b", "new").err == ""


def test_a_long_list_is_cut(ours):
    ours.branch("one", log(*(edge(f"a-{n:02}", "gone", "related") for n in range(30))))
    said = ours.git("checkout", "-q", "one").err.splitlines()
    assert len(said) == 12
    assert said[-1] == f"  {LOG}: and 20 more (bd doctor)"


def test_files_clones_and_worktrees_are_no_reason_to_start_python(watched):
    watched.branch("one", lines("a-1"))
    watched.git("checkout", "-q", "one", "--", LOG)
    watched.git("checkout", "-q", "HEAD", "--", LOG)
    watched.git("worktree", "add", "-q", "../linked", "one")
    template = watched.path.parent / "template"
    shutil.copytree(watched.hooks, template / "hooks")
    watched.git("clone", "-q", f"--template={template}", ".", "../clone")
    assert watched.started() == []
    watched.git("checkout", "-q", "one", "--ignore-other-worktrees")
    assert len(watched.started()) == 1


def test_a_checkout_that_touches_no_log_starts_no_python(watched):
    watched.git("checkout", "-q", "-b", "one")
    watched.stage(b"two\n", "file")
    watched.git("commit", "-qm", "file")
    watched.git("checkout", "-q", "main")
    watched.git("merge", "-q", "one")
    assert watched.started() == []


def test_git_is_done_even_if_the_look_fails(ours):
    ours.branch("one", lines("a-1") + b"{oops\n")
    blob = ours.git("rev-parse", f"one:{LOG}").out.strip()
    base = ours.git("rev-parse", f"main:{LOG}").out.strip()
    ours.git("checkout", "-q", "one")
    (ours.path / ".git/objects" / base[:2] / base[2:]).unlink()
    said = bd(ours.path, "hooks", "run", "--check", "post-checkout", "main", "one", "1")
    assert "the log was not looked at by post-checkout: git cannot read" in said.err
    assert blob not in said.err
    ours.write(lines("a-1"))
    ours.git("commit", "-qam", "log")


def test_a_pre_commit_that_cannot_look_lets_pass(ours):
    ours.stage(lines("a-1"))
    blob = ours.git("rev-parse", f"HEAD:{LOG}").out.strip()
    (ours.path / ".git/objects" / blob[:2] / blob[2:]).unlink()
    said = ours.git("commit", "-qm", "log")
    assert "Warning: the log was not looked at by pre-commit: git cannot read" in said.err


# Rebases, other work trees, other hooks within hooks.


def test_a_rebase_is_left_alone(watched):
    for number in range(3):
        watched.stage(lines("a-1", f"b-{number}"))
        watched.git("commit", "-qm", f"log {number}", "--no-verify")
    watched.branch("other", lines("c-1"), "HEAD~3")
    watched.git("checkout", "-q", "-b", "work")
    watched.git("rebase", "-q", "--exec", "git commit -q --amend --no-edit", "HEAD~2")
    assert watched.started() == []
    watched.git("rebase", "-q", "other", code=1)
    watched.stage(b"{oops\n")
    watched.git("commit", "-qm", "in the middle")
    assert watched.started() == []
    assert bd(watched.path, "hooks", "run", "--check", "pre-commit").all == ""
    watched.git("rebase", "--abort")


def test_hooks_are_shared_by_worktrees(clone):
    clone.git("worktree", "add", "-q", "../linked")
    linked = clone.path.parent / "linked"
    bd(linked, "hooks", "install")
    assert (clone.hooks / "pre-commit").exists()
    (linked / LOG).write_bytes(b"{oops\n")
    assert "not JSON" in clone.git("commit", "-qam", "bad", code=1, at=linked).err
    clone.git("reset", "-q", "--hard", at=linked)
    clone.git("rebase", "-q", "--exec", "false", "--root", code=1, at=linked)
    (linked / LOG).write_bytes(b"{oops\n")
    clone.git("commit", "-qam", "bad", at=linked)  # that worktree is within a rebase
    clone.stage(b"{oops\n")
    assert "not JSON" in clone.git("commit", "-qm", "bad", code=1).err  # and this one is not


def test_hooks_of_what_a_hook_starts_do_nothing(watched):
    watched.foreign("pre-commit.before-tracker", "echo theirs")
    watched.stage(lines("a-1"))
    said = watched.git("commit", "-qm", "log", TRACKER_HOOK="1")
    assert "theirs" in said.out + said.err
    assert watched.started() == []


# The program is gone, or another, or broken.


def without_interpreter(clone):
    for name in NAMES:
        (clone.hooks / name).write_bytes(stub(name, "/nowhere/python"))
        (clone.hooks / name).chmod(0o755)
    clone.stage(b"{oops\n")


@pytest.mark.parametrize("name", ["tracker", "bd"])
def test_a_moved_program_is_found_on_the_path(clone, tmp_path, name):
    without_interpreter(clone)
    path = path_with(tmp_path / "bin", **{name: f'exec "{PROGRAMS}/{name}" "$@"'})
    assert "not JSON" in clone.git("commit", "-qm", "bad", code=1, PATH=path).err


def test_without_the_program_one_line_is_said_and_the_commit_done(clone, tmp_path):
    without_interpreter(clone)
    said = clone.git("commit", "-qm", "bad", PATH=path_with(tmp_path / "bin"))
    assert said.err == (
        "tracker: the program is gone, so the log was not checked (see .git/hooks/pre-commit)\n"
    )


def test_other_programs_of_these_names_are_not_asked(clone, tmp_path):
    note = tmp_path / "called"
    path = path_with(
        tmp_path / "bin",
        tracker=f'[ "$1" = --version ] || touch {note}; echo Tracker 3.4.2; exit 1',
        bd=f'[ "$1" = --version ] || touch {note}; echo "bd version 0.49.6 (dev)"; exit 1',
    )
    without_interpreter(clone)
    assert "the program is gone" in clone.git("commit", "-qm", "bad", PATH=path).err
    assert not note.exists()


def test_an_interpreter_that_has_lost_the_program_is_passed_over(clone, tmp_path):
    script = tmp_path / "python"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "$@"\n')  # no site-packages
    script.chmod(0o755)
    (clone.hooks / "pre-commit").write_bytes(stub("pre-commit", str(script)))
    (clone.hooks / "pre-commit").chmod(0o755)
    clone.stage(b"{oops\n")
    path = path_with(tmp_path / "bin", tracker=f'exec "{PROGRAMS}/tracker" "$@"')
    assert "not JSON" in clone.git("commit", "-qm", "bad", code=1, PATH=path).err
    said = clone.git("commit", "-qm", "bad", PATH=path_with(tmp_path / "none"))
    assert "the program is gone" in said.err


@pytest.mark.parametrize("code", [1, 2, 3, 127, 130])
def test_a_program_that_breaks_stops_nobody(watched, code):
    script = watched.path.parent / "python"
    script.write_text(f'#!/bin/sh\n[ "$2" = -c ] || exit {code}\n')
    watched.stage(b"{oops\n")
    watched.git("commit", "-qm", "bad")
    script.write_text('#!/bin/sh\n[ "$2" = -c ] || exit 9\n')
    watched.stage(b"{worse\n")
    watched.git("commit", "-qm", "bad", code=1)


def test_a_git_that_does_not_answer_is_not_waited_for(ours, tmp_path, monkeypatch):
    monkeypatch.setattr("tracker.cli.hooks.hooks.SECONDS", 0.2)
    path = path_with(tmp_path / "bin")
    (tmp_path / "bin/git").unlink()
    (tmp_path / "bin/git").write_text(f"#!/bin/sh\nexec {shutil.which('sleep')} 30\n")
    (tmp_path / "bin/git").chmod(0o755)
    began = time.monotonic()
    said = bd(ours.path, "hooks", "run", "--check", "pre-commit", env={"PATH": path})
    assert "the log was not looked at by pre-commit: git rev-parse takes too long" in said.err
    assert time.monotonic() - began < 10


def test_nothing_that_a_repository_brings_is_run(ours):
    note = ours.path.parent / "run"
    evil = f"open({str(note)!r}, 'w').close()\n".encode()
    for name in ("tracker/__init__.py", "tracker/__main__.py", "click.py", "json.py", "site.py"):
        ours.write(evil, name)
    ours.stage(b"{oops\n")
    assert "not JSON" in ours.git("commit", "-qm", "bad", code=1).err
    assert not note.exists()


# Hooks that were there before.


def test_a_hook_that_was_there_runs_first_with_all_that_it_had(clone):
    note = clone.path.parent / "note"
    for name in NAMES:
        clone.foreign(name, f'echo "{name} $*" >> {note}', f"cat >> {note}")
    before = everything(clone.hooks)
    said = bd(clone.path, "hooks", "install")
    assert "the one that was there runs first, as pre-commit.before-tracker" in said.out
    assert bd(clone.path, "hooks", "install").out.startswith("✓ the hooks are in")
    clone.stage(b"{oops\n")
    clone.git("commit", "-qm", "bad", code=1)
    clone.stage(lines("a-1"))
    clone.git("commit", "-qm", "good")
    clone.branch("one", lines("a-1", "a-2"))
    clone.git("merge", "-q", "one")
    subprocess.run([".git/hooks/post-merge", "7", "8"], input="given", text=True, check=True,
                   cwd=clone.path)  # fmt: skip
    assert note.read_text() == "pre-commit \npre-commit \npost-merge 0\npost-merge 7 8\ngiven"
    bd(clone.path, "hooks", "uninstall")
    assert everything(clone.hooks) == before


@pytest.mark.parametrize("code", [1, 9, 77])
def test_its_exit_code_is_honoured(clone, code):
    for name in NAMES:
        clone.foreign(name, f"exit {code}")
    clone.install()
    clone.stage(b"two\n", "file")
    clone.git("commit", "-qm", "file", code=1)
    clone.git("commit", "-qm", "file", "--no-verify")
    clone.git("checkout", "-q", "-b", "new", code=1)
    for name in NAMES:
        done = subprocess.run([clone.hooks / name, "0"], cwd=clone.path, check=False)
        assert done.returncode == code


def test_one_that_refuses_ends_it_before_ours(watched):
    watched.foreign("pre-commit.before-tracker", "exit 1")
    watched.stage(b"{oops\n")
    watched.git("commit", "-qm", "bad", code=1)
    assert watched.started() == []


def test_one_that_git_does_not_run_is_not_run_by_ours(clone):
    path = clone.foreign("pre-commit", "exit 1", mode=0o640)
    before = everything(clone.hooks)
    clone.install().stage(b"two\n", "file")
    clone.git("commit", "-qm", "file")
    bd(clone.path, "hooks", "uninstall")
    assert everything(clone.hooks) == before
    assert not os.access(path, os.X_OK) or os.geteuid() == 0


def test_a_link_stays_a_link(clone):
    clone.write(b"#!/bin/sh\nexit 1\n", "shared-hook")
    (clone.path / "shared-hook").chmod(0o755)
    (clone.hooks / "pre-commit").symlink_to("../../shared-hook")
    before = everything(clone.hooks)
    clone.install().stage(b"two\n", "file")
    clone.git("commit", "-qm", "file", code=1)
    assert everything(clone.hooks) != before
    bd(clone.path, "hooks", "uninstall")
    assert everything(clone.hooks) == before


def test_hooks_of_beads_are_told_kept_and_start_nothing_in_a_circle(clone):
    for name in ("pre-commit", "post-merge"):
        clone.foreign(name, "# bd-shim v1", "bd sync --flush-only || exit 1",
                      f"bd hook {name} || exit 1", f'exec bd hooks run {name} "$@"')  # fmt: skip
    assert (
        "✗ pre-commit: not installed (there is one of Beads)" in bd(clone.path, "hooks", "list").out
    )
    (clone.hooks / "pre-commit.old").write_text("")
    said = bd(clone.path, "hooks", "install")
    assert "Note: pre-commit was written by Beads" in said.err
    assert f"Note: {clone.hooks}/pre-commit.old was run by Beads, and is not run" in said.err
    path = f"{PROGRAMS}:{os.environ['PATH']}"
    clone.stage(lines("a-1"))
    assert clone.git("commit", "-qm", "good", PATH=path).err == ""
    clone.stage(b"{oops\n")
    assert clone.git("commit", "-qm", "bad", code=1, PATH=path).err.count("not JSON") == 1


@pytest.mark.parametrize("name", [*NAMES, "pre-push", "prepare-commit-msg", ""])
def test_what_hooks_of_beads_call_does_nothing(ours, name):
    ours.stage(b"{oops\n")
    before = tree(ours.path)
    assert bd(ours.path, "hooks", "run", *filter(None, [name]), "1", "--flag").all == ""
    assert tree(ours.path) == before


def test_run_wants_a_hook_that_there_is(ours):
    assert bd(ours.path, "hooks", "run", "--check", "pre-commit").all == ""
    assert "pre-commit, post-merge" in bd(ours.path, "hooks", "run", "--check", "x", code=2).err


# What no hook says is said by the next read.


@pytest.fixture
def rebased(clone):
    """A clone whose log got a circle and a conflict by a rebase; the cache knew it before."""
    bd(clone.path, "ready")
    kept = {**json.loads(line("a-3")), "conflicts": [{"field": "/title", "value": "x"}]}
    clone.branch("other", log(edge("a-1", "a-2"), edge("a-2", "a-1"), json.dumps(kept)))
    clone.git("checkout", "-q", "-b", "work")
    clone.stage(b"two\n", "file")
    clone.git("commit", "-qm", "file")
    clone.install().git("rebase", "-q", "other")
    return clone


def test_the_next_read_tells_what_a_rebase_brought_and_only_that(rebased):
    said = bd(rebased.path, "list")
    assert f"Note: new in the log: {CIRCLE} (bd dep cycles)\n" in said.err
    assert "Note: new in the log: a-3: both branches changed title (bd show a-3)\n" in said.err
    assert bd(rebased.path, "list").err == ""


def test_programs_are_not_told_and_take_nothing_away(rebased):
    for words in (["list", "--json"], ["ready", "-q"], ["create", "x", "-q"]):
        assert bd(rebased.path, *words).err == ""
    assert CIRCLE in bd(rebased.path, "list").err


def test_what_was_not_told_is_kept_when_more_comes(rebased):
    bd(rebased.path, "list", "--json")
    path = rebased.path / LOG
    rows = path.read_text().splitlines()
    both = [{"field": "/title", "value": "x"}, {"field": "/notes", "value": "y"}]
    rows[2] = json.dumps({**json.loads(rows[2]), "conflicts": both})
    path.write_text("\n".join([*rows, ""]))
    said = bd(rebased.path, "list").err
    assert CIRCLE in said
    assert "a-3: both branches changed title (bd show a-3)" in said
    assert "a-3: both branches changed notes (bd show a-3)" in said


def test_what_cannot_be_forgotten_is_told_again(rebased, monkeypatch):
    bd(rebased.path, "list", "--json")
    monkeypatch.setattr("tracker.cache.issues.follow.hold", unheld)
    assert CIRCLE in bd(rebased.path, "list").err
    assert CIRCLE in bd(rebased.path, "list").err


def unheld(path, timeout):
    raise OSError(30, "Read-only file system", path)


def test_a_log_without_news_keeps_nothing(clone):
    from tracker.cache.issues.source import IssueSource
    from tracker.cache.refresh import open_cache

    bd(clone.path, "list")
    clone.stage(lines("a-1", "a-2", "a-3", "a-4"))
    assert bd(clone.path, "list").err == ""
    beads = clone.path / ".beads"
    source = IssueSource(
        str(beads / "issues.jsonl"), str(beads / "beads.db"), str(beads / ".local"), b"", 1
    )
    assert "news" not in open_cache(source).state
