"""`bd export`: write issues as JSONL or another format."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from tracker import fileio
from tracker.cli.command import OneOf, command, ignored, output, pass_session
from tracker.cli.files import save
from tracker.cli.filter_options import chosen, filtered
from tracker.errors import Refused
from tracker.workspace import output_files as outputs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from tracker.cli.session import Session


FORMATS = ("jsonl", "json", "obsidian", "github")
_FILTERS = (
    "status", "type", "priority", "assignee", "no_assignee", "label", "label_any", "no_labels",
    "priority_min", "priority_max", "title", "times", "parent",
)  # fmt: skip

_OWN = {"output", "form", "force", "archive", "memories"}  # what is no filter


@command(
    "export",
    examples=[
        "bd export > issues.jsonl",
        "bd export -o backup.jsonl --json",
        "bd export --status open --format github -o issues.json",
    ],
)
@output("Write a file instead of printing")
@click.option(
    "-f", "--format", "form", type=OneOf(FORMATS), default="jsonl", metavar="FORM",
    help=f"{', '.join(FORMATS)}  [jsonl]",
)  # fmt: skip
@click.option("--all", "archive", is_flag=True, help="Archived issues and memories too")
@click.option("--include-memories", "memories", is_flag=True, help="Memories too, after the issues")
@click.option("--force", is_flag=True, help="Overwrite FILE even if issues in it would be lost")
@filtered(*_FILTERS)
@ignored("--events", "--events-reset", "--include-infra", "--scrub")
@pass_session
def export(session: Session, /, **given: Any) -> None:
    """Export every record, deleted ones too, to stdout or a file."""
    everything = not any(_is_given(given[name]) for name in given.keys() - _OWN)
    lines = _lines(session, None if everything else given, archive=given["archive"])
    file, form = given["output"], given["form"]
    memories = _memories(session, given)
    if file is None:
        form = "json" if session.json and form == "jsonl" else form
        session.write(_text([*lines, *memories], form))
        return
    if _is_log(session, file):
        if not everything or given["archive"] or memories or form != "jsonl":
            raise Refused(
                f"{file} is the log itself, which holds every issue",
                hint="bd export -o ANOTHER-FILE",
            )
    else:
        text = _text([*lines, *memories], form)
        _write(session, lines, text.encode("utf-8", "surrogatepass"), given)
    if session.json:
        counts = {"success": True, "exported": len(lines), "skipped": 0}
        if memories:
            counts["memories"] = len(memories)
        session.emit({**counts, "total_issues": len(lines), "output_file": file})
    elif not session.flags.quiet:
        more = f" and {len(memories)} memories" if memories else ""
        session.complain(f"Exported {len(lines)} issues{more} to {file}")


def _is_given(value: object) -> bool:
    return type(value) is int or bool(value)  # P0 is a bound


def _is_log(session: Session, name: str) -> bool:
    try:
        return os.path.samefile(os.path.join(session.folder, name), session.place.log)
    except OSError:
        return False


def _lines(session: Session, given: Mapping[str, Any] | None, *, archive: bool) -> list[bytes]:
    """The records that are asked for, by id; without a question all of them, tombstones too."""
    workspace = session.tracker
    if given is None:
        from tracker.issues.archive import whole

        shelf = workspace.shelf()
        log = whole(shelf) if archive else shelf.issues.whole
        return [log.line(id) or b"" for id in sorted(log)]
    if archive:
        workspace.open_archive()
    answers = workspace.answers
    return [answers.line(n) for n, *_ in answers.keys(chosen(session, given), "id")]


def _memories(session: Session, given: Mapping[str, Any]) -> list[bytes]:
    """The lines of memories as Beads carries them; none that stay in this clone."""
    if given["form"] not in {"jsonl", "json"} or not (given["memories"] or given["archive"]):
        return []
    from tracker.interchange.memory_files import as_beads

    library = session.tracker.library
    notes = library.notes()
    kept = (one for one in library.find() if one.status == "active")
    shared = [one for one in kept if not notes.is_private(one.key)]
    return [line.encode("utf-8", "surrogatepass") for line in as_beads(shared)]


def _text(lines: Sequence[bytes], form: str) -> str:
    """The document; lines of the log are copied as they are."""
    if form == "jsonl":
        return "".join(f"{line.decode()}\n" for line in lines)
    if form == "json":
        return "[" + ",".join(f"\n{line.decode()}" for line in lines) + "\n]\n"
    from tracker.log.issue_codec import decode

    issues = [decode(line) for line in lines]
    if form == "github":
        from tracker.interchange import github
        from tracker.text import pretty

        live = (issue for issue in issues if issue.status != "tombstone")
        return pretty([github.exported(issue) for issue in live])
    from tracker.interchange import obsidian

    return "\n".join(obsidian.tasks(issues)) + "\n"


def _write(session: Session, lines: Sequence[bytes], data: bytes, given: Mapping[str, Any]) -> None:
    """Put the document into a file, which loses no issue by it unless that is wanted."""
    name = given["output"]
    path = outputs.checked(session.folder, name, session.place)
    if given["form"] == "jsonl" and not given["force"] and os.path.exists(path):
        try:
            before = fileio.read(path, fileio.LARGEST, links=fileio.ANYWHERE)
        except OSError as error:
            raise Refused(f"cannot read {name}: {error.strerror or error}") from None
        _forbid_loss(name, before, lines)
    save(session, name, data)


def _forbid_loss(name: str, before: bytes, lines: Sequence[bytes]) -> None:
    from tracker.log.issue_log import Log

    kept = set(Log(b"\n".join(lines)))
    gone = [id for id in Log(before) if id not in kept]
    if gone:
        more = f" and {len(gone) - 5} more" if len(gone) > 5 else ""
        raise Refused(
            f"{name} holds {len(gone)} issues that are not exported: "
            f"{', '.join(gone[:5])}{more}; it is left as it is",
            hint="bd import brings them in; --force writes over them",
        )
