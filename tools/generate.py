"""Writes the pages that are made of the program itself, and a picture: `make docs`.

A test says when that is due.
"""

from __future__ import annotations

import inspect
import io
import itertools
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tools import beads_page, fault_table, packages
from tracker.cli import ALIASES, COMMANDS, main, program
from tracker.cli.argv import FLAGS
from tracker.cli.command import Command, Group
from tracker.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "commands.md"
BEADS = DOCS / "from-beads.md"
TRUST = DOCS / "trust.md"
PICTURE = DOCS / "graph.svg"
ARCHITECTURE = DOCS / "architecture.md"
WIDTH = 96

HEAD = """\
# Commands

This page is made from the program (`make docs`); `bd COMMAND --help` says the same.

`bd` and `tracker` are one program. Ids may be typed short (`bd show a1b2`), lists take commas or
repetition (`-l ui -l web`, `-l ui,web`), priorities are 0 (most urgent) to 4, also P0 to P4, and
times are what people say: `tomorrow`, `+6h`, `next monday at 9am`, `2027-01-15`.

Exit codes: 0 done, 1 not done (the error names the thing and the next step), 2 wrong usage, 3 a bug
of ours.
"""
ENVIRONMENT = """\
## Environment

| variable | meaning |
|---|---|
| `BD_ACTOR`, `BEADS_ACTOR` | whose name stands in what is written; else git's `user.name` |
| `BD_SESSION`, `CLAUDE_SESSION_ID` | which of several agents of one name it is, for claims |
| `BD_JSON`, `BD_READONLY` | as if `--json` or `--readonly` were given |
| `BEADS_DIR`, `BEADS_DB`, `BD_DB` | the workspace, if not that of the working directory |
| `BD_LOCK_TIMEOUT` | how long a write waits for the lock (`30s`) |
| `BD_AGENT_MODE`, `CLAUDE_CODE` | shorter lists, for agents |
| `BD_PAGER`, `PAGER`, `BD_NO_PAGER` | the pager at a terminal, or none |
| `NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE` | no colours, or colours also without a terminal |
| `BD_ALLOW_LOSS` | lets a commit pass that takes many records out of the log |
| `BD_COMPAT_VERSION` | the version that `bd version` reports, for clients that ask |
| `BD_DEBUG` | whole tracebacks of bugs |
"""


def page() -> str:
    """The whole text."""
    session = Session(["bd"], {}, stdin=None, stdout=io.StringIO(), stderr=io.StringIO(), cwd="/")
    root = click.Context(program(session), info_name="bd", obj=session)
    parts = [HEAD, *_contents()]
    for section, rows in COMMANDS.items():
        if section and rows:
            parts.append(f"## {section}\n")
            for name in rows:
                parts += _command(root, name, 3)
    parts += ["## Called by programs\n", *_quiet(root), "", "## Global flags\n", *_flags(), "",
              ENVIRONMENT]  # fmt: skip
    return "\n".join(parts).rstrip() + "\n"


def _found(context: click.Context, name: str) -> Command:
    group = context.command
    found = group.get_command(context, name) if isinstance(group, Group) else None
    if not isinstance(found, Command):
        raise TypeError(f"{name} is no command of ours")
    return found


def _contents() -> Iterator[str]:
    yield "| | |\n|---|---|"
    for section, rows in COMMANDS.items():
        if section and rows:
            links = ", ".join(f"[{name}](#bd-{name})" for name in rows)
            yield f"| **{section}** | {links} |"
    yield ""


def _command(above: click.Context, name: str, level: int) -> Iterator[str]:
    found = _found(above, name)
    if found.hidden:
        return
    context = click.Context(found, parent=above, info_name=name, obj=above.obj)
    others = [alias for alias, of in ALIASES.items() if of == name] if above.parent is None else []
    also = f"Also `{'`, `'.join(others)}`. " if others else ""
    yield f"{'#' * level} bd {context.command_path.partition(' ')[2]}\n"
    yield also + _prose(found) + "\n"
    yield f"```\n{_usage(found, context)}\n```\n"
    if found.idle:
        names = "`, `".join(found.idle)
        yield f"Accepted, and without a meaning here: `{names}`.\n"
    if isinstance(found, Group):
        for sub in _names(found, context):
            yield from _command(context, sub, level + 1)


def _names(group: Group, context: click.Context) -> list[str]:
    """The commands of a group, each by one name."""
    seen: dict[int, str] = {}
    for name in group.list_commands(context):
        seen.setdefault(id(group.get_command(context, name)), name)
    return list(seen.values())


