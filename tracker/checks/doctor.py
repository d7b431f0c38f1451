"""The checks of `bd doctor`.

Everything is only read, and without the cache, which a read would bring up to date.
"""

from __future__ import annotations

import os
import re
import sqlite3
from typing import TYPE_CHECKING, NamedTuple

from tracker import fileio, json_text, small_files
from tracker.cache.database import APPLICATION_ID
from tracker.cache.issues.compare import differences
from tracker.cache.issues.source import IssueSource
from tracker.cache.refresh import is_ours
from tracker.errors import Refused, TrackerError, quoted
from tracker.fileio import read_log
from tracker.git.discovery import marked, refuse_tracked, tracked, unmarking
from tracker.git.process import ask
from tracker.git.repository import literal
from tracker.issues import invariants, peers
from tracker.log import config_file
from tracker.log.config_file import closing_statuses, names, parse
from tracker.log.issue_log import Log
from tracker.log.lines import Problem
from tracker.log.paths import MEMORY_FILE, OUTCOMES_FILE
from tracker.setup import merge_driver as drivers
from tracker.setup.init import missing_attributes, missing_ignores
from tracker.store.open_write import is_pending
from tracker.store.store import WRITER
from tracker.workspace import beads_database
from tracker.workspace.discovery import keeps_apart
from tracker.workspace.folder import look, start_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from tracker.log.record_file import RecordFile
    from tracker.model.context import Place


OK, WARNING, ERROR = "ok", "warning", "error"
KEPT_FIX = "bd memory conflicts"
_TRACES = frozenset({".local_version", ".br_history", "beads.db-wal"})
"""What Beads or br leave where they have been started, even if they could not work."""
OTHERS = ("archive.jsonl", "memory.jsonl", "outcomes.jsonl")
_CALLS_BD = re.compile(rb"bd-shim|bd-hooks-version|\bbd (hooks? |sync|export|import)")
_OURS = b"\n# tracker-hook "  # what those of this program have in their second line
_LEFT_BY_MERGES = re.compile(r"beads\.(base|left|right)\.(jsonl|meta\.json)\Z")
_TEMPORARY = re.compile(r"\..+\.db-tmp\d+\Z")


class Check(NamedTuple):
    """One thing that was looked at; `fix` is what to do where it is not in order."""

    name: str
    status: str
    message: str
    detail: str = ""
    fix: str = ""
    category: str = ""


class DoctorContext(NamedTuple):
    """A workspace, the environment of the caller, and the merge driver that git knows of."""

    place: Place
    env: Mapping[str, str]
    driver: str = ""

    def inside(self, name: str) -> str:
        """The path of a file of the folder."""
        return os.path.join(self.place.beads, name)


def examine(scene: DoctorContext) -> list[Check]:
    """Every check, sorted by category."""
    found: list[Check] = []
    for category, looks in LOOKS.items():
        for looking in looks:
            found += [one._replace(category=category) for one in _looked(looking, scene)
                      if all(one[:3] != known[:3] for known in found)]  # fmt: skip
    return found


def _looked(
    look: Callable[[DoctorContext], Iterator[Check]], scene: DoctorContext
) -> Iterator[Check]:
    """What one function finds; a file that cannot be used does not stop the others."""
    try:
        yield from look(scene)
    except fileio.Unusable as error:
        name = os.path.relpath(error.filename, scene.place.beads)
        yield Check(name, ERROR, error.message, fix=error.hint or "")
    except Refused as error:
        yield Check("Settings", ERROR, error.message, fix=error.hint or "")


def health(scene: DoctorContext) -> list[Check]:
    """Only what keeps the log from being read or written."""
    return [one for one in _looked(log, scene) if one.status == ERROR]


# The log.


def log(scene: DoctorContext) -> Iterator[Check]:
    """Whether it is there, and the invariants of `check`."""
    path = scene.place.log
    if not os.path.exists(path):
        yield _missing(path)
        return
    seen = subject(scene.place)
    yield Check("Log", OK, f"{len(seen.log)} records in {path}")
    for invariant, problems in invariants.findings(seen):
        yield _check(invariant, problems)


def subject(place: Place) -> invariants.CheckSubject:
    """The log of a place, and what its configuration and its archive say about it."""
    try:
        settings = parse(_settings(place.beads))
    except TrackerError:
        settings = {}
    terms = invariants.Terms(
        frozenset(names(settings, "status.custom")),
        frozenset(names(settings, "types.custom")),
        closing_statuses(settings),
        frozenset(Log(_data(os.path.join(place.beads, "archive.jsonl")))),
    )
    return invariants.subject(Log(_data(place.log), os.path.basename(place.log)), terms)


