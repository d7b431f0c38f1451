"""Click classes of our commands, and the option types they share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

import click

from tracker.cli.argv import FLAGS, Words, duration
from tracker.cli.session import Session
from tracker.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any, NoReturn


C = TypeVar("C")

_ALL = f"{__name__}.all"  # the key of `bd help --all` in a context's `meta`
_COLUMN = 18
_STDOUT = frozenset({"-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"})
_LOOKS = frozenset({"list", "ready", "blocked", "stats"})  # with which people begin in a clone
_RANGE = re.compile(r"  \[(?:x|\d+)[<>]=?[^\]]*\]$")  # which click puts behind a help text

pass_session = click.make_pass_decorator(Session)


def command(
    name: str,
    *,
    examples: Sequence[str],
    json_errors: str = "stderr",
    writes: bool = False,
    **more: Any,
) -> Callable[[Callable[..., Any]], Command]:
    """A command. The docstring is its help, the first sentence of that its line in `bd help --all`.

    `json_errors` names the stream of its failures under `--json`: "stdout" where Beads does so.
    A command that `writes` is refused under `--readonly`. `patience` is how a terminal is told that
    it takes long: by a "wheel", by a "line" where others may ask there, "" where they take it over.
    `sections` groups the options of a long help by parameter name; the rest is "Expert".
    """
    return click.command(
        name, cls=Command, examples=examples, json_errors=json_errors, writes=writes, **more
    )


def group(
    name: str,
    *,
    examples: Sequence[str],
    json_errors: str = "stderr",
    default: str = "",
    **more: Any,
) -> Callable[[Callable[..., Any]], Group]:
    """A family of commands such as `dep`; the function itself does nothing.

    Add to it with `@dep.command("add", ...)`, which takes what `command` takes and has this
    group's `json_errors`. What names none of them goes to the command `default`, if there is one.
    """
    more.setdefault("cls", Group)
    return click.group(name, examples=examples, json_errors=json_errors, default=default, **more)


def ignored(*names: str, value: bool = False) -> Callable[[C], C]:
    """Accept flags that mean nothing here; people are told so, programs are not."""

    def mark(function: C) -> C:
        idle = {**getattr(function, "idle", {}), **dict.fromkeys(names, value)}
        function.idle = idle  # type: ignore[attr-defined]
        return function

    return mark


def output(help: str) -> Callable[[Any], Any]:
    """Give a command the option `--output FILE`; None where that is the standard output."""
    return click.option("-o", "--output", metavar="FILE", help=help, callback=_not_stdout)


def _not_stdout(_context: click.Context, _option: click.Parameter, name: str | None) -> str | None:
    return None if name in _STDOUT else name


class UnknownCommand(click.UsageError):
    """A word where a command was expected; `near` are commands that it resembles."""

    def __init__(self, name: str, ctx: click.Context, known: Sequence[str]) -> None:
        super().__init__(f'unknown command "{name}" for "{ctx.command_path}"', ctx)
        from difflib import get_close_matches

        from tracker.cli.suggestions import meant

        near = meant(name, "" if ctx.parent is None else ctx.command.name or "")
        begun = [other for other in known if len(name) > 1 and other.startswith(name)]
        close = [] if near else get_close_matches(name, known)
        self.near = list(dict.fromkeys([*near, *begun, *close]))[:3]


class Command(click.Command):
    """A click command with the habits of cobra."""

    tail = ""

    def __init__(
        self,
        name: str | None = None,
        *,
        examples: Sequence[str] = (),
        json_errors: str = "stderr",
        writes: bool = False,
        patience: str = "wheel",
        sections: Mapping[str, Sequence[str]] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(name, add_help_option=False, **more)
        self.sections = sections or {}
        self.patience = patience
        self.examples = tuple(examples)
        self.json_errors = json_errors
        self.writes = writes
        self.idle: dict[str, bool] = getattr(self.callback, "idle", {})

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        session = ctx.find_object(Session)
        if session is None:
            raise TypeError("a command of ours runs within a session: use tracker.cli.main")
        session.errors_to = self.json_errors
        words = Words(ctx, session.flags, self.idle)
        kept = words.read(args, tail=self.tail)
        if words.help:
            self.show_help(ctx)
        if words.idle:
            do = "do" if len(words.idle) > 1 else "does"
            session.note(f"{', '.join(words.idle)} {do} nothing here")
        return super().parse_args(ctx, self.completed(ctx, kept))

    def completed(self, ctx: click.Context, words: list[str]) -> list[str]:
        """The words to parse, where a command would add to what was typed."""
        return words

    def show_help(self, ctx: click.Context) -> NoReturn:
        """Print the help and leave with success."""
        session: Session = ctx.obj
        text = ctx.get_help()
        if session.terminal is not None and session.terminal.colour:
            from tracker.render.colour import helped

            text = helped(text)
        session.say(text, styled=True)
        raise click.exceptions.Exit(0)

    def invoke(self, ctx: click.Context) -> Any:
        session: Session = ctx.obj
        if self.writes and session.flags.readonly:
            operation = ctx.command_path.partition(" ")[2]
            raise Refused(f"operation '{operation}' is not allowed in read-only mode")
        session.writes = self.writes
        if self.writes:  # what is done is told at once
            session.release()
        # A group runs before the flags of its command are read.
        if not isinstance(self, Group) and session.terminal is not None:
            from tracker.cli.session import attend

            attend(session, ctx.command_path, paging=not self.writes, patience=self.patience)
        answer = super().invoke(ctx)
        if self.writes and "tracker" in session.__dict__:
            for text in session.tracker.amiss:
                session.warn(text)
            for text in () if session.json else session.tracker.gate.cautions:
                session.warn(text)
        if (self.writes and session.writes) or self.name in _LOOKS:  # not after a dry run
            _register(session)
        return answer

    def get_short_help_str(self, limit: int = 45) -> str:
        """The first sentence; where that is too long, as much of it as stands alone."""
        text = " ".join((self.help or "").partition("\n\n")[0].split())
        text = re.split(r"(?<!\.)\.(?: |$)", text, maxsplit=1)[0]
        ends = [found.start() for found in re.finditer(r"[;:] ", text)]
        fitting = [end for end in ends if 8 < end <= limit]
        return text if len(text) <= limit or not fitting else text[: fitting[0]]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        shown = {param.name: param for param in self.get_params(ctx)}
        for title, names in self.sections.items():
            _write_options(ctx, formatter, title, [shown.pop(name) for name in names])
        _write_options(ctx, formatter, "Expert" if self.sections else "Options", shown.values())

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_epilog(ctx, formatter)
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    formatter.write(f"{'':>{formatter.current_indent}}{example}\n")
        self.format_global_flags(ctx, formatter)

    def format_global_flags(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One line; `bd --help` explains them."""
        flags = [f"{flag.names[0]} {flag.metavar}".strip() for flag in FLAGS if flag.help]
        program = ctx.find_root().info_name
        formatter.write_paragraph()
        formatter.write_text(f"Global flags: {', '.join(flags)} ({program} --help)")


