"""Our version, and the version of Beads that we are compatible with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping


__version__ = "0.1.0"

BEADS = "0.49.6"
"""The Beads whose commands and files these are; clients choose their ways by this number."""


def compat_version(env: Mapping[str, str]) -> str:
    """The number that `bd version` reports: clients for Beads 1.x want to see a 1.x."""
    return one_line(env.get("BD_COMPAT_VERSION", "")).strip() or BEADS


def line(env: Mapping[str, str]) -> str:
    """What `bd version` prints: one dotted number, and none in the brackets."""
    return f"bd version {compat_version(env)} (tracker)"
