"""Run git: questions, objects, configuration and history.

`branches` and `trees` know what to say to it; `tracker.git.process` starts it. `--` or a check
stands before whatever a caller names, and nothing is ever forced.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING

from tracker.errors import Refused, TrackerError
from tracker.git.discovery import git_of
from tracker.git.process import Answer, Launch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from subprocess import Popen
    from typing import IO, Any


LONGEST = 300.0  # seconds for work, and for remotes that answer slowly or never
INDEX_WAIT = 10.0  # for another git that has the index
_LACKING = "from promisor remote"
_NOT_OWNED = "dubious ownership"


class GitFailed(TrackerError):
    """Git could not do what it was asked; `said` is all that it wrote about it."""

    code = "git"

    def __init__(self, words: Sequence[str], said: str) -> None:
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        told = next((line for line in lines if line.startswith(("fatal:", "error:"))), "")
        hint = None
        if _LACKING in told:
            told = "this partial clone lacks what a commit holds"
            hint = "git log --patch -- .beads > /dev/null"  # git fetches it for that
        super().__init__(f"git {words[0]}: {told or (lines or ['no reason given'])[-1]}", hint=hint)
        self.said = said


class Repository:
    """The repository of a work tree, for a caller with this environment.

    What is asked of it runs nothing that the repository names, unless it `acts` for the user.
    """

    def __init__(self, top: str, env: Mapping[str, str], *, acts: bool = False) -> None:
        self.top = top
        self._launch = Launch(top, env, acts)

    def ask(
        self,
        *words: str,
        data: bytes = b"",
        env: Mapping[str, str] | None = None,
        settings: Sequence[str] = (),
    ) -> Answer:
        """What git says to anything. Raises GitFailed only where it cannot be run.

        It writes into files: a pipe would stay open for as long as what its hooks leave running.
        """
        import tempfile
        from subprocess import DEVNULL, PIPE

        stdin = PIPE if data else DEVNULL
        try:
            with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
                with self._launch.start(
                    words, settings=settings, extra=env, stdin=stdin, stdout=out, stderr=err
                ) as process:
                    _finish(process, words, data)
                out.seek(0)
                err.seek(0)
                return Answer(process.returncode, out.read(), err.read().decode(errors="replace"))
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
        words = ("rev-parse", "--verify", "--quiet", "--end-of-options", rev + "^{commit}")
        answer = self.ask(*words)
        if _NOT_OWNED in answer.error:  # git then knows of no revision at all
            raise GitFailed(words, answer.error)
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
        for name in names:
            start = data.index(b"\n", at) + 1
            head = data[at : start - 1].split(b" ")
            at = start
            if head[-1] in _NOT_THERE:
                self.check_absent(name)
                found.append(None)
            else:
                at = start + int(head[2]) + 1
                found.append(data[start : at - 1] if head[1] == b"blob" else None)
        return found

    def check_absent(self, name: str) -> None:
        """Raise GitFailed where a blob that git does not find is only missing in this clone."""
        words = ("rev-parse", "--verify", "--quiet", "--end-of-options", name)
        if self._is_partial and self.ask(*words).code == 0:
            raise GitFailed(["cat-file"], f"fatal: could not fetch {name} {_LACKING}")

    @cached_property
    def _is_partial(self) -> bool:
        """Whether this clone has left objects with its remote."""
        packs = os.path.join(git_of(self.top)[2] or "", "objects", "pack")
        try:
            return any(name.endswith(".promisor") for name in os.listdir(packs))
        except OSError:
            return False

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
        """Change a setting, or take it away (None). Raises Refused where it would harm a device."""
        if value is None:
            self._write_config(scope, "--unset-all", key)
        else:
            self._write_config(scope, "--replace-all", key, value)

    def remove_config(self, section: str, *, scope: str = "local") -> None:
        """Take a whole section of settings away."""
        self._write_config(scope, "--remove-section", section)

    def _write_config(self, scope: str, *words: str) -> None:
        named = self._launch.env.get("GIT_CONFIG_GLOBAL", "") if scope == "global" else ""
        if os.path.exists(named) and not os.path.isfile(named):  # git renames a file to that name
            raise Refused(
                f"GIT_CONFIG_GLOBAL names {named}, which is no file: nothing was written",
                hint="env -u GIT_CONFIG_GLOBAL bd setup git --global",
            )
        self.tell("config", *_scope(scope), *words)

    # History.

    @contextmanager
    def past(self) -> Iterator[Past]:
        """The history, for many questions: one process answers for all of its objects."""
        found = Past(self, self._launch)
        try:
            yield found
        finally:
            found.close()


class Past:
    """The history of a repository; what `Repository.past` gives."""

    def __init__(self, repo: Repository, launch: Launch) -> None:
        self._repo = repo
        self._launch = launch
        self._reader: Popen[bytes] | None = None

    def close(self) -> None:
        """Let the process go that reads files."""
        reader: Any = self._reader
        if reader is not None:
            with suppress(BrokenPipeError):
                reader.stdin.close()
            reader.stdout.close()
            reader.wait()
            self._reader = None

    def messages(self, rev: str = "HEAD") -> Iterator[tuple[str, str]]:
        """Name and message of every commit, newest first. Raises GitFailed."""
        words = ("log", "-z", "--format=%H%n%B", "--end-of-options", rev, "--")
        rest = b""
        with self._read(words) as stream:
            while chunk := stream.read1(65536):
                *rows, rest = (rest + chunk).split(b"\0")
                for row in rows:
                    name, _, message = row.decode("utf-8", "replace").partition("\n")
                    yield name, message

    def names(self, paths: Sequence[str], *revs: str) -> list[str]:
        """The commits that touch one of these files, on any side of a merge, newest first."""
        if any(rev.startswith("-") for rev in revs):
            raise GitFailed(["rev-list"], f"fatal: bad revision in {' '.join(revs)!r}")
        words = ("rev-list", "--full-history", "--date-order", *revs, "--")
        return self._repo.tell(*words, *map(literal, paths)).split()

    def patches(self, names: Sequence[str], paths: Sequence[str], form: str) -> Iterator[bytes]:
        """The lines of what each of these commits did to the files, after a line in that format.

        There is no context, and of a merge only what it did itself (`git diff-tree -c`).
        """
        import tempfile

        with tempfile.TemporaryFile() as asked:
            asked.write("".join(f"{name}\n" for name in names).encode())
            asked.seek(0)
            words = ("diff-tree", "--stdin", "--root", "-p", "-c", "-U0", "--text", "--always",
                     "--no-renames", "--encoding=UTF-8", f"--format={form}", "--",
                     *map(literal, paths))  # fmt: skip
            with self._read(words, asked) as stream:
                yield from stream

    def _start(self, words: Sequence[str], **streams: Any) -> Popen[bytes]:
        try:
            return self._launch.start(words, **streams)
        except OSError as error:
            raise GitFailed(words, f"fatal: {error.strerror or error}") from None

    @contextmanager
    def _read(self, words: Sequence[str], stdin: IO[bytes] | None = None) -> Iterator[Any]:
        """What git writes, as it comes. Raises GitFailed in the end if it was read until then."""
        import tempfile
        from subprocess import DEVNULL, PIPE

        with tempfile.TemporaryFile() as said:
            given = DEVNULL if stdin is None else stdin
            with self._start(words, stdin=given, stdout=PIPE, stderr=said) as process:
                try:
                    yield process.stdout
                except BaseException:
                    process.kill()
                    raise
            if process.returncode:
                said.seek(0)
                raise GitFailed(words, said.read().decode(errors="replace"))

    def blob(self, rev: str, path: str) -> bytes | None:
        """A file at a revision; None where it is not there."""
        name = f"{rev}:{path}"
        if "\n" in name:
            return None
        if self._reader is None:
            from subprocess import DEVNULL, PIPE

            words = ("cat-file", "--batch")
            self._reader = self._start(words, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
        reader: Any = self._reader
        with suppress(BrokenPipeError):
            reader.stdin.write(f"{name}\n".encode("utf-8", "surrogateescape"))
            reader.stdin.flush()
        head = reader.stdout.readline().split()
        if not head:  # it has ended: a process for this name alone says why
            return self._repo.blob(rev, path)
        if head[-1] in _NOT_THERE:
            self._repo.check_absent(name)
            return None
        data: bytes = reader.stdout.read(int(head[2]) + 1)[:-1]
        return data if head[1] == b"blob" else None


def _finish(process: Popen[bytes], words: Sequence[str], data: bytes) -> None:
    """Give a process its data and wait for its end. Raises OSError if that takes too long."""
    from subprocess import TimeoutExpired

    try:
        process.communicate(data or None, timeout=LONGEST)
    except TimeoutExpired:
        process.kill()
        raise OSError(f"git {words[0]} took longer than {LONGEST:g} s") from None
    except BaseException:
        process.kill()
        raise


_NOT_THERE = (b"missing", b"ambiguous")


def literal(path: str) -> str:
    """A path from the top as a pathspec in which no character means anything."""
    return f":(top,literal){path}"


def _scope(scope: str) -> list[str]:
    return [f"--{scope}"] if scope else []
