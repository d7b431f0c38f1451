"""`bd comment`: add a comment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker.cli.command import command, pass_session
from tracker.cli.relations.commenting import add_comment_to, commented

if TYPE_CHECKING:
    from tracker.cli.session import Session


@command(
    "comment",
    examples=['bd comment bd-a1b2c "found the cause"'],
    json_errors="stdout",
    writes=True,
)
@commented
@pass_session
def comment(
    session: Session, /, words: tuple[str, ...], author: str | None, file: str | None
) -> None:
    """Add a comment to an issue."""
    add_comment_to(session, words, author, file)
