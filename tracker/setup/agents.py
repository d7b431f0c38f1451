"""The recipes of `bd setup`.

A recipe is a row of `RECIPES`: a name, the agent as people call it, and a function that gives its
parts. A part is one file, as a pure change of its bytes (`Part`): `marked_blocks.Block` is a text
between marks, `agent_settings.HostHooks` are commands in a host's settings. A function may look
into the folder to find out which files there are; a part never does.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple, Protocol

from tracker import fileio, small_files
from tracker.errors import Moved, Refused
from tracker.setup import claude_flow
from tracker.setup.agent_settings import HostHooks
from tracker.setup.marked_blocks import Block
from tracker.workspace import output_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence


_NO_DOCUMENTS = frozenset({".git", ".beads", "node_modules", ".venv", "venv", "target", "vendor"})
_LONG = 1_000_000  # bytes of a file that nobody wrote by hand
TEXT = """\
## Issues and memory: bd

This repository keeps its issues, their dependencies and what was learned in `.beads/`, as text that
is committed with the code. Use `bd` for all of it; never edit these files.

- At the start of a session run `bd prime`: it tells how to work, and what is ready.
- `bd ready --json` lists what can be worked on, `bd show ID` tells everything about an issue.
- Take an issue before you begin (`bd update ID --claim`), and close it when it is done
  (`bd close ID --reason "What was done"`).
- Write down what you find on the way: `bd create "Title" --description "Why" --deps
  discovered-from:ID`, and `bd comments add ID "What you learned"`.
- Commit `.beads/` together with the work it describes.

