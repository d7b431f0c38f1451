"""What is typed to Beads, typed to us: every command and flag of the table does what it says."""

from __future__ import annotations

import json
import os
import re
import shlex

import click
import pytest

from tests.compat.test_clients import misfits
from tests.house.test_house import every_command
from tests.support.beads_commands import ABSENT, BETTER, FILES, IDLE, LOG, MISSING, SAME
from tests.support.beads_rare_commands import TABLE
from tests.support.repository import _IDENTITY, Bd, Repository
from tracker.cli.argv import GLOBALS
from tracker.cli.unsupported import ABSENT as FRINGE

ROWS = [(command.name, row) for command in TABLE for row in command.rows]


class Seen:
    """What one command line left behind, compared with what the table says."""

    def __init__(self, bd, answer, *, as_json):
        self.bd = bd
        self.answer = answer
        self.as_json = as_json
        self.before = {one["id"]: one for one in LOG}
        self.after = {one["id"]: one for one in bd.issues()}

    @property
    def json(self):
        return json.loads(self.answer.out or self.answer.err)

    def says(self, texts):
        if not self.as_json:
            for text in texts:
                assert text in self.answer.out + self.answer.err

    def prints(self, text):
        if not self.as_json:
            assert self.answer.out == text

    def ids(self, expected):
        if self.as_json:
            found = [one["id"] for one in self.json if "id" in one]
            assert found == expected

    def gives(self, _, members):
        if self.as_json:
            found = self.json[0] if isinstance(self.json, list) else self.json
            fits(dict(members), found)

    def shape(self, form):
        if self.as_json:
            assert not misfits(form, self.json)

    def holds(self, id, members):
        fits(dict(members), self.after[id])

    def makes(self, _, members):
        new = [one for id, one in self.after.items() if id not in self.before]
        assert len(new) == 1
        fits(dict(members), new[0])

    def gone(self, id):
        assert id not in self.after

    def fails(self, expected):
        _, *texts = expected
        told = self.answer.err or self.answer.out
        for text in texts:
            assert text in (json.loads(told)["error"] + told if self.as_json else told)

    def file(self, expected):
        name, *texts = expected
        held = (self.bd.path / name).read_text()
        for text in texts:
            assert text in held

    def same(self, _):
        assert self.after == self.before


def fits(expected, found):
    """Whether a value holds what is expected of it, however much more."""
    if isinstance(expected, dict):
        for name, value in expected.items():
            assert name in found or value is MISSING, name
            fits(value, found.get(name, MISSING))
    elif isinstance(expected, list) and expected and isinstance(expected[0], dict):
        assert len(found) == len(expected)
        for one, other in zip(expected, found, strict=True):
            fits(one, other)
    else:
        assert found is expected if expected is MISSING else found == expected


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """One repository for all rows: making one takes longer than a row."""
    root = tmp_path_factory.mktemp("table")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (*_IDENTITY.items(), ("GIT_CONFIG_GLOBAL", os.devnull)):
            patch.setenv(name, value)
        bd = Bd(Repository(root / "repo"), root / "home")
        bd.write(*LOG)
        bd.repo.commit({}, "start")
    bd.env |= {"BD_ACTOR": "Ann Example", "GIT_AUTHOR_EMAIL": "ann@example.com"}  # asks no git
    for name, text in FILES.items():
        (bd.path / name).write_text(text)
    return bd, {path: path.read_bytes() for path in changeable(bd.path)}


def changeable(root):
    """The files that a row may change, but for the cache."""
    git = root / ".git"
    folders = (
        root,
        root / ".beads",
        root / ".beads" / ".local",
        git,
        git / "hooks",
        git / "tracker",
    )
    for folder in folders:
        if folder.is_dir():
            yield from (path for path in folder.iterdir() if path.is_file())


@pytest.fixture
def bd(place):
    """The workspace as it was at first."""
    found, kept = place
    for path in list(changeable(found.path)):
        if path not in kept and path.name != "beads.db":
            path.unlink()
    for path, data in kept.items():
        if not path.exists() or path.read_bytes() != data:
            path.write_bytes(data)
    found.now = 1_800_000_000 * 10**9
    return found


