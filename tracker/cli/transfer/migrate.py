"""`bd migrate`: migrate from Beads, br, or Markdown tickets."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import click

from tracker.cli.command import command, pass_session, silent
from tracker.cli.issue_options import on_conflict
from tracker.errors import Invalid, Refused, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from tracker.cli.session import Session
    from tracker.cli.transfer.import_ import ImportReport
    from tracker.interchange.import_issues import Arrival
    from tracker.interchange.import_memories import Brought


SQLITE, DOLT, LINES, TICKETS = "beads-sqlite", "beads-dolt", "jsonl", "tickets"
FLOW = "claude-flow-memories"
STORES = (".swarm/memory.db", "memory/memory-store.json")
_EXPORT = "bd export --all -o .beads/issues.jsonl, with the bd that made it; then bd migrate"


class MigrationSource(NamedTuple):
    """Where issues may come from; `issues` is -1 where it cannot be read."""

    kind: str
    path: str
    issues: int = -1


class MigrationFound(NamedTuple):
    """What a source holds; `leading` are ids that it had not exported."""

    arrivals: tuple[Arrival, ...]
    leading: frozenset[str] = frozenset()
    settings: tuple[tuple[str, str], ...] = ()
    left_out: tuple[str, ...] = ()
    memories: Sequence[Brought] = ()


@command(
    "migrate",
    examples=[
        "bd migrate --inspect --json",
        "bd migrate --dry-run",
        "bd migrate .tickets",
        "bd migrate ../old/.beads/beads.db --on-conflict theirs",
    ],
    writes=True,
)
@click.argument("source", default="", metavar="[FROM]")
@click.option("--inspect", is_flag=True, help="List what there is to migrate")
@click.option("--dry-run", is_flag=True, help="Show what would be migrated")
@on_conflict("Where the log has the id")
@click.option("--force", is_flag=True, help="Use an export of Dolt that may be outdated")
@silent("--yes", "-y", "--cleanup", "--update-repo-id")
@pass_session
def migrate(session: Session, /, source: str, **given: Any) -> None:
    """Migrate issues from a database, an export or tickets."""
    if given["inspect"]:
        _inspect(session)
        return
    from_here = _own(session) if not source else _of(session, source)
    if from_here is None:
        _say_nothing(session)
        return
    if from_here.kind == DOLT or session.place.backend == "dolt":
        _leave_dolt(session, from_here, given)
        return
    _bring(session, from_here, given)


def _own(session: Session) -> MigrationSource | None:
    """What this very workspace holds beside its log."""
    place = session.place
    if place.backend == "dolt":
        return MigrationSource(DOLT, place.log)
    return MigrationSource(SQLITE, place.foreign_db) if place.foreign_db else None


def _of(session: Session, text: str) -> MigrationSource:
    """The source that somebody named. Raises Invalid."""
    from tracker.interchange import tickets

    path = os.path.normpath(os.path.join(session.folder, text))
    if os.path.isdir(path):
        inner = path if os.path.basename(path) == ".beads" else os.path.join(path, ".beads")
        for name, kind in (("beads.db", SQLITE), ("issues.jsonl", LINES)):
            if _is_database(os.path.join(inner, name)) or (
                kind == LINES and os.path.exists(os.path.join(inner, name))
            ):
                return MigrationSource(kind, os.path.join(inner, name))
        folders = [os.path.join(path, name) for name in tickets.FOLDERS]
        return MigrationSource(TICKETS, next((one for one in folders if os.path.isdir(one)), path))
    if not os.path.exists(path):
        raise Invalid(f"there is no {text}", hint="bd migrate --inspect tells what there is")
    if _is_database(path):
        return MigrationSource(SQLITE, path)
    if path.endswith(".jsonl"):
        return MigrationSource(LINES, path)
    raise Invalid(
        f"{text} is no database, no .jsonl and no folder of tickets",
        hint="bd import --format markdown FILE reads plans",
    )


def _is_database(path: str) -> bool:
    """Whether it is a database of another program: ours is only a cache."""
    from tracker import fileio
    from tracker.cache.database import APPLICATION_ID
    from tracker.workspace.folder import start_of

    header = start_of(path, 100, links=fileio.ANYWHERE) or b""
    is_sqlite = header.startswith(b"SQLite format 3\0")
    return is_sqlite and int.from_bytes(header[68:72], "big") != APPLICATION_ID


def _found(session: Session, source: MigrationSource) -> MigrationFound:
    """Everything that a source holds. Raises Invalid."""
    if source.kind == SQLITE:
        from tracker.interchange import beads, memory_files

        held = beads.read_database(source.path)
        memories = memory_files.of_beads(held.memories, held.values)
        return MigrationFound(
            held.arrivals, held.dirty, tuple(held.settings.items()), memories=memories
        )
    if source.kind == TICKETS:
        from tracker.cli.settings import prefix
        from tracker.interchange import tickets

        found = tickets.read(tickets.files(source.path), prefix(session))
        return MigrationFound(found.arrivals, left_out=found.left_out)
    from tracker.cli.files import contents, watched
    from tracker.interchange import beads

    name = os.path.basename(source.path)
    reading = beads.read_lines(contents(session, source.path), name, watched(session, "Reading"))
    if reading.problems or reading.markers:
        raise Invalid(f"{name} cannot be read as a whole", hint=f"bd import -i {source.path}")
    return MigrationFound(reading.arrivals, memories=reading.memories)


def _bring(session: Session, source: MigrationSource, given: dict[str, Any]) -> None:
    from tracker.cli.settings import set_together
    from tracker.cli.transfer import import_
    from tracker.interchange.import_issues import ImportPolicy

    _trust_the_log(session)
    found = _found(session, source)
    if source.kind == TICKETS and not found.arrivals:
        raise Invalid(
            f"no ticket in {source.path}: Markdown files with a front matter that has an id",
            hint="bd import --format markdown FILE reads plans",
        )
    policy = ImportPolicy(given["on_conflict"], leading=found.leading)
    intake = import_.Intake(found.arrivals, policy, memories=found.memories)
    settings = _lacking(session, dict(found.settings))
    done = import_.bring(session, intake, dry=given["dry_run"])
    if settings and not given["dry_run"]:
        set_together(session, settings)
    if given["dry_run"]:
        session.writes = False
    _say(session, source, found, (done, settings), dry=given["dry_run"])


def _trust_the_log(session: Session) -> None:
    """A workspace whose log is missing stops every other command; this is the way out."""
    from tracker.workspace.workspace import Workspace

    place = session.place._replace(foreign_db=None, backend="sqlite")
    session.__dict__["tracker"] = Workspace(place, session)


def _lacking(session: Session, wanted: dict[str, str]) -> dict[str, str]:
    """Settings that only the database had; those of config.yaml stand. Raises SecretFound."""
    from tracker.cli import secret_check
    from tracker.log.config_file import value

    config = session.tracker.config
    new = {key: text for key, text in wanted.items() if not value(config, key)}
    return secret_check.settings(session, new)


def _say(
    session: Session,
    source: MigrationSource,
    found: MigrationFound,
    what: tuple[ImportReport, dict[str, str]],
    *,
    dry: bool,
) -> None:
    from tracker.cli.transfer import import_

    done, settings = what
    if session.json:
        about = {"source": source.path, "kind": source.kind, "issues": len(found.arrivals)}
        left = {"left_out": list(found.left_out)} if found.left_out else {}
        counts = import_.counts(done, dry=dry)
        session.emit({**about, **counts, "settings": settings, **left})
        return
    import_.remark(session, done)
    held = f"{os.path.basename(source.path)}: {len(found.arrivals)} issues"
    if found.leading:
        held += f", {len(found.leading)} of them not exported yet"
    session.say(held)
    session.say(f"{'Would be' if dry else '✓'} {import_.told(done)}")
    for key, text in settings.items():
        session.say(f"  {key} = {text} (in config.yaml)")
    if found.left_out:
        more = f" and {len(found.left_out) - 3} more" if len(found.left_out) > 3 else ""
        session.say(f"  no tickets: {', '.join(found.left_out[:3])}{more}")
    if source.path == session.place.foreign_db:
        old = os.path.relpath(source.path, session.folder)
        made = os.path.relpath(session.place.cache, session.folder)
        session.note(
            f"programs that watch or read {old} see this log after: mv {old} {old}.old; rm {made}"
        )


def _say_nothing(session: Session) -> None:
    others = _around(session)
    if session.json:
        session.emit({"kind": "", "created": 0, "updated": 0, "unchanged": 0, "skipped": 0})
        return
    session.say("Nothing to migrate: the log is the only place where issues are kept")
    for one in others:
        name = os.path.relpath(one.path, session.folder)
        if one.kind == TICKETS:
            session.say(f"  {name} holds {one.issues} files of tickets: bd migrate {quoted(name)}")
        elif one.kind == FLOW:
            session.say(f"  {name} holds memories: bd memory import {quoted(name)}")


# Dolt.


def _leave_dolt(session: Session, source: MigrationSource, given: dict[str, Any]) -> None:
    """Make the export of a Dolt workspace its log: from now on that is the truth."""
    place = session.place
    if source.kind == DOLT:
        if not os.path.exists(place.log):
            raise Refused(f"the issues are in Dolt, and {place.log} is missing", hint=_EXPORT)
        if _is_older(place.log, place.beads) and not given["force"]:
            raise Refused(
                f"Dolt has changed since {os.path.basename(place.log)} was exported",
                hint=f"{_EXPORT}; --force takes the export as it is",
            )
        _trust_the_log(session)
        count = len(session.tracker.preview(lambda drafts: list(drafts.issues.all_ids())))
        if session.json:
            session.emit({"source": place.log, "kind": DOLT, "issues": count})
        else:
            session.say(f"{'Would make' if given['dry_run'] else '✓'} {place.log} the log: "
                        f"{count} issues; Dolt is not used any more")  # fmt: skip
    else:
        _bring(session, source, given)
    if not given["dry_run"]:
        _name_backend(os.path.join(place.beads, "metadata.json"))


def _is_older(log: str, beads: str) -> bool:
    """Whether a file of Dolt is younger than the export."""
    exported = os.stat(log).st_mtime
    for name in os.listdir(beads):
        if not name.startswith(("dolt", "embeddeddolt")):
            continue
        for at, _, names in os.walk(os.path.join(beads, name)):
            times = (os.lstat(os.path.join(at, one)).st_mtime for one in names)
            if any(time > exported + 2 for time in times):
                return True
    return False


def _name_backend(path: str) -> None:
    import json

    from tracker import json_text, small_files

    before = small_files.contents(path)
    try:
        said = json_text.loads(before or b"{}")
    except ValueError:
        said = {}
    kept = {key: value for key, value in said.items() if not key.startswith("dolt")}
    kept["backend"] = "jsonl"
    kept.setdefault("jsonl_export", "issues.jsonl")
    after = json.dumps(kept, indent=2).encode()
    if before is None:
        small_files.create(path, after)
    elif before != after:
        small_files.replace(path, before, after)


# Looking.


def _around(session: Session) -> list[MigrationSource]:
    """Every source in reach, with what it holds."""
    from tracker.interchange import tickets
    from tracker.workspace import beads_database

    place = session.place
    found = []
    if place.backend == "dolt":
        found.append(MigrationSource(DOLT, place.beads))
    if place.foreign_db:
        try:
            found.append(
                MigrationSource(SQLITE, place.foreign_db, len(beads_database.ids(place.foreign_db)))
            )
        except Exception:  # noqa: BLE001  (whatever is wrong with it, it is there)
            found.append(MigrationSource(SQLITE, place.foreign_db))
    root = place.top or place.root
    for name in tickets.FOLDERS:
        path = os.path.join(root, *name.split("/"))
        if os.path.isdir(path) and not any(one.path.startswith(path) for one in found):
            count = len(tickets.files(path))
            if count:
                found.append(MigrationSource(TICKETS, path, count))
    stores = (os.path.join(root, *name.split("/")) for name in STORES)
    found += [MigrationSource(FLOW, path) for path in stores if os.path.isfile(path)]
    return found


def _inspect(session: Session) -> None:
    from tracker.cli.settings import prefix
    from tracker.version import BEADS

    sources = _around(session)
    _trust_the_log(session)
    session.writes = False
    count = len(session.tracker.preview(lambda drafts: list(drafts.issues.all_ids())))
    state = {
        "schema_version": BEADS,
        "issue_count": count,
        "config": {"issue_prefix": prefix(session)},
        "missing_config": [],
        "db_exists": os.path.exists(session.place.cache),
    }
    if session.json:
        empty: list[str] = []
        rows = [one._asdict() for one in sources]
        answer = {"registered_migrations": empty, "current_state": state, "warnings": empty}
        session.emit({**answer, "invariants_to_check": empty, "sources": rows})
        return
    session.say(f"{count} issues in the log")
    for one in sources:
        name = os.path.relpath(one.path, session.folder)
        held = f"{one.issues} issues" if one.issues >= 0 else "cannot be counted"
        about = f"bd memory import {quoted(name)}" if one.kind == FLOW else held
        session.say(f"  {one.kind}: {name} ({about})")
    if not sources:
        session.say("nothing to migrate")
