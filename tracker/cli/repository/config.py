"""`bd config`: read and change settings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from tracker.cli import secret_check
from tracker.cli.command import group, pass_session
from tracker.cli.settings import (
    FILE,
    config_path,
    forbid_config_link,
    prefix,
    read_config,
    set_together,
)
from tracker.errors import Invalid, Refused
from tracker.log.config_file import is_secret, problems, spelled, valid, value
from tracker.text import one_line

if TYPE_CHECKING:
    from tracker.cli.session import Session


@group(
    "config",
    examples=["bd config get issue-prefix", "bd config set status.custom review,testing"],
)
def config() -> None:
    """Read and change settings."""


@config.command("get", examples=["bd config get issue-prefix --json"])
@click.argument("key")
@pass_session
def get(session: Session, key: str) -> None:
    """Print a setting; BD_* in the environment overrides the file."""
    found = _effective(session, key)
    if session.json:
        session.emit({"key": key, "value": found or ""})
    else:
        session.say(f"{key} (not set)" if found is None else found)


@config.command("set", examples=["bd config set issue-prefix shop"], writes=True)
@click.argument("key")
@click.argument("text", metavar="VALUE")
@pass_session
def set_(session: Session, key: str, text: str) -> None:
    """Set a value in config.yaml; comments stay."""
    _refuse_secret(key)
    ((key, text),) = secret_check.settings(session, {key: valid(key, text)}).items()
    set_together(session, {key: text})
    if session.json:
        session.emit({"key": key, "value": text})
    else:
        session.say(f"Set {one_line(f'{key} = {text}')} (in {FILE})")
    if _variable(key) in session.env:
        session.note(f"{_variable(key)} in the environment overrides it")


@config.command(
    "set-many", examples=["bd config set-many issue-prefix=shop types.custom=story"], writes=True
)
@click.argument("pairs", nargs=-1, required=True, metavar="KEY=VALUE...")
@pass_session
def set_many(session: Session, pairs: tuple[str, ...]) -> None:
    """Set several values in config.yaml, all or none."""
    held = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            raise Invalid(f"invalid setting {pair!r} (expected KEY=VALUE)")
        _refuse_secret(key)
        held[key] = valid(key, text)
    held = secret_check.settings(session, held)
    set_together(session, held)
    if session.json:
        session.emit([{"key": key, "value": text} for key, text in held.items()])
    else:
        for key, text in held.items():
            session.say(f"Set {one_line(f'{key} = {text}')} (in {FILE})")


@config.command("unset", examples=["bd config unset status.custom"], writes=True)
@click.argument("key")
@pass_session
def unset(session: Session, key: str) -> None:
    """Remove a setting from config.yaml."""
    forbid_config_link(session)
    was_set = session.tracker.edit(lambda drafts: drafts.config.unset(key))
    if session.json:
        session.emit({"key": key, "unset": was_set})
    else:
        session.say(f"Unset {key} (in {FILE})" if was_set else f"{key} (not set)")


@config.command("list", examples=["bd config list --json"])
@pass_session
def list_(session: Session) -> None:
    """List the settings of config.yaml."""
    held = session.tracker.config
    values = {key: session.env.get(_variable(key), value(held, key)) for key in sorted(held)}
    if session.json:
        session.emit(values)
        return
    if not values:
        session.say(f"No setting in {FILE}")
        return
    session.say("\nConfiguration:")
    for key, text in values.items():
        variable = f"  (from {_variable(key)})" if _variable(key) in session.env else ""
        session.say(f"  {one_line(f'{key} = {text}')}{variable}")


@config.command("show", examples=["bd config show", "bd config show --json"])
@pass_session
def show(session: Session) -> None:
    """List every setting and its source."""
    held = session.tracker.config
    found = [
        {
            "key": key,
            "value": session.env.get(_variable(key), value(held, key)),
            "source": _variable(key) if _variable(key) in session.env else FILE,
        }
        for key in sorted(held)
    ]
    if not any(spelled(key) == "issue-prefix" for key in held):
        found.append({"key": "issue-prefix", "value": prefix(session), "source": "the issues"})
    if session.json:
        session.emit(found)
    else:
        rows = (f"{one['key']} = {one['value']}  ({one['source']})" for one in found)
        session.say("\n".join(map(one_line, rows)))


@config.command("validate", examples=["bd config validate"])
@pass_session
def validate(session: Session) -> None:
    """Validate config.yaml."""
    issues = problems(read_config(config_path(session)))
    if session.json:
        session.emit({"valid": not issues, "issues": issues})
    else:
        for issue in issues:
            session.say(f"✗ {one_line(issue)}")
        if not issues:
            session.say(f"✓ {FILE} is valid")
    session.code = 1 if issues else 0


def _variable(key: str) -> str:
    """The name under which the environment sets a key."""
    return "BD_" + re.sub(r"[.-]", "_", key).upper()


def _effective(session: Session, key: str) -> str | None:
    """What holds for a key; for the prefix also where nobody configured one."""
    if _variable(key) in session.env:
        return session.env[_variable(key)]
    held = session.tracker.config
    if any(spelled(name) == spelled(key) for name in held):
        return value(held, key)
    return prefix(session) if spelled(key) == "issue-prefix" else None


def _refuse_secret(key: str) -> None:
    if is_secret(key):
        raise Refused(
            f"{key} looks like a secret, and {FILE} is committed to git: nothing was written",
            hint=f"set {_variable(key)} in the environment; bd config get {key} prints it",
        )
