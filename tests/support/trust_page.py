"""The rows of docs/trust.md and their tests.

`python -m tests.support.trust_page P7` runs those of P7.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve()
while not (ROOT / "pyproject.toml").exists():
    ROOT = ROOT.parent
PAGE = ROOT / "docs" / "trust.md"
_PROMISE = re.compile(r"^\| .* \| `make trust ROW=(P\d+)` \|$")
_COMPLAINT = re.compile(r"^\| (\d+) \| ")


def rows(text: str) -> dict[str, list[str]]:
    """The tests of each row, by its name: P1, P2... for promises, a number for complaints."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        match = _PROMISE.match(line) or _COMPLAINT.match(line)
        if match:
            assert match[1] not in found, f"{match[1]} stands twice"
            found[match[1]] = named(line)
    return found


def named(text: str) -> list[str]:
    """The tests that a text names."""
    return re.findall(r"`(test_\w+)`", text)


def defined() -> set[str]:
    """The names of all tests of the project."""
    found = set()
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found.add(node.name)
    return found


def chosen(row: str) -> list[str]:
    """What to tell pytest for one row."""
    names = rows(PAGE.read_text(encoding="utf-8")).get(row)
    if not names:
        raise SystemExit(f"{row or 'nothing'} is no row of {PAGE.name}: P1 or 42")
    return ["-k", " or ".join(names), "-m", ""]


if __name__ == "__main__":
    import pytest

    sys.exit(pytest.main([*chosen("".join(sys.argv[1:2])), *sys.argv[2:]]))
