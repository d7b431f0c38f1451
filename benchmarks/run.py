"""How long `bd` takes, as whole processes and as a multiple of bare Python.

Bare Python and the command take turns, so that whatever else the machine does weighs on both. The
figure that counts is `median(command) / median(bare)`; the budgets are those of the design.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks import generate
from benchmarks.workspace import CommandFailed, NotBuilt, Workspace

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SIZES = (1_000, 10_000)
RUNS = 11
PATIENCE = 20.0
"""Seconds for one row, after which three runs are enough."""

Step = Callable[[Workspace], None]


class Budget(NamedTuple):
    """Times bare Python: up to 10,000 issues, and above (None: grows with the size)."""

    small: float
    large: float | None

    def at(self, size: int) -> float:
        """The budget for a log of this size."""
        if size <= 10_000:
            return self.small
        return self.small * size / 10_000 if self.large is None else self.large


class Work(NamedTuple):
    """One row: `command` is timed, `before` prepares each run and is not.

    The blanks of a command are those of `Workspace.argv`.
    """

    name: str
    command: tuple[str, ...]
    budget: Budget
    before: Step


class Peak(NamedTuple):
    """One row of memory: `limit` is in MB, for 100,000 issues."""

    name: str
    command: tuple[str, ...]
    limit: float


class Row(NamedTuple):
    """What was found: milliseconds (of memory: MB), or a `state` other than "measured"."""

    work: str
    size: int
    state: str
    budget: float
    unit: str = "ms"
    own: tuple[float, ...] = ()
    bare: tuple[float, ...] = ()

    @property
    def figure(self) -> float:
        """What is held against the budget: a ratio, or MB."""
        return ratio(self.own, self.bare) if self.unit == "ms" else median(self.own)


def settled(workspace: Workspace) -> None:
    """The log lies still, as it does between two looks at it."""
    workspace.settle()


def as_it_comes(_: Workspace) -> None:
    """The log is as the run before left it, milliseconds ago."""


def after_a_write(workspace: Workspace) -> None:
    """The program itself has just changed the log."""
    workspace.call("update", "{id}", "--title", "Renamed for the {n}th time")


def after_git(workspace: Workspace) -> None:
    """The program has seen the log, and git has changed it since."""
    workspace.restore()
    workspace.call("ready")
    workspace.put(workspace.changed)


def without_cache(workspace: Workspace) -> None:
    """A fresh clone."""
    workspace.delete_cache()


def with_memories(workspace: Workspace) -> None:
    """A memory for each issue; they were not changed lately, and neither was the log."""
    _remember(workspace)
    workspace.settle()


def after_remembering(workspace: Workspace) -> None:
    """The program itself has just written a memory, and knew the others."""
    if _remember(workspace):
        workspace.call("memories", "something")
    workspace.call("memory", "set", "build/seen", "Seen for the {n}th time")


def after_other_memories(workspace: Workspace) -> None:
    """The program has seen the memories, and git has changed 1 % of them since."""
    workspace.restore()
    _remember(workspace)
    workspace.call("memories", "something")
    path = workspace.beads / "memory.jsonl"
    path.write_bytes(generate.edited_memories(path.read_bytes(), 0.01))


def after_an_issue(workspace: Workspace) -> None:
    """The program knew the memories, and has just changed an issue."""
    if _remember(workspace):
        workspace.call("memories", "something")
    workspace.call("update", "{id}", "--title", "Renamed for the {n}th time")


def memories_without_cache(workspace: Workspace) -> None:
    """Memories in a fresh clone."""
    _remember(workspace)
    workspace.delete_cache()


def _remember(workspace: Workspace) -> bool:
    """Put a memory for each issue there; False where they were there."""
    path = workspace.beads / "memory.jsonl"
    is_new = not path.exists()
    if is_new:
        path.write_bytes(generate.memories(workspace.size))
    return is_new


def before_import(workspace: Workspace) -> None:
    """An empty log, and a file from elsewhere."""
    workspace.file("elsewhere.jsonl", workspace.log)
    workspace.put(b"")
    workspace.delete_cache()


def before_merge(workspace: Workspace) -> None:
    """Two branches that each edited 5 % of the lines; the driver writes over ours."""
    base, ours, theirs = workspace.branches
    for name, data in (("base", base), ("ours", ours), ("theirs", theirs)):
        workspace.file(name, data)


READ = Budget(6, 12)
WRITE = Budget(10, 30)
RECALL = ("memory", "search", "stale cache timeout")

# A row that the program does not know yet is printed as "not built": list what is wanted here.
WORKS = (
    Work("ready", ("ready",), READ, settled),
    Work("show", ("show", "{id}"), READ, settled),
    Work("list (50)", ("list", "--limit", "50"), READ, settled),
    Work("stats", ("stats",), READ, settled),
    Work("recall", RECALL, READ, with_memories),
    Work("recall --json", (*RECALL, "--json"), READ, with_memories),
    Work("list of memories", ("memory", "list", "api/*"), READ, with_memories),
    Work("recall of a key", ("recall", "{key}"), READ, with_memories),
    Work("recall, just after a write", RECALL, READ, after_remembering),
    Work("recall, just after an issue", RECALL, READ, after_an_issue),
    Work("recall, after git changed 1 %", RECALL, Budget(20, 100), after_other_memories),
    Work("recall, cold cache", RECALL, Budget(60, None), memories_without_cache),
    Work("remember", ("memory", "set", "build/{n}", "Seen: {n}"), WRITE, after_remembering),
    Work(
        "pre-task",
        ("hooks", "pre-task", "--description", "stale cache timeout in the build"),
        Budget(9, None),
        with_memories,
    ),
    Work(
        "list --json, everything",
        ("list", "--all", "--limit", "0", "--json"),
        Budget(12, None),
        settled,
    ),
    Work("ready, just after a write", ("ready",), READ, after_a_write),
    Work("create", ("create", "Note {n}", "--description", "What was seen."), WRITE, as_it_comes),
    Work("update", ("update", "{id}", "--title", "Renamed {n}"), WRITE, as_it_comes),
    Work("close", ("close", "{id}", "--reason", "Done in {n}"), WRITE, as_it_comes),
    Work("comment", ("comments", "add", "{id}", "Seen again, {n}"), WRITE, as_it_comes),
    Work("ready, after git changed 1 %", ("ready",), Budget(20, 100), after_git),
    Work("ready, cold cache", ("ready",), Budget(60, None), without_cache),
    Work(
        "merge driver, 5 % on each side",
        ("merge-driver", "{file:base}", "{file:ours}", "{file:theirs}", "7", ".beads/issues.jsonl"),
        Budget(25, None),
        before_merge,
    ),
    Work("import", ("import", "-i", "{file:elsewhere.jsonl}"), Budget(120, None), before_import),
)
PEAKS = (
    Peak("memory of a warm read", ("ready",), 100),
    Peak("memory of a write", ("create", "Note {n}", "--description", "What was seen."), 400),
)


def ratio(own: Sequence[float], bare: Sequence[float]) -> float:
    """How many times as long as bare Python."""
    return median(own) / median(bare)


def measured(work: Work, workspace: Workspace, runs: int) -> Row:
    """One row: a first run that does not count, then bare and command in turns."""
    own: list[float] = []
    bare: list[float] = []
    workspace.restore()
    work.before(workspace)
    workspace.call(*work.command)
    begin = time.perf_counter()
    while len(own) < runs and (len(own) < 3 or time.perf_counter() - begin < PATIENCE):
        work.before(workspace)
        argv = workspace.argv(work.command)
        bare.append(workspace.timed(workspace.bare) * 1000)
        own.append(workspace.timed(argv) * 1000)
    budget = work.budget.at(workspace.size)
    return Row(work.name, workspace.size, "measured", budget, "ms", tuple(own), tuple(bare))


def weighed(peak: Peak, workspace: Workspace) -> Row:
    """One row of memory, with a warm cache."""
    workspace.restore()
    workspace.settle()
    workspace.call(*peak.command)
    own = tuple(workspace.peak(workspace.argv(peak.command)) for _ in range(3))
    return Row(peak.name, workspace.size, "measured", peak.limit, "MB", own)


def rows(workspace: Workspace, names: Sequence[str], runs: int) -> Iterable[Row]:
    """Every row that is asked for, also those that cannot be measured."""
    for work in (*WORKS, *PEAKS):
        if work.name not in names:
            continue
        if isinstance(work, Work):
            blank = Row(work.name, workspace.size, "", work.budget.at(workspace.size))
        else:
            blank = Row(work.name, workspace.size, "", work.limit, "MB")
        _tell(f"{work.name}, {workspace.size:,} issues ...")
        try:
            if isinstance(work, Work):
                yield measured(work, workspace, runs)
            else:
                yield weighed(work, workspace)
        except NotBuilt:
            yield blank._replace(state="not built")
        except CommandFailed as error:
            sys.stderr.write(f"{work.name}: {error}\n")
            yield blank._replace(state="failed")


def _tell(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}\r")


def cells(row: Row) -> tuple[str, ...]:
    """One line of the table of times or of memory."""
    times = row.unit == "ms"
    budget = f"{row.budget:g}"
    if row.state != "measured":
        return (row.work, f"{row.size:,}", row.state, *(("-",) if times else ()), budget, "-")
    within = "yes" if row.figure <= row.budget else "no"
    figures = (f"{median(row.own):.1f}", *((f"{row.figure:.1f}",) if times else ()))
    return (row.work, f"{row.size:,}", *figures, budget, within)


def table(found: Sequence[Row]) -> str:
    """The figures in Markdown: times, then memory."""
    heads = {
        "ms": ("work", "size", "ms", "x bare", "budget", "within?"),
        "MB": ("work", "size", "MB", "limit", "within?"),
    }
    parts = []
    for unit, head in heads.items():
        body = [cells(row) for row in found if row.unit == unit]
        if body:
            rule = ("---", *("---:" for _ in head[1:-1]), "---")
            lines = (f"| {' | '.join(line)} |" for line in (head, rule, *body))
            parts.append("\n".join(lines))
    return "\n\n".join(parts)


def figures(found: Sequence[Row]) -> list[dict[str, Any]]:
    """The same for programs, with every single run."""
    return [
        {
            "work": row.work,
            "size": row.size,
            "state": row.state,
            "unit": row.unit,
            "median": median(row.own) if row.own else None,
            "bare": median(row.bare) if row.bare else None,
            "ratio": row.figure if row.bare else None,
            "budget": row.budget,
            "within": row.figure <= row.budget if row.own else None,
            "runs": row.own,
        }
        for row in found
    ]


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.run", description=main.__doc__)
    default = Path(sys.executable).parent / "bd"
    parser.add_argument("--sizes", type=_sizes, default=SIZES, metavar="N,N", help="issues")
    parser.add_argument("--runs", type=int, default=RUNS, metavar="K", help="of each row, at most")
    parser.add_argument("--only", metavar="NAME", help="rows whose name contains this")
    parser.add_argument("--bd", type=Path, default=default, metavar="PATH", help="the program")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    options = parser.parse_args(argv)
    names = [work.name for work in (*WORKS, *PEAKS)]
    options.names = [name for name in names if (options.only or "") in name]
    if not options.names:
        parser.error(f"no row is named like '{options.only}': {'; '.join(names)}")
    if options.runs < 1:
        parser.error("--runs counts from 1")
    options.bd = options.bd.absolute()
    if not options.bd.is_file():
        parser.error(f"no program at {options.bd}: install the project here, or name one by --bd")
    return options


def _sizes(text: str) -> tuple[int, ...]:
    sizes = tuple(int(part) for part in text.split(","))
    if min(sizes) < 1:
        raise ValueError
    return sizes


def main(argv: Sequence[str] | None = None) -> int:
    """Measure `bd` and print a table. Exit code 1 if a command failed, whatever the figures say."""
    options = _options(argv)
    found: list[Row] = []
    about = {"python": platform.python_version(), "system": platform.platform()}
    for size in options.sizes:
        with tempfile.TemporaryDirectory(prefix="bench-") as root:
            workspace = Workspace(Path(root), options.bd, size)
            try:
                about["bd"] = _version(workspace)
                found += rows(workspace, options.names, options.runs)
            finally:
                workspace.close()
    _tell("")
    print(f"{about['bd']}; Python {about['python']}; {about['system']}")
    bare = [figure for row in found for figure in row.bare]
    if bare:
        print(f"bare Python: {median(bare):.1f} ms; at most {options.runs} runs a row")
    print(f"\n{table(found)}")
    if options.json:
        document = {**about, "rows": figures(found)}
        options.json.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    return int(any(row.state == "failed" for row in found))


def _version(workspace: Workspace) -> str:
    try:
        return workspace.call("version").strip() or "no version"
    except (CommandFailed, NotBuilt):
        return "no version"


if __name__ == "__main__":
    sys.exit(main())
