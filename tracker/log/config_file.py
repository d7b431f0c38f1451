"""Read and validate config.yaml."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from tracker.errors import Invalid, TrackerError
from tracker.model.status import CLOSING
from tracker.text import whole_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any


_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*\Z")
_SIMPLE = re.compile(
    r"([A-Za-z][A-Za-z0-9_.-]*): +([A-Za-z0-9_./+](?:[A-Za-z0-9_./@+, -]*[A-Za-z0-9_./@+,-])?) *\Z"
)
_SAFE = re.compile(r"[A-Za-z0-9_./@+][A-Za-z0-9 _./@+,-]*\Z")
_TYPED = re.compile(r"(?i)(true|false|yes|no|on|off|null|~|[-+.\d][\d_.:eExXa-f+-]*)\Z")


def is_bare(text: bytes) -> bool:
    """Whether the file sets nothing: only comments and blank lines."""
    return all(not line.strip() or line.lstrip().startswith(b"#") for line in text.splitlines())


def plain(text: bytes) -> dict[str, Any] | None:
    """What `parse` gives, for a file of simple `key: value` lines; None for any other."""
    found = {}
    try:
        lines = text.decode().split("\n")
    except UnicodeDecodeError:
        return None
    for line in lines:
        if line.startswith("#") and line.replace("\t", " ").isprintable():
            continue
        match = _SIMPLE.match(line)
        if match is not None:
            found[match[1]] = match[2]
        elif line:
            return None
    return found


def parse(text: bytes) -> dict[str, Any]:
    """Every setting under its dotted key; lists stay lists, all else is text as YAML reads it.

    Raises Invalid where the file is not YAML.
    """
    found = plain(text)
    if found is not None:
        return found
    if is_bare(text):
        return {}
    problem, settings = _loaded(text)
    if problem:
        raise Invalid(f"config.yaml cannot be read: {problem}", hint="correct the file")
    return dict(settings)


@lru_cache(maxsize=2)
def _loaded(text: bytes) -> tuple[str, list[tuple[str, Any]]]:
    """Why the file cannot be read, or its settings: to ask YAML takes long, and twice too long."""
    from tracker import yaml_text

    try:
        loaded = yaml_text.load(text)
    except ValueError as error:
        return str(error), []
    if loaded is not None and not isinstance(loaded, dict):
        return "it is not a mapping", []
    return "", _flat("", loaded or {})


def _flat(prefix: str, values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in values.items():
        key = f"{prefix}{name}"
        if isinstance(value, dict):
            found += _flat(f"{key}.", value)
        else:
            found.append((key, value))
    return found


def spelled(key: str) -> str:
    """The one spelling of a key: Beads writes `issue_prefix` as well as `issue-prefix`."""
    return key.replace("_", "-")


def value(settings: Mapping[str, Any], key: str, default: str = "") -> str:
    """A setting as text; a list is joined by commas."""
    for name, found in settings.items():
        if spelled(name) == spelled(key):
            return ",".join(str(item) for item in found) if isinstance(found, list) else str(found)
    return default


def names(settings: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """A setting as a list of words."""
    return tuple(word.strip() for word in value(settings, key).split(",") if word.strip())


def closing_statuses(settings: Mapping[str, Any]) -> frozenset[str]:
    """The statuses that count as closed."""
    return CLOSING.union(names(settings, "status.closed"))


def changed(text: str, key: str, new: str | None) -> str:
    """The file with one key set, or without it (None). Comments and all other lines stay.

    A commented line of a template is used where it names the key.
    """
    if not _KEY.match(key):
        raise Invalid(f"invalid configuration key {key!r}", hint="bd config list")
    line = None if new is None else f"{key}: {_scalar(new)}"
    rows = text.splitlines(keepends=True)
    if line is None:
        return "".join(row for row in rows if _names(row) != spelled(key))
    at = place(rows, key)
    if at is not None:
        rows[at] = line + "\n"
        return "".join(rows)
    end = "" if not text or text.endswith("\n") else "\n"
    return f"{text}{end}{line}\n"


def place(rows: Sequence[str], key: str) -> int | None:
    """Which line sets a key, or is the template's that names it; None where none does."""
    own = [at for at, row in enumerate(rows) if _names(row) == spelled(key)]
    template = [at for at, row in enumerate(rows) if _names(row.lstrip("# ")) == spelled(key)]
    return next(iter([*own, *template]), None)


def edited(data: bytes, key: str, new: str | None, path: str = "config.yaml") -> bytes:
    """The same for the bytes of a file, once it is sure that nothing else changes.

    Raises Invalid where that cannot be; `path` names the file then.
    """
    before = parse(data)
    without = {name: held for name, held in before.items() if spelled(name) != spelled(key)}
    wanted = without if new is None else {**without, spelled(key): new}
    try:
        after = changed(data.decode(), key, new)
        held = {
            spelled(name) if spelled(name) == spelled(key) else name: found
            for name, found in parse(after.encode()).items()
        }
        # It may be set twice, on a line of its own and within another key.
        is_plain = parse(changed(after, key, None).encode()) == without
    except UnicodeError:
        is_plain = False
    except Invalid as error:
        if error.hint == "bd config list":  # the key, not the file
            raise
        is_plain = False
    if not is_plain or held != wanted:
        raise too_special(key, path)
    return after.encode()


def too_special(key: str, path: str = "config.yaml") -> Invalid:
    """The error for a key that is set in a way that no line can change."""
    return Invalid(
        f"{path} says {key} in a way that only an editor can change: nothing was written",
        hint=f"edit {path}, then bd config validate",
    )


def _names(row: str) -> str:
    """The key that a line sets at the top level, "" if it sets none."""
    key, colon, _ = row.partition(":")
    return spelled(key) if colon and _KEY.match(key) else ""


def _scalar(text: str) -> str:
    if _SAFE.match(text) and not _TYPED.match(text) and not text.endswith(" "):
        return text
    import json

    return json.dumps(text, ensure_ascii=False)  # a JSON string is a YAML string


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
        from tracker.model.ids import check_prefix

        return check_prefix(text)
    if key in _NUMBERS and whole_number(text) is None:
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
