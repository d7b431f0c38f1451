"""Draw which package imports which, from the code: the picture of docs/architecture.md."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "tracker"
GROUND = frozenset({"errors", "fileio", "json_text", "small_files", "text", "version", "yaml_text"})
"""Modules that nearly everything imports; the picture leaves their arrows out."""


def package_of(module: str) -> str:
    """The part of the picture that a module belongs to, such as `merge` or `cli`.

    `tracker.merge.rules` belongs to `merge`; the modules at the top stand for themselves.
    """
    return module.split(".")[1] if "." in module else module


def imports(path: Path) -> Iterator[str]:
    """The modules of the package that a file imports when it runs, wherever in the file."""
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            waiting += node.orelse
            continue
        if isinstance(node, ast.ImportFrom) and node.module == "tracker":
            yield from (f"tracker.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tracker."):
            yield str(node.module)
        waiting += ast.iter_child_nodes(node)


def arrows() -> dict[str, set[str]]:
    """Each package with those that it imports, without the ground modules and itself."""
    found: dict[str, set[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        home = package_of(module)
        if home in GROUND or module == "tracker":
            continue
        others = {package_of(name) for name in imports(path)}
        found.setdefault(home, set()).update(others - GROUND - {home, "tracker"})
    return found


def without_detours(graph: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """The arrows that no longer way stands for: the transitive reduction.

    Source: Aho, Garey, Ullman, The Transitive Reduction of a Directed Graph, 1972.
    """

    def reach(start: str) -> set[str]:
        seen: set[str] = set()
        waiting = list(graph.get(start, ()))
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting += graph.get(name, ())
        return seen

    return {
        name: {one for one in to if not any(one in reach(other) for other in to - {one})}
        for name, to in graph.items()
    }


def picture() -> str:
    """The packages as a Mermaid flowchart, users above what they use."""
    lines = ["```mermaid", "flowchart TD"]
    for name, to in sorted(without_detours(arrows()).items()):
        lines += [f"    {name} --> {one}" for one in sorted(to)]
    return "\n".join([*lines, "```"]) + "\n"