def _write_options(
    ctx: click.Context,
    formatter: click.HelpFormatter,
    title: str,
    params: Iterable[click.Parameter],
) -> None:
    found = (param.get_help_record(ctx) for param in params)
    records = [record for record in found if record and record[1]]  # not words of the usage line
    if records:
        with formatter.section(title):
            formatter.write_dl([(names, _RANGE.sub("", text)) for names, text in records])


def _register(session: Session) -> None:
    """A clone whose attributes name our merge driver gets to know it by a write, never by a read.

    Whoever reads at a terminal is told.
    """
    if "tracker" not in session.__dict__ or not (session.writes or session.terminal):
        return
    from tracker.setup.merge_driver import is_missing

    if is_missing(session.place):
        from tracker.cli.driver_notice import advise, register

        (register if session.writes else advise)(session)


class Group(Command, click.Group):
    """A command of commands. Without a word it shows its help, or runs its default."""

    tail = "group"

    def __init__(self, name: str | None = None, *, default: str = "", **more: Any) -> None:
        super().__init__(name, **more)
        self.default = default
        if default:
            self.tail = "default"

    def command(self, *args: Any, **more: Any) -> Callable[[Callable[..., Any]], Command]:  # type: ignore[override]
        """Add a command; takes what `tracker.cli.command.command` takes."""
        more.setdefault("json_errors", self.json_errors)

        def add(function: Callable[..., Any]) -> Command:
            made = command(*args, **more)(function)
            self.add_command(made)
            return made

        return add

    def completed(self, ctx: click.Context, words: list[str]) -> list[str]:
        if words:
            return words
        default = self.get_command(ctx, self.default) if self.default else None
        if default is None or any(map(_is_needed, default.params)):
            self.show_help(ctx)
        return [self.default]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_options(ctx, formatter)
        self.format_commands(ctx, formatter)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        for name, words in ((args[0], args[1:]), (self.default, args)):
            found = self.get_command(ctx, name)
            takes = name == args[0] or args[0][:1] == "-" or _takes_words(found)
            if found and takes:
                return name, found, words
        raise UnknownCommand(args[0], ctx, self.list_commands(ctx))


