"""Small mistakes put into the program, one at a time, to see whether a test notices.

    make mutants                    # 80 of them
    make mutants N=500 SEED=1       # more, or others
    python -m tests.support.mutants --only memory.ranking --number 20

Each mutant is one changed place in a copy of the tree, and runs the test files that belong to its
module. A survivor is a gap in the tests or a change that changes nothing: it gets a test, or a line
in JUDGED that says why no test can tell it from the original.
"""

from __future__ import annotations

import argparse
import ast
import copy
import difflib
import queue
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]

_MERGE = ("merge", "setup/test_merge_driver.py", "issues/test_peers.py")
_SECRETS = ("secrets",)
TESTS = {
    "merge.fields": _MERGE,
    "merge.id_collisions": _MERGE,
    "merge.inputs": _MERGE,
    "merge.three_way": _MERGE,
    "merge.driver": _MERGE,
    "log.issue_log": ("log/test_issue_log.py", "issues/test_regressions.py"),
    "store.store": ("store",),
    "issues.graph": (
        "issues/test_graph.py", "cache/issues/test_obstacles.py", "issues/test_ready_table.py",
        "cli/relations/test_dep.py",
    ),
    "secrets.gate": _SECRETS,
    "secrets.private_keys": _SECRETS,
    "secrets.scan": _SECRETS,
    "secrets.tokens": _SECRETS,
    "memory.ranking": ("memory/test_ranking.py", "cache/memories/test_search.py"),
    "git.process": ("git/test_process.py", "git/test_repository.py", "house/test_processes.py"),
}  # fmt: skip
"""The test files that answer for a module, quick ones first."""

_TIMES = "how long something is tried for: no test waits for it"
JUDGED: dict[tuple[str, str, str], str] = {
    ("store.store", "20.0", "(19.0)"): _TIMES,
    ("store.store", "20.0", "(21.0)"): _TIMES,
    ("store.store", "len(look.seen) > 1", "(len(look.seen) >= 1)"): (
        "looks once more at a file that is compared anyway when it is replaced"
    ),
}
"""Survivors by module, original and changed text, with the reason why they are no gap."""

OTHER_WAY: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE,
    ast.GtE: ast.Gt, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.And: ast.Or, ast.Or: ast.And, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div,
    ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
}  # fmt: skip


class Place(NamedTuple):
    """Where a text is replaced: lines count from 1, columns are bytes, as in `ast`."""

    line: int
    column: int
    end_line: int
    end_column: int
    text: str

    def parts(self, source: str) -> tuple[bytes, bytes, bytes]:
        """What stands before it, in it and behind it."""
        lines = source.encode().splitlines(keepends=True)
        start = sum(map(len, lines[: self.line - 1])) + self.column
        end = sum(map(len, lines[: self.end_line - 1])) + self.end_column
        data = b"".join(lines)
        return data[:start], data[start:end], data[end:]


class Mutant(NamedTuple):
    module: str
    place: Place
    was: str

    @property
    def key(self) -> tuple[str, str, str]:
        return self.module, self.was, self.place.text


class Result(NamedTuple):
    mutant: Mutant
    outcome: str  # "noticed", "too long" or "survived"
    seconds: float


def path_of(module: str) -> str:
    """The file of a module, from the top of the project."""
    return f"tracker/{module.replace('.', '/')}.py"


# Which changes there are.


def _places(node: ast.AST, changed: list[ast.AST]) -> Iterator[Place]:
    for other in changed:
        text = ast.unparse(other)
        found = f"({text})" if isinstance(other, ast.expr) else text
        yield Place(node.lineno, node.col_offset, node.end_lineno, node.end_col_offset, found)


def _with(node: ast.AST, **values: object) -> ast.AST:
    found = copy.deepcopy(node)
    for name, value in values.items():
        setattr(found, name, value)
    return found


def _negated(node: ast.expr) -> ast.AST:
    return ast.UnaryOp(ast.Not(), copy.deepcopy(node))


def changes(node: ast.AST) -> list[ast.AST]:  # noqa: PLR0911  (a table)
    """What a node may become."""
    match node:
        case ast.Compare(ops=[op]) if type(op) in OTHER_WAY:
            return [_with(node, ops=[OTHER_WAY[type(op)]()])]
        case ast.BoolOp(op=op):
            return [_with(node, op=OTHER_WAY[type(op)]())]
        case ast.BinOp(op=op, left=left) if type(op) in OTHER_WAY:
            is_text = isinstance(left, ast.JoinedStr | ast.List | ast.Tuple) or (
                isinstance(left, ast.Constant) and isinstance(left.value, str | bytes)
            )
            return [] if is_text else [_with(node, op=OTHER_WAY[type(op)]())]
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return [copy.deepcopy(operand)]
        case ast.Constant(value=bool() as value):
            return [ast.Constant(not value)]
        case ast.Constant(value=int() | float() as value):
            return [ast.Constant(value + 1), ast.Constant(value - 1)]
        case ast.Return(value=value) if value is not None and not _is_none(value):
            return [ast.Return(ast.Constant(None))]
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Continue() | ast.Break():
            return [ast.Pass()]
        case ast.Raise(exc=exc) if exc is not None:
            return [ast.Pass()]
    return []


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


_UNSEEN = ("annotation", "returns", "decorator_list", "type_params")


