"""The one module that talks to git.

Acting goes through git's own program, because it needs an exact environment: what a hook of another
repository left in `GIT_DIR` and its kin is not believed. GitPython, which always hands on all of
`os.environ`, reads history, where one process that stays answers for hundreds of objects.

Everything runs at the top of the work tree and without a shell. `branches` and `trees` know what to
say to it; `--` or a check stands before whatever a caller names, and nothing is ever forced.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from tracker.errors import TrackerError
from tracker.gitdir import git_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from git import Git

SECONDS = 5.0  # for a short question
LONGEST = 300.0  # for work, and for remotes that answer slowly or never
INDEX_WAIT = 10.0  # for another git that has the index
CONFUSING = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_CONFIG",
        "GIT_DIR",
        "GIT_GLOB_PATHSPECS",
        "GIT_ICASE_PATHSPECS",
        "GIT_INDEX_FILE",
        "GIT_LITERAL_PATHSPECS",
        "GIT_NAMESPACE",
        "GIT_NOGLOB_PATHSPECS",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_QUARANTINE_PATH",
        "GIT_WORK_TREE",
    }
)
"""Variables by which a hook of one repository makes git answer for another, or otherwise."""


class Answer(NamedTuple):
    """What git said, and with which exit code."""

    code: int
    data: bytes
    error: str = ""

    @property
    def text(self) -> str:
        """The same as text; a path keeps its bytes."""
        return self.data.decode("utf-8", "surrogateescape")


class GitFailed(TrackerError):
    """Git could not do what it was asked; `said` is all that it wrote about it."""

    code = "git"

    def __init__(self, words: Sequence[str], said: str) -> None:
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        told = next((line for line in lines if line.startswith(("fatal:", "error:"))), "")
        name = next(word for word in words if not word.startswith("-") and "=" not in word)
        super().__init__(f"git {name}: {told or (lines or ['no reason given'])[-1]}")
        self.said = said


def ask(folder: str, env: Mapping[str, str], *words: str) -> Answer | None:
    """Git's answer to a question about the repository of a folder; None where it has none."""
    try:
        return asked(folder, cleaned(env), words)
    except TimeoutError:
        return None


def asked(
    folder: str, env: Mapping[str, str], words: Sequence[str], seconds: float = SECONDS
) -> Answer | None:
    """The same with the environment as it is, as a hook wants it. Raises TimeoutError."""
    import subprocess

    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", *words],
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"git {words[0]} takes too long") from None
    except OSError:
        return None
    return Answer(done.returncode, done.stdout)


def cleaned(env: Mapping[str, str]) -> dict[str, str]:
    """An environment in which git answers for the folder that it is started in."""
    return {name: value for name, value in env.items() if name not in CONFUSING}


def _run(folder: str, env: Mapping[str, str], words: Sequence[str], data: bytes) -> Answer:
    """Let git work; raises OSError where it cannot, or takes too long.

    It writes into files: a pipe would stay open for as long as what its hooks leave running.
    """
    import subprocess
    import tempfile

    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        with subprocess.Popen(
            ["git", *words],
            cwd=folder,
            env=env,
            stdin=subprocess.PIPE if data else subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            # Without a terminal of its own, ssh fails where it would wait for a passphrase.
            start_new_session=env.get("GIT_TERMINAL_PROMPT") == "0",
        ) as process:
            try:
                process.communicate(data or None, timeout=LONGEST)
            except subprocess.TimeoutExpired:
                process.kill()
                raise OSError(f"git {words[0]} took longer than {LONGEST:g} s") from None
            except BaseException:
                process.kill()
                raise
        out.seek(0)
        err.seek(0)
        return Answer(process.returncode, out.read(), err.read().decode(errors="replace"))


