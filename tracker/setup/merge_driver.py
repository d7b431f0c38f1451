"""Register the merge driver in git config and attributes."""

from __future__ import annotations

import glob
import json
import os
import re
import shlex
import sys
from typing import TYPE_CHECKING, NamedTuple

from tracker import fileio, small_files
from tracker.errors import Refused, quoted
from tracker.setup.init import CREATE, EXTEND, InitStep, attributes, missing_attributes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tracker.git.repository import Repository
    from tracker.model.context import Place


SECTION = "merge.tracker"
KEY = f"{SECTION}.driver"
TITLE = "tracker: issues and memories, merged record by record"
ATTRIBUTES = "info/attributes"
_OURS = re.compile(r"('(?:[^']|'\\'')+') -P -m tracker merge-driver ")


def command(python: str) -> str:
    """The command line for git; a program that is missing or fails leaves git's own markers.

    `-P`, because a folder `tracker` in the work tree must never be run.
    """
    program = "'" + python.replace("'", "'\\''") + "'"
    return (
        f"{program.replace('%', '%%')} -P -m tracker merge-driver %O %A %B %L %P"
        " || { git merge-file --marker-size=%L %A %O %B; exit 1; }"
    )


def interpreter(driver: str) -> str:
    """The program that a registered command line of ours starts; "" if it is not one of ours."""
    match = _OURS.match(driver)
    return shlex.split(match[1])[0].replace("%%", "%") if match else ""


class Setting(NamedTuple):
    """A setting of git as it is and as it will be; None where there is none."""

    key: str
    before: str | None
    after: str | None


class DriverPlan(NamedTuple):
    """What is to be written: settings, and a file of attributes below `folder`.

    `step` is None where every file has its attributes already.
    """

    scope: str
    settings: list[Setting]
    folder: str = ""
    step: InitStep | None = None

    @property
    def path(self) -> str:
        """The file of attributes that changes; "" for none."""
        return os.path.join(self.folder, self.step.name) if self.step else ""

    @property
    def is_done(self) -> bool:
        """Whether everything is as it should be already."""
        return not self.settings and self.step is None


# Registering.


def registering(repo: Repository, python: str, scope: str = "local") -> list[Setting]:
    """The settings that are not yet as they should be."""
    wanted = {f"{SECTION}.name": TITLE, KEY: command(python)}
    held = {key: repo.config(key, scope=scope) for key in wanted}
    return [Setting(key, held[key], text) for key, text in wanted.items() if held[key] != text]


def lacking(repo: Repository, python: str) -> list[Setting]:
    """The same where git knows of no driver at all, or of one whose program is gone."""
    held = repo.config(KEY) or ""
    program = interpreter(held)
    if held and (not program or os.access(program, os.X_OK)):
        return []
    return registering(repo, python)


def removing(repo: Repository, scope: str = "local") -> list[Setting]:
    """The settings that are there, to be taken away."""
    held = {key: repo.config(key, scope=scope) for key in (KEY, f"{SECTION}.name")}
    return [Setting(key, text, None) for key, text in held.items() if text is not None]


def apply(repo: Repository, plan: DriverPlan) -> None:
    """Do it: attributes first, which without the settings mean nothing. Raises Refused."""
    if plan.step:
        _write(plan.path, plan.step)
    if any(setting.after is None for setting in plan.settings):
        repo.remove_config(SECTION, scope=plan.scope)
        return
    for setting in plan.settings:
        repo.set_config(setting.key, setting.after, scope=plan.scope)


def _write(path: str, step: InitStep) -> None:
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if not step.after and small_files.contents(path) == step.before:
            os.unlink(path)
        elif step.before is not None:
            small_files.replace(path, step.before, step.after)
        elif not small_files.create(path, step.after):
            raise Refused(f"{path} is there already, and is no plain file", hint=f"ls -l {path}")
    except OSError as error:
        raise Refused(
            f"cannot write {path}: {error.strerror}", hint=f"ls -ld {quoted(path)}"
        ) from None


# Attributes.


def is_ours(place: Place) -> bool:
    """Whether the workspace was made by this program, so that its attributes file is ours."""
    if os.path.basename(place.beads) != ".beads":
        return False
    return says(place, ".gitattributes", SIGN) or says(place, "metadata.json", b'"tracker"')


def is_named(place: Place) -> bool:
    """Whether attributes beside the log or in the git dir name the driver."""
    private = os.path.join(place.common_dir or place.beads, ATTRIBUTES)
    return says(place, ".gitattributes", SIGN) or SIGN in (small_files.contents(private) or b"")


def committed(place: Place) -> InitStep | None:
    """How the attributes get into the file beside the log, for all; None if they are there."""
    data = small_files.contents(os.path.join(place.beads, ".gitattributes"))
    lacking = missing_attributes(data or b"", os.path.basename(place.log))
    return _step(".gitattributes", data, lacking)


def private(place: Place, top: str, common: str) -> InitStep | None:
    """How they get into the git dir, for this clone alone; None if they are there."""
    data = small_files.contents(os.path.join(common, ATTRIBUTES))
    held = (data or b"").splitlines()
    lines = [line for line in private_lines(place, top) if line.encode() not in held]
    return _step(ATTRIBUTES, data, lines)


