"""Install hooks in the JSON settings of agent hosts.

An entry is put right behind an opening bracket, as text that is always the same, so that taking the
same text out gives the bytes that were there. Where the host has written its settings anew in
between, the entry is found by its command and the rest is laid out as such hosts do.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from tracker import json_text
from tracker.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


_SPACE = " \t\r\n"


class HostHooks(NamedTuple):
    """For each event a command, in the settings file at `path`.

    `known` are beginnings of commands that do the same: where one is there, nothing is added.
    """

    path: str
    commands: tuple[tuple[str, str], ...]
    known: tuple[str, ...] = ()

    def put(self, data: bytes | None) -> bytes:
        """The settings with every command. Raises Refused where the file is no such settings."""
        if data is None:
            events = {event: [_entry(command)] for event, command in self.commands}
            return _laid_out({"hooks": events})
        for event, command in self.commands:
            if not self._has(self._settings(data), event, command):
                data = _inserted(data.decode(), event, command).encode()
        return data

    def taken(self, data: bytes, *, force: bool = False) -> bytes | None:
        """The settings without our commands; None where they held nothing else and we made them."""
        del force  # there is no text that anybody could have edited
        if data == self.put(None):
            return None
        for event, command in reversed(self.commands):
            text = data.decode()
            for piece in _pieces(event, command):
                text = text.replace(piece, "", 1)
                if text != data.decode() and _parsed(text) is not None:
                    break
                text = data.decode()
            data = text.encode()
        settings = self._settings(data)
        if not any(self._is_ours(settings, event, command) for event, command in self.commands):
            return data
        return _laid_out(self._without(settings))

    def remark(self, data: bytes | None) -> str:
        """What is left to do by hand: nothing."""
        del data
        return ""

    def _settings(self, data: bytes) -> dict[str, Any]:
        found = _parsed(data.decode("utf-8", "replace"))
        hooks = found.get("hooks", {}) if isinstance(found, dict) else None
        lists = hooks.values() if isinstance(hooks, dict) else [None]
        if not isinstance(found, dict) or not all(isinstance(value, list) for value in lists):
            raise Refused(
                f"{self.path} is no JSON object with hooks as lists: it is left as it is",
                hint=f"mend {self.path}, or add the commands by hand (--print shows them)",
            )
        return found

    def _has(self, settings: dict[str, Any], event: str, command: str) -> bool:
        starts = (command, *self.known)
        return any(found.startswith(starts) for found in _commands(settings, event))

    def _is_ours(self, settings: dict[str, Any], event: str, command: str) -> bool:
        return command in _commands(settings, event)

    def _without(self, settings: dict[str, Any]) -> dict[str, Any]:
        hooks = dict(settings["hooks"])
        for event, command in self.commands:
            entries = [entry for entry in hooks.get(event, []) if entry != _entry(command)]
            hooks[event] = [_less(entry, command) for entry in entries]
            hooks[event] = [entry for entry in hooks[event] if entry]
        kept = {event: entries for event, entries in hooks.items() if entries}
        rest = {name: value for name, value in settings.items() if name != "hooks"}
        return {**rest, "hooks": kept} if kept else rest


def _entry(command: str) -> dict[str, Any]:
    return {"hooks": [{"type": "command", "command": command}]}


def _less(entry: Any, command: str) -> Any:
    """An entry without a command; nothing where that was all."""
    if not isinstance(entry, dict) or not isinstance(entry.get("hooks"), list):
        return entry
    hooks = [one for one in entry["hooks"] if _command(one) != command]
    return {**entry, "hooks": hooks} if hooks else None


def _command(hook: Any) -> str:
    found = hook.get("command") if isinstance(hook, dict) else None
    return found if isinstance(found, str) else ""


def _commands(settings: dict[str, Any], event: str) -> list[str]:
    entries = settings.get("hooks", {}).get(event, [])
    hooks = [entry.get("hooks") for entry in entries if isinstance(entry, dict)]
    return [_command(one) for held in hooks if isinstance(held, list) for one in held]


def _laid_out(settings: dict[str, Any]) -> bytes:
    return (json.dumps(settings, indent=2, ensure_ascii=False) + "\n").encode()


def _parsed(text: str) -> Any:
    try:
        return json_text.loads(text)
    except ValueError:
        return None


def _pieces(event: str, command: str) -> list[str]:
    """What may have been put in, the longest first: with the lists around it, or without.

    The spaces tell what was there before: nothing, an empty object, or an empty list.
    """
    one = json.dumps(_entry(command), ensure_ascii=False)
    listed = f"{json.dumps(event)}: [{one}]"
    whole = f'"hooks": {{{listed}}}'
    return [
        f"{piece}{comma}" for piece in (whole, f" {listed}", f"  {one}") for comma in (", ", "")
    ]


def _inserted(text: str, event: str, command: str) -> str:
    """The text with one more command, behind the innermost bracket that is there."""
    whole, _, listed, _, one, _ = (piece.removesuffix(", ") for piece in _pieces(event, command))
    at, piece = _opening(text, 0), whole
    for name, inner in (("hooks", listed), (event, one)):
        place = dict(_members(text, at)).get(name)
        if place is None:
            break
        at, piece = place, inner
    is_empty = text[at + 1 :].lstrip(_SPACE)[:1] in {"}", "]"}
    return f"{text[: at + 1]}{piece}{'' if is_empty else ', '}{text[at + 1 :]}"


def _opening(text: str, at: int) -> int:
    while text[at] in _SPACE or text[at] == "\ufeff":
        at += 1
    return at


def _members(text: str, at: int) -> Iterator[tuple[str, int]]:
    """The keys of the object that opens at a place of valid JSON, and where their values begin."""
    decode = json.JSONDecoder().raw_decode
    at = _opening(text, at + 1)
    while text[at] != "}":
        key, at = decode(text, at)
        at = _opening(text, _opening(text, at) + 1)
        yield key, at
        _, at = decode(text, at)
        at = _opening(text, at)
        if text[at] == ",":
            at = _opening(text, at + 1)
