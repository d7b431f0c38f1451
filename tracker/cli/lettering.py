"""Text in pictures: escaped, measured without a font, cut to its room; and times of work."""

from __future__ import annotations

import re

from tracker.cli.plain import one_line


def escaped(text: str) -> str:
    """Text for a text node or an attribute in quotes, on one line and legal in XML."""
    text = re.sub("[\ufffe\uffff]", "\ufffd", one_line(text).replace("\t", " "))
    for plain, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(plain, entity)
    return text.replace("'", "&#39;")


def width(text: str) -> float:
    """How wide a text is at most, in average letters."""
    return sum(1.0 if char.isascii() else 1.9 if _is_wide(char) else 1.15 for char in text)


def _is_wide(char: str) -> bool:
    import unicodedata

    return unicodedata.east_asian_width(char) in "WF"


def cut(text: str, room: float) -> str:
    """As much of a text as fits."""
    if width(text) <= room:
        return text
    used, kept = width("…"), []
    for char in text:
        used += width(char)
        if used > room:
            break
        kept.append(char)
    return "".join(kept).rstrip() + "…"


def wrapped(text: str, room: float) -> tuple[str, str]:
    """A text on two lines, the second one cut; broken at a blank where there is one."""
    if width(text) <= room:
        return text, ""
    first = cut(text, room + 1).removesuffix("…")
    at = first.rfind(" ")
    if at > len(first) // 2:
        first = first[:at]
    return first, cut(text[len(first) :].lstrip(), room)


def spent(minutes: int) -> str:
    """Minutes of work as people say them: `45 min`, `2 h`, `6 h 30 min`."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def brief(minutes: int) -> str:
    """The same with few letters: `45m`, `2h`, `6h30`."""
    hours, rest = divmod(minutes, 60)
    return f"{hours}h{rest:02}" if hours and rest else f"{hours}h" if hours else f"{rest}m"
