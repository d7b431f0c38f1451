"""Commands of Beads that bd does not have, and what to use instead.

They orchestrate agents, talk to other trackers over the network, or serve a database server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.argv import asks_for_json
from tracker.cli.command import Command
from tracker.errors import TrackerError

if TYPE_CHECKING:
    from typing import NoReturn

    from tracker.cli.session import Session


_MOLECULES = "it has no molecules and no formulas", "bd create --parent ID --deps ID"
_AGENTS = "it does not run agents", "bd update ID --claim"
_TRACKERS = "it does not talk to other trackers", "bd create TITLE --external-ref NAME"
_DOLT = "there is no Dolt database", "git log -- .beads, bd undo"
_REPOSITORIES = "a workspace belongs to one repository", "bd -C DIR list"
_DAEMON = "there is no daemon", "bd list --sort updated"

ABSENT: dict[str, tuple[str, str]] = {
    **dict.fromkeys(
        ("mol", "protomolecule", "formula", "cook", "pour", "wisp", "promote", "swarm", "template"),
        _MOLECULES,
    ),
    **dict.fromkeys(
        ("gate", "agent", "slot", "merge-slot", "mail", "ship", "thanks", "create-form"), _AGENTS
    ),
    **dict.fromkeys(("jira", "linear", "gitlab", "notion", "ado", "github"), _TRACKERS),
    **dict.fromkeys(
        ("vc", "branch", "backend", "flatten", "gc", "backup", "bootstrap", "dolt-server"), _DOLT
    ),
    **dict.fromkeys(("federation", "repo", "routing", "move", "refile", "rig"), _REPOSITORIES),
    "activity": _DAEMON,
    **dict.fromkeys(
        ("prune", "purge", "rules"),
        ("nothing piles up that would have to be cleared", "bd admin cleanup"),
    ),
    "upgrade": ("it does not update itself", "pip install --upgrade bd-tracker"),
    "preflight": ("it checks its own log only", "bd check; bd doctor"),
}
"""The names, each with the reason and with what to do instead."""


class NotPart(TrackerError):
    """A command of Beads that this tool does not have."""

    code = "not-part"


class Absent(Command):
    """Any of these names."""

    tail = "default"  # whatever the flags

    def show_help(self, ctx: click.Context) -> NoReturn:
        """There is nothing to explain but this."""
        raise _not_part(ctx)


def _not_part(ctx: click.Context) -> NotPart:
    why, instead = ABSENT[ctx.info_name or ""]
    return NotPart(f"bd {ctx.info_name} is not part of this tool: {why}", hint=instead)


@click.command("absent", cls=Absent, hidden=True)
@click.argument("words", nargs=-1)
@click.pass_context
def absent(ctx: click.Context, words: tuple[str, ...]) -> None:
    """Say that a command is no part of this tool."""
    session: Session = ctx.obj
    session.flags.json |= asks_for_json(words)
    if (ctx.info_name, *words[:1]) != ("formula", "list"):
        raise _not_part(ctx)
    # Editors ask for them before they draw their menus.
    session.emit([]) if session.json else session.say("No formulas found")
