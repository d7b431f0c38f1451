"""Errors for values outside a closed set, such as statuses and types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterable


_SAID = {
    "closed": "complete completed done finished fixed resolved shut merged cancelled canceled",
    "in_progress": "active doing progress started wip working",
    "open": "new todo to-do backlog reopened unstarted",
    "blocked": "stuck waiting on-hold",
    "deferred": "later paused postponed snoozed someday",
    "bug": "defect fault incident issue",
    "feature": "story user-story improvement request",
    "chore": "maintenance cleanup refactor",
    "P0": "critical blocker urgent highest emergency",
    "P1": "high important major",
    "P2": "medium normal moderate default",
    "P3": "low minor",
    "P4": "lowest trivial",
}
"""Words of other trackers for one of our values."""


def listed(values: Iterable[str]) -> str:
    """Join values for a sentence: `a, b or c`."""
    *most, last = values
    return f"{', '.join(most)} or {last}" if most else last


def closest(value: str, valid: Iterable[str]) -> str:
    """Return the valid value that was probably meant, or ""."""
    from difflib import get_close_matches

    by_name = {name.lower(): name for name in valid}
    word = "_".join(value.lower().split())
    meant = next((name for name, words in _SAID.items() if word in words.split()), "")
    if meant in by_name.values():
        return meant
    near = get_close_matches(word, by_name, n=1, cutoff=0.6)
    begun = [name for name in by_name if len(word) > 2 and name.startswith(word)]
    return next((by_name[name] for name in (*begun, *near)), "")


def not_a_choice(what: str, value: str, valid: Iterable[str], *, hint: str = "") -> Invalid:
    """Return the error for a value outside `valid`; `hint` is used if no value is close."""
    names = list(valid)
    near = closest(value, names)
    return Invalid(
        f'invalid {what} "{value}": use {listed(names)}',
        hint=f"did you mean {near}?" if near else hint or None,
    )


def not_a_priority(value: object) -> Invalid:
    """Return the error for a value that is no priority."""
    meant = closest(str(value), ["P0", "P1", "P2", "P3", "P4"])
    return Invalid(
        f'invalid priority "{value}": use 0 to 4 or P0 to P4',
        hint=f"did you mean {meant}?" if meant else None,
    )
