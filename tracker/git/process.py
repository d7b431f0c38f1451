"""Start git: the one place, with an environment in which nothing of a repository runs.

A repository can make git run programs: settings name monitors, filters, hooks, pagers and external
diffs, and a folder with the files of a bare repository brings settings of its own. So git is
started at the top of the work tree and nowhere below it, with an environment that is built here,
and where we only read it runs nothing that a repository names.

Where we act for the user (`bd sync`, `bd worktree create` and `remove`), hooks, filters, signing
programs, transports and credential helpers run as when the user types the git command; a fsmonitor,
a pager, an editor, an external diff or a textconv has no part in that.

What the environment says of the place (GIT_DIR, GIT_INDEX_FILE and their kin) is believed in hooks
of git alone: elsewhere it has leaked from a hook of another repository. What it says of settings
(GIT_CONFIG_*) is the user's own and stays, since git hands these on to other repositories as well;
what is switched off here is said after it and wins.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from tracker.git.discovery import git_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from subprocess import Popen
    from typing import Any


SECONDS = 5.0  # for a short question
ALWAYS = (
    "safe.bareRepository=explicit",
    "core.fsmonitor=false",
    "log.showSignature=false",  # it runs gpg.program
    "diff.submodule=short",  # others start git in the submodule
    "protocol.ext.allow=never",  # git's default, which a clone's settings could change
)
"""Settings of every git process."""
READING = ("submodule.recurse=false",)
_NO_HOOKS = f"core.hooksPath={os.devnull}"
_WITHOUT_HOOKS = frozenset({"config", "rev-parse"})
"""Commands that run no hook, and that are asked where hooks are."""
_FLAGS = {
    "diff": ("--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=all"),
    "diff-index": ("--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=all"),
    "diff-tree": ("--no-ext-diff", "--no-textconv", "--no-color"),
    "log": ("--no-ext-diff", "--no-textconv", "--no-color"),
    "status": ("--ignore-submodules=all",),
}
"""Options for commands that would otherwise start a program, or git in a submodule."""
_FILTERING = frozenset({"diff", "diff-index", "status"})
"""Commands that look into files of the work tree, through the filters that attributes name."""
_PLACE = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_DIR", "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY", "GIT_WORK_TREE",
)  # fmt: skip
"""Variables by which git tells its hooks which repository and which index they are for."""
_KEPT = ("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG_", "GIT_EXEC_PATH")
_ACTING = (
    "GIT_ALLOW_PROTOCOL", "GIT_ASKPASS", "GIT_HTTP_", "GIT_LFS_", "GIT_NO_LAZY_FETCH",
    "GIT_PROTOCOL", "GIT_PROXY_", "GIT_SSH", "GIT_SSL_", "GIT_TERMINAL_PROMPT", "GIT_TRACE",
)  # fmt: skip
"""Beginnings of the variables of git that are handed on: always, and where a remote is asked."""


class Answer(NamedTuple):
    """What git said, and with which exit code."""

    code: int
    data: bytes
    error: str = ""

    @property
    def text(self) -> str:
        """The same as text; a path keeps its bytes."""
        return self.data.decode("utf-8", "surrogateescape")


class Launch(NamedTuple):
    """How git is started: for a folder of a work tree, and a caller with this environment.

    `acts`: what the user's settings name may run, as for a git command that the user types.
    `hooked`: which repository is meant is what the environment says, if it says it.
    """

    folder: str
    env: Mapping[str, str]
    acts: bool = False
    hooked: bool = False

    def start(
        self,
        words: Sequence[str],
        *,
        settings: Iterable[str] = (),
        extra: Mapping[str, str] | None = None,
        **streams: Any,
    ) -> Popen[bytes]:
        """The process of a git command, at the top of the work tree; paths count from there.

        `settings` ("key=value") and `extra` variables are for this one. Outside of any work tree
        the user's settings can be asked for, and nothing else. Raises OSError where git cannot be
        started, or not without running a program.
        """
        import subprocess

        top = self._top() or (os.sep if words[0] == "config" else "")
        if not top:
            raise OSError(f"{self.folder} is in no work tree")
        options = [*settings, *ALWAYS, *([] if self.acts else self._reading(words))]
        command = ["git", "--no-pager"]
        for setting in options:
            command += ["-c", setting]
        return subprocess.Popen(
            [*command, words[0], *_FLAGS.get(words[0], ()), *words[1:]],
            cwd=top,
            env={**self._environment(top), **(extra or {})},
            # Without a terminal of its own, ssh fails where it would wait for a passphrase.
            start_new_session=self.acts and self.env.get("GIT_TERMINAL_PROMPT") == "0",
            **streams,
        )

    def answer(self, *words: str, seconds: float | None = None) -> Answer:
        """The answer to a short question. Raises OSError, and TimeoutError, which is one."""
        from subprocess import DEVNULL, PIPE, TimeoutExpired

        with self.start(words, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL) as process:
            try:
                data, _ = process.communicate(timeout=SECONDS if seconds is None else seconds)
            except TimeoutExpired:
                process.kill()
                raise TimeoutError(f"git {words[0]} takes too long") from None
            except BaseException:
                process.kill()
                raise
        return Answer(process.returncode, data)

    def _top(self) -> str | None:
        folder = os.path.realpath(self.folder)
        top, git_dir, _ = git_of(folder)
        named = self.env.get("GIT_DIR") if self.hooked else None
        if named:
            if work_tree := self.env.get("GIT_WORK_TREE"):
                return os.path.join(folder, work_tree)
            if os.path.realpath(os.path.join(folder, named)) != git_dir:
                return folder  # as git itself takes it
        return top

    def _environment(self, top: str) -> dict[str, str]:
        kept = (*_KEPT, *(_ACTING if self.acts else ()))
        found = {
            name: value
            for name, value in self.env.items()
            if not name.startswith("GIT_") or name.startswith(kept)
        }
        if self.hooked:
            found |= {name: self._path(name, top) for name in _PLACE if self.env.get(name)}
        if "PATH" in found:  # a relative part would find programs in the work tree
            parts = found["PATH"].split(os.pathsep)
            found["PATH"] = os.pathsep.join(part for part in parts if os.path.isabs(part))
        found |= {
            # Messages of git are told apart; the character set stays UTF-8.
            "LANGUAGE": "C",
            "LC_ALL": "C.UTF-8",
            "GIT_CEILING_DIRECTORIES": os.path.dirname(top),
            "GIT_EDITOR": ":",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_PAGER": "cat",
            "GIT_SEQUENCE_EDITOR": ":",
        }
        if not self.acts:  # nothing is fetched, neither by name nor for a partial clone
            found |= {
                "GIT_ALLOW_PROTOCOL": "none",
                "GIT_NO_LAZY_FETCH": "1",
                "GIT_TERMINAL_PROMPT": "0",
                # The settings may say that the files are elsewhere.
                **({} if self.hooked or top == os.sep else {"GIT_WORK_TREE": top}),
            }
        return found

    def _path(self, name: str, top: str) -> str:
        """A path that the environment names, wherever git is started."""
        value = self.env[name]
        if name == "GIT_ALTERNATE_OBJECT_DIRECTORIES":
            return value
        base = top if name == "GIT_INDEX_FILE" else os.path.realpath(self.folder)
        return os.path.join(base, value)

    def _reading(self, words: Sequence[str]) -> list[str]:
        """Settings by which a command runs nothing."""
        found = [*READING, *([] if words[0] in _WITHOUT_HOOKS else [_NO_HOOKS])]
        if words[0] in _FILTERING and "--cached" not in words:
            found += self._filters_off()
        return found

    def _filters_off(self) -> list[str]:
        """Settings that leave out every filter: attributes name them, and settings define them."""
        said = self.answer("config", "-z", "--name-only", "--get-regexp", r"^filter\.").text
        names = {key.partition(".")[2].rpartition(".")[0] for key in said.split("\0")}
        if any("=" in name for name in names):
            raise OSError("the settings hold a filter that cannot be switched off: its name has =")
        off = ("clean=", "smudge=", "process=", "required=false")
        return [f"filter.{name}.{key}" for name in sorted(names) if name for key in off]


def ask(folder: str, env: Mapping[str, str], *words: str) -> Answer | None:
    """Git's answer to a question about the repository around a folder; None where it has none."""
    try:
        return Launch(folder, env).answer(*words)
    except OSError:
        return None