def _missing(path: str) -> Check:
    if tracked(path):
        folder, name = os.path.split(path)
        fix = f"git -C {quoted(folder)} checkout -- {quoted(name)}"
        return Check("Log", ERROR, f"{path} is missing, but git has it", fix=fix)
    return Check("Log", WARNING, f"{path} is missing", fix="bd init")


def _check(invariant: invariants.Invariant, problems: list[Problem]) -> Check:
    if not problems:
        return Check(invariant.name, OK, invariant.holds)
    status = OK if invariant.level == invariants.INFO else invariant.level
    count = f"{len(problems)}, the first" if len(problems) > 1 else "1,"
    message = f"{count} on line {problems[0].line}: {problems[0].why}"
    detail = invariants.told(problems) if len(problems) > 1 else ""
    return Check(invariant.name, status, message, detail, invariant.fix)


def _data(path: str) -> bytes:
    return read_log(path)[0]


def _settings(beads: str) -> bytes:
    path = os.path.join(beads, "config.yaml")
    try:
        return fileio.read(path)
    except fileio.Unusable:
        raise
    except FileNotFoundError:
        return b""
    except OSError as error:
        message = f"config.yaml cannot be read: {error.strerror or error}"
        raise Refused(message, hint=f"ls -l {quoted(path)}") from None


# The files around it.


def configuration(scene: DoctorContext) -> Iterator[Check]:
    """Whether config.yaml can be understood."""
    found = config_file.problems(_settings(scene.place.beads))
    if found:
        yield Check("Settings", ERROR, found[0], "\n".join(found[1:]), "bd config validate")
    else:
        yield Check("Settings", OK, "config.yaml can be read")


def versions(scene: DoctorContext) -> Iterator[Check]:
    """Whether this program may write here."""
    place = scene.place
    told = f"reader {place.reader}, writer {place.writer}"
    if place.writer > WRITER:
        fix = "pip install --upgrade bd-tracker"
        yield Check("Version", WARNING, f"{told}: newer than this program, read only", fix=fix)
    else:
        yield Check("Version", OK, told)


def metadata(scene: DoctorContext) -> Iterator[Check]:
    """Whether metadata.json can be understood; one that is damaged counts as absent."""
    data = small_files.contents(scene.inside("metadata.json"))
    try:
        is_object = data is None or isinstance(json_text.loads(data), dict)
    except ValueError:
        is_object = False
    if is_object:
        yield Check("Metadata", OK, "metadata.json can be read" if data else "no metadata.json")
    else:
        message = "metadata.json is no JSON object, so the usual names of the files are taken"
        yield Check("Metadata", WARNING, message, fix="correct it in an editor")


def beside(name: str, data: bytes) -> RecordFile[Any]:
    """The records of a file of that name beside the log."""
    from tracker.log.memory_log import MemoryFile, OutcomeFile

    if name == MEMORY_FILE:
        return MemoryFile(data, name)
    return OutcomeFile(data, name) if name == OUTCOMES_FILE else Log(data, name)


def others(scene: DoctorContext) -> Iterator[Check]:
    """Whether the other files can be read line by line."""
    sheets = [beside(name, _data(scene.inside(name))) for name in OTHERS]
    problems = [problem for sheet in sheets for problem in sheet.problems]
    if problems:
        detail = invariants.told(problems[1:])
        yield Check("Other files", ERROR, str(problems[0]), detail, mending(sheets))
    else:
        yield Check("Other files", OK, "memory, outcomes and archive can be read")


def mending(sheets: list[RecordFile[Any]]) -> str:
    """What mends the lines that cannot be read, or that repeat a name."""
    unclear = [(sheet, problem.line) for sheet in sheets for problem in sheet.unclear]
    if not unclear:
        return "bd fmt"
    if all(not sheet.grows and sheet.is_repeat(line) for sheet, line in unclear):
        return "bd resolve"
    return "correct these lines in an editor; they are kept as they are"


def kept_memories(data: bytes) -> list[Problem]:
    """Memories of which a merge kept more than stands: other values, or what a moved key held."""
    from tracker.log.memory_log import MemoryFile
    from tracker.memory.conflicts import is_left

    memories = MemoryFile(data, MEMORY_FILE)
    left = [
        Problem(
            MEMORY_FILE, memories.number(key), f"{key}: written on one branch, moved on another"
        )
        for key in memories
        if is_left(memories.glance(key))
    ]
    return sorted([*invariants.kept_in(memories), *left], key=lambda one: one.line)


