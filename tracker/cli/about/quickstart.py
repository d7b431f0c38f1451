"""`bd quickstart`: the first five minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker.cli.command import command, pass_session

if TYPE_CHECKING:
    from tracker.cli.session import Session


QUICKSTART = """\
bd: issues, dependencies and memory in your git repository

START
  bd init                                      once, in a repository
  bd create "Checkout" --type epic             prints an id such as shop-a1b2c
  bd create "Fix the cart" -t bug -p 1 --parent shop-a1b2c
                                               priority 0 (most urgent) to 4
  bd dep add shop-d3e4f shop-g5h6i             the first waits for the second

WORK
  bd ready                                     what can be worked on now
  bd update shop-g5h6i --claim                 take it: there is one winner
  bd comments add shop-g5h6i "Found the cause"
  bd close shop-g5h6i --reason "Apply coupons once" --suggest-next
  git add .beads && git commit                 issues and code in one commit

REMEMBER
  bd remember "Run the migrations before the tests"
  bd memory search "how do I run the tests?"   what is known, the best first
  bd recall KEY                                one memory, whole

LOOK
  bd list, bd show ID, bd search WORDS         everything; ids may be typed short
  bd blocked --why ID                          what stands in the way
  bd dep tree ID, bd graph ID                  what depends on what
  bd graph -o graph.html                       a page to look at, with the critical path
  bd stats                                     how it stands

UNDO AND HELP
  bd undo                                      takes the last change back
  bd COMMAND --help                            every command has examples
  bd setup                                     tell Claude, Codex, Cursor and others about bd

Add --json to any command for one JSON document. Branches merge record by record: the first write in
a clone tells git how, and says so.
"""


@command("quickstart", examples=["bd quickstart"])
@pass_session
def quickstart(session: Session) -> None:
    """Show a one-page introduction."""
    if session.json:
        session.emit({"text": QUICKSTART})
    else:
        session.write(QUICKSTART)
