"""Finding the workspace: real folders, real git."""

from __future__ import annotations

import json
import os
import shlex
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tracker.errors import NotATracker, Refused
from tracker.git.discovery import git_of, in_index, tracked
from tracker.workspace import discovery
from tracker.workspace.discovery import APPLICATION_ID, find, prefix_from_folder
from tracker.workspace.folder import METADATA

GIT_ENV = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
}
IDENTITY = ("-c", "user.name=T", "-c", "user.email=t@example.com")
ALLOW_FILES = ("-c", "protocol.file.allow=always")


def git(folder, *args, given=""):
    done = subprocess.run(
        ["git", "-C", folder, *IDENTITY, *ALLOW_FILES, *args],
        input=given,
        env=GIT_ENV,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def repository(folder, *options):
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", *options)
    return folder


def beads(folder, *names):
    """A `.beads` in the folder that holds these files; issues.jsonl where none is named."""
    inside = folder / ".beads"
    inside.mkdir(parents=True, exist_ok=True)
    for name in names or ("issues.jsonl",):
        (inside / name).write_text("")
    return inside


def database(path, application_id=0):
    with sqlite3.connect(path) as connection:
        connection.execute("create table issues (id)")
        connection.execute(f"pragma application_id = {application_id}")
    connection.close()
    return path


def looked(cwd, env=None, **options):
    return find(str(cwd), env or {}, **options)


def refused(kind, cwd, env=None, **options):
    with pytest.raises(kind) as caught:
        looked(cwd, env, **options)
    assert caught.value.hint
    return caught.value


@pytest.fixture
def repo(tmp_path):
    root = repository(tmp_path / "repo")
    beads(root)
    return root


# The answer.


def test_a_place_in_a_repository(repo):
    place = looked(repo)
    inside = f"{repo}/.beads"
    assert place == (
        str(repo),
        inside,
        f"{inside}/issues.jsonl",
        f"{inside}/beads.db",
        str(repo),
        f"{repo}/.git",
        f"{repo}/.git",
        None,
        "sqlite",
        1,
        1,
    )


def test_a_place_without_git(tmp_path):
    beads(tmp_path / "plain")
    place = looked(tmp_path / "plain")
    assert place.root == f"{tmp_path}/plain"
    assert place[4:7] == (None, None, None)


def test_a_warm_find_makes_few_calls(repo, monkeypatch):
    (repo / ".beads/metadata.json").write_bytes(METADATA)
    database(repo / ".beads/beads.db", APPLICATION_ID)
    monkeypatch.chdir(repo)
    calls = []

    def counted(name):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *a, **k: (calls.append(name), real(*a, **k))[1])

    for name in ("getcwd", "lstat", "stat", "open", "read", "close", "scandir", "readlink"):
        counted(name)
    assert looked(repo).cache == f"{repo}/.beads/beads.db"
    assert sorted(calls) == sorted(
        ["getcwd", "lstat", "scandir", "lstat", *["open", "read", "close"] * 2]
    )


def test_finding_imports_nothing_slow(repo):
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from tracker.workspace.discovery import find;"
        "find(sys.argv[2], {});"
        "print(*{'pathlib', 'json', 'subprocess', 'dataclasses', 're'} & set(sys.modules))"
    )
    (repo / ".beads/metadata.json").write_bytes(METADATA)
    source = Path(discovery.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, source, repo],
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(done.stdout.split()) <= {"re"}  # typing itself brings re before Python 3.12


# The order of what names it.


def test_the_order_of_names(tmp_path):
    for name in ("cwd", "dir", "beads_dir", "beads_db", "db"):
        beads(tmp_path / name)
    env = {
        "BEADS_DB": f"{tmp_path}/beads_db/.beads/beads.db",
        "BEADS_DIR": f"{tmp_path}/beads_dir/.beads",
    }
    cwd = tmp_path / "cwd"

    def root(env, **options):
        return Path(looked(cwd, env, **options).root).name

    assert root({}) == "cwd"
    assert root({"BEADS_DIR": env["BEADS_DIR"]}) == "beads_dir"
    assert root(env) == "beads_db"
    assert root(env, directory="../dir") == "dir"
    assert root(env, db="../db/.beads/beads.db") == "db"
    assert root(env, db=".beads/beads.db", directory="../dir") == "dir"


def test_empty_names_are_no_names(repo):
    assert looked(repo, {"BEADS_DB": "", "BEADS_DIR": ""}, directory="", db="").root == str(repo)