def settled(scene: DoctorContext) -> Iterator[Check]:
    """Whether somebody still has to choose between values of a memory."""
    problems = kept_memories(_data(scene.inside(MEMORY_FILE)))
    if problems:
        yield Check(
            "Kept memories", WARNING, str(problems[0]), invariants.told(problems[1:]), KEPT_FIX
        )
    else:
        yield Check("Kept memories", OK, "no merge kept two values of a memory")


def ignored_names(scene: DoctorContext) -> Iterator[Check]:
    """Whether the cache and what belongs to this clone stay out of git."""
    data = small_files.contents(scene.inside(".gitignore"))
    lacks = missing_ignores(data or b"")
    if lacks:
        what = "lacks " + ", ".join(lacks) if data is not None else "is missing"
        message = f".gitignore {what}: the cache could be committed"
        yield Check("Ignore file", WARNING, message, fix="bd init")
    else:
        yield Check("Ignore file", OK, "the cache and .local/ are ignored")


def attribute_lines(scene: DoctorContext) -> Iterator[Check]:
    """Whether git is told how to merge these files."""
    data = small_files.contents(scene.inside(".gitattributes")) or b""
    missing = missing_attributes(data, os.path.basename(scene.place.log))
    lacks = [line.split()[0] for line in missing]
    if lacks and data == b"" and drivers.is_named(scene.place):
        yield Check("Attributes", OK, "git is told in this clone how to merge the log")
    elif lacks:
        message = f".gitattributes says nothing about {', '.join(lacks)}: git merges them as text"
        yield Check("Attributes", WARNING, message, fix="bd init")
    else:
        yield Check("Attributes", OK, "git is told how to merge every file")


def private(scene: DoctorContext) -> Iterator[Check]:
    """Check that git does not track `.beads/.local`, the folder of private files."""
    local = scene.inside(".local")
    name = "Private files"
    try:
        refuse_tracked(local)
    except fileio.Unusable as error:
        detail = "No journal is kept, so nothing can be undone, and private memories are refused."
        yield Check(name, ERROR, error.message, detail, error.hint or "")
        return
    found = sorted(_unusable(local), key=str)
    if found:
        rest = "\n".join(map(str, found[1:]))
        yield Check(name, WARNING, found[0].message, rest, found[0].hint or "")
    else:
        yield Check(name, OK, "git has nothing of .local/")


def _unusable(folder: str) -> Iterator[fileio.Unusable]:
    """What is in the place of a file, and none that is read or written."""
    if os.path.lexists(folder) and not os.path.isdir(folder):
        yield fileio.Unusable(folder, "is no folder", f"mv {quoted(folder)} {quoted(folder)}.off")
    for at, folders, inner in os.walk(folder):
        for path in (os.path.join(at, one) for one in (*folders, *inner)):
            try:
                if not os.path.isdir(path) or os.path.islink(path):
                    os.close(fileio.opened(path))
                    if os.path.getsize(path) > fileio.LARGEST:
                        yield fileio.too_large(path, fileio.LARGEST)
            except fileio.Unusable as error:
                yield error
            except OSError:  # as it may be, with a link that leads nowhere
                continue


def leftovers(scene: DoctorContext) -> Iterator[Check]:
    """What an interrupted merge of Beads left behind."""
    found = sorted(name for name in os.listdir(scene.place.beads) if _LEFT_BY_MERGES.match(name))
    if found:
        message = f"left by a merge of Beads that was interrupted: {', '.join(found)}"
        fix = "bd resolve --leftovers"
        yield Check("Merge leftovers", WARNING, message, fix=fix)
    else:
        yield Check("Merge leftovers", OK, "none")


def interrupted(scene: DoctorContext) -> Iterator[Check]:
    """A write whose note in the journal is open: the next write completes it, or takes it back."""
    if is_pending(scene.inside(".local")):
        message = "a write is under way or was interrupted; the next write completes it"
        yield Check("Interrupted write", WARNING, message, fix="bd op log")
    else:
        yield Check("Interrupted write", OK, "none")


def temporary_files(scene: DoctorContext) -> Iterator[Check]:
    """What a writer left behind that died."""
    found = sorted(name for name in os.listdir(scene.place.beads) if _TEMPORARY.match(name))
    told = f"{', '.join(found)}: a write that goes on or was interrupted; a later one removes it"
    yield Check("Temporary files", OK, told if found else "none")


