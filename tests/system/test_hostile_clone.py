"""Nothing in a repository runs because it is read, whatever settings and files it brings."""

from __future__ import annotations

import io
import itertools
import os
import shutil
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.cli.test_every_answer import COMMANDS, STDIN, tried
from tests.support import hostile_repositories as hostile_clone
from tests.support.command_lines import READS, WRITES
from tests.support.hostile_repositories import (
    TRANSPORTS,
    WAYS,
    Hostile,
    Way,
    bare_inside,
    copy,
    partial,
)
from tests.support.repository import _IDENTITY
from tracker import cli
from tracker.cli import ALIASES, main

pytestmark = pytest.mark.timeout(900)

Line = tuple[str, ...]

MORE: list[Line] = [
    ("prime",), ("prime", "--hook-json"), ("hooks", "claude", "SessionStart"), ("doctor",),
    ("doctor", "--json"), ("setup", "git", "--check"), ("setup", "git", "--dry-run"),
    ("setup", "git", "--global", "--dry-run"), ("check", "--staged"),
    ("check", "--against", "HEAD~1"), ("sync", "--status"), ("sync", "--dry-run", "--json"),
    ("diff",), ("diff", "HEAD~1"), ("diff", "HEAD~1", "HEAD"), ("diff", "--staged"),
    ("diff", "HEAD~1..."), ("history", "t-d"), ("history", "t-a", "--json"),
    ("show", "t-a", "--as-of", "HEAD~1"), ("show", "t-a", "--as-of", "2030-01-01"),
    ("list", "--ref", "other"), ("list", "--ref", "nowhere"), ("merges",), ("merges", "HEAD"),
    ("orphans",), ("orphans", "--fix"), ("memory", "scan", "--history"),
    ("memory", "history", "a/b"),
    ("worktree", "list"), ("worktree", "info"), ("hooks", "list"), ("hooks", "install"),
    ("hooks", "run", "--check", "pre-commit"), ("hooks", "run", "--check", "post-merge", "0"),
    ("hooks", "run", "--check", "post-checkout", "HEAD~1", "HEAD", "1"), ("resolve",),
    ("init",), ("init", "--stealth"), ("uninstall", "--dry-run"), ("uninstall",),
    ("create", "One"), ("update", "t-a", "--claim"), ("undo",), ("op", "log"),
]  # fmt: skip
"""Command lines that ask git, beside the examples and those of `every_command`."""
ALIVE = {"list", "show", "prime", "create", "diff", "history", "sync", "check", "orphans",
         "worktree", "memory", "hooks", "setup"}  # fmt: skip
"""Commands of which at least one line has to succeed, so that the walk proves something."""
WORLDS = {
    "settings": ("fsmonitor", "textconv", "diff-command", "clean", "process", "alias", "hook",
                 "pager", "editor", "gpg", "submodule", "git-in-path"),
    "included": ("include", "external-diff", "hooks-path", "merge-driver"),
    "otherwise": ("include-if", "worktree-config"),
}  # fmt: skip
"""Ways that can be tried together."""


def _examples() -> list[tuple[str, Line]]:
    return [(name, tuple(words)) for name in COMMANDS for words in tried(name)]


def _lines() -> dict[Line, str]:
    """Every command line, and what it reads."""
    found = {words: STDIN.get(name, "text\n") for name, words in _examples()}
    for words in [*map(tuple, READS), *map(tuple, WRITES), *MORE]:
        found.setdefault(words, "{}")
    return found


LINES = _lines()


def is_acting(words: Line) -> bool:
    """Whether git is to do something for the user, as when the command of git is typed."""
    shows = {"--status", "--check", "--dry-run", "--flush-only", "--import-only"}
    if "sync" in words[:2]:
        return not shows & set(words)
    return words[:2] in {("worktree", "create"), ("worktree", "remove")}


WITHOUT = {"version", "completion", "__complete", "quickstart", "onboard", "human", "daemon",
           "dolt", "hook", "repair", "reset", "merge", "merge-driver", "edit"}  # fmt: skip
"""Commands that ask for no workspace, at least not in these lines."""
NOTHING = {("hooks", "run"), ("sync", "--flush-only")}
"""What does nothing, or looks only at what git has staged, and must not fail its caller."""
ACTED = {"clean", "hook", "hooks-path", "merge-driver", "process", "smudge"}
"""What git runs where it acts for the user, as when the user types the command of git."""