def mutants(module: str, source: str) -> list[Mutant]:
    """Every change to a module, in the order of its lines."""
    found: list[Mutant] = []
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.JoinedStr) or _is_for_types(node):
            continue  # inside of an f-string, Python 3.11 does not know the columns
        if hasattr(node, "lineno"):
            places = list(_places(node, changes(node)))
            if isinstance(node, ast.If | ast.While | ast.IfExp):
                places += _places(node.test, [_negated(node.test)])
            found += [Mutant(module, place, place.parts(source)[1].decode()) for place in places]
        for name, value in ast.iter_fields(node):
            if name not in _UNSEEN:
                waiting += [one for one in (value if isinstance(value, list) else [value])
                            if isinstance(one, ast.AST)]  # fmt: skip
    return sorted(set(found), key=lambda one: one.place)


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def applied(source: str, place: Place) -> str:
    """The source with the text of a place replaced."""
    before, _, after = place.parts(source)
    return (before + place.text.encode() + after).decode()


# Running them.


class Tree:
    """A copy of the project in which the tests of a mutant run."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "project"
        unwanted = shutil.ignore_patterns(".*_cache", ".venv", ".hypothesis", "__pycache__")
        shutil.copytree(ROOT, self.path, ignore=unwanted, symlinks=True)
        shared = ROOT.parent / "shared"
        if shared.is_dir():
            (folder / "shared").symlink_to(shared)

    def run(self, module: str, limit: float) -> str:
        files = [f"tests/{name}" for name in TESTS[module]]
        words = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "--no-header", "--tb=no",
                 "-p", "no:cacheprovider", *files]  # fmt: skip
        try:
            done = subprocess.run(
                words, cwd=self.path, capture_output=True, timeout=limit, check=False
            )
        except subprocess.TimeoutExpired:
            return "too long"
        return "noticed" if done.returncode else "survived"

    def try_out(self, mutant: Mutant, limit: float) -> Result:
        path = self.path / path_of(mutant.module)
        source = path.read_text()
        began = time.monotonic()
        try:
            path.write_text(applied(source, mutant.place))
            return Result(mutant, self.run(mutant.module, limit), time.monotonic() - began)
        finally:
            path.write_text(source)


def sample(modules: list[str], number: int, seed: int) -> list[Mutant]:
    """So many mutants, each module having its share, the same for the same seed."""
    chance = random.Random(seed)
    found = []
    for module in modules:
        source = (ROOT / path_of(module)).read_text()
        found += mutants(module, source)
    return chance.sample(found, min(number, len(found)))


def try_all(chosen: list[Mutant], jobs: int, limit: float) -> Iterator[Result]:
    """The outcome of each as it comes. Raises ValueError if the tests fail as things are."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        trees: queue.Queue[Tree] = queue.Queue()
        for number in range(jobs):
            place = Path(folder, str(number))
            place.mkdir()
            trees.put(Tree(place))

        def one(mutant: Mutant | str) -> Result | str:
            tree = trees.get()
            try:
                if isinstance(mutant, str):
                    return tree.run(mutant, limit)
                return tree.try_out(mutant, limit)
            finally:
                trees.put(tree)

        firsts = {TESTS[mutant.module]: mutant.module for mutant in chosen}
        for module, outcome in zip(firsts.values(), pool.map(one, firsts.values()), strict=True):
            if outcome != "survived":
                raise ValueError(f"the tests of {module} fail without any mutant: {outcome}")
        yield from pool.map(one, chosen)


# What is told of it.


def diff(mutant: Mutant) -> str:
    """The changed lines, as a diff."""
    path = path_of(mutant.module)
    source = (ROOT / path).read_text()
    lines = source.splitlines(), applied(source, mutant.place).splitlines()
    return "\n".join(difflib.unified_diff(*lines, path, path, n=1, lineterm=""))


def page(results: list[Result], seed: int) -> str:
    """What came of a run: figures by module, and the survivors with their diffs."""
    rows = [f"{len(results)} mutants, seed {seed}", ""]
    for module in sorted({one.mutant.module for one in results}):
        own = [one.outcome for one in results if one.mutant.module == module]
        figures = ", ".join(f"{own.count(name)} {name}" for name in dict.fromkeys(sorted(own)))
        rows.append(f"{module:20} {len(own):4}: {figures}")
    for one in sorted(results):
        if one.outcome == "survived":
            reason = JUDGED.get(one.mutant.key, "not judged yet")
            where = f"{path_of(one.mutant.module)}:{one.mutant.place.line}"
            rows += ["", f"survived: {where}: {reason}", diff(one.mutant)]
    return "\n".join(rows)


def _about() -> str:
    return (__doc__ or "").partition("\n")[0]


def run() -> int:
    """0 where every mutant was noticed or is judged, 1 where one was not, 2 where none could."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.mutants", description=_about())
    parser.add_argument("--number", type=int, default=80, help="how many (80)")
    parser.add_argument("--seed", type=int, default=1, help="which ones (1)")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time (2)")
    parser.add_argument("--limit", type=float, default=300, help="seconds for each (300)")
    parser.add_argument("--only", nargs="+", choices=TESTS, default=list(TESTS))
    asked = parser.parse_args()
    chosen = sample(asked.only, asked.number, asked.seed)
    results = []
    try:
        for one in try_all(chosen, asked.jobs, asked.limit):
            results.append(one)
            where = f"{one.mutant.module}:{one.mutant.place.line}"
            sys.stderr.write(f"{len(results)}/{len(chosen)} {where} {one.outcome}\n")
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(page(results, asked.seed) + "\n")
    alive = [one.mutant for one in results if one.outcome == "survived"]
    return int(any(mutant.key not in JUDGED for mutant in alive))


if __name__ == "__main__":
    raise SystemExit(run())
