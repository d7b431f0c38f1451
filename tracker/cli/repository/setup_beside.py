"""`bd setup beside`: leave `beads.db` to Beads or br, and list what they would refuse."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import click

from tracker import small_files
from tracker.cache import refresh
from tracker.cli.command import command, pass_session
from tracker.errors import Refused, quoted
from tracker.log import config_file
from tracker.setup import init
from tracker.workspace import discovery
from tracker.workspace.folder import look

if TYPE_CHECKING:
    from tracker.cli.session import Session
    from tracker.issues.peers import Refusal
    from tracker.model.context import Place
    from tracker.workspace.workspace import Workspace


KEY, LOCAL = "cache", "local"
SHOWN = 10  # refused records that are named in text


class BesideState(NamedTuple):
    """How far a workspace is set up: the setting, the caches in the way, what others refuse."""

    is_set: bool
    in_the_way: list[str]
    refused: list[Refusal]

    @property
    def is_done(self) -> bool:
        return self.is_set and not self.in_the_way


@command(
    "beside",
    examples=["bd setup beside", "bd setup beside --check", "bd setup beside --remove"],
    writes=True,
)
@click.option("--check", is_flag=True, help="Change nothing; exit 1 if not set up")
@click.option("--remove", is_flag=True, help="Remove the setting; the cache is beads.db again")
@click.option("--dry-run", is_flag=True, help="Show what would be done")
@pass_session
def setup_beside(session: Session, /, check: bool, remove: bool, dry_run: bool) -> None:
    """Share this workspace with the bd of Beads 0.49, or br.

    They keep a database of their own in .beads/beads.db, where the cache of this program is. This
    writes the line `cache: local` into .beads/config.yaml, so that the cache is
    .beads/.local/cache.db, and removes a beads.db that this program wrote. Every answer stays the
    same; viewers that read beads.db find what Beads or br writes there.
    """
    if check and remove:
        raise click.UsageError("--check and --remove exclude each other")
    if check:
        _check(session)
        return
    if session.readonly and not dry_run:
        raise Refused("nothing is written in read-only mode", hint="leave --readonly out")
    before = config_file.parse(_text(session.place))
    is_new = (config_file.value(before, KEY) == LOCAL) == remove
    gone = [] if remove else in_the_way(session.place)
    if not dry_run:
        if is_new:
            _set(session, None if remove else LOCAL)
        workspace = _anew(session)
        gone = gone if remove else _cleared(workspace.place, gone)
        _tell(session, workspace, gone, is_new=is_new, removed=remove)
        return
    _rehearse(session, gone, is_new=is_new, removed=remove)


def in_the_way(place: Place) -> list[str]:
    """The databases of ours that stand where Beads and br look for theirs."""
    folder = look(place.beads)
    names = sorted(folder.names) if folder else []
    paths = [os.path.join(place.beads, name) for name in names if name.endswith(".db")]
    return [path for path in paths if refresh.is_ours(path)]


def _text(place: Place) -> bytes:
    return small_files.contents(os.path.join(place.beads, "config.yaml")) or b""


def _set(session: Session, value: str | None) -> None:
    """Change the line in config.yaml; what `uninstall` needs to know is noted."""
    from tracker.cli.settings import put
    from tracker.model.timestamps import stamp

    place = session.place
    path = os.path.join(place.beads, "config.yaml")
    before = small_files.contents(path)
    is_all = value is None and _made_here(place)
    put(session, {KEY: value})
    after = small_files.contents(path) or b""
    if is_all and not after:
        os.unlink(path)
    if value is not None:
        action = init.CREATE if before is None else init.EXTEND
        step = init.InitStep("config.yaml", action, after, before)
        init.remember(place.beads, {"beads": [step]}, {"at": stamp(session.clock())})


def _made_here(place: Place) -> bool:
    """Whether config.yaml was made for this setting alone."""
    from tracker.setup import uninstall

    path = os.path.join(place.beads, "config.yaml")
    plan = uninstall.planned(place)
    return any(change.path == path and change.after is None for change in plan.changes)


def _anew(session: Session) -> Workspace:
    """The workspace as the setting has it now; reading it makes the cache where it belongs."""
    from tracker.workspace.workspace import Workspace

    flags = session.flags
    place = discovery.find(session.cwd, session.env, directory=flags.directory, db=flags.db)
    workspace = Workspace(place, session)
    _ = workspace.answers
    return workspace


def _cleared(place: Place, paths: list[str]) -> list[str]:
    """Those paths, without our databases: the cache is elsewhere, and this may be called for it."""
    if os.path.dirname(place.cache) == place.beads:
        raise Refused(
            "--db or BEADS_DB names the database, so the setting has no effect",
            hint="env -u BEADS_DB bd setup beside",
        )
    for path in paths:
        if refresh.is_ours(path):
            refresh.remove(path)
    return paths


def state_of(workspace: Workspace) -> BesideState:
    """What there is to say of a workspace in which Beads or br works too."""
    from tracker.fileio import read_log
    from tracker.issues import peers
    from tracker.workspace import beads_database

    place = workspace.place
    text = config_file.parse(_text(place))
    is_set = config_file.value(text, KEY) == LOCAL
    names = beads_database.known_names(text, place.foreign_db)
    lines = read_log(place.log)[0].split(b"\n")
    found = peers.refusals(lines, names)
    return BesideState(is_set, in_the_way(place) if is_set else [], found)


def _check(session: Session) -> None:
    state = state_of(session.tracker)
    session.code = int(not state.is_done or bool(state.refused))
    if session.json:
        session.emit({
            "ok": not session.code, "set": state.is_set, "in_the_way": state.in_the_way,
            "refused": [one._asdict() for one in state.refused],
        })  # fmt: skip
        return
    if not state.is_set:
        session.say("✗ .beads/beads.db is the cache of this program: Beads and br refuse it")
        session.say("  Fix: bd setup beside")
    for path in state.in_the_way:
        session.say(f"✗ {path} is a cache of this program\n  Fix: bd setup beside")
    if state.is_done:
        session.say("✓ beads.db is left to Beads and br")
    for line in refused_lines(state.refused):
        session.say(line)


def refused_lines(refused: list[Refusal]) -> list[str]:
    """What others would not read, a line each, and what mends it."""
    lines = []
    for id, program, why, hint in refused[:SHOWN]:
        lines.append(f"✗ {id}: {program} would refuse the whole file: {why}")
        lines += [f"  Fix: {hint}"] if hint else []
    if len(refused) > SHOWN:
        lines.append(f"  and {len(refused) - SHOWN} more (bd setup beside --check --json)")
    return lines


def _rehearse(session: Session, gone: list[str], *, is_new: bool, removed: bool) -> None:
    if session.json:
        session.emit({"changed": is_new, "removed": gone, "dry_run": True})
        return
    verb = "take" if removed else "write"
    said = [f"Would {verb} the line {KEY}: {LOCAL} in .beads/config.yaml"] if is_new else []
    said += [f"Would remove {os.path.relpath(path, session.folder)}" for path in gone]
    for line in said or ["Nothing to do"]:
        session.say(line)


def _tell(
    session: Session, workspace: Workspace, gone: list[str], *, is_new: bool, removed: bool
) -> None:
    place = workspace.place
    refused = [] if removed else state_of(workspace).refused
    if session.json:
        session.emit({
            "changed": is_new, "removed": gone, "database_path": place.cache,
            "refused": [one._asdict() for one in refused], "dry_run": False,
        })  # fmt: skip
        return
    start = os.path.realpath(session.folder)
    cache = os.path.relpath(place.cache, start)
    if not is_new and not gone:
        session.say(f"✓ nothing to do: the cache is {cache}")
    else:
        session.say(f"✓ The cache is {cache}")
        if is_new:
            verb = "Took" if removed else "Wrote"
            session.say(f"  {verb} the line {KEY}: {LOCAL} in .beads/config.yaml")
        for path in gone:
            session.say(f"  Removed {os.path.relpath(path, start)}, which was that cache")
        path = quoted(os.path.relpath(os.path.join(place.beads, "config.yaml"), start))
        session.say(f"Commit it, so that other clones have it: git add {path}")
    for line in refused_lines(refused):
        session.say(line)
