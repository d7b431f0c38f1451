"""A forge, played by a bare repository whose own merges know no driver, and what mends its pull
requests: `.ci/forge`."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.docs.test_readme import blocks
from tests.support import repository as conftest
from tests.support.clones import Clone, bare, clone
from tests.support.repository import ROOT
from tracker.merge.three_way import three_way

SCRIPT = ROOT / ".ci/forge/merge-base"
ACTION = yaml.safe_load((ROOT / ".ci/forge/action.yml").read_text())
BIN = Path(sys.executable).parent
LOG = ".beads/issues.jsonl"


class Server(Clone):
    """Where pull requests are. What it merges it merges by lines."""

    def can_merge(self, branch: str, base: str = "main") -> bool:
        words = ["git", "-C", str(self.path), "merge-tree", "--write-tree", base, branch]
        return subprocess.run(words, capture_output=True, check=False).returncode == 0

    def at(self, rev: str) -> bytes:
        return self.git("show", f"{rev}:{LOG}").encode()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The server of every test, and a clone of it in which the script runs."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in conftest._IDENTITY.items():
            patch.setenv(name, value)
        server = Server(bare(tmp_path_factory.mktemp("made") / "server", "t-1", "t-5", "t-9"))
        server.git("config", "core.logAllRefUpdates", "always")
        server.git("clone", "--quiet", ".", str(server.path.with_name("runner")))
    return server


@pytest.fixture
def server(made, tmp_path):
    for name in ("server", "runner"):
        shutil.copytree(made.path.with_name(name), tmp_path / name)
    server = Server(tmp_path / "server")
    Server(tmp_path / "runner").git("remote", "set-url", "origin", str(server.path))
    return server


def opened(server: Server, name: str, change) -> Clone:
    """A pull request: a branch on the server, made by somebody with a clone."""
    person = clone(server.path, f"p-{abs(hash(name)) % 10_000}")
    person.git("switch", "--quiet", "--create", name)
    change(person)
    person.git("add", "--all")
    person.git("commit", "--quiet", "--message", f"work on {name}")
    person.git("push", "--quiet", "origin", f"HEAD:refs/heads/{name}")
    return person


def move_base(server: Server) -> None:
    """Somebody else's pull request was merged first."""
    ann = clone(server.path, "ann")
    ann.bd("update", "t-1", "--title", "Of main", "--add-label", "main")
    ann.bd("create", "From main", "--id", "t-2")
    ann.write("code.py", "main = 1\n")
    ann.git("commit", "--quiet", "--all", "--message", "main")
    ann.git("push", "--quiet", "origin", "HEAD:main")


def label(person: Clone) -> None:
    person.bd("update", "t-1", "--priority", "0", "--add-label", "side")
    person.bd("create", "From a pull request", "--id", "t-3")


