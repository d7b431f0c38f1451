"""Whole numbers that people and programs write."""

from __future__ import annotations

LONGEST = 15
"""Digits that count: a float holds such a number, and so does every database."""


def whole(text: str) -> int | None:
    """The number that ASCII digits spell; None for any other text, and for more than 15 digits.

    `str.isdigit` is true of "²", which is no number for `int`, and of digits of other scripts.
    """
    text = text.strip()
    is_number = text.isascii() and text.isdigit() and len(text.lstrip("0")) <= LONGEST
    return int(text) if is_number else None
