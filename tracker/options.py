"""What the settings may hold: the values of the keys that mean something here."""

from __future__ import annotations

import re

from tracker.config import parse, spelled, value
from tracker.digits import whole
from tracker.errors import Invalid, TrackerError
from tracker.ids import check_prefix

_WORDS = re.compile(r"[A-Za-z0-9_-]+(\s*,\s*[A-Za-z0-9_-]+)*\s*\Z")
_SECRET = re.compile(r"(token|secret|password|passwd|api-?key|credential)s?\Z")
_PREFIXES = frozenset({"issue-prefix", "prefix"})
_NUMBERS = frozenset({"hierarchy.max-depth"})
_LISTS = frozenset({"status.custom", "status.closed", "types.custom", "allowed-prefixes"})
_SWITCHES = frozenset({"create.require-description", "driver.register"})
_BOOLEANS = frozenset({"true", "false"})


def valid(key: str, text: str) -> str:
    """The value as it is kept. Raises Invalid for one that means nothing."""
    key = spelled(key)
    if key in _PREFIXES:
        return check_prefix(text)
    if key in _NUMBERS and whole(text) is None:
        raise Invalid(f"{text!r} is no number", hint=f"bd config set {key} 3")
    if key in _SWITCHES and text.lower() not in _BOOLEANS:
        raise Invalid(f"{text!r} is neither true nor false", hint=f"bd config set {key} true")
    if key == "cache" and text != "local":
        raise Invalid(
            f"{text!r} is no place for the cache: 'local' is, and beads.db without this setting",
            hint="bd config set cache local",
        )
    if key in _LISTS and text and not _WORDS.match(text):
        raise Invalid(f"{text!r} is no list of words", hint=f"bd config set {key} one,two")
    return text.lower() if key in _SWITCHES else text


def is_secret(key: str) -> bool:
    """Whether the key names something that must not be committed."""
    return _SECRET.search(spelled(key).lower()) is not None


def problems(text: bytes) -> list[str]:
    """What is wrong with the settings of a file, each as a sentence."""
    try:
        held = parse(text)
    except TrackerError as error:
        return [error.message]
    found = []
    for key in held:
        try:
            valid(key, value(held, key))
        except TrackerError as error:
            found.append(f"{key}: {error.message}")
    return found
