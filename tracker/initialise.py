"""What `bd init` writes: a plan of whole files first, then the files.

Nothing that is there is emptied, and no log that exists is touched: files that are missing are
added, and three others (ignored names, attributes, metadata.json) get what they lack.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any, NamedTuple

from tracker import config, files, json_text
from tracker.errors import Invalid, Refused, quoted
from tracker.folder import METADATA
from tracker.growing import GROWING
from tracker.refresh import make_local

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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


class Step(NamedTuple):
    """One file of a folder as it will be; `before` is what it was, None where there was none."""

    name: str
    action: str
    after: bytes
    before: bytes | None = None


class Wish(NamedTuple):
    """What the files say: the prefix of new ids, and the name of the log.

    A folder is `shared` where it is not the tracker's own: only the log and the settings go there.
    """

    prefix: str
    log: str = "issues.jsonl"
    shared: bool = False


def plan(have: Mapping[str, bytes | None], wish: Wish) -> list[Step]:
    """What a folder lacks. `have` are the files in it; None is one that is to be left alone."""
    new = _contents(wish)
    steps = [Step(name, CREATE, data) for name, data in new.items() if name not in have]
    for name, data in have.items():
        if name in new and data is not None:
            after = _extended(name, data, wish)
            if after != data:
                steps.append(Step(name, EXTEND, after, data))
    return steps


def _contents(wish: Wish) -> dict[str, bytes]:
    """Every file of a new workspace."""
    settings = config.changed(CONFIG, "issue-prefix", wish.prefix).encode()
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


def _extended(name: str, data: bytes, wish: Wish) -> bytes:
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
        name: files.contents(os.path.join(folder, name)) if name in small else None
        for name in names
    }


def apply(folder: str, steps: Iterable[Step]) -> list[Step]:
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
            files.replace(path, step.before, step.after)
        elif not files.create(path, step.after):
            continue
        done.append(step)
    return done


def remember(beads: str, taken: Mapping[str, Iterable[Step]], more: Mapping[str, Any]) -> None:
    """Note what was written, so that `uninstall` can put it back byte for byte.

    `taken` has the steps under `beads` or `git`, the folder that their names start from.
    """
    local = os.path.join(beads, ".local")
    path = os.path.join(local, "init.json")
    rows = [_row(where, step) for where, steps in taken.items() for step in steps]
    with suppress(OSError):  # a convenience
        make_local(local)
        held = files.contents(path)
        try:
            runs = json_text.loads(held)["runs"] if held else []
        except (ValueError, KeyError, TypeError):
            runs = []
        text = json.dumps({"version": 1, "runs": [*runs, {**more, "files": rows}]}, indent=1)
        if held is None:
            files.create(path, text.encode())
        else:
            files.replace(path, held, text.encode())


def _row(where: str, step: Step) -> dict[str, Any]:
    before = step.before
    return {
        "in": where,
        "path": step.name,
        "action": step.action,
        "sha256": hashlib.sha256(step.after).hexdigest(),
        "before": None if before is None else before.decode("utf-8", "surrogateescape"),
        "after": None if before is None else step.after.decode("utf-8", "surrogateescape"),
    }
