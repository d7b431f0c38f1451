"""Programs that other people wrote for `bd`, run for real against ours.

They are installed outside of the project by `make test-clients`, which says where in CLIENTS. What
is not there is skipped, with the reason.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All that is tested in this folder is marked, and has time."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("clients")
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="session")
def installed() -> Path:
    """The folder that `install.sh` fills."""
    folder = os.environ.get("CLIENTS", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("the clients are not installed: make test-clients")
    return Path(folder)


@pytest.fixture(scope="session")
def node() -> str:
    found = shutil.which("node")
    return found or pytest.skip("node is not installed")


@pytest.fixture(scope="session")
def packages(installed, node) -> Path:
    """The packages in JavaScript."""
    if not (installed / "npm" / ".ready").exists():
        pytest.skip("the packages of npm are not installed: make test-clients")
    return installed / "npm" / "node_modules"


class Scratch:
    """A git repository with a workspace of ours, and an environment in which `bd` is ours."""

    def __init__(self, path: Path, home: Path) -> None:
        self.path = path
        self.home = home
        self.beads = path / ".beads"
        self.log = self.beads / "issues.jsonl"
        bin = Path(sys.executable).parent
        assert (bin / "bd").exists(), "the package is not installed"
        path.mkdir()
        home.mkdir()
        self.env = {
            **os.environ,
            "HOME": str(home),
            "PATH": f"{bin}{os.pathsep}{os.environ['PATH']}",
            "BD_ACTOR": "ann",
        }
        subprocess.run(["git", "init", "-q", "-b", "main"], cwd=path, check=True)

    def bd(self, *words: str, code: int = 0, **env: str) -> str:
        """What one command line prints; its exit code must be `code`."""
        done = subprocess.run(
            ["bd", *words],
            cwd=self.path,
            env={**self.env, **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, (words, done)
        return done.stdout

    def json(self, *words: str) -> Any:
        return json.loads(self.bd(*words, "--json"))

    def issue(self, id: str) -> dict[str, Any]:
        """The record of an id as the log holds it."""
        records = map(json.loads, self.log.read_text().splitlines())
        return next(record for record in records if record["id"] == id)

    def run(self, *argv: str | Path, **env: str) -> str:
        """What another program prints, run in the workspace."""
        done = subprocess.run(
            [str(word) for word in argv],
            cwd=self.path,
            env={**self.env, **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr[-4000:] or done.stdout[-4000:]
        return done.stdout


@pytest.fixture
def scratch(tmp_path) -> Scratch:
    """A repository without a workspace yet."""
    return Scratch(tmp_path / "shop", tmp_path / "someone")


@pytest.fixture
def work(scratch) -> Scratch:
    """The same after `bd init`."""
    scratch.bd("init", "--prefix", "shop", "-q")
    return scratch
