"""`bd sync`: commit, merge and push the tracker's files."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from tracker.cli.argv import boolean
from tracker.cli.command import command, pass_session
from tracker.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tracker.cli.session import Session
    from tracker.git.repository import Repository
    from tracker.sync import Report, Standing, SyncOptions


IN_PROGRESS = "BD_SYNC_IN_PROGRESS"
"""Set for what git starts for us: a `bd sync` in a hook has nothing to add."""
_SHOWN = 20  # decisions of a merge


@command(
    "sync",
    examples=["bd sync", 'bd sync -m "Update issues"', "bd sync --all", "bd sync --status --json"],
    patience="line",
)
@click.option("-m", "--message", metavar="TEXT", help="Commit message")
@click.option("--all", "everything", is_flag=True, help="Merge and push other files' commits too")
@click.option("--no-pull", is_flag=True, help="Do not merge")
@click.option("--no-push", is_flag=True, help="Do not push")
@click.option("--dry-run", is_flag=True, help="Show what would be done, without the network")
@click.option(
    "--status", "--check", "status", is_flag=True, help="Show what is to commit, merge and push"
)
@click.option("--flush-only", "--import-only", "--import", "--squash", "--merge", "--resolve",
              "--ours", "--theirs", "--manual", "nothing", is_flag=True, hidden=True)  # fmt: skip
@click.option("--set-mode", "mode", hidden=True)
@click.option("--full", "--force", "--no-git-history", "--from-main", "--accept-rebase",
              "--rename-on-import", is_flag=True, expose_value=False, hidden=True)  # fmt: skip
@pass_session
def sync(session: Session, /, nothing: bool, mode: str | None, **given: Any) -> None:
    """Commit the tracker's files, merge the upstream and push.

    Staged changes and other files stay as they are. Where commits that touch other files would
    have to be merged or pushed, only the commit is made, and the git commands that are left are
    printed; --all does these too.
    """
    if nothing or mode is not None or boolean(session.env.get(IN_PROGRESS, "")):
        # The log is the only copy: there is nothing to export and nothing to import.
        if session.json:
            session.emit({"mode": "jsonl", "exported": 0, "imported": 0})
        return
    from tracker.log.config_file import parse, value
    from tracker.small_files import contents

    settings = parse(contents(os.path.join(session.place.beads, "config.yaml")) or b"")
    shows = given["status"] or given["dry_run"]
    repo = _repository(session, acts=not shows)
    off = boolean(value(settings, "no-git-ops")) or boolean(session.env.get("BD_NO_GIT_OPS", ""))
    if repo is None or off:
        _tell_nothing(session, "no-git-ops is set" if off else "not in a git work tree")
    elif shows:
        _tell_standing(session, repo, dry_run=given["dry_run"])
    elif session.readonly:
        raise Refused("operation 'sync' is not allowed in read-only mode")
    else:
        _do(session, repo, _wish(session, repo, settings, given))


def _do(session: Session, repo: Repository, wish: SyncOptions) -> None:
    from tracker.cli.driver_notice import register
    from tracker.setup.merge_driver import is_missing
    from tracker.sync import sync as run

    session.writes = True
    report = run(repo, session.place, wish)
    session.code = int(report.failed)
    if is_missing(session.place):
        register(session)
    _tell(session, report)


def _repository(session: Session, *, acts: bool) -> Repository | None:
    """The repository of the workspace; without a terminal git asks for no password."""
    from tracker.git.repository import Repository

    place = session.place
    if place.top is None or place.git_dir is None:
        return None
    env = {**session.env, IN_PROGRESS: "1", "BD_LOCK_TIMEOUT": "2s"}
    if session.stdin is None or not session.stdin.isatty():
        env.setdefault("GIT_TERMINAL_PROMPT", "0")
    return Repository(place.top, env, acts=acts)


def _wish(
    session: Session, repo: Repository, settings: Mapping[str, Any], given: Mapping[str, Any]
) -> SyncOptions:
    from tracker.cli import secret_check
    from tracker.git.branches import Author, signs
    from tracker.locks import WAIT
    from tracker.log.config_file import value
    from tracker.setup.merge_driver import command as driver_command
    from tracker.sync import ALLOW_LOSS, MESSAGE, SyncOptions

    unsigned = boolean(value(settings, "git.no-gpg-sign"))
    driver = driver_command(sys.executable or "python3")
    author = value(settings, "git.author")
    said = {"message": given["message"] or MESSAGE, "git.author": author}
    return SyncOptions(
        message=secret_check.cleared(session, said)["message"],
        policy=secret_check.policy(session),
        pull=not given["no_pull"],
        push=not (given["no_push"] or boolean(value(settings, "no-push"))),
        everything=given["everything"],
        only=value(settings, "sync-branch") or session.env.get("BEADS_SYNC_BRANCH") or "",
        allow_loss=bool(boolean(session.env.get(ALLOW_LOSS, ""))),
        patience=WAIT if session.lock_timeout is None else session.lock_timeout,
        author=Author(author, not unsigned and signs(repo)),
        drivers={"tracker": driver, "beads": driver},
    )


# What is told.


def _answer(session: Session, **more: Any) -> dict[str, Any]:
    """Keys that clients of Beads look for come first."""
    known = {"mode": "jsonl", "jsonl_path": session.place.log, "exported": 0, "imported": 0}
    return {**known, **more}


def _tell_nothing(session: Session, why: str) -> None:
    if session.json:
        state = {"committed": False, "commit": None, "merged": False, "pulled": 0, "pushed": False}
        session.emit(_answer(session, **state, retries=0, left=[], why=why, pending=0, conflicts=0))
    else:
        session.say(f"✓ the log is the only copy; nothing to do ({why})")


def _tell(session: Session, report: Report) -> None:
    if session.json:
        state = report._asdict()
        state.pop("failed")
        for name in ("commit", "upstream", "why"):
            state[name] = state[name] or None
        session.emit(_answer(session, committed=bool(report.commit), **state))
        return
    for line in report.decisions[:_SHOWN]:
        session.note(line)
    if len(report.decisions) > _SHOWN:
        session.note(f"and {len(report.decisions) - _SHOWN} more")
    for line in _lines(report):
        session.say(line)


def _lines(report: Report) -> list[str]:
    lines = []
    if report.commit:
        lines.append(f"✓ Committed {', '.join(report.files)} ({report.commit[:10]})")
    else:
        lines.append("✓ Nothing to commit")
    if report.pulled:
        lines.append(f"✓ Merged {_commits(report.pulled)} from {report.upstream}")
    if report.pushed:
        again = f" (tried again {report.retries} times)" if report.retries > 1 else ""
        lines.append(f"✓ {report.upstream} has it all{again}")
    else:
        lines.append(f"Not pushed: {report.why}")
    if report.left:
        lines += ["Left to do:", *(f"  {command}" for command in report.left)]
    return lines


def _commits(count: int) -> str:
    return f"{count} commit{'' if count == 1 else 's'}"


def _tell_standing(session: Session, repo: Repository, *, dry_run: bool) -> None:
    from tracker.fileio import read_log
    from tracker.git.branches import under_way
    from tracker.log.conflict_markers import conflicts as counted
    from tracker.sync import standing

    found = standing(repo, session.place)
    doing = under_way(session.place.git_dir or "")
    conflicts = counted(read_log(session.place.log)[0])
    if session.json:
        session.emit(_answer(session, **_state(found), under_way=doing or None, dry_run=dry_run,
                             pending=len(found.changed), conflicts=conflicts))  # fmt: skip
        return
    session.say(f"Log: {os.path.relpath(session.place.log, repo.top)}")
    if doing or found.branch is None:
        session.say(f"Nothing can be committed: {doing or 'no branch is checked out'}")
        return
    names = ", ".join(found.changed)
    session.say(f"To commit: {names}" if names else "Nothing to commit")
    if found.branch.upstream:
        session.say(
            f"{found.branch.name}: {_commits(found.ahead)} to push, {_commits(found.behind)} to "
            f"merge ({found.branch.shown}, when it was last fetched)"
        )
    if found.obstacle:
        session.say(f"Only the commit can be made: {found.obstacle.why}")
        for line in found.obstacle.left:
            session.say(f"  {line}")


def _state(found: Standing) -> dict[str, Any]:
    branch, obstacle = found.branch, found.obstacle
    is_done = bool(branch and branch.upstream) and not (found.changed or found.ahead)
    return {
        "branch": branch.name if branch else None,
        "upstream": branch.shown if branch and branch.upstream else None,
        "changed": list(found.changed),
        "ahead": found.ahead,
        "behind": found.behind,
        "pushed": is_done,
        "why": obstacle.why if obstacle else None,
        "left": list(obstacle.left) if obstacle else [],
    }
