"""`bd memory stats`: how much is remembered, and how it is used."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from tracker.cli.command import command, pass_session
from tracker.cli.plain import one_line

if TYPE_CHECKING:
    from tracker.cli.session import Session


@command("stats", examples=["bd memory stats", "bd memory stats --namespace climate --json"])
@click.option("-n", "--namespace", "--ns", default="", metavar="NS", help="Only what is below NS")
@pass_session
def stats(session: Session, namespace: str) -> None:
    """Count memories by namespace, kind and state, and the verdicts about them."""
    told = _counted(session, namespace.strip("/"))
    if session.json:
        session.emit(told)
        return
    session.say(f"{told['total']} memories, {told['bytes']} bytes of text")
    for title, name in (("By namespace", "namespaces"), ("By kind", "kinds"), ("State", "states"),
                        ("Trust", "trust"), ("Verdicts", "outcomes")):  # fmt: skip
        if told[name]:
            session.say(f"\n{title}:")
            width = max(len(one_line(str(key))) for key in told[name])
            for key, count in told[name].items():
                session.say(f"  {one_line(str(key)) or '(none)':{max(width, 6)}}  {count}")


def _counted(session: Session, namespace: str) -> dict[str, Any]:
    from tracker.outcomes import counted
    from tracker.remember import current
    from tracker.settling import entries

    library = session.tracker.library
    drafts = library.drafts()
    ledger, notes = library.ledger(drafts), drafts.memories
    place = "" if namespace in {"", "default"} else f"{namespace}/"
    every = [one for one in notes.glances() if one.key.startswith(place)]
    live = [one for one in every if one.status != "tombstone"]
    states = {
        "active": sum(one.status == "active" for one in live),
        "archived": sum(one.status == "archived" for one in live),
        "forgotten": sum(one.status == "tombstone" and not one.moved_to for one in every),
        "stale": sum(bool(library.stale(one)) for one in live),
        "pinned": sum(one.pinned for one in live),
        "private": sum(notes.is_private(one.key) for one in live),
        "with conflicts": sum(bool(entries(one)) for one in live),
    }
    judged = counted(drafts.outcomes.every()).values()
    verdicts = [one for one in judged if current(notes.peek, one.key).startswith(place)]
    return {
        "total": len(live),
        "bytes": sum(len(one.content.encode(errors="replace")) for one in live),
        "namespaces": _sorted(Counter(one.namespace for one in live)),
        "kinds": _sorted(Counter(one.kind for one in live)),
        "states": {name: count for name, count in states.items() if count},
        "trust": _sorted(Counter(library.trust(one, ledger).word for one in live)),
        "outcomes": _sorted(Counter(one.verdict for one in verdicts)),
    }


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
