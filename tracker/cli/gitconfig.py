"""What git knows of the user and of our merge driver, from one short process."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_ASKED = r"^(user\.(name|email)|merge\.tracker\.driver)$"
# A hook of one repository must not make git answer for another one.
_REPOSITORY = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_CONFIG",
        "GIT_DIR",
        "GIT_INDEX_FILE",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_WORK_TREE",
    }
)


def asked(folder: str, env: Mapping[str, str]) -> dict[str, str]:
    """user.name, user.email and merge.tracker.driver as they are set for a folder."""
    import subprocess

    try:
        answer = subprocess.run(
            ["git", "config", "-z", "--get-regexp", _ASKED],
            cwd=folder,
            env={name: value for name, value in env.items() if name not in _REPOSITORY},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return {}
    entries = answer.stdout.decode("utf-8", "replace").split("\0")
    pairs = (entry.partition("\n") for entry in entries)
    return {name: value.strip() for name, _, value in pairs if value.strip()}
