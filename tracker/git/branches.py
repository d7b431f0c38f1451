"""The state of a branch; commit, fetch, push and merge.

A commit is made beside the work tree: a tree, a commit of it, then the name of the branch. No hook
of a commit runs, since those look at the user's work. `git push` runs its hook as ever.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, NamedTuple

from tracker.errors import Refused
from tracker.git.discovery import marked
from tracker.git.repository import GitFailed, literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tracker.git.repository import Repository


UNDER_WAY = {
    "MERGE_HEAD": "merge",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
}
_FASTER = (  # how a remote says that somebody else was faster
    "fetch first", "non-fast-forward", "stale info", "cannot lock ref", "failed to update ref",
    "incorrect old value", "reference already exists",
)  # fmt: skip


_FETCHES = 3


class Branch(NamedTuple):
    """A branch; `head` is "" before its first commit.

    `upstream` is the local copy of what it is merged with, "" where there is none; `pushes` is
    whether `git push` goes to that very place.
    """

    name: str
    head: str = ""
    upstream: str = ""
    remote: str = ""
    remote_ref: str = ""
    pushes: bool = False

    @property
    def shown(self) -> str:
        """The upstream as people write it: origin/main."""
        return self.upstream.removeprefix("refs/remotes/").removeprefix("refs/heads/")


def under_way(git_dir: str) -> str:
    """The operation that waits for the user: merge, rebase ...; "" where none does."""
    there = (what for name, what in UNDER_WAY.items() if os.path.lexists(f"{git_dir}/{name}"))
    return next(there, "")


def current(repo: Repository) -> Branch | None:
    """The branch that HEAD stands on; None on a detached HEAD."""
    names = ("HEAD", "refname", "objectname", "upstream", "upstream:remotename",
             "upstream:remoteref", "push")  # fmt: skip
    wanted = "%00".join(f"%({name})" for name in names)
    for row in repo.tell("for-each-ref", f"--format={wanted}", "refs/heads/").splitlines():
        if row.startswith("*"):
            _, ref, head, upstream, remote, remote_ref, push = row.split("\0")
            name = ref.removeprefix("refs/heads/")
            return Branch(
                name, head, upstream, remote, remote_ref, bool(upstream) and push == upstream
            )
    ref = repo.ask("symbolic-ref", "--quiet", "HEAD").text.strip()
    return Branch(ref.removeprefix("refs/heads/")) if ref else None


def remotes(repo: Repository) -> list[str]:
    """The names of the remotes."""
    return repo.tell("remote").split()


def apart(repo: Repository, among: str) -> tuple[int, int]:
    """Of `ours...theirs`: how many commits only ours has, and how many only theirs."""
    said = repo.tell("rev-list", "--count", "--left-right", among, "--")
    ahead, behind = said.split()
    return int(ahead), int(behind)


def touches_more(repo: Repository, among: str, paths: Iterable[str]) -> bool:
    """Whether one of the commits changes anything but these files and folders.

    What a later commit takes back counts; of a merge counts what differs from every parent.
    """
    but = [f":(top,exclude,literal){path}" for path in paths]
    if ":(top,exclude,literal)." in but:
        return False
    one = ("rev-list", "--full-history", "--no-merges", "--max-count=1", among, "--", *but)
    own = ("log", "--full-history", "--merges", "-c", "--name-only", "--format=", among, "--", *but)
    return bool(repo.tell(*one).strip() or repo.tell(*own).strip())


def status(repo: Repository, paths: Iterable[str]) -> dict[str, str]:
    """What is not as in HEAD: two letters as in `git status --short` (`??` is not tracked)."""
    said = repo.tell(
        "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--",
        *map(literal, paths),
    )  # fmt: skip
    return {row[3:]: row[:2] for row in said.split("\0")[:-1]}


def hidden(repo: Repository, paths: Iterable[str]) -> dict[str, str]:
    """Those of which git does not see a change, and the mark in its index that makes it so."""
    return marked(repo.tell("ls-files", "-v", "-z", "--", *map(literal, paths)))


class Author(NamedTuple):
    """How commits are made: an author other than git's own ("Name <mail>"), and signed or not."""

    name: str = ""
    signs: bool = False


def signs(repo: Repository) -> bool:
    """Whether git is told to sign commits."""
    said = repo.ask("config", "--type=bool", "--get", "commit.gpgSign")
    return said.text.strip() == "true"


