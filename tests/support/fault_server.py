"""Runs command lines, each in a fork of its own, in which one call of the system goes wrong.

Started by `tests.support.faults` with the shim of `faults.c` loaded. Reads one job a line as
JSON, answers each with its exit code (negative for a signal); what the command wrote and the
calls that it made are in files that the job names. The program is imported once, so that a job
costs milliseconds.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import io
import itertools
import json
import os
import pkgutil
import select
import signal
import subprocess
import sys
import threading
from typing import Any

import tracker
from tracker.git import activity
from tracker.store import store

CRASHED = 99
"""The exit code where an exception left the program."""
HANGS = 20.0
"""Seconds after which a command is said to hang."""


def patience() -> None:
    """Have the program wait for others for a moment only: here nobody comes."""
    store.PERSISTENCE = 0.3
    activity.WAIT, activity.WATCH = 0.3, 0.1
    subprocess._USE_VFORK = False  # a fork can be made to fail


def load(names: list[str]) -> None:
    """Import what a command imports late, so that its forks need not."""
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError:  # a part of something that has no module of its own
            continue


def run(job: dict[str, Any], shim: ctypes.CDLL) -> int:
    """Be the command; the exit code. Everything below is what `python -m tracker` does."""
    import tracker.cli
    from tracker import cli

    here, nonces = cli.here, itertools.count(job["now"])

    def session() -> Any:
        found = here()
        found.clock, found.nonce = lambda: job["now"], lambda: next(nonces)
        return found

    cli.here = session
    sys.argv = ["bd", *job["words"]]
    sys.stdin, sys.stdout, sys.stderr = (
        io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False))),
        io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w", closefd=False))),
        io.TextIOWrapper(io.BufferedWriter(io.FileIO(2, "w", closefd=False))),
    )
    trace = os.open(job["trace"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    shim.fault_arm(job["root"].encode(), job["number"], job["how"], job["code"], trace)
    try:
        return tracker.cli.run()
    except BaseException:  # noqa: BLE001  (it is what Python would do at the end)
        import traceback

        shim.fault_disarm()
        traceback.print_exc()
        return CRASHED
    finally:
        shim.fault_disarm()


def child(job: dict[str, Any], shim: ctypes.CDLL) -> None:
    """Run a job in this process, which ends by it."""
    os.chdir(job["folder"])
    os.environ.clear()
    os.environ.update(job["env"])
    for number, (name, flags) in enumerate(
        [
            ("in", os.O_RDONLY),
            ("out", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND),
            ("err", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND),
        ]
    ):
        os.dup2(os.open(job[name], flags), number)
    code = CRASHED
    try:
        code = run(job, shim)
        if job["modules"]:
            with open(job["modules"], "w", encoding="utf-8") as file:
                json.dump(sorted(sys.modules), file)
    finally:
        os._exit(code)


def waited(pid: int) -> int:
    """The exit code of a child, or the number of its signal below zero."""
    handle = os.pidfd_open(pid)
    if not select.select([handle], [], [], HANGS)[0]:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        code = -signal.SIGALRM
    else:
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(handle)
    return code


def main() -> None:
    shim = ctypes.CDLL(os.environ.pop("LD_PRELOAD"))
    patience()
    load([found.name for found in pkgutil.walk_packages(tracker.__path__, "tracker.")
          if not found.name.endswith("__main__")])  # fmt: skip
    assert threading.active_count() == 1
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    gc.freeze()
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        pid = os.fork()
        if not pid:
            child(job, shim)
        code = waited(pid)
        if job["modules"] and code >= 0:
            with open(job["modules"], encoding="utf-8") as file:
                load(json.load(file))
            gc.freeze()
        print(code, file=answers, flush=True)


if __name__ == "__main__":
    main()
