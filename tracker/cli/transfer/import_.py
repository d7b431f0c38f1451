"""`bd import`: import issues from a file, matched by id."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import click

from tracker.cli.command import OneOf, command, pass_session, silent
from tracker.cli.issue_options import on_conflict
from tracker.errors import Conflicted, Invalid
from tracker.interchange.import_issues import named, take

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from tracker.cli.session import Session
    from tracker.interchange.beads import BeadsReading
    from tracker.interchange.import_issues import Arrival, ImportPolicy, Named, TakenRecord
    from tracker.interchange.import_memories import Brought, MemoryFate
    from tracker.log.issue_log import Log
    from tracker.log.record_file import Wanted
    from tracker.log.snapshot import Snapshot


class Intake(NamedTuple):
    """Records to bring in, and how; with `rename`, ids of other prefixes get that of ours.

    A function makes them where they depend on what the log has.
    """

    arrivals: Sequence[Arrival] | Callable[[Log], Sequence[Arrival]]
    policy: ImportPolicy
    rename: bool = False
    memories: Sequence[Brought] = ()


class ImportReport(NamedTuple):
    """What became of them."""

    names: Named
    taken: TakenRecord
    notes: Sequence[MemoryFate] = ()


def bring(session: Session, intake: Intake, *, dry: bool) -> ImportReport:
    """Decide, and write where something changes; under its lock the log itself decides again."""
    from tracker.issues.archive import whole
    from tracker.issues.create import choose_prefix

    workspace = session.tracker
    who = workspace.who()
    found: list[ImportReport] = []

    def plan(shelf: Snapshot) -> Wanted:
        log = whole(shelf)
        settings = workspace.settings()
        prefix = choose_prefix(log, settings)[0] if intake.rename else ""
        given = intake.arrivals(log) if callable(intake.arrivals) else intake.arrivals
        names = named(log, given, prefix)
        taken = take(log, names.arrivals, intake.policy, who)
        notes, wanted = _noted(session, shelf, intake)
        found[:] = [ImportReport(names, taken, notes)]
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
    session: Session, shelf: Snapshot, intake: Intake
) -> tuple[Sequence[MemoryFate], dict[str, dict[str, bytes | None]]]:
    """What becomes of the memories among them, and their lines."""
    if not intake.memories:
        return (), {}
    from tracker.interchange import import_memories
    from tracker.log.snapshot import Drafts

    drafts = Drafts(shelf)
    way = import_memories.ImportMode(intake.policy.on_conflict)
    hand = session.tracker.library.hand("import")
    return import_memories.take(drafts.memories, intake.memories, way, hand), drafts.written()


def remark(session: Session, done: ImportReport) -> None:
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


def counts(done: ImportReport, *, dry: bool) -> dict[str, Any]:
    """The counts for `--json`, and for a dry run what would become of which issue."""
    renamed = dict(done.names.renamed)
    more: dict[str, Any] = {"renamed": renamed} if renamed else {}
    if done.notes:
        from tracker.interchange.import_memories import tally

        more["memories"] = tally(done.notes)
    return {**done.taken.counts(), **more, **(_would(done.taken) if dry else {})}


def _would(taken: TakenRecord) -> dict[str, Any]:
    skipped = [{"id": v.id, "why": v.why} for v in taken.verdicts if v.what == "skipped"]
    return {
        "dry_run": True,
        "would": {
            "create": taken.ids("created"),
            "update": taken.ids("updated"),
            "skip": skipped,
        },
    }


def told(done: ImportReport) -> str:
    """`9 created, 0 updated`, and what else there is."""
    found = done.taken.counts()
    texts = [f"{found['created']} created, {found['updated']} updated"]
    texts += [f"{found[kind]} {kind}" for kind in ("unchanged", "skipped") if found[kind]]
    return ", ".join(texts) + noted(done)


def noted(done: ImportReport) -> str:
    """`; memories: 2 created`, or nothing."""
    if not done.notes:
        return ""
    from tracker.interchange.import_memories import tally

    kinds = tally(done.notes).items()
    return "; memories: " + ", ".join(f"{count} {kind}" for kind, count in kinds if count)


def say(session: Session, done: ImportReport, *, dry: bool) -> None:
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


FORMATS = ("auto", "jsonl", "markdown", "github")
ORPHANS = ("allow", "strict", "skip", "resurrect")


@command(
    "import",
    examples=[
        "bd import -i issues.jsonl --dry-run",
        "bd import -i issues.jsonl --on-conflict theirs",
        "git show other:.beads/issues.jsonl | bd import",
        "bd import --format markdown docs/PLAN.md --dry-run",
        "gh issue list --state all --json number,title,body,state | bd import --format github",
    ],
    writes=True,
)
@click.argument("file", default="", metavar="[FILE]")
@click.option("-i", "--input", "source", metavar="FILE", help="File to import; '-' is stdin")
@click.option(
    "-f", "--format", "form", type=OneOf(FORMATS), default="auto", metavar="FORM",
    help="jsonl, markdown or github  [by the file name]",
)  # fmt: skip
@click.option("--as", "known_as", metavar="NAME", help="Name of the plan, instead of its path")
@click.option("--as-is", is_flag=True, help="Keep damaged characters of a plan")
@on_conflict("Where the log has the id")
@click.option("-s", "--skip-existing", is_flag=True, help="Same as --on-conflict skip")
@click.option("--dry-run", is_flag=True, help="Show what would be imported")
@click.option("--rename-on-import", is_flag=True, help="Change foreign prefixes to ours")
@click.option("--skip-invalid", is_flag=True, help="Skip lines that cannot be read")
@click.option(
    "--orphan-handling", type=OneOf(ORPHANS), default="allow", metavar="WAY",
    help="New issues without their parent: allow, strict or skip  [allow]",
)  # fmt: skip
@click.option("--strict", is_flag=True, help="Same as --orphan-handling strict")
@silent("--force", "--dedupe-after", "--clear-duplicate-external-refs", "--no-git-history",
        "--protect-left-snapshot", "--resolve-collisions")  # fmt: skip
@pass_session
def import_(session: Session, /, file: str, source: str | None, **given: Any) -> None:
    """Import issues from a JSONL file, matched by id.

    Importing the log into itself changes nothing.
    """
    from tracker.cli.files import contents, is_waiting, watched
    from tracker.interchange import beads
    from tracker.interchange.import_issues import ImportPolicy

    name = source or file or "-"
    if name == "-" and is_waiting(session):
        raise Invalid("nothing to import", hint="bd import -i FILE")
    data = contents(session, name)
    form = _form(given["form"], name)
    if form == "markdown":
        from tracker.cli.transfer import plans

        plans.bring(session, name, data, given)
        return
    if form == "github":
        _of_github(session, data, given)
        return
    reading = beads.read_lines(data, _shown(name), watched(session, "Reading"))
    if _is_log(session, name, data):  # whatever is wrong with that is in it already
        reading = reading._replace(problems=(), repeated=())
    else:
        _check(reading, _shown(name), lenient=given["skip_invalid"])
    _remark(session, reading)
    orphans = "strict" if given["strict"] else given["orphan_handling"]
    policy = ImportPolicy("skip" if given["skip_existing"] else given["on_conflict"], orphans)
    rename = given["rename_on_import"]
    wanted = Intake(reading.arrivals, policy, rename, reading.memories)
    done = bring(session, wanted, dry=given["dry_run"])
    remark(session, done)
    say(session, done, dry=given["dry_run"])


def _remark(session: Session, reading: BeadsReading) -> None:
    """What somebody should know about the file beside the counts."""
    if reading.problems:
        session.note(f"{len(reading.problems)} lines were left out: they cannot be read")
    if reading.repeated:
        session.note(f"repeated ids: {len(reading.repeated)}; the last record of each is used")


def _of_github(session: Session, data: bytes, given: Mapping[str, Any]) -> None:
    """Issues of GitHub, each known by its reference."""
    from tracker.interchange import github
    from tracker.interchange.import_issues import ImportPolicy
    from tracker.issues.create import choose_prefix

    found = github.read(data.decode("utf-8", "replace").removeprefix("\ufeff"))
    settings = session.tracker.settings()

    def arrivals(log: Log) -> list[Arrival]:
        return github.arrivals(log, found, choose_prefix(log, settings)[0])

    way = "skip" if given["skip_existing"] else given["on_conflict"]
    done = bring(session, Intake(arrivals, ImportPolicy(way)), dry=given["dry_run"])
    remark(session, done)
    say(session, done, dry=given["dry_run"])


def _form(asked: str, name: str) -> str:
    """The form of a file, where nobody said it."""
    if asked != "auto":
        return asked
    return "markdown" if name.lower().endswith((".md", ".markdown")) else "jsonl"


def _is_log(session: Session, name: str, data: bytes) -> bool:
    from tracker.fileio import read_log

    log = session.place.log
    path = os.path.realpath(os.path.join(session.folder, name))
    return path == os.path.realpath(log) or data == read_log(log)[0]


def _shown(name: str) -> str:
    return "standard input" if name == "-" else os.path.basename(name)


def _check(reading: BeadsReading, name: str, *, lenient: bool) -> None:
    """Raise where something of the file would be lost."""
    if reading.markers:
        error = Conflicted(name, reading.markers)
        error.hint = f"bd resolve --file {name}"
        raise error
    if reading.problems and not lenient:
        first = reading.problems[0]
        more = f" (and {len(reading.problems) - 1} more lines)" if reading.problems[1:] else ""
        others = len(reading.arrivals)
        raise Invalid(
            f"Error parsing line {first.line}: {first.why}{more}; nothing was imported",
            hint=f"--skip-invalid takes the other {others} records" if others else "",
        )
