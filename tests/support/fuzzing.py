"""The targets by coverage, for `make fuzz`: `python -m tests.support.fuzzing SECONDS [NAME]`.

Each runs in a process of its own. What it met is kept in `.fuzz/NAME`, so that the next run goes on
there; an input that breaks a promise is written to `.fuzz/NAME.crash-*`, and belongs into FOUND of
tests/system/test_fuzz.py.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

KEPT = Path(".fuzz")


def one(name: str, seconds: str) -> None:
    """Fuzz a target in this process, which ends with it."""
    import atheris

    with atheris.instrument_imports(include=["tracker"]):
        from tests.support.fuzz_targets import TARGETS
    from tracker.errors import TrackerError

    target = {target.name: target for target in TARGETS}[name]

    def run(data: bytes) -> None:
        try:
            target.run(data)
        except TrackerError:
            return

    corpus, words = KEPT / name, KEPT / f"{name}.dict"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, part in enumerate(target.parts):
        (corpus / f"part-{number}").write_bytes(part)
    short = [part for part in target.parts if 0 < len(part) <= 60]
    rows = ('"' + "".join(f"\\x{byte:02x}" for byte in part) + '"\n' for part in short)
    words.write_text("".join(rows))
    limits = [
        "-max_len=4000",
        "-timeout=20",
        "-rss_limit_mb=1500",
        "-len_control=0",
        "-print_final_stats=1",
    ]
    where = [f"-artifact_prefix={KEPT}/{name}.", f"-dict={words}", f"-max_total_time={seconds}"]
    atheris.Setup([sys.argv[0], *limits, *where, str(corpus)], run)
    atheris.Fuzz()


def every(seconds: str, only: str) -> int:
    """Fuzz each target, and tell in the end which broke a promise."""
    from tests.support.fuzz_targets import TARGETS

    names = [target.name for target in TARGETS if only in {"", target.name}]
    if not names:
        print(f"no target {only!r}: {', '.join(target.name for target in TARGETS)}")  # noqa: T201
        return 2
    try:
        import atheris  # noqa: F401
    except ImportError:
        print("atheris is not installed, so nothing was fuzzed; make fuzz installs it")  # noqa: T201
        return 1
    command = [sys.executable, "-m", "tests.support.fuzzing", "--one"]
    broken = [name for name in names if subprocess.run([*command, name, seconds]).returncode]  # noqa: PLW1510
    print(f"{len(names)} targets fuzzed for {seconds} s each; broken: {broken or 'none'}")  # noqa: T201
    return 1 if broken else 0


if __name__ == "__main__":
    first, *others = sys.argv[1:]
    if first == "--one":
        one(*others)
    sys.exit(every(first, others[0] if others else ""))
