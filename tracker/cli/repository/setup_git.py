"""`bd setup git`: register the merge driver."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.errors import NotATracker, Refused
from tracker.setup import merge_driver

if TYPE_CHECKING:
    from typing import Any

    from tracker.cli.session import Session
    from tracker.git.repository import Repository
    from tracker.model.context import Place
    from tracker.setup.merge_driver import DriverPlan


@command(
    "git", examples=["bd setup git", "bd setup git --global", "bd setup git --check"], writes=True
)
@click.option(
    "--global", "everywhere", is_flag=True, help="Register it for all repositories of this user"
)
@click.option("--remove", is_flag=True, help="Remove the setting")
@click.option("--check", is_flag=True, help="Change nothing; exit 1 if not set up")
@click.option("--commit-attributes", is_flag=True,
              help="Write .beads/.gitattributes, which is committed")  # fmt: skip
@click.option("--local-attributes", is_flag=True, help="Write .git/info/attributes")
@click.option("--dry-run", is_flag=True, help="Show what would be written")
@pass_session
def setup_git(session: Session, /, **given: Any) -> None:
    """Register the merge driver, to merge by record, not by line.

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
    from tracker.git.repository import Repository

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


def _plan(repo: Repository, place: Place | None, given: dict[str, Any]) -> DriverPlan:
    scope = "global" if place is None else "local"
    settings = merge_driver.registering(repo, sys.executable or "python3", scope)
    if place is None:
        return merge_driver.DriverPlan(scope, settings)
    shared = given["commit_attributes"] or (
        merge_driver.is_ours(place) and not given["local_attributes"]
    )
    if shared:
        return merge_driver.DriverPlan(scope, settings, place.beads, merge_driver.committed(place))
    common = str(place.common_dir)
    return merge_driver.DriverPlan(
        scope, settings, common, merge_driver.private(place, repo.top, common)
    )


def _removal(repo: Repository, place: Place | None, given: dict[str, Any]) -> DriverPlan:
    scope = "global" if given["everywhere"] else "local"
    settings = merge_driver.removing(repo, scope)
    if place is None:
        return merge_driver.DriverPlan(scope, settings)
    common = str(place.common_dir)
    return merge_driver.DriverPlan(
        scope, settings, common, merge_driver.without(place, repo.top, common)
    )


def _done(
    session: Session, repo: Repository, place: Place | None, plan: DriverPlan, *, removed: bool
) -> None:
    merge_driver.apply(repo, plan)
    if place is not None:
        from tracker.model.timestamps import stamp
        from tracker.setup import init

        where = "git" if plan.folder == place.common_dir else "beads"
        steps = [plan.step] if plan.step and not removed else []
        said = merge_driver.DECLINED if removed else merge_driver.REGISTERED
        more = {"at": stamp(session.clock()), "driver": said}
        init.remember(place.beads, {where: steps}, more)


def _tell(session: Session, repo: Repository, plan: DriverPlan, given: dict[str, Any]) -> None:
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
    found = merge_driver.state(
        session.place, session.env, session.git_config.get(merge_driver.KEY, "")
    )
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