def commit(
    repo: Repository, tree: str, parents: Iterable[str], message: str, author: Author
) -> str:
    """A new commit, which no branch has yet."""
    words = ["commit-tree", tree, *(["-S"] if author.signs else [])]
    for parent in parents:
        words += ["-p", parent]
    data = (message.rstrip() + "\n").encode("utf-8", "surrogateescape")
    return repo.tell(*words, data=data, env=_names(author)).strip()


def _names(author: Author) -> Mapping[str, str]:
    name, _, mail = author.name.removesuffix(">").partition("<")
    if not name.strip() or not mail:
        return {}
    return {"GIT_AUTHOR_NAME": name.strip(), "GIT_AUTHOR_EMAIL": mail.strip()}


def advance(repo: Repository, new: str, old: str, why: str) -> None:
    """Let the current branch name another commit; raises GitFailed if it no longer names `old`."""
    repo.tell("update-ref", "-m", f"bd sync: {why}", "HEAD", new, old)


def restage(repo: Repository, paths: Iterable[str]) -> None:
    """Put files as they are in the work tree into the index, and nothing else."""
    data = "".join(f"{path}\0" for path in paths).encode("utf-8", "surrogateescape")
    repo.tell("update-index", "--add", "-z", "--stdin", data=data)


def check_out(repo: Repository, old: str, new: str, *, rehearse: bool = False) -> None:
    """Replace in the index and in the work tree what differs between two commits, or nothing.

    Raises GitFailed where that would lose a change of the user; `rehearse` only tries that.
    """
    repo.ask("update-index", "-q", "--refresh")  # a file that was only touched stops nothing
    repo.tell("read-tree", *(["--dry-run"] if rehearse else []), "-m", "-u", old, new)


def fetch(repo: Repository, branch: Branch, *, tidy: bool = True) -> bool:
    """Bring the copy of the upstream up to date; False where the remote has no such branch.

    Git tidies up afterwards where it is due, unless it is not to.
    """
    words = ["fetch", "--quiet", "--no-tags", "--no-recurse-submodules"]
    words += [*([] if tidy else ["--no-auto-gc"]), "--", branch.remote, branch.remote_ref]
    for _ in range(_FETCHES):
        answer = repo.ask(*words)
        if not (answer.code and _is_late(answer.error)):
            break
        time.sleep(0.1)  # another git of this repository moves the same ref
    if answer.code and "couldn't find remote ref" in answer.error:
        return False
    if answer.code:
        raise GitFailed(words, answer.error)
    return True


class Pushed(NamedTuple):
    """How a push went: `late` if somebody else was faster, else `why` it is not done."""

    done: bool
    late: bool = False
    reached: bool = True
    why: str = ""


def push(repo: Repository, branch: Branch, commit: str) -> Pushed:
    """Send one commit to the branch's place, if that only adds to what is there."""
    answer = repo.ask(
        "push", "--porcelain", "--no-follow-tags", "--recurse-submodules=no", "--",
        branch.remote, f"{commit}:{branch.remote_ref}",
    )  # fmt: skip
    if answer.code == 0:
        return Pushed(done=True)
    rows = [line.split("\t") for line in answer.text.splitlines() if line.startswith("!\t")]
    if rows:
        why = rows[0][-1]
        return Pushed(done=False, late=_is_late(why), why=f"{branch.remote} refused: {why}")
    if "fatal:" in answer.error:
        why = GitFailed(["push"], answer.error).message
        return Pushed(done=False, late=_is_late(answer.error), reached=False, why=why)
    said = f"{answer.text}\n{answer.error}".strip().partition("\n")[0]  # a hook of the user
    return Pushed(done=False, why=f"git push was stopped: {said}")


def _is_late(text: str) -> bool:
    return any(sign in text for sign in _FASTER)


class Clash(Refused):
    """A merge would need a person; everything is as it was before."""

    code = "merge-conflict"


def merge(repo: Repository, git_dir: str, branch: Branch, drivers: Mapping[str, str]) -> None:
    """Merge the upstream as `git merge` does, or raise Clash with everything as it was before.

    `drivers` are merge drivers by name, for this merge.
    """
    settings = [f"merge.{name}.driver={command}" for name, command in drivers.items()]
    answer = repo.ask("merge", "--no-edit", "--quiet", branch.upstream, settings=settings)
    if answer.code == 0:
        return
    if under_way(git_dir) != "merge":
        raise Clash(GitFailed(["merge"], answer.error or answer.text).message)
    said = repo.tell("ls-files", "--unmerged", "--full-name", "-z")
    repo.tell("merge", "--abort")
    names = dict.fromkeys(row.partition("\t")[2] for row in said.split("\0")[:-1])
    raise Clash(f"{', '.join(names)} changed on both sides: nothing was merged")
