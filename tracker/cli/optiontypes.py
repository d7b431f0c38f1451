"""What the values of options mean: priorities, times, lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tracker.cli.flags import duration
from tracker.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def priority(value: object) -> int:
    """0 (most urgent) to 4, also written P0 to P4. Raises Invalid."""
    text = str(value).strip()
    digit = text[1:] if text[:1] in {"p", "P"} else text
    if digit not in {"0", "1", "2", "3", "4"}:
        raise Invalid(
            f'invalid priority "{text}" (expected 0-4 or P0-P4, not words like high/medium/low)'
        )
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
        raise click.BadParameter(
            f'"{text}" is no time of work (expected minutes, 45m, 2h or 1h30m)'
        )
    return int(minutes)


_minutes.__name__ = "minutes"
PRIORITY = click.types.FuncParamType(priority)
DURATION = click.types.FuncParamType(_duration)
MINUTES = click.types.FuncParamType(_minutes)


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
