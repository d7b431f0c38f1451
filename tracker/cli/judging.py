"""Commands about what came of memories: `ok`, `bad`, `outcomes`, `void`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tracker.cli import memoview
from tracker.cli.command import command, pass_session
from tracker.cli.plain import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tracker.cli.session import Session
    from tracker.memory import Outcome

_OPTIONS = (
    click.argument("names", nargs=-1, required=True, metavar="KEY..."),
    click.option("-i", "--issue", metavar="ID", help="The issue in whose work it was used"),
    click.option("--task", default="", metavar="ID", help="The task in which it was used"),
    click.option("--note", default="", metavar="TEXT", help="What happened"),
    click.option("--weight", default="", metavar="W", help="How much it counts, 0 to 1  [1]"),
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
    """Say that memories helped: trust in them grows."""
    _judge(session, names, "success", given)


@command(
    "bad",
    examples=['bd memory bad climate/drift --issue bd-a1b2c --note "the API has changed"'],
    writes=True,
)
@_judging
@pass_session
def bad(session: Session, /, names: tuple[str, ...], **given: Any) -> None:
    """Say that memories misled: trust in them shrinks."""
    _judge(session, names, "failure", given)


def _judge(
    session: Session, names: tuple[str, ...], verdict: str, given: Mapping[str, Any]
) -> None:
    from tracker.outcomes import About

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
@click.option("-n", "--limit", type=int, metavar="N", help="Only the last so many")
@pass_session
def outcomes(session: Session, key: str, limit: int | None) -> None:
    """List the verdicts about a memory, or all of them; the oldest first."""
    from tracker import remember
    from tracker.model import instant
    from tracker.outcomes import counted

    library = session.tracker.library
    drafts = library.drafts()
    if key:
        name = remember.live(drafts.memories, key).key
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
        session.say(memoview.verdict(one))
    if len(shown) < len(found):
        session.say(f"\nShowing the last {len(shown)} of {len(found)}")


@command("void", examples=["bd memory void 3f2a9c0112ab34cd"], writes=True)
@click.argument("ids", nargs=-1, required=True, metavar="OUTCOME...")
@pass_session
def void(session: Session, ids: tuple[str, ...]) -> None:
    """Take verdicts back; `bd memory outcomes` lists their ids."""
    made = session.tracker.library.take_back(ids)
    if session.json:
        session.emit([_outcome(one) for one in made])
        return
    for one in made:
        session.say(f"✓ took back {one_line(one.voids or one.id)}")


def _outcome(one: Outcome) -> dict[str, Any]:
    import json

    from tracker.memoline import encode_outcome

    found: dict[str, Any] = json.loads(encode_outcome(one))
    return found