class Repository:
    """The repository of a work tree, for a caller with this environment.

    `index` names another index than the usual one: in a hook, git commits from `GIT_INDEX_FILE`.
    """

    def __init__(self, top: str, env: Mapping[str, str], *, index: str = "") -> None:
        self.top = top
        self.env = cleaned(env)
        # Messages of git are told apart below; the character set stays UTF-8.
        self.env["LC_ALL"] = "C.UTF-8"
        if index:
            self.env["GIT_INDEX_FILE"] = os.path.join(top, index)

    def ask(self, *words: str, data: bytes = b"", env: Mapping[str, str] | None = None) -> Answer:
        """What git says to anything. Raises GitFailed only where it cannot be run."""
        try:
            return _run(self.top, {**self.env, **(env or {})}, words, data)
        except OSError as error:
            raise GitFailed(words, f"fatal: {error.strerror or error}") from None

    def tell(self, *words: str, data: bytes = b"", env: Mapping[str, str] | None = None) -> str:
        """What git says if it succeeds. Raises GitFailed; waits for another git with the index."""
        return self._done(words, data, env).text

    def said(self, *words: str) -> bytes:
        """The same as the bytes that it is."""
        return self._done(words, b"", None).data

    def _done(self, words: Sequence[str], data: bytes, env: Mapping[str, str] | None) -> Answer:
        until = time.monotonic() + INDEX_WAIT
        while True:
            answer = self.ask(*words, data=data, env=env)
            if answer.code == 0:
                return answer
            if "index.lock" not in answer.error or time.monotonic() > until:
                raise GitFailed(words, answer.error or answer.text)
            time.sleep(0.05)

    # Questions.

    def path(self, name: str) -> str:
        """Where git keeps something of this work tree, such as `hooks` or `MERGE_HEAD`."""
        said = self.tell("rev-parse", "--git-path", name)
        return os.path.join(self.top, said.removesuffix("\n"))

    def commit_of(self, rev: str) -> str | None:
        """The full name of a commit; None where there is no such revision."""
        if rev.startswith("-"):
            return None
        answer = self.ask("rev-parse", "--verify", "--quiet", rev + "^{commit}")
        return answer.text.strip() or None

    def parents(self, rev: str) -> list[str]:
        """The parents of a commit, by name. Raises GitFailed."""
        name = self.commit_of(rev)
        if name is None:
            raise GitFailed(["rev-parse"], f"fatal: there is no commit {rev}")
        return self.tell("rev-list", "--parents", "--max-count=1", name).split()[1:]

    def blob(self, rev: str, path: str) -> bytes | None:
        """A file at a revision; "" is the index. None where it is not there."""
        return None if rev.startswith("-") else self.blobs([f"{rev}:{path}"])[0]

    def blobs(self, names: Sequence[str]) -> list[bytes | None]:
        """The contents of blobs, in one process; None for what is not there."""
        if any("\n" in name for name in names):
            raise GitFailed(["cat-file"], "fatal: a name with a line break")
        asked = "".join(f"{name}\n" for name in names).encode("utf-8", "surrogateescape")
        data = self._done(["cat-file", "--batch"], asked, None).data if names else b""
        found: list[bytes | None] = []
        at = 0
        for _ in names:
            start = data.index(b"\n", at) + 1
            head = data[at : start - 1].split(b" ")
            at = start
            if head[-1] in _NOT_THERE:
                found.append(None)
            else:
                at = start + int(head[2]) + 1
                found.append(data[start : at - 1] if head[1] == b"blob" else None)
        return found

    def stages(self, path: str) -> dict[int, bytes]:
        """The sides of a conflict in the index: 1 the base, 2 ours, 3 theirs."""
        said = self.tell("ls-files", "--unmerged", "-z", "--", literal(path))
        names = {}
        for row in said.split("\0")[:-1]:
            _, blob, stage = row.partition("\t")[0].split(" ")
            names[int(stage)] = blob
        contents = self.blobs(list(names.values()))
        return {
            stage: data for stage, data in zip(names, contents, strict=True) if data is not None
        }

    def attribute(self, name: str, paths: Sequence[str]) -> dict[str, str]:
        """An attribute of each path, such as `merge`; "unspecified" where nothing is said."""
        said = self.tell("check-attr", "-z", name, "--", *paths).split("\0")
        return dict(zip(said[0:-1:3], said[2:-1:3], strict=True))

    def config(self, key: str, *, scope: str = "") -> str | None:
        """A setting; `scope` is "", "local", "global" or "worktree"."""
        answer = self.ask("config", *_scope(scope), "--get", key)
        return answer.text.removesuffix("\n") if answer.code == 0 else None

    def set_config(self, key: str, value: str | None, *, scope: str = "local") -> None:
        """Change a setting, or take it away (None)."""
        if value is None:
            self.tell("config", *_scope(scope), "--unset-all", key)
        else:
            self.tell("config", *_scope(scope), "--replace-all", key, value)

    # History.

    @contextmanager
    def past(self) -> Iterator[Past]:
        """The history, for many questions: one process answers for all of its objects."""
        import git  # 85 ms

        _, git_dir, common = git_of(self.top)
        if git_dir is None or common is None:
            raise GitFailed(["log"], f"fatal: not a git repository: {self.top}")
        command = git.Git(self.top)
        # What is inherited cannot be taken away, only overruled.
        command.update_environment(
            GIT_DIR=git_dir,
            GIT_COMMON_DIR=common,
            GIT_WORK_TREE=self.top,
            GIT_OBJECT_DIRECTORY=os.path.join(common, "objects"),
            GIT_ALTERNATE_OBJECT_DIRECTORIES="",
            GIT_NAMESPACE="",
            **{name: "0" for name in CONFUSING if name.endswith("_PATHSPECS")},
        )
        found = Past(command)
        try:
            yield found
        finally:
            found.close()


