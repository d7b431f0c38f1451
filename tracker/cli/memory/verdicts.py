"""`bd memory ok`, `bad`, `outcomes`, `void` and `stats`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.render import memories
from tracker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tracker.cli.session import Session
    from tracker.model.memory import Outcome


_OPTIONS = (
    click.argument("names", nargs=-1, required=True, metavar="KEY..."),
    click.option("-i", "--issue", metavar="ID", help="Issue it was used for"),
    click.option("--task", default="", metavar="ID", help="Task it was used for"),
    click.option("--note", default="", metavar="TEXT", help="What happened"),
    click.option("--weight", default="", metavar="W", help="Weight, 0 to 1  [1]"),
)


def _judging(function: Any) -> Any:
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


@command(
    "ok",
    examples=["bd memory ok climate/drift --issue bd-a1b2c", 'bd memory ok a b --note "it held"'],
    writes=True,
)
@_judging
@pass_session
def ok(session: Session, /, names: tuple[str, ...], **given: Any) -> None:
    """Record that memories helped, and raise their trust."""
    _judge(session, names, "success", given)


@command(
    "bad",
    examples=['bd memory bad climate/drift --issue bd-a1b2c --note "the API has changed"'],
    writes=True,
)
@_judging
@pass_session
def bad(session: Session, /, names: tuple[str, ...], **given: Any) -> None:
    """Record that memories misled, and lower their trust."""
    _judge(session, names, "failure", given)


def _judge(
    session: Session, names: tuple[str, ...], verdict: str, given: Mapping[str, Any]
) -> None:
    from tracker.memory.outcomes import About

    workspace = session.tracker
    issue = workspace.resolve(given["issue"]) if given["issue"] else ""
    about = About(issue, given["task"], given["note"], given["weight"])
    made = workspace.library.record(names, verdict, about)
    rows = [workspace.recollection.row(one.key) for one in made]
    trusts = [row.trust for row in rows if row is not None]
    if session.json:
        session.emit([
            {**_outcome(one), "trust": round(each.value, 3)}
            for one, each in zip(made, trusts, strict=True)
        ])  # fmt: skip
        return
    word = "ok" if verdict == "success" else "bad"
    for one, each in zip(made, trusts, strict=True):
        session.say(f"✓ {word} {one_line(one.key)}: trust {each.value:.2f} ({each.word})")


@command(
    "outcomes",
    examples=["bd memory outcomes", "bd memory outcomes climate/drift --json"],
)
@click.argument("key", default="", metavar="[KEY]")
@click.option("-n", "--limit", type=int, metavar="N", help="The last N only")
@pass_session
def outcomes(session: Session, key: str, limit: int | None) -> None:
    """List verdicts about a memory, or all, oldest first."""
    from tracker.memory import actions
    from tracker.memory.outcomes import counted
    from tracker.model.timestamps import instant

    library = session.tracker.library
    drafts = library.drafts()
    if key:
        name = actions.live(drafts.memories, key).key
        found = library.ledger(drafts).outcomes(name)
    else:
        every = counted(drafts.outcomes.every()).values()
        found = sorted(every, key=lambda one: (instant(one.at), one.id))
    shown = found[-limit:] if limit else found
    if session.json:
        session.emit([_outcome(one) for one in shown], total=len(found))
        return
    if not found:
        session.say(f"No verdicts about {one_line(key)}" if key else "No verdicts")
    for one in shown:
        session.say(memories.verdict(one))
    if len(shown) < len(found):
        session.say(f"\nShowing the last {len(shown)} of {len(found)}")


@command("void", examples=["bd memory void 3f2a9c0112ab34cd"], writes=True)
@click.argument("ids", nargs=-1, required=True, metavar="OUTCOME...")
@pass_session
def void(session: Session, ids: tuple[str, ...]) -> None:
    """Withdraw verdicts, by the ids in `bd memory outcomes`."""
    made = session.tracker.library.take_back(ids)
    if session.json:
        session.emit([_outcome(one) for one in made])
        return
    for one in made:
        session.say(f"✓ took back {one_line(one.voids or one.id)}")


def _outcome(one: Outcome) -> dict[str, Any]:
    import json

    from tracker.log.memory_codec import encode_outcome

    found: dict[str, Any] = json.loads(encode_outcome(one))
    return found


@command("stats", examples=["bd memory stats", "bd memory stats --namespace climate --json"])
@click.option("-n", "--namespace", "--ns", default="", metavar="NS", help="Memories below NS only")
@pass_session
def stats(session: Session, namespace: str) -> None:
    """Count memories by namespace, kind and status, and verdicts."""
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
    from tracker.memory.actions import current
    from tracker.memory.conflicts import entries
    from tracker.memory.outcomes import counted

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
