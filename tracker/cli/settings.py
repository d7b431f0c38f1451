"""Read and change one setting in config.yaml."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tracker import fileio
from tracker.log.config_file import edited, parse, spelled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tracker.cli.session import Session
    from tracker.log.snapshot import Drafts


FILE = "config.yaml"


def prefix(session: Session) -> str:
    """The prefix that new ids get: configured, that of most issues, or the folder's name."""
    from tracker.issues.create import choose_prefix
    from tracker.store.cached_files import CachedRecords

    workspace = session.tracker
    records = CachedRecords(workspace.answers.cache, b"")
    return choose_prefix(records, workspace.settings())[0]


def config_path(session: Session) -> str:
    """Return the path of the workspace's config.yaml."""
    return os.path.join(session.place.beads, FILE)


def read_config(path: str) -> bytes:
    """Return the bytes of config.yaml; empty where there is none."""
    try:
        return fileio.read(path)
    except FileNotFoundError:
        return b""


def set_together(session: Session, new: Mapping[str, str]) -> None:
    """Set these keys in one write, which `undo` knows."""
    forbid_config_link(session)

    def action(drafts: Drafts) -> None:
        for key, text in new.items():
            drafts.config.set(key, text)

    session.tracker.edit(action)


def forbid_config_link(session: Session) -> None:
    """Raise Refused where config.yaml is a link."""
    from tracker import small_files

    small_files.refuse_link(config_path(session))


def put(session: Session, new: Mapping[str, str | None]) -> list[str]:
    """Change these keys in one step, for commands that `undo` is not about; those that were set.

    Raises Invalid where the file is too special.
    """
    from tracker import small_files
    from tracker.locks import WAIT, hold, hold_folder

    path = config_path(session)
    wait = WAIT if session.lock_timeout is None else session.lock_timeout
    lock = os.path.join(session.place.beads, ".jsonl.lock")
    with hold_folder(session.place.beads, wait), hold(lock, wait):
        after = data = read_config(path)
        held = {spelled(name) for name in parse(data)}
        for key, text in new.items():
            after = edited(after, key, text, path)
        if after != data and (data or os.path.lexists(path)):
            small_files.replace(path, data, after)
        elif after != data:
            small_files.create(path, after)
    return [key for key in new if spelled(key) in held]
