"""`bd completion`: what a shell has to be told, so that TAB knows commands, flags and ids."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, ignored, pass_session

if TYPE_CHECKING:
    from tracker.cli.session import Session

SHELLS = ("bash", "zsh", "fish")


@command(
    "completion",
    examples=[
        'eval "$(bd completion bash)"      # in ~/.bashrc',
        'eval "$(bd completion zsh)"       # in ~/.zshrc, after compinit',
        "bd completion fish > ~/.config/fish/completions/bd.fish",
    ],
)
@click.argument("shell", type=click.Choice(SHELLS), metavar="bash|zsh|fish")
@ignored("--no-descriptions")
@pass_session
def completion(session: Session, shell: str) -> None:
    """Print a script that completes commands, flags and ids in a shell."""
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "assets")
    with open(os.path.join(folder, f"completion.{shell}"), encoding="utf-8") as file:
        text = file.read()
    session.emit({"shell": shell, "script": text}) if session.json else session.write(text)
