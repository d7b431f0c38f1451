"""Values as SQLite can hold them."""

from __future__ import annotations

from typing import Any

MANY = 500  # some builds of SQLite take no more than 999 values in all


def storable(value: Any) -> Any:
    """A value as the tables hold it."""
    if isinstance(value, str):
        return safe(value)
    return bounded(value) if type(value) is int else value


def safe(text: str) -> str:
    """Text that SQLite can hold: torn characters (lone surrogates) become their escapes."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text


def bounded(number: int) -> int:
    """A number that SQLite can hold; of instants, those of the years 1678 to 2262 stay apart."""
    return max(-(1 << 63), min(number, (1 << 63) - 1))
