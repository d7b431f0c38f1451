"""Where the program starts processes: in these places alone, and git in one of them."""

from __future__ import annotations

import ast

import pytest

from tests.house.test_house import MODULES

STARTS = {
    ("yaml_text", "load", "yaml.load"),  # its loader is shown to be a plain one below
    ("git.process", "start", "subprocess.Popen"),
    ("cli.issues.edit", "_run", "subprocess.run"),  # the editor that $EDITOR names
    ("cli.hooks.tasks", "_run", "subprocess.run"),  # the check that the caller of post-task typed
    ("cli.terminal", "_start", "subprocess.Popen"),  # the pager that the environment names
    ("small_files", "_call", "ctypes"),  # one call of the system, which swaps two files
    ("small_files", "exchange", "ctypes"),
}
"""Every place: its module, its function, and what it uses there."""
HARMLESS = {"DEVNULL", "PIPE", "STDOUT", "SubprocessError", "TimeoutExpired"}
"""What of `subprocess` starts nothing."""
SAFE_LOADERS = {"yaml.BaseLoader", "yaml.SafeLoader"}
FAMILIES = ("exec", "fork", "popen", "posix_spawn", "spawn", "startfile", "system")
"""Beginnings of what starts a process in `os`."""
MODULES_THAT_START = {
    "_posixsubprocess", "cffi", "code", "ctypes", "git", "marshal", "multiprocessing", "pexpect",
    "pickle", "pty", "runpy", "sh", "shelve", "webbrowser",
}  # fmt: skip
"""What starts processes, or runs what it reads."""
CALLS = {
    "ProcessPoolExecutor", "create_subprocess_exec", "create_subprocess_shell", "echo_via_pager",
    "full_load", "launch", "subprocess_exec", "subprocess_shell", "unsafe_load",
}  # fmt: skip
"""Functions that do so, of whatever module."""
BUILT_IN = {"__import__", "eval", "exec"}


class Starts(ast.NodeVisitor):
    """What a module uses by which a process could start, or code that it reads could run."""

    def __init__(self, module: str) -> None:
        self.module = module
        self.functions = [""]
        self.found: set[tuple[str, str, str]] = set()

    def note(self, what: str) -> None:
        self.found.add((self.module, self.functions[-1], what))

    def visit_FunctionDef(self, node):
        self.functions.append(node.name)
        for part in [*node.decorator_list, *node.args.defaults, *node.body]:
            self.visit(part)  # and no annotation: these are not evaluated
        self.functions.pop()

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_AnnAssign(self, node):
        if node.value is not None:
            self.visit(node.value)

    def visit_If(self, node):
        if "TYPE_CHECKING" not in ast.dump(node.test):
            self.generic_visit(node)

    def visit_Import(self, node):
        for alias in node.names:
            self.imported(alias.name)

    def visit_ImportFrom(self, node):
        self.imported(node.module or "")
        for alias in node.names:
            self.used(node.module or "", alias.name)

    def visit_Attribute(self, node):
        self.used(node.value.id if isinstance(node.value, ast.Name) else "", node.attr)
        self.generic_visit(node)

    def visit_Name(self, node):
        if node.id in BUILT_IN:
            self.note(node.id)

    def imported(self, name: str) -> None:
        if name.partition(".")[0] in MODULES_THAT_START:
            self.note(name)

    def used(self, owner: str, name: str) -> None:
        if owner == "subprocess" and name not in HARMLESS:
            self.note(f"subprocess.{name}")
        elif (owner == "os" and name.startswith(FAMILIES)) or name in CALLS:
            self.note(f"{owner}.{name}")

    def visit_Call(self, node):
        """YAML is safe by its loader alone, which stands in the call."""
        if ast.unparse(node.func) in {"yaml.load", "yaml.load_all"}:
            loader = [word for word in node.keywords if word.arg == "Loader"]
            if not loader or ast.unparse(loader[0].value) not in SAFE_LOADERS:
                self.note("yaml.load")
        elif ast.unparse(node.func) == "click.edit":
            self.note("click.edit")
        self.generic_visit(node)


def starts(module: str, text: str) -> set[tuple[str, str, str]]:
    found = Starts(module)
    found.visit(ast.parse(text))
    return found.found


def test_every_place_that_starts_a_process_is_listed():
    found: set[tuple[str, str, str]] = set()
    for name, path in MODULES.items():
        found |= starts(name, path.read_text())
    assert found == STARTS


def test_the_loader_of_our_own_makes_texts_lists_and_mappings_alone():
    import yaml

    from tracker import yaml_text

    assert yaml_text.load("a: [1, {b: c}]") == {"a": ["1", {"b": "c"}]}
    loader = yaml_text._loader()
    assert issubclass(loader, yaml.BaseLoader)
    assert loader.yaml_constructors == yaml.BaseLoader.yaml_constructors
    text = "!!python/object/apply:os.system [touch ran]"
    assert yaml_text.load(text) == ["touch ran"]


@pytest.mark.parametrize(
    "text",
    ["import subprocess\nsubprocess.check_output(x)", "from subprocess import run as r",
     "os.system(x)", "from os import execvp", "os.posix_spawn(a, b, c)", "os.forkpty()",
     "import git.cmd", "from git import Repo", "import webbrowser", "click.launch(x)",
     "asyncio.create_subprocess_shell(x)", "loop.subprocess_exec(x)", "eval(x)", "import pickle",
     "class A:\n    def f(self):\n        return subprocess.run", "f = lambda: os.popen(x)",
     "yaml.load(x)", "def f(x=os.spawnlp): ...", "import multiprocessing.pool as p"],
)  # fmt: skip
def test_no_other_place_is_overlooked(text):
    assert starts("new", text)
    assert not starts("new", "import subprocess\ndef f(a: subprocess.Popen) -> None: ...")
