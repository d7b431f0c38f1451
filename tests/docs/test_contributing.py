"""What docs/CONTRIBUTING.md tells a contributor to do, done to a copy of the program."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys

import pytest

from tests.support.repository import ROOT, Bd

PAGE = (ROOT / "docs" / "CONTRIBUTING.md").read_text()
BLOCKS = re.findall(r"```(?:python|text)\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def copy(tmp_path):
    """The project, and a workspace to try it in."""
    skip = shutil.ignore_patterns("__pycache__")
    for folder in ("tracker", "tests", "tools", "docs", "hooks", "benchmarks"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=skip)
    for name in ("pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", "Makefile"):
        shutil.copy(ROOT / name, tmp_path)
    beads = tmp_path / "work" / ".beads"
    beads.mkdir(parents=True)
    (beads / "config.yaml").write_text("issue-prefix: t\n")
    (beads / "issues.jsonl").write_text(Bd.line("t-1") + "\n")
    return tmp_path


def python(copy, *words, cwd=None):
    env = {"PYTHONPATH": str(copy), "HOME": str(copy), "BD_ACTOR": "ann", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-P", *words], cwd=cwd or copy / "work", env=env, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def pytest_in(copy, *words):
    return python(copy, "-m", "pytest", "-p", "no:cacheprovider", *words, cwd=copy)


def bd(copy, *words):
    return python(copy, "-m", "tracker", *words)


def below(path, start, anchor, line):
    """Put a line below the first one that begins with `anchor` after `start`."""
    text = path.read_text()
    at = text.index(anchor, text.index(start))
    end = text.index("\n", at) + 1
    path.write_text(text[:end] + line + text[end:])


def test_a_command_is_three_files(copy):
    module, row, test = BLOCKS[:3]
    assert PAGE.count("A new file") == 2
    (copy / "tracker" / "cli" / "about" / "greet.py").write_text(module)
    below(copy / "tracker" / "cli" / "__init__.py", "COMMANDS:", '"About": {', row)
    (copy / "tests" / "cli" / "about" / "test_greet.py").write_text(test)
    assert "2 passed" in pytest_in(copy, "tests/cli/about/test_greet.py")
    python(copy, "-m", "tools.generate", cwd=copy)
    assert "Greet whoever does an issue" in (copy / "docs" / "commands.md").read_text()
    assert "greet" in pytest_in(copy, "-v", "tests/house/test_house.py", "tests/docs/test_pages.py")
    assert json.loads(bd(copy, "greet", "1", "--json")) == {"greeting": "Hello, nobody"}
    assert "Greet whoever does an issue" in bd(copy, "help", "--all")


def test_a_field_is_two_files(copy):
    field, option = BLOCKS[3:]
    model = copy / "tracker" / "model" / "issue.py"
    for name, line in (("Issue", field), ("New", field), ("Changes", "    severity: str\n")):
        below(model, f"class {name}", "    external_ref: str", line)
    below(
        copy / "tracker" / "cli" / "issue_options.py",
        "_OPTIONS",
        '    click.option("--spec-id"',
        option,
    )
    log = copy / "work" / ".beads" / "issues.jsonl"
    base = log.read_bytes()
    made = json.loads(bd(copy, "create", "New", "--severity", "bad", "--json"))
    assert made["severity"] == "bad"
    bd(copy, "update", "t-1", "--severity", "worse")
    assert json.loads(bd(copy, "show", "t-1", "--json"))[0]["severity"] == "worse"
    listed = json.loads(bd(copy, "list", "--json"))
    assert {one["severity"] for one in listed} == {"bad", "worse"}
    for name, data in (("base", base), ("ours", log.read_bytes()), ("theirs", base)):
        (copy / "work" / name).write_bytes(data)
    (copy / "work" / "theirs").write_bytes(base.replace(b'"priority":2', b'"priority":0'))
    bd(copy, "merge", "out", "base", "ours", "theirs")
    lines = map(json.loads, (copy / "work" / "out").read_text().splitlines())
    merged = next(record for record in lines if record["id"] == "t-1")
    assert (merged["severity"], merged["priority"]) == ("worse", 0)
    bd(copy, "update", "t-1", "--severity", "")
    assert b'"worse"' not in log.read_bytes()