def private_lines(place: Place, top: str) -> list[str]:
    """The lines of `.git/info/attributes`: only how to merge, never how lines end."""
    folder = os.path.relpath(place.beads, top)
    lines = []
    for line in attributes(os.path.basename(place.log)):
        name, *words = line.split()
        path = "/" + os.path.normpath(os.path.join(folder, name)).replace(os.sep, "/")
        lines.append(f"{_pattern(path)} {words[-1]}")
    return lines


def _pattern(path: str) -> str:
    """A path as a pattern of an attributes file."""
    escaped = "".join("\\" + sign if sign in "*?[\\" else sign for sign in path)
    if any(sign.isspace() or sign == '"' for sign in escaped):
        return json.dumps(escaped, ensure_ascii=False)
    return escaped


def without(place: Place, top: str, common: str) -> InitStep | None:
    """The file in the git dir without our lines; None if it holds none."""
    data = small_files.contents(os.path.join(common, ATTRIBUTES))
    if data is None:
        return None
    ours = {line.encode() for line in private_lines(place, top)}
    after = b"".join(row for row in data.splitlines(keepends=True) if row.strip() not in ours)
    return None if after == data else InitStep(ATTRIBUTES, EXTEND, after, data)


def _step(name: str, data: bytes | None, lines: list[str]) -> InitStep | None:
    if not lines:
        return None
    start = b"" if not data or data.endswith(b"\n") else b"\n"
    added = "".join(f"{line}\n" for line in lines).encode()
    return InitStep(name, CREATE if data is None else EXTEND, (data or b"") + start + added, data)


# Whether all is well.


class DriverState(NamedTuple):
    """What git would do with the log: which driver it takes, and what is wrong, if anything."""

    attribute: str
    driver: str
    why: str = ""
    fix: str = ""


def state(place: Place, env: Mapping[str, str], driver: str) -> DriverState:
    """How the log is merged in this clone; `driver` is the command line that git knows of."""
    from tracker.git.process import ask

    name = os.path.basename(place.log)
    path = os.path.relpath(place.log, place.top or place.root)
    answer = ask(place.root, env, "check-attr", "-z", "merge", "--", path)
    words = answer.text.split("\0") if answer and not answer.code else []
    attribute = words[2] if len(words) > 2 else ""
    fix = "bd setup git"
    if attribute != "tracker":
        said = f"merge={attribute}" if attribute not in {"", "unspecified"} else "nothing"
        return DriverState(attribute, driver, f"the attributes of {name} say {said}", fix)
    if not driver:
        why = "not registered in this clone, so git merges these files as text"
        return DriverState(attribute, driver, why, fix)
    return DriverState(attribute, driver, _unusable(driver), fix)


def _unusable(driver: str) -> str:
    """Why the program of the driver would not run, as far as files tell; for those of ours.

    It is not tried: the settings of a clone that was copied may name any program.
    """
    python = interpreter(driver)
    if not python:
        return ""
    if not os.access(python, os.X_OK):
        return f"registered, but {python} is not there any more"
    if not _has_tracker(python):
        return f"registered, but {python} has no tracker any more"
    return ""


def _has_tracker(python: str) -> bool:
    """Whether an interpreter finds this program; where its packages are is known of venvs only."""
    folder = os.path.dirname(os.path.dirname(os.path.abspath(python)))
    config = small_files.contents(f"{folder}/pyvenv.cfg")
    if python == sys.executable or config is None or b"site-packages = true" in config:
        return True
    packages = f"{glob.escape(folder)}/lib*/python*/site-packages"
    return any(glob.glob(f"{packages}/{name}") for name in ("tracker", "bd_tracker-*.dist-info"))


SIGN = b"merge=tracker"
REGISTERED, DECLINED = "registered", "declined"
"""What `.local/init.json` says of it."""


def is_missing(place: Place) -> bool:
    """Whether the attributes beside the log name the driver, and this clone cannot run it.

    False where the setting could not be written, or was declined, or where a file cannot be read:
    whoever asks has just written, and that stands.
    """
    try:
        return _is_missing(place)
    except OSError:
        return False


def _is_missing(place: Place) -> bool:
    common = place.common_dir
    if common is None or place.top is None or not says(place, ".gitattributes", SIGN):
        return False
    try:
        held = fileio.read(os.path.join(common, "config"), links=fileio.ANYWHERE)
    except OSError:
        return False  # nobody can tell
    if _is_set(held):
        return False
    return os.access(common, os.W_OK) and not _is_declined(place)


def says(place: Place, name: str, what: bytes) -> bool:
    """Whether a file beside the log holds these bytes."""
    try:
        return what in (small_files.contents(os.path.join(place.beads, name)) or b"")
    except OSError:
        return False


def _is_set(config: bytes) -> bool:
    """Whether the settings name a driver whose interpreter is there: a venv may be removed."""
    if not re.search(rb'^\s*\[merge\s+"tracker"\]', config, re.MULTILINE):
        return False
    program = re.search(rb"^\s*driver = \"?'([^'\\\n]+)' -P -m tracker ", config, re.MULTILINE)
    return program is None or os.path.exists(program[1].replace(b"%%", b"%"))


def _is_declined(place: Place) -> bool:
    """Whether the last word that `init` or `setup git` left about it was no."""
    from tracker import json_text

    try:
        data = small_files.contents(os.path.join(place.beads, ".local", "init.json")) or b"{}"
        said = [run["driver"] for run in json_text.loads(data).get("runs", []) if "driver" in run]
    except (AttributeError, OSError, TypeError, ValueError):
        return False
    return said[-1:] == [DECLINED]
