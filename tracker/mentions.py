"""Ids within prose: finding them, and putting others in their place. An id is matched whole."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:+-]*", re.ASCII)
_END = ".:+-"  # what an id may hold and never ends with: "see bd-a1b2c."


def words(text: str) -> Iterator[str]:
    """Every word of a text that has the form of an id, with repetitions."""
    return (match[0].rstrip(_END) for match in _WORD.finditer(text) if "-" in match[0])


def renamed(text: str, names: Mapping[str, str]) -> str:
    """The text with each id that is a key of `names` replaced; `bd-a.1` does not mention `bd-a`."""

    def other(match: re.Match[str]) -> str:
        word = match[0].rstrip(_END)
        return names.get(word, word) + match[0][len(word) :]

    return _WORD.sub(other, text)
