"""Ids: how one is made, and which issue a short form means.

`<prefix>-<hash>`, the hash as Beads 0.49 makes it: SHA-256 of
`title|description|creator|nanoseconds|nonce`, its first bytes as a number in base 36. Ours are two
characters longer and their nonce is random, so that two clones do not meet. A child is
`<parent>.<n>`.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NamedTuple

from tracker.errors import Ambiguous, Invalid, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tracker.log import Records

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


def resolve(text: str, records: Records, prefix: str = "") -> str:
    """The id that `text` means: exact, an alias, without its prefix, or part of the hash.

    An alias without its prefix is the last that is thought of.

    Raises NotFound, or Ambiguous with every candidate.
    """
    wanted = text.strip()
    for candidate in (wanted, f"{prefix}-{wanted}" if prefix else ""):
        if candidate and records.get_issue(candidate) is not None:
            return candidate
    renamed = records.renamed(wanted) if wanted else None
    if renamed is not None:
        return renamed
    part = wanted.rpartition("-")[2]
    every = list(records.all_ids())
    if wanted:
        exact = [id for id in every if hash_part(id) == wanted]
        matches = exact or [id for id in every if _matches(id, wanted)]
        live = [id for id in matches if _is_live(records, id)] if len(matches) > 1 else matches
        if len(live) == 1:
            return live[0]
        if live:
            raise Ambiguous(wanted, sorted(live))
        renamed = records.renamed(f"{prefix}-{wanted}")
        if renamed is not None:
            return renamed
    raise NotFound(wanted, nearest(part, every))


def _matches(id: str, wanted: str) -> bool:
    return id.startswith(wanted) if "-" in wanted else wanted in hash_part(id)


def _is_live(records: Records, id: str) -> bool:
    issue = records.get_issue(id)
    return issue is not None and issue.status != "tombstone"


def hash_part(id: str) -> str:
    """What follows the prefix, children's numbers included."""
    return id[len(prefix_of(id)) :].lstrip("-")


def nearest(part: str, every: Iterable[str]) -> list[str]:
    """Up to three ids that somebody may have meant."""
    import difflib

    by_hash = {hash_part(id): id for id in every}
    return [by_hash[match] for match in difflib.get_close_matches(part, by_hash, 3, 0.7)]
