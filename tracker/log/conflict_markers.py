"""Split a file with git's conflict markers into its two sides.

Blocks may lie within each other, as after a merge of files that held markers already; every `<<<<`
opens one and every `>>>>` closes the last. A marker that belongs to no block is dropped.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from tracker.log.lines import MARKER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


DEEPEST = 20  # blocks within blocks; beyond that the markers are rubbish and only dropped
_ANY = re.compile(rb"^(?:\xef\xbb\xbf)*(?:<{7}|={7}|>{7}|\|{7})[^\n]*", re.MULTILINE)
_SIGNS = (b"<" * 7, b"=" * 7, b">" * 7, b"|" * 7)


class Halves(NamedTuple):
    """What each version of a conflicted file was; lines outside the markers are in all three."""

    base: bytes
    ours: bytes
    theirs: bytes


def has_markers(data: bytes) -> bool:
    """Whether some line is a conflict marker."""
    if not any(sign in data for sign in _SIGNS):  # much faster, and most files
        return False
    return any(_sign(match[0]) for match in _ANY.finditer(data))


def conflicts(data: bytes) -> int:
    """How many conflicts the markers open."""
    return sum(_sign(match[0]) == b"<" for match in _ANY.finditer(data))


def halves(data: bytes, resolve: Callable[[bytes], bytes]) -> Halves:
    """The three files; `resolve` takes the markers out of a half that holds some itself."""
    files: dict[bytes, list[bytes]] = {b"|": [], b"<": [], b"=": []}
    block: dict[bytes, list[bytes]] = {}
    part = b""
    depth = 0
    too_deep = _depth(data) > DEEPEST
    for line in data.split(b"\n"):
        sign = _sign(line)
        if too_deep and sign:
            continue
        depth += (sign == b"<") - (sign == b">" and depth > 0)
        if sign == b"<" and depth == 1:
            block, part = {b"|": [], b"<": [], b"=": []}, sign
        elif sign in {b"|", b"="} and depth == 1 and part != b"=":
            part = sign
        elif sign == b">" and depth == 0:
            _close(files, block, resolve)
            block, part = {}, b""
        elif part:
            block[part].append(line)
        elif not sign:
            for file in files.values():
                file.append(line)
    _close(files, block, resolve)
    return Halves(*(b"\n".join(files[sign]) for sign in (b"|", b"<", b"=")))


def _sign(line: bytes) -> bytes:
    """The character of the marker that a line is."""
    match = MARKER.match(line)
    return match[1][:1] if match else b""


def _depth(data: bytes) -> int:
    depth = deepest = 0
    for line in data.split(b"\n"):
        sign = _sign(line)
        depth = max(0, depth + (sign == b"<") - (sign == b">"))
        deepest = max(deepest, depth)
    return deepest


def _close(
    files: dict[bytes, list[bytes]],
    block: dict[bytes, list[bytes]],
    resolve: Callable[[bytes], bytes],
) -> None:
    for sign, lines in block.items():
        files[sign] += _resolved(lines, resolve)


def _resolved(lines: list[bytes], resolve: Callable[[bytes], bytes]) -> Iterable[bytes]:
    if not any(map(_sign, lines)):
        return lines
    if not any(_sign(line) in {b"<", b">"} for line in lines):  # lone separators
        return [line for line in lines if not _sign(line)]
    return resolve(b"\n".join(lines)).split(b"\n")
