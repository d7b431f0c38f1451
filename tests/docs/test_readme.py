"""Every block of the README is run, in order, in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    return [body for kind, body in BLOCK.findall(page.read_text()) if kind == language]


def run(script: str, where: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["sh", "-euc", script],
        cwd=where,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_tour_of_the_readme_works(tmp_path):
    shell = blocks(ROOT / "README.md", "sh")
    assert len(shell) >= 7
    done = run("\n".join(shell), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "bd initialized successfully!" in done.stdout
    assert "Newly unblocked" in done.stdout
    python = blocks(ROOT / "README.md", "python")
    assert python
    more = subprocess.run(
        [sys.executable, "-P", "-c", "\n".join(python)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert more.returncode == 0, more.stderr


def test_pages_that_the_readme_names_exist():
    text = (ROOT / "README.md").read_text()
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", text)
    assert links
    assert not [link for link in links if not (ROOT / link).exists()]


@pytest.mark.deep
def test_the_demo_shows_the_main_job(tmp_path):
    done = run((ROOT / "docs" / "demo.sh").read_text(), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    shown = done.stdout + done.stderr
    for step in ("Newly unblocked", "merge kept title", "settled shop-", "[pitfall]", "Undid #"):
        assert step in shown