`--json` works everywhere; `bd help` lists all commands.
"""


class RecipeOptions(NamedTuple):
    """For which folder, and where the parts stand in place of the usual file (`output`)."""

    folder: str
    output: str = ""
    stealth: bool = False

    @property
    def text(self) -> str:
        """What agents are told; `stealth` says nothing about git."""
        if not self.stealth:
            return TEXT
        lines = TEXT.replace("bd prime", "bd prime --stealth").splitlines(keepends=True)
        return "".join(line for line in lines if "Commit" not in line)


class Part(Protocol):
    """One file of a recipe; `path` is relative to the folder. Both functions may raise Refused."""

    @property
    def path(self) -> str:
        """Where the file is."""

    def put(self, data: bytes | None) -> bytes | None:
        """The file as the recipe has it; where that is what was given, there is nothing to do."""

    def taken(self, data: bytes, *, force: bool = False) -> bytes | None:
        """The file without what the recipe put there; None where it then goes."""

    def remark(self, data: bytes | None) -> str:
        """What is left to do by hand; "" for nothing."""


class Recipe(NamedTuple):
    """How one agent is told."""

    name: str
    agent: str
    parts: Callable[[RecipeOptions], Sequence[Part]]


class Unless(NamedTuple):
    """A part of which nothing is written where the file has a line like `pattern` already."""

    part: Block
    pattern: bytes
    advice: str

    @property
    def path(self) -> str:
        """Where the file is."""
        return self.part.path

    def put(self, data: bytes | None) -> bytes | None:
        """The file as the recipe has it."""
        if data is not None and self._is_there(data):
            return data
        return self.part.put(data)

    def taken(self, data: bytes, *, force: bool = False) -> bytes | None:
        """The file without it."""
        return self.part.taken(data, force=force)

    def remark(self, data: bytes | None) -> str:
        """What to add by hand."""
        return self.advice if data is not None and self._is_there(data) else ""

    def _is_there(self, data: bytes) -> bool:
        found = self.part.found(data)
        rest = data if found is None else found.before + found.after
        return re.search(self.pattern, rest, re.MULTILINE) is not None


def _text(path: str, head: str = "") -> Callable[[RecipeOptions], Sequence[Part]]:
    return lambda wish: [Block(wish.output or path, wish.text, head)]


def _claude(wish: RecipeOptions) -> Sequence[Part]:
    prime = "bd prime --hook-json" + (" --stealth" if wish.stealth else "")
    hooks = HostHooks(".claude/settings.json", (("SessionStart", prime),), ("bd prime", "bd hooks"))
    return [Block(wish.output or "CLAUDE.md", wish.text), hooks]


def _aider(wish: RecipeOptions) -> Sequence[Part]:
    path = wish.output or "CONVENTIONS.md"
    read = Block(".aider.conf.yml", f"read: [{path}]\n", comment=("# ", ""))
    advice = f".aider.conf.yml has a list `read:` of its own: add {path} to it"
    return [Block(path, wish.text), Unless(read, rb"^read[ \t]*:", advice)]


def _claude_flow(wish: RecipeOptions) -> Sequence[Part]:
    """Every document and every settings file that calls hooks of claude-flow, or did."""
    known = claude_flow.recorded(
        small_files.contents(os.path.join(wish.folder, claude_flow.RECORD))
    )
    return claude_flow.parts(_documents(wish.folder, known), known)


def _documents(folder: str, known: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    for top, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _NO_DOCUMENTS)
        for name in sorted(names):
            path = os.path.join(top, name)
            if not name.endswith(claude_flow.ENDINGS) or os.path.islink(path):
                continue
            relative = os.path.relpath(path, folder).replace(os.sep, "/")
            try:
                data = small_files.contents(path) or b""
            except OSError:  # a pipe, or a file that may not be read
                continue
            if relative in known or (len(data) < _LONG and claude_flow.is_called(data)):
                yield relative, data


RECIPES = (
    Recipe("claude", "Claude Code", _claude),
    Recipe("codex", "Codex, and all that read AGENTS.md", _text("AGENTS.md")),
    Recipe("cursor", "Cursor", _text(
        ".cursor/rules/bd.mdc",
        "---\ndescription: Issues and memory with bd\nglobs:\nalwaysApply: true\n---\n\n",
    )),
    Recipe("aider", "Aider", _aider),
    Recipe("gemini", "Gemini CLI", _text("GEMINI.md")),
    Recipe("windsurf", "Windsurf", _text(
        ".windsurf/rules/bd.md", "---\ntrigger: always_on\n---\n\n"
    )),
    Recipe("cody", "Cody", _text(".cody/rules/bd.md")),
    Recipe("copilot", "GitHub Copilot", _text(".github/copilot-instructions.md")),
    Recipe("factory", "Factory", _text("AGENTS.md")),
    Recipe("junie", "Junie", _text(".junie/guidelines.md")),
    Recipe("claude-flow", "documents and settings that call hooks of claude-flow", _claude_flow),
    Recipe("kilocode", "Kilo Code", _text(".kilocode/rules/bd.md")),
)  # fmt: skip


class RecipeStep(NamedTuple):
    """One file: its part, what it is and what it would be (None where there is none)."""

    part: Part
    path: str
    before: bytes | None
    after: bytes | None


class RecipeState(NamedTuple):
    """How it stands with one file: current, missing, outdated, edited, or `by hand`.

    `remark` says what only somebody else can do.
    """

    path: str
    name: str
    remark: str


def installing(folder: str, parts: Iterable[Part], *, force: bool = False) -> list[RecipeStep]:
    """What putting the parts in would change; also steps that change nothing."""

    def put(part: Part, data: bytes | None) -> bytes | None:
        clean = None if data is None else part.taken(data, force=True) if force else data
        return part.put(clean)

    return [_step(folder, part, put) for part in parts]


def removing(folder: str, parts: Iterable[Part], *, force: bool = False) -> list[RecipeStep]:
    """What taking the parts out would change."""

    def taken(part: Part, data: bytes | None) -> bytes | None:
        return None if data is None else part.taken(data, force=force)

    return [_step(folder, part, taken) for part in parts]


def states(folder: str, parts: Iterable[Part]) -> list[RecipeState]:
    """How it stands with each part."""
    found = []
    for part in parts:
        try:
            step = installing(folder, [part])[0]
        except Refused as error:
            found.append(RecipeState(part.path, "edited", error.message))
            continue
        remark = part.remark(step.before)
        found.append(RecipeState(part.path, _state(step, remark), remark))
    return found


def _state(step: RecipeStep, remark: str) -> str:
    part, before = step.part, step.before
    if before == step.after:
        held = before is not None and part.taken(before, force=True) != before
        return "by hand" if remark and not held else "current"
    return "missing" if before is None or part.taken(before, force=True) == before else "outdated"


def _step(
    folder: str, part: Part, change: Callable[[Part, bytes | None], bytes | None]
) -> RecipeStep:
    is_record = part.path == claude_flow.RECORD
    path = os.path.join(folder, part.path)
    path = fileio.inside(path) if is_record else output_files.checked(folder, part.path)
    before = small_files.contents(path)
    return RecipeStep(part, path, before, change(part, before))


def apply(folder: str, steps: Iterable[RecipeStep]) -> None:
    """Write the files, folders where they are needed; a folder that is left empty goes.

    Raises Moved where a file changes meanwhile.
    """
    for step in steps:
        fileio.sweep(os.path.dirname(step.path))
        if step.before == step.after:
            continue
        if step.after is None:
            if small_files.contents(step.path) != step.before:
                raise Moved(f"{step.part.path} changed while it was being removed")
            os.unlink(step.path)
            _prune(os.path.realpath(folder), os.path.dirname(step.path))
        elif step.before is None:
            os.makedirs(os.path.dirname(step.path), exist_ok=True)
            if not small_files.create(step.path, step.after):
                raise Refused(f"{step.part.path} has just been made by somebody else")
        else:
            small_files.replace(step.path, step.before, step.after)


def _prune(top: str, folder: str) -> None:
    while folder != top:
        try:
            os.rmdir(folder)
        except OSError:
            return
        folder = os.path.dirname(folder)
