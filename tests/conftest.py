"""What every test stands on: a clean environment, real git, the shared data where it is there."""

from __future__ import annotations

import os
import subprocess  # noqa: TID253  (tests run git)
import time
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("ci", derandomize=True, max_examples=100, deadline=None)
settings.register_profile("deep", max_examples=3000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

SHARED = Path(__file__).resolve().parents[2] / "shared"

_FOREIGN = ("BD_", "BEADS_", "CLAUDE", "GIT_", "XDG_", "TRACKER_")
_TASTE = ("CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "EDITOR", "FORCE_COLOR", "LANGUAGE", "LINES",
          "NO_COLOR", "PAGER", "VISUAL")  # fmt: skip
_IDENTITY = {
    "GIT_AUTHOR_NAME": "Ann Example",
    "GIT_AUTHOR_EMAIL": "ann@example.com",
    "GIT_COMMITTER_NAME": "Ann Example",
    "GIT_COMMITTER_EMAIL": "ann@example.com",
}


@pytest.fixture(autouse=True)
def environment(tmp_path_factory):
    """Nothing of this machine or of the person at it reaches a test."""
    with pytest.MonkeyPatch.context() as patch:
        for name in tuple(os.environ):
            if name.startswith(_FOREIGN) or name in _TASTE:
                patch.delenv(name)
        for name, value in _IDENTITY.items():
            patch.setenv(name, value)
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        patch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
        patch.setenv("GIT_TERMINAL_PROMPT", "0")
        patch.setenv("LC_ALL", "C.UTF-8")
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture(scope="session")
def shared():
    """The folder of third-party data, which the project does not hold."""
    if not SHARED.is_dir():
        pytest.skip(f"the shared data is not there: {SHARED}")
    return SHARED


class Repository:
    """A git repository with one branch, `main`, and nothing in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *args: str, may_fail: bool = False) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.path), *args], capture_output=True, text=True, check=False
        )
        assert may_fail or done.returncode == 0, f"git {' '.join(args)}: {done.stderr}"
        return done.stdout

    def commit(self, files: dict[str, bytes], message: str = "change") -> str:
        """Write the files, commit everything, return the commit's name."""
        for name, data in files.items():
            target = self.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD").strip()


@pytest.fixture
def repo(tmp_path):
    return Repository(tmp_path / "repo")
