"""`bd init`: create a workspace, or complete an existing one."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import click

from tracker import fileio
from tracker.cli import secret_check
from tracker.cli.command import command, ignored, pass_session
from tracker.errors import Invalid, Moved, Refused, TrackerError, quoted
from tracker.git.discovery import git_of, tracked
from tracker.setup import init as setup_init

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from tracker.cli.session import Session
    from tracker.setup.init import InitSite, InitStep
    from tracker.setup.merge_driver import Setting


C = TypeVar("C", bound="Callable[..., Any]")


class Prefix(NamedTuple):
    """The prefix of new ids, and where it comes from: flag, config, issues or folder."""

    name: str
    source: str


class InitWork(NamedTuple):
    """What is to be written: files of the folder, the file by which git ignores it, settings.

    `driver` is what `.local/init.json` says of the merge driver; "" for nothing.
    """

    site: InitSite
    prefix: Prefix
    steps: list[InitStep]
    hiding: list[InitStep]
    notes: list[str]
    settings: Sequence[Setting] = ()
    driver: str = ""

    @property
    def common(self) -> str:
        """The git dir that the steps of `hiding` start from."""
        return git_of(self.site.root)[2] or ""

    @property
    def is_new(self) -> bool:
        """Whether there was no workspace before; a database that was named finds one anywhere."""
        log = os.path.basename(self.site.log)
        made = {step.name for step in self.steps if step.action == setup_init.CREATE}
        return self.site.place is None or (self.site.shared and {log, "config.yaml"} <= made)

    def rows(self) -> list[tuple[str, InitStep]]:
        """The path of each file with its step."""
        return [
            *((os.path.join(self.common, step.name), step) for step in self.hiding),
            *((os.path.join(self.site.folder, step.name), step) for step in self.steps),
        ]


def _accepted(name: str, help: str = "") -> Callable[[C], C]:
    """A flag of Beads that holds here anyway."""
    return click.option(name, is_flag=True, expose_value=False, hidden=not help, help=help)


@command(
    "init",
    examples=["bd init", "bd init --prefix shop", "bd init --stealth", "bd init --dry-run"],
    writes=True,
)
@click.option("-p", "--prefix", metavar="P", help="Prefix of ids  [name of the folder]")
@click.option("--stealth", "--setup-exclude", is_flag=True, help="Hide everything from git")
@click.option("--dry-run", is_flag=True, help="Show what would be written")
@click.option("--force", is_flag=True, help="No effect: init never overwrites anything")
@click.option("--backend", metavar="NAME", hidden=True)
@click.option("--contributor", is_flag=True, hidden=True)
@_accepted("--skip-hooks", "Write no hooks; it never does")
@click.option("--skip-merge-driver", is_flag=True, help="Do not register the merge driver")
@_accepted("--skip-agents", "Leave AGENTS.md alone; it always does")
@_accepted("--non-interactive", "Ask nothing; it never does")
@_accepted("--from-jsonl")
@ignored("--team", "--server")
@ignored("-b", "--branch", "--server-host", "--server-port", "--server-user", value=True)
@pass_session
def init(session: Session, /, prefix: str | None, stealth: bool, **given: Any) -> None:
    """Create a workspace here, or complete an existing one.

    It writes into .beads, the merge driver into the settings of git in this clone, and with
    --stealth one line into .git/info/exclude; it names all of it, and never changes or empties what
    is there.
    """
    _check(given)
    flags = session.flags
    site = setup_init.site(session.cwd, session.env, directory=flags.directory, db=flags.db)
    setup_init.check(site)
    work = _planned(session, site, prefix)
    if stealth:
        work = _hidden(work)
    work = _with_driver(session, work, skip=stealth or given["skip_merge_driver"])
    if given["force"]:
        work.notes.append("--force changes nothing: init never empties anything")
    if not given["dry_run"]:
        work = _done(session, work)
    _tell(session, work, dry=given["dry_run"])


def _check(given: Mapping[str, Any]) -> None:
    if given["backend"] not in {None, "jsonl", "sqlite"}:
        raise Invalid(f"there is no backend {given['backend']!r} here, only jsonl", hint="bd init")
    if given["contributor"]:
        raise Refused(
            "--contributor is not part of this version",
            hint="bd init --stealth, or BEADS_DIR=FOLDER bd init for a workspace elsewhere",
        )


def _planned(session: Session, site: InitSite, wanted: str | None) -> InitWork:
    have = setup_init.found_in(site.folder)
    prefix, notes = _prefix(site, wanted)
    secret_check.refuse(session, {f"prefix (of the {prefix.source})": prefix.name})
    wish = setup_init.InitOptions(prefix.name, os.path.basename(site.log), site.shared)
    if git_of(site.root)[0] is None:
        notes.append("not in a git work tree: history and merging need git")
    other = setup_init.other_worktree(site.root)
    if other and not site.place:
        notes.append(f"this is a linked worktree; the main one has a workspace of its own: {other}")
    return InitWork(site, prefix, setup_init.plan(have, wish), [], notes)


def _prefix(site: InitSite, wanted: str | None) -> tuple[Prefix, list[str]]:
    """The prefix that holds from now on, and what to say where that is not the wanted one."""
    from tracker.fileio import read_log
    from tracker.issues.create import choose_prefix
    from tracker.log import config_file
    from tracker.log.issue_log import Log
    from tracker.model.ids import check_prefix
    from tracker.model.validation import Settings
    from tracker.workspace import beads_database
    from tracker.workspace.discovery import prefix_from_folder

    asked = check_prefix(wanted) if wanted else ""
    path = os.path.join(site.folder, "config.yaml")
    text = _text(path)
    held = beads_database.settled(
        config_file.parse(text or b""), site.place and site.place.foreign_db
    )
    configured = config_file.value(held, "issue-prefix") or config_file.value(held, "prefix")
    if asked and text is None:
        return Prefix(asked, "flag"), []
    settings = Settings(prefix=configured, folder=prefix_from_folder(site.root))
    prefix = Prefix(*choose_prefix(Log(read_log(site.log)[0]), settings))
    if asked in {"", prefix.name}:
        return prefix, []
    change = f"bd config set issue-prefix {quoted(asked)}"
    return prefix, [f"the prefix stays {prefix.name!r}; {change} changes it for new issues"]


def _text(path: str) -> bytes | None:
    try:
        return fileio.read(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _hidden(work: InitWork) -> InitWork:
    """The same work, with the line that makes git ignore the folder in this clone."""
    folder = work.site.folder
    top, _, common = git_of(work.site.root)
    if top is None or common is None:
        return work
    names = {"config.yaml", "metadata.json", os.path.basename(work.site.log)}
    committed = [name for name in sorted(names) if tracked(os.path.join(folder, name))]
    if committed:
        raise Refused(
            f"git has {', '.join(committed)} of {folder} already, so --stealth cannot hide it",
            hint="bd init",
        )
    before = _text(os.path.join(common, "info", "exclude"))
    line = setup_init.exclude_line(top, folder)
    after = setup_init.excluded(before or b"", line)
    if after == before:
        return work
    action = setup_init.CREATE if before is None else setup_init.EXTEND
    return work._replace(hiding=[setup_init.InitStep("info/exclude", action, after, before)])


def _with_driver(session: Session, work: InitWork, *, skip: bool) -> InitWork:
    """The same work, with the settings by which git merges these files by record."""
    from tracker.git.repository import Repository
    from tracker.log.config_file import parse, value
    from tracker.setup import merge_driver

    site = work.site
    if skip:
        return work._replace(driver=merge_driver.DECLINED)
    top, _, common = git_of(site.root)
    if site.shared or top is None or common is None:
        return work
    config = parse(_text(os.path.join(site.folder, "config.yaml")) or b"")
    if value(config, "driver.register") == "false" or not os.access(common, os.W_OK):
        return work
    settings = merge_driver.lacking(Repository(top, session.env), sys.executable or "python3")
    return work._replace(settings=settings, driver=merge_driver.REGISTERED)


def _register(session: Session, work: InitWork) -> InitWork:
    """Write the settings; where they cannot be written, only that is said."""
    from tracker.git.repository import Repository
    from tracker.setup import merge_driver

    if not work.settings:
        return work
    repo = Repository(git_of(work.site.root)[0] or "", session.env)
    try:
        merge_driver.apply(repo, merge_driver.DriverPlan("local", list(work.settings)))
    except TrackerError as error:
        work.notes.append(f"the merge driver was not registered: {error.message}")
        return work._replace(settings=(), driver="")
    return work


def _done(session: Session, work: InitWork) -> InitWork:
    """Write it all; the work as it was done."""
    from tracker.model.timestamps import stamp
    from tracker.setup import merge_driver

    site = work.site
    is_new = not os.path.isdir(site.folder)
    work = _hide(work)
    work = work._replace(steps=setup_init.apply(site.folder, work.steps))
    work = _register(session, work)
    workspace = session.tracker  # looked for only now, and read: that makes the cache
    cache = workspace.answers.cache
    if cache.state["markers"]:
        work.notes.append("the log holds conflict markers and is left as it is: bd resolve")
    elif cache.problems:
        work.notes.append("the log is left as it is: bd doctor lists what is wrong with it")
    if work.steps or work.hiding or work.settings or work.driver == merge_driver.DECLINED:
        taken = {"beads": work.steps, "git": work.hiding}
        more = {"at": stamp(session.clock()), "new_folder": is_new}
        more |= {"driver": work.driver} if work.driver else {}
        setup_init.remember(workspace.place.beads, taken, more)
    return work


def _hide(work: InitWork) -> InitWork:
    """Tell git to ignore the folder before there is anything in it to see."""
    if not work.hiding:
        return work
    try:
        os.makedirs(os.path.join(work.common, "info"), exist_ok=True)
        return work._replace(hiding=setup_init.apply(work.common, work.hiding))
    except (OSError, Moved) as error:
        # Agent hosts mount .git read-only; a new folder can hide itself as well.
        own = [step for step in work.steps if step.name == ".gitignore"]
        if not own or own[0].action != setup_init.CREATE:
            path = os.path.join(work.common, "info", "exclude")
            raise Refused(f"cannot write {path}: {error}", hint="bd init") from None
        steps = [s._replace(after=b"*\n") if s is own[0] else s for s in work.steps]
        return work._replace(steps=steps, hiding=[])


def _tell(session: Session, work: InitWork, *, dry: bool) -> None:
    if session.json:
        session.emit(_told(session, work, dry=dry))
    elif not session.flags.quiet:
        for line in _lines(session, work, dry=dry):
            session.say(line)


def _told(session: Session, work: InitWork, *, dry: bool) -> dict[str, Any]:
    site = work.site
    return {
        "initialized": not dry,
        "new": work.is_new,
        "dry_run": dry,
        "path": site.folder,
        "jsonl_path": site.log,
        "database_path": os.path.join(site.folder, "beads.db") if dry else session.place.cache,
        "prefix": work.prefix.name,
        "prefix_source": work.prefix.source,
        "files": [{"path": path, "action": step.action} for path, step in work.rows()],
        "settings": [setting.key for setting in work.settings],
        "notes": work.notes,
    }


def _lines(session: Session, work: InitWork, *, dry: bool) -> list[str]:
    start = os.path.realpath(session.folder)
    shown = [f"  {os.path.relpath(path, start)}{_lines_added(step)}" for path, step in work.rows()]
    shown += [f"  git config {setting.key}" for setting in work.settings]
    folder = os.path.relpath(work.site.folder, start)
    prefix = work.prefix.name
    notes = [f"Note: {note}" for note in work.notes]
    if dry:
        return [f"Would write (prefix {prefix}):" if shown else "Nothing to do", *shown, *notes]
    if not work.is_new:
        lines = [f"✓ bd is initialized already: {folder} (prefix {prefix})"]
        lines += ["Added:", *shown] if shown else ["Nothing was changed."]
        if work.steps and tracked(work.site.log):
            lines.append(f"Commit it, so that other clones have it: git add {quoted(folder)}")
        return [*lines, *notes]
    log = os.path.relpath(session.place.log, start)
    cache = os.path.relpath(session.place.cache, start)
    return [
        "", "✓ bd initialized successfully!", "",
        f"  Log: {log}",
        f"  Database: {cache} (a cache, built from the log)",
        f"  Issue prefix: {prefix}",
        f"  Issues will be named: {prefix}-<hash> (e.g., {prefix}-a1b2c)", "",
        "Wrote:", *shown, "and what git ignores: the cache, and .local/.",
        *notes, "",
        "Run bd quickstart to see how to begin; bd setup tells your agents about it.",
    ]  # fmt: skip


def _lines_added(step: InitStep) -> str:
    if step.before is None:
        return ""
    count = step.after.count(b"\n") - step.before.count(b"\n")
    return f" ({count} line{'' if count == 1 else 's'} added)"