def run(bd, row, *, as_json):
    code = next((check.expected[0] for check in row.checks if check.kind == "fails"), 0)
    if row.words.startswith("lint") and as_json:
        code = 0
    words = ["--json"] if as_json else []
    answer = bd(*words, *shlex.split(row.words), code=code, stdin=row.stdin)
    if as_json and code == 0:
        assert answer.err == "", "nothing on stderr where it succeeds"
        if not row.words.startswith("export"):  # which prints lines of JSON, or what was asked for
            assert answer.json is not None
    return Seen(bd, answer, as_json=as_json)


def check(bd, row, *, as_json):
    seen = run(bd, row, as_json=as_json)
    for one in row.checks:
        look = getattr(seen, one.kind)
        look(one.expected, one.more) if one.more else look(one.expected)


def forms(row):
    """As what a row says something of its own: text, JSON, or either."""
    kinds = {one.kind for one in row.checks}
    as_json = bool(kinds & {"ids", "gives", "shape"})
    return [False] * (bool(kinds & {"says", "prints"}) or not as_json) + [True] * as_json


def cases(*, told):
    for name, row in ROWS:
        for as_json in (False, True):
            if (as_json in forms(row)) == told:
                id = f"{name} {row.flag} {'json' if as_json else 'text'}"
                yield pytest.param(row, as_json, id=id)


@pytest.mark.parametrize(("row", "as_json"), list(cases(told=True)))
def test_every_row(bd, row, as_json):
    check(bd, row, as_json=as_json)


@pytest.mark.deep
@pytest.mark.parametrize(("row", "as_json"), list(cases(told=False)))
def test_every_row_in_the_other_form(bd, row, as_json):
    check(bd, row, as_json=as_json)


def every_flag():
    """The flags of each command of ours, and of the program."""
    for name, command in every_command():
        options = [one for one in command.params if isinstance(one, click.Option)]
        named = {flag for one in options for flag in (*one.opts, *one.secondary_opts)}
        yield name, named | set(command.idle) | set(GLOBALS)


KNOWN = dict(every_flag())
NAMES = {command.name: command for command in TABLE}


def described(shared):
    """The paragraphs of the description of Beads: the commands in bold, and every flag."""
    text = (shared / "reference" / "beads-interface.md").read_text()
    part = text[text.index("### 3.4") : text.index("### 3.6")]
    for paragraph in re.split(r"\n(?=\*\*`|\* \*\*`)", part):
        names = set(re.findall(r"\*\*`([a-z-]+)", paragraph))
        if names:
            flags = re.findall(r"(?<![\w-])(--[a-z][a-z-]*[a-z]|-[a-zA-Z])(?![\w-])", paragraph)
            yield names - {"--file", "blocks"}, set(flags), set(re.findall("`([a-z-]+)", paragraph))


def flags_of(command):
    text = " ".join(f"{row.flag} {row.words}" for row in command.rows)
    return set(re.findall(r"(?<![\w-])--?[a-zA-Z][a-zA-Z-]*", text))


def test_no_command_and_no_flag_of_beads_is_left_out(shared):
    pages = list(described(shared))
    assert len(pages) > 30
    left_out = {}
    for names, flags, mentioned in pages:
        there = [command for name, command in NAMES.items() if name in mentioned | {"create"}]
        missing = flags - set().union(*map(flags_of, there), NOT_FLAGS)
        unknown = names - NAMES.keys() - FRINGE.keys()
        if missing or unknown:
            left_out[" ".join(sorted(names))] = missing | unknown
    assert left_out == {}


NOT_FLAGS = {"--json", "--event", "--created", "--due"}
"""What stands in every command, and the beginnings of several flags at once."""


def test_every_verdict_that_is_not_the_same_has_a_reason():
    for command in TABLE:
        assert command.rows
        assert command.verdict in {SAME, BETTER, IDLE, ABSENT}
        assert command.note or command.verdict == SAME, command.name
        for row in command.rows:
            assert row.note or row.verdict in {SAME, IDLE}, (command.name, row.flag)
            assert row.checks, (command.name, row.flag)


def test_the_table_and_the_fringe_hold_different_names():
    names = set(NAMES)
    assert not names & FRINGE.keys()
    assert len(names) == len(TABLE)
