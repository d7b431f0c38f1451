"""A child process that dies at a step of its work: before its n-th call that changes files."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

CALLS = ("open", "write", "fsync", "rename", "replace", "link", "unlink", "ftruncate", "mkdir")
_BESIDE = ("beads.db", "cache", ".lock", ".stamp", "memory.db", "claims")
"""What nothing depends on, by parts of its names."""


def killed_at(step: int, work: Callable[[], object]) -> bool:
    """Run the work in a child that dies before that call; False where it is done before."""
    child = os.fork()
    if not child:
        _die_at(step)
        try:
            work()
        except BaseException as error:  # noqa: BLE001  (what went wrong is the parent's to know)
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
            os._exit(3)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def steps(work: Callable[[], object], reset: Callable[[], object], every: int = 1):
    """Each state that a kill leaves: `reset`, run the work up to a step, and yield its number."""
    step = 0
    while True:
        reset()
        if not killed_at(step, work):
            return
        yield step
        step += every


def _die_at(step: int) -> None:
    left = [step]
    started: list[str] = []  # with the first new file: before that there is nothing to lose

    def counted(call):
        def counting(*words, **more):
            name = next((word for word in words if isinstance(word, str)), "")
            started.extend([name] if ".db-tmp" in name else [])
            if started and not any(part in os.path.basename(name) for part in _BESIDE):
                if not left[0]:
                    os.kill(os.getpid(), signal.SIGKILL)
                left[0] -= 1
            return call(*words, **more)

        return counting

    for name in CALLS:
        setattr(os, name, counted(getattr(os, name)))
    from tracker import small_files
    from tracker.store import atomic

    atomic.exchange = counted(small_files.exchange)
    sys.setswitchinterval(1)