def test_a_directory_may_be_a_link(repo, tmp_path):
    (tmp_path / "link").symlink_to(repo)
    assert looked(tmp_path, directory="link").root == str(repo)
    assert looked(tmp_path / "link").root == str(repo)


def test_a_directory_must_exist(repo, tmp_path):
    assert looked(tmp_path, directory="repo").root == str(repo)
    assert "no such folder" in str(refused(NotATracker, tmp_path, directory="nowhere"))


def test_a_vanished_cwd_is_an_error_of_ours(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    refused(NotATracker, gone)


@pytest.mark.parametrize("named", ["repo", "repo/.beads", "link"])
def test_beads_dir_is_the_folder_or_what_holds_it(repo, tmp_path, named):
    (tmp_path / "link").symlink_to(repo / ".beads")
    place = looked("/", {"BEADS_DIR": f"{tmp_path}/{named}"})
    assert (place.root, place.top) == (str(repo), str(repo))


def test_beads_dir_may_have_any_name(tmp_path):
    folder = tmp_path / "planning"
    folder.mkdir()
    (folder / "issues.jsonl").touch()
    place = looked("/", {"BEADS_DIR": str(folder)})
    assert (place.root, place.beads) == (str(folder), str(folder))
    (folder / "issues.jsonl").unlink()
    assert "holds no workspace" in str(refused(NotATracker, "/", {"BEADS_DIR": str(folder)}))
    assert "no such folder" in str(refused(NotATracker, "/", {"BEADS_DIR": f"{folder}/gone"}))


def test_what_is_named_may_be_reached_by_links(repo, tmp_path):
    other = repository(tmp_path / "other")
    (tmp_path / "log.jsonl").touch()
    inside = beads(other, "config.yaml")
    (inside / "issues.jsonl").symlink_to(tmp_path / "log.jsonl")
    (repo / "sub").mkdir()
    (repo / "sub/.beads").symlink_to(inside)
    for place in (
        looked(repo, {"BEADS_DIR": f"{repo}/sub/.beads"}),
        looked(repo, db="sub/.beads/beads.db"),
    ):
        assert (place.top, place.log) == (str(other), f"{tmp_path}/log.jsonl")


# A database by its path.


def test_a_database_anywhere_has_its_log_beside_it(tmp_path):
    (tmp_path / "metadata.json").write_text('{"jsonl_export": "mine.jsonl"}')
    (tmp_path / "dolt").mkdir()
    database(tmp_path / "another.db")
    place = looked("/", db=f"{tmp_path}/x.db")
    assert place.root == place.beads == str(tmp_path)
    assert place.log == f"{tmp_path}/issues.jsonl"
    assert place.cache == f"{tmp_path}/x.db"
    assert (place.foreign_db, place.backend) == (None, "sqlite")


def test_a_database_in_a_workspace_uses_its_metadata(repo):
    (repo / ".beads/metadata.json").write_text('{"jsonl_export": "beads.jsonl"}')
    place = looked("/", {"BEADS_DB": f"{repo}/.beads/x.db"})
    assert (place.root, place.top) == (str(repo), str(repo))
    assert place.log == f"{repo}/.beads/beads.jsonl"
    assert place.cache == f"{repo}/.beads/x.db"


def test_a_named_database_of_beads_is_left_alone(tmp_path):
    foreign = database(tmp_path / "x.db")
    place = looked("/", db=str(foreign))
    assert (place.cache, place.foreign_db) == (f"{tmp_path}/.local/cache.db", str(foreign))
    ours = database(tmp_path / "y", APPLICATION_ID)
    assert looked("/", db=str(ours)).cache == str(ours)


@pytest.mark.parametrize("name", ["notes.txt", "issues.jsonl", "new.jsonl", ".beads"])
def test_a_file_that_is_no_database_is_not_taken_for_one(tmp_path, name):
    beads(tmp_path)
    (tmp_path / "empty").touch()
    assert looked(tmp_path, db="empty").cache == f"{tmp_path}/empty"
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "issues.jsonl").write_text("{}")
    assert "not a database" in str(refused(Refused, tmp_path, db=name))


def test_the_folder_of_a_named_database_must_exist(tmp_path):
    assert looked("/", db=f"{tmp_path}/x.db").root == str(tmp_path)
    assert "--db names" in str(refused(NotATracker, "/", db=f"{tmp_path}/no/x.db"))


# Walking up.


