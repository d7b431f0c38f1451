"""`bd find-duplicates`: find similar issues."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.cli.filter_options import limit_of, limited
from tracker.errors import Invalid
from tracker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from tracker.cli.session import Session
    from tracker.issues.duplicates import SimilarPair
    from tracker.model.issue import Issue


@command(
    "find-duplicates",
    examples=["bd find-duplicates", "bd find-duplicates --threshold 0.7 --all --json"],
)
@click.option(
    "--threshold",
    default=0.5,
    type=click.FloatRange(0, 1),
    metavar="S",
    help="Least similarity, 0 to 1  [0.5]",
)
@click.option(
    "--method", default="mechanical", metavar="HOW", help="Method; only mechanical is supported"
)
@click.option("-s", "--status", default="", metavar="STATUS", help="Issues with this status only")
@click.option("--all", "everything", is_flag=True, help="Include closed issues")
@limited("50")
@pass_session
def find_duplicates(session: Session, /, threshold: float, method: str, **given: Any) -> None:
    """Find pairs of similar issues.

    Closed issues are left out.
    """
    from tracker.issues.duplicates import similar

    if method != "mechanical":
        raise Invalid(
            f'invalid --method "{method}": bd uses no language model',
            hint="bd find-duplicates --method mechanical",
        )
    pairs = similar(list(_compared(session, given)), threshold)
    limit = limit_of(session, given["limit"], 50)
    shown = pairs[:limit] if limit else pairs
    if session.json:
        _emit_pairs(session, shown, threshold)
    elif not pairs:
        session.say(f"✓ No pairs with a similarity of {threshold:g} or more")
    else:
        count = f"{len(shown)} of {len(pairs)}" if len(shown) < len(pairs) else len(pairs)
        session.say(f"{count} pair(s) of similar issues:\n")
        for pair in shown:
            session.say(f"{pair.similarity:4.0%}  {one_line(f'{pair.one.id}: {pair.one.title}')}")
            session.say(f"      {one_line(f'{pair.other.id}: {pair.other.title}')}\n")
        session.say("bd duplicate ID --of OTHER closes one of two")


def _compared(session: Session, given: dict[str, Any]) -> Iterable[Issue]:
    from tracker.cli.filter_options import known_status
    from tracker.issues.duplicates import every
    from tracker.model.status import TOMBSTONE

    status = given["status"]
    if status:
        known_status(session.tracker, status)
    hidden = {TOMBSTONE} if given["everything"] else session.tracker.settings().closing
    for issue in sorted(session.tracker.rehearse(every), key=lambda issue: issue.id):
        if issue.status == status if status else issue.status not in hidden:
            yield issue


def _emit_pairs(session: Session, pairs: Sequence[SimilarPair], threshold: float) -> None:
    listed = [
        {
            "issue_a_id": pair.one.id,
            "issue_b_id": pair.other.id,
            "issue_a_title": pair.one.title,
            "issue_b_title": pair.other.title,
            "similarity": pair.similarity,
            "method": "mechanical",
        }
        for pair in pairs
    ]
    session.emit(
        {"count": len(listed), "method": "mechanical", "pairs": listed, "threshold": threshold}
    )
