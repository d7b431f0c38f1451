"""Issues, dependencies and agent memory that live in a git repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tracker.api import Tracker, open

__version__ = "0.1.0"
__all__ = ["Tracker", "__version__", "open"]


def __getattr__(name: str) -> object:
    """Load the Python API when it is asked for: a `bd` process mostly is not."""
    if name in {"Tracker", "open"}:
        from tracker import api

        return getattr(api, name)
    raise AttributeError(f"module 'tracker' has no attribute {name!r}")