def test_the_nearest_usable_folder_is_taken(repo):
    deep = repo / "a/b/c"
    deep.mkdir(parents=True)
    assert looked(deep).root == str(repo)
    beads(repo / "a")
    place = looked(deep)
    assert (place.root, place.top) == (f"{repo}/a", str(repo))


@pytest.mark.parametrize(
    "name", ["issues.jsonl", "beads.jsonl", "metadata.json", "config.yaml", "any.db", "redirect"]
)
def test_any_file_of_a_workspace_makes_it_usable(tmp_path, name):
    beads(tmp_path, name)
    assert looked(tmp_path).root == str(tmp_path)


def test_a_folder_without_a_workspace_is_passed_over(repo):
    beads(repo / "sub", "registry.json")
    (repo / "sub/deeper").mkdir()
    (repo / "sub/deeper/.beads").write_text("a file")
    assert looked(repo / "sub/deeper").root == str(repo)


def test_a_git_dir_that_cannot_be_read_ends_the_search(repo, monkeypatch):
    (repo / "sub").mkdir()
    real = os.lstat

    def lstat(path, **options):
        if str(path).endswith("/HEAD"):
            raise PermissionError(13, "Permission denied", path)
        return real(path, **options)

    assert looked(repo / "sub").top == str(repo)
    monkeypatch.setattr(os, "lstat", lstat)
    place = looked(repo / "sub")
    assert (place.top, place.git_dir) == (str(repo), f"{repo}/.git")


def test_a_forbidden_look_at_nothing_is_nothing(repo, monkeypatch):
    beads(repo / "sub")

    def scandir(path):
        raise PermissionError(13, "Permission denied", path)

    assert looked(repo / "sub").root == f"{repo}/sub"
    monkeypatch.setattr(os, "scandir", scandir)
    assert "cannot be read" in str(refused(Refused, repo / "sub"))
    (repo / "sub/.beads").rename(repo / "sub/gone")
    (repo / ".beads").rename(repo / "gone")
    refused(NotATracker, repo / "sub")


@pytest.mark.parametrize("inside", [".beads", ".beads/.local"])
def test_inside_the_folder_itself(repo, inside):
    (repo / inside).mkdir(exist_ok=True)
    assert looked(repo / inside).root == str(repo)


def test_a_nested_repository_is_not_the_outer_one(repo):
    inner = repository(repo / "inner")
    assert looked(repo).root == str(repo)
    error = refused(NotATracker, inner)
    assert f"{inner} is the top of its git work tree" in str(error)
    beads(inner)
    assert looked(inner).top == str(inner)


def test_a_submodule_is_not_the_outer_repository(repo, tmp_path):
    library = repository(tmp_path / "library")
    git(library, "commit", "-q", "--allow-empty", "-m", "x")
    git(repo, "submodule", "--quiet", "add", str(library), "sub")
    refused(NotATracker, repo / "sub")
    refused(NotATracker, repo / ".git/modules/sub")
    beads(repo / "sub")
    place = looked(repo / "sub")
    assert (place.top, place.git_dir) == (f"{repo}/sub", f"{repo}/.git/modules/sub")
    assert place.common_dir == place.git_dir


@pytest.mark.parametrize("text", ["gitdir: ../gone\n", "nonsense", ""])
def test_a_git_file_that_points_nowhere_still_ends_the_search(repo, text):
    (repo / "sub").mkdir()
    assert looked(repo / "sub").root == str(repo)
    (repo / "sub/.git").write_text(text)
    refused(NotATracker, repo / "sub")
    beads(repo / "sub")
    assert looked(repo / "sub")[4:7] == (f"{repo}/sub", None, None)


def test_a_folder_that_only_looks_like_a_git_dir_is_none(repo):
    (repo / "sub").mkdir()
    (repo / "sub/HEAD").write_text("ref: refs/heads/main")
    assert looked(repo / "sub").root == str(repo)
    (repo / "sub/commondir").write_text("../.git")
    (repo / "sub/gitdir").write_text("/elsewhere/.git")
    refused(NotATracker, repo / "sub")


def test_the_folder_may_be_a_repository_of_its_own(repo):
    inner = repository(repo / ".beads")
    for cwd in (repo, inner):
        place = looked(cwd)
        assert (place.root, place.top, place.git_dir) == (str(repo), str(inner), f"{inner}/.git")


