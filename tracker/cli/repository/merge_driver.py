"""`bd merge-driver`, which git runs to merge the log, and Beads' `bd merge`.

File in, file out: no workspace, no lock, no configuration, no clock. The file is replaced in one
step and only by a whole result; after any failure it is as git made it, and the command line that
`tracker.setup.merge_driver` registers then lets git write its markers. Git takes a shorter way to
the same (`tracker.merge.driver`).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, ignored, pass_session
from tracker.errors import TrackerError
from tracker.merge import driver

if TYPE_CHECKING:
    from tracker.cli.session import Session
    from tracker.merge.three_way import Merged


BROKEN = 2  # what Beads leaves with where a file cannot be merged; 1 would be "with conflicts"


@command(
    "merge-driver",
    examples=[
        "bd merge-driver BASE OURS THEIRS 7 .beads/issues.jsonl",
        "bd merge-driver --output MERGED BASE OURS THEIRS",
    ],
)
@click.argument("base")
@click.argument("ours")
@click.argument("theirs")
@click.argument("marker_size", default="", metavar="[MARKER_SIZE]")
@click.argument("path", default="", metavar="[PATH]")
@click.option("--output", metavar="FILE", help="Write the result to FILE  [OURS]")
@pass_session
def merge_driver(
    session: Session, base: str, ours: str, theirs: str, marker_size: str, path: str,
    output: str | None,
) -> None:  # fmt: skip
    """Merge three versions of a log into OURS, for git.

    Decisions go to stderr, one a line. On failure nothing is written and the exit code is not 0.
    PATH is the name of the file in the repository.
    """
    del marker_size  # git hands it over; no markers are ever written here
    merged = _merged(session, (base, ours, theirs), path or output or ours)
    _put(session, output or ours, merged)
    _tell(session, merged)


@command("merge", examples=["bd merge OUT BASE LEFT RIGHT"])
@click.argument("out")
@click.argument("base")
@click.argument("left")
@click.argument("right")
@ignored("--debug")
@pass_session
def merge(session: Session, out: str, base: str, left: str, right: str) -> None:
    """Merge three versions of a log into OUT, as Beads does.

    Exit 2 if a file cannot be read or written.
    """
    try:
        merged = _merged(session, (base, left, right), out)
        _put(session, out, merged)
    except TrackerError as error:
        session.fail(error)
        session.code = BROKEN
        return
    _tell(session, merged)


def _merged(session: Session, names: tuple[str, str, str], path: str) -> Merged:
    return driver.merged([os.path.join(session.folder, name) for name in names], path)


def _put(session: Session, name: str, merged: Merged) -> None:
    driver.put(os.path.join(session.folder, name), merged.data)


def _tell(session: Session, merged: Merged) -> None:
    if session.json:
        session.emit({"decisions": [one._asdict() for one in merged.decisions]})
    elif merged.decisions and not session.flags.quiet:
        session.complain(driver.told(merged))
