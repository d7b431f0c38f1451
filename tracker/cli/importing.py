"""`bd import`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tracker.cli.command import command, pass_session
from tracker.errors import Conflicted, Invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tracker.cli.session import Session
    from tracker.interchange.arrivals import Arrival
    from tracker.interchange.beads import Reading
    from tracker.log import Log

C = TypeVar("C", bound="Callable[..., Any]")

FORMATS = ("auto", "jsonl", "markdown", "github")
_WAYS = ("newer", "skip", "fail", "theirs")
ORPHANS = ("allow", "strict", "skip", "resurrect")


def silent(*names: str, value: bool = False) -> Callable[[C], C]:
    """Accept flags without a word: those who send them look at what is printed."""
    return click.option(*names, is_flag=not value, expose_value=False, hidden=True)


def on_conflict(where: str) -> Callable[[C], C]:
    """The option that says which of two records stands; `where` begins its help."""
    return click.option(
        "--on-conflict", type=click.Choice(_WAYS), default="newer", metavar="WAY",
        help=f"{where}: newer, skip, fail or theirs  [newer]",
    )  # fmt: skip


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
@click.option("-i", "--input", "source", metavar="FILE", help="The file; '-' is standard input")
@click.option(
    "-f", "--format", "form", type=click.Choice(FORMATS), default="auto", metavar="FORM",
    help="jsonl, markdown for a plan, or github  [by the name of the file]",
)  # fmt: skip
@click.option("--as", "known_as", metavar="NAME", help="What a plan is called, if not by its path")
@click.option("--as-is", is_flag=True, help="Keep damaged characters of a plan")
@on_conflict("Where the log has the id")
@click.option("-s", "--skip-existing", is_flag=True, help="The same as --on-conflict skip")
@click.option("--dry-run", is_flag=True, help="Tell what would be done; nothing is written")
@click.option("--rename-on-import", is_flag=True, help="Give ids of other prefixes that of ours")
@click.option("--skip-invalid", is_flag=True, help="Leave out lines that cannot be read")
@click.option(
    "--orphan-handling", type=click.Choice(ORPHANS), default="allow", metavar="WAY",
    help="New issues without their parent: allow, strict or skip  [allow]",
)  # fmt: skip
@click.option("--strict", is_flag=True, help="The same as --orphan-handling strict")
@silent("--force", "--dedupe-after", "--clear-duplicate-external-refs", "--no-git-history",
        "--protect-left-snapshot", "--resolve-collisions")  # fmt: skip
@pass_session
def import_(session: Session, /, file: str, source: str | None, **given: Any) -> None:
    """Bring in issues from a file of lines, known by their ids; the log into itself is nothing."""
    from tracker.cli import arriving
    from tracker.cli.inputs import contents, is_waiting, watched
    from tracker.interchange import beads
    from tracker.interchange.arrivals import Policy

    name = source or file or "-"
    if name == "-" and is_waiting(session):
        raise Invalid("nothing to import", hint="bd import -i FILE")
    data = contents(session, name)
    form = _form(given["form"], name)
    if form == "markdown":
        from tracker.cli import plans

        plans.bring(session, name, data, given)
        return
    if form == "github":
        _of_github(session, data, given)
        return
    reading = beads.read(data, _shown(name), watched(session, "Reading"))
    if _is_log(session, name, data):  # whatever is wrong with that is in it already
        reading = reading._replace(problems=(), repeated=())
    else:
        _check(reading, _shown(name), lenient=given["skip_invalid"])
    _remark(session, reading)
    orphans = "strict" if given["strict"] else given["orphan_handling"]
    policy = Policy("skip" if given["skip_existing"] else given["on_conflict"], orphans)
    rename = given["rename_on_import"]
    wanted = arriving.Intake(reading.arrivals, policy, rename, reading.memories)
    done = arriving.bring(session, wanted, dry=given["dry_run"])
    arriving.remark(session, done)
    arriving.say(session, done, dry=given["dry_run"])


def _remark(session: Session, reading: Reading) -> None:
    """What somebody should know about the file beside the counts."""
    if reading.problems:
        session.note(f"{len(reading.problems)} lines were left out: they cannot be read")
    if reading.repeated:
        session.note(f"of {len(reading.repeated)} ids that stand twice the last record counts")


def _of_github(session: Session, data: bytes, given: Mapping[str, Any]) -> None:
    """Issues of GitHub, each known by its reference."""
    from tracker.cli import arriving
    from tracker.interchange import github
    from tracker.interchange.arrivals import Policy
    from tracker.new import choose_prefix

    found = github.read(data.decode("utf-8", "replace").removeprefix("\ufeff"))
    settings = session.tracker.settings()

    def arrivals(log: Log) -> list[Arrival]:
        return github.arrivals(log, found, choose_prefix(log, settings)[0])

    way = "skip" if given["skip_existing"] else given["on_conflict"]
    done = arriving.bring(session, arriving.Intake(arrivals, Policy(way)), dry=given["dry_run"])
    arriving.remark(session, done)
    arriving.say(session, done, dry=given["dry_run"])


def _form(asked: str, name: str) -> str:
    """The form of a file, where nobody said it."""
    if asked != "auto":
        return asked
    return "markdown" if name.lower().endswith((".md", ".markdown")) else "jsonl"


def _is_log(session: Session, name: str, data: bytes) -> bool:
    from tracker.cache import read_log

    log = session.place.log
    path = os.path.realpath(os.path.join(session.folder, name))
    return path == os.path.realpath(log) or data == read_log(log)[0]


def _shown(name: str) -> str:
    return "standard input" if name == "-" else os.path.basename(name)


def _check(reading: Reading, name: str, *, lenient: bool) -> None:
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
