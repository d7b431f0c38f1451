"""Whether this clone knows our merge driver, told from files alone: every write asks.

What is set for all repositories of the user is not known here.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from tracker import fileio, files

if TYPE_CHECKING:
    from tracker.places import Place

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
        return what in (files.contents(os.path.join(place.beads, name)) or b"")
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
        data = files.contents(os.path.join(place.beads, ".local", "init.json")) or b"{}"
        said = [run["driver"] for run in json_text.loads(data).get("runs", []) if "driver" in run]
    except (AttributeError, OSError, TypeError, ValueError):
        return False
    return said[-1:] == [DECLINED]
