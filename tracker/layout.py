"""JSON text laid out over lines, as programs and people read it, without parsing its values."""

from __future__ import annotations

import re

_DEEPEST = 40  # levels of JSON that are indented; what is deeper stays on its line
_TOKENS = re.compile(r'[ \t\r\n]+|"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},:]|[^\s"\[\]{},:]+', re.DOTALL)


def indented(text: str, depth: int) -> str:
    """JSON text laid out over lines, `depth` spaces deep; every value keeps its spelling."""
    parts: list[str] = []
    level = 0
    opened = False
    for match in _TOKENS.finditer(text):
        token = match[0]
        if token[0] in " \t\r\n":
            continue
        if token in {"}", "]"}:
            level -= 1
            parts += [token] if opened else [_newline(depth, level), token]
            opened = False
            continue
        if opened:
            parts.append(_newline(depth, level))
        opened = token in {"{", "["}
        parts.append(token)
        level += opened
        if token == ",":  # noqa: S105  # nosec B105  # a token of JSON
            parts.append(_newline(depth, level))
        elif token == ":":  # noqa: S105  # nosec B105
            parts.append(" ")
    return "".join(parts)


def _newline(depth: int, level: int) -> str:
    return "\n" + " " * (depth + 2 * level) if level < _DEEPEST else ""
