"""The terminal: size, colour, pager and spinner.

Colours follow what most programs follow: NO_COLOR and TERM=dumb say no, CLICOLOR_FORCE says yes
also without a terminal, CLICOLOR=0 says no (bixense.com/clicolors, no-color.org). The pager is
BD_PAGER, else PAGER, else less; BD_NO_PAGER, --no-pager and an empty name say no.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from tracker.text import Terminal, whole_number

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping
    from typing import TextIO


PATIENCE = 1.0  # seconds before a command that prints nothing says that it is at work
_WHEEL = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person looks at a stream."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # it is closed
        return False


def is_forced(env: Mapping[str, str]) -> bool:
    """Whether colours are wanted where there is no terminal."""
    return env.get("CLICOLOR_FORCE", "0") not in {"", "0"}


def has_colour(stream: TextIO | None, env: Mapping[str, str]) -> bool:
    """Whether what is written to a stream may hold colours."""
    if env.get("NO_COLOR"):
        return False
    if is_forced(env):
        return True
    plain = env.get("CLICOLOR") == "0" or env.get("TERM", "dumb") == "dumb"
    return is_terminal(stream) and not plain


def terminal(stream: TextIO | None, env: Mapping[str, str], *, paging: bool) -> Terminal:
    """The terminal behind a stream."""
    width, height = _size(stream, env)
    pager = _pager(env) if paging and is_terminal(stream) else ()
    return Terminal(width, height, has_colour(stream, env), pager)


def _size(stream: TextIO | None, env: Mapping[str, str]) -> tuple[int, int]:
    try:
        found = os.get_terminal_size(stream.fileno()) if stream is not None else (0, 0)
    except (OSError, ValueError):  # a stream without a file, or one that is closed
        found = (0, 0)
    width, height = (
        whole_number(env.get(name, "")) or real
        for name, real in (("COLUMNS", found[0]), ("LINES", found[1]))
    )
    return min(max(width or 80, 20), 1000), max(height or 24, 4)


def _pager(env: Mapping[str, str]) -> tuple[str, ...]:
    import shlex

    if env.get("BD_NO_PAGER", "0") not in {"", "0"} or env.get("TERM", "dumb") == "dumb":
        return ()
    command = env.get("BD_PAGER", env.get("PAGER", "less"))
    try:
        words = tuple(shlex.split(command))
    except ValueError:
        return ()
    return () if words[:1] == ("cat",) else words


class Paged:
    """A stream that keeps what is written until it is more than a screen, then hands it to a pager.

    What belongs on the other stream (`aside`) is kept as well, and follows when the pager is gone.
    """

    def __init__(self, stream: TextIO, other: TextIO | None, env: Mapping[str, str],
                 screen: Terminal) -> None:  # fmt: skip
        self.stream = stream
        self._other = other
        self._env = env
        self._screen = screen
        self._held: list[str] = []
        self._rows = 0
        self._asides: list[str] = []
        self._process: subprocess.Popen[str] | None = None

    def write(self, text: str) -> int:
        """Keep a text, or pass it on. Raises BrokenPipeError where the pager was left."""
        if self._process is not None:
            return self._given(text)
        self._held.append(text)
        self._rows += rows(text, self._screen.width)
        if self._rows >= self._screen.height and not self._start():
            self._screen = self._screen._replace(height=sys.maxsize)
        return len(text)

    def aside(self, text: str) -> None:
        """Keep what is for the other stream."""
        self._asides.append(text)

    def flush(self) -> None:
        """Nothing: the end is soon enough."""

    def isatty(self) -> bool:
        """There is a terminal behind it."""
        return True

    def fileno(self) -> int:
        """The terminal's own number."""
        return self.stream.fileno()

    def end(self) -> None:
        """Show what is left; wait until the pager is done."""
        process = self._process
        if process is None:
            self.stream.write("".join(self._held))
            self.stream.flush()
        else:
            try:
                if process.stdin is not None:
                    process.stdin.close()
            except BrokenPipeError:
                pass  # it was left before all was read
            _wait(process)
        self._held.clear()
        if self._other is not None and self._asides:
            self._other.write("".join(self._asides))
            self._other.flush()
            self._asides.clear()

    def _start(self) -> bool:
        import subprocess

        try:
            self._process = subprocess.Popen(
                self._screen.pager, stdin=subprocess.PIPE, encoding="utf-8",
                errors="backslashreplace", env={"LESS": "FRX", "LV": "-c", **self._env},
            )  # fmt: skip
        except OSError:
            return False
        text = "".join(self._held)
        self._held.clear()
        self._given(text)
        return True

    def _given(self, text: str) -> int:
        assert self._process is not None
        assert self._process.stdin is not None
        return self._process.stdin.write(text)


def _wait(process: subprocess.Popen[str]) -> None:
    while True:
        try:
            process.wait()
        except KeyboardInterrupt:  # it is the pager's to answer
            continue
        return


def rows(text: str, width: int) -> int:
    """How many rows of a screen a text takes, about."""
    import re

    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return sum(max(-(-len(line) // width), 1) for line in plain.split("\n")[:-1])


class Patience:
    """Says on the terminal that a command is at work, once it takes long.

    By a wheel that `stop` takes away, or (without `turns`) by a line that stays.
    """

    def __init__(self, stream: TextIO, what: str, *, turns: bool = True) -> None:
        import threading

        self._turns = turns

        self._stream = stream
        self._what = what
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._shown = False
        self._thread = threading.Thread(target=self._turn, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take away what was shown; after this nothing more appears."""
        self._done.set()
        with self._lock:
            if self._shown:
                self._shown = False
                self._show("")

    def _turn(self) -> None:
        turns = 0
        while not self._done.wait(0.1 if turns else PATIENCE):
            with self._lock:
                if not (self._done.is_set() or self._turns):
                    self._done.set()
                    self._show(f"{self._what} is at work ...\n")
                elif not self._done.is_set():
                    self._shown = True
                    self._show(f"{_WHEEL[turns % len(_WHEEL)]} {self._what} ...")
            turns += 1

    def _show(self, text: str) -> None:
        try:
            self._stream.write(f"\r{text}\x1b[K")
            self._stream.flush()
        except (OSError, ValueError):
            self._done.set()
