"""The files and settings that `bd init` writes."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from contextlib import suppress
from fnmatch import fnmatch
from typing import TYPE_CHECKING, NamedTuple

from tracker import json_text, small_files
from tracker.errors import Invalid, NotATracker, Refused, quoted
from tracker.fileio import make_local
from tracker.git.discovery import git_of, tracked
from tracker.log import config_file
from tracker.log.paths import LOGS
from tracker.merge.sets import GROWING
from tracker.workspace import beads_database
from tracker.workspace.discovery import find
from tracker.workspace.folder import METADATA, SCHEMA, look, refuse_repository

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from tracker.model.context import Place


class InitSite(NamedTuple):
    """The folder that is to hold the workspace, and what is there; `place` is None for a new one.

    It is `shared` where the user named a database in a folder of another name.
    """

    folder: str
    place: Place | None = None
    shared: bool = False

    @property
    def root(self) -> str:
        """The folder that the workspace is for."""
        parent, name = os.path.split(self.folder)
        return parent if name == ".beads" else self.folder

    @property
    def log(self) -> str:
        """The path of the log."""
        return self.place.log if self.place else os.path.join(self.folder, LOGS[0])


def site(
    cwd: str, env: Mapping[str, str], *, directory: str | None = None, db: str | None = None
) -> InitSite:
    """Return where `init` works: the named folder, an existing workspace, or this folder.

    A plain `.beads` folder right here is meant even where there is a workspace further up. Raises
    NotATracker or Refused.
    """
    start = os.path.realpath(os.path.join(cwd, directory or ""))
    named = db or ("" if directory else env.get("BEADS_DB") or env.get("BEADS_DIR") or "")
    if not named and (here := _here(start)):
        return InitSite(here)
    try:
        place = find(cwd, env, directory=directory, db=db)
    except NotATracker:
        if not os.path.isdir(start):
            raise
        folder = _named(os.path.join(start, named)) if named else f"{start}/.beads"
        return InitSite(folder, None, os.path.basename(folder) != ".beads")
    is_own = os.path.basename(place.beads) == ".beads" or not (db or env.get("BEADS_DB"))
    return InitSite(place.beads, place, not is_own)


def _here(start: str) -> str:
    """The folder right here if there is one without a workspace in it; "" otherwise."""
    for part in (".beads", ".git"):
        if part in start.split("/"):
            outside = start[: start.index(f"/{part}")] or "/"
            raise Refused(
                f"{start} is inside a {part} folder", hint=f"bd -C {quoted(outside)} init"
            )
    top, git_dir, _ = git_of(start)
    if git_dir and top is None:
        raise Refused(
            f"{git_dir} is a git repository without a work tree",
            hint=f"git -C {quoted(git_dir)} worktree list",
        )
    here = os.path.join(start, ".beads")
    if not os.path.lexists(here):
        return ""
    folder = look(os.path.realpath(here))
    if folder and folder.usable():
        return ""
    if folder is None or os.path.islink(here):
        raise Refused(f"{here} is no folder", hint=f"ls -ld {quoted(here)}")
    refuse_repository(folder)
    return here


def _named(path: str) -> str:
    """The new folder that `--db`, BEADS_DB or BEADS_DIR names; that of a database has any name."""
    real = os.path.realpath(path)
    if real.endswith((".db", ".sqlite", ".sqlite3")):
        return os.path.dirname(real)
    return real if os.path.basename(real) == ".beads" else os.path.join(real, ".beads")


def check(found: InitSite) -> None:
    """Raise Refused where a new log would hide issues that are elsewhere."""
    place = found.place
    if place and place.backend == "dolt":
        raise Refused("this workspace keeps its issues in Dolt", hint="bd migrate")
    if place and place.writer > SCHEMA:
        raise Refused(
            f"{found.folder} was written by a newer version ({place.writer})",
            hint="pip install --upgrade bd-tracker",
        )
    if os.path.exists(found.log):
        return
    top, _, _ = git_of(found.root)
    for name in dict.fromkeys((os.path.basename(found.log), *LOGS)):
        path = os.path.join(found.folder, name)
        if top and tracked(path):
            relative = quoted(os.path.relpath(path, top))
            raise Refused(
                f"{path} is missing, but git has it: an empty one would look like a deletion",
                hint=f"git -C {quoted(top)} checkout -- {relative}",
            )
    if place and place.foreign_db:
        _check_database(place.foreign_db)


def _check_database(path: str) -> None:
    try:
        count = len(beads_database.ids(path))
    except (OSError, sqlite3.Error) as error:
        raise Refused(
            f"{path} cannot be read ({error}), and there is no log beside it", hint="bd doctor"
        ) from None
    if count:
        name = os.path.basename(path)
        raise Refused(f"{count} issues are only in {name}, and there is no log", hint="bd migrate")


def other_worktree(root: str) -> str:
    """The `.beads` of the main worktree, seen from a linked one; "" where there is none."""
    top, git_dir, common = git_of(root)
    if not top or not common or git_dir == common:
        return ""
    folder = look(os.path.join(os.path.dirname(common), ".beads"))
    return folder.path if folder and folder.usable() else ""


CREATE, EXTEND = "create", "extend"

CONFIG = """\
# Settings of the tracker; they travel with git. `bd config set KEY VALUE` edits this file.
issue-prefix:

