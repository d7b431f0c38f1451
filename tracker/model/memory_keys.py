"""Memory keys, slugs and key patterns.

A key is segments joined by `/`; all but the last are its namespace. In a pattern `*` and `?` stay
within a segment, `**` goes across, and a last `/*`, `/**` or `/` means everything below: for
`climate/*` that is `climate/drift` and `climate/ml/drift`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tracker.errors import Invalid, NoMemory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


WILD = re.compile(r"[*?\[]")
_ODD = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\\\\]")
_BETWEEN_WORDS = re.compile(r"[\W_]+")
_WORDS = 8  # of a text that become its key, as Beads has it
_LENGTH = 60  # characters of such a key


def check(key: str) -> str:
    """The key, without space around it. Raises Invalid for one that could not be typed back."""
    trimmed = key.strip()
    why = _fault(trimmed)
    if why:
        hint = "segments are joined by '/', such as climate/patterns/drift"
        raise Invalid(f"invalid key {key!r}: {why}", hint=hint)
    return trimmed


def _fault(key: str) -> str:
    from tracker.model.memory import KEY_LIMIT

    segments = key.split("/")
    faults = {
        "it is empty": not key,
        f"it must be {KEY_LIMIT} characters or less (got {len(key)})": len(key) > KEY_LIMIT,
        "it holds a control character or a backslash": _ODD.search(key),
        "*, ? and [ are for patterns": WILD.search(key),
        "a segment is empty": "" in segments,
        "'.' and '..' are no segments": {".", ".."} & set(segments),
        "a segment begins or ends with a space": any(one != one.strip() for one in segments),
    }
    return next((why for why, is_so in faults.items() if is_so), "")


def slug(text: str) -> str:
    """The key that Beads gives a text without one: its first eight words, 60 characters at most.

    Raises Invalid where the text has no words.
    """
    words = _BETWEEN_WORDS.sub("-", text.lower()).strip("-").split("-")[:_WORDS]
    found = "-".join(words)
    if len(found) > _LENGTH:
        cut = found[:_LENGTH]
        found = cut.rpartition("-")[0] or cut
    if not found:
        raise Invalid("the text has no words to make a key of", hint="give it one with --key KEY")
    return found


def under(namespace: str, key: str) -> str:
    """The key within a namespace; one that is there already stays, and `default` is none."""
    place = namespace.strip("/")
    if place in {"", "default"} or key == place or key.startswith(f"{place}/"):
        return key
    return f"{place}/{key}"


def is_pattern(text: str) -> bool:
    """Whether a text means several keys rather than one."""
    return bool(WILD.search(text)) or text.endswith("/")


def prefix(pattern: str) -> str:
    """What every key begins with that the pattern means."""
    wild = WILD.search(pattern)
    return pattern[: wild.start()] if wild else pattern


def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a key is meant by a pattern; without a wildcard only that very key is."""
    found = re.compile(_expression(pattern), re.DOTALL)
    return lambda key: found.fullmatch(key) is not None


def _expression(pattern: str) -> str:
    for tail in ("/**", "/*", "/"):
        if pattern.endswith(tail):
            return _translated(pattern[: -len(tail)]) + "/.+"
    return _translated(pattern)


_PARTS = re.compile(r"\*\*/|\*\*|\*|\?|\[!?\]?[^]]*\]")


def _translated(pattern: str) -> str:
    at = 0
    parts = []
    for match in _PARTS.finditer(pattern):
        parts += [re.escape(pattern[at : match.start()]), _wild(match[0])]
        at = match.end()
    return "".join([*parts, re.escape(pattern[at:])])


def _wild(part: str) -> str:
    simple = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    if part in simple:
        return simple[part]
    inner = part[1:-1]
    sign = "^" if inner.startswith("!") else ""
    body = re.sub(r"([\\\]\[^&~|])", r"\\\1", inner.removeprefix("!"))
    try:
        re.compile(f"[{sign}{body}]")
    except re.error:
        return re.escape(part)
    return f"(?!/)[{sign}{body}]"


def near(key: str, known: Iterable[str]) -> list[str]:
    """Up to three keys that somebody may have meant.

    Those with the same last segment first, then what is alike, what is below it, and what has the
    words of its last segment among its own.
    """
    import difflib

    every = list(known)
    last = key.rpartition("/")[2]
    words = set(_words(last))
    same = [one for one in every if one.rpartition("/")[2] == last]
    below = [one for one in every if one.startswith(f"{key.rstrip('/')}/")]
    close = difflib.get_close_matches(key, every, 3, 0.6)
    wordy = [one for one in every if words and words <= set(_words(one))]
    return list(dict.fromkeys([*same, *close, *below, *wordy]))[:3]


def _words(key: str) -> list[str]:
    return re.findall(r"[^\W_]+", key.casefold())


def missing(key: str, known: Iterable[str]) -> NoMemory:
    """The error for a key that nothing is kept under."""
    return NoMemory(key, near(key, known))
