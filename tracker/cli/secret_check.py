"""Check settings, messages and branch names for secrets before git gets them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tracker.errors import NotATracker, TrackerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tracker.cli.session import Session
    from tracker.secrets.scan import SecretPolicy


def cleared(session: Session, texts: Mapping[str, str]) -> dict[str, str]:
    """The texts, by what each is called, as they may be written. Raises SecretFound."""
    from tracker.secrets import gate

    return gate.cleared(texts, lambda: policy(session))


def refuse(session: Session, texts: Mapping[str, str]) -> None:
    """Raise SecretFound where a name, which a mark would spoil, holds a secret."""
    from tracker.secrets import gate

    gate.cleared(texts, lambda: policy(session)._replace(redact=False), undone="done")


def settings(session: Session, held: Mapping[str, str]) -> dict[str, str]:
    """Settings, by their keys, as they may be written. Raises SecretFound."""
    names = {f"name {number} of a setting": key for number, key in enumerate(held, 1)}
    values = cleared(session, {**names, **{f"value of {key}": held[key] for key in held}})
    return {values[name]: values[f"value of {key}"] for name, key in names.items()}


def policy(session: Session) -> SecretPolicy:
    """What the caller, this clone and its settings say about secrets; warns of nothing."""
    from tracker import fileio
    from tracker.log.config_file import parse
    from tracker.secrets import gate
    from tracker.secrets.scan import SecretPolicy

    try:
        beads = session.place.beads
    except NotATracker:
        return SecretPolicy(session.redact, session.allowed_secrets)
    try:
        config = parse(fileio.read(os.path.join(beads, "config.yaml")))
    except (OSError, TrackerError):
        config = {}
    return gate.policy(os.path.join(beads, ".local"), config, session)