def run(server: Server, *words: str, code: int = 0, stdin: str = "", **env: str) -> str:
    """The script in a fresh clone, as a forge runs it."""
    path = server.path.with_name("runner")
    Server(path).git("pull", "--quiet")
    done = subprocess.run(
        [SCRIPT, *words], cwd=path, input=stdin, capture_output=True, text=True, check=False,
        env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", **env},
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_conflicted_pull_request_can_be_merged_by_the_forge_afterwards(server):
    opened(server, "feature", label)
    base = server.head("main")
    move_base(server)
    assert not server.can_merge("feature")
    before = server.head("feature")
    said = run(server, "main", "feature")
    assert "merge-base: feature: merged, " in said
    assert server.can_merge("feature")
    assert server.git("rev-list", "--parents", "-1", "feature").split()[1:] == [
        before, server.head("main"),
    ]  # fmt: skip
    expected = three_way(server.at(base), server.at(before), server.at("main"))
    assert server.at("feature") == expected.data
    rows = {row["id"]: row for row in map(json.loads, server.at("feature").splitlines())}
    assert rows["t-1"]["labels"] == ["main", "side"]
    assert (rows["t-1"]["title"], rows["t-1"]["priority"]) == ("Of main", 0)
    assert rows.keys() >= {"t-2", "t-3"}
    again = run(server, "main", "feature")
    assert "feature: has all of main" in again
    assert len(server.git("reflog", "show", "feature").splitlines()) == 2


def test_what_the_forge_can_merge_is_left_alone_unless_all_is_asked_for(server):
    opened(server, "other", lambda person: person.write("new.py", "x = 1\n"))
    move_base(server)
    before = server.head("other")
    assert "other: merges by itself" in run(server, "main", "other")
    assert server.head("other") == before
    assert "other: would get " in run(server, "--all", "--dry-run", "main", "other")
    assert server.head("other") == before
    assert "other: merged, " in run(server, "--all", "main", "other")
    server.git("merge-base", "--is-ancestor", "main", "other")


def test_a_conflict_elsewhere_is_its_owners(server):
    def change(person):
        label(person)
        person.write("code.py", "side = 2\n")

    opened(server, "clash", change)
    opened(server, "fine", label)
    move_base(server)
    before = server.head("clash")
    said = run(server, "main", "clash", "fine")
    assert "clash: not merged: conflicts in code.py\n" in said
    assert "fine: merged, " in said
    assert server.head("clash") == before


def test_names_of_branches_are_only_names(server, tmp_path):
    odd = "x/$(touch${IFS}pwned);'\"&"
    opened(server, odd, label)
    move_base(server)
    said = run(server, "main", stdin=f"{odd}\nmain\nnot-there\n")
    assert f"{odd}: merged, " in said
    assert "not-there: there is no such branch" in said
    assert server.can_merge(odd)
    assert not list(tmp_path.rglob("pwned"))


def test_a_branch_that_moves_meanwhile_is_looked_at_again(server, tmp_path):
    person = opened(server, "busy", label)
    move_base(server)
    person.write("more.py", "more = 1\n")
    person.git("add", "--all")
    person.git("commit", "--quiet", "--message", "more")
    hook = server.path / "hooks/update"  # the first push finds that the person was faster
    hook.write_text(
        f"#!/bin/sh\n[ -e '{tmp_path}/once' ] && exit 0\ntouch '{tmp_path}/once'\n"
        f"git --git-dir='{person.path}/.git' push -q '{server.path}' HEAD:busy\nexit 1\n"
    )
    hook.chmod(0o755)
    said = run(server, "main", "busy")
    assert "busy: merged, " in said
    server.git("merge-base", "--is-ancestor", person.head(), "busy")
    assert server.can_merge("busy")


def test_a_push_that_is_refused_is_an_error(server):
    opened(server, "kept", label)
    move_base(server)
    hook = server.path / "hooks/update"
    hook.write_text("#!/bin/sh\necho this branch is protected\nexit 1\n")
    hook.chmod(0o755)
    said = run(server, "main", "kept", code=1)
    assert "kept: cannot be pushed: " in said
    assert "this branch is protected" in said


def test_workspaces_below_the_top(server):
    ann = clone(server.path, "zoe")
    (ann.path / "a b").mkdir()
    ann.git("mv", ".beads", "a b/.beads")
    ann.git("commit", "--quiet", "--message", "elsewhere")
    ann.git("push", "--quiet", "origin", "HEAD:main")

    def change(person, words):
        log = person.path / "a b"
        Clone(log, "ann").bd("update", "t-1", *words)

    opened(server, "feature", lambda one: change(one, ("--add-label", "side")))
    change(ann, ("--title", "Of main"))
    ann.git("commit", "--quiet", "--all", "--message", "main")
    ann.git("push", "--quiet", "origin", "HEAD:main")
    assert not server.can_merge("feature")
    assert "feature: merged, " in run(server, "main", "feature")
    assert server.can_merge("feature")


def test_without_a_workspace_there_is_nothing_to_merge(server):
    runner = Server(server.path.with_name("runner"))
    runner.git("rm", "--quiet", "-r", ".beads")
    assert "there is no .beads folder here" in run(server, "main", "x", code=2)


def test_beside_another_driver_that_the_repository_names(server):
    """The attributes of the runner's clone win over those that are committed."""
    ann = clone(server.path, "zoe")
    (ann.path / ".beads/.gitattributes").write_text("*.jsonl merge=beads\n")
    ann.git("commit", "--quiet", "--all", "--message", "Beads")
    ann.git("push", "--quiet", "origin", "HEAD:main")
    opened(server, "feature", label)
    move_base(server)
    assert "feature: merged, " in run(server, "main", "feature")
    assert server.can_merge("feature")


def test_wrong_usage(server):
    assert "which is the base branch?" in run(server, code=2)
    assert "unknown option --force" in run(server, "--force", "main", code=2)
    assert "origin has no branch nowhere" in run(server, "nowhere", "x", code=2)
    assert "--remote needs a name" in run(server, "--remote", code=2)
    assert run(server, "main", "main").startswith(("✓", "Wrote"))


def test_without_the_program_nothing_is_pushed(server):
    opened(server, "feature", label)
    move_base(server)
    before = server.head("feature")
    assert "cannot be registered" in run(server, "main", "feature", code=2, TRACKER="/nowhere")
    assert server.head("feature") == before


def test_its_help_is_its_first_comment():
    done = subprocess.run([SCRIPT, "--help"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Merge a base branch into others")
    assert "no push is forced" in done.stdout.replace("\n", " ")
    assert SCRIPT.stat().st_mode & stat.S_IXUSR


# The action.


def test_the_action_finds_the_project_and_runs_no_text_of_a_pull_request():
    assert (SCRIPT.parent / "../.." / "pyproject.toml").resolve() == ROOT / "pyproject.toml"
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]
    assert ACTION["runs"]["using"] == "composite"


def test_the_action_merges_what_the_forge_lists(server, tmp_path):
    opened(server, "feature", label)
    move_base(server)
    tools = tmp_path / "runner-temp/tracker/bin"
    tools.mkdir(parents=True)
    (tools / "tracker").symlink_to(BIN / "tracker")
    listed = [
        {"headRefName": "feature", "isCrossRepository": False},
        {"headRefName": "main", "isCrossRepository": True},  # a fork's branch of that name
    ]
    gh = tools / "gh"
    gh.write_text(
        f"#!{sys.executable}\nimport sys, json\nassert sys.argv[1:3] == ['pr', 'list']\n"
        "assert sys.argv[sys.argv.index('--base') + 1] == 'main'\n"
        "assert 'isCrossRepository | not' in sys.argv[sys.argv.index('--jq') + 1]\n"
        f"for one in {listed!r}:\n    if not one['isCrossRepository']: print(one['headRefName'])\n"
    )
    gh.chmod(0o755)
    step = ACTION["runs"]["steps"][1]
    assert step["env"].keys() == {"GH_TOKEN", "BASE", "ALL"}
    done = subprocess.run(
        ["bash", "-e", "-c", step["run"]], cwd=tmp_path / "runner", capture_output=True, text=True,
        check=False,
        env={
            **os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "BASE": "main", "ALL": "",
            "GITHUB_ACTION_PATH": str(SCRIPT.parent), "RUNNER_TEMP": str(tmp_path / "runner-temp"),
        },
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "feature: merged, " in done.stdout
    assert server.can_merge("feature")


# A status check.


def test_a_pull_request_is_checked_for_what_it_brings(server):
    person = opened(server, "feature", label)
    assert person.bd("check", "--against", "origin/main").out == "✓ nothing new is wrong\n"
    person.log.write_bytes(person.log.read_bytes() + b"<<<<<<< ours\n")
    person.git("commit", "--quiet", "--all", "--message", "damage")
    found = person.bd("check", "--against", "origin/main", "--json", code=1).json
    assert "conflict markers on line" in found["findings"][0]["why"]
    assert person.bd("check", "--staged").code == 0  # it is in HEAD already


def test_what_the_base_lost_is_not_held_against_it(server):
    person = opened(server, "feature", lambda one: one.write("new.py", "x = 1\n"))
    assert person.bd("check", "--against", "main").code == 0
    move_base(server)
    person.git("fetch", "--quiet")
    assert person.bd("check", "--against", "origin/main").code == 0


def test_a_revision_to_check_against_that_is_not_known(server, tmp_path):
    person = opened(server, "feature", label)
    assert "there is no revision" in person.bd("check", "--against", "nix", code=1).err
    path = tmp_path / "flat"
    server.git("clone", "--quiet", "--depth", "1", "--no-single-branch", f"file://{server.path}",
               str(path))  # fmt: skip
    flat = Clone(path)
    flat.git("switch", "--quiet", "feature")
    assert "git fetch --unshallow" in flat.bd("check", "--against", "origin/main", code=1).err


def test_the_workflows_of_the_page_are_whole():
    found = [yaml.safe_load(text) for text in blocks(ROOT / "docs/ci.md", "yaml")]
    assert len(found) >= 3
    text = (ROOT / "docs/ci.md").read_text()
    assert "fetch-depth: 0" in text
    assert ".ci/forge@" in text
