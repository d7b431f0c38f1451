"""What every test stands on: a clean environment, real git, the shared data where it is there."""

from __future__ import annotations

import itertools
import os
import time

import pytest
from hypothesis import HealthCheck, settings

from tests.support.repository import _IDENTITY, SHARED, Bd, Repository
from tracker.git import activity

settings.register_profile("ci", derandomize=True, max_examples=30, deadline=None)
settings.register_profile(
    "fast", settings.get_profile("ci"), max_examples=10,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)  # fmt: skip
settings.register_profile("deep", max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


_FOREIGN = ("BD_", "BEADS_", "CLAUDE", "GIT_", "XDG_", "TRACKER_")
_TASTE = ("CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "EDITOR", "FORCE_COLOR", "LANGUAGE", "LINES",
          "NO_COLOR", "PAGER", "VISUAL")  # fmt: skip


@pytest.fixture(scope="session")
def homes(tmp_path_factory):
    """Paths for homes, which are not there yet; each is given once.

    A folder of their own: pytest looks at all of its folders to number another one.
    """
    folder = tmp_path_factory.mktemp("homes")
    return (folder / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def environment(homes, request):
    """Nothing of this machine or of the person at it reaches a test.

    A write of this process waits neither for the disk nor for a git that has just been at work, as
    it has in every repository that a test has made a moment ago: that would be most of the time of
    a write. Tests of what the waiting is for are marked `unhurried`.
    """
    home = next(homes)
    home.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        for name in tuple(os.environ):
            if name.startswith(_FOREIGN) or name in _TASTE:
                patch.delenv(name)
        for name, value in _IDENTITY.items():
            patch.setenv(name, value)
        patch.setenv("HOME", str(home))
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        patch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
        patch.setenv("GIT_TERMINAL_PROMPT", "0")
        patch.setenv("LC_ALL", "C.UTF-8")
        patch.setenv("TZ", "UTC")
        if not request.node.get_closest_marker("unhurried"):
            patch.setattr(os, "fsync", lambda _: None)
            patch.setattr(activity, "RECENT", 0.0)
        time.tzset()
        yield
    time.tzset()


@pytest.fixture(scope="session")
def shared():
    """The folder of third-party data, which the project does not hold."""
    if not SHARED.is_dir():
        pytest.skip(f"the shared data is not there: {SHARED}")
    return SHARED


@pytest.fixture
def repo(tmp_path):
    return Repository(tmp_path / "repo")


@pytest.fixture
def bd(repo, tmp_path):
    """An empty workspace with the prefix `t`, made by nobody in particular."""
    home = tmp_path / "home"
    (home / ".beads").mkdir(parents=True)
    (home / ".beads" / "issues.jsonl").write_text(Bd.line("home-1") + "\n")
    (home / ".gitconfig").write_text("[user]\n\tname = Wrong\n\temail = wrong@example.com\n")
    (home / ".config" / "bd").mkdir(parents=True)
    (home / ".config" / "bd" / "config.yaml").write_text("issue-prefix: wrong\njson: true\n")
    return Bd(repo, home)
