"""Read user.name, user.email and the merge driver from git config in one process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker.git.process import ask

if TYPE_CHECKING:
    from collections.abc import Mapping


_ASKED = r"^(user\.(name|email)|merge\.tracker\.driver)$"


def asked(folder: str, env: Mapping[str, str]) -> dict[str, str]:
    """user.name, user.email and merge.tracker.driver as they are set for a folder."""
    answer = ask(folder, env, "config", "-z", "--get-regexp", _ASKED)
    entries = answer.data.decode("utf-8", "replace").split("\0") if answer else []
    pairs = (entry.partition("\n") for entry in entries)
    return {name: value.strip() for name, _, value in pairs if value.strip()}
