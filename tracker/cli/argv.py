"""Parse argv the way Beads does: global flags anywhere, `-d=text`, `--flag=false`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

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
    Flag("--json", field="json", help="Print JSON"),
    Flag("-C", "--directory", field="directory", metavar="DIR", help="Run as if started in DIR"),
    Flag("--db", field="db", metavar="PATH", help="Use the workspace of the database at PATH"),
    Flag("--actor", field="actor", metavar="NAME", help="Record changes as made by NAME"),
    Flag("-q", "--quiet", field="quiet", help="Hide warnings"),
    Flag("-v", "--verbose", field="verbose", help="Print more details"),
    Flag("--readonly", field="readonly", help="Refuse to change anything"),
    Flag(
        "--lock-timeout",
        field="lock_timeout",
        metavar="TIME",
        help="Wait at most TIME for the lock",
    ),
    Flag("--redact", field="redact", help="Replace secrets with a placeholder"),
    Flag(
        "--allow-secret",
        field="allow_secret",
        metavar="FP",
        help="Treat the match with fingerprint FP as not a secret",
    ),
    Flag("--envelope", field="envelope", help="Wrap JSON lists in data, total, shown"),
    Flag("--no-pager", field="no_pager", help="Do not use a pager"),
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
    """Parse a boolean flag or environment variable; None if it is neither."""
    return _BOOLEANS.get(text.strip().lower())


def asks_for_json(words: Sequence[str]) -> bool:
    """Return whether unparsed words contain `--json`."""
    before = words[: words.index("--")] if "--" in words else words
    return any(word in {"--json", "--json=true", "--json=1"} for word in before)


def duration(text: str) -> float:
    """Seconds: `500ms`, `30s`, `2m`, `1h30m`, `2d`, or a plain number. Raises ValueError."""
    import re

    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return _possible(float(text), text)
    parts = re.findall(r"([0-9]+(?:\.[0-9]+)?)(ms|[smhd])", text)
    if not parts or "".join(map("".join, parts)) != text:
        raise ValueError(f'invalid duration "{text}": use 500ms, 30s, 2m, 1h or seconds')
    return _possible(sum(float(number) * _SECONDS[unit] for number, unit in parts), text)


def _possible(seconds: float, text: str) -> float:
    if seconds > _LONGEST:
        raise ValueError(f'invalid duration "{text[:20]}": at most 100 years')
    return seconds


_NO_TEXT = frozenset({"ID", "N"})  # arguments that never begin with a dash


class UnknownOption(click.UsageError):
    """An option that neither the command nor the program has; `hint` is what may be meant."""

    def __init__(self, name: str, ctx: click.Context, *, near: list[str], hint: str) -> None:
        meant = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        super().__init__(f"No such option '{name}'.{meant}", ctx)
        self.hint = hint


class Words:
    """One level of a command line: `bd`, or `create`, or `dep` and then `add`.

    After `read`, `help` tells whether help was asked for and `idle` names the flags that were
    given and are only accepted.
    """

    def __init__(self, ctx: click.Context, flags: Flags, idle: Mapping[str, bool]) -> None:
        self.help = False
        self.idle: dict[str, None] = {}
        self._ctx = ctx
        self._flags = flags
        self._known_idle = idle
        self._own: dict[str, tuple[click.Option, bool]] = {}
        for option in ctx.command.params:
            if isinstance(option, click.Option):
                self._own.update((name, (option, True)) for name in option.opts)
                self._own.update((name, (option, False)) for name in option.secondary_opts)
        self._kept: list[tuple[click.Option, list[str]]] = []
        self._plain: list[str] = []
        self._rest: list[str] = []

    def read(self, args: list[str], *, tail: str = "") -> list[str]:
        """The words for click: options first, `--`, and what are no options. Raises UsageError.

        A group reads to its first positional (`tail="group"`), one that has a default command also
        to the first option that it does not know (`tail="default"`); the rest follows unread.
        """
        self._rest = list(args)
        while self._rest:
            word = self._rest.pop(0)
            if word == "--":
                again = ["--"] if tail == "default" else []  # the default command meets it too
                self._plain += [*again, *self._rest]
                break
            option = word[:1] == "-" and len(word) > 1 and not self._is_text(word)
            if tail and (not option or (tail == "default" and not self._knows(word))):
                self._plain += [word, *self._rest]
                break
            if not option:
                self._plain.append(word)
            elif word.startswith("--"):
                name, equals, value = word.partition("=")
                self._take(name, value if equals else None, word)
            else:
                self._take_short(word)
        options = [word for _, words in self._kept for word in words]
        return [*options, "--", *self._plain] if self._plain else options

    def _is_text(self, word: str) -> bool:
        """Whether it is a sentence rather than an option, such as a comment that is a list."""
        name = word.partition("=")[0]
        return name.split() != [name] and not self._knows(word)

    def _knows(self, word: str) -> bool:
        name = word.partition("=")[0] if word.startswith("--") else word[:2]
        return name in self._own or name in self._known_idle or name in GLOBALS

    def _take_short(self, word: str) -> None:
        for at in range(1, len(word)):
            name, rest = "-" + word[at], word[at + 1 :]
            if rest and (self._needs_value(name) or rest.startswith("=")):
                self._take(name, rest.removeprefix("="), word)
                return
            self._take(name, None, word)

    def _needs_value(self, name: str) -> bool:
        if name in self._own:
            option, _ = self._own[name]
            return not (option.is_flag or option.count)
        if name in self._known_idle:
            return self._known_idle[name]
        return name in GLOBALS and bool(GLOBALS[name].metavar)

    def _take(self, name: str, value: str | None, word: str) -> None:
        if name not in self._own and name not in self._known_idle and name not in GLOBALS:
            raise self._unknown(name, word)
        if self._needs_value(name):
            self._take_value(name, value)
            return
        on = True if value is None else boolean(value)
        if on is None:
            raise click.BadOptionUsage(
                name, f"'{name}' is true or false, not '{value}'.", self._ctx
            )
        if name in self._own:
            self._switch(name, on=on)
        elif name in self._known_idle:
            self.idle[name] = None
        else:
            self._set(GLOBALS[name].field, on)

    def _switch(self, name: str, *, on: bool) -> None:
        option, positive = self._own[name]
        other = option.secondary_opts if positive else option.opts
        if on:
            self._kept.append((option, [name]))
        elif other:
            self._kept.append((option, [other[0]]))
        else:  # click knows no way to say no, so nobody ever said yes
            self._kept = [kept for kept in self._kept if kept[0] is not option]

    def _take_value(self, name: str, value: str | None) -> None:
        option = self._own[name][0] if name in self._own else None
        count = option.nargs if option else 1
        values = [] if value is None else [value]
        missing = count - len(values)
        if len(self._rest) < missing:
            raise click.BadOptionUsage(name, f"Option '{name}' requires an argument.", self._ctx)
        values += self._rest[:missing]
        del self._rest[:missing]
        if option:
            self._kept.append((option, [name, *values]))
        elif name in self._known_idle:
            self.idle[name] = None
        elif name == "--lock-timeout":
            try:
                self._set("lock_timeout", duration(values[0]))
            except ValueError as error:
                raise click.BadOptionUsage(name, f"{name}: {error}", self._ctx) from None
        else:
            self._set(GLOBALS[name].field, values[0])

    def _set(self, field: str, value: object) -> None:
        if field == "help":
            self.help = bool(value)
        elif field == "allow_secret":  # may be given several times
            held = self._flags.allow_secret or ""
            self._flags.allow_secret = f"{held},{value}"
        elif field:
            setattr(self._flags, field, value)

    def _unknown(self, name: str, word: str) -> UnknownOption:
        from difflib import get_close_matches

        known = [*self._own, *self._known_idle, *(n for n, flag in GLOBALS.items() if flag.help)]
        from tracker.cli.suggestions import instead

        near = get_close_matches(name, known, cutoff=0.7)
        other = instead(name, self._ctx.command.name or "")
        if f"-{word}" in known:
            other = f"-{word}"
        if other:
            return UnknownOption(name, self._ctx, near=[], hint=f"did you mean {other}?")
        return UnknownOption(name, self._ctx, near=near, hint="" if near else self._as_words(word))

    def _as_words(self, word: str) -> str:
        """How to say what looks like an option and may be meant as a plain word."""
        import shlex

        places = [p for p in self._ctx.command.params if isinstance(p, click.Argument)]
        if all(place.human_readable_name.strip("[].").upper() in _NO_TEXT for place in places):
            return ""
        for place in places:
            name = "--" + place.human_readable_name.strip("[].").lower()
            if name in self._own:
                return f"a {name[2:]} that begins with a dash: {name}={shlex.quote(word)}"
        return f"a word that begins with a dash: -- {shlex.quote(word)}"
