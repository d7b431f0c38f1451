"""The page for those who come from Beads, out of the table that the tests run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.support.beads_commands import ABSENT, BETTER, IDLE, SAME
from tests.support.beads_rare_commands import TABLE
from tracker.cli.unsupported import ABSENT as FRINGE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.support.beads_commands import Command, Row

HEAD = """\
# Coming from Beads

Put this `bd` on the PATH in the place of the other one; that is all. There is no import and no
migration: `.beads/issues.jsonl` is the truth, and what is in it is there.

| what you have | what happens |
|---|---|
| a repository with `.beads/issues.jsonl` (0.20 to 0.49) | works as it is; lines keep their bytes |
| a prefix, statuses and types that only `beads.db` holds | hold here too; config.yaml wins |
| issues that only `beads.db` holds | every command says how many; `bd migrate` brings them in |
| Dolt (1.x) | reads go on and warn; `bd export` of that program, or `bd migrate`, brings them in |
| git hooks, editors, agents, scripts that call `bd` | go on; what means nothing here succeeds |
| a daemon, `bd.sock`, `sync-branch` | not needed: every answer is that of the file |

Two steps are worth taking, once in a repository: `bd init`, which changes nothing that is there and
adds what is missing (the merge driver, ignored names), and `bd doctor`, which reads only and names
what to type. Beside an installed `bd` or `br` that you keep, `tracker setup git` alone makes git
merge by record, and `tracker setup beside` lets both work in one folder: [merging.md](merging.md).

What is different from the first day:

- **Nothing happens by itself.** No daemon, no flush, no import, no commit, no tips, no network.
  `bd sync` commits, merges and pushes when you say so.
- **Exit codes mean something.** An id that is not there is exit 1, in every command.
- **Deleted issues stay as tombstones** and come back with `bd restore`; they never expire.
- **`bd undo` takes back any write**, byte for byte, by whatever command.
- **Limits never lie**: text says "showing N of M", JSON holds everything unless `-n` is given.
- **One version number for clients**: `bd version` says 0.49.6, and `BD_COMPAT_VERSION=1.1.0` says
  that instead to editors that ask for more.

You can go back at any time: the file stays one that Beads reads. What it does not know
(`conflicts`, `aliases`, the file of memories) it drops or leaves alone; what others write with it
is merged here as well as it can be, and [merging.md](merging.md) says what that program loses.

## Every command and flag

**same**: as in Beads 0.49.6 (or 1.x, where the command is from there). **better**: the same words,
with the difference that is named. **accepted**: it may be given and does nothing here. **absent**:
it says in one line that it is not part of this tool. Tests run each flag of this table, as text and
with `--json`.

| command | | flags |
|---|---|---|
"""
_AWAY = """
## Not part of this tool

Each of these says so in one line, with what to do instead, and exits with 1.

| commands | why | instead |
|---|---|---|
"""


def page() -> str:
    """The whole text."""
    rows = [_command(command) for command in TABLE]
    return HEAD + "\n".join(rows) + "\n" + _AWAY + "\n".join(_away()) + "\n"


def _command(command: Command) -> str:
    note = f"**{command.verdict}**" + (f": {_cell(command.note)}" if command.note else "")
    name = command.name if command.name.startswith("(") else f"`{command.name}`"
    return f"| {name} | {note} | {'<br>'.join(_flags(command.rows))} |"


def _flags(rows: Iterable[Row]) -> Iterator[str]:
    """The flags by verdict; those that are the same together, the others with their notes."""
    named = [row for row in rows if row.flag and not row.flag.startswith("(")]
    for verdict in (SAME, BETTER, IDLE, ABSENT):
        held: dict[str, list[str]] = {}
        for row in named:
            if row.verdict == verdict:
                flags = held.setdefault(row.note, [])
                flags += [flag for flag in _spelled(row.flag) if flag not in flags]
        for note, flags in held.items():
            listed = " ".join(f"`{_cell(flag)}`" for flag in flags)
            told = f": {_cell(note)}" if note else ""
            yield listed if verdict == SAME and not note else f"*{verdict}* {listed}{told}"
    others = [row for row in rows if row.verdict == BETTER and row not in named]
    yield from dict.fromkeys(
        f"*better* {row.flag.strip('()') or 'itself'}: {_cell(row.note)}" for row in others
    )


def _spelled(flag: str) -> list[str]:
    """Several flags as they are, one with its words as one."""
    words = flag.split()
    return words if all(word.startswith("-") for word in words) else [flag]


def _cell(text: str) -> str:
    text = re.sub(r"\bdocs/(\w+\.md)", r"[\1](\1)", text)
    return text.replace("|", "\\|").replace("\n", " ")


def _away() -> Iterator[str]:
    reasons: dict[tuple[str, str], list[str]] = {}
    for name, reason in FRINGE.items():
        reasons.setdefault(reason, []).append(f"`{name}`")
    for (why, instead), names in reasons.items():
        yield f"| {' '.join(names)} | {_cell(why)} | `{_cell(instead)}` |"
