"""Run `python -m tracker`; the merge driver is answered without loading the command line."""

from __future__ import annotations

import gc
import sys


def main() -> int:
    """The exit code of this process's command line."""
    if sys.argv[1:2] == ["merge-driver"] and _is_merged():
        return 0
    from tracker.cli import run

    return run()


def _is_merged() -> bool:
    """Whether the short way to the merge driver was enough."""
    from tracker.merge.driver import quickly

    gc.disable()  # a short process, and nothing that it makes is worth collecting
    said = quickly(sys.argv[2:])
    if said is None:
        gc.enable()
        return False
    if said:
        from tracker.text import printable

        _say(printable(said))
    gc.freeze()
    return True


def _say(text: str) -> None:
    """Say it in UTF-8, to whoever listens: the file is written already."""
    try:
        sys.stderr.buffer.write(f"{text}\n".encode(errors="backslashreplace"))
        sys.stderr.flush()
    except (AttributeError, OSError):
        sys.stderr = None


if __name__ == "__main__":
    sys.exit(main())
