"""Repositories that try to have a program run: by settings, attributes, hooks, links and folders.

Each way is a `Way`: what it puts into a repository, and the git command of a user for which git
runs the program, by which a test sees that the way is one. The program leaves a file of its name in
a folder of canaries.
"""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.cli.test_every_answer import FILES
from tests.support.command_lines import workspace
from tests.support.repository import Repository

HOOKS = (
    "applypatch-msg", "commit-msg", "fsmonitor-watchman", "post-applypatch", "post-checkout",
    "post-commit", "post-index-change", "post-merge", "post-rewrite", "pre-applypatch",
    "pre-auto-gc", "pre-commit", "pre-merge-commit", "pre-push", "pre-rebase",
    "prepare-commit-msg", "reference-transaction", "sendemail-validate",
)  # fmt: skip
ALIASED = (
    "cat-file", "check-attr", "check-ignore", "config", "diff", "diff-index", "diff-tree",
    "for-each-ref", "log", "ls-files", "ls-tree", "rev-list", "rev-parse", "show-ref", "status",
    "symbolic-ref", "worktree",
)  # fmt: skip


class Hostile(Repository):
    """A repository with a workspace that somebody else has made; `canaries` tell what ran."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.canaries = path.parent / "canaries"
        self.canaries.mkdir(exist_ok=True)
        beads = workspace(path)
        for name, text in FILES.items():
            if not name.startswith(".beads"):
                (path / name).parent.mkdir(exist_ok=True)
                (path / name).write_text(text)
        self.log = beads / "issues.jsonl"
        self.commit({".beads/memory.jsonl": b'{"key":"a/b","kind":"fact","content":"One"}\n'})
        self.log.write_bytes(self.log.read_bytes().replace(b"Title of t-d", b"Another title"))
        self.commit({}, "t-d: another title")

    def canary(self, name: str, then: str = "cat") -> str:
        """A command for a shell that leaves a canary; `then` is what it does afterwards."""
        return f"touch {self.canaries}/{name}; {then}"

    def script(self, path: str, name: str, then: str = "cat") -> Path:
        """The same as a program in a file."""
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"#!/bin/sh\n{self.canary(name, then)}\n")
        file.chmod(0o755)
        return file

    def set(self, key: str, value: str) -> None:
        self.git("config", "--add", key, value)

    def attribute(self, line: str) -> None:
        """A line of the attributes that everybody gets, written last: others would run already."""
        with (self.path / ".gitattributes").open("a") as file:
            file.write(f"{line}\n")

    def ran(self) -> set[str]:
        return set(os.listdir(self.canaries))

    def edit(self) -> None:
        """Change the log in the work tree, so that git has to look into it."""
        self.log.write_bytes(self.log.read_bytes().replace(b"Title of t-a", b"Edited title"))

    def forget(self) -> None:
        """Begin anew with nothing that ran."""
        for name in self.ran():
            (self.canaries / name).unlink()

    def tried(self, *words: str, at: str = "", **env: str) -> set[str]:
        """What plain git runs for these words of somebody at a terminal."""
        self.forget()
        master, slave = pty.openpty()
        subprocess.run(
            ["git", *words], cwd=self.path / at, env={**os.environ, "TERM": "xterm", **env},
            stdin=subprocess.DEVNULL, stdout=slave, stderr=slave, check=False,
        )  # fmt: skip
        os.close(slave)
        os.close(master)
        return self.ran()


class Way(NamedTuple):
    """A way to have a program run: `put` prepares it, and `git` is whom it would run for."""

    name: str
    put: Callable[[Hostile], None]
    git: tuple[str, ...]
    edits: bool = True
    path: str = os.environ["PATH"]


def _fsmonitor(repo: Hostile) -> None:
    repo.set("core.fsmonitor", repo.canary("fsmonitor", "false"))


def _textconv(repo: Hostile) -> None:
    program = repo.script(".git/textconv", "textconv", 'cat "$1"')
    repo.set("diff.shown.textconv", str(program))
    repo.attribute("*.jsonl diff=shown")


def _diff_command(repo: Hostile) -> None:
    repo.set("diff.compared.command", repo.canary("diff-command", "true"))
    repo.attribute("*.yaml diff=compared")
    with (repo.path / ".beads/config.yaml").open("a") as file:
        file.write("# edited\n")


def _external_diff(repo: Hostile) -> None:
    repo.set("diff.external", repo.canary("external-diff", "true"))


def _clean(repo: Hostile) -> None:
    repo.set("filter.cleaned.clean", repo.canary("clean"))
    repo.set("filter.cleaned.smudge", repo.canary("smudge"))
    repo.set("filter.cleaned.required", "true")
    repo.attribute("*.jsonl filter=cleaned")


def _process(repo: Hostile) -> None:
    greeting = r"printf '0016git-filter-server\n000eversion=2\n00000000'; cat > /dev/null"
    program = repo.script(".git/filter", "process", greeting)
    repo.set("filter.long.Running.process", str(program))
    repo.attribute("*.yaml filter=long.Running")
    with (repo.path / ".beads/config.yaml").open("a") as file:
        file.write("# edited\n")


def _alias(repo: Hostile) -> None:
    for name in ("anything", *ALIASED):
        repo.set(f"alias.{name}", f"!{repo.canary('alias')}")


def _hooks(repo: Hostile) -> None:
    for name in HOOKS:
        repo.script(f".git/hooks/{name}", "hook", "true")


def _hooks_path(repo: Hostile) -> None:
    for name in HOOKS:
        repo.script(f"team-hooks/{name}", "hooks-path", "true")
    repo.set("core.hooksPath", "team-hooks")


def _pager(repo: Hostile) -> None:
    repo.set("core.pager", repo.canary("pager"))
    for name in ("log", "diff", "status", "config"):
        repo.set(f"pager.{name}", repo.canary("pager"))


def _editor(repo: Hostile) -> None:
    repo.set("core.editor", repo.canary("editor", "true"))
    repo.set("sequence.editor", repo.canary("editor", "true"))


def _gpg(repo: Hostile) -> None:
    program = repo.script(".git/gpg", "gpg", "true")
    repo.set("gpg.program", str(program))
    repo.set("log.showSignature", "true")
    tree, parent = repo.git("rev-parse", "HEAD^{tree}", "HEAD").split()
    who = "A <a@example.com> 1800000000 +0000"
    commit = (f"tree {tree}\nparent {parent}\nauthor {who}\ncommitter {who}\n"
              "gpgsig -----BEGIN PGP SIGNATURE-----\n \n iQ==\n -----END PGP SIGNATURE-----\n"
              "\nsigned, about t-a\n")  # fmt: skip
    words = ["git", "-C", str(repo.path), "hash-object", "-t", "commit", "-w", "--stdin"]
    said = subprocess.run(words, input=commit, capture_output=True, text=True, check=True)
    repo.git("update-ref", "HEAD", said.stdout.strip())


def _include(repo: Hostile) -> None:
    inner = repo.path / ".team-config"
    command = repo.canary("include", "false").replace('"', '\\"')
    inner.write_text(f'[core]\n\tfsmonitor = "{command}"\n')
    repo.set("include.path", "../.team-config")


def _include_if(repo: Hostile) -> None:
    inner = repo.path / ".team-config-2"
    inner.write_text(f'[diff]\n\texternal = "{repo.canary("include-if", "true")}"\n')
    repo.set("includeIf.gitdir:/**.path", "../.team-config-2")


def _worktree_config(repo: Hostile) -> None:
    repo.set("extensions.worktreeConfig", "true")
    text = f'[core]\n\tfsmonitor = "{repo.canary("worktree-config", "false")}"\n'
    (repo.path / ".git/config.worktree").write_text(text)


def _submodule(repo: Hostile) -> None:
    """A submodule in `.beads`, and one in the place of a log, with settings of their own."""
    for at in (".beads/more", ".beads/beads.jsonl"):
        inner = Repository(repo.path / at)
        inner.commit({"f": b"one\n"})
        name = inner.git("rev-parse", "HEAD").strip()
        inner.git("config", "core.fsmonitor", repo.canary("submodule", "false"))
        repo.git("update-index", "--add", "--cacheinfo", f"160000,{name},{at}")
    (repo.path / ".gitmodules").write_text(
        '[submodule "more"]\n\tpath = .beads/more\n\turl = ./.beads/more\n'
    )
    repo.set("submodule.more.update", f"!{repo.canary('submodule')}")
    repo.set("diff.submodule", "diff")
    repo.set("submodule.recurse", "true")
    repo.set("status.submoduleSummary", "true")


def _merge_driver(repo: Hostile) -> None:
    """A driver that looks like ours, with a program of its own, and branches that need it."""
    program = repo.script(".git/python", "merge-driver", "true")
    repo.set("merge.tracker.driver", f"'{program}' -P -m tracker merge-driver %O %A %B %L %P")
    repo.git("branch", "other", "HEAD~1")
    tree = repo.git("rev-parse", "HEAD~1^{tree}").strip()
    repo.git("update-ref", "refs/heads/other", _commit_of(repo, tree))
    (repo.path / ".beads/.gitattributes").write_text("issues.jsonl text eol=lf merge=tracker\n")


def _commit_of(repo: Hostile, tree: str) -> str:
    """A commit beside HEAD in which another issue has another title."""
    data = repo.git("cat-file", "blob", f"{tree}:.beads/issues.jsonl")
    index = {**os.environ, "GIT_INDEX_FILE": str(repo.path / ".git/another-index")}

    def git(*words: str, given: str = "") -> str:
        command = ["git", "-C", str(repo.path), *words]
        done = subprocess.run(
            command, input=given, env=index, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    blob = git("hash-object", "-w", "--stdin", given=data.replace("Title of t-d", "Of the other"))
    git("read-tree", tree)
    git("update-index", "--cacheinfo", f"100644,{blob},.beads/issues.jsonl")
    return git("commit-tree", git("write-tree"), "-p", "HEAD~1", "-m", "other")


def _git_in_path(repo: Hostile) -> None:
    """Programs called git in the work tree, for those whose PATH has relative parts."""
    for name in ("git", ".beads/git", "git-status", "git-config"):
        repo.script(name, "git-in-path", "true")


WAYS = (
    Way("fsmonitor", _fsmonitor, ("status",)),
    Way("textconv", _textconv, ("diff",)),
    Way("diff-command", _diff_command, ("diff",)),
    Way("external-diff", _external_diff, ("diff",)),
    Way("clean", _clean, ("status",)),
    Way("process", _process, ("diff",)),
    Way("alias", _alias, ("anything",)),
    Way("hook", _hooks, ("commit", "--quiet", "--allow-empty", "-m", "x")),
    Way("hooks-path", _hooks_path, ("commit", "--quiet", "--allow-empty", "-m", "x")),
    Way("pager", _pager, ("log",)),
    Way("editor", _editor, ("commit", "--allow-empty")),
    Way("gpg", _gpg, ("log",)),
    Way("include", _include, ("status",)),
    Way("include-if", _include_if, ("diff",)),
    Way("worktree-config", _worktree_config, ("status",)),
    Way("submodule", _submodule, ("status",)),
    Way("merge-driver", _merge_driver, ("merge", "--quiet", "other"), edits=False),
    Way("git-in-path", _git_in_path, ("version",), path=f".:{os.environ['PATH']}"),
)


# What needs a repository that git finds elsewhere, or objects that are not there.


def bare_inside(repo: Hostile, folder: str, *, common: str = "") -> None:
    """Make a folder look like a bare repository with settings of its own; `common` holds them."""
    at = repo.path / folder
    at.mkdir(parents=True, exist_ok=True)
    (at / "HEAD").write_text("ref: refs/heads/main\n")
    holder = repo.path / (common or folder)
    if common:
        (at / "commondir").write_text(os.path.relpath(holder, at) + "\n")
    for name in ("objects", "refs"):
        (holder / name).mkdir(parents=True, exist_ok=True)
        (holder / name / ".keep").touch()
    work_tree = os.path.relpath(repo.path, holder)
    (holder / "config").write_text(
        "[core]\n\trepositoryformatversion = 0\n\tbare = false\n"
        f'\tworktree = {work_tree}\n\tfsmonitor = "{repo.canary("bare", "false")}"\n'
        f'\tpager = "{repo.canary("bare")}"\n'
    )


TRANSPORTS = {
    "git-proxy": ("git://example.invalid/x", {"core.gitProxy": "{}"}),
    "ssh-command": ("ssh://example.invalid/x", {"core.sshCommand": "{}"}),
    "ext": ("ext::sh -c '{}'", {"protocol.ext.allow": "always"}),
    "upload-pack": ("file:///nonexistent", {"remote.origin.uploadpack": "{}"}),
    "instead": (
        "https://example.invalid/x",
        {"url.ext::sh -c '{}' .insteadOf": "https:", "protocol.ext.allow": "always"},
    ),
}
"""By name: a remote that promises what is missing, and settings by which a program reaches it."""


def partial(repo: Hostile, path: Path, name: str) -> Hostile:
    """A clone without old contents, for which git asks a remote that has a program run."""
    repo.git("config", "uploadpack.allowFilter", "true")
    source = f"file://{repo.path}"
    repo.git("clone", "--quiet", "--filter=blob:none", source, str(path))
    clone = _at(path, repo.canaries)
    url, settings = TRANSPORTS[name]
    program = str(clone.script(f".git/{name}", name, "false"))
    clone.git("config", "remote.origin.url", url.replace("{}", program))
    for key, value in settings.items():
        clone.set(key.replace("{}", program), value.replace("{}", program))
    return clone


def copy(repo: Hostile, path: Path) -> Hostile:
    """The same repository elsewhere, with the same canaries."""
    shutil.copytree(repo.path, path, symlinks=True)
    return _at(path, repo.canaries)


def _at(path: Path, canaries: Path) -> Hostile:
    found = Hostile.__new__(Hostile)
    found.path, found.canaries, found.log = path, canaries, path / ".beads/issues.jsonl"
    return found
