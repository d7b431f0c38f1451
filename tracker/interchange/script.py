"""Parse a script of commands.

As a shell would: quotes, backslashes and comments; a quoted text may go over several lines. A line
`NAME = COMMAND` gives the issue that the command makes a name, and `@NAME` is its id from there on.
The same as JSON: an array whose elements are such lines, arrays of words, or objects with
"command", "args" and "as".
"""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, NamedTuple

from tracker import json_text
from tracker.errors import Invalid
from tracker.model.issue import TYPE_ALIASES, TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any


_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
_USE = re.compile(r"(?<![^,:=])@([A-Za-z_][A-Za-z0-9_-]*)(?![^,])")
_PRIORITY = re.compile(r"[pP]?[0-4]\Z")
_SETTING = re.compile(r"(status|priority|title|assignee)=(.*)\Z", re.DOTALL)


class ScriptLine(NamedTuple):
    """One command; `number` is the line or element that it begins on, from 1."""

    number: int
    words: tuple[str, ...]
    name: str = ""

    def shown(self) -> str:
        """The command as one could type it, cut short."""
        text = " ".join(shlex.join(self.words).split())
        return text if len(text) <= 60 else f"{text[:57]}..."


def read(text: str) -> list[ScriptLine]:
    """The commands of a script. Raises Invalid, which names the line."""
    found = _elements(text) if text.lstrip()[:1] == "[" else _lines(text)
    lines = []
    for number, all_words in found:
        words, name = all_words, ""
        if len(words) > 2 and words[1] == "=" and _NAME.match(words[0]):
            name, words = words[0], words[2:]
        if words[0] in {"bd", "tracker"}:
            words = words[1:]
        if words:
            lines.append(ScriptLine(number, tuple(short_form(words)), name))
    return lines


def named(line: ScriptLine, ids: Mapping[str, str]) -> ScriptLine:
    """The line with each `@NAME` that is known replaced by the id of that issue."""

    def id_of(match: re.Match[str]) -> str:
        return ids.get(match[1], match[0])

    return line._replace(words=tuple(_USE.sub(id_of, word) for word in line.words))


def short_form(words: list[str]) -> list[str]:
    """A command in the words of this program, where the script has those of Beads 1.x.

    `create TYPE PRIORITY TITLE...`, `update ID KEY=VALUE...` and `close ID REASON...`, unless a
    word of the reason could be another id.
    """
    plain = not any(word.startswith("-") for word in words)
    if words[0] == "create" and len(words) > 3 and plain:
        kind, priority, *title = words[1:]
        if (kind in TYPES or kind in TYPE_ALIASES) and _PRIORITY.match(priority):
            return ["create", " ".join(title), "--type", kind, "--priority", priority]
    if words[0] == "update" and len(words) > 2 and plain:
        settings = [_SETTING.match(word) for word in words[2:]]
        flags = [f"--{match[1]}={match[2]}" for match in settings if match]
        if len(flags) == len(settings):
            return ["update", words[1], *flags]
    if words[0] == "close" and len(words) > 2 and plain:
        reason = " ".join(words[2:])
        if not any(char == "-" or char.isdigit() for char in reason):
            return ["close", words[1], "--reason", reason]
    return words


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """The words of each command that a text holds, and the number of the line it begins on."""
    begin = 0
    words: list[str] = []
    for number, word in _words_of(text):
        if word is None:
            if words:
                yield begin, words
            words = []
            continue
        begin = begin if words else number
        words.append(word)
    if words:
        yield begin, words


_PIECE = re.compile(
    r"""(?P<end>\n)|(?P<space>[ \t\r]+|\\\n)|(?P<comment>\#[^\n]*)"""
    r"""|'(?P<single>[^']*)'|"(?P<double>(?:[^"\\]|\\.)*)"|\\(?P<escaped>.)|(?P<plain>[^\s'"\\]+|\s)""",
    re.DOTALL,
)
_IN_DOUBLE = re.compile(r'\\([$`"\\\n])')


def _words_of(text: str) -> Iterator[tuple[int, str | None]]:
    """Each word with the number of its line; None where a command ends."""
    at, number = 0, 1
    held: str | None = None
    while at < len(text):
        piece = _PIECE.match(text, at)
        if piece is None:
            raise Invalid(
                f"line {number}: a quotation is not closed", hint="quote it as in a shell"
            )
        kind = piece.lastgroup or ""
        if kind == "comment" and held is not None:  # within a word it is a character
            held, at = held + "#", at + 1
            continue
        if kind in {"end", "space", "comment"} and piece[0] != "\\\n":
            if held is not None:
                yield number, held
            held = None
            if kind == "end":
                yield number, None
        elif kind != "space":
            held = (held or "") + _meant(kind, piece[kind])
        at = piece.end()
        number += piece[0].count("\n")
    if held is not None:
        yield number, held


def _meant(kind: str, text: str) -> str:
    if kind == "double":
        return _IN_DOUBLE.sub(lambda match: match[1].replace("\n", ""), text)
    return text


def _elements(text: str) -> Iterator[tuple[int, list[str]]]:
    try:
        found = json_text.loads(text)
    except ValueError as error:
        raise Invalid(f"the script is no JSON array: {error}") from None
    for number, element in enumerate(found, 1):
        words = _words(element)
        if words is None:
            raise Invalid(
                f"element {number} is no command: {json.dumps(element)[:60]}",
                hint='["create", "Title"], "create Title", or {"command": "create", "args": []}',
            )
        if words:
            yield number, words


def _words(element: Any) -> list[str] | None:
    """The words of one element of a JSON script; None where it is none."""
    if isinstance(element, str):
        try:
            return shlex.split(element, comments=True)
        except ValueError:
            return None
    name: list[str] = []
    if isinstance(element, dict):
        command, args = element.get("command"), element.get("args", [])
        if not isinstance(command, str) or not isinstance(args, list):
            return None
        name = [str(element["as"]), "="] if element.get("as") else []
        element = [*command.split(), *args]
    if not isinstance(element, list):
        return None
    texts = [word if isinstance(word, str) else json.dumps(word) for word in element]
    return name + texts
