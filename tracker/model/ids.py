"""Make and parse issue ids, and find them in prose."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NamedTuple

from tracker.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


VALID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:+-]{0,127}\Z")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_BYTES = {3: 2, 4: 3, 5: 4, 6: 4, 7: 5, 8: 5}
LONGEST = 8


class Seed(NamedTuple):
    """What an id is made of; `created` is in nanoseconds, `nonce` is 64 random bits."""

    title: str
    description: str
    creator: str
    created: int
    nonce: int


def hashed(seed: Seed, length: int) -> str:
    """The hash part of an id, 3 to 8 characters of base 36."""
    import hashlib

    text = "|".join(str(part) for part in seed).encode(errors="surrogatepass")
    number = int.from_bytes(hashlib.sha256(text).digest()[: _BYTES[length]], "big")
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits.rjust(length, "0")[-length:]


def adaptive_length(count: int) -> int:
    """Beads' length for so many issues: the chance of any collision stays below a quarter."""
    for length in range(3, LONGEST):
        if 1 - math.exp(-(count**2) / (2 * 36**length)) <= 0.25:
            return length
    return LONGEST


def make(prefix: str, seed: Seed, count: int, taken: Callable[[str], bool]) -> str:
    """A new id, two characters longer than Beads would make it (5 to 8)."""
    for length in range(min(adaptive_length(count) + 2, LONGEST), LONGEST + 1):
        for more in range(10):
            id = f"{prefix}-{hashed(seed._replace(nonce=seed.nonce + more), length)}"
            if not taken(id):
                return id
    raise Invalid(f"no free id with the prefix '{prefix}'", hint="choose one with --id")


def child(parent: str, known: Iterable[str]) -> str:
    """The next child id: one more than the highest child known, which need not exist any more."""
    start = f"{parent}."
    tails = [id[len(start) :].partition(".")[0] for id in known if id.startswith(start)]
    numbers = [int(tail) for tail in tails if _is_number(tail)]
    return f"{parent}.{max(numbers, default=0) + 1}"


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def prefix_of(id: str) -> str:
    """Everything before the last hyphen: prefixes may hold hyphens and dots themselves."""
    return id.rpartition("-")[0]


def is_top_level(id: str) -> bool:
    """Whether the id is no child's `<parent>.<n>`, by its form."""
    return "." not in hash_part(id)


def check_prefix(prefix: str) -> str:
    """The prefix without trailing hyphens. Raises Invalid for one that makes no good ids."""
    stripped = prefix.rstrip("-")
    if not VALID.match(stripped):
        raise Invalid(
            f"invalid prefix {prefix!r}: letters, digits, '.', '_' and '-' only, up to 128",
            hint="bd init --prefix myproject",
        )
    return stripped


def check_id(id: str) -> str:
    """The id. Raises Invalid for one that could not be typed back or is no id."""
    odd = ".." in id or "-." in id or id.endswith((".", "-"))
    if not VALID.match(id) or "-" not in id or odd:
        raise Invalid(
            f"invalid id {id!r}: expected PREFIX-NAME of letters, digits, '.', '_' and '-'",
            hint="leave --id out to have one made",
        )
    return id


def is_match(id: str, wanted: str) -> bool:
    """Return whether a short id means this id: its beginning, or a part of its hash."""
    return id.startswith(wanted) if "-" in wanted else wanted in hash_part(id)


def hash_part(id: str) -> str:
    """What follows the prefix, children's numbers included."""
    return id[len(prefix_of(id)) :].lstrip("-")


def nearest(part: str, every: Iterable[str]) -> list[str]:
    """Up to three ids that somebody may have meant."""
    import difflib

    by_hash = {hash_part(id): id for id in every}
    return [by_hash[match] for match in difflib.get_close_matches(part, by_hash, 3, 0.7)]


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
