"""Read input files and write output files, with progress."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

from tracker import fileio
from tracker.errors import Invalid, Refused
from tracker.workspace import output_files as outputs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tracker.cli.session import Session


T = TypeVar("T")

PATIENCE = 1.0  # seconds before anything is shown
_OFTEN = 256  # elements between two looks at the clock


def is_waiting(session: Session) -> bool:
    """Whether reading the standard input would wait for somebody to type."""
    return session.stdin is not None and session.stdin.isatty()


def contents(session: Session, name: str) -> bytes:
    """The bytes of a file, or of the standard input where the name is `-`. Raises Invalid."""
    if name == "-":
        try:
            return session.input()
        except OSError as error:
            raise Invalid(f"cannot read standard input: {error.strerror}") from None
    try:
        return fileio.named(os.path.join(session.folder, name))
    except OSError as error:
        raise Invalid(f"cannot read {name}: {error.strerror}") from None
    except ValueError:  # a NUL in the name
        raise Invalid(f"cannot read {name}: not a valid file name") from None


def watched(session: Session, what: str) -> _Watched:
    """Passes elements on; on a terminal a bar shows how far they are once it takes long."""
    stream = session.stderr
    is_seen = stream is not None and stream.isatty() and not (session.json or session.flags.quiet)
    return _Watched(session, what, is_seen=is_seen)


class _Watched:
    def __init__(self, session: Session, what: str, *, is_seen: bool) -> None:
        self._session = session
        self._what = what
        self._is_seen = is_seen

    def __call__(self, elements: Iterable[T], total: int) -> Iterable[T]:
        return self._shown(elements, total) if self._is_seen else elements

    def _shown(self, elements: Iterable[T], total: int) -> Iterator[T]:
        import time

        begin = time.monotonic()
        rest = iter(elements)
        for number, element in enumerate(rest, 1):
            yield element
            if number % _OFTEN == 0 and time.monotonic() - begin > PATIENCE:
                yield from self._with_bar(rest, number, total)
                return

    def _with_bar(self, rest: Iterator[T], done: int, total: int) -> Iterator[T]:
        from rich.console import Console
        from rich.progress import Progress

        if self._session.patience is not None:
            self._session.patience.stop()
        console = Console(file=self._session.stderr)
        with Progress(console=console, transient=True) as progress:
            task = progress.add_task(self._what, total=total, completed=done)
            for element in rest:
                yield element
                progress.advance(task)


def save(session: Session, name: str, text: str | bytes) -> None:
    """Write a file, over one that is there. Raises Refused where that would be our own."""
    if session.readonly:
        raise Refused("read-only mode writes no files", hint="run it without --readonly")
    data = text.encode("utf-8", "backslashreplace") if isinstance(text, str) else text
    outputs.write(session.folder, name, data, session.place)