# What starts.


class Started(NamedTuple):
    program: str
    words: list[str]
    folder: str
    env: dict[str, str]


_started: list[Started] | None = None


def _watch(event: str, given: tuple[Any, ...]) -> None:
    if _started is None or event.partition(".")[0] not in {"subprocess", "os", "pty"}:
        return
    if event == "subprocess.Popen":
        program, words, folder, env = given
        _started.append(Started(str(program), [*map(str, words)], str(folder), dict(env or {})))
    elif event.startswith(("os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system")):
        _started.append(Started(event, [], "", {}))


sys.addaudithook(_watch)


class Ran(NamedTuple):
    code: int
    said: str
    started: list[Started]


def bd(repo: Hostile, words: Line, *, at: str = "", **more: str) -> Ran:
    """One command line, and every process that it starts."""
    global _started  # noqa: PLW0603
    out, err = io.StringIO(), io.StringIO()
    home = repo.path.parent / "home"
    home.mkdir(exist_ok=True)
    (home / ".gitconfig").write_text("[user]\n\tname = Ann\n\temail = ann@example.com\n")
    env = {"HOME": str(home), "PATH": f".:{os.environ['PATH']}:", "TZ": "UTC", **more}
    ticks, bits = itertools.count(1_800_000_000 * 10**9, 10**6), itertools.count(1)
    _started = started = []
    try:
        given, folder = io.StringIO(LINES.get(words, "")), str(repo.path / at)
        code = main(["bd", *words], env, given, out, err, folder,
                    clock=lambda: next(ticks), nonce=lambda: next(bits))  # fmt: skip
    finally:
        _started = None
    return Ran(code, out.getvalue() + err.getvalue(), started)


def check_started(repo: Hostile, words: Line, started: list[Started], tops: set[Path]) -> None:
    """Git stands at the top, and is told what it must not do; what else starts was typed."""
    for one in started:
        if one.program == "sh" and words[:2] == ("hooks", "post-task"):
            continue
        assert one.program == "git", (words, one)
        outside = one.folder == "/" and "config" in one.words  # of the user
        assert Path(one.folder) in tops or outside, (words, one)
        assert {"safe.bareRepository=explicit", "core.fsmonitor=false"} <= set(one.words), words
        assert all(map(os.path.isabs, one.env["PATH"].split(":"))), words
        assert not {"GIT_DIR", "GIT_EXTERNAL_DIFF"} & one.env.keys()


def walk(
    repo: Hostile, lines: list[Line], *, at: str = "", tops: set[Path] | None = None
) -> dict[Line, Ran]:
    """Every line in the repository as it is now, which is put back after each.

    Nothing may have run, but for what git runs for a user who types its command.
    """
    before = snapshot(repo.path)
    found = {}
    for words in lines:
        repo.forget()
        found[words] = ran = bd(repo, words, at=at)
        check_started(repo, words, ran.started, tops or {repo.path})
        if is_acting(words):
            assert repo.ran() <= ACTED, words
        else:
            assert repo.ran() == set(), words
        assert ran.code in {0, 1, 2}, (words, ran)
        put_back(repo.path, before)
    return found


class Held(NamedTuple):
    """A file or a link as it was; `mark` is another when it has changed."""

    mark: tuple[int, ...]
    mode: int
    content: bytes | str


def seen(folder: Path) -> dict[str, tuple[int, ...] | None]:
    """Everything below: what tells a file or a link from a changed one, None for folders."""
    found: dict[str, tuple[int, ...] | None] = {}
    waiting = [str(folder)]
    for at in waiting:
        with os.scandir(at) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    found[entry.path] = None
                    waiting.append(entry.path)
                else:
                    found[entry.path] = _mark(entry.path)
    return found


def _mark(path: str) -> tuple[int, ...]:
    held = os.lstat(path)
    return held.st_mode, held.st_ino, held.st_size, held.st_mtime_ns, held.st_ctime_ns


def _held(path: str, mark: tuple[int, ...]) -> Held:
    link = os.path.islink(path)
    return Held(mark, mark[0] & 0o777, os.readlink(path) if link else Path(path).read_bytes())


