"""`bd memory`: the verbs of memories beside `remember`, `recall`, `memories` and `forget`.

A verb is a command in any module of this folder; its row in `VERBS` names it.
"""

from __future__ import annotations

from tracker.cli.command import Family, group

VERBS: dict[str, str] = {
    "set": "remembering:set_",
    "get": "recalling:get",
    "append": "remembering:append",
    "list": "memofinding:list_",
    "search": "memofinding:search",
    "show": "recalling:show",
    "mv": "keeping:mv",
    "link": "keeping:link",
    "supersede": "keeping:supersede",
    "pin": "keeping:pin",
    "unpin": "keeping:unpin",
    "verify": "keeping:verify",
    "forget": "keeping:forget_",
    "restore": "keeping:restore",
    "archive": "keeping:archive",
    "purge": "keeping:purge",
    "ok": "judging:ok",
    "bad": "judging:bad",
    "outcomes": "judging:outcomes",
    "void": "judging:void",
    "conflicts": "memodisputes:conflicts",
    "resolve": "memodisputes:resolve",
    "history": "memohistory:history",
    "stats": "memostats:stats",
    "scan": "scanning:scan",
    "import": "memoports:import_",
    "export": "memoports:export",
    "store": "flowverbs:store",
    "retrieve": "flowverbs:retrieve",
    "delete": "flowverbs:delete",
    "clear": "flowverbs:clear",
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
    cls=Family,
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