# Statuses and types besides the built-in ones, and which statuses count as closed:
# status.custom: review,testing
# status.closed: done,wontfix
# types.custom: incident

# create.require-description: true
# hierarchy.max-depth: 3
"""
README = """\
# Issues of this repository

This folder holds the issues, dependencies and agent memory of the repository, as text. It is their
only copy and no cache: do not delete it, and commit it together with the work it describes.

`bd ready` lists what can be worked on, `bd prime` tells how. Only `beads.db` and `.local/` may be
deleted at any time; git ignores them.
"""
IGNORED = """\
# The cache, and what never leaves this clone.
beads.db*
.*.db-tmp*
.local/
.jsonl.lock
# What Beads keeps here while it runs.
*.db
*.db?*
.sync.lock
.local_version
bd.sock
daemon.lock
daemon.log
daemon.pid
db.sqlite
export-state/
last-touched
redirect
sync-state.json
sync_base.jsonl
sync_conflicts.json
beads.base.jsonl
beads.base.meta.json
beads.left.jsonl
beads.left.meta.json
beads.right.jsonl
beads.right.meta.json
"""
# A file that another program made needs no more than this: a name that must be ignored, and how.
_NEEDED = {
    "beads.db": "beads.db*",
    "beads.db-journal": "beads.db*",
    ".issues.jsonl.db-tmp1": ".*.db-tmp*",
    ".local": ".local/",
    ".jsonl.lock": ".jsonl.lock",
}


class InitStep(NamedTuple):
    """One file of a folder as it will be; `before` is what it was, None where there was none."""

    name: str
    action: str
    after: bytes
    before: bytes | None = None


class InitOptions(NamedTuple):
    """What the files say: the prefix of new ids, and the name of the log.

    A folder is `shared` where it is not the tracker's own: only the log and the settings go there.
    """

    prefix: str
    log: str = "issues.jsonl"
    shared: bool = False


def plan(have: Mapping[str, bytes | None], wish: InitOptions) -> list[InitStep]:
    """What a folder lacks. `have` are the files in it; None is one that is to be left alone."""
    new = _contents(wish)
    steps = [InitStep(name, CREATE, data) for name, data in new.items() if name not in have]
    for name, data in have.items():
        if name in new and data is not None:
            after = _extended(name, data, wish)
            if after != data:
                steps.append(InitStep(name, EXTEND, after, data))
    return steps


def _contents(wish: InitOptions) -> dict[str, bytes]:
    """Every file of a new workspace."""
    settings = config_file.changed(CONFIG, "issue-prefix", wish.prefix).encode()
    if wish.shared:
        return {"config.yaml": settings, wish.log: b""}
    return {
        ".gitignore": IGNORED.encode(),
        ".gitattributes": "".join(f"{line}\n" for line in attributes(wish.log)).encode(),
        "metadata.json": METADATA.replace(b"issues.jsonl", wish.log.encode()),
        "config.yaml": settings,
        "README.md": README.encode(),
        wish.log: b"",
        "memory.jsonl": b"",
        "outcomes.jsonl": b"",
    }


def attributes(log: str) -> list[str]:
    """How git treats the files: our driver merges them all."""
    names = (log, "archive.jsonl", "memory.jsonl", *GROWING)
    return [f"{name} text eol=lf merge=tracker" for name in names]


def _extended(name: str, data: bytes, wish: InitOptions) -> bytes:
    if name == ".gitignore":
        return _with_lines(data, dict.fromkeys(missing_ignores(data)))
    if name == ".gitattributes":
        return _with_lines(data, missing_attributes(data, wish.log))
    return with_versions(data) if name == "metadata.json" else data


def missing_attributes(data: bytes, log: str) -> list[str]:
    """The lines for files about which an attributes file says nothing."""
    rows = (line.split() for line in data.decode(errors="replace").splitlines())
    named = {words[0] for words in rows if words}
    return [line for line in attributes(log) if line.split()[0] not in named]


def missing_ignores(data: bytes) -> list[str]:
    """The patterns that an ignore file lacks for what must never be committed."""
    patterns = [line.strip() for line in data.decode(errors="replace").splitlines()]
    return list(dict.fromkeys(p for name, p in _NEEDED.items() if not _ignores(patterns, name)))


def _ignores(patterns: Iterable[str], name: str) -> bool:
    ignored = False
    for pattern in patterns:
        if fnmatch(name, pattern.removeprefix("!").strip("/")):
            ignored = not pattern.startswith("!")
    return ignored


def _with_lines(data: bytes, added: Iterable[str]) -> bytes:
    lines = list(added)
    if not lines:
        return data
    newline = b"\r\n" if b"\r\n" in data else b"\n"
    start = b"" if not data or data.endswith(b"\n") else newline
    return data + start + b"".join(line.encode() + newline for line in lines)


def with_versions(data: bytes) -> bytes:
    """metadata.json with the versions of our files; all that it says otherwise stays as it is."""
    try:
        before = json_text.loads(data)
        text = data.decode()
    except ValueError:
        return data
    if not isinstance(before, dict) or "tracker" in before:
        return data
    ours = {"tracker": {"reader": 1, "writer": 1}}
    is_open = "\n" in text
    end = text.rindex("}")
    head = text[:end].rstrip()
    lines = json.dumps(ours, indent=2 if is_open else None)[1:-1].rstrip()
    comma = "" if head.endswith("{") else "," + " " * (not is_open)
    tail = "\n" + text[end:].rstrip() + "\n" if is_open else text[end:]
    after = f"{head}{comma}{lines}{tail}"
    return after.encode() if json.loads(after) == {**before, **ours} else data


# Hiding the folder from git, for this clone alone.


def exclude_line(top: str, beads: str) -> str:
    """The line of `.git/info/exclude` that hides the folder."""
    path = os.path.relpath(beads, top)
    if path == "." or "\n" in path:
        raise Invalid(f"git cannot be told to ignore the folder {path!r}", hint="bd init")
    escaped = "".join("\\" + c if c in "\\*?[ " else c for c in path)
    return f"/{escaped}/"


def excluded(data: bytes, line: str) -> bytes:
    """The exclude file with that line."""
    known = line.encode() in [row.strip() for row in data.splitlines()]
    return data if known else _with_lines(data, [line])


# From the plan to the files.


def found_in(folder: str) -> dict[str, bytes | None]:
    """What the plan needs to know of a folder: the small files by their contents."""
    small = (".gitignore", ".gitattributes", "metadata.json")
    names = os.listdir(folder) if os.path.isdir(folder) else []
    return {
        name: small_files.contents(os.path.join(folder, name)) if name in small else None
        for name in names
    }


def apply(folder: str, steps: Iterable[InitStep]) -> list[InitStep]:
    """Write the files and return the steps that were taken: others may have been faster.

    Raises Refused where the folder cannot be made.
    """
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise Refused(
            f"cannot make the folder {folder}: {error.strerror}",
            hint=f"ls -ld {quoted(os.path.dirname(folder))}",
        ) from None
    done = []
    for step in steps:
        path = os.path.join(folder, step.name)
        if step.before is not None:
            small_files.replace(path, step.before, step.after)
        elif not small_files.create(path, step.after):
            continue
        done.append(step)
    return done


def remember(beads: str, taken: Mapping[str, Iterable[InitStep]], more: Mapping[str, Any]) -> None:
    """Note what was written, so that `uninstall` can put it back byte for byte.

    `taken` has the steps under `beads` or `git`, the folder that their names start from.
    """
    local = os.path.join(beads, ".local")
    path = os.path.join(local, "init.json")
    rows = [_row(where, step) for where, steps in taken.items() for step in steps]
    with suppress(OSError):  # a convenience
        make_local(local)
        held = small_files.contents(path)
        try:
            runs = json_text.loads(held)["runs"] if held else []
        except (ValueError, KeyError, TypeError):
            runs = []
        text = json.dumps({"version": 1, "runs": [*runs, {**more, "files": rows}]}, indent=1)
        if held is None:
            small_files.create(path, text.encode())
        else:
            small_files.replace(path, held, text.encode())


def _row(where: str, step: InitStep) -> dict[str, Any]:
    before = step.before
    return {
        "in": where,
        "path": step.name,
        "action": step.action,
        "sha256": hashlib.sha256(step.after).hexdigest(),
        "before": None if before is None else before.decode("utf-8", "surrogateescape"),
        "after": None if before is None else step.after.decode("utf-8", "surrogateescape"),
    }
