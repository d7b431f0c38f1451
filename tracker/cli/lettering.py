"""Text in pictures: escaped, measured without a font, cut to its room; and times of work."""

from __future__ import annotations

import re

from tracker.cli.plain import one_line

COLOURS = """
svg{--bg:#fff;--lane:#f5f6f8;--line:#dfe3e8;--card:#fff;--text:#1c2128;--dim:#667080;--arrow:#a9b2bd;
--critical:#d1242f;--ready:#1a7f37;--in_progress:#0969da;--blocked:#b7791f;--deferred:#7d8590;
--open:#7d8590;--closed:#a3abb5;background:var(--bg);
font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
@media(prefers-color-scheme:dark){svg{--bg:#0d1117;--lane:#151b23;--line:#2d343d;--card:#1c232c;
--text:#e6edf3;--dim:#9198a1;--arrow:#545d68;--critical:#ff7b72;--ready:#3fb950;--in_progress:#58a6ff;
--blocked:#d9a441;--deferred:#8b949e;--open:#8b949e;--closed:#5d6570}}
text{fill:var(--text);font-size:12.5px}
.dim{fill:var(--dim)}.name{font-size:18px;font-weight:600}
"""
"""How pictures look: text, and colours that follow the viewer's scheme."""


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
    """Minutes of work as `--estimate` takes them: `45m`, `2h`, `6h30m`."""
    hours, rest = divmod(minutes, 60)
    return (f"{hours}h" if hours else "") + (f"{rest}m" if rest or not hours else "")
