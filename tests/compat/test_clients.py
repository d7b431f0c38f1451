"""Programs that were made for `bd`: their calls, their files, and what their suites ask for."""

from __future__ import annotations

import json
import re
import shlex
from datetime import datetime
from typing import Any

import pytest

from tests.support.client_calls import LOG, ROWS, SHAPES, Row

TYPES: dict[str, type | tuple[type, ...]] = {
    "s": str, "i": int, "n": (int, float), "b": bool, "l": list, "o": dict,
}  # fmt: skip


def misfits(shape: str, value: Any, at: str = "") -> list[str]:
    """Where a JSON value is not of a form."""
    if shape[:1] == "[":
        if not isinstance(value, list):
            return [f"{at}: not a list but {value!r}"]
        inner = shape[1:-1]
        return [one for n, each in enumerate(value) for one in misfits(inner, each, f"{at}[{n}]")]
    if shape == "t":
        return misfits("s", value, at) or _moment(value, at)
    if shape in TYPES:
        fits = isinstance(value, TYPES[shape]) and isinstance(value, bool) == (shape == "b")
        return [] if fits else [f"{at}: {value!r} is not {shape}"]
    return _faults(shape, value, at) if SHAPES[shape] else []


def _faults(shape: str, value: Any, at: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{at}: not an object but {value!r}"]
    found = [f"{at}.{key} is null" for key, one in value.items() if one is None]
    for part in SHAPES[shape].split():
        key, _, kind = part.partition(":")
        name = key.strip("!?")
        if key[0] == "!":
            found += [f"{at}.{name} must not be there"] if name in value else []
        elif name in value:
            found += misfits(kind, value[name], f"{at}.{name}")
        elif key[-1] != "?":
            found.append(f"{at}.{name} is missing")
    if shape in {"issue", "listed", "shown"} and not found and not 0 <= value["priority"] <= 4:
        found.append(f"{at}.priority")
    return found


def _moment(text: str, at: str) -> list[str]:
    try:
        return [] if datetime.fromisoformat(text).tzinfo else [f"{at}: {text} has no zone"]
    except ValueError:
        return [f"{at}: {text} is no time"]


@pytest.fixture
def work(bd):
    """The workspace of the table."""
    bd.write(*LOG)
    (bd.path / "text.md").write_text("from a file\n")
    (bd.path / "plan.md").write_text("## First\n\nwhat it is\n\n### Priority\n1\n\n## Second\n")
    return bd


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_call_is_answered_as_clients_read_it(work, row: Row):
    for call, expected in row.calls:
        words = shlex.split(call) if isinstance(call, str) else list(call)
        said = work(*words)
        asks = "--json" in words or expected.startswith("[") or expected in SHAPES
        if asks:
            assert said.err == "", words
            json.loads(said.out)
        if expected.startswith("="):
            assert said.out == expected[1:], words
        elif expected.startswith("^"):
            assert said.out.startswith(expected[1:]), words
        elif expected.startswith("~"):
            assert re.fullmatch(expected[1:], said.out), words
        elif asks:
            assert misfits(expected, said.json) == [], words
            assert said.json or expected == "any", words  # an empty list has no form
        else:
            assert expected in said.out, words


# The forms that Beads 0.49.6 gave to these programs, where they are at hand.

ASKED: dict[str, tuple[str, ...]] = {
    "blocked": ("blocked",),
    "children": ("children t-e",),
    "close": ("close t-a",),
    "comments": ("comments t-a",),
    "comments add": ("comments add t-a text",),
    "count": ("count", "count --by-status"),
    "create": (
        "create T -d d --design e --acceptance a --notes n -a bob",
        "create T -e 5 --due 2027-01-01 --external-ref x",
    ),
    "delete": ("delete t-h --force",),
    "dep add": ("dep add t-c t-g",),
    "dep cycles": ("dep cycles",),
    "dep list": ("dep list t-b",),
    "dep remove": ("dep remove t-b t-a",),
    "dep tree": ("dep tree t-b",),
    "detect-pollution": ("detect-pollution",),
    "doctor": ("doctor --check=validate", "doctor --check=pollution"),
    "epic close-eligible": ("epic close-eligible --dry-run",),
    "epic status": ("epic status",),
    "info": ("info --schema",),
    "label add": ("label add t-c x",),
    "label list": ("label list t-a",),
    "label list-all": ("label list-all",),
    "label remove": ("label remove t-c x",),
    "list": ("list --all",),
    "migrate": ("migrate --inspect",),
    "ready": ("ready", "ready --assignee bob"),
    "reopen": ("reopen t-z",),
    "search": ("search title", "search t-a"),
    "show": ("show t-a t-b t-z t-e.1",),
    "stats": ("stats",),
    "status": ("status",),
    "update": ("update t-a --title New",),
    "worktree": ("worktree info",),
    "worktree list": ("worktree list",),
}  # fmt: skip
# Of a database and of a model that compacts issues, neither of which is here.
ELSEWHERE = re.compile(r"info\.config\.(auto_)?compact|migrate\.(registered|invariants)")
NAMES = {"string": "s", "int": "n", "bool": "b", "object": "o"}


def absent(shape: Any, values: list[Any], at: str) -> list[str]:
    """The keys of a form that none of the values has, and values of another type."""
    if ELSEWHERE.match(at):
        return []
    if isinstance(shape, str):
        return [one for value in values for one in misfits(NAMES[shape], value, at)] or (
            [] if values else [at]
        )
    if not values:
        return [at]
    if isinstance(shape, list):
        inner = [one for value in values for one in value]
        return absent(shape[0], inner, f"{at}[]") if shape else []
    return [
        one
        for key, part in shape.items()
        for one in absent(part, [value[key] for value in values if key in value], f"{at}.{key}")
    ]


def test_every_key_that_beads_gave_is_there(work, shared):
    forms = json.loads((shared / "reference" / "shapes.json").read_text())
    found = []
    for name, calls in ASKED.items():
        answers = [work(*shlex.split(call), "--json").json for call in calls]
        found += absent(forms[f"{name} --json"], answers, name)
    assert found == []
