"""How git is started: where, with which environment and which settings."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.support.repository import Repository
from tracker.checks.staged import Git
from tracker.git.process import Launch, ask


@pytest.fixture
def seen(tmp_path):
    """A program in the place of git that tells what it was started with."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "git"
    no_filters = 'case "$*" in *--get-regexp*) exit 1 ;; esac'
    program.write_text(f'#!/bin/sh\n{no_filters}\npwd\necho "$@"\nenv | sort\n')
    program.chmod(0o755)

    def start(at, *words, acts=False, hooked=False, **env):
        given = {"PATH": f"{folder}:/usr/bin:/bin", "HOME": str(tmp_path), **env}
        launch = Launch(str(at), given, acts, hooked)
        lines = launch.answer(*words).text.splitlines()
        return lines[0], lines[1], dict(line.partition("=")[::2] for line in lines[2:])

    return start


def test_it_stands_at_the_top_of_the_work_tree(repo, seen, tmp_path):
    deep = repo.path / ".beads/objects"
    deep.mkdir(parents=True)
    for folder in (repo.path, deep, deep.parent, repo.path / ".git"):
        assert seen(folder, "status")[0] == str(repo.path)
    repo.commit({"f": b""})
    repo.git("worktree", "add", "--quiet", str(tmp_path / "linked"))
    assert seen(tmp_path / "linked", "log")[0] == str(tmp_path / "linked")
    (tmp_path / "link").symlink_to(deep)
    assert seen(tmp_path / "link", "log")[0] == str(repo.path)


def test_outside_of_a_work_tree_only_settings_are_asked_for(tmp_path, seen):
    bare = tmp_path / "bare"
    subprocess.run(["git", "init", "--quiet", "--bare", str(bare)], check=True)
    for folder in (tmp_path, bare, bare / "refs", tmp_path / "nowhere"):
        assert seen(folder, "config", "--get", "user.name")[0] == "/"
        with pytest.raises(OSError, match="no work tree"):
            seen(folder, "log")
        assert ask(str(folder), os.environ, "rev-parse", "--is-bare-repository") is None


def test_the_environment_is_built(repo, seen):
    told = {"GIT_AUTHOR_NAME": "Ann", "GIT_COMMITTER_DATE": "1 +0000", "GIT_CONFIG_GLOBAL": "/g",
            "GIT_CONFIG_NOSYSTEM": "1", "GIT_EXEC_PATH": "/e"}  # fmt: skip
    names = (
        "GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY", "GIT_PREFIX", "GIT_CONFIG", "GIT_LITERAL_PATHSPECS",
        "GIT_EXTERNAL_DIFF", "GIT_TEMPLATE_DIR", "GIT_ATTR_SOURCE", "GIT_REPLACE_REF_BASE",
        "GIT_QUARANTINE_PATH", "GIT_SHALLOW_FILE", "GIT_GRAFT_FILE", "GIT_ANYTHING",
    )  # fmt: skip
    leaked = dict.fromkeys(names, "x")
    remote = {"GIT_SSH_COMMAND": "ssh -v", "GIT_ASKPASS": "/a", "GIT_SSL_NO_VERIFY": "1",
              "GIT_ALLOW_PROTOCOL": "file", "GIT_HTTP_USER_AGENT": "u"}  # fmt: skip
    plain = {"SSH_AUTH_SOCK": "/s", "HTTPS_PROXY": "p", "LANG": "de_DE.UTF-8", "LANGUAGE": "de"}
    given = {**told, **leaked, **remote, **plain, "GIT_PAGER": "p", "GIT_EDITOR": "e"}
    _, _, env = seen(repo.path, "log", **given)
    assert told.items() <= env.items()
    assert env.pop("GIT_WORK_TREE") == str(repo.path)
    assert not leaked.keys() & env.keys()
    assert (env["SSH_AUTH_SOCK"], env["HTTPS_PROXY"], env["LANGUAGE"]) == ("/s", "p", "C")
    assert (env["GIT_PAGER"], env["GIT_EDITOR"]) == ("cat", ":")
    assert (env["GIT_ALLOW_PROTOCOL"], env["GIT_NO_LAZY_FETCH"]) == ("none", "1")
    assert not {"GIT_SSH_COMMAND", "GIT_ASKPASS", "GIT_SSL_NO_VERIFY"} & env.keys()
    _, _, env = seen(repo.path, "fetch", acts=True, **given)
    assert {**told, **remote}.items() <= env.items()
    assert not leaked.keys() & env.keys()
    assert "GIT_NO_LAZY_FETCH" not in env


def test_relative_parts_of_the_path_are_left_out(repo, seen, tmp_path):
    path = f".:{tmp_path / 'bin'}::bin:../x:/usr/bin:"
    assert seen(repo.path, "log", PATH=path)[2]["PATH"] == f"{tmp_path / 'bin'}:/usr/bin"


def test_only_a_hook_believes_what_the_environment_says_of_the_place(repo, seen, tmp_path):
    other = Repository(tmp_path / "other")
    named = {"GIT_DIR": ".git", "GIT_INDEX_FILE": ".git/next-index", "GIT_PREFIX": "sub/"}
    at, _, env = seen(other.path, "diff", "--cached", hooked=True, **named)
    assert (at, env["GIT_DIR"]) == (str(other.path), f"{other.path}/.git")
    assert env["GIT_INDEX_FILE"] == f"{other.path}/.git/next-index"
    assert "GIT_PREFIX" not in env
    there = {"GIT_DIR": f"{other.path}/.git", "GIT_WORK_TREE": str(other.path)}
    assert seen(repo.path, "diff", "--cached", hooked=True, **there)[0] == str(other.path)
    assert seen(repo.path, "diff", "--cached", **there)[0] == str(repo.path)