# The cache, and databases of others.


def cache(scene: DoctorContext) -> Iterator[Check]:
    """Whether answers can be kept."""
    place = scene.place
    name = os.path.relpath(place.cache, place.beads)
    local = scene.inside(".local")
    header = start_of(place.cache, 100)
    folders = {os.path.dirname(place.cache), local if os.path.isdir(local) else place.beads}
    there = sorted(folder for folder in folders if os.path.isdir(folder))
    closed = [folder for folder in there if not os.access(folder, os.W_OK)]
    if closed:
        message = f"{closed[0]} cannot be written: each answer is worked out anew, and slower"
        yield Check("Cache", WARNING, message, fix=f"ls -ld {quoted(closed[0])}")
    elif header is None:
        yield Check("Cache", OK, f"{name} is not there; the next read makes it")
    elif int.from_bytes(header[68:72], "big") != APPLICATION_ID:
        yield Check("Cache", OK, f"{name} is no database; the next read makes it anew")
    else:
        yield Check("Cache", OK, f"{name} is ours")


def cache_contents(scene: DoctorContext) -> Iterator[Check]:
    """Whether the cache holds what the log says, value by value."""
    place = scene.place
    if not os.path.exists(place.log):
        return
    config = _settings(place.beads)
    source = IssueSource(place.log, place.cache, scene.inside(".local"), config, 0)
    found = differences(source, _data(place.log))
    if not found:
        yield Check("Answers", OK, "the cache says what the log says")
        return
    name = os.path.relpath(place.cache, place.beads)
    shown = ", ".join(found[:20]) + (f" and {len(found) - 20} more" if len(found) > 20 else "")
    issues = "1 issue differs" if len(found) == 1 else f"{len(found)} issues differ"
    message = f"{issues} in {name} from the log; delete it, and the next read rebuilds it"
    yield Check("Answers", WARNING, message, shown, f"rm {quoted(place.cache)}")


def database(scene: DoctorContext) -> Iterator[Check]:
    """Whether a database that Beads wrote holds issues that the log does not."""
    path = scene.place.foreign_db
    if path is None:
        return
    name = os.path.basename(path)
    try:
        held = beads_database.ids(path)
    except (OSError, sqlite3.Error) as error:
        yield Check("Database of Beads", WARNING, f"{name} cannot be read: {error}")
        return
    log = Log(_data(scene.place.log))
    known = {*log, *Log(_data(scene.inside("archive.jsonl")))}
    alone = sorted(held - known)
    aliases = {alias for issue in log.glances() for alias in issue.aliases} if alone else set()
    if aliases.issuperset(alone) and alone:
        message = f"{len(alone)} issues have other ids in the log than in {name}"
        mend = f"mv {quoted(path)}* {quoted(scene.inside('.local'))}/"
        told = "Beads or br would bring the old ids back; it builds the database anew."
        yield Check("Database of Beads", WARNING, message, f"{', '.join(alone[:20])}. {told}", mend)
    elif alone:
        shown = ", ".join(alone[:20]) + (f" and {len(alone) - 20} more" if len(alone) > 20 else "")
        message = f"{len(alone)} of {len(held)} issues are only in {name}"
        yield Check("Database of Beads", WARNING, message, shown, "bd migrate")
    else:
        message = f"{name} is left alone; all of its {len(held)} issues are in the log"
        yield Check("Database of Beads", OK, message)


def peers_of(scene: DoctorContext) -> Iterator[Check]:
    """Whether Beads and br, where they are at work here too, can read what is written."""
    place = scene.place
    folder = look(place.beads)
    if folder is None or not (place.foreign_db or keeps_apart(folder) or _TRACES & folder.names):
        return
    in_the_way = [name for name in folder.names if is_ours(scene.inside(name))]
    if in_the_way:
        message = f"{in_the_way[0]} is a cache of this program, which Beads and br refuse"
        yield Check("Beads and br", WARNING, message, fix="bd setup beside")
        return
    config = small_files.contents(scene.inside("config.yaml")) or b""
    try:
        known = beads_database.known_names(parse(config), place.foreign_db)
    except TrackerError:  # another check says so
        known = peers.NONE
    refused = peers.refusals(_data(place.log).split(b"\n"), known)
    if refused:
        shown = "; ".join(f"{one.id}: {one.why}" for one in refused[:20])
        message = f"they would refuse the whole file for {len(refused)} reasons"
        yield Check("Beads and br", WARNING, message, shown, "bd setup beside --check")
    else:
        yield Check("Beads and br", OK, "they can read every record")


