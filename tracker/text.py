"""Text that is safe for a terminal; durations; fingerprints of text."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any


_BATCH = 64  # a single text of everything is copied often, and one emoji makes all of it wide

# Characters that show nothing of themselves, or turn the direction of what is around them: soft
# hyphen, joiners, fillers, selectors of variants, marks of direction, tags.
_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
_UNSEEN = frozenset(  # those that Python calls printable all the same
    map(chr, (0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, 0x3164, 0xFFA0,
              *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)  # fmt: skip
_BREAKS = "\r?[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]|\r(?!\n)"  # lines end there, but not for all
_STEERING = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029"
_FLAG = "\U0001f3f4(?:{})\U000e007f"  # the three flags that are spelled by tags
_FLAGS = ("gbeng", "gbsct", "gbwls")


def printable(text: str) -> str:
    """Text that steers no terminal, hides nothing and is read in its order; lines and tabs stay.

    Sequences for terminals and control characters are left out, and what else ends a line becomes a
    space. Characters that are invisible or change the direction become visible: `\u202e`. Only
    where a script or an emoji needs one it stays: a joiner between letters of scripts that join
    (Persian, Hindi), or between two emoji, and one selector behind the sign that it varies.
    """
    if _is_harmless(text):
        return text
    import re

    # Whole sequences first, or their visible rest would stay behind as litter.
    text = re.sub(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]", "", text)
    text = re.sub(
        r"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x90-\x9f\n]*(?:\x07|\x1b\\|\x9c)", "", text
    )
    text = re.sub(r"\x1b[ -/]*[0-~]", "", text)
    text = re.sub("[\ud800-\udfff]", "\ufffd", re.sub(_BREAKS, " ", text))
    return visible(re.sub("[\x00-\x08\x0b-\x1f\x7f-\x9f]", "", text))


def spelled(text: str) -> str:
    """JSON, or a text of lines, with what could steer a terminal or hide spelled as JSON does."""
    if _is_harmless(text):
        return text
    import re

    return visible(re.sub(f"[{_STEERING}]", lambda found: _escape(found[0]), text), _escape)


def one_line(text: str) -> str:
    """Printable text without line breaks."""
    return printable(text.replace("\r\n", " ").replace("\n", " "))


def visible(text: str, spelling: Callable[[str], str] | None = None) -> str:
    """Text with each invisible character spelled out, but for those that belong where they are."""
    import re

    spell = spelling or _name_of
    tags = "|".join("".join(chr(0xE0000 + ord(c)) for c in name) for name in _FLAGS)
    return re.sub(
        f"{_FLAG.format(tags)}|[{_INVISIBLE}]",
        lambda found: found[0] if _belongs(found.string, *found.span()) else spell(found[0]),
        text,
    )


def _is_harmless(text: str) -> bool:
    """Whether there is nothing to do, as nearly always; without a pattern."""
    if not text.replace("\n", "").replace("\t", "").isprintable():
        return False
    return text.isascii() or _UNSEEN.isdisjoint(text)


def _name_of(sign: str) -> str:
    code = ord(sign)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _escape(sign: str) -> str:
    """A character as JSON spells it."""
    data = sign.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{data[at]:02x}{data[at + 1]:02x}" for at in range(0, len(data), 2))


def _belongs(text: str, start: int, end: int) -> bool:
    """Whether what is invisible there is needed to show the letters or the emoji around it."""
    if end - start > 1:
        return True  # a flag
    sign, before, after = text[start], text[start - 1 : start], text[end : end + 1]
    if sign in "\u200c\u200d":
        if _is_in(before, _JOINED) and _is_in(after, _JOINED):
            return True
        if before == "\ufe0f":
            before = text[max(0, start - 2) : start - 1]
        return sign == "\u200d" and _is_in(before, _EMOJI) and _is_in(after, _EMOJI)
    if "\ufe00" <= sign <= "\ufe0f":
        is_key = sign == "\ufe0f" and before in {*"#*0123456789"} and after == "\u20e3"
        return is_key or _is_in(before, _EMOJI if sign >= "\ufe0e" else _VARIED)
    if "\U000e0100" <= sign <= "\U000e01ef":
        return _is_in(before, _IDEOGRAPHS)
    return "\u180b" <= sign <= "\u180f" and _is_in(before, (("\u1820", "\u18aa"),))


def _is_in(sign: str, ranges: Sequence[tuple[str, str]]) -> bool:
    return bool(sign) and any(first <= sign <= last for first, last in ranges)


_EMOJI = (
    ("\u00a9", "\u00a9"), ("\u00ae", "\u00ae"), ("\u203c", "\u203c"), ("\u2049", "\u2049"),
    ("\u2122", "\u2122"), ("\u2139", "\u2139"), ("\u2190", "\u2bff"), ("\u3030", "\u303d"),
    ("\u3297", "\u3299"), ("\U0001f000", "\U0001faff"),
)  # fmt: skip
_IDEOGRAPHS = (("\u3400", "\u9fff"), ("\uf900", "\ufaff"), ("\U00020000", "\U0003ffff"))
_VARIED = (
    *_IDEOGRAPHS, ("\u1000", "\u109f"), ("\u2200", "\u22ff"), ("\u2a00", "\u2aff"),
    ("\u3001", "\u3002"), ("\ua840", "\ua877"), ("\uff01", "\uff60"),
)  # fmt: skip
_JOINED = (  # Arabic and its kin, the scripts of India and around
    ("\u0620", "\u08ff"), ("\u0900", "\u0dff"), ("\u0f00", "\u109f"), ("\u1780", "\u17b3"),
    ("\u17b6", "\u17d3"), ("\u1820", "\u18aa"), ("\u1900", "\u1aff"), ("\u1b00", "\u1c4f"),
    ("\ua800", "\ua9ff"), ("\uaa00", "\uaaff"), ("\uabc0", "\uabff"), ("\ufb50", "\ufdff"),
    ("\ufe70", "\ufefc"), ("\U00010a00", "\U00011fff"),
)  # fmt: skip


def pretty(value: Any) -> str:
    """A JSON document as Beads prints it; what UTF-8 cannot hold is escaped."""
    import json

    try:
        text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    except ValueError:  # 1e999 in a record
        from tracker import json_text

        text = json.dumps(json_text.finite(value), indent=2, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode() + "\n"


def array(texts: Sequence[str], *, envelope: bool, total: int | None) -> Iterator[str]:
    """A JSON array of ready-made objects in some pieces; an envelope counts them."""
    shown = len(texts)
    margin = "\n  " if envelope else "\n"
    yield '{\n  "data": [' if envelope else "["
    for start in range(0, shown, _BATCH):
        batch = ",\n  ".join(texts[start : start + _BATCH])
        text = f",\n  {batch}" if start else f"\n  {batch}"
        yield text.replace("\n", margin)  # JSON text holds no newline inside a string
    yield f"{margin}]" if texts else "]"
    if envelope:
        count = shown if total is None else total
        yield f',\n  "total": {count},\n  "shown": {shown}\n}}'
    yield "\n"


MOST_DIGITS = 15
"""Digits that count: a float holds such a number, and so does every database."""


def whole_number(text: str) -> int | None:
    """The number that ASCII digits spell; None for any other text, and for more than 15 digits.

    `str.isdigit` is true of "²", which is no number for `int`, and of digits of other scripts.
    """
    text = text.strip()
    is_number = text.isascii() and text.isdigit() and len(text.lstrip("0")) <= MOST_DIGITS
    return int(text) if is_number else None


def spent(minutes: int) -> str:
    """Minutes of work as `--estimate` takes them: `45m`, `2h`, `6h30m`."""
    hours, rest = divmod(minutes, 60)
    return (f"{hours}h" if hours else "") + (f"{rest}m" if rest or not hours else "")


class Terminal(NamedTuple):
    """What can be shown: so many letters in a row, so many rows, colours or none.

    `pager` are the words that start it, none for no pager.
    """

    width: int
    height: int
    colour: bool
    pager: tuple[str, ...] = ()


_PRIME = (1 << 61) - 1


def fingerprint(*texts: str) -> int:
    """A number that differs where the texts do: what they spell as one number, modulo a prime."""
    return int.from_bytes("\0".join(texts).encode(), "big") % _PRIME
