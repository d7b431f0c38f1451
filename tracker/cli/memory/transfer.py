"""`bd memory import` and `bd memory export`."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING

import click

from tracker import json_text
from tracker.cli.command import OneOf, command, output, pass_session
from tracker.cli.files import save
from tracker.cli.issue_options import on_conflict
from tracker.errors import Invalid, Refused
from tracker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from tracker.cli.session import Session
    from tracker.interchange.import_memories import Brought, MemoryFate
    from tracker.log.snapshot import Drafts
    from tracker.model.memory import Memory


FORMATS = ("jsonl", "json", "markdown", "beads", "claude-flow")
_WHOLE = ("jsonl", "json")
"""Forms that say whether a memory was forgotten: in others it would come to life again."""
LISTED = 5
_FILES = (".json", ".jsonl", ".md", ".markdown", ".txt")


@command(
    "import",
    examples=[
        "bd memory import .swarm/memory.db --dry-run",
        "bd memory import memory/memory-store.json --prefix old",
        "bd memory import docs/memories",
    ],
    writes=True,
)
@click.argument("source", default="", metavar="[FROM]")
@click.option("-i", "--input", "named", metavar="FROM", help="File to import; '-' is stdin")
@click.option(
    "-n", "--prefix", "--namespace", "--ns", "prefix", default="", metavar="NS",
    help="Prefix for every key",
)  # fmt: skip
@on_conflict("Where a key is taken")
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Notes of claude-flow's hooks, and expired memories too",
)
@click.option("--local", "private", is_flag=True, help="Keep them in this clone only")
@click.option("--dry-run", is_flag=True, help="Show what would be imported")
@click.option("--format", "form", hidden=True)
@pass_session
def import_(session: Session, /, source: str, named: str | None, **given: Any) -> None:
    """Import memories of claude-flow, Beads, Markdown or an export.

    The format is detected. Memories are matched by key; importing one again changes nothing.
    """
    from tracker.interchange.import_memories import ImportMode, legal, take

    brought, left = _brought(session, named or source or "-", everything=given["everything"])
    if given["prefix"]:
        brought = [_under(one, legal(given["prefix"], one.key)) for one in brought]
    workspace = session.tracker
    hand = workspace.library.hand("import")
    way = ImportMode(given["on_conflict"], True if given["private"] else None)

    def bring(drafts: Drafts) -> list[MemoryFate]:
        verdicts = take(drafts.memories, brought, way, hand)
        if given["dry_run"]:
            workspace.gate.passed(drafts.before, drafts.written())
        return verdicts

    session.writes = not given["dry_run"]
    verdicts = (workspace.preview if given["dry_run"] else workspace.edit)(bring)
    _say(session, verdicts, left, dry=given["dry_run"])


def _under(one: Brought, key: str) -> Brought:
    from dataclasses import replace

    whole = replace(one.whole, key=key) if one.whole is not None else None
    return one._replace(key=key, whole=whole)


def _brought(session: Session, name: str, *, everything: bool) -> tuple[list[Brought], list[str]]:
    """The memories of a source, and the names of files that hold none. Raises Invalid."""
    from tracker.cli.files import contents, is_waiting
    from tracker.interchange import claude_flow, memory_files, tickets

    if name == "-" and is_waiting(session):
        raise Invalid("nothing to import", hint="bd memory import FROM")
    path = os.path.join(session.folder, name)
    if name != "-" and os.path.isdir(path):
        brought, left = memory_files.read_files(tickets.files(path))
        if not brought:
            raise Invalid(f"no file in {name} has a front matter", hint="---\\nkey: a/b\\n---")
        return brought, left
    data = contents(session, name)
    if data.startswith(b"SQLite format 3\0"):
        return claude_flow.read_database(path, everything=everything, now=session.clock()), []
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    if name.lower().endswith((".md", ".markdown")):
        file = tickets.File(os.path.basename(name), data, os.stat(path).st_mtime_ns)
        return memory_files.read_files([file])
    try:
        found = json_text.loads(text)
    except ValueError:
        return memory_files.read_lines(text), []
    if claude_flow.is_store(found):
        return claude_flow.read_store(text, everything=everything), []
    return memory_files.read_json(found), []


def _say(
    session: Session, verdicts: Sequence[MemoryFate], left: Sequence[str], *, dry: bool
) -> None:
    from tracker.interchange.import_memories import tally

    counts = tally(verdicts)
    whys = Counter(one.why for one in verdicts if one.why)
    if session.json:
        more: dict[str, Any] = {"left_out": list(left)} if left else {}
        if dry:
            more["memories"] = [one._asdict() for one in verdicts]
        session.emit({**counts, "reasons": dict(whys), "dry_run": dry, **more})
        return
    for one in verdicts if dry else ():
        session.say(f"  {one.what}: {one_line(one.key)}")
    told = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count) or "nothing"
    session.say(f"{'Would be' if dry else '✓ Memories:'} {told}")
    for why, count in whys.items():
        keys = [one_line(one.key) for one in verdicts if one.why == why]
        session.say(f"  {count} skipped: {one_line(why)} ({_some(keys)})")
    if left:
        session.say(f"  no front matter: {_some(left)}")


def _some(names: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more


@command(
    "export",
    examples=[
        "bd memory export > memories.jsonl",
        "bd memory export 'climate/*' --format markdown -o notes",
        "bd memory export --format claude-flow -o memory-store.json",
    ],
)
@click.argument("pattern", default="", metavar="[KEYS]")
@click.option(
    "--format", "form", type=OneOf(FORMATS), metavar="FORM",
    help=f"{', '.join(FORMATS)}  [jsonl]",
)  # fmt: skip
@output("Write it; for Markdown also a folder")
@click.option("-n", "--namespace", "--ns", default="", metavar="NS", help="Memories below NS only")
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Archived memories too; in JSON and JSONL, forgotten ones",
)
@click.option("--local", is_flag=True, help="Memories kept in this clone only, too")
@pass_session
def export(session: Session, /, pattern: str, **given: Any) -> None:
    """Export memories as JSONL, JSON or Markdown."""
    output = given["output"]
    if output is None and pattern.lower().endswith(_FILES):  # claude-flow: export [FILE]
        output, pattern = pattern, ""
    if given["namespace"]:
        pattern = f"{given['namespace'].rstrip('/')}/**"
    form = given["form"] or _form(session, output)
    found = _found(session, pattern or "**", given)
    if form not in _WHOLE:
        found = [one for one in found if one.status != "tombstone"]
    if output is not None and form == "markdown" and not output.lower().endswith(_FILES):
        count = _write_files(session, output, found)
        _told(session, count, output)
    elif output is not None:
        save(session, output, _text(found, form).encode("utf-8", "surrogatepass"))
        _told(session, len(found), output)
    else:
        session.write(_text(found, form))


def _found(session: Session, pattern: str, given: Mapping[str, Any]) -> list[Memory]:
    """Each as a whole, with what is only carried."""
    everything = given["everything"]
    library = session.tracker.library
    seen = library.find(pattern, gone=everything)
    notes = library.notes()
    keys = [one.key for one in seen if everything or one.status == "active"]
    if not given["local"]:
        keys = [key for key in keys if not notes.is_private(key)]
    return [one for key in keys if (one := notes.get(key)) is not None]


def _form(session: Session, output: str | None) -> str:
    name = (output or "").lower()
    if name.endswith((".md", ".markdown")):
        return "markdown"
    return "json" if name.endswith(".json") or (output is None and session.json) else "jsonl"


def _text(found: Sequence[Memory], form: str) -> str:
    from tracker.interchange import memory_files
    from tracker.text import pretty, printable

    if form == "markdown":
        return printable(memory_files.document(found))
    if form == "json":
        return memory_files.as_json(found)
    if form == "beads":
        return "".join(f"{line}\n" for line in memory_files.as_beads(found))
    if form == "claude-flow":
        return pretty(memory_files.as_store(found))
    return memory_files.as_lines(found)


def _write_files(session: Session, folder: str, found: Sequence[Memory]) -> int:
    """A file for each key; others in the folder are left alone."""
    from tracker.interchange import memory_files
    from tracker.workspace import output_files

    for one in found:
        name = os.path.join(folder, *f"{one.key}.md".split("/"))
        real = output_files.checked(session.folder, name, session.place)
        try:
            os.makedirs(os.path.dirname(real), exist_ok=True)
        except OSError as error:
            raise Refused(f"cannot write {name}: {error.strerror or error}") from None
        save(session, name, memory_files.page(one).encode("utf-8", "surrogatepass"))
    return len(found)


def _told(session: Session, count: int, output: str) -> None:
    if session.json:
        session.emit({"exported": count, "output_file": output})
    elif not session.flags.quiet:
        session.complain(f"Exported {count} memories to {output}")
