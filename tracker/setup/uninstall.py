"""Restore what init and setup changed.

Where a file is not what we left, only the lines that we added go; if that cannot be told, it stays.
Files with records stay whatever else goes.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from tracker import json_text, small_files
from tracker.cache.database import APPLICATION_ID
from tracker.errors import Moved
from tracker.git.discovery import tracked_below
from tracker.store.open_write import path_in
from tracker.workspace import claims
from tracker.workspace.folder import start_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from tracker.model.context import Place


_BESIDE = ("", "-journal", "-wal", "-shm")  # a database and what SQLite puts beside it


class FileChange(NamedTuple):
    """A file as it is and as it was before us; `after` is None where there was none."""

    path: str
    before: bytes
    after: bytes | None


class Removal(NamedTuple):
    """What is to be done: files put back, our own ones removed, folders that may then be empty.

    `left` are files that stay, each with the reason.
    """

    changes: list[FileChange]
    own: list[str]
    folders: list[str]
    left: list[tuple[str, str]]


def planned(place: Place) -> Removal:
    """What is left of the tracker in a workspace, apart from hooks and settings of git."""
    removal = Removal([], [], [], [])
    local = os.path.join(place.beads, ".local")
    note = None if tracked_below(local) else small_files.contents(os.path.join(local, "init.json"))
    runs = _runs(note)
    written: dict[str, list[dict[str, Any]]] = {}
    start = {"beads": place.beads, "git": place.common_dir or ""}
    for run in runs:
        for row in run["files"]:
            if start.get(row["in"]) and _is_written_by_init(row["in"], row["path"]):
                written.setdefault(os.path.join(start[row["in"]], row["path"]), []).append(row)
    for path, rows in written.items():
        _take_back(removal, path, rows)
    _plan_own(removal, place, local)
    if any(run.get("new_folder") for run in runs):
        removal.folders.append(place.beads)
    strangers = _strangers(removal, place.beads)
    if strangers:
        why = f"bd init did not write {', '.join(strangers)} in this clone"
        removal.left.append((place.beads, why))
    return removal


def _runs(data: bytes | None) -> list[dict[str, Any]]:
    """What each `bd init` of this clone noted; nothing where the note is damaged."""
    try:
        runs = json_text.loads(data or b"{}").get("runs", [])
        return [run for run in runs if all(map(_is_row, run["files"]))]
    except (AttributeError, KeyError, TypeError, ValueError):
        return []


def _is_row(row: dict[str, Any]) -> bool:
    """Whether a note about a file is whole."""
    texts = [row["in"], row["path"], row["sha256"]]
    more = [row["before"], row.get("after")]
    return all(isinstance(text, str) and text for text in texts) and all(
        text is None or isinstance(text, str) for text in more
    )


def _is_written_by_init(where: str, path: str) -> bool:
    """Whether `bd init` may have written this: the note may be anybody's."""
    folder, name = os.path.split(path)
    return folder == ("info" if where == "git" else "") and name not in {"", ".", ".."}


def _take_back(removal: Removal, path: str, rows: list[dict[str, Any]]) -> None:
    """Undo what was written to one file, the last first."""
    now = data = small_files.contents(path)
    for row in reversed(rows):
        if data is None:
            break
        if hashlib.sha256(data).hexdigest() == row["sha256"]:
            data = _bytes(row["before"])
            continue
        before, after = _bytes(row["before"]), _bytes(row.get("after"))
        if before is None or after is None or not after.startswith(before):
            holds = path.endswith(".jsonl")
            why = "it holds records" if holds else "it has changed since bd init wrote it"
            removal.left.append((path, why))
            return
        data = without(data, after[len(before) :])
    if now is not None and data != now:
        removal.changes.append(FileChange(path, now, data))


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode("utf-8", "surrogateescape")


def without(data: bytes, added: bytes) -> bytes:
    """A file without some lines that were added to it, wherever they are now; once each."""
    lines = [line.strip() for line in added.splitlines() if line.strip()]
    kept = []
    for line in reversed(data.splitlines(keepends=True)):
        if line.strip() in lines:
            lines.remove(line.strip())
        else:
            kept.append(line)
    return b"".join(reversed(kept))


def _plan_own(removal: Removal, place: Place, local: str) -> None:
    """The cache, locks, the journal and all else that is only of this clone."""
    header = start_of(place.cache, 100) or b""
    if int.from_bytes(header[68:72], "big") == APPLICATION_ID:
        removal.own.extend(_there(place.cache + ending for ending in _BESIDE))
    if place.foreign_db is None:  # else it may be Beads' own lock
        removal.own.extend(_there([os.path.join(place.beads, ".jsonl.lock")]))
    if os.path.isdir(place.beads):
        for name in sorted(os.listdir(place.beads)):
            if name.startswith(".") and ".db-tmp" in name:
                removal.own.append(os.path.join(place.beads, name))
    if place.common_dir:
        shared = os.path.join(place.common_dir, "tracker")
        names = (claims.NAME, f"{claims.NAME}.new", "claims.lock")
        removal.own.extend(_there(os.path.join(shared, name) for name in names))
        removal.folders.append(shared)
    _plan_local(removal, local)


def _plan_local(removal: Removal, local: str) -> None:
    stays = False
    for folder, _, names in os.walk(local, topdown=False):
        for name in sorted(names):
            path = os.path.join(folder, name)
            is_journal = path == path_in(local)
            if name.endswith(".jsonl") and not is_journal and os.path.getsize(path):
                removal.left.append((path, "it holds records"))
                stays = True
            elif path not in removal.own:
                removal.own.append(path)
        removal.folders.append(folder)
    if stays:  # git must go on to ignore what is there
        with suppress(ValueError):
            removal.own.remove(os.path.join(local, ".gitignore"))


def _there(paths: Iterable[str]) -> list[str]:
    return [path for path in paths if os.path.lexists(path)]


def _strangers(removal: Removal, beads: str) -> list[str]:
    """The names in the folder that the plan does not speak of."""
    known = {*removal.own, *removal.folders, *(change.path for change in removal.changes)}
    known |= {path for path, _ in removal.left}
    names = sorted(os.listdir(beads)) if os.path.isdir(beads) else []
    return [name for name in names if os.path.join(beads, name) not in known]


def apply(removal: Removal) -> None:
    """Do it. Raises Moved where a file changes meanwhile, and OSError where it cannot be written.

    What tells how to take things back goes last.
    """
    for path, before, after in removal.changes:
        if after is None and small_files.contents(path) != before:
            raise Moved(f"{path} changed while it was being removed: it is left as it is")
        if after is None:
            os.unlink(path)
        else:
            small_files.replace(path, before, after)
    for path in sorted(removal.own, key=lambda path: path.endswith("init.json")):
        with suppress(FileNotFoundError):
            os.unlink(path)
    for folder in removal.folders:
        with suppress(OSError):  # it is not empty
            os.rmdir(folder)
