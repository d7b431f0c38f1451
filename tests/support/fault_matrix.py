"""The fault matrix: every call of every case made to fail, and what was left of it.

    python -m tests.support.fault_matrix                  all, into docs/faults.json (an hour)
    python -m tests.support.fault_matrix --each 20        a sample, into docs/faults.json too
    python -m tests.support.fault_matrix --each 20 close  20 faults of each case of `close...`

`tools/fault_table.py` makes a table of it. The same functions serve the tests.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.support.fault_cases import CASES
from tests.support.faults import KINDS, Bench, Broken, Case, Fault
from tools.fault_table import Measured, Row, save, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WORDS = {  # how many words name the command; the others are its arguments
    "admin": 2, "audit": 2, "comments": 2, "config": 2, "dep": 2, "epic": 2, "hooks": 2, "kv": 2,
    "label": 2, "memory": 2, "setup": 2, "todo": 2,
}  # fmt: skip


class Found(NamedTuple):
    """What came of a number of faults: a row by command, and every promise that was broken."""

    rows: dict[str, Row]
    broken: list[str]


def command(case: Case) -> str:
    """The command of a case, without arguments."""
    return " ".join(case.words[: WORDS.get(case.words[0], 1)])


def picked(faults: Sequence[Fault], each: int, seed: str) -> list[Fault]:
    """So many of the faults, by chance; all of them where `each` is 0."""
    if not each or each >= len(faults):
        return list(faults)
    return random.Random(seed).sample(faults, each)


def measured(bench: Bench, cases: Iterable[Case], each: int = 0, seed: str = "1") -> Found:
    """Hit calls of these cases."""
    rows: dict[str, Row] = {}
    broken: list[str] = []
    for case in cases:
        name, start, bad = command(case), time.monotonic(), len(broken)
        row = rows.setdefault(name, {"calls": 0, "faults": {}, "undo": {}})
        row["calls"] += len(bench.known(case).calls)
        faults = picked(bench.faults(case), each, f"{seed} {case.name}")
        for fault in faults:
            try:
                outcome = bench.outcome(case, fault)
            except Broken as error:
                broken.append(str(error))
                continue
            word = "completed" if outcome.left == "mixed" else outcome.then
            kind = row["faults"].setdefault(fault.kind, {})
            kind[word] = kind.get(word, 0) + 1
            if outcome.undone:
                row["undo"][outcome.undone] = row["undo"].get(outcome.undone, 0) + 1
        took = time.monotonic() - start
        told = f"{case.name}: {len(faults)} faults, {len(broken) - bad} broken, {took:.0f} s\n"
        sys.stderr.write(told)
    return Found(rows, broken)


def main() -> int:
    """Measure, say what is broken, and write the data down if everything was measured."""
    parser = argparse.ArgumentParser(description="Hit the calls of every command that writes.")
    parser.add_argument("begins", nargs="?", default="", help="only cases that begin so")
    parser.add_argument("--each", type=int, default=0, help="so many faults of each case")
    parser.add_argument("--seed", default="1")
    asked = parser.parse_args()
    cases = [case for case in CASES if case.name.startswith(asked.begins)]
    with tempfile.TemporaryDirectory(prefix="bd-faults-") as folder:
        bench = Bench(Path(folder))
        found = measured(bench, cases, asked.each, asked.seed)
        bench.close()
    print("\n\n".join(found.broken), table(found.rows, list(KINDS)), sep="\n\n")  # noqa: T201
    if not (asked.begins or found.broken):
        save(Measured(found.rows, asked.each, asked.seed if asked.each else ""))
    return 1 if found.broken else 0


if __name__ == "__main__":
    sys.exit(main())
