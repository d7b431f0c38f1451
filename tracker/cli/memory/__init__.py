"""`bd memory`: the verbs of memories beside `remember`, `recall`, `memories` and `forget`.

A verb is a command in any module of this folder; its row in `VERBS` names it.
"""

from __future__ import annotations

from tracker.cli.command import CommandFamily, group

VERBS: dict[str, str] = {
    "set": "memory.remember:set_",
    "get": "memory.recall:get",
    "append": "memory.remember:append",
    "list": "memory.memories:list_",
    "search": "memory.memories:search",
    "show": "memory.recall:show",
    "mv": "memory.manage:mv",
    "link": "memory.manage:link",
    "supersede": "memory.manage:supersede",
    "pin": "memory.manage:pin",
    "unpin": "memory.manage:unpin",
    "verify": "memory.manage:verify",
    "forget": "memory.forget:forget_",
    "restore": "memory.manage:restore",
    "archive": "memory.manage:archive",
    "purge": "memory.manage:purge",
    "ok": "memory.verdicts:ok",
    "bad": "memory.verdicts:bad",
    "outcomes": "memory.verdicts:outcomes",
    "void": "memory.verdicts:void",
    "conflicts": "memory.conflicts:conflicts",
    "resolve": "memory.conflicts:resolve",
    "history": "memory.history:history",
    "stats": "memory.verdicts:stats",
    "scan": "memory.scan:scan",
    "import": "memory.transfer:import_",
    "export": "memory.transfer:export",
    "store": "memory.claude_flow:store",
    "retrieve": "memory.claude_flow:retrieve",
    "delete": "memory.claude_flow:delete",
    "clear": "memory.claude_flow:clear",
}
"""Each verb and where it is: name, "module:function"."""
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


@group(
    "memory",
    cls=CommandFamily,
    rows=VERBS,
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
    """What is worth knowing again, under keys such as climate/patterns/drift."""