def snapshot(folder: Path) -> dict[str, Held | None]:
    """Everything below, None for folders."""
    found = seen(folder)
    return {path: mark and _held(path, mark) for path, mark in found.items()}


def put_back(folder: Path, before: dict[str, Held | None]) -> None:
    """Make it what it was; folders take long to make, so what is as it was stays."""
    now = seen(folder)
    for path in sorted(now.keys() - before.keys(), reverse=True):
        if os.path.isdir(path) and not os.path.islink(path):
            os.rmdir(path)
        else:
            os.unlink(path)
    for path, held in sorted(before.items()):
        if now.get(path, ()) == (held and held.mark):
            continue
        if held is None:
            os.mkdir(path)
            continue
        if isinstance(held.content, str):
            os.symlink(held.content, path)
        else:
            Path(path).write_bytes(held.content)
            os.chmod(path, held.mode)
        before[path] = held._replace(mark=_mark(path))


def world(folder: Path, name: str) -> Hostile:
    repo = Hostile(folder / "repo")
    ways = [way for way in WAYS if way.name in WORLDS[name]]
    for way in ways:
        way.put(repo)
    if any(way.edits for way in ways):
        repo.edit()
    repo.forget()  # putting it there ran some of it
    return repo


def control(repo: Hostile, way: Way) -> set[str]:
    """What plain git runs in a copy of the repository."""
    other = copy(repo, repo.path.parent / f"copy-{way.name}")
    if not way.edits:
        other.git("reset", "--quiet", "--hard")
    return other.tried(*way.git, PATH=way.path)


IDENTITY = {**_IDENTITY, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}


class Walked(NamedTuple):
    repo: Hostile
    found: dict[Line, Ran]

    @property
    def asking(self) -> list[Line]:
        """The lines for which git is started."""
        return [words for words, ran in self.found.items() if ran.started]

    @property
    def looking(self) -> list[Line]:
        """Those of them for which it is asked more than who the user is."""
        return [
            words
            for words, ran in self.found.items()
            if any("config" not in one.words for one in ran.started)
        ]


