"""A marked block in a file that belongs to somebody else.

The first mark says what is needed for that: the version, the start of the text's SHA-256, and what
was added before it. So any clone can take the text out again, and a text that somebody edited is
told from one that is merely old. Nothing here reads or writes: a file is its bytes, or None.
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from tracker.errors import Refused

NEW = "new"  # in place of the number of line ends that were added: the file is ours as well
_BEGIN = rb" v(?P<version>\d+) (?P<digest>[0-9a-f]{8})\+(?P<gap>new|\d)"


class FoundBlock(NamedTuple):
    """A text of ours in a file, and what stands before and after it.

    `gap` is how many line ends (each `end`) of `before` came with it, or `NEW`. It `is_edited` if
    somebody changed it after we wrote it.
    """

    before: bytes
    text: str
    after: bytes
    gap: str
    end: bytes
    is_edited: bool


class Block(NamedTuple):
    """A text for the file at `path`. A new file begins with `head`; `comment` encloses the marks.

    Laws: taking out what was put in gives the same bytes, or no file where there was none; putting
    in what is there changes nothing.
    """

    path: str
    text: str
    head: str = ""
    comment: tuple[str, str] = ("<!-- ", " -->")

    def put(self, data: bytes | None) -> bytes:
        """The file with the text in it. Raises Refused where that would lose somebody's words."""
        if data is None:
            return self.head.encode() + self._marked(NEW)
        found = self.found(data)
        if found is None:
            end = b"\r\n" if b"\r\n" in data else b"\n"
            gap = 0 if not data else 1 if data.endswith(b"\n") else 2
            return data + end * gap + self._marked(str(gap), end)
        if found.text == self.text:
            return data
        self._check(found)
        return found.before + self._marked(found.gap, found.end) + found.after

    def taken(self, data: bytes, *, force: bool = False) -> bytes | None:
        """The file without it; None where it held nothing else and we made it.

        Raises Refused where somebody edited the text, unless that may be lost (`force`).
        """
        found = self.found(data)
        if found is None:
            return data
        if not force:
            self._check(found)
        before = found.before
        if found.gap == NEW:
            rest = before + found.after
            return None if rest.strip() == self.head.strip().encode() else rest
        for _ in range(int(found.gap)):
            before = before.removesuffix(found.end)
        return before + found.after

    def remark(self, data: bytes | None) -> str:
        """What is left to do by hand; "" for nothing."""
        if data is not None and b"BEGIN BEADS INTEGRATION" in data:
            return f"{self.path} also holds a block of Beads: one of the two is enough"
        return ""

    def found(self, data: bytes) -> FoundBlock | None:
        """The text of ours in a file. Raises Refused where there are several, or half of one."""
        begins = list(re.finditer(self._pattern(b"begin", _BEGIN), data, re.MULTILINE))
        ends = list(re.finditer(self._pattern(b"end"), data, re.MULTILINE))
        if not begins and not ends:
            return None
        if len(begins) != 1 or len(ends) != 1 or ends[0].start() < begins[0].end():
            raise Refused(
                f"{self.path}: its lines `bd setup: begin` and `bd setup: end` do not fit together",
                hint=f"take them out of {self.path}, with what is between them",
            )
        begin, end = begins[0], ends[0]
        text = data[begin.end() : end.start()].decode("utf-8", "replace").replace("\r\n", "\n")
        is_edited = _digest(text) != begin["digest"].decode()
        gap = begin["gap"].decode()
        line = b"\r\n" if begin[0].endswith(b"\r\n") else b"\n"
        return FoundBlock(data[: begin.start()], text, data[end.end() :], gap, line, is_edited)

    def _pattern(self, word: bytes, more: bytes = b"") -> bytes:
        """A whole line that is a mark."""
        opening, closing = (re.escape(part.strip()).encode() for part in self.comment)
        return b"^" + opening + b" bd setup: " + word + more + b" ?" + closing + rb"(?:\r?\n|\Z)"

    def _marked(self, gap: str, end: bytes = b"\n") -> bytes:
        opening, closing = self.comment
        begin = f"{opening}bd setup: begin v1 {_digest(self.text)}+{gap}{closing}"
        text = f"{begin}\n{self.text}{opening}bd setup: end{closing}\n"
        return text.encode().replace(b"\n", end)

    def _check(self, found: FoundBlock) -> None:
        if found.is_edited:
            raise Refused(
                f"{self.path}: the text that bd setup wrote there was edited since",
                hint=f"move your words out of it, or: bd setup ... --force ({self.path})",
            )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
