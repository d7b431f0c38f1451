"""Where a workspace is and who uses it."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Caller(Protocol):
    """Who asks: identities are worked out only when something is written."""

    @property
    def argv(self) -> tuple[str, ...]:
        """What was typed, for the journal."""

    @property
    def actor(self) -> str:
        """The name that is written into records."""

    @property
    def owner(self) -> str:
        """The mail address behind it."""

    @property
    def session_id(self) -> str:
        """Which of several agents of that name it is."""

    @property
    def lock_timeout(self) -> float | None:
        """Seconds to wait for the lock; None for the usual."""

    @property
    def readonly(self) -> bool:
        """Whether nothing may be written."""

    @property
    def redact(self) -> bool:
        """Whether a secret gives way to a mark."""

    @property
    def allowed_secrets(self) -> frozenset[str]:
        """Fingerprints of what looks like a secret and is none."""

    def note(self, text: str) -> None:
        """Tell people something, such as what a write waits for."""

    def clock(self) -> int:
        """Nanoseconds since 1970."""

    def nonce(self) -> int:
        """64 random bits."""


class Place(NamedTuple):
    """The paths of a workspace, all absolute. `log` is never a link, so a rename replaces it.

    `root` holds the folder `beads`, or is that folder where it is not called `.beads`. `foreign_db`
    is a database that Beads wrote; `cache` is never that one.
    """

    root: str
    beads: str
    log: str
    cache: str
    top: str | None
    git_dir: str | None
    common_dir: str | None
    foreign_db: str | None
    backend: str
    reader: int
    writer: int
