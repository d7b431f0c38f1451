"""The rules of the house that a machine can check."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tracker.cli import ALIASES, COMMANDS
from tracker.cli.command import Command, Group

PACKAGE = Path(__file__).resolve().parents[2] / "tracker"
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
TOP, FULL = 12, 20
"""How many modules may lie at the top of the package, and in any other folder."""


def test_folders_are_easy_to_survey():
    sizes = {}
    for path in MODULES.values():
        sizes[path.parent] = sizes.get(path.parent, 0) + 1
    assert sizes.pop(PACKAGE) <= TOP
    crowded = {str(folder): size for folder, size in sizes.items() if size > FULL}
    assert not crowded


def test_no_two_public_classes_have_one_name():
    places = {}
    for module, path in MODULES.items():
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(module)
    assert not {name: found for name, found in places.items() if len(found) > 1}


@pytest.mark.parametrize("module", MODULES)
def test_private_names_stay_in_their_module(module):
    """A dunder is public by its spelling, and `_` alone is nobody's name."""
    taken = [
        f"{node.module}.{alias.name}"
        for node in ast.walk(ast.parse(MODULES[module].read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tracker")
        for alias in node.names
        if alias.name.startswith("_") and not alias.name.startswith("__")
    ]
    assert not taken


def test_a_command_that_help_lists_has_a_module_of_its_name():
    homes = {
        name: where.partition(":")[0].rpartition(".")[2].rstrip("_")
        for section, rows in COMMANDS.items()
        if section
        for name, where in rows.items()
    }
    wrong = {name: home for name, home in homes.items() if home != name.replace("-", "_")}
    assert not wrong


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


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


PRIVATE = re.compile(
    r"\b(things?|put (off|away)|gone|nobody|believed|stirred|shel(f|ves)|tied?|untie)\b"
    r"|\b(that|what|which|whose) (is|are|has|have|was|does|may|can)\b|\bis none\b|\bthis very\b",
    re.IGNORECASE,
)
"""Words and turns that only we used for what the field has a noun for."""
REWORDED = ("issues.", "queries.", "relations.")
"""Packages of commands that were gone through."""


def reworded() -> Iterator[tuple[str, click.Command]]:
    for name, command in every_command():
        home = getattr(command.callback, "__module__", "").removeprefix("tracker.cli.")
        if home.startswith(REWORDED):
            yield name, command


@pytest.mark.parametrize(("name", "command"), list(reworded()))
def test_help_speaks_the_language_of_the_field(name, command):
    summary = command.get_short_help_str(200)
    assert len(summary) <= 60, "a verb and its object, for one line of `bd help --all`"
    first = summary.split()[0]
    assert first.istitle(), "begins with an imperative"
    assert not first.endswith("s"), "an imperative, no noun and no third person"
    said = [summary, *(option.help for option in command.params if hasattr(option, "help"))]
    private = [text for text in said if text and PRIVATE.search(text)]
    assert not private


@pytest.mark.parametrize(
    "text",
    [
        "Only what is put off",
        "Only what nobody does",
        "Tie two issues",
        "It is none: fingerprint FP",
    ],
)
def test_private_words_are_found(text):
    assert PRIVATE.search(text)
    assert not PRIVATE.search("Deferred issues only")


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
    "small_files": {"os.link"},  # the new file is whole when it gets its name
    "locks": {"os.open"},  # a folder, to be locked
    "store.atomic": {"os.open", "os.fdopen", "os.link", "os.replace"},  # opened by fileio; a folder
    "store.journal": {
        "os.open",
        "os.rename",
    },  # a folder, to be synced; a file that was kept for it
    "workspace.runs": {"os.fdopen"},  # opened by fileio
    "cache.refresh": {"os.replace"},  # a cache that was made beside it
    "cache.database": {"sqlite3.connect", "open"},  # only the very file that one of us left; /proc
    "workspace.beads_database": {"sqlite3.connect", "tempfile.TemporaryDirectory"},  # a copy
    "git.history": {"sqlite3.connect"},  # after fileio.forbid_links
    "git.repository": {"tempfile.TemporaryFile"},
    "git.tree_merge": {"tempfile.TemporaryDirectory", "open"},  # an index of git, thrown away
    "git.activity": {"open"},  # /proc
    "setup.git_hooks": {"os.rename"},  # hooks of git get another name
    "cli": {"os.open"},  # /dev/null
    "cli.issues.edit": {"tempfile.mkstemp", "os.fdopen", "open"},  # for an editor, and from it
    "cli.history.resolve": {"os.rename"},  # moved out of the way
    "cli.about.completion": {"open"},  # a file of the package
    "render.html": {"open"},  # a file of the package
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