def test_gits_environment_is_not_believed(repo, tmp_path, monkeypatch):
    other = repository(tmp_path / "other")
    monkeypatch.setenv("GIT_DIR", f"{other}/.git")
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    env = {"GIT_DIR": f"{other}/.git", "GIT_WORK_TREE": str(other)}
    assert looked(repo, env).top == str(repo)


# Home.


def test_home_is_not_taken_by_accident(tmp_path):
    beads(tmp_path)
    project = tmp_path / "project"
    project.mkdir()
    assert looked(project, {"HOME": "/elsewhere"}).root == str(tmp_path)
    home = {"HOME": str(tmp_path)}
    error = refused(NotATracker, project, home)
    assert f"{tmp_path}/.beads is in the home folder" in str(error)
    assert error.hint == f"bd -C {tmp_path} ..."
    assert looked(project, home, directory=str(tmp_path)).root == str(tmp_path)
    assert looked(project, home | {"BEADS_DIR": str(tmp_path)}).root == str(tmp_path)
    refused(NotATracker, tmp_path, home, directory="project")


def test_home_is_known_by_any_of_its_names(tmp_path):
    beads(tmp_path / "home")
    (tmp_path / "link").symlink_to("home")
    (tmp_path / "home/project").mkdir()
    refused(NotATracker, tmp_path / "home/project", {"HOME": f"{tmp_path}/link"})


@pytest.mark.parametrize("inside", [".", ".beads"])
def test_in_home_itself_there_must_be_issues(tmp_path, inside):
    home = {"HOME": str(tmp_path)}
    beads(tmp_path, "config.yaml")
    refused(NotATracker, tmp_path / inside, home)
    assert looked("/", home, directory=str(tmp_path / inside)).root == str(tmp_path)
    beads(tmp_path, "metadata.json")
    assert looked(tmp_path / inside, home).root == str(tmp_path)


def test_home_may_be_a_repository(tmp_path):
    beads(repository(tmp_path))
    (tmp_path / "project").mkdir()
    assert looked(tmp_path / "project", {"HOME": str(tmp_path)}).root == str(tmp_path)


# Git's folders.


def test_git_of_says_what_git_says(repo, tmp_path):
    git(repo, "commit", "-q", "--allow-empty", "-m", "x")
    git(repo, "worktree", "add", "-q", str(tmp_path / "tree"))
    (tmp_path / "apart").mkdir()
    git(tmp_path / "apart", "init", "-q", "--separate-git-dir", str(tmp_path / "elsewhere"))
    (repo / "deep/.git").mkdir(parents=True)  # without a HEAD it is no repository
    for folder in (repo, repo / "deep", tmp_path / "tree", tmp_path / "apart"):
        said = git(
            folder,
            *("rev-parse", "--path-format=absolute"),
            *("--show-toplevel", "--git-dir", "--git-common-dir"),
        )
        assert list(git_of(str(folder))) == said.splitlines()
    assert git_of("/") == (None, None, None)


@pytest.mark.parametrize("inside", [".git", ".git/hooks", ".git/refs/heads"])
def test_inside_the_git_dir(repo, inside):
    (repo / ".git/hooks").mkdir(exist_ok=True)
    place = looked(repo / inside)
    assert (place.root, place.git_dir) == (str(repo), f"{repo}/.git")


def test_inside_the_git_dir_of_a_worktree(repo, tmp_path):
    git(repo, "commit", "-q", "--allow-empty", "-m", "x")
    tree = tmp_path / "tree"
    git(repo, "worktree", "add", "-q", str(tree))
    beads(tree)
    git_dir = repo / ".git/worktrees/tree"
    place = looked(git_dir)
    assert (place.root, place.git_dir, place.common_dir) == (
        str(tree),
        str(git_dir),
        f"{repo}/.git",
    )
    (tree / ".git").write_text("gitdir: /elsewhere\n")  # it must agree
    refused(NotATracker, git_dir)


def test_a_bare_repository_has_no_workspace(repo):
    bare = repository(repo / "bare.git", "--bare")
    assert looked(repo).root == str(repo)
    for cwd in (bare, bare / "refs"):
        error = refused(NotATracker, cwd)
        assert "without a work tree" in str(error)
        assert error.hint == f"git -C {bare} worktree list"


# Linked worktrees.


def test_a_worktree_has_its_own_workspace(repo, tmp_path):
    git(repo, "add", ".")
    git(repo, "commit", "-q", "-m", "x")
    tree = tmp_path / "tree"
    git(repo, "worktree", "add", "-q", str(tree))
    place = looked(tree)
    assert (place.root, place.top, place.common_dir) == (str(tree), str(tree), f"{repo}/.git")


