"""Command lines in a child process that may neither hang nor take all memory."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import resource
import select
import signal
import time
import traceback
import warnings
from collections.abc import Iterable
from typing import Any

import pytest

import tracker
from tests.support.repository import Answer, Bd

for _module in pkgutil.walk_packages(tracker.__path__, "tracker."):
    if not _module.name.endswith("__main__"):
        importlib.import_module(_module.name)  # once, and not in every child

MEMORY = 3 << 30
"""Bytes of address space: to read a sparse file of 5 GB, or a device without end, takes more."""
HANGS = 30.0
"""Seconds after which one command is said to hang."""


def guarded(bd: Bd, lines: Iterable[tuple[str, ...]], stdin: str = "") -> list[Answer]:
    """The answers to command lines; a hang, a crash or too much memory fails the test."""
    every = list(lines)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads
        source, target = os.pipe()
        child = os.fork()
    if child == 0:
        os.close(source)
        _be(bd, every, stdin, target)
    os.close(target)
    answers: list[Answer] = []
    try:
        for row in _rows(source, every, answers):
            assert isinstance(row, list), f"{' '.join(every[len(answers)])}: {row}"
            answers.append(Answer(*row))
    finally:
        os.close(source)
        os.killpg(child, signal.SIGKILL) if _is_alive(child) else None
    assert len(answers) == len(every), f"{' '.join(every[len(answers)])} ended the process"
    return answers


def _be(bd: Bd, lines: list[tuple[str, ...]], stdin: str, target: int) -> None:
    """The child: one line of JSON for each answer."""
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        with os.fdopen(target, "w") as out:
            for words in lines:
                row: Any
                try:
                    row = list(bd.run(*words, stdin=stdin))
                except BaseException:  # noqa: BLE001
                    row = traceback.format_exc()
                out.write(json.dumps(row) + "\n")
                out.flush()
    finally:
        os._exit(0)


def _rows(source: int, lines: list[tuple[str, ...]], answers: list[Answer]) -> Iterable[Any]:
    """What the child writes, as long as it goes on."""
    held, until = b"", time.monotonic() + HANGS
    while True:
        ready, _, _ = select.select([source], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            pytest.fail(f"bd {' '.join(lines[len(answers)])} hangs")
        part = os.read(source, 1 << 16)
        if not part:
            return
        held += part
        *whole, held = held.split(b"\n")
        for row in whole:
            yield json.loads(row)
            until = time.monotonic() + HANGS


def _is_alive(child: int) -> bool:
    """Whether the child still runs; one that has ended is taken off the list of processes."""
    try:
        if os.waitpid(child, os.WNOHANG)[0]:
            return False
    except ChildProcessError:
        return False
    return True
