"""What `import` and `migrate` have in common: records come in, and the counts are told."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from tracker.interchange.arrivals import Policy, Taken, take
from tracker.interchange.names import Named, named

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tracker.cli.session import Session
    from tracker.interchange.arrivals import Arrival
    from tracker.interchange.remembered import Brought, Verdict
    from tracker.log import Log
    from tracker.shelf import Shelf, Wanted


class Intake(NamedTuple):
    """Records to bring in, and how; with `rename`, ids of other prefixes get that of ours.

    A function makes them where they depend on what the log has.
    """

    arrivals: Sequence[Arrival] | Callable[[Log], Sequence[Arrival]]
    policy: Policy
    rename: bool = False
    memories: Sequence[Brought] = ()


class Done(NamedTuple):
    """What became of them."""

    names: Named
    taken: Taken
    notes: Sequence[Verdict] = ()


def bring(session: Session, intake: Intake, *, dry: bool) -> Done:
    """Decide, and write where something changes; under its lock the log itself decides again."""
    from tracker.archive import whole
    from tracker.new import choose_prefix

    workspace = session.tracker
    who = workspace.who()
    found: list[Done] = []

    def plan(shelf: Shelf) -> Wanted:
        log = whole(shelf)
        settings = workspace.settings()
        prefix = choose_prefix(log, settings)[0] if intake.rename else ""
        given = intake.arrivals(log) if callable(intake.arrivals) else intake.arrivals
        names = named(log, given, prefix)
        taken = take(log, names.arrivals, intake.policy, who)
        notes, wanted = _noted(session, shelf, intake)
        found[:] = [Done(names, taken, notes)]
        wanted.setdefault(shelf.log, {}).update(taken.lines)
        back: dict[str, bytes | None] = {id: None for id in taken.lines if id in shelf.archive}
        return {**wanted, "archive.jsonl": back} if back else wanted

    changes = workspace.preview(lambda drafts: plan(drafts.before))
    if dry:
        session.writes = False
        workspace.preview(lambda drafts: workspace.gate.passed(drafts.before, changes))
    elif any(changes.values()):
        workspace.revise(plan)
    return found[0]


def _noted(
    session: Session, shelf: Shelf, intake: Intake
) -> tuple[Sequence[Verdict], dict[str, dict[str, bytes | None]]]:
    """What becomes of the memories among them, and their lines."""
    if not intake.memories:
        return (), {}
    from tracker.interchange import remembered
    from tracker.shelf import Drafts

    drafts = Drafts(shelf)
    way = remembered.Way(intake.policy.on_conflict)
    hand = session.tracker.library.hand("import")
    return remembered.take(drafts.memories, intake.memories, way, hand), drafts.written()


def remark(session: Session, done: Done) -> None:
    """What somebody should know beside the counts."""
    renamed = done.names.renamed
    for old, new in list(renamed.items())[:5]:
        session.note(f"{old} is {new} here")
    if len(renamed) > 5:
        session.note(f"and {len(renamed) - 5} more have other ids here")
    whys = Counter(one.why for one in done.taken.verdicts if one.what == "skipped" and one.why)
    for why, count in whys.items():
        session.note(f"{count} skipped: {why} (--on-conflict theirs takes what comes in)")
    for why, count in Counter(one.why for one in done.notes if one.why).items():
        session.note(f"{count} memories skipped: {why}")


def counts(done: Done, *, dry: bool) -> dict[str, Any]:
    """The counts for `--json`, and for a dry run what would become of which issue."""
    renamed = dict(done.names.renamed)
    more: dict[str, Any] = {"renamed": renamed} if renamed else {}
    if done.notes:
        from tracker.interchange.remembered import tally

        more["memories"] = tally(done.notes)
    return {**done.taken.counts(), **more, **(_would(done.taken) if dry else {})}


def _would(taken: Taken) -> dict[str, Any]:
    skipped = [{"id": v.id, "why": v.why} for v in taken.verdicts if v.what == "skipped"]
    return {
        "dry_run": True,
        "would": {
            "create": taken.ids("created"),
            "update": taken.ids("updated"),
            "skip": skipped,
        },
    }


def told(done: Done) -> str:
    """`9 created, 0 updated`, and what else there is."""
    found = done.taken.counts()
    texts = [f"{found['created']} created, {found['updated']} updated"]
    texts += [f"{found[kind]} {kind}" for kind in ("unchanged", "skipped") if found[kind]]
    return ", ".join(texts) + noted(done)


def noted(done: Done) -> str:
    """`; memories: 2 created`, or nothing."""
    if not done.notes:
        return ""
    from tracker.interchange.remembered import tally

    kinds = tally(done.notes).items()
    return "; memories: " + ", ".join(f"{count} {kind}" for kind, count in kinds if count)


def say(session: Session, done: Done, *, dry: bool) -> None:
    """The counts, as Beads says them: text on stderr."""
    if session.json:
        session.emit(counts(done, dry=dry))
    elif session.flags.quiet:
        return
    elif dry:
        found = done.taken.counts()
        session.complain(
            f"Would create {found['created']} new issues, update {found['updated']} existing "
            f"issues, skip {found['skipped']}; {found['unchanged']} unchanged{noted(done)}\n"
            "Dry-run mode: no changes made"
        )
    else:
        session.complain(f"Import complete: {told(done)}")