class Past:
    """The history of a repository; what `Repository.past` gives."""

    def __init__(self, command: Git) -> None:
        self._git = command
        self._reader: Any = None

    def close(self) -> None:
        """Let the process go that reads files."""
        if self._reader is not None:
            self._reader.stdin.close()
            self._reader.wait()
            self._reader = None

    def messages(self, rev: str = "HEAD") -> Iterator[tuple[str, str]]:
        """Name and message of every commit, newest first. Raises GitFailed."""
        import git

        process = self._git.execute(
            ["git", "log", "-z", "--no-show-signature", "--format=%H%n%B", "--end-of-options", rev,
             "--"],
            as_process=True,
        )  # fmt: skip
        rest = b""
        while chunk := process.stdout.read1(65536):
            *rows, rest = (rest + chunk).split(b"\0")
            for row in rows:
                name, _, message = row.decode("utf-8", "replace").partition("\n")
                yield name, message
        try:
            process.wait()
        except git.GitCommandError as error:
            raise GitFailed(["log"], str(error.stderr).strip(" \n'")) from None

    def names(self, paths: Sequence[str], *revs: str) -> list[str]:
        """The commits that touch one of these files, on any side of a merge, newest first."""
        if any(rev.startswith("-") for rev in revs):
            raise GitFailed(["rev-list"], f"fatal: bad revision in {' '.join(revs)!r}")
        import git

        words = ["git", "rev-list", "--full-history", "--date-order", *revs, "--"]
        try:
            return str(self._git.execute([*words, *map(literal, paths)])).split()
        except git.GitCommandError as error:
            raise GitFailed(["rev-list"], str(error.stderr).strip(" \n'")) from None

    def patches(self, names: Sequence[str], paths: Sequence[str], form: str) -> Iterator[bytes]:
        """The lines of what each of these commits did to the files, after a line in that format.

        There is no context, and of a merge only what it did itself (`git diff-tree -c`).
        """
        import tempfile

        import git

        with tempfile.TemporaryFile() as asked:
            asked.write("".join(f"{name}\n" for name in names).encode())
            asked.seek(0)
            process = self._git.execute(
                ["git", "diff-tree", "--stdin", "--root", "-p", "-c", "-U0", "--text", "--always",
                 "--no-renames", "--no-textconv", "--no-ext-diff", "--encoding=UTF-8",
                 f"--format={form}", "--", *map(literal, paths)],
                as_process=True, istream=asked,
            )  # fmt: skip
            yield from process.stdout
            try:
                process.wait()
            except git.GitCommandError as error:
                raise GitFailed(["diff-tree"], str(error.stderr).strip(" \n'")) from None

    def blob(self, rev: str, path: str) -> bytes | None:
        """A file at a revision; None where it is not there."""
        from subprocess import PIPE

        if "\n" in rev + path:
            return None
        if self._reader is None:
            # GitPython's own reader of objects does not know the names of SHA-256.
            words = ["git", "cat-file", "--batch"]
            self._reader = self._git.execute(words, as_process=True, istream=PIPE)
        self._reader.stdin.write(f"{rev}:{path}\n".encode("utf-8", "surrogateescape"))
        self._reader.stdin.flush()
        head = self._reader.stdout.readline().split()
        if not head:
            raise GitFailed(["cat-file"], str(self._reader.stderr.read()))
        if head[-1] in _NOT_THERE:
            return None
        data: bytes = self._reader.stdout.read(int(head[2]) + 1)[:-1]
        return data if head[1] == b"blob" else None


_NOT_THERE = (b"missing", b"ambiguous")


def literal(path: str) -> str:
    """A path from the top as a pathspec in which no character means anything."""
    return f":(top,literal){path}"


def _scope(scope: str) -> list[str]:
    return [f"--{scope}"] if scope else []