class CommandFamily(Group):
    """A group whose commands stand in a table: name, "module:function"; one is loaded to run it.

    `others` are further names of them.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        rows: Mapping[str, str],
        others: Mapping[str, str],
        **more: Any,
    ) -> None:
        super().__init__(name, **more)
        self.rows = dict(rows)
        self.others = dict(others)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        target = self.rows.get(self.others.get(cmd_name, cmd_name))
        found: click.Command | None = load(target) if target else None
        return found

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.rows)


def load(target: str) -> Any:
    """Import "module:name" below `tracker.cli`, as the tables of commands spell it."""
    from importlib import import_module

    module, _, attribute = target.partition(":")
    return getattr(import_module(f"tracker.cli.{module}"), attribute)


def _takes_words(command: click.Command | None) -> bool:
    """Whether a word may be meant for it, and is not a mistyped name of another."""
    return any(isinstance(param, click.Argument) for param in command.params) if command else False


def _is_needed(param: click.Parameter) -> bool:
    """Whether a command does nothing without it: an argument in its usage, not in brackets."""
    shown = param.human_readable_name if isinstance(param, click.Argument) else ""
    return shown != "" and not shown.startswith("[")


class Root(Group):
    """The program: finds each command in a table and loads only the module of the one it runs."""

    def __init__(
        self,
        table: Mapping[str, Mapping[str, str]],
        aliases: Mapping[str, str],
        *,
        common: Mapping[str, Sequence[str]],
        **more: Any,
    ) -> None:
        super().__init__(**more)
        self.table = table
        self.aliases = aliases
        self.common = common

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        name = self.aliases.get(cmd_name, cmd_name)
        target = next((rows[name] for rows in self.table.values() if name in rows), "")
        if not target:
            absent: Mapping[str, str] = load("unsupported:ABSENT")
            target = "unsupported:absent" if cmd_name in absent else ""
        found: click.Command | None = load(target) if target else None
        return found

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*(name for rows in self.table.values() for name in rows), *self.aliases]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] != "help":
            return super().resolve_command(ctx, args)
        names = [word for word in args[1:] if not word.startswith("-")]
        if not names:
            ctx.meta[_ALL] = "--all" in args
            self.show_help(ctx)
        return super().resolve_command(ctx, [*names, "--help"])

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        other: dict[str, list[str]] = {}
        for alias, name in self.aliases.items():
            other.setdefault(name, []).append(alias)
        every = {section: [*rows] for section, rows in self.table.items() if section}
        listed = {name for names in every.values() for name in names}
        # The section "" holds what hooks and old scripts call, and nobody types.
        sections = every if ctx.meta.get(_ALL) else self.common
        for section, names in sections.items():
            rows = [name for name in names if name in listed]
            lines = [(_named(name, other.get(name, [])), self._line(ctx, name)) for name in rows]
            if lines:
                with formatter.section(section):
                    formatter.write_dl(lines)

    def _line(self, ctx: click.Context, name: str) -> str:
        found = self.get_command(ctx, name)
        return found.get_short_help_str(limit=56) if found else ""

    def format_global_flags(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Global flags, anywhere on the line"):
            formatter.write_dl(
                [
                    (f"{', '.join(flag.names)} {flag.metavar}".strip().ljust(_COLUMN), flag.help)
                    for flag in FLAGS
                    if flag.help
                ]
            )
        if not ctx.meta.get(_ALL):
            formatter.write_paragraph()
            formatter.write_text(f"{ctx.info_name} help --all lists every command")


def _named(name: str, others: Sequence[str]) -> str:
    """A command and its other names, where there is room for them."""
    names = ", ".join([name, *others])
    return (names if len(names) <= _COLUMN else name).ljust(_COLUMN)


def priority(value: object) -> int:
    """Parse a priority, 0 (most urgent) to 4 or P0 to P4. Raises Invalid."""
    text = str(value).strip()
    digit = text[1:] if text[:1] in {"p", "P"} else text
    if digit not in {"0", "1", "2", "3", "4"}:
        from tracker.model.choices import not_a_priority

        raise not_a_priority(text)
    return int(digit)


def _duration(value: object) -> float:
    try:
        return duration(str(value))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


_duration.__name__ = "time"


def _minutes(value: object) -> int:
    text = str(value).strip()
    try:
        return int(text)
    except ValueError:
        pass
    try:
        minutes = duration(text.lower()) / 60
    except ValueError:
        minutes = 0.5
    if minutes != int(minutes) or text[-1:].lower() == "d":  # how long is a day of work?
        raise click.UsageError(f'invalid estimate "{text}": use minutes, 45m, 2h or 1h30m')
    return int(minutes)


_minutes.__name__ = "minutes"
PRIORITY = click.types.FuncParamType(priority)
DURATION = click.types.FuncParamType(_duration)
MINUTES = click.types.FuncParamType(_minutes)


class InvalidChoice(click.UsageError):
    """An option's value outside its closed set; `hint` is what may be meant."""

    def __init__(self, message: str, ctx: click.Context | None, hint: str) -> None:
        super().__init__(message, ctx)
        self.hint = hint