@pytest.mark.parametrize("where", ["../tree", "nested"])
def test_a_worktree_without_one_names_the_main_one(repo, where):
    git(repo, "commit", "-q", "--allow-empty", "-m", "x")
    git(repo, "worktree", "add", "-q", "-b", "tree", where)
    error = refused(NotATracker, (repo / where).resolve())
    assert f"the main worktree has {repo}/.beads" in str(error)
    assert error.hint == f"bd -C {repo} ..."
    assert looked(repo / where, directory=shlex.split(error.hint)[2]).root == str(repo)


def test_a_worktree_of_a_bare_repository(tmp_path):
    bare = repository(tmp_path / "bare.git", "--bare")
    source = repository(tmp_path / "source")
    git(source, "commit", "-q", "--allow-empty", "-m", "x")
    git(source, "push", "-q", str(bare), "HEAD:refs/heads/main")
    tree = tmp_path / "tree"
    git(bare, "worktree", "add", "-q", str(tree), "main")
    beads(tmp_path)  # beside the bare repository, but not of it
    error = refused(NotATracker, tree)
    assert ".beads" not in str(error)
    beads(tree)
    assert looked(tree).common_dir == str(bare)


# Redirects.


@pytest.fixture
def other(tmp_path):
    root = repository(tmp_path / "other")
    beads(root)
    return root


@pytest.mark.parametrize("form", ["{other}/.beads", "../other/.beads", "../../other/.beads\n\n"])
def test_an_untracked_redirect_is_followed(repo, other, form):
    assert looked(repo).root == str(repo)
    (repo / ".beads/redirect").write_text(form.format(other=other))
    place = looked(repo)
    assert (place.root, place.top, place.log) == (
        str(other),
        str(other),
        f"{other}/.beads/issues.jsonl",
    )
    assert looked("/", {"BEADS_DIR": f"{repo}/.beads"}).root == str(other)
    assert looked("/", db=f"{repo}/.beads/beads.db").root == str(repo)


def test_a_relative_redirect_is_tried_from_the_root_first(repo, tmp_path):
    for name in ("x", "repo/x"):
        beads(tmp_path / name)
    (repo / ".beads/redirect").write_text("x/.beads")
    assert looked(repo).root == f"{repo}/x"
    (repo / ".beads/redirect").write_text(".beads")
    beads(repo / ".beads")
    assert looked(repo).root == f"{repo}/.beads"  # not itself


def test_a_redirect_is_followed_once(repo, other, tmp_path):
    beads(tmp_path / "third")
    (repo / ".beads/redirect").write_text("../other/.beads")
    (other / ".beads/redirect").write_text("../third/.beads")
    assert looked(repo).root == str(other)
    assert looked(other).root == f"{tmp_path}/third"


def test_an_empty_redirect_is_none(repo):
    (repo / ".beads/redirect").write_text("\n")
    assert looked(repo).root == str(repo)


@pytest.mark.parametrize("target", ["../gone/.beads", "../other", ".beads", "a\0b", "x" * 5000])
def test_a_redirect_to_no_other_workspace_is_refused(repo, other, target):
    redirect = repo / ".beads/redirect"
    redirect.write_text("../other/.beads")
    assert looked(repo).root == str(other)
    redirect.write_text(target)
    if "\0" in target:
        assert looked(repo).root == str(repo)
        return
    error = refused(Refused, repo)
    assert str(redirect) in str(error)
    subprocess.run(error.hint, shell=True, check=True)
    assert looked(repo).root == str(repo)


@pytest.mark.parametrize("name", [".beads/redirect", ".Beads/Redirect"])
def test_a_tracked_redirect_is_refused(repo, other, name):
    redirect = repo / ".beads/redirect"
    redirect.write_text("../other/.beads")
    assert looked(repo).root == str(other)
    blob = git(repo, "hash-object", "-w", ".beads/redirect").strip()
    git(repo, "update-index", "--add", "--cacheinfo", f"100644,{blob},{name}")
    error = refused(Refused, repo)
    assert "tracked by git" in str(error)
    assert f"BEADS_DIR={other}/.beads " in error.hint
    redirect.write_text("nowhere")
    error = refused(Refused, repo)
    if name == ".beads/redirect":
        subprocess.run(error.hint, shell=True, check=True, env=GIT_ENV, capture_output=True)
        redirect.write_text("../other/.beads")
        assert looked(repo).root == str(other)


