"""Issues, dependencies and agent memory that live in a git repository."""

from __future__ import annotations

__all__ = ["Tracker", "__version__", "open"]


def __getattr__(name: str) -> object:
    """Load the Python API when it is asked for: a `bd` process mostly is not."""
    if name in {"Tracker", "open"}:
        from tracker import api

        return getattr(api, name)
    if name == "__version__":
        from tracker.version import __version__

        return __version__
    raise AttributeError(f"module 'tracker' has no attribute {name!r}")