def test_a_hook_of_a_repository_beside_its_work_tree_is_answered(tmp_path):
    """As those who keep the files of their home in a repository start git."""
    tree, folder = tmp_path / "tree", tmp_path / "dotfiles.git"
    (tree / ".beads").mkdir(parents=True)
    (tree / ".beads/issues.jsonl").write_text('{"id":"t-1"}\n')
    words = ["git", f"--git-dir={folder}", f"--work-tree={tree}"]
    subprocess.run(["git", "init", "--quiet", "--bare", str(folder)], check=True)
    subprocess.run([*words, "add", ".beads"], cwd=tree, check=True)
    env = {**os.environ, "GIT_DIR": str(folder), "GIT_WORK_TREE": str(tree)}
    names = ("ls-files", "-z", "--full-name")
    assert Git(str(tree), env).ask(*names) == b".beads/issues.jsonl\0"
    assert Git(str(tree), dict(os.environ)).ask(*names) is None


def test_it_is_asked_about_these_files_wherever_the_settings_say_that_they_are(repo, tmp_path):
    repo.commit({"f": b"one\n"})
    other = tmp_path / "elsewhere"
    other.mkdir()
    (other / "f").write_text("another\n")
    repo.git("config", "core.worktree", str(other))
    assert repo.git("status", "--porcelain") == " M f\n"
    said = ask(str(repo.path), os.environ, "status", "--porcelain")
    assert said is not None
    assert said.text == ""


def test_the_hooks_of_the_user_are_found(repo):
    repo.git("config", "core.hooksPath", "team")
    said = ask(str(repo.path), os.environ, "config", "--get", "core.hooksPath")
    assert said is not None
    assert said.text == "team\n"
    said = ask(str(repo.path), os.environ, "rev-parse", "--git-path", "hooks")
    assert said is not None
    assert said.text == "team\n"


def test_settings_of_the_environment_stay_but_do_not_win(repo, tmp_path):
    canary = tmp_path / "canary"
    (repo.path / "f").write_text("x")
    given = (("user.name", "Of the environment"), ("core.fsmonitor", f"touch {canary}; false"))
    count = {"GIT_CONFIG_COUNT": "2"}
    for number, (key, value) in enumerate(given):
        count |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    handed = {"GIT_CONFIG_PARAMETERS": " ".join(f"'{key}'='{value}'" for key, value in given)}
    for more in (count, handed):
        env = {**os.environ, **more}
        subprocess.run(["git", "status"], cwd=repo.path, env=env, capture_output=True, check=True)
        assert canary.exists()
        canary.unlink()
        said = ask(str(repo.path), env, "config", "--get", "user.name")
        assert said is not None
        assert said.text == "Of the environment\n"
        said = ask(str(repo.path), env, "status", "--porcelain")
        assert said is not None
        assert said.text == "?? f\n"
        assert not canary.exists()


def test_what_git_is_told_for_each_command(repo, seen):
    for words in ("log", "diff", "diff-tree", "diff-index"):
        flags = seen(repo.path, words, "HEAD")[1].partition(f" {words} ")[2]
        assert flags.startswith("--no-ext-diff --no-textconv --no-color")
        assert flags.endswith(" HEAD")
    asked = seen(repo.path, "rev-list", "HEAD")[1].split()
    assert {"--no-pager", "safe.bareRepository=explicit", "core.hooksPath=/dev/null"} <= {*asked}
    acting = seen(repo.path, "push", "--", "origin", acts=True)[1].split()
    assert {"core.fsmonitor=false", "protocol.ext.allow=never"} <= {*acting}
    assert "core.hooksPath=/dev/null" not in acting


def test_the_index_that_is_read_is_not_written(repo):
    """A look refreshes nothing: `post-index-change` would run, and another git would wait."""
    repo.commit({"f": b"one\n"})
    os.utime(repo.path / "f", (1, 1))
    before = (repo.path / ".git/index").read_bytes()
    said = ask(str(repo.path), os.environ, "status", "--porcelain")
    assert said is not None
    assert (said.text, (repo.path / ".git/index").read_bytes()) == ("", before)
    repo.git("status", "--porcelain")
    assert (repo.path / ".git/index").read_bytes() != before


def test_every_filter_that_settings_define_is_switched_off(repo):
    repo.git("config", "filter.one.clean", "touch ran; cat")
    repo.git("config", "filter.a.b.process", "touch ran")
    launch = Launch(str(repo.path), os.environ)
    (repo.path / "f").write_bytes(b"1")
    (repo.path / ".gitattributes").write_bytes(b"f filter=one\n")
    repo.git("-c", "filter.one.clean=", "add", "--all")
    (repo.path / "f").write_bytes(b"2")
    with launch.start(["status"], stdout=subprocess.PIPE) as process:
        process.communicate()
    assert not (repo.path / "ran").exists()
    for name in ("one", "a.b"):
        for off in ("clean=", "smudge=", "process=", "required=false"):
            assert f"filter.{name}.{off}" in process.args
    repo.git("status")
    assert (repo.path / "ran").exists()
