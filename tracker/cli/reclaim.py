"""`bd ready --reclaim`: work that somebody claimed for a time, which is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker.cli import render
from tracker.cli.fragments import member, parent
from tracker.cli.plain import one_line
from tracker.times import stamp

if TYPE_CHECKING:
    from tracker.answers import Row
    from tracker.cli.session import Session
    from tracker.query import Filter


def say_reclaimable(session: Session, filter: Filter, limit: int) -> None:
    """The issues of a filter whose lease is over; `bd update ID --claim` takes them."""
    over = {claim.id: claim for claim in session.tracker.reclaimable()}
    answers = session.tracker.answers
    page = answers.listed(filter._replace(ids=tuple(over)), "", limit)

    def claimed(row: Row) -> str:
        claim = over[row.id]
        members = {"claimed_by": claim.actor, "lease_until": stamp(claim.until)}
        return parent(row) + "".join(member(name, value) for name, value in members.items())

    if session.json:
        session.emit_raw(answers.objects(page.rows, edges=False, extra=claimed), total=page.total)
        return
    if not page.rows:
        session.say("\n✨ No lease is over\n")
        return
    session.say(f"\n⏳ Leases that are over ({render.counted(page)}):\n")
    for number, row in enumerate(page.rows, 1):
        claim = over[row.id]
        since = render.moment(stamp(claim.until))
        told = f"Claimed by {one_line(claim.actor)}, until {since} UTC"
        session.say(render.ranked(number, row, told))
    session.say(f"\nbd update {page.rows[0].id} --claim takes one over\n")