def test_a_redirect_beside_an_unreadable_index_is_refused(repo, other):
    (repo / ".beads/redirect").write_text("../other/.beads")
    git(repo, "add", ".beads/issues.jsonl")
    assert looked(repo).root == str(other)
    (repo / ".git/index").write_bytes(b"DIRC garbage")
    refused(Refused, repo)


def test_a_redirect_in_a_worktree_to_the_main_one(repo, tmp_path):
    git(repo, "add", ".")
    git(repo, "commit", "-q", "-m", "x")
    tree = tmp_path / "tree"
    git(repo, "worktree", "add", "-q", str(tree))
    (tree / ".beads/redirect").write_text("../repo/.beads")
    assert looked(tree).root == str(repo)
    git(tree, "add", "-f", ".beads/redirect")
    refused(Refused, tree)


# The index.


INDEXES = {
    "plain": (),
    "version 4": (("update-index", "--index-version", "4"),),
    "skip-worktree": (("update-index", "--skip-worktree", "a/b"),),
    "untracked cache": (("update-index", "--force-untracked-cache"), ("status",)),
    "end of entries": (("-c", "index.threads=4", "update-index", "--force-write-index"),),
    "cache tree": (("write-tree",),),
}


@pytest.mark.parametrize("form", ["sha1", "sha256"])
@pytest.mark.parametrize("steps", INDEXES.values(), ids=INDEXES.keys())
def test_the_index_is_read_as_git_reads_it(tmp_path, form, steps):
    repo = repository(tmp_path / "r", f"--object-format={form}")
    names = ["a/b", "a/bc", "a/b c", "ab", "é", "z" * 200, "/".join(["l" * 200] * 21)]
    if "skip" not in str(steps):
        names += [f"many/{n}" for n in range(150)]
    blob = git(repo, "hash-object", "-w", "--stdin").strip()
    lines = "".join(f"100644 {blob}\t{name}\n" for name in names)
    git(repo, "update-index", "--index-info", given=lines)
    for step in steps:
        git(repo, *step)
    data = (repo / ".git/index").read_bytes()
    listed = git(repo, "-c", "core.quotePath=false", "ls-files").splitlines()
    assert sorted(listed) == sorted(names)
    assert all(in_index(data, name.encode()) for name in names)
    for name in ("a", "b", "a/", "a/b ", "z", "z" * 199, "many/150", blob[:10], "DIRC"):
        assert not in_index(data, name.encode())


def test_an_index_with_a_conflict(repo):
    blob = git(repo, "hash-object", "-w", "--stdin").strip()
    lines = "".join(f"100644 {blob} {stage}\tboth\n" for stage in (1, 2, 3))
    git(repo, "update-index", "--index-info", given=lines)
    data = (repo / ".git/index").read_bytes()
    assert in_index(data, b"both")
    assert not in_index(data, b"bot")


@pytest.mark.parametrize("version", ["2", "4"])
def test_a_damaged_index_is_an_error(repo, version):
    (repo / "with a long name").touch()
    git(repo, "add", ".")
    git(repo, "update-index", "--index-version", version)
    data = (repo / ".git/index").read_bytes()
    assert in_index(data, b"with a long name")
    damaged = [b"", data[:3], data[:-1], data[:-20], data + b"x" * 8]
    damaged += [data[:4] + b"\0\0\0\5" + data[8:], data[:8] + b"\0\0\0\1" + data[12:]]
    for other in damaged:
        with pytest.raises(ValueError, match="index"):
            in_index(other, b"with a long name")


def test_a_split_index_is_read_whole(repo):
    for name in ("first", "second"):
        (repo / name).touch()
    git(repo, "add", "first")
    git(repo, "update-index", "--split-index")
    git(repo, "add", "second")
    assert b"first" not in (repo / ".git/index").read_bytes()
    assert tracked(f"{repo}/first")
    assert tracked(f"{repo}/second")
    assert not tracked(f"{repo}/third")


def test_nothing_is_tracked_without_an_index_or_without_git(repo, tmp_path):
    assert not tracked(f"{repo}/.beads/issues.jsonl")
    assert not tracked(f"{tmp_path}/x")
    git(repo, "add", ".")
    assert tracked(f"{repo}/.beads/issues.jsonl")


# Links.


