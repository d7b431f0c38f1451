"""`bd setup git`: let git merge these files by record, in this clone or for all of the user's."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from tracker import driver, registration
from tracker.cli.command import command, pass_session
from tracker.errors import NotATracker, Refused, TrackerError

if TYPE_CHECKING:
    from tracker.cli.session import Session
    from tracker.driver import Plan
    from tracker.git import Repository
    from tracker.places import Place


@command(
    "git", examples=["bd setup git", "bd setup git --global", "bd setup git --check"], writes=True
)
@click.option("--global", "everywhere", is_flag=True, help="For all repositories of this user")
@click.option("--remove", is_flag=True, help="Take it back")
@click.option("--check", is_flag=True, help="Only look; exit code 1 where it is not in order")
@click.option("--commit-attributes", is_flag=True,
              help="Write .beads/.gitattributes, which everybody gets")  # fmt: skip
@click.option("--local-attributes", is_flag=True, help="Write .git/info/attributes")
@click.option("--dry-run", is_flag=True, help="Show what would be written")
@pass_session
def setup_git(session: Session, /, **given: Any) -> None:
    """Register the merge driver: git then merges issues by record instead of by line.

    The command line goes into the settings of git in this clone. Which files it is for stands in
    .beads/.gitattributes where this program made the workspace, and else in .git/info/attributes,
    which is not committed: this is all that is needed beside an installed br or bd.
    """
    if given["commit_attributes"] and given["local_attributes"]:
        raise click.UsageError("--commit-attributes and --local-attributes exclude each other")
    if given["check"]:
        _check(session)
        return
    repo, place = _repository(session, everywhere=given["everywhere"])
    plan = _removal(repo, place, given) if given["remove"] else _plan(repo, place, given)
    if not given["dry_run"]:
        _done(session, repo, place, plan, removed=given["remove"])
    _tell(session, repo, plan, given)


def _repository(session: Session, *, everywhere: bool) -> tuple[Repository, Place | None]:
    from tracker.git import Repository

    try:
        place = session.place
    except NotATracker:
        if not everywhere:
            raise
        return Repository(os.path.realpath(session.folder), session.env), None
    if everywhere:
        return Repository(place.root, session.env), None
    if place.top is None or place.common_dir is None:
        raise Refused(
            f"{place.root} is in no work tree of git, so there is nothing to merge", hint="git init"
        )
    return Repository(place.top, session.env), place


def _plan(repo: Repository, place: Place | None, given: dict[str, Any]) -> Plan:
    scope = "global" if place is None else "local"
    settings = driver.registering(repo, sys.executable or "python3", scope)
    if place is None:
        return driver.Plan(scope, settings)
    shared = given["commit_attributes"] or (driver.is_ours(place) and not given["local_attributes"])
    if shared:
        return driver.Plan(scope, settings, place.beads, driver.committed(place))
    common = str(place.common_dir)
    return driver.Plan(scope, settings, common, driver.private(place, repo.top, common))


def _removal(repo: Repository, place: Place | None, given: dict[str, Any]) -> Plan:
    scope = "global" if given["everywhere"] else "local"
    settings = driver.removing(repo, scope)
    if place is None:
        return driver.Plan(scope, settings)
    common = str(place.common_dir)
    return driver.Plan(scope, settings, common, driver.without(place, repo.top, common))


def _done(
    session: Session, repo: Repository, place: Place | None, plan: Plan, *, removed: bool
) -> None:
    driver.apply(repo, plan)
    if place is not None:
        from tracker import initialise
        from tracker.model import stamp

        where = "git" if plan.folder == place.common_dir else "beads"
        steps = [plan.step] if plan.step and not removed else []
        said = registration.DECLINED if removed else registration.REGISTERED
        more = {"at": stamp(session.clock()), "driver": said}
        initialise.remember(place.beads, {where: steps}, more)


def _tell(session: Session, repo: Repository, plan: Plan, given: dict[str, Any]) -> None:
    dry, removed = given["dry_run"], given["remove"]
    if session.json:
        session.emit({
            "registered": not (dry or removed),
            "scope": plan.scope,
            "settings": [setting.key for setting in plan.settings],
            "attributes": plan.path,
            "dry_run": dry,
        })  # fmt: skip
        return
    if plan.is_done:
        said = "nothing of it is there" if removed else "git merges these files by record already"
        session.say(f"✓ {said}")
        return
    wrote = ("Would remove" if removed else "Would write") if dry else (
        "Removed" if removed else "Wrote")  # fmt: skip
    session.say(f"{wrote}:")
    for setting in plan.settings:
        text = setting.before if removed else setting.after
        session.say(f"  git config --{plan.scope} {setting.key}\n      {text}")
    if plan.step:
        before, after = plan.step.before or b"", plan.step.after
        session.say(f"  {os.path.relpath(plan.path, os.path.realpath(session.folder))}")
        changed = before if removed else after
        other = (after if removed else before).splitlines()
        for line in changed.splitlines():
            if line not in other:
                session.say(f"      {line.decode(errors='replace')}")
        if plan.step.name == ".gitattributes":
            session.say(f"\nCommit it: git add {os.path.relpath(plan.path, repo.top)}")


def _check(session: Session) -> None:
    found = driver.state(session.place, session.env, session.git_config.get(driver.KEY, ""))
    session.code = int(bool(found.why))
    if session.json:
        session.emit({
            "ok": not found.why, "attribute": found.attribute, "driver": found.driver,
            "why": found.why, "fix": found.fix if found.why else "",
        })  # fmt: skip
    elif found.why:
        session.say(f"✗ {found.why}\n  Fix: {found.fix}")
    else:
        session.say(f"✓ git merges the log by record: {found.driver}")


def register(session: Session) -> None:
    """The first write of a clone registers the driver that the attributes name; never fails."""
    from tracker.git import Repository

    top = session.place.top
    if top is None:
        return
    try:
        if not _is_wanted(session):
            return
        repo = Repository(top, session.env)
        plan = driver.Plan("local", driver.lacking(repo, sys.executable or "python3"))
        if plan.is_done:
            return
        driver.apply(repo, plan)
    except (TrackerError, OSError):
        return
    session.note("git merges issues by record in this clone from now on (bd setup git --check)")


def advise(session: Session) -> None:
    """Tell the person at a terminal, who has only read so far, what the first write would do."""
    if _is_wanted(session):
        session.note("git merges these files as text in this clone (bd setup git: by record)")


def _is_wanted(session: Session) -> bool:
    """Whether git knows no driver that could run, not in its settings for all, and none said no."""
    from tracker.config import parse, value
    from tracker.files import contents

    place = session.place
    held = session.git_config.get(driver.KEY, "")
    if held and os.path.exists(driver.interpreter(held) or place.root):
        return False
    config = parse(contents(os.path.join(place.beads, "config.yaml")) or b"")
    return value(config, "driver.register") != "false"
