"""`bd hooks`: install, list, run and remove git hooks.

The hooks that agents call (`bd hooks pre-task` and the like) are in `tracker.cli.hooks.agent`.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from tracker.cli.command import Group, ignored, pass_session
from tracker.errors import Refused, TrackerError
from tracker.setup.hook_managers import site_of

if TYPE_CHECKING:
    from typing import Any

    from tracker.checks.staged import Git
    from tracker.cli.session import Session
    from tracker.setup.git_hooks import GitHook
    from tracker.setup.hook_managers import Manager


SECONDS = 10.0  # for all that git is asked within one hook


class HookGroup(Group):
    """The commands for git hooks, and behind them those that agents call."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        from tracker.cli.hooks.agent import NAMES, command_of

        own = super().get_command(ctx, cmd_name)
        return own or (command_of(cmd_name) if cmd_name in NAMES else None)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command; a hook that is not known is no error: it must not fail its caller."""
        from tracker.cli.hooks.agent import command_of, is_called

        name, *words = args
        if self.get_command(ctx, name) is None and is_called(name, words):
            return name, command_of(name), words
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        from tracker.cli.hooks.agent import HOOKS

        return [*super().list_commands(ctx), *HOOKS]


@click.group(
    "hooks",
    cls=HookGroup,
    examples=["bd hooks install", "bd hooks list", 'bd hooks pre-task --description "Fix it"'],
)
def hooks() -> None:
    """Manage git hooks and run hooks of agents.

    Both are optional: nothing depends on them.
    """


@hooks.command("install", examples=["bd hooks install", "bd hooks install --dry-run"], writes=True)
@click.option("--dry-run", is_flag=True, help="Show what would be written")
@click.option("--shared", "--beads", "elsewhere", is_flag=True, hidden=True)
@click.option("--chain", is_flag=True, expose_value=False, hidden=True)
@ignored("--force")
@pass_session
def install(session: Session, dry_run: bool, elsewhere: bool) -> None:
    """Install the git hooks in this clone.

    They are pre-commit, post-merge and post-checkout. An existing hook is kept and runs first. If
    another program manages the hooks, nothing is written; the lines to add are printed.
    """
    from tracker.setup import git_hooks as stubs

    if elsewhere:
        raise Refused(
            "hooks go into this clone alone: others would run what a repository brings",
            hint="bd hooks install",
        )
    _ = session.place.beads  # without a workspace there is nothing to look at
    site = site_of(session.known_place, session.env, session.folder)
    if site.owner:
        _offer(session, site.owner)
        return
    plan = stubs.installing(site.folder, sys.executable or "")
    before = {hook.name: hook for hook in stubs.found(site.folder, "")}
    chained = [name for name in plan.names if before[name].is_foreign]
    if not dry_run:
        stubs.apply(plan)
    if session.json:
        session.emit({"installed": plan.names, "chained": chained, "folder": site.folder,
                      "dry_run": dry_run})  # fmt: skip
        return
    for name in plan.names:
        first = f"; the one that was there runs first, as {name}{stubs.BEFORE}"
        wrote = "would write" if dry_run else "wrote"
        session.say(f"{wrote} {before[name].path}{first if name in chained else ''}")
        _note_beads(session, before[name])
    if not plan.names:
        session.say(f"✓ the hooks are in {site.folder} already")


def _note_beads(session: Session, hook: GitHook) -> None:
    """What of Beads stops working where its hooks call this program."""
    if not hook.is_of_beads:
        return
    session.note(f"{hook.name} was written by Beads; it stays, and what it calls does nothing here")
    old = f"{hook.path}.old"
    if os.path.lexists(old):
        session.note(f"{old} was run by Beads, and is not run by this program")


def _offer(session: Session, owner: Manager) -> None:
    """Print what to add by hand; the exit code says that it is not there yet."""
    from tracker.setup import git_hooks as stubs

    missing = set(stubs.NAMES) - owner.called
    session.code = int(bool(missing))
    if session.json:
        snippets = [snippet._asdict() for snippet in owner.snippets]
        session.emit({"installed": sorted(owner.called), "manager": owner.name,
                      "snippets": snippets if missing else []})  # fmt: skip
        return
    if not missing:
        session.say(f"✓ {owner.name} calls the tracker for each of its hooks")
        return
    session.say(f"The hooks of this repository belong to {owner.name}: nothing was written.")
    for snippet in owner.snippets:
        session.say(f"\nAdd to {snippet.file}:\n\n{snippet.text.rstrip()}")
        if snippet.note:
            session.say(f"\n{snippet.note}")


@hooks.command(
    "uninstall", examples=["bd hooks uninstall", "bd hooks uninstall --dry-run"], writes=True
)
@click.option("--dry-run", is_flag=True, help="Show what would be done")
@pass_session
def uninstall(session: Session, dry_run: bool) -> None:
    """Remove the hooks, and restore earlier ones."""
    from tracker.setup import git_hooks as stubs

    site = site_of(session.known_place, session.env, session.folder)
    plan = stubs.uninstalling(site.folder)
    if not dry_run:
        stubs.apply(plan)
    called = sorted(site.owner.called) if site.owner else []
    if session.json:
        left = [{"path": path, "why": why} for path, why in plan.left]
        session.emit({"removed": plan.names, "left": left, "dry_run": dry_run})
        return
    if dry_run and plan.names:
        session.say("This would be done:")
    for line in stubs.told(plan):
        session.say(line)
    for path, why in plan.left:
        session.warn(f"{path} is left alone: {why}")
    if called and site.owner:
        session.note(f"{site.owner.name} calls the tracker: take that out of {site.owner.sign}")
    if not plan.names and not plan.left:
        session.say(f"no hook of the tracker is in {site.folder}")


@hooks.command("list", examples=["bd hooks list", "bd hooks list --json"])
@pass_session
def list_(session: Session) -> None:
    """List the hooks, and show if git runs them."""
    from tracker.setup import git_hooks as stubs

    site = site_of(session.known_place, session.env, session.folder)
    found = stubs.found(site.folder, "") if os.path.isdir(site.folder) else []
    rows = [_row(name, site.owner, found) for name in stubs.NAMES]
    if session.json:
        session.emit({"hooks": rows})
        return
    for row, name in zip(rows, stubs.NAMES, strict=True):
        hook = next((hook for hook in found if hook.name == name), None)
        sign = "✓" if row["Installed"] else "✗"
        session.say(f"  {sign} {name}: {_state(row, site.owner, hook)}")


def _row(name: str, owner: Manager | None, found: list[GitHook]) -> dict[str, Any]:
    """A hook as Beads lists it. What git never looks at is not installed."""
    hook = next((hook for hook in found if hook.name == name and hook.version), None)
    ours = hook is not None and owner is None
    return {
        "Name": name,
        "Installed": name in owner.called if owner else ours,
        "Version": str(hook.version) if hook and ours else "",
        "IsShim": ours,
        "Outdated": bool(hook and ours and hook.is_outdated),
    }


def _state(row: dict[str, Any], owner: Manager | None, hook: GitHook | None) -> str:
    if owner:
        return f"called by {owner.name}" if row["Installed"] else f"not called by {owner.name}"
    if hook is None or not row["Installed"]:
        if hook and hook.is_foreign:
            whose = "Beads" if hook.is_of_beads else "another program"
            return f"not installed (there is one of {whose})"
        return "not installed"
    outdated = ", outdated: bd hooks install" if row["Outdated"] else ""
    return f"installed (version v{row['Version']}{outdated}){_first(hook)}"


def _first(hook: GitHook) -> str:
    from tracker.setup import git_hooks as stubs

    return f", after {hook.name}{stubs.BEFORE}" if hook.is_chained else ""


@hooks.command("run", examples=["bd hooks run --check pre-commit", "bd hooks run post-merge 0"])
@click.option("--check", is_flag=True, help="Run the checks of this hook")
@click.argument("words", nargs=-1, metavar="NAME [ARG]...")
@pass_session
def run(session: Session, check: bool, words: tuple[str, ...]) -> None:
    """Run a git hook; without --check, do nothing.

    pre-commit exits 1 if the log must not be committed. No other failure stops git.
    """
    from tracker.setup import git_hooks as stubs

    if session.json:
        session.emit({})
    if not check:
        return
    name = words[0] if words else ""
    if name not in stubs.NAMES:
        raise click.BadArgumentUsage(f"the hook is one of {', '.join(stubs.NAMES)}")
    try:
        _look(session, name, words[1:])
    except Exception as error:  # git goes on, whatever is wrong here
        if session.env.get("BD_DEBUG") == "1":
            raise
        text = (
            error.message if isinstance(error, TrackerError) else f"{type(error).__name__}: {error}"
        )
        session.warn(f"the log was not looked at by {name}: {text}")


run.tail = "default"  # whatever the flags


def _look(session: Session, name: str, words: tuple[str, ...]) -> None:
    from tracker.checks.staged import Git

    git = Git(session.folder, session.env, SECONDS)
    if not git.dir or git.is_rebasing():
        return
    if name == "pre-commit":
        _before(session, git)
    elif name == "post-merge":
        _after(session, git, "ORIG_HEAD", "this merge")
    elif words[2:3] == ("1",) and words[0].strip("0"):
        _after(session, git, words[0], "this checkout")


def _before(session: Session, git: Git) -> None:
    from tracker.checks.hooks import ALLOW_LOSS, staged
    from tracker.cli.argv import boolean
    from tracker.setup import git_hooks as stubs

    allow_loss = boolean(session.env.get(ALLOW_LOSS, "")) or False
    found = staged(git, allow_loss=allow_loss, allowed_secrets=session.allowed_secrets)
    for line in found.allowed:
        session.warn(line)
    if found.refused:
        session.code = stubs.REFUSED if session.env.get(stubs.RUNNING) else 1
        session.complain("\n".join([
            "tracker: this commit is stopped, because of what is staged:",
            *(f"  {line}" for line in found.refused),
            "git commit --no-verify leaves the check out",
        ]))  # fmt: skip


def _after(session: Session, git: Git, revision: str, what: str) -> None:
    from tracker.checks.hooks import arrived

    commit = git.ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{tree}}")
    if commit is None:
        return
    found = arrived(git, commit.decode().strip())
    if found:
        session.complain("\n".join([f"tracker: new since {what}:", *(f"  {one}" for one in found)]))