@pytest.mark.parametrize("with_git", [True, False])
def test_a_linked_folder_must_stay_inside(tmp_path, with_git):
    root = repository(tmp_path / "root") if with_git else tmp_path / "root"
    (beads(root / "tools").rename(root / "tools/issues")).joinpath("beads.db").touch()
    link = root / ".beads"
    link.symlink_to("tools/issues")
    place = looked(root)
    assert (place.root, place.beads) == (str(root), f"{root}/tools/issues")
    assert place.cache == f"{root}/tools/issues/beads.db"
    outside = beads(tmp_path / "outside")
    link.unlink()
    link.symlink_to(outside)
    error = refused(Refused, root)
    assert str(link) in str(error)
    assert str(outside) in str(error)
    assert f"BEADS_DIR={outside} " in error.hint
    assert looked(root, {"BEADS_DIR": str(link)}).beads == str(outside)


@pytest.mark.parametrize("with_git", [True, False])
def test_a_linked_log_must_stay_inside(tmp_path, with_git):
    root = repository(tmp_path / "root") if with_git else tmp_path / "root"
    log = beads(root, "config.yaml") / "issues.jsonl"
    (root / "work.jsonl").touch()
    log.symlink_to("../work.jsonl")
    assert looked(root).log == f"{root}/work.jsonl"
    log.unlink()
    log.symlink_to(tmp_path / "outside.jsonl")
    error = refused(Refused, root)
    assert str(log) in str(error)
    assert f"{tmp_path}/outside.jsonl" in str(error)
    named = shlex.split(error.hint.partition(": ")[2])[0].partition("=")[2]
    assert looked(root, {"BEADS_DIR": named}).log == f"{tmp_path}/outside.jsonl"


@pytest.mark.parametrize("target", [".git/config", "nested/x.jsonl"])
def test_a_link_into_another_repository_or_into_git_is_refused(repo, target):
    repository(repo / "nested")
    log = repo / ".beads/issues.jsonl"
    assert looked(repo).log == str(log)
    log.unlink()
    log.symlink_to(repo / target)
    refused(Refused, repo)


@pytest.mark.parametrize(
    "name", ["memory.jsonl", ".local", ".jsonl.lock", "beads.db", "beads.db-journal", "config.yaml"]
)
def test_other_links_that_would_be_written_through_are_refused(repo, tmp_path, name):
    (repo / ".beads/PRIME.md").symlink_to(tmp_path / "PRIME.md")
    assert looked(repo).root == str(repo)
    (repo / ".beads" / name).symlink_to(tmp_path / "outside")
    refused(Refused, repo)


# metadata.json.


def test_the_metadata_that_we_write_is_the_metadata_of_the_design():
    assert json.loads(METADATA) == {
        "database": "beads.db",
        "jsonl_export": "issues.jsonl",
        "tracker": {"reader": 1, "writer": 1},
    }


@pytest.mark.parametrize(
    ("names", "text", "log"),
    [
        (["issues.jsonl", "beads.jsonl"], None, "issues.jsonl"),
        (["beads.jsonl"], None, "beads.jsonl"),
        (["config.yaml"], None, "issues.jsonl"),
        (["beads.jsonl"], METADATA.decode(), "issues.jsonl"),
        (["issues.jsonl"], '{"jsonl_export": "x.jsonl"}', "x.jsonl"),
        (["beads.jsonl"], '{"jsonl_export": ""}', "beads.jsonl"),
        (["beads.jsonl"], '{"jsonl_export": 5}', "beads.jsonl"),
    ],
)
def test_which_log(tmp_path, names, text, log):
    inside = beads(tmp_path, *names)
    if text is not None:
        (inside / "metadata.json").write_text(text)
    assert looked(tmp_path).log == f"{inside}/{log}"


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "5", "[" * 60000, '<<<<<<< HEAD\n{"database": "x"}', '{"a": "\xff'[:9]]
)
def test_damaged_metadata_counts_as_absent(repo, text):
    (repo / ".beads/metadata.json").write_bytes(text.encode("latin-1"))
    assert looked(repo).log == f"{repo}/.beads/issues.jsonl"


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("jsonl_export", "../issues.jsonl"),
        ("jsonl_export", "/tmp/issues.jsonl"),
        ("jsonl_export", "sub/issues.jsonl"),
        ("jsonl_export", "..jsonl"),
        ("jsonl_export", "issues.json"),
        ("jsonl_export", "a\0.jsonl"),
        ("jsonl_export", "memory.jsonl"),
        ("database", "../beads.db"),
        ("database", "/tmp/beads.db"),
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(repo, key, name):
    file = repo / ".beads/metadata.json"
    file.write_text(json.dumps({key: "x.jsonl" if key == "jsonl_export" else "x.db"}))
    assert looked(repo)
    file.write_text(json.dumps({key: name}))
    error = refused(Refused, repo)
    assert str(file) in str(error)
    assert key in error.hint


