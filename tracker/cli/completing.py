"""What may come next on a command line: commands, flags, ids, and other words that are known.

The scripts of `bd completion` ask `bd __complete SHELL -- WORD...`, whose last word is the one that
is being typed. An answer is a line: the word, a tab, what it is; `:files` and `:dirs` leave it to
the shell. Whatever goes wrong, the answer is that nothing is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import Command, Group, Listed, command, pass_session
from tracker.cli.flags import FLAGS, GLOBALS, Flag
from tracker.cli.plain import one_line
from tracker.errors import TrackerError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tracker.cli.offers import Offer
    from tracker.cli.session import Session

_LONGEST = 70  # letters of a title


class Line:
    """A command line as far as it is typed: the command, its words, what the last word is for."""

    def __init__(self, session: Session, root: click.Command, words: Sequence[str]) -> None:
        self.session = session
        self.context = click.Context(root, info_name=session.program, obj=session)
        self.command: click.Command = root
        self.path: list[str] = []
        self.places = 0
        self.option: click.Option | Flag | None = None  # whose value comes next
        self.is_plain = False  # after `--`
        self.current = words[-1] if words else ""
        for word in words[:-1]:
            self._pass(word)
        if self.begins_option(self.current) and "=" in self.current and self.option is None:
            name, _, value = self.current.partition("=")
            self.option = self._named(name)
            self.current = value
        self.tail = self._tail()

    def begins_option(self, word: str) -> bool:
        """Whether a word is a flag here."""
        return word.startswith("-") and word != "-" and not self.is_plain

    def _pass(self, word: str) -> None:
        """One word that is finished."""
        if self.option is not None:
            self._set(self.option, word)
            self.option = None
        elif word == "--" and not self.is_plain:
            self.is_plain = True
        elif self.begins_option(word):
            name, equals, value = word.partition("=")
            found = self._named(name)
            if found is not None and _takes_value(found):
                if equals:
                    self._set(found, value)
                else:
                    self.option = found
        elif isinstance(self.command, Group) and not self.places:
            self._enter(self.command, word)
        else:
            self.places += 1

    def _enter(self, group: Group, word: str) -> None:
        found = group.get_command(self.context, word)
        if found is None and group.default:
            found = group.get_command(self.context, group.default)
            self.places += 1
        if found is not None:
            self.command = found
            self.path.append(found.name or word)

    def _tail(self) -> str:
        """The last part of the word: of a list, or of `TYPE:ID`."""
        tail = self.current
        if isinstance(self.option, Listed):
            tail = tail.rpartition(",")[2]
        names = self.option.opts if isinstance(self.option, click.Option) else ()
        return tail.rpartition(":")[2] if "--deps" in names else tail

    def _named(self, name: str) -> click.Option | Flag | None:
        for param in self.command.params:
            if isinstance(param, click.Option) and name in (*param.opts, *param.secondary_opts):
                return param
        return GLOBALS.get(name)

    def _set(self, option: click.Option | Flag, value: str) -> None:
        """Global flags that say where the issues are count for this very answer."""
        if isinstance(option, Flag) and option.field in {"directory", "db"}:
            setattr(self.session.flags, option.field, value)

    def place(self) -> click.Argument | None:
        """The argument that the word is for."""
        places = [param for param in self.command.params if isinstance(param, click.Argument)]
        if not places:
            return None
        last = places[-1]
        if self.places < len(places):
            return places[self.places]
        return last if last.nargs == -1 else None


def _takes_value(option: click.Option | Flag) -> bool:
    if isinstance(option, Flag):
        return bool(option.metavar)
    return not (option.is_flag or option.count)


@command("__complete", examples=["bd __complete bash -- show bd-a"], hidden=True)
@click.argument("shell")
@click.argument("words", nargs=-1)
@pass_session
def complete(session: Session, shell: str, words: tuple[str, ...]) -> None:
    """Answer the scripts of bd completion."""
    from tracker.cli import program

    session.flags.quiet = True
    typed = _merged(words) if shell == "bash" else list(words)
    line = Line(session, program(session), typed)
    offers = list(_offers(line))
    whole = typed[-1] if typed else ""
    before = whole[: len(whole) - len(line.tail)]
    if shell == "bash":  # which keeps what ends in a break
        before = before[max(before.rfind("="), before.rfind(":")) + 1 :]
    for word, told in offers:
        what = one_line(told).replace("\t", " ")
        what = what if len(what) <= _LONGEST else f"{what[: _LONGEST - 1]}…"
        session.write(f"{word if word[:1] == ':' else before + word}\t{what}\n")


def _merged(words: Sequence[str]) -> list[str]:
    """The words as they were typed: bash breaks them at `=` and `:`, and leaves open quotes."""
    typed: list[str] = []
    is_open = False
    for word in words:
        if typed and (word in {"=", ":"} or is_open):
            typed[-1] += word
        else:
            typed.append(word.lstrip("'\""))
        is_open = word in {"=", ":"}
    return typed


def _offers(line: Line) -> Iterator[Offer]:
    try:
        yield from _known(line)
    except TrackerError:  # there is no workspace, or it cannot be read
        return


def _known(line: Line) -> Iterator[Offer]:
    from tracker.cli import offers

    if line.option is not None:
        yield from offers.of(line.session, line.option, line.tail, line.path)
        return
    if line.begins_option(line.current):
        yield from offers.matching(line.current, _flags(line.command))
        return
    if isinstance(line.command, Group) and not line.places:
        yield from offers.matching(line.current, _commands(line, line.command))
        default = line.command.get_command(line.context, line.command.default)
        if default is None:
            return
        line.command = default
    place = line.place()
    if place is not None:
        path = [*line.path, *["again"] * (line.places > 0)]
        yield from offers.of(line.session, place, line.current, path)


def _commands(line: Line, group: Group) -> Iterator[Offer]:
    from tracker.cli import COMMANDS

    hidden = set(COMMANDS[""]) if not line.path else set()
    for name in group.list_commands(line.context):
        if name not in hidden:
            found = group.get_command(line.context, name)
            if found is not None and not found.hidden:
                yield name, found.get_short_help_str(limit=_LONGEST)


def _flags(found: click.Command) -> Iterator[Offer]:
    for param in found.params:
        if isinstance(param, click.Option) and not param.hidden:
            for name in (*param.opts, *param.secondary_opts):
                if name.startswith("--"):
                    yield name, param.help or ""
    if isinstance(found, Command):
        yield from ((flag.names[-1], flag.help) for flag in FLAGS if flag.help)
