"""The rules of the house that a machine can check."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tracker.cli import ALIASES, COMMANDS
from tracker.cli.command import Command, Group

PACKAGE = Path(__file__).resolve().parents[1] / "tracker"
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
LAYERS = (
    (
        "beside", "digits", "errors", "json_text", "layout", "storable", "tables", "words", "times",
        "yaml_text",
    ),
    ("fileio",),
    ("memory", "model"),
    ("codec", "growing", "lines", "ids"),
    ("memoline",),
    ("config", "configlines", "log", "memories", "sheet", "shelf"),
    (
        "agenthooks", "blocks", "burndown", "critical", "lanes",
        "echoes", "keys", "moved", "outcomes", "remember", "settling", "wishes",
        "privatekeys", "screen",
        "secrets", "tokens",
        "runs",
        "claudeflow",
        "actions",
        "change", "check", "damage", "differences", "disputes", "fields", "graph", "life",
        "patches",
        "epics", "links", "lists", "loss", "marks", "merge", "new", "query", "recall", "repair",
        "rules", "settle", "sides", "strangers", "terms", "texts", "trust", "values",
        "archive", "once",
        "compaction", "expression", "mentions", "peers", "renamed", "renames", "states",
        "templates", "twins",
    ),
    (
        "memofollow", "memosource", "memotables", "recollection", "retrieval", "highlights",
        "scene",
        "conditions",
        "blobs", "glimpse",
        "gate",
        "caller",
        "runlog",
        "interactions",
        "answers", "branches", "cache", "checkup", "claims", "driver", "exchange", "filemerge",
        "files",
        "commits", "folder", "foreign", "founding", "git", "gitdir", "gitprocess", "gitwork",
        "initialise", "journal", "locks", "news", "obstacles", "options", "output", "pending",
        "places", "records", "recovery", "refresh", "registration",
        "remarks", "replacement", "schema", "stamps", "store", "totals", "trees", "undo", "upkeep",
        "versions", "views",
        "waits", "where",
    ),
    ("interchange",),
    ("revisions", "worktrees",
     "history", "hooks", "inspection", "managers", "recipes", "removal", "standing", "sync"),
    ("library", "pages"),
    ("transaction", "workspace"),
    ("__init__", "__main__", "api", "cli"),
)  # fmt: skip
"""Lowest first: a module imports from its own layer and from those before it."""


def layer_of(module: str) -> int:
    top = module.partition(".")[0]
    found = [number for number, names in enumerate(LAYERS) if top in names]
    assert found, f"{module} has no place in the layers: give it one in LAYERS"
    return found[0]


def imports(tree: ast.Module) -> Iterator[str]:
    """The modules of the package that are imported at run time, wherever in the file."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            waiting += node.orelse
            continue
        if isinstance(node, ast.ImportFrom) and node.module == "tracker":
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tracker."):
            yield str(node.module).removeprefix("tracker.")
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("tracker."):
                    yield alias.name.removeprefix("tracker.")
        waiting += ast.iter_child_nodes(node)


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("module", [name for name in MODULES if name != "__init__"])
def test_a_module_imports_only_from_its_own_layer_and_those_below(module):
    tree = ast.parse(MODULES[module].read_text())
    above = {name for name in imports(tree) if layer_of(name) > layer_of(module)}
    assert not above


@pytest.mark.parametrize("module", MODULES)
def test_a_module_stays_readable(module):
    text = MODULES[module].read_text()
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "what is this module?"
    for function in functions(tree):
        assert (function.end_lineno or 0) - function.lineno + 1 <= 50, function.name
        if not module.startswith("cli"):
            arguments = function.args
            named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
            count = len([name for name in named if name.arg not in {"self", "cls"}])
            assert count <= 6, function.name


@pytest.mark.parametrize("module", MODULES)
def test_public_functions_say_what_their_signature_cannot(module):
    tree = ast.parse(MODULES[module].read_text())
    silent = [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert not silent


def every_command() -> Iterator[tuple[str, click.Command]]:
    import importlib

    for rows in COMMANDS.values():
        for name, where in rows.items():
            module, _, function = where.partition(":")
            found = getattr(importlib.import_module(f"tracker.cli.{module}"), function)
            yield name, found
            if isinstance(found, Group):
                for sub in sorted(found.list_commands(None)):
                    yield f"{name} {sub}", found.get_command(None, sub)


@pytest.mark.parametrize(("name", "command"), list(every_command()))
def test_every_command_has_a_help_line_and_an_example(name, command):
    assert isinstance(command, Command)
    assert command.get_short_help_str()
    if not command.hidden:
        assert command.examples, "an example ends the help of each command"
        assert all(example for example in command.examples)


@pytest.mark.parametrize(("name", "command"), list(every_command()))
def test_help_leaves_nothing_to_guess(name, command):
    options = [param for param in command.params if isinstance(param, click.Option)]
    for option in (option for option in options if not option.hidden):
        assert option.help, f"{option.opts} says what it is for"
        takes = not (option.is_flag or option.count or isinstance(option.type, click.Choice))
        assert option.metavar or not takes, f"{option.opts} names its value (metavar)"
    summary = command.get_short_help_str(56)
    assert len(summary) <= 100, "the first sentence is the line in `bd --help`"
    assert not summary.endswith((",", ";", "..."))


def test_every_alias_names_a_command():
    known = {name for rows in COMMANDS.values() for name in rows}
    assert set(ALIASES.values()) <= known


HEAVY = {
    "filelock", "orjson", "yaml", "git", "sqlite_utils", "rich", "asyncio", "subprocess",
    "dataclasses", "pathlib", "hashlib", "logging", "difflib", "rapidfuzz",
}  # fmt: skip


@pytest.fixture
def warm(tmp_path):
    """A workspace whose cache is fresh and older than the racy two seconds."""
    import os
    import time

    beads = tmp_path / ".beads"
    beads.mkdir()
    (beads / ".gitignore").write_text("*.db*\n.local/\n")
    (beads / "config.yaml").write_text("issue-prefix: t\n")
    log = beads / "issues.jsonl"
    log.write_text(
        '{"id":"t-1","title":"one","status":"open","priority":1,"issue_type":"task",'
        '"created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}\n'
    )
    memory = beads / "memory.jsonl"
    memory.write_text('{"key":"api/limit","kind":"fact","content":"60 requests a minute"}\n')
    old = time.time() - 60
    for path in (log, memory):
        os.utime(path, (old, old))
    return tmp_path


def loaded(command: list[str], where: Path) -> set[str]:
    """The modules that a command has loaded when it is done, warm."""
    code = (
        "import sys; from tracker.cli import run; sys.argv = ['bd', *sys.argv[1:]]\n"
        "code = run()\n"
        "sys.stderr.write('LOADED ' + ' '.join(sorted(sys.modules)))\n"
        "assert code == 0, code"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *command],
        cwd=where,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.partition("LOADED ")[2].split())


