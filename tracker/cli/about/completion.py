"""Complete a command line: commands, options, ids and other known words."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from tracker.cli.argv import FLAGS, GLOBALS, Flag
from tracker.cli.command import (
    PRIORITY,
    Command,
    Group,
    Listed,
    OneOf,
    command,
    ignored,
    pass_session,
)
from tracker.errors import TrackerError
from tracker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tracker.cli.session import Session


_LONGEST = 70  # letters of a title


class TypedLine:
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
    line = TypedLine(session, program(session), typed)
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


def _offers(line: TypedLine) -> Iterator[Offer]:
    try:
        yield from _known(line)
    except TrackerError:  # there is no workspace, or it cannot be read
        return


def _known(line: TypedLine) -> Iterator[Offer]:

    if line.option is not None:
        yield from of(line.session, line.option, line.tail, line.path)
        return
    if line.begins_option(line.current):
        yield from matching(line.current, _flags(line.command))
        return
    if isinstance(line.command, Group) and not line.places:
        yield from matching(line.current, _commands(line, line.command))
        default = line.command.get_command(line.context, line.command.default)
        if default is None:
            return
        line.command = default
    place = line.place()
    if place is not None:
        path = [*line.path, *["again"] * (line.places > 0)]
        yield from of(line.session, place, line.current, path)


def _commands(line: TypedLine, group: Group) -> Iterator[Offer]:
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


SHELLS = ("bash", "zsh", "fish")


@command(
    "completion",
    examples=[
        'eval "$(bd completion bash)"      # in ~/.bashrc',
        'eval "$(bd completion zsh)"       # in ~/.zshrc, after compinit',
        "bd completion fish > ~/.config/fish/completions/bd.fish",
    ],
)
@click.argument("shell", type=OneOf(SHELLS), metavar="bash|zsh|fish")
@ignored("--no-descriptions")
@pass_session
def completion(session: Session, shell: str) -> None:
    """Print a shell completion script."""
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "assets")
    with open(os.path.join(folder, f"completion.{shell}"), encoding="utf-8") as file:
        text = file.read()
    session.emit({"shell": shell, "script": text}) if session.json else session.write(text)


MOST = 200  # ids that are offered at once

Offer = tuple[str, str]
"""A word, and what it is; `:files` and `:dirs` leave it to the shell."""

_STATES = {"reopen": "closed", "restore": "tombstone"}
_OPTIONS = {
    "--status": "status", "--type": "type", "--exclude-type": "type", "--assignee": "assignee",
    "--author": "assignee", "--actor": "assignee", "--direction": "directions", "--deps": "ids",
    "--id": "ids", "--parent": "ids", "--issue": "ids", "--used": "keys", "--blame": "keys",
    "--key": "keys", "--directory": "dirs", "--db": "files",
}  # fmt: skip
"""What options are given, by their names."""
_METAVARS = {
    "ID": "ids", "ID...": "ids", "[ID...]": "ids", "[ID]": "ids", "ID [ON]": "ids", "ONE": "ids",
    "OTHER": "ids", "ON": "ids", "ID TEXT": "first id", "ID... LABEL": "ids and labels",
    "[FILE|ID]": "ids", "FILE": "files", "[FILE]": "files", "F": "files", "PATH": "files",
    "[PATH]": "files", "DIR": "dirs", "[DIR]": "dirs", "KEY": "keys", "KEY...": "keys",
    "P": "priorities", "NAME": "assignee",
}  # fmt: skip
"""The same by what help calls their value, also of arguments."""
_PRIORITIES = {"0": "most urgent", "1": "urgent", "2": "the usual", "3": "low", "4": "some day"}


def matching(typed: str, offers: Iterable[Offer]) -> list[Offer]:
    """The offers that begin with what is typed."""
    return [offer for offer in offers if offer[0].startswith(typed)]


def of(
    session: Session, param: click.Parameter | Flag, typed: str, path: Sequence[str]
) -> list[Offer]:
    """What may be given; `path` are the names of the command, and "again" for a further word."""
    choices = getattr(getattr(param, "type", None), "choices", ())
    if choices:
        return matching(typed, [(str(one), "") for one in choices])
    source = _SOURCES.get(_kind(param, path))
    return source(session, typed, path) if source else []


def _kind(param: click.Parameter | Flag, path: Sequence[str]) -> str:
    names = param.names if isinstance(param, Flag) else param.opts
    if getattr(param, "type", None) is PRIORITY or getattr(param, "_convert", None) is PRIORITY:
        return "priorities"
    known = [_OPTIONS[name] for name in names if name in _OPTIONS]
    if known:
        return "edge" if known[0] == "type" and path[:1] == ["dep"] else known[0]
    if isinstance(param, click.Option) and any("label" in name for name in names):
        return "label"
    kind = _METAVARS.get((param.metavar or (names[0] if names else "")).upper(), "")
    return "" if kind == "keys" and path[:1] == ["config"] else kind


def _ids(session: Session, typed: str, path: Sequence[str]) -> list[Offer]:
    """Issues by their id, or by the end of it; what is not done first, the latest edit first."""
    state = _STATES.get(path[0] if path else "", "")
    answers = session.tracker.answers
    closing = sorted(answers.at.closing)
    marks = ",".join("?" * len(closing))
    if state or typed:
        wanted, values = ("i.status = ?", [state]) if state else ("i.status <> 'tombstone'", [])
    else:
        wanted, values = f"i.status NOT IN ({marks})", closing
    start = _escaped(typed)
    found = answers.db.execute(
        f"SELECT i.id, i.title, i.status FROM issue i WHERE {wanted} "
        "AND (i.id LIKE ? ESCAPE '\\' OR i.id LIKE ? ESCAPE '\\') "
        f"ORDER BY i.status IN ({marks}), i.updated DESC, i.id LIMIT {MOST}",
        (*values, f"{start}%", f"%-{start}%", *closing),
    ).fetchall()
    from tracker.render.issue_lines import icon

    exact = [row for row in found if row[0].startswith(typed)]
    return [(one_line(id), f"{icon(status)} {title}") for id, title, status in exact or found]


def _escaped(text: str) -> str:
    for char in "\\%_":
        text = text.replace(char, f"\\{char}")
    return text


def _first_id(session: Session, typed: str, path: Sequence[str]) -> list[Offer]:
    return [] if path[-1:] == ["again"] else _ids(session, typed, path)


def _ids_and_labels(session: Session, typed: str, path: Sequence[str]) -> list[Offer]:
    labels = _column("label")(session, typed, path) if path[-1:] == ["again"] else []
    return [*_ids(session, typed, path), *labels]


def _column(name: str) -> Callable[[Session, str, Sequence[str]], list[Offer]]:
    """The values that issues have, and how many have each; besides the usual ones."""

    def found(session: Session, typed: str, _path: Sequence[str]) -> list[Offer]:
        from tracker.model.issue import DEPENDENCY_TYPES, STATUSES, TYPES

        usual = {"status": STATUSES, "issue_type": TYPES, "type": DEPENDENCY_TYPES}.get(name, ())
        table = {"label": "label", "type": "edge"}.get(name, "issue")
        sql = f"SELECT {name}, count(*) FROM {table} GROUP BY 1 ORDER BY 2 DESC"
        counts = dict(session.tracker.answers.db.execute(sql).fetchall())
        words = [word for word in dict.fromkeys([*counts, *usual]) if word]
        return matching(typed, [(one_line(word), str(counts.get(word, ""))) for word in words])

    return found


def _keys(session: Session, typed: str, _path: Sequence[str]) -> list[Offer]:
    """The keys of memories, and how each begins."""
    found = session.tracker.library.find()
    told = [(one_line(one.key), one.title or one.content.partition("\n")[0]) for one in found]
    return matching(typed, told)


def _fixed(*offers: Offer) -> Callable[[Session, str, Sequence[str]], list[Offer]]:
    return lambda _session, typed, _path: matching(typed, offers)


_SOURCES: dict[str, Callable[[Session, str, Sequence[str]], list[Offer]]] = {
    "ids": _ids,
    "first id": _first_id,
    "ids and labels": _ids_and_labels,
    "keys": _keys,
    "status": _column("status"),
    "type": _column("issue_type"),
    "edge": _column("type"),
    "assignee": _column("assignee"),
    "label": _column("label"),
    "priorities": _fixed(*_PRIORITIES.items()),
    "directions": _fixed(("down", ""), ("up", "")),
    "files": lambda *_: [(":files", "")],
    "dirs": lambda *_: [(":dirs", "")],
}