@pytest.fixture(scope="module")
def walked(tmp_path_factory) -> Walked:
    """Every line in a copied repository whose settings name programs wherever they can."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in IDENTITY.items():
            patch.setenv(name, value)
        repo = world(tmp_path_factory.mktemp("settings"), "settings")
    return Walked(repo, walk(repo, list(LINES)))


def check_alive(found: dict[Line, Ran]) -> None:
    """Enough succeeded that it means something that nothing ran."""
    assert {words[0] for words, ran in found.items() if ran.code == 0} >= ALIVE


def check_ways(repo: Hostile, name: str) -> None:
    """Plain git does run each of the ways in that very repository."""
    for way in WAYS:
        if way.name in WORLDS[name]:
            assert way.name in control(repo, way)


# Settings, attributes, hooks, submodules.


def test_every_command_is_walked(walked):
    names = {name for rows in cli.COMMANDS.values() for name in rows}
    assert names <= {ALIASES.get(words[0], words[0]) for words in LINES}
    assert {words[0] for words in walked.asking} >= {
        "prime", "hooks", "doctor", "setup", "check", "diff", "history", "create", "sync", "orphans"
    }  # fmt: skip
    assert {name for names in WORLDS.values() for name in names} == {way.name for way in WAYS}


def test_no_command_runs_what_a_copied_repository_names(walked):
    check_alive(walked.found)
    walk(walked.repo, walked.looking, at=".beads")
    check_ways(walked.repo, "settings")


@pytest.mark.parametrize("name", [name for name in WORLDS if name != "settings"])
def test_nor_what_its_settings_include(name, walked, tmp_path):
    repo = world(tmp_path, name)
    if name == "included":
        check_alive(walk(repo, walked.asking))
    else:
        walk(repo, walked.looking)
    check_ways(repo, name)


def test_what_git_runs_where_it_acts_is_what_it_runs_for_who_types_its_command(tmp_path):
    repo = world(tmp_path, "settings")
    expected = {"hook", "clean", "process"}
    assert copy(repo, tmp_path / "copy").tried("commit", "--quiet", "-am", "x") >= expected
    repo.forget()
    assert bd(repo, ("sync",)).code == 0
    assert expected <= repo.ran() <= ACTED


# Folders that look like repositories.


REFUSAL = "holds the files of a git repository"
SHAPES = {
    "plain": (".beads", ""),
    "common": (".beads", "elsewhere"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_beads_that_looks_like_a_repository_is_refused(shape, walked, tmp_path):
    repo = Hostile(tmp_path / "repo")
    assert bd(repo, ("prime",)).code == 0
    folder, common = SHAPES[shape]
    bare_inside(repo, folder, common=common)
    found = walk(repo, list(LINES) if shape == "plain" else walked.asking)
    found |= walk(repo, walked.asking, at=".beads")
    refused = {words for words, ran in found.items() if REFUSAL in ran.said}
    for words in found.keys() - refused:
        assert found[words].code or words[0] in WITHOUT or words[:2] in NOTHING, words
    if shape == "plain":
        assert {words[0] for words in found} - WITHOUT - {words[0] for words in refused} == set()
    assert repo.tried("-p", "config", "--list", at=".beads") == {"bare"}
    assert shape == "common" or repo.tried("status", at=".beads") == {"bare"}


def test_so_is_one_that_was_not_a_workspace_before(tmp_path):
    repo = Hostile(tmp_path / "repo")
    repo.git("rm", "--quiet", "-r", "--force", ".beads")
    bare_inside(repo, ".beads")
    for words in (("list",), ("init",), ("doctor",), ("create", "x")):
        ran = bd(repo, words)
        assert (ran.code, repo.ran()) == (1, set())
        assert REFUSAL in ran.said
    (repo.path / ".beads/objects/.keep").unlink()
    (repo.path / ".beads/objects").rmdir()
    assert bd(repo, ("init",)).code == 0
    (repo.path / ".beads/Objects").mkdir()  # on a Mac it is the same
    assert REFUSAL in bd(repo, ("list",)).said


@pytest.mark.parametrize("folder", ["inner", "inner/deep"])
def test_another_folder_that_looks_like_a_repository_is_none(folder, walked, tmp_path):
    repo = Hostile(tmp_path / "repo")
    assert bd(repo, ("list",), at=".beads").code == 0
    bare_inside(repo, folder)
    for at in (folder, f"{folder}/refs"):
        for words in walked.asking:
            ran = bd(repo, words, at=at)
            assert repo.ran() == set(), words
            check_started(repo, words, ran.started, {repo.path})
            assert ran.code in {0, 1, 2}
    assert repo.tried("status", at=folder) == {"bare"}


def test_a_git_folder_that_is_broken_does_not_make_the_top_a_repository(walked, tmp_path):
    repo = Hostile(tmp_path / "repo")
    bare_inside(repo, ".")
    walk(repo, walked.looking)  # git takes the real one
    shutil.rmtree(repo.path / ".git/objects")
    walk(repo, walked.looking)
    assert repo.tried("-p", "config", "--list") == {"bare"}


def test_a_repository_of_its_own_in_beads_runs_nothing_either(walked, tmp_path):
    repo = Hostile(tmp_path / "repo")
    inner = Hostile(tmp_path / "inner")
    hostile_clone.WAYS[0].put(inner)
    for name in hostile_clone.HOOKS:
        inner.script(f".git/hooks/{name}", "hook", "true")
    shutil.move(inner.path / ".git", repo.path / ".beads/.git")
    found = walk(repo, walked.looking, tops={repo.path, repo.path / ".beads"})
    assert found["prime",].code == 0
    assert repo.tried("status", at=".beads") >= {"fsmonitor"}


# Objects that are not there.


@pytest.mark.parametrize("name", TRANSPORTS)
def test_nothing_is_fetched_by_looking_back(name, walked, tmp_path):
    repo = Hostile(tmp_path / "repo")
    assert "Title of t-d" in bd(repo, ("show", "t-d", "--as-of", "HEAD~1")).said
    clone = partial(repo, tmp_path / "clone", name)
    lines = walked.asking if name == "git-proxy" else walked.looking
    walk(clone, [words for words in lines if not is_acting(words)])
    for words in (("show", "t-d", "--as-of", "HEAD~1"), ("history", "t-d"), ("diff", "HEAD~1"),
                  ("memory", "scan", "--history")):  # fmt: skip
        shutil.rmtree(clone.path / ".beads/.local", ignore_errors=True)
        ran = bd(clone, words)
        assert ran.code == 1, (words, ran)
        assert "this partial clone lacks" in ran.said
        assert "git log --patch -- .beads > /dev/null" in ran.said
    assert "Another title" in bd(clone, ("show", "t-d", "--as-of", "HEAD")).said
    assert clone.tried("cat-file", "blob", "HEAD~1:.beads/issues.jsonl") == {name}
    clone.git("config", "remote.origin.url", f"file://{repo.path}")
    clone.git("config", "remote.origin.uploadpack", "git-upload-pack")
    clone.git("log", "--patch", "--", ".beads")
    assert "Title of t-d" in bd(clone, ("show", "t-d", "--as-of", "HEAD~1")).said


# What a clone brings, without settings.


def test_a_clone_that_was_not_copied_runs_nothing_where_git_acts_either(tmp_path):
    """Attributes, `.gitmodules`, hooks and settings in the tree, which no setting of ours names."""
    repo = world(tmp_path, "settings")
    for name in hostile_clone.HOOKS:
        repo.script(f"team-hooks/{name}", "hooks-path", "true")
        repo.script(f".beads/hooks/{name}", "hooks-path", "true")
    (repo.path / ".team-config").write_text(f'[core]\n\tfsmonitor = "{repo.canary("include")}"\n')
    quiet = ("-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=false",
             "-c", "filter.cleaned.clean=cat", "-c", "filter.cleaned.smudge=cat",
             "-c", "filter.long.Running.process=")  # fmt: skip
    repo.git(*quiet, "add", "--all")
    repo.git(*quiet, "commit", "--quiet", "--message", "all of it")
    repo.git("clone", "--quiet", "--bare", str(repo.path), str(tmp_path / "bare.git"))
    repo.git("clone", "--quiet", str(tmp_path / "bare.git"), str(tmp_path / "clone"))
    clone = Hostile.__new__(Hostile)
    clone.path, clone.canaries = tmp_path / "clone", repo.canaries
    clone.forget()
    for words in (("create", "One"), ("sync",), ("worktree", "create", "wt"), ("prime",), ("diff",),
                  ("worktree", "remove", "wt", "--force")):  # fmt: skip
        ran = bd(clone, words)
        assert ran.code == 0, (words, ran)
        assert clone.ran() == set(), words
    clone.git("config", "include.path", "../.team-config")
    assert clone.tried("status") == {"include"}


# Relatives.


def test_a_filter_that_cannot_be_switched_off_is_not_met(tmp_path):
    repo = Hostile(tmp_path / "repo")
    repo.edit()
    assert bd(repo, ("diff",)).code == 0
    repo.set("filter.a=b.clean", repo.canary("odd"))
    repo.attribute("*.jsonl filter=a=b")
    ran = bd(repo, ("diff",))
    assert (ran.code, repo.ran()) == (1, set())
    assert "a filter that cannot be switched off" in ran.said
    assert bd(repo, ("prime",)).code == 0
    assert repo.ran() == set()
    assert repo.tried("status") == {"odd"}


def test_programs_that_the_environment_names_are_not_run_by_git(tmp_path):
    repo = Hostile(tmp_path / "repo")
    repo.edit()
    names = ("GIT_EXTERNAL_DIFF", "GIT_PAGER", "GIT_EDITOR", "GIT_ASKPASS", "GIT_SSH_COMMAND")
    env = {name: str(repo.script(f".git/{name}", name, "true")) for name in names}
    assert repo.tried("diff", **env) >= {"GIT_EXTERNAL_DIFF"}
    repo.forget()
    for words in (("diff",), ("prime",), ("history", "t-d"), ("sync", "--status"), ("sync",)):
        assert bd(repo, words, **env).code == 0
    assert repo.ran() == set()


def test_a_repository_of_another_user_is_not_believed(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder to another user")
    repo = Hostile(tmp_path / "repo")
    for words in (("history", "t-d"), ("orphans",), ("diff",)):
        assert bd(repo, words).code == 0
        os.chown(repo.path, 12345, 12345)
        os.chown(repo.path / ".git", 12345, 12345)
        ran = bd(repo, words)
        assert ran.code == 1
        assert "dubious ownership" in ran.said or "no revision" in ran.said
        os.chown(repo.path, 0, 0)
        os.chown(repo.path / ".git", 0, 0)
