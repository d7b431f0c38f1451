"""JSON that others wrote, as values, within bounds.

Python's own reader refuses whole numbers of more than 4,300 digits, takes NaN for one and fails by
recursion on what is nested deeply. What is read here can be printed again.
"""

from __future__ import annotations

import json
from typing import Any

DEEPEST = 200
"""Levels of nesting."""
LONGEST = 4000
"""Digits of a number."""


def loads(text: str | bytes) -> Any:
    """The value of a JSON text. Raises ValueError where it is none, or nested too deeply.

    A number that Python cannot hold is the text that it was.
    """
    if isinstance(text, bytes):
        text = text.decode(json.detect_encoding(text))
    try:
        found = _decoder.decode(text.removeprefix("\ufeff"))
    except RecursionError:
        raise _too_deep() from None
    if text.count("[") + text.count("{") > DEEPEST and is_deep(found):
        raise _too_deep()
    return found


def finite(value: Any) -> Any:
    """A value in which numbers that JSON cannot spell are texts."""
    if isinstance(value, dict):
        return {name: finite(held) for name, held in value.items()}
    if isinstance(value, list | tuple):
        return [finite(held) for held in value]
    return str(value) if isinstance(value, float) and value - value != 0 else value


def is_deep(value: Any, deepest: int = DEEPEST) -> bool:
    """Whether a value is nested in more levels than that."""
    level = _nests([value])
    for _ in range(deepest):
        level = [one for held in level for one in _nests(held)]
        if not level:
            return False
    return True


def _nests(held: Any) -> list[Any]:
    inside = held.values() if isinstance(held, dict) else held
    return [one for one in inside if isinstance(one, dict | list)]


def _too_deep() -> ValueError:
    return ValueError(f"it is nested more than {DEEPEST} levels deep")


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) < LONGEST else digits


def _broken(digits: str) -> float | str:
    number = float(digits)
    return digits if number in {float("inf"), float("-inf")} else number


def _constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


_decoder = json.JSONDecoder(parse_int=_whole, parse_float=_broken, parse_constant=_constant)
