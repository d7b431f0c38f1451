"""Moved to `tracker.git`."""

from __future__ import annotations

from tracker.git import Answer, ask

__all__ = ["Answer", "ask"]
