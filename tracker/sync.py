"""`bd sync`: commit, merge, push, and retry."""

from __future__ import annotations

import os
import random
import time
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from tracker import fileio
from tracker.cache.issues.source import IssueSource
from tracker.checks.staged import OURS
from tracker.errors import Conflicted, Locked, Refused, SecretFound, quoted
from tracker.fileio import make_local
from tracker.git import branches
from tracker.git.branches import Author, Clash
from tracker.git.discovery import tracked, unmarking
from tracker.git.repository import GitFailed
from tracker.git.tree_merge import TreeMerger, with_changes, with_files
from tracker.issues import regressions
from tracker.locks import WAIT, hold
from tracker.secrets.gate import cleared
from tracker.secrets.scan import SecretPolicy, brought
from tracker.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from tracker.git.branches import Branch
    from tracker.git.repository import Repository
    from tracker.model.context import Place
    from tracker.secrets.rules import Finding


NAMES = (
    "archive.jsonl", "memory.jsonl", "outcomes.jsonl", "interactions.jsonl", "deletions.jsonl",
    "config.yaml", "metadata.json", ".gitattributes", ".gitignore", "README.md",
)  # fmt: skip
"""Files of a workspace that git keeps, beside the log."""


class Territory(NamedTuple):
    """The tracker's files by their paths from the top; `area` may hold whole folders of it."""

    log: str
    names: tuple[str, ...]
    area: tuple[str, ...]


class SyncObstacle(NamedTuple):
    """What keeps a sync from being complete, and the commands that would complete it."""

    why: str
    left: tuple[str, ...] = ()


class Standing(NamedTuple):
    """Where a branch and the tracker's files stand, as far as it is known without asking."""

    branch: Branch | None
    changed: tuple[str, ...] = ()
    ahead: int = 0
    behind: int = 0
    obstacle: SyncObstacle | None = None


def territory(place: Place, top: str) -> Territory:
    """What belongs to the tracker. A folder that is not called `.beads` holds other files too."""
    log = os.path.relpath(place.log, top)
    folder = os.path.relpath(place.beads, top)
    names = (log, *(os.path.normpath(os.path.join(folder, name)) for name in NAMES))
    is_own = os.path.basename(place.beads) == ".beads"
    return Territory(log, names, (folder, log) if is_own else names)


def standing(repo: Repository, place: Place) -> Standing:
    """What a sync would find."""
    own = territory(place, repo.top)
    branch = branches.current(repo)
    changed = tuple(sorted(branches.status(repo, own.names)))
    if branch is None:
        return Standing(None, changed, obstacle=SyncObstacle("no branch is checked out"))
    found = Standing(branch, changed, obstacle=nowhere(repo, branch))
    if found.obstacle or not branch.head or repo.commit_of(branch.upstream) is None:
        return found
    sides = f"{branch.head}...{branch.upstream}"
    ahead, behind = branches.apart(repo, sides)
    is_mixed = branches.touches_more(repo, sides, own.area)
    return found._replace(
        ahead=ahead, behind=behind, obstacle=mixed(branch, behind) if is_mixed else None
    )


def nowhere(repo: Repository, branch: Branch) -> SyncObstacle | None:
    """Why there is no place to push to; None where there is one."""
    if branch.upstream and branch.pushes and branch.remote != ".":
        return None
    names = branches.remotes(repo)
    if not names:
        return SyncObstacle("there is no remote")
    remote = branch.remote if branch.remote in names else names[0]
    push = f"git push -u {quoted(remote)} {quoted(branch.name)}"
    if branch.upstream and branch.remote != ".":
        return SyncObstacle(f"git would not push {branch.name} to {branch.shown}", (push,))
    return SyncObstacle(f"{branch.name} has no upstream", (push,))


def mixed(branch: Branch, behind: int) -> SyncObstacle:
    """Commits on either side are the user's: what to do about them is left to the user."""
    merge = (f"git merge {quoted(branch.shown)}",) if behind else ()
    why = "commits touch other files than the tracker's (bd sync --all takes them along)"
    return SyncObstacle(why, (*merge, "git push"))


T = TypeVar("T")

