"""Where the issue cache gets its records: the log and the settings."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from tracker.cache.database import DAMAGE, CacheUnusable, believed
from tracker.fileio import digest_log, read_log, stat_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tracker.cache.database import FileState


class IssueSource(NamedTuple):
    """The log that the cache answers for, where the cache may live, and what else it depends on.

    `config` is the text of config.yaml: closing statuses change who is blocked, and the parsed
    form is kept in the cache, because parsing it takes longer than any answer.
    """

    log: str
    cache: str
    local: str
    config: bytes
    now: int

    @property
    def name(self) -> str:
        return "cache"

    def stat(self) -> str:
        return stat_text(self.log)

    def is_likely(self, stat: str, held: Mapping[str, Any]) -> bool:
        return bool(stat == held["log"])

    def content(self, _held: Mapping[str, Any]) -> tuple[bytes, str]:
        return digest_log(self.log)

    def look(self) -> FileState:
        from tracker.cache.issues.follow import IssueFileState

        return IssueFileState(self, *read_log(self.log))

    def home(self) -> str:
        from tracker.cache.issues.follow import home

        return home(self)


def remembered(source: IssueSource) -> dict[str, Any]:
    """The settings of `source.config`, parsed only where the cache does not know them."""
    try:
        with closing(believed(source)) as cache:
            return cache.settings
    except (CacheUnusable, OSError, *DAMAGE):
        from tracker.log.config_file import parse

        return parse(source.config)
