"""The flags that every command has, and what their values mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_BOOLEANS = {"1": True, "t": True, "true": True, "0": False, "f": False, "false": False}
_LONGEST = 100 * 366 * 86_400.0  # seconds
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class Flag:
    """A global flag: its field in `Flags` ("" where it means nothing here), its value's name."""

    __slots__ = ("field", "help", "metavar", "names")  # a NamedTuple costs a millisecond to make

    def __init__(self, *names: str, field: str = "", metavar: str = "", help: str = "") -> None:
        self.names = names
        self.field = field
        self.metavar = metavar
        self.help = help


FLAGS = (
    Flag("--json", field="json", help="Answer with one JSON document"),
    Flag("-C", "--directory", field="directory", metavar="DIR", help="Work as if started in DIR"),
    Flag("--db", field="db", metavar="PATH", help="Use the workspace of this database"),
    Flag("--actor", field="actor", metavar="NAME", help="Whose name stands in what is written"),
    Flag("-q", "--quiet", field="quiet", help="No warnings"),
    Flag("-v", "--verbose", field="verbose", help="Say more"),
    Flag("--readonly", field="readonly", help="Refuse to write"),
    Flag("--lock-timeout", field="lock_timeout", metavar="TIME", help="Wait so long for the lock"),
    Flag("--redact", field="redact", help="Put a mark in the place of a secret"),
    Flag("--allow-secret", field="allow_secret", metavar="FP", help="It is none: fingerprint FP"),
    Flag("--envelope", field="envelope", help="Wrap JSON lists: data, total, shown"),
    Flag("--no-pager", field="no_pager", help="Never hand a long answer to a pager"),
    Flag("-h", "--help", field="help", help="Show help"),
    Flag("--no-daemon"),
    Flag("--no-auto-flush"),
    Flag("--no-auto-import"),
    Flag("--allow-stale"),
    Flag("--no-db"),
    Flag("--sandbox"),
    Flag("--profile"),
    Flag("--dolt-auto-commit", metavar="VALUE"),
)
GLOBALS = {name: flag for flag in FLAGS for name in flag.names}


class Flags:
    """The global flags as they stand: the last one given, else the environment's `BD_*`."""

    __slots__ = (
        "actor", "allow_secret", "db", "directory", "envelope", "json", "lock_timeout",
        "no_pager", "quiet", "readonly", "redact", "verbose",
    )  # fmt: skip

    def __init__(self, env: Mapping[str, str]) -> None:
        self.json = boolean(env.get("BD_JSON", "")) or False
        self.readonly = boolean(env.get("BD_READONLY", "")) or False
        self.quiet = self.verbose = self.envelope = self.redact = self.no_pager = False
        self.allow_secret: str | None = env.get("BD_ALLOW_SECRET")
        self.actor: str | None = None
        self.db: str | None = env.get("BD_DB") or None
        self.directory: str | None = None
        self.lock_timeout: float | None = None
        """Seconds that a write waits for the lock; None where nobody said so."""


def boolean(text: str) -> bool | None:
    """What `--flag=TEXT` and an environment variable mean; None where it is neither."""
    return _BOOLEANS.get(text.strip().lower())


def asks_for_json(words: Sequence[str]) -> bool:
    """Whether `--json` stands among words that nobody has read as options."""
    before = words[: words.index("--")] if "--" in words else words
    return any(word in {"--json", "--json=true", "--json=1"} for word in before)


def duration(text: str) -> float:
    """Seconds: `500ms`, `30s`, `2m`, `1h30m`, `2d`, or a plain number. Raises ValueError."""
    import re

    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return _possible(float(text), text)
    parts = re.findall(r"([0-9]+(?:\.[0-9]+)?)(ms|[smhd])", text)
    if not parts or "".join(map("".join, parts)) != text:
        raise ValueError(f'invalid duration "{text}" (expected 500ms, 30s, 2m, 1h or seconds)')
    return _possible(sum(float(number) * _SECONDS[unit] for number, unit in parts), text)


def _possible(seconds: float, text: str) -> float:
    if seconds > _LONGEST:
        raise ValueError(f'invalid duration "{text[:20]}": at most 100 years')
    return seconds
