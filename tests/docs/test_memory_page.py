"""Every block of docs/memory.md is run, in order, in an empty folder."""

from __future__ import annotations

import subprocess
import sys

from tests.docs.test_readme import ROOT, blocks, run

PAGE = ROOT / "docs" / "memory.md"


def test_the_page_about_memory_works(tmp_path):
    shell = blocks(PAGE, "sh")
    assert len(shell) >= 9
    done = run("\n".join(shell), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "stale: api.py changed since" in done.stderr
    assert "Remembered [climate/spring]: Spring drifts because of the leap day" in done.stdout
    assert "MEMORIES\n  climate/spring: Spring drifts" in done.stdout
    assert "Moved [climate/spring] to [climate/patterns/spring]" in done.stdout
    assert done.stdout.splitlines()[-1] == "100 a minute"
    (python,) = blocks(PAGE, "python")
    more = subprocess.run(
        [sys.executable, "-P", "-c", python],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert more.returncode == 0, more.stderr
