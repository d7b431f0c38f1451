"""`bd onboard`: what to add to a repository's agent instructions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker.cli.command import command, pass_session

if TYPE_CHECKING:
    from tracker.cli.session import Session


ONBOARD = """\
Put this into the file that your agent reads at its start (AGENTS.md, CLAUDE.md, ...), or let
`bd setup claude`, `bd setup codex` and their like do it (`bd setup` lists them):

{text}
It is short on purpose: `bd prime` prints the rest, and what there is to do.
"""


@command("onboard", examples=["bd onboard", "bd onboard --json"])
@pass_session
def onboard(session: Session) -> None:
    """Print instructions about bd for an agent."""
    from tracker.setup.agents import TEXT

    if session.json:
        session.emit({"text": TEXT})
    else:
        session.write(ONBOARD.format(text=TEXT))