def backend(scene: DoctorContext) -> Iterator[Check]:
    """Whether the log is the truth here."""
    if scene.place.backend == "dolt":
        message = "the issues are kept in Dolt, and the log is only an export of them"
        yield Check("Backend", WARNING, message, fix="bd migrate")
    else:
        yield Check("Backend", OK, "the log is the only truth")


# Git.


def driver(scene: DoctorContext) -> Iterator[Check]:
    """Whether git in this clone knows the driver that the attributes name, and could run it."""
    place = scene.place
    if place.top is None or not drivers.is_named(place):
        return
    found = drivers.state(place, scene.env, scene.driver)
    if found.why:
        detail = "Two branches that change the same lines leave conflict markers in the file."
        yield Check("Merge driver", WARNING, found.why, detail, found.fix)
    else:
        yield Check("Merge driver", OK, f"registered: {scene.driver}")


def ignored(scene: DoctorContext) -> Iterator[Check]:
    """Whether git takes the log at all."""
    place = scene.place
    if place.top is None:
        yield Check("Git", OK, "not in a git work tree: there is no history and no merging")
        return
    answer = ask(place.top, scene.env, "check-ignore", "-v", "--", place.log)
    if answer is None or answer.code > 1:
        yield Check("Git", WARNING, "git cannot be asked whether it ignores the log")
    elif answer.code == 1:
        state = "git has it" if tracked(place.log) else "not committed yet: git add .beads"
        yield Check("Git", OK, f"the log is not ignored ({state})")
    else:
        yield _ignored_by(answer.text.partition("\t")[0])


def hidden(scene: DoctorContext) -> Iterator[Check]:
    """Whether git looks at the files of the folder when they change."""
    top = scene.place.top
    if top is None:
        return
    folder = os.path.relpath(scene.place.beads, top)
    answer = ask(top, scene.env, "ls-files", "-v", "-z", "--", literal(folder))
    marks = marked(answer.text) if answer is not None and not answer.code else {}
    if marks:
        path, mark = next(iter(marks.items()))
        message = f"git does not see changes of {', '.join(marks)}, marked {mark}"
        yield Check("Hidden files", WARNING, message, fix=unmarking(top, path, mark))
    else:
        yield Check("Hidden files", OK, "git sees changes of every file that it has")


def _ignored_by(rule: str) -> Check:
    """The check for `file:line:pattern`."""
    file, line, pattern = [*rule.split(":", 2), "", ""][:3]
    if file.endswith("info/exclude") or (file.endswith(".beads/.gitignore") and pattern == "*"):
        return Check("Git", OK, f"hidden from git in this clone, by {file}")
    message = f"git ignores the log, so nobody else gets it: {pattern!r} in {file}, line {line}"
    return Check("Git", WARNING, message, fix=f"take line {line} out of {file}")


def hooks(scene: DoctorContext) -> Iterator[Check]:
    """Which git hooks call bd, and what becomes of that."""
    place = scene.place
    if place.top is None:
        return
    answer = ask(place.top, scene.env, "rev-parse", "--git-path", "hooks")
    folder = os.path.join(place.top, answer.text.strip()) if answer and not answer.code else ""
    found = {
        name: text
        for name in (sorted(os.listdir(folder)) if os.path.isdir(folder) else ())
        if not name.endswith(".sample")
        and _CALLS_BD.search(text := _start_of_hook(os.path.join(folder, name)))
        and _OURS not in text
    }
    stage = [name for name, text in found.items() if b"git add" in text and b".beads" in text]
    message = f"{', '.join(found)} call bd, which does nothing there"
    if stage:
        message += f"; {', '.join(stage)} also adds files of .beads to each commit"
    yield Check("Hooks of Beads", OK, message if found else "none")


def _start_of_hook(path: str) -> bytes:
    return start_of(path, 65536, links=fileio.ANYWHERE) or b""


LOOKS: dict[str, tuple[Callable[[DoctorContext], Iterator[Check]], ...]] = {
    "Log": (log,),
    "Files": (
        configuration,
        versions,
        metadata,
        others,
        settled,
        ignored_names,
        attribute_lines,
        private,
        leftovers,
        temporary_files,
        interrupted,
    ),
    "Cache": (cache, cache_contents, database, peers_of, backend),
    "Git": (ignored, hidden, driver, hooks),
}
