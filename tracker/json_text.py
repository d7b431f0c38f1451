"""Parse JSON that others wrote, within bounds; raw members, quoting and layout."""

from __future__ import annotations

import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]  # C code; stable since 2.6
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any


DEEPEST = 200
"""Levels of nesting."""
LONGEST = 4000
"""Digits of a number."""


def loads(text: str | bytes) -> Any:
    """The value of a JSON text. Raises ValueError where it is none, or nested too deeply.

    A number that Python cannot hold is the text that it was.
    """
    if isinstance(text, bytes):
        text = text.decode(json.detect_encoding(text))
    try:
        found = _decoder.decode(text.removeprefix("\ufeff"))
    except RecursionError:
        raise _too_deep() from None
    if text.count("[") + text.count("{") > DEEPEST and is_deep(found):
        raise _too_deep()
    return found


def finite(value: Any) -> Any:
    """A value in which numbers that JSON cannot spell are texts."""
    if isinstance(value, dict):
        return {name: finite(held) for name, held in value.items()}
    if isinstance(value, list | tuple):
        return [finite(held) for held in value]
    return str(value) if isinstance(value, float) and value - value != 0 else value


def is_deep(value: Any, deepest: int = DEEPEST) -> bool:
    """Whether a value is nested in more levels than that."""
    level = _nests([value])
    for _ in range(deepest):
        level = [one for held in level for one in _nests(held)]
        if not level:
            return False
    return True


def _nests(held: Any) -> list[Any]:
    inside = held.values() if isinstance(held, dict) else held
    return [one for one in inside if isinstance(one, dict | list)]


def _too_deep() -> ValueError:
    return ValueError(f"it is nested more than {DEEPEST} levels deep")


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) < LONGEST else digits


def _broken(digits: str) -> float | str:
    number = float(digits)
    return digits if number in {float("inf"), float("-inf")} else number


def _constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


_decoder = json.JSONDecoder(parse_int=_whole, parse_float=_broken, parse_constant=_constant)

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


_SPACE = re.compile(r"[ \t\r\n]*")
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]')
_SURROGATE = re.compile("[\ud800-\udfff]")


DEEP = object()
"""Stands for a value that is nested too deeply to be built: its text is all there is."""


class Member(NamedTuple):
    """One key of an object: its value, and the text that the value was."""

    value: Any
    raw: str


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _number(digits: str) -> int | float:
    # CPython refuses to convert more than 4,300 digits; a float is carried as raw text anyway.
    return int(digits) if len(digits) < 4000 else float(digits)


_scan = json.JSONDecoder(parse_constant=_no_constant, parse_int=_number).scan_once  # type: ignore[attr-defined]


def members(text: str, start: int = 0) -> tuple[dict[str, Member], int]:
    """The keys of the JSON object that begins at `start`, and where it ends.

    Of a repeated key the last value counts. Raises ValueError where there is no object.
    """
    found: dict[str, Member] = {}
    at = skip_space(text, start)
    if text[at : at + 1] != "{":
        raise ValueError("not a JSON object")
    at = skip_space(text, at + 1)
    if text[at : at + 1] == "}":
        return found, at + 1
    while True:
        if text[at : at + 1] != '"':
            raise ValueError(f"a key is missing at column {at + 1}")
        name, at = scanstring(text, at + 1, True)  # noqa: FBT003  (C code takes no keywords)
        at = skip_space(text, at)
        if text[at : at + 1] != ":":
            raise ValueError(f"':' is missing at column {at + 1}")
        begin = skip_space(text, at + 1)
        try:
            value, at = _scan(text, begin)
        except StopIteration:
            raise ValueError(f"a value is missing at column {begin + 1}") from None
        except RecursionError:
            value, at = DEEP, _end(text, begin)
        found[name] = Member(value, text[begin:at])
        at = skip_space(text, at)
        separator = text[at : at + 1]
        if separator == "}":
            return found, at + 1
        if separator != ",":
            raise ValueError(f"',' or '}}' is missing at column {at + 1}")
        at = skip_space(text, at + 1)


def _end(text: str, start: int) -> int:
    for end, depth in depths(text, start):
        if not depth:
            return end
    raise ValueError(f"the value at column {start + 1} does not end")


def depths(text: str, start: int = 0) -> Iterator[tuple[int, int]]:
    """How deep the text is nested behind each bracket, string and brace, by where that ends."""
    depth = 0
    for token in _TOKEN.finditer(text, start):
        depth += (token[0] in "[{") - (token[0] in "]}")
        yield token.end(), depth


def skip_space(text: str, at: int) -> int:
    """Where the next character stands that JSON does not call whitespace."""
    match = _SPACE.match(text, at)
    return match.end() if match else at


def quote(value: Any) -> str:
    """A JSON text with everything literal that may be; lone surrogates stay escapes."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError:  # 1e999 in a record
        text = json.dumps(finite(value), ensure_ascii=False)
    return _escaped(text)


def _escaped(text: str) -> str:
    return _SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def in_order(raws: Mapping[str, str], rank: Mapping[str, int]) -> bytes:
    """The object of these raw values: names by their rank, those without one behind, sorted."""
    names = sorted(raws, key=lambda name: (rank.get(name, len(rank)), name))
    line = "{" + ",".join(f"{quote(name)}:{raws[name]}" for name in names) + "}"
    try:
        return line.encode()
    except UnicodeEncodeError:  # raw text that was put together from a Python value
        return _escaped(line).encode()
