"""Parse Markdown into a tree of blocks.

The parser is markdown-it; what is here turns its answer into plain text, and bytes of whatever
encoding into text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.tree import SyntaxTreeNode


_FRONT = re.compile(r"\A---[ \t]*\n.*?\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_ODD = re.compile(r"[^\x00-\x7f]+")
_MISREAD = ("cp1252", "mac_roman", "latin-1")
_TEXTS = frozenset({"text", "code_inline", "html_inline"})
_BREAKS = frozenset({"softbreak", "hardbreak"})


class TextNode(NamedTuple):
    """A text that was bytes; `remarks` tell what had to be guessed."""

    text: str
    remarks: tuple[str, ...] = ()


def decoded(data: bytes, *, mend: bool = True) -> TextNode:
    """The text of a file. What is not UTF-8 is taken for Windows' encoding of western Europe.

    UTF-8 that somebody read as another encoding and saved is read as it was meant, unless `mend`
    says no.
    """
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return TextNode(data.decode("utf-16", "replace"))
    remarks = []
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        remarks.append(f"line {line} is not UTF-8; it was read as Windows-1252")
        text = _guessed(data)
    if mend:
        text, count, example = mended(text)
        if count:
            remarks.append(f"{count} places are damaged, and were read as meant: {example}")
    return TextNode(text.replace("\r\n", "\n").replace("\r", "\n"), tuple(remarks))


def _guessed(data: bytes) -> str:
    """Line by line, so that one bad byte does not change what is good elsewhere."""
    lines = []
    for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        try:
            lines.append(line.decode())
        except UnicodeDecodeError:
            lines.append(line.decode("cp1252", "replace"))
    return "\n".join(lines)


def mended(text: str) -> tuple[str, int, str]:
    """The text with what was misread put right, how many places that were, and the first."""
    found: list[str] = []

    def meant(match: re.Match[str]) -> str:
        odd = match[0]
        for encoding in _MISREAD:
            try:
                right = odd.encode(encoding).decode()
            except UnicodeError:
                continue
            if not _is_likely(right):
                continue
            found.append(f"{odd} is {right}")
            return right
        return odd

    return _ODD.sub(meant, text), len(found), found[0] if found else ""


def _is_likely(right: str) -> bool:
    """Whether somebody wrote this: `à »` is UTF-8 for a sign of Samaritan, by accident."""
    usual = all(
        "\xa0" <= char <= "\u024f" or "\u2000" <= char <= "\u2bff" or char >= "\ufe0e"
        for char in right
    )
    return usual or len(right) > 2


def blocks(text: str) -> list[SyntaxTreeNode]:
    """The blocks of a document; lines are counted as in the whole text, front matter included."""
    from markdown_it import MarkdownIt
    from markdown_it.tree import SyntaxTreeNode

    front = _FRONT.match(text)
    if front is not None:
        text = "\n" * front[0].count("\n") + text[front.end() :]
    parser = MarkdownIt("commonmark").enable("table")
    return list(SyntaxTreeNode(parser.parse(text)).children)


def plain(node: SyntaxTreeNode) -> str:
    """The text of a heading or paragraph without its markup; lines stay lines."""
    return "".join(_pieces(node))


def _pieces(node: SyntaxTreeNode) -> Iterator[str]:
    if node.type in _TEXTS:
        yield node.content
    elif node.type in _BREAKS:
        yield "\n"
    elif node.type == "image":
        yield node.content
    else:
        for child in node.children:
            yield from _pieces(child)


def source(lines: Sequence[str], node: SyntaxTreeNode) -> str:
    """The lines of a block as they stand in the document, moved to the left."""
    import textwrap

    if node.map is None:
        return ""
    first, last = node.map
    rows = list(lines[first:last])
    while rows and not rows[-1].strip():
        rows.pop()
    return textwrap.dedent("\n".join(rows))


def inline(text: str) -> str:
    """A single line of Markdown without its markup."""
    from markdown_it import MarkdownIt
    from markdown_it.tree import SyntaxTreeNode

    return plain(SyntaxTreeNode(MarkdownIt("commonmark").parseInline(text)))