def _prose(found: Command) -> str:
    text = inspect.cleandoc(found.help or "")
    return click.formatting.wrap_text(text, width=100, preserve_paragraphs=True)


def _usage(found: Command, context: click.Context) -> str:
    """Usage, options and examples, as help shows them."""
    formatter = click.HelpFormatter(width=WIDTH)
    found.format_usage(context, formatter)
    Command.format_options(found, context, formatter)
    if found.examples:
        with formatter.section("Examples"):
            formatter.write("".join(f"  {example}\n" for example in found.examples))
    return formatter.getvalue().rstrip()


def _quiet(root: click.Context) -> Iterator[str]:
    yield "Hooks, scripts and clients made for Beads call these; nobody types them.\n"
    for name in COMMANDS[""]:
        found = _found(root, name)
        if not found.hidden:
            yield f"- `bd {name}`: {_prose(found).splitlines()[0]}"


def _flags() -> Iterator[str]:
    yield "They may stand anywhere on the line.\n"
    yield "| flag | meaning |\n|---|---|"
    for flag in FLAGS:
        if flag.help:
            names = f"{', '.join(flag.names)} {flag.metavar}".strip()
            yield f"| `{names}` | {flag.help} |"
    idle = [f"`{flag.names[0]}`" for flag in FLAGS if not flag.help]
    yield f"\nAccepted, and without a meaning here: {', '.join(idle)}."


_SHOP = """
epic = create Checkout --type epic
cart = create "Cart total is wrong with coupons" -t bug -p 1 -e 3h --parent @epic -a ann
tax = create "Show tax per line" -e 90m --parent @epic --deps @cart
total = create "Round totals as the law says" -e 4h --parent @epic --deps @tax
mail = create "Send the receipt by mail" -e 2h --parent @epic --deps @total
bank = create "Payments" --type epic
card = create "Store cards at the provider, not here" -p 0 -e 1h --parent @bank
refund = create "Refund from the back office" -t feature -e 6h --parent @bank --deps @card
report = create "Daily report of refunds" -e 2h -p 3 --parent @bank --deps @refund,@total
update @cart --status in_progress
close @card --reason "Moved to the provider"
create "Faster search" -p 3 -e 8h
create "Translate the help" -p 4
"""


def picture() -> str:
    """What `bd graph --svg` draws of a small shop; the same every time."""
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder) / "shop"
        top.mkdir()
        ids, moments = itertools.count(7919), itertools.count(1_800_000_000 * 10**9, 10**9)

        def bd(*words: str, stdin: str = "") -> str:
            out, err = io.StringIO(), io.StringIO()
            code = main(
                ["bd", "--actor", "ann", *words], {"HOME": folder, "PATH": os.environ["PATH"]},
                io.StringIO(stdin), out, err, str(top),
                clock=lambda: next(moments), nonce=lambda: next(ids),
            )  # fmt: skip
            if code:
                raise RuntimeError(err.getvalue())
            return out.getvalue()

        bd("init", "--prefix", "shop")
        bd("batch", stdin=_SHOP)
        return bd("graph", "--closed", "--format", "svg")


_NOT_MEASURED = "It has not been measured for this version: `python -m tests.support.fault_matrix`."


def architecture() -> str:
    """docs/architecture.md with the packages as they are drawn from the code."""
    text = ARCHITECTURE.read_text(encoding="utf-8")
    before, _, rest = text.partition("<!-- packages -->\n")
    _, _, after = rest.partition("<!-- /packages -->\n")
    return f"{before}<!-- packages -->\n{packages.picture()}<!-- /packages -->\n{after}"


def trust() -> str:
    """The page about what is promised, with the table of faults as it was measured."""
    text = TRUST.read_text(encoding="utf-8")
    start, end = "<!-- fault matrix -->\n", "<!-- end -->"
    head, _, rest = text.partition(start)
    found = fault_table.measured()
    table = f"\n{_NOT_MEASURED}\n\n"
    if found.rows:
        table = f"\n{found.extent}\n\n{fault_table.table(found.rows)}\n\n"
    return head + start + table + end + rest.partition(end)[2]


if __name__ == "__main__":
    for made, text in (
        (PAGE, page()), (BEADS, beads_page.page()), (PICTURE, picture()), (TRUST, trust()),
        (ARCHITECTURE, architecture()),
    ):  # fmt: skip
        made.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{made}\n")
