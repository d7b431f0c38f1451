"""Find memories that say the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from tracker.errors import quoted
from tracker.model.status import TOMBSTONE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tracker.model.memory import Memory


NEAR = 0.85  # share of common words from which two texts say nearly the same
FEWEST = 5  # words that a text needs for that: shorter ones are often alike by chance
SHOWN = 3
SAMPLE = 3  # words
_WORD = re.compile(r"\w+")


class Echo(NamedTuple):
    """A memory that says the same as a new one, word for word or nearly.

    `recalled` if it was put before an agent a moment ago.
    """

    key: str
    of: str
    share: float
    recalled: bool = False

    def __str__(self) -> str:
        when = ", which was recalled just now," if self.recalled else ""
        if self.share == 1.0:
            return (
                f"{self.key}{when} says this already, word for word: {self.of} adds nothing"
                f" (bd memory forget {quoted(self.of)})"
            )
        return (
            f"{self.key}{when} says nearly the same ({self.share:.0%} of the words)"
            f" (bd memory supersede {quoted(self.key)} {quoted(self.of)})"
        )


def telling(content: str) -> list[str]:
    """The longest words of a text, of which whoever says the same has at least one."""
    words = sorted(set(_words(content)), key=lambda word: (-len(word), word))
    return words[:SAMPLE]


def echoes(memory: Memory, others: Iterable[Memory]) -> list[Echo]:
    """The memories that say the same, the nearest first; case and punctuation do not matter."""
    words = _words(memory.content)
    found = [
        Echo(one.key, memory.key, share)
        for one in others
        if one.key != memory.key and one.status != TOMBSTONE and one.key not in memory.supersedes
        for share in _shares(words, one.content)
    ]
    return sorted(found, key=lambda echo: (-echo.share, echo.key))[:SHOWN]


def _shares(words: list[str], content: str) -> Iterator[float]:
    """The share of the words that two texts have in common, where it is high."""
    size = sum(map(len, words))
    if not NEAR * size <= len(content) <= 3 * size + 100:
        return  # too short or too long to say the same: most texts are, and need no more look
    other = _words(content)
    if other == words:
        if words:
            yield 1.0
        return
    one, two = set(words), set(other)
    if min(len(one), len(two)) >= FEWEST:
        share = len(one & two) / len(one | two)
        if share >= NEAR:
            yield min(share, 0.99)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