WARM = (
    ["ready"], ["list"], ["show", "t-1"], ["stats"], ["memory", "search", "requests"],
    ["memory", "list", "api/*"], ["memories"], ["recall", "api/limit"],
)  # fmt: skip


def test_a_warm_read_loads_nothing_heavy(warm):
    import time

    builders = (["ready"], ["memories"])
    for command in builders:
        loaded(command, warm)  # builds the cache
    time.sleep(2.1)  # ctime cannot be set: only now are the files older than the racy two seconds
    for command in builders:
        loaded(command, warm)  # looks once more, and settles
    for command in WARM:
        assert not HEAVY & loaded(command, warm), command


def test_a_create_loads_only_what_writing_needs(warm):
    heavy = HEAVY - {"filelock", "orjson", "subprocess", "dataclasses", "hashlib", "asyncio",
                     "logging", "pathlib"}  # fmt: skip
    assert not heavy & loaded(["create", "two", "--actor", "ann"], warm)


OPENERS = {
    "open", "os.open", "io.open", "os.fdopen",
    "os.replace", "os.rename", "os.renames", "os.link", "os.symlink", "os.truncate", "os.mkfifo",
    "tempfile.mkstemp", "tempfile.TemporaryFile", "tempfile.TemporaryDirectory",
    "tempfile.NamedTemporaryFile", "tempfile.mkdtemp", "sqlite3.connect",
    "shutil.copy", "shutil.copy2", "shutil.copyfile", "shutil.copytree", "shutil.move",
}  # fmt: skip
"""What opens a file, makes one or moves one."""
METHODS = {"write_bytes", "read_text", "read_bytes", "hardlink_to", "symlink_to"}
"""What a `Path` does so."""
OPENED = {
    "fileio": {"os.open", "os.replace"},  # every file of ours, and every file that a user names
    "files": {"os.link"},  # the new file is whole when it gets its name
    "replacement": {"os.open", "os.fdopen", "os.link", "os.replace"},  # opened by fileio; a folder
    "interactions": {"os.fdopen"},  # opened by fileio
    "journal": {"os.open", "os.rename"},  # a folder, to be synced; a file that was kept for it
    "locks": {"os.open"},  # a folder, to be locked
    "upkeep": {"os.replace"},  # a cache that was made beside it
    "cache": {"sqlite3.connect"},  # only the very file that one of us left
    "commits": {"sqlite3.connect"},  # after fileio.forbid_links
    "foreign": {"sqlite3.connect", "tempfile.TemporaryDirectory"},  # a copy
    "git": {"tempfile.TemporaryFile"},
    "trees": {"tempfile.TemporaryDirectory", "open"},  # an index of git that is thrown away
    "hooks": {"os.rename"},  # hooks of git get another name
    "stamps": {"open"},  # /proc
    "gitwork": {"open"},  # /proc
    "cli": {"os.open"},  # /dev/null
    "cli.editing": {"tempfile.mkstemp", "os.fdopen", "open"},  # for an editor, and from it
    "cli.resolving": {"os.rename"},  # moved out of the way
    "cli.completion": {"open"},  # a file of the package
    "cli.webpage": {"open"},  # a file of the package
}
"""Where that is done: whoever opens a file of a repository does so by `tracker.fileio`."""


def opened(tree: ast.AST) -> set[str]:
    """The calls of a module that open, make or move a file."""
    found = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        if name in OPENERS or (isinstance(node.func, ast.Attribute) and node.func.attr in METHODS):
            found.add(name)
    return found


def test_files_are_opened_in_one_place():
    found = {name: opened(ast.parse(path.read_text())) for name, path in MODULES.items()}
    found = {name.removesuffix(".__init__"): calls for name, calls in found.items() if calls}
    assert found == OPENED
