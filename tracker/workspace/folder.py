"""Read what a `.beads` folder says about itself."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from tracker import fileio
from tracker.errors import Refused, quoted
from tracker.log.paths import DATABASE_ENDINGS, LOGS, OTHER_JSONL

if TYPE_CHECKING:
    from collections.abc import Mapping


SCHEMA = 1  # the newest reader and writer that this program is
METADATA = b"""{
  "database": "beads.db",
  "jsonl_export": "issues.jsonl",
  "tracker": {
    "reader": 1,
    "writer": 1
  }
}
"""
_BEADS_METADATA = b'{\n  "database": "beads.db",\n  "jsonl_export": "issues.jsonl"\n}'


class WorkspaceFolder(NamedTuple):
    """One look into `path`; it answers every later question about what is there.

    `root` holds the folder, or is the folder itself where that is not called `.beads`.
    """

    root: str
    path: str
    names: frozenset[str]
    links: tuple[str, ...] = ()
    dolt: bool = False

    def usable(self) -> bool:
        """Whether anything in it belongs to a workspace."""
        return (
            self.settled()
            or not self.names.isdisjoint(("config.yaml", "redirect"))
            or any(name.endswith(".db") for name in self.names)
        )

    def is_repository(self) -> bool:
        """Whether git would take it for a bare repository; names count in any case, as on a Mac."""
        names = {name.lower() for name in self.names}
        return "head" in names and ("commondir" in names or names.issuperset(("objects", "refs")))

    def settled(self) -> bool:
        """Whether issues were kept here: Beads also puts its own settings into `~/.beads`."""
        return not self.names.isdisjoint((*LOGS, "metadata.json"))


class Metadata(NamedTuple):
    """What metadata.json says; `log` and `dolt` are None where it says nothing about that."""

    database: str = "beads.db"
    log: str | None = None
    dolt: bool | None = None
    reader: int = 1
    writer: int = 1


def refuse_repository(folder: WorkspaceFolder) -> None:
    """Raise Refused where a folder for a workspace is made to look like a repository."""
    if folder.is_repository():
        raise Refused(
            f"{folder.path} holds the files of a git repository (HEAD, objects, refs): git could be"
            " made to run what the config beside them says",
            hint=f"do not work in this clone unless you know why; ls -l {quoted(folder.path)}",
        )


def look(path: str) -> WorkspaceFolder | None:
    """The folder at a real path, or None where there is none."""
    names: list[str] = []
    links: list[str] = []
    dolt = False
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                names.append(entry.name)
                if entry.is_symlink():
                    links.append(entry.name)
                elif entry.name.startswith(("dolt", "embeddeddolt")):
                    dolt = dolt or entry.is_dir()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if not os.path.lexists(path):  # a sandbox may forbid to look where nothing is
            return None
        why = f"{path} cannot be read: {error.strerror}"
        raise Refused(why, hint=f"ls -ld {quoted(path)}") from error
    root, name = os.path.split(path)
    return WorkspaceFolder(
        root if name == ".beads" else path, path, frozenset(names), tuple(links), dolt
    )


def metadata(folder: WorkspaceFolder) -> Metadata:
    """Its metadata.json; one that is damaged counts as absent.

    Raises Refused where it names a file elsewhere, wants a newer reader than this program, or is
    no file at all.
    """
    if "metadata.json" not in folder.names:
        return Metadata()
    try:
        data = fileio.read(folder.path + "/metadata.json")
    except FileNotFoundError:
        return Metadata()
    except PermissionError:
        data = b""
    if data in (METADATA, _BEADS_METADATA):
        return Metadata(log="issues.jsonl")
    import json

    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return Metadata()
    return _understood(folder, value) if isinstance(value, dict) else Metadata()


def _understood(folder: WorkspaceFolder, value: Mapping[str, object]) -> Metadata:
    reader = _version(value, "reader")
    if reader > SCHEMA:
        raise Refused(
            f"{folder.path} was written by a newer tracker (reader {reader}, this one is {SCHEMA})",
            hint="pip install --upgrade bd-tracker",
        )
    database = _plain(folder, value, "database") or ""
    return Metadata(
        database if database.endswith(DATABASE_ENDINGS) else "beads.db",
        _plain(folder, value, "jsonl_export"),
        {"dolt": True, "jsonl": False}.get(str(value.get("backend"))),
        reader,
        _version(value, "writer"),
    )


def _version(value: Mapping[str, object], key: str) -> int:
    versions = value.get("tracker")
    number = versions.get(key) if isinstance(versions, dict) else None
    return number if isinstance(number, int) and number > 0 else 1


def _plain(folder: WorkspaceFolder, value: Mapping[str, object], key: str) -> str | None:
    """A name that stays in the folder, and that no other file of it has."""
    name = value.get(key)
    if not isinstance(name, str) or not name:
        return None
    plain = name.isprintable() and not any(part in name for part in ("/", "\\", ".."))
    if key == "jsonl_export":
        plain = plain and name.endswith(".jsonl") and name not in OTHER_JSONL
    if plain:
        return name
    file = f"{folder.path}/metadata.json"
    raise Refused(
        f'"{key}" in {file} is {name!r}, and must be the plain name of a file beside it',
        hint=f'in {quoted(file)}, set "{key}" to "{_DEFAULTS[key]}"',
    )


_DEFAULTS = {"database": "beads.db", "jsonl_export": "issues.jsonl"}


def start_of(path: str, size: int, *, links: int = fileio.INSIDE) -> bytes | None:
    """The start of a file; None where none can be read."""
    try:
        return fileio.start_of(path, size, links=links)
    except OSError:
        return None
