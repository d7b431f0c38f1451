"""`bd memory`: the verbs of memories beside `remember`, `recall`, `memories` and `forget`.

A verb is a command in any module of this folder; its row in `SECTIONS` names it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker.cli.command import CommandFamily, group

if TYPE_CHECKING:
    import click


SECTIONS: dict[str, dict[str, str]] = {
    "Daily use": {
        "set": "memory.remember:set_",
        "get": "memory.recall:get",
        "append": "memory.remember:append",
        "list": "memory.memories:list_",
        "search": "memory.memories:search",
        "show": "memory.recall:show",
        "forget": "memory.forget:forget_",
        "restore": "memory.manage:restore",
        "ok": "memory.verdicts:ok",
        "bad": "memory.verdicts:bad",
        "pin": "memory.manage:pin",
        "history": "memory.history:history",
    },
    "Maintenance": {
        "mv": "memory.manage:mv",
        "link": "memory.manage:link",
        "supersede": "memory.manage:supersede",
        "unpin": "memory.manage:unpin",
        "verify": "memory.manage:verify",
        "archive": "memory.manage:archive",
        "purge": "memory.manage:purge",
        "outcomes": "memory.verdicts:outcomes",
        "void": "memory.verdicts:void",
        "conflicts": "memory.conflicts:conflicts",
        "resolve": "memory.conflicts:resolve",
        "stats": "memory.verdicts:stats",
        "scan": "memory.scan:scan",
        "import": "memory.transfer:import_",
        "export": "memory.transfer:export",
    },
    "Names of claude-flow": {
        "store": "memory.claude_flow:store",
        "retrieve": "memory.claude_flow:retrieve",
        "delete": "memory.claude_flow:delete",
        "clear": "memory.claude_flow:clear",
    },
}
"""Verbs by heading of the help, in its order: name, "module:function"."""
OTHERS: dict[str, str] = {
    "rm": "forget",
    "move": "mv",
    "rename": "mv",
    "put": "set",
    "ls": "list",
    "query": "search",
    "find": "search",
    "usage": "stats",
}
"""Other names of verbs."""


class MemoryFamily(CommandFamily):
    """The verbs of `bd memory`, listed by heading."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for heading, verbs in SECTIONS.items():
            found = ((name, self.get_command(ctx, name)) for name in verbs)
            with formatter.section(heading):
                formatter.write_dl(
                    [(name, verb.get_short_help_str(limit=60)) for name, verb in found if verb]
                )


@group(
    "memory",
    cls=MemoryFamily,
    rows={name: at for verbs in SECTIONS.values() for name, at in verbs.items()},
    others=OTHERS,
    examples=[
        'bd memory set climate/drift "Detrend first." --tag ml',
        "bd memory list 'climate/*'",
        'bd memory search "why does the fit drift?"',
        "bd memory get climate/drift",
        "bd memory ok climate/drift --issue bd-a1b2c",
    ],
)
def memory() -> None:
    """Keep findings under keys such as climate/patterns/drift."""