MESSAGE = "bd sync: update issues"
ALLOW_LOSS = "BD_ALLOW_LOSS"
TRIES = 60
"""How often it is tried again where others push at the same time."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 10.0  # seconds


class SyncOptions(NamedTuple):
    """What is asked for. `everything`: the whole branch, whatever its commits touch.

    `only` names the one branch that is merged and pushed; others are committed to alone. `policy`
    is what the caller says about secrets.
    `drivers` are merge drivers by name, for the merges that git itself makes.
    """

    message: str = MESSAGE
    pull: bool = True
    push: bool = True
    everything: bool = False
    only: str = ""
    allow_loss: bool = False
    patience: float = WAIT
    policy: SecretPolicy = SecretPolicy()
    author: Author = Author()
    drivers: Mapping[str, str] = {}


class Report(NamedTuple):
    """What was done. `pushed`: the upstream holds all that is committed here.

    `why` tells what stopped it, `left` the commands that would finish it; `failed` where somebody
    should look at it.
    """

    branch: str = ""
    upstream: str = ""
    commit: str = ""
    files: tuple[str, ...] = ()
    merged: bool = False
    pulled: int = 0
    pushed: bool = False
    retries: int = 0
    decisions: tuple[str, ...] = ()
    why: str = ""
    left: tuple[str, ...] = ()
    failed: bool = False


class SyncPlan(NamedTuple):
    """From which commit of ours to which; `theirs` is what the upstream was ("": nothing yet)."""

    head: str
    theirs: str
    new: str
    behind: int
    decisions: tuple[str, ...] = ()


def sync(repo: Repository, place: Place, wish: SyncOptions) -> Report:
    """Do it. Raises Refused where git or the log is in no state for it, and nothing was done."""
    run = _Run(repo, place, wish)
    run.ready()  # before anything of ours is written, be it a lock
    make_local(run.local)
    with hold(os.path.join(run.local, "sync.lock"), wish.patience):
        return run.whole()


class _Run:
    """One sync: what is wanted, and what has been done so far."""

    def __init__(self, repo: Repository, place: Place, wish: SyncOptions) -> None:
        self.repo = repo
        self.place = place
        self.wish = wish
        self.local = os.path.join(place.beads, ".local")
        self.own = territory(place, repo.top)
        self.report = Report()
        source = IssueSource(place.log, place.cache, self.local, b"", 0)
        self.store = Store(place, source, wish.patience)
        self.merger = TreeMerger(repo, self.own.area, self.own.log)
        self.seen: tuple[object, ...] = ()

    def note(self, **news: Any) -> Report:
        self.report = self.report._replace(**news)
        return self.report

    def stop(self, why: str, *left: str, failed: bool = False) -> Report:
        return self.note(why=why, left=left, failed=failed)

    def ready(self) -> Branch:
        """The branch. Raises Refused in the middle of something, or on none."""
        doing = branches.under_way(self.place.git_dir or "")
        if doing:
            raise Refused(
                f"a {doing} is under way: nothing was committed",
                hint=f"git {doing} --continue, or git {doing} --abort",
            )
        branch = branches.current(self.repo)
        if branch is None:
            raise Refused(
                "no branch is checked out (detached HEAD): nothing was committed",
                hint="git switch BRANCH",
            )
        return branch

    def locked(self, work: Callable[[Branch], T]) -> T:
        """Commit, then do something to the files, while no other command writes to the log."""
        with self.store.held():
            return work(self.commit(self.ready()))

    def whole(self) -> Report:
        """Commit, then fetch, merge and push until nobody was faster."""
        branch = self.locked(lambda branch: branch)
        self.note(branch=branch.name, upstream=branch.shown)
        if not self.report.commit and not tracked(self.place.log):
            return self.stop("git ignores the log")
        if self.wish.only not in {"", branch.name}:
            return self.stop(f"sync-branch is {self.wish.only}, and this is {branch.name}")
        obstacle = nowhere(self.repo, branch)
        if obstacle:
            return self.stop(obstacle.why, *obstacle.left)
        if not (self.wish.pull or self.wish.push):
            return self.stop("neither pull nor push was wanted")
        for attempt in range(TRIES + 1):
            if attempt:
                self.note(retries=attempt)
                time.sleep(_pause(attempt))
            ended = self.round(branch)
            if ended is not None:
                return ended
        return self.stop("others kept pushing at the same time", "bd sync", failed=True)

    def round(self, branch: Branch) -> Report | None:
        """One try; None if somebody was faster, there or here.

        What is merged is pushed before it is checked out: until it has arrived, it counts for
        nothing, and the next try begins from the same commit.
        """
        if self.wish.pull:
            try:
                branches.fetch(self.repo, branch, tidy=not self.report.retries)
            except GitFailed as error:
                return self.stop(f"{branch.remote} was not reached: {error.message}", "bd sync")
        try:
            plan = self.locked(self.plan)
            if isinstance(plan, Report):
                return plan
            again = self.push(branch, plan)
            if plan.new != plan.head and not again:
                again = self.locked(lambda now: self.take(now, plan))
        except (Clash, GitFailed) as error:
            return self.stop(error.message, f"git merge {quoted(branch.shown)}", failed=True)
        except (Refused, Locked) as error:
            if not (self.report.commit or self.report.pushed):
                raise
            why = error.message.partition(" nothing was ")[0].rstrip(":;")
            left = "bd sync" if isinstance(error, Locked) else error.hint or "bd sync"
            return self.stop(why, left, failed=True)
        return None if again else self.report

    # Commit.

    def commit(self, branch: Branch) -> Branch:
        """Commit the tracker's files if they changed, and return the branch as it is then."""
        looks = tuple(_look(os.path.join(self.repo.top, path)) for path in self.own.names)
        if (branch.head, looks) == self.seen:
            return branch
        head = branch.head
        changed = self.changed()
        if changed:
            self.check(head, changed)
            wish = self.wish
            tree = with_files(self.repo, head, changed)
            parents = [head] if head else []
            head = branches.commit(self.repo, tree, parents, wish.message, wish.author)
            branches.restage(self.repo, changed)
            branches.advance(self.repo, head, branch.head, "commit")
            self.note(commit=head, files=tuple(dict.fromkeys((*self.report.files, *changed))))
        self.seen = (head, looks)
        return branch._replace(head=head) if branch.head else self.ready()

    def changed(self) -> list[str]:
        """The files to commit. What is missing is not committed as deleted."""
        for path, mark in branches.hidden(self.repo, self.own.names).items():
            raise Refused(
                f"git does not see changes of {path}, marked {mark}: nothing was committed",
                hint=unmarking(self.repo.top, path, mark),
            )
        found = branches.status(self.repo, self.own.names)
        for path, code in found.items():
            if "U" in code or code in {"AA", "DD"}:
                raise Refused(f"{path} was left unmerged: nothing was committed", hint="bd resolve")
        if found.get(self.own.log, "").endswith("D"):
            hint = f"git -C {quoted(self.repo.top)} checkout -- {quoted(self.own.log)}"
            raise Refused(f"{self.own.log} is missing, but git has it", hint=hint)
        return sorted(path for path, code in found.items() if "D" not in code)

    def check(self, head: str, changed: Iterable[str]) -> None:
        """Refuse to commit what a merge or a slip has damaged, and secrets that HEAD lacks."""
        self.disclose(head, {path: self._read(path) for path in changed}, "committed")
        paths = [path for path in changed if path == self.own.log or os.path.basename(path) in OURS]
        old_ones = [f"{head}:{path}" for path in paths]
        before = self.repo.blobs(old_ones) if head else [None] * len(paths)
        after = [regressions.Version(self._read(path), path) for path in paths]
        for path, old, new in zip(paths, before, after, strict=True):
            if new.markers:
                raise Conflicted(os.path.join(self.repo.top, path), new.markers)
            known = regressions.Version(old or b"", path)
            broken = regressions.unreadable(known, new)
            if broken:
                raise Refused(f"{path}: {broken[0]}; nothing was committed", hint="bd doctor")
            lost = regressions.lost(known, after)
            if lost.is_mass and not self.wish.allow_loss:
                raise Refused(
                    f"{path}: {lost}; nothing was committed",
                    hint=f"{ALLOW_LOSS}=1 bd sync, if that is meant",
                )

    def disclose(self, old: str, files: Mapping[str, bytes], undone: str) -> None:
        """Raise SecretFound where a file, or its name, holds a secret that `old` lacks."""
        self.clear({f"name of file {number}": path for number, path in enumerate(files, 1)}, undone)
        before = self.repo.blobs([f"{old}:{path}" for path in self.own.names]) if old else []
        known = [line for data in before for line in (data or b"").splitlines()]
        found, prints = [], []
        for path, data in files.items():
            lines = data.splitlines()
            for line, spots in brought(known, lines).items():
                new = [one for one in spots if self._is_refused(one.finding)]
                prints += [one.finding.fingerprint for one in new]
                found += [f"{path}, line {lines.index(line) + 1}: {one}" for one in new]
        if found:
            raise SecretFound(found, prints, undone=undone)

    def disclose_commits(self, branch: Branch, theirs: str) -> None:
        """Raise SecretFound where what would be pushed, whoever committed it, holds a secret."""
        self.clear({"name of the branch": branch.name}, "pushed")
        words = (
            ("diff", "--name-only", "-z", theirs) if theirs else ("ls-tree", "-rz", "--name-only")
        )
        changed = self.repo.tell(*words, branch.head).split("\0")[:-1]
        own = [path for path in changed if path in self.own.names]
        blobs = self.repo.blobs([f"{branch.head}:{path}" for path in own])
        held = {path: data or b"" for path, data in zip(own, blobs, strict=True)}
        self.disclose(theirs, {**dict.fromkeys(changed, b""), **held}, "pushed")

    def clear(self, texts: Mapping[str, str], undone: str) -> None:
        """Raise SecretFound where a text holds a secret that the caller does not let pass."""
        cleared(texts, lambda: self.wish.policy._replace(redact=False), undone=undone)

    def _is_refused(self, finding: Finding) -> bool:
        return finding.refuses and finding.fingerprint not in self.wish.policy.allowed

    def _read(self, path: str) -> bytes:
        return fileio.read(os.path.join(self.repo.top, path), fileio.LARGEST)

    # Merge and push.

    def plan(self, branch: Branch) -> SyncPlan | Report:
        """What is to be pushed and checked out, or why nothing is. Raises Clash."""
        theirs = self.repo.commit_of(branch.upstream) or ""
        if theirs == branch.head:
            return self.note(pushed=True)
        ahead, behind, among = 1, 0, branch.head
        if theirs:
            among = f"{branch.head}...{theirs}"
            ahead, behind = branches.apart(self.repo, among)
        if ahead and self.wish.push:
            self.disclose_commits(branch, theirs)
        is_mixed = branches.touches_more(self.repo, among, self.own.area)
        if is_mixed and not self.wish.everything:
            return self._stopped_by(mixed(branch, behind))
        if behind and not self.wish.pull:
            return self._stopped_by(_behind(branch))
        plan = SyncPlan(branch.head, theirs, theirs if behind else branch.head, behind)
        if is_mixed and behind:
            branches.merge(self.repo, self.place.git_dir or "", branch, self.wish.drivers)
            self.note(merged=ahead > 0, pulled=self.report.pulled + behind)
            head = self.ready().head
            return plan._replace(head=head, new=head)
        return self.joined(branch, plan) if ahead and behind else plan

    def joined(self, branch: Branch, plan: SyncPlan) -> SyncPlan:
        """The merge of both sides, as a commit that no branch has yet. Raises Clash."""
        met = self.merger.meet(plan.head, plan.theirs)
        if met is None:
            raise Clash(f"{branch.shown} has no history in common with {branch.name}")
        if met.clashes:
            raise Clash(f"{', '.join(met.clashes)} changed on both sides: nothing was merged")
        tree = with_changes(self.repo, plan.head, met.changes)
        new = branches.commit(
            self.repo,
            tree,
            (plan.head, plan.theirs),
            f"bd sync: merge {branch.shown}",
            self.wish.author,
        )
        if not met.changes.keys() <= set(self.own.names):
            branches.check_out(self.repo, plan.head, new, rehearse=True)
        return plan._replace(new=new, decisions=met.decisions)

    def push(self, branch: Branch, plan: SyncPlan) -> bool:
        """Push what is planned; True if somebody else was faster and it can be tried again."""
        if plan.new == plan.theirs:
            self.note(pushed=True)
            return False
        if not self.wish.push:
            self.stop("pushing was not wanted", "git push")
            return False
        done = branches.push(self.repo, branch, plan.new)
        if done.late and self.wish.pull:
            return True
        if done.done:
            self.note(pushed=True)
        elif done.late:
            self._stopped_by(_behind(branch))
        elif not done.reached:
            self.stop(f"{branch.remote} was not reached: {done.why}", "git push")
        else:
            self.stop(done.why, "git push", failed=True)
        return False

    def take(self, branch: Branch, plan: SyncPlan) -> bool:
        """Let index, files and branch follow; True if there is more to push now.

        What was written here while the remote was waited for is merged too.
        """
        is_newer = branch.head != plan.head
        if is_newer:
            plan = self.joined(branch, plan._replace(head=branch.head, theirs=plan.new))
        branches.check_out(self.repo, plan.head, plan.new)
        try:
            branches.advance(self.repo, plan.new, plan.head, f"merge {branch.shown}")
        except GitFailed:
            branches.check_out(self.repo, plan.new, plan.head)
            raise
        self.note(
            merged=self.report.merged or plan.new != plan.theirs,
            pulled=self.report.pulled + plan.behind,
            decisions=(*self.report.decisions, *plan.decisions),
        )
        if not is_newer or self.report.why:
            return False
        self.note(pushed=False)
        return True

    def _stopped_by(self, obstacle: SyncObstacle) -> Report:
        return self.stop(obstacle.why, *obstacle.left)


def _behind(branch: Branch) -> SyncObstacle:
    return SyncObstacle(
        f"{branch.shown} has other commits, and pulling was not wanted", ("bd sync",)
    )


def _pause(attempt: int) -> float:
    """Seconds to wait: longer each time, and never the same as somebody else."""
    most = min(_FIRST_PAUSE * 2 ** min(attempt, 10), _LONGEST_PAUSE)
    return random.uniform(0, most)  # noqa: S311  # nosec B311  # nothing secret


def _look(path: str) -> tuple[int, ...]:
    """What tells a file from a changed one."""
    try:
        found = os.stat(path)
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