class OneOf(click.Choice[str]):
    """A choice whose error lists the values and suggests the closest one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value in self.choices:
            return value
        from tracker.model.choices import not_a_choice

        names = param.opts if isinstance(param, click.Option) else []
        what = max(names, key=len) if names else "value"
        error = not_a_choice(what, str(value), self.choices)
        raise InvalidChoice(error.message, ctx, error.hint or "")


class Listed(click.Option):
    """An option that takes commas and repetition: `-l a,b -l c`.

    Its value is a tuple of trimmed words, each converted by `type` if there is one, and None where
    the option was not given at all: `--set-labels ""` is an empty tuple.
    """

    def __init__(
        self, names: Sequence[str], *, type: Callable[[str], Any] = str, **more: Any
    ) -> None:
        more.setdefault("metavar", "LIST")
        super().__init__(names, multiple=True, callback=self._words, **more)
        self._convert = type

    def _words(
        self, _ctx: click.Context, _option: click.Parameter, values: Sequence[str]
    ) -> tuple[Any, ...] | None:
        words = [word.strip() for text in values for word in text.split(",")]
        return tuple(self._convert(word) for word in words if word) if values else None


CommandT = TypeVar("CommandT", bound="Callable[..., Any]")


def silent(*names: str, value: bool = False) -> Callable[[CommandT], CommandT]:
    """Accept flags without a word: those who send them look at what is printed."""
    return click.option(*names, is_flag=not value, expose_value=False, hidden=True)