@pytest.mark.parametrize("name", ["issues.jsonl", "config.yaml", "dolt"])
def test_another_file_is_never_taken_for_the_cache(repo, name):
    (repo / ".beads/metadata.json").write_text(json.dumps({"database": name}))
    assert looked(repo).cache == f"{repo}/.beads/beads.db"


@pytest.mark.parametrize("value", [None, 5, {}, {"reader": "2", "writer": None}, {"reader": True}])
def test_versions_are_one_where_nothing_else_is_said(repo, value):
    (repo / ".beads/metadata.json").write_text(json.dumps({"tracker": value}))
    assert looked(repo)[-2:] == (1, 1)


def test_a_newer_writer_is_told_and_a_newer_reader_refused(repo):
    file = repo / ".beads/metadata.json"
    file.write_text('{"tracker": {"reader": 1, "writer": 2}}')
    assert looked(repo).writer == 2
    file.write_text('{"tracker": {"reader": 2, "writer": 2}}')
    assert "newer tracker" in str(refused(Refused, repo))
    refused(Refused, repo, {"BEADS_DIR": str(repo)})
    refused(Refused, repo, db=".beads/beads.db")


@pytest.mark.parametrize("folder", ["dolt", "dolt-data", "embeddeddolt"])
def test_the_backend(repo, folder):
    (repo / ".beads" / folder).write_text("a file")
    assert looked(repo).backend == "sqlite"
    (repo / ".beads" / folder).unlink()
    (repo / ".beads" / folder).mkdir()
    assert looked(repo).backend == "dolt"
    (repo / ".beads" / folder).rmdir()
    (repo / ".beads/metadata.json").write_text('{"backend": "dolt", "database": "dolt"}')
    assert looked(repo).backend == "dolt"


# Databases.


def test_our_own_database_is_the_cache(repo):
    ours = database(repo / ".beads/beads.db", APPLICATION_ID)
    place = looked(repo)
    assert (place.cache, place.foreign_db) == (str(ours), None)


@pytest.mark.parametrize("name", ["beads.db", "bd.db", "db.sqlite", "vc.db"])
def test_a_database_of_beads_is_left_alone(repo, name):
    foreign = database(repo / ".beads" / name)
    place = looked(repo)
    assert (place.cache, place.foreign_db) == (f"{repo}/.beads/.local/cache.db", str(foreign))


def test_the_database_that_metadata_names_is_the_one_that_counts(repo):
    named = repo / ".beads/named.db"
    database(repo / ".beads/beads.db")
    (repo / ".beads/metadata.json").write_text('{"database": "named.db"}')
    assert looked(repo).foreign_db == f"{repo}/.beads/beads.db"
    database(named, APPLICATION_ID)
    place = looked(repo)
    assert (place.cache, place.foreign_db) == (str(named), None)


@pytest.mark.parametrize("content", [b"", bytes(8192), b"garbage" * 99, b"SQLite format 3\0" * 2])
def test_what_is_no_database_may_be_replaced(repo, content):
    (repo / ".beads/beads.db").write_bytes(content)
    place = looked(repo)
    assert (place.cache, place.foreign_db) == (f"{repo}/.beads/beads.db", None)


def test_a_folder_in_the_place_of_the_cache_is_left_alone(repo):
    (repo / ".beads/beads.db").mkdir()
    place = looked(repo)
    assert (place.cache, place.foreign_db) == (f"{repo}/.beads/.local/cache.db", None)


# Prefixes.


@pytest.mark.parametrize(
    ("folder", "prefix"),
    [
        ("/work/tracker", "tracker"),
        ("/work/My App--", "My-App"),
        ("/work/winzy.ai/", "winzy.ai"),
        ("/work/.dotfiles", "dotfiles"),
        ("/work/-x_1", "x_1"),
        ("/work/ünï", "n"),
        ("/work/日本", "bd"),
        ("/", "bd"),
    ],
)
def test_a_prefix_from_a_folder(folder, prefix):
    assert prefix_from_folder(folder) == prefix
