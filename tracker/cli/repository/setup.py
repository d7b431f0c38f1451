"""`bd setup`: tell agents and git about the tracker."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from tracker.cli.command import UnknownCommand, group, pass_session
from tracker.cli.repository.setup_beside import setup_beside
from tracker.cli.repository.setup_git import setup_git
from tracker.errors import NotATracker, Refused
from tracker.setup import agents
from tracker.workspace import output_files as outputs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from tracker.cli.session import Session
    from tracker.setup.agents import Part, Recipe, RecipeState, RecipeStep


_SAID = {
    "current": "✓ {path} is up to date",
    "outdated": "↻ {path} was written by another version, in another form, or before an edit",
    "missing": "✗ {path} does not tell about bd",
    "edited": "✗ {remark}",
    "by hand": "! {remark}",
}
_DONE = frozenset({"current", "by hand"})


@group(
    "setup",
    examples=["bd setup", "bd setup claude", "bd setup git", "bd setup claude --remove"],
    default="list",
)
def setup() -> None:
    """Set up agents and git for the tracker.

    A recipe adds a marked block to the file that the agent reads. --remove restores the file byte
    for byte. Every changed file is named.
    """


setup.add_command(setup_git)
setup.add_command(setup_beside)


@setup.command("list", examples=["bd setup list", "bd setup list --json"])
@click.argument("name", required=False, metavar="[NAME]")
@click.option("--list", is_flag=True, expose_value=False, hidden=True)
@pass_session
def list_(session: Session, name: str | None) -> None:
    """List the recipes, and those in use here."""
    if name:
        context = click.get_current_context().parent
        raise UnknownCommand(name, context or click.get_current_context(), sorted(setup.commands))
    folder = _folder(session, must_exist=False)
    rows: list[dict[str, Any]] = []
    for recipe in agents.RECIPES:
        found = agents.states(folder, recipe.parts(agents.RecipeOptions(folder)))
        done = bool(found) and all(state.name in _DONE for state in found)
        rows.append({"recipe": recipe.name, "agent": recipe.agent, "installed": done,
                     "files": [state.path for state in found]})  # fmt: skip
    if session.json:
        session.emit(rows)
        return
    for row in rows:
        mark = "✓" if row["installed"] else " "
        files = f": {', '.join(row['files'])}" if row["files"] else ""
        session.say(f"{mark} {row['recipe']:12} {row['agent']}{files}")
    session.say(
        "\nbd setup RECIPE writes it; --print shows it first. bd setup git is for merging,"
        " and bd setup beside for working beside Beads or br."
    )


def _folder(session: Session, *, must_exist: bool = True) -> str:
    """The folder that holds the workspace; agents look for their files there."""
    try:
        return session.place.root
    except NotATracker:
        if must_exist:
            raise
        return os.path.realpath(session.folder)


def _recipe(recipe: Recipe) -> None:
    """Add the command of one recipe."""

    @setup.command(
        recipe.name,
        examples=[f"bd setup {recipe.name}", f"bd setup {recipe.name} --check"],
        help=f"Set up {recipe.agent}.",
    )
    @click.option("--check", is_flag=True, help="Change nothing; exit 1 if not set up")
    @click.option("--remove", is_flag=True, help="Remove the block, byte for byte")
    @click.option("--print", "shown", is_flag=True, help="Print what would be written")
    @click.option("--dry-run", is_flag=True, help="Name the files that would change")
    @click.option("-o", "--output", metavar="FILE", help="Write the block to this file")
    @click.option("--stealth", is_flag=True, help="Leave git out")
    @click.option("--force", is_flag=True, help="Overwrite an edited block")
    @click.option("--project", is_flag=True, expose_value=False, hidden=True)
    @pass_session
    def run(session: Session, /, **given: Any) -> None:
        _run(session, recipe, given)


for _one in agents.RECIPES:
    _recipe(_one)


def _run(session: Session, recipe: Recipe, given: dict[str, Any]) -> None:
    if sum(given[name] for name in ("check", "remove", "shown")) > 1:
        raise click.UsageError("--check, --remove and --print exclude each other")
    folder = _folder(session, must_exist=not given["shown"])
    parts = recipe.parts(agents.RecipeOptions(folder, _output(session, given), given["stealth"]))
    if given["shown"]:
        _print(session, parts)
        return
    if given["check"]:
        _check(session, recipe, agents.states(folder, parts))
        return
    plan = agents.removing if given["remove"] else agents.installing
    steps = plan(folder, parts, force=given["force"])
    if not given["dry_run"]:
        if session.readonly:
            raise Refused("nothing is written in read-only mode", hint="leave --readonly out")
        agents.apply(folder, steps)
    _tell(session, recipe, steps, given)


def _output(session: Session, given: dict[str, Any]) -> str:
    """The file that the user named in place of the usual one; "" for none."""
    name = given["output"]
    if not name or given["shown"]:
        return name or ""
    if name == "-":
        raise click.UsageError("--print shows what would be written")
    return outputs.checked(session.folder, name, session.place)


def _print(session: Session, parts: Sequence[Part]) -> None:
    texts = {part.path: (part.put(None) or b"").decode() for part in parts}
    if session.json:
        session.emit({"files": texts})
        return
    for path, text in texts.items():
        if len(texts) > 1:
            session.say(f"==> {path} <==")
        session.say(text)


def _check(session: Session, recipe: Recipe, states: list[RecipeState]) -> None:
    done = all(state.name == "current" for state in states)
    session.code = int(not done)
    if session.json:
        files = {state.path: state.name for state in states}
        notes = [state.remark for state in states if state.remark]
        session.emit({"recipe": recipe.name, "ok": done, "files": files, "notes": notes})
        return
    for state in states:
        session.say(_SAID[state.name].format(path=state.path, remark=state.remark))
        if state.remark and state.name in {"current", "outdated"}:
            session.say(f"  {state.remark}")
    if any(state.name in {"missing", "outdated"} for state in states):
        session.say(f"  Fix: bd setup {recipe.name}")


def _tell(session: Session, recipe: Recipe, steps: list[RecipeStep], given: dict[str, Any]) -> None:
    changed = {step.part.path: _action(step) for step in steps if step.before != step.after}
    remarks = [remark for step in steps if (remark := step.part.remark(step.after))]
    if session.json:
        session.emit({"recipe": recipe.name, "files": changed, "notes": remarks,
                      "dry_run": given["dry_run"]})  # fmt: skip
        return
    if not changed:
        there = "is not in place" if given["remove"] else "is in place"
        session.say(f"✓ {recipe.agent}: nothing to do, it {there}")
    for path, action in changed.items():
        session.say(f"{'Would be ' if given['dry_run'] else '✓ '}{action}: {path}")
    for remark in remarks:
        session.note(remark)


def _action(step: RecipeStep) -> str:
    if step.before is None:
        return "written"
    return "removed" if step.after is None else "changed"
