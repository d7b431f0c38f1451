"""Three-way merge of text by lines.

Where both sides only inserted at one place, both insertions stay, the older first. Where they
wrote over the same lines, the newer side's lines stand. Swapping the sides is the caller's matter:
what is older is decided once for a record.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


LONGEST = 2000  # lines; above that comparing takes seconds

Lines = Sequence[str]


class Woven(NamedTuple):
    """A merged text; `clean` if nothing that the older side wrote was written over."""

    text: str
    clean: bool


class _Part(NamedTuple):
    """One stretch of the three texts: what stands there in each."""

    base: Lines
    older: Lines
    newer: Lines


def split(text: str) -> list[str]:
    """The lines of a text; an empty one has none."""
    return text.split("\n") if text else []


def weave(base: str, older: str, newer: str) -> Woven | None:
    """The merged text; None if one of them is too long to be compared by lines."""
    sides = [split(text) for text in (base, older, newer)]
    if max(map(len, sides)) > LONGEST:
        return None
    lines: list[str] = []
    clean = True
    for part in _parts(*sides):
        if part.newer in (part.older, part.base):
            lines += part.older
        elif part.older == part.base:
            lines += part.newer
        elif not part.base:
            lines += _both(part.older, part.newer)
        else:
            lines += part.newer
            clean = False
    return Woven("\n".join(lines), clean)


def added(base: str, older: str, newer: str) -> str | None:
    """The base with what both sides inserted; None where one of them took a line away.

    Texts of any length: a line of the base is the first in a side that can be it.
    """
    lines = split(base)
    gaps = [_gaps(lines, split(side)) for side in (older, newer)]
    if gaps[0] is None or gaps[1] is None:
        return None
    merged: list[str] = []
    for at, (one, two) in enumerate(zip(gaps[0], gaps[1], strict=True)):
        merged += [*_both(one, two), *lines[at : at + 1]]
    return "\n".join(merged)


def _gaps(base: Lines, side: Lines) -> list[Lines] | None:
    """What a side has before each line of the base, and behind the last."""
    gaps: list[Lines] = []
    start = 0
    for line in base:
        try:
            at = side.index(line, start)
        except ValueError:
            return None
        gaps.append(side[start:at])
        start = at + 1
    return [*gaps, side[start:]]


def join(older: str, newer: str) -> str:
    """Both texts, the older first; one of them where it holds the other as a run of lines."""
    return "\n".join(_both(split(older), split(newer)))


def together(older: str, newer: str) -> str:
    """Both texts, the older first, and lines with which both begin once."""
    one, two = split(older), split(newer)
    same = 0
    for first, second in zip(one, two, strict=False):
        if first != second:
            break
        same += 1
    return "\n".join([*one[:same], *_both(one[same:], two[same:])])


def holds(whole: str, part: str) -> bool:
    """Whether every line of `part` stands in `whole`, in that order."""
    lines = iter(split(whole))
    return all(line in lines for line in split(part))


def _both(older: Lines, newer: Lines) -> Lines:
    if _has_run(newer, older):
        return newer
    if _has_run(older, newer):
        return older
    return [*older, *newer]


def _has_run(lines: Lines, run: Lines) -> bool:
    size = len(run)
    return any(lines[at : at + size] == run for at in range(len(lines) - size + 1))


def _parts(base: Lines, older: Lines, newer: Lines) -> Iterator[_Part]:
    """The texts cut at the lines that all three share (the regions of diff3)."""
    b = o = n = 0
    for shared in _shared(base, older, newer):
        start, in_older, in_newer, size = shared
        yield _Part(base[b:start], older[o:in_older], newer[n:in_newer])
        same = base[start : start + size]
        yield _Part(same, same, same)
        b, o, n = start + size, in_older + size, in_newer + size
    yield _Part(base[b:], older[o:], newer[n:])


def _shared(base: Lines, older: Lines, newer: Lines) -> Iterator[tuple[int, int, int, int]]:
    """Runs of lines that match in all three: where in each, and how many."""
    one, two = _matches(base, older), _matches(base, newer)
    i = j = 0
    while i < len(one) and j < len(two):
        (a, in_older, some), (b, in_newer, others) = one[i], two[j]
        start, end = max(a, b), min(a + some, b + others)
        if start < end:
            yield start, in_older + start - a, in_newer + start - b, end - start
        if a + some < b + others:
            i += 1
        else:
            j += 1


def _matches(base: Lines, side: Lines) -> list[tuple[int, int, int]]:
    from difflib import SequenceMatcher

    matcher = SequenceMatcher(None, base, side, autojunk=False)
    return [(at, other, size) for at, other, size in matcher.get_matching_blocks()]
