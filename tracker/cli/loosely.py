"""Words as hooks of agents send them: any spelling of a flag, and nothing that stops the caller.

`--task-id T`, `--task-id=T`, `--taskId T`, `--task_id T`, a flag without its value, and flags that
nobody knows: all are read. Global flags stand anywhere. What is known of a hook is a text such as
"description task-id used* success?": plain names take a value, `?` is yes or no, `*` may be given
several times, `-` is accepted and means nothing (`format?-`, `operation-`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tracker.cli.flags import GLOBALS, boolean, duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker.cli.flags import Flag, Flags

_FLAG = r"--?[A-Za-z][A-Za-z0-9_-]*(=[\s\S]*)?\Z"
_YES = {"yes": True, "y": True, "on": True, "no": False, "n": False, "off": False}


class Given:
    """What was sent: by flag its value (True for a flag without one), or all of its values.

    `unknown` are flags that mean nothing here.
    """

    def __init__(self) -> None:
        self.values: dict[str, str | bool] = {}
        self.lists: dict[str, list[str]] = {}
        self.unknown: list[str] = []
        self.help = False

    def text(self, name: str, other: str = "") -> str:
        """The value of a flag; `other` where it was not given, or without a value."""
        value = self.values.get(name)
        return value if isinstance(value, str) and value else other

    def has(self, name: str) -> bool:
        """Whether the flag was given, be it without a value."""
        return name in self.values

    def switch(self, name: str) -> bool | None:
        """Yes, no, or None where it was not given or is neither."""
        value = self.values.get(name)
        return value if value is None or isinstance(value, bool) else yes(value)


def yes(text: str) -> bool | None:
    """What true, 1, yes, no and the like mean; None for anything else."""
    found = boolean(text)
    return _YES.get(text.strip().lower()) if found is None else found


_SHORT = {
    "-c": "command", "-d": "description", "-f": "file", "-i": "task-id", "-k": "memory-key",
    "-m": "message", "-s": "success", "-t": "task-id",
}  # fmt: skip


def told(known: str) -> str:
    """The flags of such a text that mean something, as help shows them."""
    names = [name for name in known.split() if not name.endswith("-")]
    return ", ".join(f"--{name.rstrip('?*')}{'' if '?' in name else ' V'}" for name in names)


def plain(name: str) -> str:
    """A flag as it is known here: `--taskId` and `--task_id` are `task-id`."""
    if name in _SHORT:
        return _SHORT[name]
    spaced = re.sub(r"(?<=[a-z0-9])([A-Z])", r"-\1", name.lstrip("-"))
    return spaced.replace("_", "-").lower()


def read(words: Sequence[str], known: str, main: str, flags: Flags) -> Given:
    """What the words say; loose words are the value of the flag `main`. Global flags go to `flags`.

    Never raises.
    """
    kinds = {name.rstrip("?*-"): name[len(name.rstrip("?*-")) :] for name in known.split()}
    given = Given()
    rest = list(words)
    loose: list[str] = []
    while rest:
        word = rest.pop(0)
        if word == "--":
            loose += rest
            break
        if not is_flag(word):
            loose.append(word)
            continue
        spelled, equals, value = word.partition("=")
        name = plain(spelled)
        if name in kinds:
            kind = kinds[name]
            held = value if equals else _value(rest, kind)
            if "-" not in kind:
                _keep(given, name, kind, held)
        elif spelled in {"-h", "--help"}:
            given.help = True
        elif (flag := GLOBALS.get(spelled) or GLOBALS.get(f"--{name}")) is not None:
            _set(flags, flag, value if equals else None, rest)
        else:
            given.unknown.append(spelled)
            if not equals:
                _value(rest, "")
    if loose and main and main not in given.values:
        given.values[main] = " ".join(loose)
    return given


def is_flag(word: str) -> bool:
    """Whether a word is a flag, and neither a value nor a text that begins with a dash."""
    return word[:1] == "-" and re.match(_FLAG, word) is not None


def _value(rest: list[str], kind: str) -> str | None:
    """The next word, if it is the value of a flag of this kind."""
    if not rest or is_flag(rest[0]) or rest[0] == "--":
        return None
    if "?" in kind and yes(rest[0]) is None:
        return None
    return rest.pop(0)


def _keep(given: Given, name: str, kind: str, value: str | None) -> None:
    if "*" in kind:
        parts = [part.strip() for part in (value or "").split(",")]
        given.lists.setdefault(name, []).extend(part for part in parts if part)
    else:
        given.values[name] = True if value is None else value


def _set(flags: Flags, flag: Flag, value: str | None, rest: list[str]) -> None:
    if flag.metavar:
        if value is None:
            value = _value(rest, "")
        if not flag.field or value is None:
            return
        try:
            setattr(flags, flag.field, duration(value) if flag.field == "lock_timeout" else value)
        except ValueError:
            return
    elif flag.field:
        setattr(flags, flag.field, value is None or yes(value) is not False)
