"""The session of this very process; nothing else in the package looks at it."""

from __future__ import annotations

import io
import os
import sys

from tracker.cli.session import Session


def here() -> Session:
    """The session of this process; its streams speak UTF-8 whatever the locale says."""
    for stream, errors in (
        (sys.stdin, "strict"),
        (sys.stdout, "backslashreplace"),
        (sys.stderr, "backslashreplace"),
    ):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors=errors)
    try:
        cwd = os.getcwd()
    except OSError:  # a folder that was removed under us; what needs no workspace still works
        cwd = os.environ.get("PWD") or "/"
    return Session(
        [_utf8(word) for word in sys.argv],
        os.environ,
        stdin=sys.stdin,
        stdout=sys.stdout,
        stderr=sys.stderr,
        cwd=cwd,
    )


def _utf8(word: str) -> str:
    """An argument as its sender wrote it, where the locale made Python read it otherwise."""
    try:
        return word if word.isascii() else os.fsencode(word).decode()
    except UnicodeError:
        return word
