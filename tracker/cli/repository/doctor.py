"""`bd doctor`: find problems and say how to fix them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.checks import doctor as checks
from tracker.cli.command import command, pass_session
from tracker.errors import Refused, TrackerError
from tracker.text import one_line
from tracker.version import compat_version

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from tracker.checks.doctor import Check
    from tracker.cli.session import Session


SIGNS = {checks.OK: "✓", checks.WARNING: "⚠", checks.ERROR: "✗"}
POLLUTION, VALIDATE = "pollution", "validate"  # what clients of Beads ask for by name


@command("doctor", examples=["bd doctor", "bd doctor --check cycles", "bd doctor --json"])
@click.argument("folder", default="", metavar="[DIR]")
@click.option("--check", "wanted", metavar="NAME", help="Run one check, by a part of its name")
@click.option("--check-health", is_flag=True, help="Errors of the log only, in one line")
@click.option("--fix", is_flag=True, help="Print the fix for each finding; changes nothing")
@click.option("--clean", is_flag=True, hidden=True)
@click.option("--deep", "--perf", "-i", "--interactive", "-y", "--yes", "--dry-run", "--force",
              is_flag=True, expose_value=False, hidden=True)  # fmt: skip
@click.option("--source", "-o", "--output", expose_value=False, hidden=True)
@pass_session
def doctor(
    session: Session, folder: str, wanted: str | None, check_health: bool, fix: bool, clean: bool
) -> None:
    """Check the log, the files around it, git and the cache.

    Nothing is changed; each finding names the command that fixes it. Exit 1 if there is a
    finding, except for the two checks that clients of Beads ask for as JSON.
    """
    if clean:
        raise Refused("bd doctor only reads", hint="bd delete ID..., after bd detect-pollution")
    if folder:
        session.flags.directory = folder
    scene = checks.DoctorContext(
        session.place, session.env, session.git_config.get("merge.tracker.driver", "")
    )
    if check_health:
        _health(session, checks.health(scene))
        return
    found = _chosen([*checks.examine(scene), *_hooks(session)], wanted)
    amiss = any(one.status != checks.OK for one in found)
    session.code = int(amiss and not (session.json and wanted in {POLLUTION, VALIDATE}))
    if session.json:
        session.emit(_told(session, found, wanted))
    else:
        _say(session, found, fix=fix)


def _hooks(session: Session) -> Iterator[Check]:
    """Whether git runs the hooks of ours that are there."""
    from tracker.setup.git_hooks import found
    from tracker.setup.hook_managers import site_of

    if session.place.top is None or session.place.common_dir is None:
        return
    try:
        site = site_of(session.known_place, session.env, session.folder)
        there = [] if site.owner else [one for one in found(site.folder, "") if one.version]
    except TrackerError as error:
        yield checks.Check("Our hooks", checks.WARNING, error.message, fix=error.hint or "",
                            category="Git")  # fmt: skip
        return
    old = [one.name for one in there if one.is_outdated]
    if old:
        message = f"{', '.join(old)} of this program cannot run any more, or are of an older one"
        yield checks.Check("Our hooks", checks.WARNING, message, fix="bd hooks install",
                            category="Git")  # fmt: skip
        return
    names = ", ".join(one.name for one in there)
    by = f"left to {site.owner.name}" if site.owner else "none of this program's"
    yield checks.Check("Our hooks", checks.OK, f"{names} run" if names else by, category="Git")


def _health(session: Session, found: list[Check]) -> None:
    session.code = int(bool(found))
    if session.json:
        session.emit({"healthy": not found, "checks": [_entry(one) for one in found]})
    elif found:
        session.warn(f"{found[0].name}: {found[0].message} (bd doctor says more)")


def _chosen(found: list[Check], wanted: str | None) -> list[Check]:
    if wanted is None:
        return found
    if wanted in {POLLUTION, VALIDATE}:
        return [one for one in found if one.category == "Log" and wanted == VALIDATE]
    part = wanted.replace("-", " ").lower()
    chosen = [one for one in found if part in one.name.lower()]
    if not chosen:
        names = ", ".join(one.name for one in found)
        raise click.BadParameter(f"there is no check {wanted!r}: {names}", param_hint="--check")
    return chosen


def _told(session: Session, found: list[Check], wanted: str | None) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "path": session.place.root,
        "checks": [_entry(one) for one in found],
        "overall_ok": all(one.status == checks.OK for one in found),
        "cli_version": compat_version(session.env),
    }
    if wanted == POLLUTION:
        from tracker.checks.pollution import pollution

        answer |= pollution(session.tracker.answers)
    return answer


def _entry(one: Check) -> dict[str, str]:
    return {name: text for name, text in one._asdict().items() if text}


def _say(session: Session, found: list[Check], *, fix: bool) -> None:
    if fix:
        session.say("bd doctor only reads. What to do about each finding stands behind it.")
    category = ""
    for one in found:
        if one.status == checks.OK and not session.flags.verbose:
            continue
        if one.category != category:
            category = one.category
            session.say(category)
        session.say(f"  {SIGNS[one.status]} {one.name}: {one_line(one.message)}")
        for line in one.detail.splitlines():
            session.say(f"      {line}")
        if one.fix and one.status != checks.OK:
            session.say(f"      Fix: {one.fix}")
    count = {status: sum(one.status == status for one in found) for status in SIGNS}
    session.say(
        f"{SIGNS[checks.OK]} {count['ok']} in order, {SIGNS[checks.WARNING]} "
        f"{count['warning']} warnings, {SIGNS[checks.ERROR]} {count['error']} errors"
    )
