"""Rewrite calls of claude-flow to bd, and back.

Only the words in front of a hook's name change (`npx claude-flow@alpha hooks pre-task ...` becomes
`bd hooks pre-task ...`): ours takes the same flags. Which words stood there is kept in a record
beside the log, line by line, so that any clone can put them back. Pure: a file is its bytes.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

from tracker import json_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


RECORD = ".beads/claude-flow.json"
ENDINGS = (".md", ".mdc", ".json", ".sh", ".txt", ".toml", ".yaml", ".yml")
"""Of files that may call hooks: documents and settings, no programs."""
NAMES = frozenset({
    "pre-task", "post-task", "pre-edit", "post-edit", "pre-bash", "post-bash", "pre-command",
    "post-command", "pre-search", "post-search", "session-start", "session-restore", "session-end",
    "notify", "notification", "agent-spawned", "swarm-init", "task-orchestrated", "neural-trained",
    "mcp-initialized", "mcp-agent-spawned", "mcp-task-orchestrated", "mcp-neural-trained",
    "modify-bash", "modify-file", "modify-git-commit",
})  # fmt: skip
"""The hooks that ours does as well; a line that calls another one stays."""
_RUNNER = (
    rb"(?:(?:[\w.~${}-]*/)*(?:npx|bunx|pnpx|npm[ \t]+(?:exec|x)|pnpm[ \t]+(?:dlx|exec)"
    rb"|yarn(?:[ \t]+(?:dlx|exec))?|bun[ \t]+x)[ \t]+"
    rb"(?:(?:(?:-p|--package)[ \t=][\w.@^~*-]+|-y|-q|--[a-z-]*)[ \t]+)*|\./)?"
)
_CALL = re.compile(
    rb"(?<![\w./~@$}-])" + _RUNNER + rb"(?:claude-flow|ruflo)(?:@[\w.^~*-]+)?[ \t]+hooks?[ \t]+"
    rb"(?P<name>[a-z][a-z-]*)(?![\w-])"
)
_MEMORY = re.compile(
    rb"(?:claude-flow|ruflo)(?:@[\w.^~*-]+)?[ \t]+memory[ \t]+"
    rb"(?:store|query|search|retrieve|list|delete|clear|stats|usage|export|import)\b"
)
_OURS = re.compile(rb"(?<![\w./-])bd[ \t]+hooks[ \t]+(?P<name>[a-z][a-z-]*)(?![\w-])")
_RUN_BY = re.compile(rb"\b(?:npx|bunx|pnpx|npm|pnpm|yarn|bun|deno)\b(?:(?!hooks?\b)[^;&|`\"])*\Z")
"""Ends in the words of a runner: it would fetch whatever package has the name that follows."""

Pairs = tuple[tuple[str, str], ...]
"""Each line that was rewritten, in order: as it is now, and as it was. Bytes stand as latin-1."""


class Calls(NamedTuple):
    """A file that calls hooks, or did, and the lines that were rewritten.

    Laws: `taken(put(data)) == data` with the pairs of `pairs_of(data)`, and `put` twice is `put`
    once; a line that somebody edited since is left as it is.
    """

    path: str
    pairs: Pairs = ()

    def put(self, data: bytes | None) -> bytes | None:
        """The file with our calls; nothing is made where there is none."""
        return None if data is None else b"".join(map(_ours, _lines(data)))

    def taken(self, data: bytes, *, force: bool = False) -> bytes:
        """The file as it was."""
        del force
        was: dict[bytes, list[bytes]] = {}
        for new, old in self.pairs:
            was.setdefault(new.encode("latin-1"), []).append(old.encode("latin-1"))
        rows = []
        for line in _lines(data):
            found = was.get(line)
            rows.append(found.pop(0) if found else line)
        return b"".join(rows)

    def remark(self, data: bytes | None) -> str:
        """Which lines are not, or no longer, as `put` and `taken` know them: somebody looks."""
        rows = _lines(data or b"")
        known = {new.encode("latin-1") for new, _ in self.pairs}
        is_put = not known.isdisjoint(rows)
        mine = [at for at, row in enumerate(rows, 1) if row not in known and _is_ours(row)]
        other = [at for at, row in enumerate(rows, 1) if is_put and _MEMORY.search(row)]
        parts = []
        if mine:
            parts.append(f"{_named(mine)} bd hooks, edited since or your own: --remove leaves that")
        if other:
            parts.append(f"{_named(other)} claude-flow's memory: bd memory takes the same words")
        return f"{self.path}: {'; '.join(parts)}" if parts else ""

    def pairs_of(self, data: bytes) -> Pairs:
        """The lines that `put` would change, in order, and those that look like them already."""
        rows = [(line, _ours(line)) for line in _lines(data)]
        changed = {new for old, new in rows if new != old}
        return tuple((new.decode("latin-1"), old.decode("latin-1")) for old, new in rows
                     if new in changed)  # fmt: skip


class Record(NamedTuple):
    """The record of what was rewritten, as a file of its own."""

    pairs: Mapping[str, Pairs]
    path: str = RECORD

    def put(self, data: bytes | None) -> bytes | None:
        """The record; none where nothing was rewritten."""
        rows = {path: [list(pair) for pair in pairs] for path, pairs in sorted(self.pairs.items())}
        if not any(rows.values()):
            return data
        return json.dumps(rows, indent=1).encode() + b"\n"

    def taken(self, data: bytes, *, force: bool = False) -> bytes | None:
        """No record."""
        del data, force
        return None

    def remark(self, data: bytes | None) -> str:
        """What is left to do by hand: nothing."""
        del data
        return ""


def recorded(data: bytes | None) -> dict[str, Pairs]:
    """What a record says was rewritten, by file; nothing where it cannot be read."""
    try:
        rows = json_text.loads(data or b"{}")
        return {str(path): tuple((str(new), str(old)) for new, old in pairs)
                for path, pairs in rows.items()}  # fmt: skip
    except (ValueError, TypeError, AttributeError):
        return {}


def parts(files: Iterable[tuple[str, bytes]], known: Mapping[str, Pairs]) -> list[Calls | Record]:
    """What `bd setup claude-flow` is made of: each file that calls hooks, and the record."""
    found: list[Calls | Record] = []
    pairs = dict(known)
    for path, data in files:
        one = Calls(path, known.get(path, ()))
        pairs[path] = one.pairs_of(one.taken(data))
        if pairs[path]:
            found.append(one._replace(pairs=pairs[path]))
    return [*found, Record(pairs)] if any(pairs.values()) else []


def is_called(data: bytes) -> bool:
    """Whether a file may call hooks of claude-flow; quick."""
    return b"hook" in data and (b"claude-flow" in data or b"ruflo" in data)


def _ours(line: bytes) -> bytes:
    def call(match: re.Match[bytes]) -> bytes:
        name = match["name"]
        is_bare = match[0].startswith((b"claude-flow", b"ruflo"))
        is_run = is_bare and _RUN_BY.search(line[: match.start()])
        return match[0] if is_run or name.decode() not in NAMES else b"bd hooks " + name

    return _CALL.sub(call, line)


def _is_ours(line: bytes) -> bool:
    return any(found["name"].decode() in NAMES for found in _OURS.finditer(line))


def _named(lines: list[int]) -> str:
    """`lines 3, 7 call`, the first five."""
    more = f" and {len(lines) - 5} more" if len(lines) > 5 else ""
    noun, verb = ("lines", "call") if len(lines) > 1 else ("line", "calls")
    return f"{noun} {', '.join(map(str, lines[:5]))}{more} {verb}"


def _lines(data: bytes) -> list[bytes]:
    return re.findall(rb"[^\n]*\n|[^\n]+", data)
